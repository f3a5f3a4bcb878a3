"""Rows of the data zone that are no unit's row: undeclared totals, notes and signatures, codes that were shortened.

In: the texts of the rows read, and their columns. Out: `Stray`s, each with what it is and what to do; `PROBLEMS` of the
key are made of them. Such a row is not dropped: it goes back, and the message names the cause.

| what | how it is known |
| --- | --- |
| `shortened` | the code is `4.40781E+11`: a spreadsheet program took it for a number |
| `total` | the row says 总计, 小计 or the like where a code or a name stands, and no code |
| `note` | the row has no number, and begins like a note (`注：`) or with a label of those who sign (`经办人 ...`) |
| `loose` | the row has no code and no name, and LOOSE numbers at most: a sum beside the table, a leftover |
| `level` | the row has the name of a town or a district, or its shorter code: a heading, or a subtotal |
| `extra` | the row says 平均, 上月数, 增减 or the like |
| `page` | the row holds the number of a page, or what a page carries over (过次页, 承前页) |
| `zeros` | the row has no code and no name, and only zeros: a row of the template |
| `formula` | the code is a formula without a result: the unit's row, of which nobody knows whose |
| `table` | the row stands in another table below the units' rows, with a header of its own that has no code (`pages`) |
| `subtotal` | the row has no code, and its numbers are the sums of the rows above, below, or all (`stray_sums`) |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.errors import ReturnedError
from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.column import Column
from qiangji.parsing.glance import has_any, is_alnum
from qiangji.parsing.grid import address, combined
from qiangji.parsing.headers import Columns
from qiangji.parsing.reading import Reading
from qiangji.parsing.totals import says_total
from qiangji.parsing.town_headings import heading_of
from qiangji.parsing.xlsx_sums import no_value
from qiangji.personal_data import is_signature
from qiangji.text import squeezed, tidy

What = Literal[
    "shortened", "total", "note", "loose", "level", "extra", "page", "zeros", "subtotal", "formula", "table"
]
OF_UNITS = ("shortened", "formula")
"""Of these the row is a unit's: its other cells are told, and totals add it up."""
MAX_STRAYS = 2_000
"""Rows without a code that are looked at one by one. Where there are more, no message about one of them helps."""
LOOSE = 2
_SHORTENED = re.compile(r"[1-9](?:\.[0-9]{1,14})?[Ee]\+?[0-9]{1,2}")
_TOTAL = re.compile(
    r"(?:(?:全|本)?(?:省|市|县|区|镇|街|街道|村|页|表)){0,2}[^0-9:：]{0,6}(?:总计|合计|小计|共计|总数|总和|累计|汇总)"
    r"(?:[(（][^()（）]{0,8}[)）])?[:：]?"
)
_NOTE = re.compile(
    r"[(\[【〔*※]*\s*(?:注|备注|附注|说明|注释|注意|填表说明|填报说明|填报要求|编制说明|指标解释|数据来源|来源|口径|统计口径"
    r"|(?:填报|填表|报送|上报|制表|编制|汇总)(?:单位|部门|日期|时间)|单位|日期|时间|报出日期|报表日期|联系电话|电话|联系方式)"
    r"\s*[0-9一二三四五]{0,2}\s*(?:[(][^()]{0,8}[)])?\s*[)\]】〕:：、.．\s]"
    r"|[(]?(?:[0-9]{1,2}|[一二三四五六七八九十])[)、.．]\s*[\u4e00-\u9fff].{3}"
    r"|(?=.{16})[^0-9].*[，。；：,;:]"
    r"|[(]?\s*(?:盖章|公章|签章)"
)
"""How notes begin: a word for one; a numbered sentence; a long text with punctuation."""
_EXTRA = re.compile(
    r"(?:(?:全|本|各)?(?:省|市|县|区|镇|街道?|村|社区|组)?平均|[人村组户]均)(?:数|值)?|均值|同期(?:数|值)?|[同环]比|占比|比例|最[大小高低]值?|排名|名次|完成率|校验|核对"
    r"|(?:比|较)?(?:上|去|前|本)(?:月|期|季度?|年)(?:同期|末|底)?(?:数|值|增减|增长)?"
    r"|(?:同比|环比)?(?:增减|增长|增幅|变化|变动)(?:数|值|率|额)?|(?:全年|年度)?(?:目标|计划|任务)(?:数|值)?"
)
_OF_PAGES = "[0-9一二三四五六七八九十]{1,4}页"
_PAGE = re.compile(
    rf"(?=.*页|page)[-—(]?(?:第{_OF_PAGES})?[,，/]?(?:共{_OF_PAGES})?[-—)]?|page[0-9]+(?:of[0-9]+)?",
    re.IGNORECASE,
)
_CARRIED = re.compile(r"[(（]?(?:承|接|续|过|转|移)(?:上|前|下|次|后)一?页(?:数|合计|小计|累计)?[)）]?[:：]?")
"""What the sum is called that one printed page hands to the next."""
_ZERO = re.compile(r"[-+]?0(?:\.0+)?%?|[-—/]+|#DIV/0!|" + re.escape(NO_RESULT))
_PLAIN_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?%?")
_QUOTED = r'^\s*="[^"]*"\s*$'
_WRAPPING = "='‘’`"
_WRAPPED = r'^\s*(?:="([^"]*)"|=([0-9]+)|[\'‘’`]([0-9][0-9-]*))\s*$'


