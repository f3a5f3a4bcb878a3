"""The simulated city: no code of the package, its units and headers, the same bytes each time.

The checks here are written against the catalogue's words, not with the package's code.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator import Simulator
from simulator.forms import FORMS
from simulator.headers import required
from simulator.periods import (
    earlier_in_year,
    last_month,
    reporting_month,
    served_months,
    served_periods,
    shift,
)
from simulator.tree import Tree
from tests.simulator.held import DIRECT, PACKAGE, TODAY


def test_it_shares_no_code_with_the_package() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert "simulator" in imported, "nothing was read"
    assert "qiangji" not in imported


def test_periods() -> None:
    tree_date = Simulator("unused", today="2027-02-01", counties=["440703"], months=4)
    assert tree_date.months == ["2026-10", "2026-11", "2026-12", "2027-01"]
    assert shift("2024-01", -1) == "2023-12"
    assert shift("2023-11", 14) == "2025-01"
    assert reporting_month(tree_date.today) == "2027-01"
    assert served_periods(tree_date.months, "quarter") == ["2026Q4"]
    assert (shift("2026Q4", 1), shift("2020Q1", -12), last_month("2026Q3")) == ("2027Q1", "2017Q1", "2026-09")
    assert (earlier_in_year("2026Q3"), earlier_in_year("2027Q1")) == (["2026Q1", "2026Q2"], [])
    with pytest.raises(ValueError, match="at least 1"):
        served_months(tree_date.today, 0)


def test_arguments_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no county system 440798"):
        Simulator(tmp_path, counties=["440798"])
    with pytest.raises(ValueError, match="share"):
        Simulator(tmp_path, scale=2, counties=["440703"]).prepare()
    without = Simulator(tmp_path, today=TODAY)
    assert "440783" not in without.counties


def test_the_tree_holds_the_units_that_report() -> None:
    tree = Tree()
    assert len(tree.towns) == 73
    assert len(tree.villages) == 1056
    assert len(tree.communities) == 279
    assert not {"圭峰区", "银湖湾", "翠山湖新区", "广东省江门监狱"} & set(tree.towns.values())
    assert all(place.code[9] in "0123" for place in tree.places)


def test_headers_name_every_field_once() -> None:
    table = yaml.safe_load((PACKAGE / "headers.yaml").read_text(encoding="utf-8"))
    counties = [key for key in table if key.isdecimal()]
    assert counties == ["440703", "440704", "440705", "440781", "440783", "440784", "440785", DIRECT]
    assert list(table[DIRECT]) == [form.code for form in FORMS.values() if form.also_direct]
    for form in FORMS.values():
        expected = [form.key, form.name_field, *(field.name for field in form.fields)]
        for county in counties if form.also_direct else counties[:-1]:
            labels = table[county][form.code]
            assert list(labels) == expected, (county, form.code)
            assert len(set(labels.values())) == len(labels), (county, form.code)
        assert set(required(form.code)) <= set(expected)
        assert form.key in required(form.code)


def digest(directory: Path) -> str:
    sums = hashlib.sha256()
    for path in sorted(directory.rglob("*.jsonl")):
        sums.update(f"{path.relative_to(directory)}".encode() + path.read_bytes())
    return sums.hexdigest()


def test_the_same_seed_and_date_give_the_same_bytes(tmp_path: Path) -> None:
    def prepare(name: str, **arguments: Any) -> Simulator:
        chosen: dict[str, Any] = {"today": TODAY, "scale": 0.05, "months": 2} | arguments
        made = Simulator(tmp_path / name, **chosen)
        made.prepare()
        return made

    first, again = prepare("first"), prepare("again")
    assert digest(first.directory) == digest(again.directory)
    assert (first.directory / "manifest.json").read_bytes() == (
        again.directory / "manifest.json"
    ).read_bytes()
    other = prepare("other", seed=7)
    assert digest(other.directory) != digest(first.directory)
    assert other.manifest["rural_communities"] != first.manifest["rural_communities"]


def test_a_unit_has_the_same_figures_whatever_is_served_with_it(tmp_path: Path) -> None:
    few = Simulator(tmp_path / "few", today=TODAY, scale=0.05, months=1, faults="none", counties=["440781"])
    many = Simulator(tmp_path / "many", today="2026-12-02", scale=0.3, months=3, faults="none")
    few.prepare()
    many.prepare()
    wanted = {row["unit"]: row for row in few.truth("440781", "village", "2026-10")}
    held = {row["unit"]: row for row in many.truth("440781", "village", "2026-10")}
    common = wanted.keys() & held.keys()
    assert len(common) > 5
    assert all(wanted[unit] == held[unit] for unit in common)
