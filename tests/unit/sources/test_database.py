"""The transport `database`: a view that is not there, and what is said of it. On SQLite, which is a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from qiangji.catalogue.load import load
from qiangji.catalogue.models import County
from qiangji.errors import PermanentError
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.sources import Item
from qiangji.sources.database import DatabaseSource
from qiangji.sources.limits import Limits
from tests.frozen import paths as frozen

OCTOBER = Period.parse("2026-10")
FORMS = load(frozen.CATALOGUE, frozen.EXPECTATIONS).forms
COUNTY = County.model_validate(
    {
        "county": "440703", "transport": "database", "connection": "county_440703", "hosts": ["127.0.0.1"],
        "database": {"view": "view_of_{form}", "period_column": "period"},
    }
)  # fmt: skip


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseSource]:
    url = f"sqlite:///{tmp_path}/county.db"
    engine = sa.create_engine(url)
    with engine.begin() as db:
        db.execute(sa.text("CREATE TABLE view_of_village (village_code TEXT, period TEXT)"))
        db.execute(sa.text("INSERT INTO view_of_village VALUES ('440703001201', '2026-10')"))
    engine.dispose()
    monkeypatch.setenv("QIANGJI_CONN_COUNTY_440703", url)
    opened = DatabaseSource(COUNTY, FORMS, Limits.of(COUNTY, settings()))
    yield opened
    opened.close()


def test_a_view_that_is_not_there_costs_the_other_forms_nothing(source: DatabaseSource) -> None:
    items = source.list([("community", OCTOBER), ("village", OCTOBER)])
    assert {i.name for i in items} == {"community/2026-10", "village/2026-10"}
    fetched = {i.name: i for i in items}
    assert b"440703001201" in source.fetch(fetched["village/2026-10"]).content
    with pytest.raises(PermanentError, match="the view view_of_community or a column of it") as refused:
        source.fetch(fetched["community/2026-10"])
    assert refused.value.code == "not_found"


def test_a_fetch_asks_for_what_the_listing_said_alone(source: DatabaseSource) -> None:
    asked: list[str] = []
    sa.event.listen(source._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    (item,) = source.list([("village", OCTOBER)])
    assert item.said == ("2026-10",)
    assert len([text for text in asked if "GROUP BY" in text]) == 1
    asked.clear()
    listed = source.fetch(item)
    assert len(asked) == 1
    assert "GROUP BY" not in asked[0]
    assert (
        source.fetch(Item(item.name, item.targets)).content == listed.content
    )  # not listed: it looks itself


def test_without_any_view_the_county_is_not_collected(source: DatabaseSource) -> None:
    with pytest.raises(PermanentError, match="view_of_community") as refused:
        source.list([("community", OCTOBER), ("town_service", OCTOBER)])
    assert refused.value.code == "not_found"


class Driver(Exception):
    def __init__(self, sqlstate: str, text: str = "") -> None:
        self.sqlstate = sqlstate
        super().__init__(text)


ERRORS: list[tuple[type[DBAPIError], Any]] = [
    (OperationalError, Driver("", "timeout expired")), (ProgrammingError, Driver("57014")),
    (ProgrammingError, Driver("28P01")), (ProgrammingError, Driver("42P01")), (ProgrammingError, Driver("42703")),
    (ProgrammingError, Driver("3D000")), (ProgrammingError, Driver("", "no such table")),
    (OperationalError, Driver("")), (ProgrammingError, Driver("08006")), (ProgrammingError, Driver("22012")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "original"), ERRORS, ids=lambda x: getattr(x, "sqlstate", ""))
@pytest.mark.parametrize("form", ["", "village"])
def test_every_message_is_filled_in(
    source: DatabaseSource, kind: type[DBAPIError], original: Any, form: str
) -> None:
    error = source._error(kind("SELECT 1", {}, original), form)
    assert not re.search(r"[{}]", str(error))
    assert error.en.startswith("440703: ")
    assert "view_of_" not in str(error) or form
