"""Everything that is wrong with a submission, cell by cell, as its county has to hear it.

In: a submission that `checking.examine` looked at; `checking.verdict` has decided what is wrong, and has the words.
Out: `Problem`s, those of the whole submission first (questions before findings), then in the order of rows. Cells that
cannot be read are quoted as the county sent them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking import Checked
from qiangji.checking.breaches import Breach, NotFilled
from qiangji.checking.names import RULE as ANOTHER_NAME
from qiangji.checking.verdict import total_words
from qiangji.ledger.findings import Finding
from qiangji.parsing import Parsed, TotalsProblem

QUESTION = "question"
"""Severity of what is asked about a whole report: it is held until somebody answers."""
SEVERITIES = {"critical": "退回", QUESTION: "待核实", "warning": "提示", "info": "提示"}


@dataclass(frozen=True)
class Problem:
    """One rule that one row breaks, or (`row` None) why the whole submission goes back or is held, or a note on it.

    `row`: the sheet's row number; `last_row`: of a run of rows the last one's. `columns`: the columns of the cells
    concerned, counted from 0.
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
    last_row: int | None = None

    @property
    def rows(self) -> range:
        """The numbers of the rows that it is about; none of a whole submission."""
        return range(0) if self.row is None else range(self.row, (self.last_row or self.row) + 1)

    @property
    def is_warning(self) -> bool:
        """Whether the row was accepted all the same."""
        return self.severity not in ("critical", QUESTION)


def problems_of(one: Checked, form: Form) -> list[Problem]:
    """All problems of a submission, critical ones of a row before its warnings."""
    whole = []
    if one.verdict in ("returned", "withheld") and one.reason_code != "no_row_accepted":
        whole.append(
            Problem(one.reason_code or one.verdict, "critical", one.message_zh or "", one.message_en or "")
        )
    if one.parsed is None:
        return whole
    whole += [_of_total(total, one.parsed, form) for total in one.parsed.totals_problems]
    whole += [Problem(d.code, QUESTION, d.zh, d.en) for d in one.doubts]
    whole += [_of_note(n, one.parsed, form) for n in one.notes if not _is_on_row(n)]
    own = [b for b in one.breaches if b.rule.scope == "row"]
    rows = [_of_breach(b, one) for b in own if not isinstance(b.rule, NotFilled)]
    rows += _of_runs([b for b in own if isinstance(b.rule, NotFilled)], one)
    rows += [_of_note(n, one.parsed, form) for n in one.notes if _is_on_row(n)]
    return whole + sorted(rows, key=lambda p: (p.row or 0, p.is_warning, p.columns, p.rule))


def _of_total(total: TotalsProblem, parsed: Parsed, form: Form) -> Problem:
    row = int("".join(c for c in total.address.rpartition("!")[2] if c.isdigit()))
    columns = (parsed.columns[total.field],)
    rule = f"{form.form}.{total.field}.total"
    return _problem(rule, "critical", row, columns, total.address, total_words(total, shown=str))


def _is_on_row(note: Finding) -> bool:
    return note.rule.endswith(f".{ANOTHER_NAME}")


def _of_note(note: Finding, parsed: Parsed, form: Form) -> Problem:
    """A finding that no rule of the suite made: on the report, or on the name beside a code."""
    if not _is_on_row(note):
        return _problem(note.rule, note.severity, None, (), "", note.words)
    column = parsed.columns[form.key]
    number = parsed.rows.column("_row")[
        parsed.rows.column(form.key).to_pylist().index(note.unit_code)
    ].as_py()
    return _problem(
        note.rule, note.severity, number, (column,), parsed.address(form.form, column, number), note.words
    )


def _of_breach(breach: Breach, one: Checked) -> Problem:
    words = breach.words(one.frame, shown=str)
    return _problem(
        breach.rule.id, breach.rule.severity, breach.number, breach.columns, breach.address, words
    )


def _of_runs(breaches: Sequence[Breach], one: Checked) -> Iterator[Problem]:
    """Rows that nobody filled in: one problem for those that lie one below the other."""
    runs = list[list[Breach]]()
    for breach in sorted(breaches, key=lambda b: b.number):
        last = runs[-1][-1] if runs else None
        if last and last.number + 1 == breach.number and _alike(last, breach):
            runs[-1].append(breach)
        else:
            runs.append([breach])
    for run in runs:
        problem, n, last = _of_breach(run[0], one), len(run), run[-1]
        if n > 1:
            problem = replace(
                problem,
                message_zh=f"第{run[0].number}至{last.number}行未填写：共{n}个单位",
                message_en=f"rows {run[0].number} to {last.number} are not filled in: {n} units",
                last_row=last.number,
                address=f"{run[0].address}:{last.address.rpartition('!')[2]}",
            )
        yield problem


def _alike(one: Breach, other: Breach) -> bool:
    """Whether two rows that nobody filled in are told together: each has a code, and they weigh the same."""
    has_code = all(isinstance(b.rule, NotFilled) and b.rule.has_code for b in (one, other))
    return has_code and one.rule.severity == other.rule.severity


def _problem(
    rule: str, severity: str, row: int | None, columns: tuple[int, ...], address: str, words: Words
) -> Problem:
    return Problem(
        rule,
        severity,
        words.message_zh,
        words.message_en,
        row,
        columns,
        address,
        words.value or "",
        words.expected_zh,
        words.expected_en,
    )
