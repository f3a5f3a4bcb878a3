"""Faults of whole reports, one of each kind, in fixed places counted back from the reporting month.

In: the planter. Out: submissions with a problem or another look, and their entries in the list. Most are in the
month before the last but one, so that the reporting month's figures stay, and what changed since the first month.
"""

from __future__ import annotations

from simulator import headers
from simulator.forms import FORMS
from simulator.periods import last_month, served_periods, shift
from simulator.planter import Planter
from simulator.submissions import Look, Submission

# the example that GB 11643 itself prints: a valid resident ID number that is nobody's
PUBLISHED_EXAMPLE = "11010519491231002X"
LEAST = 3
"""Of fewer rows nothing is said as a whole."""


def plant(planter: Planter) -> None:
    """Plant faults of whole submissions; none before the first month served."""
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
    _reading(planter, ago[2])
    _doubts(planter, ago[2])
    _notes(planter, ago[2])


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
    _write_in_yuan(submission, name)
    _hold(planter, submission, "yuan_for_ten_thousand", "implausible_in_most_rows", name)


def _write_in_yuan(submission: Submission, name: str) -> None:
    for row in submission.rows:
        value = submission.value(row, name)
        if value is not None:
            row.write(name, int(float(str(value)) * 10_000))


def _hold(planter: Planter, submission: Submission, kind: str, rule: str, name: str | None = None) -> None:
    submission.problem, submission.problem_status = rule, "held"
    planter.record(submission, kind, "submission_held", rule, field=name)


def _late(planter: Planter, submission: Submission, kind: str) -> None:
    submission.is_published = False
    submission.problem, submission.problem_status = "late", "late"
    planter.record(submission, kind, "none", "late")


# --- how a file is written, what it says of itself -----------------------------------------------------


def _reading(planter: Planter, month: str) -> None:
    """Reports that go back: their file says something else than it is, or its rows and codes are out of reach."""
    if found := planter.submission("440705", "town_service", month):
        found.look = Look(title=f"{headers.title('town_service')}（{shift(month, -1)}）")
        _return(planter, found, "title_of_another_period", "wrong_period")
    if found := planter.submission("440705", "village_group", month):
        found.look = Look(sign_off_after=len(found.rows) // 2)
        _return(planter, found, "rows_below_sign_off", "rows_below_sign_off")
    if found := planter.submission("440781", "town_service", month):
        found.look = Look(delimiter=";")
        _return(planter, found, "semicolons_in_csv", "wrong_delimiter")
    if found := planter.submission("440785", "community", month):
        for row in found.rows:
            row.write(found.form.key, f"{int(row.code):.5E}")
        _return(planter, found, "codes_as_numbers", "shortened_codes", found.form.key)


def _doubts(planter: Planter, month: str) -> None:
    """Reports that are held: each of their rows could be right, all together hardly."""
    if found := planter.submission("440705", "village", month):
        _write_in_yuan(found, "group_income")
        found.look = Look(divided="group_income")
        _hold(planter, found, "divided_by_its_format", "scaled_number_format", "group_income")
    if found := planter.submission("440784", "community", month):
        found.look = Look(unit=("grid_workers", "千人"))
        _hold(planter, found, "unit_of_another_scale", "unit_of_another_scale", "grid_workers")
    if found := planter.submission("440783", "village_group", month):
        for row in found.rows:
            row.write("has_party_work", None)
        _hold(planter, found, "blank_column", "blank_column", "has_party_work")
    if found := planter.submission("440785", "village", month):
        none = [row for row in found.rows if found.value(row, "joint_enclave") == 0]
        if len(none) >= LEAST and 2 * len(none) > len(found.rows):
            for row in none:
                row.write("joint_enclave", " -   ")
            _hold(planter, found, "dashes_for_zeros", "missing_in_most_rows", "joint_enclave")
    if found := planter.submission("440784", "town_service", month):
        names = [row.name for row in found.rows]
        for row, name in zip(found.rows, names[1:] + names[:1], strict=True):
            row.write(found.form.name_field, name)
        _hold(planter, found, "names_slipped", "names_of_other_units", found.form.name_field)


def _notes(planter: Planter, month: str) -> None:
    """Reports that count, and of which something is said."""
    before = shift(month, -1)
    if found := planter.submission("440705", "town_service", before):
        found.look = Look(hidden_rows=min(LEAST, len(found.rows)))
        _note(planter, found, "hidden_rows", "hidden_rows")
    if found := planter.submission("440705", "village", before):
        found.look = Look(hidden_column="joint_enclave")
        _note(planter, found, "hidden_column", "hidden_column", "joint_enclave")
    last = planter.submission("440785", "town_service", before)
    if last and (found := planter.submission("440785", "town_service", month)):
        values = {row.code: row.values for row in last.rows}
        for row in found.rows:
            row.values = list(values.get(row.code, row.values))
        planter.whole.add(last.key)
        _note(planter, found, "last_month_again", "repeats_last")
    if found := planter.submission("440783", "town_service", month):
        found.rows = found.rows[: len(found.rows) // 4]
        planter.whole.add(found.key)
        planter.record(found, "few_units", "none", "few_units")


def _note(planter: Planter, submission: Submission, kind: str, check: str, name: str | None = None) -> None:
    form = submission.form
    rule = f"{form.code}.{name or form.key}.{check}"
    planter.whole.add(submission.key)
    planter.record(submission, kind, "warning", rule, field=name, unit=submission.county)
