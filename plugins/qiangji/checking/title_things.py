"""What a text above a header says of another thing than the table: a list of units, the form, the numbers in January.

In: a piece of a text, squeezed. Out: whether it speaks of such a thing, so that the time in it is not the table's.

| piece | of |
| --- | --- |
| `换届后:2026年3月`, `统计用区划代码:2025年`, `行政区划截至2025年底` | what the units are |
| `国企名单:2026年6月`, `规上企业:2025年度名录` | a list, where a cell has the form's own title |
| `表样:2026年1月`, `江门市委组织部制:2026.1` | the form, made before the period before |
| `共有行政村55个` | what a sentence counts |
| `年初数为2025年12月31日数`, `年初未结案数取上年年报` | the numbers at the year's start, of the year before |

A period in brackets behind such a word belongs to it: `dated` makes one piece of both.
"""

from __future__ import annotations

import re

from qiangji.checking.period_texts import PERIOD, in_full, periods_in
from qiangji.periods import Period

_DIGIT = re.compile(r"\d")
_COUNTED = r"共有?[^()\[\]【】]{0,10}\d+[个条户人名家支]"
_UNITS = r"区划|(?:区划|城乡分类|单位|统一)代码|换届(?:后|时间|日期)?|年报数"
_OF_THE_FORM = r"(?:表[样式]|版式|式样)|(?:[部委办局处科室府会厅]|[编监印])制"
_LISTS = r"名[单录册]"
_DATED = re.compile(
    rf"((?:{_COUNTED}|{_UNITS}|{_OF_THE_FORM}|{_LISTS}))\s?"
    r"[(\[【](?=[^()\[\]【】表]*\d)([^()\[\]【】表据]{1,14})[)\]】]"
)
_MADE = re.compile(r"((?:[部委办局处科室府会厅]|[编监印])制) (?=20\d\d[年./-])")
_SINCE_A_DAY = re.compile(r"(截[至止]到?[^,，。()\[\]【】]{1,12})[,，](?=[全我各本]?[省市区县镇村]?共)")
_WHEN = rf"[:的]?(?:截[至止]到?)?{PERIOD}[版止]?"
_OF_A_THING = re.compile(
    rf"[^表]*(?:{_UNITS}|{_COUNTED}){_WHEN}|[^表报况]*{_COUNTED}[^表报况]*"
    rf"|{PERIOD}的?(?:全?[省市区县])?(?:行政|统计用)?(?:区划|城乡分类)(?:代码)?"
)
_MADE_IN = re.compile(rf".*(?:{_OF_THE_FORM}){_WHEN}")
_OF_A_LIST = re.compile(rf"[^表]*{_LISTS}{_WHEN}|[^表]*{PERIOD}[^表]*{_LISTS}")
_OPENING = re.compile(r"(?P<of>[年期季月]初)[^表,。]{0,12}?(?:[为是取按即指同系用填:=]|来自)+(?P<said>.+)")
_OF_THE_YEAR_BEFORE = (
    r"(?:12月(?:份|31[日号])?|第?[四4]季度?|年?度)?[底末终]?"
    r"(?:结转|期末|年报|决算|报表)?的?(?:数据|数字|数|值)?"
)


def dated(text: str) -> str:
    """The text with each such thing and the period in brackets behind it as one."""
    return _MADE.sub(r"\1:", _DATED.sub(r"\1:\2", _SINCE_A_DAY.sub(r"\1", text)))


def is_of_a_thing(text: str, period: Period, *, has_title: bool) -> bool:
    """Whether a piece says of when something else is. `has_title`: a cell has the form's own title.

    What was made or counted in the period before may be the sheet: `区委组织部制（2026年9月）` above October's rows.
    """
    plain = in_full(text, period)
    if not _DIGIT.search(plain):
        return False
    is_made = _MADE_IN.fullmatch(plain)
    if not (is_made or _OF_A_THING.fullmatch(plain) or (has_title and _OF_A_LIST.fullmatch(plain))):
        return False
    is_counted = re.search(_COUNTED, plain) and not re.search("截|[底末]", plain)
    return not (is_made or is_counted) or str(period - 1) not in periods_in(text, period)


def is_opening(text: str, period: Period) -> bool:
    """Whether a piece says that the numbers at the start of the year, or of the period, are those at its end before."""
    found = _OPENING.fullmatch(in_full(text, period)) if "初" in text else None
    if not found:
        return False
    before = period - 1
    years = rf"(?:上年|去年|上一年|{period.year - 1}(?:年|(?=[底末])))"
    day = rf"{period.year - 1}[-./]12[-./]31(?:数据|数)?"
    of_year = re.fullmatch(rf"{years}度?{_OF_THE_YEAR_BEFORE}|{day}", found["said"])
    month = rf"{before.end.year}年{before.end.month}月(?:{before.end.day}[日号]|[底末])?的?(?:数据|数)?"
    of_last = re.fullmatch(rf"上[期季月](?:期末|[末底])?数?|{month}", found["said"])
    return bool(of_year or (of_last and found["of"] != "年初"))
