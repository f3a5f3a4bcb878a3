"""A quarter's sheets in the workbook of a month: told, with the file in which they are expected."""

from __future__ import annotations

import io
from collections.abc import Sequence

import openpyxl
import pytest

from qiangji.catalogue.load import Catalogue
from qiangji.landing import other_sheets
from qiangji.periods import Period
from qiangji.pipeline import read_catalogue
from qiangji.sources import Fetched, Item, Target

COUNTY = "440784"  # a workbook a period
SEPTEMBER, OCTOBER, THIRD = Period.parse("2026-09"), Period.parse("2026-10"), Period.parse("2026Q3")
MONTHLY, QUARTERLY = ("village", "community"), ("county_secretaries", "town_training")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


def workbook(catalogue: Catalogue, forms: Sequence[str]) -> bytes:
    book = openpyxl.Workbook()
    for form in forms:
        sheet = book.create_sheet(catalogue.counties[COUNTY].sheets[form])
        sheet.append([catalogue.forms[form].key_headers[0]])
    book.remove(book.worksheets[0])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def told(catalogue: Catalogue, period: Period, forms: Sequence[str], *others: Item) -> list[tuple[str, str]]:
    months: list[Target] = [(form, p) for form in MONTHLY for p in (OCTOBER, SEPTEMBER)]
    wanted = [*months, *((form, THIRD) for form in QUARTERLY)]
    item = Item(f"{period}.xlsx", tuple((form, period) for form in MONTHLY))
    fetched = Fetched(item, workbook(catalogue, forms), "xlsx")
    found = other_sheets.notes(catalogue, catalogue.counties[COUNTY], wanted, [item, *others], fetched)
    assert {note.code for note in found} <= {"other_name"}
    return [(f"{note.form} {note.period}", note.message) for note in found]


def test_a_quarters_sheets_in_the_workbook_of_its_last_month_are_told(catalogue: Catalogue) -> None:
    found = told(catalogue, SEPTEMBER, [*MONTHLY, *QUARTERLY])
    assert [report for report, _ in found] == [f"{form} 2026Q3" for form in QUARTERLY]
    sheets = [catalogue.counties[COUNTY].sheets[form] for form in QUARTERLY]
    for _, message in found:
        assert f"见到 2026-09.xlsx 中的工作表 {'、'.join(sheets)}，应在文件 2026Q3.xlsx 中" in message
        assert f"Seen: {', '.join(sheets)} in 2026-09.xlsx; expected in 2026Q3.xlsx" in message


def test_one_sheet_of_the_quarter(catalogue: Catalogue) -> None:
    found = told(catalogue, SEPTEMBER, [*MONTHLY, QUARTERLY[1]])
    assert [report for report, _ in found] == [f"{QUARTERLY[1]} 2026Q3"]


def test_nothing_is_told_of_what_is_right(catalogue: Catalogue) -> None:
    quarter = Item("2026Q3.xlsx", tuple((form, THIRD) for form in QUARTERLY))
    assert told(catalogue, SEPTEMBER, MONTHLY) == []
    assert told(catalogue, SEPTEMBER, [*MONTHLY, *QUARTERLY], quarter) == []
    assert told(catalogue, OCTOBER, [*MONTHLY, *QUARTERLY]) == []  # the quarter ends with another month
