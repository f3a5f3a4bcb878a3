"""What the stages say of a run, which counties a run is for, and which months."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from rich.console import Console

from qiangji import checking, landing, pipeline, stages
from qiangji.checking.expectations import ValidationError
from qiangji.cli.printing_stages import print_missing
from qiangji.errors import TransientError, UsageError
from qiangji.landing import Pulled
from qiangji.ledger import Delivery
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

        @contextmanager
        def checks(*_: object, **__: object) -> Iterator[checking.Belt]:
            yield checking.Belt(self.take, [])

        monkeypatch.setattr(landing, "pull", pull)
        monkeypatch.setattr(checking, "checking", checks)
        monkeypatch.setattr(stages, "_unchecked", lambda _, counties: counties)
        monkeypatch.setattr(stages, "CHECK_BYTES", 100)

    def take(self, counties: object) -> None:
        self.seen.append(counties)
        if self._fails:
            raise ValidationError("cannot be evaluated")

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


# --- what was not found, and who was not reached --------------------------------------------------


API, FOLDER = COUNTIES = ["440703", "440799"]


def collected(*lost: str, has: str = "") -> stages.Collected:
    """A collect of 2026-07..2026-09 from an API and a folder, which reports quarters alone. `lost`: not reached."""
    months = [Period.parse(f"2026-{m:02d}") for m in (7, 8, 9)]
    result = stages.Collected("run", stages.due_from(pipeline.read_catalogue(), COUNTIES, months))
    for county in COUNTIES:
        one = Pulled(county)
        if county in lost:
            one.fail(None, None, TransientError("nothing answers", where=county))
        elif has:
            one.periods.add(Period.parse(has))
        result.add([one])
    return result


def listed(months: list[Period]) -> list[str]:
    return [str(m) for m in months]


def test_nothing_found_is_said_of_counties_that_were_reached_alone() -> None:
    assert listed(collected().not_seen) == ["2026-07", "2026-08", "2026-09"]
    assert collected().not_reached == []
    assert listed(collected(has="2026-08").not_seen) == ["2026-07", "2026-09"]


def test_a_month_of_which_no_county_was_reached_is_not_one_of_which_nothing_was_found() -> None:
    nobody = collected(API, FOLDER)
    assert nobody.not_seen == []
    assert listed(nobody.not_reached) == ["2026-07", "2026-08", "2026-09"]


def test_a_county_of_which_nothing_is_due_does_not_stand_for_those_not_reached() -> None:
    one = collected(API)
    assert listed(one.not_seen) == ["2026-09"]
    assert listed(one.not_reached) == ["2026-07", "2026-08"]
    assert listed(collected(API, has="2026Q3").not_seen) == []


@pytest.mark.parametrize(
    ("result", "zh", "en"),
    [
        (collected(), "2026-07、2026-08、2026-09没有找到任何报表文件", "nothing was found for"),
        (collected(API), "2026-07、2026-08有没有报表不知道", "`qiangji doctor` says why"),
        (collected(API), "（连不上的1个县（市、区）除外）", "1 county that was not reached left aside"),
    ],
)
def test_both_are_said_in_both_languages(result: stages.Collected, zh: str, en: str) -> None:
    out = io.StringIO()
    print_missing(Console(file=out, width=300), result)
    assert zh in out.getvalue()
    assert en in out.getvalue()


def test_nothing_is_said_where_each_month_has_something() -> None:
    out = io.StringIO()
    print_missing(Console(file=out), stages.Collected("run", {}, seen={Period.parse("2026-07")}))
    assert out.getvalue() == ""
