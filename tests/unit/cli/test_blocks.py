"""Wide tables on narrow terminals: every value and the leading column are there, whatever the width."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from qiangji.cli.blocks import Line, print_in_blocks, say, wrapped
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


SAID = (
    "• 其他 others 12份：新会区；无法识别或不合规则的单元格过多 台山市（2026-10），共12种。\n"
    "  1,234.56→2,345.67 (+1.50)"
)


@pytest.mark.parametrize("width", [20, 33, 40, 80])
def test_a_text_is_broken_where_no_name_and_no_value_is(width: int) -> None:
    lines = [line.plain for line in wrapped(Text(SAID), width)]
    assert all(cell_len(line) <= width for line in lines), lines
    assert "".join("".join(lines).split()) == "".join(SAID.split()), "nothing is lost"
    for part in ("新会区；", "台山市（2026-10）", "12份", "1,234.56→2,345.67"):
        assert any(part in line for line in lines), part
    assert all(line.startswith("  ") for line in lines[1:]), "beneath the text"


@given(st.text("• ab１，。县\n 、", max_size=60), st.integers(4, 30), st.integers(0, 2))
def test_nothing_is_lost_and_no_line_is_too_long(said: str, width: int, indent: int) -> None:
    lines = [line.plain for line in wrapped(Text(said), width, indent)]
    assert "".join("".join(lines).split()) == "".join(said.split())
    assert all(cell_len(line.rstrip()) <= width for line in lines)


def test_styles_stay_where_a_text_is_broken() -> None:
    out = io.StringIO()
    console = Console(file=out, width=20, force_terminal=True, color_system="standard")
    say(console, f"[red]未采到：[/red] {'江海区、' * 6}")
    assert out.getvalue().count("\x1b[31m") == 1
    assert out.getvalue().count("江海区、") == 6
    assert len(out.getvalue().splitlines()) == 4
