"""Ordinary words that begin with a surname: 尚未, 高档, 计划内, 单独建.

In: a Chinese text of two to four characters. Out: whether it is rather a word than a person's name. Both lists come
from `ordinary_words.txt`, read once when first asked for; its head says how it was made. A person may be called by such
a word, so nothing is asked here where a label asks for a person alone (姓名, 联系人).

| text | rather a word if |
| --- | --- |
| any | it is listed, or of the project's own words (`NO_NAMES`, `TRADE`): 余额, 农经 |
| any | a character behind the first is one that hardly any given name has: 尚缺, 申报中 |
| any | the first is seldom a surname, and fewer names than words have the second: 应参加, 经核实 |
| three characters | it begins with such a word and ends in one of `_TAILS`: 元旦前, 管理费 |
| four characters | it begins with such a word: 户籍人口 |
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from qiangji.personal_data.words import NO_NAMES, OF_THINGS, TRADE

_FILE = Path(__file__).with_name("ordinary_words.txt")
_TAILS = frozenset(
    "内外中前后时是为有无已未性度化率型式区体费户人员法线点会权表额建管办制量品款值类级期间大少多起止计贷处边高低好"
)
"""Characters that make another word of a word."""


class _Lists(NamedTuple):
    of_things: frozenset[str]
    among_things: frozenset[str]
    seldom_surnames: frozenset[str]
    words: frozenset[str]


@cache
def _lists() -> _Lists:
    lines = [line for line in _FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    words = frozenset(word for line in lines[3:] for word in line.split())
    return _Lists(frozenset(lines[0]) | OF_THINGS, frozenset(lines[1]), frozenset(lines[2]), words)


def is_ordinary(text: str) -> bool:
    """Whether a text that begins with a surname is rather a word than a name."""
    lists = _lists()
    if text in lists.words or text in NO_NAMES or text in TRADE or not lists.of_things.isdisjoint(text[1:]):
        return True
    if text[0] in lists.seldom_surnames and text[1] in lists.among_things:
        return True
    if len(text) == 3:
        return text[2] in _TAILS and is_ordinary(text[:2])
    return len(text) == 4 and is_ordinary(text[:2])
