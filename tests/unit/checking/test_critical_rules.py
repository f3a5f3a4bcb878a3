"""Every critical rule of every form's suite is what rejects the row that breaks it.

A county's file of a right row and a wrong one goes through the frozen catalogue, as `tests/golden/suites` says of each
rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji import checking
from qiangji.catalogue.models import Layout
from qiangji.catalogue.suites import Rule
from qiangji.checking import Checked
from qiangji.parsing import read_form, read_grids
from qiangji.periods import Period
from tests.unit.checking.reports import PERIOD, REAL, as_csv, part_of

ROOT = Path(__file__).resolve().parents[3]


COUNTY = "440705"
CASES = {
    form: yaml.load(
        (ROOT / "tests/golden/suites" / f"{form}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    for form in REAL.forms
}


CRITICAL = {
    form: [
        rule for rule in suite.rules if rule.is_critical and rule.scope == "row" and not rule.is_contextual
    ]
    for form, suite in REAL.suites.items()
}


def period_of(form: str) -> Period:
    """The last period of the form that has ended when PERIOD has."""
    type_ = REAL.forms[form].period_type
    period = Period.parse(PERIOD).as_type(type_)
    return period if period.last_month == Period.parse(PERIOD) else period - 1


def faulty(form: str, rule: str) -> bytes:
    """A county's file: a row that is right (not where a form has one row a county) and one that breaks the rule, or two
    where it takes two.
    """
    definition, case = REAL.forms[form], CASES[form]["breaks"][rule]
    serials = {"group": ["01"], "task": ["-01", "-02"]}.get(definition.grain, [""])
    columns = [definition.key, *definition.fields]

    def units(county: str) -> list[str]:
        expected = REAL.org.expected(definition.filled_in_by, period_of(form), county)
        return [u.code + serial for u in expected for serial in serials]

    *good, wrong = [CASES[form]["good"] | {definition.key: code} for code in units(COUNTY)[:2]]
    wrong |= {k: v for k, v in case["set"].items() if not k.startswith("_")}
    if rule.endswith(".known"):
        wrong[definition.key] = units("440781")[0]
    if rule.endswith(".not_a_total"):
        columns.append("unit_name")
        good, wrong = [row | {"unit_name": "第1组"} for row in good], wrong | {"unit_name": "小 计"}
    rows = [*good, wrong, *([wrong] if rule.endswith(".unique") else [])]
    return as_csv([columns, *([_written(row[c]) for c in columns] for row in rows)])


def run(form: str, contents: list[bytes], rules: Sequence[Rule]) -> list[Checked]:
    """Deliveries of one county, each judged by itself, all by the same rules."""
    suite = REAL.suites[form]
    suite = replace(suite, content=suite.content | {"expectations": [rule.content for rule in rules]})
    county, definition, batch = REAL.counties[COUNTY], REAL.forms[form], []
    county = county.model_copy(update={"layout": Layout(), "layouts": {}})
    for content in contents:
        grid = read_grids(content, "csv", county, [form])[form]
        batch.append(
            Checked(
                replace(part_of(COUNTY, form), period=str(period_of(form))),
                read_form(grid, definition, county, period_of(form)),
            )
        )
    checking.judge(batch, REAL, definition, suite)
    return batch


@pytest.fixture(scope="module")
def stopped(servers: None) -> dict[str, Checked]:
    """Rule -> what the whole suite says of the file that breaks it."""
    found: dict[str, Checked] = {}
    for form, rules in CRITICAL.items():
        ids = [rule.id for rule in rules]
        found |= dict(zip(ids, run(form, [faulty(form, id) for id in ids], rules), strict=True))
    return found


RULES = [pytest.param(form, rule.id, id=rule.id) for form, rules in CRITICAL.items() for rule in rules]


@pytest.mark.parametrize(("form", "rule"), RULES)
def test_every_critical_rule_is_what_rejects_its_row(
    stopped: dict[str, Checked], form: str, rule: str
) -> None:
    """From the county's file on: the row goes back for the rule."""
    checked = stopped[rule]
    assert checked.accepted is not None
    assert checked.rejected is not None
    assert rule in _rules(checked)
    assert checked.accepted.num_rows == _good(form)


@pytest.mark.parametrize("form", REAL.forms)
def test_a_row_passes_once_the_rule_is_not_in_the_suite(stopped: dict[str, Checked], form: str) -> None:
    """Rules are judged apart, so one a form: that with the fewest others beside it, the last of those in the suite."""
    rule = min(reversed([r.id for r in CRITICAL[form]]), key=lambda r: len(_rules(stopped[r])))
    checked, broken = stopped[rule], _rules(stopped[rule])
    assert checked.rejected is not None
    rest = [r for r in CRITICAL[form] if r.id not in broken]
    (passed,) = run(form, [faulty(form, rule)], rest)
    assert passed.verdict == "accepted"
    assert passed.accepted is not None
    assert passed.accepted.num_rows == _good(form) + checked.rejected.num_rows


def _good(form: str) -> int:
    """Rows of a file that breaks a rule which do not."""
    return 0 if REAL.forms[form].grain == "county" else 1


def _rules(checked: Checked) -> set[str]:
    assert checked.rejected is not None
    return {r for row in checked.rejected.to_pylist() for r in row["rules"]}


def _written(value: Any) -> Any:
    return {True: "是", False: "否", None: ""}.get(value, value) if isinstance(value, bool | None) else value
