"""Over which time a header says that its numbers count, held against the kind of the field and the period.

In: each field's header and the cells merged above it, the fields, the period. Out: the fields whose header says
another time: `本月` above what is counted from 1 January on, `累计` above an amount of the period, `上年`, `近三年`,
another year or month, `年初`, `增减` or `计划`, above any; this month alone above what is counted from 1 January on.
And those whose header says another measure: `人均`, `占比`, or `支出` above an income.

A text that the catalogue itself declares for the field says nothing new. Cells above several columns may speak of some
of them only: they contradict none where they fit one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qiangji.catalogue.models import Field
from qiangji.checking.period_texts import periods_in
from qiangji.parsing.facts import own_spans
from qiangji.parsing.two_languages import parts_of
from qiangji.periods import Period
from qiangji.text import squeezed

_BEFORE = re.compile(
    r"上一?(?:年|月|季|期)(?:度|同期|同月|累计|末|底)*|去年(?:同期|同月|累计)?|前年|往年|历年|同比|环比"
    r"|近[一二两三四五六七八九十\d]{1,2}个?(?:年|月|季度)(?:来|内)?|(?<![\d〇零○一二三四五六七八九十])[二两三四五六七八九十2-9]年(?:累计|合计)"
    r"|[年季月期]初(?!中|至今|以来|到|至|起|累计)数?|(?:净增|增)减(?!情况)[数额量]?|[增减降涨](?:幅|速)"
)
_FROM_JANUARY = re.compile(
    r"(?:本|当|全)?年?度?累计|年初至今|年初以来|本年以来|今年以来"
    r"|(?<!\d)0?1月?(?:0?1日)?[-~—–至到]+(?:20\d\d年)?\d{1,2}月"
)
_OF_PERIOD = re.compile(r"(?:本|当|单)(?:月|季度?|期)(?!末|底|止|累计)(?:新增|发生|完成)?数?")
_ADDED = re.compile(r"(?:(?<!\d)[本当]?[年月季期])?(?:新增|净增|增加|净减|减少)|(?:变动|变化)[数额量]")
_PLANNED = re.compile(
    r"(?:^|[(,，:])"
    r"((?:本年|当年|全年|年度|下达)?(?:计划|目标任务|目标|任务|预计(?:全年|完成)?|预算|预测|[预暂]估|估[计算]|[应拟]完成|下达|分解)"
    r"(?:数|值|额|任务|计划|指标)?|指标(?:数|值|任务))"
    r"(?:[),，]|$)"
)
"""A text, or what stands in its brackets, that says no more than that the numbers were meant to be."""
_ALL_YEAR = re.compile(r"(?:^|[(,，:])(全年(?:度|合计)?数?)(?:[),，]|$)")
_MONTH_ALONE = re.compile(r"(?:^|[(,，:])([月季])度?数?(?:[),，]|$)")
"""`收入（月）`: of one month."""
_UP_TO = re.compile(
    r"累计|截[至止]|末|底|止|[日月度]前|前[\d一二三四五六七八九十]|年初[至到]|至今|以来|规划|行动|印发"
)
"""What makes a month or quarter that of a number from January on, or no time of numbers."""
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!.{0,12}(?:规划|计划|行动|印发|任务))")
_YEAR_ALONE = re.compile(r"[(\[【](20\d\d)(?=[)\]】,，、])")
_AVERAGE = re.compile(
    r"(?:^|[(,，、:])(每?(?:[人户村组镇年季月日亩]|平)均(?:数|值|额)?|每[人户亩])(?:[),，、]|$)"
)
_SHARE = re.compile(
    r"(?:^|[,，:(])[^,，:()及和与、]{0,12}?"
    r"(占[^,，:()及和与、]{0,8}比[例重率]?|比例|比重|比率|百分比|百分率|(?:完成|覆盖|增长|达标)率)(?:情况)?(?:[(),，:%]|$)"
)
"""A text, or what stands in its brackets, that ends in a share: `党员占比（%）`. Of `人数及占比` it is one of two."""
_OPPOSITES = {
    "收入": re.compile("支出|开支|花费|负债|债务|欠款|亏损|成本"),
    "支出": re.compile("收入|进账"),
}
"""A word in a field's label -> words for what is its opposite."""
_TO_DATE = re.compile(r"(?<![年月季度期\d至今来])累计")
_DONE = re.compile("已|完成|达标|示范|开展")
"""What a stock counts that only grows: of 已建党组织 the total until today is the number at the end of the period."""
_CARRIED = re.compile(
    r"(?<!不)(?:[包内]?含|包括)(?:上|去|往)年(?:度|末|底)*(?:结转|转入|存量|结余|未结|遗留|留存)?(?:数|的|项目)?"
)
"""What a number at the end of the period contains anyhow: `联营项目（含上年结转）`."""
_RANGE = re.compile(r"20\d\d年?[-~—–至到]20\d\d年?")
KINDS: Mapping[str, tuple[str, str]] = {
    "stock": ("期末数", "the number at the end of the period"),
    "flow": ("本期数", "the amount of the period"),
    "ytd": ("本年累计数", "the amount since 1 January"),
    "distinct": ("本期去重数", "the distinct number of the period"),
}