@dataclass(frozen=True)
class Stray:
    """A row that is no unit's. `index`: its position among the rows read; `is_of_all`: its numbers are the sums of all
    units' rows.
    """

    index: int
    what: What
    text: str
    is_of_all: bool = False


WORDS: Mapping[str, tuple[str, str]] = {
    "shortened": ("编码已被表格软件改成科学计数：{text}", "a spreadsheet program shortened the code: {text}"),
    "formula": ("编码是公式，但没有计算结果", "the code is a formula without its result"),
    "total": ("“{text}”行是未登记的合计行", "{text} is an undeclared totals row"),
    "note": ("该行是表下的说明或签字，不是数据行", "this row is a note or a signature below the table"),
    "loose": (
        "该行没有编码和名称，只有零星数字：{text}",
        "this row has no code and no name, only single numbers: {text}",
    ),
    "level": (
        "“{text}”行是镇（街）的标题行或小计行，不是单位的数据行",
        "{text} is a town's heading or subtotal, no unit's row",
    ),
    "extra": ("“{text}”行不是单位的数据行", "{text} is no unit's row"),
    "page": (
        "该行是页码或转页的合计（过次页、承前页），不是数据行",
        "this row is a page number, or a sum carried to or from another page, no row of data",
    ),
    "zeros": (
        "该行没有编码和名称，各项都是0：是模板中未填的行",
        "this row has no code and no name, and only zeros: a row of the template that was not filled in",
    ),
    "table": (
        "该行属于数据下方的另一张表，不是单位的数据行",
        "this row belongs to another table below the rows of units",
    ),
    "subtotal": (
        "该行没有编码，各项数字是其他各行之和：是未写明的合计行或小计行",
        "this row has no code, and its numbers are the sums of other rows: a total or subtotal that does not say so",
    ),
}
"""What is said of such a row, in zh and en."""
_EXPECTED: Mapping[What, tuple[str, str]] = {
    "shortened": (
        "完整编码：请将编码列设为“文本”格式、重新填入完整编码后重报",
        "the full code: make the column text, fill the codes in again and send it",
    ),
    "formula": (
        "编码本身：请用表格软件打开、重新计算并保存，或粘贴为数值",
        "the code itself: open the workbook in a spreadsheet program, let it compute and save it, or paste the value",
    ),
    "total": (
        "单位的数据行：请删除该行；确需小计行的，请由市级登记其名称",
        "a unit's row: delete this one, or have the city declare its label as a subtotal's",
    ),
    "note": (
        "单位的数据行：请删除该行，或由市级将其首词登记为签章区用语",
        "a unit's row: delete this one, or have its first word declared as one that begins the sign-off zone",
    ),
    "level": ("单位的数据行：请删除标题行和小计行", "rows of units: delete headings and subtotals"),
    "extra": ("单位的数据行：请删除该行", "a unit's row: delete this one"),
    "page": ("单位的数据行：请删除该行", "a unit's row: delete this one"),
    "zeros": ("单位的数据行：请删除空行", "a unit's row: delete the empty ones"),
    "table": (
        "单位的数据行：请将另一张表移到单独的工作表，或删除",
        "rows of units: move the other table to a sheet of its own, or delete it",
    ),
    "subtotal": ("单位的数据行：请删除该行", "a unit's row: delete this one"),
    "loose": (
        "带编码的数据行：表外的数字请清除；是某单位的数据请补上编码",
        "rows with a code: clear numbers beside the table, or add the code of the unit that they are of",
    ),
}

_OF_ALL: Mapping[What, tuple[str, str]] = {
    "total": (
        "登记的合计行名称（{labels}）：请改用登记的名称，或删除该行",
        "a declared label ({labels}): use one, or delete the row",
    ),
    "subtotal": (
        "单位的数据行：请在该行前写上登记的合计行名称（{labels}），或删除该行",
        "a unit's row: write a declared label of totals ({labels}) in front of this one, or delete it",
    ),
}
"""The same of sums of all rows, where totals are declared: a part's sum under their label would be a wrong total."""


