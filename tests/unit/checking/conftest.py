"""What tests of checking share: two small counties and their catalogue."""

from __future__ import annotations

import pytest

from qiangji.catalogue.load import Catalogue, load
from tests.golden import world

COUNTED = "expect_column_pair_values_a_to_be_greater_than_b"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> world.World:
    """Two counties of three villages; n may not exceed 100, warns above 50; part <= n; totals are held."""
    pair = {"column_A": "n", "column_B": "part", "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    form = {
        "fields": {"n": {"critical_max": 100, "warn_above": 50}, "part": {}, "note": {"type": "boolean"}},
        "expectations": [
            {"field": "part", "rule": "within_n", "type": COUNTED, "kwargs": pair, "severity": "critical"},
            {
                "field": "n", "rule": "totals_agree", "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "_totals_agree", "value_set": [True]}, "severity": "critical",
                "scope": "submission",
            },
            {
                "field": "part", "rule": "usual", "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "part", "min_value": 1}, "severity": "info",
            },
        ],
    }  # fmt: skip
    tree = {"Z": {"A": {"T": ["V1", "V2", "V3"]}, "B": {"U": ["W1", "W2", "W3"]}}}
    indicator = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
    return world.make(tmp_path_factory.mktemp("small"), tree, {"f": form}, [indicator])


@pytest.fixture(scope="module")
def catalogue(small: world.World) -> Catalogue:
    return load(small.catalogue, small.expectations)
