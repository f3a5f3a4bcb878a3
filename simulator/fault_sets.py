"""The default set of faults in rows: the kind, the form and field, the rule that has to find it.

In: the city, and the submissions held. Out: lists of faults in the order in which `faults` plants them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from simulator import contradictions, headers, plants
from simulator.forms import FORMS
from simulator.plants import Plant
from simulator.population import Population
from simulator.submissions import Key, Submission

Effect = Literal[
    "row_rejected", "submission_returned", "submission_withheld", "submission_held", "warning", "none"
]

ALL = ("440704", "440705", "440781", "440783", "440784", "440785")
UNTYPED = ("440704", "440705", "440781", "440784", "440785")  # a database's number columns hold no text
TEXTS = ("440781", "440784", "440785")  # numbers are texts
FILES = ("440781", "440785")  # CSV
NO_TOTALS = ("440704", "440781", "440784", "440785")  # half a household would make a 合计 ambiguous
CHECKS = {  # kind -> the check that has to find it: the last word of a rule's id, <form>.<field>.<check>
    "text_in_number": "type",
    "unit_in_number": "with_unit",
    "letter_o": "type",
    "decimal_in_integer": "type",
    "negative_count": "not_negative",
    "duplicate_key": "unique",
    "malformed_key": "format",
    "blank_key": "present",
    "unknown_unit": "known",
    "other_county_unit": "known",
    "unexpected_unit": "known",
    "unknown_enum": "enum",
    "required_blank": "present",
    "ytd_falls": "does_not_fall",
    "branch_below_three": "own_branch_has_members",
    "members_above_residents": "within_residents",
    "groups_above_village": "covers_groups",
    "text_in_date": "type",
    "part_above_sum": "within_concerns",
    "open_does_not_balance": "balances",
    "centres_above_units": "one_a_unit",
    "leaders_above_groups": "as_groups",
    "overseas_above_villages": "among_villages",
    "posts_below_units": "one_a_unit",
    "graded_below_villages": "covers_villages",
    "cases_above_clues": "at_most_clues_received",
    "due_after_plan": "within_the_plan",
    "done_without_evidence": "present_when_done",
    "name_of_another_unit": "another_name",
    "name_of_another_task": "another_name",
    "impossible_number": "possible",
    "subtotal_row": "not_a_total",
    "dash_alone": "dash",
    "card_number": "too_large",
    "shortened_code": "shortened",
    "undeclared_total": "total",
    "note_below": "note",
    "loose_number": "loose",
    "percent_in_amount": "percent",
    "towns_subtotal": "level",
    "average": "extra",
    "page_number": "page",
    "zeros": "zeros",
    "nameless_total": "subtotal",
    "sum_of_siblings": "not_a_sum",
    "year_goes_on": "starts_anew",
}


@dataclass(frozen=True)
class RowFault:
    """A fault to plant. `field`: the wrong one; `check`: the check that has to find it; `is_past`: not in the reporting
    month, whose figures people look at first.
    """

    kind: str
    form: str
    field: str
    plant: Plant
    counties: tuple[str, ...] = ALL
    effect: Effect = "row_rejected"
    check: str = ""
    is_past: bool = False

    @property
    def expected_rule(self) -> str:
        """The id of the rule that the row breaks."""
        return f"{self.form}.{self.field}.{self.check or CHECKS[self.kind]}"


def row_faults(population: Population) -> list[RowFault]:
    """Row faults of the forms of groups, villages and communities, in the order in which they are planted."""
    group, village, community = "village_group", "village", "community"
    instead, mean = plants.write_instead, plants.mean
    about, pieces, half = "约{}".format, "{}个".format, (lambda number: number + 0.5)
    faults = [
        RowFault("text_in_number", group, "residents", instead("residents", about), UNTYPED),
        RowFault("text_in_number", village, "trees_planted", instead("trees_planted", about), UNTYPED),
        RowFault("unit_in_number", community, "grids", instead("grids", pieces), UNTYPED),
        RowFault("letter_o", group, "residents", plants.letter_o("residents"), UNTYPED),
        RowFault("letter_o", community, "party_members", plants.letter_o("party_members"), UNTYPED),
        RowFault("decimal_in_integer", group, "households", instead("households", half), NO_TOTALS),
        RowFault("decimal_in_integer", village, "party_members", instead("party_members", half), NO_TOTALS),
        RowFault("negative_count", group, "major_matters", mean("major_matters", -3)),
        RowFault("negative_count", village, "professional_managers", mean("professional_managers", -1)),
        RowFault("negative_count", community, "grid_volunteers", mean("grid_volunteers", -2)),
    ]
    for form in (FORMS[group], FORMS[village], FORMS[community]):
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
    silent = plants.silent_unit(population)
    faults.append(RowFault("unexpected_unit", community, keys[community], silent))
    for form_code, name, word in ((group, "org_setup", "党总支"), (village, "strong_company", "其他")):
        faults.append(RowFault("unknown_enum", form_code, name, mean(name, word)))
    for form_code, name in ((group, "leaders"), (village, "collective_income"), (community, "grids")):
        assert name in headers.required(form_code)
        faults.append(RowFault("required_blank", form_code, name, plants.blank(name)))
    return faults


def warnings(held: dict[Key, Submission], taken: set[tuple[str, str]]) -> list[RowFault]:
    """Possible but unlikely rows of these forms: accepted and flagged."""
    group, village, community = "village_group", "village", "community"
    falling = ((group, "major_matters"), (village, "trees_planted"), (community, "workers_trained"))
    faults = [RowFault("ytd_falls", form, name, contradictions.fall(name, held)) for form, name in falling]
    faults += [RowFault("branch_below_three", group, "org_setup", contradictions.branch_of_two)] * 2
    more, below = (
        contradictions.more_members_than_residents,
        contradictions.village_below_its_groups(held, taken),
    )
    faults.append(RowFault("members_above_residents", group, "party_members", more))
    faults.append(RowFault("groups_above_village", village, "party_members", below))
    return [replace(fault, effect="warning") for fault in faults]


# --- towns, counties, tasks: few rows, so each kind once in some of the forms, and most rows stay good ----


def further_row_faults(population: Population) -> list[RowFault]:
    """Row faults of the forms of towns, counties and tasks."""
    service, training, overseas = "town_service", "town_training", "town_overseas"
    secretaries, oversight, traditional = "county_secretaries", "county_oversight", "county_traditional"
    emerging, milestones = "county_emerging", "county_milestones"
    instead, mean, pair = plants.write_instead, plants.mean, plants.part_above
    about, half = "约{}".format, (lambda number: number + 0.5)
    faults = [
        RowFault("part_above_whole", form, part, pair(part, whole), check=f"within_{whole}")
        for form in (service, training, overseas)
        for part, whole in FORMS[form].pairs
    ]
    for form, part, whole in (  # one a form: a county has one row
        (secretaries, "secretaries_village", "posts_village"),
        (traditional, "four_strong_branches", "agency_branches"),
        (emerging, "new_employment_covered", "new_employment_workers"),
    ):
        faults.append(RowFault("part_above_whole", form, part, pair(part, whole), check=f"within_{whole}"))
    more = plants.resolved_above_raised
    faults += [
        RowFault("part_above_sum", service, "concerns_resolved", more),
        RowFault("text_in_number", training, "members_due", instead("members_due", about), UNTYPED),
        RowFault(
            "text_in_number", secretaries, "posts_community", instead("posts_community", about), UNTYPED
        ),
        RowFault("letter_o", service, "households_due", plants.letter_o("households_due"), UNTYPED),
        RowFault(
            "decimal_in_integer", overseas, "overseas_villages", instead("overseas_villages", half), NO_TOTALS
        ),
        RowFault("decimal_in_integer", oversight, "cases_opened", instead("cases_opened", half), NO_TOTALS),
        RowFault("negative_count", service, "mobilisations", mean("mobilisations", -1)),
        RowFault("negative_count", oversight, "clues_received", mean("clues_received", -4)),
        RowFault("text_in_date", milestones, "due_date", plants.words_instead("due_date", "年底前"), UNTYPED),
        RowFault("unknown_enum", milestones, "status", mean("status", "基本完成")),
        RowFault("unknown_enum", milestones, "status", mean("status", "进行中"), ("440799",)),
    ]
    for kind, forms, plant in (
        ("duplicate_key", (training, traditional, milestones), plants.duplicate),
        ("malformed_key", (service, milestones), plants.malformed_key),
        ("blank_key", (overseas, milestones), plants.blank_key),
        ("unknown_unit", (service, oversight, milestones), plants.unknown_unit(population)),
        ("other_county_unit", (training, traditional, milestones), plants.other_county(population)),
    ):
        faults += [RowFault(kind, form, FORMS[form].key, plant) for form in forms]
    for form, name in (
        (service, "members_due_check_in"),
        (emerging, "enterprises_eligible"),
        (milestones, "status"),
    ):
        assert name in headers.required(form)
        faults.append(RowFault("required_blank", form, name, plants.blank(name)))
    return faults


def last_row_faults(held: dict[Key, Submission]) -> list[RowFault]:
    """Rows that are no unit's, numbers that no unit can have, what office programs make of cells; planted last."""
    group, village, service = "village_group", "village", "town_service"
    mean, instead, gardens = plants.mean, plants.write_instead, "small_gardens"
    adds_up, goes_on = contradictions.sum_of_siblings(held), contradictions.goes_on("trees_planted", held)
    past = [
        RowFault("card_number", group, "residents", instead("residents", plants.card_number), TEXTS),
        RowFault("shortened_code", village, FORMS[village].key, plants.shortened, TEXTS),
        RowFault("undeclared_total", service, FORMS[service].key, plants.undeclared_total, TEXTS),
        RowFault("note_below", village, FORMS[village].key, plants.note_below, FILES),
        RowFault("dash_alone", village, gardens, plants.dash(gardens), UNTYPED, "warning"),
        RowFault("sum_of_siblings", village, FORMS[village].key, adds_up, effect="warning"),
    ]
    percent = plants.words_instead("operating_income", "12.5%")
    further_past = [
        RowFault("loose_number", service, FORMS[service].key, plants.loose_number, TEXTS),
        RowFault("percent_in_amount", village, "operating_income", percent, TEXTS),
        RowFault("towns_subtotal", village, FORMS[village].key, plants.towns_subtotal, TEXTS),
        RowFault("average", village, FORMS[village].key, plants.average, ("440704", *TEXTS)),
        RowFault("page_number", group, FORMS[group].key, plants.page_number, TEXTS),
        RowFault("zeros", group, FORMS[group].key, plants.zeros, TEXTS),
        RowFault("nameless_total", group, FORMS[group].key, plants.nameless_total, ("440704", *TEXTS)),
    ]
    return [
        RowFault("subtotal_row", group, FORMS[group].key, plants.subtotal, NO_TOTALS),
        RowFault("impossible_number", group, "major_matters", mean("major_matters", 88_888_888)),
        RowFault("impossible_number", village, "trees_planted", mean("trees_planted", 888_888_888)),
        RowFault("impossible_number", service, "mobilisations", mean("mobilisations", 88_888_888)),
        *(replace(fault, is_past=True) for fault in past),
        RowFault("year_goes_on", village, "trees_planted", goes_on, effect="warning"),
        *(replace(fault, is_past=True) for fault in further_past),
    ]


