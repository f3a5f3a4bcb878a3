"""Further faults of whole reports: what a file is called, what lies beside it, how its sheet looks.

In: the planter. Out: submissions with a problem or another look, and their entries in the list, as in `whole_reports`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from simulator.fault_sets import Effect
from simulator.periods import served_periods, shift, year_and_month
from simulator.planter import Planter
from simulator.submissions import Look, Row, Status, Submission

MONTHS = 4
LEAST = 3
"""Of fewer rows nothing is said as a whole."""
MANY, MENDED = 30, 2
"""Rows of which nine in ten tell that they are those of the month before, and rows that were filled in anew."""
HUNDRED, TEN = 100, 10
PASTED = 20
"""Rows of which columns that were pasted or filled down tell by themselves."""
GARBLED = 1_200
"""Rows of signs that nobody can read: with the columns of a form more cells than are told one by one."""


def plant(planter: Planter) -> None:
    """Plant them where four months are served: in fewer they would leave too few reports without a fault."""
    if len(planter.months) < MONTHS:
        return
    ago = {back: shift(planter.months[-1], -back) for back in range(MONTHS)}
    _files(planter, ago[3])
    _rows(planter, ago[3])
    _sheets(planter, ago)
    _beside_the_last(planter, ago)
    _columns(planter, ago[3])
    _groups(planter, ago)
    _said(planter, ago)


def _files(planter: Planter, month: str) -> None:
    """Files that are not read, or not as they lie there."""
    if found := planter.submission("440705", "community", month):
        found.look = Look(is_untitled=True)
        _whole(planter, found, "title_row_deleted", "returned", "misplaced_header")
    if found := planter.submission("440705", "village_group", month):
        found.look = Look(twice=True)
        _whole(planter, found, "cell_twice", "returned", "duplicate_cell")
    if found := planter.submission("440781", "community", month):
        found.look = Look(garbled=GARBLED)
        _whole(planter, found, "garbled", "returned", "too_many_problems")
    if found := planter.submission("440781", "town_service", month):
        found.look = Look(is_doubled=True)
        _whole(planter, found, "two_files", "held", "side_by_side")
    quarters = served_periods(planter.months, "quarter")
    if quarters and (found := planter.submission("440705", "town_overseas", quarters[-1])):
        found.look = Look(is_renamed=True)
        found.problem, found.problem_status = "other_name", "late"
        planter.record(found, "file_renamed", "none", "other_name")


def _rows(planter: Planter, month: str) -> None:
    """Reports that are held for what all their rows say together."""
    if (found := planter.submission("440704", "town_service", month)) and len(found.rows) >= LEAST:
        for row in found.rows:
            for each in found.form.fields:
                if each.type in ("integer", "decimal"):
                    row.write(each.name, 0)
        _whole(planter, found, "unfilled_form", "held", "all_zero")
    if (found := planter.submission("440785", "village_group", month)) and _add_subtotals(found) >= LEAST:
        _whole(planter, found, "subtotals_as_units", "held", "sums_of_other_rows")


def _add_subtotals(submission: Submission) -> int:
    """Add a row under the serial 99 to villages, with the sums of their groups; how many there are."""
    by_village: dict[str, list[Row]] = {}
    for row in submission.rows:
        by_village.setdefault(row.code[:12], []).append(row)
    added = 0
    for village, rows in by_village.items():
        if len(rows) < LEAST or added == LEAST:
            continue
        subtotal = rows[-1].copy()
        subtotal.code, subtotal.name = f"{village}99", "九十九组"
        for position, each in enumerate(submission.form.fields):
            if each.type == "integer":
                subtotal.values[position] = sum(
                    v for row in rows if isinstance(v := row.values[position], int)
                )
        submission.rows.append(subtotal)
        added += 1
    return added


def _sheets(planter: Planter, ago: Mapping[int, str]) -> None:
    """What a sheet says of itself, and what a person does not see in it."""
    if found := planter.submission("440705", "community", ago[1]):
        found.look = Look(parent=("needs_listed", "两张清单（上年末）"))
        _whole(planter, found, "header_of_last_year", "held", "another_time_span", "needs_listed")
    if (found := planter.submission("440705", "town_service", ago[1])) and len(found.rows) >= LEAST:
        found.look = Look(merged="liaison_cadres", unseen="attendances", header_after=2, is_unapproved=True)
        _lose(found, found.rows[1], "liaison_cadres")
        _note(planter, found, "merged_cells", "merged_cells", "liaison_cadres")
        _note(planter, found, "unseen_cells", "unseen_cells", "attendances")
        _note(planter, found, "header_twice", "repeated_header")
        _note(planter, found, "nobody_approved", "not_signed")
    if (found := planter.submission("440784", "village", ago[2])) and len(found.rows) >= LEAST:
        found.look = replace(found.look, copy="行政村 (2)")
        _note(planter, found, "copied_sheet", "alike_sheets")
        _leave_no_blank(planter, found)
    if (found := planter.submission("440781", "village_group", ago[2])) and len(found.rows) >= LEAST:
        for row in found.rows[:LEAST]:
            row.write(found.form.key, f"{row.code[:6]} {row.code[6:9]} {row.code[9:]}")
        _note(planter, found, "blanks_in_codes", "spaced_codes")


def _leave_no_blank(planter: Planter, submission: Submission) -> None:
    """Ticks for yes and nothing for no, in a column of which most rows say yes."""
    for name in ("greening_plan", "pay_linked"):
        none = [row for row in submission.rows if submission.value(row, name) is False]
        if none and 2 * len(none) <= len(submission.rows):
            for row in none:
                _lose(submission, row, name)
            _note(planter, submission, "no_left_blank", "yes_or_blank", name)
            return


def _beside_the_last(planter: Planter, ago: Mapping[int, str]) -> None:
    """Reports that say something only beside those of the month before: repeated, or in another scale."""
    before, found = (planter.submission("440704", "village_group", ago[back]) for back in (3, 2))
    if before and found and len(found.rows) >= MANY:
        values = {row.code: row.values for row in before.rows}
        for row in found.rows[MENDED:]:
            row.values = list(values.get(row.code, row.values))
        planter.whole.add(before.key)
        _note(planter, found, "last_month_mended", "repeats_last")
    # the next report of this county is late, so that nothing is held against these numbers
    before, found = (planter.submission("440785", "town_service", ago[back]) for back in (2, 1))
    if before and found and len(found.rows) >= LEAST:
        position = found.position("attendances")
        for row in found.rows:
            if isinstance(value := row.values[position], int):
                row.values[position] = max(1, value // HUNDRED)
        planter.whole.add(before.key)
        _note(planter, found, "in_hundreds", "another_scale", "attendances")
        position = found.position("liaison_cadres")
        for row in found.rows:
            if isinstance(value := row.values[position], int):
                row.values[position] = max(1, value // TEN)
        _note(planter, found, "in_tens", "another_scale", "liaison_cadres")


def _columns(planter: Planter, month: str) -> None:
    """Columns that were pasted or filled down, rows that are struck through; the next report of this form is held, so
    that no year to date falls.
    """
    found = planter.submission("440705", "village", month)
    if found is None or len(found.rows) < PASTED:
        return
    found.look = replace(found.look, struck=LEAST)
    _note(planter, found, "struck_rows", "struck_rows")
    rows = sorted(found.rows, key=lambda row: row.code)
    incomes = [float(str(v)) for row in rows if (v := found.value(row, "group_income")) is not None]
    income = f"{sorted(incomes)[len(incomes) // 2]:.2f}"  # in the middle: no later report is ten times that
    for number, row in enumerate(rows, start=1):
        young = found.value(row, "members_under_35") or 0
        for name, value in (("small_gardens", number), ("group_income", income), ("members_women", young),
                            ("members_under_35", young)):  # fmt: skip
            row.values[found.position(name)] = value
    _note(planter, found, "row_numbers", "row_numbers", "small_gardens")
    _note(planter, found, "filled_down_income", "one_value", "group_income")
    _note(planter, found, "column_twice", "equal_columns", "members_women")


def _groups(planter: Planter, ago: Mapping[int, str]) -> None:
    """Groups of a village that are appended once more, where the report of villages is held: nothing is compared with
    them. Names that are a row too low.
    """
    if found := planter.submission("440785", "village_group", ago[2]):
        by_village: dict[str, list[Row]] = {}
        for row in found.rows:
            by_village.setdefault(row.code[:12], []).append(row)
        village, rows = next(each for each in by_village.items() if len(each[1]) > LEAST)
        for serial, row in enumerate(rows, start=51):
            again = row.copy()
            again.code = f"{village}{serial}"
            found.rows.append(again)
        planter.whole.add(found.key)
        rule = f"{found.form.code}.{found.form.key}.copied_rows"
        planter.record(found, "groups_appended_again", "warning", rule, unit=f"{village}51")
    found = planter.submission("440705", "village_group", ago[1])
    if found and len(found.rows) >= PASTED:
        names = [row.name for row in found.rows]
        for row, name in zip(found.rows, names[-1:] + names[:-1], strict=True):
            row.name = name
        _note(planter, found, "group_names_slipped", "names_moved")


def _said(planter: Planter, ago: Mapping[int, str]) -> None:
    """What a report says in place of numbers, or of its numbers, and what was filled down over those of the month
    before. The next report after that is late, so that no year to date falls.
    """
    if found := planter.submission("440785", "community", ago[3]):
        found.look = Look(instead="与上月相同")
        _whole(planter, found, "unchanged_in_other_words", "returned", "unchanged_in_other_words")
    if found := planter.submission("440783", "community", ago[3]):
        for row in found.rows:
            for each in found.form.fields:
                row.write(each.name, None)
        _whole(planter, found, "nothing_filled", "returned", "nothing_filled")
    quarters = served_periods(planter.months, "quarter")
    if quarters and (found := planter.submission("440705", "town_training", quarters[-1])):
        year, month = year_and_month(quarters[-1])
        found.look = Look(
            title=date(year, month - 2, 1) - timedelta(days=1)
        )  # the last of the quarter before
        _whole(planter, found, "date_for_a_title", "returned", "wrong_period")
    if found := planter.submission("440785", "village", ago[3]):
        money = ("collective_income", "operating_income", "group_income")
        found.look = Look(units_below=tuple((name, "元") for name in money))  # its headers say 万元
        _whole(planter, found, "units_below_brackets", "held", "unit_of_another_scale", money[0])
    found = planter.submission("440785", "village_group", ago[1])
    if found and len(found.rows) >= PASTED:
        values = [v for row in found.rows if isinstance(v := found.value(row, "major_matters"), int)]
        for row in found.rows:
            row.values[found.position("major_matters")] = max(values)
        _note(planter, found, "filled_down", "filled_down", "major_matters")


def _lose(submission: Submission, row: Row, name: str) -> None:
    """A value that is not in the file: nobody can mean it."""
    row.values[submission.position(name)] = None


def _whole(
    planter: Planter, submission: Submission, kind: str, status: Status, rule: str, name: str | None = None
) -> None:
    submission.problem, submission.problem_status = kind if status == "returned" else rule, status
    effect: Effect = "submission_returned" if status == "returned" else "submission_held"
    planter.record(submission, kind, effect, rule, field=name)


def _note(planter: Planter, submission: Submission, kind: str, check: str, name: str | None = None) -> None:
    form = submission.form
    planter.whole.add(submission.key)
    rule = f"{form.code}.{name or form.key}.{check}"
    planter.record(submission, kind, "warning", rule, field=name, unit=submission.county)
