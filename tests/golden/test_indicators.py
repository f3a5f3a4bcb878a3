"""Golden cases of the indicators, as data: what counties report in, figures of mart.indicator_value out.

Every file of `indicators/` is one small world that goes the whole way once: CSV files in a folder county's system,
pulled, checked, built in its own database. Each line under `expect` is a test of its own. How to add one: README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji.building.signatures import FIGURES_VERSION
from qiangji.catalogue.tree import LEVELS
from qiangji.figures.contributing import At, Change, Move, contributions
from qiangji.hashing import short
from qiangji.periods import PERIOD_TYPES, Period, local_day
from tests.conftest import make_workplace
from tests.golden import world as worlds

FILES = sorted((Path(__file__).parent / "indicators").glob("*.yaml"))
CASES = {f.stem: yaml.load(f.read_text(encoding="utf-8"), yaml.CSafeLoader) for f in FILES}
KEYS = {"case", "indicator", "unit", "period", "type"}
FIGURES = {
    "numerator", "denominator", "value", "target", "expected_units", "reported_units", "reporting_rate",
    "obs_status", "has_warning", "is_corrected", "is_closed", "org_level", "definition_version",
}  # fmt: skip
KEPT = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
"""The version of figures, and a digest of all figures of each file's world as that version gives them."""
DIGESTED = (
    "indicator_code", "org_code", "period", "period_type", "numerator", "denominator", "value", "expected_units",
    "reported_units", "obs_status", "has_warning", "is_corrected",
)  # fmt: skip
EXACT = {"numerator", "denominator", "value", "target", "reporting_rate"}


@dataclass
class Shown:
    """What the mart shows of one file's world."""

    codes: dict[str, str]
    rows: dict[tuple[str, str, str, str], dict[str, Any]]
    sums: list[Any]
    restated: dict[tuple[str, str, str, str], dict[str, Any]]
    restated_sums: list[Any]
    submissions: list[Any]
    wide: dict[tuple[str, str, str, str], Any]
    moved: list[Change]


