"""Headers in two languages: a translation is read, another thing in the other language is not."""

from __future__ import annotations

import pytest

from qiangji.parsing.two_languages import parts_of
from tests.unit.parsing.wordings import MONTH, QUARTER, catalogue, read


@pytest.mark.parametrize(
    ("form", "header", "target", "unit"),
    [
        # a translation, with the unit before it, behind it, or in its own words
        ("village", "经营性收入（万元） Income from operations", "operating_income", "万元"),
        ("village", "镇村联营 Cooperation of town and village", "joint_town_village", ""),
        ("village", "绿化方案 Greening plan", "greening_plan", ""),
        ("village", "植树株数 Tree planting", "trees_planted", ""),
        ("village", "植树株数 Trees planted since 1 January", "trees_planted", ""),
        ("village", "外出党员 Away for 6 months", "members_away", ""),
        ("village", "35岁以下党员 35 years or younger", "members_under_35", ""),
        ("village", "村级集体总收入（万元） Income (10,000 yuan)", "collective_income", "万元"),
        ("village", "村级集体总收入（万元） Income (RMB 10,000)", "collective_income", "万元"),
        ("village", "村级集体总收入 Income (10000yuan)（万元）", "collective_income", "万元"),
        ("village", "村级集体总收入 Income, year to date", "collective_income", ""),
        ("village", "待遇挂钩 Pay linked to income", "pay_linked", ""),
        ("village", "一肩挑 Secretary is head", "secretary_is_head", ""),
        ("village", "党员人数 Party members（人）", "party_members", "人"),
        ("village", "党员人数\nParty members\n（人）", "party_members", "人"),
        ("village", "党员人数（人） Party members", "party_members", "人"),
        ("village", "党员人数(Party members)", "party_members", ""),
        ("village", "Party members 党员人数（人）", "party_members", "人"),
        ("village", "党员人数 No. of members", "party_members", ""),
        ("village", "党员人数 Number of Party members", "party_members", ""),
        ("village", "党员人数 Members at the end of the month", "party_members", ""),
        ("village", "村编码 Village code", "village_code", ""),
        ("village", "村名 Name of the village", "unit_name", ""),
        ("county_milestones", "完成时限 Planned date", "due_date", ""),
        ("town_service", "年初未办结诉求件数 Open at the start of the year", "concerns_open_at_start", ""),
        ("county_traditional", "模范机关数 Administration: model agencies", "model_agencies", ""),
        (
            "county_traditional",
            "国企“五强五化”示范党组织数 Demonstration organisations",
            "soe_demonstrations",
            "",
        ),
        ("county_emerging", "应建党组织非公企业数 Corporations due", "enterprises_eligible", ""),
        # the field's own time in English, and numbers that say the same
        ("village", "党员人数 Party members as of 31 October 2026", "party_members", ""),
        ("village", "党员人数 Party members (Oct 31)", "party_members", ""),
        ("village", "党员人数 Party members, end of Oct. 2026", "party_members", ""),
        ("village", "党员人数 Party members, October 2026", "party_members", ""),
        ("village", "村级集体总收入 Collective income, Jan-Oct", "collective_income", ""),
        ("village", "村级集体总收入 Collective income, Jan.–Oct. 2026", "collective_income", ""),
        ("village", "村级集体总收入 Collective income from January to October", "collective_income", ""),
        ("village", "村级集体总收入 Income in the first ten months of 2026", "collective_income", ""),
        ("village", "村级集体总收入 Income until the end of October", "collective_income", ""),
        ("village", "村级集体总收入 Income since the beginning of the year", "collective_income", ""),
        ("village", "村级集体总收入 Collective income (excluding groups)", "collective_income", ""),
        ("village", "“美丽庭院”新增 Beautiful courtyards added in 2026", "beautiful_courtyards", ""),
        ("town_service", "年初未办结诉求件数 Concerns open on 1 January", "concerns_open_at_start", ""),
        ("town_service", "年初未办结诉求件数 Carried over from last year", "concerns_open_at_start", ""),
        ("town_service", "活动参加人次 Attendances in October", "attendances", ""),
        ("village", "村级集体总收入 Income up to October", "collective_income", ""),
        ("village", "村级集体总收入 Income since January 1, 2026", "collective_income", ""),
        ("town_service", "本年应走访户数 Households to be visited in 2026", "households_due", ""),
        ("village", "书记档次 Secretary’s grade", "secretary_grade", ""),
        ("village", "35岁以下党员 Members not older than 35", "members_under_35", ""),
        ("village", "外出党员 Away ≥ 6 months", "members_away", ""),
        ("village", "35岁以下党员 Members ≤35", "members_under_35", ""),
        ("village", "35岁以下党员 Members under 36", "members_under_35", ""),
        ("village", "外出党员 Members away over 6 months", "members_away", ""),
        ("village", "外出党员 Members away for half a year", "members_away", ""),
        ("village", "书记档次 Secretary grade (1-3)", "secretary_grade", ""),
        ("village", "待遇挂钩 Remuneration linked to economic growth", "pay_linked", ""),
        ("village", "镇村联营 Town–village joint projects", "joint_town_village", ""),
        ("county_oversight", "追缴返还资金 Money paid back", "funds_returned", ""),
    ],
)
def test_an_honest_wording_is_that_header(form: str, header: str, target: str, unit: str) -> None:
    assert read(form, header) == (target, unit)


