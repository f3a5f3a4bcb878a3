"""Checking: what is accepted, rejected, returned and found, and that each guard is what stops what it stops."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji import checking
from qiangji.catalogue import Catalogue, load
from qiangji.catalogue.models import Layout
from qiangji.catalogue.suites import Rule, Suite
from qiangji.checking import Checked, judging, verdict
from qiangji.lake import Lake
from qiangji.ledger import Ledger, Pending
from qiangji.parsing import read_form, read_grids
from qiangji.periods import Period
from qiangji.settings import settings
from tests.frozen import paths as frozen
from tests.golden import world

ROOT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 11, 2, tzinfo=UTC)
PERIOD = "2026-10"


def as_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["" if c is None else c for c in row] for row in rows])
    return text.getvalue().encode()


def part_of(county: str, form: str = "f") -> Pending:
    return Pending(
        delivery_id="d-" + county,
        county_code=county,
        received_at=AT,
        form=form,
        period=PERIOD,
        kind="csv",
        sha256="0" * 64,
    )


def judged(
    catalogue: Catalogue,
    content: Mapping[str, bytes],
    form: str = "f",
    suite: Suite | None = None,
    totals: tuple[str, ...] = (),
) -> list[Checked]:
    """Deliveries of these counties, read and judged at once."""
    batch = []
    for code, data in content.items():
        county = catalogue.counties[code].model_copy(update={"layout": Layout(totals=totals), "layouts": {}})
        grid = read_grids(data, "csv", county, [form])[form]
        parsed = read_form(grid, catalogue.forms[form], county, Period.parse(PERIOD))
        batch.append(Checked(part_of(code, form), parsed))
    checking.judge(batch, catalogue, catalogue.forms[form], suite or catalogue.suites[form])
    return batch


def one(catalogue: Catalogue, small: world.World, rows: Sequence[Sequence[Any]], **options: Any) -> Checked:
    """County A's rows (unit, n, part, note), judged."""
    lines = [[small.codes.get(str(row[0]), row[0]), *row[1:]] for row in rows]
    return judged(catalogue, {"990001": as_csv([["unit_code", "n", "part", "note"], *lines])}, **options)[0]


def rejected(checked: Checked) -> dict[str, list[str]]:
    """Key as received -> rules."""
    if checked.rejected is None:
        return {}
    return {r["unit_code"] or "": r["rules"] for r in checked.rejected.to_pylist()}


def accepted(checked: Checked) -> list[str]:
    return checked.accepted.column("unit_code").to_pylist() if checked.accepted is not None else []


def without(catalogue: Catalogue, *rules: str, form: str = "f") -> Suite:
    """The form's suite without these rules."""
    suite = catalogue.suites[form]
    kept = [r.content for r in suite.rules if r.id not in rules]
    assert len(kept) == len(suite.expectations) - len(rules)
    return replace(suite, content={**suite.content, "expectations": kept})


GOOD = [["V1", 5, 1, "是"], ["V2", 6, 2, "否"], ["V3", 7, 3, ""]]


# ---- verdicts


def test_what_is_right_is_accepted(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, GOOD)
    assert checked.verdict == "accepted"
    assert accepted(checked) == [small.codes[v] for v in ("V1", "V2", "V3")]
    assert (checked.rejections, checked.findings, rejected(checked)) == ([], [], {})


def test_accepted_rows_lie_in_the_order_of_their_keys(catalogue: Catalogue, small: world.World) -> None:
    """Whatever the order in the file: the same rows are the same revision."""
    turned = one(catalogue, small, GOOD[::-1])
    assert turned.accepted is not None
    assert turned.accepted.equals(one(catalogue, small, GOOD).accepted)


