"""How counties write their rows: cells, CSV, JSON and workbooks.

In: a submission. Out: bytes, the same each time. A style turns a value as meant into a cell as written. A planted
fault's text is not changed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from simulator import headers
from simulator.forms import Field
from simulator.submissions import Submission
from simulator.workbook import Sheet, workbook

Style = Callable[
    [Field, Any, int], Any
]  # field, value as meant, a number that varies by row -> cell as written

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
GARBLED = "锟斤拷"
"""What is left of a text in another encoding."""
SIGN_OFF = ("填表人：林佩仪", "审核人：陈卓文", "联系电话：13800138000")  # fictitious
APPROVED = "审核人"


def native(each: Field, value: Any, turn: int) -> Any:
    """JSON's own types; decimals as numbers."""
    return float(value) if each.type == "decimal" and value is not None else value


def yes_no(each: Field, value: Any, turn: int) -> Any:
    """As `native`, booleans as 是 or 否, dates as 2026年9月30日."""
    if each.type == "boolean" and value is not None:
        return "是" if value else "否"
    if each.type == "date" and value is not None:
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month}月{day.day}日"
    return native(each, value, turn)


def office(each: Field, value: Any, turn: int) -> Any:
    """As `yes_no`, dates as a spreadsheet holds them."""
    if each.type == "date" and value is not None:
        return date.fromisoformat(value)
    return yes_no(each, value, turn)


def plain_text(each: Field, value: Any, turn: int) -> str:
    """Everything as text, nothing added."""
    if value is None:
        return ""
    if each.type == "boolean":
        return "是" if value else "否"
    return str(value)


def hand_written(each: Field, value: Any, turn: int) -> str:
    """Thousands separators, some full-width digits, — for missing, 无 for a zero in a flow or year-to-date
    field, dates as 2026/9/30.
    """
    if value is None:
        return "—" if turn % 3 else ""
    if each.type == "boolean":
        return "是" if value else "否"
    if each.type == "date":
        day = date.fromisoformat(value)
        return f"{day.year}/{day.month}/{day.day}"
    if each.type in ("enum", "text"):
        return str(value)
    if value == 0 and each.kind in ("ytd", "flow") and turn % 4 == 0:
        return "无"
    text = f"{value:,}" if each.type == "integer" else f"{Decimal(value):,}"
    return text.translate(_FULL_WIDTH) if turn % 41 == 0 else text


def typed(each: Field, value: Any, turn: int) -> Any:
    """A database's own types."""
    if value is None:
        return None
    if each.type == "date":
        return date.fromisoformat(value)
    return Decimal(value) if each.type == "decimal" else value


def columns(submission: Submission) -> list[str]:
    """The columns of a delivery: key, name and all fields but the one left out."""
    form = submission.form
    names = [form.key, form.name_field, *(each.name for each in form.fields)]
    return [name for name in names if name != submission.missing_field]


def labels(submission: Submission) -> dict[str, str]:
    """The county's header of each column of a delivery; a unit may stand behind one."""
    found = headers.headers(submission.county, submission.form.code)
    if submission.look.unit is None:
        return found
    name, unit = submission.look.unit
    return found | {name: f"{found[name]}（{unit}）"}


def cells(submission: Submission, style: Style) -> Iterator[list[Any]]:
    """A list for each row, in the order of `columns`."""
    form = submission.form
    skipped = submission.missing_field
    for number, row in enumerate(submission.sent):
        line: list[Any] = [headers.own_code(submission.county, row.code), row.name]
        for position, (each, value) in enumerate(zip(form.fields, row.values, strict=True)):
            if each.name != skipped:
                line.append(style(each, value, number * 31 + position * 7))
        if row.written:
            names = columns(submission)
            for name, instead in row.written.items():
                if name in names:
                    line[names.index(name)] = instead
        yield line


def csv_text(submission: Submission, style: Style, newline: str) -> str:
    """A CSV file with one header row."""
    header = labels(submission)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=submission.look.delimiter, lineterminator=newline)
    writer.writerow([header[name] for name in columns(submission)])
    if below := dict(submission.look.units_below):
        writer.writerow([below.get(name, "") for name in columns(submission)])
    writer.writerows(["" if cell is None else cell for cell in line] for line in cells(submission, style))
    writer.writerows([GARBLED] * len(columns(submission)) for _ in range(submission.look.garbled))
    if said := "无变动" if submission.is_unchanged else submission.look.instead:
        writer.writerow([said])
    return out.getvalue()


def cut_text(text: str) -> str:
    """The first 60 % of a CSV file, up to the middle of a row: an interrupted upload."""
    return text[: text.index(",", text.index("\n", int(len(text) * 0.6) - 80)) + 2]


def json_rows(submission: Submission, style: Style) -> list[str]:
    """A JSON object for each row, as text, under the county's own keys."""
    if submission.is_unchanged:
        return ['{"is_unchanged": true}']
    header = labels(submission)
    names = [header[name] for name in columns(submission)]
    extra = {submission.unknown_header: "是"} if submission.unknown_header else {}
    return [
        json.dumps(dict(zip(names, line, strict=True)) | extra, ensure_ascii=False)
        for line in cells(submission, style)
    ]


