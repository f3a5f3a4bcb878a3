"""Periods in a text as people write it: of a title, a sheet's name, a header.

In: a text, the period reported. Out: the periods that the text names, as `2026-09`. A day of filling in, a date until
which the form is valid and the month from which it is in force are none.

| written | names |
| --- | --- |
| `2026年9月(份)`, `26年9月`, `2026-09`, `202609`, `二〇二六年九月`, `1-9月`, `September 2026`, `Sep-26` | the month |
| `月份：9`, `报告期：9`; `季度：2`; `2026.9.1-9.30` | the month; the quarter; the month |
| `2026.8.26-2026.9.25`, `8月26日至9月25日`, `数据截至：9.30` | the month in which it ends |
| `（26.9）`, where 26 is the period's year or the one before | the month |
| `截至2026年9月25日`, and of days without a word the last of a month: `2026-9-30`, `30 September 2026` | its month |
| `2026年第三季度`, `三季度`, `2026Q3`; `上半年`, `下半年` | the quarter, the half |
| `2025年度`, `2025年…月报表`, `（2025年）`, `…表2025年`, of another year than the period's | the year |
| `2026年元月`, `2026年09`, `2026M09`, `2026_09`, `2026年第9期` | the month |
| `去年10月`, `上年第三季度`, `今年9月` | that of the year before, or of the period's |
| `自2026年1月起`, `2026年1月修订`, `版本2026-01`, `与2026年9月比较`, `2026年9月已核` | none |

Of a quarter a month is as good as the quarter that it lies in, but the month after it: that is when it is written.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from qiangji.errors import UsageError
from qiangji.periods import Period
from qiangji.text import in_arabic, squeezed, tidy

_CHINESE = re.compile(
    r"[〇零一二三四五六七八九十]+(?=[年月季日号])|(?<=第)[一二三四](?=季)|(?<=年第)[一二三四五六七八九十]+(?=期)"
)
_FIRST_MONTH = re.compile(r"(?<![\d十百千万亿美港欧日澳加])元月(?!均)")
_SAID_YEAR = re.compile(
    r"(?<![与比较同和])(?P<said>去年|上年|前年|今年|本年|当年)度?的?"
    r"(?=(?:\d{1,2}月|第?[1-4]季|[上下]半年)(?!.{0,6}(?:相比|比较|对比)))"
)
_YEARS_BACK = {"前年": 2, "去年": 1, "上年": 1}
_COUNTED_UNTIL = re.compile(
    r"(?:统计|数据|报告期)+截[至止](?:日期|时间|时点)?[:：]?"
    r"|^(?:[本全]表|各项)?截[至止](?:日期|日|时间|时点)[:：]?(?=(?:(?P<year>20\d\d)[年./-])?(?P<month>\d{1,2})[月./-])"
)
"""`截止日期` alone is the day of the data, unless it lies after the period: then it is that of sending."""
_ROMAN = {"IV季": "4季", "III季": "3季", "II季": "2季", "I季": "1季"}
_NOT_THE_PERIOD = re.compile(
    r"(?:有效期|(?<!统计)(?<!报告)(?<!数据)(?:日期|时间)|打印|导出|批准|备案|表号|编号|文号|号文|版次|时限|期限|〔).*"
)
PERIOD = (
    r"(?:(?<!\d)20\d\d(?:年度?|[-./_—–](?=[\dQ])|(?=Q))?(?:\d{1,2}(?!\d)月?份?|第?[1-4]季度?|[上下]半年|Q[1-4])?"
    r"|(?<![\d年./_—–-])\d{1,2}月份?|(?<![年\d])第?[1-4]季度?|(?<![年\d])[上下]半年)"
    r"(?:[-./—–]?\d{1,2}(?![\d月])[日号]?)?[底末初]?"
)
"""A month, quarter, half or year, and a day in it, in a plain text."""
_OF_A_RULE = re.compile(
    rf"(?:自|从|根据|依据|依照|参照|参考|对照|按照?|与|较|比|同|版本?号?:?V?|V){PERIOD}(?!的?(?:数|口径|情况|填|报|上报))"
    rf"|{PERIOD}(?:起|以来|以后|之后|以前|之前|前|开始|版|修|印|编|制|下发|发布|公布|施行|实施|执行|启用|使用|更新|换届|会议|通知|文件"
    r"|已|考核|新[表版]|旧)",
    re.IGNORECASE,
)
"""From when on a form or a rule holds, and what is spoken of beside the numbers."""
_END_OF_YEAR = re.compile(r"(?<!\d)(20\d\d)年[底末]")
_SHORT_YEAR = re.compile(r"(?<![\d.])['’]?(?P<y>[2-3]\d)年(?=度?(?:第?[1-4]季|\d{1,2}月|度))")
_SHORT_MONTH = re.compile(
    r"(?:^|(?<=[(\[【])|['’])(?P<y>[2-3]\d)(?P<sep>[-/.])(?P<m>0[1-9]|1[0-2])(?=$|[)\]】])"
)
_SHORT_AND_BARE = re.compile(r"(?:^|(?<=[(\[【表]))(?P<y>[2-3]\d)(?P<sep>[-/.])(?P<m>[1-9])(?=$|[)\]】])")
"""`26.9`: of the period's year or the one before alone, as it may be any number."""
_DAY_FIRST = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(20\d\d)(?!\d)")
_COMPACT_DAY = re.compile(r"(?<!\d)(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_MONTH_FIRST = re.compile(r"(?<![\dQq/.-])(0?[1-9]|1[0-2])[/.-](20\d\d)(?![\d/.-])")
_WHOLE_MONTH = re.compile(
    r"(?P<of>20\d\d年)?(?P<first>\d{1,2})月0?1[日号]?[-~—–至到](?P<to>20\d\d年)?(?:(?P<last>\d{1,2})月)?(?P<day>\d{1,2})[日号]"
)
"""`2026年9月1日至30日`: from the first of a month to a day."""
_DOTTED = re.compile(
    r"(?<![\d./-])(?P<of>20\d\d)(?P<sep>[./-])(?P<first>0?[1-9]|1[0-2])(?P=sep)0?1[-~—–至到]+(?:(?P<to>20\d\d)(?P=sep))?"
    r"(?P<last>0?[1-9]|1[0-2])(?P=sep)(?P<day>\d{1,2})(?![\d./])"
)
"""`2026.9.1-9.30`."""
_FROM_DAY_TO_DAY = re.compile(
    r"(?<![\d./-])(?:(?P<of>20\d\d)[年./-])?(?P<first>0?[1-9]|1[0-2])[月./-](?P<since>\d{1,2})[日号]?[-~—–至到]+"
    r"(?:(?P<to>20\d\d)[年./-])?(?P<last>0?[1-9]|1[0-2])[月./-](?P<day>\d{1,2})[日号]?(?![\d./-])"
)
"""`2026.8.26-2026.9.25`, `9.1-9.30`: a month that runs from the day after the last one's end."""
_UNTIL_DOTTED = re.compile(
    r"(?<=截)(?P<word>[至止]到?):?(?P<month>0?[1-9]|1[0-2])\.(?P<day>[0-3]?\d)(?![\d.%])"
)
_BARE = re.compile(
    r"(?P<label>月份|季度|期别|(?:报告|填报|统计|数据|报表|所属)月|(?:报告|所属|数据|统计|属)期[别间]?):?第?(?P<number>\d{1,2})(?=$|[,;)\]】])"
)
"""`月份：9`: a label says of what the number is, of the form's months or quarters else."""
_YEAR = r"(?P<year>(?<!\d)20\d\d)"
_A_YEAR = re.compile(r"(?<!\d)20\d\d(?=年|[^\d年]{0,16}表)")
_UNTIL = re.compile(r"(?:截至|截止|截|至|止于)(?:到)?$")
_SHORTEST = 28
_CUT_OFF = 15
"""From this day of a month on, a day until which something is counted stands for its month."""
_MONTHS = (
    re.compile(_YEAR + r"年(?:度)?(?:\d{1,2}月?(?:[-~—–至到]))?(?P<number>\d{1,2})月(?!份?\d)"),
    re.compile(_YEAR + r"[-/._—–](?P<number>0?[1-9]|1[0-2])(?![\d])(?![-/._—–]\d)"),
    re.compile(_YEAR + r"(?P<number>0[1-9]|1[0-2])(?!\d)"),
    re.compile(_YEAR + r"年?-?M(?P<number>0?[1-9]|1[0-2])(?![\da-z])", re.IGNORECASE),
    re.compile(_YEAR + r"年(?P<number>0?[1-9]|1[0-2])(?=$|[)\]】])"),
)
_ISSUE = re.compile(r"(?<!简报)(?<!通讯)(?<!通报)" + _YEAR + r"年度?第(?P<number>\d{1,2})期")
"""A report's number in its year; a bulletin has one of its own."""
_MONTH_ALONE = re.compile(
    r"(?<![\d年./_—–-])(?:\d{1,2}月?[-~—–至到])?(?P<number>[1-9]|1[0-2])月(?!份?\d)(?!前|后)(?:份|底|末)?"
)
_DAYS = (
    re.compile(
        _YEAR
        + r"(?:年|(?P<sep>[-/.]))(?P<number>\d{1,2})(?(sep)(?P=sep)|月)(?P<day>\d{1,2})(?!\d)[日号]?(?!前|之前|以前)"
    ),
    re.compile(r"(?<![\d年])(?P<number>\d{1,2})月(?P<day>\d{1,2})[日号](?!前|之前|以前)"),
)
_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_NAME = r"(?<![a-z])(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_ENGLISH = (
    re.compile(
        r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[ -]+)?"
        + _MONTH_NAME
        + r"(?:[ ,'’-]{0,3}(?P<year>20\d\d)|[ ]?['’-](?P<short>2\d))(?![\d:/])",
        re.I,
    ),
    re.compile(_MONTH_NAME + r" (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>20\d\d)", re.I),
    re.compile(r"(?<!\d)(?P<year>20\d\d)[ -]" + _MONTH_NAME + r"(?![a-z])", re.I),
)
_MONTH_IN_FULL = re.compile(
    r"(?<![a-z])(january|february|april|june|july|august|september|october|november|december)(?![a-z])", re.I
)
"""Without a year. Of March and May nobody can tell whether they are months."""
_QUARTERS = (
    re.compile(_YEAR + r"年(?:度)?(?:第|前)?(?P<number>[1-4])季"),
    re.compile(_YEAR + r"年?[-/.]?Q(?P<number>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<number>[1-4])[-/,.]?" + _YEAR, re.IGNORECASE),
)
_QUARTERS_ALONE = (
    re.compile(r"(?<![\d年])(?:第|前)?(?P<number>[1-4])季度?"),
    re.compile(r"(?<![\da-z])Q(?P<number>[1-4])(?![\da-z])", re.I),
)
_HALVES = (re.compile(r"(?:(?P<year>(?<!\d)20\d\d)年度?)?(?P<half>[上下])半年"),)
_YEARS = (re.compile(_YEAR + r"年(?:度|报)"),)
_OTHER_YEAR = re.compile(
    r"(?<![-~—–至到])(?P<year>(?<!\d)20\d\d)(?:年度|年?[^\d年版]{0,16}(?:[月季年]报|[表账]$|(?:情况|统计|台账|汇总)表?$))"
)
_YEAR_ALONE = re.compile(
    r"(?:[(\[【]|^)(?:报告期|年份|年度)?:?(?P<year>20\d\d)年?(?:$|(?=[,、;])|[)\]】](?!第?\d))"
    r"|[表账][-_—–]?(?P<behind>20\d\d)年?$"
)
"""A year in brackets of its own, alone in its cell, or at the end: not that of `国统字(2025)8号`."""
_ISSUED = re.compile("修订|印发|制定|版|计划|规划|行动|任务")


