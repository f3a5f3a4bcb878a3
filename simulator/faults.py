"""Plants what is wrong in what counties send, and writes down what was planted. In: submissions. Out: the list.

Row faults: one to three of each kind over counties, forms and months; a row has at most one, and a unit has at
most one over all months. Submission faults: fixed places, so that most counties have headline figures.
440703 is clean. A fault that finds no row that suits it is left out of the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from simulator import headers
from simulator.forms import FORMS
from simulator.periods import shift
from simulator.population import Population
from simulator.submissions import Key, Row, Submission
from simulator.tree import Place

Effect = Literal["row_rejected", "submission_returned", "submission_withheld", "warning", "none"]
Plant = Callable[
    [Submission, Row], "list[Row] | None"
]  # the rows that carry the fault; None: the row does not suit

CLEAN = "440703"
UNTYPED = (
    "440704",
    "440705",
    "440781",
    "440784",
    "440785",
)  # cells can hold any text there; a database's cannot
NO_TOTALS = ("440704", "440781", "440784", "440785")  # a sum over a wrong cell would be ambiguous elsewhere
# the resident ID number that GB 11643 itself prints as its example: valid, and nobody's
PUBLISHED_EXAMPLE = "11010519491231002X"
ALL = ("440704", "440705", "440781", "440783", "440784", "440785")


@dataclass(frozen=True)
class RowFault:
    """What to plant where: `field` is the one that the fault is in; `rule` names the check that has to find it."""

    kind: str
    form: str
    field: str
    rule: str
    plant: Plant
    effect: Effect = "row_rejected"
    counties: tuple[str, ...] = ALL
    needs_earlier_month: bool = False


@dataclass
class Planter:
    """Keeps the books: which rows are taken, how many faults each place has, and the list of what was planted."""

    population: Population
    submissions: dict[Key, Submission]
    months: list[str]
    planted: list[dict[str, Any]] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
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
        """Add an entry to the list; its row ordinals are filled in by `number_rows` when all is planted."""
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
    """Plant the default set. Returns the manifest's `faults`; rows in it are numbered as they are sent, from 1."""
    planter = Planter(population, submissions, months)
    _submission_faults(planter)
    rng = population.rng("faults", len(months))
    for fault in row_faults(population) + _warnings(planter):
        _plant_one(planter, fault, rng)
    for submission in submissions.values():
        submission.rows.sort(key=lambda row: row.code)  # stable: a duplicate stays beside its original
    _number_rows(planter)
    return planter.planted


def _plant_one(planter: Planter, fault: RowFault, rng: np.random.Generator) -> None:
    months = planter.months[1:] if fault.needs_earlier_month else planter.months
    places = [
        submission
        for county in fault.counties
        for period in months
        if (submission := planter.submission(county, fault.form, period))
        and submission.problem is None
        and submission.is_published
        and not (
            fault.needs_earlier_month and (period.endswith("-01") or not _has_earlier(planter, submission))
        )
    ]
    order = rng.permutation(len(places)).tolist()
    for index in sorted(
        order, key=lambda index: _load(planter, places[index])
    ):  # stable: the order breaks ties
        submission = places[index]
        for number in rng.permutation(len(submission.rows))[:400].tolist():
            row = submission.rows[number]
            if row.code in planter.taken:
                continue
            before = _earlier(planter, submission, row) if fault.needs_earlier_month else None
            if fault.needs_earlier_month and before is None:
                continue
            rows = _fall(submission, row, before, fault.field) if before else fault.plant(submission, row)
            if rows is None:
                continue
            planter.taken.update(each.code for each in rows)
            planter.load[submission.key] += 1
            number_text = planter.record(
                submission, fault.kind, fault.effect, fault.rule, field=fault.field, rows=rows
            )
            for each in rows:
                each.fault, each.is_rejected = number_text, fault.effect == "row_rejected"
            return


def _load(planter: Planter, submission: Submission) -> tuple[int, int]:
    in_county = sum(count for key, count in planter.load.items() if key[0] == submission.county)
    return in_county, planter.load[submission.key]


def _has_earlier(planter: Planter, submission: Submission) -> bool:
    earlier = planter.submission(submission.county, submission.form.code, shift(submission.period, -1))
    return earlier is not None and earlier.problem is None


def _earlier(planter: Planter, submission: Submission, row: Row) -> Row | None:
    earlier = planter.submissions[submission.county, submission.form.code, shift(submission.period, -1)]
    return next((each for each in earlier.rows if each.code == row.code), None)


def _number_rows(planter: Planter) -> None:
    ordinals: dict[str, list[tuple[int, str]]] = {}
    for submission in planter.submissions.values():
        for ordinal, row in enumerate(submission.rows, start=1):
            if row.fault:
                ordinals.setdefault(row.fault, []).append((ordinal, row.code))
    for entry in planter.planted:
        found = ordinals.get(entry["id"], [])
        entry["rows"] = [{"unit": code, "row": ordinal} for ordinal, code in found]


