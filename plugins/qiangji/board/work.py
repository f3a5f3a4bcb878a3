"""What the pages of the daily work show besides figures: statuses, reasons and causes in words and shapes.

In: codes of the ledger. Out: what their templates ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from qiangji.board import rules
from qiangji.board.quality import TOGETHER, group
from qiangji.board.reporting import ORDER, STATUS_MARKS, TONES
from qiangji.board.today import report
from qiangji.board.words import Words
from qiangji.catalogue.models import Form, Label
from qiangji.errors import failure_in_brief
from qiangji.figures import Row, in_force
from qiangji.figures.explaining import CAUSES
from qiangji.figures.morning import Night
from qiangji.parsing.reasons import REASONS, in_brief
from qiangji.pipeline import read_catalogue
from qiangji.settings import settings


def clock(value: datetime | None) -> str:
    """A time of the counties', without the year."""
    return "–" if value is None else f"{value.astimezone(ZoneInfo(settings().timezone)):%m-%d %H:%M}"


def took(night: Night) -> tuple[int, int]:
    """Minutes and seconds that a night took."""
    return divmod(round((night.ended_at - night.started_at).total_seconds()), 60)


def why(code: str | None, language: str, form: str = "") -> str:
    """A reason code in a few words; the code where there are none. `form`: of a report, which may break its rules."""
    if code in REASONS:
        return REASONS[code].trigger_zh if language == "zh" else REASONS[code].trigger_en
    if code and (said := rules.of_a_report(read_catalogue(), code, form)):
        return said.zh if language == "zh" else said.en
    return failure_in_brief(code) if code and language == "zh" else (code or "")


def brief(code: str, form: str, language: str) -> str:
    """Why a report of a form is where it is, in very few words; in English its code."""
    if language != "zh":
        return code.replace("_", " ")
    if code in REASONS:
        return REASONS[code].brief_zh
    said = rules.of_a_report(read_catalogue(), code, form)
    return in_brief(said.zh) if said else failure_in_brief(code)


def to_do(code: str | None, form: str) -> Label | None:
    """What a county does about a report of a form that came back for a reason."""
    return rules.to_do(read_catalogue(), code, form)


def rule_said(rule: str, words: Words) -> str:
    """What a rule says, without a value."""
    said = rules.said(read_catalogue(), rule)
    return words.pick(said.zh, said.en)


def before(action: str, row: Row, words: Words) -> str:
    """What a decision on a report that is held will do, by what counts of it now."""
    n, is_pair = row["revision"], bool(row["others"])
    if action == "release":
        if n is None:
            return words("release_first")
        return words("release_beside") if is_pair else words("release_over", n=n)
    if n is not None:
        return words("void_over", n=n)
    return words("void_beside" if is_pair else "void_last")


def afterwards(action: str, row: Row | None, words: Words) -> str:
    """What counts of a report after a decision on it. `row`: of the grid, which has none of a form that is gone."""
    said = [words("afterwards", what=words.pick(*in_force.stands(row)))] if row else []
    if action == "release":
        said.append(words("in_next_build"))
    return words.pick("", " ").join(said)


Options = list[tuple[str, str]]
"""What a list to choose from offers: value and text."""


def counties() -> Options:
    """The counties of the catalogue."""
    catalogue = read_catalogue()
    return [(code, catalogue.name_of(code)) for code in catalogue.counties]


def titles(forms: Mapping[str, Form], words: Words) -> Options:
    """Forms by their titles."""
    return [(code, words.pick(form.title.zh, form.title.en)) for code, form in forms.items()]


def statuses(words: Words) -> Options:
    """What a report may be, what somebody has to act on first."""
    return [(code, words(f"status_{code}")) for code in ORDER]


def pairs(values: Iterable[str]) -> Options:
    """Values that are their own texts."""
    return [(value, value) for value in values]


GLOBALS: dict[str, Any] = {
    "tones": TONES, "status_marks": STATUS_MARKS, "causes": CAUSES, "why": why, "brief": brief,
    "rule_said": rule_said, "counties": counties, "statuses": statuses, "group": group, "together": TOGETHER,
    "in_force": in_force.counts, "before": before, "afterwards": afterwards, "to_do": to_do,
}  # fmt: skip
FILTERS: dict[str, Any] = {"clock": clock, "took": took, "report": report, "titles": titles, "pairs": pairs}