def periods_in(text: str, period: Period) -> Iterator[str]:
    """Periods in a text, as `2026-09`; one without a year is that of the period's year.

    Those of the period's type come first, then those of other types: a quarter's title above a month's report.
    """
    plain = plain_text(text, period)
    if period.type == "year":
        yield from _of_a_year(text, plain, period)
        return
    found = list(_within_a_year(text, plain, period))
    yield from found
    if not found and not _ISSUED.search(plain):
        alone = list(_years_alone(plain))
        years = [*(m["year"] for m in _OTHER_YEAR.finditer(plain)), *alone]
        yield from (y for y in years if y != str(period.year) and str(period.year) not in alone)


def _of_a_year(text: str, plain: str, period: Period) -> Iterator[str]:
    """Years that a text names, above a report of a year; what lies after it is when the report was written."""
    years = [m["year"] for m in _YEARS[0].finditer(plain)]
    if not _ISSUED.search(plain):
        years += [*(m["year"] for m in _OTHER_YEAR.finditer(plain)), *_years_alone(plain)]
    yield from years
    if not years:
        months = [*_months(plain, period), *_of_days(plain, period), *_english(text, period)]
        months += [Period.parse(q).last_month for q in _numbered(_QUARTERS, plain, period, "Q")]
        yield from (str(m.year) for m in months if m <= period.last_month)


