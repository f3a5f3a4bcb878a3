"""A form's sheet that is hidden behind a cover or notes: told as hidden. The visible one is no form."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from qiangji.catalogue.load import load
from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import cage
from qiangji.periods import Period
from tests.frozen import paths as frozen

CATALOGUE = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
COVERS: list[Any] = [
    ("说明", [["填表说明：请于每月5日前报送"]]),
    ("Sheet2", [["填表说明"]]),
    ("封面", [["强基"], [], ["填报单位：", "蓬江区"]]),
    ("Sheet2", [[" "]]),
    ("指标解释", None),
]


def header(form: Form) -> list[str]:
    period = str(period_of(form).last_month)
    names = [form.key_headers[0], *form.name_headers[-1:]]
    return [*names, *(f.label.zh for f in form.fields_in(period).values())]


def period_of(form: Form) -> Period:
    return Period.parse({"month": "2026-10", "quarter": "2026Q3"}[form.period_type])


def fault(form: Form, *sheets: tuple[str, list[list[str]], bool]) -> ReturnedError:
    """Of a workbook of these sheets: name, rows, whether it is hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows, is_hidden in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if is_hidden else "visible"
    book.active = next(i for i, (*_, is_hidden) in enumerate(sheets) if not is_hidden)
    out = io.BytesIO()
    book.save(out)
    county = County(county="440703", transport="folder", path="x", files="{form}_{period}.xlsx")
    with pytest.raises(ReturnedError) as caught:
        cage.read_submission(out.getvalue(), "xlsx", county, form, period_of(form))
    return caught.value


@pytest.mark.parametrize("name", CATALOGUE.forms)
@pytest.mark.parametrize(("cover", "said"), COVERS)
def test_a_form_hidden_behind_a_cover_is_told_as_hidden(
    name: str, cover: str, said: list[list[str]] | None
) -> None:
    form = CATALOGUE.forms[name]
    said = said or [[text, "解释"] for text in header(form)]
    filled = ["440703001001"] * len(header(form))
    for rows in ([header(form), filled], [["标题"], header(form), filled]):
        error = fault(form, ("行政村", rows, True), (cover, said, False))
        assert (error.code, error.zh) == (
            "missing_sheet",
            "该报表的工作表“行政村”被隐藏：请取消隐藏、核对内容后重报",
        )


@pytest.mark.parametrize("name", CATALOGUE.forms)
def test_a_visible_sheet_that_is_the_form_keeps_its_own_fault(name: str) -> None:
    """Last month's copy may lie hidden beside it, and a list of what may be chosen."""
    form = CATALOGUE.forms[name]
    wrong = [*header(form)[:-1], "不知所云"]
    for shown in ([wrong], [[*wrong[:3], "别的什么"]]):
        error = fault(form, ("上月", [header(form)], True), ("Sheet1", shown, False))
        assert error.code in ("unknown_header", "missing_column")
        assert "隐藏" not in error.zh


@pytest.mark.parametrize("name", CATALOGUE.forms)
def test_a_hidden_list_is_no_form(name: str) -> None:
    form = CATALOGUE.forms[name]
    choices = [["是", "否", *map(str, range(40))], *([text] for text in header(form))]
    error = fault(form, ("选项", choices, True), ("说明", [["填表说明"]], False))
    assert error.code in ("unknown_header", "missing_column")
