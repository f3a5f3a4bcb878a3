"""Whether somebody signed: by what stands behind the labels, never who."""

from __future__ import annotations

import pyarrow as pa
import pytest

from qiangji.parsing.grid import grid_of
from qiangji.parsing.signing import APPROVED_BY, FILLED_IN_BY, roles_in, signed

BOTH = (FILLED_IN_BY, APPROVED_BY)


def roles(*rows: tuple[str | None, ...]) -> tuple[str, ...]:
    width = max(map(len, rows))
    padded = [(*row, *[None] * (width - len(row))) for row in rows]
    return signed(grid_of([pa.array(c, pa.string()) for c in zip(*padded, strict=True)], "s"), 0)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("填表人：林佩仪",), ("审核人：陈卓文",), ("联系电话：13800138000",)], BOTH),
        ([("填表人：", "林佩仪", None, "审核人：", "陈卓文")], BOTH),
        ([("填表人：林佩仪  审核人：        联系电话：0750-1234567",)], (FILLED_IN_BY,)),
        ([("填表人：",), ("审核人：陈卓文",)], (APPROVED_BY,)),
        ([("填 表 人（签字）：林佩仪", "单位负责人（签章）：__________")], (FILLED_IN_BY,)),
        ([("制表：林佩仪", "复核 陈卓文", "填报日期：2026年11月3日")], BOTH),
        ([("填表人", None, "审核人", None, "填报日期：2026-11-03")], ()),
        ([("填表人：/",), ("审核人：——",), ("联系电话：0750-1234567",)], ()),
        ([("联系电话：13800138000",)], ()),
        ([("Zone",)], ()),
    ],
)
def test_who_signed_is_known_by_what_stands_behind_the_label(
    rows: list[tuple[str | None, ...]], found: tuple[str, ...]
) -> None:
    assert roles(*rows) == found


def test_only_rows_of_the_zone_are_looked_at() -> None:
    grid = grid_of([pa.array(["填表人：林佩仪", "审核人：陈卓文"])], "s")
    assert signed(grid, 1) == (APPROVED_BY,)
    assert signed(grid, 2) == ()


def test_a_layout_asks_for_the_roles_of_its_words() -> None:
    assert roles_in(("填表人", "审核人", "联系电话")) == set(BOTH)
    assert roles_in(("制表",)) == {FILLED_IN_BY}
    assert roles_in(("联系电话",)) == set()
