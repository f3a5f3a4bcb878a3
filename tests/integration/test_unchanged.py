"""Reports that say 无变动, along the whole path: what status says, and what happens when the report before moves."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import TODAY, make_workplace
from tests.golden import world
from tests.integration.test_cli import run
from tests.integration.test_explaining import Story

TREE = {"Z": {"A": {"T": ["V1", "V2", "V3", "V4"]}, "B": {"U": ["W1"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {}, "y": {"kind": "ytd", "no_fall": True}}}}
SHARE = {"code": "share", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
BOTH = ["--period", "2026-08..2026-10"]
SAID: dict[str, Any] = {"unchanged": ["A"]}


@pytest.fixture
def story(tmp_path: Any, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    made = world.make(tmp_path / "world", TREE, FORMS, [SHARE])
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        place.prepare()
        yield Story(place, made)


def send(story: Story, period: str, report: Any, *, build: bool = True) -> None:
    story.made.put("v", period, report)
    assert run("collect", *BOTH).code in (0, 3)
    if build:
        assert run("build").code == 0


def figure(story: Story, period: str = "2026-10") -> tuple[Decimal | None, int, bool]:
    rows = story.ask(
        "SELECT numerator, reported_units, has_warning FROM mart.indicator_value"
        " WHERE (org_code, period, period_type) = ('990001', :p, 'month')",
        p=period,
    )
    assert len(rows) == 1
    return tuple(rows[0])


def state(story: Story) -> dict[str, Any]:
    (row,) = story.ask(
        "SELECT * FROM mart.reporting_status WHERE (county_code, period) = ('990001', '2026-10')"
    )
    return dict(row._mapping)


def rules(story: Story) -> list[tuple[str, str]]:
    rows = story.ask("SELECT period, rule FROM mart.finding ORDER BY 1, 2")
    return [(r.period, r.rule) for r in rows]


def test_status_counts_it_as_a_report_of_what_it_repeats(story: Story) -> None:
    send(story, "2026-09", "unit n y\nV1 1 1\nV2 2 .\nV3 3 3")
    send(story, "2026-10", SAID)
    found = state(story)
    assert (found["status"], found["is_unchanged"], found["revision"]) == ("accepted", True, 1)
    assert (found["rows_received"], found["repeated_period"]) == (0, "2026-09")
    assert [found[r] for r in ("received_rate", "non_empty_rate", "valid_rate")] == [75, 100, 100]
    assert round(found["filled_rate"], 2) == Decimal("83.33")
    assert found["received_at"] is not None
    assert found["first_received_at"] is not None
    assert figure(story) == (6, 3, False)
    shown = run("status", "--period", "2026-10").out
    assert "无变动 unchanged, 2026-09" in shown
    assert story.ask("SELECT sum(revisions_not_built) FROM mart.data_freshness")[0][0] == 0
    assert "Everything was up to date" in run("build").out
    published = run("publish", "2026-10", "--name", "一稿", "--json").json
    assert "not_built" not in published["reservations"], "the rows that it repeats are in the figures"


def test_the_night_does_not_build_it_again_and_again(story: Story) -> None:
    from qiangji import building

    send(story, "2026-09", "unit n y\nV1 1 1")
    send(story, "2026-10", SAID, build=False)
    with story.place.pipeline() as p:
        assert [str(m) for m in building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY)] == ["2026-10"]
    assert run("build").code == 0
    with story.place.pipeline() as p:
        assert building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY) == []


def test_a_correction_of_the_report_before_reaches_what_repeats_it(story: Story) -> None:
    send(story, "2026-09", "unit n y\nV1 1 1\nV2 2 2")
    send(story, "2026-10", SAID)
    send(story, "2026-09", "unit n y\nV1 5 1\nV2 2 2")
    assert figure(story) == (7, 2, False)
    changes = story.ask(
        "SELECT cause FROM mart.report_change WHERE (county_code, period) = ('990001', '2026-10') ORDER BY built_at"
    )
    assert [r.cause for r in changes] == ["arrival", "revision"] or changes[-1].cause == "revision"


def test_without_a_report_before_there_is_a_finding_until_one_comes(story: Story) -> None:
    send(story, "2026-10", SAID)
    assert rules(story) == [("2026-10", "v.unit_code.repeats_nothing")]
    assert figure(story)[:2] == (None, 0)
    assert state(story)["received_rate"] == 0
    send(story, "2026-08", "unit n y\nV1 4 1")
    assert rules(story) == []
    assert figure(story) == (4, 1, False)


def test_a_report_with_rows_takes_its_place_and_a_withdrawal_brings_it_back(story: Story) -> None:
    send(story, "2026-09", "unit n y\nV1 1 5\nV2 2 2")
    send(story, "2026-10", SAID)
    send(story, "2026-10", "unit n y\nV1 9 4\nV2 2 2")
    assert figure(story) == (11, 2, False)
    assert rules(story) == [("2026-10", "v.y.no_fall")]
    (last,) = story.ask("SELECT delivery_id FROM mart.submission WHERE is_current AND period = '2026-10'")
    assert run("void", last[0], "--reason", "wrong month").code == 0
    assert run("build").code == 0
    assert figure(story) == (3, 2, False)
    assert rules(story) == []
