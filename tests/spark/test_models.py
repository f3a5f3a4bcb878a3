"""The tests of tests/sql on Spark, on the cores of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qiangji.engines import open_engine
from tests.spark import installed
from tests.spark.cluster import settings
from tests.sql.test_models import (
    test_a_report_alone_is_worth_the_same_to_both_models_of_operands,
    test_a_sum_that_does_not_fit_is_an_error_without_its_value_and_the_engine_goes_on,
    test_case,
)

__all__ = [
    "test_a_report_alone_is_worth_the_same_to_both_models_of_operands",
    "test_a_sum_that_does_not_fit_is_an_error_without_its_value_and_the_engine_goes_on",
    "test_case",
]


@pytest.fixture(scope="module")
def engine(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    installed.require()
    with open_engine(settings(tmp_path_factory.mktemp("spark"), "local[2]")) as e:
        yield e
