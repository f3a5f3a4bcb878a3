"""A workbook of figures for people: a cover, contents, notes, and a table an aspect.

In: an `Extract`. Out: an .xlsx that follows the good practice of statistical offices (UK Government Analysis Function,
*Releasing statistics in spreadsheets*): one table a sheet, from the first column on, nothing merged, no empty row
inside, the title in the first cell, a header of one row that stays in sight, notes on their own sheet, a word where
there is no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiangji.exporting import Extract
from qiangji.figures import Row
from qiangji.parsing.returned import neutral
from qiangji.warehouse.dictionary import PERIODS, UNITS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

HEADER = (
    "指标 Indicator", "计量单位 Unit", "单位编码 Code", "单位 Org unit", "报告期 Period", "类型 Kind", "数值 Value",
    "分子 Numerator", "分母 Denominator", "目标（示意） Target", "应报 Expected", "已报 Reported", "状态 Status",
    "附注 Notes",
)  # fmt: skip
_WIDTHS = (40, 12, 14, 16, 12, 12, 12, 14, 14, 14, 10, 10, 12, 12)
NO_NUMBER = {"M": "不适用", "O": "缺报", "Q": "已隐去", "P": "缺报", "A": "-"}
"""What stands in the place of a value, by its status."""
_FIRST = 4
"""The row of a table's header."""
NOTES = (
    (
        "数值 Value",
        "分子合计÷分母合计×系数，不可再相加或平均。 A ratio of sums: never add up or average ratios.",
    ),
    (
        "应报、已报 Expected, Reported",
        "已报少于应报的，状态为“不完整”。 Where units lack, the status is partial.",
    ),
    ("缺报 missing", "应报而未报，不是零。 Expected and not reported: it is not zero."),
    ("已隐去 suppressed", "为保护个人信息不显示村级小数字。 Small numbers at villages are hidden."),
    ("不适用 not applicable", "分母为零或没有应报单位。 The denominator is zero, or nothing was expected."),
    ("目标 Target", "目标均为示意：原方案未公布数字。 Targets are illustrative: the plan publishes none."),
    ("w", "有核查发现。 A finding concerns it."),
    ("c", "有人工更正。 A declared correction concerns it."),
    ("o", "报告期未到期。 The period is not due yet."),
)


def write(path: Path, extract: Extract) -> None:
    """Write the workbook. Raises OSError."""
    import openpyxl

    book = openpyxl.Workbook()
    cover, contents, notes = (book.active, book.create_sheet("目录"), book.create_sheet("说明"))
    cover.title = "封面"
    tables = [(f"表{i}", *aspect) for i, aspect in enumerate(_aspects(extract), 1)]
    _write_cover(cover, extract, len(tables))
    _write_contents(contents, [(name, title, len(rows)) for name, title, rows in tables])
    _write_notes(notes)
    for name, title, rows in tables:
        _write_table(book.create_sheet(name), f"{name} {title}", rows, name)
    book.save(path)


def _aspects(extract: Extract) -> Iterator[tuple[str, list[Row]]]:
    """The title of each aspect that has figures, and its rows."""
    aspects: dict[str, tuple[str, set[str]]] = {}
    for one in extract.indicators:
        title = f"{one['aspect_zh']} {one['aspect_en']}"
        aspects.setdefault(one["aspect_code"], (title, set()))[1].add(one["indicator_code"])
    known = set().union(*(codes for _, codes in aspects.values())) if aspects else set()
    gone = {r["indicator_code"] for r in extract.rows} - known
    if gone:
        aspects[""] = ("已不在目录中的指标 Indicators that have left the catalogue", gone)
    for title, codes in aspects.values():
        yield title, [r for r in extract.rows if r["indicator_code"] in codes]


