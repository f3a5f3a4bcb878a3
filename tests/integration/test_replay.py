"""Replaying, reordering, overlapping: the content is the same. Corrections change what they are about, no more."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.nights import Night, assert_same, chunks, clone, differing, fresh, night

CONTENT = ("raw", "reports", "rejected")
CORRECTED = "440785"
MIXED = ["440703", "440783", CORRECTED]
"""Counties whose deliveries are checked and built in any order."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """A night that is never touched: tests work on copies of it, and leave the county systems as they were."""
    counties = ["440703", "440781", "440783", "440784", CORRECTED]
    with night(tmp_path_factory.mktemp("base"), postgres, scale=0.05, months=3, counties=counties) as one:
        assert one.run().failures == []
        yield one


@pytest.fixture(scope="module")
def shown(base: Night) -> dict[str, list[Any]]:
    """What the night shows, and so each copy of it before anything happens there."""
    return base.snapshot()


@pytest.fixture
def copied(base: Night, tmp_path: Path, postgres: Any) -> Iterator[Night]:
    with clone(base, tmp_path / "home", postgres) as one:
        yield one


# --- again, in any order, overlapping -----------------------------------------------------------------


def _but_outcomes(one: Night) -> list[str]:
    """All files of the lake, without the events that say that somebody collected."""
    return [f for f in one.lake_files() if "/collection-" not in f]


def test_the_whole_night_again_changes_nothing(copied: Night, shown: dict[str, list[Any]]) -> None:
    files, revisions = _but_outcomes(copied), copied.revisions()
    result = copied.collect()
    assert (result.deliveries, result.submissions, result.failures) == (0, [], [])
    assert copied.build().months == []
    assert_same(shown, copied.snapshot())
    assert _but_outcomes(copied) == files
    assert copied.revisions() == revisions


def test_the_same_deliveries_received_once_more_make_no_revision(
    copied: Night, shown: dict[str, list[Any]]
) -> None:
    files, revisions = copied.lake_files(*CONTENT), copied.revisions()
    with copied.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql("DELETE FROM ops.source_item")  # so that every file is fetched and received again
    assert copied.collect().deliveries > 30
    copied.build()
    assert_same(shown, copied.snapshot())
    assert copied.lake_files(*CONTENT) == files
    assert copied.revisions() == revisions


def test_a_backfill_that_overlaps_the_night(
    base: Night, shown: dict[str, list[Any]], tmp_path: Path, postgres: Any
) -> None:
    with fresh(base, tmp_path / "home", postgres) as one:
        one.collect(months=["2026-10"])
        one.build("2026-10")
        for months in (["2026-09", "2026-10"], ["2026-08", "2026-09"]):
            one.collect(months=months)
            one.build(*months)
        assert_same(shown, one.snapshot())
        assert one.lake_files(*CONTENT) == base.lake_files(*CONTENT)
        assert one.revisions() == base.revisions()


@pytest.fixture(scope="module")
def landed(base: Night, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """Everything received, nothing checked: a night, corrections, a withdrawal, reports cut short."""
    systems = base.systems
    with fresh(base, tmp_path_factory.mktemp("landed") / "home", postgres) as one:
        one.pull(MIXED)
        for event, arguments in (
            ("correction", {}),
            ("withdrawal", {}),
            ("correction", {}),
            ("shrink", {"county": "440703", "form": "village_group", "period": "2026-08"}),
            ("shrink", {"county": "440703", "form": "village", "period": "2026-09", "share": 0.7}),
        ):
            systems.apply(event, **arguments)
            one.pull(counties=[CORRECTED, "440703"])
        systems.apply("withdrawal")
        systems.apply("restore", county="440703", form="village_group", period="2026-08")
        systems.apply("restore", county="440703", form="village", period="2026-09")
        yield one


@pytest.fixture(scope="module")
def in_order(
    landed: Night, tmp_path_factory: pytest.TempPathFactory, postgres: Any
) -> tuple[dict[str, Any], list[str], dict[Any, Any]]:
    """What the deliveries come to when they are checked as received, and built once."""
    from qiangji import stages

    with clone(landed, tmp_path_factory.mktemp("in order") / "home", postgres) as one:
        stages.check(one.pipeline)
        one.build()
        revisions = one.revisions()
        assert revisions[CORRECTED, "village_group", "2026-09"] == [1, 2, 3, 4]
        assert one.status("440703", "village_group", "2026-08")["status"] == "held"
        assert revisions["440703", "village", "2026-09"] == [1, 2]
        return one.snapshot(), one.lake_files(*CONTENT), revisions


@pytest.mark.parametrize("seed", [2, 3])
def test_any_order_of_checking_and_building_ends_in_the_same(
    seed: int, landed: Night, in_order: tuple[Any, Any, Any], tmp_path: Path, postgres: Any
) -> None:
    from qiangji import checking

    rng = random.Random(seed)
    with clone(landed, tmp_path / "home", postgres) as one:
        p = one.pipeline
        for parts in chunks(p.ledger.unchecked(), rng, 40):
            checking.check(p.catalogue, p.ledger, parts)
            if rng.random() < 0.5:
                one.build(*rng.sample(one.months, rng.randint(1, 3)))
        assert p.ledger.unchecked() == []
        for months in chunks(one.months, rng, 2):
            one.build(*months)
        snapshot, files, revisions = in_order
        assert one.revisions() == revisions
        assert_same(snapshot, one.snapshot())
        assert one.lake_files(*CONTENT) == files


# --- what a later delivery changes, and what it does not ----------------------------------------------


def test_a_correction_changes_its_month_and_its_withdrawal_restores_it(
    copied: Night, shown: dict[str, list[Any]]
) -> None:
    period, places = "2026-09", [(CORRECTED, f, "2026-09") for f in ("village_group", "village")]
    first, revisions = copied.figures(), copied.revisions()
    untouched = _other_facts(copied)

    copied.systems.apply("correction")
    try:
        copied.run()
        second = copied.figures()
        changed = differing(first, second)
        assert {(type_, at) for _, _, type_, at in changed} == {
            ("month", period), ("quarter", "2026Q3"), ("ytd", period), ("ytd", "2026-10"),
        }  # fmt: skip
        assert {unit for _, unit, _, _ in changed if not unit.startswith(CORRECTED)} == {"440700"}
        assert {"group_leader_party_share", "managers_per_100_villages"} == {i for i, *_ in changed}
        for type_, at in (("month", period), ("quarter", "2026Q3"), ("ytd", "2026-10")):
            for unit in ("440700", CORRECTED):
                assert ("managers_per_100_villages", unit, type_, at) in changed
        expected = {place: [1, 2] for place in places}
        assert copied.revisions() == revisions | expected
        assert _other_facts(copied) == untouched
    finally:
        copied.systems.apply("withdrawal")
    copied.run()
    assert copied.figures() == first
    assert copied.revisions() == revisions | {place: [1, 2, 3] for place in places}
    assert _other_facts(copied) == untouched
    third = copied.query(
        "SELECT DISTINCT revision FROM fact.village_group WHERE (county_code, period) = (:c, :p)",
        c=CORRECTED,
        p=period,
    )
    assert third == [{"revision": 3}]
    again = copied.snapshot()
    for name, rows in shown.items():  # only the number of the revision tells the third from the first
        if name not in ("fact.village", "fact.village_group", "mart.reporting_status"):
            assert rows == again[name], name
    history = copied.query(
        "SELECT value, built_from, built_to FROM mart.indicator_value_history WHERE indicator_code ="
        " 'managers_per_100_villages' AND org_code = :c AND period = :p AND period_type = 'month' ORDER BY built_from",
        c=CORRECTED, p=period,
    )  # fmt: skip
    assert [h["value"] for h in history] == [history[0]["value"], history[1]["value"], history[0]["value"]]
    assert history[0]["value"] != history[1]["value"]
    assert [h["built_to"] for h in history] == [history[1]["built_from"], history[2]["built_from"], None]


def _other_facts(one: Night) -> list[str]:
    """All facts but those of the corrected county's month."""
    found = []
    for form in ("village_group", "village", "community"):
        rows = one.query(
            f"SELECT * FROM fact.{form} WHERE NOT (county_code = :c AND period = '2026-09')", c=CORRECTED
        )
        found += [repr(sorted(r.items(), key=lambda item: item[0])) for r in rows]
    return sorted(found)


