"""A report that says 无变动: how each file kind says it, what may not stand beside it, its place in the sequence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.ledger import sequence
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.periods import Period
from tests.golden import world
from tests.unit.ledger.verdicts import told, verdict

FIELDS = {"n": {}, "b": {"type": "boolean"}}
COUNTY: dict[str, Any] = {
    "county": "990001",
    "transport": "folder",
    "path": "x",
    "files": "{form}_{period}.csv",
}
HEAD = "单位编码,n,b\n"


def read(content: bytes, kind: Any, period_type: str = "month", **layout: Any) -> Parsed:
    form = Form(**world.form_of("v", {"fields": FIELDS, "period_type": period_type}))
    county = County(**COUNTY, layout=layout)
    period = Period.parse("2026-10" if period_type == "month" else "2026Q3")
    return read_form(read_grids(content, kind, county, ["v"])["v"], form, county, period)


def csv(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines) + "\n").encode()


def ndjson(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


@pytest.mark.parametrize(
    "content",
    [
        csv("无变动,,"),
        csv("无变动"),
        csv(",无 变 动,"),
        csv("本月无变动,,", "", ",,"),
        csv("无变动。,,"),
        csv("（无变动）"),
        "单位编码,n,b,is_unchanged\n,,,是\n".encode(),
        "单位编码,n,b,period\n无变动,,,2026-10\n".encode(),
    ],
)
def test_a_csv_says_so(content: bytes) -> None:
    parsed = read(content, "csv")
    assert parsed.is_unchanged
    assert parsed.rows.num_rows == 0


@pytest.mark.parametrize(
    "records", [[{"is_unchanged": True}], [{"无变动": "是", "period": "2026-10"}], [{"单位编码": "无变动"}]]
)
def test_an_interface_says_so(records: list[dict[str, Any]]) -> None:
    assert read(ndjson(*records), "ndjson").is_unchanged


def test_a_workbook_says_so_within_its_frame(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (
        ["月报表", None, None, None],
        ["序号", "单位编码", "n", "b"],
        [1, "无变动", None, None],
        [None, "合计", 0, None],
        ["填表人:某某", None, None, None],
    ):
        book.active.append(row)
    book.active.title = "报表v"
    book.save(tmp_path / "v.xlsx")
    around: dict[str, Any] = {"title_rows": 1, "totals": ["合计"], "sign_off": ["填表人"], "ignore": ["序号"]}
    assert read((tmp_path / "v.xlsx").read_bytes(), "xlsx", **around).is_unchanged


def test_a_county_has_words_of_its_own() -> None:
    assert read(csv("同上月"), "csv", unchanged=["同上月"]).is_unchanged


@pytest.mark.parametrize(
    "text",
    [
        "与上月相同",
        "无变化",
        "与上期一致",
        "同上月一样",
        "本月数据没有变化。",
        "保持不变",
        "未调整",
        "同上月",
        "同上期",
        "同上",
        "如上月",
        "无变更",
        "无變動",
        "無變動",
        "无",
        "与上月相比无变化",
    ],
)
def test_other_words_for_it_are_told_with_the_right_ones(text: str) -> None:
    """What is declared by mistake cannot be told from what is not: nothing is repeated by a guess."""
    for content in (
        csv(text),
        csv(f"{text},,"),
        csv("", f",{text},"),
        f"单位编码,n,period\n{text},,2026-10\n".encode(),
    ):
        with pytest.raises(ReturnedError) as e:
            read(content, "csv")
        assert e.value.code == "unchanged_in_other_words"
        assert "请填“无变动”" in e.value.zh


@pytest.mark.parametrize("row", ["无变化村,1,是", "与上月相同,1,", "同上,1,", "无,1,", "见附件,1,"])
def test_other_words_beside_rows_declare_nothing(row: str) -> None:
    assert not read(csv(row), "csv").is_unchanged


@pytest.mark.parametrize(
    "content",
    [
        csv("无变动,,", "990001001001,1,是"),
        csv("990001001001,1,是", "无变动,,"),
        csv("无变动,,", "无变动,,"),
        csv("无变动,3,"),
        csv(*["990001001001,1,是"] * 200, "无变动,,"),
        "单位编码,n,b,is_unchanged\n990001001001,1,是,是\n".encode(),
        "单位编码,n,b,is_unchanged\n,,,是\n,,,否\n990001001001,1,是,否\n".encode(),
    ],
)
def test_beside_rows_it_is_returned(content: bytes) -> None:
    with pytest.raises(ReturnedError) as e:
        read(content, "csv")
    assert e.value.code == "unchanged_with_rows"
    assert e.value.zh
    assert "v!" in str(e.value)


def test_a_totals_row_that_adds_up_to_something_is_a_row() -> None:
    with pytest.raises(ReturnedError) as e:
        read(csv("无变动,,", "合计,4,"), "csv", totals=["合计"])
    assert e.value.code == "unchanged_with_rows"


def test_only_a_month_is_repeated() -> None:
    with pytest.raises(ReturnedError) as e:
        read(csv("无变动,,"), "csv", "quarter")
    assert e.value.code == "unchanged_not_allowed"


def test_rows_that_say_no_are_rows() -> None:
    parsed = read("单位编码,n,b,is_unchanged\n990001001001,1,是,否\n990001001002,无,否,\n".encode(), "csv")
    assert not parsed.is_unchanged
    assert parsed.rows.column_names == ["unit_code", "n", "b", "_row"]
    assert parsed.rows.num_rows == 2


def test_a_header_alone_is_no_declaration() -> None:
    with pytest.raises(ReturnedError) as e:
        read(HEAD.encode(), "csv")
    assert e.value.code == "no_rows"


def test_it_is_a_revision_that_no_guard_holds() -> None:
    unchanged = replace(verdict(2, None, 0), verdict="accepted", reason_code=None, is_unchanged=True)
    again = replace(unchanged, delivery_id="d3", received_at=verdict(3, None).received_at)
    placed = sequence([verdict(1, "A"), unchanged, again], {}, 0.5)
    assert told(placed) == [("accepted", 1, False), ("accepted", 2, False), ("accepted", 2, True)]


def test_what_comes_after_it_is_compared_with_the_last_that_had_rows() -> None:
    unchanged = replace(verdict(2, None, 0), verdict="accepted", reason_code=None, is_unchanged=True)
    placed = sequence([verdict(1, "A"), unchanged, verdict(3, "B", 49), verdict(4, "C", 60)], {}, 0.5)
    assert [s.status for s in placed] == ["accepted", "accepted", "held", "accepted"]
