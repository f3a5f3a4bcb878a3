"""Reports of six villages, judged: what tests of doubts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from qiangji import checking
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Form
from qiangji.checking import Checked
from qiangji.parsing import read_form, read_grids
from qiangji.parsing.facts import SheetFacts
from qiangji.periods import Period
from tests.golden import world
from tests.unit.checking.reports import PERIOD, as_csv, part_of

BETWEEN = "expect_column_values_to_be_between"
VILLAGES = ["永安村委会", "仁义村委会", "江咀村民委员会", "奇榜村委会", "沙岗村委会", "都会村委会"]
NUMBERS = {"type": "decimal", "unit": "ten_thousand_yuan"}
Row = Sequence[Any]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> world.World:
    """A county of six villages and one of one; income is plausible from 1 to 100, people should be there."""
    form = {
        "fields": {"income": NUMBERS, "people": {"unit": "person", "may_be_empty": False}},
        "expectations": [
            {"field": "income", "rule": "plausible", "type": BETWEEN, "severity": "warning",
             "kwargs": {"column": "income", "min_value": 1, "max_value": 100}},
            {"field": "people", "rule": "present", "type": "expect_column_values_to_not_be_null",
             "severity": "warning", "kwargs": {"column": "people"}},
        ],
    }  # fmt: skip
    group = {"grain": "group", "fields": {"n": {}}}
    tree = {"Z": {"A": {"司前镇": VILLAGES}, "B": {"U": ["大滘村委会"]}}}
    indicator = {
        "code": "x",
        "numerator": {"form": "f", "sum": "people"},
        "denominator": {"form": "f", "count": "rows"},
    }
    return world.make(tmp_path_factory.mktemp("doubts"), tree, {"f": form, "g": group}, [indicator])


@pytest.fixture(scope="module")
def catalogue(small: world.World) -> Catalogue:
    return load(small.catalogue, small.expectations)


def judged(
    catalogue: Catalogue,
    small: world.World,
    rows: Sequence[Row],
    sheet: SheetFacts | None = None,
    form: str = "f",
) -> Checked:
    """County A's rows (code, name, numbers), judged; `sheet`: what the sheet says of itself."""
    declared: Form = catalogue.forms[form].model_copy(update={"name_headers": ("村名",)})
    county = catalogue.counties["990001"]
    head = ["unit_code", "村名", *declared.fields]
    lines = [[small.codes.get(str(row[0]), row[0]), *row[1:]] for row in rows]
    grid = read_grids(as_csv([head, *lines]), "csv", county, [form])[form]
    parsed = read_form(grid, declared, county, Period.parse(PERIOD))
    one = Checked(part_of("990001", form), replace(parsed, sheet=sheet) if sheet else parsed)
    checking.judge([one], catalogue, declared, catalogue.suites[form])
    return one


def rows_of(incomes: Sequence[Any], people: Sequence[Any] = (), names: Sequence[str] = ()) -> list[Row]:
    return [
        (v, names[i] if names else v, incomes[i], people[i] if people else 5)
        for i, v in enumerate(VILLAGES[: len(incomes)])
    ]


def codes(one: Checked) -> list[str]:
    return [d.code for d in one.doubts]
