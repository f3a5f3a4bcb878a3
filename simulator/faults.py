"""Plants faults in the submissions, and lists them.

In: submissions. Out: the list. `fault_sets` says which faults, `plants` and `contradictions` how.

| fault | how many, where |
| --- | --- |
| of a row | one to three of each kind, over counties, forms and months; at most one for a unit in a form |
| of a submission | fixed places, so that most counties keep their headline figures |

440703 is clean. A fault that finds no suitable row is not in the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simulator.fault_sets import (
    Effect,
    RowFault,
    further_row_faults,
    further_warnings,
    last_row_faults,
    row_faults,
    warnings,
)
from simulator.forms import FORMS
from simulator.periods import begins_year, last_month, served_periods, shift
from simulator.population import Population
from simulator.submissions import Key, Row, Submission

# the example that GB 11643 itself prints: a valid resident ID number that is nobody's
PUBLISHED_EXAMPLE = "11010519491231002X"


@dataclass
class Planter:
    """Keeps account: taken rows, the number of faults in each place, and the list."""

    population: Population
    submissions: dict[Key, Submission]
    months: list[str]
    planted: list[dict[str, Any]] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)  # form and unit
    load: Counter[Key] = field(default_factory=Counter)

    def submission(self, county: str, form: str, period: str) -> Submission | None:
        return self.submissions.get((county, form, period))

    def record(
        self,
        submission: Submission,
        fault: str,
        effect: Effect,
        rule: str,
        *,
        field: str | None = None,
        rows: Sequence[Row] = (),
        unit: str | None = None,
    ) -> str:
        """Add an entry to the list; its rows are numbered when all is planted."""
        number = f"f{len(self.planted) + 1:03d}"
        self.planted.append(
            {
                "id": number, "county": submission.county, "form": submission.form.code,
                "period": submission.period, "unit": unit or (rows[0].code if rows else None), "field": field,
                "kind": fault, "effect": effect, "rows": [{"unit": row.code} for row in rows],
                "expected_rule": rule,
            }
        )  # fmt: skip
        return number


def plant(
    population: Population, submissions: dict[Key, Submission], months: list[str]
) -> list[dict[str, Any]]:
    """Plant the default set. Returns the manifest's `faults`; rows are numbered as they are sent, from 1."""
    planter = Planter(population, submissions, months)
    _submission_faults(planter)
    rng = population.rng("faults", len(months))
    taken = planter.taken
    for fault in row_faults(population) + warnings(submissions, taken):
        _plant_one(planter, fault, rng)
    for fault in further_row_faults(population) + further_warnings(population, submissions):
        _plant_one(planter, fault, rng)
    for fault in last_row_faults():
        _plant_one(planter, fault, rng)
    for submission in submissions.values():
        submission.rows.sort(key=lambda row: row.code)  # stable: a duplicate stays beside its original
    _repeat(planter)
    _number_rows(planter)
    _return_what_keeps_no_row(planter)
    return planter.planted


def _plant_one(planter: Planter, fault: RowFault, rng: np.random.Generator) -> None:
    """Plant a fault in a suitable row of the county and month that have the fewest."""
    places = [
        submission
        for county in fault.counties
        for period in served_periods(planter.months, FORMS[fault.form].period_type)
        if (submission := planter.submission(county, fault.form, period))
        and submission.problem is None
        and not _is_repeated(planter, submission)
    ]
    order = [places[index] for index in rng.permutation(len(places)).tolist()]
    for submission in sorted(order, key=lambda each: _load(planter, each)):  # stable: the order breaks ties
        for number in rng.permutation(len(submission.rows))[:400].tolist():
            row = submission.rows[number]
            is_taken = (fault.form, row.code) in planter.taken
            rows = None if is_taken else fault.plant(submission, row)
            if rows is None:
                continue
            planter.taken.update((fault.form, each.code) for each in rows)
            planter.load[submission.key] += 1
            entry = planter.record(
                submission, fault.kind, fault.effect, fault.expected_rule, field=fault.field, rows=rows
            )
            for each in rows:
                each.fault, each.is_rejected = entry, fault.effect == "row_rejected"
            return


def _is_repeated(planter: Planter, submission: Submission) -> bool:
    """Whether it says that nothing changed, or the next one repeats it: of its few rows none may be lost."""
    county, form, period = submission.key
    after = planter.submission(county, form, shift(period, 1))
    return submission.is_unchanged or (after is not None and after.is_unchanged)


def _load(planter: Planter, submission: Submission) -> tuple[int, int]:
    in_county = sum(count for key, count in planter.load.items() if key[0] == submission.county)
    return in_county, planter.load[submission.key]


