"""What is asked of a sheet is asked once for all that say the same, and of each form and period by itself."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from qiangji.catalogue.models import Form
from qiangji.checking import Checked, sheets
from qiangji.parsing import Parsed
from qiangji.parsing.facts import SheetFacts
from qiangji.parsing.problems import PROBLEMS
from tests.golden import world
from tests.unit.checking.reports import part_of

INCOME = {"type": "decimal", "kind": "flow", "unit": "ten_thousand_yuan"}
FORM = Form.model_validate(world.form_of("f", {"grain": "village", "fields": {"income": INCOME}}))
OF_PEOPLE = Form.model_validate(
    world.form_of("f", {"grain": "village", "fields": {"income": {**INCOME, "unit": "person"}}})
)


def asked(header: str, period: str, form: Form = FORM, column: int = 1) -> list[str]:
    sheet = SheetFacts(headers={"income": ("", header)}, units_in_headers={"income": "千元"})
    parsed = Parsed(
        pa.table({}), pa.table({}), PROBLEMS.empty_table(), columns={"income": column}, sheet=sheet
    )
    one = Checked(replace(part_of("990001", "f"), period=period), parsed)
    return [doubt.zh for doubt in sheets.doubts(one, form, 1)]


def test_the_same_sheet_is_asked_of_each_period_and_form_by_itself() -> None:
    header = "收入(2026年9月)"
    for _ in range(2):
        assert len(asked(header, "2026-09")) == 1  # the unit alone
        assert len(asked(header, "2026-10")) == 2
        assert "本表要求以万元填报" in asked(header, "2026-09")[0]
        assert "本表要求以“人”计" in asked(header, "2026-09", OF_PEOPLE)[0]


def test_an_address_is_that_of_the_own_column() -> None:
    assert "B列" in asked("收入(2026年9月)", "2026-10")[1]
    assert "D列" in asked("收入(2026年9月)", "2026-10", column=3)[1]
