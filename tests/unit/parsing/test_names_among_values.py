"""A person who stands where a form wants a number, 是 or 否, a day or a listed value is found; other words are not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from qiangji.catalogue.load import load
from qiangji.catalogue.models import Field, Layout
from qiangji.parsing.grid import grid_of
from qiangji.parsing.screening import Hit, find_personal_data
from qiangji.personal_data import Things, may_name
from tests.frozen import paths as frozen

FORMS = load(frozen.CATALOGUE, frozen.EXPECTATIONS).forms
FORM, TASKS = FORMS["village"], FORMS["county_milestones"]
NUMBER = next(f for f in FORM.fields.values() if f.type == "integer")
YES_NO = next(f for f in FORM.fields.values() if f.type == "boolean")


def found(header: str, text: str) -> list[Hit]:
    columns = [pa.array(["行政村编码", "440703101201"]), pa.array([header, text])]
    return find_personal_data(grid_of(columns, "village", header_rows=1), Layout(), FORM)


@pytest.mark.parametrize(
    "text",
    [
        "林佩仪",
        "林佩仪2",
        "2（林佩仪）",
        "由林佩仪负责",
        "问林佩仪",
        "林佩仪已核",
        "司徒美堂",
        "张三、李四",
        "陈主任",
        "李雷(党员)",
    ],
)
@pytest.mark.parametrize("field", [NUMBER, YES_NO])
def test_a_person_where_no_text_belongs_is_found(field: Field, text: str) -> None:
    assert found(field.label.zh, text) == [Hit("village!B2", "name")]


@pytest.mark.parametrize(
    "text",
    [
        "5万元", "300余人", "1.2万", "5000元整", "约三百", "无", "暂无", "不详", "应报未报", "单位数", "平均3次",
        "和上月相同", "待核实", "全部完成", "元月", "石溪一组", "是", "否", "周三", "查无此项", "未填报", "人数不详",
        "计划中", "双水镇",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", [NUMBER, YES_NO])
def test_other_words_are_told_as_what_cannot_be_read(field: Field, text: str) -> None:
    assert found(field.label.zh, text) == []


@pytest.mark.parametrize(
    ("text", "is_person"),
    [
        *[(person, True) for person in ("陈伟强", "陈伟强副部长", "张副区长", "陈伟强、李雷")],
        *[
            (office, False)
            for office in ("组织部", "农办", "卫健局", "新会区民政局", "经发办", "团委", "关工委", "司法所")
        ],
    ],
)
def test_a_person_who_leads_a_task_is_found_and_an_office_is_none(text: str, is_person: bool) -> None:
    columns = [pa.array(["任务编号", "T01"]), pa.array([TASKS.fields["lead_office"].label.zh, text])]
    hits = find_personal_data(grid_of(columns, "county_milestones", header_rows=1), Layout(), TASKS)
    assert hits == [Hit("county_milestones!B2", "name")] * is_person


@pytest.mark.parametrize("office", ["区侨联", "区委、区政府", "江侨联", "蓬政协", "文本", "区安监", "高新园"])
def test_an_office_of_the_county_leads_a_task_and_a_row_of_types_names_nobody(office: str) -> None:
    columns = [pa.array(["任务编号", "T01"]), pa.array([TASKS.fields["lead_office"].label.zh, office])]
    units = Things(frozenset({"蓬江区", "江门市"}))
    assert find_personal_data(grid_of(columns, "", header_rows=1), Layout(), TASKS, units) == []


@pytest.mark.parametrize(
    ("text", "is_person"),
    [
        ("盖章", False),
        ("符合", False),
        ("文书", False),
        ("季报", False),
        ("司前", False),
        ("江咀", True),
        ("林佩仪", True),
    ],
)
@pytest.mark.parametrize("label", ["审核人", "负责人", "填表人"])
def test_a_box_beside_who_signs_may_hold_no_name(label: str, text: str, is_person: bool) -> None:
    units = Things(frozenset({"司前镇", "江咀村"}))
    for first, second in ((label, text), (f"{label}：{text}", None)):
        columns = [
            pa.array([first, "行政村编码", "440703101201"]),
            pa.array([second, NUMBER.label.zh, "5"], pa.string()),
        ]
        grid = grid_of(columns, "village", header_rows=1)
        assert bool(find_personal_data(grid, Layout(title_rows=1), FORM, units)) is is_person


def test_under_a_header_that_is_not_of_the_forms_values_a_name_is_a_word_like_others() -> None:
    assert found("备注", "林佩仪") == []
    assert found(FORM.name_headers[0], "林佩仪") == []


def test_a_header_once_more_is_nobody() -> None:
    """On a second page, over two rows or one: a header of the form, or the sheet's own words for one."""
    for field in FORM.fields.values():
        assert found(field.label.zh, field.label.zh) == []
    for text in ("应急（本年累计）", "应建", "施工中", "黄皮树", "花木", "单独"):
        assert found(NUMBER.label.zh, text) == []


def test_no_listed_value_of_a_form_is_a_person() -> None:
    import pyarrow as pa

    forms = load(frozen.CATALOGUE, frozen.EXPECTATIONS).forms.values()
    listed = [(form, name, f) for form in forms for name, f in form.fields.items() if f.values]
    assert len(listed) >= 2
    for form, name, f in listed:
        columns = [pa.array([form.key, *["x"] * len(f.values)]), pa.array([name, *f.values])]
        assert find_personal_data(grid_of(columns, "", header_rows=1), Layout(), form) == []


@pytest.mark.parametrize(
    ("tab", "is_named"), [("林佩仪的表", True), ("林佩仪填", True), ("新会区的表", False), ("月报", False)]
)
def test_a_tab_that_says_whose_it_is_is_not_quoted(tab: str, is_named: bool) -> None:
    assert may_name(tab) is is_named


@pytest.mark.parametrize("below", ["人", "1", "必填", "期末数", "—"])
def test_below_a_declared_row_of_units_or_numbers_a_person_is_found(below: str) -> None:
    columns = [
        pa.array(["行政村编码", "1" if below == "1" else "", "440703101201"]),
        pa.array(["行政村名称", "2" if below == "1" else "", "石溪村"]),
        pa.array([NUMBER.label.zh, "3" if below == "1" else below, "林佩仪"]),
    ]
    hits = find_personal_data(grid_of(columns, "village"), Layout(header_rows=2), FORM)
    assert hits == [Hit("village!C3", "name")]
