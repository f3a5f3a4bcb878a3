"""What may be typed into a column of a template, from the form and its suite: as words, and as a rule of the cell.

In: a form as it stands in a period, its suite, where its columns stand. Out: an `Entry` a field. A spreadsheet program
holds one rule a cell: types, what is possible, and parts that are not above their whole go into it, as far as they fit.
What looks beyond the row is checked when the report arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from qiangji.catalogue.models import MAX_DIGITS, Field, Form
from qiangji.catalogue.suites import Rule, Suite
from qiangji.checking.sheets import UNITS
from qiangji.parsing.grid import column_letters
from qiangji.text import quoted_zh

MAX_FORMULA, MAX_MESSAGE, MAX_TEXT = 255, 225, 200
"""Characters of a cell's rule, of what is said of it, and of a text that is typed in."""
YES_NO = ("是", "否")
TYPES = {
    "integer": "整数", "decimal": "数（可有小数）", "boolean": "是或否", "enum": "选项", "date": "日期",
    "text": "文字", "code": "编码",
}  # fmt: skip
KINDS = {"stock": "期末数", "flow": "本期数", "ytd": "本年累计", "distinct": "本期数（不重复计）"}
_BETWEEN = "expect_column_values_to_be_between"
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


@dataclass(frozen=True)
class Entry:
    """`kind`: of the cell's rule (whole, decimal, date, list, textLength, custom); `first` and `last` its formulas.

    `expected`: what is allowed, in words; `is_required`: a row without it goes back.
    """

    name: str
    field: Field
    kind: str
    first: str
    last: str = ""
    expected: str = ""
    is_required: bool = False

    @property
    def unit(self) -> str:
        """The field's unit in Chinese; '' where it has none."""
        return UNITS.get(self.field.unit, "")

    @property
    def adds_up(self) -> bool:
        """Whether a totals row says something of it."""
        return self.field.is_number and self.field.unit not in ("percent", "per_1000", "per_100", "ratio")


def entries_of(form: Form, suite: Suite, month: str, columns: Mapping[str, int], row: int) -> list[Entry]:
    """The fields of the form in a month, in its order. `columns`: field -> column from 0; `row`: the first of data."""
    rules = [
        r for r in suite.holding_in(form, month) if r.is_critical and r.scope == "row" and not r.is_contextual
    ]
    required = {r.presence_of for r in rules if "row_condition" not in r.content["kwargs"]}
    found = []
    for name, field in form.fields_in(month).items():
        kind, first, last, expected = _rule(name, form, rules, columns, row)
        found.append(Entry(name, field, kind, first, last, expected, name in required))
    return found


def _rule(
    name: str, form: Form, rules: Sequence[Rule], columns: Mapping[str, int], row: int
) -> tuple[str, str, str, str]:
    """(kind, first formula, last formula, words) of a field."""
    field = form.fields[name]
    cell = f"{column_letters(columns[name])}{row}"
    if field.type in ("enum", "boolean"):
        values = field.values if field.type == "enum" else YES_NO
        values = (*values, "—") if field.not_applicable else values
        listed, words = ",".join(values), f"从下拉列表中选择：{'、'.join(values)}"
        if len(listed) <= MAX_FORMULA - 2 and not any("," in v for v in values):
            return "list", f'"{listed}"', "", words
        allowed = ",".join(f'{cell}="{v}"' for v in values)
        return "custom", f"OR({allowed})", "", words
    if field.type == "date":
        return "date", "DATE(2000,1,1)", "DATE(2099,12,31)", "日期，如2026-9-30"
    if not field.is_number:
        return "textLength", "0", str(MAX_TEXT), f"文字，不超过{MAX_TEXT}字，不填个人信息"
    return _number(name, form, rules, columns, row)


def _number(
    name: str, form: Form, rules: Sequence[Rule], columns: Mapping[str, int], row: int
) -> tuple[str, str, str, str]:
    field, cell = form.fields[name], f"{column_letters(columns[name])}{row}"
    low, high, words = _bounds(name, field, rules)
    pairs = list(_pairs(name, form, rules, columns))
    words = "；".join(
        [f"{'整数' if field.type == 'integer' else '数字'}，{words}", *(said for *_, said in pairs)]
    )
    kind = "whole" if field.type == "integer" else "decimal"
    if not pairs and not field.not_applicable:
        return kind, low, high, words
    whole = [f"{cell}=INT({cell})"] if kind == "whole" else []
    parts = [f"ISNUMBER({cell})", *whole, f"{cell}>={low}", f"{cell}<={high}"]
    formula = _custom(parts, cell, field)
    for other, sign, _ in pairs:
        beside = f"{column_letters(other)}{row}"
        parts.append(f'OR({beside}="",{cell}{sign}{beside})')
        longer = _custom(parts, cell, field)
        if len(longer) > MAX_FORMULA:
            break
        formula = longer
    return "custom", formula, "", words


def _custom(parts: Sequence[str], cell: str, field: Field) -> str:
    held = f"AND({','.join(parts)})"
    return f'OR({cell}="—",{cell}="/",{held})' if field.not_applicable else held


def _bounds(name: str, field: Field, rules: Sequence[Rule]) -> tuple[str, str, str]:
    """The least and the most that is possible, as numbers and in the suite's words."""
    most = 10 ** MAX_DIGITS[field.type] - 1
    low, high, said = Decimal(-most), Decimal(most), []
    for rule in rules:
        kwargs = rule.content["kwargs"]
        if rule.content["type"] != _BETWEEN or kwargs.get("column") != name or "row_condition" in kwargs:
            continue
        low = max(low, Decimal(str(kwargs.get("min_value", low))))
        high = min(high, Decimal(str(kwargs.get("max_value", high))))
        said.append(rule.expected.zh.partition("；")[0])
    return f"{low:f}", f"{high:f}", "、".join(said) or "不限正负"


def _pairs(
    name: str, form: Form, rules: Sequence[Rule], columns: Mapping[str, int]
) -> list[tuple[int, str, str]]:
    """(column of the other field, how it compares, in words) of each field that this one must not be above or below."""
    found = []
    for rule in rules:
        kwargs = rule.content["kwargs"]
        if rule.content["type"] != _PAIR or "row_condition" in kwargs:
            continue
        above, below = kwargs["column_A"], kwargs["column_B"]
        equal = "=" if kwargs.get("or_equal") else ""
        if name == above and below in columns:
            words = ("不小于" if equal else "大于") + quoted_zh(form.label_of(below, "zh"))
            found.append((columns[below], f">{equal}", words))
        elif name == below and above in columns:
            words = ("不大于" if equal else "小于") + quoted_zh(form.label_of(above, "zh"))
            found.append((columns[above], f"<{equal}", words))
    return found
