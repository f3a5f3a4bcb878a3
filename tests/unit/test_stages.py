"""What the stages say of a run, which counties a run is for, and which months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from qiangji import landing, pipeline, stages
from qiangji.checking.expectations import ValidationError
from qiangji.errors import UsageError
from qiangji.landing import Pulled
from qiangji.ledger import Delivery, Submission
from qiangji.periods import Period
from qiangji.settings import settings

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
    catalogue, today = pipeline.read_catalogue(), date(2026, 11, 24)
    assert stages.months_to_collect(catalogue, [Period.parse("2026Q3")], today) == [Period.parse("2026-09")]
    assert [str(m) for m in stages.months_to_collect(catalogue, today=today, window=2)] == [
        "2026-09",
        "2026-10",
    ]


@pytest.mark.parametrize(
    ("asked", "code", "named"),
    [
        (["2026-11"], "not_due", "2026-11"),
        (["2019-01"], "before_plan", "2019-01"),
        (["2024-01", "2023-12"], "before_plan", "2023-12"),
        (["2023Q4"], "before_plan", "2023Q4"),
        (["2023"], "before_plan", "2023"),
        (["2026Q4"], "not_due", "2026Q4"),
    ],
)
def test_months_of_which_nothing_can_be_reported_are_refused_in_both_languages(
    asked: list[str], code: str, named: str
) -> None:
    with pytest.raises(UsageError) as e:
        stages.months_to_collect(
            pipeline.read_catalogue(), [Period.parse(p) for p in asked], date(2026, 11, 24)
        )
    assert e.value.code == code
    assert named in e.value.en
    assert named in e.value.zh


def test_without_periods_nothing_is_wanted_from_before_the_plan() -> None:
    catalogue = pipeline.read_catalogue()
    wanted = stages.months_to_collect(catalogue, today=date(2024, 3, 20), window=13)
    assert [str(m) for m in wanted] == ["2024-01", "2024-02"]
    with pytest.raises(UsageError) as e:
        stages.months_to_collect(catalogue, today=date(2024, 1, 20))
    assert e.value.code == "before_plan"


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


# --- counties are checked while others are pulled ------------------------------------------------


def pulled(county: str, size: int = 0) -> Pulled:
    found = Delivery(county, "a", "csv", "s", size, datetime(2026, 11, 2, tzinfo=UTC), "run")
    return Pulled(county, arrived=[(found, "")] if size else [])


class Collecting:
    """A collect whose pull gives these groups, and of which every check is noted between them."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, groups: list[list[Pulled]], *, fails: bool = False
    ) -> None:
        self.seen: list[object] = []
        self._fails = fails

        def pull(*_: object) -> Iterator[list[Pulled]]:
            for group in groups:
                self.seen.append("pulled")
                yield group

        monkeypatch.setattr(landing, "pull", pull)
        monkeypatch.setattr(stages, "check", self.check)
        monkeypatch.setattr(stages, "CHECK_BYTES", 100)

    def check(self, _: object, counties: list[str], *__: object) -> list[Submission]:
        self.seen.append(counties)
        if self._fails:
            raise ValidationError("cannot be evaluated")
        return []

    def collect(self) -> stages.Collected:
        catalogue = pipeline.read_catalogue()
        ledger: Any = None
        p = pipeline.Pipeline(settings(), catalogue, ledger)
        return stages.collect(p, periods=[Period.parse("2026-10")])


def test_enough_counties_are_checked_while_others_are_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Collecting(monkeypatch, [[pulled("a", 60)], [pulled("b", 60), pulled("c")], [pulled("d", 10)]])
    one.collect()
    assert one.seen == ["pulled", "pulled", ["a", "b", "c"], "pulled", ["d"]]


def test_few_are_checked_together_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Collecting(monkeypatch, [[pulled("a", 10)], [], [pulled("b", 10)], [], [pulled("c")]])
    one.collect()
    assert one.seen == [*["pulled"] * 5, ["a", "b", "c"]]


def test_nobodys_verdict_waits_for_a_county_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of none is a second in which nothing was done."""
    quiet: list[list[Pulled]] = [[]] * stages.QUIET
    one = Collecting(monkeypatch, [[pulled("a", 10)], *quiet, *quiet, [pulled("hangs", 10)]])
    one.collect()
    at = one.seen.index(["a"])
    assert at == 1 + stages.QUIET
    assert one.seen[at + 1 :] == [*["pulled"] * (stages.QUIET + 1), ["hangs"]]


def test_a_check_that_fails_costs_no_county_its_place_in_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised once everything is pulled and recorded, as when the check came last."""
    one = Collecting(monkeypatch, [[pulled("a", 100)], [pulled("b", 100)]], fails=True)
    with pytest.raises(ValidationError):
        one.collect()
    assert one.seen == ["pulled", ["a"], "pulled"]
