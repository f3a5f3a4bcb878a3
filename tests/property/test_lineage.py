"""Whatever happens to units, restated figures are neither lost nor doubled, and children add up to their parents."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from qiangji.catalogue.lineage import ENDING, Link, Restating
from qiangji.catalogue.tree import OrgTree, OrgUnit
from qiangji.periods import Period

FIRST, LAST = Period.parse("2026-01"), Period.parse("2026-12")
TODAY = date(2026, 12, 31)


@st.composite
def histories(draw: st.DrawFn) -> tuple[OrgTree, list[Link]]:
    """Towns move between counties; villages merge, split, change name or town, over time."""
    units = [OrgUnit("0", "Z", "city", "city", "", False)]
    units += [OrgUnit(c, c, "county", "county", "0", True) for c in "12"]
    towns = ["11", "12", "21", "22"]
    for town in towns:
        units += _lines(draw, OrgUnit(town, town, "town", "town", town[0], True), ["1", "2"])
    open_now = [f"v{i}" for i in range(6)]
    begun: dict[str, tuple[date | None, str]] = {v: (None, draw(st.sampled_from(towns))) for v in open_now}
    links: list[Link] = []
    for number, month in enumerate(sorted(draw(st.sets(st.integers(2, 12), max_size=6)))):
        day = date(2026, month, 1)
        unit = draw(st.sampled_from(sorted(open_now)))
        kind = draw(st.sampled_from(["merged_into", "renamed", "split_from", "move", "close"]))
        others = [v for v in sorted(open_now) if v != unit]
        if kind == "merged_into" and others:
            links.append(Link(kind, unit, draw(st.sampled_from(others)), day))
        elif kind in ("renamed", "split_from"):
            new, share = f"n{number}", None
            if kind == "split_from" and draw(st.booleans()):
                share = Decimal(draw(st.integers(1, 10000))) / 10000
            links.append(Link(kind, unit, new, day, share))
            begun[new] = (day, draw(st.sampled_from(towns)))
            open_now.append(new)
        if kind == "split_from" or (kind == "merged_into" and not others):
            continue
        start, town = begun.pop(unit)
        units.append(OrgUnit(unit, unit, "village", "village", town, True, start, day - timedelta(days=1)))
        open_now.remove(unit)
        if kind == "move" or (kind == "close" and not open_now):
            begun[unit] = (day, draw(st.sampled_from(towns)))
            open_now.append(unit)
    units += [OrgUnit(v, v, "village", "village", t, True, start) for v, (start, t) in begun.items()]
    return OrgTree(units), links


def _lines(draw: st.DrawFn, unit: OrgUnit, parents: list[str]) -> list[OrgUnit]:
    month = draw(st.none() | st.integers(2, 12))
    if month is None:
        return [unit]
    day, code = date(2026, month, 1), unit.code
    before = OrgUnit(code, code, unit.level, unit.kind, unit.parent_code, True, None, day - timedelta(days=1))
    return [before, OrgUnit(code, code, unit.level, unit.kind, draw(st.sampled_from(parents)), True, day)]


SCOPES = st.tuples(st.integers(0, 11), st.integers(0, 11)).map(
    lambda ends: [Period("month", FIRST.index + i) for i in range(min(ends), max(ends) + 1)]
)


@given(histories(), SCOPES)
def test_each_unit_has_one_place_in_a_period(drawn: tuple[OrgTree, list[Link]], months: list[Period]) -> None:
    """As was: each unit's parent is the one of its path, so children add up to their parent."""
    tree, _ = drawn
    for unit in tree:
        path = list(tree.path(unit.code, *months).values())
        assert path[:-1] == (list(tree.path(path[-2], *months).values()) if len(path) > 1 else [])


@given(histories(), SCOPES)
def test_nothing_is_lost_or_doubled(drawn: tuple[OrgTree, list[Link]], months: list[Period]) -> None:
    tree, links = drawn
    restating = Restating(tree, sorted(links, key=lambda x: x.on), TODAY)
    sums: dict[str, Decimal] = {}
    children: dict[str, Decimal] = {}
    figures = {u.code: Decimal(i) for i, u in enumerate(tree, 1) if tree.version(u.code, months)}
    for unit in (u for u in tree if u.level == "village" and u.code in figures):
        shares = restating.targets(unit.code, months)
        assert sum(shares.values()) == 1
        for heir, share in shares.items():
            assert heir not in restating.ended
            path = list(restating.path(heir).values())
            for code in path:
                sums[code] = sums.get(code, Decimal(0)) + share * figures[unit.code]
            for code in path[:-1]:
                children.setdefault(code, Decimal(0))
    for code in children:
        beneath = {c for c in sums if c != code and list(restating.path(c).values())[-2:-1] == [code]}
        assert sums[code] == sum(sums[c] for c in beneath)
    assert sums.get("0", Decimal(0)) == sum(f for c, f in figures.items() if tree.units[c].level == "village")


@given(histories(), SCOPES)
def test_what_is_not_touched_is_the_same_restated(
    drawn: tuple[OrgTree, list[Link]], months: list[Period]
) -> None:
    """So for units without restated figures a reader may take those as was."""
    tree, links = drawn
    restating = Restating(tree, sorted(links, key=lambda x: x.on), TODAY)
    as_was: dict[str, dict[str, Decimal]] = {}
    restated: dict[str, dict[str, Decimal]] = {}
    for unit in (u for u in tree if u.level == "village" and tree.version(u.code, months)):
        for code in tree.path(unit.code, *months).values():
            as_was.setdefault(code, {})[unit.code] = Decimal(1)
        for heir, share in restating.targets(unit.code, months).items():
            for code in restating.path(heir).values():
                mine = restated.setdefault(code, {})
                mine[unit.code] = mine.get(unit.code, Decimal(0)) + share
    for code in as_was.keys() | restated.keys():
        if code not in restating.touched:
            assert as_was.get(code) == restated.get(code), code
    assert not [x for x in links if x.kind in ENDING and x.from_code not in restating.ended]
