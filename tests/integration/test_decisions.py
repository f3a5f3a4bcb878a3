"""What people decide about reports is told wherever figures and reports are: a held report is released, voided, and
released once more, then the county sends another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.cli import common
from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.causes import assert_each_has_its_own
from tests.integration.test_cli import run

TREE = {"Z": {"A": {"T": ["V[01-12]"]}, "B": {"U": ["W[1-3]"]}}}
FORMS: dict[str, Any] = {
    "f": {
        "fields": {"income": {"unit": "ten_thousand_yuan"}, "people": {"unit": "person"}},
        "expectations": [
            {"field": "income", "rule": "plausible", "type": "expect_column_values_to_be_between",
             "severity": "warning", "kwargs": {"column": "income", "max_value": 100}},
        ],
    },
}  # fmt: skip
SHARE = {"code": "share", "numerator": {"sum": "income"}, "denominator": {"sum": "people"}}
JANUARY = ["--period", "2026-01"]
A, B, CITY = "990001", "990002", "990000"
VILLAGES = [f"V{i:02d}" for i in range(1, 13)]
WHO, WHY, WRONG, AGAIN = "李晓云", "县里确认以万元填报", "盖错了章", "误作废"


@dataclass
class Told:
    """The instants between the chapters, by name; the delivery that was held; what was printed while it waited."""

    place: Any
    made: world.World
    at: dict[str, datetime] = field(default_factory=dict)
    held: str = ""
    waiting: dict[str, str] = field(default_factory=dict)

    def ask(self, statement: str, **values: Any) -> list[Any]:
        engine = sa.create_engine(self.place.url)
        try:
            with engine.begin() as c:
                c.execute(sa.text("SET LOCAL ROLE qiangji_bi"))
                return list(c.execute(sa.text(statement), values))
        finally:
            engine.dispose()

    def now(self, name: str) -> None:
        self.at[name] = self.ask("SELECT clock_timestamp()")[0][0]

    def send(self, incomes: dict[str, int]) -> None:
        lines = [f"{unit} {income} 2" for unit, income in incomes.items()]
        self.made.put("f", "2026-01", "\n".join(["unit income people", *lines]))
        assert run("collect", *JANUARY).code in (0, 3)

    def build(self, name: str) -> None:
        assert run("build").code == 0
        self.now(name)

    def decide(self, action: str, reason: str) -> None:
        assert run(action, self.held, "--reason", reason, "--by", WHO).code == 0


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("decisions")
    made = world.make(folder, TREE, FORMS, [SHARE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        world.stay_soon(patch.setattr)
        with make_workplace(folder / "home", postgres, patch.setenv) as place:
            story = Told(place, made)
            story.send({"W1": 4, "W2": 5, "W3": 6})
            story.build("first")
            story.send(dict.fromkeys(VILLAGES, 500_000))  # a late report, which is held
            story.build("held")
            ((story.held,),) = story.ask("SELECT delivery_id FROM mart.submission WHERE status = 'held'")
            story.decide("release", WHY)
            story.waiting = {name: run(name).out for name in ("today", "status")}
            story.build("released")
            story.decide("void", WRONG)
            story.build("void")
            story.decide("release", AGAIN)
            story.build("again")
            story.send(dict.fromkeys(VILLAGES, 50))
            story.build("revised")
            yield story


def causes(told: Told, since: str, until: str, *more: str) -> dict[str, list[str]]:
    moments = ("--from", told.at[since].isoformat(), "--to", told.at[until].isoformat())
    return {
        r["org_code"]: r["causes"]
        for r in run("diff", *moments, *more, "--json").json
        if (r["period_type"], r["period"]) == ("month", "2026-01")
    }


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("held", "released", ["released"]),
        ("released", "void", ["withdrawal"]),
        ("void", "again", ["released"]),
        ("again", "revised", ["revision"]),
        ("void", "revised", ["released", "revision"]),
    ],
)
def test_the_decision_is_the_cause_where_it_moved_the_figure(
    told: Told, since: str, until: str, why: list[str]
) -> None:
    assert causes(told, since, until) == {CITY: why, A: why}
    assert causes(told, since, until, "--level", "village", "--org", A) == {
        f"{A}001{i:03d}": why for i in range(1, 13)
    }


def test_the_first_report_s_cause_stays(told: Told) -> None:
    before = told.at["first"] - timedelta(days=1)
    found = run("diff", "--from", before.isoformat(), "--to", told.at["first"].isoformat(), "--json").json
    assert {tuple(r["causes"]) for r in found if r["org_code"] == B} == {("late_arrival",)}


@pytest.mark.parametrize("since", ["first", "held", "released", "void", "again"])
def test_each_figure_asked_alone_has_the_same_causes(told: Told, since: str) -> None:
    engine = sa.create_engine(told.place.url)
    try:
        with engine.connect() as c:
            assert_each_has_its_own(c, told.at[since], told.at["revised"])
    finally:
        engine.dispose()
