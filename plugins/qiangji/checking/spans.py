"""Over which time a header says that its numbers count, held against the kind of the field and the period.

In: each field's header and the cells merged above it, the fields, the period. Out: the fields whose header says
another time: `本月` above what is counted from 1 January on, `累计` above an amount of the period, `上年`, `近三年`,
another year or month, or `计划`, above any. And those whose header says another measure: `人均`, or `支出` above an
income.

A text that the catalogue itself declares for the field says nothing new. Cells above several columns may speak of some
of them only: they contradict none where they fit one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from qiangji.catalogue.models import Field
from qiangji.checking.titles import periods_in
from qiangji.parsing.two_languages import parts_of
from qiangji.periods import Period
from qiangji.text import squeezed

_BEFORE = re.compile(
    r"上一?(?:年|月|季|期)(?:度|同期|同月|累计|末|底)*|去年(?:同期|同月|累计)?|前年|往年|历年|同比|环比"
    r"|近[一二两三四五六七八九十\d]{1,2}个?(?:年|月|季度)(?:来|内)?|(?<![\d〇零○一二三四五六七八九十])[二两三四五六七八九十2-9]年(?:累计|合计)"
)
_FROM_JANUARY = re.compile(
    r"(?:本|当|全)?年?度?累计|年初至今|年初以来|本年以来|今年以来|1[-~—–至到]\d{1,2}月"
)
_OF_PERIOD = re.compile(r"(?:本|当|单)(?:月|季度?|期)(?!末|底|止|累计)(?:新增|发生|完成)?数?")
_ADDED = re.compile(r"(?:本|当)?(?:年|月|季|期)?(?:新增|净增|增加)")
_PLANNED = re.compile(
    r"(?:^|[(,，:])"
    r"((?:本年|当年|全年|年度|下达)?(?:计划|目标任务|目标|任务|预计|预算|预测|应完成|下达)(?:数|值|额|任务|计划|指标)?)"
    r"(?:[),，]|$)"
)
"""A text, or what stands in its brackets, that says no more than that the numbers were meant to be."""
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!.{0,12}(?:规划|计划|行动|印发|任务))")
_YEAR_ALONE = re.compile(r"[(\[【](20\d\d)(?=[)\]】,，、])")
_AVERAGE = re.compile(
    r"(?:^|[(,，、:])(每?(?:[人户村组镇年季月日亩]|平)均(?:数|值|额)?|每[人户亩])(?:[),，、]|$)"
)
_OPPOSITES = {
    "收入": re.compile("支出|开支|花费|负债|债务|欠款|亏损|成本"),
    "支出": re.compile("收入|进账"),
}
"""A word in a field's label -> words for what is its opposite."""
_RANGE = re.compile(r"20\d\d年?[-~—–至到]20\d\d年?")
_LONGEST = 60
"""Characters of a title; a longer text explains something."""
_A_NOTE = re.compile("不[填含包得需]|说明|注:|相比|比较|对比|增长|增减|分析|[。；;]")
_DONE = re.compile("完成|实际|实绩|执行|落实|进度|推进")
_TITLE_BEFORE = re.compile(
    r"(?<![与比较同线网以之镇村海路])"
    r"((?:上一?(?:年|月|季|期)(?!报|结转|级)|去年|前年|往年)(?:度|同期|同月|累计|末|底)*(?:数(?!据)|值|额)?)"
    r"|(?:^|[(\[【,，])((?:上年|去年)?同期(?:数|值|额)?)(?:[)\]】,，]|$)"
)
_TITLE_PLANNED = re.compile(
    r"((?:本年|当年|全年|年度|下达)?(?:计划|目标|预计|预算|预测|任务|下达)(?:数|值|额)(?!据|字|位|学|码))"
    r"|(?:^|[()\[\]【】,，、: _-]|表|(?<=\d)月)"
    r"((?:本年|当年|全年|年度|下达)?(?:计划|目标任务|目标|预计|预算|预测|应完成|下达)(?:任务|计划|指标)?)(?:[)\]】,，、]|表?$)"
)
_TITLE_OF_PERIOD = re.compile(
    r"((?:本|当|单)(?:月|季度?|期)(?:新增|发生|完成)?(?:数|额|值)(?![据字]))|[(\[【](?:仅|只)?([本当单](?:月|季度?))[)\]】]"
)
_TITLE_FROM_JANUARY = re.compile(r"((?:本|当|全)?年?度?累计数|年初至今|1[-~—–至到]\d{1,2}月累计)")
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
        if name in fields and parents and not _other(parents, fields[name], period)
    }
    found = []
    for name, field in fields.items():
        parents, leaf = headers.get(name, ("", ""))
        texts = [_undeclared(leaf, field), *([] if parents in fit else [parents])]
        said = next((said for text in texts if (said := _other(text, field, period))), "")
        if field.is_number and said:
            found.append(OtherSpan(name, said))
    return found


