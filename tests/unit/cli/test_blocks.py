"""Wide tables on narrow terminals: every value and the leading column are there, whatever the width."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from qiangji.cli.blocks import Line, print_in_blocks
from qiangji.cli.common import right


def shown(width: int, columns: list[str], lines: list[Line]) -> str:
    out = io.StringIO()
    print_in_blocks(Console(file=out, width=width), "标题 title", ["县 county"], right(*columns), lines)
    return out.getvalue()


CELLS = st.text("0123456789.,", min_size=1, max_size=12)
NAMES = st.text("蓬江新会台山开平", min_size=1, max_size=6)


@given(
    width=st.integers(40, 160),
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    data=st.data(),
    columns=st.lists(st.text("abcdefgh", min_size=1, max_size=10), min_size=1, max_size=12, unique=True),
)
def test_no_value_is_cut_and_each_block_names_its_rows(
    width: int, names: list[str], data: st.DataObject, columns: list[str]
) -> None:
    lines = [
        Line([n], data.draw(st.lists(CELLS, min_size=len(columns), max_size=len(columns)))) for n in names
    ]
    text = shown(width, columns, lines)
    assert "…" not in text
    assert all(len(line.encode("gb18030", "replace")) for line in text.splitlines())
    words = text.split()
    for line in lines:
        assert all(cell in words for cell in line.cells)
    blocks = text.count("county")
    for name in names:
        assert sum(word == name for word in words) >= blocks


@pytest.mark.parametrize(("width", "blocks"), [(200, 1), (80, 2), (40, 4)])
def test_fewer_columns_print_fewer_values_a_block(width: int, blocks: int) -> None:
    columns = [f"c{i}" for i in range(8)]
    text = shown(width, columns, [Line(["江门市"], ["12,345.67"] * 8)])
    assert text.count("江门市") == blocks
    assert text.count("12,345.67") == 8
    assert text.count("标题") == 1