def _within_a_year(text: str, plain: str, period: Period) -> Iterator[str]:
    """Months, quarters and halves that a text names, above a report of one of them."""
    months = [*_months(plain, period), *_of_days(plain, period), *_english(text, period)]
    quarters = list(_numbered(_QUARTERS, plain, period, "Q")) or list(
        _numbered(_QUARTERS_ALONE, plain, period, "Q")
    )
    if not quarters and period.type == "quarter":
        quarters = list(_numbered((_ISSUE,), plain, period, "Q"))
    if period.type == "quarter":
        yield from quarters
        if not quarters:
            written = period.last_month + 1
            yield from (str(m.as_type("quarter")) for m in months if m != written)
            yield from (f"{year}Q{2 if half == '上' else 4}" for year, half in _halves(plain, period))
        return
    if period.type == "half":
        halves = [f"{year}H{'上下'.index(half) + 1}" for year, half in _halves(plain, period)]
        yield from halves
        if not halves:
            written = period.last_month + 1
            yield from (str(m.as_type("half")) for m in months if m != written)
            yield from (str(Period.parse(q).as_type("half")) for q in quarters)
        return
    yield from map(str, months)
    if not months:
        yield from quarters
        yield from _half_years(plain, period)


def _years_alone(plain: str) -> Iterator[str]:
    return (m["year"] or m["behind"] for m in _YEAR_ALONE.finditer(plain))


