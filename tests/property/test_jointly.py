"""Files that are read as one give what each of them gives by itself, or are not read as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qiangji.catalogue.models import Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import Grid, Parsed, csv_file, jointly, read_form
from qiangji.parsing.screening import find_personal_data
from qiangji.periods import Period
from tests.hostile.files import FORM, HEADER, PERIOD, county

AT = Period.parse(PERIOD)
LAYOUTS = [
    Layout(),
    Layout(sign_off=("填表人",), totals=("合计",)),
    Layout(subtotals=("小计",), ignore=("备注",)),
]
CODES = st.from_regex(r"4407031012[0-9]{2}", fullmatch=True)
CELLS = (
    st.one_of(
        CODES, st.sampled_from(["", "合计", '="440703101201"', "440703 101201", "无变动", "4.4E+11", "编码"])
    ),
    st.sampled_from(
        ["甲村", "乙 村", "", "小计", "填表人：李四", "注：见表", "名称", "赵六", "①村", "13800138000"]
    ),
    st.sampled_from(
        ["31", "0", "", "007", "1,234", "-", "12.0", "x", "人", "3.5", "-2", "13800138000", "党员数"]
    ),
    st.sampled_from(["12.5", "0", "", "1e3", "12.5%", "579.0100000000001", "万元", "99", "收入"]),
    st.sampled_from(["是", "否", "", "有", "x", "是否"]),
    st.sampled_from(["2026-09-30", "2026年9月1日", "", "日期", "11010519491231002X"]),
)
CLEAN = tuple(
    st.sampled_from(c)
    for c in (["甲村", "乙村"], ["31", "007", "0"], ["12.5", "0"], ["是", "否"], ["2026-09-30"])
)


@st.composite
def files(draw: st.DrawFn) -> tuple[Layout, list[bytes]]:
    """Two to four files, most of whose rows are as they should be."""
    layout, header = (
        draw(st.sampled_from(LAYOUTS)),
        draw(st.sampled_from([HEADER, [*HEADER[:1], "姓名", *HEADER[2:]]])),
    )
    made, is_sound = [], draw(st.booleans())
    for _ in range(draw(st.integers(2, 4))):
        clean = draw(st.lists(st.tuples(CODES, *CLEAN), min_size=int(is_sound), max_size=4))
        odd = [] if is_sound else draw(st.lists(st.tuples(*CELLS), max_size=2))
        rows = draw(st.permutations([*clean, *odd]))
        if draw(st.integers(0, 5)) == 0:  # nobody filled it in
            rows = [(*row[:2], *[""] * 4) for row in rows]
        own = header if is_sound else draw(st.sampled_from([header, header, HEADER[:4]]))
        lines = [",".join('"' + c.replace('"', '""') + '"' for c in row[: len(own)]) for row in [own, *rows]]
        made.append("\n".join(lines).encode() + b"\n")
    return layout, made


def grids_of(contents: list[bytes]) -> list[Grid]:
    return [replace(csv_file.read(c, "utf-8"), form="village") for c in contents]


def alone(grid: Grid, layout: Layout) -> Parsed | None:
    try:
        return read_form(grid, FORM, county(layout=layout), AT)
    except ReturnedError:
        return None


@settings(deadline=None)
@given(drawn=files())
@example(drawn=(Layout(), [b"\xe7\xbc\x96\xe7\xa0\x81\n1\n"] * 2))
def test_together_they_are_what_each_is_alone(drawn: tuple[Layout, list[bytes]]) -> None:
    layout, contents = drawn
    grids = grids_of(contents)
    joint = jointly.read_clean(grids, FORM, county(layout=layout), AT)
    if joint is None:
        return
    sizes = jointly.rows_of(grids, FORM, county(layout=layout))
    for grid, own in zip(grids, jointly.split(joint, sizes), strict=True):
        assert find_personal_data(grid, layout, FORM) == []
        one = alone(grid, layout)
        assert one is not None
        assert own.rows.equals(one.rows)
        assert own.raw.equals(one.raw)
        assert own.problems.equals(one.problems)
        for name in ("totals_agree", "totals_problems", "columns", "is_unchanged", "explanations", "sheet"):
            assert getattr(own, name) == getattr(one, name), name


def lines(*rows: str, header: str = ",".join(HEADER)) -> bytes:
    return "\n".join([header, *rows]).encode() + b"\n"


SOUND = lines("440703101201,甲村,31,12.5,是,2026-09-30", "440703101202,乙村,7,0,否,2026-09-29")


def test_sound_files_are_read_as_one() -> None:
    joint = jointly.read_clean(grids_of([SOUND, SOUND, SOUND]), FORM, county(), AT)
    assert joint is not None
    assert joint.rows.column("_row").to_pylist() == [2, 3] * 3


@pytest.mark.parametrize(
    "other",
    [
        lines("440703101201,甲村,31,12.5,是,13800138000"),
        lines("440703101201,甲村,31,12.5,是,2026-09-30", "填表人：李四,,,,,"),
        lines("440703101201,甲村,31,12.5,是,2026-09-30", "合计,,31,12.5,,"),
        lines("440703101201,甲村,x,12.5,是,2026-09-30"),
        lines(",,人,万元,,", "440703101201,甲村,31,12.5,是,2026-09-30"),
        lines("440703101201,甲村,31,12.5,是,2026-09-30", ",,,,,"),
        lines("无变动,,,,,"),
        lines("440703101201,甲村,,,,"),
        lines(),
        lines("440703101201,甲村,31,12.5,是", header=",".join(HEADER[:5])),
        lines("440703101201,李四,31,12.5,是,2026-09-30", header=",".join([HEADER[0], "姓名", *HEADER[2:]])),
    ],
)
def test_nothing_is_read_as_one_with_what_something_is_to_be_said_of(other: bytes) -> None:
    layout = Layout(sign_off=("填表人",), totals=("合计",))
    for contents in ([SOUND, other], [other, SOUND], [SOUND, other, SOUND]):
        assert jointly.read_clean(grids_of(contents), FORM, county(layout=layout), AT) is None


def test_rows_without_a_key_are_seen_at_a_glance() -> None:
    """Totals, notes and blank rows: files with them are not tried with others."""

    def may_be(content: bytes, **layout: int) -> bool:
        return jointly.may_be(grids_of([content])[0], FORM, Layout(**layout))

    assert may_be(SOUND)
    assert not may_be(SOUND, title_rows=1)
    assert not may_be(lines())
    for row in ("合计,,31,12.5,,", ",,,,,", "填表人：李四,,,,,", '"",,,,,'):
        assert not may_be(lines("440703101201,甲村,31,12.5,是,2026-09-30", row))


def test_files_with_titles_are_not_read_as_one() -> None:
    titled = "甲县\n".encode() + SOUND
    layout = Layout(title_rows=1)
    assert alone(grids_of([titled])[0], layout) is not None
    assert jointly.read_clean(grids_of([titled, titled]), FORM, county(layout=layout), AT) is None
