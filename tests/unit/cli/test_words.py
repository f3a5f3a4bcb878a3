"""Tables name forms, counties, statuses and kinds of periods in words, on narrow terminals too, and cut no value."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from qiangji.cli import printing, printing_figures, printing_stages, words
from qiangji.errors import CollectError
from qiangji.ledger.statuses import STATUSES

NAMES = words.Names({"village": "行政村党建月报表"}, {"440705": "新会区"})
PROJECT = Path(__file__).resolve().parents[3]
AT = datetime(2026, 11, 2, 1, 30, tzinfo=UTC)
VERDICT = {
    "county_code": "440705", "form": "village", "period": "2026-10", "status": "returned", "revision": None,
    "rows_received": 1234, "rows_accepted": 0, "rows_rejected": 1234, "reason_code": "unknown_header",
    "message_zh": "表头不识别：“党员数（人）”，请改用规定的表头", "message_en": "an unknown header",
    "doubt_zh": None, "doubt_en": None, "delivery_id": "d-20261102-440705-a1b2c3",
    "before": "accepted", "after": "returned", "rows_accepted_before": 1234,
}  # fmt: skip
CORRECTION = {
    "org_name": "桐井村委会", "org_code": "440703101201", "form": "village", "period": "2026-10", "field": "trees",
    "field_zh": "植树株数", "value_sent": "48000", "value_corrected": "4800", "value_found": None, "action": "set",
    "state": "applied", "reason": "县系统已封账", "declared_by": "组织二科", "declared_on": "2026-11-20",
    "place": "catalogue/corrections/village.yaml: 1",
}  # fmt: skip
SUBMISSION = {
    "county_code": "440705", "form": "village", "period": "2026-10", "status": "partial", "revision": 2,
    "is_current": True, "is_subtracted": False, "received_at": AT, "file_name": "village_2026-10.xlsx",
    "delivery_id": "0123456789abcdef",
}  # fmt: skip


def shown(print_it: Callable[[Console], None], width: int) -> str:
    """What is printed, without the breaks of lines."""
    out = io.StringIO()
    print_it(Console(file=out, width=width))
    assert "…" not in out.getvalue()
    return re.sub(r"\s+", "", re.sub(r"[│┃]", "", out.getvalue()))


def test_statuses_are_those_of_the_warehouse() -> None:
    text = "".join(
        p.read_text(encoding="utf-8") for p in (PROJECT / "sql" / "warehouse" / "versions").glob("*.sql")
    )
    inserts = re.findall(r"INSERT INTO dim\.submission_status VALUES(.*?);", text, re.DOTALL)
    assert dict(pair for i in inserts for pair in re.findall(r"\('(\w+)', '([^']+)'", i)) == STATUSES


def test_what_has_no_name_is_shown_by_its_code() -> None:
    assert words.Names().report("440705", "village", "2026-10") == "440705 2026-10 village"
    assert words.Names().report("440705", None, None) == "440705"
    assert words.status("new_status") == "[white]new_status[/white]"
    assert words.status(None) == "-"


@pytest.mark.parametrize("width", [40, 80, 160])
@pytest.mark.parametrize(
    ("print_it", "parts"),
    [
        (
            lambda c: printing_stages.print_checked(c, NAMES, [VERDICT]),
            ["新会区440705", "行政村党建月报表village", "退回重报returned", "1,234行", "a1b2c3", "规定的表头"],
        ),
        (
            lambda c: printing_stages.print_rehearsed(c, NAMES, [VERDICT], 9),
            ["已收accepted→退回重报returned", "1,234→0", "行政村党建月报表village", "试核9份，8份不变"],
        ),
        (
            lambda c: printing_stages.print_failures(
                c, NAMES, [("440705", "village", "2026-10", CollectError("no view", code="not_found"))]
            ),
            ["采集失败failed", "新会区440705", "行政村党建月报表village", "not_found", "noview"],
        ),
        (
            lambda c: printing_figures.print_corrections(c, [CORRECTION], "人工更正 Corrections", NAMES),
            ["桐井村委会440703101201", "植树株数trees", "48000→更正corrected4800", "县系统已封账", "village.yaml"],
        ),
        (
            lambda c: printing_figures._print_reports(c, {"submissions": [SUBMISSION], "rejections": []}, NAMES),
            ["部分记录退回partialv2*", "village_2026-10.xlsx", "0123456789ab", "2026-11-0209:30:00"],
        ),
        (
            lambda c: printing.print_reasons(c, [VERDICT | {"status_zh": "退回重报"}], NAMES),
            ["新会区4407052026-10行政村党建月报表village退回重报returned", "unknown_header"],
        ),
    ],
)  # fmt: skip
def test_nothing_is_cut_and_what_has_a_word_has_it(
    print_it: Callable[[Console], None], parts: list[str], width: int
) -> None:
    text = shown(print_it, width)
    assert [part for part in parts if part not in text] == []


FORMS = ("village", "community", "town_service", "village_group")
WORKBOOK = [
    {"county_code": "440784", "form": form, "period": "2026-10", "reason_code": "voided_again",
     "message": "2026-10.xlsx 与 d-1 内容相同，不再采用"} for form in FORMS
]  # fmt: skip


def test_what_is_said_of_a_workbook_is_said_once() -> None:
    """Of a voided workbook with four forms: one card that names them, at `collect` and at `status`."""
    other = WORKBOOK[0] | {"period": "2026-09", "message": "另一份"}
    text = shown(lambda c: printing_stages.print_notes(c, NAMES, [*WORKBOOK, other]), 160)
    assert text.count("不再采用") == 1
    assert "2026-10行政村党建月报表village、community、town_service、village_groupvoided_again" in text
    assert "2026-09行政村党建月报表villagevoided_again另一份" in text

    same = {"status": "late", "status_zh": "逾期未报", "delivery_id": None, "due_date": "2026-11-05"}
    rows = [r | same | {"message_zh": r["message"], "message_en": r["message"]} for r in WORKBOOK]
    text = shown(lambda c: printing.print_reasons(c, rows, NAMES), 160)
    assert text.count("不再采用") == text.count("截止due") == 1
    assert "Needsattention:4" in text
    silent = [r | {"message_zh": None, "message_en": None} for r in rows]
    assert shown(lambda c: printing.print_reasons(c, silent, NAMES), 160).count("截止due") == 4


@pytest.mark.parametrize("width", [80, 160])
def test_many_units_are_a_list_for_each_indicator(width: int) -> None:
    rows: list[dict[str, Any]] = [
        {
            "indicator_code": code, "name_zh": name, "unit": "ten_thousand_yuan", "org_code": f"44070310120{i}",
            "org_name": f"第{i}村村委会", "period": "2026-10", "period_type": "month", "value": Decimal("41.37"),
            "obs_status": "P", "numerator": Decimal("1234567.5"), "denominator": Decimal(2),
            "reporting_rate": Decimal(100), "has_warning": False,
        }
        for code, name in (("income", "村集体经营性收入"), ("share", "占比"))
        for i in range(printing.MATRIX_UNITS + 1)
    ]  # fmt: skip
    text = shown(lambda c: printing.print_values(c, rows), width)
    for part in ("村集体经营性收入income（万元）,月month2026-10", "占比share", "第7村村委会", "440703101207"):
        assert part in text
    assert text.count("41.37P") == len(rows)
    assert "ten_thousand_yuan" not in text


def test_every_fault_of_the_lake_and_the_ledger_is_told_in_chinese_too() -> None:
    from qiangji.cli import restore
    from qiangji.restoring import verifying

    assert restore.FAULTS.keys() == verifying.DO.keys()
    source = Path(verifying.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'\.count\("([^"]+)"', source)) == restore.LOOKED_AT.keys()
    words_of = restore.table_words()
    assert words_of["ops.delivery"] == "来件"

    found = verifying.Verified({"raw files": 3})
    found.note("altered", "lake/raw/aa/aab", "its content is not what its name says")
    text = shown(lambda c: restore.print_verified(found, c), 60)
    for part in ("3原始文件rawfiles", "altered", "从数据湖的备份取回该文件", "notwhatitsnamesays"):
        assert part in text