@lru_cache(maxsize=512)
def plain_text(text: str, period: Period) -> str:
    """The text with arabic digits and whole years, without what is no period."""
    plain = _COUNTED_UNTIL.sub(lambda m: _of_the_data(m, period), in_full(text, period))
    plain = _FROM_DAY_TO_DAY.sub(_until_its_end, _WHOLE_MONTH.sub(_until, _DOTTED.sub(_until, plain)))
    plain = _UNTIL_DOTTED.sub(r"\g<word>\g<month>月\g<day>日", plain)
    plain = _BARE.sub(lambda m: f"{m['label']}:{_numbered_as(m['label'], int(m['number']), period)}", plain)
    plain = _OF_A_RULE.sub("", _NOT_THE_PERIOD.sub("", plain))
    is_of_years = period.type in ("half", "year")
    return _END_OF_YEAR.sub(
        lambda m: f"{m[1]}年12月" if is_of_years or int(m[1]) < period.year else m[0], plain
    )


@lru_cache(maxsize=512)
def in_full(text: str, period: Period) -> str:
    """The text with arabic digits and whole years, years before the months."""
    plain = _CHINESE.sub(lambda m: in_arabic(m[0]), squeezed(text).replace("○", "〇"))
    plain = _FIRST_MONTH.sub("1月", plain)
    plain = _SAID_YEAR.sub(lambda m: f"{period.year - _YEARS_BACK.get(m['said'], 0)}年", plain)
    for roman, quarter in _ROMAN.items():
        plain = plain.replace(roman, quarter)
    plain = _SHORT_YEAR.sub(r"20\g<y>年", plain)
    plain = _SHORT_MONTH.sub(r"20\g<y>-\g<m>", plain)
    plain = _SHORT_AND_BARE.sub(
        lambda m: f"20{m['y']}-0{m['m']}" if 0 <= period.year - int(f"20{m['y']}") <= 1 else m[0], plain
    )
    plain = _COMPACT_DAY.sub(r"\1-\2-\3", _DAY_FIRST.sub(_year_first, plain))
    return _MONTH_FIRST.sub(r"\2-\1", plain)


def _of_the_data(match: re.Match[str], period: Period) -> str:
    """A label of the day until which the data count as `截至`; that of a day after the period as it is."""
    month, year = int(match["month"] or 0), int(match["year"] or period.year)
    return match[0] if (year, month) > (period.end.year, period.end.month) else "截至"


def _until(match: re.Match[str]) -> str:
    """A range of days from the first of a month on, as the day until which it counts."""
    year = match["to"] or match["of"] or ""
    return f"截至{year}{'年' if year.isdigit() else ''}{match['last'] or match['first']}月{match['day']}日"