def test_one_bad_row_goes_back_and_the_others_count(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", 101, 2, "否"], GOOD[2]])
    assert (checked.verdict, checked.reason_code) == ("partial", "rows_rejected")
    assert accepted(checked) == [small.codes["V1"], small.codes["V3"]]
    assert rejected(checked) == {small.codes["V2"]: ["f.n.critical_max"]}
    assert "f!B3" in (checked.message_en or "")
    assert "f!B3" in (checked.message_zh or "")


def test_every_row_bad_is_returned(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [["V1", 101, 1, ""], ["V2", 102, 1, ""]])
    assert (checked.verdict, checked.reason_code) == ("returned", "no_row_accepted")
    assert len(rejected(checked)) == 2


def test_a_row_names_every_rule_that_it_breaks(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["X9", 101, 102, "是"]])
    assert sorted(rejected(checked)["X9"]) == ["f.n.critical_max", "f.part.within_n", "f.unit_code.known"]


def test_rejected_rows_are_kept_as_received_with_cell_addresses(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", "１０１", "2", "maybe"]])
    assert checked.rejected is not None
    (row,) = checked.rejected.to_pylist()
    assert (row["n"], row["note"]) == ("１０１", "maybe")
    assert dict(zip(row["rules"], row["addresses"], strict=True)) == {
        "f.note.type": "f!D3",
        "f.n.critical_max": "f!B3",
    }


def test_no_rejected_row_is_kept_with_a_person_in_it(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["990001101002 林佩仪", "1", "2", "是"]])
    assert checked.rejected is not None
    (row,) = checked.rejected.to_pylist()
    assert row["unit_code"] == "(16 字 characters)"
    assert "林佩仪" not in str(checked.rejections) + str(checked.rejected.to_pylist())


def test_the_summary_counts_rows_a_rule_and_shows_the_first_cell(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [["V1", 101, 1, ""], ["V2", 102, 1, ""], ["V3", "x", 1, ""]])
    lines = {line.rule: (line.rows, line.example) for line in checked.rejections}
    assert lines == {"f.n.critical_max": (2, "f!B2"), "f.n.type": (1, "f!B4")}
    assert all(line.message_zh and line.message_en for line in checked.rejections)


# ---- severities


def test_a_warning_is_a_finding_on_an_accepted_row(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["V2", 51, 2, ""]])
    assert checked.verdict == "accepted"
    (found,) = checked.findings
    assert (found.rule, found.severity, found.words.value) == ("f.n.warn_above", "warning", "51")
    assert (found.unit_code, found.org_code) == (small.codes["V2"], small.codes["V2"])


def test_an_info_is_a_finding_too(catalogue: Catalogue, small: world.World) -> None:
    (found,) = one(catalogue, small, [["V1", 5, 0, ""]]).findings
    assert (found.rule, found.severity) == ("f.part.usual", "info")


def test_a_rejected_row_has_no_findings(catalogue: Catalogue, small: world.World) -> None:
    """101 breaks the limit and the warning; what goes back is not also flagged."""
    checked = one(catalogue, small, [GOOD[0], ["V2", 101, 0, ""]])
    assert rejected(checked)
    assert checked.findings == []


def test_a_finding_keeps_its_id_while_it_is_the_same(catalogue: Catalogue, small: world.World) -> None:
    def ids(n: int) -> list[str]:
        return [f.finding_id for f in one(catalogue, small, [["V2", n, 2, ""], GOOD[0]]).findings]

    assert ids(51) == ids(51)
    assert ids(51) != ids(52)


# ---- many counties at once


def test_each_county_gets_its_own_rows_problems_and_findings(
    catalogue: Catalogue, small: world.World
) -> None:
    header = ["unit_code", "n", "part", "note"]
    a = [[small.codes["V1"], 1, 1, ""], [small.codes["V2"], 200, 1, ""]]
    b = [[small.codes["W1"], 60, 1, "x"], [small.codes["W2"], 1, 2, ""], [small.codes["W3"], "?", 1, ""]]
    first, second = judged(catalogue, {"990001": as_csv([header, *a]), "990002": as_csv([header, *b])})
    assert rejected(first) == {small.codes["V2"]: ["f.n.critical_max"]}
    assert rejected(second) == {small.codes["W2"]: ["f.part.within_n"], small.codes["W3"]: ["f.n.type"]}
    assert [(f.county_code, f.unit_code) for f in second.findings] == [("990002", small.codes["W1"])]
    assert (first.findings, first.rejections[0].example) == ([], "f!B3")
    assert {line.example for line in second.rejections} == {"f!C3", "f!B4"}


