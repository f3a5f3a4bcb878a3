"""Plants what is wrong in what counties send, and writes down what was planted.

In: submissions. Out: the list.

Row faults: one to three of each kind over counties, forms and months; a row has at most one, and a unit has
at most one over all months. Submission faults: fixed places, so that most counties have headline figures.
440703 is clean. A fault that finds no row that suits it is left out of the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from simulator import headers, plants
from simulator.forms import FORMS
from simulator.periods import shift
from simulator.plants import Plant
from simulator.population import Population
from simulator.submissions import Key, Row, Submission

Effect = Literal["row_rejected", "submission_returned", "submission_withheld", "warning", "none"]

ALL = ("440704", "440705", "440781", "440783", "440784", "440785")
UNTYPED = ("440704", "440705", "440781", "440784", "440785")  # a database's columns hold no text for a number
NO_TOTALS = ("440704", "440781", "440784", "440785")  # half a household would make a 合计 ambiguous
# the resident ID number that GB 11643 itself prints as its example: valid, and nobody's
PUBLISHED_EXAMPLE = "11010519491231002X"

CHECKS = {  # what has to find each kind: the last word of a rule's id, <form>.<field>.<check>
    "text_in_number": "type",
    "letter_o": "type",
    "decimal_in_integer": "type",
    "negative_count": "not_negative",
    "duplicate_key": "unique",
    "malformed_key": "format",
    "blank_key": "present",
    "unknown_unit": "known",
    "other_county_unit": "known",
    "unknown_enum": "enum",
    "required_blank": "present",
    "ytd_falls": "does_not_fall",
    "branch_below_three": "own_branch_has_members",
    "members_above_residents": "within_residents",
    "groups_above_village": "covers_groups",
}


@dataclass(frozen=True)
class RowFault:
    """What to plant where; `field` is the one that is wrong, `check` the check of it that has to find it."""

    kind: str
    form: str
    field: str
    plant: Plant
    counties: tuple[str, ...] = ALL
    effect: Effect = "row_rejected"
    check: str = ""

    @property
    def expected_rule(self) -> str:
        """The id of the rule that the row has to break."""
        return f"{self.form}.{self.field}.{self.check or CHECKS[self.kind]}"


@dataclass
class Planter:
    """Keeps the books: which rows are taken, how many faults a place has, and what was planted."""

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
    for fault in row_faults(planter) + warnings(planter):
        _plant_one(planter, fault, rng)
    for submission in submissions.values():
        submission.rows.sort(key=lambda row: row.code)  # stable: a duplicate stays beside its original
    _number_rows(planter)
    return planter.planted


def _plant_one(planter: Planter, fault: RowFault, rng: np.random.Generator) -> None:
    """Plant a fault in the county and month that have fewest, in a row that suits it."""
    places = [
        submission
        for county in fault.counties
        for period in planter.months
        if (submission := planter.submission(county, fault.form, period)) and submission.problem is None
    ]
    order = [places[index] for index in rng.permutation(len(places)).tolist()]
    for submission in sorted(order, key=lambda each: _load(planter, each)):  # stable: the order breaks ties
        for number in rng.permutation(len(submission.rows))[:400].tolist():
            row = submission.rows[number]
            rows = None if row.code in planter.taken else fault.plant(submission, row)
            if rows is None:
                continue
            planter.taken.update(each.code for each in rows)
            planter.load[submission.key] += 1
            entry = planter.record(
                submission, fault.kind, fault.effect, fault.expected_rule, field=fault.field, rows=rows
            )
            for each in rows:
                each.fault, each.is_rejected = entry, fault.effect == "row_rejected"
            return


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


# --- the default set ----------------------------------------------------------------------------------


def row_faults(planter: Planter) -> list[RowFault]:
    """The default set of row faults, in the order in which they are planted."""
    group, village, community = "village_group", "village", "community"
    population, instead, mean = planter.population, plants.write_instead, plants.mean
    about, pieces, half = "约{}".format, "{}个".format, (lambda number: number + 0.5)
    faults = [
        RowFault("text_in_number", group, "residents", instead("residents", about), UNTYPED),
        RowFault("text_in_number", village, "trees_planted", instead("trees_planted", about), UNTYPED),
        RowFault("text_in_number", community, "grids", instead("grids", pieces), UNTYPED),
        RowFault("letter_o", group, "residents", plants.letter_o("residents"), UNTYPED),
        RowFault("letter_o", community, "party_members", plants.letter_o("party_members"), UNTYPED),
        RowFault("decimal_in_integer", group, "households", instead("households", half), NO_TOTALS),
        RowFault("decimal_in_integer", village, "party_members", instead("party_members", half), NO_TOTALS),
        RowFault("negative_count", group, "major_matters", mean("major_matters", -3)),
        RowFault("negative_count", village, "professional_managers", mean("professional_managers", -1)),
        RowFault("negative_count", community, "grid_volunteers", mean("grid_volunteers", -2)),
    ]
    for form in FORMS.values():
        for part, whole in form.pairs:
            plant = plants.part_above(part, whole)
            faults.append(RowFault("part_above_whole", form.code, part, plant, check=f"within_{whole}"))
    keys = {code: form.key for code, form in FORMS.items()}
    for kind, forms, plant in (
        ("duplicate_key", (group, group, village, community), plants.duplicate),
        ("malformed_key", (group, village), plants.malformed_key),
        ("blank_key", (group, community), plants.blank_key),
        ("unknown_unit", (group, village, community), plants.unknown_unit(population)),
        ("other_county_unit", (group, village), plants.other_county(population)),
    ):
        faults += [RowFault(kind, form_code, keys[form_code], plant) for form_code in forms]
    for form_code, name, word in ((group, "org_setup", "党总支"), (village, "strong_company", "其他")):
        faults.append(RowFault("unknown_enum", form_code, name, mean(name, word)))
    for form_code, name in ((group, "leaders"), (village, "collective_income"), (community, "grids")):
        assert name in headers.required(form_code)
        faults.append(RowFault("required_blank", form_code, name, plants.blank(name)))
    return faults


def warnings(planter: Planter) -> list[RowFault]:
    """The default set of what is possible but unlikely: accepted, and flagged."""
    group, village, community = "village_group", "village", "community"
    held = planter.submissions
    falling = ((group, "major_matters"), (village, "trees_planted"), (community, "workers_trained"))
    faults = [RowFault("ytd_falls", form, name, plants.fall(name, held)) for form, name in falling]
    faults += [RowFault("branch_below_three", group, "org_setup", plants.branch_of_two)] * 2
    more, below = plants.more_members_than_residents, plants.village_below_its_groups(held, planter.taken)
    faults.append(RowFault("members_above_residents", group, "party_members", more))
    faults.append(RowFault("groups_above_village", village, "party_members", below))
    return [replace(fault, effect="warning") for fault in faults]


# --- whole submissions --------------------------------------------------------------------------------


def _submission_faults(planter: Planter) -> None:
    """Fixed places, counted back from the reporting month; what lies before the first month is left out."""
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
