"""What a title says of all its numbers: of another time than is counted, or that they were only meant to be.

In: texts above the header or the sheet's name, the form's fields and titles, the type of the period. Out: the word.

| piece of a text | example |
| --- | --- |
| the word alone, with a period or `数据`, `情况`, `报表` | `上年同期数`, `（2026年10月下达数）`, `上月数据` |
| behind the form's own title, other numbers than the form's | `（作废）`, `（暂估数）`, `（年初数）`, `（三年累计）` |
| before `…表`, `…情况` | `上年度行政村党建月报表` |
| behind the form's own title | `行政村党建月报表预计数` |
| at the end of a noun | `村级集体收入上年累计` |
| what the numbers are said to be, those of one column too | `本表数据为上月数`, `均填当月数`, `收入为本月数` |

Wherever else a word stands, in a comparison or a note (`请于每月6日前报上月数据`), it says nothing of the numbers.
`本月` is right in a form of months. A column's name beside a right title says nothing: `上月数` beside `本月数`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from qiangji.catalogue.models import Field
from qiangji.checking.headings import Piece, pieces
from qiangji.checking.period_texts import PERIOD, periods_in, plain_text
from qiangji.checking.title_things import is_opening
from qiangji.checking.titles import is_named
from qiangji.periods import Period
from qiangji.text import squeezed

_LONGEST = 40
"""Characters of a piece; a longer one explains something."""
_REPORT = re.compile(
    r"(?:(?<![上本当])|(?<=[线网镇村海路]上))(?:[月季年]|半年)报(?:表|(?=$))|(?<![上本当])报表|(?:统计|汇总|情况|一览|调查)表"
)
"""Not the report of `上月报表`; that of `线上月报表`."""
_DONE = re.compile(r"(?<!预计)(?<![应拟])完成|实际|实绩|执行|落实|进度|推进")
_LAST = r"上一?(?:年|月|季|期)(?!报$|报告|结转|级)"
_BEFORE = (
    rf"(?:{_LAST}|去年|(?<!以)前年|往年)(?:度|同期|同月|累计|末|底)*(?:数(?!据)|值|额)?"
    r"|(?:上年|去年)?同期(?:数(?!据)|值|额)?"
)
_MEANT = (
    r"(?:本年|当年|全年|年度|(?<![二两三四五六七八九十\d多近])年|下达)?"
    r"(?:计划|目标|预[计算测估]|任务|下达|(?:预计|应|拟)完成)(?:数(?!据)|值|额)"
)
_MEANT_ALONE = (
    r"(?:本年|当年|全年|年度|年|下达)?(?:计划|目标任务|目标|预计|预算|预测|应完成|下达)(?:任务|计划|指标)?"
)
_OF_PERIOD = r"(?:本|当|单)(?:月|季度?|期)(?:(?:新增|发生|完成)?(?:数(?!据)|额|值)|新增|发生)"
_AMOUNTS = re.compile(
    rf"(?P<only>[仅只](?:[限含]|填[报写]?)?{PERIOD})(?:的?(?:数据|数字|数))?"
    rf"|(?:.*表|.*[为是系])?{PERIOD}(?P<said>[当单][月季]度?(?:新增|发生|完成)?[数额值]?|(?:新增|发生)[数额值]?)"
    r"|(?:.*表)?(?P<not>[非不]含?累计数?|不含1月?[-~—–至到]\d{1,2}月(?:的?(?:数据|数))?)"
)
"""`10月当月`, `三季度新增`, `仅10月`, `非累计`: of the period alone, above amounts of the year."""
_FROM_DAY_TO_DAY = re.compile(
    r"(?:.*表|.*[为是系])?(?:20\d\d[年./-])?(?P<first>\d{1,2})[月.]0?1[日号]?[-~—–至到]+[\d年月./-]+[日号]?的?"
    r"(?P<said>(?:新增|发生|完成)[数额值]?)"
)
"""`10月1日至10月31日发生数`."""
_THIS = r"[本当](?:月|季度?|期|年)(?:累计|新增|发生|完成)?(?:数|额|值)?"
_OTHER_NUMBERS = (
    r"(?:已?作废|废)表?|(?:暂估|预估|估计|估算|预填|拟完成|基数|年初|期初|增减|占比|村均)(?:数据|数|值|额)?|(?:基期|历年|分解|指标)[数值额]"
    r"|(?:近?[二两三四五六七八九十2-9]|历)年(?:以?来)?累计[数值额]?"
)
"""Behind the form's own title these are other numbers than the form's."""
_FROM_JANUARY = r"(?:本|当|全)?年?度?累计数|年初至今|(?:本|全)年累计(?=$)"
_SINCE = re.compile(r"(?<!\d)1[-~—–至到]\d{1,2}月(?=累计)")
_SITUATION = re.compile(rf"{_LAST}(?:工作)?情况")
"""Of last month, in the month in which the report is written: the period's own beside its name."""
_TAIL = r"的?(?:数据|数字|数|情况|统计|汇总|月报|季报|年报|报表|表|报)*+"
_SUBJECT = (
    r"(?:本表|此表|该表|表[中内]|全表|以下|以上|上述|上报|填报|所[报填]|各项|全部|的|数据|数字|数|指标|数值)*"
)
_SENT = re.compile(rf"(?:填报|上报|报送|填写)(?P<said>{_BEFORE}){_TAIL}")
"""In the month in which it is written, a report is sent of the last: `填报上月数据`, unless in the period's own."""
_HOW = r"(?:均|全部|都|暂时?|仍|先|只能|继续)*"
_GOVERNED = re.compile(
    r"(?:[与和比较同对照抄含除扣附见按据报填写录核改补漏缺不非勿无据为是自从如]|参考|更正|修正|高于|低于|超过|等于|[多少]于)的?"
    r"(?:各[村镇]|全[区市县])?$|请|勿|不得|[每次逐][月季年]|已|如有|应|须|需|由"
)
"""What stands before a word and makes it the object of a comparison or a note."""
_BETWEEN = r"(?:(?!新设|换届|结余|结转|转[入出]|遗留|更正|漏|未|欠|已|请|如|的?(?:比|对)).){0,16}"
_ABOVE_A_TABLE = re.compile(r"表$|台账$|情况$|统计$|汇总$|[月季年]报$")


