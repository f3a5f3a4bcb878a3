"""Faults that send a row back: one function for each kind.

In: a submission and a row of it. Out: the rows that carry the fault; None, and no change, where the row does not suit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.population import Population
from simulator.submissions import Row, Submission
from simulator.tree import Place

Plant = Callable[[Submission, Row], "list[Row] | None"]

CLEAN = "440703"  # no fault is planted in this county
TOTAL = "总计"
LOOSE = "零星数字"
AVERAGE, PAGE = "平均", "第1页"
ZEROS, NAMELESS = "零行", "无名合计"
NOTE = "注：数据来源于各村上报，截至月末。"


# --- single cells -------------------------------------------------------------------------------------


def write_instead(name: str, change: Callable[[int], Any], least: int = 0) -> Plant:
    """Write another text than the number meant, where the number is at least `least`."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        value = submission.value(row, name)
        if not isinstance(value, int) or value < least:
            return None
        row.write(name, change(value))
        return [row]

    return plant_in


def mean(name: str, value: Any, *, least: int | None = None) -> Plant:
    """Both mean and write this value."""

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


def dash(name: str) -> Plant:
    """A dash alone, as an accounting format shows zero: nobody knows whether it is one."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        if submission.value(row, name) is None:
            return None
        row.values[submission.position(name)] = None
        row.write(name, "-")
        return [row]

    return plant_in


def card_number(number: int) -> str:
    """An account number, pasted over a count."""
    return f"62284800{number:04d}"


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


def name_of_another(submission: Submission, row: Row) -> list[Row] | None:
    """The name of another unit, or task, of the report beside the row's code."""
    others = (each.name for each in submission.rows if each.name[:2] != row.name[:2])
    name = next(others, None)
    if name is None:
        return None
    row.write(submission.form.name_field, name)
    return [row]


# --- keys and units -----------------------------------------------------------------------------------


def duplicate(submission: Submission, row: Row) -> list[Row] | None:
    """The unit's row twice, with different figures: nobody can say which is right."""
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


def shortened(submission: Submission, row: Row) -> list[Row] | None:
    """A code that a spreadsheet program took for a number: 4.40781E+11."""
    row.write(submission.form.key, f"{int(row.code):.5E}")
    return [row]


def blank_key(submission: Submission, row: Row) -> list[Row] | None:
    """A row that names no unit."""
    row.write(submission.form.key, None)
    return [row]


def _extra(code: Callable[[Submission, Row], str | None]) -> Plant:
    """One more row, of a unit that the county must not report."""

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


def subtotal(submission: Submission, row: Row) -> list[Row] | None:
    """A line of a village's groups together, under the serial 00: it has a group's figures, and is no group."""
    return _extra(lambda _, each: each.code[:12] + "00")(submission, row)


def undeclared_total(submission: Submission, row: Row) -> list[Row] | None:
    """A last row that adds up the numbers above it, under a label that nobody declared."""
    total = _below(submission, row, TOTAL)
    for position, each in enumerate(submission.form.fields):
        numbers = [value for one in submission.rows if isinstance(value := one.values[position], int)]
        total.values[position] = sum(numbers) if each.type == "integer" else None
    submission.rows.append(total)
    return [total]


def loose_number(submission: Submission, row: Row) -> list[Row] | None:
    """A sum beside the table: a last row of one number."""
    loose = _below(submission, row, LOOSE)
    loose.write(submission.form.key, None)
    loose.write(submission.form.name_field, None)
    for each in submission.form.fields:
        loose.write(each.name, None)
    name = next(each.name for each in submission.form.fields if each.type == "integer")
    loose.write(name, sum(v for one in submission.rows if isinstance(v := submission.value(one, name), int)))
    submission.rows.append(loose)
    return [loose]


def towns_subtotal(submission: Submission, row: Row) -> list[Row] | None:
    """A line of a town's units together, under the town's code."""
    subtotal = _below(submission, row, row.code[:9])
    _add_up(submission, subtotal, [each for each in submission.rows if each.code[:9] == row.code[:9]])
    submission.rows.append(subtotal)
    return [subtotal]


def average(submission: Submission, row: Row) -> list[Row] | None:
    """A last row of averages."""
    last = _below(submission, row, AVERAGE)
    _add_up(submission, last, submission.rows)
    last.values = [value // len(submission.rows) if isinstance(value, int) else None for value in last.values]
    submission.rows.append(last)
    return [last]


def page_number(submission: Submission, row: Row) -> list[Row] | None:
    """A page's number below the table."""
    page = _below(submission, row, PAGE)
    for each in submission.form.fields:
        page.write(each.name, None)
    submission.rows.append(page)
    return [page]


def zeros(submission: Submission, row: Row) -> list[Row] | None:
    """A row of the template that nobody filled in: zeros without a code and a name."""
    empty = _nameless(submission, row, ZEROS)
    empty.values = [0 if each.type == "integer" else None for each in submission.form.fields]
    for each in submission.form.fields:
        if each.type == "integer":
            empty.write(each.name, 0)  # a template has no 无 for it
    submission.rows.append(empty)
    return [empty]


def nameless_total(submission: Submission, row: Row) -> list[Row] | None:
    """A last row that adds up all others and does not say so; where all numbers are written as they are meant."""
    if any(each.written or not each.code.isdecimal() for each in submission.rows):
        return None
    total = _nameless(submission, row, NAMELESS)
    _add_up(submission, total, submission.rows)
    submission.rows.append(total)
    return [total]


def _add_up(submission: Submission, total: Row, rows: list[Row]) -> None:
    for position, each in enumerate(submission.form.fields):
        if each.type == "integer":
            total.values[position] = sum(v for one in rows if isinstance(v := one.values[position], int))


def _nameless(submission: Submission, row: Row, label: str) -> Row:
    """As `_below`, without the label in the file."""
    below = _below(submission, row, label)
    below.write(submission.form.key, None)
    below.write(submission.form.name_field, None)
    return below


def note_below(submission: Submission, row: Row) -> list[Row] | None:
    """A note below the table, in the first column."""
    note = _below(submission, row, NOTE)
    for each in submission.form.fields:
        note.write(each.name, None)
    submission.rows.append(note)
    return [note]


def _below(submission: Submission, row: Row, label: str) -> Row:
    """A row of no unit, which comes behind all others."""
    below = row.copy()
    below.code, below.name, below.place = label, "", Place(submission.county, "")
    below.values = [None] * len(below.values)
    return below


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


def silent_unit(population: Population) -> Plant:
    """A row of a place that is in the tree, in the county, and does not report."""

    def code(submission: Submission, row: Row) -> str | None:
        tree = population.tree
        reporting = {place.code for place in tree.places}
        silent = (c for c in sorted(tree.codes - reporting) if len(c) == 12)
        return next((c for c in silent if c.startswith(submission.county)), None)

    return _extra(code)


def resolved_above_raised(submission: Submission, row: Row) -> list[Row] | None:
    """More concerns resolved than there were. Those open stay blank, as nobody could say."""
    start, raised = submission.value(row, "concerns_open_at_start"), submission.value(row, "concerns_raised")
    if not isinstance(start, int) or not isinstance(raised, int):
        return None
    row.values[submission.position("concerns_resolved")] = start + raised + 3
    row.values[submission.position("concerns_open")] = None
    return [row]