def test_a_unit_of_another_county_is_not_known_here(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], ["W1", 1, 1, ""]])
    assert rejected(checked) == {small.codes["W1"]: ["f.unit_code.known"]}


# ---- the control sum


def test_totals_that_agree_pass_and_are_no_row(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [*GOOD, ["合计", 18, 6, ""]], totals=("合计",))
    assert checked.verdict == "accepted"
    assert len(accepted(checked)) == 3


def test_a_total_that_does_not_agree_returns_the_submission(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [*GOOD, ["合计", 19, 6, ""]], totals=("合计",))
    assert (checked.verdict, checked.reason_code) == ("returned", "totals_agree")
    assert (checked.accepted, checked.rejected, checked.findings) == (None, None, [])
    assert "f!B5" in (checked.message_en or "")
    assert "19" in (checked.message_zh or "")
    assert "18" in (checked.message_zh or "")


def test_a_wrong_total_of_one_county_returns_no_other(catalogue: Catalogue, small: world.World) -> None:
    header = ["unit_code", "n", "part", "note"]
    wrong = as_csv([header, [small.codes["V1"], 1, 1, ""], ["合计", 2, 1, ""]])
    right = as_csv([header, [small.codes["W1"], 1, 1, ""], ["合计", 1, 1, ""]])
    first, second = judged(catalogue, {"990001": wrong, "990002": right}, totals=("合计",))
    assert (first.verdict, second.verdict) == ("returned", "accepted")


# ---- each guard stops what it stops: without it the same rows pass

GUARDS: dict[str, list[Any]] = {
    "f.unit_code.present": ["", 1, 1, ""],
    "f.unit_code.known": ["990001001777", 1, 1, ""],
    "f.unit_code.unique": ["V1", 1, 1, ""],
    "f.n.critical_max": ["V2", 101, 1, ""],
    "f.part.within_n": ["V2", 1, 2, ""],
}


@pytest.mark.parametrize("rule", GUARDS)
def test_without_the_guard_the_faulty_row_passes(catalogue: Catalogue, small: world.World, rule: str) -> None:
    rows = [GOOD[0], GUARDS[rule]]
    stopped = one(catalogue, small, rows)
    assert rule in {r for rules in rejected(stopped).values() for r in rules}
    also = {"f.unit_code.known"} if rule == "f.unit_code.present" else set()  # no code is no known code
    passed = one(catalogue, small, rows, suite=without(catalogue, rule, *also))
    assert passed.verdict == "accepted"
    assert rejected(passed) == {}


def test_without_the_control_sum_a_wrong_total_passes(catalogue: Catalogue, small: world.World) -> None:
    rows = [*GOOD, ["合计", 19, 6, ""]]
    passed = one(catalogue, small, rows, totals=("合计",), suite=without(catalogue, "f.n.totals_agree"))
    assert passed.verdict == "accepted"


def test_both_rows_of_a_key_go_back(catalogue: Catalogue, small: world.World) -> None:
    checked = one(catalogue, small, [GOOD[0], GOOD[1], ["V1", 9, 1, ""]])
    assert checked.rejected is not None
    assert checked.rejected.column("unit_code").to_pylist() == [small.codes["V1"]] * 2
    assert accepted(checked) == [small.codes["V2"]]


def test_a_towns_subtotal_goes_back_once(catalogue: Catalogue, small: world.World) -> None:
    """It is told as what it is, and not as a unit that nobody expected, too; another county's village is."""
    checked = one(catalogue, small, [GOOD[0], ["T", 9, 1, ""], ["W1", 9, 1, ""]])
    assert checked.rejected is not None
    assert checked.rejected.column("unit_code").to_pylist() == [small.codes["T"], small.codes["W1"]]
    unexpected = [f.unit_code for f in checked.findings if f.rule == "f.unit_code.unexpected"]
    assert unexpected == [small.codes["W1"]]


REAL = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
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
def stopped() -> dict[str, Checked]:
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


