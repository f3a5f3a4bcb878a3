"""Properties of every tree."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.catalogue.tree import LEVELS, OrgTree, OrgUnit
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
        units.append(OrgUnit(str(i), f"unit {i}", level, level, parent.code, flag, opened, closed, i))
    order = draw(st.permutations(units))
    return OrgTree(order)


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
        above = [tree.units[c] for c in tree.path(unit.code).values()]
        assert (unit.code in expected) == (unit.reports and all(u.is_valid(month) for u in above))


@given(trees(), MONTHS)
def test_counties_part_what_is_expected(tree: OrgTree, month: Period) -> None:
    counties = [u.code for u in tree if u.level == "county"]
    parts = [u.code for c in counties for u in tree.expected(["town", "village"], month, c)]
    assert sorted(parts) == sorted(u.code for u in tree.expected(["town", "village"], month))


@settings(deadline=None)  # the first table imports what pyarrow needs
@given(trees())
def test_the_table_says_the_same(tree: OrgTree) -> None:
    for row in tree.table.to_pylist():
        path = {level: row[f"{level}_code"] for level in LEVELS[:-1] if row[f"{level}_code"] is not None}
        assert path == tree.path(row["org_code"])
