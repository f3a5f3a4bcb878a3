"""Number formats of a workbook that change what a number says: percent, codes, persons' numbers.

In: the workbook's styles part, a sheet's cells. Out: a number as the percentage that its cell shows: 0.125 under the
format `0.0%` as `12.5%`; a code as its cell shows it: 1203 under `"440705"000000` as `440705001203`. So it says the
same as in the CSV that a spreadsheet program saves, with all its digits. What shows a person's number is read as it is
shown, so that it is found; nothing else that a format writes beside a number is.
"""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree

from qiangji.personal_data.numbers import number_in

_BUILT_IN = {9: "0%", 10: "0.00%"}
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)
"""What a format shows as it is, or does not show: texts, escaped characters, widths, fillings, colours."""
_OF_CODE = re.compile(
    r'"(?P<text>[^"]*)"|[\\!](?P<one>.)|(?P<bare>-)|(?P<digits>[0#]+|General|G/通用格式|@)|_.|\[\$-[^\]]*\]',
    re.IGNORECASE,
)
_CODE_BEGINS = 6
_SECTIONS = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_OF_NUMBER = re.compile(
    r'"(?P<text>[^"]*)"|[\\!](?P<one>.)|_.|\*.|\[[^\]]*\]|(?P<digits>[0#?]+|General|G/通用格式|@)|,|(?P<day>[.ymdhse])'
    r"|(?P<bare>.)",
    re.IGNORECASE | re.DOTALL,
)
_MOST_SHOWN = 10**18


def formats_of(styles: bytes) -> dict[str, str]:
    """Style number of cells -> its number format, '' of one that is not known. Raises ElementTree.ParseError."""
    root = ElementTree.fromstring(styles)
    formats = dict(_BUILT_IN)
    for element in root.iter():
        number, code = element.get("numFmtId", ""), element.get("formatCode")
        if _name(element) == "numFmt" and code is not None and number.isdecimal():
            formats[int(number)] = code
    cells = next((e for e in root if _name(e) == "cellXfs"), ())
    numbers = [x.get("numFmtId", "") for x in cells if _name(x) == "xf"]
    return {str(i): formats.get(int(n), "") if n.isdecimal() else "" for i, n in enumerate(numbers)}


def sections_of(code: str) -> list[str]:
    """The sections of a number format: above zero, below, zero, text; a semicolon in quotes parts none."""
    return _SECTIONS.split(code)


def parts_of_code(code: str) -> tuple[str, ...]:
    """The parts of a format's first section, where it writes the beginning of a code (six digits at least, as a
    county's), or a hyphen within one; nothing of any other format, nor of one that writes a person's number. A run of
    digits is as it is in the format.
    """
    section, parts, at = code.partition(";")[0], list[str](), 0
    while at < len(section):
        if not (token := _OF_CODE.match(section, at)):
            return ()
        text = next((t for t in (token["text"], token["one"], token["bare"]) if t is not None), None)
        parts.append(f"={text}" if text is not None else token["digits"] or "")
        at = token.end()
    shape = "".join(part[1:] if part.startswith("=") else "D" for part in parts if part)
    is_split = shape == "D-D" and len(parts[0]) >= _CODE_BEGINS
    is_begun = re.fullmatch(rf"[0-9]{{{_CODE_BEGINS},}}-?D", shape)
    is_code = (is_split or is_begun) and not any(number_in(part) for part in parts)
    return tuple(filter(None, parts)) if is_code else ()


def parts_of_number(code: str) -> tuple[tuple[str, ...], ...]:
    """The parts of each section of a format that writes digits beside a number: what it shows may be a person's."""
    sections = (_parts_beside(section) for section in sections_of(code)[:4])
    return tuple(parts for parts in sections if parts)


def _parts_beside(section: str) -> tuple[str, ...]:
    parts = list[str]()
    for token in _OF_NUMBER.finditer(section):
        if token["day"]:
            return ()
        text = next((t for t in (token["text"], token["one"], token["bare"]) if t is not None), None)
        parts.append(f"={text}" if text is not None else (token["digits"] or "").replace("?", "#"))
    written = "".join(part for part in parts if part.startswith("="))
    has_place = any(part and not part.startswith("=") for part in parts)
    return tuple(filter(None, parts)) if has_place and re.search("[0-9]", written) else ()


def as_number(value: object, sections: tuple[tuple[str, ...], ...]) -> object:
    """What a cell shows where that is a person's number (138 under `0"00138000"`), else the value as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    plain = value if isinstance(value, str) else abs(round(value)) if abs(value) < _MOST_SHOWN else 0
    shown = (str(as_code(plain, parts)) for parts in sections)
    return next((text for text in shown if number_in(text)), value)


def as_code(value: object, parts: tuple[str, ...]) -> object:
    """The code that a cell shows: a whole number, or a text of digits under `@`; anything else as it is."""
    runs = [part for part in parts if not part.startswith("=")]
    if isinstance(value, str):
        if runs != ["@"] or not re.fullmatch("[0-9-]+", value):
            return value
        return "".join(part[1:] if part.startswith("=") else value for part in parts)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or runs == ["@"]:
        return value
    if value < 0 or value != int(value):
        return value
    least = [run.count("0") for run in runs]
    left, shown = str(int(value)).zfill(sum(least)), list[str]()
    for part in reversed(parts):
        if part.startswith("="):
            shown.append(part[1:])
        else:
            width = len(left) if part == runs[0] and len(least) == 1 else least[-1]
            shown.append(left[-width:] if width else "")
            left = left[: len(left) - width]
            least.pop()
    return "".join(reversed(shown))


def shows_percent(code: str) -> tuple[bool, bool]:
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
