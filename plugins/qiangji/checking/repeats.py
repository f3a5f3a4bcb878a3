"""Reports that repeat the one before, row by row, without saying so: last month's sheet sent again, some rows mended.

In: the rows of two reports of a county that follow each other, perhaps with periods between them that were not sent.
Out: a finding on the later one. A report that says 无变动 repeats on purpose. Only numbers tell: texts, dates and
answers stay the same for good reasons. Of a few rows all have to be the same, of many nine in ten: of villager groups
seven or eight in ten do not change in a month.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Form
from qiangji.catalogue.suites import Words
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


def finding(
    form: Form, periods: tuple[Period, Period], county: str, now: pa.Table, before: pa.Table
) -> Finding | None:
    """What is said of a report that repeats the one before; None where it does not. `periods`: of both, in order."""
    found = repeated(form, now, before)
    if found is None:
        return None
    (last, period), (same, of) = periods, found
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
    fields = tuple(n for n in form.fields if n in now.column_names)
    return Finding(county, form.form, str(period), county, county, rule, "warning", fields, words)


def repeated(form: Form, now: pa.Table, before: pa.Table) -> tuple[int, int] | None:
    """(rows that are the same as before, rows that both have); None where too many differ, or too few tell."""
    at = pc.index_in(now.column(form.key), value_set=before.column(form.key).combine_chunks())
    both = pc.is_valid(at)
    common = pc.sum(both).as_py() or 0
    if not common or common < SHARE * max(len(now), len(before)):
        return None
    old, new = before.take(at.filter(both)), now.filter(both)
    same, told = pa.repeat(True, common), pa.repeat(0, common)
    for name, field in form.fields.items():
        if name not in old.column_names or name not in new.column_names:
            continue
        was, is_now = old.column(name).combine_chunks(), new.column(name).combine_chunks()
        if was.type != is_now.type:
            return None
        alike = pc.or_kleene(pc.equal(was, is_now), pc.and_(pc.is_null(was), pc.is_null(is_now)))
        same = pc.and_(same, pc.fill_null(alike, False))
        if field.is_number:
            told = pc.add(told, pc.fill_null(pc.not_equal(is_now, 0), False).cast(pa.int64()))
    many, cells = pc.sum(same).as_py(), pc.sum(told.filter(same)).as_py() or 0
    is_again = many == common or (common >= MANY and many >= SHARE * common)
    return (many, common) if is_again and cells >= LEAST_CELLS else None
