"""A grid read as a form: headers, rows, problems with addresses, totals, the sign-off zone."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest

from qiangji.catalogue.models import County, Layout
from qiangji.errors import CatalogueError, ReturnedError
from qiangji.parsing import Parsed, address, read_form, read_grids
from qiangji.parsing.facts import units_above
from qiangji.parsing.grid import column_letters
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

OCTOBER = Period.parse("2026-10")
FORM = village_form(
    {
        "members": {"label": "党员", "headers": ["党员人数"]},
        "grade": {"label": "书记档次", "type": "enum", "values": ["一档", "二档", "无"]},
        "is_head": {"label": "一肩挑", "type": "boolean"},
        "income": {
            "label": "总收入(万元)", "headers": ["收入总收入"], "type": "decimal", "kind": "ytd",
            "unit": "ten_thousand_yuan",
        },
        "trees": {"label": "植树", "kind": "flow", "since": "2026-05"},
    },
    headers=("村编码", "行政村编码"),
)  # fmt: skip
HEADER = "村编码,村名,党员,书记档次,一肩挑,总收入（万元）,植树"
CODE = "4407031000"


def county(**layout: Any) -> County:
    return County(county="440703", transport="folder", path="x", files="{form}.csv", layout=Layout(**layout))


def read(
    text: str, period: Period = OCTOBER, crosswalk: dict[str, str] | None = None, **layout: Any
) -> Parsed:
    c = county(**layout)
    return read_form(read_grids(text.encode(), "csv", c, ["village"])["village"], FORM, c, period, crosswalk)


def refused(text: str, period: Period = OCTOBER, **layout: Any) -> ReturnedError:
    with pytest.raises(ReturnedError) as caught:
        read(text, period, **layout)
    return caught.value


def test_rows_are_typed_in_the_forms_order_with_sheet_row_numbers() -> None:
    header = "一肩挑," + HEADER.replace("一肩挑,", "")
    text = f'{header}\n是,{CODE}01,甲村,"1,２34",二档,12.5,无\n否,{CODE}02,乙村,3,,—,\n'
    parsed = read(text)
    assert parsed.rows.column_names == [
        "village_code", "unit_name", "members", "grade", "is_head", "income", "trees", "_row",
    ]  # fmt: skip
    assert parsed.rows.to_pylist() == [
        {"village_code": f"{CODE}01", "unit_name": "甲村", "members": 1234, "grade": "二档", "is_head": True,
         "income": Decimal("12.5000"), "trees": 0, "_row": 2},
        {"village_code": f"{CODE}02", "unit_name": "乙村", "members": 3, "grade": None, "is_head": False,
         "income": None, "trees": None, "_row": 3},
    ]  # fmt: skip
    assert parsed.raw.column_names == parsed.rows.column_names
    assert parsed.raw["members"].to_pylist() == ["1,２34", "3"]
    assert parsed.problems.num_rows == 0
    assert parsed.totals_agree is None


def test_every_unreadable_cell_is_a_problem_with_its_address_and_its_row_stays() -> None:
    parsed = read(f"{HEADER}\n{CODE}01,甲,约30,三档,也许,1.2.3,1e3\n{CODE}02,乙,3,一档,是,1,2\n")
    assert parsed.rows.num_rows == 2
    assert parsed.rows["members"].to_pylist() == [None, 3]
    problems = parsed.problems.to_pylist()
    assert [(p["index"], p["field"], p["address"], p["rule"], p["value"]) for p in problems] == [
        (0, "members", "village!C2", "village.members.type", "约30"),
        (0, "grade", "village!D2", "village.grade.enum", "三档"),
        (0, "is_head", "village!E2", "village.is_head.type", "也许"),
        (0, "income", "village!F2", "village.income.type", "1.2.3"),
        (0, "trees", "village!G2", "village.trees.type", "1e3"),
    ]
    assert problems[1]["expected_zh"] == "一档、二档、无"
    assert all(p["expected_zh"] and p["expected_en"] for p in problems)


def test_an_empty_key_keeps_its_row_and_an_empty_row_does_not() -> None:
    parsed = read(f"{HEADER}\n,甲,3,一档,是,1,2\n,,,,,,\n 　,,,,,,\n{CODE}02,乙,4,一档,是,1,2\n")
    assert parsed.rows["village_code"].to_pylist() == [None, f"{CODE}02"]
    assert parsed.rows["_row"].to_pylist() == [2, 5]


def test_addresses_count_title_rows_and_skipped_rows() -> None:
    parsed = read(f"行政村月报表,,,,,,\n{HEADER}\n,,,,,,\n{CODE}01,甲,x,一档,是,1,2\n", title_rows=1)
    assert parsed.problems["address"].to_pylist() == ["village!C4"]
    assert parsed.rows["_row"].to_pylist() == [4]
    assert [column_letters(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert address("village_group", 3, 17) == "village_group!D17"


def test_the_form_is_the_one_of_its_period() -> None:
    april = Period.parse("2026-04")
    parsed = read(f"{HEADER.removesuffix(',植树')}\n{CODE}01,甲,3,一档,是,1\n", april)
    assert "trees" not in parsed.rows.column_names
    assert "trees" not in read(f"{HEADER}\n{CODE}01,甲,3,一档,是,1,5\n", april).rows.column_names


def test_names_labels_and_aliases_are_headers_in_any_width_and_case_of_spacing() -> None:
    header = "行政村编码,村名,党 员人数,grade,Is head,总收入(万元),trees"
    assert read(f"{header}\n{CODE}01,甲,3,一档,是,1,2\n").rows["members"].to_pylist() == [3]


def test_two_header_rows_use_the_leaf_or_parent_and_leaf() -> None:
    text = (
        "村编码,村名,党员,书记,,收入,植树\n"
        ",,,书记档次,一肩挑,总收入,\n"
        f"{CODE}01,甲,3,一档,是,1.25,2\n"
    )  # fmt: skip
    parsed = read(text, header_rows=2)
    assert parsed.rows["income"].to_pylist() == [Decimal("1.2500")]
    assert parsed.rows["is_head"].to_pylist() == [True]
    assert parsed.rows["_row"].to_pylist() == [3]


def test_what_stands_above_a_header_is_told_with_it() -> None:
    text = (
        "村编码,村名,党员,书记,,村级收入（本年累计，千元）,植树\n"
        ",,,书记档次,一肩挑,总收入,\n"
        f"{CODE}01,甲,3,一档,是,1.25,2\n"
    )  # fmt: skip
    sheet = read(text, header_rows=2).sheet
    assert sheet.headers["income"] == ("村级收入(本年累计,千元)", "总收入")
    assert units_above(sheet.headers["income"][0]) == ["千元"]


def test_a_column_without_header_or_declared_as_nothing_is_left_out() -> None:
    parsed = read(f"序号,{HEADER},备注,\n1,{CODE}01,甲,3,一档,是,1,2,好,x\n", ignore=["序号", "备注"])
    assert parsed.rows["members"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("text", "code", "in_message"),
    [
        ("", "empty_file", "empty"),
        ("\ufeff\r\n", "empty_file", "empty"),
        (f"{HEADER}\n", "no_rows", "no rows"),
        (f"{HEADER}\n,,,,,,\n", "no_rows", "no rows"),
        (f"{HEADER},其他\n{CODE}01,甲,3,一档,是,1,2,3\n", "unknown_header", "'其他' in village!H1"),
        (f"{HEADER.replace('党员,', '')}\n{CODE}01,甲,一档,是,1,2\n", "missing_column", "党员人数"),
        (f"{HEADER.replace('村编码,', '')}\n甲,3,一档,是,1,2\n", "missing_column", "village_code"),
        (f"{HEADER},党员人数\n{CODE}01,甲,3,一档,是,1,2,3\n", "duplicate_header", "C1 and village!H1"),
        (f"{HEADER}\n{CODE}01,甲,3,一档,是,1,2\n{CODE}02,乙,3\n", "truncated", "(3) ends after 3 of 7 cells"),
        (f"{HEADER}\n{CODE}01,甲,3,一\n{CODE}02,乙,3,一档,是,1,2\n", "ragged_rows", "first row 2: 4"),
        (f"{HEADER}\n{CODE}01,甲,3,一档,是,1,2,9\n", "ragged_rows", "first row 2: 8"),
        # 1,234 without quotation marks, where a blank column at the end takes the last cell
        (f"{HEADER},\n{CODE}01,甲,1,234,一档,是,1,2\n{CODE}02,乙,3,一档,是,1,2,\n", "ragged_rows", "first village!H2"),
        (f'{HEADER}\n{CODE}01,"甲,3,一档,是,1,2\n', "truncated", "not closed"),
        (f"报告期,{HEADER}\n2026-10,{CODE}01,甲,3,一档,是,1,2\n2026年9月,{CODE}02,乙,3,一档,是,1,2\n",
         "wrong_period", "village!A3 says period 2026-09"),
        (f"报告期,{HEADER}\n9999-12-31,{CODE}01,甲,3,一档,是,1,2\n", "wrong_period", "a year outside 1900 to 2999"),
        (f"报告期,{HEADER}\n9999-12,{CODE}01,甲,3,一档,是,1,2\n", "wrong_period", "a year outside 1900 to 2999"),
        (f"报告期,{HEADER}\n0001年1月,{CODE}01,甲,3,一档,是,1,2\n", "wrong_period", "a year outside 1900 to 2999"),
        (f"报告期,{HEADER}\n十月,{CODE}01,甲,3,一档,是,1,2\n", "wrong_period", "no period that can be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_returned_with_a_reason_in_both_languages(
    text: str, code: str, in_message: str
) -> None:
    error = refused(text)
    assert error.code == code
    assert in_message in str(error)
    assert "440703 village" in str(error)
    assert error.expected
    assert error.do
    assert any("\u4e00" <= c <= "\u9fff" for c in error.zh)


def test_a_returned_error_survives_pickling_with_both_messages() -> None:
    error = refused(f"{HEADER}\n")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.zh, copy.code) == (str(error), error.zh, "no_rows")


@pytest.mark.parametrize("said", ["2026-10", "202610", "2026年10月", "2026/10", "２０２６-10", "2026.10", ""])
def test_a_period_column_that_agrees_is_no_field(said: str) -> None:
    parsed = read(f"{HEADER},报告期\n{CODE}01,甲,3,一档,是,1,2,{said}\n")
    assert parsed.rows.num_rows == 1
    assert parsed.totals_agree is None


def test_the_sign_off_zone_is_cut_off_below_the_header_only() -> None:
    rows = f"{CODE}01,甲,3,一档,是,1,2\n审核人员村,乙,,,是,,\n 填表人：某某\n电话,1\n"
    text = f"审核人 报送,,,,,,\n{HEADER}\n{rows}"
    parsed = read(text, title_rows=1, sign_off=["填表人", "审核人"])
    assert parsed.rows["village_code"].to_pylist() == [f"{CODE}01"]
    kept = read(text.replace("审核人员村", f"{CODE}02"), title_rows=1, sign_off=["填表人"])
    assert kept.rows.num_rows == 2


ROWS = f"{CODE}01,甲,3,一档,是,1.25,2\n{CODE}02,乙,4,一档,否,2.50,\n"


@pytest.mark.parametrize(
    ("totals", "agree", "problems"),
    [
        ("合计,,7,,,3.75,2\n", True, []),
        (",合 计,7,,,3.750,2\n", True, []),
        ("合计,,7\n", True, []),
        ("合计,,,,,,\n", None, []),
        ("合计,,8,,,3.75,2\n", False, [("members", "village!C4", "8", "7")]),
        ("合计,,7,,,3.6,2\n", False, [("income", "village!F4", "3.6", "3.75")]),
        ("合计,,7,,,3.8,2\n", True, []),  # rounded to what it shows
        ("合计,,7,,,4,2\n", True, []),
        ("合计,,7,,,3.76,2\n", True, []),
        ("合计,,7,,,3.73,2\n", False, [("income", "village!F4", "3.73", "3.75")]),
        ("合计：,,7,,,3.75,2\n", True, []),
        (",合　计：,8,,,3.75,2\n", False, [("members", "village!C4", "8", "7")]),
        ("合计,,约7,,,3.75,2\n", False, [("members", "village!C4", "?", "7")]),
    ],
)
def test_a_totals_row_is_a_control_sum_and_no_row(
    totals: str, agree: bool | None, problems: list[tuple[str, str, str, str]]
) -> None:
    parsed = read(f"{HEADER}\n{ROWS}{totals}", totals=["合计"])
    assert parsed.rows.num_rows == 2
    assert parsed.totals_agree is agree
    assert [(p.field, p.address, p.written, p.sum) for p in parsed.totals_problems] == problems


def test_a_field_with_an_unreadable_cell_has_no_sum_to_compare() -> None:
    parsed = read(f"{HEADER}\n{CODE}01,甲,约3,一档,是,1,2\n合计,,3,,,1,2\n", totals=["合计"])
    assert parsed.totals_agree is True
    assert parsed.problems.num_rows == 1


def test_subtotals_add_up_the_rows_since_the_one_before_and_the_total_all() -> None:
    text = f"{HEADER}\n{ROWS}小计,,7,,,,\n{CODE}03,丙,5,一档,是,1,1\n小计,,{{}},,,,\n合计,,12,,,,\n"
    layout: dict[str, Any] = {"totals": ["合计"], "subtotals": ["小计"]}
    parsed = read(text.format(5), **layout)
    assert (parsed.rows.num_rows, parsed.totals_agree) == (3, True)
    wrong = read(text.format(12), **layout)
    assert [(p.address, p.written, p.sum) for p in wrong.totals_problems] == [("village!C6", "12", "5")]


def test_a_crosswalk_gives_the_trees_code_and_leaves_what_it_does_not_know() -> None:
    parsed = read(f"{HEADER}\nA-1,甲,3,一档,是,1,2\nB,乙,4,一档,否,2,1\n", crosswalk={"A-1": f"{CODE}01"})
    assert parsed.rows["village_code"].to_pylist() == [f"{CODE}01", "B"]
    assert parsed.raw["village_code"].to_pylist() == ["A-1", "B"]


def test_a_header_that_stands_for_two_fields_is_the_catalogues_error() -> None:
    fields = dict(FORM.fields)
    fields["trees"] = fields["trees"].model_copy(update={"headers": ("党员人数",)})
    form = FORM.model_copy(update={"fields": fields})
    grid = read_grids(f"{HEADER}\n{ROWS}".encode(), "csv", county(), ["village"])["village"]
    with pytest.raises(CatalogueError, match="stands for members and trees"):
        read_form(grid, form, county(), OCTOBER)
