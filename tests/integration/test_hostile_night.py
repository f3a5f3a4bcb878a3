"""A night with a county that sends what would bring a reader down: it gets its files back, and the others are done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hostile.files import CASES
from tests.integration.nights import FORMS, Night, night

COUNTIES = ["440703", "440704"]
BY_HAND = "440704"
MONTH = "2026-10"
SENT = {
    "village": ("the same behind many attributes", "too_large"),
    "village_group": ("zip bomb", "too_large"),
    "community": ("entity bomb in a sheet", "entity_declared"),
    "town_service": ("truncated upload", "unreadable_file"),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("hostile night")
    (folder / "in").mkdir()
    bytes_of = {case.name: case.content for case in CASES}
    for form, (name, _) in SENT.items():
        (folder / "in" / f"{form}_{MONTH}.xlsx").write_bytes(bytes_of[name])

    def by_hand(catalogue: Path) -> None:
        path = catalogue / "counties.yaml"
        mine = {"county": BY_HAND, "transport": "folder", "path": str(folder / "in")}
        counties = [
            mine | {"files": "{form}_{period}.xlsx"} if c["county"] == BY_HAND else c
            for c in yaml.safe_load(path.read_text(encoding="utf-8"))
        ]
        path.write_text(yaml.safe_dump(counties, allow_unicode=True), encoding="utf-8")

    options: dict[str, Any] = {"scale": 0.04, "months": 1, "faults": "none", "counties": COUNTIES}
    with night(folder, postgres, edit=by_hand, **options) as made:
        yield made


def test_a_dry_run_says_the_same_and_records_nothing(one: Night) -> None:
    from qiangji import stages
    from qiangji.periods import Period

    said = stages.preview(one.pipeline, [BY_HAND], [Period.parse(MONTH)])
    assert said.failures == []
    assert {s.form: s.reason_code for s in said.submissions} == {
        form: code for form, (_, code) in SENT.items()
    }
    assert one.query("SELECT 1 FROM ops.delivery") == []


def test_it_gets_them_back_and_the_others_are_done(one: Night) -> None:
    assert set(SENT) == set(FORMS)
    result = one.run()
    assert result.failures == []
    for form, (_, code) in SENT.items():
        status = one.status(BY_HAND, form, MONTH)
        assert (status["status"], status["reason_code"]) == ("returned", code), form
        assert any("一" <= c <= "鿿" for c in status["message_zh"])
        assert one.status("440703", form, MONTH)["status"] == "accepted"
    assert one.figures()
    assert [p for p in one.lake.glob("raw/**/*") if p.is_file() and p.read_bytes()[:2] == b"PK"] == []
