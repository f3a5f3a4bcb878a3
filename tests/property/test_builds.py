"""The order of checking and building does not matter: only what was received, and when, decides.

Small worlds are drawn from a seed: two counties, three forms of two grains, four months over a new year, corrections,
withdrawals, returned and far too small reports. All deliveries are pulled first, in one order of receipt. Then parts
are checked, and months built in between, in any order. Facts, figures, findings and the lake's files must equal those
of checking in order and building once. The history must say what was shown after each build.

In two worlds of three the counties lie in two cities: there a build computes the part in which something has changed,
and a whole month in two parts, while the one build that it is held against computes all at once.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.errors import UsageError
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world

PERIODS = ["2025-11", "2025-12", "2026-01", "2026-02"]
MONTHS = [Period.parse(p) for p in PERIODS]
SEEDS = range(3)
TOWNS = {"A": {"T": ["V1", "V2", "V3"]}, "B": {"U": ["W1", "W2"], "S": ["W3"]}}
ONE_CITY, TWO_CITIES = {"Z": TOWNS}, {"Z": {"A": TOWNS["A"]}, "Y": {"B": TOWNS["B"]}}
TREES = [TWO_CITIES, ONE_CITY, TWO_CITIES]
VILLAGES = {"A": ["V1", "V2", "V3"], "B": ["W1", "W2", "W3"]}
FORMS: dict[str, Any] = {
    "g": {"grain": "group", "fields": {"n": {"warn_above": 8}, "y": {"kind": "ytd", "no_fall": True}}},
    "v": {"fields": {"f": {"kind": "flow"}, "s": {"critical_max": 9}, "p": {"kind": "distinct"}}},
}
INDICATORS: list[dict[str, Any]] = [
    {
        "code": "a",
        "numerator": {"form": "g", "sum": "n"},
        "denominator": {"form": "g", "count": "rows"},
        "persons": True,  # a stock whose small numbers are hidden
    },
    {
        "code": "b",
        "numerator": {"form": "g", "sum": "y"},
        "denominator": {"form": "v", "sum": "s"},
        "missing": "all",
    },
    {
        "code": "c",
        "numerator": {"form": "v", "sum": "f"},
        "denominator": {"form": "v", "count": "rows"},
        "persons": True,  # amounts
    },
    {"code": "e", "numerator": {"form": "v", "sum": "f"}, "denominator": {"form": "v", "sum": "p"}},
    {
        "code": "d",
        "numerator": {"form": "v", "count_where": {"field": "s", "at_least": 3}},
        "denominator": {"form": "v", "count": "rows"},
    },
]
WRONG = random.Random(7)
CORRECTIONS: dict[str, list[dict[str, Any]]] = {
    form: [
        {"unit": unit, "period": period, "field": field, "was": WRONG.choice([None, 0, 1, 2, 3, 5, 9])}
        | WRONG.choice([{"now": 7}, {"now": 8}, {"action": "leave_out"}])
        for county in "AB"
        for village in VILLAGES[county]
        for unit, field in {"g": [(f"{village}/01", "n"), (f"{village}/02", "y")], "v": [(village, "s")]}[
            form
        ]
        for period in PERIODS
    ]
    for form in FORMS
}
SHOWN = {
    "corrections": "SELECT to_jsonb(x) FROM ops.correction AS x",
    "figures": "SELECT to_jsonb(v) - 'built_at' FROM mart.indicator_value AS v",
    "facts g": "SELECT to_jsonb(g) FROM fact.g AS g",
    "facts v": "SELECT to_jsonb(v) FROM fact.v AS v",
    "findings": "SELECT period, unit_code, rule, value FROM ops.current_finding",
    "submissions": "SELECT county_code, form, period, status, revision, is_current, rows_hash FROM ops.submission",
    "expected": "SELECT county_code, form, period, expected_units FROM dim.expected_units WHERE period < '2027'",
}


COLUMNS = (
    "indicator_code, org_code, period, period_type, numerator, denominator, value, expected_units, obs_status"
)
NOW = f"SELECT {COLUMNS}, has_warning, built_at FROM mart.indicator_value"
THEN = f"SELECT {COLUMNS}, has_warning, built_at FROM mart.indicator_value_as_of(:moment)"


def taken(p: Any, delivery: str, action: str) -> bool:
    """Whether a decision was recorded: a release is not while nothing is held."""
    try:
        p.ledger.decide(delivery, action, "as drawn")
    except UsageError as e:
        if e.code != "nothing_held":
            raise
        return False
    return True


def drawn(rng: random.Random) -> list[tuple[str, str, Any]]:
    """Deliveries in the order of receipt: (form, period, rows of one county, or an unchanged report)."""
    deliveries: list[tuple[str, str, Any]] = []
    for _ in range(18):
        form, period, county = rng.choice(["g", "v"]), rng.choice(PERIODS), rng.choice("AB")
        if rng.random() < 0.2:
            deliveries.append((form, period, {"unchanged": [county]}))
            continue
        units = VILLAGES[county] if form == "v" else [f"{v}/0{i}" for v in VILLAGES[county] for i in (1, 2)]
        if rng.random() < 0.2:
            units = units[: rng.randint(1, 2)]
        rows = []
        for unit in units:
            cells = {n: rng.choice([None, 0, 1, 2, 3, 5, 9, 10]) for n in FORMS[form]["fields"]}
            rows.append({"unit": unit, **cells})
        deliveries.append((form, period, rows))
        if rng.random() < 0.2:  # withdrawn: the report before is sent again
            again = [d for d in deliveries if d[:2] == (form, period) and _county(d[2]) == county]
            deliveries.append(again[0])
    return deliveries


def _county(report: Any) -> str:
    if isinstance(report, dict):
        return str(report["unchanged"][0])
    return "A" if report[0]["unit"].startswith("V") else "B"


def shown(
    tmp_path: Path, postgres: Any, tree: Any, deliveries: list[Any], rng: random.Random | None
) -> dict[str, Any]:
    """Pull all, check and build (in order and once, or as `rng` mixes it); returns the content in the end."""
    from qiangji import building, checking, stages
    from qiangji.building import parts as parted

    made = world.make(tmp_path, tree, FORMS, INDICATORS)
    for name, entries in CORRECTIONS.items():
        world.correct(made, name, entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        if rng:
            patch.setattr(parted, "VILLAGES", 1)
            patch.setenv("QIANGJI_THREADS", "2")  # two parts are computed at once
        with make_workplace(tmp_path / "home", postgres, patch.setenv) as place, place.pipeline() as p:
            then: list[tuple[Any, list[str]]] = []

            def ask(statement: str, **values: Any) -> list[str]:
                with p.ledger.engine.connect() as c:
                    return sorted(map(repr, map(tuple, c.execute(sa.text(statement), values))))

            def build(months: list[Period]) -> Any:
                built = building.build(p, months)
                with p.ledger.engine.connect() as c:
                    then.append((c.scalar(sa.text("SELECT clock_timestamp()")), ask(NOW)))
                return built

            for form, period, rows in deliveries:
                made.put(form, period, rows)
                assert not stages.pull(p, list(p.catalogue.counties), MONTHS, "r").failures
            parts = p.ledger.unchecked()
            assert parts
            # a withdrawal and a release, by receipt: the last delivery and one in the middle
            received = list(dict.fromkeys(part.delivery_id for part in parts))
            decisions = [(received[-1], "void"), (received[len(received) // 2], "release")]
            if rng:
                rng.shuffle(parts)
                while parts:
                    n = rng.randint(1, 5)
                    checking.check(p.catalogue, p.ledger, parts[:n])
                    parts = parts[n:]
                    if decisions and rng.random() < 0.3:
                        decisions = [one for one in decisions if not taken(p, *one)]
                    if rng.random() < 0.5:
                        build(rng.sample(MONTHS, rng.randint(1, 3)))
                for month in rng.sample(MONTHS, len(MONTHS)):
                    build([month])
            else:
                checking.check(p.catalogue, p.ledger, parts)
            for delivery, action in decisions:
                taken(p, delivery, action)
            build(MONTHS)
            assert build(MONTHS).months == []
            for moment, figures in then:
                assert ask(THEN, moment=moment) == figures, "what was shown then is not what the history says"
            found = {n: ask(q) for n, q in SHOWN.items()}
            journal = [
                e.read_text(encoding="utf-8") for e in p.ledger.lake.root.glob("journal/*/build-*.json")
            ]
            tables = [each for text in journal for each in json.loads(text)["tables"]]
            assert any(t["units"] for t in tables) == (bool(rng) and tree is TWO_CITIES), "built in part"
            # These areas alone: repeated rows and results of builds are no part of the record.
            files = [
                f for a in ("reports", "rejected") for f in (p.ledger.lake.root / a).glob("*/*/*/*.parquet")
            ]
            return found | {"lake": sorted(str(f.relative_to(p.ledger.lake.root)) for f in files)}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Callable[[int], dict[str, Any]]:
    """Seed -> the content after checking everything in order and building once."""

    @cache
    def run(seed: int) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("once") / "world"
        return shown(folder, postgres, TREES[seed], drawn(random.Random(seed)), None)

    return run


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_checking_and_building_ends_the_same(
    tmp_path: Path, postgres: Any, once: Callable[[int], dict[str, Any]], seed: int
) -> None:
    expected = once(seed)
    deliveries, rng = drawn(random.Random(seed)), random.Random(1000 + seed)
    mixed = shown(tmp_path / "mixed", postgres, TREES[seed], deliveries, rng)
    assert all(expected[name] for name in ("figures", "facts g", "facts v", "submissions", "lake"))
    for name, found in expected.items():
        assert mixed[name] == found, name


def test_what_is_drawn_has_what_it_should_try(once: Callable[[int], dict[str, Any]]) -> None:
    """The worlds hold corrections, held, void and partly rejected reports, and findings: else they test nothing."""
    results = [once(seed) for seed in SEEDS]
    submissions = [text for r in results for text in r["submissions"]]
    for status in ("accepted", "partial", "held", "void"):
        assert any(f"'{status}'" in text for text in submissions), status
    assert any("'accepted', 2, True" in text for text in submissions)
    assert any(r["findings"] for r in results)
    for code in "ac":
        assert any(
            "'Q'" in text and f"'indicator_code': '{code}'" in text for r in results for text in r["figures"]
        )
    assert any("repeats_nothing" in text for r in results for text in r["findings"])
    unchanged = [text for text in submissions if text.endswith("True, None)")]
    assert len(unchanged) >= len(SEEDS)
    for state in ("applied", "stale", "waiting"):
        assert any(f"'state': '{state}'" in text for r in results for text in r["corrections"]), state
    for said in ("True", "False"):
        assert any(f"'is_corrected': {said}" in text for r in results for text in r["figures"])