@pytest.fixture(scope="module")
def shown_of(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Callable[[str], Shown]:
    """A file's name -> what its world shows, collected and built once for all its lines."""

    @cache
    def show(name: str) -> Shown:
        content, folder = CASES[name], tmp_path_factory.mktemp(name)
        world = worlds.make(
            folder, content["tree"], content["forms"], content["indicators"], content.get("dated"),
            content.get("suppression"),
        )  # fmt: skip
        months = _report(world, content)
        for form, entries in content.get("corrections", {}).items():
            worlds.correct(world, form, entries)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("QIANGJI_CATALOGUE", str(world.catalogue))
            patch.setenv("QIANGJI_EXPECTATIONS", str(world.expectations))
            with make_workplace(folder / "home", postgres, patch.setenv) as place:
                return _run(world, place, months, content)

    return show


def _report(world: worlds.World, content: dict[str, Any]) -> list[Period]:
    """Write the files of the case; returns every month from its first report to its last."""
    reports = content["reports"]
    by_form = reports if set(reports) <= set(content["forms"]) else {next(iter(content["forms"])): reports}
    touched = []
    for form, tables in by_form.items():
        for text, table in tables.items():
            for period in worlds.periods(str(text)):
                world.put(form, period, table)
                touched.append(period)
    return worlds.months_until_last(touched)


def _run(world: worlds.World, place: Any, months: list[Period], content: dict[str, Any]) -> Shown:
    from qiangji import building, stages

    now = datetime.fromisoformat(content["now"]) if "now" in content else datetime(2030, 1, 1, tzinfo=UTC)
    with place.pipeline() as p:
        collected = stages.collect(p, periods=months)
        assert not collected.failures
        building.build(p, months, now=now)
        with p.ledger.engine.connect() as c:
            rows = [dict(r._mapping) for r in c.execute(sa.text("SELECT * FROM mart.indicator_value"))]
            sums = c.execute(sa.text(CHILDREN)).all()
            again = [
                dict(r._mapping) for r in c.execute(sa.text("SELECT * FROM mart.indicator_value_restated"))
            ]
            today = local_day(now, p.settings.timezone)
            restating = p.catalogue.restating(today)
            elsewhere = sorted(restating.touched | restating.ended)
            paths = [(u.code, u.parent_code) for u in p.catalogue.org if u.code not in restating.ended]
            parents = {code: list(restating.path(code).values())[-2] for code, above in paths if above}
            restated_sums = c.execute(
                sa.text(RESTATED_CHILDREN),
                {"elsewhere": elsewhere, "codes": list(parents), "parents": list(parents.values())},
            ).all()
            wide = {
                (code, row["org_code"], row["period"], type_): value
                for level in LEVELS[:-1]
                for type_ in PERIOD_TYPES
                for row in c.execute(sa.text(f"SELECT * FROM mart.v_{level}_{type_}")).mappings()
                for code, value in row.items()
                if code in p.catalogue.indicators
            }
        moved = contributions(p.ledger.engine, _moves(rows))
    keys = ("indicator_code", "org_code", "period", "period_type")
    shown, restated = ({tuple(r[k] for k in keys): r for r in found} for found in (rows, again))
    found = [c for c in moved if c is not None]
    return Shown(
        world.codes, shown, list(sums), restated, list(restated_sums), collected.submissions, wide, found
    )


def _moves(rows: list[dict[str, Any]]) -> list[Move]:
    """Each figure and the one before it that has a value, whatever lies between them."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for r in sorted(rows, key=lambda r: r["period_end"]):
        if r["value"] is not None:
            found.setdefault((r["indicator_code"], r["org_code"], r["period_type"]), []).append(r["period"])
    return [
        Move(*key, At(one), At(other)) for key, periods in found.items() for one, other in pairwise(periods)
    ]


CHILDREN = """
SELECT v.indicator_code, v.org_code, v.period, v.period_type,
    v.numerator, sum(w.numerator) AS n, v.denominator, sum(w.denominator) AS d,
    v.expected_units, sum(w.expected_units) AS e, v.reported_units, sum(w.reported_units) AS r,
    v.obs_status = 'Q' OR bool_or(w.obs_status = 'Q') AS is_hidden
FROM mart.indicator_value AS v
JOIN dim.period AS p ON (p.period, p.period_type) = (v.period, v.period_type)
-- where each unit last lay while it was open in the period
JOIN (
    SELECT DISTINCT ON (q.period, q.period_type, x.org_code) q.period, q.period_type, x.org_code, x.parent_code
    FROM dim.org_unit_version AS x
    JOIN dim.period AS q
        ON coalesce(x.valid_from <= q.period_end, true) AND coalesce(x.valid_to >= q.period_start, true)
    ORDER BY q.period, q.period_type, x.org_code, x.version DESC
) AS o ON (o.period, o.period_type, o.parent_code) = (v.period, v.period_type, v.org_code)
JOIN mart.indicator_value AS w
    ON w.org_code = o.org_code
    AND (w.indicator_code, w.period, w.period_type) = (v.indicator_code, v.period, v.period_type)
GROUP BY 1, 2, 3, 4, 5, 7, 9, 11, v.obs_status
"""

RESTATED_CHILDREN = """
WITH today AS (
    SELECT indicator_code, org_code, period, period_type, numerator, denominator, expected_units, reported_units,
        obs_status
    FROM mart.indicator_value_restated
    UNION ALL
    SELECT indicator_code, org_code, period, period_type, numerator, denominator, expected_units, reported_units,
        obs_status
    FROM mart.indicator_value WHERE org_code <> ALL(:elsewhere)
),
tree AS (SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:parents AS text[])) AS t (org_code, parent_code))
SELECT v.indicator_code, v.org_code, v.period, v.period_type,
    v.numerator, sum(w.numerator) AS n, v.denominator, sum(w.denominator) AS d,
    v.expected_units, sum(w.expected_units) AS e, v.reported_units, sum(w.reported_units) AS r,
    v.obs_status = 'Q' OR bool_or(w.obs_status = 'Q') AS is_hidden
FROM today AS v
JOIN tree ON tree.parent_code = v.org_code
JOIN today AS w
    ON w.org_code = tree.org_code
    AND (w.indicator_code, w.period, w.period_type) = (v.indicator_code, v.period, v.period_type)
