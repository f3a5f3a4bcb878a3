"""The tree of org units: the real one of Jiangmen, validity in time, and what a wrong file gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from qiangji.catalogue.tree import COLUMNS, OrgTree, OrgUnit
from qiangji.errors import CatalogueError
from qiangji.periods import Period
from tests.frozen import paths as frozen

MONTH = Period.parse("2026-10")
HEADER = ",".join(COLUMNS)
CITY = "440700,江门市,city,city,,false,,"
COUNTY = "440705,新会区,county,county,440700,true,,"
TOWN = "440705101,大泽镇,town,town,440705,true,,"


@pytest.fixture(scope="module")
def tree() -> OrgTree:
    return OrgTree.read(frozen.CATALOGUE / "org_units.csv")


def read(tmp_path: Path, *lines: str, header: str = HEADER) -> OrgTree:
    path = tmp_path / "org_units.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return OrgTree.read(path)


def test_who_reports_in_jiangmen(tree: OrgTree) -> None:
    counts = Counter(u.kind for u in tree if tree.reports(u.code, MONTH))
    assert counts == {"county": 7, "direct": 1, "town": 73, "village": 1056, "community": 279}
    assert len(tree.units) == 1439


def test_nine_town_level_units_and_those_beneath_report_nothing(tree: OrgTree) -> None:
    silent = [u for u in tree if u.level == "town" and not u.reports]
    assert len(silent) == 9
    assert {u.kind for u in silent} == {"special"}
    beneath = [u for u in tree if u.parent_code in {s.code for s in silent}]
    assert beneath
    assert not [u for u in beneath if u.reports]


def test_virtual_communities_do_not_report(tree: OrgTree) -> None:
    special = [u for u in tree if u.level == "village" and u.code[9] in "45"]
    assert len(special) == 12
    assert {(u.kind, u.reports) for u in special} == {("special", False)}


def test_codes_say_villages_from_communities(tree: OrgTree) -> None:
    kinds = {u.code[9]: u.kind for u in tree if u.level == "village" and u.kind != "special"}
    assert kinds == {"0": "community", "1": "community", "2": "village"}


def test_codes_begin_with_the_parents(tree: OrgTree) -> None:
    assert not [u for u in tree if u.level in ("town", "village") and not u.code.startswith(u.parent_code)]


def test_expected_of_a_county(tree: OrgTree) -> None:
    villages = tree.expected(["village"], MONTH, "440705")
    assert len(villages) == sum(u.code.startswith("440705") for u in tree if u.kind == "village")
    assert tree.expected(["village"], MONTH, "440799") == []
    both = tree.expected(["village", "community"], MONTH)
    assert [u.sort_order for u in both] == sorted(u.sort_order for u in both)


def test_counties_are_answered_without_walking_the_tree_for_each(
    tree: OrgTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nation has 3,000 counties and 650,000 units: a walk a county is two thousand million steps."""
    own, asked = OrgTree.version, Counter[str]()

    def version(self: OrgTree, code: str, months: Sequence[Period]) -> OrgUnit | None:
        asked[code] += 1
        return own(self, code, months)

    fresh = OrgTree(u for versions in tree.versions.values() for u in versions)
    monkeypatch.setattr(OrgTree, "version", version)
    for county in [u.code for u in fresh if u.level == "county"]:
        for period in (MONTH, MONTH - 1):
            mine = fresh.expected(["village"], period, county)
            assert fresh.counts_of("village", period).get(county, 0) == len(mine)
            assert all(t.parent_code == county for t in fresh.towns_of(county, period))
    assert max(asked.values(), default=0) <= 2


def test_path_from_the_city_down(tree: OrgTree) -> None:
    code = next(u.code for u in tree if u.kind == "village")
    assert list(tree.path(code)) == ["city", "county", "town", "village"]
    assert tree.path(code)["village"] == code
    assert tree.county_of(code) == code[:6]
    assert tree.path("999999") == {}
    assert tree.county_of("999999") is None
    assert not tree.reports("999999", MONTH)


def test_a_county_whose_code_is_its_citys_has_no_city_above_it(tmp_path: Path) -> None:
    """东莞 has no counties: the city is one unit, which reports as a county and stands for its own city."""
    city, town = "441900,东莞市,county,county,,true,,", "441900101,石碣镇,town,town,441900,true,,"
    tree = read(tmp_path, CITY, COUNTY, city, town, "441900101201,甲村,village,village,441900101,true,,")
    assert tree.path("441900101201") == {"county": "441900", "town": "441900101", "village": "441900101201"}
    assert tree.county_of("441900101201", MONTH) == "441900"
    assert tree.reports("441900101201", MONTH)
    assert tree.counts_of("village", MONTH)["441900"] == 1
    assert tree.ever_above("441900101201") == {"441900101201", "441900101", "441900"}
    rows = {r["org_code"]: r for r in tree.table.to_pylist()}
    assert {rows[c]["city_code"] for c in ("441900", "441900101", "441900101201")} == {"441900"}
    assert rows["441900"]["parent_code"] is None
    assert rows["440705"]["city_code"] == "440700"


