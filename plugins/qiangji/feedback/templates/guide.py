"""The sheet 填表说明 of a template: how to fill it in, by when, where it goes, and what each field means.

In: the plans of the workbook's sheets, the file's name. Out: an openpyxl worksheet. It is a form of no
county: the reader passes over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from qiangji.feedback.templates.entries import KINDS, TYPES
from qiangji.feedback.templates.sheet import HEAD, LINE, Plan, period_zh, protect
from qiangji.feedback.templates.units import is_from_reports
from qiangji.text import breadth, quoted_zh

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_HEADS = ("报表", "填报项", "必填", "类型", "计量单位", "时段", "允许填写", "指标解释")
_WIDTHS = (20, 26, 7, 14, 10, 16, 48, 60)
_CHANNELS = {
    "sftp": "放入本县（市、区）SFTP报送目录，文件名不变",
    "folder": "放入本单位报送文件夹，文件名不变",
    "http_api": "本单位通过接口报送：请录入本单位系统后报送，本文件供填报、核对和留存",
    "database": "本单位通过数据库报送：请录入本单位系统后报送，本文件供填报、核对和留存",
}


def write(ws: Worksheet, plans: Sequence[Plan], name: str) -> None:
    """Write the guide of a workbook with these sheets into an empty worksheet. `name`: the file's."""
    from openpyxl.styles import Alignment, Font

    ws.cell(1, 1, "填表说明").font = Font(bold=True, size=14)
    row = 2
    for label, text in _facts(plans, name):
        ws.cell(row, 1, label).font = Font(bold=True)
        ws.cell(row, 2, text)
        row += 1
    for line in _how(plans):
        row += 1
        ws.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(_WIDTHS))
        ws.cell(row, 1, line).alignment = Alignment(wrap_text=True, vertical="top")
        ws.row_dimensions[row].height = 15 * -(-breadth(line) // sum(_WIDTHS)) + 2
    row = _fields(ws, plans, row + 2)
    _units(ws, plans, row + 1)
    for letter, width in zip("ABCDEFGH", _WIDTHS, strict=True):
        ws.column_dimensions[letter].width = width
    ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", 9
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    ws.sheet_view.showGridLines = False
    protect(ws)


def _facts(plans: Sequence[Plan], name: str) -> Iterator[tuple[str, str]]:
    first = plans[0]
    yield "县（市、区）", f"{first.county.county} {first.county_name}"
    for plan in plans:
        form = plan.form
        about = "，".join(
            filter(None, (form.number, form.issuer, form.valid_until and f"有效期至{form.valid_until}"))
        )
        yield "报表", f"{form.title.zh}（工作表“{plan.name}”）" + (f"：{about}" if about else "")
        yield "截止日期", f"{plan.due:%Y-%m-%d}（当日24时前报到为按时）"
    yield "报告期", f"{first.period}（{period_zh(first.period)}）"
    yield "文件名", name
    yield "报送方式", _CHANNELS[first.county.transport]


def _how(plans: Sequence[Plan]) -> list[str]:
    fields = [e.field for plan in plans for e in plan.entries]
    but = "除签章栏外，" if any(plan.layout.sign_off for plan in plans) else ""
    lines = [
        "只填白色和黄色单元格：黄色是必填而未填的，填好后变白。表头、单位编码和名称已填好并锁定（无密码），请勿改动、增删列。",
        "没有的填0；不掌握、未统计的留空。留空按缺报处理，不当作0；必填项留空的行会退回。未填写任何数据的空表会整表退回。",
    ]
    if any(f.not_applicable for f in fields):
        lines.append("确实不适用的填“—”（仅限允许的填报项，见下表）。")
    if any(f.is_money for f in fields):
        lines.append("金额一律以万元填报（12,345元填1.2345），不要用“以万元显示”的数字格式。")
    if any(f.kind == "ytd" for f in fields):
        lines.append(
            "“本年累计”指本年1月1日至期末；“本期数”只填本报告期内发生的；“期末数”填报告期最后一天的状况。"
        )
    if any(plan.form.serials for plan in plans):
        lines.append("已列出任务清单的全部任务；不属于本县（市、区）的任务清空整行（连同编码）。")
    if any(is_from_reports(plan.form) for plan in plans):
        lines.append(
            "已列出的行取自本县（市、区）上次报送；新增的在其后空行填写编码，不再报送的清空整行（连同编码）。"
        )
    lines += [
        f"不得填写个人信息：{but}任何单元格不填姓名、身份证号、电话号码；发现的整表扣留，不予保存。",
        "什么会退回：编码不符、必填未填、不是数字、超出允许范围、分项大于总项、合计与各行之和不符。"
        "与上期相比变动较大的只作提示，请核对，确认无误可在退回的工作簿中说明。",
    ]
    if any(plan.layout.totals for plan in plans):
        lines.append("合计行自动计算，请勿改动。")
    if any(plan.layout.sign_off for plan in plans):
        signed = any(plan.form.sign_off and plan.form.sign_off.needs_in(plan.month) for plan in plans)
        lines.append(
            "签章栏在表末各栏标签之后填写；栏目下方不得再有数据行。签章栏内容不入库，只看是否已签。"
            + ("本次报表须填表人、审核人签章，缺少的会提示。" if signed else "")
        )
    lines.append(
        "填好后存为.xlsx，文件名和工作表名不变，在截止日期前报送。退回的请在退回的工作簿中更正后重报。"
    )
    return [f"{i}. {line}" for i, line in enumerate(lines, 1)]


def _fields(ws: Worksheet, plans: Sequence[Plan], row: int) -> int:
    """A line a field; returns the row below."""
    lines = [
        (
            plan.form.title.zh,
            quoted_zh(e.field.label.zh),
            "是" if e.is_required else "",
            TYPES[e.field.type],
            e.unit,
            KINDS[e.field.kind] if e.field.is_number else "",
            e.expected,
            e.field.note.zh if e.field.note else "",
        )
        for plan in plans
        for e in plan.entries
    ]
    return _table(ws, row, _HEADS, lines)


def _units(ws: Worksheet, plans: Sequence[Plan], row: int) -> None:
    """What codes of added rows begin or end with: the city's list of tasks."""
    for plan in plans:
        if plan.form.serials:
            codes = {f"{plan.county.county}-{serial}": one for serial, one in plan.form.serials.items()}
            lines = [(plan.own_codes.get(code, code), one.name.zh) for code, one in codes.items()]
            row = _table(ws, row + 1, (plan.form.key_headers[0], plan.form.title.zh), lines)


def _table(ws: Worksheet, row: int, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    thin = Side("thin", LINE)
    box, wrapped = (
        Border(left=thin, right=thin, top=thin, bottom=thin),
        Alignment(wrap_text=True, vertical="top"),
    )
    style = None
    for at, line in enumerate((heads, *lines), row):
        height = 1
        for column, text in enumerate(line, 1):
            cell = ws.cell(at, column, text or None)
            height = max(height, -(-breadth(text) // _WIDTHS[column - 1]))
            if style is None or at == row:
                cell.border, cell.alignment = box, wrapped
            if at == row:
                cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=HEAD)
            else:
                style = cell._style = style or cell._style
        ws.row_dimensions[at].height = 15 * height + 2
    return row + len(lines) + 1
