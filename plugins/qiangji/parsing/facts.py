"""What a sheet says of itself beside its rows: its title, units in its headers, hidden rows, scaling number formats.

In: a `Grid` and its columns as found. Out: `SheetFacts`, held against the submission's claim by `checking`. Nothing is
judged here, and no value is changed for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from qiangji.parsing.dates import read_date
from qiangji.parsing.grid import Grid, Look, address
from qiangji.periods import Period
from qiangji.text import squeezed, tidy

MAX_TITLES, MAX_TITLE = 40, 200
"""Title cells that are kept, and characters of each."""
_BRACKETS = re.compile(r"[(\[【〔](?:(?:计量)?单位[:：]?)?([^()\[\]【】〔〕]{1,16})[)\]】〕]$")
_IN_BRACKETS = r"[(\[【〔]([^()\[\]【】〔〕]{1,24})[)\]】〕]"
APART = re.compile(r"[,，、;；:：/]")
_OF_UNIT = re.compile("^.{0,4}单位(?:为|是)?")
OF_UNIT = re.compile("^(?:计量)?单位[:：]?")
_GROUPS = re.compile("村|社区|镇|组|班|队|对|支|家|期|批|届|年|月|日|天|分|小时|学时|课时")
"""Units that also head a group of columns, or say a time."""
_UNITS = frozenset(
    re.findall(
        r"\S+",
        """
    人 名 个 位 户 家 元 角 分 百元 千元 万元 十万元 百万元 千万元 亿元 % ‰ 百分比 百分点 次 人次 户次 场 场次 期 件 起
    条 项 宗 批 届 篇 份 处 支 组 村 社区 镇 班 对 队 亩 万亩 公顷 平方米 平方公里 m2 米 千米 公里 km 吨 公斤 千克 斤 株
    美元 港元 港币 澳元 欧元 日元 英镑 加元
    棵 万株 台 辆 套 间 座 盏 所 头 只 小时 学时 课时 天 日 月 年 岁 百人 万人 千人 万户 千户 港币 美金 外币
    倍 成
        """,
    )
)
_SCALED = re.compile(r"(?:十|百|千|万|十万|百万|千万|亿)([^十百千万亿]{1,2})|[万亿]")
"""A unit times a power of ten: `百株`, `万户`. `万` alone is what amounts of money and large counts are given in."""
_SPELLINGS = str.maketrans("拾佰仟萬億圆圓块塊畝", "十百千万亿元元元元亩")
_WORDY = re.compile("(?<=.)(?:整|余|多|左右|以上|地|钱)$")
_SPELT = {"人民币": "元", "RMB": "元", "CNY": "元", "平方": "平方米", "平米": "平方米"}
_OF_ANOTHER = re.compile("有效|批准|备案|打印|导出|制定|修订|印发|截止上报|上报截止")
_TO = "[-~—–至到]"
_RATE = re.compile("(.{1,6})/(?:年|季度?|月|日|天|亩|人|户|村|组|公顷)")
"""A unit for each of something (`万元/年`); `人/次` is 人次."""
_MONEY = re.compile(
    r"^(?:人民币|(?P<foreign>港币|美金|美元|港元|外币|英镑|欧元|日元|澳币|澳元))(?=[十百千万亿]*元)"
)
SPAN = re.compile(
    r"(?:本|当|全)?年度?(?:累计)?数?|累计数?|年初至今|[本当上](?:月|季|季度|期)数?|上年(?:同期)?|[月季年期]末数?"
)


_WORD_BESIDE = re.compile(
    r"(?P<other>上一?(?:年|月|季度?|期)(?:同期|末|底)?|去年(?:同期)?|前年|往年|同期|[同环]比|增减|计划|目标|任务|预计|预算|预测|估计"
    r"|[人户村组亩]均|平均|占比|比例|支出|开支|女|男|个?(?:党?支部|党组织|党委|[小]?组|村|社区|企业|单位|网格))[数值额]?"
    r"|(?:20\d\d年)?(?:1[0-2]|0?[1-9])月份?[末底]?数?|20\d\d年度?|第?[一二三四1-4]季度?|[本当](?:月|季度?|期|年)数?|年初数?|累计数?|新增数?"
)
"""Words beside a number that may say another time, measure or thing than the field's: `"上月"0.00`, `0"个支部"`."""