def codes_of(reading: Reading) -> str:
    """RE2: the codes of units, the tree's and the county's own."""
    return "|".join((f"(?:{reading.form.key_pattern})", *map(re.escape, reading.crosswalk)))


def unwrapped(raw: pa.Array, pattern: str = "") -> pa.Array:
    """Texts without what programs put around one to keep it a text: `="440781..."`, `'440781...`.

    With a pattern (of a whole code) only texts that are one then; without, only `="..."` is taken off.
    """
    if is_alnum(raw) or not has_any(raw, _WRAPPING):
        return raw
    wrapped = pc.match_substring_regex(raw, _WRAPPED if pattern else _QUOTED)
    if not pc.any(wrapped).as_py():
        return raw
    bare = pc.replace_substring_regex(raw, _WRAPPED, r"\1\2\3")
    if pattern:
        wrapped = pc.and_(wrapped, pc.match_substring_regex(bare, f"^(?:{pattern})$"))
    return pc.if_else(pc.fill_null(wrapped, False), bare, raw)


def joined(codes: pa.Array, pattern: str) -> tuple[pa.Array, int, bool]:
    """Codes without blanks, hyphens and commas inside (`440705 001 203`), and without what a program makes of them
    that takes them for numbers (`440705001203.0`, an exponent), where that makes them codes; how many had some; and
    whether all were codes before.
    """
    known = pc.match_substring_regex(codes, f"^(?:{pattern})$")
    if not codes.null_count and pc.all(known).as_py():
        return codes, 0, True
    bare = pc.replace_substring_regex(codes, r"[\s\p{Z}‐‑–—－,，-]+|\.0+$", "")
    bare = _in_full(bare)
    spaced = pc.and_(pc.invert(known), pc.match_substring_regex(bare, f"^(?:{pattern})$"))
    many = pc.sum(spaced).as_py() or 0
    return (pc.if_else(pc.fill_null(spaced, False), bare, codes) if many else codes), many, False


def _in_full(codes: pa.Array) -> pa.Array:
    """Numbers written with an exponent that show every digit, `4.40781001201E+11`, as their digits."""
    if not pc.any(written := pc.match_substring_regex(codes, r"^[1-9]\.[0-9]+[Ee]\+?[0-9]+$")).as_py():
        return codes
    texts = [_digits(text) for text in codes.filter(pc.fill_null(written, False)).to_pylist()]
    return pc.replace_with_mask(codes, pc.fill_null(written, False), pa.array(texts, pa.string()))


def _digits(text: str) -> str:
    first, _, rest = text.upper().partition(".")
    decimals, _, exponent = rest.partition("E")
    return first + decimals if len(decimals) == int(exponent) else text


def is_number(text: str) -> bool:
    """Whether a tidied text is a plain number."""
    return bool(_PLAIN_NUMBER.fullmatch(text))


def is_note(text: str) -> bool:
    """Whether a text is a note or a signature below a table."""
    return bool(_NOTE.match(tidy(text) + " ")) or is_signature(text)


def is_note_row(filled: list[str]) -> bool:
    """Whether a row's texts, tidied and without empty ones, are a note's or a signature's: no number among them."""
    return bool(filled) and is_note(filled[0]) and not any(map(_PLAIN_NUMBER.fullmatch, filled))


def is_total(text: str) -> bool:
    """Whether a text is the label of a totals row, declared or not."""
    return bool(_TOTAL.fullmatch(squeezed(text))) or says_total(text)


def find_strays(
    data: pa.Table, codes: pa.Array, table: int, columns: Columns, reading: Reading
) -> list[Stray]:
    """Rows that are no unit's, ascending. `data`: the rows read, all columns of the sheet; `codes`: their keys;
    `table`: the position at which another table begins.
    """
    known = pc.match_substring_regex(codes, f"^(?:{codes_of(reading)})$")
    odd = pc.indices_nonzero(pc.invert(pc.fill_null(known, False))).to_pylist()
    strays = []
    for index in odd[:MAX_STRAYS]:
        row = [tidy(column[index].as_py()) for column in data.columns]
        labels = [row[i] for i in columns.labels]
        filled = [text for text in row if text]
        if index >= table:
            strays.append(Stray(index, "table", ""))
        elif _SHORTENED.fullmatch(row[columns.key]):
            strays.append(Stray(index, "shortened", row[columns.key]))
        elif row[columns.key] == NO_RESULT:
            strays.append(Stray(index, "formula", ""))
        elif label := next((t for t in labels if _CARRIED.fullmatch(squeezed(t))), None):
            strays.append(Stray(index, "page", label))
        elif label := next((t for t in labels if is_total(t)), None):
            strays.append(Stray(index, "total", label))
        elif filled and all(map(_PAGE.fullmatch, map(squeezed, filled))):
            strays.append(Stray(index, "page", filled[0]))
        elif is_note_row(filled):
            written = next(t for column in data.columns if tidy(t := column[index].as_py()))
            strays.append(Stray(index, "note", written))
        elif what := _no_unit(row, columns, reading):
            strays.append(Stray(index, *what))
    return strays


