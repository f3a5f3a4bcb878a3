"""Columns that were pasted or filled down, and those that are alike for good reasons."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Form
from qiangji.checking import Checked, sameness
from qiangji.parsing import Parsed
from qiangji.parsing.problems import PROBLEMS
from qiangji.periods import Period
from tests.golden import world
from tests.unit.checking.reports import PERIOD, part_of

MONEY = {"type": "decimal", "unit": "ten_thousand_yuan"}
FIELDS = {"due": {}, "trained": {}, "graded": {}, "women": {}, "income": MONEY, "operating": MONEY}
ROWS = 24


def _ratio(code: str, part: str, whole: str) -> dict[str, Any]:
    return {"code": code, "direction": "up", "numerator": {"sum": part}, "denominator": {"sum": whole}}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Those that are due may all be trained and graded; all income may be operating income."""
    indicators = [
        _ratio("x", "trained", "due"), _ratio("y", "graded", "due"), _ratio("z", "operating", "income"),
    ]  # fmt: skip
    made = world.make(
        tmp_path_factory.mktemp("same"), {"Z": {"A": {"T": ["V"]}}}, {"f": {"fields": FIELDS}}, indicators
    )
    return load(made.catalogue, made.expectations)


def rows_of(form: Form, columns: dict[str, Sequence[Any]]) -> pa.Table:
    """Rows whose numbers differ, but for these columns."""
    n = len(next(iter(columns.values())))
    given = {
        name: columns.get(name, [17 + (i * (7 + 2 * at)) % 23 + 40 * at for i in range(n)])
        for at, name in enumerate(form.fields)
    }
    types = {
        name: pa.int64() if form.fields[name].type == "integer" else pa.decimal128(18, 4) for name in given
    }
    cells = {
        name: pa.array(
            [v if v is None or types[name] == pa.int64() else Decimal(str(v)) for v in vs], types[name]
        )
        for name, vs in given.items()
    }
    return pa.table({"unit_code": [f"{i:03}" for i in range(n)], **cells})


def found(catalogue: Catalogue, **columns: Sequence[Any]) -> list[str]:
    form = catalogue.forms["f"]
    rows = rows_of(form, columns)
    one = Checked(part_of("990001", "f"), Parsed(rows, rows, PROBLEMS.empty_table()))
    return [f.rule for f in sameness.in_report(one, catalogue, form, rows)]


MANY = [10 + (i * 7) % 23 for i in range(ROWS)]


@pytest.mark.parametrize(
    ("columns", "rules"),
    [
        ({"due": MANY, "women": MANY}, ["f.due.equal_columns"]),
        ({"income": MANY, "operating": MANY}, ["f.income.equal_columns"]),  # though one is a part of the other
        ({"due": MANY, "trained": MANY}, []),  # all are trained
        ({"due": MANY, "trained": MANY, "graded": MANY}, []),
        ({"due": MANY, "trained": MANY, "women": MANY}, ["f.due.equal_columns"]),
        ({"trained": MANY, "graded": MANY}, ["f.trained.equal_columns"]),  # neither is the whole
        ({"due": [0] * ROWS, "women": [0] * ROWS}, []),
        ({"due": [0, 1, 2, 3] * 6, "women": [0, 1, 2, 3] * 6}, []),  # small counts
        ({"due": MANY, "women": [*MANY[:-1], 3]}, []),
        ({"due": MANY[:19], "women": MANY[:19]}, []),
        ({"due": [*MANY[:-1], None], "women": [*MANY[:-1], None]}, []),
        ({"due": list(range(1, ROWS + 1))}, ["f.due.row_numbers"]),
        ({"due": list(range(ROWS, 0, -1))}, []),
        ({"due": [2026] * ROWS}, ["f.due.one_value"]),
        ({"due": [10] * ROWS, "women": [1] * ROWS}, []),  # a meeting each month, a head in each village
        ({"income": [100] * ROWS}, ["f.income.one_value"]),
        ({"income": [0] * ROWS}, []),
    ],
)  # fmt: skip
def test_columns_that_were_pasted(catalogue: Catalogue, columns: dict[str, Any], rules: list[str]) -> None:
    assert found(catalogue, **columns) == rules


@pytest.mark.parametrize(
    ("now", "before", "is_found"),
    [(12, MANY, True), (12, [12] * ROWS, False), (1, [0, 1, 2, 3] * 6, False), (0, MANY, False)],
)
def test_a_number_that_was_filled_down(
    catalogue: Catalogue, now: int, before: list[int], is_found: bool
) -> None:
    form, period = catalogue.forms["f"], Period.parse(PERIOD)
    told = list(
        sameness.beside(
            form,
            (period - 1, period),
            "990001",
            rows_of(form, {"due": [now] * ROWS}),
            rows_of(form, {"due": before}),
        )
    )
    assert [f.rule for f in told] == (["f.due.filled_down"] if is_found else [])
    assert not told or "全部24条记录都是12，而2026-09各不相同" in told[0].words.message_zh
