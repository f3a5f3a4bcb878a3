"""Values as cells of a spreadsheet: for `--export`, the board's tables and exported files.

In: a value of a row. Out: what a cell, or a field of a CSV, holds. A text that a spreadsheet program could take for a
formula has an apostrophe in front. Times are the counties', without an offset; a list is one text.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from qiangji.parsing.returned import neutral

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def cell(value: Any, zone: str) -> Any:
    """A cell of a workbook: numbers and truth values as they are, times as the ones of `zone`."""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0) if value.tzinfo else value
    if isinstance(value, (list, tuple)):
        value = "; ".join(map(str, value))
    return neutral(_UNPRINTABLE.sub("", value)) if isinstance(value, str) else value


def in_csv(value: Any) -> Any:
    """A cell as a CSV writes it: `TRUE`, and decimals without an exponent."""
    if isinstance(value, bool):
        return str(value).upper()
    return format(value, "f") if isinstance(value, Decimal) else value