def test_the_same_content_at_a_later_time_is_no_revision(copied: Night, shown: dict[str, list[Any]]) -> None:
    """From every county, whatever brings its files."""
    revisions = copied.revisions()
    for county in copied.systems.counties:
        copied.systems.apply("duplicate_delivery", county=county, form="village", period="2026-09")
        result = copied.collect([county])
        assert (result.deliveries, result.failures) == (0, []), county
        assert copied.build().months == [], county
        assert copied.revisions() == revisions, county
    assert_same(shown, copied.snapshot())


def test_a_report_far_smaller_is_held_until_somebody_decides(
    copied: Night, shown: dict[str, list[Any]]
) -> None:
    place, at = ("440703", "village_group", "2026-10"), {"county": "440703", "form": "village_group"}
    ledger, good = copied.pipeline.ledger, copied.figures()
    key = ("group_leader_party_share", "440703", "month", "2026-10")
    copied.systems.apply("shrink", **at, period="2026-10")
    try:
        copied.run()
    finally:
        copied.systems.apply("restore", **at, period="2026-10")
    status = copied.status(*place)
    assert (status["status"], status["revision"]) == ("held", 1)
    assert copied.figures() == good
    held = copied.snapshot()
    for name in shown:
        if name != "mart.reporting_status":
            assert shown[name] == held[name], name

    ledger.decide(status["delivery_id"], "release", "the county has closed most of its groups")
    copied.build()
    assert (copied.status(*place)["status"], copied.status(*place)["revision"]) == ("accepted", 2)
    released = copied.figures()
    assert released[key] != good[key]
    assert released[key][4] == status["rows_received"] < good[key][4]  # units that reported

    ledger.decide(status["delivery_id"], "void", "the county says that it was cut short")
    copied.build()
    assert (copied.status(*place)["status"], copied.status(*place)["revision"]) == ("accepted", 1)
    assert copied.figures() == good
    assert_same(shown, copied.snapshot())
    decided = copied.query("SELECT action, reason, decided_by FROM ops.decision ORDER BY decided_at")
    assert [d["action"] for d in decided] == ["release", "void"]
    assert all(d["reason"] and d["decided_by"] for d in decided)


