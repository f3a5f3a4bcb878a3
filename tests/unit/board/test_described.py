"""The description of the board for programs names every page, and what its address may name."""

from __future__ import annotations

from qiangji.board import described
from qiangji.board.pages import PAGES
from qiangji.board.state import parse


def test_every_page_is_described_and_takes_what_is_said() -> None:
    found = described.description()["paths"]
    assert list(found) == [f"/{address}" for address in PAGES]
    values = {"period": "2026-10", "as_of": "2026-01-01", "tree": "restated", "format": "json"}
    for address in PAGES:
        for asked in found[f"/{address}"]["get"]["parameters"]:
            schema = asked["schema"]
            value = values.get(asked["name"]) or schema.get("enum", ["x"])[0]
            state = parse(address, [(asked["name"], value)], "zh", "Asia/Shanghai")
            assert state.query, asked["name"]
