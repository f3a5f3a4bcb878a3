"""Rows that are possible but unlikely, or contradict another row, form or the tree: one function for each kind.

In: a submission and a row of it. Out: the changed rows; None, and no change, where the row does not suit. A check
accepts such rows and flags them.
"""

from __future__ import annotations

from decimal import Decimal

from simulator.periods import begins_year, last_month, shift
from simulator.plants import Plant
from simulator.population import Population
from simulator.submissions import Key, Row, Submission

SIBLINGS = 12
"""Of more rows the sum is no number that a village can have."""


# --- groups, villages, communities --------------------------------------------------------------------


def fall(name: str, submissions: dict[Key, Submission]) -> Plant:
    """A year-to-date figure below that of the period before, if that was reported and is right."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        earlier = submissions.get((submission.county, submission.form.code, shift(submission.period, -1)))
        if earlier is None or earlier.problem or begins_year(submission.period):
            return None
        before = next((each for each in earlier.rows if each.code == row.code and each.fault is None), None)
        last = earlier.value(before, name) if before else None
        if not isinstance(last, int) or last < 2 or submission.value(row, name) is None:
            return None
        for part, whole in submission.form.pairs:
            some = submission.value(row, part)
            if whole == name and isinstance(some, int) and some > last - 1:
                return None
        row.values[submission.position(name)] = last - 1
        return [row]

    return plant_in


def goes_on(name: str, submissions: dict[Key, Submission]) -> Plant:
    """A year-to-date figure of January that goes on from December's, in the last month served."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        county, form, period = submission.key
        earlier = submissions.get((county, form, shift(period, -1)))
        is_last = (county, form, shift(period, 1)) not in submissions
        if not begins_year(period) or not is_last or earlier is None or earlier.problem:
            return None
        before = next((each for each in earlier.rows if each.code == row.code and each.fault is None), None)
        last, now = (earlier.value(before, name) if before else None), submission.value(row, name)
        if not isinstance(last, int) or not isinstance(now, int) or last < 1:
            return None
        row.values[submission.position(name)] = last + now
        return [row]

    return plant_in


def sum_of_siblings(submissions: dict[Key, Submission]) -> Plant:
    """A row with the sum of the other rows of its town, or of a report of few rows. The next month's report does not
    count, as its amounts would fall.
    """

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        after = submissions.get((submission.county, submission.form.code, shift(submission.period, 1)))
        if after is None or not after.problem:
            return None
        in_town = [each for each in submission.rows if each.code[:9] == row.code[:9]]
        beside = in_town if len(in_town) > 2 else submission.rows
        others = [each for each in beside if each is not row]
        if not 2 <= len(others) <= SIBLINGS or any(each.fault for each in beside):
            return None
        for position, each in enumerate(submission.form.fields):
            numbers = [Decimal(str(value)) for one in others if (value := one.values[position]) is not None
                       and each.type in ("integer", "decimal")]  # fmt: skip
            if each.type == "integer":
                row.values[position] = int(sum(numbers))
            elif each.type == "decimal":
                row.values[position] = f"{sum(numbers):.2f}"
        return [row]

    return plant_in


def branch_of_two(submission: Submission, row: Row) -> list[Row] | None:
    """A branch of its own (单独支部) with fewer than three members."""
    members = submission.value(row, "party_members")
    if not isinstance(members, int) or not 0 < members < 3 or submission.value(row, "org_setup") is None:
        return None
    row.values[submission.position("org_setup")] = "单独支部"
    return [row]


def more_members_than_residents(submission: Submission, row: Row) -> list[Row] | None:
    """More members than residents; possible, since they are counted differently."""
    members, leaders = submission.value(row, "party_members"), submission.value(row, "leaders")
    if not isinstance(members, int) or members < 9 or not isinstance(leaders, int) or leaders > 2:
        return None
    row.values[submission.position("residents")] = members - 1
    row.values[submission.position("households")] = (members - 1) // 4
    return [row]


