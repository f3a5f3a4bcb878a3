"""Numbers beyond any bound: none gets in, and one that is there all the same costs no other form its figures."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.catalogue import corrections
from qiangji.catalogue.load import load
from qiangji.cli import common
from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.test_cli import run
from tests.integration.test_explaining import Story

TREE = {"Z": {"A": {"T": ["V1", "V2"]}, "B": {"U": ["W1"]}}}
FORMS: dict[str, Any] = {
    "big": {"fields": {"trees": {"kind": "flow"}, "money": {"type": "decimal", "kind": "flow"}}},
    "small": {"fields": {"n": {}}},
}
SHARES: list[dict[str, Any]] = [
    {"code": "trees", "numerator": {"form": "big", "sum": "trees"}, "denominator": {"form": "big", "count": "rows"}},
    {"code": "people", "numerator": {"form": "small", "sum": "n"}, "denominator": {"form": "small", "count": "rows"}},
]  # fmt: skip
CARD = 6222021234567890123


@pytest.fixture
def story(tmp_path: Any, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.setattr(common.console, "width", 200)
    made = world.make(tmp_path / "world", TREE, FORMS, SHARES)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        yield Story(place, made)


def figures(story: Story, unit: str) -> dict[str, Any]:
    rows = story.ask(
        "SELECT indicator_code, value FROM mart.indicator_value WHERE period = '2026-01'"
        f" AND period_type = 'month' AND org_code = '{story.made.codes[unit]}'"
    )
    return {r.indicator_code: r.value for r in rows}


def test_a_pasted_card_number_sends_its_row_back_and_ends_no_build(story: Story) -> None:
    story.made.put("big", "2026-01", f"unit trees money\nV1 {CARD} 1\nV2 {CARD} 1\nW1 7 10000000000000000")
    story.made.put("small", "2026-01", "unit n\nV1 1\nV2 2\nW1 3")
    assert run("collect", "--period", "2026-01").code == 3
    with story.place.pipeline() as p, p.ledger.engine.connect() as c:
        rejected = {(r.rule, r.rows) for r in c.execute(sa.text("SELECT rule, rows FROM ops.rejection"))}
    assert rejected == {("big.trees.too_large", 2), ("big.money.too_large", 1)}
    built = run("build")
    assert built.code == 0, built.err
    assert figures(story, "Z")["people"] == 2


def test_one_form_that_cannot_be_summed_costs_no_other_form_its_figures(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.made.put("big", "2026-01", "unit trees money\nV1 1 1\nV2 2 1\nW1 7 1")
    story.made.put("small", "2026-01", "unit n\nV1 1\nV2 2\nW1 3")
    assert run("collect", "--period", "2026-01").code == 0
    assert run("build").code == 0
    assert figures(story, "Z") == {"people": 2, "trees": Decimal("3.333333")}

    # a value that was accepted before there was a bound
    monkeypatch.setattr(corrections, "MAX_DIGITS", {})
    entries = [
        {"unit": u, "period": "2026-01", "field": "trees", "was": n, "now": CARD}
        for u, n in (("V1", 1), ("V2", 2))
    ]
    world.correct(story.made, "big", entries)
    story.made.put("small", "2026-01", "unit n\nV1 4\nV2 5\nW1 6")
    load.look()
    assert run("collect", "--period", "2026-01").code == 0
    for _ in range(2):  # the next night tries again: nothing is up to date
        built = run("build")
        assert built.code == 1
        told = " ".join((built.err + built.out).split())
        for said in (
            "not_computed",
            "990001 big.trees 2026-01 (19 digits)",
            "All other figures are built",
            "void",
        ):
            assert said in told
        assert str(CARD) not in told
        assert figures(story, "Z") == {"people": 5, "trees": Decimal("3.333333")}

    world.correct(story.made, "big", [])
    load.look()
    assert run("build").code == 0
    assert figures(story, "Z")["people"] == 5
    assert run("build").code == 0