def other_in_titles(
    texts: Iterable[str], fields: Mapping[str, Field], period: Period, own: Iterable[str] = ()
) -> str:
    """What a title says of another time, or of numbers that were meant to be, for the whole sheet; '' if nothing."""
    texts, own = list(texts), list(own)
    columns = _columns(texts, period, own)
    for piece in pieces(texts, own):
        text = _bare(piece, period)
        if len(text) > _LONGEST or piece.cell in columns or is_opening(piece.text, period):
            continue
        if found := _of_a_piece(piece, text, fields, period):
            if _SITUATION.fullmatch(text) and is_named(texts, period, own):
                continue
            return found
    return ""


def _of_a_piece(piece: Piece, text: str, fields: Mapping[str, Field], period: Period) -> str:
    """What one piece says of another time or of a plan. `text`: the piece without the periods in it."""
    kinds = {field.kind for field in fields.values() if field.is_number}
    has_flows = bool(kinds & {"flow", "distinct"})
    if sent := _SENT.fullmatch(text):
        return sent["said"] if str(period) in periods_in(piece.text, period) else ""
    is_meant = not _DONE.search(text)
    of_period = "ytd" in kinds and not has_flows
    for words, is_asked in (
        (_BEFORE, True),
        (_MEANT, is_meant),
        (_OF_PERIOD, of_period),
        (_FROM_JANUARY, "ytd" not in kinds and has_flows),
    ):
        if is_asked and (found := _said(text, words, is_note=piece.is_note, is_done=words != _BEFORE)):
            return found
    if (found := _of_a_column(piece, fields, period)) or piece.is_note:
        return found
    return (
        _alone(text, period, is_meant=is_meant, of_period=of_period)
        or (_of_the_period_alone(piece, period) if of_period else "")
        or _of_other_numbers(piece, text, period)
    )


def _of_the_period_alone(piece: Piece, period: Period) -> str:
    """Words for amounts of the period alone, where those since January are others."""
    if period.start.month == 1:
        return ""
    if amounts := _AMOUNTS.fullmatch(plain_text(piece.text, period)):
        return amounts["said"] or amounts["not"] or amounts["only"]
    days = _FROM_DAY_TO_DAY.fullmatch(squeezed(piece.text))
    return days["said"] if days and int(days["first"]) == period.start.month else ""


def _columns(texts: Iterable[str], period: Period, own: Iterable[str]) -> set[str]:
    """Cells beside a title that names the period, and that name a column: `上月数` beside `本月数`, `本季度新增`."""
    cells = {squeezed(text) for text in texts}
    before = {cell for cell in cells if re.fullmatch(rf"(?:{_BEFORE})(?:[(【].*[)】])?", cell)}
    this = {cell for cell in cells if re.fullmatch(_THIS, cell)}
    own_type = "[本当](?:期|季)" if period.type == "quarter" else "[本当]期"
    compared = before | this if before and this else {cell for cell in this if re.match(own_type, cell)}
    return compared if compared and is_named(texts, period, own) else set()


