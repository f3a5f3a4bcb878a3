"""Reports that repeat the one before, row by row, without saying so: last month's sheet sent again, some rows mended.

In: many counties' rows of two reports that follow each other, perhaps with periods between them that were not sent.
Out: findings on the later ones. One that says 无变动 repeats on purpose. Only numbers tell: texts, dates and answers
stay the same for good reasons. Of a few rows all have to be the same, of many nine in ten: of villager groups seven or
eight in ten do not change in a month.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.beside import Alike, Numbers, Pairs, are, counted
from qiangji.ledger.findings import Finding
from qiangji.periods import Period

RULE = "repeats_last"
VERSION = "3"
"""Part of the signature of contextual checks, `scales` and `sameness` too: once raised, reports are looked at again."""
LEAST_CELLS = 10
"""So many numbers that are not 0 have to be the same: fewer may be by chance."""
SHARE = 0.9
"""Of the rows of either report that the other has too; and of these, those that are the same."""
MANY = 20
"""Of fewer rows all have to be the same."""


def can_tell(form: Form) -> bool:
    """Whether a form has numbers by which a repetition can be told."""
    return any(f.is_number for f in form.fields.values())


def findings(form: Form, periods: tuple[Period, Period], pairs: Pairs) -> dict[str, Finding]:
    """County -> what is said of its report where it repeats the one before. `periods`: of both, in order; `pairs`: see
    `Pairs`.
    """
    return {
        county: _finding(form, periods, county, rows, pairs.reports[county][0].column_names)
        for county, rows in repeated(form, pairs).items()
    }


def _finding(
    form: Form, periods: tuple[Period, Period], county: str, rows: tuple[int, int], columns: Collection[str]
) -> Finding:
    (same, of), (last, period) = rows, periods
    rows_zh, rows_en = (
        (f"{same}条", f"{same}") if same == of else (f"{of}条记录中有{same}条", f"{same} of {of}")
    )
    words = Words(
        str(last),
        f"{rows_zh}{'记录' if same == of else ''}与{last}的报送逐项相同：是否误报了上期的表",
        f"{rows_en} rows are the same as in the report of {last}: was the last report sent again",
        f"{period}的数据；确无变动请填报“无变动”或予以确认",
        f"the figures of {period}; if nothing changed, report 无变动 or confirm it",
    )
    rule = f"{form.form}.{form.key}.{RULE}"
    fields = [n for n in form.fields if n in columns]
    return Finding.of_report((county, form.form, period), rule, words, fields)


def repeated(form: Form, pairs: Pairs) -> dict[str, tuple[int, int]]:
    """County -> (rows that are the same as before, rows that both have); not where too many differ, or too few tell."""
    found: dict[str, tuple[int, int]] = {}
    for alike in pairs.by_schema():
        sizes = np.maximum(*(np.array([len(t) for t in tables]) for tables in (alike.now, alike.before)))
        has_both = alike.at >= 0
        common = counted(alike.of, has_both, len(sizes))
        is_told = (common > 0) & (common >= SHARE * sizes)
        chosen = has_both & is_told[alike.of]
        if not chosen.any():
            continue
        many, cells = _the_same(form, alike, chosen)
        is_again = (many == common) | ((common >= MANY) & (many >= SHARE * common))
        for n in np.flatnonzero(is_told & is_again & (cells >= LEAST_CELLS)).tolist():
            found[alike.counties[n]] = int(many[n]), int(common[n])
    return found


def _the_same(form: Form, alike: Alike, chosen: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Of each county how many of the chosen rows are the same in both, and how many numbers these have but 0."""
    now, of = alike.rows.filter(pa.array(chosen)), alike.of[chosen]
    before = alike.others.take(pa.array(alike.at[chosen]))
    same, told = np.ones(len(now), np.bool_), np.zeros(len(now), np.int64)
    for name, field in form.fields.items():
        if name not in now.column_names or name not in before.column_names:
            continue
        is_now, was = now.column(name), before.column(name)
        if was.type != is_now.type:
            same[:] = False
            break
        same &= are(pc.or_kleene(pc.equal(was, is_now), pc.and_(pc.is_null(was), pc.is_null(is_now))))
        if field.is_number:
            told += are(pc.not_equal(is_now, 0))
    n = len(alike.counties)
    # where types differ nothing is compared: none is the same, and no row tells anything
    return counted(of, same, n), counted(of, told * same, n)
