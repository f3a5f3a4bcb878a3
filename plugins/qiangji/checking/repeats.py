"""Reports that repeat the one before, row by row, without saying so: last month's sheet sent again.

In: the rows of two reports of a county that follow each other. Out: a finding on the later one. A report that says
无变动 repeats on purpose. Only numbers tell: texts, dates and answers stay the same for good reasons.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Form
from qiangji.catalogue.suites import Words
from qiangji.ledger.findings import Finding
from qiangji.periods import Period

RULE = "repeats_last"
VERSION = "1"
"""Part of the signature of contextual checks: reports are looked at again once it is raised."""
LEAST_CELLS = 10
"""So many numbers that are not 0 have to be the same: fewer may be by chance."""
SHARE = 0.9
"""Of the rows of either report that the other has too."""


def can_tell(form: Form) -> bool:
    """Whether a form has numbers by which a repetition can be told."""
    return any(f.is_number for f in form.fields.values())


def finding(form: Form, period: Period, county: str, now: pa.Table, before: pa.Table) -> Finding | None:
    """What is said of a report that repeats the one before; None where it does not."""
    rows = repeated(form, now, before)
    if rows is None:
        return None
    last = period - 1
    words = Words(
        str(last),
        f"{rows}条记录与{last}的报送逐项相同：是否误报了上期的表",
        f"{rows} rows are the same as in the report of {last}: was the last report sent again",
        f"{period}的数据；确无变动请填报“无变动”或予以确认",
        f"the figures of {period}; if nothing changed, report 无变动 or confirm it",
    )
    rule = f"{form.form}.{form.key}.{RULE}"
    fields = tuple(n for n in form.fields if n in now.column_names)
    return Finding(county, form.form, str(period), county, county, rule, "warning", fields, words)


def repeated(form: Form, now: pa.Table, before: pa.Table) -> int | None:
    """How many rows are the same as before, where all are that both have; None where one differs, or few tell."""
    at = pc.index_in(now.column(form.key), value_set=before.column(form.key).combine_chunks())
    both = pc.is_valid(at)
    common = pc.sum(both).as_py() or 0
    if common < SHARE * max(len(now), len(before)):
        return None
    old, new = before.take(at.filter(both)), now.filter(both)
    told = 0
    for name, field in form.fields.items():
        if name not in old.column_names or name not in new.column_names:
            continue
        was, is_now = old.column(name), new.column(name)
        if was.type != is_now.type or was.combine_chunks() != is_now.combine_chunks():
            return None
        if field.is_number:
            told += pc.sum(pc.fill_null(pc.not_equal(is_now, 0), False)).as_py() or 0
    return common if told >= LEAST_CELLS else None
