"""What can be wrong with a row, one function each.

In: a submission and a row of it. Out: the rows that carry the fault.

A plant answers None where the row does not suit it, and then has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.periods import begins_year, last_month, shift
from simulator.population import Population
from simulator.submissions import Key, Row, Submission
from simulator.tree import Place

Plant = Callable[[Submission, Row], "list[Row] | None"]

CLEAN = "440703"  # nothing is ever wrong there


# --- single cells -------------------------------------------------------------------------------------


def write_instead(name: str, change: Callable[[int], Any], least: int = 0) -> Plant:
    """Write something else than the number that is meant, where the number is at least `least`."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        value = submission.value(row, name)
        if not isinstance(value, int) or value < least:
            return None
        row.write(name, change(value))
        return [row]

    return plant_in


def mean(name: str, value: Any, *, least: int | None = None) -> Plant:
    """The county means, and writes, this value."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        held = submission.value(row, name)
        if held is None or (least is not None and (not isinstance(held, int) or held < least)):
            return None
        row.values[submission.position(name)] = value
        return [row]

    return plant_in


def blank(name: str) -> Plant:
    """A required field left blank."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        row.values[submission.position(name)] = None
        row.write(name, None)
        return [row]

    return plant_in


def words_instead(name: str, text: str) -> Plant:
    """Words where a date belongs."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        if submission.value(row, name) is None:
            return None
        row.write(name, text)
        return [row]

    return plant_in


def letter_o(name: str) -> Plant:
    """The letter O where a zero belongs."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        text = str(submission.value(row, name))
        if "0" not in text or len(text) < 2:
            return None
        row.write(name, text.replace("0", "O"))
        return [row]

    return plant_in


def part_above(part: str, whole: str) -> Plant:
    """A part two above its whole; for amounts, one above."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        limit = submission.value(row, whole)
        if limit is None or submission.value(row, part) is None:
            return None
        above = limit + 2 if isinstance(limit, int) else f"{float(str(limit)) + 1:.2f}"
        row.values[submission.position(part)] = above
        return [row]

    return plant_in


# --- keys and units -----------------------------------------------------------------------------------


def duplicate(submission: Submission, row: Row) -> list[Row] | None:
    """The unit's row a second time, with another figure: nobody can say which is right."""
    twin = row.copy()
    position = submission.position(submission.form.jiggle)
    value = row.values[position]
    if isinstance(value, int):
        twin.values[position] = value + 1
    elif isinstance(value, str):
        twin.values[position] = f"{value}（牵头）"
    else:
        return None
    submission.rows.append(twin)
    return [row, twin]


def malformed_key(submission: Submission, row: Row) -> list[Row] | None:
    """One digit lost of a group's 14, one too many for any other unit."""
    row.write(submission.form.key, row.code[:13] if len(row.code) == 14 else row.code + "0")
    return [row]


def blank_key(submission: Submission, row: Row) -> list[Row] | None:
    """A row that says of no unit that it is its own."""
    row.write(submission.form.key, None)
    return [row]


def _extra(code: Callable[[Submission, Row], str | None]) -> Plant:
    """One more row, of a unit that is not the county's to report."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        other = code(submission, row)
        if other is None or any(each.code == other for each in submission.rows):
            return None
        stranger = row.copy()
        stranger.code = other
        stranger.place = Place(other[: len(row.place.code)], row.place.name, row.place.is_village)
        submission.rows.append(stranger)
        return [stranger]

    return plant_in


def unknown_unit(population: Population) -> Plant:
    """A row of a place that the tree does not have."""

    def code(submission: Submission, row: Row) -> str | None:
        grain, known = submission.form.grain, population.tree.codes
        if grain in ("county", "task"):
            return "440797" + row.code[6:]  # a task's number stays
        if grain == "town":
            stem, serials = row.place.county, range(99, 50, -1)
        else:
            stem, serials = row.code[:9], range(199, 150, -1) if grain == "community" else range(299, 250, -1)
        unknown = next(each for serial in serials if (each := f"{stem}{serial:03d}") not in known)
        return unknown + ("01" if grain == "group" else "")

    return _extra(code)


def other_county(population: Population) -> Plant:
    """A row of a unit that another county reports."""

    def code(submission: Submission, row: Row) -> str | None:
        grain, tree = submission.form.grain, population.tree
        places = {
            "community": tree.communities,
            "town": tree.town_places,
            "county": tree.county_places,
            "task": tree.county_places,
        }.get(grain, tree.villages)
        others = [place for place in places if place.county not in (submission.county, CLEAN)]
        if grain == "task":
            return others[int(row.code[-2:]) % len(others)].code + row.code[6:]
        place = others[(int(row.code[-4:]) * 37) % len(others)]
        return place.code + ("01" if grain == "group" else "")

    return _extra(code)


# --- warnings -----------------------------------------------------------------------------------------


def fall(name: str, submissions: dict[Key, Submission]) -> Plant:
    """A year-to-date figure below that of the period before, where that was reported and is right."""

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
    """A village that counts fewer members than its groups; they are taken too, so that their sum stays."""

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


def resolved_above_raised(submission: Submission, row: Row) -> list[Row] | None:
    """More concerns resolved than there were; what is open stays blank, as nobody could say."""
    start, raised = submission.value(row, "concerns_open_at_start"), submission.value(row, "concerns_raised")
    if not isinstance(start, int) or not isinstance(raised, int):
        return None
    row.values[submission.position("concerns_resolved")] = start + raised + 3
    row.values[submission.position("concerns_open")] = None
    return [row]


def two_more_open(name: str) -> Plant:
    """What is open is not what was, plus raised, less resolved."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        value = submission.value(row, name)
        if not isinstance(value, int):
            return None
        row.values[submission.position(name)] = value + 2
        return [row]

    return plant_in


def centres_above_units(population: Population) -> Plant:
    """A town with more centres than one, and one for each of its villages and communities."""

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
    """Fewer secretaries graded than the villages of the county say of their own."""

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


def cases_above_clues(submission: Submission, row: Row) -> list[Row] | None:
    """More cases opened than clues received; the further ones are all still open."""
    clues, opened, still_open = (
        submission.value(row, name) for name in ("clues_received", "cases_opened", "cases_open")
    )
    if not (isinstance(clues, int) and isinstance(opened, int) and isinstance(still_open, int)):
        return None
    row.values[submission.position("cases_opened")] = clues + 1
    row.values[submission.position("cases_open")] = still_open + clues + 1 - opened
    return [row]
