"""A town's name above the rows of its units, or beside its subtotal: `大泽镇`, `一 | | 大泽镇`, `二、大泽镇（20个村）`.

In: the texts of a row that has no unit's code. Out: the town's name or code that it has in place of a unit's.
"""

from __future__ import annotations

import re

from qiangji.parsing.headers import Columns
from qiangji.parsing.reading import Reading
from qiangji.text import squeezed

_LEVEL = re.compile(
    r".{1,12}(?:镇|乡|街道(?:办|办事处)?|办事处|开发区|高新区|(?<![社小])区|县|市)[:：]?|[0-9]{6}(?:[0-9]{3})?"
)
_PLACE_IN_LIST = re.compile(
    r"^[(]?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3}|[IVX]{1,4})(?:[)][、.]?|[、.]|$)|[(](?:共|含|合计)?[0-9]{1,3}个?(?:[村组]|社区)?[)]$"
    r"|[,:]?(?:共|合计|下?辖)[0-9]{1,3}个?(?:行政村|[村组]|社区)$"
)
"""What numbers a heading, or counts the units beneath it: `二、大泽镇`, `大泽镇（20个村）`, `大泽镇共20个村`."""
_IN_BRACKETS = re.compile(r"[(\[【]([^()\[\]【】]+)[)\]】]")


def heading_of(row: list[str], columns: Columns, reading: Reading) -> str | None:
    """The town's name or code that a row has in place of a unit's of a form beneath towns; None without."""
    key, name = row[columns.key], "" if columns.name is None else row[columns.name]
    if reading.form.grain not in ("village", "community", "group"):
        return None
    if key and not (_LEVEL.fullmatch(_unnumbered(key)) and key not in reading.crosswalk):
        return None
    others = (row[i] for i in columns.labels if i not in (columns.key, columns.name))
    texts = [_unnumbered(key), *(_unnumbered(text) for text in (name, *others) if not text.isdecimal())]
    found = [text for text in texts if text]
    return found[0] if found and all(map(_LEVEL.fullmatch, found)) else None


def _unnumbered(text: str) -> str:
    """A text, squeezed, without its place in a list and the number of units beneath it. A code stays."""
    plain = _PLACE_IN_LIST.sub("", squeezed(text))
    return found[1] if (found := _IN_BRACKETS.fullmatch(plain)) and not found[1].isdecimal() else plain
