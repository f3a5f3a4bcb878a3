"""What the text of a header stands for: honest wordings are read, what says another thing is not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from qiangji.catalogue.models import County, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import cage
from qiangji.parsing.grid import grid_of
from qiangji.parsing.headers import values_in
from tests.unit.parsing.wordings import MONTH, QUARTER, catalogue, read

HONEST = r"""
village collective_income 万元 村级集体总收入 万元|村级集体总收入\n万元|村级集体总收入：万元|村级集体总收入-万元
village party_members 人 党员人数 人|党员人数：人
village party_members - 10月党员人数|10 月党员人数|2026年10月党员人数|党员人数¹|党员人数[1]
village party_members - 党员人数（注1）|党员人数¹²|党员人数（见注）
village party_members - 党员人数（含预备）|党员人数（含预备党员）|党员人数（期末组织关系在本村党组织的党员，含预备党员）
village party_members - 党员人数\n期末组织关系在本村党组织的党员，含预备党员。
village collective_income - 村级集体总收入（不含组级收入）
village members_under_35 - 35岁（含）以下党员|35周岁以下党员
village pay_linked - 待遇是否挂钩|是否待遇挂钩？|待遇挂钩？|待遇挂钩（填1或0）
village secretary_grade - 期末书记档次
village secretary_is_head - 是否书记主任一肩挑
community has_joint_committee - 期末社区大党委
town_service centres_with_menu - 本期公布当月服务菜单中心数
town_service attendances - 10月活动参加人次|本月活动参加人次
"""
OTHER = r"""
village 村级集体总收入 元|植树株数 亩|党员人数 户|党员人数 女|村级集体总收入 支出
village 9月党员人数|10月植树株数|本月植树株数|10月村级集体总收入
village 党员人数（不含预备）|党员人数（含）|党员人数（含流动党员）|村级集体总收入（含组级收入）
village 预备党员\n期末组织关系在本村党组织的党员，含预备党员
village 35岁（不含）以下党员|36岁（含）以下党员|35岁（含）以上党员|党员人数（1）
village 待遇挂钩（填1）|是否党员人数|本季度党员人数
"""


@pytest.mark.parametrize(
    ("form", "header", "target", "unit"),
    [
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
        ("village", "党员人数（选填）", "party_members", ""),
        ("village", "党员人数（没有填0）", "party_members", ""),
        ("village", "党员人数（如无此项，请填“0”）", "party_members", ""),
        ("village", "党员人数（填整数，不得留空）", "party_members", ""),
        ("village", "党员人数（人，只填数字）", "party_members", "人"),
        ("village", "党员人数（不填单位）", "party_members", ""),
        ("village", "村级集体总收入（万元，四舍五入保留两位小数）", "collective_income", "万元"),
        ("village", "村级集体总收入（自动计算）", "collective_income", ""),
        ("village", "强村公司（下拉选择）", "strong_company", ""),
        ("village", "强村公司（从下拉框中选择）", "strong_company", ""),
        ("village", "强村公司（自办、参与、无三选一）", "strong_company", ""),
        ("village", "一肩挑（填“是”或“否”）", "secretary_is_head", ""),
        ("village", "一肩挑（请填写是/否）", "secretary_is_head", ""),
        ("village", "一肩挑（单选）", "secretary_is_head", ""),
        ("village", "村编码（填12位数字）", "village_code", ""),
        ("village", "村名（全称）", "unit_name", ""),
        ("county_milestones", "完成时限（年-月-日）", "due_date", ""),
        ("county_milestones", "完成时限（年/月/日）", "due_date", ""),
        ("county_milestones", "完成时限（格式：2026-10-31）", "due_date", ""),
        ("county_milestones", "完成时限（YYYY.MM.DD）", "due_date", ""),
        ("county_milestones", "牵头单位（单位全称）", "lead_office", ""),
        ("county_milestones", "牵头单位（不填个人姓名）", "lead_office", ""),
        # a number in front, or the number of its column
        ("village", "[1]党员人数", "party_members", ""),
        ("village", "【1】党员人数", "party_members", ""),
        ("village", "指标1：党员人数", "party_members", ""),
        ("village", "党员人数（1栏）", "party_members", ""),
        ("village", "党员人数（第1栏）", "party_members", ""),
        ("village", "4、35岁以下党员", "members_under_35", ""),
        ("village", "党员人数，人", "party_members", "人"),
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
        ("village", "村编码（6位）"),
        ("village", "村名（12位）"),
        ("village", "强村公司（填自办）"),
        ("village", "一肩挑（是否任职）"),
        ("village", "党员人数（下拉选择）"),
        ("village", "党员人数（年-月-日）"),
        ("village", "党员人数（计划数）"),
        ("village", "党员人数（应填报数）"),
        ("village", "党员人数（无变化填0）"),
        ("village", "党员人数（无）"),
        ("village", "党员人数（新增填数）"),
        ("village", "村级集体总收入（填整数）"),
        ("county_milestones", "完成时限（2026-10-31）"),
        ("county_milestones", "完成时限（精确到月）"),
        # a unit that is not the field's
        ("village", "党员人数，户"),
        ("village", "村级集体总收入，元"),
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
        ("village", "党员人数（6）"),
        ("village", "截至9月底累计植树株数"),
        ("village", "累计一肩挑"),
        # another time before it, or one of another kind of number
        ("village", "期初党员人数"),
        ("village", "9月末党员人数"),
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
        "党员人数 Party members as of 30 September 2026",
        "村级集体总收入 Income, Jan-Sep",
        "村名",
    ]
    grid = grid_of([pa.array([text, "1"]) for text in texts], "x")
    found = values_in(grid, Layout(), catalogue().forms["village"], range(len(texts)))
    assert [*found] == [0, 1, 2, 3, 4, 5, 6]


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


def test_what_tells_how_to_fill_a_column_in_makes_no_other_header_anywhere() -> None:
    number = (
        "无则填0",
        "没有填0",
        "没有的请填“0”",
        "只填数字",
        "必填，不得留空",
        "选填",
        "自动计算",
        "如实填写",
    )
    how = {
        "integer": (*number, "整数", "填整数"),
        "decimal": (*number, "保留两位小数", "四舍五入保留2位小数"),
        "boolean": ("下拉选择", "填“是”或“否”", "是/否", "填是或否"),
        "enum": ("下拉选择", "单选", "请从下拉菜单中选择"),
        "date": ("年-月-日", "年月日", "格式：2026-01-31", "YYYY/MM/DD", "精确到日"),
        "text": ("必填", "填全称", "不超过50字"),
    }
    for form in catalogue().forms.values():
        for name, field in form.fields.items():
            for text in (field.label.zh, *field.headers):
                said = {one: read(form.form, f"{text}（{one}）")[0] for one in how[field.type]}
                assert set(said.values()) == {name}, (form.form, text, said)


def _headers(text: str) -> list[tuple[str, str]]:
    """Each header of a list, behind what stands before it in its line."""
    lines = (line.split(" ", maxsplit=3 if text is HONEST else 1) for line in text.strip().split("\n"))
    return [
        (" ".join(said), header.replace("\\n", "\n"))
        for *said, headers in lines
        for header in headers.split("|")
    ]


@pytest.mark.parametrize(("said", "header"), _headers(HONEST))
def test_a_header_that_is_plainly_the_field_s(said: str, header: str) -> None:
    form, target, unit = said.split()
    assert read(form, header) == (target, unit.strip("-"))


@pytest.mark.parametrize(("form", "header"), _headers(OTHER))
def test_its_neighbours_that_say_another_thing(form: str, header: str) -> None:
    assert read(form, header)[0] is None


def test_each_field_is_found_under_its_own_definition() -> None:
    for form in catalogue().forms.values():
        period = MONTH if form.period_type == "month" else QUARTER
        for name, field in form.fields.items():
            note = field.note.zh if field.note else ""
            for header in (
                f"{field.label.zh}（{note}）",
                f"{field.label.zh}\n{note}",
                f"{field.label.zh}：{note}",
            ):
                assert read(form.form, header, period)[0] == name, header