@dataclass(frozen=True)
class OtherSpan:
    """A field whose header says another time than the field's. `said`: the word or period in the header."""

    field: str
    said: str


def other_spans(
    headers: Mapping[str, tuple[str, str]], fields: Mapping[str, Field], period: Period
) -> list[OtherSpan]:
    """The fields, in the form's order. `headers`: field -> (the cells above it, its header)."""
    fit = {  # cells above that are right for some field beneath them
        parents
        for name, (parents, _) in headers.items()
        if name in fields and parents and not time_in(parents, fields[name], period)
    }
    found = []
    for name, field in fields.items():
        parents, leaf = headers.get(name, ("", ""))
        texts = [_undeclared(leaf, field), *([] if parents in fit else [parents])]
        said = next((said for text in texts if (said := time_in(text, field, period))), "")
        if field.is_number and said:
            found.append(OtherSpan(name, said))
    return found


def other_measures(headers: Mapping[str, tuple[str, str]], fields: Mapping[str, Field]) -> list[OtherSpan]:
    """The fields whose header says another measure than the field's: an average, or what is paid above an income."""
    found = []
    for name, (parents, leaf) in ((n, headers[n]) for n in fields if n in headers):
        field = fields[name]
        texts = (_undeclared(leaf, field), squeezed(parents))
        if field.is_number and (said := next((s for text in texts if (s := measure_in(text, field))), "")):
            found.append(OtherSpan(name, said))
    return found


def measure_in(text: str, field: Field) -> str:
    """What a text says of another measure than that of the field; '' if nothing."""
    declared = "".join((field.label.zh, *field.headers))
    average = _AVERAGE.search(text)
    if average and field.unit != "percent" and not re.search("均|每", declared):
        return average[1]
    share = _SHARE.search(text)
    if share and field.unit != "percent" and not re.search("比|率|%", declared):
        return share[1]
    for own, opposite in _OPPOSITES.items():
        other = opposite.search(text)
        if other and own in declared and own not in text and not opposite.search(declared):
            return other[0]
    return ""


def _undeclared(leaf: str, field: Field) -> str:
    """A header without the words that the catalogue gives the field, and without its translation: that agrees."""
    leaf, _ = parts_of(leaf) or (leaf, "")
    for text in sorted(map(squeezed, (field.label.zh, *field.headers)), key=len, reverse=True):
        leaf = leaf.replace(text, "")
    return leaf


def time_in(text: str, field: Field, period: Period) -> str:
    """What a text says of another time than that of the field; '' if nothing, or if the field is called so."""
    declared, text = "".join((field.label.zh, *field.headers)), squeezed(text)
    if field.kind == "stock":
        text = _CARRIED.sub("", text)
        text = _TO_DATE.sub("", text) if _DONE.search(declared) else text
    return next((w for w in _contradictions(text, field.kind, period) if w not in declared), "")


def _contradictions(text: str, kind: str, period: Period) -> Iterator[str]:
    if not text:
        return
    yield from (m[0] for m in _BEFORE.finditer(text))
    yield from (m[0] for m in _YEAR.finditer(_RANGE.sub("", text)) if m[1] != str(period.year))
    yield from (m[1] for m in _YEAR_ALONE.finditer(text) if m[1] != str(period.year))
    yield from (m[1] for m in _PLANNED.finditer(text))
    named = list(periods_in(text, period))
    if named and str(period) not in named:
        yield named[0]
    if period.end.month < 12:
        yield from (m[1] for m in _ALL_YEAR.finditer(text))
    from_january, of_period = _FROM_JANUARY.search(text), _OF_PERIOD.search(text) or _MONTH_ALONE.search(text)
    if kind == "ytd" and not from_january:
        if of_period:
            yield of_period[0].strip("(),，:")
        if named and period.start.month > 1 and not _UP_TO.search(text):
            own = own_spans(period)["flow"].search(text)
            yield own[0] if own else str(period)
    if kind in ("flow", "distinct") and from_january:
        yield from_january[0]
    if kind == "stock" and (added := from_january or _ADDED.search(text)):
        yield added[0]