# --- single cells ---------------------------------------------------------------------------------------------


def _change(name: str, change: Callable[[int], Any], least: int = 0) -> Plant:
    """Write something else than the number that is meant, where the number is at least `least`."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        value = submission.value(row, name)
        if not isinstance(value, int) or value < least:
            return None
        row.write(name, change(value))
        return [row]

    return plant_in


def _set(name: str, value: Any, *, least: int | None = None) -> Plant:
    """The county means, and writes, this value."""

    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        held = submission.value(row, name)
        if held is None or (least is not None and (not isinstance(held, int) or held < least)):
            return None
        row.values[submission.position(name)] = value
        return [row]

    return plant_in


def _blank(name: str) -> Plant:
    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        row.values[submission.position(name)] = None
        row.write(name, None)
        return [row]

    return plant_in


def _letter_o(name: str) -> Plant:
    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        text = str(submission.value(row, name))
        if "0" not in text or len(text) < 2:
            return None
        row.write(name, text.replace("0", "O"))
        return [row]

    return plant_in


def _part_above(part: str, whole: str) -> Plant:
    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        limit = submission.value(row, whole)
        if limit is None or submission.value(row, part) is None:
            return None
        above = limit + 2 if isinstance(limit, int) else f"{float(str(limit)) + 1:.2f}"
        row.values[submission.position(part)] = above
        return [row]

    return plant_in


# --- keys and units -------------------------------------------------------------------------------------------


def _duplicate(submission: Submission, row: Row) -> list[Row] | None:
    twin = row.copy()
    position = submission.position(submission.form.jiggle)
    value = row.values[position]
    if not isinstance(value, int):
        return None
    twin.values[position] = value + 1
    submission.rows.append(twin)
    return [row, twin]


def _malformed_key(submission: Submission, row: Row) -> list[Row] | None:
    row.write(submission.form.key, row.code[:13] if len(row.code) == 14 else row.code + "0")
    return [row]


def _blank_key(submission: Submission, row: Row) -> list[Row] | None:
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
        stranger.place = Place(other[:12], row.place.name, row.place.is_village)
        submission.rows.append(stranger)
        return [stranger]

    return plant_in


def _unknown_unit(population: Population) -> Plant:
    def code(submission: Submission, row: Row) -> str | None:
        serials = range(199, 150, -1) if submission.form.grain == "community" else range(299, 250, -1)
        free = (f"{row.place.town}{serial}" for serial in serials)
        unknown = next(each for each in free if each not in population.tree.codes)
        return unknown + ("01" if submission.form.grain == "group" else "")

    return _extra(code)


def _other_county(population: Population) -> Plant:
    def code(submission: Submission, row: Row) -> str | None:
        grain, tree = submission.form.grain, population.tree
        places = tree.communities if grain == "community" else tree.villages
        others = [place for place in places if place.county not in (submission.county, CLEAN)]
        place = others[(int(row.code[-4:]) * 37) % len(others)]
        return place.code + ("01" if grain == "group" else "")

    return _extra(code)


# --- warnings -------------------------------------------------------------------------------------------------


def _fall(submission: Submission, row: Row, before: Row, name: str) -> list[Row] | None:
    """A year-to-date figure below last month's."""
    position = submission.position(name)
    last, now = before.values[position], row.values[position]
    if not isinstance(last, int) or not isinstance(now, int) or last < 2 or before.fault:
        return None
    for part, whole in submission.form.pairs:
        if whole == name and isinstance(some := submission.value(row, part), int) and some > last - 1:
            return None
    row.values[position] = last - 1
    return [row]


def _branch_of_two(submission: Submission, row: Row) -> list[Row] | None:
    members = submission.value(row, "party_members")
    if not isinstance(members, int) or not 0 < members < 3 or submission.value(row, "org_setup") is None:
        return None
    row.values[submission.position("org_setup")] = "单独支部"
    return [row]


def _more_members_than_residents(submission: Submission, row: Row) -> list[Row] | None:
    members, leaders = submission.value(row, "party_members"), submission.value(row, "leaders")
    if not isinstance(members, int) or members < 9 or not isinstance(leaders, int) or leaders > 2:
        return None
    row.values[submission.position("residents")] = members - 1
    row.values[submission.position("households")] = (members - 1) // 4
    return [row]


def _village_below_its_groups(planter: Planter) -> Plant:
    def plant_in(submission: Submission, row: Row) -> list[Row] | None:
        groups = planter.submissions[submission.county, "village_group", submission.period]
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
        planter.taken.update(each.code for each in of_village)
        return [row]

    return plant_in


# --- the default set ------------------------------------------------------------------------------------------