def _until_its_end(match: re.Match[str]) -> str:
    """The same of a range from any day on, where it ends on the day before; any other as it is."""
    since, day, year = int(match["since"]), int(match["day"]), match["to"] or match["of"] or ""
    if not (day == since - 1 and day >= _CUT_OFF) and not (since == 1 and day >= _SHORTEST):
        return match[0]
    if match["of"] and not match["to"] and int(match["last"]) < int(match["first"]):
        year = str(int(match["of"]) + 1)
    return f"截至{year}{'年' if year else ''}{match['last']}月{match['day']}日"


def _numbered_as(label: str, number: int, period: Period) -> str:
    """The month or quarter of a number behind a label."""
    is_quarter = label == "季度" or (period.type == "quarter" and "月" not in label and number <= 4)
    return f"第{number}季度" if is_quarter else f"{number}月"


def _months(plain: str, period: Period) -> Iterator[Period]:
    found = list(_numbered(_MONTHS, plain, period, "-"))
    if not found and period.type == "month":
        found = list(_numbered((_ISSUE,), plain, period, "-"))
    found += _numbered((_MONTH_ALONE,), plain, period, "-")
    yield from map(Period.parse, found)


def _of_days(plain: str, period: Period) -> Iterator[Period]:
    """Months of which a day is named until which the report counts; the day of writing names none."""
    found = list(_DAYS[0].finditer(plain)) or list(_DAYS[1].finditer(plain))
    for match in found:
        year = match.groupdict().get("year") or str(period.year)
        is_until = bool(_UNTIL.search(plain[: match.start()]))
        yield from _of_day(year, int(match["number"]), int(match["day"]), period, is_until=is_until)


def _of_day(year: str, month: int, day: int, period: Period, *, is_until: bool) -> Iterator[Period]:
    for said in _parsed(f"{year}-{month:02}"):
        is_last = day == calendar.monthrange(said.year, month)[1]
        is_after = said > period.last_month
        if (is_last and not (is_after and not is_until)) or (is_until and day >= _CUT_OFF):
            yield said


def _year_first(match: re.Match[str]) -> str:
    """`30/9/2026` and `9/30/2026` as 2026-9-30; as it is where nobody can tell day and month apart."""
    first, _, second, year = match.groups()
    if int(first) > 12:
        return f"{year}-{second}-{first}"
    return f"{year}-{first}-{second}" if int(second) > 12 else match[0]


def _english(text: str, period: Period) -> Iterator[Period]:
    found = list(_english_with_year(text, period))
    if not found and not any(pattern.search(tidy(text)) for pattern in _ENGLISH):
        for match in _MONTH_IN_FULL.finditer(tidy(text)):
            found += _parsed(f"{period.year}-{_NAMES.index(match[1][:3].lower()) + 1:02}")
    yield from found


def _english_with_year(text: str, period: Period) -> Iterator[Period]:
    for pattern in _ENGLISH:
        for match in pattern.finditer(tidy(text)):
            said, month = match.groupdict(), _NAMES.index(match["name"][:3].lower()) + 1
            year, day = said["year"] or f"20{said['short']}", said.get("day")
            if day:
                is_until = bool(
                    re.search(
                        r"(?:as of|until|to|through|ended|ending)\s*$", tidy(text)[: match.start()], re.I
                    )
                )
                yield from _of_day(year, month, int(day), period, is_until=is_until)
            else:
                yield from _parsed(f"{year}-{month:02}")


def _halves(plain: str, period: Period) -> Iterator[tuple[str, str]]:
    return ((m["year"] or str(period.year), m["half"]) for p in _HALVES for m in p.finditer(plain))


def _half_years(plain: str, period: Period) -> Iterator[str]:
    """A half of a year, unless the month is its last."""
    for year, half in _halves(plain, period):
        if str(period) != f"{year}-{'06' if half == '上' else '12'}":
            yield f"{year}年{half}半年"


def _numbered(patterns: Iterable[re.Pattern[str]], plain: str, period: Period, between: str) -> Iterator[str]:
    for match in (m for pattern in patterns for m in pattern.finditer(plain)):
        year = match.groupdict().get("year") or _year_before(plain[: match.start()], period)
        number = match["number"] if between == "Q" else f"{match['number']:0>2}"
        yield from map(str, _parsed(f"{year}{between}{number}"))


def _year_before(plain: str, period: Period) -> str:
    """The year of a month or quarter without one: the last that is said before it, else the period's."""
    return str((_A_YEAR.findall(plain) or [period.year])[-1])


def _parsed(text: str) -> Iterator[Period]:
    try:
        yield Period.parse(text)
    except UsageError:
        return
