"""What an answer says of itself: the examples of `no_report.says_well`, and what is no sign."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from qiangji.sources import no_report


def test_the_examples_run() -> None:
    failed, attempted = doctest.testmod(no_report)
    assert (failed, attempted > 0) == (0, True)


@pytest.mark.parametrize(
    "answer",
    [[], None, {"status": 4}, {"code": 1}, {"status": "closed"}, {"code": None}, {"msg": "暂无数据"}, {"error": "0"},
     {"code": [500]}, {"total": 500}],
)  # fmt: skip
def test_it_says_neither(answer: Any) -> None:
    assert no_report.says_well(answer) is None
