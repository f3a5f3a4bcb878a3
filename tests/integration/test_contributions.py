"""What made figures move in a small world of two months: who came, went, moved, opened and closed, and what is hidden.

Asked of the function as the board does, and of the command as people do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.cells import cell_len

from qiangji.cli import common
from qiangji.figures.contributing import At, Change, Move, contributions
from qiangji.figures.contributing_words import sentence
from qiangji.figures.decomposing import EFFECTS
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.test_cli import run

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
        others = [e for e in EFFECTS if e not in (effect, "mix")]
        assert all(part.effects.of(e) == 0 for e in others), part


def test_one_statement_is_enough_for_many_and_says_the_same(story: Story) -> None:
    moves = [story.move(unit, i) for unit in ("Z", "A", "B", "C", "T", "S", "U") for i in ("share", "people")]
    statements: list[str] = []

    def count(*said: Any) -> None:
        statements.append(said[2])

    sa.event.listen(story.engine, "before_cursor_execute", count)
    together = contributions(story.engine, moves)
    sa.event.remove(story.engine, "before_cursor_execute", count)
    assert len(statements) == 1
    assert together == [contributions(story.engine, [m])[0] for m in moves]
    assert together[moves.index(story.move("C"))] is None, "nothing was reported in January"
    assert contributions(story.engine, []) == []


def test_figures_and_units_are_never_joined_each_with_each(story: Story) -> None:
    """The planner takes the figures for one row: nested loops made ten counties' towns a matter of seconds."""
    plans: list[str] = []

    def explain(c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("EXPLAIN"):
            plans.extend(r[0] for r in c.exec_driver_sql(f"EXPLAIN {statement}", parameters))

    sa.event.listen(story.engine, "before_cursor_execute", explain)
    try:
        story.change("Z")
    finally:
        sa.event.remove(story.engine, "before_cursor_execute", explain)
    assert "Full Join" in "\n".join(plans)


def test_back_again_is_the_same_with_its_sign_turned(story: Story) -> None:
    there = story.change("Z", levels=2)
    (back,) = contributions(story.engine, [replace(there.move, before=At("2026-02"), after=At("2026-01"))], 2)
    assert back is not None
    for one, other in ((there, back), (back, there)):
        found = {p.org_code: (p.effects.total, p.shown.total) for p in one.parts}
        assert found == {p.org_code: (-p.effects.total, -p.shown.total) for p in other.parts}
    assert presences(back)["W"] == "went"


def test_two_levels_down_a_town_that_moved_within_is_no_boundary(story: Story) -> None:
    change = story.change("Z", levels=2)
    adds_up(change)
    assert presences(change) == {"T": "both", "S": "both", "U": "both", "W": "came", "X": "both"}
    assert change.shown.boundary == 0
    assert presences(story.change("Z", levels=3)).keys() == {
        "T1", "T2", "T3", "S1", "S2", "U1", "U2", "U3", "W1", "X1",
    }  # fmt: skip


def test_as_of_two_moments_only_what_came_between_moved_it(story: Story) -> None:
    with story.engine.connect() as c:
        now = c.scalar(sa.text("SELECT clock_timestamp()"))
    move = Move("share", CITY, "month", At("2026-02", story.between), At("2026-02", now))
    (change,) = contributions(story.engine, [move])
    assert change is not None
    adds_up(change)
    assert [p.org_name for p in change.parts if p.effects.total] == ["C"]
    assert change.parts[0].presence == "came"


# --- what is not shown -------------------------------------------------------------------------------------


def test_hidden_units_are_one_part_and_tell_nothing(story: Story) -> None:
    change = story.change("U", "people")
    adds_up(change)
    (part,) = (p for p in change.parts if p.kind == "hidden")
    assert (part.units, part.before, part.after, part.org_code, part.org_name) == (2, None, None, "", "")
    assert {p.org_name for p in change.parts} == {"U1", ""}


def test_other_numbers_behind_what_is_hidden_change_nothing(story: Story) -> None:
    moves = [story.move(u, "people") for u in ("Z", "A", "B", "T", "S", "U")]
    before = contributions(story.engine, moves, 3)
    assert any(p.kind == "hidden" for c in before if c for p in c.parts)
    change = "UPDATE calc.v SET n__people = n__people {0} 1, d__people = d__people {0} 7 WHERE h__people"
    with story.engine.begin() as c:
        assert c.execute(sa.text(change.format("+"))).rowcount
    try:
        assert contributions(story.engine, moves, 3) == before
    finally:
        with story.engine.begin() as c:
            c.execute(sa.text(change.format("-")))


def test_beneath_a_county_restricted_figures_are_not_told_apart(story: Story) -> None:
    assert presences(story.change("Z", "secret", levels=2)) == {
        "A": "both", "B": "both", "C": "came", "D": "both",
    }  # fmt: skip
    change = story.change("A", "secret")
    assert [p.kind for p in change.parts] == ["itself"]
    assert "下级的指标值不显示" in sentence(change, "zh")


# --- the command -------------------------------------------------------------------------------------------


def change_of(*arguments: str) -> Any:
    ran = run("explain", "share", *TWO, "--change", *arguments)
    assert ran.code == 0, ran.err
    return ran


def test_the_command_prints_a_waterfall_in_80_columns(story: Story) -> None:
    out = change_of("--org", CITY).out
    assert max(map(cell_len, out.splitlines())) <= 80
    said = "".join(out.splitlines())
    assert (
        "Z由2026-01的32.85升至2026-02的40.67（+7.82）：主要因C新报 +6.24、A自身水平上升 +5.34；"
        "其他单位自身水平 -1.18；结构变化 -2.58。"
    ) in said
    for text in (
        "原值 before",
        "现值 after",
        "新报 newly reported",
        "上报 3/3 → 3/4",
        "32.85",
        "40.67",
        "+6.24",
    ):
        assert text in out, text


def test_the_command_s_json_adds_up_to_the_digits_of_mart(story: Story) -> None:
    found = json.loads(change_of("--org", CITY, "--json").out)
    assert sum(Decimal(p["total"]) for p in found["parts"]) == Decimal(found["change"])
    assert Decimal(found["after"]["value"]) - Decimal(found["before"]["value"]) == Decimal(found["change"])
    assert found["sentence_en"].startswith(
        "Z rose from 32.85 in 2026-01 to 40.67 in 2026-02 (+7.82): mainly C"
    )
    deeper = json.loads(change_of("--org", CITY, "--levels", "2", "--json").out)
    assert {p["parent_code"] for p in deeper["parts"]} == {A, B, "990003", "990004"}


def test_the_command_takes_another_period_or_two_moments(story: Story) -> None:
    same = json.loads(change_of("--org", CITY, "--against", "2026-02", "--json").out)
    assert {p["total"] for p in same["parts"]} == {"0.000000"}
    then = json.loads(change_of("--org", CITY, "--from", story.between.isoformat(), "--json").out)
    assert then["before"]["period"] == then["after"]["period"] == "2026-02"
    assert then["sentence_zh"] == "Z由34.43升至40.67（+6.24）：主要因C新报 +6.24。"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["share", "--org", CITY, *TWO, "--against", "2026Q1"], "other_type", "不是同一类型的报告期"),
        (["share", "--org", CITY, *TWO, "--against", "2025-12"], "no_figure", "无从比较"),
        (["share", "--org", "990003", *TWO, "--change"], "no_value", "缺报"),
        (["share", "--org", CITY, "--period", "2026-01", "--change"], "no_figure", "无从比较"),
        (
            ["share", "--org", CITY, "--period", "2026-01", "--period-type", "ytd", "--change"],
            "nothing_before",
            "本年",
        ),
        (["share", "--org", CITY, *TWO, "--to", "2026-01-01"], "no_time", "二者取一"),
        (
            ["share", "--org", CITY, *TWO, "--from", "2026-01-02", "--to", "2026-01-01"],
            "wrong_order",
            "不早于",
        ),
        (["share", "--org", CITY, *TWO, "--from", "2026-01-01"], "no_figure", "无从比较"),
        (["none", "--org", CITY, *TWO, "--change"], "unknown_indicator", "没有指标"),
        (["share", "--org", "1", *TWO, "--change"], "unknown_unit", "没有单位"),
        (["share", "--change"], "no_figure", "请给出--org"),
    ],
)
def test_the_command_says_in_both_languages_why_there_is_no_change(
    story: Story, arguments: list[str], code: str, said: str
) -> None:
    ran = run("explain", *arguments)
    assert (ran.code, code in ran.err, said in "".join(ran.err.split())) == (2, True, True), ran.err