# ---- from bytes in the lake to a submission


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger of which only the lake is used: nothing is recorded."""
    return Ledger(None, Lake(tmp_path / "lake"))  # type: ignore[arg-type]


def checked(catalogue: Catalogue, ledger: Ledger, content: bytes, **changes: Any) -> Any:
    part = replace(part_of("990001"), sha256=ledger.lake.put_raw(content), **changes)
    (submission,) = checking.check(catalogue, ledger, [part], record=False)
    return submission


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([["V1", 1, 1, ""], ["V2", 2, 1, ""]], (2, 2, 0)),
        ([["V1", 1, 1, ""], ["V2", 200, 1, ""], ["X", 1, 1, ""]], (3, 1, 2)),
        ([["V1", 1, 1, ""], ["V1", 1, 1, ""], ["V2", "x", "y", "z"]], (3, 0, 3)),
        ([["V1", 1, 1, ""], ["", "", "", ""], ["V3", 1, 1, ""]], (2, 2, 0)),
    ],
)
def test_accepted_and_rejected_are_what_was_received(
    catalogue: Catalogue,
    small: world.World,
    ledger: Ledger,
    rows: list[list[Any]],
    counts: tuple[int, int, int],
) -> None:
    lines = [[small.codes.get(r[0], r[0]), *r[1:]] for r in rows]
    s = checked(catalogue, ledger, as_csv([["unit_code", "n", "part", "note"], *lines]))
    assert (s.rows_received, s.rows_accepted, s.rows_rejected) == counts


def test_a_submission_returned_whole_counts_all_its_rows_as_rejected(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    """The rows were received, and none of them counts."""
    layout = Layout(totals=("合计",))
    county = catalogue.counties["990001"].model_copy(update={"layout": layout})
    held = replace(catalogue, counties=catalogue.counties | {"990001": county})
    lines = [[small.codes["V1"], 1, 1, ""], [small.codes["V2"], 2, 1, ""], ["合计", 9, 2, ""]]
    s = checked(held, ledger, as_csv([["unit_code", "n", "part", "note"], *lines]))
    assert (s.verdict, s.rows_received, s.rows_accepted, s.rows_rejected) == ("returned", 2, 0, 2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"unit_code,n,part,note\n", "no_rows"),
        (b"unit_code,n,part\n990001001001,1,1\n", "missing_column"),
        (b"unit_code,n,part,note,more\n990001001001,1,1,,1\n", "unknown_header"),
        (b"unit_code,n,part,note\n990001001001,1,1,\n990001001", "truncated"),
        ("单位编码,n,part,note\n990001001001,1,1,\n".encode("gb18030"), "bad_encoding"),
    ],
)
def test_what_cannot_be_read_is_returned_with_a_reason(
    catalogue: Catalogue, ledger: Ledger, content: bytes, code: str
) -> None:
    s = checked(catalogue, ledger, content)
    assert (s.verdict, s.reason_code) == ("returned", code)
    assert s.message_zh
    assert s.message_en
    assert (s.rows_received, s.rows_accepted, s.rows_rejected, s.rows_hash) == (0, 0, 0, None)


def test_one_that_cannot_be_read_costs_no_other_anything(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    good = as_csv([["unit_code", "n", "part", "note"], [small.codes["W1"], 1, 1, ""]])
    parts = [
        replace(part_of("990001"), sha256=ledger.lake.put_raw(b"nonsense\n1\n")),
        replace(part_of("990002"), sha256=ledger.lake.put_raw(good)),
    ]
    submissions = checking.check(catalogue, ledger, parts, record=False)
    assert {s.county_code: s.verdict for s in submissions} == {"990001": "returned", "990002": "accepted"}


def of_two_counties(small: world.World, ledger: Ledger) -> list[Pending]:
    """A good report of one county, and one of another with a number that is beyond what is plausible."""
    head = ["unit_code", "n", "part", "note"]
    rows = {"990001": [small.codes["V1"], 1, 1, ""], "990002": [small.codes["W1"], 60, 1, ""]}
    return [
        replace(part_of(county), sha256=ledger.lake.put_raw(as_csv([head, row])))
        for county, row in rows.items()
    ]


def test_where_memory_does_not_suffice_only_that_submission_goes_back(
    catalogue: Catalogue, small: world.World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judging.conclude

    def scarce(found: judging.Validated, *rest: Any) -> None:
        whole(found, *rest)
        if any(c.part.county_code == "990001" for c, _ in found.reports):
            raise MemoryError

    monkeypatch.setattr(judging, "conclude", scarce)
    parts = of_two_counties(small, ledger)
    found = checking.check(catalogue, ledger, parts, record=False)
    assert {s.county_code: (s.verdict, s.reason_code) for s in found} == {
        "990001": ("returned", "too_large"),
        "990002": ("accepted", None),
    }
    one, other = checking.examine(catalogue, ledger.lake, parts)
    assert (one.verdict, other.verdict) == ("returned", "accepted")
    assert len(other.findings) == 1  # of the second time, and not of both


def test_where_memory_does_not_suffice_for_the_suite_it_is_run_report_by_report(
    catalogue: Catalogue, small: world.World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judging.validated

    def scarce(batch: Sequence[Checked], *rest: Any) -> list[judging.Validated]:
        if len(batch) > 1:
            raise MemoryError
        return whole(batch, *rest)

    for module in (checking, judging):
        monkeypatch.setattr(module, "validated", scarce)
    parts = of_two_counties(small, ledger)
    found = checking.check(catalogue, ledger, parts, record=False)
    assert [s.verdict for s in found] == ["accepted", "accepted"]


def test_more_faults_than_can_be_told_are_told_as_one(
    catalogue: Catalogue, small: world.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "MAX_BREACHES", 3)
    faulty = [["V1", 101, 0, ""], ["V2", 101, 0, ""]]
    checked = one(catalogue, small, faulty)
    assert (checked.verdict, checked.reason_code) == ("returned", "too_many_problems")
    assert "f!A2" in (checked.message_zh or "")
    assert checked.breaches == []
    assert one(catalogue, small, faulty[:1]).reason_code == "no_row_accepted"


def test_a_row_that_is_no_units_goes_back_once_and_the_others_are_taken(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [["V1", 3, 2, ""], ["总计", 3, 2, ""], ["注：截至月底", "", "", ""]])
    assert (checked.verdict, checked.reason_code) == ("partial", "rows_rejected")
    assert [(r.rule, r.rows, r.example) for r in checked.rejections] == [
        ("f.unit_code.note", 1, "f!A4"),
        ("f.unit_code.total", 1, "f!A3"),
    ]
    note, total = checked.rejections
    assert "说明或签字" in note.message_zh
    assert "截至" not in note.message_zh + str(rejected(checked))
    assert "“总计”行是未登记的合计行" in total.message_zh
    assert "undeclared totals row" in total.message_en


def test_what_was_withheld_stays_withheld_and_is_not_read(catalogue: Catalogue, ledger: Ledger) -> None:
    part = replace(
        part_of("990001"),
        sha256=None,
        reason_code="personal_data",
        message_zh="个人信息",
        message_en="personal",
    )
    (s,) = checking.check(catalogue, ledger, [part], record=False)
    assert (s.verdict, s.reason_code, s.message_zh) == ("withheld", "personal_data", "个人信息")


def test_a_nil_report_is_told_from_an_empty_one(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    def report(n: Any, part: Any) -> Any:
        return checked(
            catalogue, ledger, as_csv([["unit_code", "n", "part", "note"], [small.codes["V1"], n, part, ""]])
        )

    assert report(0, 0).is_nil
    assert not report(1, 0).is_nil
    nothing = report("", "")
    assert not nothing.is_nil
    assert (nothing.verdict, nothing.reason_code) == ("returned", "nothing_filled")
    assert (report(1, "").rows_non_empty, report(1, "").cells_filled) == (1, 1)


def test_an_expectation_that_cannot_be_evaluated_stops_the_check(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    """Nothing is published of a batch whose rules could not all be held: an error is never a pass."""
    from qiangji.checking.expectations import ValidationError

    suite = catalogue.suites["f"]
    bad = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "unit_code", "regex": "("},
        "severity": "critical",
        "meta": dict(suite.expectations[0]["meta"], rule="f.note.bad"),
    }
    suites = {"f": replace(suite, content={"expectations": [*suite.expectations, bad]})}
    content = as_csv([["unit_code", "n", "part", "note"], [small.codes["V1"], 1, 1, "是"]])
    with pytest.raises(ValidationError, match=r"f\.note\.bad"):
        checked(replace(catalogue, suites=suites), ledger, content)


# ---- and on the record


def test_what_was_decided_is_on_the_record(
    tmp_path: Path, workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in the lake, reasons and counts in the ledger; checking again by the same rules changes nothing."""
    from qiangji import stages

    form = {"fields": {"n": {"critical_max": 100, "warn_above": 50}, "note": {"type": "text"}}}
    indicator = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
    made = world.make(tmp_path / "world", {"Z": {"A": {"T": ["V1", "V2", "V3"]}}}, {"f": form}, [indicator])
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    forget()
    made.put("f", PERIOD, "unit n note\nV1 60 ok\nV2 101 broken\nV3 7 ok\n")
    with workplace.pipeline() as p:
        (s,) = stages.collect(p, periods=[Period.parse(PERIOD)]).submissions
        assert (s.status, s.revision, s.is_current) == ("partial", 1, True)
        kept = p.ledger.lake.get_rows("reports", "f", PERIOD, "990001", s.rows_hash)
        assert kept.column("unit_code").to_pylist() == [made.codes["V1"], made.codes["V3"]]
        (back,) = p.ledger.lake.get_rows("rejected", "f", PERIOD, "990001", s.rejected_hash).to_pylist()
        assert (back["unit_code"], back["n"], back["note"]) == (made.codes["V2"], "101", "broken")
        assert (back["rules"], back["addresses"]) == ("f.n.critical_max", "f!B3")

        def record() -> list[Any]:
            with p.ledger.engine.connect() as c:
                return [
                    sorted(map(tuple, c.execute(sa.text(f"SELECT {columns} FROM ops.{table}"))))
                    for table, columns in (
                        ("rejection", "rule, rows, example"),
                        ("finding", "rule, unit_code, value"),
                        (
                            "submission",
                            "status, revision, rows_received, rows_accepted, rows_rejected, rows_hash",
                        ),
                    )
                ]

        before = record()
        assert before[0] == [("f.n.critical_max", 1, "f!B3")]
        assert before[1] == [("f.n.warn_above", made.codes["V1"], "60")]
        assert [(row[2], row[3], row[4]) for row in before[2]] == [(3, 2, 1)]
        files = sorted(f.name for f in p.ledger.lake.root.rglob("*.parquet"))
        assert [one.revision for one in stages.reprocess(p)] == [1]
        assert record() == before
        assert sorted(f.name for f in p.ledger.lake.root.rglob("*.parquet")) == files
        assert stages.collect(p, periods=[Period.parse(PERIOD)]).deliveries == 0


