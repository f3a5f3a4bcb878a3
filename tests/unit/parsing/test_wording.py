"""What the text of a header stands for: honest wordings are read, what says another thing is not."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pytest

from qiangji.catalogue import Catalogue
from qiangji.catalogue.load import load
from qiangji.catalogue.models import County, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import cage
from qiangji.parsing.grid import grid_of
from qiangji.parsing.headers import values_in
from qiangji.parsing.two_languages import parts_of
from qiangji.parsing.wording import numbered, target_of
from qiangji.periods import Period
from qiangji.text import tidy
from tests.frozen import paths as frozen

MONTH, QUARTER = Period.parse("2026-10"), Period.parse("2026Q3")


@cache
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def read(form: str, header: str, period: Period = MONTH) -> tuple[str | None, str]:
    text = tidy(numbered(header))
    return target_of(catalogue().forms[form], text, text, period)


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
        ("county_traditional", "国企“五强五化”示范党组织数 Demonstration organisations", "soe_demonstrations", ""),
        ("county_emerging", "应建党组织非公企业数 Corporations due", "enterprises_eligible", ""),
        # a colon, a number in front, other quotation marks, a unit behind a stroke
        ("village", "党员人数：", "party_members", ""),
        ("village", "1.党员人数", "party_members", ""),
        ("village", "1、党员人数", "party_members", ""),
        ("village", "（1）党员人数", "party_members", ""),
        ("village", "（一）党员人数", "party_members", ""),
        ("village", "★2. 党员人数（人）：", "party_members", "人"),
        ("village", "「四小园」新增", "small_gardens", ""),
        ("village", "『美丽庭院』新增（户）", "beautiful_courtyards", "户"),
        ("village", "党员人数/人", "party_members", "人"),
        ("village", "村级集体总收入/万元", "collective_income", "万元"),
        ("village", "植树株数／株", "trees_planted", "株"),
        # a part of a whole
        ("village", "其中：女党员", "members_women", ""),
        ("village", "其中：预备党员", "members_probationary", ""),
        ("village", "其中：外出党员（人）", "members_away", "人"),
        ("village", "其中：35岁以下党员", "members_under_35", ""),
        ("village", "其中，女性", "members_women", ""),
        ("village_group", "其中：按“三议两公开一监督”决策数", "matters_by_procedure", ""),
        ("community", "其中：纳入等级序列", "workers_graded", ""),
        # the field's own time
        ("village", "村级集体总收入（1-10月）", "collective_income", ""),
        ("village", "村级集体总收入（万元，2026年1—10月）", "collective_income", "万元"),
        ("village", "村级集体总收入（1月至10月累计）", "collective_income", ""),
        ("village", "党员人数（10月末）", "party_members", ""),
        ("village", "党员人数（截至2026年10月31日）", "party_members", ""),
        ("village", "党员人数（人，10月底）", "party_members", "人"),
        ("town_service", "活动参加人次（10月）", "attendances", ""),
        # how to fill it in
        ("village", "一肩挑（是/否）", "secretary_is_head", ""),
        ("village", "一肩挑（否、是）", "secretary_is_head", ""),
        ("village", "绿化方案（是或否）", "greening_plan", ""),
        ("village", "强村公司（自办/参与/无）", "strong_company", ""),
        ("village", "书记档次（一档、二档、三档）", "secretary_grade", ""),
        ("village", "党员人数（必填）", "party_members", ""),
        ("village", "村级集体总收入（万元）（必填）", "collective_income", "万元"),
        ("village", "村编码（12位）", "village_code", ""),
        ("village", "村编码（12位数字）", "village_code", ""),
        ("village", "村编码（必填）", "village_code", ""),
        ("village", "村名（必填）", "unit_name", ""),
        ("village", "党员人数（整数）", "party_members", ""),
        ("village", "党员人数（取整）", "party_members", ""),
        ("village", "党员人数（人，填整数）", "party_members", "人"),
        ("village", "村级集体总收入（万元，保留两位小数）", "collective_income", "万元"),
        ("village", "村级集体总收入（小数点后2位）", "collective_income", ""),
        ("village", "植树株数（没有的填0）", "trees_planted", ""),
        ("village", "村编码（文本格式）", "village_code", ""),
        # a number in front, or the number of its column
        ("village", "①党员总数", "party_members", ""),
        ("village", "⑴党员总数", "party_members", ""),
        ("village", "㈠、党员总数", "party_members", ""),
        ("village", "㊀党员总数", "party_members", ""),
        ("village", "❷ 党员总数（人）", "party_members", "人"),
        ("village", "★㉑、党员总数", "party_members", ""),
        ("village", "一、党员总数", "party_members", ""),
        ("village", "1：党员总数", "party_members", ""),
        ("village", "1 党员总数", "party_members", ""),
        ("village", "②其中：女党员", "members_women", ""),
        ("village", "35 岁以下党员", "members_under_35", ""),
        ("village", "党员总数①", "party_members", ""),
        ("village", "村级集体总收入⑧（万元）", "collective_income", "万元"),
        ("village", "村级集体总收入①=②+③", "collective_income", ""),
        ("village", "村级集体总收入（8=9+10）", "collective_income", ""),
        # brackets behind one another
        ("village", "村级集体总收入（累计）（万元）", "collective_income", "万元"),
        ("village", "村级集体总收入（万元）（1-10月）", "collective_income", "万元"),
        ("village", "村级集体总收入（1-10月）（万元）（必填）", "collective_income", "万元"),
        ("village", "总收入（万元）（本年累计）", "collective_income", "万元"),
        ("village", "党员人数（10月末）（人）", "party_members", "人"),
        # all that was until now
        ("village", "累计植树株数", "trees_planted", ""),
        ("village", "累计植树（株）", "trees_planted", "株"),
        ("village", "植树株数累计", "trees_planted", ""),
        ("village", "年初以来植树株数", "trees_planted", ""),
        ("village", "截至10月底累计植树株数", "trees_planted", ""),
        ("town_service", "累计活动参加人次", "attendances", ""),
        ("county_emerging", "累计已建非公企业", "enterprises_with_party_org", ""),
        # its own time before it
        ("village", "期末党员人数", "party_members", ""),
        ("village", "期末党员人数（人）", "party_members", "人"),
        ("village", "10月末党员人数", "party_members", ""),
        ("village", "截至10月底党员人数", "party_members", ""),
        ("village", "2026年10月31日党员人数", "party_members", ""),
        ("village", "本年村级集体总收入（万元）", "collective_income", "万元"),
        ("village", "本年度植树株数", "trees_planted", ""),
        ("village", "1-10月植树（株）", "trees_planted", "株"),
        ("village", "2026年1-10月村级集体总收入（万元）", "collective_income", "万元"),
        ("county_emerging", "期末未解决困难件数", "difficulties_open", ""),
    ],
)  # fmt: skip
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
        # a unit that may be what it is divided by, a part that is none, another time
        ("village", "村级集体总收入/人"),
        ("village", "村级集体总收入/年"),
        ("village", "党员人数/户"),
        ("village", "其中：组级收入"),
        ("village", "其中：党员人数"),
        ("village", "村级集体总收入（1-9月）"),
        ("village", "村级集体总收入（2025年1-10月）"),
        ("village", "村级集体总收入（10月）"),
        ("village", "村级集体总收入（10月末）"),
        ("village", "党员人数（1-10月）"),
        ("village", "党员人数（9月末）"),
        ("village", "党员人数（2025年10月末）"),
        ("village", "党员人数（女）"),
        ("town_service", "活动参加人次（1-10月）"),
        # no value of the field, not all of them, another number of digits
        ("village", "一肩挑（是）"),
        ("village", "一肩挑（有/无）"),
        ("village", "书记档次（一档）"),
        ("village", "书记档次（一档/二档）"),
        ("village", "强村公司（自办/参与/无/其他）"),
        ("village", "党员人数（是/否）"),
        ("village", "党员人数（12位）"),
        ("village", "党员人数（选填）"),
        ("village", "村编码（6位）"),
        ("village", "村名（12位）"),
        # brackets behind one another, one of which says another thing
        ("village", "村级集体总收入（9月）（万元）"),
        ("village", "党员人数（女）（人）"),
        ("village", "党员人数（不含预备）（整数）"),
        ("village", "村级集体总收入（万元）（元）"),
        ("village", "书记档次（一档）（必填）"),
        ("village", "村级集体总收入（取整）"),
        ("village", "一肩挑（整数）"),
        ("village", "党员人数（保留两位小数）"),
        # a number that is no place
        ("village", "26党员人数"),
        ("village", "10 月党员人数"),
        ("village", "党员人数（6）"),
        ("village", "截至9月底累计植树株数"),
        ("village", "累计一肩挑"),
        # another time before it, or one of another kind of number
        ("village", "期初党员人数"),
        ("village", "9月末党员人数"),
        ("village", "10月党员人数"),
        ("village", "2025年10月末党员人数"),
        ("village", "本年党员人数"),
        ("village", "本年新增党员人数"),
        ("village", "1-10月党员人数"),
        ("village", "期末村级集体总收入"),
        ("village", "10月村级集体总收入"),
        ("village", "1-9月村级集体总收入"),
        ("village", "上年村级集体总收入"),
        ("village", "2025年1-10月村级集体总收入"),
        ("town_service", "本年活动参加人次"),
        ("village", "期末村编码"),
    ],
)
def test_what_says_another_thing_is_another_header(form: str, header: str) -> None:
    assert read(form, header)[0] is None


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("机关单位数（9月末）", "agencies"),
        ("机关单位数（三季度末）", "agencies"),
        ("机关单位数（第3季度）", "agencies"),
        ("机关单位数（二季度末）", None),
        ("机关单位数（7-9月）", "agencies"),
    ],
)
def test_a_quarter_that_a_header_names(header: str, target: str | None) -> None:
    assert read("county_traditional", header, QUARTER)[0] == target


def test_a_name_is_looked_for_whatever_month_a_header_names() -> None:
    texts = [
        "期末党员人数",
        "10月末女党员",
        "预备党员（9月底）",
        "1-10月植树（株）",
        "村级集体总收入（1-10月，万元）",
        "村名",
    ]
    grid = grid_of([pa.array([text, "1"]) for text in texts], "x")
    found = values_in(grid, Layout(), catalogue().forms["village"], range(len(texts)))
    assert [*found] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "header", ["35岁以下党员", "村（社区）数", "A类企业", "党员2026", "Party members", ""]
)
def test_what_is_in_one_language(header: str) -> None:
    assert parts_of(header) is None


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("村级集体总收入 Total expenditure", "看似“村级集体总收入”，但还写着“expenditure”"),
        ("村级集体总收入（1-9月）", "看似“村级集体总收入”，但还写着“1-9月”"),
        ("村级集体总收入（10月末）", "表头请只写“村级集体总收入”"),
        ("党员人数/户", "看似“党员人数”，但还写着“户”"),
        ("备注栏", ""),
    ],
)
def test_an_unknown_header_says_what_it_is_taken_for(header: str, said: str) -> None:
    form = catalogue().forms["village"]
    header_row = ["村编码", "村名", *(f.label.zh for f in form.fields.values()), header]
    county = County(county="440705", transport="folder", path="x", files="x", layout=Layout())
    with pytest.raises(ReturnedError) as e:
        cage.read_submission(
            (",".join(header_row) + "\n440705001203,甲村\n").encode(), "csv", county, form, MONTH
        )
    assert e.value.code == "unknown_header"
    assert said in e.value.zh
    assert ("看似" in e.value.zh) is bool(said)


def test_every_header_of_every_form_is_itself_with_a_number_or_how_to_fill_it_in() -> None:
    for form in catalogue().forms.values():
        for name, field in form.fields.items():
            around = ["①{}", "（2）{}", "★3、{}：", "{}（必填）", "{}⑤"]
            around += ["{}（填数字）"] if field.is_number else []
            around += ["{}（整数）（必填）"] if field.type == "integer" else []
            around += ["累计{}", "{}（累计）（必填）", "{}累计"] if field.kind == "ytd" else []
            for text in (field.label.zh, *field.headers):
                odd = ["{}累计"] * text.endswith(")") + ["累计{}"] * text.startswith("其中")
                said = {read(form.form, one.format(text))[0] for one in around if one not in odd}
                assert said == {name}, (form.form, text)
