"""A first look at a column sees whatever looking at its cells sees."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qiangji.parsing import glance, screening, totals
from qiangji.parsing.normalise import tidy_array
from qiangji.parsing.numbers import plain_integers
from qiangji.personal_data.names import CALLED, MAY_ASK
from qiangji.text import tidy

CHARACTERS = st.sampled_from("0123456789-+.,=' \t\u3000\0abXlMſK村甲计合全本無①½Ⅲ，（）・㐀豈𠮷\u200b")
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=8),
    st.text(max_size=6),
    st.from_regex(r"[0-9]{1,12}", fullmatch=True),
    st.sampled_from(["李四", "小 计", "填表人：甲", "Contact", "ſignature", "村 民"]),
    st.builds(lambda a, w, b: a + w + b, st.text(CHARACTERS, max_size=2),
              st.sampled_from(sorted(CALLED)), st.text(CHARACTERS, max_size=2)),
)  # fmt: skip


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    """Also columns that are a part of a longer one, as those of a zone of a sheet."""
    cells = draw(st.lists(st.one_of(st.none(), TEXTS), max_size=8))
    before, behind = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return pa.array(["x"] * before + cells + ["李"] * behind, pa.string()).slice(before, len(cells))


def cells_of(column: pa.Array) -> list[str]:
    return [text for text in column.to_pylist() if text is not None]


@settings(deadline=None)
@given(column=columns(), most=st.integers(1, 10))
@example(column=pa.array(["", None]), most=1)
@example(column=pa.nulls(2, pa.string()), most=1)
def test_lengths_and_kinds_are_those_of_the_cells(column: pa.Array, most: int) -> None:
    cells = column.to_pylist()
    known = column.is_valid().to_numpy(zero_copy_only=False)
    assert glance.lengths(column)[known].tolist() == [len(t.encode()) for t in cells_of(column)]
    assert glance.longest(column) == max((len((t or "").encode()) for t in cells), default=0)
    assert glance.is_filled(column) == all(cells)
    assert glance.is_ascii(column) == all(t.isascii() for t in cells_of(column))
    assert glance.is_alnum(column) == (bool(cells) and all(t and t.isascii() and t.isalnum() for t in cells))
    is_plain = all(re.fullmatch(rf"[0-9]{{1,{most}}}", t) for t in cells_of(column))
    assert glance.is_digits(column, most) == (is_plain and bool(cells_of(column)))


@settings(deadline=None)
@given(column=columns(), wanted=st.sets(CHARACTERS, max_size=4))
def test_no_cell_has_what_the_whole_column_has_not(column: pa.Array, wanted: set[str]) -> None:
    assert glance.has_any(column, wanted) == any(c in t for t in cells_of(column) for c in wanted)
    basic = {c for c in wanted if ord(c) < 0x10000}
    assert glance.Characters(basic).are_all(column) == all(c in basic for t in cells_of(column) for c in t)


@settings(deadline=None)
@given(column=columns())
@example(column=pa.array(["组", "长"]))
@example(column=pa.array(["ſignature"]))
def test_what_asks_for_a_person_is_never_passed_over(column: pa.Array) -> None:
    found = pc.any(pc.match_substring_regex(column, MAY_ASK)).as_py()
    assert screening.may_ask(column) or not found
    assert screening._may_name([column]) == bool(found)


def test_names_of_groups_ask_for_nobody_at_a_glance() -> None:
    assert not screening.may_ask(pa.array(["小组名称", "金楼第1村民小组", None, "党小组", "是"]))
    assert screening.may_ask(pa.array(["金楼第1村民小组组长"]))


@settings(deadline=None)
@given(column=columns())
def test_tidying_and_totals_are_the_same_for_columns_and_cells(column: pa.Array) -> None:
    assert tidy_array(column).to_pylist() == [None if t is None else tidy(t) for t in column.to_pylist()]
    assert totals._say_total(column).to_pylist() == [totals.says_total(t) for t in column.to_pylist()]


@settings(deadline=None)
@given(column=columns())
def test_plain_integers_are_what_the_cells_say(column: pa.Array) -> None:
    found = plain_integers(column)
    are = all(re.fullmatch(r"-?[0-9]{1,10}", t, re.ASCII) for t in cells_of(column))
    assert (found is not None) == are
    if found is not None:
        assert found.values.to_pylist() == [None if t is None else int(t) for t in column.to_pylist()]


def test_points_beyond_the_basic_plane_are_none_of_a_set() -> None:
    assert not glance.Characters(glance.COMMON).are_all(pa.array(["𠮷"]))
    assert glance.points(pa.array(["𠮷", "a"])).dtype == np.uint16
