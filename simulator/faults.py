"""Plants faults in the submissions, and lists them.

In: submissions. Out: the list. `fault_sets` says which faults of rows, `plants` and `contradictions` how.

| fault | how many, where |
| --- | --- |
| of a row | one to three of each kind, over counties, forms and months; at most one for a unit in a form |
| of a submission | fixed places, so that most counties keep their headline figures (`whole_reports` and beside it) |

440703 is clean. A fault that finds no suitable row is not in the list.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator import further_reports, whole_reports
from simulator.fault_sets import (
    RowFault,
    further_row_faults,
    further_warnings,
    last_row_faults,
    row_faults,
    warnings,
)
from simulator.forms import FORMS
from simulator.periods import begins_year, last_month, served_periods, shift
from simulator.planter import Planter
from simulator.population import Population
from simulator.submissions import Key, Submission


def plant(
    population: Population, submissions: dict[Key, Submission], months: list[str]
) -> list[dict[str, Any]]:
    """Plant the default set. Returns the manifest's `faults`; rows are numbered as they are sent, from 1."""
    planter = Planter(population, submissions, months)
    whole_reports.plant(planter)
    further_reports.plant(planter)
    rng = population.rng("faults", len(months))
    taken = planter.taken
    for fault in row_faults(population) + warnings(submissions, taken):
        _plant_one(planter, fault, rng)
    for fault in further_row_faults(population) + further_warnings(population, submissions):
        _plant_one(planter, fault, rng)
    for fault in last_row_faults(submissions):
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
        if not (fault.is_past and last_month(period) == planter.months[-1])
        and (submission := planter.submission(county, fault.form, period))
        and submission.problem is None
        and submission.key not in planter.whole
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
