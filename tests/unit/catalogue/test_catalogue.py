"""The frozen catalogue loads and holds what it must; a wrong one names file, key and what was allowed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from qiangji.catalogue import Catalogue, load
from qiangji.catalogue.checks import normal_header
from qiangji.catalogue.schemas import schemas
from qiangji.errors import CatalogueError, UsageError
from qiangji.periods import Period
from tests.frozen import paths as frozen

ROOT = Path(__file__).resolve().parents[3]
PATH, EXPECTATIONS = frozen.CATALOGUE, frozen.EXPECTATIONS

# Every indicator: initiative -> code -> headline, direction, and whether it counts persons by status.
INDICATORS: dict[str, dict[str, tuple[str, str, bool]]] = {
    "theory_political_ability": {
        "top_leader_training_rate": ("ytd", "up", True),
        "young_cadre_training_rate": ("ytd", "up", True),
    },
    "theory_rotation_training": {
        "member_training_rate": ("ytd", "up", True),
        "group_leader_training_rate": ("ytd", "up", True),
        "backbones_to_members_per_1000": ("ytd", "up", False),
        "members_to_backbones_per_1000": ("ytd", "up", False),
    },
    "theory_education_brands": {
        "brand_sessions_per_town": ("ytd", "up", False),
        "attendances_per_session": ("ytd", "none", False),
    },
    "members_lead_geese": {
        "secretary_graded_share": ("quarter", "up", False),
        "secretary_training_rate": ("ytd", "up", False),
        "secretary_vacancy_rate": ("quarter", "down", False),
    },
    "members_incentives": {
        "secretary_outlets_per_100": ("ytd", "up", False),
    },
    "members_double_service": {
        "member_check_in_rate": ("month", "up", True),
        "unit_check_in_rate": ("month", "up", False),
        "member_serving_share": ("month", "up", True),
        "members_per_mobilisation": ("ytd", "none", False),
    },
    "public_liaison": {
        "household_visit_rate": ("ytd", "up", False),
        "concern_resolution_rate": ("ytd", "up", False),
    },
    "public_service_centres": {
        "menu_publication_rate": ("month", "up", False),
        "activities_per_centre": ("month", "up", False),
        "new_group_activity_share": ("month", "none", False),
    },
    "public_clean_governance": {
        "clue_case_rate": ("ytd", "none", False),
        "case_closure_rate": ("ytd", "none", False),
    },
    "rural_two_coverages": {
        "group_leader_party_share": ("month", "up", True),
        "group_leader_vacancy_share": ("month", "down", False),
        "group_org_coverage": ("month", "up", False),
        "group_cell_share": ("month", "up", False),
        "group_any_coverage": ("month", "up", False),
        "groups_without_member_share": ("month", "down", False),
        "group_member_share": ("month", "none", True),
    },
    "rural_procedure": {
        "procedure_adoption_rate": ("ytd", "up", False),
    },
    "rural_collective_economy": {
        "income_per_village": ("ytd", "up", False),
        "operating_income_share": ("ytd", "up", False),
        "pay_linked_share": ("month", "up", False),
        "strong_company_share": ("month", "up", False),
        "managers_per_100_villages": ("month", "up", False),
        "joint_ventures_per_village": ("month", "up", False),
        "milestone_completion_economy": ("quarter", "up", False),
    },
    "rural_greening": {
        "greening_plan_share": ("month", "up", False),
        "trees_per_village": ("ytd", "up", False),
        "gardens_per_village": ("ytd", "up", False),
        "courtyards_per_village": ("ytd", "up", False),
    },
    "urban_joint_committee": {
        "joint_committee_share": ("month", "up", False),
        "need_met_rate": ("ytd", "up", False),
        "projects_per_community": ("ytd", "up", False),
    },
    "urban_property": {
        "property_party_coverage": ("month", "up", False),
        "owners_committee_party_coverage": ("month", "up", False),
    },
    "urban_grids": {
        "grid_party_coverage": ("month", "up", False),
        "grid_workers_per_grid": ("month", "up", False),
    },
    "urban_workers": {
        "worker_graded_share": ("month", "up", False),
        "worker_training_rate": ("ytd", "up", False),
        "milestone_completion_workers": ("quarter", "up", False),
    },
    "traditional_fields": {
        "model_agency_share": ("quarter", "up", False),
        "four_strong_share": ("quarter", "up", False),
        "soe_demonstration_share": ("quarter", "up", False),
        "school_compliance_share": ("quarter", "up", False),
        "private_school_task_rate": ("quarter", "up", False),
        "hospital_four_haves_share": ("quarter", "up", False),
        "milestone_completion_traditional": ("quarter", "up", False),
    },
    "emerging_fields": {
        "enterprise_party_coverage": ("quarter", "up", False),
        "large_enterprise_party_coverage": ("quarter", "up", False),
        "social_org_party_coverage": ("quarter", "up", False),
        "industry_committee_rate": ("quarter", "up", False),
        "new_employment_coverage": ("quarter", "up", False),
        "difficulty_resolution_rate": ("ytd", "up", False),
        "social_work_staffing_rate": ("quarter", "up", False),
        "milestone_completion_emerging": ("quarter", "up", False),
    },
    "overseas_ties": {
        "overseas_secretary_share": ("quarter", "up", False),
        "overseas_head_share": ("quarter", "up", False),
        "programme_village_share": ("quarter", "up", False),
        "helped_village_share": ("quarter", "up", False),
        "funds_per_village_helped": ("ytd", "up", False),
    },
}

# The eleven forms: grain, period type, and the kinds of unit that fill them in.
FORMS = {
    "village_group": ("group", "month", ("village", "community")),
    "village": ("village", "month", ("village",)),
    "community": ("community", "month", ("community",)),
    "town_service": ("town", "month", ("town",)),
    "town_training": ("town", "quarter", ("town",)),
    "town_overseas": ("town", "quarter", ("town",)),
    "county_secretaries": ("county", "quarter", ("county",)),
    "county_oversight": ("county", "quarter", ("county",)),
    "county_traditional": ("county", "quarter", ("county", "direct")),
    "county_emerging": ("county", "quarter", ("county",)),
    "county_milestones": ("task", "quarter", ("county", "direct")),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(PATH, EXPECTATIONS)


# ---- what is there


def test_eight_aspects_and_twenty_initiatives(catalogue: Catalogue) -> None:
    assert len(catalogue.plan.aspects) == 8
    assert len(catalogue.plan.initiatives) == 20
    assert all(
        code.startswith(a.code) for a in catalogue.plan.aspects for code in [i.code for i in a.initiatives]
    )


def test_every_initiative_of_the_plan_is_measured(catalogue: Catalogue) -> None:
    plan = yaml.safe_load((PATH / "plan.yaml").read_text(encoding="utf-8"))
    initiatives = [i["code"] for a in plan["aspects"] for i in a["initiatives"]]
    assert len(initiatives) == 20
    measured = {i.initiative for i in catalogue.indicators.values()}
    assert [code for code in initiatives if code not in measured] == []
    assert set(INDICATORS) == set(initiatives)


@pytest.mark.parametrize("initiative", INDICATORS)
def test_every_indicator_is_there(catalogue: Catalogue, initiative: str) -> None:
    found = {
        i.code: (i.headline, i.direction, i.persons)
        for i in catalogue.indicators.values()
        if i.initiative == initiative
    }
    assert found == INDICATORS[initiative]


def test_indicators_come_in_the_plans_order(catalogue: Catalogue) -> None:
    order = list(catalogue.plan.initiatives)
    places = [order.index(i.initiative) for i in catalogue.indicators.values()]
    assert places == sorted(places)


def test_targets_lie_in_the_plans_years_and_directions(catalogue: Catalogue) -> None:
    assert any(i.target for i in catalogue.indicators.values())
    for indicator in catalogue.indicators.values():
        assert set(indicator.target) <= {2024, 2025, 2026}
        steps = [indicator.target[y] for y in sorted(indicator.target)]
        assert steps == sorted(steps, reverse=indicator.direction == "down"), indicator.code


def test_every_field_has_a_note_and_grades_are_restricted(catalogue: Catalogue) -> None:
    fields = {(f.form, n): d for f in catalogue.forms.values() for n, d in f.fields.items()}
    assert all(d.note for d in fields.values())
    restricted = {k for k, d in fields.items() if d.restricted}
    clues = {("county_oversight", n) for n in catalogue.forms["county_oversight"].fields}
    assert restricted == {("village", "secretary_grade"), *clues}


def test_the_forms_are_those_of_the_plan(catalogue: Catalogue) -> None:
    assert {f.form: (f.grain, f.period_type, f.filled_in_by) for f in catalogue.forms.values()} == FORMS
    assert {
        f.form: len(f.number) > 0 and len(f.issuer) > 0 for f in catalogue.forms.values()
    } == dict.fromkeys(FORMS, True)


def test_what_is_made_of_restricted_fields_is_restricted(catalogue: Catalogue) -> None:
    found = {i.code for i in catalogue.indicators.values() if catalogue.is_restricted(i)}
    assert found == {"clue_case_rate", "case_closure_rate"}


def test_an_indicator_s_shortest_period_is_the_longest_of_its_forms(catalogue: Catalogue) -> None:
    shortest = {c: catalogue.shortest_period(i) for c, i in catalogue.indicators.items()}
    assert shortest["group_leader_party_share"] == shortest["member_check_in_rate"] == "month"
    assert shortest["backbones_to_members_per_1000"] == "quarter"
    assert catalogue.indicators["backbones_to_members_per_1000"].forms == ("town_training", "village")


def test_every_header_that_a_county_writes_is_an_alias(catalogue: Catalogue) -> None:
    written = yaml.safe_load((ROOT / "simulator" / "headers.yaml").read_text(encoding="utf-8"))
    for county, forms in written.items():
        if not county.isdigit():
            continue
        for name, columns in forms.items():
            form = catalogue.forms[name]
            aliases = {n: {n, d.label.zh, *d.headers} for n, d in form.fields.items()}
            aliases[form.key] = {form.key, *form.key_headers}
            aliases[form.key.replace("_code", "_name")] = set(form.name_headers)
            assert set(columns) == set(aliases)
            for field, header in columns.items():
                known = set(map(normal_header, aliases[field]))
                assert normal_header(header) in known, f"{county} {name} {field}"


def test_counties_and_their_forms(catalogue: Catalogue) -> None:
    counties = [u.code for u in catalogue.org if u.level == "county"]
    assert list(catalogue.counties) == counties
    for code, county in catalogue.counties.items():
        assert county.connection == f"county_{code}"
        forms = {f.form for f in catalogue.forms_of(code)}
        assert forms == ({"county_traditional", "county_milestones"} if code == "440799" else set(FORMS))


def test_a_workbook_with_all_forms_has_a_sheet_for_each(catalogue: Catalogue) -> None:
    assert set(catalogue.counties["440784"].sheets) == set(FORMS)


def test_the_crosswalk_of_the_city_s_departments_covers_what_they_report(catalogue: Catalogue) -> None:
    lines = (PATH / catalogue.counties["440799"].crosswalk).read_text(encoding="utf-8").split()[1:]
    codes = [line.split(",")[1] for line in lines]
    assert codes == ["440799", *(f"440799-{s}" for s in catalogue.forms["county_milestones"].serials)]


def test_forms_are_due_in_the_months_in_which_their_periods_end(catalogue: Catalogue) -> None:
    october, september = Period.parse("2026-10"), Period.parse("2026-09")
    for form in catalogue.forms.values():
        is_monthly = form.period_type == "month"
        assert catalogue.due(form, october) == (october if is_monthly else None)
        assert str(catalogue.due(form, september)) == ("2026-09" if is_monthly else "2026Q3")


def test_counties_are_selected_by_code(catalogue: Catalogue) -> None:
    assert catalogue.select_counties([]) == list(catalogue.counties)
    assert catalogue.select_counties(["440785", "440703"]) == ["440703", "440785"]
    with pytest.raises(UsageError, match="440703 蓬江区"):
        catalogue.select_counties(["440702"])


def test_counties_are_selected_by_the_exact_name_too(catalogue: Catalogue) -> None:
    assert catalogue.select_counties(["新会区"]) == ["440705"]
    assert catalogue.select_counties(["恩平市", "440703", "440785"]) == ["440703", "440785"]
    assert catalogue.county_of("新会区") == catalogue.county_of("440705") == "440705"
    for strange in ("新会", "江门市"):
        with pytest.raises(UsageError, match=f"no county {strange}"):
            catalogue.select_counties(["440705", strange])


def test_a_name_that_two_counties_have_is_refused_with_both(catalogue: Catalogue) -> None:
    units = dict(catalogue.org.units)
    units["440785"] = replace(units["440785"], name="新会区")
    org = copy(catalogue.org)
    org.units = units
    two = replace(catalogue, org=org)
    with pytest.raises(UsageError, match="no county 新会区") as e:
        two.select_counties(["新会区"])
    assert "440705 新会区" in e.value.zh
    assert "440785 新会区" in e.value.zh
    assert "440703" not in e.value.zh


def test_importing_it_is_light() -> None:
    """The catalogue is read by every command: nothing heavy may come with it."""
    code = (
        "import sys; sys.path.insert(0, 'plugins'); from pathlib import Path;"
        "from qiangji.catalogue import load; load(Path('catalogue'), Path('expectations'));"
        "heavy = 'pandas', 'pyarrow', 'great_expectations', 'duckdb', 'airflow';"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- hashes: when must a delivery be read again


def test_reading_hash_follows_what_reading_depends_on(tmp_path: Path) -> None:
    before = load(PATH, EXPECTATIONS)
    shutil.copytree(PATH, tmp_path / "catalogue")
    edit(
        tmp_path / "catalogue" / "counties.yaml", lambda c: by(c, "county", "440781").update(encoding="utf-8")
    )
    after = load(tmp_path / "catalogue", EXPECTATIONS)
    assert after.reading_hash("village", "440781") != before.reading_hash("village", "440781")
    assert after.reading_hash("village", "440785") == before.reading_hash("village", "440785")
    edit(
        tmp_path / "catalogue" / "forms" / "village.yaml",
        lambda f: f["fields"]["trees_planted"]["headers"].append("种树"),
    )
    load.cache_clear()
    again = load(tmp_path / "catalogue", EXPECTATIONS)
    assert again.reading_hash("village", "440785") != before.reading_hash("village", "440785")
    assert again.reading_hash("community", "440785") == before.reading_hash("community", "440785")


# ---- schemas


def test_the_schema_refuses_an_unknown_key() -> None:
    plan = yaml.safe_load((PATH / "plan.yaml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate({**plan, "colour": "red"}, json.loads(schemas()["plan"]))


# ---- what a catalogue may not be


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    change(content)
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def by(entries: list[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return next(e for e in entries if e[key] == value)


def indicator(**new: Any) -> Callable[[Any], object]:
    return lambda es: by(es, "code", "group_leader_party_share").update(new)


def condition(**test: Any) -> Callable[[Any], object]:
    return indicator(numerator={"form": "village_group", "count_where": test})


RURAL, GROUPS, TASKS, COUNTIES, PLAN = (
    "indicators/rural.yaml",
    "forms/village_group.yaml",
    "forms/county_milestones.yaml",
    "counties.yaml",
    "plan.yaml",
)
SUPPRESSION = "suppression.yaml"
WRONG: dict[str, tuple[str, Callable[[Any], object], list[str]]] = {
    "a threshold that hides nothing": (
        SUPPRESSION,
        lambda r: r.update(threshold=0),
        ["threshold", "greater than or equal to 1"],
    ),
    "an unknown rule": (
        SUPPRESSION,
        lambda r: r.update(noise=True),
        ["suppression.yaml", "noise", "threshold"],
    ),
    "unknown initiative": (
        RURAL,
        indicator(initiative="rural_roads"),
        ["group_leader_party_share.initiative", "rural_roads", "rural_greening"],
    ),
    "unknown form": (
        RURAL,
        indicator(numerator={"form": "hamlet", "sum": "leaders"}),
        ["numerator[0].form", "hamlet", "village_group"],
    ),
    "unknown field": (
        RURAL,
        indicator(denominator={"form": "village_group", "sum": "leeders"}),
        ["group_leader_party_share.denominator[0]", "leeders", "party_member_leaders"],
    ),
    "unknown field in a condition": (
        RURAL,
        condition(all=[{"field": "setup", "is": "无"}]),
        ["numerator[0]", "'setup'", "org_setup"],
    ),
    "unknown unit": (
        RURAL,
        indicator(unit="furlong"),
        ["group_leader_party_share", "unit", "furlong", "percent"],
    ),
    "unknown direction": (RURAL, indicator(direction="sideways"), ["direction", "sideways", "'none'"]),
    "unknown missing": (RURAL, indicator(missing="some"), ["missing", "some", "'matched'"]),
    "unknown key": (RURAL, indicator(colour="red"), ["group_leader_party_share", "colour", "headline"]),
    "a sum of what is no number": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "org_setup"}),
        ["org_setup", "no number", "leaders"],
    ),
    "two measures in one term": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "leaders", "count": "rows"}),
        ["numerator", "exactly one of sum"],
    ),
    "a reducer that there is not": (
        RURAL,
        indicator(numerator={"form": "village_group", "median": "leaders"}),
        ["numerator[0]", "exactly one of sum, count, count_where, max, min", "median"],
    ),
    "an unknown key in a term": (
        RURAL,
        indicator(denominator={"form": "village_group", "sum": "leaders", "colour": "red"}),
        ["denominator[0].colour", "keys: form, minus, sum, each_report"],
    ),
    "a term without its form": (
        RURAL,
        indicator(denominator=[{"count": "rows"}]),
        ["denominator[0].form", "Field required", "keys: form, minus, count"],
    ),
    "an unknown key in a condition": (
        RURAL,
        condition(field="leaders", at_least=1, colour="red"),
        ["numerator[0].count_where.colour", "keys: field, is, in, not_in"],
    ),
    "each_report beside a count": (
        RURAL,
        indicator(denominator={"form": "village_group", "count": "rows", "each_report": True}),
        ["denominator[0]", "each_report belongs to the sum of a stock"],
    ),
    "a count of what are no rows": (
        RURAL,
        indicator(denominator={"form": "village_group", "count": "leaders"}),
        ["denominator[0].count", "'rows'"],
    ),
    "no term at all": (RURAL, indicator(numerator=[]), ["numerator", "at least 1 item"]),
    "a value that an enum cannot have": (
        RURAL,
        condition(field="org_setup", **{"in": ["支部"]}),
        ["org_setup cannot be 支部", "单独支部, 联合支部"],
    ),
    "a number for an enum": (RURAL, condition(field="org_setup", **{"is": 3}), ["org_setup is enum"]),
    "a word for a number": (
        RURAL,
        condition(field="leaders", **{"is": "零"}),
        ["leaders is integer", "at_least"],
    ),
    "a word for a boolean": (
        RURAL,
        condition(field="has_party_work", **{"is": "是"}),
        ["has_party_work is boolean"],
    ),
    "a number for a boolean": (
        RURAL,
        condition(field="has_party_work", **{"is": 1}),
        ["has_party_work is boolean"],
    ),
    "a bound for an enum": (
        RURAL,
        condition(field="org_setup", at_least=1),
        ["org_setup is enum", "a number"],
    ),
    "two tests in one condition": (
        RURAL,
        condition(field="leaders", at_least=1, at_most=2),
        ["one field with one of"],
    ),
    "a month of a quarterly form": (
        RURAL,
        indicator(numerator={"form": "county_traditional", "sum": "schools"}),
        ["group_leader_party_share.headline", "headline month", "quarter or ytd"],
    ),
    "another test of a key": (
        RURAL,
        condition(field="group_code", **{"in": ["44070300100101"]}),
        ["group_code", "ends_with"],
    ),
    "the end of what is no key": (
        RURAL,
        condition(field="leaders", ends_with=["1"]),
        ["leaders", "group_code with ends_with"],
    ),
    "a task that is not on the list": (
        RURAL,
        indicator(
            headline="quarter",
            numerator={
                "form": "county_milestones",
                "count_where": {"field": "task_code", "ends_with": ["-13"]},
            },
        ),
        ["no serial -13", "-12"],
    ),
    "each report of what is no stock": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "major_matters", "each_report": True}),
        ["each_report", "a stock"],
    ),
    "an indicator twice": (RURAL, lambda es: es.append(es[0]), ["group_leader_party_share", "twice"]),
    "no list of indicators": (
        RURAL,
        lambda es: es.clear() or es.extend([{"code": "x"}]),
        [", line 1: x", "name", "Field required"],
    ),
    "an enum without values": (
        GROUPS,
        lambda f: f["fields"]["org_setup"].pop("values"),
        ["fields.org_setup", "values", "enum"],
    ),
    "unknown field type": (
        GROUPS,
        lambda f: f["fields"]["leaders"].update(type="int"),
        ["leaders.type", "'integer'"],
    ),
    "unknown kind": (
        GROUPS,
        lambda f: f["fields"]["leaders"].update(kind="cumul"),
        ["leaders.kind", "'ytd'"],
    ),
    "a form under another name": (
        GROUPS,
        lambda f: f.update(form="group"),
        ["'group'", "form: village_group"],
    ),
    "a key pattern that is none": (GROUPS, lambda f: f.update(key_pattern="[0-9"), ["key_pattern", "[0-9"]),
    "groups without their village's digits": (
        GROUPS,
        lambda f: f.pop("parent_digits"),
        ["parent_digits", "12"],
    ),
    "groups of which nobody says who has one": (
        GROUPS,
        lambda f: f.pop("placeholder_kinds"),
        ["placeholder_kinds", "[village]"],
    ),
    "placeholders of units that do not fill it in": (
        TASKS,
        lambda f: f.update(placeholder_kinds=["town"]),
        ["placeholder_kinds", "town", "county, direct"],
    ),
    "a list for what is no task": (
        GROUPS,
        lambda f: f.update(
            serials={"01": {"initiative": "rural_greening", "name": {"zh": "一", "en": "one"}}}
        ),
        ["serials", "grain task"],
    ),
    "serials of two lengths": (
        TASKS,
        lambda f: f["serials"].update({"1": f["serials"]["01"]}),
        ["serials", "as many digits"],
    ),
    "a task of no initiative": (
        TASKS,
        lambda f: f["serials"]["01"].update(initiative="rural_roads"),
        ["serials.01", "rural_roads", "rural_greening"],
    ),
    "a kind that no unit has": (GROUPS, lambda f: f.update(kinds=["hamlet"]), ["kinds", "hamlet", "village"]),
    "a header of two fields": (
        GROUPS,
        lambda f: f["fields"]["leaders"]["headers"].append(" 党员村民小组长数"),
        ["leaders", "party_member_leaders", "党员村民小组长数", "one field a header"],
    ),
    "a field without an expectation": (
        GROUPS,
        lambda f: f["fields"].update(dogs={"label": {"zh": "犬只", "en": "Dogs"}, "type": "integer"}),
        ["village_group.json", "dogs"],
    ),
    "a county outside the tree": (
        COUNTIES,
        lambda cs: cs[0].update(county="440702"),
        ["440702", "440703", "org_units.csv"],
    ),
    "a county twice": (COUNTIES, lambda cs: cs.append(cs[0]), ["440703", "twice"]),
    "a county with an unknown form": (
        COUNTIES,
        lambda cs: cs[0].update(forms=["hamlet"]),
        ["440703", "hamlet", "village"],
    ),
    "an unknown transport": (
        COUNTIES,
        lambda cs: cs[0].update(transport="ftp"),
        ["440703", "transport", "'sftp'"],
    ),
    "a transport without its settings": (
        COUNTIES,
        lambda cs: cs[2].pop("files"),
        ["440705", "sftp needs files"],
    ),
    "a county that may be anywhere": (
        COUNTIES,
        lambda cs: cs[2].pop("hosts"),
        ["440705", "sftp needs hosts"],
    ),
    "a host that is an address": (
        COUNTIES,
        lambda cs: cs[0].update(hosts=["https://data.example.cn/v1"]),
        ["440703", "hosts"],
    ),
    "a file in a folder": (
        COUNTIES,
        lambda cs: cs[2].update(files="../{form}_{period}.xlsx"),
        ["440705", "without folders"],
    ),
    "a folder by two ways": (
        COUNTIES,
        lambda cs: cs[-1].update(path="incoming/440799"),
        ["440799", "either path or connection"],
    ),
    "a folder that nobody names": (
        COUNTIES,
        lambda cs: cs[-1].pop("connection"),
        ["440799", "either path or connection"],
    ),
    "an encoding to be guessed": (
        COUNTIES,
        lambda cs: cs[3].update(encoding="auto"),
        ["440781", "encoding", "'gb18030'"],
    ),
    "a crosswalk that is not there": (
        COUNTIES,
        lambda cs: cs[0].update(crosswalk="crosswalk/440703.csv"),
        ["440703", "crosswalk/440703.csv"],
    ),
    "an initiative without an English name": (
        PLAN,
        lambda p: p["aspects"][0]["initiatives"][0]["name"].pop("en"),
        ["theory_political_ability.name.en"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_catalogue_names_file_key_and_what_was_allowed(tmp_path: Path, case: str) -> None:
    name, change, words = WRONG[case]
    shutil.copytree(PATH, tmp_path / "catalogue")
    edit(tmp_path / "catalogue" / name, change)
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    message = str(e.value)
    assert Path(name).stem in message
    assert not [w for w in words if w not in message], message


# file, what is written in the place of what, the rule's code, and a text of the line that the message must name
RULES: dict[str, tuple[str, str, str, str, str]] = {
    "a target for a year outside the plan": (
        RURAL,
        "  target: {2024: 40,",
        "  target: {2023: 39, 2024: 40,",
        "target_year",
        "2023: 39",
    ),
    "forms that never meet": (
        "indicators/urban.yaml",
        "denominator: {form: community, count: rows}",
        "denominator: {form: village, count: rows}",
        "no_common_unit",
        "code: joint_committee_share",
    ),
    "a unit that the tree does not know": (
        "crosswalk/440799.csv",
        ",440799\n",
        ",440798\n",
        "unknown_unit",
        ",440798",
    ),
    "a parent that the tree does not know": (
        "org_units.csv",
        "440703,蓬江区,county,county,440700",
        "440703,蓬江区,county,county,440701",
        "unknown_unit",
        "440703,蓬江区,county,county",
    ),
    "two lines that hold on one day": (
        "org_units.csv",
        "440704,江海区,county",
        "440703,蓬江区,county,county,440700,true,,\n440704,江海区,county",
        "overlapping_validity",
        "440703,蓬江区,county,county,440700,true,,\n440704",
    ),
    "a cycle in the lineage": (
        "org_lineage.csv",
        "kind,from_code,to_code,on,share\n",
        "kind,from_code,to_code,on,share\nmerged_into,440703001001,440703001001,2026-01-01,\n",
        "lineage_cycle",
        "merged_into,440703001001",
    ),
}


def _asked_since(folder: Path, changes: dict[str, Callable[[Any], object]]) -> Catalogue:
    shutil.copytree(PATH, folder)
    edit(folder / GROUPS, lambda f: f["fields"]["party_member_leaders"].update(since="2026-10"))
    for name, change in changes.items():
        edit(folder / name, change)
    return load(folder, EXPECTATIONS)


def test_an_indicator_older_than_a_field_that_it_reads_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as e:
        _asked_since(tmp_path / "catalogue", {})
    (problem,) = e.value.problems
    assert problem.code == "not_asked_yet"
    for words in ("indicators/rural.yaml, line", "group_leader_party_share", "village_group.party_member_leaders",
                  "2024-01 to 2026-09", "`since: 2026-10`"):  # fmt: skip
        assert words in str(problem)


@pytest.mark.parametrize("since", ["2026-10", "2027-01"])
def test_an_indicator_as_new_as_the_field_that_it_reads_holds(tmp_path: Path, since: str) -> None:
    read = _asked_since(tmp_path / "catalogue", {RURAL: indicator(since=since)})
    assert read.indicators["group_leader_party_share"].since == since


def test_a_field_as_old_as_the_plan_asks_for_nothing(tmp_path: Path) -> None:
    as_old = {GROUPS: lambda f: f["fields"]["party_member_leaders"].update(since="2024-01")}
    assert _asked_since(tmp_path / "catalogue", as_old)


def test_each_definition_is_held_against_the_fields_that_it_reads(tmp_path: Path) -> None:
    """What the indicator meant before reads an older field; it must hold until the newer one is asked for."""
    side = {"form": "village_group", "sum": "leaders"}

    def meant(until: str) -> Callable[[Any], object]:
        words = {"zh": "以前", "en": "before"}
        earlier = {"until": until, "definition": words, "numerator": side, "denominator": side}
        return indicator(earlier=[earlier])

    assert _asked_since(tmp_path / "right", {RURAL: meant("2026-09")})
    with pytest.raises(CatalogueError, match="`until: 2026-09` or later"):
        _asked_since(tmp_path / "early", {RURAL: meant("2026-08")})


def test_an_indicator_older_than_the_form_that_it_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="village_group, which is asked for since 2026-11") as e:
        _asked_since(
            tmp_path / "catalogue",
            {RURAL: indicator(since="2026-10"), GROUPS: lambda f: f.update(since="2026-11")},
        )
    assert {p.code for p in e.value.problems} == {"not_asked_yet"}


@pytest.mark.parametrize("case", RULES)
def test_a_broken_rule_is_named_with_file_and_line(tmp_path: Path, case: str) -> None:
    name, before, after, code, at = RULES[case]
    path = tmp_path / "catalogue" / name
    shutil.copytree(PATH, tmp_path / "catalogue")
    text = path.read_text(encoding="utf-8")
    assert before in text
    changed = text.replace(before, after, 1)
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    assert code in [p.code for p in e.value.problems]
    line = changed[: changed.index(at)].count("\n") + 1
    assert name in str(e.value)
    assert f"line {line}:" in str(e.value), (line, str(e.value))


def test_errors_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    edit(tmp_path / "catalogue" / RURAL, indicator(initiative="rural_roads", colour="red"))
    edit(tmp_path / "catalogue" / "indicators/urban.yaml", lambda es: es[0].update(target={"2031": "1"}))
    edit(tmp_path / "catalogue" / COUNTIES, lambda cs: (cs[0].update(forms=["hamlet"]), cs[1].pop("http")))
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    words = ["colour", "2031", "hamlet", "http_api needs http"]
    assert len(e.value.problems) == len(words)
    assert [w for w in words if w not in str(e.value)] == []
    assert str(e.value).startswith("4 things do not hold\n")

    from qiangji.cli.doctor import examine
    from qiangji.settings import settings

    monkeypatch.setenv("QIANGJI_CATALOGUE", str(tmp_path / "catalogue"))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    settings.cache_clear()
    told = [f for f in examine() if f.what == "catalogue"]
    settings.cache_clear()
    assert [f.is_well for f in told] == [False] * len(words)
    assert [w for w in words if not any(w in f.detail for f in told)] == []


def test_a_missing_suite_or_one_that_is_no_json(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    path.write_text('{"name": "village"', encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json: not JSON"):
        load(PATH, tmp_path / "expectations")
    path.write_text('{"name": "village"}', encoding="utf-8")
    with pytest.raises(CatalogueError, match="no `expectations`"):
        load(PATH, tmp_path / "expectations")
    path.unlink()
    with pytest.raises(CatalogueError, match=r"village\.json: no such file"):
        load(PATH, tmp_path / "expectations")


def test_suites_are_held_when_the_catalogue_loads(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"][0].pop("severity")
    path.write_text(json.dumps(suite, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json, line 1: village\.village_code\.\w+\.severity"):
        load(PATH, tmp_path / "expectations")


def test_yaml_that_is_none(tmp_path: Path) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    (tmp_path / "catalogue" / "counties.yaml").write_text("- county: [", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"counties\.yaml: not YAML"):
        load(tmp_path / "catalogue", EXPECTATIONS)
    (tmp_path / "catalogue" / "counties.yaml").write_text("county: 1", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"counties\.yaml: holds a dict.*a list of entries"):
        load(tmp_path / "catalogue", EXPECTATIONS)


@pytest.mark.parametrize("odd", [r"\0", r"\x1b", r"\u202e", r"\x7f"])
def test_a_text_that_the_journal_cannot_give_back_is_refused(tmp_path: Path, odd: str) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    correction = (
        f'- {{unit: "440703001", period: 2026-07, field: households, was: 1, action: missing, reason: "核实{odd}",'
        " by: 组织二科, date: 2026-08-01, status: active}"
    )
    (tmp_path / "catalogue" / "corrections" / "village.yaml").write_text(correction, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.yaml: not YAML: no text holds U\+(.|\s)*line 1"):
        load(tmp_path / "catalogue", EXPECTATIONS)


def test_a_suite_s_text_that_the_journal_cannot_give_back_is_refused(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"][0]["meta"]["message"]["zh"] += "\0"
    path.write_text(json.dumps(suite), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json: not JSON: no text holds U\+0000: zh"):
        load(PATH, tmp_path / "expectations")


@pytest.mark.parametrize("reducer", ["summ", "median"])
def test_a_wrong_key_of_a_term_is_one_problem(tmp_path: Path, reducer: str) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    wrong = {"form": "village_group", reducer: "leaders"}
    edit(tmp_path / "catalogue" / RURAL, lambda found: found[0].update(numerator=wrong))
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    (problem,) = e.value.problems
    assert "numerator[0]: exactly one of sum" in str(problem)
