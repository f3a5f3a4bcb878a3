"""The example of docs/what-made-it-move.md computed anew, and the sentences about a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qiangji.figures.contributing import At, Change, Ends, Move, change_of
from qiangji.figures.contributing_words import sentence, short
from qiangji.figures.decomposing import EFFECTS
from qiangji.text import ends_of, in_hundredths

PAGE = Path(__file__).resolve().parents[3] / "docs" / "what-made-it-move.md"
NAMED = {
    "name_zh": "率",
    "name_en": "Rate",
    "unit": "percent",
    "factor": Decimal(100),
    "is_restricted": False,
}
DEFINED = {"version": 1, "missing": "matched", "numerator_en": "n", "denominator_en": "d"}
Side = tuple[int, int] | str | None
"""Numerator and denominator; `hidden`; None where it did not report."""


def row(code: str, side: Side, parent: str = "") -> dict[str, Any]:
    numbers = side if isinstance(side, tuple) else (None, None)
    n, d = (None if x is None else Decimal(x) for x in numbers)
    status = "Q" if side == "hidden" else "A" if side else "O"
    named = {
        "org_code": code,
        "org_name": code,
        "org_level": "county",
        "parent_code": parent,
        "is_open": True,
    }
    figure = {
        "numerator": n, "denominator": d, "obs_status": status, "expected_units": 1,
        "reported_units": 0 if side is None else 1,
        "value": round(100 * n / d, 6) if n is not None and d else None,
    }  # fmt: skip
    return named | figure | NAMED | DEFINED


def change(whole: tuple[Side, Side], **units: tuple[Side, Side]) -> Change:
    """The change of a whole with these units beneath it."""
    figure = {i: row("全市", side) for i, side in enumerate(whole)}
    beneath = {u: {i: row(u, side, "全市") for i, side in enumerate(sides)} for u, sides in units.items()}
    move = Move("x", "全市", "month", At("2026-10"), At("2026-10"))
    return change_of(Ends(move, figure, beneath))


def table() -> Iterator[list[str]]:
    """The cells of the page's example, a list a row."""
    section = PAGE.read_text(encoding="utf-8").split("## An example")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith(("| unit", "| ---")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def side_of(cell: str) -> Side:
    return None if cell == "·" else (int(cell.split(" / ")[0]), int(cell.split(" / ")[1]))


def test_the_example_of_the_page_is_what_the_code_computes() -> None:
    *units, whole = table()
    found = change(
        (side_of(whole[1]), side_of(whole[2])), **{u[0]: (side_of(u[1]), side_of(u[2])) for u in units}
    )
    shown = {p.org_name: p.shown for p in found.parts} | {"all": found.shown}
    for name, _, _, *cells in (*units, whole):
        said = [Decimal("0" if c == "·" else c) for c in cells]
        effects = shown[name]
        assert [effects.rate, effects.mix, effects.reporting, effects.total] == said, name
    assert f"> {sentence(found, 'zh')}\n" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "zh", "en"),
    [
        (
            change(((30, 100), (40, 100)), A=((20, 50), (30, 50)), B=((10, 50), (10, 50))),
            "全市由30.00升至40.00（+10.00）：主要因A自身水平上升 +10.00。",
            "全市 rose from 30.00 to 40.00 (+10.00): mainly A's own rate up +10.00.",
        ),
        (
            change(((30, 100), (10, 50)), A=((20, 50), None), B=((10, 50), (10, 50))),
            "全市由30.00降至20.00（-10.00）：主要因A未报 -10.00。",
            "全市 fell from 30.00 to 20.00 (-10.00): mainly A not reported -10.00.",
        ),
        (
            change(((30, 100), (30, 100)), A=((20, 50), (15, 50)), B=((10, 50), (15, 50))),
            "全市由30.00到30.00（±0.00）：主要因A自身水平下降 -5.00、B自身水平上升 +5.00。",
            "全市 went from 30.00 to 30.00 (±0.00): mainly A's own rate down -5.00, B's own rate up +5.00.",
        ),
        (
            change(((30, 100), (45, 125)), A=((20, 50), (40, 100)), B=((10, 50), (5, 25))),
            "全市由30.00升至36.00（+6.00）：结构变化 +6.00。",
            "全市 rose from 30.00 to 36.00 (+6.00): mix of units +6.00.",
        ),
        (
            change(((30, 100), (30, 100)), A=((30, 100), (30, 100))),
            "全市由30.00到30.00（±0.00）：各单位均无可见的变化。",
            "全市 went from 30.00 to 30.00 (±0.00): no unit moved it visibly.",
        ),
        (
            change(((30, 100), (40, 100))),
            "全市由30.00升至40.00（+10.00）：没有下级的指标值，无法分解。",
            "全市 rose from 30.00 to 40.00 (+10.00): no unit beneath it has a figure.",
        ),
        (
            change(((30, 100), (40, 100)), A=((20, 50), (20, 50)), B=("hidden", (9, 25)), C=((4, 25), "hidden")),
            "全市由30.00升至40.00（+10.00）：主要因隐去的2个单位自身水平上升 +10.00。",
            "全市 rose from 30.00 to 40.00 (+10.00): mainly the hidden units' own rate up +10.00.",
        ),
        (
            change(((30, 100), (40, 100)), A=((20, 50), (20, 50))),
            "全市由30.00升至40.00（+10.00）：主要因下级未能说明的部分 +10.00。",
            "全市 rose from 30.00 to 40.00 (+10.00): mainly what the units beneath do not account for +10.00.",
        ),
        (
            change(((1374, 100_000), (1367, 100_000)), A=((1374, 100_000), (1367, 100_000))),
            "全市由1.374降至1.367（-0.01）：主要因A自身水平下降 -0.01。",
            "全市 fell from 1.374 to 1.367 (-0.01): mainly A's own rate down -0.01.",
        ),
        (
            change(((47844, 100_000), (47846, 100_000)), A=((47844, 100_000), (47846, 100_000))),
            "全市由47.844到47.846（±0.00）：各单位均无可见的变化。",
            "全市 went from 47.844 to 47.846 (±0.00): no unit moved it visibly.",
        ),
    ],
)  # fmt: skip
def test_a_change_in_one_sentence(found: Change, zh: str, en: str) -> None:
    assert (sentence(found, "zh"), sentence(found, "en")) == (zh, en)
    if "主要因" in zh:
        assert short(found, "zh") in zh
        assert short(found, "en") in en