YUAN_SIGN = "¥"
"""What a program's button for amounts writes. It states no scale: people use it for 万元 too."""
ANOTHER = 1
"""The divisor of a format that does not divide and shows another number all the same: `0"0"`."""


@dataclass(frozen=True)
class ScaledColumn:
    """Cells of a field that a number format shows divided: `0!.0,` shows 123456 as 12.3. `divisor`: a power of ten, or
    ANOTHER.

    `cells`: how many cells of the data have such a format; the values read are those stored, not those shown.
    """

    field: str
    divisor: int
    cells: int


@dataclass(frozen=True)
class SheetFacts:
    """What a sheet says of itself.

    | field | what |
    | --- | --- |
    | `title_texts` | the cells above the header, tidied, row by row (`强基报表 2026年10月`, `单位:万元`) |
    | `hidden_rows` | how many of the rows read are hidden or filtered away |
    | `struck_rows` | how many of the rows read have cells that are struck through |
    | `hidden_columns` | fields whose column is hidden |
    | `scaled_columns` | fields with cells under a number format that divides, or writes digits beside the number |
    | `units_in_headers` | field -> the unit in brackets behind its header (`党员数(人)`: 人) |
    | `units_below` | field -> the unit in a row of units under the header |
    | `units_in_formats` | field -> the units and words (`千元`, `上月`) that number formats of most cells write |
    | `headers` | field -> its header, and the cells merged above it (`绿化(本年累计)`) |
    | `unseen_cells` | field -> cells whose number format shows nothing (`;;;`) |
    | `merged_cells` | field -> cells without a value of their own, merged with the one above or beside |
    | `covered_cells` | field -> how many cells hold something that the one above or beside covers, and the first |
    | `comments` | how many cells of the rows have a comment, and the address of the first |
    | `corrections` | the same of comments that may correct their cell |
    | `sheet` | the sheet's name |
    | `alike_sheets` | other visible sheets that are called nearly so, and were not read |
    | `repeated_headers` | how many rows among the data repeat the header or the title |
    | `unheaded_cells` | how many cells among the data hold something in a column without a header |
    | `unheaded_numbers` | how many of them are numbers, or formulas without a result |
    | `unheaded_first` | the address of the first of them |
    | `spaced_codes` | how many codes were written with blanks or hyphens inside |
    | `uncomputed_totals` | the addresses of totals that are formulas without a result |
    | `uncomputed_names` | how many names are formulas without a result, and the address of the first |
    | `signed` | the roles that signed in the sign-off zone (`signing`); never who |
    """

    title_texts: tuple[str, ...] = ()
    hidden_rows: int = 0
    struck_rows: int = 0
    hidden_columns: tuple[str, ...] = ()
    scaled_columns: tuple[ScaledColumn, ...] = ()
    units_in_headers: Mapping[str, str] = field(default_factory=dict)
    units_below: Mapping[str, str] = field(default_factory=dict)
    units_in_formats: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unseen_cells: Mapping[str, int] = field(default_factory=dict)
    merged_cells: Mapping[str, int] = field(default_factory=dict)
    covered_cells: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    comments: tuple[int, str] = (0, "")
    corrections: tuple[int, str] = (0, "")
    sheet: str = ""
    alike_sheets: tuple[str, ...] = ()
    repeated_headers: int = 0
    unheaded_cells: int = 0
    unheaded_numbers: int = 0
    unheaded_first: str = ""
    spaced_codes: int = 0
    signed: tuple[str, ...] = ()
    uncomputed_totals: tuple[str, ...] = ()
    uncomputed_names: tuple[int, str] = (0, "")


