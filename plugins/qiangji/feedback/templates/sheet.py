"""One form's sheet of a template: title, headers, the county's units, room for values, totals, sign-off labels.

In: a `Plan` (which form, which units, the county's layout). Out: an openpyxl worksheet that this county's reader takes
as it is. What is to be filled in is unlocked; everything else is protected, without a password. Cells that have to be
filled in are yellow until they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qiangji.catalogue.models import County, Form, Layout
from qiangji.catalogue.suites import Suite
from qiangji.feedback.templates.entries import MAX_MESSAGE, Entry, entries_of
from qiangji.feedback.templates.units import Line
from qiangji.parsing.grid import column_letters
from qiangji.parsing.returned import TEMPLATE_AUTHOR
from qiangji.parsing.sheets import safe_name
from qiangji.periods import Period
from qiangji.text import squeezed

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SERIAL, REMARK = "序号", "备注"
"""Columns that hold nothing of the form: written where a county's layout has them."""
SPARE = 50
"""Further rows where a county may report units that it did not report before."""
HEAD, LOCKED, MISSING, LINE = "DDEBF7", "F2F2F2", "FFF2CC", "BFBFBF"
_IN_BRACKETS = {"ten_thousand_yuan": "万元", "percent": "%"}
"""Units that stand behind the header: numbers in another one are the usual slip."""


@dataclass(frozen=True)
class Plan:
    """What a sheet is to hold. `lines`: the rows filled in beforehand; `spare`: empty rows behind them; `due`: the last
    day in time; `own_codes`: the tree's code -> the county's, where it has some.
    """

    form: Form
    suite: Suite
    county: County
    county_name: str
    period: Period
    lines: Sequence[Line]
    due: date
    own_codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def month(self) -> str:
        return str(self.period.last_month)

    @property
    def spare(self) -> int:
        return SPARE if self.form.is_registered else 0

    @property
    def layout(self) -> Layout:
        return self.county.layout_of(self.form.form)

    @property
    def name(self) -> str:
        """The sheet's name, as the county declares it."""
        return self.county.sheets.get(self.form.form) or safe_name(self.form.title.zh)

    @cached_property
    def columns(self) -> dict[str, int]:
        """Key, `unit_name`, fields and columns of no field -> column from 0, in their order."""
        ignored = {squeezed(t): t for t in self.layout.ignore}
        names = [ignored[SERIAL]] if SERIAL in ignored else []
        names.append(self.form.key)
        names += ["unit_name"] if self.form.name_headers else []
        names += self.form.fields_in(self.month)
        names += [ignored[REMARK]] if REMARK in ignored else []
        return {name: i for i, name in enumerate(names)}

    @property
    def first(self) -> int:
        """The sheet's row number of the first row of the data."""
        return self.layout.title_rows + self.layout.header_rows + 1

    @property
    def last(self) -> int:
        return self.first + max(1, len(self.lines) + self.spare) - 1

    @cached_property
    def entries(self) -> list[Entry]:
        return entries_of(self.form, self.suite, self.month, self.columns, self.first)

    def header_of(self, name: str) -> str:
        """The header of a column, with the unit behind an amount."""
        if name == self.form.key:
            return self.form.key_headers[0]
        if name == "unit_name":
            return next((t for t in self.form.name_headers if not t.isascii()), self.form.name_headers[0])
        one = self.form.fields.get(name)
        if one is None:
            return name
        unit = _IN_BRACKETS.get(one.unit)
        return one.label.zh + (f"（{unit}）" if unit else "")


def period_zh(period: Period) -> str:
    """2026年10月, 2026年第3季度, 2026年上半年, 2026年度."""
    return period.label_zh + ("度" if period.type == "year" else "")


def write(ws: Worksheet, plan: Plan) -> None:
    """Write the form into an empty worksheet."""
    _title(ws, plan)
    _headers(ws, plan)
    _rows(ws, plan)
    _rules(ws, plan)
    below = _totals(ws, plan, plan.last + 1)
    _sign_off(ws, plan, below)
    _shape(ws, plan)
    protect(ws, may_add=plan.form.is_registered)