def _bare(piece: Piece, period: Period) -> str:
    """A piece without the periods in it, each kind of report as `表`."""
    plain = _SINCE.sub("本年", squeezed(piece.text))
    for _ in range(2):  # 2026年10月, and what was written in Chinese numerals
        plain = re.sub(rf"(?<![上本当去前]){PERIOD}(?!均)", "", plain)
        plain = (
            plain_text(plain, period) if re.search("[〇○零一二三四五六七八九十]+[年月季]", plain) else plain
        )
    return _REPORT.sub("表", plain).strip("-_:~—–.、 ")


def _said(text: str, words: str, *, is_note: bool, is_done: bool) -> str:
    """The word, where the piece says that the numbers are of it. `is_done`: a note may tell to fill in such numbers."""
    fill = "|(?:[只仅均]|全部)?填[报写]?" if is_done else ""
    is_told = re.fullmatch(
        rf"{_SUBJECT}{_HOW}(?:为|是|系|沿用|采用|来自|取自|用|(?<=[暂仍先])[填上]?报|按{fill})(?P<said>{words}){_TAIL}(?:填[报写]?)?",
        text,
    )
    if is_told or is_note:
        return is_told["said"] if is_told else ""
    if whole := re.fullmatch(rf"(?:截[至止])?(?P<said>{words}){_TAIL}", text):
        return whole["said"]
    for found in re.finditer(words, text):
        before, behind = text[: found.start()], text[found.end() :]
        if _GOVERNED.search(before):
            continue
        is_behind = re.fullmatch(_TAIL if before.endswith("表") else "的?(?:数据|数字|数|值|额)?", behind)
        if is_behind or (_ABOVE_A_TABLE.search(behind) and re.fullmatch(_BETWEEN, behind)):
            return found[0]
    return ""


def _alone(text: str, period: Period, *, is_meant: bool, of_period: bool) -> str:
    """Words that say it only where nothing else stands beside them: `计划`, `本季度` above a form of months."""
    found = (
        re.fullmatch(rf"(?:.*表|{_SUBJECT}[为是系])?[-_:、]?(?P<said>{_MEANT_ALONE})表?", text)
        if is_meant
        else None
    )
    if found:
        return found["said"]
    span = (
        re.fullmatch(
            r"(?:.*表)?(?P<said>(?P<only>(?:[仅只](?:填[报写]?)?)?单?)[本当]?(?P<of>[月季])度?)", text
        )
        if of_period
        else None
    )
    is_other = span and (span["only"] or {"月": "month", "季": "quarter"}[span["of"]] != period.type)
    return span["said"] if span and is_other else ""


def _of_other_numbers(piece: Piece, text: str, period: Period) -> str:
    """What stands behind the form's own title and makes its numbers others: `（作废）`, `（年初数）`, `（全年）`."""
    if "表" not in piece.cell:
        return ""
    since = re.fullmatch(r"(?:.*表)?(?P<said>(?P<year>20\d\d)年以来累计)[数值额]?", squeezed(piece.text))
    if since and int(since["year"]) < period.year:
        return since["said"]
    words = _OTHER_NUMBERS if period.end.month == 12 else rf"{_OTHER_NUMBERS}|全年(?:数据|数)?"
    found = re.fullmatch(rf"(?:.*(?<![旧原此该老])表)?[-_:、]?(?P<said>{words})", text)
    return found["said"] if found else ""


def _of_a_column(piece: Piece, fields: Mapping[str, Field], period: Period) -> str:
    """What a piece says that the numbers of one column are: `收入为上月数`, `植树为当月新增`."""
    plain = _SINCE.sub("本年", plain_text(piece.text, period))
    said = re.fullmatch(
        rf"(?P<of>.{{2,24}}?){_HOW}(?:为|是|系|取|沿用|按|(?<=[均都])填)(?P<said>.+?)(?:填[报写]?)?", plain
    )
    numbers = [field for field in fields.values() if field.is_number]
    names = re.split("[、和与及]", said["of"]) if said else []
    named = [of for name in names if (of := [field for field in numbers if _is_called(name, field)])]
    if not said or not named:
        return ""
    is_ytd = any(all(field.kind == "ytd" for field in of) for of in named)
    words = [_BEFORE, _MEANT, *([_OF_PERIOD] if is_ytd and period.start.month > 1 else [])]
    of_another = re.fullmatch(rf"{PERIOD}的?(?:数据|数字|数)", said["said"]) and not is_named(
        [said["said"]], period
    )
    is_told = of_another or any(re.fullmatch(rf"(?:{word}){_TAIL}", said["said"]) for word in words)
    return said["said"] if is_told else ""


def _is_called(name: str, field: Field) -> bool:
    """Whether a name is the field's label, or the two characters with which it begins or ends."""
    label = squeezed(field.label.zh)
    return name in (label, label[:2], label[-2:])
