"""What a title leaves open of the period: too little to return a report, too much to pass over it.

In: texts above the header or the sheet's name, the period, the form's titles. Out: the words that are asked about.

| piece | asked about |
| --- | --- |
| `9月修改`, `9月版`, `2026年9月制表`, `第9期` above October's rows | where no piece names the period reported |
| `填报日期：2026年9月28日`, before the period has begun | always; a day within the period says nothing |
| `编制日期：2026年9月30日`, `报表日期`, `日期`: may be that of the form | where no piece names the period |
| `数据同9月`, `党员数据截至9月30日`, `数据更新至9月底` | always |
| `…月报表9`, `…月报表（09）`: a number behind the form's own title that is another month's | where no piece names it |
| `（8月）`, `2026年7-8月` above a form of quarters: a part of it | where no piece names the quarter |
| `行政村党建年报表`, `（半年报）` above a form of months | always |

A month with its year is that of a rule: `2026年9月修订`. `…表2` may be the second of several.
`sample` finds a sheet that says that it is none to be sent: `（样表）`, `示例`, `草稿`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qiangji.checking.headings import Piece, pieces
from qiangji.checking.period_texts import PERIOD, in_full
from qiangji.checking.titles import is_named
from qiangji.periods import MONTHS_IN, Period
from qiangji.text import in_arabic, squeezed

_WHEN = (
    r"(?:(?P<year>(?<!\d)20\d\d)[年./-])?"
    r"(?:第?(?P<quarter>[1-4])季度?|(?P<month>(?<!\d)\d{1,2})(?:月份?|(?<=\d)[./-](?=\d))(?:\d{1,2}[日号]?)?+)"
)
_WRITTEN = re.compile(
    rf"{_WHEN}(?:(?P<prepared>制表)|修[改订正]|更[新正]|改|版|已?审[核定]?|已核[对定]?|[定终]稿)[版稿后]?"
)
_FILLED_IN = re.compile(
    r"(?:填[报表写制]|编报|制表|报送|上报|报出|呈报|导出|打印|审核)(?:的?(?:日期|时间):?|于|:)"
    rf"{_WHEN}(?:\d{{1,2}}:\d\d[:\d]*)?(?![\d前起]|之前|以前|底前|[-~—–至到])"
)
_DATED = re.compile(
    rf"(?:(?:编制|报表|制作)?(?:日期|时间)|(?:统计|数据)?截[至止](?:日期|日|时间|时点)):{_WHEN}(?:\d{{1,2}}:\d\d[:\d]*)?[底末止]?"
)
"""The day of the report, or on which somebody made it or the form."""
_OF_OTHERS = re.compile(
    rf"[^不未已]{{0,8}}(?:数据|数字|数)(?:均|都|仍|暂)?(?:同|(?:统计)?(?:截[至止]到?|更新[至到])){_WHEN}(?:[底末止]|的?数据?)*"
)
_ISSUE = re.compile(r"第(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})期")
_KIND = re.compile(
    r"(?P<before>|.*[^\d〇零一二三四五六七八九十半上本当去前每])(?P<said>(?P<kind>半年|年|季|月)度?报表?)"
)
_NUMBERED = re.compile(r"(?<![(\[【])表[-_]?(?:(?P<bare>\d{1,2})|[(\[【](?P<number>\d{1,2})[)\]】])$")
_A_PART = re.compile(
    r"(?:.*表)?[-_:]?(?P<said>(?:(?P<year>20\d\d)年)?(?:\d{1,2}月?[-~—–至到])?(?P<month>\d{1,2})月份?)"
    r"(?:的?(?:数据|数字|数)|累计数?)?(?:.*表)?"
)
_WHOLE = re.compile(r"季|Q\d|半年")
_OF_A_COPY = 3
"""Up to this number the one behind a title may be that of a part or a copy: `月报表2`."""
_SAMPLE = re.compile(
    r"(?:.*表)?[-_:、]?(?P<said>(?:填[报写表])?(?:样表|样例|样张|[样式]样|样式|示例|范例|例表)表?|(?:空白?)?模[板版]|(?:空白|空)表"
    r"|草[稿表]|初稿|讨论稿|征求意见稿|测试(?:用|数据)?表?|试填(?:数据)?|演示(?:用|数据)?|模拟(?:数据)?|培训用?)[-_:、]?(?:.{0,12}表)?"
)
_SPEAKS_OF = re.compile("^和|同时|[加增兼]报?$|以.*代$|[取与同比较照据按以附见依由含:]")
_KINDS = {"半年": "half", "年": "year", "季": "quarter", "月": "month"}
_NAMED = re.compile(PERIOD)
_LATE = 5
"""Months after a period in which its report may still be written: a month without a year is one of these, or before."""


def sample(texts: Iterable[str], period: Period, own: Iterable[str] = ()) -> str:
    """The word that says that a sheet is a sample, a draft or a template; '' if none."""
    found = (piece for piece in pieces(texts, own) if not piece.is_note)
    said = (_SAMPLE.fullmatch(_NAMED.sub("", in_full(piece.text, period))) for piece in found)
    return next((match["said"] for match in said if match), "")


def left_open(
    texts: Iterable[str],
    period: Period,
    own: Iterable[str] = (),
    beside: Iterable[str] = (),
    *,
    is_tab: bool = False,
) -> str:
    """The words that leave open of which period the sheet is; '' if none. `beside`: other texts that may name it;
    `is_tab`: the text is a sheet's name, where a number is that of a copy.
    """
    texts, own = list(texts), list(own)
    found = pieces(texts, own)
    asked = (_of_before(piece, period) or _of_another_type(piece, period, own) for piece in found)
    if said := next(filter(None, asked), ""):
        return said
    if said := _of_a_part(found, period):
        return said
    names = [piece for piece in found if not piece.is_note]
    versions = (
        _of_a_version(piece, period) or ("" if is_tab else _of_a_number(piece, period, texts, own))
        for piece in names
    )
    said = next(filter(None, versions), "")
    return "" if said and is_named((*texts, *beside), period, own) else said


def _of_before(piece: Piece, period: Period) -> str:
    """A day of filling in before the period has begun; numbers that are said to be those of a period before."""
    text = in_full(piece.text, period)
    filled_in = None if piece.is_note else _FILLED_IN.search(text)
    match = filled_in or _OF_OTHERS.fullmatch(text)
    return match[0] if match and _is_before(match, period) else ""


def _of_a_version(piece: Piece, period: Period) -> str:
    text = in_full(piece.text, period)
    dated = _DATED.fullmatch(text)
    if dated and _is_before(dated, period):
        return text
    written = _WRITTEN.fullmatch(text)
    if written and (written["prepared"] or not written["year"]):
        return text if _is_before(written, period) else ""
    issue = _ISSUE.fullmatch(text)
    in_a_year = 12 // MONTHS_IN[period.type]
    if not issue or in_a_year == 1:
        return ""
    number = int(in_arabic(issue["number"]))
    return text if number <= in_a_year and number != period.index % in_a_year + 1 else ""


def _of_a_number(piece: Piece, period: Period, texts: Iterable[str], own: Iterable[str]) -> str:
    """The number of another month behind the form's own title; up to 3, without a zero, that of a part or a copy."""
    found = _NUMBERED.search(piece.cell) if period.type == "month" else None
    number = (found["bare"] or found["number"]) if found else "0"
    if not found or not 1 <= int(number) <= 12 or int(number) == period.start.month:
        return ""
    titles = tuple(map(squeezed, own))
    named = (text for text in texts if any(title in squeezed(text) for title in titles))
    is_behind = any(piece.cell == other.cell for text in named for other in pieces([text], own))
    return found[0] if is_behind and (number.startswith("0") or int(number) > _OF_A_COPY) else ""


