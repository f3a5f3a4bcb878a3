"""Mornings, made by hand: of counties that somebody names, and a bad one of eight counties; and how they are shown."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console

from qiangji.cli.printing_morning import print_morning
from qiangji.figures.deciding import Open, Waiting
from qiangji.figures.morning import CountyMorning, Due, Morning, Moves, Night

AT = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
MOVE = {
    "name_zh": "村民小组长党员比例", "indicator_code": "x", "unit": "percent", "org_name": "开平市",
    "org_code": "440783", "period": "2026-10", "period_type": "month", "value_before": Decimal(40),
    "value": Decimal("41.5"), "change": Decimal("1.5"), "obs_status_before": "A", "obs_status": "P",
    "causes": ["revision"],
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
    waits = tuple(
        Waiting(
            "held", f"待审 县 表{i} 2026-10：整列未填", "held: blank_column", f'qiangji release d{i} --reason "…"',
            county_code="440703", delivery_id=f"d{i}", about=f"县 表{i} 2026-10", reason_code="blank_column",
            brief_zh="整列未填", argument=f"d{i}",
        )
        for i in range(waiting)
    )  # fmt: skip
    moves = Moves(AT, 3, 1, {"revision": 2}, [MOVE], {"2026-09": 4})
    return Morning(AT, night, tuple(counties), waits, moves, (due,), ("2026-09",))


def shown(found: Morning, width: int = 100, *, is_all: bool = False) -> str:
    out = io.StringIO()
    print_morning(Console(file=out, width=width), found, is_all=is_all)
    return out.getvalue()


FORMS = (
    "行政村党建月报表", "社区党建月报表", "镇街联系服务群众月报表", "村民小组基本情况月报表", "镇街教育培训季报表"
)  # fmt: skip
NAMES = ("蓬江区", "江海区", "新会区", "台山市", "开平市", "鹤山市", "恩平市", "市直")
WHY = (
    "所有记录均未通过核查", "文件损坏、上传不完整或不是所称的格式", "报告期列或标题与文件的报告期不同",
    "表头不在约定的行", "签字栏以外出现身份证号、手机号或姓名", "合计与各行之和不符", "只有编码和名称",
    "用其他说法表示无变动", "无法识别或不合规则的单元格过多", "缺少报表的列", "编码被表格软件改成科学计数",
    "只有表头没有数据",
)  # fmt: skip


def busy() -> Morning:
    """A bad morning of eight counties: one not reached, thirty reports back for a dozen reasons, much that waits."""
    counties = [
        county(
            f"44070{i}", county_name=name, late=i % 4, late_days=24, returned=i, withheld=i % 2, held=i % 3, awaited=4,
            rows_sent_back=17 * i, feedback_sent=i, to_hand_over=i % 2, contact_zh=f"{name}委组织部（示意）",
            is_reached=i != 3,
        )
        for i, name in enumerate(NAMES)
    ]  # fmt: skip
    reports = [late(NAMES[i], form, 20 + i) for i in range(1, 3) for form in FORMS[: i + 2]]
    reports += [back(NAMES[1 + i % 7], FORMS[i % 5], f"code_{min(i, 3 * i % 14, 11)}") for i in range(30)]
    reports = [
        replace(r, brief_zh=WHY[int(r.reason_code[5:])], is_new=i % 2 == 0) if r.reason_code else r
        for i, r in enumerate(reports)
    ]
    found = morning(counties, (("440703", "台山市", "login_refused"),), waiting=11)
    held = tuple(
        replace(
            one, argument=f"{i:016x}"[::-1], delivery_id=f"{i:016x}"[::-1], about=f"{NAMES[i % 8]} {FORMS[2]} 2026-07",
            brief_zh="三条以上记录的数字全部为0", command=f'qiangji release {f"{i:016x}"[::-1]} --reason "…"',
        )
        for i, one in enumerate(found.waiting)
    )  # fmt: skip
    few = tuple(
        Waiting("few_units", "", "", "qiangji status", county_code=f"44070{i}", brief_zh=f"{i}/15")
        for i in range(1, 6)
    )
    others = (
        Waiting("unbuilt", "2026-10有新报送或新决定未计算", "2026-10: not in the figures", "qiangji build"),
        Waiting("not_sent", "81份来件的退回说明尚未发出", "81 deliveries", "qiangji feedback"),
        Waiting("findings", "核查提醒待核447条", "447 warnings", "qiangji findings --severity warning"),
        Waiting("unknown_year", "2027年节假日未录入", "the holidays of 2027 are not known", ""),
    )
    decided: dict[str, Any] = {
        "action": "release", "delivery_id": "d1", "county_code": "440703", "form": "village", "period": "2026-10",
        "reason": "已电话核实", "decided_by": "王晓明", "decided_at": AT, "org_name": None, "org_code": None,
    }  # fmt: skip
    assert found.moves is not None
    moves = replace(
        found.moves,
        largest=[MOVE] * 10,
        by_cause={"revision": 90, "late_arrival+revision": 36, "boundary": 7},
    )
    return replace(
        found, open_reports=tuple(reports), waiting=(*others[:1], *held, *few, *others[1:]), moves=moves,
        decided=[decided] * 4,
    )  # fmt: skip