def test_as_a_table(tree: OrgTree) -> None:
    table = tree.table
    assert table.num_rows == len(tree.units)
    rows = {r["org_code"]: r for r in table.to_pylist()}
    assert rows["440700"]["parent_code"] is None
    assert rows["440705101"]["county_code"] == "440705"
    assert rows["440705101"]["village_code"] is None


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "open_in"),
    [
        (None, None, ["2026-01", "2026-02", "2026-04", "2026-05"]),
        (date(2026, 2, 28), None, ["2026-02", "2026-04", "2026-05"]),
        (None, date(2026, 4, 30), ["2026-01", "2026-02", "2026-04"]),
        (None, date(2026, 4, 29), ["2026-01", "2026-02"]),
        (date(2026, 3, 1), date(2026, 3, 30), []),
    ],
)
def test_open_on_the_last_day_of_the_period(
    valid_from: date | None, valid_to: date | None, open_in: list[str]
) -> None:
    unit = OrgUnit("1", "x", "city", "city", "", True, valid_from, valid_to)
    periods = ("2026-01", "2026-02", "2026-04", "2026-05")
    assert [p for p in periods if unit.is_valid(Period.parse(p))] == open_in


def test_a_closed_parent_closes_what_is_beneath(tmp_path: Path) -> None:
    tree = read(tmp_path, CITY, COUNTY, "440705101,大泽镇,town,town,440705,true,,2026-09-30",
                "440705101201,甲村,village,village,440705101,true,,")  # fmt: skip
    assert tree.reports("440705101201", Period.parse("2026-09"))
    assert not tree.reports("440705101201", MONTH)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([CITY, CITY], ["440700", "twice"]),
        ([CITY, "440705,新会区,county,county,440701,true,,"], ["440705", "440701", "code of a city"]),
        ([CITY, "440705101,大泽镇,town,town,440700,true,,"], ["440705101", "code of a county"]),
        ([CITY, COUNTY, "440705101,大泽镇,township,town,440705,true,,"], ["township", "city, county, town"]),
        (["440700,江门市,city,city,440700,false,,"], ["440700", "no parent"]),
        (
            ["441900,东莞市,city,city,,false,,", "441900,东莞市,county,county,441900,true,,"],
            ["line 3", "441900", "one line of level county without a parent"],
        ),
        (
            ["441900,东莞市,county,county,441900,true,,"],
            ["441900", "code of a city, or no parent if it is its own city"],
        ),
        ([CITY, COUNTY, TOWN.replace("true", "yes")], ["line 4", "true or false"]),
        ([CITY, COUNTY, TOWN[:-1] + "2026-02-30,"], ["line 4", "2026-01-31"]),
        ([CITY, COUNTY, TOWN[:-1] + "2026-02-01,2026-01-01"], ["line 4", "valid_to 2026-01-01"]),
        ([CITY, COUNTY, ",大泽镇,town,town,440705,true,,"], ["line 4", "no code"]),
        ([CITY, "440705"], ["line 3"]),
    ],
)
def test_a_wrong_file_names_line_and_what_was_allowed(
    tmp_path: Path, lines: list[str], words: list[str]
) -> None:
    with pytest.raises(CatalogueError) as e:
        read(tmp_path, *lines)
    message = str(e.value)
    assert "org_units.csv" in message
    assert not [w for w in words if w not in message], message


def test_a_missing_column_or_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no column reports"):
        read(tmp_path, CITY, header=HEADER.replace("reports", "report"))
    with pytest.raises(CatalogueError, match="no such file"):
        OrgTree.read(tmp_path / "nothing.csv")


def test_the_names_in_a_county_are_those_of_its_units_now_and_before(tree: OrgTree, tmp_path: Path) -> None:
    names = tree.names_in("440705")
    assert {"江门市", "新会区", "司前镇", "司前村委会"} <= names
    assert "鹤山市" not in names
    assert "沙坪街道" not in names
    renamed = (
        "440705101,老镇,town,town,440705,true,,2025-12-31",
        "440705101,新镇,town,town,440705,true,2026-01-01,",
    )
    assert {"老镇", "新镇"} <= read(tmp_path, CITY, COUNTY, *renamed).names_in("440705")
    assert read(tmp_path, CITY, COUNTY).names_in("440799") == frozenset()


AHEAD = (
    CITY,
    COUNTY,
    "440703,蓬江区,county,county,440700,true,,",
    "440705101,老镇,town,town,440705,true,,2026-12-31",
    "440705101,新镇,town,town,440703,true,2027-01-01,",
    "440705102,未来镇,town,town,440705,true,2027-01-01,",
    "440705101201,村,village,village,440705101,true,,",
)


@pytest.mark.parametrize("large", [False, True])
def test_what_is_entered_ahead_waits_for_its_day(
    tmp_path: Path, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr("qiangji.catalogue.units.Lines.LARGE", 0)
    tree = read(tmp_path, *AHEAD)
    assert tree.is_large == large

    def on(day: date) -> dict[str, tuple[str, str, str | None]]:
        rows = tree.table_on(day).to_pylist()
        assert [r["org_code"] for r in rows] == list(tree.units)
        return {r["org_code"]: (r["name"], r["county_code"], r["town_code"]) for r in rows}

    eve, day = on(date(2026, 12, 31)), on(date(2027, 1, 1))
    assert eve["440705101"] == ("老镇", "440705", "440705101")
    assert day["440705101"] == ("新镇", "440703", "440705101")
    assert (eve["440705101201"][1], day["440705101201"][1]) == ("440705", "440703")
    assert eve["440705102"] == day["440705102"]
    assert tree.table_on(date(2027, 1, 1)).equals(tree.table)
    assert tree.changes_until(date(2026, 12, 31)) != tree.changes_until(date(2027, 1, 1))
