"""How findings are listed: summed up by rule and county first, then up to a limit."""

from __future__ import annotations

from typing import Any

import pytest

from qiangji.cli import common, findings
from qiangji.cli.words import Names
from qiangji.ledger.dispositions import RuleCount, summed_up


def found(county: str, rule: str, n: int, severity: str = "warning") -> list[dict[str, Any]]:
    return [
        {
            "finding_id": f"{county}{rule}{i}", "county_code": county, "county_name": f"县{county}", "form": "f",
            "period": "2026-10", "org_code": "990001", "org_name": "甲", "rule": rule, "severity": severity,
            "message_zh": "话", "message_en": "words", "expected_zh": "数", "expected_en": "number",
            "disposition": "open", "disposition_by": None, "disposition_at": None, "disposition_reason": None,
        }
        for i in range(n)
    ]  # fmt: skip


ROWS = [*found("1", "f.n.high", 2), *found("2", "f.n.high", 3), *found("1", "f.d.low", 1, "info")]


def test_findings_are_summed_up_by_rule_and_county_the_most_first() -> None:
    assert summed_up(ROWS) == [
        RuleCount("f.n.high", "warning", 5, (("2", "县2", 3), ("1", "县1", 2))),
        RuleCount("f.d.low", "info", 1, (("1", "县1", 1),)),
    ]
    assert summed_up([]) == []


@pytest.mark.parametrize(
    ("limit", "listed", "left"), [(4, 4, "另有 and 2 more"), (6, 6, ""), (0, 0, "另有 and 6 more")]
)
def test_the_summary_comes_first_and_what_is_left_is_counted(
    limit: int, listed: int, left: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.console, "width", 160)
    findings.print_findings(ROWS, limit, Names())
    out = capsys.readouterr().out
    assert out.index("按规则和县汇总") < out.index("共 in all 6 个核查发现 findings, 2 条规则 rules.")
    assert "县2 3、县1 2" in out
    assert (
        out.count("f.n.high0") + out.count("f.n.high1") + out.count("f.n.high2") + out.count("f.d.low0")
        == listed
    )
    assert left in out
    assert ("more: --limit" in out) == bool(left)
