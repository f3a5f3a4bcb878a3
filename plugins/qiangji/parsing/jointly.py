"""Files of several counties that look the same, looked through and parsed as if they were one.

In: their grids. Out: one `Parsed` for all, and how it is split; or None, and each is read by itself. Most of what a
small file costs does not depend on its rows. The answer is what each file by itself would have given:

| step | why |
| --- | --- |
| one grid | they have the same header, no title, no sign-off zone, nothing that only one of them has |
| screening | what is a hit in one file is a hit in all of them together; a header alone is looked at as well |
| parsing | nothing is asked or told of any row: no stray, total, blank row, unreadable cell; every key is a code |
| each file | it has a value: what nobody filled in goes back |

Whatever is asked of a file as a whole has to be asked of each here, too: a property holds that both give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import County, Form, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing.facts import SheetFacts
from qiangji.parsing.form import Parsed, read_form
from qiangji.parsing.glance import is_alnum
from qiangji.parsing.grid import Grid, combined, sign_off_start
from qiangji.parsing.screening import find_personal_data
from qiangji.parsing.wording import known_headers
from qiangji.periods import Period
from qiangji.text import squeezed


def may_be(grid: Grid, form: Form, layout: Layout) -> bool:
    """Whether a grid may be read with others, at a glance: every row has a key, as no total, note or blank has."""
    headers = layout.header_rows
    if layout.title_rows or grid.error or grid.ragged or not 0 < headers < grid.cells.num_rows:
        return False
    known = known_headers(form)
    keys = [i for i, t in enumerate(grid.row_text(headers - 1)) if known.get(squeezed(t)) == form.key]
    return len(keys) == 1 and is_alnum(combined(grid.cells.column(keys[0])).slice(headers))


def read_clean(grids: Sequence[Grid], form: Form, county: County, period: Period) -> Parsed | None:
    """The submissions one behind the other, if nothing is to be said of any. `county`: one with the layout of all.

    None too if there may be personal data in one of them.
    """
    grid = clean(grids, form, county)
    if grid is None:
        return None
    above = grid.data_start(county.layout_of(form.form))
    try:
        parsed = read_form(grid, form, county, period)
    except ReturnedError:
        return None
    if parsed.rows.num_rows != grid.cells.num_rows - above or not _is_plain(parsed, form):
        return None
    if not _are_all_filled_in(parsed, rows_of(grids, form, county), form):
        return None
    numbers = pa.array(np.concatenate([np.arange(above, g.cells.num_rows) for g in grids]) + 1, pa.int32())
    return replace(parsed, rows=_numbered(parsed.rows, numbers), raw=_numbered(parsed.raw, numbers))


def clean(grids: Sequence[Grid], form: Form, county: County) -> Grid | None:
    """All of them as one, if they are alike and there is no personal data in any."""
    layout = county.layout_of(form.form)
    grid = _one(grids, layout)
    if grid is None:
        return None
    head = replace(grid, cells=grid.cells.slice(0, grid.data_start(layout)))
    found = find_personal_data(grid, layout, form) or find_personal_data(head, layout, form)
    return None if found else grid


def rows_of(grids: Sequence[Grid], form: Form, county: County) -> list[int]:
    """How many of the rows that `read_clean` gives are each grid's."""
    return [g.cells.num_rows - g.data_start(county.layout_of(form.form)) for g in grids]


def split(parsed: Parsed, sizes: Sequence[int]) -> list[Parsed]:
    """Each file's own submission."""
    starts = [0, *np.cumsum(sizes).tolist()]
    return [
        replace(parsed, rows=parsed.rows.slice(start, size), raw=parsed.raw.slice(start, size))
        for start, size in zip(starts, sizes, strict=False)
    ]


def is_plain(parsed: Parsed) -> bool:
    """Whether nothing is told of any row: only then it is known of which file everything is."""
    quiet = SheetFacts(headers=parsed.sheet.headers, units_in_headers=parsed.sheet.units_in_headers)
    return (
        not parsed.is_unchanged
        and not parsed.problems.num_rows
        and parsed.totals_agree is None
        and not parsed.totals_problems
        and not parsed.explanations
        and parsed.sheet == quiet
    )


def _one(grids: Sequence[Grid], layout: Layout) -> Grid | None:
    """The grid of all their rows below one header; None if they are not alike."""
    first, headers = grids[0], layout.header_rows
    head = first.cells.slice(0, headers)
    for grid in grids:
        has_more = grid.error or grid.look or grid.ragged or grid.sheet or grid.header_rows is not None
        if has_more or grid.first_row != 1 or grid.form != first.form or grid.cells.num_rows <= headers:
            return None
        if layout.title_rows or not grid.cells.slice(0, headers).equals(head):
            return None
    cells = pa.concat_tables([head, *(g.cells.slice(headers) for g in grids)]).combine_chunks()
    grid = replace(first, cells=cells)
    return grid if sign_off_start(grid, layout) == cells.num_rows else None


def _is_plain(parsed: Parsed, form: Form) -> bool:
    """The same, and every key is a code as it was written: what belongs to a header stands beside none."""
    keys = parsed.rows.column(form.key)
    if not is_plain(parsed) or keys.null_count or not keys.equals(parsed.raw.column(form.key)):
        return False
    return bool(pc.all(pc.match_substring_regex(keys, f"^(?:{form.key_pattern})$")).as_py())


def _are_all_filled_in(parsed: Parsed, sizes: Sequence[int], form: Form) -> bool:
    """Whether each file has a value: one that nobody filled in goes back, though the others have some."""
    filled = np.zeros(parsed.rows.num_rows, np.bool_)
    for name in form.fields.keys() & parsed.columns.keys():
        column = parsed.rows.column(name)
        if not column.null_count:
            return True
        filled |= pc.is_valid(column).to_numpy()
    return bool(np.logical_or.reduceat(filled, np.cumsum([0, *sizes[:-1]])).all())


def _numbered(rows: pa.Table, numbers: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index("_row"), "_row", numbers)
