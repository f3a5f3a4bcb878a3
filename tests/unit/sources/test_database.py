"""The transport `database`: a view that is not there, and what is said of it. On SQLite, which is a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from qiangji.catalogue.load import load
from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, ReturnedError, TransientError
from qiangji.parsing import read_grids
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.sources import Item, limits
from qiangji.sources.database import DatabaseSource
from qiangji.sources.limits import Limits
from qiangji.sources.records import to_csv
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


DATED = County.model_validate(
    COUNTY.model_dump() | {"database": {"view": "dated_{form}", "version_column": "updated_at"}}
)
ROWS = [(f"44070300120{n}", "2026-10", f"2026-11-0{1 + n % 2} 08:00:00") for n in range(6)]


@pytest.fixture
def reloaded(source: DatabaseSource) -> Iterator[tuple[DatabaseSource, Callable[[list[Any]], None]]]:
    """A source whose view says when its rows were changed, and its reload with other rows."""
    opened = DatabaseSource(DATED, FORMS, Limits("440703", 20, 10**6))
    with opened._engine.begin() as db:
        db.execute(sa.text("CREATE TABLE dated_village (village_code TEXT, period TEXT, updated_at TEXT)"))

    def reload(rows: list[Any]) -> None:
        with opened._engine.begin() as db:
            db.execute(sa.text("DELETE FROM dated_village"))
            for code, period, at in rows:
                values = {"code": code, "period": period, "at": at}
                db.execute(sa.text("INSERT INTO dated_village VALUES (:code, :period, :at)"), values)

    reload(ROWS)
    yield opened, reload
    opened.close()


@pytest.mark.parametrize("left", [0, 3, 5, 7])
def test_a_view_that_is_reloaded_between_listing_and_fetching_is_no_report(
    reloaded: Any, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    monkeypatch.setattr(limits, "ATTEMPTS", 1)
    source, reload = reloaded
    (item,) = source.list([("village", OCTOBER)])
    reload([*ROWS, ("440703001299", "2026-10", None)][:left])
    with pytest.raises(TransientError, match=f"{left} rows came, 6 were listed") as differs:
        source.fetch(item)
    assert differs.value.code == "count_differs"
    reload(ROWS)
    assert source.fetch(item).item.version == item.version == "2026-11-02 08:00:00 6"
    with pytest.raises(TransientError, match="0 rows came, none were listed"):
        source.fetch(Item("village/2026-11", (("village", OCTOBER + 1),)))


def test_a_version_is_known_only_with_the_row_that_it_is_of(reloaded: Any) -> None:
    """As many rows as were listed, and not yet the one that was changed last."""
    source, reload = reloaded
    (item,) = source.list([("village", OCTOBER)])
    reload([(code, period, "2026-11-01 08:00:00") for code, period, _ in ROWS])
    assert source.fetch(item).item.version == ""


def test_text_of_several_lines_is_read_as_it_was_written(source: DatabaseSource) -> None:
    """A cell with line breaks, separators and quotes is no report that was cut off: we wrote its CSV ourselves."""
    form = FORMS["county_milestones"]
    texts = [
        "开府办〔2026〕3号,开组通〔2026〕4号\n开组通〔2026〕5号,开民发〔2026〕6号",
        "a\rb",
        '"甲",\r\n乙,"',
        "；；、、，，",
        '"',
    ]
    names = [form.key, *"abcd", "note"]
    rows = [[str(n), "1", "2", "3", "4", text] for n, text in enumerate(texts)]
    content = to_csv(names, rows, form)
    grid = read_grids(content, "csv", COUNTY, [form.form])[form.form]
    columns = [column.to_pylist() for column in grid.cells.columns]
    assert columns == [[names[i], *(row[i] for row in rows)] for i in range(len(names))]
    own_file = COUNTY.model_copy(update={"transport": "folder"})
    with pytest.raises(ReturnedError) as cut:
        read_grids(content, "csv", own_file, [form.form])
    assert cut.value.code == "truncated"


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
