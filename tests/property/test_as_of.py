"""As of any past moment, the warehouse shows what it showed then, whatever happened since.

Small worlds are drawn from a seed: reports, corrections by counties and persons, withdrawals, and a changing catalogue
(factors, targets, terms, forms, due dates, an indicator that goes and comes back). After each step all columns of
mart.indicator_value are kept. In the end mart.indicator_value_as_of must give the same, and mart.indicator_change
between any two moments must be the difference, with a cause for each.
"""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji.periods import Period
from tests.conftest import _forget, make_workplace
from tests.golden import world
from tests.integration.causes import assert_each_has_its_own

PERIODS = ["2025-12", "2026-01"]
MONTHS = [Period.parse(p) for p in PERIODS]
TREE = {"Z": {"A": {"T": ["V1", "V2"]}, "B": {"U": ["W1", "W2"]}}}
VILLAGES = {"A": ["V1", "V2"], "B": ["W1", "W2"]}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {}, "f": {"kind": "flow"}}}, "w": {"fields": {"m": {}}}}
SIDES = [
    {"numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "count": "rows"}},
    {"numerator": {"form": "v", "sum": "f"}, "denominator": {"form": "v", "sum": "n"}},
    {
        "numerator": {"form": "v", "sum": "n"},
        "denominator": {"form": "w", "sum": "m"},
    },  # another result table
]
KEY = ("indicator_code", "org_code", "period", "period_type")
FIGURES = (
    "numerator", "denominator", "value", "target", "expected_units", "reported_units", "obs_status",
)  # fmt: skip
STEPS = ["report"] * 4 + ["void", "factor", "target", "sides", "remove", "due", "correct", "correct"]
Reported = dict[tuple[str, str, str], dict[str, Any]]


class Catalogue:
    """The world's catalogue as it changes."""

    def __init__(self, made: world.World) -> None:
        self.made = made
        self.entries: dict[str, dict[str, Any]] = {c: {"code": c, **SIDES[i]} for i, c in enumerate("abc")}
        self.present = set(self.entries)

    def change(self, step: str, rng: random.Random) -> None:
        entry = self.entries[rng.choice(sorted(self.entries))]
        if step == "factor":
            entry["factor"] = rng.choice([1, 100, 1000])
        elif step == "target":
            entry["target"] = {2025: rng.randint(1, 50), 2026: rng.randint(50, 99)}
        elif step == "sides":
            entry.update(rng.choice(SIDES))
        elif step == "remove":
            self.present ^= {entry["code"]}
            self.present = self.present or {"a"}
        elif step == "due":
            path = self.made.catalogue / "forms" / "v.yaml"
            form = yaml.safe_load(path.read_text(encoding="utf-8"))
            # from long ago to the future: periods that are closed and not closed
            form["due_working_day"] = 5 if form["due_working_day"] != 5 else 20
            path.write_text(yaml.safe_dump(form, allow_unicode=True), encoding="utf-8")
        listed = [world.indicator_of(e) for c, e in self.entries.items() if c in self.present]
        path = self.made.catalogue / "indicators" / "x.yaml"
        path.write_text(yaml.safe_dump(listed, allow_unicode=True), encoding="utf-8")
        _forget()


def correct(made: world.World, rng: random.Random, reported: Reported) -> None:
    """Declare some of the latest values wrong, and take back the declarations before."""
    entries: dict[str, list[dict[str, Any]]] = {"v": [], "w": []}
    for form, period, unit in rng.sample(sorted(reported), min(4, len(reported))):
        field = rng.choice(list(FORMS[form]["fields"]))
        entry = {"unit": unit, "period": period, "field": field, "was": reported[form, period, unit][field]}
        entries[form].append(entry | rng.choice([{"now": 77}, {"action": "leave_out"}]))
    for form, listed in entries.items():
        world.correct(made, form, listed)
    _forget()


def report(made: world.World, rng: random.Random, reported: Reported) -> None:
    form, county = rng.choice(["v", "w"]), rng.choice("AB")
    rows: list[dict[str, Any]] = [
        {"unit": unit} | {n: rng.choice([None, 0, 1, 2, 3, 5, 9]) for n in FORMS[form]["fields"]}
        for unit in VILLAGES[county]
    ]
    made.put(form, period := rng.choice(PERIODS), rows)
    reported.update({(form, period, row["unit"]): row for row in rows})


def rows(c: Any, statement: str, **values: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = [r[0] for r in c.execute(sa.text(f"SELECT to_jsonb(x) FROM {statement} AS x"), values)]
    by_key = {tuple(r[k] for k in KEY): r for r in found}
    assert len(by_key) == len(found), "a figure twice"
    return by_key


@pytest.mark.parametrize("seed", range(2))
def test_as_of_is_what_was_shown_and_change_is_the_difference(
    tmp_path: Path, postgres: Any, seed: int
) -> None:
    from qiangji import building, stages

    rng = random.Random(seed)
    made = world.make(tmp_path, TREE, FORMS, [{"code": c, **s} for c, s in zip("abc", SIDES, strict=True)])
    catalogue = Catalogue(made)
    shown: list[tuple[Any, dict[Any, Any]]] = []
    reported: Reported = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(tmp_path / "home", postgres, patch.setenv) as place:

            def look(p: Any) -> None:
                with p.ledger.engine.begin() as c:
                    shown.append((c.scalar(sa.text("SELECT now()")), rows(c, "mart.indicator_value")))

            steps = ["report"] * 3 + rng.sample(STEPS, len(STEPS))
            for step in steps:
                if step == "report":
                    report(made, rng, reported)
                elif step == "correct":
                    correct(made, rng, reported)
                elif step != "void":
                    catalogue.change(step, rng)
                with place.pipeline() as p:
                    look(p)  # a changed catalogue shows at once, before any build
                    assert not stages.collect(p, periods=MONTHS).failures
                    if step == "void":
                        with p.ledger.engine.connect() as c:
                            ids = list(c.scalars(sa.text("SELECT delivery_id FROM ops.delivery ORDER BY 1")))
                        p.ledger.decide(rng.choice(ids), "void", "as drawn")
                    building.build(p, MONTHS)
                    look(p)
            with place.pipeline() as p, p.ledger.engine.connect() as c:
                assert sum(a != b for (_, a), (_, b) in itertools.pairwise(shown)) >= 6, "too little happened"
                assert any(r["is_corrected"] for _, figures in shown for r in figures.values())
                for moment, figures in shown:
                    assert rows(c, "mart.indicator_value_as_of(:m)", m=moment) == figures
                for (since, before), (until, after) in itertools.combinations(shown, 2):
                    found = rows(c, "mart.indicator_change(:a, :b)", a=since, b=until)
                    differ = {
                        k
                        for k in before.keys() | after.keys()
                        if [before.get(k, {}).get(f) for f in FIGURES]
                        != [after.get(k, {}).get(f) for f in FIGURES]
                    }
                    assert found.keys() == differ
                    for k, row in found.items():
                        assert [row[f] for f in FIGURES] == [after.get(k, {}).get(f) for f in FIGURES]
                        assert [row[f"{f}_before"] for f in FIGURES] == [
                            before.get(k, {}).get(f) for f in FIGURES
                        ]
                        assert row["is_first_shown"] == (k not in before)
                        assert row["causes"] or row["is_first_shown"], (k, row)
                    assert_each_has_its_own(c, since, until)
