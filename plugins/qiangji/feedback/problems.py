"""Everything that is wrong with a submission, cell by cell, as its county has to hear it.

In: a submission that `checking.examine` looked at. Out: `Problem`s, those of the whole submission first, then in the
order of rows. No more is said than the county itself sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qiangji.catalogue import Form
from qiangji.catalogue.suites import Expectation, expected_of, message_of, value_of
from qiangji.checking import Checked
from qiangji.parsing import Parsed, address

SEVERITIES = {"critical": "退回", "warning": "提示", "info": "提示"}


@dataclass(frozen=True)
class Problem:
    """One rule that one row breaks, or (`row` None) a reason why the whole submission goes back.

    `row`: the sheet's row number. `columns`: the columns of the cells concerned, counted from 0.
    """

    rule: str
    severity: str
    message_zh: str
    message_en: str
    row: int | None = None
    columns: tuple[int, ...] = ()
    address: str = ""
    value: str = ""
    expected_zh: str = ""
    expected_en: str = ""

    @property
    def is_warning(self) -> bool:
        """Whether the row was accepted all the same."""
        return self.severity != "critical"


def problems_of(one: Checked, form: Form) -> list[Problem]:
    """All problems of a submission, critical ones of a row before its warnings."""
    whole = []
    if one.verdict in ("returned", "withheld") and one.reason_code != "no_row_accepted":
        whole.append(
            Problem(one.reason_code or one.verdict, "critical", one.message_zh or "", one.message_en or "")
        )
    if one.parsed is None:
        return whole
    whole += _of_totals(one.parsed, form)
    cells = [_of_cell(p, one.parsed, form) for p in one.parsed.problems.to_pylist()]
    unreadable = {(p["index"], p["field"]) for p in one.parsed.problems.to_pylist()}
    for expectation, rows in one.broken:
        if expectation["meta"]["scope"] != "row":
            continue
        fields = expectation["meta"]["fields"]
        cells += [
            _of_rule(expectation, row, one, form)
            for row in rows
            if not any((row, f) in unreadable for f in fields)
        ]
    return whole + sorted(cells, key=lambda p: (p.row or 0, p.is_warning, p.columns, p.rule))


def _of_totals(parsed: Parsed, form: Form) -> list[Problem]:
    found = []
    for t in parsed.totals_problems:
        row = int("".join(c for c in t.address.rpartition("!")[2] if c.isdigit()))
        found.append(
            Problem(
                f"{form.form}.{t.field}.total",
                "critical",
                f"合计为{t.written}，各行之和为{t.sum}",
                f"the total says {t.written}, the rows add up to {t.sum}",
                row,
                (parsed.columns[t.field],),
                t.address,
                t.written,
                t.sum,
                t.sum,
            )
        )
    return found


def _of_cell(problem: dict[str, Any], parsed: Parsed, form: Form) -> Problem:
    """A cell that could not be read."""
    label = form.fields[problem["field"]].label
    return Problem(
        problem["rule"],
        "critical",
        f"“{label.zh}”无法识别：{problem['value']}",
        f"{label.en} cannot be read: {problem['value']}",
        parsed.rows.column("_row")[problem["index"]].as_py(),
        (parsed.columns[problem["field"]],),
        problem["address"],
        problem["value"],
        problem["expected_zh"],
        problem["expected_en"],
    )


def _of_rule(expectation: Expectation, index: int, one: Checked, form: Form) -> Problem:
    assert one.parsed is not None
    assert one.frame is not None
    row = one.frame.slice(index, 1).to_pylist()[0]
    meta, message, expected = (
        expectation["meta"],
        message_of(expectation, row),
        expected_of(expectation, row),
    )
    columns = tuple(one.parsed.columns[f] for f in meta["fields"] if f in one.parsed.columns)
    number = one.parsed.rows.column("_row")[index].as_py()
    return Problem(
        meta["rule"],
        expectation["severity"],
        message["zh"],
        message["en"],
        number,
        columns or (one.parsed.columns[form.key],),
        address(form.form, columns[0] if columns else one.parsed.columns[form.key], number),
        value_of(expectation, row),
        expected["zh"],
        expected["en"],
    )
