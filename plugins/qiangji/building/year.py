"""The reports of a year that a year to date rests on: of most units the last one.

In: what counties report, month by month. Out: rows with `times`, how many reports each stands for. A report that has
all fields that the indicators read takes the place of those before it, where all of them are worth what the last report
says: states, amounts as of the year. Where an amount of each report counts, nothing may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.building.registry import Chain, pairs
from qiangji.catalogue.models import Form
from qiangji.indicators import Base
from qiangji.periods import Period


def is_enough(base: Base, form: Form, period_type: str) -> bool:
    """Whether the last report with all fields says all that the base's indicators are worth in such a period."""
    terms = [t for x in base.indicators for t in x.terms if t.form == form.form]
    return all(t.follows_from_the_last(form, period_type) for t in terms)


def name(base: Base, form: Form) -> str:
    return f"year-{base.name}-{form.form}"


def chain(
    base: Base,
    form: Form,
    year: int,
    fields: dict[str, pa.DataType],
    read: Callable[[Form, Period, Collection[str]], pa.Table],
) -> Chain:
    """Rows of unit_code, county_code, month, times and the fields that the base reads of the form."""
    schema = pa.schema(
        [
            ("unit_code", pa.string()),
            ("county_code", pa.string()),
            ("month", pa.int64()),
            ("times", pa.int64()),
            *fields.items(),
        ]
    )

    def fold(known: pa.Table, found: pa.Table, period: Period) -> pa.Table:
        new = found.append_column("month", pa.repeat(period.last_month.index, len(found)))
        new = new.append_column("times", pa.repeat(1, len(found))).select(schema.names).cast(schema)
        return _folded(known, new, list(fields))

    return Chain(name(base, form), form, Period("month", year * 12), schema.empty_table(), read, fold)


def _folded(known: pa.Table, new: pa.Table, fields: Sequence[str]) -> pa.Table:
    """What is known with new reports: those that have all fields take the place of what their units had."""
    there = [pc.is_valid(new.column(n)) for n in fields]
    is_whole = reduce(pc.and_, there) if there else pa.chunked_array([pa.repeat(True, len(new))])
    before = pairs(known)
    is_replaced = pc.is_in(before, value_set=pairs(new).filter(is_whole.combine_chunks()))
    counts = pa.table({"at": before, "times": known.column("times")}).filter(is_replaced)
    counts = counts.group_by("at").aggregate([("times", "sum")])
    at = pc.index_in(pairs(new), value_set=counts.column("at").combine_chunks())
    times = pc.add(new.column("times"), pc.fill_null(counts.column("times_sum").take(at), 0))
    new = new.set_column(new.column_names.index("times"), "times", times)
    return pa.concat_tables([known.filter(pc.invert(is_replaced)), new])
