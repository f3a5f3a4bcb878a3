"""Properties of every tree."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.catalogue.ever_in import EverIn
from qiangji.catalogue.tree import COLUMNS, LEVELS, OrgTree, OrgUnit
from qiangji.catalogue.units import Lines
from qiangji.periods import Period

DATES = st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31))
MONTHS = st.builds(Period.of, st.dates(date(2024, 1, 1), date(2026, 12, 31)))


@st.composite
def trees(draw: st.DrawFn) -> OrgTree:
    """A city and up to 20 units, each beneath a random earlier one."""
    units = [OrgUnit("0", "city", "city", "city", "", False)]
    for i in range(1, draw(st.integers(0, 20)) + 1):
        parents = [u for u in units if u.level != "village"]
        parent = parents[draw(st.integers(0, len(parents) - 1))]
        level = LEVELS[LEVELS.index(parent.level) + 1]
        flag, opened, closed = draw(st.booleans()), draw(DATES), draw(DATES)
        if opened and closed and closed < opened:
            opened, closed = closed, opened
        unit = OrgUnit(str(i), f"unit {i}", level, level, parent.code, flag, opened, closed)
        units.append(unit)
        if closed and draw(st.booleans()):  # it goes on, perhaps beneath another
            others = [u for u in units if u.level == parent.level]
            other = others[draw(st.integers(0, len(others) - 1))]
            units.append(
                replace(unit, parent_code=other.code, valid_from=closed + timedelta(1), valid_to=None)
            )
    order = draw(st.permutations(units))
    return OrgTree(replace(u, sort_order=i) for i, u in enumerate(order, 1))


@settings(deadline=None)
@given(trees(), MONTHS)
def test_a_large_file_gives_the_same_tree(tree: OrgTree, month: Period) -> None:
    """Read as columns, or line by line: lines are in any order, a unit's too."""
    lines = sorted((u for each in tree.versions.values() for u in each), key=lambda u: u.sort_order)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "org_units.csv"
        texts = [
            [
                u.code,
                u.name,
                u.level,
                "" if u.kind == u.level else u.kind,
                u.parent_code,
                str(u.reports).lower(),
            ]
            + [str(day or "") for day in (u.valid_from, u.valid_to)]
            for u in lines
        ]
        path.write_text("\n".join(map(",".join, [list(COLUMNS), *texts])) + "\n", encoding="utf-8")
        small = OrgTree.read(path)
        patch.setattr(Lines, "LARGE", 0)
        assert Lines.of(path) is not None
        large = OrgTree.read(path)
    assert list(large.units) == list(small.units)
    assert [(u, u.sort_order) for u in large] == [(u, u.sort_order) for u in small]
    assert dict(large.versions) == dict(small.versions)
    assert large.kinds == small.kinds
    assert large.table.equals(small.table)
    assert large.paths_in(month).equals(small.paths_in(month))
    assert large.expected(LEVELS, month) == small.expected(LEVELS, month)
    for kinds, level, others in ((["village"], "town", ["town"]), (["town"], "county", ["village"])):
        assert large.any_beneath(kinds, level, others) == small.any_beneath(kinds, level, others)
    assert EverIn(large).as_json == EverIn(small).as_json
    for county in (u.code for u in small if u.level == "county"):
        assert EverIn(large).kinds(county) == EverIn(small).kinds(county)


@given(trees())
def test_a_path_is_the_parents_path_and_the_unit(tree: OrgTree) -> None:
    for unit in tree:
        path = tree.path(unit.code)
        assert list(path) == list(LEVELS[: LEVELS.index(unit.level) + 1])
        assert list(path.values()) == [*tree.path(unit.parent_code).values(), unit.code]


@given(trees(), MONTHS)
def test_expected_are_open_all_the_way_up(tree: OrgTree, month: Period) -> None:
    expected = {u.code for u in tree.expected(LEVELS, month)}
    for unit in tree:
        steps = [tree.version(c, (month,)) for c in tree.path(unit.code, month).values()]
        now = tree.version(unit.code, (month,))
        assert (unit.code in expected) == (None not in steps and now is not None and now.reports)


@given(trees(), MONTHS)
def test_counties_part_what_is_expected(tree: OrgTree, month: Period) -> None:
    counties = [u.code for u in tree if u.level == "county"]
    parts = [u.code for c in counties for u in tree.expected(["town", "village"], month, c)]
    assert sorted(parts) == sorted(u.code for u in tree.expected(["town", "village"], month))


@given(trees())
def test_the_table_says_the_same(tree: OrgTree) -> None:
    for row in tree.table.to_pylist():
        path = {level: row[f"{level}_code"] for level in LEVELS[:-1] if row[f"{level}_code"] is not None}
        assert path == tree.path(row["org_code"])


@given(trees(), MONTHS, MONTHS)
def test_the_table_of_periods_says_the_same(tree: OrgTree, one: Period, other: Period) -> None:
    for months in ((one,), tuple(sorted((one, other)))):
        for row in tree.paths_in(*months).to_pylist():
            path = {level: row[f"{level}_code"] for level in LEVELS[:-1] if row[f"{level}_code"] is not None}
            assert path == tree.path(row["org_code"], *months)


@given(trees(), MONTHS)
def test_counts_are_those_of_what_is_expected(tree: OrgTree, month: Period) -> None:
    counts: dict[str, int] = {}
    for unit in tree.expected(["village"], month):
        for code in tree.path(unit.code, month).values():
            counts[code] = counts.get(code, 0) + 1
    assert tree.counts_of("village", month) == counts


@given(trees(), MONTHS)
def test_towns_lie_in_their_counties(tree: OrgTree, month: Period) -> None:
    for county in (u.code for u in tree if u.level == "county"):
        found = [u.code for u in tree if u.level == "town" and tree.county_of(u.code, month) == county]
        assert [u.code for u in tree.towns_of(county, month)] == found