def _write_cover(sheet: Worksheet, extract: Extract, tables: int) -> None:
    built = max((r["built_at"] for r in extract.rows if r.get("built_at")), default=None)
    lines = [
        ("强基工程指标 Indicators of the Qiangji plan", ""),
        ("报告期 Periods", "、".join(extract.periods)),
        ("数值 Figures", f"{len(extract.rows):,}"),
        ("表 Tables", f"{tables}：见“目录”，说明见“说明” see 目录 and 说明"),
        ("计算时间 Built", _written(built, extract) if built else ""),
        ("导出时间 Exported", _written(extract.made_at, extract)),
        ("依据 Plan", extract.plan),
        ("目标 Targets", "均为示意 illustrative"),
    ]
    if extract.is_simulated:
        lines.insert(
            1, ("数据 Data", "模拟数据，不代表任何真实单位 simulated: they say nothing of a real unit")
        )
    for line in lines:
        sheet.append([neutral(text) for text in line])
    _style(sheet, (28, 90))


def _written(moment: datetime, extract: Extract) -> str:
    """The moment in the time zone in which the extract was made."""
    return f"{moment.astimezone(extract.made_at.tzinfo):%Y-%m-%d %H:%M %z}"


def _write_contents(sheet: Worksheet, tables: Sequence[tuple[str, str, int]]) -> None:
    sheet.append(["目录 Contents"])
    sheet.append(["工作表 Sheet", "内容 Table", "行数 Rows"])
    for name, title, rows in tables:
        sheet.append([name, title, rows])
        cell = sheet.cell(sheet.max_row, 1)
        cell.hyperlink, cell.style = f"#'{name}'!A1", "Hyperlink"
    _style(sheet, (14, 70, 12), header=2)


def _write_notes(sheet: Worksheet) -> None:
    sheet.append(["说明 Notes"])
    sheet.append(["词或标记 Word or mark", "含义 Meaning"])
    for line in NOTES:
        sheet.append(line)
    _style(sheet, (30, 110), header=2)


def _write_table(sheet: Worksheet, title: str, rows: Sequence[Row], name: str) -> None:
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.table import Table, TableStyleInfo

    sheet.append([title])
    sheet.append(["本表为一张表；词和标记见“说明”。 This sheet holds one table; words and marks: see 说明."])
    sheet.append(["没有数值的单元格写明原因。 A cell without a number says why."])
    sheet.append(HEADER)
    for row in rows:
        sheet.append(_cells(row))
    for line in sheet.iter_rows(min_row=_FIRST + 1, min_col=7, max_col=12):
        for cell in line:
            cell.alignment = Alignment(horizontal="right")
            is_count = cell.column > 10 or (cell.column in (8, 9) and cell.value == int(cell.value or 0))
            cell.number_format = "#,##0" if is_count else "#,##0.00"
    listed = Table(
        displayName=f"table_{name.removeprefix('表')}",
        ref=f"A{_FIRST}:{get_column_letter(len(HEADER))}{_FIRST + len(rows)}",
    )
    listed.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    sheet.add_table(listed)
    sheet.freeze_panes = sheet.cell(_FIRST + 1, 2)
    _style(sheet, _WIDTHS)


def _cells(row: Row) -> list[Any]:
    marks = (("w", row["has_warning"]), ("c", row["is_corrected"]), ("o", row["is_closed"] is False))
    return [
        neutral(f"{row['name_zh']} {row['name_en']}"), UNITS.get(row["unit"], row["unit"]), row["org_code"],
        neutral(row["org_name"]), row["period"], PERIODS[row["period_type"]],
        NO_NUMBER[row["obs_status"]] if row["value"] is None else row["value"],
        row["numerator"], row["denominator"], row["target"], row["expected_units"], row["reported_units"],
        row["obs_status_zh"], " ".join(mark for mark, holds in marks if holds),
    ]  # fmt: skip


def _style(sheet: Worksheet, widths: Sequence[int], header: int | None = None) -> None:
    """The title large, the header bold, the columns as wide as what they hold; a page as wide as the table."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet["A1"].font = Font(bold=True, size=14)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    for cell in sheet[header] if header else ():
        cell.font = Font(bold=True)
    for i, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
