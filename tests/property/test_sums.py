"""Rows that are the sums of those beside them: of many reports at once as of each by itself, and exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from qiangji.catalogue.models import Form
from qiangji.checking.sums import Keyed, are_sums
from tests.golden import world

FIELDS = {n: {"type": "decimal"} for n in ("a", "b", "c", "d")}
FORM = Form.model_validate(world.form_of("g", {"grain": "group", "fields": FIELDS}))
KEYS = [f"99000100{town}00{village}0{n}" for town in (1, 2) for village in (1, 2) for n in range(1, 5)]
NUMBERS = st.sampled_from([None, *map(Decimal, ("0", "1", "2", "3", "0.0001", "9999999999999"))])
ROWS = st.lists(
    st.tuples(st.sampled_from([*KEYS, None]), st.tuples(*[NUMBERS] * 4), st.booleans()), max_size=7
)


@st.composite
def reports(draw: Any) -> Any:
    """Reports in which now and then a row is the sum of those before it."""
    found = draw(st.lists(ROWS, min_size=1, max_size=3))
    for rows in found:
        if rows and draw(st.booleans()):
            sums = tuple(sum((r[1][i] or Decimal(0) for r in rows if not r[2]), Decimal(0)) for i in range(4))
            rows.append((draw(st.sampled_from(KEYS)), sums, False))
    return found


@given(reports())
def test_the_same_rows_are_sums(found: list[list[Any]]) -> None:
    tables = [table(rows) for rows in found]
    rows = pa.concat_tables(tables)
    keyed = Keyed.of(rows.column(FORM.key).combine_chunks(), [len(t) for t in tables])
    assert are_sums(rows, keyed, FORM).to_pylist() == [said for one in found for said in by_the_rule(one)]


def table(rows: list[Any]) -> pa.Table:
    columns: dict[str, Any] = {FORM.key: pa.array([r[0] for r in rows], pa.string())}
    columns |= {n: pa.array([r[1][i] for r in rows], pa.decimal128(18, 4)) for i, n in enumerate(FIELDS)}
    return pa.table(columns | {"_is_total": pa.array([r[2] for r in rows], pa.bool_())})


def by_the_rule(rows: list[Any]) -> list[bool]:
    """By the words of the rule: twice the row is the sum of all that stand beside it, itself included."""
    sums = set()
    counted = [r for r in rows if not r[2]]
    for digits in (12, 9, 0):
        for key, values, _ in counted:
            beside = [v for k, v, _ in counted if (k or "")[:digits] == (key or "")[:digits]]
            equal = all(2 * (x or 0) == sum(v[i] or 0 for v in beside) for i, x in enumerate(values))
            if len(beside) > 2 and equal and sum(bool(x) for x in values) >= 3:
                sums.add(key)
    return [key is not None and key in sums for key, *_ in rows]


@given(st.lists(st.lists(st.sampled_from([*KEYS, None]), max_size=5), min_size=1, max_size=4), st.booleans())
def test_rows_are_numbered_by_their_keys(found: list[list[str | None]], each_once: bool) -> None:
    """Also where a report's keys ascend and no two reports reach into each other: nothing is looked up then."""
    if each_once:
        found = [[key for key in KEYS if key in keys] for keys in found]
    keys = pa.array([key for own in found for key in own], pa.string())
    keyed = Keyed.of(keys, [len(own) for own in found])
    assert keyed.keys.take(pa.array(keyed.key)).to_pylist() == keys.to_pylist()
    assert len(set(keyed.keys.to_pylist())) == len(keyed.keys)
    assert keyed.report.tolist() == [i for i, own in enumerate(found) for _ in own]
