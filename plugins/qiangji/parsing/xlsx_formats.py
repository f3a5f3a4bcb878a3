"""Number formats of a workbook that change what a number says: percent.

In: the workbook's styles part, a sheet's cells. Out: a number as the percentage that its cell shows: 0.125 under the
format `0.0%` as `12.5%`. So it says the same as in the CSV that a spreadsheet program saves, with all its digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from xml.etree import ElementTree

_BUILT_IN = {9: "0%", 10: "0.00%"}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)
"""What a format shows as it is, or does not show: texts, escaped characters, widths, fillings, colours."""


def percent_styles(styles: bytes) -> Mapping[str, tuple[bool, bool]]:
    """Style number of cells -> whether it shows percent: of a number that is not below zero, and of one that is.

    Raises ElementTree.ParseError.
    """
    root = ElementTree.fromstring(styles)
    formats = dict(_BUILT_IN)
    for element in root.iter():
        number, code = element.get("numFmtId", ""), element.get("formatCode")
        if _name(element) == "numFmt" and code is not None and number.isdecimal():
            formats[int(number)] = code
    cells = next((e for e in root if _name(e) == "cellXfs"), ())
    found = {}
    for style, xf in enumerate(x for x in cells if _name(x) == "xf"):
        number = xf.get("numFmtId", "")
        shows = _shows_percent(formats.get(int(number), "") if number.isdecimal() else "")
        if any(shows):
            found[str(style)] = shows
    return found


def _shows_percent(code: str) -> tuple[bool, bool]:
    sections = _QUOTED.sub("", code).split(";")
    positive = "%" in sections[0]
    return positive, "%" in sections[1] if len(sections) > 1 else positive


def as_percentage(value: object, shows: tuple[bool, bool]) -> object:
    """The number as its percentage, in 15 significant digits; anything else, and one shown otherwise, as it is."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not shows[value < 0]:
        return value
    exact = Decimal(f"{value:.15g}")
    if not exact.is_finite() or exact.adjusted() > 30:
        return value
    text = format(exact * 100, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