GROUP BY 1, 2, 3, 4, 5, 7, 9, 11, v.obs_status
"""


LINES = [
    pytest.param(name, line, id=f"{name}: {line['case']}")
    for name, content in CASES.items()
    for line in content["expect"]
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_figure(shown_of: Callable[[str], Shown], name: str, line: dict[str, Any]) -> None:
    """The mart shows exactly what the line says of one indicator, unit and period."""
    shown = shown_of(name)
    wanted = {k: v for k, v in line.items() if k not in KEYS}
    assert wanted or line.get("absent"), "a line that expects nothing cannot fail"
    period = str(line["period"])
    kind = line.get("type") or Period.parse(period).type
    at = (line["indicator"], shown.codes[line["unit"]], period, kind)
    row = (shown.restated if wanted.pop("restated", False) else shown.rows).get(at)
    if wanted.pop("absent", False):
        assert row is None
        return
    assert row is not None, f"no row {at}"
    assert set(wanted) <= FIGURES, f"not a figure: {set(wanted) - FIGURES}"
    found = {k: row[k] for k in wanted}
    assert {k: _plain(k, v) for k, v in found.items()} == {k: _plain(k, v) for k, v in wanted.items()}


@pytest.mark.parametrize("name", list(CASES))
def test_children_add_up_to_their_parent(shown_of: Callable[[str], Shown], name: str) -> None:
    """At every level and period type, for both sides and for expected and reported units."""
    shown = shown_of(name)
    assert shown.sums
    for row in shown.sums:
        assert row.is_hidden or (row.numerator, row.denominator) == (row.n, row.d), row
        assert (row.expected_units, row.reported_units) == (row.e, row.r), row


@pytest.mark.parametrize("name", list(CASES))
def test_what_moved_a_figure_is_in_the_units_beneath_it(shown_of: Callable[[str], Shown], name: str) -> None:
    """All of it: nothing is left that no unit did."""
    for change in shown_of(name).moved:
        assert {p.kind for p in change.parts} <= {"unit", "hidden"} or [p.kind for p in change.parts] == [
            "itself"
        ]
        exact = sum((p.effects.total for p in change.parts), Fraction(0))
        assert abs(exact - Fraction(change.change)) <= Fraction(1, 10**6), change
        assert sum((e.total for e in change.in_digits(6)), Decimal(0)) == change.change, change


@pytest.mark.parametrize("name", list(CASES))
def test_children_add_up_on_the_tree_of_today(shown_of: Callable[[str], Shown], name: str) -> None:
    """The same restated, along the lineage; and nothing is lost or doubled: the city has what it had."""
    shown = shown_of(name)
    assert shown.restated_sums
    for row in shown.restated_sums:
        assert row.is_hidden or (row.numerator, row.denominator) == (row.n, row.d), row
        assert (row.expected_units, row.reported_units) == (row.e, row.r), row
    for at, row in shown.restated.items():
        if row["org_level"] == "city" and at in shown.rows:
            assert (row["numerator"], row["denominator"]) == tuple(
                shown.rows[at][k] for k in ("numerator", "denominator")
            ), at


@pytest.mark.parametrize("name", list(CASES))
def test_wide_views_show_the_same(shown_of: Callable[[str], Shown], name: str) -> None:
    shown = shown_of(name)
    found = {at: value for at, value in shown.wide.items() if value is not None}
    assert found == {at: row["value"] for at, row in shown.rows.items() if row["value"] is not None}


@pytest.mark.parametrize("name", list(CASES))
def test_nothing_is_returned_that_the_case_reports(shown_of: Callable[[str], Shown], name: str) -> None:
    """A golden world is about figures: whatever it reports is accepted, or the case would not mean what it says."""
    shown = shown_of(name)
    assert {s.status for s in shown.submissions} == {"accepted"}, [s.message_en for s in shown.submissions]


@pytest.mark.parametrize("name", list(CASES))
def test_figures_are_those_of_their_version(shown_of: Callable[[str], Shown], name: str) -> None:
    """No figure changes unnoticed: not even one of which no line says anything."""
    shown = shown_of(name)
    assert KEPT["version"] == FIGURES_VERSION, "figures.json is of another version: put its digests anew"
    assert KEPT["digests"].get(name) == digest(shown), (
        f"the figures of {name} are not those of version {FIGURES_VERSION}: find out why. If code is meant to change"
        " them, raise FIGURES_VERSION in qiangji/building/signatures.py, so that built months are built again. Then,"
        f' or if the case is new or reports something else, put into tests/golden/figures.json: "{name}":'
        f' "{digest(shown)}"'
    )


def test_no_digest_is_of_a_case_that_is_gone() -> None:
    assert list(KEPT["digests"]) == list(CASES)


def digest(shown: Shown) -> str:
    """A hash of every figure, as was and on today's tree."""
    return short(*(repr(sorted(map(_digested, rows.values()))) for rows in (shown.rows, shown.restated)))


def _digested(row: dict[str, Any]) -> list[str]:
    values = [row.get(name) for name in DIGESTED]
    return [f"{v.normalize():f}" if isinstance(v, Decimal) else str(v) for v in values]


def test_figures_move_in_these_worlds(shown_of: Callable[[str], Shown]) -> None:
    """Or what is held of their changes above would hold nothing."""
    assert sum(c.change != 0 for name in CASES for c in shown_of(name).moved) > 100


def test_every_file_says_something() -> None:
    assert len(CASES) >= 8
    assert all(content["expect"] and content["about"] for content in CASES.values())


def _plain(name: str, value: Any) -> Any:
    """A number as a decimal of six places, as the mart rounds it; `301 / 403` in a case is a fraction."""
    if name not in EXACT or value is None:
        return value
    if isinstance(value, str):
        above, _, below = value.partition("/")
        value = Decimal(above) / Decimal(below or 1)
    return round(Decimal(str(value)), 6)
