"""The board of a simulated night, and what its pages show as data.

In: a folder and a PostgreSQL. Out: a `Site` on a copy of one night, which was built twice: in the first build a county
is missing, so that there is a time before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import fastapi
import pytest
from fastapi.testclient import TestClient

from qiangji.board import Viewer, web
from qiangji.board.asking import Warehouse
from qiangji.board.rendering import number
from qiangji.figures import Rows, comparison, reading
from qiangji.ledger import locks
from qiangji.periods import Period
from qiangji.settings import settings
from tests.integration.nights import Kept, Night, keep, night, reopened

COUNTIES = ("440703", "440705", "440781")
LATE, LOCKED = "440705", "2026-09"
INDICATOR = "group_leader_party_share"
READER = Viewer("li.lei")
Key = tuple[str, str, str, str]


@dataclass
class Site:
    """The board of a night; `then`: a moment between its two builds."""

    night: Night
    client: TestClient
    warehouse: Warehouse
    then: datetime

    def get(self, address: str = "", **headers: str) -> Any:
        return self.client.get(f"/qiangji/board/{address}", headers=headers, follow_redirects=False)

    def page(self, address: str = "") -> str:
        answer = self.get(address)
        assert answer.status_code == 200, answer.text[-500:]
        return str(answer.text)

    def values(self, **asked: Any) -> dict[Key, Any]:
        """What `qiangji values` prints, by figure."""
        p = self.night.pipeline
        return by_key(reading.values(p.ledger.engine, p.catalogue, **asked))

    @property
    def at(self) -> str:
        return self.then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Lived:
    """A night whose month `LOCKED` was locked after `then`, its first build, and before the late county came."""

    kept: Kept
    then: datetime


def live(folder: Path, postgres: Any) -> Lived:
    """Two builds of four months. What the late county sends of the locked month is held."""
    with night(folder, postgres, scale=0.05, months=4, counties=COUNTIES) as one:
        one.run([c for c in COUNTIES if c != LATE])
        locks.decide(one.pipeline.ledger, Period.parse(LOCKED), "lock", "已上报 reported", "wang.fang")
        then = datetime.now(UTC)
        one.run()
        return Lived(keep(one, folder / "kept", postgres), then)


@contextmanager
def board(lived: Lived, folder: Path, postgres: Any, viewer: Viewer = READER) -> Iterator[Site]:
    """The board as one account sees it."""
    with reopened(lived.kept, folder / "home", postgres) as one:
        warehouse = Warehouse(settings())
        client = TestClient(served(warehouse, lambda: viewer), base_url="http://airflow")
        yield Site(one, client, warehouse, lived.then)
        warehouse.close()


@pytest.fixture(scope="module")
def site(board_night: Lived, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Site]:
    """The board as a reader sees it, on a copy of the night."""
    with board(board_night, tmp_path_factory.mktemp("board"), postgres) as one:
        yield one


def served(warehouse: Warehouse | None = None, viewer: Any = lambda: READER) -> Any:
    """The board below the address that it has among Airflow's pages."""
    outer = fastapi.FastAPI()
    outer.mount("/qiangji/board", web.application(fastapi, viewer, warehouse))
    return outer


class Figures(HTMLParser):
    """Every number of a page that is a figure, by its key: its text, and the exact value beside it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[Key, tuple[str, str]] = {}
        self._open: tuple[Key, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "data" and (key := given.get("data-figure")):
            indicator, org, period, type_ = key.split("/")
            self._open = ((indicator, org, period, type_), given["value"] or "")

    def handle_data(self, data: str) -> None:
        if self._open:
            key, exact = self._open
            assert self.found.get(key, (data, exact)) == (data, exact), f"two numbers for {key}"
            self.found[key] = (data, exact)
            self._open = None


def by_key(rows: Rows) -> dict[Key, Any]:
    return {tuple(r[k] for k in comparison.KEYS): r for r in rows}


def shown(text: str) -> dict[Key, tuple[str, str]]:
    return Figures(text).found


def assert_equal(found: Mapping[Key, tuple[str, str]], expected: Mapping[Key, Any]) -> None:
    assert found.keys() == expected.keys()
    for key, (text, exact) in found.items():
        value = expected[key]["value"]
        assert text == number(value), key
        assert exact == ("" if value is None else str(value)), key
