"""What the stages say of a run, which counties a run is for, and which months."""

from __future__ import annotations

from datetime import date

import pytest

from qiangji import pipeline, stages
from qiangji.errors import UsageError
from qiangji.periods import Period

NAMES = {"accepted": "已收", "partial": "部分记录退回", "returned": "退回重报", "late": "逾期未报"}


def test_a_run_is_told_in_one_line_of_counts() -> None:
    said = stages.in_a_line(
        NAMES,
        [
            {"counties": ["440703", "440704"], "months": ["2026-09", "2026-10"]},
            {"counties": ["440705"], "months": ["2026-10"]},
        ],
        [{"deliveries": 3}, {"deliveries": 2}],
        [{"submissions": {"returned": 1, "accepted": 3}}, {"submissions": {"accepted": 2}}],
        ["2026-10"],
    )
    assert said == (
        "采集 collected 2026-09..2026-10: 3 县 counties, 5 来件 new deliveries;"
        " 5 已收 accepted, 1 退回重报 returned; 待计算 to build: 2026-10"
    )


def test_a_run_in_which_nothing_happened_says_so() -> None:
    assert stages.in_a_line(NAMES, [], [], [], []) == (
        "采集 collected -: 0 县 counties, 0 来件 new deliveries; 无新报送 nothing new to check; 待计算 to build: -"
    )


def test_months_are_those_asked_for_or_the_window_and_have_ended() -> None:
    today = date(2026, 11, 24)
    assert stages.months_to_collect([Period.parse("2026Q3")], today) == [Period.parse("2026-09")]
    assert [str(m) for m in stages.months_to_collect(today=today, window=2)] == ["2026-09", "2026-10"]
    with pytest.raises(UsageError) as e:
        stages.months_to_collect([Period.parse("2026-11")], today)
    assert e.value.code == "not_due"


@pytest.mark.parametrize(("count", "sizes"), [(16, 1), (3, 3), (1, 7)])
def test_each_county_is_in_one_batch(count: int, sizes: int) -> None:
    catalogue = pipeline.read_catalogue()
    found = stages.batches(catalogue, [Period.parse("2026-10")], count)
    assert len(found) <= count
    assert max(len(b["counties"]) for b in found) == sizes
    counties = [c for b in found for c in b["counties"]]
    assert sorted(counties) == sorted(set(counties))
    assert all(b["months"] == ["2026-10"] for b in found)


def test_many_counties_are_named_by_the_first_and_the_last() -> None:
    catalogue = pipeline.read_catalogue()
    assert stages.named(catalogue, []) == "-"
    assert stages.named(catalogue, ["440703", "440704"]) == "蓬江区、江海区"
    assert stages.named(catalogue, ["440703", *["440704"] * 8]) == "蓬江区…江海区 (9)"
