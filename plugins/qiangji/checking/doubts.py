"""Questions about a report as a whole: it is held until a person decides (`release` lets it through as it is).

In: a submission that was judged row by row, what its sheet says of itself, the form and the tree. Out: its `Doubt`s,
and findings on the report. They follow from the submission, the catalogue and the tree alone.

| code | held where |
| --- | --- |
| `implausible_in_most_rows` | most rows with a value break a field's rule `plausible` on the same side of it |
| `blank_column` | a column that an indicator reads is empty in the whole report (`blank_columns`) |
| `missing_in_most_rows` | most rows lack a field that has a warning `present`, or have a dash alone in it |
| `names_of_other_units` | beside most codes stands another unit's name |
| `unit_of_another_scale` | a header or a title names a unit that is not the field's |
| `scaled_number_format` | most cells of a field are shown divided, so that what is shown is not what is stored |

"Most" is more than half, and at least LEAST_ROWS: fewer rows have their findings. Values that are all FAR times above
the limit are held however few. Below the limit only values FAR times too small are asked about: small units are small,
and a wrong unit is wrong by more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.suites import Rule, Words
from qiangji.checking import names, titles
from qiangji.checking.verdict import Breach, Checked, Doubt, Unreadable, named
from qiangji.ledger.findings import Finding
from qiangji.parsing.problems import DASH
from qiangji.text import quoted_zh

LEAST_ROWS = 3
FAR = 100
_YUAN = ("是否以元填报", "Were they reported in yuan")
_WRONG_PLACE = ("单位或列是否有误", "Is the unit or the column wrong")


def look(one: Checked, catalogue: Catalogue, form: Form) -> None:
    """Add to a submission what is asked about it, and findings on it. Its rows were decided on."""
    assert one.parsed is not None
    if one.accepted is None or not one.accepted.num_rows:
        return
    rejected = {b.index for b in one.breaches if b.rule.is_critical}
    every = range(one.parsed.rows.num_rows)
    kept = [i for i in every if i not in rejected] if rejected else every
    slipped = _names(one, catalogue, form, kept)
    one.notes += (notes := [*slipped, *_hidden(one, form), *_scaled(one, form)])
    one.findings += notes
    doubts = [
        *_of_units(one, form),
        *_of_formats(one, form, len(kept)),
        *_of_rows(one, form, kept),
        *_of_names(slipped, len(kept)),
    ]
    one.doubts += doubts


def most(few: int, of: int) -> bool:
    """Whether so many are most of them."""
    return few >= LEAST_ROWS and 2 * few > of


# ---- rows that break one rule the same way


@dataclass(frozen=True)
class _Column:
    """A field that is the same way at fault in `few` of `of` rows; `bound` and `is_above`: of an implausible one."""

    field: str
    few: int
    of: int
    address: str
    bound: float = 0
    is_above: bool = True


def _of_rows(one: Checked, form: Form, kept: Sequence[int]) -> Iterator[Doubt]:
    beyond, lacking = list[_Column](), list[_Column]()
    for (field, what), breaches in _warned(one, form, kept).items():
        if what == "plausible":
            beyond += _beyond(one, breaches, kept)
        elif most(len(breaches), len(kept)):
            lacking.append(_Column(field, len(breaches), len(kept), breaches[0].address))
    if beyond:
        yield _implausible(beyond, form)
    if lacking:
        yield _missing(lacking, form)


def _warned(one: Checked, form: Form, kept: Sequence[int]) -> dict[tuple[str, str], list[Breach]]:
    """(field, `plausible` or `present`) -> breaches of accepted rows. A dash alone is as much as nothing."""
    found = dict[tuple[str, str], list[Breach]]()
    accepted = set(kept) if one.breaches else set()
    optional = form.optional_in(str(one.period.last_month))
    for breach in one.breaches:
        rule, (field, *more) = breach.rule, breach.rule.fields
        if breach.index not in accepted or more or field not in form.fields or rule.severity != "warning":
            continue
        what = rule.id.rpartition(".")[2]
        may_lack = form.fields[field].may_be_empty or field in optional
        is_needed = not may_lack and not _is_conditional(rule)
        if what in ("present", DASH) and is_needed:
            found.setdefault((field, "present"), []).append(breach)
        elif what == "plausible":
            found.setdefault((field, what), []).append(breach)
    return found


def _is_conditional(rule: Rule | Unreadable) -> bool:
    return isinstance(rule, Rule) and bool(rule.content["kwargs"].get("row_condition"))


def _beyond(one: Checked, breaches: Sequence[Breach], kept: Sequence[int]) -> Iterator[_Column]:
    """The field of a rule, where most of the rows that have a value have it above, or below, what is plausible."""
    assert one.frame is not None
    rule = breaches[0].rule
    assert isinstance(rule, Rule)
    (name,) = rule.fields
    values = one.frame.column(name).to_pylist()
    filled = sum(bool(values[i]) for i in kept)  # a zero is a zero in any unit
    for limit, side, slack in (("max_value", 1, 1), ("min_value", -1, FAR)):
        bound = rule.content["kwargs"].get(limit)
        if bound is None:
            continue
        out = [b for b in breaches if _is_beyond(values[b.index], bound, side, slack)]
        is_far = side > 0 and bound > 0 and all(values[b.index] > FAR * bound for b in out)
        if most(len(out), filled) or (out and is_far and 2 * len(out) > filled):
            yield _Column(name, len(out), filled, out[0].address, bound, side > 0)


def _is_beyond(value: Any, bound: float, side: int, slack: int) -> bool:
    """Whether a value lies beyond a bound: above it (`side` 1), or below a part of it."""
    return bool(value) and (value > bound if side > 0 else value * slack < bound)


def _implausible(columns: Sequence[_Column], form: Form) -> Doubt:
    first, (zh, en) = columns[0], named([c.field for c in columns], form)
    is_yuan = first.is_above and form.fields[first.field].unit == "ten_thousand_yuan"
    ask_zh, ask_en = _YUAN if is_yuan else _WRONG_PLACE
    unit_zh, unit_en = ("万元", " (10,000 yuan)") if is_yuan else ("", "")
    side_zh, side_en = ("高于", "above") if first.is_above else ("低于", "below")
    return Doubt(
        "implausible_in_most_rows",
        f"多数记录的{zh}超出合理范围，如{first.address}：{first.of}条中{first.few}条{side_zh}{first.bound}{unit_zh}。{ask_zh}？",
        f"most rows are beyond what is plausible in {en}, e.g. {first.address}: {first.few} of {first.of} {side_en}"
        f" {first.bound}{unit_en}. {ask_en}?",
    )


def _missing(columns: Sequence[_Column], form: Form) -> Doubt:
    """An empty column, or zeros that were lost on the way."""
    first, (zh, en) = columns[0], named([c.field for c in columns], form)
    return Doubt(
        "missing_in_most_rows",
        f"多数记录未填{zh}，如{first.address}：{first.of}条中{first.few}条为空。"
        "是没有数据，还是应填0（如以“-”表示的零）？",
        f"most rows lack {en}, e.g. {first.address}: {first.few} of {first.of} are empty."
        " Is there nothing to report, or should it be 0 (such as a zero shown as a dash)?",
    )


# ---- names beside codes


def _names(one: Checked, catalogue: Catalogue, form: Form, kept: Sequence[int]) -> list[Finding]:
    assert one.parsed is not None
    rows = one.parsed.rows
    if "unit_name" not in rows.column_names:
        return []
    keys, said = (rows.column(n).combine_chunks() for n in (form.key, "unit_name"))
    there = pc.and_(pc.not_equal(keys, ""), pc.not_equal(said, ""))
    looked_at = pc.indices_nonzero(pc.and_(there, names.are_looked_at(said, form))).to_pylist()
    if not looked_at:
        return []
    accepted = set(kept)
    named = [names.Named(keys[i].as_py(), said[i].as_py()) for i in looked_at if i in accepted]
    return names.findings(catalogue, form, named, one.period, one.part.county_code)


def _of_names(slipped: Sequence[Finding], rows: int) -> Iterator[Doubt]:
    if not most(len(slipped), rows):
        return
    first = slipped[0].words
    yield Doubt(
        "names_of_other_units",
        f"{rows}条记录中有{len(slipped)}条的名称与代码不是同一单位，如：{first.message_zh}。数据属于代码还是名称所指的单位？",
        f"in {len(slipped)} of {rows} rows the name is not that of the code's unit, e.g. {first.message_en}."
        " Do the figures belong to the codes or to the names?",
    )


# ---- what the sheet says of itself


def _of_units(one: Checked, form: Form) -> Iterator[Doubt]:
    assert one.parsed is not None
    sheet, fields = one.parsed.sheet, form.fields_in(str(one.period.last_month))
    others = titles.other_units(sheet.title_texts, sheet.units_in_headers, fields)
    if not others:
        return
    first = others[0]
    unit = "万元" if form.fields[first.field].unit == "ten_thousand_yuan" else ""
    zh, en = named([o.field for o in others], form)
    yield Doubt(
        "unit_of_another_scale",
        f"{'标题' if first.in_title else '表头'}写明{zh}的单位是“{first.said}”，"
        f"本表要求{'以' + unit + '填报' if unit else '不加倍数、按报表的计量单位填报'}：数据是按哪个单位填的？",
        f"the {'title' if first.in_title else 'header'} says that {en} is in {first.said},"
        f" the form asks for {unit or 'plain counts'}: in which unit are the numbers?",
    )


def _hidden(one: Checked, form: Form) -> Iterator[Finding]:
    """Rows and columns that a person does not see in the sheet are read like the others."""
    assert one.parsed is not None
    sheet, received = one.parsed.sheet, one.parsed.rows.num_rows
    if sheet.hidden_rows:
        words = Words(
            str(sheet.hidden_rows),
            f"{received}行数据中有{sheet.hidden_rows}行被隐藏或筛选掉，已照常读取",
            f"{sheet.hidden_rows} of {received} rows are hidden or filtered away; they were read like the others",
            "没有隐藏的数据行；确属多余的请删除",
            "no hidden rows: delete those that are not meant",
        )
        yield _on_report(one, f"{form.form}.{form.key}.hidden_rows", (), words)
    for name in sheet.hidden_columns:
        if name not in form.fields:
            continue
        label = form.fields[name].label
        words = Words(
            None,
            f"{quoted_zh(label.zh)}所在列被隐藏，已照常读取",
            f"the column of {label.en} is hidden; it was read like the others",
            "填报项所在的列不隐藏",
            "no hidden columns of the form",
        )
        yield _on_report(one, f"{form.form}.{name}.hidden_column", (name,), words)


def _scaled(one: Checked, form: Form) -> Iterator[Finding]:
    assert one.parsed is not None
    for scaled in one.parsed.sheet.scaled_columns:
        if scaled.field not in form.fields:
            continue
        label = form.fields[scaled.field].label
        words = Words(
            str(scaled.cells),
            f"{quoted_zh(label.zh)}有{scaled.cells}个单元格的数字格式把数值缩小{scaled.divisor:,}倍显示，读取的是实际存储的数值",
            f"a number format shows {scaled.cells} cells of {label.en} divided by {scaled.divisor:,};"
            " what is stored was read",
            "显示与存储一致的数字格式",
            "a number format that shows what is stored",
        )
        yield _on_report(one, f"{form.form}.{scaled.field}.scaled_format", (scaled.field,), words)


def _of_formats(one: Checked, form: Form, rows: int) -> Iterator[Doubt]:
    assert one.parsed is not None
    scaled = [s for s in one.parsed.sheet.scaled_columns if s.field in form.fields and 2 * s.cells > rows]
    if not scaled:
        return
    first = scaled[0]
    zh, en = named([s.field for s in scaled], form)
    unit = "万元" if form.fields[first.field].unit == "ten_thousand_yuan" else "报表要求的单位"
    yield Doubt(
        "scaled_number_format",
        f"{zh}的数字格式把数值缩小{first.divisor:,}倍显示（{first.cells}个单元格）：存储的数值是否以{unit}为单位？",
        f"a number format shows {en} divided by {first.divisor:,} ({first.cells} cells):"
        " is what is stored in the form's unit?",
    )


def _on_report(one: Checked, rule: str, fields: tuple[str, ...], words: Words) -> Finding:
    county = one.part.county_code
    return Finding(county, one.part.form, one.part.period, county, county, rule, "warning", fields, words)