def test_a_held_report_is_voided_without_ever_counting(copied: Night, shown: dict[str, list[Any]]) -> None:
    at = {"county": "440783", "form": "village", "period": "2026-10"}
    copied.systems.apply("shrink", **at)
    try:
        copied.run()
    finally:
        copied.systems.apply("restore", **at)
    status = copied.status(*at.values())
    assert status["status"] == "held"
    copied.pipeline.ledger.decide(status["delivery_id"], "void", "cut short")
    copied.build()
    assert_same(shown, copied.snapshot())


def test_a_late_county_arrives(tmp_path: Path, postgres: Any) -> None:
    place = (CORRECTED, "village_group", "2026-10")
    with night(tmp_path, postgres, scale=0.04, months=2, counties=["440703", CORRECTED]) as one:
        one.run()
        assert one.status(*place)["status"] == "late"
        before = one.figures()
        key = ("group_leader_party_share", CORRECTED, "month", "2026-10")
        assert before[key][2] is None
        assert before[key][5] == "O"
        one.systems.apply("late_arrives")
        one.run()
        status = one.status(*place)
        assert status["status"] in ("accepted", "partial")
        assert status["is_on_time"] is False
        after = one.figures()
        assert after[key][2] is not None
        # a new group is expected from its first report on, so nothing before October moves
        assert {at for _, _, _, at in differing(before, after)} == {"2026-10"}