@pytest.mark.parametrize(
    ("form", "header"),
    [
        # the other language says another thing
        ("village", "村级集体总收入（万元） Total expenditure"),
        ("village", "村级集体总收入（万元）\nTotal Expenditure"),
        ("village", "村级集体总收入TotalExpenditure"),
        ("village", "村级集体总收入 Net debt"),
        ("village", "村级集体总收入 Net income"),
        ("village", "村级集体总收入（万元） Income (1,000 yuan)"),
        ("village", "村级集体总收入（万元） Income (thousand yuan)"),
        ("village", "村级集体总收入（万元） Income (yuan)"),
        ("village", "村级集体总收入（万元） Income this month"),
        ("village", "村级集体总收入 Income per household"),
        ("village", "村级集体总收入 Planned income"),
        ("village", "村级集体总收入 Income of 2025"),
        ("village", "党员人数 Women"),
        ("village", "党员人数（Women）"),
        ("village", "Women 党员人数"),
        ("village", "女党员 PARTY MEMBERS"),
        ("village", "党员人数 Number of villages"),
        ("village", "党员人数 Number of households with members"),
        ("village", "党员人数 Members last month"),
        ("village", "党员人数 Members, Sep"),
        ("village", "党员人数 average"),
        ("village", "党员人数 New members"),
        ("village", "党员人数 Ratio of members"),
        ("village", "党员人数 Cumulative members"),
        ("village", "35岁以下党员 Members under 45"),
        ("village", "植树株数 Trees planted (mu)"),
        ("village", "植树株数 Target"),
        ("county_emerging", "已解决困难件数 Difficulties unresolved"),
        ("town_training", "完成学时党员数 Members due"),
        ("village", "外出党员 Members away for 3 months"),
        ("village", "外出党员 Members away up to 6 months"),
        ("village", "35岁以下党员 Members over 35"),
        ("village", "35岁以下党员 Members older than 35"),
        ("village", "35岁以下党员 Members 35 and older"),
        ("village", "35岁以下党员 Members >35"),
        ("village", "35岁以下党员 Members 35+"),
        ("village", "35岁以下党员 Members of 45 years"),
        ("village", "35岁以下党员 Members not younger than 35"),
        ("village", "外出党员 Members away less than 6 months"),
        ("village", "党员人数 Party members in 2026"),
        ("village", "经营性收入 Non-operating income"),
        ("village", "村级集体总收入 Growth"),
        ("village", "村级集体总收入 YoY"),
        ("village", "村级集体总收入 Income of groups"),
        ("village", "村级集体总收入 Income (bn)"),
        ("village", "村级集体总收入 Income excluding operating income"),
        ("village", "村级集体总收入 Total assets"),
        ("village", "植树株数 Trees to be planted"),
        ("village", "植树株数 Trees felled"),
        ("town_service", "应报到在职党员数 Members checked in"),
        ("town_service", "年初未办结诉求件数 Open at end of year"),
        ("town_service", "年初未办结诉求件数 Concerns open at end of October"),
        ("village", "党员人数 Party members as of 30 September 2026"),
        ("village", "党员人数 Party members as of 31 October 2025"),
        ("village", "党员人数 Party members in October"),
        ("village", "党员人数 Party members added in 2026"),
        ("village", "党员人数 Party members, Jan-Oct"),
        ("village", "村级集体总收入 Collective income, Jan-Sep"),
        ("village", "村级集体总收入 Collective income, Jan-Dec 2026"),
        ("village", "村级集体总收入 Collective income, Jan-Oct 2025"),
        ("village", "村级集体总收入 Collective income in October 2026"),
        ("village", "村级集体总收入 Collective income 2025"),
        ("town_service", "活动参加人次 Attendances, Jan-Oct"),
    ],
)
def test_what_says_another_thing_is_another_header(form: str, header: str) -> None:
    assert read(form, header)[0] is None


