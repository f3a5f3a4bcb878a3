"""What a sheet's title and headers say, held against the claim: the period, and the units of numbers.

In: texts above the header, units in brackets behind headers, the form. Out: the period that a title names instead of
the one reported, and the units that are not the fields'. Texts of other things (a day of filling in, a date until which
the form is valid) name no period.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from qiangji.catalogue.models import Field
from qiangji.errors import UsageError
from qiangji.periods import Period
from qiangji.text import squeezed

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_CHINESE = re.compile(r"[〇零一二三四五六七八九十]+(?=[年月季])|(?<=第)[一二三四](?=季)")
_NOT_THE_PERIOD = re.compile(
    r"(?:有效期|(?<!统计)(?<!报告)(?<!数据)(?:日期|时间)|打印|导出|批准|备案|截至|截止|表号|编号|文号|号文|〔|日前|之前).*"
)
_YEAR = r"(?P<year>(?<!\d)20\d\d)"
_MONTHS = (
    re.compile(
        _YEAR + r"年(?:度)?(?:\d{1,2}月?(?:[-~—–至到]))?(?P<number>\d{1,2})月(?:份)?(?!\d{1,2}[日号])"
    ),
    re.compile(_YEAR + r"[-/.](?P<number>0?[1-9]|1[0-2])(?![\d])(?![-/.]\d)"),
    re.compile(_YEAR + r"(?P<number>0[1-9]|1[0-2])(?!\d)"),
)
_MONTH_ALONE = re.compile(
    r"(?<![\d年.-])(?:\d{1,2}月?[-~—–至到])?(?P<number>[1-9]|1[0-2])月(?:份)?(?!\d{1,2}[日号])(?!前|后|底)"
)
_QUARTERS = (
    re.compile(_YEAR + r"年(?:度)?(?:第)?(?P<number>[1-4])季"),
    re.compile(_YEAR + r"年?Q(?P<number>[1-4])", re.IGNORECASE),
)
_QUARTER_ALONE = re.compile(r"(?<![\d年])(?:第)?(?P<number>[1-4])季度?")
_YEARS = (re.compile(_YEAR + r"年(?:度|报)"),)
_A_REPORT = re.compile("[报表]|情况|统计|台账|月份")
_SCALES = {
    "": 1,
    "十": 10,
    "百": 100,
    "千": 1_000,
    "万": 10_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 10**8,
}
_SCALED = re.compile(r"^(百万|千万|十|百|千|万|亿)?(.+)$")
_UNIT_IN_TITLE = re.compile(
    r"单位[::]?[(（]?(?P<units>[^\s)）\]】(（]+)"
    r"|[(（【\[](?:[^()（）\[\]【】]{0,8}[::,，、])?(?P<money>(?:人民币)?(?:百万|千万|十|百|千|万|亿)?元)[)）\]】]"
)
"""`单位：千元`, `计量单位 千元`, `（金额：千元）`."""
_SPLIT = re.compile(r"[、,，/;；和及]")
_PERCENT = ("%", "‰", "百分比", "百分点")
_COUNTERS = (
    "人 名 个 位 户 家 次 人次 户次 场 场次 期 件 起 条 项 宗 批 届 篇 份 处 支 组 村 社区 镇 班 对 队 株 棵 台 辆 套"
    " 间 座 盏 所 头 只"
)
_COUNTED = frozenset(_COUNTERS.split())
_OF_FIELDS = {"ten_thousand_yuan": ("money", 10_000), "percent": ("percent", 1)} | dict.fromkeys(
    ("person", "household", "group", "village", "community", "unit", "item", "time", "tree"), ("count", 1)
)


# ---- the period


def other_period(texts: Iterable[str], period: Period) -> str | None:
    """The period of the same type that a title names instead of this one; None where it names this one, or none.

    The month after, alone in a cell, is when the report was written.
    """
    named: list[str] = []
    for text in texts:
        for said in periods_in(text, period):
            if said == str(period):
                return None
            if said != str(period + 1) or _A_REPORT.search(squeezed(text)):
                named.append(said)
    return named[0] if named else None


def periods_in(text: str, period: Period) -> Iterator[str]:
    """Periods of the period's type in a text, as `2026-09`; one without a year is that of the period's year."""
    plain = _NOT_THE_PERIOD.sub("", _CHINESE.sub(_arabic, squeezed(text).replace("○", "〇")))
    with_year, alone = {
        "month": (_MONTHS, _MONTH_ALONE),
        "quarter": (_QUARTERS, _QUARTER_ALONE),
        "year": (_YEARS, None),
    }[period.type]
    found = [m for pattern in with_year for m in pattern.finditer(plain)]
    if not found and alone is not None:
        found = list(alone.finditer(plain))
    for match in found:
        groups = match.groupdict()
        year, number = groups.get("year") or str(period.year), groups.get("number")
        said = {"month": f"{year}-{number or '':0>2}", "quarter": f"{year}Q{number}", "year": year}[
            period.type
        ]
        try:
            yield str(Period.parse(said))
        except UsageError:
            continue


def _arabic(match: re.Match[str]) -> str:
    """二〇二六 as 2026, 十 as 10, 十二 as 12, 九 as 9."""
    text = match[0]
    if text.startswith("十"):
        text = "1" + (text[1:] or "0")
    return text.replace("十", "").translate(_DIGITS)


# ---- units


@dataclass(frozen=True)
class OtherUnit:
    """A field whose numbers are said to be in another unit. `said`: as the sheet writes it; `in_title`: where."""

    field: str
    said: str
    in_title: bool


def other_units(
    texts: Iterable[str], headers: Mapping[str, str], fields: Mapping[str, Field]
) -> list[OtherUnit]:
    """Fields whose unit is another one by their header or by a title (`单位：元`), even where one of them is right."""
    found, in_titles = [], _units_in(texts)
    for name, field in fields.items():
        own = _OF_FIELDS.get(field.unit)
        if own is None or not field.is_number:
            continue
        header = measure_of(headers.get(name, ""))
        if header is not None and header != own:
            found.append(OtherUnit(name, headers[name], in_title=False))
            continue
        alike = {said: m for said, m in in_titles.items() if m[0] == own[0]}
        if alike and own not in alike.values():
            found.append(OtherUnit(name, next(iter(alike)), in_title=True))
    return found


def measure_of(unit: str) -> tuple[str, int] | None:
    """What a unit measures, and its scale: 千元 is (money, 1,000); None for a word that is no unit of numbers."""
    plain = squeezed(unit).removeprefix("人民币")
    if plain in _PERCENT:
        return "percent", 1
    if plain in _COUNTED:
        return "count", 1
    scaled = _SCALED.match(plain)
    if scaled is None or (scaled[1] or "") not in _SCALES:
        return None
    scale = _SCALES[scaled[1] or ""]
    if scaled[2] == "元":
        return "money", scale
    return ("count", scale) if scaled[2] in _COUNTED else None


def _units_in(texts: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Units that titles state (`计量单位：人、万元`), with what they measure."""
    found = {}
    for text in texts:
        for stated in _UNIT_IN_TITLE.finditer(squeezed(text)):
            for said in _SPLIT.split(stated["units"] or stated["money"]):
                measure = measure_of(said)
                if measure is not None:
                    found[said] = measure
    return found
