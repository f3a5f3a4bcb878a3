"""`org_groups.csv`: groups of units that people compare, across the tree.

In: the file. Out: `Group`s in the file's order. A catalogue without the file has none. A unit may be in several groups.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from qiangji.catalogue.models import Label
from qiangji.catalogue.tree import OrgTree
from qiangji.errors import CatalogueError, Problems

COLUMNS = ("group_code", "name_zh", "name_en", "org_code")


@dataclass(frozen=True)
class Group:
    """Units of one level under a name."""

    code: str
    name: Label
    units: tuple[str, ...]


def read(path: Path, org: OrgTree) -> tuple[Group, ...]:
    """The groups, held against the tree. Raises CatalogueError for every line that is wrong."""
    if not path.is_file():
        return ()
    names: dict[str, tuple[str, str]] = {}
    members: dict[str, dict[str, int]] = {}
    problems = Problems()
    with path.open(encoding="utf-8-sig", newline="") as f:
        reader = csv.DictReader(f)
        if not set(COLUMNS) <= set(reader.fieldnames or []):
            raise CatalogueError("wrong columns", where=path, expected=", ".join(COLUMNS))
        for line, row in enumerate(reader, 2):
            with problems.noting():
                code, zh, en, unit = (str(row[c] or "").strip() for c in COLUMNS)
                where = f"{path}, line {line}"
                if not (code.isidentifier() and code.isascii() and zh and en):
                    raise CatalogueError(
                        f"group {code!r} called {zh!r}, {en!r}",
                        where=where,
                        expected="a code of letters, digits and _, and a name in both languages",
                    )
                if names.setdefault(code, (zh, en)) != (zh, en):
                    raise CatalogueError(
                        f"group {code} has another name above: {' / '.join(names[code])}",
                        where=where,
                        expected="the same name in each of its lines",
                    )
                _check_unit(unit, code, members.setdefault(code, {}), org, where)
                members[code][unit] = line
    problems.tell()
    return tuple(Group(code, Label(zh=zh, en=en), tuple(members[code])) for code, (zh, en) in names.items())


def _check_unit(unit: str, group: str, before: dict[str, int], org: OrgTree, where: str) -> None:
    if unit not in org.units:
        raise CatalogueError(
            f"unknown unit {unit!r}", where=where, expected="a code of org_units.csv", code="unknown_unit"
        )
    if unit in before:
        raise CatalogueError(
            f"{unit} is in group {group} twice",
            where=where,
            expected=f"one line, such as line {before[unit]}",
        )
    level = org.units[unit].level
    if before and (first := org.units[next(iter(before))].level) != level:
        raise CatalogueError(
            f"{unit} is a {level}, and the group's first unit is a {first}",
            where=where,
            expected="units of one level: a group's figure would count what lies in both twice",
        )
