"""Findings as the ledger keeps them: what their ids follow from, and that the ids stay what they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qiangji.catalogue.suites import Words
from qiangji.ledger.findings import Finding

UNIT = "440703101201"


def finding(unit: str = UNIT, rule: str = "f.n.warn_above", value: str | None = "51") -> Finding:
    words = Words(value, "偏大", "is high", "不超过50", "at most 50")
    return Finding("440703", "f", "2026-10", unit, unit, rule, "warning", ("n",), words)


@pytest.mark.parametrize(
    ("one", "id"),
    [
        (finding(), "0b878ab2b4892d34"),
        (finding(rule="f.unit_code.unexpected", value=""), "7a736332a435b108"),
        (finding("440703", "f.unit_code.repeats_nothing", None), "7e2ba5f4561dd3e6"),
    ],
)
def test_an_id_stays_what_it_was(one: Finding, id: str) -> None:
    """Decisions are kept by id: another recipe would open every finding that was decided."""
    assert one.finding_id == id


def test_the_same_finding_has_the_same_id_whatever_is_said_of_it() -> None:
    said_otherwise = replace(finding(), words=replace(finding().words, message_zh="别的说法"))
    assert said_otherwise.finding_id == finding().finding_id
    assert finding(value="52").finding_id != finding().finding_id


def test_a_row_has_the_columns_of_the_table() -> None:
    assert finding(value=None).row() == {
        "finding_id": finding(value=None).finding_id, "county_code": "440703", "form": "f", "period": "2026-10",
        "unit_code": UNIT, "org_code": UNIT, "rule": "f.n.warn_above", "severity": "warning", "fields": ["n"],
        "value": "", "message_zh": "偏大", "message_en": "is high", "expected_zh": "不超过50",
        "expected_en": "at most 50",
    }  # fmt: skip