def further_warnings(population: Population, held: dict[Key, Submission]) -> list[RowFault]:
    """Rows of these forms that are possible but unlikely, or contradict other forms or the tree; a name astray."""
    service, training, overseas = "town_service", "town_training", "town_overseas"
    secretaries, oversight, emerging = "county_secretaries", "county_oversight", "county_emerging"
    milestones, more = "county_milestones", contradictions.two_more_open
    faults = [
        RowFault("ytd_falls", service, "households_visited", contradictions.fall("households_visited", held)),
        RowFault("ytd_falls", training, "class_attendances", contradictions.fall("class_attendances", held)),
        RowFault("open_does_not_balance", service, "concerns_open", more("concerns_open")),
        RowFault("open_does_not_balance", oversight, "cases_open", more("cases_open")),
        RowFault("open_does_not_balance", emerging, "difficulties_open", more("difficulties_open")),
        RowFault(
            "centres_above_units", service, "service_centres", contradictions.centres_above_units(population)
        ),
        RowFault(
            "leaders_above_groups", training, "group_leaders_due", contradictions.leaders_above_groups(held)
        ),
        RowFault(
            "overseas_above_villages",
            overseas,
            "overseas_villages",
            contradictions.above_villages(population),
        ),
        RowFault("posts_below_units", secretaries, "posts_village", contradictions.posts_below_units),
        RowFault(
            "graded_below_villages", secretaries, "secretaries_graded", contradictions.graded_below(held)
        ),
        RowFault("cases_above_clues", oversight, "cases_opened", contradictions.cases_above_clues(held)),
        RowFault("due_after_plan", milestones, "due_date", plants.mean("due_date", "2027-03-31")),
        RowFault("done_without_evidence", milestones, "evidence_no", plants.mean("evidence_no", None)),
        RowFault("name_of_another_unit", "village", FORMS["village"].key, plants.name_of_another),
        RowFault("name_of_another_task", milestones, FORMS[milestones].key, plants.name_of_another),
    ]
    return [replace(fault, effect="warning") for fault in faults]