def number(value: Any) -> Decimal:
    """A cell's part in a spreadsheet's SUM: a number, nothing for text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Decimal(0)
    return Decimal(str(value))


def totals(submission: Submission, lines: Sequence[Sequence[Any]], label_in: str) -> list[Any]:
    """The 合计 row: the sum of each numeric column as written."""
    types = {each.name: each.type for each in submission.form.fields}
    row: list[Any] = []
    for index, name in enumerate(columns(submission)):
        if name == label_in:
            row.append("合计")
        elif types.get(name) in ("integer", "decimal"):
            total = sum((number(line[index]) for line in lines), Decimal(0))
            if name == submission.wrong_total:
                total += 7
            row.append(float(total) if types[name] == "decimal" else int(total))
        else:
            row.append(None)
    return row


def titled_sheet(submission: Submission) -> Sheet:
    """A title, two header rows with merged cells, 序号, the rows, 合计, and a sign-off zone."""
    form, county, look = submission.form, submission.county, submission.look
    names = columns(submission)
    upper, lower, merges = _two_header_rows(submission, names)
    lines = list(cells(submission, office))
    label_in = form.name_field if form.grain == "village" else form.key
    blank = [None] * len(names)
    title: list[Any] = [look.title or f"{headers.title(form.code)}（{submission.period}）", *blank]
    body = [[serial, *line] for serial, line in enumerate(lines, start=1)]
    head: list[list[Any]] = [*([] if look.is_untitled else [title]), upper, lower]
    if look.header_after is not None:  # two pages, each with its own
        body[look.header_after : look.header_after] = [list(upper), list(lower)]
    if look.sign_off_after is not None:
        body[look.sign_off_after : look.sign_off_after] = [[each, *blank] for each in SIGN_OFF]
    signed = [
        f"{APPROVED}：" if look.is_unapproved and each.startswith(APPROVED) else each for each in SIGN_OFF
    ]
    sheet = Sheet(
        headers.sheet(county, form.code),
        [*head, *body, [None, *totals(submission, lines, label_in)], *([each] for each in signed)],
        merges,
    )
    sheet.hidden_rows.update(range(len(head) + 1, len(head) + 1 + look.hidden_rows))
    sheet.struck_rows.update(range(len(head) + 1, len(head) + 1 + look.struck))
    sheet.hidden_columns.update(names.index(name) + 2 for name in names if name == look.hidden_column)
    sheet.divided_columns.update(names.index(name) + 2 for name in names if name == look.divided)
    sheet.unseen_columns.update(names.index(name) + 2 for name in names if name == look.unseen)
    first = len(head) + 1
    sheet.merges += [
        (first, names.index(n) + 2, first + 1, names.index(n) + 2) for n in names if n == look.merged
    ]
    sheet.twice = (first, 2) if look.twice else None
    return sheet


Merge = tuple[int, int, int, int]


def _two_header_rows(
    submission: Submission, names: Sequence[str]
) -> tuple[list[Any], list[Any], list[Merge]]:
    """The upper and the lower header row, with the serial number before the columns, and the merged cells."""
    header, parents = labels(submission), headers.parents(submission.county, submission.form.code)
    upper: list[Any] = ["序号"]
    lower: list[Any] = [None]
    if submission.look.parent:
        name, text = submission.look.parent
        was = parents[name]
        parents = {n: text if above == was else above for n, above in parents.items()}
    top = 1 if submission.look.is_untitled else 2
    merges = [*([] if submission.look.is_untitled else [(1, 1, 1, len(names) + 1)]), (top, 1, top + 1, 1)]
    for column, name in enumerate(names, start=2):
        parent = parents.get(name)
        if parent is None:
            upper.append(header[name])
            lower.append(None)
            merges.append((top, column, top + 1, column))
            continue
        lower.append(header[name])
        if column > 2 and parents.get(names[column - 3]) == parent:
            upper.append(None)
            _, left, bottom, _ = merges.pop()
            merges.append((top, left, bottom, column))
        else:
            upper.append(parent)
            merges.append((top, column, top, column))
    return upper, lower, [merge for merge in merges if merge[:2] != merge[2:]]


def plain_sheet(submission: Submission) -> Sheet:
    """One header row, and the rows."""
    header = labels(submission)
    head: list[Any] = [header[name] for name in columns(submission)]
    name = headers.sheet(submission.county, submission.form.code)
    return Sheet(name, [head, *cells(submission, office)])


def text_sheet(submission: Submission) -> Sheet:
    """One header row, every number as text, the county's further columns (备注) at the end."""
    header = labels(submission)
    head: list[Any] = [header[name] for name in columns(submission)] + headers.trailing(submission.county)
    lines = [
        ["" if cell is None else str(cell) for cell in line] + [submission.remarks.get(index, "")]
        for index, line in enumerate(cells(submission, plain_text))
    ]
    return Sheet(headers.sheet(submission.county, submission.form.code), [head, *lines])


def code_list(submissions: Iterable[Submission]) -> Sheet:
    """The hidden first sheet: the words of enumerations, and the towns."""
    rows: list[list[Any]] = [["字典", "代码", "名称"]]
    towns = {row.place.town for submission in submissions for row in submission.rows if row.place.town}
    rows += [["镇街", town, ""] for town in sorted(towns)]
    rows += [
        ["党组织设置", str(index), word]
        for index, word in enumerate(("单独支部", "联合支部", "党小组", "无"), 1)
    ]
    return Sheet("字典", rows, is_hidden=True)


def cut_bytes(content: bytes) -> bytes:
    """The first 60 % of a file."""
    return content[: int(len(content) * 0.6)]


__all__ = [
    "code_list",
    "csv_text",
    "cut_bytes",
    "cut_text",
    "hand_written",
    "json_rows",
    "native",
    "office",
    "plain_sheet",
    "plain_text",
    "text_sheet",
    "titled_sheet",
    "typed",
    "workbook",
    "yes_no",
]
