"""What made figures move in a small world of two months: who came, went, moved, opened and closed, and what is hidden.

Asked of the function as the board does, and of the command as people do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.cli import common
from qiangji.figures.contributing import At, Change, Move, contributions
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world

TREE = {
    "Z": {
        "A": {"T": ["T1", "T2", "T3"], "S": ["S1", "S2"]},
        "B": {"U": ["U1", "U2", "U3"]},
        "C": {"W": ["W1"]},
        "D": {"X": ["X1"]},
    }
}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {}, "d": {}, "e": {"restricted": True}}}}
INDICATORS: list[dict[str, Any]] = [
    {"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}, "factor": 100, "unit": "percent"},
    {
        "code": "people", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}, "factor": 100, "unit": "percent",
        "persons": True,
    },
    {"code": "secret", "numerator": {"sum": "e"}, "denominator": {"sum": "d"}, "factor": 100, "unit": "percent"},
]  # fmt: skip
DATED = {
    "opened": {"T3": date(2026, 2, 1)},
    "closed": {"U3": date(2026, 1, 31)},
    "moves": [{"unit": "S", "to": "B", "day": date(2026, 2, 1)}],
}
JANUARY = """unit n d e
T1 40 100 1
T2 30 60 1
S1 10 40 1
S2 2 20 1
U1 20 80 1
U2 1 10 1
U3 6 12 1
X1 5 25 1"""
FEBRUARY = """unit n d e
T1 50 100 2
T2 30 60 1
T3 9 30 1
S1 10 40 1
S2 2 20 1
U1 30 120 1
W1 45 50 1
X1 5 25 1"""
CITY, A, B = "990000", "990001", "990002"
TWO = ["--period", "2026-02", "--period-type", "month"]


@dataclass(frozen=True)
class Story:
    engine: Any
    codes: dict[str, str]
    between: datetime
    """A moment after the first build, before W1 reported for February."""

    def change(self, unit: str, indicator: str = "share", levels: int = 1) -> Change:
        (found,) = contributions(self.engine, [self.move(unit, indicator)], levels)
        assert found is not None
        return found

    def move(self, unit: str, indicator: str = "share") -> Move:
        return Move(indicator, self.codes[unit], "month", At("2026-01"), At("2026-02"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Story]:
    from qiangji import building, stages

    folder = tmp_path_factory.mktemp("moved")
    made = world.make(folder, TREE, FORMS, INDICATORS, DATED, suppression={"threshold": 3})
    made.put("v", "2026-01", JANUARY)
    made.put("v", "2026-02", "\n".join(x for x in FEBRUARY.splitlines() if not x.startswith("W1")))
    months = [Period.parse("2026-01"), Period.parse("2026-02")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        patch.setenv("QIANGJI_THREADS", "1")
        world.stay_soon(patch.setattr)
        with make_workplace(Path(folder) / "home", postgres, patch.setenv) as place, place.pipeline() as p:

            def build() -> datetime:
                stages.collect(p, periods=months)
                building.build(p, months)
                with p.ledger.engine.connect() as c:
                    found: datetime = c.scalar(sa.text("SELECT clock_timestamp()"))
                    return found

            between = build()
            made.put("v", "2026-02", FEBRUARY)
            build()
            yield Story(p.ledger.engine, made.codes, between)


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.console, "width", 80)


def presences(change: Change) -> dict[str, str]:
    return {p.org_name or p.kind: p.presence for p in change.parts}


def adds_up(change: Change) -> None:
    exact = sum(p.effects.total for p in change.parts)
    assert abs(exact - Fraction(change.change)) <= Fraction(1, 10**6)
    hundredth = change.change.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    assert sum((p.shown.total for p in change.parts), Decimal(0)) == hundredth == change.shown.total
    assert sum(e.total for e in change.in_digits(6)) == change.change


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("Z", {"A": "both", "B": "both", "C": "came", "D": "both"}),
        ("A", {"T": "both", "S": "moved_out"}),
        ("B", {"U": "both", "S": "moved_in"}),
        ("T", {"T1": "both", "T2": "both", "T3": "opened"}),
        ("U", {"U1": "both", "U2": "went", "U3": "closed"}),
        ("X1", {"X1": "both"}),
    ],
)
def test_each_unit_has_what_happened_to_it(story: Story, unit: str, expected: dict[str, str]) -> None:
    change = story.change(unit)
    adds_up(change)
    assert presences(change) == expected
    for part in change.parts:
        effect = {"came": "reporting", "went": "reporting", "both": "rate"}.get(part.presence, "boundary")
        others = {"rate", "mix", "reporting", "boundary", "rest"} - {effect} - {"mix"}
        assert all(part.effects.of(e) == 0 for e in others), part  # type: ignore[arg-type]
