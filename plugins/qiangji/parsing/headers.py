"""Which column of a sheet is which field: headers by name, label or alias, in one or more header rows.

In: a grid and its `Reading`. Out: `Columns`. With several header rows, the lowest text of a column is its header and
the merged cell above it is its parent. An alias may name parent and leaf together (`联营项目镇村`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qiangji.catalogue.models import Field, Form, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.facts import MAX_TITLE
from qiangji.parsing.grid import Grid, address, column_letters
from qiangji.parsing.numbering import numbered, without_numbers
from qiangji.parsing.reading import Reading
from qiangji.parsing.returned import EXPLANATION_HEADER, RETURNED_HEADERS
from qiangji.parsing.under_header import is_below
from qiangji.parsing.wording import PERIOD, alike, is_called, target_of
from qiangji.periods import Period
from qiangji.personal_data import may_name
from qiangji.text import quoted_zh, squeezed, tidy

_SEARCHED = 10
"""Rows among which a header is looked for that does not stand where it should."""
_A_TIME = re.compile(
    r"(?:截[至止]到?|至)?(?:20\d\d年?)?(?:0?1月?(?:1日)?[-~—–至到])?"
    r"(?:\d{1,2}月|第?[一二三四1-4]季度?)(?:末|底|份|\d{1,2}日)?(?:累计)?"
)
MAX_SHOWN = 40
"""Characters of a header that a message quotes; a longer text is no header, and may be anything."""
UNCHANGED_HEADERS = ("is_unchanged", "无变动")
"""Headers of a column that declares an unchanged report (see `unchanged`). It holds no field."""


@dataclass(frozen=True)
class Columns:
    """Positions in the grid. `fields`: in the form's order, without optional ones that the sheet has no column for;
    `ignored`: columns that hold no field of the period.

    `is_returned`: the sheet went back to the county before; `explanation`: the column where the county may explain a
    row. `unheaded`: columns without a header. `units`: field -> the unit in brackets behind its header. `headers`:
    field -> (the cells above it, its header).
    """

    key: int
    fields: Mapping[str, int]
    name: int | None = None
    period: int | None = None
    ignored: tuple[int, ...] = ()
    explanation: int | None = None
    is_returned: bool = False
    unheaded: tuple[int, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[int, ...]:
        """Where the label of a totals row may stand: the key, the name, and columns before the key."""
        return (
            self.key,
            *([] if self.name is None else [self.name]),
            *(i for i in self.ignored if i < self.key),
        )


def find_columns(grid: Grid, reading: Reading) -> Columns:
    """Match every column that has a header to the key, the name, the period, a field, or nothing (if declared).

    Raises ReturnedError: unknown_header, missing_column, duplicate_header, misplaced_header.
    """
    title_rows, header_rows = grid.title_and_header(reading.layout)
    try:
        return _columns_at(grid, reading, title_rows, header_rows)
    except ReturnedError as e:
        if grid.header_rows is None and (place := _elsewhere(grid, reading)):
            raise _misplaced(place, (title_rows, header_rows), reading) from None
        raise e from None


def without_last(grid: Grid, reading: Reading) -> tuple[Reading, Columns] | None:
    """The reading and its columns with fewer header rows than declared; None where the names are not found so."""
    titles, declared = grid.title_and_header(reading.layout)
    for rows in range(declared - 1, 0, -1) if grid.header_rows is None else ():
        less = replace(reading, layout=reading.layout.model_copy(update={"header_rows": rows}))
        with contextlib.suppress(ReturnedError):
            return less, _columns_at(grid, less, titles, rows)
    return None


def _elsewhere(grid: Grid, reading: Reading) -> tuple[int, int] | None:
    """Another place at which the form's whole header is found: (rows above it, its rows)."""
    declared = reading.layout.header_rows
    for rows in dict.fromkeys((declared, 1, 2, 3)):
        for above in range(min(_SEARCHED, grid.cells.num_rows)):
            with contextlib.suppress(ReturnedError):
                _columns_at(grid, reading, above, rows)
                return above, rows
    return None


