"""Reports that repeat the one before, row by row, without saying so: last month's sheet sent again, some rows mended.

In: many counties' rows of two reports that follow each other, perhaps with periods between them that were not sent.
Out: findings on the later ones. One that says 无变动 repeats on purpose. Only numbers tell: texts, dates and answers
stay the same for good reasons.

By rows: of a few rows all have to be the same, of many nine in ten: of villager groups seven or eight in ten do not
change in a month. By numbers, for a few cells mended in a few rows: of those that move (of a month, of the year to
date, of persons once) nineteen in twenty have to be the same, and so of all. A stock says nothing by itself: it may
stand still for months. In honest reports three to eight in ten of those that move are the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

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
VERSION = "4"
"""Part of the signature of contextual checks, `scales` and `sameness` too: once raised, reports are looked at again."""
LEAST_CELLS = 10
"""So many numbers that are not 0 have to be the same: fewer may be by chance."""
SHARE = 0.9
"""Of the rows of either report that the other has too; and of these, those that are the same."""
MANY = 20
"""Of fewer rows all have to be the same; fewer numbers that move may stand still by chance."""
STILL = 0.95
"""Of the numbers that move, and of all numbers."""


@dataclass(frozen=True)
class Repeated:
    """How many of the rows that both reports have are the same; or, with `is_of_numbers`, of the numbers but 0."""

    same: int
    of: int
    is_of_numbers: bool = False


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
    form: Form, periods: tuple[Period, Period], county: str, again: Repeated, columns: Collection[str]
) -> Finding:
    last, period = periods
    zh, en = _said(again)
    words = Words(
        str(last),
        zh.format(f"与{last}的报送") + "：是否误报了上期的表",
        f"{en} are the same as in the report of {last}: was the last report sent again",
        f"{period}的数据；确无变动请填报“无变动”或予以确认",
        f"the figures of {period}; if nothing changed, report 无变动 or confirm it",
    )
    rule = f"{form.form}.{form.key}.{RULE}"
    fields = [n for n in form.fields if n in columns]
    return Finding.of_report((county, form.form, period), rule, words, fields)


def _said(again: Repeated) -> tuple[str, str]:
    """What is the same, in zh, with a place for the report before, and in en."""
    same, of = again.same, again.of
    if again.is_of_numbers:
        return f"{of}个非零数字中有{same}个{{}}相同", f"{same} of {of} numbers that are not 0"
    if same == of:
        return f"{same}条记录{{}}逐项相同", f"{same} rows"
    return f"{of}条记录中有{same}条{{}}逐项相同", f"{same} of {of} rows"


def repeated(form: Form, pairs: Pairs) -> dict[str, Repeated]:
    """County -> what is the same as before; not where too much differs, or too little tells."""
    found: dict[str, Repeated] = {}
    for alike in pairs.by_schema():
        sizes = np.maximum(*(np.array([len(t) for t in tables]) for tables in (alike.now, alike.before)))
        has_both = alike.at >= 0
        common = counted(alike.of, has_both, len(sizes))
        is_told = (common > 0) & (common >= SHARE * sizes)
        chosen = has_both & is_told[alike.of]
        if not chosen.any():
            continue
        same = _the_same(form, alike, chosen)
        is_again = (same.rows == common) | ((common >= MANY) & (same.rows >= SHARE * common))
        is_again &= same.cells >= LEAST_CELLS
        is_still = (same.moving >= MANY) & (same.still >= STILL * same.moving)
        is_still &= same.alike >= STILL * same.numbers
        for n in np.flatnonzero(is_told & (is_again | is_still)).tolist():
            found[alike.counties[n]] = (
                Repeated(int(same.rows[n]), int(common[n]))
                if is_again[n]
                else Repeated(int(same.alike[n]), int(same.numbers[n]), is_of_numbers=True)
            )
    return found


@dataclass(frozen=True)
class _Same:
    """Of each county. `rows`: those that are the same, and `cells`: their numbers that are not 0. `numbers`: those that
    are not 0 now or were not before, and `alike`: those of them that are the same; `moving`, `still`: so, but stocks.
    """

    rows: Numbers
    cells: Numbers
    numbers: Numbers
    alike: Numbers
    moving: Numbers
    still: Numbers


def _the_same(form: Form, alike: Alike, chosen: npt.NDArray[np.bool_]) -> _Same:
    """What is the same in the chosen rows of both."""
    now, of = alike.rows.filter(pa.array(chosen)), alike.of[chosen]
    before = alike.others.take(pa.array(alike.at[chosen]))
    same = np.ones(len(now), np.bool_)
    told, numbers, equal, moving, still = np.zeros((5, len(now)), np.int64)
    for name, field in form.fields.items():
        if name not in now.column_names or name not in before.column_names:
            continue
        is_now, was = now.column(name), before.column(name)
        if was.type != is_now.type:  # nothing is compared: none is the same, and none tells anything
            same[:] = False
            numbers, moving = np.zeros((2, len(now)), np.int64)
            break
        is_same = are(pc.or_kleene(pc.equal(was, is_now), pc.and_(pc.is_null(was), pc.is_null(is_now))))
        same &= is_same
        if not field.is_number:
            continue
        is_told = are(pc.not_equal(is_now, 0))
        told += is_told
        is_told |= are(pc.not_equal(was, 0))
        numbers += is_told
        equal += is_told & is_same
        if field.kind != "stock":
            moving += is_told
            still += is_told & is_same
    counts = (same, told * same, numbers, equal, moving, still)
    return _Same(*(counted(of, c, len(alike.counties)) for c in counts))
