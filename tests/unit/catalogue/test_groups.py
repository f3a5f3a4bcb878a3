"""Groups of units: what the file may hold, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from qiangji.catalogue.groups import Group, read
from qiangji.catalogue.models import Label
from qiangji.catalogue.tree import OrgTree
from qiangji.errors import CatalogueError
from tests.frozen import paths as frozen

HEADER = "group_code,name_zh,name_en,org_code"
TREE = OrgTree.read(frozen.CATALOGUE / "org_units.csv")


def groups(folder: Path, *lines: str) -> tuple[Group, ...]:
    path = folder / "org_groups.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return read(path, TREE)


def test_members_follow_the_file_and_a_unit_may_be_in_two(tmp_path: Path) -> None:
    found = groups(tmp_path, "a,甲,A,440783110", "b,乙,B,440783109", "a,甲,A,440783109")
    assert found == (
        Group("a", Label(zh="甲", en="A"), ("440783110", "440783109")),
        Group("b", Label(zh="乙", en="B"), ("440783109",)),
    )


def test_no_file_no_groups(tmp_path: Path) -> None:
    assert read(tmp_path / "org_groups.csv", TREE) == ()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,甲,A,1"], "unknown unit '1'"),
        (["a,甲,A,440783110", "a,甲,A,440783110"], "440783110 is in group a twice"),
        (["a,甲,A,440783110", "a,乙,A,440783109"], "group a has another name above: 甲 / A"),
        (["a,甲,A,440783110", "a,甲,A,440783"], "440783 is a county, and the group's first unit is a town"),
        (["a-b,甲,A,440783110"], "group 'a-b' called"),
        (["a,,A,440783110"], "group 'a' called ''"),
    ],
)
def test_a_line_that_is_wrong_is_told_with_its_number(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(CatalogueError) as error:
        groups(tmp_path, *lines)
    assert said in str(error.value)
    assert f"line {len(lines) + 1}" in str(error.value)


def test_columns_are_told(tmp_path: Path) -> None:
    (tmp_path / "org_groups.csv").write_text("code,unit\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="group_code, name_zh, name_en, org_code"):
        read(tmp_path / "org_groups.csv", TREE)