def _columns_at(grid: Grid, reading: Reading, title_rows: int, header_rows: int) -> Columns:
    form, fields, layout = reading.form, reading.fields, reading.layout
    ignored_texts = {squeezed(t) for t in layout.ignore}
    found: dict[str, int] = {}
    ignored: list[int] = []
    units, headers = dict[str, str](), dict[str, tuple[str, str]]()
    explanation, is_returned = None, False
    for i, (written, whole, parents) in enumerate(texts := _header_texts(grid, title_rows, header_rows)):
        if not written:
            continue
        target, unit, said = _target(form, texts, i, reading.period)
        leaf, full = squeezed(said), squeezed(whole)
        if target is None and leaf in RETURNED_HEADERS:
            is_returned = True
            explanation = i if leaf == EXPLANATION_HEADER else explanation
        elif target is None and (
            {leaf, full} & set(UNCHANGED_HEADERS)
            or any(is_called(form, text, ignored_texts) for text in (leaf, full))
            or _is_valueless_key(grid, i)
        ):
            ignored.append(i)
        elif target is None:
            row = title_rows + header_rows - 1
            raise _unknown(written, whole, address(reading.sheet, i, grid.first_row + row), reading)
        elif target in found:
            row = title_rows + header_rows
            raise _duplicate(target, [address(reading.sheet, c, row) for c in (found[target], i)], reading)
        elif target in form.fields and target not in fields:
            ignored.append(i)  # a field that the form has in other periods
        else:
            found[target] = i
            if target in fields:
                headers[target] = parents[:MAX_TITLE], leaf[:MAX_TITLE]
                units |= {target: unit} if unit else {}
    missing = [n for n in (form.key, *fields) if n not in found and n not in reading.optional]
    if missing:
        raise _missing(missing, reading)
    return Columns(
        key=found[form.key],
        fields={n: found[n] for n in fields if n in found},
        name=found.get("unit_name"),
        period=found.get(PERIOD),
        ignored=tuple(ignored),
        explanation=explanation,
        is_returned=is_returned,
        unheaded=tuple(i for i, (leaf, *_) in enumerate(texts) if not leaf),
        units=units,
        headers=headers,
    )


def _is_valueless_key(grid: Grid, at: int) -> bool:
    """Whether a key of JSON records has no value in any: it says nothing. A sheet's empty column may be a lost one."""
    if grid.header_rows is None:
        return False
    return set(grid.cells.column(at).slice(grid.header_rows).unique().to_pylist()) <= {None, "", "{}", "[]"}


def _target(
    form: Form, texts: Sequence[tuple[str, str, str]], at: int, period: Period | None
) -> tuple[str | None, str, str]:
    """What the header of a column stands for, its unit, and the header: without its number where that says nothing."""
    leaf, full, _ = texts[at]
    target, unit = target_of(form, full, leaf, period)
    if target is None and (plain := without_numbers(tuple(t[0] for t in texts))[at]) != leaf:
        target, unit = target_of(form, full.removesuffix(leaf) + plain, plain, period)
        leaf = plain
    return target, unit, leaf


def values_in(grid: Grid, layout: Layout, form: Form, columns: Sequence[int]) -> dict[int, Field]:
    """Those of these columns whose header is that of a field, but for codes, whatever month it names. Where none is,
    the last of the declared header rows may be one of units, and those above it are looked at.
    """
    titles, declared = grid.title_and_header(layout)
    tried = (_fields_at(grid, (titles, rows), form, columns) for rows in range(declared, 0, -1))
    found = next(filter(None, tried), dict[int, Field]())
    return {at: field for at, field in found.items() if field.type != "code"}


def _fields_at(grid: Grid, at_rows: tuple[int, int], form: Form, columns: Sequence[int]) -> dict[int, Field]:
    texts = _header_texts(grid, *at_rows)
    timeless = [(_timeless(leaf), _timeless(full), "") for leaf, full, _ in texts]
    named = {
        at: _target(form, texts, at, None)[0] or _target(form, timeless, at, None)[0] or ""
        for at in columns
        if texts[at][0]
    }
    return {at: form.fields[name] for at, name in named.items() if name in form.fields}


def _timeless(text: str) -> str:
    """A header without the months and quarters in it."""
    return re.sub(r"\(,?\)", "", _A_TIME.sub("", squeezed(text))).replace("(,", "(").replace(",)", ")")


def _header_texts(grid: Grid, title_rows: int, header_rows: int) -> list[tuple[str, str, str]]:
    """(leaf, parents + leaf) of each column, tidied, and the parents, squeezed, a comma between them. A parent's text
    covers what is to its right, up to the next. A declared row of column numbers names nothing.
    """
    below = min(title_rows + header_rows, grid.cells.num_rows)
    rows = [[tidy(numbered(c[i].as_py())) for c in grid.cells.columns] for i in range(title_rows, below)]
    while len(rows) > 1 and is_below(list(map(squeezed, rows[-1]))):
        rows.pop()
    texts = []
    for column in range(grid.cells.num_columns):
        own = [r for r, row in enumerate(rows) if row[column]]
        if not own:
            texts.append(("", "", ""))
            continue
        leaf = rows[own[-1]][column]
        parents = [text for r in range(own[-1]) if (text := _parent(rows, r, column))]
        texts.append((leaf, " ".join([*parents, leaf]), ",".join(map(squeezed, parents))))
    return texts