VALUES = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-6))


@given(VALUES, VALUES | st.none())
@example(Decimal("89.025"), Decimal("89.384"))
@example(Decimal("0.004999"), Decimal("-0.000001"))
@example(Decimal("1234567.895"), Decimal("1234567.905"))
def test_a_change_is_seen_in_its_ends(before: Decimal, after: Decimal | None) -> None:
    after = before + Decimal("0.005") if after is None else after
    texts = ends_of(before, after)
    first, last = (Decimal(text.replace(",", "")) for text in texts)
    assert in_hundredths(last - first, "+") == in_hundredths(after - before, "+")
    digits = {len(text.partition(".")[2]) for text in texts}
    assert len(digits) == 1
    assert 2 <= digits.pop() <= 6
    plain = [Decimal(in_hundredths(value).replace(",", "")) for value in (before, after)]
    if in_hundredths(plain[1] - plain[0], "+") == in_hundredths(after - before, "+"):
        assert texts == (in_hundredths(before), in_hundredths(after)), "no more digits than it takes"


def test_a_unit_of_which_more_reported_is_not_told_as_if_it_had_risen_by_itself() -> None:
    found = change(((30, 100), (40, 100)), A=((20, 50), (30, 50)), B=((10, 50), (10, 50)))
    first = found.parts[0]
    assert first.before is not None
    assert first.after is not None
    fewer = replace(first.before, expected_units=40, reported_units=30)
    all_ = replace(first.after, expected_units=40, reported_units=40)
    told = replace(found, parts=(replace(first, before=fewer, after=all_), *found.parts[1:]))
    assert short(told, "zh") == "主要因A随上报率75%→100%上升 +10.00"
    assert short(told, "en") == "mainly A's figure up as 75 → 100 % reported +10.00"
    nothing = replace(told.parts[0], before=replace(fewer, expected_units=0, reported_units=0))
    assert nothing.reporting_rates is None


def test_what_has_nothing_beneath_it_has_no_short_form() -> None:
    found = change(((30, 100), (40, 100)))
    assert (short(found, "zh"), short(found, "en")) == ("", "")
    assert short(change(((30, 100), (30, 100)), A=((30, 100), (30, 100))), "zh") == ""


def test_the_hidden_have_no_figures_and_no_names() -> None:
    found = change(
        ((30, 100), (40, 100)), A=((20, 50), (20, 50)), B=("hidden", (9, 25)), C=((4, 25), "hidden")
    )
    (part,) = (p for p in found.parts if p.kind == "hidden")
    assert (part.org_code, part.org_name, part.before, part.after, part.units) == ("", "", None, None, 2)
    assert {p.org_code for p in found.parts} == {"A", ""}


def test_what_the_units_leave_is_a_part_and_no_unit_s() -> None:
    found = change(((30, 100), (40, 100)), A=((20, 50), (20, 50)))
    effects = {p.kind: p.effects for p in found.parts}
    assert effects["unit"].rate == 0
    assert [effects["elsewhere"].of(e) for e in EFFECTS] == [0, 0, 0, 0, effects["elsewhere"].total]


def test_a_definition_or_a_missing_value_is_seen() -> None:
    move = Move("x", "全市", "month", At("2026-09"), At("2026-10", datetime(2026, 11, 1, tzinfo=UTC)))
    one = row("全市", (1, 2))
    assert Ends(move, {0: one, 1: one | {"factor": Decimal(1)}}, {}).is_defined_anew
    assert not Ends(move, {0: one, 1: one | {"value": Decimal(3)}}, {}).is_defined_anew
    assert not Ends(move, {0: one}, {}).has_values
    assert not Ends(move, {0: one, 1: row("全市", "hidden")}, {}).has_values
