"""What a sheet's title and name say of the period, held against the claim.

In: texts above the header, the sheet's name. Out: the period that they name instead of the one reported.

What decides, the first that names any:

| piece | says |
| --- | --- |
| `报告期10月`, `所属期：2026年9月`, `10月数据`, `数据截至9月30日`, `本表为9月数` | of when the numbers are |
| any other that is no note: `2026年10月行政村党建月报表`, `（10月）` | of when they are, unless the one above says it |
| `2026年9月填报`, `报送月份：9月` | when it was sent: another period only where it lies before the one reported |
| `请报上月数据`, `注：9月已核`, `自2026年1月起执行` | nothing: a note |

A period without a year is of the year that the titles name where that is an earlier one: `2025年…月报表（10月）`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from qiangji.checking.headings import Piece, is_note, pieces
from qiangji.checking.period_texts import PERIOD, periods_in, plain_text
from qiangji.checking.title_things import is_of_a_thing, is_opening
from qiangji.errors import UsageError
from qiangji.periods import MONTHS_IN, Period
from qiangji.text import squeezed

_FROM = r"(?:1月?[-~—–至到])?"
_NUMBERS = r"的?(?:数据|数字|数|口径)"
_SUBJECT = (
    r"(?:[本此该全]表|表[中内]|以下|以上|上报|所[报填]|各[项村镇]|所有|全部|本[期月次]|的)*(?:数据|数字|数)?"
    r"(?:均|全部|都|暂时?|仍|先|只能|继续)*"
)
_STATED = re.compile(
    r".{0,6}?(?:报告期|(?:所)?属期|所属(?:时期|时段|期间|月份|季度|年度)|数据(?:所属)?(?:期|时间|时段|月份|期间|日期|年份)"
    r"|统计(?:期|时间|时段|月份|期间|区间|年度)|报告(?:月份?|时期|期间|季度|年度)|报表(?:期|时期|月份?))[间别内]?(?:均?为|是|系)?:?"
    r"(?=截|\d|[上下]半年|第|Q).*"
    rf"|(?:本表|以下|上报|报送|填报)?{_FROM}{PERIOD}{_NUMBERS}(?:填报|上报|报送)?"
    rf"|{_SUBJECT}(?:为|是|系|用|按|以|采用|沿用|(?<=[暂仍先])[填上]?报)"
    rf"{_FROM}{PERIOD}{_NUMBERS}?(?:填报|上报|报送)?"
    rf"|(?:{_SUBJECT}统计|报告|{_SUBJECT})(?:截[至止]|截)[至到]?:?{PERIOD}[止]?"
)
_SENT = re.compile(
    rf"(?P<behind>{PERIOD})(?:填报|报送|上报|填写|填制|填表|呈报|报出|送报)(?!单位|人|时间|日期|月份)"
    rf"|(?:填报|报送|上报|填表|填写|制表|编制|审核)人?(?:月份|季度|于|:)+(?P<before>{PERIOD})"
)
_DAY = re.compile(r"\d[日号]|20\d\d[-./]\d{1,2}[-./]\d")
_A_REPORT = re.compile("[报表]|情况|统计|台账|月份")
_LONGER = re.compile(r"季|半年|Q\d|[-~—–至到]\d{1,2}月")
"""A quarter, a half, a range of months: nobody gives the time of writing so."""
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def other_period(texts: Iterable[str], period: Period, own: Iterable[str] = ()) -> str | None:
    """The period that a title names instead of this one; None where it names this one, or none.

    The month after, alone in a cell, is when the report was written. `own`: the form's titles.
    """
    for said in _readings(texts, period, own):
        if str(period) in said:
            return None
        if said:
            return said[0]
    return None


def is_named(texts: Iterable[str], period: Period, own: Iterable[str] = ()) -> bool:
    """Whether a title names this period."""
    return any(str(period) in said for said in _readings(texts, period, own))


def _readings(texts: Iterable[str], period: Period, own: Iterable[str]) -> Iterator[list[str]]:
    """The periods that the texts name, by what decides, the strongest first."""
    texts, own = list(texts), list(own)
    titles = tuple(filter(None, map(squeezed, own)))
    has_title = any(title in squeezed(text) for title in titles for text in texts)
    found = [
        piece
        for piece in pieces(texts, own)
        if not is_opening(piece.text, period) and not is_of_a_thing(piece.text, period, has_title=has_title)
    ]
    names = [piece for piece in found if not piece.is_note and not is_note(plain_text(piece.text, period))]
    year = _year_of(names, period)
    yield _stated(found, period, year)
    yield _named(names, period, year)
    yield _sent(found, period)


def _stated(found: Iterable[Piece], period: Period, year: Period) -> list[str]:
    """Periods of which a piece says that the numbers are of them."""
    texts = (piece.text for piece in found)
    stated = (text for text in texts if _STATED.fullmatch(plain_text(text, period)))
    return [said for text in stated for said in _read(text, period, year)]


def _named(names: Iterable[Piece], period: Period, year: Period) -> list[str]:
    named = list[str]()
    for piece in names:
        text = _without_sending(piece.text, period)
        plain = plain_text(text, period)
        named += (
            said
            for said in _read(text, period, year)
            if said != str(period + 1) or _A_REPORT.search(piece.cell) or _LONGER.search(plain)
        )
    own_year = (str(period.year), f"{period.year}年", f"{period.year}年度")
    if any(squeezed(piece.text) in own_year for piece in names):
        return [said for said in named if not said.isdigit() or said == str(period)]
    return named


def _sent(found: Iterable[Piece], period: Period) -> list[str]:
    """Periods before the one reported in which a report was sent: it was that of an earlier one."""
    sent = list[str]()
    for piece in (piece for piece in found if not piece.is_note):
        for match in _SENT.finditer(plain_text(piece.text, period)):
            said = match["behind"] or match["before"]
            if not _DAY.search(said):
                sent += (s for s in periods_in(said, period) if _is_before(s, period))
    return sent


def _is_before(said: str, period: Period) -> bool:
    try:
        return Period.parse(said).last_month < period.last_month
    except UsageError:
        return False


def _without_sending(text: str, period: Period) -> str:
    plain = plain_text(text, period)
    left = _SENT.sub("", plain)
    return text if left == plain else left


def _read(text: str, period: Period, year: Period) -> Iterator[str]:
    """The periods in a text; one without a year is of the titles' year."""
    return periods_in(text, period if _YEAR.search(plain_text(text, period)) else year)


def _year_of(names: Sequence[Piece], period: Period) -> Period:
    """The period in the year that the titles name, where they name an earlier one than the period's alone."""
    said = {int(year) for piece in names for year in periods_in(piece.text, period) if year.isdigit()}
    said = {year for year in said if year < period.year}
    if len(said) != 1 or any(str(period.year) in plain_text(piece.text, period) for piece in names):
        return period
    return period - (period.year - said.pop()) * (12 // MONTHS_IN[period.type])