def _number_rows(planter: Planter) -> None:
    ordinals: dict[str, list[tuple[int, str]]] = {}
    for submission in planter.submissions.values():
        for ordinal, row in enumerate(submission.rows, start=1):
            if row.fault:
                ordinals.setdefault(row.fault, []).append((ordinal, row.code))
    for entry in planter.planted:
        found = ordinals.get(entry["id"], [])
        entry["rows"] = [{"unit": code, "row": ordinal} for ordinal, code in found]


def _return_what_keeps_no_row(planter: Planter) -> None:
    """Mark submissions without a good row as returned: a county's form has one row."""
    entries = {entry["id"]: entry for entry in planter.planted}
    for submission in planter.submissions.values():
        if submission.problem or not submission.rows or not all(row.is_rejected for row in submission.rows):
            continue
        submission.problem, submission.problem_status = "no_row_accepted", "returned"
        for number in {row.fault for row in submission.rows if row.fault}:
            entry = entries[number]
            entry["row_rule"] = entry["expected_rule"]
            entry["effect"], entry["expected_rule"] = "submission_returned", "no_row_accepted"


def _repeat(planter: Planter) -> None:
    """Give unchanged reports the rows that they repeat: those accepted the month before.

    Stocks stay; a year to date stays within the year; flows and distinct counts become blank.
    """
    for submission in planter.submissions.values():
        if not submission.is_unchanged:
            continue
        before = planter.submissions[submission.county, submission.form.code, shift(submission.period, -1)]
        stays = {"stock"} if begins_year(submission.period) else {"stock", "ytd"}
        kept = [each.kind in stays for each in submission.form.fields]
        submission.rows = [row.copy() for row in before.rows if not row.is_rejected]
        for row in submission.rows:
            row.values = [value if stay else None for value, stay in zip(row.values, kept, strict=True)]


# --- whole submissions --------------------------------------------------------------------------------


def _submission_faults(planter: Planter) -> None:
    """Plant faults of whole submissions in fixed places, counted back from the reporting month; none before the first
    month served.
    """
    last = planter.months[-1]
    ago = {back: shift(last, -back) for back in range(4)}

    if found := planter.submission("440705", "community", ago[2]):
        found.wrong_total = "party_members"
        _return(planter, found, "wrong_total", "community.totals_agree", "party_members")
    if found := planter.submission("440784", "community", last):
        found.remarks[len(found.rows) // 2] = f"联系人身份证号{PUBLISHED_EXAMPLE}"
        found.problem, found.problem_status = "personal_data", "withheld"
        unit = found.rows[len(found.rows) // 2].code
        planter.record(
            found, "personal_data", "submission_withheld", "personal_data", field="备注", unit=unit
        )
    if found := planter.submission("440781", "community", ago[1]):
        found.is_header_only = True
        _return(planter, found, "empty_package", "no_rows")
    for form in FORMS:
        if found := planter.submission("440784", form, ago[3]):
            found.is_cut = True
            _return(planter, found, "truncated_upload", "unreadable_file")
    for found in list(planter.submissions.values()):  # months and quarters that end with the reporting month
        if found.county == "440785" and last_month(found.period) == last:
            _late(planter, found, "late_county")
    quarters = served_periods(planter.months, "quarter")
    if quarters and (found := planter.submission("440704", "town_overseas", quarters[-1])):
        _late(planter, found, "late_report")
    if found := planter.submission("440704", "community", ago[2]):
        found.unknown_header = "是否示范社区"
        _return(planter, found, "unknown_header", "unknown_header", "是否示范社区")
    before = planter.submission("440704", "community", ago[1])
    if before and before.problem is None and (found := planter.submission("440704", "community", last)):
        found.is_unchanged = True
        planter.record(found, "unchanged", "none", "unchanged")
    _column_faults(planter, ago[2])


def _column_faults(planter: Planter, month: str) -> None:
    """One column of a whole report: missing, or in another unit."""
    if found := planter.submission("440781", "village", month):
        found.missing_field = "collective_income"
        _return(planter, found, "missing_column", "missing_column", "collective_income")
    if found := planter.submission("440783", "village", month):
        _in_yuan(planter, found, "collective_income")


def _return(planter: Planter, submission: Submission, kind: str, rule: str, name: str | None = None) -> None:
    submission.problem, submission.problem_status = kind, "returned"
    planter.record(submission, kind, "submission_returned", rule, field=name)


def _in_yuan(planter: Planter, submission: Submission, name: str) -> None:
    """Write a column of 10,000 yuan in yuan: every row by itself is only unlikely."""
    for row in submission.rows:
        value = submission.value(row, name)
        if value is not None:
            row.write(name, int(float(value) * 10_000))
    rule = "implausible_in_most_rows"
    submission.problem, submission.problem_status = rule, "held"
    planter.record(submission, "yuan_for_ten_thousand", "submission_held", rule, field=name)


def _late(planter: Planter, submission: Submission, kind: str) -> None:
    submission.is_published = False
    submission.problem, submission.problem_status = "late", "late"
    planter.record(submission, kind, "none", "late")
