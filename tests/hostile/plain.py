"""A second, plain reader of text files, without any of the package's code.

In: bytes, encoding. Out: key -> the row's values, typed as in the form; `NoValue` for an invalid one. The fuzzer
compares accepted rows with them.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

NAMES = {
    "编码": "village_code",
    "名称": "unit_name",
    "党员数": "members",
    "收入": "income",
    "是否": "ok",
    "日期": "day",
}
TRUE = {"是", "有", "true", "yes", "y", "t", "1", "1.0", "√", "✓", "✔"}
FALSE = {"否", "无", "false", "no", "n", "f", "0", "0.0", "×", "x", "✗", "✘"}
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


class NoValue:
    """Marks a cell that is no value of its type."""


def tidy(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).translate(INVISIBLE)).strip()


def number(text: str, places: int, none_is_zero: bool) -> Any:
    plain = re.sub("[−‐‑–]", "-", tidy(text))
    if re.fullmatch(r"[-‐‑–—―─−/\\]*", plain):
        return None
    if none_is_zero and plain == "无":
        return Decimal(0)
    if re.fullmatch(r"[+-]?[0-9](\.[0-9]+)?[eE]-([1-9][0-9]|[0-9]{3})", plain):
        return Decimal(0)
    if any(
        c not in "0123456789０１２３４５６７８９,，.．+＋-－−%％"
        and not c.isspace()
        and ord(c) not in INVISIBLE
        for c in text
    ):
        return NoValue
    found = re.fullmatch(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?(%?)", plain)
    if not found or (found[4] and not places):
        return NoValue
    with localcontext(prec=1000):
        value = Decimal(found[1] + found[2].replace(",", "") + (found[3] or "")) / (100 if found[4] else 1)
        near = value.quantize(Decimal(10) ** -places, ROUND_HALF_UP)
        fifteen = Context(prec=15, rounding=ROUND_HALF_UP).plus(value)
        if near != value and fifteen == fifteen.quantize(Decimal(10) ** -places):
            near = fifteen
        elif abs(near - value) >= Decimal("1e-9"):
            return NoValue
    return near + 0 if abs(near) < Decimal(10) ** (12 if places else 10) else NoValue


def day(text: str) -> Any:
    plain = tidy(text)
    if re.fullmatch(r"[-‐‑–—―─−/\\]*", plain):
        return None
    if re.fullmatch(r"[0-9]{5}(\.0+)?", plain):
        return date(1899, 12, 30) + timedelta(days=int(plain[:5]))
    plain = re.sub(
        r"(?i)(?<=[0-9日号])(\s|T|(?<=[日号]))(0{1,2}:00(:00(\.0+)?)?|12:00(:00)?\s?AM|上午\s?(12|00?):00(:00)?)$",
        "",
        plain,
    )
    plain = re.sub(r"\s?([-/.年月日号])\s?", r"\1", plain)
    found = re.fullmatch(
        r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})[日号]"
        r"|([0-9]{2})([0-9]{2}))",
        plain,
    )
    try:
        parts = [int(g) for g in (found.groups() if found else ()) if g and g.isdigit()]
        return date(*parts) if len(parts) == 3 else NoValue
    except ValueError:
        return NoValue


def truth(text: str) -> Any:
    plain = tidy(text).lower()
    if re.fullmatch(r"[-‐‑–—―─−/\\]*", plain):
        return None
    return True if plain in TRUE else False if plain in FALSE else NoValue


def code(text: str) -> Any:
    plain = tidy(text)
    return None if re.fullmatch(r"[-‐‑–—―─−/\\]*", plain) else plain


def key(text: str) -> Any:
    """A code; blanks and hyphens inside are none of it."""
    plain = code(text)
    bare = re.sub(r"[\s‐‑–—－-]+|\.0+$", "", plain or "")
    return bare if re.fullmatch("[0-9]{12}", bare) else plain


READ = {
    "village_code": key,
    "unit_name": code,
    "members": lambda t: number(t, 0, False),
    "income": lambda t: number(t, 4, True),
    "ok": truth,
    "day": day,
}


def rows_of_csv(content: bytes, encoding: str) -> list[dict[str, Any]]:
    text = content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else encoding)
    records = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    names = [name_of(h) for h in records[0]]
    return [typed(dict(zip(names, r, strict=False))) for r in records[1:] if any(c.strip() for c in r)]


def rows_of_ndjson(content: bytes) -> list[dict[str, Any]]:
    lines = [x for x in content.removeprefix(b"\xef\xbb\xbf").decode().split("\n") if x.strip()]
    records = [json.loads(x, parse_float=Decimal, parse_int=Decimal) for x in lines]
    return [typed({name_of(k): as_written(v) for k, v in r.items()}) for r in records]


def as_written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize() if value.is_finite() and abs(value.adjusted()) < 40 else value, "f")
    return value if isinstance(value, str) else json.dumps(value, default=str)


def name_of(header: str) -> str:
    plain = tidy(header).replace(" ", "")
    return NAMES.get(plain, plain)


def typed(row: dict[str, str]) -> dict[str, Any]:
    return {name: read(row.get(name) or "") for name, read in READ.items()}
