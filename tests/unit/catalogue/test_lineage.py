"""Lineage: what a wrong file gets, and where the history of units goes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qiangji.catalogue import lineage
from qiangji.catalogue import tree as org
from qiangji.catalogue.lineage import Restating
from qiangji.catalogue.tree import OrgTree
from qiangji.errors import CatalogueError
from qiangji.periods import Period

UNITS = """
0,Z,city,city,,false,,
1,A,county,county,0,true,,
2,B,county,county,0,true,,
11,T,town,town,1,true,,
12,U,town,town,1,true,,2026-05-31
12,U,town,town,2,true,2026-06-01,
111,X,village,village,11,true,,
112,Y,village,village,11,true,,2026-02-28
113,N,village,village,11,true,2026-03-01,
114,E,village,village,11,true,,2026-02-28
121,V,village,village,12,true,,
122,W,village,village,12,true,2026-03-01,2026-06-30
"""
DAY = "2026-03-01"
JANUARY, MAY, JUNE, JULY = (Period.parse(f"2026-0{m}") for m in (1, 5, 6, 7))
YEAR = Period.parse("2026").months


@pytest.fixture
def tree(tmp_path: Path) -> OrgTree:
    path = tmp_path / "org_units.csv"
    path.write_text(",".join(org.COLUMNS) + UNITS, encoding="utf-8")
    return OrgTree.read(path)


def read(tree: OrgTree, tmp_path: Path, *lines: str) -> tuple[lineage.Link, ...]:
    path = tmp_path / "org_lineage.csv"
    path.write_text("\n".join((",".join(lineage.COLUMNS), *lines)) + "\n", encoding="utf-8")
    return lineage.read(path, tree)


def restating(tree: OrgTree, tmp_path: Path, *lines: str, today: date = date(2026, 12, 31)) -> Restating:
    return Restating(tree, read(tree, tmp_path, *lines), today)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([f"joined,112,111,{DAY},"], ["line 2", "'joined'", "merged_into"]),
        ([f"merged_into,112,119,{DAY},"], ["line 2", "unknown unit '119'"]),
        ([f"merged_into,119,112,{DAY},"], ["line 2", "unknown unit '119'"]),
        ([f"merged_into,112,11,{DAY},"], ["line 2", "a village becomes a town"]),
        (["merged_into,112,111,2026-02-30,"], ["line 2", "2026-01-31"]),
        ([f"merged_into,112,112,{DAY},"], ["line 2", "a cycle", "second line"]),
        ([f"split_from,111,121,{DAY},", "split_from,121,111,2026-04-01,"], ["line 2", "a cycle", "line 3"]),
        ([f"merged_into,111,121,{DAY},"], ["line 2", "overlapping validity", "valid_to 2026-02-28"]),
        ([f"renamed,112,111,{DAY},"], ["line 2", "overlapping validity", f"valid_from {DAY}"]),
        (["merged_into,112,111,2026-04-01,"], ["line 2", "112 is not open on 2026-03-31"]),
        (["split_from,111,122,2026-02-01,0.5"], ["line 2", "122 is not open on 2026-02-01"]),
        ([f"merged_into,112,111,{DAY},0.5"], ["line 2", "a share with merged_into"]),
        ([f"split_from,111,113,{DAY},1.5"], ["line 2", "share 1.5"]),
        ([f"split_from,111,113,{DAY},0"], ["line 2", "share 0"]),
        ([f"split_from,111,113,{DAY},half"], ["line 2", "at most four decimals"]),
        ([f"split_from,111,113,{DAY},0.6", f"split_from,111,122,{DAY},0.6"], ["line 3", "add up to 1.2"]),
        ([f"merged_into,112,111,{DAY},", f"merged_into,112,121,{DAY},"], ["line 3", "ends twice", "line 2"]),
        (["merged_into,112"], ["line 2"]),
    ],
)
def test_a_wrong_file_names_line_and_rule(
    tree: OrgTree, tmp_path: Path, lines: list[str], words: list[str]
) -> None:
    with pytest.raises(CatalogueError) as e:
        read(tree, tmp_path, *lines)
    message = str(e.value)
    assert "org_lineage.csv" in message
    assert not [w for w in words if w not in message], message


def test_a_cycle_over_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "org_units.csv"
    units = (
        "0,Z,city,city,,false,,\n1,A,county,county,0,true,,2026-01-31\n2,B,county,county,0,true,,2026-02-28\n"
    )
    units += "3,C,county,county,0,true,,2026-03-31\n1,A,county,county,0,true,2026-04-01,\n"
    path.write_text(f"{','.join(org.COLUMNS)}\n{units}", encoding="utf-8")
    lines = ["merged_into,1,2,2026-02-01,", "merged_into,2,3,2026-03-01,", "renamed,3,1,2026-04-01,"]
    with pytest.raises(CatalogueError, match=r"line 2: a cycle: 1 becomes 2, and by line 4 3 becomes 1"):
        read(OrgTree.read(path), tmp_path, *lines)


def test_a_missing_file_is_none_and_a_missing_column_is_named(tree: OrgTree, tmp_path: Path) -> None:
    assert lineage.read(tmp_path / "nothing.csv", tree) == ()
    (tmp_path / "x.csv").write_text("kind,from_code,to_code,on\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="no column share"):
        lineage.read(tmp_path / "x.csv", tree)


def test_overlapping_lines_of_one_unit(tmp_path: Path) -> None:
    path = tmp_path / "org_units.csv"
    for first, second in (("", "2026-06-01"), ("2026-06-01", "2026-06-01"), ("2026-05-31", "")):
        lines = f"0,Z,city,city,,false,,{first}\n0,Z,city,city,,false,{second},\n"
        path.write_text(f"{','.join(org.COLUMNS)}\n{lines}", encoding="utf-8")
        with pytest.raises(CatalogueError, match=r"line \d: unit 0 appears twice with overlapping validity"):
            OrgTree.read(path)


def test_a_unit_keeps_its_code_and_changes_parent(tree: OrgTree) -> None:
    assert tree.path("121", MAY) == {"city": "0", "county": "1", "town": "12", "village": "121"}
    assert tree.path("121", JUNE)["county"] == "2"
    assert tree.path("121", MAY, JUNE)["county"] == tree.path("121")["county"] == "2"
    assert [u.code for u in tree.expected(["town"], MAY, "2")] == []
    assert [u.code for u in tree.expected(["town"], JUNE, "2")] == ["12"]
    assert tree.counts_of("town", MAY) == {"0": 2, "1": 2, "11": 1, "12": 1}
    assert tree.ever_above("121") == {"121", "12", "1", "2", "0"}


def test_what_merges_goes_on_whole(tree: OrgTree, tmp_path: Path) -> None:
    found = restating(tree, tmp_path, f"merged_into,112,111,{DAY},")
    assert found.targets("112", [JANUARY]) == {"111": 1}
    assert found.targets("112", YEAR) == {"111": 1}
    assert found.targets("111", [JANUARY]) == {"111": 1}
    assert found.ended == {"112"}


def test_a_lineage_of_tomorrow_is_not_yet(tree: OrgTree, tmp_path: Path) -> None:
    line = f"merged_into,112,111,{DAY},"
    eve, day = (restating(tree, tmp_path, line, today=date.fromisoformat(t)) for t in ("2026-02-28", DAY))
    assert eve.targets("112", [JANUARY]) == {"112": 1}
    assert eve.touched == set()
    assert day.targets("112", [JANUARY]) == {"111": 1}
    assert eve.signature != day.signature


def test_shares_add_up_exactly(tree: OrgTree, tmp_path: Path) -> None:
    lines = [f"split_from,111,113,{DAY},0.3333", f"split_from,111,122,{DAY},0.3333",
             "split_from,113,111,2026-05-01,0.3333"]  # fmt: skip
    with pytest.raises(CatalogueError, match="cycle"):
        read(tree, tmp_path, *lines)
    lines[2] = "split_from,113,121,2026-05-01,0.3333"
    found = restating(tree, tmp_path, *lines, "merged_into,122,121,2026-07-01,").targets("111", [JANUARY])
    assert sum(found.values()) == 1
    part = Decimal("0.3333")
    assert found == {"111": 1 - 2 * part, "113": part - part * part, "121": part + part * part}


def test_a_split_goes_back_only_before_it_and_by_a_known_share(tree: OrgTree, tmp_path: Path) -> None:
    found = restating(tree, tmp_path, f"split_from,111,113,{DAY},0.25", "split_from,121,122,2026-03-01,")
    assert found.targets("111", [JANUARY]) == {"111": Decimal("0.75"), "113": Decimal("0.25")}
    assert found.targets("111", YEAR) == {"111": 1}
    assert found.targets("111", [MAY]) == {"111": 1}
    assert found.targets("121", [JANUARY]) == {"121": 1}


def test_all_of_a_unit_is_shared_out_when_it_ends(tree: OrgTree, tmp_path: Path) -> None:
    found = restating(tree, tmp_path, f"split_from,114,113,{DAY},0.4", f"merged_into,114,111,{DAY},")
    assert found.targets("114", [JANUARY]) == {"113": Decimal("0.4"), "111": Decimal("0.6")}


def test_touched_are_those_of_the_lineage_and_above_and_where_a_moved_unit_was(
    tree: OrgTree, tmp_path: Path
) -> None:
    assert restating(tree, tmp_path).touched == {"12", "1", "2", "0"}
    assert restating(tree, tmp_path, today=date(2026, 5, 31)).touched == set()
    assert restating(tree, tmp_path, f"merged_into,112,111,{DAY},", today=date(2026, 5, 31)).touched == {
        "112", "111", "11", "1", "0",
    }  # fmt: skip
