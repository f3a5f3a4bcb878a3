"""Units that the tree has and does not expect: the clerk reads whose they are, or under which code they go on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked
from qiangji.feedback.problems import problems_of
from tests.golden import world
from tests.unit.checking.reports import as_csv, judged

A = "990001"
TREE = {"Z": {"A": {"T": ["V[01-20]"]}, "B": {"U": ["W[01-20]"]}, "C": {"S": ["X[01-20]"]}}}
FORMS: dict[str, Any] = {
    "f": {"fields": {"n": {}}},
    "g": {"grain": "group", "fields": {"n": {}}},
}
DAY = date(2026, 9, 1)
DATED = {
    "closed": dict.fromkeys(("V02", "V04", "V05", "V06"), "2026-08-31"),
    "opened": dict.fromkeys(("V03", "W01"), DAY),
    "lineage": [
        {"kind": "merged_into", "from": "V02", "to": "V01", "day": DAY},
        {"kind": "renamed", "from": "V04", "to": "V03", "day": DAY},
        {"kind": "moved_to", "from": "V05", "to": "W01", "day": DAY},
    ],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> world.World:
    indicator = {
        "code": "x",
        "numerator": {"form": "f", "sum": "n"},
        "denominator": {"form": "f", "count": "rows"},
    }
    return world.make(tmp_path_factory.mktemp("unexpected"), TREE, FORMS, [indicator], DATED)


@pytest.fixture(scope="module")
def catalogue(made: world.World) -> Catalogue:
    return load(made.catalogue, made.expectations)


def one(catalogue: Catalogue, made: world.World, units: list[str], form: str = "f") -> Checked:
    """County A's report of these units: names in the world, or codes. A group has a serial behind a village's name."""
    key = catalogue.forms[form].key
    codes = [made.codes.get(u.split("/")[0], u) + (u.split("/")[1] if "/" in u else "") for u in units]
    rows: list[list[Any]] = [[key, "n"], *([code, 10 + i] for i, code in enumerate(codes))]
    return judged(catalogue, {A: as_csv(rows)}, form)[0]


def named(first: str, n: int = 9) -> list[str]:
    return [f"{first}{i:02}" for i in range(10, 10 + n)]


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [
        ("W01", "属于990002 B", "belongs to 990002 B"),
        ("V02", "已于2026-08-31撤销，并入{V01} V01，请改按{V01}报送",
         "closed on 2026-08-31 and is part of {V01} V01: report it under {V01}"),
        ("V04", "已于2026-08-31撤销，编码改为{V03} V03，请改按{V03}报送",
         "closed on 2026-08-31 and has the code {V03} V03: report it under {V03}"),
        ("V05", "已于2026-08-31撤销，改为{W01} W01（属于990002 B）",
         "closed on 2026-08-31 and goes on as {W01} W01, which belongs to 990002 B"),
        ("V06", "已于2026-08-31撤销", "closed on 2026-08-31"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["f", "g"])
def test_the_clerk_reads_why_and_what_to_do(
    catalogue: Catalogue, made: world.World, form: str, unit: str, zh: str, en: str
) -> None:
    serial = "/01" if form == "g" else ""
    checked = one(catalogue, made, [*(u + serial for u in named("V")), unit + serial], form)
    assert checked.verdict == "partial"
    (rejection,) = checked.rejections
    zh, en = zh.format(**made.codes), en.format(**made.codes)
    assert f"，而该单位{zh}" in rejection.message_zh
    assert rejection.message_en.endswith(f"; this one {en})")
    (problem,) = (p for p in problems_of(checked, catalogue.forms[form]) if p.severity == "critical")
    assert problem.expected_zh.endswith(f"，而该单位{zh}")
    (finding,) = (f for f in checked.findings if f.rule.endswith(".unexpected"))
    assert finding.words.expected_zh.endswith(f"，而该单位{zh}")


def test_of_a_code_that_the_tree_lacks_nothing_more_is_said(catalogue: Catalogue, made: world.World) -> None:
    checked = one(catalogue, made, [*named("V"), "990009999999"])
    assert "而该单位" not in checked.rejections[0].message_zh


@pytest.mark.parametrize(
    ("form", "units"),
    [
        ("f", named("W")),
        ("f", [*named("W"), "合计"]),
        ("f", [*named("W"), "V10"]),
        ("g", [f"{u}/{i:02}" for u in named("W") for i in range(1, 40)]),
    ],
)
def test_a_report_of_another_countys_codes_goes_back_as_that(
    catalogue: Catalogue, made: world.World, form: str, units: list[str]
) -> None:
    checked = one(catalogue, made, units, form)
    assert (checked.verdict, checked.reason_code) == ("returned", "wrong_county")
    theirs = sum(u.startswith("W") for u in units)
    assert f"{len(units)}条记录中有{theirs}条的编码属于990002 B，应为A的报表" in (checked.message_zh or "")
    assert f"{theirs} of {len(units)} row" in (checked.message_en or "")
    (problem,) = problems_of(checked, catalogue.forms[form])
    assert problem.rule == "wrong_county"


@pytest.mark.parametrize(
    "units",
    [
        [*named("W", 8), "V10"],  # the one row that is right is taken
        [*named("W", 5), *named("X", 5)],  # the whole city's
        [*named("V", 9), *named("W", 5)],
        ["W01", *(f"99000999{i:04}" for i in range(9))],  # codes that nobody has
        ["V02", "V04"],  # its own, that have closed
        ["W01"],  # a slip of the pen
    ],
)
def test_other_reports_are_told_row_by_row(catalogue: Catalogue, made: world.World, units: list[str]) -> None:
    assert one(catalogue, made, units).reason_code in ("no_row_accepted", "rows_rejected")
