"""What is recorded as known of a report: the version of what was fetched, and nothing of what failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji import landing
from qiangji.catalogue.load import load
from qiangji.catalogue.models import County
from qiangji.lake import Lake
from qiangji.ledger import Known, Listed
from qiangji.periods import Period
from qiangji.settings import Settings
from qiangji.sources import Item, limits
from qiangji.sources.database import DatabaseSource
from tests.frozen import paths as frozen

OCTOBER, DAY, EVE = Period.parse("2026-10"), "2026-11-03 09:13:20", "2026-11-02 09:13:20"
COUNTY = County.model_validate(
    {
        "county": "440783", "transport": "database", "connection": "c", "hosts": ["127.0.0.1"], "forms": ["village"],
        "database": {"view": "{form}", "version_column": "updated_at"},
    }
)  # fmt: skip


@pytest.fixture
def county(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its reload (the days on which its rows were changed), and its pull while another reload is on its way."""
    monkeypatch.setattr(limits, "ATTEMPTS", 1)
    url = f"sqlite:///{tmp_path}/county.db"
    monkeypatch.setenv("QIANGJI_CONN_C", url)
    engine = sa.create_engine(url)
    read = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    pipeline: Any = SimpleNamespace(
        settings=Settings(home=tmp_path), catalogue=replace(read, counties={**read.counties, "440783": COUNTY}),
        ledger=SimpleNamespace(lake=Lake(tmp_path / "lake"), counting=lambda *_: {}),
    )  # fmt: skip
    fetch = DatabaseSource._fetch

    def reload(*days: str) -> None:
        with engine.begin() as db:
            db.execute(sa.text("DROP TABLE IF EXISTS village"))
            db.execute(sa.text("CREATE TABLE village (village_code TEXT, period TEXT, updated_at TEXT)"))
            for n, day in enumerate(days):
                db.execute(sa.text(f"INSERT INTO village VALUES ('44078300120{n}', '2026-10', '{day}')"))

    def pull(known: Known, *meanwhile: str) -> landing.Pulled:
        def during(source: DatabaseSource, item: Item) -> Any:
            if meanwhile:
                reload(*meanwhile)
            return fetch(source, item)

        monkeypatch.setattr(DatabaseSource, "_fetch", during)
        return landing._pull_county(pipeline, "440783", [OCTOBER], "run", known, None)

    yield SimpleNamespace(reload=reload, pull=pull)
    engine.dispose()


def test_a_part_of_a_report_is_neither_taken_nor_known(county: Any) -> None:
    county.reload(DAY, DAY, DAY)
    pulled = county.pull(Known(), DAY, DAY)
    assert [(form, e.code) for form, _, e in pulled.failures] == [("village", "count_differs")]
    assert (pulled.arrived, pulled.seen) == ([], [])


def test_the_version_of_the_whole_is_not_recorded_beside_other_rows(county: Any) -> None:
    county.reload(DAY, EVE)
    pulled = county.pull(Known(), EVE, EVE)
    ((delivery, version),) = pulled.arrived
    assert version == ""
    known = Known({delivery.name: Listed(version, delivery.sha256)})
    county.reload(DAY, EVE)
    again = county.pull(known)
    assert again.failures == []
    assert [(seen.version, seen.sha256) for seen in again.seen] == [(f"{DAY} 2", delivery.sha256)]
