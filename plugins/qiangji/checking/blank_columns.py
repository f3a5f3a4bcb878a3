"""Columns that a whole report leaves empty, or lacks: one finding on the report, not one a row, and a question.

In: the rows of a submission as read, its form as it stood and its suite. Out: the fields that no row fills, what is
found of each, and for those that an indicator reads the question that the report is held with: without the column the
county is in none of their figures, and whether it has nothing to report or lost the column only the county knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Field, Form
from qiangji.catalogue.suites import Rule, Suite, Words
from qiangji.checking.verdict import Checked, Doubt, named
from qiangji.ledger.findings import Finding
from qiangji.parsing import Parsed
from qiangji.periods import Period
from qiangji.text import quoted_zh

CODE, ABSENT = "blank_column", "absent_column"
LEAST = 3
"""Rows from which on an empty column is told once; of fewer rows each is told by itself."""


def blank_fields(parsed: Parsed, form: Form, suite: Suite, period: Period) -> list[str]:
    """The fields that no row of the report fills, in the form's order: those without a column, however few the rows.

    A field that is only asked for in some rows (the evidence of a task that is done) may be empty in all of them.
    """
    absent = absent_fields(parsed, form, period)
    if parsed.rows.num_rows < LEAST:
        return absent
    written = {cell.field for cell in parsed.unreadable}
    read = dict(zip(parsed.rows.column_names, parsed.rows.columns, strict=True))
    return [
        name
        for name in form.fields_in(str(period.last_month))
        if name in absent
        or (
            name in read
            and read[name].null_count == parsed.rows.num_rows
            and name not in suite.asked_in_some | written
        )
    ]


def absent_fields(parsed: Parsed, form: Form, period: Period) -> list[str]:
    """The optional fields that the sheet has no column for, in the form's order."""
    return [n for n in form.optional_in(str(period.last_month)) if n not in parsed.columns]


def is_told(rule: Rule, blank: Collection[str]) -> bool:
    """Whether the finding on the report says what the rule says of each row. A critical rule still rejects its rows."""
    return not rule.is_critical and rule.presence_of in blank


def tell(one: Checked, blank: Sequence[str], catalogue: Catalogue, form: Form) -> None:
    """Add to a submission what is found of its empty columns, and what is asked. Its rows were decided on."""
    if one.accepted is None or not one.accepted.num_rows:
        if why := _rejected_whole(blank, form, {b.rule.id for b in one.breaches if b.rule.is_critical}):
            one.message_zh, one.message_en = why
        return
    assert one.parsed is not None
    month = str(one.period.last_month)
    found = findings(
        blank, form, one.period, one.part.county_code, absent_fields(one.parsed, form, one.period)
    )
    one.findings += found
    one.notes += found
    required = [n for n in blank if n not in form.optional_in(month)]
    if asked := question(required, form, catalogue.fields_read):
        one.doubts.append(asked)


def findings(
    blank: Sequence[str], form: Form, period: Period, county: str, absent: Collection[str] = ()
) -> list[Finding]:
    """One for each empty column, on the report; `absent`: those that it has no column for at all."""
    found = []
    for name in blank:
        field, is_absent = form.fields[name], name in absent
        words = _without_column(field) if is_absent else _empty(field)
        rule = f"{form.form}.{name}.{ABSENT if is_absent else CODE}"
        found.append(Finding.of_report((county, form.form, period), rule, words, [name]))
    return found


def _empty(field: Field) -> Words:
    return Words(
        None,
        f"{quoted_zh(field.label.zh)}整列未填",
        f"{field.label.en}: the column is empty in the whole report",
        "有值；没有的填0；确无此项请说明",
        "values; 0 where there is none; please confirm if there is nothing to report",
    )


def _without_column(field: Field) -> Words:
    """What is said of an optional field without a column, and from when on its absence returns the report."""
    then = str(Period.parse(str(field.optional_until)) + 1)
    headers = " / ".join(dict.fromkeys((field.label.zh, *field.headers)))
    return Words(
        None,
        f"未报送{quoted_zh(field.label.zh)}列：目前选报，自{then}期起缺少该列将退回",
        f"{field.label.en}: the report has no such column; it is optional as yet, and a report for {then} or later goes"
        " back without it",
        f"增加{quoted_zh(field.label.zh)}列并填报",
        f"a column {headers}, filled in",
    )


def question(blank: Sequence[str], form: Form, read: Collection[tuple[str, str]]) -> Doubt | None:
    """What the report is held with; None where no indicator reads an empty column."""
    needed = [n for n in blank if (form.form, n) in read and not form.fields[n].may_be_empty]
    if not needed:
        return None
    zh, en = named(needed, form)
    return Doubt(
        CODE,
        f"指标所需的{zh}整列未填：是漏填，还是确无数据？漏填请补报，没有的填0",
        f"columns that indicators need are empty in the whole report: {en}. Were they left out, or is there nothing"
        " to report? Send them, with 0 where there is none",
    )


def _rejected_whole(blank: Sequence[str], form: Form, critical: Collection[str]) -> tuple[str, str] | None:
    """(zh, en) of why no row is left, where it is an empty column that every row must fill; else None."""
    names = [n for n in blank if f"{form.form}.{n}.present" in critical]
    if not names:
        return None
    zh, en = named(names, form)
    return f"必填的{zh}整列未填，所有记录均未通过核查", f"every row breaks a rule: no row fills {en}"
