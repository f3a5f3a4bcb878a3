"""A made-up morning: rows of the grid as mart has them, and the situation that letters are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from qiangji.figures.deciding import Waiting
from qiangji.figures.morning import CountyMorning, Due, Morning, Moves, Night
from qiangji.letters.situation import Situation
from qiangji.letters.words import Words

TODAY = date(2026, 11, 5)  # a Thursday; 2026-11-06 is the fifth working day
AT = datetime(2026, 11, 5, 0, 30, tzinfo=UTC)
A, B, C = "440703", "440704", "440705"
ZH, EN = Words("zh", "Asia/Shanghai"), Words("en", "Asia/Shanghai")
NAMES = {A: "蓬江区", B: "江海区", C: "新会区"}
SECRET = "88888888"
"""A rejected value, as messages of mart quote it."""
STATUS = {
    "accepted": ("已收", "accepted"), "partial": ("部分记录退回", "rows returned"), "late": ("逾期未报", "late"),
    "returned": ("退回重报", "returned"), "withheld": ("涉个人信息扣留", "withheld"), "held": ("待审", "held"),
    "awaited": ("待报", "awaited"), "failed": ("采集失败", "failed"),
}  # fmt: skip


def row(county: str, form: str, status: str, **said: Any) -> dict[str, Any]:
    """One row of the reporting grid."""
    zh, en = STATUS[status]
    return {
        "county_code": county, "county_name": NAMES[county], "form": form, "period": "2026-10", "status": status,
        "status_zh": zh, "status_en": en, "due_date": date(2026, 11, 6),
        "revision": 1 if status in ("accepted", "partial") else None,
        "expected_units": 10, "rows_accepted": 10 if status in ("accepted", "partial") else None, "rows_rejected": 0,
        "reason_code": None, "message_zh": None, "message_en": None, "delivery_id": f"d-{county}-{form}",
        "is_unchanged": False, "last_attempt_failed": False, "last_attempt_reason": None, "last_attempt_message": None,
    } | said  # fmt: skip


def rejection(county: str, form: str, rows: int, rule: str, said: str) -> dict[str, Any]:
    """Why rows went back; the message quotes what stood there, as mart's does."""
    return {
        "county_code": county, "form": form, "period": "2026-10", "rule": rule, "rows": rows, "example": "C7",
        "message_zh": said, "message_en": said,
    }  # fmt: skip


def workbook(county: str, name: str, transport: str) -> dict[str, Any]:
    return {"county_code": county, "file_name": name, "transport": transport, "status": "sent"}


def of_county(code: str, **said: Any) -> CountyMorning:
    counts = dict.fromkeys(
        ("awaited", "late", "late_days", "returned", "withheld", "held", "rows_sent_back", "feedback_sent",
         "to_hand_over"), 0,
    )  # fmt: skip
    plain: dict[str, Any] = {"is_reached": True, "reason_code": None, "last_good": "2026-10"}
    contact = {"contact_zh": f"{NAMES[code]}组织部", "contact_en": f"office of {code}"}
    return CountyMorning(county_code=code, county_name=NAMES[code], **(plain | counts | contact | said))


def situation(*grid: dict[str, Any], **said: Any) -> Situation:
    """A situation with these rows; `said`: other parts of it, and of its morning."""
    own = {
        name: said.pop(name)
        for name in ("rejections", "workbooks", "figures", "is_simulated")
        if name in said
    }
    night = Night("run", "2025-10", "2026-10", AT, AT, 3, 5, (), AT)
    parts: dict[str, Any] = {
        "at": AT, "night": night, "counties": tuple(of_county(c) for c in NAMES), "waiting": (), "moves": None,
        "ahead": (), "locked": (),
    }  # fmt: skip
    plain: dict[str, Any] = {"rejections": [], "workbooks": [], "figures": []}
    return Situation(today=TODAY, morning=Morning(**(parts | said)), grid=list(grid), **(plain | own))


def busy() -> Situation:
    """Something of everything."""
    change = {
        "indicator_code": "x", "name_zh": "入户率", "name_en": "Visits", "org_name": "蓬江区", "period": "2026-10",
        "unit": "percent", "value_before": Decimal(40), "obs_status_before": "A", "value": None, "obs_status": "Q",
        "change": None, "causes": ["revision", "suppression"], "because_zh": "主要因江海区自身水平下降 -1.20",
        "because_en": "mainly 江海区's own rate down -1.20",
    }  # fmt: skip
    figure = {
        "org_name": "江门市",
        "name_zh": "村民小组长党员比例", "name_en": "Share of leaders", "unit": "percent", "period": "2026-10",
        "value": Decimal("41.37"), "target": Decimal(50), "obs_status": "P",
    }  # fmt: skip
    return situation(
        row(A, "village", "late", due_date=date(2026, 11, 4)),
        row(A, "village_group", "late", due_date=date(2026, 10, 9), period="2026-09"),
        row(A, "community", "returned", message_zh="缺列“户数”", message_en="column 户数 is missing"),
        row(A, "town_training", "awaited"),
        row(A, "town_service", "accepted"),
        row(B, "village", "accepted"),
        row(C, "village", "held", reason_code="in_yuan", message_zh="是否以元填报？暂未采用；核实后请放行或作废",
            message_en="Are amounts in yuan? Nothing was replaced. Release or void it"),
        row(C, "community", "partial", rows_rejected=7, message_zh=f"退回7条记录，如B2：“网格数”无法识别：{SECRET}",
            message_en=f"7 rows rejected, e.g. B2: grids cannot be read: {SECRET}"),
        rejections=[
            rejection(C, "community", 5, "community.grids.type", f"{SECRET}"),
            rejection(C, "community", 2, "community.community_code.known", f"{SECRET}"),
        ],
        workbooks=[workbook(C, "community_2026-10.xlsx", "sftp"), workbook(A, "community_2026-10.xlsx", "kept")],
        figures=[figure],
        counties=(of_county(A, late=2, late_days=27, returned=1, to_hand_over=1), of_county(B), of_county(C, held=1)),
        waiting=(Waiting("held", "待审 新会区 行政村 2026-10", "held: in_yuan", "qiangji release d --reason \"…\"",
                         "是否以元填报？", "Are amounts in yuan?", C, "village", "2026-10", "d"),),
        moves=Moves(AT, 5, 2, {"revision": 3, "arrival": 2}, [change], {"2026-08": 1}),
        ahead=(Due(date(2026, 11, 6), "village", "行政村", "Villages", "2026-10", 7, 2),),
        locked=("2026-08",),
    )  # fmt: skip