def _title(ws: Worksheet, plan: Plan) -> None:
    from openpyxl.styles import Alignment, Font

    form, width = plan.form, len(plan.columns)
    number = "　".join(
        filter(None, (form.number and f"表号：{form.number}", form.issuer and f"制表机关：{form.issuer}"))
    )
    texts = [
        f"{form.title.zh}（{period_zh(plan.period)}）",
        number,
        f"{plan.county.county} {plan.county_name}",
    ]
    for row in range(1, plan.layout.title_rows + 1):
        ws.merge_cells(start_row=row, end_row=row, start_column=1, end_column=width)
        cell = ws.cell(row, 1, texts[row - 1] if row <= len(texts) else None)
        cell.font = Font(bold=row == 1, size=16 if row == 1 else 11)
        cell.alignment = Alignment(horizontal="center" if row == 1 else "left", vertical="center")
    if plan.layout.title_rows:
        ws.row_dimensions[1].height = 28


def _headers(ws: Worksheet, plan: Plan) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font

    top, rows = plan.layout.title_rows + 1, plan.layout.header_rows
    required = {e.name for e in plan.entries if e.is_required}
    for name, column in plan.columns.items():
        for row in range(top, top + rows):
            cell = ws.cell(row, column + 1)
            cell.fill, cell.border = _fill(HEAD), _box()
            cell.font = Font(bold=True)
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        ws.cell(top, column + 1).value = plan.header_of(name)
        if rows > 1:
            ws.merge_cells(
                start_row=top, end_row=top + rows - 1, start_column=column + 1, end_column=column + 1
            )
        one = plan.form.fields.get(name)
        if one is not None and one.note is not None:
            must = "【必填】" if name in required else ""
            comment = Comment(f"{must}{one.note.zh}", TEMPLATE_AUTHOR, height=110, width=260)
            ws.cell(top, column + 1).comment = comment
    for row in range(top, top + rows):
        ws.row_dimensions[row].height = max(20, 60 / rows)


def _rows(ws: Worksheet, plan: Plan) -> None:
    lines = [*plan.lines, *[None] * (plan.last - plan.first + 1 - len(plan.lines))]
    styles: dict[tuple[str, bool], Any] = {}  # made once a column: openpyxl takes long over each
    for row, line in enumerate(lines, plan.first):
        said = (
            {plan.form.key: line.code, "unit_name": line.name, SERIAL: row - plan.first + 1} if line else {}
        )
        for name, column in plan.columns.items():
            cell, value = ws.cell(row, column + 1), said.get(squeezed(name), said.get(name))
            is_given = value not in (None, "")
            if is_given:
                cell.value = value
            if (name, is_given) not in styles:
                _style(cell, name, plan, is_given=is_given)
                styles[name, is_given] = copy(cell._style)
            cell._style = copy(styles[name, is_given])


def _style(cell: Any, name: str, plan: Plan, *, is_given: bool) -> None:
    """How a cell of the data looks, and whether it may be written to: rows beneath the tree come and go."""
    from openpyxl.styles import Alignment, Protection

    entry = next((e for e in plan.entries if e.name == name), None)
    cell.border = _box()
    cell.number_format = _number_format(entry) if entry else ("0" if squeezed(name) == SERIAL else "@")
    if is_given:
        cell.fill = _fill(LOCKED)
    if not is_given or plan.form.is_registered:
        cell.protection = Protection(locked=False)
    if entry is None:
        cell.alignment = Alignment(horizontal="left")


def _number_format(entry: Entry) -> str:
    if entry.field.type == "date":
        return "yyyy-mm-dd"
    return "General" if entry.field.is_number else "@"