def village_below_its_groups(submissions: dict[Key, Submission], taken: set[tuple[str, str]]) -> Plant:
    """A village with fewer members than its groups. Its groups' rows are taken too, so that their sum stays."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        groups = submissions[submission.county, "village_group", submission.period]
        of_village = [each for each in groups.rows if each.place.code == row.code]
        if not of_village or groups.problem or any(each.fault for each in of_village):
            return None
        total = sum(
            value for each in of_village if isinstance(value := groups.value(each, "party_members"), int)
        )
        if total < 20:
            return None
        row.values[submission.position("party_members")] = total - 1
        for part, whole in submission.form.pairs:
            value = submission.value(row, part)
            if whole == "party_members" and isinstance(value, int):
                row.values[submission.position(part)] = min(value, total - 1)
        taken.update(("village_group", each.code) for each in of_village)
        return [row]

    return plant_in


# --- towns and counties -------------------------------------------------------------------------------


def two_more_open(name: str) -> Plant:
    """Open concerns that are not those open before, plus raised, less resolved."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        value = submission.value(row, name)
        if not isinstance(value, int):
            return None
        row.values[submission.position(name)] = value + 2
        return [row]

    return plant_in


def centres_above_units(population: Population) -> Plant:
    """A town with more centres than itself and its villages and communities together."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        units = sum(place.town == row.code for place in population.tree.places)
        row.values[submission.position("service_centres")] = units + 4
        return [row]

    return plant_in


def above_villages(population: Population) -> Plant:
    """A town with more villages of overseas Chinese than villages."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        units = sum(place.town == row.code for place in population.tree.villages)
        if not 0 < units < 38:
            return None
        row.values[submission.position("overseas_villages")] = units + 2
        return [row]

    return plant_in


def leaders_above_groups(submissions: dict[Key, Submission]) -> Plant:
    """More group leaders due for training than the groups of the town report."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        month = last_month(submission.period)
        groups = submissions.get((submission.county, "village_group", month))
        if groups is None or groups.problem:
            return None
        leaders = [groups.value(each, "leaders") for each in groups.rows if each.place.town == row.code]
        total = sum(each for each in leaders if isinstance(each, int))
        if total < 5:
            return None
        row.values[submission.position("group_leaders_due")] = total + 5
        return [row]

    return plant_in


def posts_below_units(submission: Submission, row: Row) -> list[Row] | None:
    """One post fewer than the county has villages."""
    posts, in_post = submission.value(row, "posts_village"), submission.value(row, "secretaries_village")
    if not isinstance(posts, int) or not isinstance(in_post, int):
        return None
    row.values[submission.position("posts_village")] = posts - 1
    row.values[submission.position("secretaries_village")] = min(in_post, posts - 1)
    return [row]


def graded_below(submissions: dict[Key, Submission]) -> Plant:
    """Fewer secretaries graded in the county than its villages report as graded."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        villages = submissions.get((submission.county, "village", last_month(submission.period)))
        if villages is None or villages.problem:
            return None
        graded = [
            each for each in villages.rows if not each.is_rejected and villages.value(each, "secretary_grade")
        ]
        if len(graded) < 3:
            return None
        row.values[submission.position("secretaries_graded")] = len(graded) // 2
        return [row]

    return plant_in


def cases_above_clues(submissions: dict[Key, Submission]) -> Plant:
    """More cases opened than clues received, in the last quarter served, so that no later figure falls;
    the further cases are all still open.
    """

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        clues, opened, still_open = (
            submission.value(row, name) for name in ("clues_received", "cases_opened", "cases_open")
        )
        if (submission.county, submission.form.code, shift(submission.period, 1)) in submissions:
            return None
        if not (isinstance(clues, int) and isinstance(opened, int) and isinstance(still_open, int)):
            return None
        row.values[submission.position("cases_opened")] = clues + 1
        row.values[submission.position("cases_open")] = still_open + clues + 1 - opened
        return [row]

    return plant_in
