"""Why rows went back, without what stood in them: a letter passes through servers that are not ours.

In: a row of `mart.rejected_row`, whose message quotes the first value that broke the rule. Out: the rule in words.
"""

from __future__ import annotations

from qiangji.catalogue.load import Catalogue
from qiangji.checking.breaches import NOT_FILLED
from qiangji.figures import Row
from qiangji.letters.words import Words
from qiangji.parsing import cells, strays
from qiangji.text import quoted_zh

_KINDS = {
    cells.TOO_LARGE: ("的数字过大", " is too large a number"),
    cells.FORMULA: ("是没有计算结果的公式", " is a formula without its result"),
}


def reason(row: Row, catalogue: Catalogue, w: Words) -> str:
    """What the rule of a rejection asks for."""
    suite = catalogue.suites.get(row["form"])
    rule = next((r for r in suite.rules if r.id == row["rule"]), None) if suite else None
    if rule is None:
        return _unreadable(row, catalogue, w)
    text = w(rule.message.zh, rule.message.en)
    for quoted in ("：{value}", ": {value}", ", {value}", " {value}", "{value}"):
        text = text.replace(quoted, "")
    expected = w(rule.expected.zh, rule.expected.en)
    if "{usual}" in expected:
        return text
    return text + w(f"，应为{expected}", f" (expected {expected})")


def _unreadable(row: Row, catalogue: Catalogue, w: Words) -> str:
    """Of a rule that no suite has: one of reading, `<form>.<field>.<kind>`, or of a row that is not filled in."""
    field, kind = ("", *str(row["rule"]).split("."))[-2:]
    if kind == NOT_FILLED:
        return w("该行未填写", "the row is not filled in")
    form = catalogue.forms.get(row["form"])
    if kind in strays.WORDS and not (form and field in form.fields):
        text = w(*strays.WORDS[kind])
        for quoted in ("：{text}", ": {text}", "“{text}”", "{text} "):
            text = text.replace(quoted, "")
        return text
    found = form.fields.get(field) if form else None
    if found is None:
        return field + w("不符合要求", " does not hold")
    text = w(quoted_zh(found.label.zh), found.label.en) + w(
        *_KINDS.get(kind, ("无法识别", " cannot be read"))
    )
    zh, en = cells.asked_of(found, kind)
    return text + w(f"，应为{zh}", f" (expected {en})") if zh else text