def _parent(rows: list[list[str]], row: int, column: int) -> str:
    """The nearest text at or left of the column, if another text stands below it; else ''."""
    for i in range(column, -1, -1):
        if rows[row][i]:
            return rows[row][i] if any(below[i] for below in rows[row + 1 :]) else ""
    return ""


def _zh_names(names: list[str], form: Form) -> str:
    return "、".join(form.fields[n].label.zh if n in form.fields else form.key_headers[0] for n in names)


def _unknown(leaf: str, whole: str, at: str, reading: Reading) -> ReturnedError:
    """`leaf`: the header, tidied; `whole`: with the cells above it, whose blanks may show that somebody signed."""
    text, form = squeezed(leaf), reading.form
    known = [form.key, *reading.fields]
    is_shown = len(text) <= MAX_SHOWN and not (may_name(text) or may_name(whole))
    shown = repr(leaf) if is_shown else f"of {len(text)} characters"
    shown_zh = quoted_zh(leaf) if is_shown else f"（{len(text)}字）"
    like = alike(leaf, form, reading.period) if is_shown else None
    like_en = f"; it looks like {like[0]}, but {like[2]}" if like else ""
    like_zh = (
        f"：看似{quoted_zh(like[1])}，但{like[3]}；确是该项的，表头请只写{quoted_zh(like[1])}" if like else ""
    )
    do = f"If it is that column, write {like[1]} alone; else rename" if like else "Rename"
    return ReturnedError(
        f"unknown header {shown} in {at}{like_en}",
        where=reading.where,
        expected=", ".join(known),
        do=f"{do} or remove the column; if it is a new wording, add it to the form's headers.",
        code="unknown_header",
        zh=f"{at}：表头{shown_zh}不在报表中{like_zh}；可用表头：{_zh_names(known, form)}；请更正或删除该列后重报",
    )


def _misplaced(found: tuple[int, int], expected: tuple[int, int], reading: Reading) -> ReturnedError:
    (is_en, is_zh), (should_en, should_zh) = (_rows_of(*found), _rows_of(*expected))
    return ReturnedError(
        f"the header was found in {is_en}",
        where=reading.where,
        expected=f"the header in {should_en}",
        do=f"Insert or delete rows above it, so that the header stands in {should_en}, and send it again.",
        code="misplaced_header",
        zh=f"表头在{is_zh}，应在{should_zh}；请在表头之上补上或删去相应的行（如标题行）后重报",
    )


def reordered(target: str, row: int, at: int, above: int | None, reading: Reading) -> ReturnedError:
    """The error for a second header whose columns are in another order than those of the first."""
    form = reading.form
    own = {form.key: form.key_headers, "unit_name": form.name_headers}.get(target)
    label = own[0] if own else form.fields[target].label.zh
    there = column_letters(at)
    first = "" if above is None else column_letters(above)
    return ReturnedError(
        f"row {row} is a second header, in another order: {target} in {there}, above in {first or 'no column'}",
        where=reading.where,
        expected="all rows in the order of one header",
        do="Put the columns of both parts into one order, remove the second header, and send it again.",
        code="reordered_header",
        zh=f"第{row}行是另一个表头，列的顺序与上面的表头不同：{quoted_zh(label)}此处在{there}列，上面"
        + (f"在{first}列" if first else "没有该列")
        + "；请把两部分的列调成同一顺序、删去第二个表头后重报",
    )


def _rows_of(above: int, rows: int) -> tuple[str, str]:
    first, last = above + 1, above + rows
    return (
        (f"row {first}", f"第{first}行") if rows == 1 else (f"rows {first} to {last}", f"第{first}至{last}行")
    )


def _duplicate(target: str, places: list[str], reading: Reading) -> ReturnedError:
    cells, fields = " and ".join(places), reading.form.fields
    label = fields[target].label.zh if target in fields else target
    return ReturnedError(
        f"two columns for {target}: {cells}",
        where=reading.where,
        expected="one column a field",
        do="Remove one of them.",
        code="duplicate_header",
        zh=f"{quoted_zh(label)}出现两列（{cells}），请只保留一列后重报",
    )


def _missing(missing: list[str], reading: Reading) -> ReturnedError:
    form = reading.form
    wording = "; ".join(
        f"{n}: {' / '.join(dict.fromkeys((form.fields[n].label.zh, *form.fields[n].headers)))}"
        if n in form.fields
        else f"{n}: {' / '.join(form.key_headers)}"
        for n in missing
    )
    return ReturnedError(
        f"no column for {', '.join(missing)}",
        where=reading.where,
        expected=wording,
        do="Add the column, or check the declared header rows.",
        code="missing_column",
        zh=f"缺少列：{_zh_names(missing, form)}，请补上后重报",
    )
