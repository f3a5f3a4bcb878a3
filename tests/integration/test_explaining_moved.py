"""What stands behind a figure of before a move: the units, corrections, findings and reports of that time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from qiangji import building, stages
from qiangji.figures import explaining
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world

TREE = {"Z": {"A": {"T": ["a", "b", "r", "k"], "S": ["c", "n"], "R": ["x"]}, "B": {"U": ["u"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {"warn_above": 50}, "m": {}}}}
INDICATORS: list[dict[str, Any]] = [{"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "m"}}]
DAY = date(2017, 3, 1)
DATED: dict[str, Any] = {
    "moves": [{"unit": "a", "to": "S", "day": DAY}, {"unit": "R", "to": "B", "day": DAY}],
    "closed": {"r": date(2017, 2, 28)},
    "opened": {"n": DAY},
    "lineage": [{"kind": "moved_to", "from": "r", "to": "n", "day": DAY}],
}
MONTHS = [Period.parse(f"2017-0{m}") for m in (1, 2, 3)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("moved")
    made = world.make(folder, TREE, FORMS, INDICATORS, DATED)
    rest = "b 2 9\nc 8 9\nx 6 9\nu 7 9\nk 1 9"
    for month, village in zip(MONTHS, ("r", "r", "n"), strict=True):
        made.put("v", str(month), f"unit n m\na 88 99\n{village} 77 99\n{rest}")
    world.correct(
        made, "v", [{"unit": u, "period": "2017-01", "field": "m", "was": 99, "now": 100} for u in "ar"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(folder / "home", postgres, patch.setenv) as place, place.pipeline() as p:
            stages.collect(p, periods=MONTHS)
            building.build(p, MONTHS, now=datetime(2030, 1, 1, tzinfo=UTC))
            yield made, p


@pytest.mark.parametrize(
    ("unit", "period", "type_", "children", "corrected", "found", "reports"),
    [
        ("T", "2017-01", "month", "abkr", "ar", "ar", {("A", "2017-01")}),
        ("S", "2017-01", "month", "c", "", "", {("A", "2017-01")}),
        ("S", "2017-03", "ytd", "acn", "ar", "arn", {("A", str(m)) for m in MONTHS}),
        ("T", "2017-03", "ytd", "bk", "", "", {("A", str(m)) for m in MONTHS}),
        ("R", "2017-01", "month", "x", "", "", {("A", "2017-01")}),
        ("R", "2017-03", "ytd", "x", "", "", {("A", "2017-01"), ("A", "2017-02"), ("B", "2017-03")}),
        ("A", "2017-01", "month", "TSR", "ar", "ar", {("A", "2017-01")}),
        ("n", "2017-03", "ytd", "", "r", "rn", {("A", str(m)) for m in MONTHS}),
    ],
)
def test_what_stands_behind_a_figure_is_of_its_period(
    built: Any,
    unit: str,
    period: str,
    type_: str,
    children: str,
    corrected: str,
    found: str,
    reports: set[tuple[str, str]],
) -> None:
    made, p = built
    names = {code: name for name, code in made.codes.items()}
    said = explaining.explain(p.ledger.engine, p.catalogue, "share", made.codes[unit], period, type_)
    assert sorted(names[r["org_code"]] for r in said["children"]) == sorted(children)
    assert sorted(names[r["org_code"]] for r in said["corrections"]) == sorted(corrected)
    assert {names[r["org_code"]] for r in said["findings"]} == set(found)
    assert {(names[r["county_code"]], r["period"]) for r in said["submissions"]} == reports
    assert not said["awaited"]
    assert not said["missing_units"]
