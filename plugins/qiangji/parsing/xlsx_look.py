"""How a workbook shows a sheet's cells: what is hidden or merged, number formats that divide or name a unit.

In: the parts of a workbook and a sheet's name. Out: `Look`. The values are read by `xlsx_file`; this tells what a
person who looks at the sheet sees otherwise.
"""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from xml.etree import ElementTree

from qiangji.parsing.archive import column_number
from qiangji.parsing.facts import ANOTHER, YUAN_SIGN, spelt, unit_in, word_beside
from qiangji.parsing.grid import Look
from qiangji.parsing.xlsx_cells import Parts, cell_place, is_true, local_name, row_number
from qiangji.parsing.xlsx_formats import sections_of
from qiangji.parsing.xlsx_literals import shows_another
from qiangji.parsing.xlsx_runs import strikes
from qiangji.text import squeezed

_HIDES = re.compile(rb"\shidden\s*=|\s(?:ht|width|defaultRowHeight)\s*=\s*[\"']0(?:\.0*)?[\"']")
_MERGED = re.compile(
    rb"<(?:\w{1,20}:)?mergeCell\s[^<>]{0,100}?ref\s{0,9}=\s{0,9}[\"']"
    rb"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})[\"']"
)
_LITERAL = re.compile(r"\"([^\"]*)\"|[\\!](.)|_.|\*.|\[[^\]]*\]")
MAX_COLUMNS = 16_384
_MAX_MERGED = 2_000
_CURRENCIES = {
    YUAN_SIGN: re.compile(r"[¥￥]|\[\$(?:CNY|RMB)"),
    "港元": re.compile(r"HK\$|\[\$HKD"),
    "美元": re.compile(r"(?<!\[)\$|\[\$(?:US)?\$|\[\$USD"),
    "欧元": re.compile(r"€|\[\$EUR"),
    "英镑": re.compile(r"£|\[\$GBP"),
}
"""Unit -> its sign in a number format. `[$-804]` names a language, and no dollar."""
_GENERAL = re.compile("G/(?:通用格式|標準|标准)")
"""`General`, as Chinese programs write it."""
_CONDITION = re.compile(r"\[(>=|<=|<>|>|<|=)(-?[0-9]+(?:\.[0-9]+)?)\]")
_HOLDS = {
    ">=": operator.ge, "<=": operator.le, "<>": operator.ne, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_MONTHS_BUILT_IN = dict.fromkeys(("17", "27", "36", "50", "52", "57"), "yyyy-mm")
"""Formats of a year and a month that programs do not write out: `mmm-yy`, and the Chinese ones."""
_TOP = 40
"""Rows in which a title stands."""


@dataclass(frozen=True)
class _Style:
    """How cells are shown: the format divides their numbers, names their unit, hides them, shows a day's month alone;
    their text is struck through. `is_other`: what it writes beside the number makes it another one; `is_other_zero`:
    of a section, where the number is zero; `is_text`: a text stands for its numbers. `sections`: of a format with
    conditions, each with what it does.
    """

    divisor: int = 1
    unit: str = ""
    is_unseen: bool = False
    is_month: bool = False
    is_struck: bool = False
    is_other: bool = False
    is_other_zero: bool = False
    is_text: bool = False
    sections: tuple[tuple[str, float, _Style], ...] = ()

    def of(self, cell: ElementTree.Element) -> _Style:
        """The style as it is for the number in this cell: of a format with conditions the section that holds."""
        if not self.sections:
            return self
        value = next((e.text for e in cell if local_name(e) == "v"), None)
        try:
            number = float(value or "")
        except ValueError:
            return _PLAIN
        for condition, bound, style in self.sections:
            if not condition or _HOLDS[condition](number, bound):
                is_other = style.is_other if number else style.is_other_zero
                # many hide their zeros, and write 是 for a 1
                is_unseen = style.is_unseen and number != 0 and not (style.is_text and number == 1)
                return replace(style, is_unseen=is_unseen, is_struck=self.is_struck, is_other=is_other)
        return _PLAIN


_PLAIN = _Style()


def look_of(parts: Parts, sheet: str) -> Look:
    """How the sheet looks. A part that cannot be read says nothing: whoever reads the cells tells what is wrong."""
    try:
        content, styles = parts.sheet(sheet), _styles(parts)
        merged = tuple(_merges(content))
        if not styles and not _HIDES.search(content):
            return Look(merged=merged)
        return _look(content, styles, merged)
    except (KeyError, ElementTree.ParseError, ValueError):
        return Look()


def divisor_of(code: str) -> int:
    """By how much a number format divides what it shows; 1 for most. `0.0,` 1000; `0!.0,` 10000; `0\\.0000` 10000."""
    return max((_divisor(section) for section in _sections(code)), default=1)


def unit_of(code: str) -> str:
    """The unit that a number format writes beside numbers: `#,##0.00"千元"` 千元, `0"（元）"` 元, `$#,##0` 美元, `¥0`
    the sign alone; '' for most. A word such as 上月 goes before a unit, one that may be the field's own behind it.
    """
    section = _split(code)[0]
    words = [word_beside(m[1]) for m in _LITERAL.finditer(section) if m[1]]
    if other := next((word for word, is_other in words if is_other), ""):
        return other
    return _unit_of(section) or next((word for word, _ in words if word), "")


def _unit_of(section: str) -> str:
    bare = squeezed(_LITERAL.sub(lambda m: m[1] or m[2] or "", section))
    texts = [re.sub(r"[\x00-.0-\x7f¥￥【】〔〕]+", "", bare).strip("/")]
    texts += [squeezed(m[1]).strip("()[]【】〔〕") for m in _LITERAL.finditer(section) if m[1]]
    unit = next(filter(None, map(unit_in, texts)), "")
    if not unit and any((m[1] or m[2] or "").strip() in ("%", "％") for m in _LITERAL.finditer(section)):
        unit = "%"  # as a text it multiplies nothing
    return unit or next((unit for unit, sign in _CURRENCIES.items() if sign.search(section)), "")


def shows_month(code: str) -> bool:
    """Whether a number format shows a day's year and month, and no day: `yyyy"年"m"月"`, `mmm-yy`."""
    bare = _LITERAL.sub("", _split(code)[0]).lower()
    return bool(re.search("y|^e", bare)) and "m" in bare and not re.search("[dhs0#?]", bare)


def _split(code: str) -> list[str]:
    """The sections of a number format."""
    return sections_of(_GENERAL.sub("General", code))


def _style(code: str) -> _Style:
    if not _CONDITION.search(code):
        if other := _of_signs(code):
            return other
        shown = enumerate(_split(code)[:3])
        is_other = any(shows_another(s, is_first=i == 0, is_zero=i == 2) for i, s in shown)
        return _Style(
            divisor_of(code), unit_of(code), shows_nothing(code), shows_month(code), is_other=is_other
        )
    sections = []
    for section in _split(code):
        found = _CONDITION.search(section)
        is_other = shows_another(section, is_first=found is not None and found[1] not in ("<", "<="))
        is_text = _is_text(section)
        is_unseen = is_text or ('"' in section and not _bare(section).strip())
        is_other_zero = is_other and shows_another(section, is_zero=True)
        style = _Style(
            divisor_of(section), unit_of(section), is_unseen, is_other=is_other, is_other_zero=is_other_zero,
            is_text=is_text,
        )  # fmt: skip
        sections.append((found[1], float(found[2]), style) if found else ("", 0.0, style))
    return _Style(sections=tuple(sections)) if any(s != _PLAIN for *_, s in sections) else _PLAIN


def _of_signs(code: str) -> _Style | None:
    """The style of a format without conditions that is another one by the number's sign: it names another unit below
    zero, or a text stands for every number above.
    """
    first, *others = _split(code)
    below = unit_of(others[0]) if others else ""
    if below and spelt(below) != spelt(unit_of(first)):
        return _style(f"[>=0]{first};[<0]{others[0]}")
    if _is_text(first) and not shows_another(first):
        return _Style(sections=((">", 0.0, _Style(is_unseen=True, is_text=True)),))
    return None


def _is_text(section: str) -> bool:
    """Whether a section shows a text in the place of its numbers: `"无"`."""
    bare = _LITERAL.sub("", section)
    return bool(_bare(section).strip()) and not re.search("[0#?@ymdhseg]|General", bare, re.I)


def shows_nothing(code: str) -> bool:
    """Whether a number format shows no number above zero: `;;;`, or a section of blanks alone."""
    sections = [_bare(section).strip() for section in _split(code)]
    return not sections[0] and (len(sections) > 1 or '"' in code)


def _bare(section: str) -> str:
    """A section with its texts, without what is not shown."""
    return _LITERAL.sub(lambda m: (m[1] or m[2] or "").strip(), section)


def _sections(code: str) -> Iterator[str]:
    kept = _LITERAL.sub(lambda m: "L" if "." in (m[1] or m[2] or "") else "", code)
    return iter(kept.split(";"))


def _divisor(section: str) -> int:
    """`section`: a format without its literal texts; L stands for a point that is only drawn."""
    last = max((i for i, c in enumerate(section) if c in "0#?"), default=-1)
    if last < 0:
        return 1
    commas = len(section) - last - 1 - len(section[last + 1 :].lstrip(","))
    _, drawn, behind = section.partition("L")
    digits = sum(c in "0#?" for c in behind.partition(".")[0]) if drawn else 0
    return int(10 ** min(3 * commas + digits, 18))


def _styles(parts: Parts) -> dict[str, _Style]:
    """Style of a cell (its number, as text) -> what its number format does, for those that do something."""
    content = parts.styles()
    if content is None:
        return {}
    root = ElementTree.fromstring(content)
    codes = {e.get("numFmtId", ""): e.get("formatCode", "") for e in root.iter() if local_name(e) == "numFmt"}
    known = {n: _style(c) for n, c in (_MONTHS_BUILT_IN | codes).items()}
    formats = next((e for e in root.iter() if local_name(e) == "cellXfs"), None)
    fonts = next((e for e in root.iter() if local_name(e) == "fonts"), ())
    if formats is None:
        return {}
    struck = {str(i) for i, font in enumerate(fonts) if any(map(strikes, font))}
    found = {
        str(i): replace(known.get(xf.get("numFmtId", ""), _PLAIN), is_struck=xf.get("fontId") in struck)
        for i, xf in enumerate(formats)
    }
    return {number: style for number, style in found.items() if style != _PLAIN}


@dataclass
class _Cells:
    """What the cells' styles show, as it is found: see `Look`."""

    struck_rows: set[int] = field(default_factory=set)
    months: set[tuple[int, int]] = field(default_factory=set)
    scaled: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    units: dict[tuple[int, str], set[int]] = field(default_factory=dict)
    unseen: dict[int, set[int]] = field(default_factory=dict)

    def add(self, row: int, column: int, style: _Style, is_filled: bool) -> None:
        """One cell; `row`: as the sheet numbers it."""
        if style.divisor > 1:
            self.scaled.setdefault((column, style.divisor), set()).add(row)
        elif style.is_other:
            self.scaled.setdefault((column, ANOTHER), set()).add(row)
        elif style.unit:  # of a divided number the unit is that of what is shown
            self.units.setdefault((column, style.unit), set()).add(row)
        if style.is_unseen:
            self.unseen.setdefault(column, set()).add(row)
        if style.is_month and row <= _TOP:
            self.months.add((row, column))
        if style.is_struck and is_filled:
            self.struck_rows.add(row)


def _look(
    content: bytes, styles: Mapping[str, _Style], merged: tuple[tuple[int, int, int, int], ...]
) -> Look:
    hidden, columns, cells = set[int](), set[int](), _Cells()
    row = column = -1
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        tag = local_name(element)
        if event == "start" and tag == "row":
            row, column = row_number(element, row), -1
            if is_true(element.get("hidden")) or _no_height(element):
                hidden.add(row + 1)
        elif event == "start" and tag == "col" and (is_true(element.get("hidden")) or _no_width(element)):
            first, last = int(element.get("min", "1")), int(element.get("max", "0"))
            columns.update(range(first - 1, min(last, MAX_COLUMNS)))
        elif event == "end" and tag == "c" and styles:
            row, column = cell_place(element, row, column)
            style = styles.get(element.get("s", ""), _PLAIN).of(element)
            cells.add(row + 1, column, style, bool(len(element)))
        if event == "end" and tag == "row":
            element.clear()
    return Look(frozenset(hidden), frozenset(columns), merged=merged, **vars(cells))


def _merges(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Merged cells: (top, left, bottom, right), rows from 1, columns from 0."""
    for found in islice(_MERGED.finditer(content), _MAX_MERGED):
        left, top, right, bottom = found.groups()
        yield int(top), column_number(left) - 1, int(bottom), column_number(right) - 1


def _no_height(row: ElementTree.Element) -> bool:
    return "ht" in row.attrib and float(row.get("ht", "1")) == 0


def _no_width(column: ElementTree.Element) -> bool:
    return "width" in column.attrib and float(column.get("width", "9")) == 0
