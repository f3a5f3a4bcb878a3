"""What a sheet says of itself beside its rows: its title, units in its headers, hidden rows, scaling number formats.

In: a `Grid` and its columns as found. Out: `SheetFacts`, held against the submission's claim by `checking`. Nothing is
judged here, and no value is changed for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from qiangji.parsing.grid import Grid, Look
from qiangji.text import squeezed, tidy

MAX_TITLES, MAX_TITLE = 40, 200
"""Title cells that are kept, and characters of each."""
_UNIT = re.compile(r"[(\[【〔](?:(?:计量)?单位[:：]?)?([^()\[\]【】〔〕]{1,8})[)\]】〕]$")
_UNITS = frozenset(
    re.findall(
        r"\S+",
        """
    人 名 个 位 户 家 元 角 分 百元 千元 万元 百万元 亿元 % ‰ 百分比 百分点 次 人次 户次 场 场次 期 件 起 条 项 宗 批 届
    篇 份 处 支 组 村 社区 镇 班 对 队 亩 万亩 公顷 平方米 平方公里 m2 米 千米 公里 km 吨 公斤 千克 斤 株 棵 万株 台 辆
    套 间 座 盏 所 头 只 小时 学时 课时 天 日 月 年 岁 万人 千人 万户
        """,
    )
)


@dataclass(frozen=True)
class ScaledColumn:
    """Cells of a field that a number format shows divided: `0!.0,` shows 123456 as 12.3. `divisor`: a power of ten.

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
    | `hidden_columns` | fields whose column is hidden |
    | `scaled_columns` | fields with cells under a number format that divides |
    | `units_in_headers` | field -> the unit in brackets behind its header (`党员数(人)`: 人) |
    """

    title_texts: tuple[str, ...] = ()
    hidden_rows: int = 0
    hidden_columns: tuple[str, ...] = ()
    scaled_columns: tuple[ScaledColumn, ...] = ()
    units_in_headers: Mapping[str, str] = field(default_factory=dict)


def split_unit(header: str) -> tuple[str, str]:
    """A header and the unit in brackets behind it: `党员数(人)` -> (`党员数`, `人`); without one, '' is the unit.

    Only words that are units count: `党员数(女)` is another header than `党员数`.
    """
    plain = squeezed(header)
    found = _UNIT.search(plain)
    if not found or found[1] not in _UNITS or not found.start():
        return plain, ""
    return plain[: found.start()], found[1]


def facts_of(
    grid: Grid, title_rows: int, fields: Mapping[str, int], units: Mapping[str, str], rows: Set[int]
) -> SheetFacts:
    """What the sheet says. `fields`: field -> its column; `rows`: the numbers of the rows read, in the sheet."""
    titles = [t for i in range(min(title_rows, grid.cells.num_rows)) for t in grid.row_text(i) if t]
    look = grid.look or Look()
    scaled = [
        ScaledColumn(name, divisor, count)
        for name, at in fields.items()
        for (column, divisor), numbers in look.scaled.items()
        if column == at and (count := len(rows & numbers))
    ]
    return SheetFacts(
        tuple(tidy(t)[:MAX_TITLE] for t in dict.fromkeys(titles))[:MAX_TITLES],
        len(look.hidden_rows & rows),
        tuple(n for n, at in fields.items() if at in look.hidden_columns),
        tuple(scaled),
        dict(units),
    )