def test_a_looser_suite_makes_another_reading_and_revision_of_the_same_delivery(
    tmp_path: Path, workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiangji import stages

    form: dict[str, Any] = {"fields": {"n": {"critical_max": 100}}}
    indicator = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
    tree = {"Z": {"A": {"T": ["V1", "V2"]}}}
    made = world.make(tmp_path / "strict", tree, {"f": form}, [indicator])
    loose = world.make(tmp_path / "loose", tree, {"f": {"fields": {"n": {}}}}, [indicator])
    made.put("f", PERIOD, "unit n\nV1 1\nV2 101\n")
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    forget()
    with workplace.pipeline() as p:
        (first,) = stages.collect(p, periods=[Period.parse(PERIOD)]).submissions
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(loose.expectations))
    forget()
    with workplace.pipeline() as p:
        (second,) = stages.reprocess(p)
        assert (first.status, first.revision) == ("partial", 1)
        assert (second.status, second.revision, second.is_current) == ("accepted", 2, True)
        assert second.delivery_id == first.delivery_id
        with p.ledger.engine.connect() as c:
            current = c.execute(
                sa.text("SELECT suite_hash, rows_accepted FROM ops.submission WHERE is_current")
            ).all()
        assert current == [(second.suite_hash, 2)]


def forget() -> None:
    """Settings and catalogues are cached for the process."""
    settings.cache_clear()
    load.cache_clear()