def _no_unit(row: list[str], columns: Columns, reading: Reading) -> tuple[What, str] | None:
    """What a row without a unit's code is, by its labels or its cells, and the text that says so."""
    labels = [text for i in columns.labels if (text := row[i]) and not text.isdecimal()]
    if label := next((text for text in labels if _EXTRA.fullmatch(squeezed(text))), None):
        return "extra", label
    if level := heading_of(row, columns, reading):
        return "level", level
    if row[columns.key]:
        return None
    filled = filled_in(row, columns)
    has_name = columns.name is not None and bool(row[columns.name])
    if not has_name and len(filled) > LOOSE and all(map(_ZERO.fullmatch, filled)):
        return "zeros", next((text for text in filled if text != NO_RESULT), "")
    return ("loose", filled[0]) if _is_loose(row, columns) else None


def filled_in(row: list[str], columns: Columns) -> list[str]:
    """The texts of a row in the columns of fields, without empty ones."""
    return [text for i in columns.fields.values() if (text := row[i])]


def _is_loose(row: list[str], columns: Columns) -> bool:
    """Whether a row without a code has no name either, and a few numbers only; a form of a few fields is none."""
    has_name = columns.name is not None and bool(row[columns.name])
    filled = filled_in(row, columns)
    is_few = 0 < len(filled) <= LOOSE and 3 * len(filled) <= len(columns.fields)
    return is_few and not has_name and all(map(is_number, filled))


def check_codes(strays: list[Stray], rows: int, at: int, numbers: pa.Array, reading: Reading) -> None:
    """Raise ReturnedError shortened_codes or formula_without_value where most codes are so: one fault, not one for each
    row.
    """
    formulas = [s for s in strays if s.what == "formula"]
    if 2 * len(formulas) > min(rows, MAX_STRAYS):
        raise no_value(address(reading.sheet, at, numbers[formulas[0].index].as_py()), reading.where)
    short = [s for s in strays if s.what == "shortened"]
    if 2 * len(short) <= min(rows, MAX_STRAYS):
        return
    cell = address(reading.sheet, at, numbers[short[0].index].as_py())
    raise ReturnedError(
        f"the codes were shortened by a spreadsheet program, first in {cell} ({short[0].text})",
        where=reading.where,
        expected="full codes, as text",
        do="Make the column of the codes text, fill the codes in again and send the file.",
        code="shortened_codes",
        zh=f"{cell}起编码已被表格软件改成科学计数（如{short[0].text}），后几位已丢失；"
        "请将编码列设为“文本”格式、重新填入完整编码后重报",
    )


def expected_of(stray: Stray, reading: Reading) -> tuple[str, str]:
    """What was expected and what to do, in zh and en."""
    if not (stray.is_of_all and reading.layout.totals):
        return _EXPECTED[stray.what]
    (zh, en), labels = _OF_ALL[stray.what], reading.layout.totals
    return zh.format(labels="、".join(labels)), en.format(labels=", ".join(labels))


def length_of(text: str) -> str:
    """What is kept of a note."""
    return f"({len(text)} 字 characters)"


def told_once(column: Column, strays: list[Stray]) -> Column:
    """The column without unreadable cells in rows that are told as no unit's."""
    others = [s.index for s in strays if s.what not in OF_UNITS]
    if not others or not pc.any(pc.or_(column.unreadable, column.dashes)).as_py():
        return column
    mine = pc.is_in(pa.array(range(len(column.unreadable))), value_set=pa.array(others))
    masks = (pc.and_not(m, mine) for m in (column.unreadable, column.too_large, column.dashes))
    return Column(column.values, *masks)


def hide(column: pa.Array, strays: list[Stray]) -> pa.Array:
    """The column's texts as received, but of notes only how long they are: a note may hold a name."""
    notes = {s.index for s in strays if s.what == "note"}
    if not notes:
        return combined(column)
    texts = column.to_pylist()
    return pa.array(
        [_length(t) if i in notes and t is not None else t for i, t in enumerate(texts)], pa.string()
    )


def _length(text: str) -> str:
    return length_of(text) if squeezed(text) else text
