"""What a title leaves open of the period: too little to return a report, too much to pass over it.

In: texts above the header or the sheet's name, the period, the form's titles. Out: the words that are asked about.

| piece | asked about |
| --- | --- |
| `9月修改`, `9月版`, `2026年9月制表`, `第9期` above October's rows | where no piece names the period reported |
| `填报日期：2026年9月28日`, before the period has begun | always; a day within the period says nothing |
| `数据同9月`, `党员数据截至9月30日`, `数据更新至9月底` | always |
| `行政村党建年报表`, `（半年报）` above a form of months | always |

A month with its year is that of a rule: `2026年9月修订`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qiangji.checking.headings import Piece, pieces
from qiangji.checking.period_texts import in_full
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
    r"(?:填[报表写制]|制表|报送|上报|报出|呈报|导出|打印|审核)(?:的?(?:日期|时间):?|于|:)"
    rf"{_WHEN}(?:\d{{1,2}}:\d\d[:\d]*)?(?![\d前起]|之前|以前|底前|[-~—–至到])"
)
_OF_OTHERS = re.compile(
    rf"[^不未已]{{0,8}}(?:数据|数字|数)(?:均|都|仍|暂)?(?:同|(?:统计)?(?:截[至止]到?|更新[至到])){_WHEN}(?:[底末止]|的?数据?)*"
)
_ISSUE = re.compile(r"第(?P<number>\d{1,2}|[一二三四五六七八九十]{1,3})期")
_KIND = re.compile(
    r"(?P<before>|.*[^\d〇零一二三四五六七八九十半上本当去前每])(?P<said>(?P<kind>半年|年|季|月)度?报表?)"
)
_SPEAKS_OF = re.compile("^和|[与同比较照据按以附见依由含:]")
_KINDS = {"半年": "half", "年": "year", "季": "quarter", "月": "month"}
_LATE = 5
"""Months after a period in which its report may still be written: a month without a year is one of these, or before."""


def left_open(
    texts: Iterable[str], period: Period, own: Iterable[str] = (), beside: Iterable[str] = ()
) -> str:
    """The words that leave open of which period the sheet is; '' if none. `beside`: other texts that may name it."""
    texts, own = list(texts), list(own)
    found = pieces(texts, own)
    asked = (_of_before(piece, period) or _of_another_type(piece, period, own) for piece in found)
    if said := next(filter(None, asked), ""):
        return said
    versions = (_of_a_version(piece, period) for piece in found if not piece.is_note)
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
    written = _WRITTEN.fullmatch(text)
    if written and (written["prepared"] or not written["year"]):
        return text if _is_before(written, period) else ""
    issue = _ISSUE.fullmatch(text)
    in_a_year = 12 // MONTHS_IN[period.type]
    if not issue or in_a_year == 1:
        return ""
    number = int(in_arabic(issue["number"]))
    return text if number <= in_a_year and number != period.index % in_a_year + 1 else ""


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