def _rules(ws: Worksheet, plan: Plan) -> None:
    """The rule of each column, what is said where it is broken, and the colour of what is still to be filled in."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.worksheet.datavalidation import DataValidation

    key = column_letters(plan.columns[plan.form.key])
    for entry in plan.entries:
        letter = column_letters(plan.columns[entry.name])
        cells = f"{letter}{plan.first}:{letter}{plan.last}"
        label = entry.field.label.zh
        rule = DataValidation(
            type=entry.kind,
            operator="between" if entry.last else None,
            formula1=entry.first,
            formula2=entry.last or None,
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="stop",
            errorTitle=label[:32],
            error=f"应为{entry.expected}。"[:MAX_MESSAGE],
            showInputMessage=True,
            promptTitle=label[:32],
            prompt=f"{'必填。' if entry.is_required else ''}{entry.expected}。"[:MAX_MESSAGE],
        )
        rule.add(cells)
        ws.add_data_validation(rule)
        if entry.is_required:
            open_ = FormulaRule(
                formula=[f'AND(${key}{plan.first}<>"",{letter}{plan.first}="")'], fill=_solid(MISSING)
            )
            ws.conditional_formatting.add(cells, open_)
    if plan.spare:
        rule = _key_rule(plan, key)
        rule.add(f"{key}{plan.first}:{key}{plan.last}")
        ws.add_data_validation(rule)


def _key_rule(plan: Plan, key: str) -> Any:
    """The codes of rows that the county adds: each once, a task's from the city's list."""
    from openpyxl.worksheet.datavalidation import DataValidation

    form, cell = plan.form, f"{key}{plan.first}"
    once = f"COUNTIF(${key}${plan.first}:${key}${plan.last},{cell})=1"
    words = f"{form.key_headers[0]}：每个单位一行，不重复"
    if form.grain == "group":
        once, words = (
            f"AND(LEN({cell})=14,{once})",
            "14位编码：村（社区）编码12位加组序号2位；每组一行，不重复",
        )
    return DataValidation(
        type="custom",
        formula1=once,
        allow_blank=True,
        showErrorMessage=True,
        errorTitle=form.key_headers[0],
        error=words,
        showInputMessage=True,
        promptTitle=form.key_headers[0],
        prompt=words,
    )


def _totals(ws: Worksheet, plan: Plan, row: int) -> int:
    """A row that adds up, where the county's layout declares one; returns the row below it."""
    from openpyxl.styles import Font

    if not plan.layout.totals:
        return row
    sums = {e.name for e in plan.entries if e.adds_up}
    for name, column in plan.columns.items():
        cell, letter = ws.cell(row, column + 1), column_letters(column)
        cell.font, cell.fill, cell.border = Font(bold=True), _fill(LOCKED), _box()
        if name in sums:
            cell.value = f"=SUM({letter}{plan.first}:{letter}{plan.last})"
    ws.cell(row, plan.columns[plan.form.key] + 1).value = plan.layout.totals[0]
    return row + 1


def _sign_off(ws: Worksheet, plan: Plan, row: int) -> None:
    """The labels of the sign-off zone, with room behind them: names are written there, and are read by nobody."""
    from openpyxl.styles import Border, Protection, Side

    first = plan.columns[plan.form.key] + 1
    for at, label in enumerate(plan.layout.sign_off, row):
        ws.cell(at, first).value = f"{label}："
        for column in (first + 1, first + 2):
            cell = ws.cell(at, column)
            cell.protection, cell.number_format = Protection(locked=False), "@"
            cell.border = Border(bottom=Side("thin", LINE))


def _shape(ws: Worksheet, plan: Plan) -> None:
    names = list(plan.columns)
    for name, column in plan.columns.items():
        width = 12.0
        if name == plan.form.key:
            width = 18.0
        elif name == "unit_name":
            width = max([14.0, *(2.2 * len(line.name) for line in plan.lines)])
        elif squeezed(name) == SERIAL:
            width = 6.0
        elif (one := plan.form.fields.get(name)) is None or one.type == "text":
            width = 30.0
        ws.column_dimensions[column_letters(column)].width = min(width, 30.0)
    fixed = names.index("unit_name") if "unit_name" in names else names.index(plan.form.key)
    ws.freeze_panes = ws.cell(plan.first, fixed + 2)
    ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", 9
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    top = plan.layout.title_rows + 1
    ws.print_title_rows = f"{top}:{plan.first - 1}"


def protect(ws: Worksheet, *, may_add: bool = False) -> None:
    """Protect a sheet against slips, without a password: widths may be changed, and rows where they come and go."""
    ws.protection.sheet = True
    ws.protection.formatColumns = ws.protection.formatRows = False  # False: allowed
    ws.protection.insertRows = ws.protection.deleteRows = not may_add


def _fill(colour: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor=colour)


def _solid(colour: str) -> Any:
    """As conditional formats want it."""
    from openpyxl.styles import PatternFill

    return PatternFill("solid", bgColor=colour, fgColor=colour)


def _box() -> Any:
    from openpyxl.styles import Border, Side

    thin = Side("thin", LINE)
    return Border(left=thin, right=thin, top=thin, bottom=thin)
