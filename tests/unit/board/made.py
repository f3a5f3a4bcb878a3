"""This morning, made up: rows of the grid and of moves, and the page that shows them, in either language."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from qiangji.board import Viewer, pages, rendering
from qiangji.board.state import State
from qiangji.board.today import Today
from qiangji.figures.deciding import Open
from qiangji.figures.morning import Moves, Night

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
COUNTY, NAME = "440705", "新会区"
DUTY = Viewer("li.lei", may_decide=True)


def held(revision: int | None, **more: Any) -> dict[str, Any]:
    """A report of the grid that is held, beside a revision that counts or none."""
    row = {
        "county_code": COUNTY, "county_name": NAME, "form": "village", "period": "2026-10", "status": "held",
        "status_zh": "待审", "status_en": "held", "revision": revision, "received_at": AT, "rows_accepted": 6,
        "expected_units": 199, "delivery_id": "d-1", "others": None, "in_force": None, "reason_code": "all_zero",
        "message_zh": "全部为0？暂未采用；核实后请放行或作废",
        "message_en": "all 0? Nothing was replaced. Release or void it",
    }  # fmt: skip
    return row | more


def back(code: str, period: str = "2026-10") -> Open:
    """A report that went back for a reason."""
    return Open(
        "returned", COUNTY, NAME, "village", "行政村", "Villages", period,
        reason_code=code, brief_zh=f"原因{code}", brief_en=f"reason {code}",
    )  # fmt: skip


def late(period: str) -> Open:
    return Open("late", COUNTY, NAME, "village", "行政村", "Villages", period, days=3)


def decision(n: int) -> dict[str, Any]:
    return {
        "decided_at": AT, "decided_by": f"wang.{n}", "action": "void", "county_code": COUNTY, "county_name": NAME,
        "form": "village", "period": "2026-10", "delivery_id": f"d-{n}", "reason": "错表",
    }  # fmt: skip


def moves() -> Moves:
    """One figure that changed."""
    row = {
        "indicator_code": "share", "name_zh": "占比", "name_en": "Share", "org_code": COUNTY, "org_name": NAME,
        "period": "2026-10", "period_type": "month", "value_before": Decimal(1), "value": Decimal(3),
        "change": Decimal(2), "causes": [],
    }  # fmt: skip
    return Moves(since=AT, figures=1, first_shown=0, by_cause={}, largest=[row], closed={})


def today(**given: Any) -> Today:
    """A page on which nothing stands but what is given."""
    night = Night("r", "2026-10", "2026-10", AT, AT, 1, 0, (), AT)
    empty: dict[str, Any] = {
        "at": AT, "night": night, "counties": (), "held": (), "waiting": (), "moves": None, "late": [], "back": [],
        "ahead": [], "then": [], "locked": (), "unbuilt": 0, "decided": [], "done": None, "done_report": None,
        "chosen": None, "is_missed": False, "missed": None, "is_now": True,
    }  # fmt: skip
    return Today(**(empty | given))


def shown(language: str, page: Today) -> str:
    """The page as one who decides sees it."""
    state = State(page="today", lang=language)
    return rendering.page("today", state, pages.HEADS, page=page, viewer=DUTY, token="t")
