"""What the frozen catalogue holds, and when a changed one asks that a delivery be read again.

Each initiative is measured by its indicators, each form has its grain and period, and every header that a county writes
is known.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml

from qiangji.catalogue.checks import normal_header
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.schemas import schemas
from qiangji.errors import UsageError
from qiangji.periods import Period
from tests.unit.catalogue.editing import EXPECTATIONS, PATH, by, edit

ROOT = Path(__file__).resolve().parents[3]

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
        "from qiangji.catalogue.load import load; load(Path('catalogue'), Path('expectations'));"
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
    load.look()
    again = load(tmp_path / "catalogue", EXPECTATIONS)
    assert again.reading_hash("village", "440785") != before.reading_hash("village", "440785")
    assert again.reading_hash("community", "440785") == before.reading_hash("community", "440785")


# ---- schemas


def test_the_schema_refuses_an_unknown_key() -> None:
    plan = yaml.safe_load((PATH / "plan.yaml").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate({**plan, "colour": "red"}, json.loads(schemas()["plan"]))