@cache
def own_spans(period: Period) -> dict[str, re.Pattern[str]]:
    """Kind of a field -> how a header names the time over which it counts in this period: `1-10月`, `10月末`."""
    year, month, last = f"(?:{period.year}年?)?", f"0?{period.end.month}月", f"{period.end.day}日"
    part = "一二三四"[period.index % 4]
    name = {
        "month": f"{year}{month}份?",
        "quarter": f"{year}(?:第?[{'一二三四'.index(part) + 1}{part}]季度?|0?{period.start.month}月?{_TO}{month})",
        "year": f"{period.year}年度?",
    }.get(period.type, "(?!)")
    ends = f"(?:截[至止]到?|至)?{year}{month}(?:末|底|{last})|{name}末"
    since = f"{year}0?1月?(?:0?1日)?{_TO}{{1,2}}(?:{year})?{month}(?:末|底|{last})?(?:累计)?"
    since += f"|(?:{name}|{year}{month})累计"
    return {
        "stock": re.compile(f"{ends}|{name}"),
        "flow": re.compile(name),
        "distinct": re.compile(name),
        "ytd": re.compile(since),
    }


def split_unit(header: str) -> tuple[str, str]:
    """A header and the unit in brackets behind it: `党员数(人)` -> (`党员数`, `人`); without one, '' is the unit.

    Only words that are units count, and those that say over which time (`收入(万元,本年累计)`): `党员数(女)` is another
    header than `党员数`.
    """
    plain = squeezed(header)
    found = _BRACKETS.search(plain)
    if not found or not found.start():
        return plain, ""
    words = [word for word in APART.split(found[1]) if word]
    units = [word for word in words if unit_in(word)]
    if len(units) > 1 or not all(unit_in(word) or SPAN.fullmatch(word) for word in words):
        return plain, ""
    return plain[: found.start()], "".join(units)


def unit_in(text: str) -> str:
    """The text if it is a unit, else ''."""
    whole = squeezed(text)
    if whole == YUAN_SIGN:
        return whole
    if rate := _RATE.fullmatch(whole):
        return whole if unit_in(rate[1]) else ""
    whole = whole.replace("/", "")
    found = _MONEY.match(whole)
    named = whole[found.end() :] if found else whole.removeprefix("人民币") or whole
    plain = spelt(named)
    scaled = _SCALED.fullmatch(plain)
    named = whole if found and found["foreign"] else named
    return named if plain in _UNITS or (scaled and (not scaled[1] or scaled[1] in _UNITS)) else ""


def word_beside(text: str) -> tuple[str, bool]:
    """The text without brackets, if it is a word that may say another time, measure or thing than the field's, else '';
    and whether it mostly does.
    """
    found = _WORD_BESIDE.fullmatch(squeezed(text).strip("()[]【】〔〕:"))
    return (found[0], bool(found["other"] or re.search(r"\d", found[0]))) if found else ("", False)


def spelt(unit: str) -> str:
    """A unit, squeezed, as it is mostly written: 仟圆整 is 千元, 亩地 亩."""
    plain = _WORDY.sub("", unit.translate(_SPELLINGS))
    return _SPELT.get(plain.upper(), plain)


def units_above(parents: str) -> list[str]:
    """The units in the cells above a header: in brackets (`收入（本年累计，千元）` 千元, `绿化（株、个）` 株 and 个),
    behind 单位 or a colon, or alone (`元`). `村` or `组` alone is what columns are grouped by.
    """
    text = squeezed(parents)
    stated = [word for text in re.findall(_IN_BRACKETS, text) for word in APART.split(text)]
    bare = APART.split(re.sub(_IN_BRACKETS, "", text))
    words = [*stated, *(word for word in bare if not _GROUPS.fullmatch(word))]
    return [unit for word in words if (unit := unit_in(_OF_UNIT.sub("", word)))]