def other_measures(headers: Mapping[str, tuple[str, str]], fields: Mapping[str, Field]) -> list[OtherSpan]:
    """The fields whose header says another measure than the field's: an average, or what is paid above an income."""
    found = []
    for name, (parents, leaf) in ((n, headers[n]) for n in fields if n in headers):
        field = fields[name]
        texts = (_undeclared(leaf, field), squeezed(parents))
        if field.is_number and (said := next((s for text in texts if (s := _measure(text, field))), "")):
            found.append(OtherSpan(name, said))
    return found


def _measure(text: str, field: Field) -> str:
    """What a text says of another measure than that of the field; '' if nothing."""
    declared = "".join((field.label.zh, *field.headers))
    average = _AVERAGE.search(text)
    if average and field.unit != "percent" and not re.search("均|每", declared):
        return average[1]
    for own, opposite in _OPPOSITES.items():
        other = opposite.search(text)
        if other and own in declared and own not in text and not opposite.search(declared):
            return other[0]
    return ""


def other_in_titles(texts: Iterable[str], fields: Mapping[str, Field], declared: Iterable[str] = ()) -> str:
    """What a title says of another time, or of numbers that were meant to be, for the whole sheet; '' if nothing.

    A comparison, a note and a text of `declared` (the form's own title) say nothing.
    """
    kinds = {field.kind for field in fields.values() if field.is_number}
    for text in map(squeezed, texts):
        plain = text
        for own in map(squeezed, declared):
            plain = plain.replace(own, "表")
        if _A_NOTE.search(plain) or len(plain) > _LONGEST:
            continue
        for pattern, is_asked in (
            (_TITLE_BEFORE, True),
            (_TITLE_PLANNED, not _DONE.search(plain)),
            (_TITLE_OF_PERIOD, "ytd" in kinds and not kinds & {"flow", "distinct"}),
            (_TITLE_FROM_JANUARY, "ytd" not in kinds and bool(kinds & {"flow", "distinct"})),
        ):
            if is_asked and (found := pattern.search(plain)):
                return str(next(filter(None, found.groups())))
    return ""


def _undeclared(leaf: str, field: Field) -> str:
    """A header without the words that the catalogue gives the field, and without its translation: that agrees."""
    leaf, _ = parts_of(leaf) or (leaf, "")
    for text in sorted(map(squeezed, (field.label.zh, *field.headers)), key=len, reverse=True):
        leaf = leaf.replace(text, "")
    return leaf


def _other(text: str, field: Field, period: Period) -> str:
    """What a text says of another time than that of the field; '' if nothing."""
    return next(_contradictions(squeezed(text), field.kind, period), "")


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
    from_january, of_period = _FROM_JANUARY.search(text), _OF_PERIOD.search(text)
    if kind == "ytd" and of_period and not from_january:
        yield of_period[0]
    if kind in ("flow", "distinct") and from_january:
        yield from_january[0]
    if kind == "stock" and (added := from_january or _ADDED.search(text)):
        yield added[0]
