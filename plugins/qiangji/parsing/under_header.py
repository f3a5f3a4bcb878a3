"""Rows under a header that are a part of it: column numbers, how to fill a column in, over which time it counts.

In: the texts of a row, squeezed, and the columns of codes and names (`labels`) and of fields. Out: whether the row is
one. None of them has a value of a unit.

| row | how it is known |
| --- | --- |
| column numbers (`甲`, `1`, `2`; `1栏`, `A01`, `A`, `4=5+6`) | its numbers go up by one, three at least, from 1 on or
  from its column's place |
| how to fill in (`必填`, `文本`, `整数`) | each text says so, two at least |
| times (`期末数`, `累计数`, `10月末`) | each text is a time or a dash, two at least; they are held against the fields |
| dashes | under the columns of fields only dashes: a row of units where nothing has one |
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

LEAST, _LEAST_NUMBERS = 2, 3
"""Cells that have to be as a header's: one alone may be a name."""
_DASH = re.compile(r"[-—–―/\\*]+")
_NUMBER = re.compile(r"[(\[]?第?(?P<of>[A-Z]{0,2})(?P<number>[0-9]{1,3})[)\]]?[.、]?[栏列项]?(?:=.*)?")
_STEM = re.compile(
    "[甲乙丙丁戊己庚辛]|[A-Z]|[栏列行][次目号]?|[序编]?号|序|代码|编码|指标(?:代码|编号|号)?|项目|计量单位|单位|字段|属性"
)
"""What stands in such a row under the columns of codes and names."""
_HOW = re.compile(
    r"[必选可]填|[必选]报|可选|可空|非空|非?必填项?|选填项|(?:手[工动])?填[报写]|自动(?:计算|生成|求和|汇总|带出)|公式|录入|免填|不填|只读"
    r"|文[本字]型?|字符[型串]?|整[数型]|[两二一2]位小数|保留[两二一2]位小数|小数|数[值字]型?|日期型?|选项|枚举|下拉(?:选择|选项)?|[单多]选|是/?否|是或否|逻辑型?|布尔型?"
)
_A_TIME = re.compile(
    r"(?:截[至止]到?|至)?(?:20\d\d年?)?(?:\d{1,2}月?[-~—–至到])?\d{1,2}月(?:末|底|份|\d{1,2}日)?(?:累计)?(?:数|额)?"
    r"|(?:期末|期初|年初|年末|[月季]末|时点|期末时点|累计|年初至今|全年|存量|增量|发生|新增|净增|增减"
    r"|[本当上去前]一?(?:年度?|月|季度?|期)(?:同期|末|底|累计|新增|发生)*|(?:上年|去年)?同期|(?:年度?)?(?:计划|目标|预计|任务))(?:数|额|值)?"
)


def counts(row: Sequence[str]) -> bool:
    """Whether the texts of a row number its columns: `甲`, `乙`, `1`, `2`, `3` (or `4=5+6`)."""
    numbers, of = list[tuple[int, int]](), set[str]()
    for at, text in enumerate(row):
        if found := _NUMBER.fullmatch(text):
            numbers.append((at, int(found["number"])))
            of.add(found["of"])
        elif text and not (_STEM.fullmatch(text) or _DASH.fullmatch(text)):
            return False
    if not numbers:
        letters = [
            (at, ord(text) - ord("A") + 1) for at, text in enumerate(row) if re.fullmatch("[A-Z]", text)
        ]
        numbers, of = letters, {"A"}
    first = numbers[0] if numbers else (0, 0)
    rises = all(later[1] == earlier[1] + 1 for earlier, later in itertools.pairwise(numbers))
    is_near = bool(next(iter(of), "")) or first[1] <= first[0] + 1
    return len(numbers) >= _LEAST_NUMBERS and len(of) == 1 and rises and is_near


def tells_how(texts: Sequence[str]) -> bool:
    """Whether the texts of a row say how its columns are filled in, and nothing else."""
    filled = [text.strip("()[]") for text in texts if text and not _DASH.fullmatch(text)]
    said = [text for text in filled if _HOW.fullmatch(text)]
    return len(said) >= LEAST and all(_HOW.fullmatch(text) or _STEM.fullmatch(text) for text in filled)


def is_below(row: Sequence[str]) -> bool:
    """Whether a row stands below the names of the columns and names none: the last of the declared header rows."""
    return counts(row) or tells_how(row)


def is_of_header(row: Sequence[str], labels: Sequence[int], fields: Mapping[str, int]) -> bool:
    """Whether a row above the first code numbers the columns, says how to fill them in, or has dashes alone."""
    mine = _of_columns(row, labels, fields)
    key = labels[0]  # before it a row may have a number of its own
    if is_below(mine) or is_below([text if at >= key else "" for at, text in enumerate(mine)]):
        return True
    cells = [text for at in fields.values() if (text := row[at])]
    return len(cells) >= LEAST and all(map(_DASH.fullmatch, cells)) and _has_no_unit(row, labels)


def times_of(row: Sequence[str], labels: Sequence[int], fields: Mapping[str, int]) -> Mapping[str, str]:
    """Field -> the time that a row above the first code gives it; nothing of a row that is none of times."""
    cells = {name: text for name, at in fields.items() if (text := row[at])}
    times = {name: text for name, text in cells.items() if not _DASH.fullmatch(text)}
    is_row = len(times) >= LEAST and all(map(_A_TIME.fullmatch, times.values()))
    return times if is_row and _has_no_unit(row, labels) else {}


def with_times(
    headers: Mapping[str, tuple[str, str]], times: Mapping[str, str]
) -> Mapping[str, tuple[str, str]]:
    """Field -> the cells above its header and the header, with what a row of times says of it."""
    return {
        name: (parents, f"{leaf}({times[name]})" if name in times else leaf)
        for name, (parents, leaf) in headers.items()
    }


def _of_columns(row: Sequence[str], labels: Sequence[int], fields: Mapping[str, int]) -> list[str]:
    """The row's texts under the columns of the form, and those numbers that stand under others; in their order."""
    mine = {*labels, *fields.values()}
    return [text if at in mine or _NUMBER.fullmatch(text) else "" for at, text in enumerate(row)]


def _has_no_unit(row: Sequence[str], labels: Sequence[int]) -> bool:
    """Whether neither a code nor a name stands in a row."""
    texts = (row[at] for at in labels)
    return all(
        not text or _STEM.fullmatch(text) or _DASH.fullmatch(text) or _is_label(text) for text in texts
    )


def _is_label(text: str) -> bool:
    return bool(re.fullmatch("口径|统计口径|时[间点段期]|时间口径|类型|填报(?:要求|方式)|说明", text))