def row_faults(population: Population) -> list[RowFault]:
    """The default set of row faults, in the order in which they are planted."""
    group, village, community = "village_group", "village", "community"
    unknown, other = _unknown_unit(population), _other_county(population)
    faults = [
        RowFault("text_in_number", group, "residents", "type", _change("residents", "约{}".format), counties=UNTYPED),
        RowFault("text_in_number", village, "trees_planted", "type", _change("trees_planted", "约{}".format), counties=UNTYPED),
        RowFault("text_in_number", community, "grids", "type", _change("grids", "{}个".format), counties=UNTYPED),
        RowFault("letter_o", group, "residents", "type", _letter_o("residents"), counties=UNTYPED),
        RowFault("letter_o", community, "party_members", "type", _letter_o("party_members"), counties=UNTYPED),
        RowFault("decimal_in_integer", group, "households", "type", _change("households", lambda n: n + 0.5), counties=NO_TOTALS),
        RowFault("decimal_in_integer", village, "party_members", "type", _change("party_members", lambda n: n + 0.5), counties=NO_TOTALS),
        RowFault("negative_count", group, "major_matters", "not_negative", _set("major_matters", -3)),
        RowFault("negative_count", village, "professional_managers", "not_negative", _set("professional_managers", -1)),
        RowFault("negative_count", community, "grid_volunteers", "not_negative", _set("grid_volunteers", -2)),
    ]  # fmt: skip
    for form in FORMS.values():
        for part, whole in form.pairs:
            faults.append(
                RowFault("part_above_whole", form.code, part, f"{part}<={whole}", _part_above(part, whole))
            )
    for form_code, count in ((group, 2), (village, 1), (community, 1)):
        key = FORMS[form_code].key
        faults += [RowFault("duplicate_key", form_code, key, "key_unique", _duplicate)] * count
    faults += [
        RowFault("malformed_key", group, "group_code", "key_well_formed", _malformed_key),
        RowFault("malformed_key", village, "village_code", "key_well_formed", _malformed_key),
        RowFault("blank_key", group, "group_code", "key_present", _blank_key),
        RowFault("blank_key", community, "community_code", "key_present", _blank_key),
        RowFault("unknown_unit", group, "group_code", "unit_known", unknown),
        RowFault("unknown_unit", village, "village_code", "unit_known", unknown),
        RowFault("unknown_unit", community, "community_code", "unit_known", unknown),
        RowFault("other_county_unit", group, "group_code", "unit_known", other),
        RowFault("other_county_unit", village, "village_code", "unit_known", other),
        RowFault("unknown_enum", group, "org_setup", "enum", _set("org_setup", "党总支")),
        RowFault("unknown_enum", village, "strong_company", "enum", _set("strong_company", "其他")),
    ]
    faults += [
        RowFault("required_blank", form, name, "required", _blank(name))
        for form, name in ((group, "leaders"), (village, "collective_income"), (community, "grids"))
        if name in headers.required(form)
    ]
    return faults


def _warnings(planter: Planter) -> list[RowFault]:
    group, village, community = "village_group", "village", "community"
    nothing: Plant = lambda submission, row: None  # noqa: E731  (planted by _fall, which needs the month before)
    return [
        RowFault("ytd_falls", group, "major_matters", "ytd_falls", nothing, "warning", needs_earlier_month=True),
        RowFault("ytd_falls", village, "trees_planted", "ytd_falls", nothing, "warning", needs_earlier_month=True),
        RowFault("ytd_falls", community, "workers_trained", "ytd_falls", nothing, "warning", needs_earlier_month=True),
        RowFault("branch_below_three", group, "org_setup", "branch_members", _branch_of_two, "warning"),
        RowFault("branch_below_three", group, "org_setup", "branch_members", _branch_of_two, "warning"),
        RowFault(
            "members_above_residents", group, "party_members", "party_members<=residents",
            _more_members_than_residents, "warning",
        ),
        RowFault(
            "groups_above_village", village, "party_members", "sum_group_members<=party_members",
            _village_below_its_groups(planter), "warning",
        ),
    ]  # fmt: skip


# --- whole submissions ----------------------------------------------------------------------------------------


def _submission_faults(planter: Planter) -> None:
    """Fixed places, counted back from the reporting month; those before the first served month are left out."""
    last = planter.months[-1]
    ago = {back: shift(last, -back) for back in range(4)}

    if found := planter.submission("440705", "community", ago[2]):
        found.wrong_total = "party_members"
        _return(planter, found, "wrong_total", "total_differs", "party_members")
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
            _return(planter, found, "truncated_upload", "unreadable")
        if found := planter.submission("440785", form, last):
            found.is_published = False
            found.problem, found.problem_status = "late", "late"
            planter.record(found, "late_county", "none", "late")
    if found := planter.submission("440704", "community", ago[2]):
        found.unknown_header = "是否示范社区"
        _return(planter, found, "unknown_header", "unknown_header", "是否示范社区")
    if found := planter.submission("440781", "village", ago[2]):
        found.missing_field = "collective_income"
        _return(planter, found, "missing_column", "missing_column", "collective_income")


def _return(planter: Planter, submission: Submission, kind: str, rule: str, name: str | None = None) -> None:
    submission.problem, submission.problem_status = kind, "returned"
    planter.record(submission, kind, "submission_returned", rule, field=name)
