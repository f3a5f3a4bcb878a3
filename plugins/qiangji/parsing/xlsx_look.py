"""How a workbook shows a sheet's cells: hidden rows and columns, number formats that divide what they show.

In: the parts of a workbook and a sheet's name. Out: `Look`. The values are read by `xlsx_file`; this tells what a
person who looks at the sheet sees otherwise.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from qiangji.parsing.grid import Look
from qiangji.parsing.xlsx_cells import Parts, cell_place, is_true, local_name, row_number

_HIDES = re.compile(rb"\shidden\s*=|\sht\s*=\s*[\"']0(?:\.0+)?[\"']")
_LITERAL = re.compile(r"\"([^\"]*)\"|[\\!](.)|_.|\*.|\[[^\]]*\]")
MAX_COLUMNS = 16_384


def look_of(parts: Parts, sheet: str) -> Look:
    """How the sheet looks. A part that cannot be read says nothing: whoever reads the cells tells what is wrong."""
    try:
        content, scales = parts.sheet(sheet), _scales(parts)
        if not scales and not _HIDES.search(content):
            return Look()
        return _look(content, scales)
    except (KeyError, ElementTree.ParseError, ValueError):
        return Look()


def divisor_of(code: str) -> int:
    """By how much a number format divides what it shows; 1 for most. `0.0,` 1000; `0!.0,` 10000; `0\\.0000` 10000."""
    return max((_divisor(section) for section in _sections(code)), default=1)


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


def _scales(parts: Parts) -> dict[str, int]:
    """Style of a cell (its number, as text) -> its divisor, for styles that divide."""
    content = parts.styles()
    if content is None:
        return {}
    root = ElementTree.fromstring(content)
    divisors = {
        e.get("numFmtId", ""): d
        for e in root.iter()
        if local_name(e) == "numFmt" and (d := divisor_of(e.get("formatCode", ""))) > 1
    }
    formats = next((e for e in root.iter() if local_name(e) == "cellXfs"), None)
    if not divisors or formats is None:
        return {}
    return {str(i): divisors[n] for i, xf in enumerate(formats) if (n := xf.get("numFmtId", "")) in divisors}


def _look(content: bytes, scales: dict[str, int]) -> Look:
    hidden, columns, scaled = set[int](), set[int](), dict[tuple[int, int], set[int]]()
    row = column = -1
    for event, element in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        tag = local_name(element)
        if event == "start" and tag == "row":
            row, column = row_number(element, row), -1
            if is_true(element.get("hidden")) or _no_height(element):
                hidden.add(row + 1)
        elif event == "start" and tag == "col" and is_true(element.get("hidden")):
            first, last = int(element.get("min", "1")), int(element.get("max", "0"))
            columns.update(range(first - 1, min(last, MAX_COLUMNS)))
        elif event == "end" and tag == "c" and scales:
            row, column = cell_place(element, row, column)
            if divisor := scales.get(element.get("s", "")):
                scaled.setdefault((column, divisor), set()).add(row + 1)
        if event == "end" and tag == "row":
            element.clear()
    return Look(frozenset(hidden), frozenset(columns), {k: frozenset(v) for k, v in scaled.items()})


def _no_height(row: ElementTree.Element) -> bool:
    return is_true(row.get("customHeight")) and float(row.get("ht", "1")) == 0
