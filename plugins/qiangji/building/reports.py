"""Reports as the models of operands read them: units with one report in the period by themselves.

In: rows of a period, and those of the period just before. Out: rows to which nothing has to be added, with what their
units said before beside them, and the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form
from qiangji.parsing.normalise import TYPES
from qiangji.periods import Period


@dataclass(frozen=True)
class Reports:
    """Rows of units with one report in the period, for model `operands_of_one`, and of others, for `operands`."""

    one: pa.Table
    many: pa.Table

    def of(self, units: pa.Array | pa.ChunkedArray) -> pa.Table:
        """Those of some units, in the columns that both have."""
        both = pa.concat_tables([self.one.select(self.many.column_names), self.many])
        return both.filter(pc.is_in(both.column("unit_code"), value_set=pc.unique(units)))


def is_each_once(keys: pa.ChunkedArray) -> bool:
    """Whether no unit is there twice, as far as a glance tells: reports are in the order of their rows' keys."""
    return pc.all(pc.less(keys[:-1], keys[1:])).as_py() is not False


def parted(rows: pa.Table, is_alone: bool) -> tuple[pa.Table, pa.Table]:
    """Rows of units that are there once, and of the others; none is alone where `is_alone` says so of all."""
    if not is_alone or is_each_once(rows.column("unit_code")):
        return (rows, rows.slice(0, 0)) if is_alone else (rows.slice(0, 0), rows)
    counts = pc.value_counts(rows.column("unit_code"))
    several = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    is_several = pc.is_in(rows.column("unit_code"), value_set=several)
    return rows.filter(pc.invert(is_several)), rows.filter(is_several)


def beside(rows: pa.Table, prior: pa.Table | None, form: Form, fields: Sequence[str]) -> pa.Table:
    """The rows with what their units said just before of year-to-date fields."""
    at = None
    if prior is not None and fields:
        at = pc.index_in(rows.column("unit_code"), value_set=prior.column(form.key).combine_chunks())
    for name in fields:
        type_ = arrow_type(form, name)
        said = pa.nulls(len(rows), type_) if at is None or prior is None else prior.column(name).take(at)
        rows = rows.append_column(f"before__{name}", said)
    return rows


def just_before(rows: pa.Table, form: Form, period: Period, like: pa.Table) -> pa.Table:
    """The rows of the period just before, of units that `like` has, in its columns."""
    at = pc.index_in(rows.column(form.key), value_set=like.column("unit_code").combine_chunks())
    said = {
        "month": period.last_month.index,
        "in_period": False,
        "is_before": True,
        "starts_year": False,
        "times": 1,
    }
    columns = {n: pa.repeat(pa.scalar(v, like.schema.field(n).type), len(rows)) for n, v in said.items()}
    columns |= {"unit_code": rows.column(form.key), "base_code": like.column("base_code").take(at)}
    return pa.table({n: columns[n] if n in columns else rows.column(n) for n in like.column_names})


def arrow_type(form: Form, name: str) -> pa.DataType:
    """The type of a field's column in the lake."""
    return pa.string() if name == form.key else TYPES[form.fields[name].type]


def units_in_months(found: Sequence[tuple[pa.Array, Period]]) -> pa.Table:
    """Units by month, each with the number of the month."""
    codes = pa.chunked_array([units for units, _ in found], pa.string())
    months = pa.chunked_array([pa.repeat(month.index, len(units)) for units, month in found], pa.int64())
    return pa.table({"base_code": codes, "month": months})
