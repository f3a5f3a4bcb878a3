"""Our additions to a workbook that went back to a county. The county may send it again without removing them.

In: texts and grids. Out: the names of our sheet and columns, a text made safe for a spreadsheet (`neutral`) and its
reverse (`undone`), and the county's explanations. `feedback` writes them; the reader passes over them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.text import INVISIBLE, tidy

SUMMARY_SHEET = "退回说明"
"""The sheet that lists all problems of a workbook; it is no form's."""
GUIDE_SHEET = "填表说明"
"""The sheet of a template that says how to fill it in; it is no form's either."""
OWN_SHEETS = frozenset((SUMMARY_SHEET, GUIDE_SHEET))
PROBLEM_HEADER, EXPLANATION_HEADER = "核查问题", "核查说明"
"""Our two columns: the problems of a row, and room for the county's explanation."""
PROBLEM_AUTHOR, TEMPLATE_AUTHOR = "报送核查", "强基报送"
OWN_AUTHORS = frozenset((PROBLEM_AUTHOR, TEMPLATE_AUTHOR))
"""Who our comments say that they are of."""
RETURNED_HEADERS = frozenset((PROBLEM_HEADER, EXPLANATION_HEADER))
MAX_EXPLANATION = 500

_NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?%?")
_ONLY_DASHES = re.compile(r"-+")
_LEADING = re.compile(rf"^[\s{INVISIBLE}]+")
_AWAY = (
    r"^'('*[\s\p{Z}\x{200b}-\x{200d}\x{2060}\x{feff}\x{ad}]*"
    r"[=+\-@\x{207a}\x{207c}\x{208a}\x{208c}\x{2a75}\x{2a76}\x{fb29}\x{fe62}\x{fe63}\x{fe66}\x{fe6b}＋－＝＠\t\r\n])"
)
"""RE2: an apostrophe that `neutral` put there, and the text behind it."""


def neutral(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet program could take it for a formula. Numbers stay.

    It decides after NFKC, and without leading blanks and invisible characters: programs differ in which they skip.
    `undone` removes the apostrophe.
    """
    inner = text.lstrip("'")
    plain = unicodedata.normalize("NFKC", inner)
    bare = _LEADING.sub("", plain).rstrip()
    if set(plain[: len(plain) - len(_LEADING.sub("", plain))]) & {"\t", "\r", "\n"}:
        return f"'{text}"
    if inner == text and (_NUMBER.fullmatch(bare) or _ONLY_DASHES.fullmatch(bare)):
        return text
    return f"'{text}" if bare[:1] in ("=", "+", "-", "@") else text


def undone(zone: pa.Table) -> pa.Table:
    """The cells without the apostrophes of `neutral`."""
    columns = [pc.replace_substring_regex(c, _AWAY, r"\1") for c in zone.columns]
    return pa.table(columns, names=zone.column_names).combine_chunks()


def explanations(column: pa.Array) -> Mapping[int, str]:
    """Position -> the county's explanation of that row, tidied, at most MAX_EXPLANATION characters."""
    at = pc.indices_nonzero(pc.is_valid(column))
    texts = ((i, tidy(column[i].as_py())[:MAX_EXPLANATION]) for i in at.to_pylist())
    return {i: text for i, text in texts if text}
