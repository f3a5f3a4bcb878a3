"""A year to date from the reports that it rests on is what it is from all reports of the year."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from qiangji.building import year
from qiangji.building.reports import arrow_type, parted
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.models import Form
from qiangji.engines import Engine, open_engine
from qiangji.indicators import Base
from qiangji.indicators.columns import pieces
from qiangji.periods import Period
from qiangji.settings import PROJECT, Settings
from tests.golden import world
from tests.property.often import times

FIELDS: dict[str, Any] = {"s": {}, "t": {}, "y": {"kind": "ytd"}, "f": {"kind": "flow"}}
TERMS: list[dict[str, Any]] = [
    {"missing": "any", "numerator": {"form": "g", "sum": "s"}, "denominator": {"form": "g", "count": "rows"}},
    {"missing": "matched", "numerator": {"form": "g", "sum": "s"}, "denominator": {"form": "g", "sum": "t"}},
    {"missing": "all", "numerator": {"form": "g", "sum": "y"}, "denominator": {"form": "g", "sum": "t"}},
    {"missing": "any", "numerator": {"form": "g", "count_where": {"field": "t", "at_least": 2}},
     "denominator": {"form": "g", "count": "rows"}},
]  # fmt: skip
MONTHS = [Period("month", 2026 * 12 + m) for m in range(6)]
COUNTIES = ("440703", "440705")


def base_of(terms: list[dict[str, Any]]) -> tuple[Base, Form]:
    form = Form.model_validate(world.form_of("g", {"grain": "group", "fields": FIELDS}))
    found = [
        Indicator.model_validate(world.indicator_of({"code": f"x{i}", **t})) for i, t in enumerate(terms)
    ]
    return Base((form,), tuple(d for x in found for d in x.definitions)), form


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(Settings(engine="duckdb", sql=PROJECT / "sql", threads=1)) as e:
        yield e


def drawn(rng: random.Random, month: Period) -> pa.Table:
    """What two counties report in a month: some units, one of which goes to and fro between them."""
    rows = []
    moving = rng.choice(COUNTIES)
    for county, units in zip(COUNTIES, (["V1", "V2", "V3"], ["V3", "V4"]), strict=True):
        mine = [u for u in units if (u != "V3" or county == moving) and rng.random() < 0.8]
        if rng.random() < 0.8:
            rows += [(county, u, *(rng.choice([None, 1, 2, 3]) for _ in "sty")) for u in mine]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    types = [pa.string(), pa.string(), pa.int64(), pa.int64(), pa.int64()]
    names = ["county_code", "unit_code", "s", "t", "y"]
    return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})


def summed(engine: Engine, base: Base, form: Form, rows: pa.Table, is_alone: bool) -> list[str]:
    """What the models make of rows (unit_code, month, times and fields)."""
    rows = rows.append_column("base_code", rows.column("unit_code"))
    for name, value in (("in_period", True), ("is_before", False), ("starts_year", True)):
        rows = rows.append_column(name, pa.repeat(value, len(rows)))
    found = []
    for model, mine in zip(("operands_of_one", "operands"), parted(rows, is_alone), strict=True):
        if len(mine):
            engine.register("reports", mine)
            found += engine.run(model, **pieces(model, base, form, "ytd")).to_pylist()
    return sorted(
        map(str, (sorted((k, int(v) if isinstance(v, int) else v) for k, v in r.items()) for r in found))
    )


@pytest.mark.parametrize("seed", range(times(30)))
def test_reports_that_are_left_out_change_nothing(engine: Engine, seed: int) -> None:
    rng = random.Random(seed)
    base, form = base_of(TERMS)
    assert year.is_enough(base, form, "ytd")
    types = {n: arrow_type(form, n) for n in "sty"}
    chain = year.chain(base, form, 2026, types, lambda *_: pa.table({}))
    carried, all_rows = chain.empty, [chain.empty]
    for month in MONTHS:
        found = drawn(rng, month)
        carried = chain.fold(carried, found, month).combine_chunks()
        n = len(found)
        months, times = (
            pa.repeat(pa.scalar(month.index, pa.int64()), n),
            pa.repeat(pa.scalar(1, pa.int64()), n),
        )
        found = found.append_column("month", months).append_column("times", times)
        all_rows.append(found.select(chain.empty.column_names))
        whole = pa.concat_tables(all_rows)
        assert summed(engine, base, form, carried, True) == summed(engine, base, form, whole, False)
    assert len(carried) < len(whole)


@pytest.mark.parametrize(
    "term",
    [
        {"form": "g", "sum": "f"}, {"form": "g", "max": "s"}, {"form": "g", "sum": "s", "each_report": True},
    ],
)  # fmt: skip
def test_where_each_report_counts_none_is_left_out(term: dict[str, Any]) -> None:
    base, form = base_of(
        [*TERMS, {"missing": "any", "numerator": term, "denominator": {"form": "g", "sum": "s"}}]
    )
    assert not year.is_enough(base, form, "ytd")


def test_a_month_of_a_year_to_date_field_rests_on_the_month_before() -> None:
    base, form = base_of(TERMS)
    assert not year.is_enough(base, form, "month")
