"""The morning in a terminal: whole at any width, what is wrong first, and one screen even for a nation."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from qiangji.cli.printing_morning import (
    BECAUSE_SHOWN,
    COUNTIES_SHOWN,
    REASONS_SHOWN,
    WAITING_SHOWN,
    print_morning,
)
from qiangji.figures.deciding import Open, Waiting
from qiangji.figures.morning import CountyMorning, Due, Morning, Moves, Night

AT = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
MOVE = {
    "name_zh": "村民小组长党员比例", "indicator_code": "x", "unit": "percent", "org_name": "开平市",
    "org_code": "440783", "period": "2026-10", "value_before": Decimal(40), "value": Decimal("41.5"),
    "change": Decimal("1.5"), "obs_status_before": "A", "obs_status": "P", "causes": ["revision"],
    "is_first_shown": False, "because_zh": "主要因长沙街道自身水平上升 +1.20",
    "because_en": "mainly 长沙街道's own rate up +1.20",
}  # fmt: skip


def county(code: str, **changes: Any) -> CountyMorning:
    plain: dict[str, Any] = {
        "county_code": code, "county_name": f"县{code}", "is_reached": True, "reason_code": None, "awaited": 0,
        "late": 0, "late_days": 0, "returned": 0, "withheld": 0, "held": 0, "rows_sent_back": 0, "feedback_sent": 0,
        "to_hand_over": 0, "last_good": "2026-10", "contact_zh": "", "contact_en": "",
    }  # fmt: skip
    return CountyMorning(**plain | changes)


def late(name: str, form: str, days: int) -> Open:
    return Open("late", "440704", name, form, form, form, "2026-10", days)


def back(name: str, form: str, code: str = "missing_column") -> Open:
    why = f"{name}缺列“户数”", f"{name} lacks a column"
    return Open(
        "returned",
        "440704",
        name,
        form,
        form,
        form,
        "2026-10",
        0,
        code,
        "缺少报表的列",
        "missing column",
        *why,
    )


def morning(
    counties: list[CountyMorning], lost: tuple[tuple[str, str, str], ...] = (), waiting: int = 0
) -> Morning:
    night = Night(
        "r", "2025-10", "2026-10", AT - timedelta(hours=6), AT - timedelta(hours=6, seconds=-75), len(counties), 21,
        lost, AT,
    )  # fmt: skip
    due = Due(date(2026, 12, 5), "village", "行政村党建月报表", "Villages", "2026-11", 8, 8)
    waits = tuple(Waiting("held", f"待审{i}", "held", f"qiangji release {i}") for i in range(waiting))
    moves = Moves(AT, 3, 1, {"revision": 2}, [MOVE], {"2026-09": 4})
    return Morning(AT, night, tuple(counties), waits, moves, (due,), ("2026-09",))


def shown(found: Morning, width: int = 100, *, is_all: bool = False) -> str:
    out = io.StringIO()
    print_morning(Console(file=out, width=width), found, is_all=is_all)
    return out.getvalue()


def test_a_red_night_says_who_was_not_reached_and_why() -> None:
    bad = county("440704", is_reached=False, reason_code="login_refused")
    text = shown(morning([county("440703"), bad], (("440704", "江海区", "login_refused"),)))
    assert "2个县（市、区）采到1个" in text
    assert "1分15秒" in text
    assert "1 min 15 s" in text
    assert "未采到 not reached: 江海区 拒绝登录" in text
    assert "✗ 县440704" in text
    assert "另有1个县（市、区）无事" in text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    counties = [
        county(f"44070{i}", late=i, late_days=44, returned=i, withheld=1, held=2, rows_sent_back=1234)
        for i in range(3)
    ]
    text = shown(morning(counties, waiting=2), width)
    assert "…" not in text
    for part in ("1,234", "2 (44天)", "qiangji release 1", "41.50", "+1.50", "2026-09"):
        assert part in text, part
    assert all(f"县44070{i}" in text for i in range(3))


def test_a_nation_s_morning_is_one_screen_and_begins_with_the_worst() -> None:
    counties = [county(f"{i:06d}", returned=i % 7) for i in range(2967)]
    counties[2900] = county("999999", is_reached=False, reason_code="timeout")
    text = shown(morning(counties, waiting=50))
    assert len(text.splitlines()) < 70
    assert text.index("县999999") < text.index("县000006")
    assert text.count("│ ✓ 县") == COUNTIES_SHOWN - 1
    assert f"另有 and {50 - WAITING_SHOWN} more: --all" in text
    assert shown(morning(counties), is_all=True).count("│ ✓ 县") == 2966


def test_who_is_late_and_what_went_back_and_why_are_told_in_a_line_each() -> None:
    reports = [late("江海区", f"表{i}", 20 + i) for i in range(5)]
    reports += [back("新会区", f"表{i}") for i in range(2)] + [back("台山市", "表9", "no_rows")]
    found = replace(morning([county("440703")]), open_reports=tuple(reports))
    text = shown(found, 160)
    assert "逾期未报 5份" in text
    assert "• 江海区：表0 2026-10 (20天)、表1 2026-10 (21天)、表2 2026-10 (22天)等5份" in text
    assert "退回、扣留 3份及原因" in text
    assert "• 缺少报表的列 missing_column：新会区 表0 2026-10、新会区 表1 2026-10" in text
    assert "新会区缺列“户数”" not in text
    whole = shown(found, 160, is_all=True)
    assert whole.count("新会区缺列“户数”") == 2
    assert "表4 2026-10 (24天)" in whole


def test_many_reasons_are_one_screen() -> None:
    found = tuple(back("新会区", "表", f"code_{i}") for i in range(40))
    found = tuple(replace(one, brief_zh=one.reason_code) for one in found)
    text = shown(replace(morning([county("440703")]), open_reports=found), 160)
    assert text.count("新会区 表 2026-10") == REASONS_SHOWN
    assert f"另有 and {40 - REASONS_SHOWN} more: --all" in text


def test_contacts_are_there_at_any_width() -> None:
    bad = county("440704", returned=1, contact_zh="江海区委组织部")
    assert "│ 江海区委组织部 │" in shown(morning([bad]), 100)
    narrow = shown(morning([bad]), 80)
    assert "联系 contacts: 江海区委组织部" in narrow
    assert narrow.count("县440704") == 1, "no second table for one column"


def test_what_is_due_next_is_told_where_nothing_is_soon() -> None:
    found = morning([county("440703")])
    text = shown(replace(found, ahead=(), then=found.ahead))
    assert "近五个工作日没有到期的报表" in text
    assert "12-05 截止 due，未收齐的县 counties to come: 行政村党建月报表 2026-11 8/8" in text


def test_a_morning_that_was_says_what_is_not_on_record() -> None:
    found = morning([county("440703")])
    assert "没有留存，未列" in shown(replace(found, is_past=True), 160)
    assert "没有留存，未列" not in shown(found, 160)


def test_what_changed_in_a_closed_period_is_told() -> None:
    assert "已锁定或审定的报告期2026-09有4个指标值变化" in shown(morning([county("440703")]))


def test_what_moved_is_told_by_its_units_where_that_can_be_said() -> None:
    found = morning([county("440703")])
    assert found.moves is not None
    said = "• 村民小组长党员比例 开平市 2026-10：主要因长沙街道自身水平上升 +1.20 mainly 长沙街道's own rate up +1.20"
    assert said in " ".join(shown(found, 200).split())
    found.moves.largest[:] = [MOVE | {"because_zh": "", "because_en": ""}] * 3
    assert "主要因" not in shown(found)
    found.moves.largest[:] = [MOVE] * 10
    assert shown(found).count("主要因") == BECAUSE_SHOWN
    assert shown(found, 160).count("主要因") == BECAUSE_SHOWN


def test_a_quiet_morning_says_so() -> None:
    text = shown(morning([county("440703")]))
    assert "没有等待决定的事项" in text
    assert "另有1个县（市、区）无事" in text
