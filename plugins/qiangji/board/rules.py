"""Rules in words, without a value: what a rule is about, and what it says was wrong.

In: the catalogue, the id of a rule (`form.field.check`, or `indicator.bounded`). Out: labels in both languages; the id
where there are no words.
"""

from __future__ import annotations

import re

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Label
from qiangji.catalogue.suites import Rule
from qiangji.parsing.reasons import REASONS
from qiangji.parsing.reasons_page import CELLS, ROWS

_OF_CELLS = {word: Label(zh=zh, en=en) for word, _, _, zh, en in CELLS}
_OF_ROWS = {word: Label(zh=zh, en=en) for word, _, _, zh, en in ROWS}
_VALUE = re.compile(r"[:：,，]?\s*\{\w+\}")
"""The place of a value in a message, with the colon before it."""


def about(catalogue: Catalogue, rule: str) -> Label:
    """What a rule is about: the form's and the field's name, or the indicator's."""
    first, field = [*rule.split("."), ""][:2]
    if first in catalogue.indicators:
        return catalogue.indicators[first].name
    form = catalogue.forms.get(first)
    if form is None:
        return Label(zh=rule, en=rule)
    if field not in form.fields:
        return form.title
    label = form.fields[field].label
    return Label(zh=f"{form.title.zh} · {label.zh}", en=f"{form.title.en} · {label.en}")


def said(catalogue: Catalogue, rule: str) -> Label:
    """What a rule of a suite says where it is broken, without the value; what it is about where the suite has none."""
    found = _of_a_suite(catalogue, rule)
    if found is None:
        return about(catalogue, rule)
    return Label(zh=_VALUE.sub("", found.message.zh), en=_VALUE.sub("", found.message.en))


def of_a_report(catalogue: Catalogue, code: str, form: str) -> Label | None:
    """What the rule of its suite says by which a report of a form came back; None where its reason is no such rule."""
    rule = f"{form}.{code}"
    return said(catalogue, rule) if _of_a_suite(catalogue, rule) else None


def to_do(catalogue: Catalogue, code: str | None, form: str = "") -> Label | None:
    """What a county does about a report that came back for a reason; None where the message alone says it.

    The reason of one that went back by a rule of its suite is the end of that rule's id.
    """
    found = REASONS.get(code or "")
    return Label(zh=found.do_zh, en=found.do_en) if found else _expected(catalogue, f"{form}.{code}")


def to_do_about(catalogue: Catalogue, rule: str) -> Label | None:
    """What a county does about rows that break a rule; of a suite's own rules, what they expect."""
    form, field, word = [*rule.split("."), "", ""][:3]
    known = catalogue.forms.get(form)
    is_key = known is not None and known.key == field
    return (_OF_ROWS.get(word) if is_key else None) or _OF_CELLS.get(word) or _expected(catalogue, rule)


def _expected(catalogue: Catalogue, rule: str) -> Label | None:
    found = _of_a_suite(catalogue, rule)
    if found is None:
        return None
    wanted = found.expected
    return Label(
        zh=f"应为{wanted.zh}，改正后重报", en=f"Correct it and send the report again; expected: {wanted.en}."
    )


def _of_a_suite(catalogue: Catalogue, rule: str) -> Rule | None:
    suite = catalogue.suites.get(rule.split(".")[0])
    return next((r for r in suite.rules if r.id == rule), None) if suite else None