def facts_of(
    grid: Grid, title_rows: int, fields: Mapping[str, int], said: SheetFacts, rows: Set[int]
) -> SheetFacts:
    """What the sheet says. `fields`: field -> its column; `said`: what reading it as the form found; `rows`: the
    numbers of the rows read, in the sheet, if it has a look.
    """
    look, at = grid.look or Look(), {column: name for name, column in fields.items()}
    titles = [t for i in range(min(title_rows, grid.cells.num_rows)) for t in _titles(grid, i, look) if t]
    scaled = [
        ScaledColumn(at[column], divisor, count)
        for (column, divisor), numbers in look.scaled.items()
        if column in at and (count := len(rows & numbers))
    ]
    merged, covered = _merged(grid, look, at, rows)
    unseen = {at[c]: n for c, numbers in look.unseen.items() if c in at and (n := len(rows & numbers))}
    return replace(
        said,
        title_texts=tuple(tidy(t)[:MAX_TITLE] for t in dict.fromkeys(titles))[:MAX_TITLES],
        hidden_rows=len(look.hidden_rows & rows),
        struck_rows=len(look.struck_rows & rows),
        hidden_columns=tuple(n for n, column in fields.items() if column in look.hidden_columns),
        scaled_columns=tuple(sorted(scaled, key=lambda s: fields[s.field])),
        units_in_formats=_in_formats(look, at, rows),
        unseen_cells=unseen,
        merged_cells=merged,
        covered_cells=covered,
        comments=_commented(grid, look, rows, (True, False)),
        corrections=_commented(grid, look, rows, (True,)),
        sheet=grid.sheet[:MAX_TITLE],
        alike_sheets=look.alike[:MAX_TITLES],
    )


def _in_formats(look: Look, at: Mapping[int, str], rows: Set[int]) -> dict[str, str]:
    """Field -> what number formats name in most of its cells, the most frequent first: `万元、元`."""
    cells: dict[str, dict[str, int]] = {}
    for (column, unit), numbers in look.units.items():
        if column in at and (count := len(rows & numbers)):
            cells.setdefault(at[column], {})[unit] = count
    return {
        name: "、".join(sorted(said, key=lambda unit: (unit == YUAN_SIGN, -said[unit], unit)))
        for name, said in cells.items()
        if 2 * sum(said.values()) > len(rows)
    }


def _titles(grid: Grid, row: int, look: Look) -> list[str]:
    """A row's texts. A month that a spreadsheet program keeps as a day (2026年9月 as 2026-09-01) is that month, unless
    the text before it says that it is another thing's.
    """
    texts, before = grid.row_text(row), ""
    for at, text in enumerate(texts):
        if text and (row + grid.first_row, at) in look.months and (day := read_date(text)):
            texts[at] = text if _OF_ANOTHER.search(before) else f"{day:%Y-%m}"
        before = text or before
    return texts


def _commented(grid: Grid, look: Look, rows: Set[int], kinds: tuple[bool, ...]) -> tuple[int, str]:
    """How many cells of the rows read have a comment of these kinds, and the address of the first; see `SheetFacts`."""
    own = ((column, at & rows) for (column, corrects), at in look.comments.items() if corrects in kinds)
    found = [(min(at), column, len(at)) for column, at in own if at]
    if not found:
        return 0, ""
    row, column, _ = min(found)
    return sum(many for *_, many in found), address(grid.shown, column, row)


def _merged(
    grid: Grid, look: Look, at: Mapping[int, str], rows: Set[int]
) -> tuple[dict[str, int], dict[str, tuple[int, str]]]:
    """Of cells of the rows read that a merged cell covers which begins elsewhere: field -> how many are empty; and
    field -> how many hold something that nobody sees, with the address of the first.
    """
    empty, filled = dict[str, int](), dict[str, tuple[int, str]]()
    if not look.merged:
        return empty, filled
    numbers = sorted(rows)
    for column, name in at.items():
        change = np.zeros(len(numbers) + 1, np.int64)  # how many more cover a row than the one before
        for top, left, bottom, right in look.merged:
            if left <= column <= right:
                change[bisect_left(numbers, top) + (column == left and top in rows)] += 1
                change[bisect_right(numbers, bottom)] -= 1
        covered = np.flatnonzero(change.cumsum()[:-1] > 0)
        texts = grid.cells.column(column)
        held = [numbers[i] for i in covered if tidy(texts[numbers[i] - grid.first_row].as_py())]
        if lacking := len(covered) - len(held):
            empty[name] = lacking
        if held:
            filled[name] = len(held), address(grid.shown, column, held[0])
    return empty, filled
