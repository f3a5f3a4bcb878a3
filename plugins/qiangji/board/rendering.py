"""Data into HTML: templates, the numbers and marks in them, static files by their hash.

In: a page's frozen dataclass and its state. Out: a text. Nothing is worked out here that is a figure.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from qiangji.board import work
from qiangji.board.choosing import TYPES
from qiangji.board.indicator import Moved
from qiangji.board.overview import Figure
from qiangji.board.state import State
from qiangji.board.words import Words
from qiangji.figures import Row, comparison, contributing_words
from qiangji.figures.decomposing import EFFECTS
from qiangji.pipeline import read_catalogue
from qiangji.settings import settings
from qiangji.text import ends_of, in_full, in_hundredths

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
MARKS = {"green": "●", "yellow": "▲", "red": "■", "none": "○"}
"""The shape of a band: no reader has to tell colours apart."""


def page(template: str, state: State, heads: Mapping[str, str], **data: Any) -> str:
    """A page by its template. `heads`: the pages that its head leads to -> their names in `words`; `data`: what it
    shows.
    """
    words = Words(state.language)
    given = {
        "state": state,
        "current": state.page,
        "w": words,
        "navigation": [(name, words(title), state.to(name).url) for name, title in heads.items()],
        "is_simulated": settings().is_simulated,
        "forms": read_catalogue().forms,
    }
    return _templates().get_template(f"{template}.html").render(given | data)


@functools.cache
def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"static": static_url, "marks": MARKS, "types": TYPES}
    found.filters |= {
        "number": number, "ends": ends, "tone": tone, "signed": signed, "count": count, "moment": moment,
        "instant": instant, "field": field, "data": data, "bullet": bullet, "share_of": share_of, "after": after,
        "name_of": name_of, "part_name": contributing_words.name_of, "effects_shown": effects_shown,
    }  # fmt: skip
    found.globals |= work.GLOBALS
    found.filters |= work.FILTERS
    return found


# ---- numbers


def number(value: Decimal | None) -> str:
    """A value as `qiangji values` prints it; a dash for none."""
    return "–" if value is None else in_hundredths(value)


def signed(value: Decimal | None) -> str:
    """A change with its sign; a dash for none."""
    return "–" if value is None else comparison.signed(value)


def tone(row: Row) -> str:
    """Whether a change is for the better or the worse; '' where neither is, or it is too small to be seen."""
    change, direction = row["change"], row["direction"]
    if direction == "none" or signed(change).startswith("±"):
        return ""
    return "better" if (change > 0) == (direction == "up") else "worse"


def ends(row: Row) -> tuple[str, str]:
    """The values between which a figure moved, so that the change beside them can be seen in them."""
    before, after = row["value_before"], row["value"]
    if row["change"] is None:
        return number(before), number(after)
    return ends_of(before, after)


def count(value: Decimal | int | None) -> str:
    """A whole number with grouped thousands; restated ones may have a fraction."""
    if value is None:
        return "–"
    exact = Decimal(value)
    return f"{exact:,.0f}" if exact == exact.to_integral_value() else in_hundredths(exact)


def moment(value: datetime | None) -> str:
    """A time of the counties', to the minute."""
    return "–" if value is None else f"{value.astimezone(ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M}"


def instant(value: datetime) -> str:
    """A moment that figures are shown of, in full."""
    return in_full(value.astimezone(ZoneInfo(settings().timezone)))


def field(value: datetime | None) -> str:
    """A moment as a form's field holds it: all of it, so that sending the form again changes nothing."""
    return "" if value is None else in_full(value.astimezone(ZoneInfo(settings().timezone)), "T")


def effects_shown(moved: Moved) -> list[str]:
    """The effects that moved anything visibly; the first two in any case."""
    return [e for e in EFFECTS if e in EFFECTS[:2] or any(p.shown.of(e) for p in moved.parts)]


def name_of(code: str) -> str:
    """The name of a unit."""
    return read_catalogue().name_of(code)


def after(value: datetime) -> datetime:
    """The first moment in whole seconds at which what was shown from then on is shown."""
    return value.astimezone(ZoneInfo(settings().timezone)).replace(microsecond=0) + timedelta(seconds=1)


def data(value: Any) -> str:
    """JSON for a block of data in a page: no text in it can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


@dataclass(frozen=True)
class Bullet:
    """A bar of 100 units' width: the value, and marks for the path and the target."""

    value: float
    path: float
    target: float


def bullet(row: Row) -> Bullet | None:
    """Where value, path and target lie on one scale from 0; None without them."""
    if row.get("path") is None or row["value"] is None:
        return None
    parts = [float(row[k]) for k in ("value", "path", "target")]
    most = max(*parts, 0.0) or 1.0
    value, path, target = (round(max(part, 0.0) / most * 96, 1) for part in parts)
    return Bullet(value, path, target)


def share_of(row: Row, figures: Sequence[Figure]) -> float | None:
    """How long a figure's bar is in 100, beside those of the others: the longest is 100, and 0 is none."""
    if row["value"] is None:
        return None
    most = max((abs(f.row["value"]) for f in figures if f.row["value"] is not None), default=0)
    return round(float(100 * abs(row["value"]) / most), 1) if most else 0.0


# ---- static files


@functools.cache
def static_files() -> Mapping[str, tuple[Path, str]]:
    """Name in an address (with the hash of the content) -> the file and its media type."""
    return {
        f"{path.stem}.{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}": (
            path,
            MEDIA[path.suffix],
        )
        for path in sorted(STATIC.iterdir())
        if path.suffix in MEDIA
    }


@functools.cache
def static_url(name: str) -> str:
    """The address of a static file, relative to any page."""
    return next(f"static/{url}" for url, (path, _) in static_files().items() if path.name == name)
