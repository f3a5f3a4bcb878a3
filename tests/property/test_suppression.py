"""No hidden figure can be found by subtraction: an attack on all shown figures, over siblings, levels and periods.

What is drawn and what the attacker knows: `hidden_figures`. No numerator of a hidden village may follow from it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from qiangji.catalogue.models import Suppression
from tests.property.changing_trees import WAYS, changing
from tests.property.hidden_figures import World, attacked, drawn, flagged, rules
from tests.property.often import times


@pytest.mark.parametrize("moves", ["one tree", "moving units", "new codes"])
@pytest.mark.parametrize(("kind", "gaps"), [("flow", True), ("stock", False), ("ytd", False)])
def test_nothing_hidden_follows_from_what_is_shown(kind: str, gaps: bool, moves: str) -> None:
    """Holds for flows always; for stocks and year-to-date fields if every unit reports every month."""
    hidden = 0
    for seed in range(times(60)):
        rng = random.Random(seed)
        rule = rules(rng)
        w = drawn(rng, kind, moves == "moving units", gaps, codes=moves == "new codes")
        found, n = attacked(w, rule)
        hidden += n
        assert not found, (seed, rule, found)
    assert hidden > times(500), "too little was hidden to attack"


@pytest.mark.parametrize(
    ("kind", "gaps", "ways"),
    [
        ("flow", True, WAYS),
        ("flow", True, ("town", "town merges")),
        ("stock", False, ("twice", "back", "move", "split", "town")),
    ],
)
def test_nothing_hidden_follows_where_the_tree_changes(kind: str, gaps: bool, ways: Sequence[str]) -> None:
    """As was and restated together; before, a town that changed its county told its villages."""
    hidden = 0
    for seed in range(times(30)):
        rng = random.Random(seed)
        rule = rules(rng)
        found, n = attacked(changing(rng, kind, gaps, ways), rule)
        hidden += n
        assert not found, (seed, rule, found)
    assert hidden > times(500)


@pytest.mark.parametrize("kind", ["stock", "ytd"])
def test_where_reports_are_missing_next_to_nothing_follows(kind: str) -> None:
    """A tenth to four tenths of the reports missing, and an attacker who knows which: see docs/promises.md."""
    found = []
    for seed in range(times(120)):
        rng = random.Random(seed)
        rule = rules(rng)
        names, n = attacked(drawn(rng, kind, gaps=True), rule)
        found.append((len(names), n))
    assert sum(n for _, n in found) > times(5000)
    assert sum(names for names, _ in found) < 0.01 * sum(n for _, n in found)


@pytest.mark.parametrize(
    ("stops", "moves"),
    [("nobody has reported", False), ("nobody has reported, units move", True), ("a county stops", False)],
)
@pytest.mark.parametrize("kind", ["stock", "ytd"])
def test_a_month_that_nobody_has_reported_tells_nothing(kind: str, stops: str, moves: bool) -> None:
    """The year to date is what it was a month before: what one of them hides the other one must not show."""
    hidden = 0
    for seed in range(times(60)):
        rng = random.Random(seed)
        rule = rules(rng)
        w = drawn(rng, kind, moves, gaps=False)
        _stop(w, None if stops.startswith("nobody") else "1")
        found, n = attacked(w, rule)
        hidden += n
        assert not found, (seed, rule, found)
    assert hidden > times(500)


def test_after_a_month_of_gaps_one_that_nobody_has_reported_tells_next_to_nothing() -> None:
    """Before, a month later told nine times as much as there was to find."""
    found = []
    for seed in range(times(120)):
        rng = random.Random(seed)
        rule = rules(rng)
        w = drawn(rng, "stock", gaps=True)
        _stop(w, None)
        names, n = attacked(w, rule)
        found.append((len(names), n))
    assert sum(names for names, _ in found) < 0.01 * sum(n for _, n in found)


def _stop(w: World, county: str | None) -> None:
    """Take away what was reported of the last month: by a county, or by all."""
    for group, m in list(w.reports):
        path = w.org.path(group.partition("/")[0], m)
        if m == w.months[-1] and county in (None, path["county"]):
            del w.reports[group, m]


def test_every_small_figure_is_hidden_and_most_others_are_not() -> None:
    small = shown = all_of_them = 0
    for seed in range(times(60)):
        rng = random.Random(seed)
        for _, rows, _ in flagged(drawn(rng, rng.choice(["stock", "flow"])), Suppression()):
            for row in rows.to_pylist():
                if row["org_level"] == "village" and row["n__x"] is not None:
                    all_of_them += 1
                    shown += not row["h__x"]
                    small += 0 < row["n__x"] < 3
                    assert row["h__x"] or not 0 < row["n__x"] < 3
    assert small > times(500)
    assert shown > all_of_them / 5


def test_the_attack_finds_what_is_not_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only the small figures are hidden, siblings, levels and periods give most of them away."""
    from qiangji.indicators import suppression

    monkeypatch.setattr(suppression, "_are_enough", lambda *_: True)
    found = [attacked(drawn(random.Random(seed), "stock"), Suppression()) for seed in range(times(20))]
    assert sum(len(names) for names, _ in found) > times(50)
