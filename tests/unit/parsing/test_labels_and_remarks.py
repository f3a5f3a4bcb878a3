"""What a label asks for, by where it stands: a header its column, a label elsewhere what is beside it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from qiangji.catalogue.load import load
from qiangji.catalogue.models import Layout
from qiangji.parsing.grid import grid_of
from qiangji.parsing.screening import find_personal_data
from tests.frozen import paths as frozen

FORMS = load(frozen.CATALOGUE, frozen.EXPECTATIONS).forms
Rows = Sequence[Sequence[str | None]]
CODES = [f"4407031012{n:02}" for n in range(1, 5)]


def found(rows: Rows, titles: int = 0, form: str = "village") -> list[str]:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    grid = grid_of(columns, form, header_rows=1) if not titles else grid_of(columns, form)
    layout = Layout(title_rows=titles, header_rows=1)
    return [hit.address.partition("!")[2] for hit in find_personal_data(grid, layout, FORMS[form])]


def units(header: str, *texts: str | None) -> Rows:
    return [["行政村编码", "党员人数", header], *([c, "3", t] for c, t in zip(CODES, texts, strict=False))]


@pytest.mark.parametrize(
    "remark", ["已换书记", "更换负责人", "更换联系人", "换届更换组长", "新选组长", "暂无网格员", "书记"]
)
@pytest.mark.parametrize("below", ["万达", "管道", "马山", "李锦记", "黄竹", "何边"])
def test_a_remark_of_a_unit_asks_nothing_of_the_remarks_below_it(remark: str, below: str) -> None:
    assert found(units("备注", remark, None, below)) == []
    assert found(units("备注", remark, below)) == []


def test_a_remark_asks_nothing_of_the_one_beside_it_but_a_label_does() -> None:
    for remark, is_label in (
        ("新任书记", False),
        ("更换负责人", False),
        ("党支部书记", True),
        ("联系人：", True),
    ):
        rows = [["行政村编码", "党员人数", "备注", "说明"], [CODES[0], "3", remark, "何边"]]
        assert found(rows) == ["D2"] * is_label


@pytest.mark.parametrize("header", ["书记", "负责人", "联系人姓名"])
def test_a_header_asks_for_its_column_in_one_row_or_two(header: str) -> None:
    assert found(units(header, None, "林佩仪")) == ["C3"]
    two = units("备注", None, None, "林佩仪")
    assert found([two[0], [None, None, header], *two[1:]]) == ["C5"]


def test_below_the_table_a_label_asks_for_what_is_beside_and_beneath_it() -> None:
    assert found([*units("备注", "无"), [None, "驻村工作组组长", "林佩仪"]]) == ["C3"]
    assert found([*units("备注", "无"), [None, None, "审核人"], [None, None, "林佩仪"]]) == ["C4"]


LABELS = ["填表人：", "联系人", "审核：", "负责人", "制表", "填报", "书记", "组长", "填报单位："]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_above_the_header_asks_for_nothing_below_it(label: str) -> None:
    names = ["李屋", "何边", "黄竹", "陈边"]
    head: Rows = [["填报单位：区委组织部", label, None], ["村民小组编码", "小组名称", "备注"]]
    rows: Rows = [[f"4407031012010{n}", name, None] for n, name in enumerate(names, 1)]
    assert found([*head, *rows], 1, "village_group") == []
    assert found([head[0], [None, "林佩仪", None], head[1], *rows], 2, "village_group") == (
        ["B2"] if label != "填报单位：" else []
    )
    without: Sequence[str | None] = ["村民小组编码", None, "备注"]
    below = found([head[0], without, *rows], 1, "village_group")
    assert bool(below) is (label != "填报单位：")


@pytest.mark.parametrize(
    "header",
    ["党建指导员", "志愿者", "校长", "董事长", "村医", "教师", "业主", "乡贤", "党员",
     "举报人", "被举报人", "信访人", "涉案人员", "法人代表", "走访人", "驻村干部", "包村领导", "挂点领导", "网格长"],
)  # fmt: skip
def test_a_header_that_ends_in_whoever_does_something_asks_for_a_person(header: str) -> None:
    assert found(units(header, None, "林佩仪")) == ["C3"]
    for thing in ("无", "3", "尚未", "计划内", "石溪村", "党员", "包村领导", "符合"):
        assert found(units(header, None, thing)) == []
    assert found(units("备注", header, None, "林佩仪")) == []


def test_no_header_of_a_form_asks_under_its_own_form() -> None:
    for form in FORMS.values():
        for field in form.fields.values():
            rows: Rows = [[form.key_headers[0], field.label.zh, "备注"], ["x", None, "万达"]]
            assert found(rows, form=form.form) == []


@pytest.mark.parametrize("name", ["林佩仪书记", "书记林佩仪", "林佩仪 0750-6663123", "陈志强副主任"])
def test_among_the_names_of_units_a_person_with_an_office_or_a_telephone_is_found(name: str) -> None:
    rows: Rows = [["村民小组编码", "小组名称", "备注"], ["44070310120101", name, None]]
    assert found(rows, form="village_group") == ["B2"]


@pytest.mark.parametrize(
    "name",
    [
        "李屋",
        "何边",
        "陈村",
        "黄竹村民小组",
        "马山队",
        "石溪村",
        "石溪村 0750-6663123",
        "陈村书记",
        "梁村第一组",
        "林佩仪",
    ],
)
def test_names_of_units_are_none_and_a_name_alone_may_be_one(name: str) -> None:
    rows: Rows = [["村民小组编码", "小组名称", "备注"], ["44070310120101", name, None]]
    assert found(rows, form="village_group") == []
