"""The board as one who may decide sees it and one who may not, on a copy of the night of `boards.live`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import fastapi
import pytest
from fastapi.testclient import TestClient

from qiangji.board import Viewer, pages, posting, web
from qiangji.board.asking import Warehouse
from qiangji.board.state import parse
from qiangji.figures import reading
from qiangji.settings import settings
from tests.integration.boards import Lived
from tests.integration.nights import Night, reopened

MAY, MAY_NOT = Viewer("li.lei", may_decide=True), Viewer("han.mei")
KEY = b"a key of a test"
OWN = {"sec-fetch-site": "same-origin"}


@dataclass
class Site:
    """The board of a night, as one who may decide and as one who may not; `then`: between the two builds."""

    night: Night
    warehouse: Warehouse
    then: datetime
    noted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """What a site's own log was told."""

    def client(self, who: Viewer = MAY) -> TestClient:
        outer = fastapi.FastAPI()
        outer.mount("/qiangji/board", self._application(who))
        return TestClient(outer, base_url="http://airflow", follow_redirects=False)

    def _application(self, who: Viewer) -> Any:
        def noted(account: str, what: dict[str, str]) -> None:
            self.noted.append((account, what))

        return web.application(fastapi, lambda: who, self.warehouse, KEY, noted)

    def get(self, address: str, who: Viewer = MAY, **headers: str) -> Any:
        return self.client(who).get(f"/qiangji/board/{address}", headers=headers)

    def page(self, address: str, who: Viewer = MAY) -> str:
        answer = self.get(address, who)
        assert answer.status_code == 200, answer.text[-600:]
        return str(answer.text)

    def data(self, page: str, query: str = "") -> Any:
        state = parse(page, parse_qsl(query), "zh", settings().timezone)
        with self.warehouse.snapshot() as (engine, _):
            return pages.PAGES[page].data(engine, self.night.pipeline.catalogue, state)

    def lines(self, address: str) -> list[dict[str, str]]:
        """A table as CSV, by the keys in its headings."""
        rows = csv.reader(io.StringIO(self.get(address).content.decode("utf-8-sig")))
        keys = [heading.rsplit(" ", 1)[1] for heading in next(rows)]
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def send(self, who: Viewer = MAY, headers: dict[str, str] | None = None, **fields: str) -> Any:
        given = {"token": posting.token(KEY, who.name), "reason": "核实过 checked"} | fields
        sent = OWN if headers is None else headers
        return self.client(who).post("/qiangji/board/decide?lang=en", data=given, headers=sent)

    @property
    def engine(self) -> Any:
        return self.night.pipeline.ledger.engine

    def held(self) -> list[dict[str, Any]]:
        return [r for r in reading.status(self.engine) if r["status"] == "held"]

    def status(self, one: dict[str, Any]) -> dict[str, Any]:
        """How a report stands now."""
        return self.night.status(one["county_code"], one["form"], one["period"])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What the journal holds of a kind."""
        found = []
        for file in (self.night.lake / "journal").glob("*/*.json"):
            told = json.loads(file.read_text(encoding="utf-8"))
            found += [e for e in (told if isinstance(told, list) else [told]) if e.get("event") == kind]
        return found


@pytest.fixture(scope="module")
def site(board_night: Lived, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Site]:
    with reopened(board_night.kept, tmp_path_factory.mktemp("board work") / "home", postgres) as one:
        warehouse = Warehouse(settings())
        yield Site(one, warehouse, board_night.then)
        warehouse.close()
