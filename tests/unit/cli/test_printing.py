"""How rows look in a terminal: no figure with findings is unmarked, and a report says how much of what is expected."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from qiangji.cli import printing
from qiangji.cli.words import Names
from qiangji.figures import reading


def figure(org: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "indicator_code": "x", "name_zh": "甲", "unit": "percent", "org_code": org, "org_name": org,
        "period": "2026-10", "period_type": "month", "value": Decimal("41.37"), "obs_status": "A",
        "numerator": Decimal(1), "denominator": Decimal(2), "reporting_rate": Decimal(100), "has_warning": False,
    }  # fmt: skip
    return plain | changes


def shown(print_rows: Any, rows: list[dict[str, Any]], *more: Any) -> str:
    out = io.StringIO()
    print_rows(Console(file=out, width=200), rows, *more)
    return out.getvalue()


@pytest.mark.parametrize("units", [2, printing.MATRIX_UNITS + 1])
def test_a_figure_with_findings_is_marked_in_matrix_and_list(units: int) -> None:
    plain = [figure(f"U{i}") for i in range(units)]
    text = shown(printing.print_values, plain)
    assert " !" not in text
    assert printing.WARNED_LEGEND not in text
    text = shown(printing.print_values, [plain[0] | {"has_warning": True}, *plain[1:]])
    assert text.count("41.37 !") == 1
    assert printing.WARNED_LEGEND in text
    both = shown(printing.print_values, [plain[0] | {"has_warning": True, "obs_status": "P"}, *plain[1:]])
    assert "41.37 P !" in both


def report(**changes: Any) -> dict[str, Any]:
    plain = {
        "county_code": "990001", "county_name": "A", "form": "f", "period": "2026-10", "status": "accepted",
        "status_zh": "已收", "received_at": datetime(2026, 11, 2, tzinfo=UTC), "revision": 1, "is_unchanged": False,
        "is_nil": False, "repeated_period": None, "rows_received": 6, "rows_accepted": 6, "rows_rejected": 0,
        "expected_units": 199, "last_attempt_failed": False, "reason_code": None, "message_zh": None,
        "message_en": None, "delivery_id": "d",
    }  # fmt: skip
    return plain | changes


def test_the_grid_says_how_many_of_how_many() -> None:
    assert "接收 6 / 应报 199" in shown(printing.print_status, [report()])
    assert "接收 5 / 应报 199, 退回 1" in shown(
        printing.print_status, [report(rows_accepted=5, rows_rejected=1)]
    )
    assert "应报" not in shown(printing.print_status, [report(expected_units=None)])
    groups = Names(of_groups=frozenset({report()["form"]}))
    assert "接收 6组 / 应报 199村" in shown(printing.print_status, [report()], groups)


def test_what_does_not_count_is_told_apart_from_what_does() -> None:
    held = report(status="held", revision=1, rows_received=89, rows_accepted=89)
    text = shown(printing.print_status, [held])
    assert "来件 89行 rows" in text
    assert "v1 仍有效 still counts" in text
    assert "接收" not in text
    assert "still counts" not in shown(printing.print_status, [held | {"revision": None}])
    assert "仍有效" not in shown(printing.print_status, [report(revision=1)])


@pytest.mark.parametrize(
    ("changes", "is_shown"),
    [
        ({}, True),
        ({"rows_accepted": 159}, True),
        ({"rows_accepted": 160}, False),
        ({"status": "partial", "rows_accepted": 100, "rows_rejected": 99}, True),
        ({"is_unchanged": True, "rows_accepted": 0}, False),
        ({"expected_units": None}, False),
        ({"expected_units": 0}, False),
        ({"status": "awaited", "rows_accepted": None}, False),
    ],
)
def test_a_report_of_few_units_needs_attention(changes: dict[str, Any], is_shown: bool) -> None:
    found = reading.needs_attention([report(**changes)])
    assert [r["reason_code"] for r in found] == (["few_units"] if is_shown else [])


def test_the_grid_names_years_that_are_not_known() -> None:
    out = io.StringIO()
    printing.print_unknown_years(Console(file=out, width=300), [2099])
    assert "2099.yaml" in out.getvalue()
    assert "注意" in out.getvalue()