def _of_a_part(found: Iterable[Piece], period: Period) -> str:
    """A month before the last one of a longer period, where no piece names the whole of it."""
    names = [in_full(piece.text, period) for piece in found if not piece.is_note]
    if period.type not in ("quarter", "half") or any(map(_WHOLE.search, names)):
        return ""
    for part in filter(None, map(_A_PART.fullmatch, names)):
        year, month = int(part["year"] or period.year), int(part["month"])
        if year == period.year and period.start.month <= month < period.end.month:
            return part["said"]
    return ""


def _is_before(match: re.Match[str], period: Period) -> bool:
    """Whether the month, or the last of the quarter, lies before the period's first."""
    month = int(match["month"] or 3 * int(match["quarter"]))
    if not 1 <= month <= 12:
        return False
    if match["year"]:
        return (int(match["year"]), month) < (period.start.year, period.start.month)
    return (month - period.start.month) % 12 >= min(MONTHS_IN[period.type] + _LATE, 12)


def _of_another_type(piece: Piece, period: Period, own: Iterable[str]) -> str:
    """The kind of report of another type of period: `年报表` above a form of months."""
    found = None if piece.is_note else _KIND.fullmatch(squeezed(piece.text))
    if not found or _KINDS[found["kind"]] == period.type or _SPEAKS_OF.search(found["before"]):
        return ""
    is_own = re.compile(rf"(?<!半){found['kind']}度?报")
    return "" if any(is_own.search(squeezed(title)) for title in own) else found["said"]
