"""The pages of the daily work: every status and decision has a word, a shape and a colour; rules without values."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qiangji.board import deciding, reporting, rules, today, words_of_work, work
from qiangji.board.words import TABLE, Words
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Label
from qiangji.ledger.dispositions import DISPOSITIONS
from qiangji.ledger.statuses import STATUSES
from qiangji.parsing.reasons import REASONS
from qiangji.parsing.reasons_page import CELLS, ROWS
from qiangji.periods import Period
from tests.frozen import paths as frozen


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def test_every_status_has_a_word_a_shape_and_a_colour() -> None:
    for code in STATUSES:
        assert TABLE[f"status_{code}"][0] == STATUSES[code]
        assert reporting.STATUS_MARKS[code]
        assert reporting.TONES[code] in ("red", "yellow", "green", "none")
    assert len(set(reporting.STATUS_MARKS.values())) == len(STATUSES), "no two look alike without a colour"
    assert set(reporting.ORDER) == STATUSES.keys() - {"void"}


def test_every_decision_has_words() -> None:
    for action in (*today.ACTIONS, *DISPOSITIONS):
        assert TABLE[f"action_{action}"]
    for action in DISPOSITIONS:
        assert TABLE[f"action_{action}_said"]
    for code, zh in DISPOSITIONS.items():
        assert TABLE[f"disposition_{code}"][0] == zh


def test_a_rule_is_told_without_the_place_of_a_value(catalogue: Catalogue) -> None:
    for suite in catalogue.suites.values():
        for rule in suite.rules:
            said = rules.said(catalogue, rule.id)
            assert "{" not in said.zh + said.en
            assert not said.zh.endswith(("：", "，"))
            assert not said.en.endswith((":", ","))
            assert rules.about(catalogue, rule.id).zh


def test_what_a_county_does_is_told_by_reason_and_by_rule(catalogue: Catalogue) -> None:
    for code, reason in REASONS.items():
        assert rules.to_do(catalogue, code) == Label(zh=reason.do_zh, en=reason.do_en)
    for other in (None, "", "voided", "total_mismatch"):
        assert rules.to_do(catalogue, other, "no_form") is None
    village = catalogue.forms["village"]
    field = next(iter(village.fields))
    told = {
        f"village.{field}.dash": "是零填0，无数据留空，重报或说明",
        f"village.{field}.formula": "用表格软件打开、重新计算并保存，或粘贴为数值",
        f"village.{village.key}.formula": "重新计算并保存，或粘贴为数值",
        f"village.{village.key}.note": "删除，或由市级登记为签章区用语",
        f"village.{village.key}.type": "按要求改正",
    }
    for rule, zh in told.items():
        found = rules.to_do_about(catalogue, rule)
        assert found is not None, rule
        assert found.zh == zh
        assert found.en
    for rule in (f"village.{field}.note", f"village.{field}.none_such", "village", "gone.field.total"):
        assert rules.to_do_about(catalogue, rule) is None, rule
    for form, suite in catalogue.suites.items():
        for one in suite.rules:
            found = rules.to_do_about(catalogue, one.id)
            assert found is not None, one.id
            if one.id.rsplit(".", 1)[-1] not in {word for word, *_ in (*CELLS, *ROWS)}:
                assert one.expected.zh in found.zh
                assert one.expected.en in found.en
            assert rules.to_do(catalogue, one.id.removeprefix(f"{form}."), form) is not None


def test_what_is_not_in_a_suite_is_told_all_the_same(catalogue: Catalogue) -> None:
    code = next(iter(catalogue.indicators))
    assert rules.said(catalogue, f"{code}.bounded") == catalogue.indicators[code].name
    assert rules.said(catalogue, "village.no_such.type").zh == catalogue.forms["village"].title.zh
    assert rules.said(catalogue, "gone.field.type").zh == "gone.field.type"


def test_periods_lie_the_last_first_the_longer_before_its_last_month() -> None:
    found = reporting.in_order(Period.parse(p) for p in ("2026-08", "2026Q3", "2026-09", "2026-10", "2025"))
    assert [str(p) for p in found] == ["2026-10", "2026Q3", "2026-09", "2026-08", "2025"]


def row(period: str, due: date, revision: int | None, form: str = "village") -> dict[str, Any]:
    return {"period": period, "due_date": due, "revision": revision, "form": form}


def test_what_comes_is_due_within_five_working_days(catalogue: Catalogue) -> None:
    monday = date(2026, 11, 23)
    rows = [
        row("2026-10", date(2026, 11, 20), None),
        row("2026-11", monday, 1),
        row("2026-11", monday, None),
        row("2026-12", date(2026, 11, 27), None),
        row("2027-01", date(2026, 11, 28), None),
        row("2026-11", monday, None, form="gone"),
    ]
    found = today.coming(catalogue, rows, monday)
    assert [(d.period, d.counties, d.missing) for d in found[0]] == [("2026-11", 2, 1), ("2026-12", 1, 1)]
    assert found[1] == []
    ahead, then = today.coming(catalogue, [rows[0], rows[4]], monday)
    assert (ahead, [d.period for d in then]) == ([], ["2027-01"])
    assert today.coming(catalogue, [], monday) == ([], [])


def test_a_message_that_holds_a_value_is_told_by_its_reason() -> None:
    held = {"reason_code": "all_zero", "message_zh": "甲", "message_en": "a"}
    assert reporting._without_values(held) == held
    for code in reporting.VALUED:
        told = reporting._without_values({**held, "reason_code": code})
        assert told["message_zh"] == work.why(code, "zh")
        assert told["message_en"] == work.why(code, "en")


def test_a_reason_is_in_words_or_its_code() -> None:
    assert work.why("all_zero", "zh").startswith("三条")
    assert work.why("unreachable", "zh").startswith("连不上")
    assert work.why("unreachable", "en") == "unreachable"
    assert work.why(None, "zh") == ""
    assert [code for code, _ in work.statuses(Words("en"))] == list(reporting.ORDER)


def test_after_a_decision_the_page_keeps_its_filters() -> None:
    sent = {
        "action": "confirmed",
        "county": "440703",
        "severity": "warning",
        "lang": "en",
        "reason": "x",
        "rule": "",
    }
    kept = "quality?lang=en&county=440703&severity=warning"
    assert deciding._page(sent).link(disposed="f1") == f"{kept}&disposed=f1"
    assert deciding.asked_at(sent) == kept, "of many the form keeps no groups"
    assert deciding.asked_at(sent | {"finding": "f1"}) == f"{kept}&dispose=confirmed&finding=f1"


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        (
            {"action": "void", "delivery": "d1", "form": "village", "of": "2026-10", "lang": "en"},
            "today?lang=en&decide=void&report=d1.village.2026-10",
        ),
        ({"action": "burn", "form": "village"}, "today"),
        ({}, "today"),
        ({"action": "open", "finding": "f1", "period": "xx"}, "quality"),
        ({"action": "open", "finding": "f1", "lang": "fr"}, "quality"),
    ],
)
def test_a_form_that_is_refused_leads_back_to_its_dialog(sent: dict[str, str], address: str) -> None:
    assert deciding.asked_at(sent) == address


def test_no_page_s_words_take_the_place_of_another_s() -> None:
    text = (Path(words_of_work.__file__).parent / "words.py").read_text(encoding="utf-8")
    assert not set(re.findall(r'^    "(\w+)": \(', text, re.MULTILINE)) & words_of_work.WORK.keys()


def test_why_a_report_came_back_is_in_the_reader_s_language(catalogue: Catalogue) -> None:
    """A rule of its suite has Chinese words, as other reasons have; an English reader has its code."""
    for suite in catalogue.suites.values():
        for rule in suite.rules:
            form, _, code = rule.id.partition(".")
            if code in REASONS:
                continue
            assert re.search("[一-鿿]", work.brief(code, form, "zh")), rule.id
            assert work.brief(code, form, "en") == code.replace("_", " ")
            zh, en = (work.why(code, language, form) for language in ("zh", "en"))
            assert (zh, en) == (rules.said(catalogue, rule.id).zh, rules.said(catalogue, rule.id).en)
    assert work.brief("unreachable", "village", "zh") != "unreachable", "of a county that was not reached"
    assert work.why("none_such", "zh", "village") == "none_such"
