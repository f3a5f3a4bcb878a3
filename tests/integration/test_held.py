"""A report that its check has a question about, from the county's folder to the figures; and what a report repeats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji import building, restoring, stages
from qiangji.figures import reading
from qiangji.figures.morning import Morning, morning
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from tests.conftest import make_workplace
from tests.golden import world

BETWEEN = "expect_column_values_to_be_between"
TREE = {"Z": {"A": {"T": ["V[01-12]"]}, "B": {"U": ["W[1-3]"]}}}
FORMS: dict[str, Any] = {
    "f": {
        "fields": {"income": {"unit": "ten_thousand_yuan"}, "people": {"unit": "person"}},
        "expectations": [
            {"field": "income", "rule": "plausible", "type": BETWEEN, "severity": "warning",
             "kwargs": {"column": "income", "max_value": 100}},
        ],
    },
}  # fmt: skip
INDICATORS = [{"code": "x", "numerator": {"sum": "income"}, "denominator": {"sum": "people"}}]
JANUARY, FEBRUARY = "2026-01", "2026-02"
VILLAGES = [f"V{i:02d}" for i in range(1, 13)]


class Place:
    def __init__(self, made: world.World, p: Pipeline) -> None:
        self.made, self.p = made, p

    def send(self, period: str, incomes: dict[str, int], people: int = 2) -> None:
        lines = [f"{unit} {income} {people}" for unit, income in incomes.items()]
        self.made.put("f", period, "\n".join(["unit income people", *lines]))

    def collect(self, *periods: str) -> list[Any]:
        return stages.collect(self.p, periods=[Period.parse(p) for p in periods]).submissions

    def status(self, period: str) -> dict[str, dict[str, Any]]:
        return {r["county_code"]: r for r in reading.status(self.p.ledger.engine, period)}

    def morning(self, at: datetime) -> Morning:
        return morning(self.p.ledger.engine, self.p.catalogue, at)

    def figures(self, period: str) -> dict[str, tuple[Any, bool]]:
        building.build(self.p, [Period.parse(period)])
        figures = "SELECT org_code, value, has_warning FROM mart.indicator_value"
        statement = f"{figures} WHERE period = :p AND period_type = 'month'"
        with self.p.ledger.engine.connect() as c:
            return {
                r.org_code: (r.value, r.has_warning) for r in c.execute(sa.text(statement), {"p": period})
            }


@pytest.fixture
def place(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = world.make(tmp_path / "world", TREE, FORMS, INDICATORS)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    with (
        make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as workplace,
        workplace.pipeline() as p,
    ):
        yield Place(made, p)


A, B = "990001", "990002"


def test_yuan_are_held_until_somebody_decides(place: Place) -> None:
    place.send(JANUARY, dict.fromkeys(VILLAGES, 50))
    place.collect(JANUARY)
    assert place.figures(JANUARY)[A] == (25, False)
    place.send(JANUARY, dict.fromkeys(VILLAGES, 500_000))
    (dry,) = stages.preview(place.p, periods=[Period.parse(JANUARY)]).submissions
    (held,) = place.collect(JANUARY)
    for one in (dry, held):
        assert (one.status, one.held_reason, one.revision) == ("held", "implausible_in_most_rows", None)
    row = place.status(JANUARY)[A]
    assert (row["status"], row["reason_code"]) == ("held", "implausible_in_most_rows")
    assert "是否以元填报" in row["message_zh"]
    assert "Release or void" in row["message_en"]
    assert row in reading.needs_attention(list(place.status(JANUARY).values()))
    assert place.figures(JANUARY)[A] == (25, False)  # nothing was replaced
    waits = place.morning(datetime.now(UTC))
    assert [(w.what, w.command) for w in waits.waiting if w.delivery_id] == [
        ("held", f'qiangji release {held.delivery_id} --reason "…"')
    ]
    before_decision = datetime.now(UTC)
    place.p.ledger.decide(held.delivery_id, "release", "they are that rich")
    assert [c.held for c in place.morning(datetime.now(UTC)).counties if c.county_code == A] == [0]
    assert [c.held for c in place.morning(before_decision).counties if c.county_code == A] == [1], (
        "as it stood then"
    )
    assert [w.en for w in place.morning(before_decision).waiting if w.what == "held"] == ["held"]
    assert place.status(JANUARY)[A]["status"] == "accepted"
    assert place.figures(JANUARY)[A] == (250_000, True)  # and the figure is marked
    before = _submissions(place)
    restoring.rebuild(place.p.catalogue, place.p.settings, force=True)
    assert _submissions(place) == before


def _submissions(place: Place) -> list[Any]:
    with place.p.ledger.engine.connect() as c:
        rows = c.execute(
            sa.text(
                "SELECT delivery_id, status, revision, held_reason, doubt, doubt_zh FROM ops.submission ORDER BY 1"
            )
        )
        return [tuple(r) for r in rows]


def test_a_few_units_of_many_need_attention(place: Place) -> None:
    place.send(JANUARY, {"V01": 1, "V02": 2, "W1": 1, "W2": 1, "W3": 1})
    place.collect(JANUARY)
    rows = place.status(JANUARY)
    (few,) = reading.needs_attention(list(rows.values()))
    assert (few["county_code"], few["status"], few["reason_code"]) == (A, "accepted", "few_units")
    assert "计入2，应报12，缺10" in few["message_zh"]
    assert rows[B]["expected_units"] == 3


def test_a_report_sent_again_marks_the_figures_of_all_its_units(place: Place) -> None:
    for month in (JANUARY, FEBRUARY):
        place.send(month, {v: i for i, v in enumerate(VILLAGES, 1)})
        place.collect(month)
        figures = place.figures(month)
        villages = {
            code: warned for code, (_, warned) in figures.items() if code.startswith(A) and len(code) == 12
        }
        assert len(villages) == 12
        assert set(villages.values()) == {month == FEBRUARY}
        assert not figures.get(f"{B}001001", (None, False))[1]


def test_a_report_that_shrinks_in_steps_is_held_against_the_fullest(place: Place) -> None:
    """Each is more than half of the one before: a release alone makes less than half of all that counted the bar."""

    def send(villages: int) -> Any:
        place.send(JANUARY, dict.fromkeys(VILLAGES[:villages], 50))
        (one,) = place.collect(JANUARY)
        return one

    assert [send(n).status for n in (12, 7)] == ["accepted", "accepted"]
    held = send(4)
    assert (held.status, held.held_reason) == ("held", "far_fewer_rows")
    row = place.status(JANUARY)[A]
    assert "4条记录，仅为此前最全版本12条的33%" in row["message_zh"]
    assert "4 rows, 33 % of the 12 of the fullest revision before" in row["message_en"]
    place.p.ledger.decide(held.delivery_id, "release", "the others were merged")
    assert [send(n).status for n in (3, 5, 2)] == ["accepted", "accepted", "held"]
    assert "2条记录，仅为此前最全版本5条的40%" in place.status(JANUARY)[A]["message_zh"]
    before = _submissions(place)
    restoring.rebuild(place.p.catalogue, place.p.settings, force=True)
    assert _submissions(place) == before
