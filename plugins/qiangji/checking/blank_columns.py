"""Columns that a whole report leaves empty: one finding on the report instead of one on each row, and a question.

In: the rows of a submission as read, its form as it stood and its suite. Out: the fields that no row fills, what is
found of each, and for those that an indicator reads the question that the report is held with: without the column the
county is in none of their figures, and whether it has nothing to report or lost the column only the county knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.suite_checks import PRESENT
from qiangji.catalogue.suites import Rule, Suite, Words
from qiangji.checking.verdict import Checked, Doubt
from qiangji.ledger.findings import Finding
from qiangji.parsing import Parsed
from qiangji.periods import Period
from qiangji.text import quoted_zh

CODE = "blank_column"
LEAST = 3
"""Rows from which on an empty column is told once; of fewer rows each is told by itself."""
NAMED = 3
"""Fields that a question names; of more it says how many there are."""


def blank_fields(parsed: Parsed, form: Form, suite: Suite, period: Period) -> list[str]:
    """The fields that no row of the report fills, in the form's order.

    A field that is only asked for in some rows (the evidence of a task that is done) may be empty in all of them.
    """
    if parsed.rows.num_rows < LEAST:
        return []
    asked_in_some = {
        _column(r) for r in suite.rules if is_presence(r) and "row_condition" in r.content["kwargs"]
    }
    written = {cell.field for cell in parsed.unreadable}
    return [
        name
        for name in form.fields_in(str(period.last_month))
        if name in parsed.rows.column_names
        and parsed.rows.column(name).null_count == parsed.rows.num_rows
        and name not in asked_in_some | written
    ]


def is_presence(rule: Rule) -> bool:
    """Whether a rule holds that a field is filled in."""
    return bool(rule.content["type"] == PRESENT)


def is_told(rule: Rule, blank: Collection[str]) -> bool:
    """Whether the finding on the report says what the rule says of each row. A critical rule still rejects its rows."""
    return not rule.is_critical and is_presence(rule) and _column(rule) in blank


def tell(one: Checked, blank: Sequence[str], catalogue: Catalogue, form: Form) -> None:
    """Add to a submission what is found of its empty columns, and what is asked. Its rows were decided on."""
    if one.accepted is None or not one.accepted.num_rows:
        if why := _rejected_whole(blank, form, {b.rule.id for b in one.breaches if b.rule.is_critical}):
            one.message_zh, one.message_en = why
        return
    found = findings(blank, form, one.period, one.part.county_code)
    one.findings += found
    one.notes += found
    if asked := question(blank, form, catalogue.fields_read):
        one.doubts.append(asked)


def findings(blank: Sequence[str], form: Form, period: Period, county: str) -> list[Finding]:
    """One for each empty column, on the report."""
    found = []
    for name in blank:
        zh, en = form.label_of(name, "zh"), form.label_of(name, "en")
        words = Words(
            None,
            f"{quoted_zh(zh)}整列未填",
            f"{en}: the column is empty in the whole report",
            "有值；没有的填0；确无此项请说明",
            "values; 0 where there is none; please confirm if there is nothing to report",
        )
        rule = f"{form.form}.{name}.{CODE}"
        found.append(Finding(county, form.form, str(period), county, county, rule, "warning", (name,), words))
    return found


def question(blank: Sequence[str], form: Form, read: Collection[tuple[str, str]]) -> Doubt | None:
    """What the report is held with; None where no indicator reads an empty column."""
    needed = [n for n in blank if (form.form, n) in read and not form.fields[n].may_be_empty]
    if not needed:
        return None
    zh, en = _named(needed, form)
    return Doubt(
        CODE,
        f"指标所需的{zh}整列未填：是漏填，还是确无数据？漏填请补报，没有的填0",
        f"columns that indicators need are empty in the whole report: {en}. Were they left out, or is there nothing"
        " to report? Send them, with 0 where there is none",
    )


def _column(rule: Rule) -> str:
    return str(rule.content["kwargs"].get("column", ""))


def _rejected_whole(blank: Sequence[str], form: Form, critical: Collection[str]) -> tuple[str, str] | None:
    """(zh, en) of why no row is left, where it is an empty column that every row must fill; else None."""
    names = [n for n in blank if f"{form.form}.{n}.present" in critical]
    if not names:
        return None
    zh, en = _named(names, form)
    return f"必填的{zh}整列未填，所有记录均未通过核查", f"every row breaks a rule: no row fills {en}"


def _named(names: Sequence[str], form: Form) -> tuple[str, str]:
    """The labels of the first fields, and how many there are, in zh and en."""
    zh = "、".join(quoted_zh(form.label_of(n, "zh")) for n in names[:NAMED])
    en = ", ".join(form.label_of(n, "en") for n in names[:NAMED])
    more = len(names) - NAMED
    return (f"{zh}等{len(names)}项", f"{en} and {more} more") if more > 0 else (zh, en)