@pytest.mark.parametrize(
    ("form", "header", "target"),
    [
        ("county_oversight", "期末未结案件数 Open cases at end of September", "cases_open"),
        ("county_oversight", "期末未结案件数 Open cases at end of Q3 2026", "cases_open"),
        ("county_oversight", "期末未结案件数 Open cases at end of June", None),
        ("county_oversight", "期末未结案件数 Open cases at end of Q2", None),
        ("county_oversight", "年初未结案件数 Cases pending on January 1", "cases_open_at_start"),
        ("county_oversight", "年初未结案件数 Cases pending on September 30", None),
        ("county_oversight", "立案件数 Cases opened, Q1-Q3", "cases_opened"),
        ("county_oversight", "立案件数 Cases opened in the first three quarters", "cases_opened"),
        ("county_oversight", "立案件数 Cases opened in Q3", None),
        ("county_oversight", "立案件数 Cases opened in the third quarter", None),
        ("county_oversight", "立案件数 Cases opened, Jul-Sep", None),
    ],
)
def test_a_quarter_that_a_header_names_in_english(form: str, header: str, target: str | None) -> None:
    assert read(form, header, QUARTER)[0] == target


@pytest.mark.parametrize(
    "header", ["35岁以下党员", "村（社区）数", "A类企业", "党员2026", "Party members", ""]
)
def test_what_is_in_one_language(header: str) -> None:
    assert parts_of(header) is None


_TIMES = {
    ("month", "stock"): ("as of 31 October 2026", "(Oct 31)", "at the end of October"),
    ("month", "ytd"): ("Jan-Oct", "Jan.–Oct. 2026", "from January to October 2026", "in 2026"),
    ("month", "flow"): ("in October", "(Oct. 2026)"),
    ("quarter", "stock"): ("as of 30 September 2026", "at end of Q3"),
    ("quarter", "ytd"): ("Jan-Sep 2026", "(Q1-Q3)", "in the first nine months"),
    ("quarter", "flow"): ("in Q3 2026", "in the third quarter"),
}


def test_every_translation_may_name_its_own_time_and_no_other_fields() -> None:
    for form in catalogue().forms.values():
        period = QUARTER if form.period_type == "quarter" else MONTH
        for name, field in form.fields.items():
            kind = "flow" if field.kind == "distinct" else field.kind
            zh = field.label.zh
            times = ("on 1 January", "as of Jan. 1, 2026") if "年初" in zh else _TIMES[form.period_type, kind]
            for time in times if field.is_number else ():
                assert read(form.form, f"{zh} {field.label.en}, {time}", period)[0] == name, (zh, time)
            if field.is_number and "年初" in zh:
                assert read(form.form, f"{zh} Open, {_TIMES[form.period_type, kind][0]}", period)[0] is None
            for other in form.fields.values():
                if other is not field:
                    said = {f"{zh} {other.label.en}"}
                    # `Concerns open, on 1 January` is no other field's
                    said |= set() if "年初" in zh else {f"{zh} {other.label.en}, {times[0]}"}
                    assert {read(form.form, text, period)[0] for text in said} == {None}, said
