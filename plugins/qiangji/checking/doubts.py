"""Questions about a report as a whole: it is held until a person decides (`release` lets it through as it is).

In: a submission that was judged row by row, what its sheet says of itself, the form and the tree. Out: its `Doubt`s,
and findings on the report. They follow from the submission, the catalogue and the tree alone.

| code | held where |
| --- | --- |
| `implausible_in_most_rows` | most rows with a value break a field's rule `plausible` on the same side of it |
| `blank_column` | a column that an indicator reads is empty in the whole report (`blank_columns`) |
| `missing_in_most_rows` | most rows lack a field that has a warning `present`, or have a dash alone in it |
| `names_of_other_units` | beside most codes stands another unit's name |
| `sums_of_other_rows` | several rows are the sums of the rows beside them: subtotals under codes of units |
| `all_zero` | every number is 0, those of the end of the period too |

What the sheet says of itself is asked about in `sheets`.

"Most" is more than half, and at least LEAST_ROWS: fewer rows have their findings. Values that are all FAR times above
the limit are held however few. Below the limit, zeros among them, NEARLY_ALL of MANY rows or more are asked about, of
fewer only values FAR times too small: some units are small, and a wrong unit is wrong by more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Rule, Words
from qiangji.checking import groups, names, rows_alike, sameness, sheets
from qiangji.checking.breaches import Breach, NotFilled, Unreadable
from qiangji.checking.verdict import NAMED, Checked, Doubt, named
from qiangji.ledger.findings import Finding, org_code_of
from qiangji.parsing.cells import DASH
from qiangji.text import counted, quoted_zh

LEAST_ROWS = 3
FAR = 100
MANY, NEARLY_ALL = 20, 0.8
TINY = Decimal("0.1")
"""In 10,000 yuan: of less no year's amount of a unit is."""
_LAST_SERIAL = "99"
_SUM = "not_a_sum"
"""The last word of the suites' rule that a row adds up no others."""
_YUAN = ("是否以元填报", "Were they reported in yuan")
_WRONG_PLACE = ("单位或列是否有误", "Is the unit or the column wrong")


def look(one: Checked, catalogue: Catalogue, form: Form) -> None:
    """Add to a submission what is asked about it, and findings on it. Its rows were decided on."""
    assert one.parsed is not None
    if one.accepted is None or not one.accepted.num_rows:
        one.notes += sheets.findings(one, catalogue, form)  # they may be why
        return
    rejected = {b.index for b in one.breaches if b.rule.is_critical}
    every = range(one.parsed.rows.num_rows)
    kept = [i for i in every if i not in rejected] if rejected else every
    rows = one.parsed.rows.take(pa.array(kept)) if rejected else one.parsed.rows
    slipped, unlike = _names(one, catalogue, form, kept)
    one.notes += (
        notes := [
            *slipped,
            *unlike,
            *sheets.findings(one, catalogue, form),
            *sameness.in_report(one, catalogue, form, rows),
            *rows_alike.findings(one, form, rows),
            *groups.findings(one, catalogue, form, kept),
            *_half_answered(one, form),
            *_nil(one, form),
        ]
    )
    one.findings += notes
    one.doubts += [
        *sheets.doubts(one, form, len(kept)),
        *_of_rows(one, form, kept),
        *_of_names(slipped, len(kept)),
        *_of_sums(one, form, kept),
        *_of_zeros(one, form),
    ]


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
    if beyond and _zeros(one, form) is None:  # a form of zeros alone is asked about as such
        yield _implausible(beyond, form)
    if tiny := _tiny(one, form, {column.field for column in beyond}):
        yield _hundred_millions(tiny, form)
    if lacking:
        yield _missing(lacking, form)


def _warned(one: Checked, form: Form, kept: Sequence[int]) -> dict[tuple[str, str], list[Breach]]:
    """(field, `plausible` or `present`) -> breaches of accepted rows. A dash alone is as much as nothing."""
    found = dict[tuple[str, str], list[Breach]]()
    accepted = set(kept) if one.breaches else set()
    optional = form.optional_in(str(one.period.last_month))
    single = (
        (breach, rule)
        for breach in one.breaches
        for rule in (breach.rule.of if isinstance(breach.rule, NotFilled) else (breach.rule,))
    )
    for breach, rule in single:
        field, *more = rule.fields
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
    if low := _low(breaches, name, [values[i] for i in kept]):
        yield low
        return
    filled = sum(bool(values[i]) for i in kept)  # a zero is a zero in any unit
    for limit, side, slack in (("max_value", 1, 1), ("min_value", -1, FAR)):
        bound = rule.content["kwargs"].get(limit)
        if bound is None:
            continue
        out = [b for b in breaches if _is_beyond(values[b.index], bound, side, slack)]
        is_far = side > 0 and bound > 0 and all(values[b.index] > FAR * bound for b in out)
        if most(len(out), filled) or (out and is_far and 2 * len(out) > filled):
            yield _Column(name, len(out), filled, out[0].address, bound, side > 0)


def _low(breaches: Sequence[Breach], name: str, values: Sequence[Any]) -> _Column | None:
    """The field, where nearly all rows that have a value, zeros too, have it below what is plausible."""
    rule = breaches[0].rule
    bound = rule.content["kwargs"].get("min_value") if isinstance(rule, Rule) else None
    if bound is None:
        return None
    given = [value for value in values if value is not None]
    low = sum(value < bound for value in given)
    if low < MANY or low < NEARLY_ALL * len(given):
        return None
    return _Column(name, low, len(given), breaches[0].address, bound, is_above=False)


def _is_beyond(value: Any, bound: float, side: int, slack: int) -> bool:
    """Whether a value lies beyond a bound: above it (`side` 1), or below a part of it."""
    return bool(value) and (value > bound if side > 0 else value * slack < bound)


def _implausible(columns: Sequence[_Column], form: Form) -> Doubt:
    first, (zh, en) = columns[0], named([c.field for c in columns], form)
    is_yuan = first.is_above and form.fields[first.field].is_money
    ask_zh, ask_en = _YUAN if is_yuan else _WRONG_PLACE
    unit_zh, unit_en = ("万元", " (10,000 yuan)") if is_yuan else ("", "")
    side_zh, side_en = ("高于", "above") if first.is_above else ("低于", "below")
    return Doubt(
        "implausible_in_most_rows",
        f"多数记录的{zh}超出合理范围，如{first.address}：{first.of}条中{first.few}条{side_zh}{first.bound}{unit_zh}。{ask_zh}？",
        f"most rows are beyond what is plausible in {en}, e.g. {first.address}: {first.few} of {first.of} {side_en}"
        f" {first.bound}{unit_en}. {ask_en}?",
    )


def _tiny(one: Checked, form: Form, asked: Collection[str]) -> list[_Column]:
    """Amounts of which most are below TINY: a village's income is no few hundred yuan, it was reported in 亿元."""
    assert one.accepted is not None
    assert one.parsed is not None
    found = []
    for name, field in form.fields.items():
        if not field.is_money or name not in one.accepted.column_names or name in asked:
            continue
        values = one.accepted.column(name)
        filled = _count(pc.not_equal(values, 0))
        few = _count(pc.and_(pc.greater(values, 0), pc.less(values, TINY)))
        if most(few, filled):
            cell = one.parsed.address(
                form.form, one.parsed.columns[name], one.parsed.rows.column("_row")[0].as_py()
            )
            found.append(_Column(name, few, filled, cell))
    return found


def _hundred_millions(columns: Sequence[_Column], form: Form) -> Doubt:
    first, (zh, en) = columns[0], named([c.field for c in columns], form)
    return Doubt(
        "implausible_in_most_rows",
        f"多数记录的{zh}小得不合理，如{first.address}所在列：{first.of}个非零数中{first.few}个不足{TINY}万元。"
        "是否以亿元填报？",
        f"most amounts are implausibly small in {en}, e.g. the column of {first.address}: {first.few} of {first.of}"
        f" that are not 0 are below {TINY} (10,000 yuan). Were they reported in 100 million yuan?",
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


def _names(
    one: Checked, catalogue: Catalogue, form: Form, kept: Sequence[int]
) -> tuple[list[Finding], list[Finding]]:
    """Findings on rows whose name is another unit's; at most one on the report, on names unlike any of the unit."""
    assert one.parsed is not None
    rows = one.parsed.rows
    if "unit_name" not in rows.column_names:
        return [], []
    keys, said = (rows.column(n).combine_chunks() for n in (form.key, "unit_name"))
    looked_at = names.are_looked_at(said, form)
    if looked_at is None:
        return [], []
    there = pc.and_(pc.not_equal(keys, ""), pc.not_equal(said, ""))
    looked_at = pc.indices_nonzero(pc.and_(there, looked_at)).to_pylist()
    if not looked_at:
        return [], []
    accepted = set(kept)
    at = [i for i in looked_at if i in accepted]
    named = [names.Named(keys[i].as_py(), said[i].as_py()) for i in at]
    slipped, unlike = names.look(catalogue, form, named, one.period, one.part.county_code)
    return slipped, _unlike([at[i] for i in unlike], one, catalogue, form)


def _unlike(rows: Sequence[int], one: Checked, catalogue: Catalogue, form: Form) -> list[Finding]:
    """One question on all of them: a county that calls its villages otherwise is asked once."""
    if not rows:
        return []
    assert one.parsed is not None
    key, number = (one.parsed.rows.column(n)[rows[0]].as_py() for n in (form.key, "_row"))
    cell = one.parsed.address(form.form, one.parsed.columns[form.key], number)
    own, n = catalogue.name_of(org_code_of(key, form)), len(rows)
    words = Words(
        str(n),
        f"有{n}条记录的名称与代码所指单位的现名、曾用名都不相像，如{cell}：{key}是{own}。是单位的别称，还是填错了行？",
        f"{counted(n, 'row has a name', 'rows have names')} with nothing in common with what the code's unit is or was"
        f" called, first {cell}: {key} is {own}. Is it another name of the unit, or of another row?",
        "单位的规范名称；别称请确认",
        "the unit's name; confirm it if the unit is called so too",
    )
    return [Finding.of_report(one.place, f"{form.form}.{form.key}.{names.UNLIKE}", words)]


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


# ---- rows that add up others, zeros, answers left out


def _of_sums(one: Checked, form: Form, kept: Sequence[int]) -> Iterator[Doubt]:
    """Subtotals under codes of units would be counted twice. One under the last serial of groups is none by chance."""
    if not one.breaches:
        return
    accepted = set(kept)
    sums = [b for b in one.breaches if b.index in accepted and b.rule.id.endswith(f".{_SUM}")]
    assert one.parsed is not None
    keys = one.parsed.rows.column(form.key)
    is_last = form.grain == "group" and any(
        (keys[b.index].as_py() or "").endswith(_LAST_SERIAL) for b in sums
    )
    if len(sums) < (1 if is_last else LEAST_ROWS):
        return
    shown = "、".join(b.address for b in sums[:NAMED])
    yield Doubt(
        "sums_of_other_rows",
        f"{len(kept)}条记录中有{len(sums)}条的各项数字恰为同级其他记录之和（如{shown}）：是否把小计行当作单位上报？"
        "请删除小计行后重报",
        f"{len(sums)} of {len(kept)} rows are in every number the sums of the rows beside them (such as"
        f" {shown.replace('、', ', ')}): are they subtotals under codes of units? Delete them and send it again",
    )


def _zeros(one: Checked, form: Form) -> dict[str, int] | None:
    """Number field -> its zeros, where no accepted row has any other number; None where one has, or none is given."""
    assert one.accepted is not None
    zeros = {}
    for name, field in form.fields.items():
        if field.is_number and name in one.accepted.column_names:
            values = one.accepted.column(name)
            if values[0].as_py() or _count(pc.not_equal(values, 0)):  # mostly the first says it
                return None
            zeros[name] = len(values) - values.null_count
    return zeros if sum(zeros.values()) else None


def _of_zeros(one: Checked, form: Form) -> Iterator[Doubt]:
    """Nothing may have happened in a month; but where stocks are 0 in every unit, the form was sent unfilled."""
    assert one.accepted is not None
    zeros, rows = _zeros(one, form), one.accepted.num_rows
    stocks = [n for n, count in (zeros or {}).items() if form.fields[n].kind == "stock" and 2 * count > rows]
    if not stocks or rows < LEAST_ROWS:
        return
    zh, en = named(stocks, form)
    yield Doubt(
        "all_zero",
        f"{rows}条记录的数字全部为0，连{zh}等期末数也是0：是否误报了未填写的空表？",
        f"every number of {rows} rows is 0, even {en} at the end of the period: was the form sent before it was filled"
        " in?",
    )


def _count(mask: pa.ChunkedArray) -> int:
    """How often a mask is true."""
    return int(pc.sum(mask).as_py() or 0)


def _nil(one: Checked, form: Form) -> Iterator[Finding]:
    if _zeros(one, form) is None:
        return
    assert one.accepted is not None
    rows = one.accepted.num_rows
    words = Words(
        "0",
        f"{rows}条记录的数字全部为0（零报告）：请确认本期确无数据",
        f"every number of {rows} rows is 0, a nil report: please confirm that there was nothing",
        "实际数；确无数据请予以确认",
        "the numbers as they are; confirm it if they are all 0",
    )
    fields = tuple(n for n in form.fields if n in one.accepted.column_names)
    yield Finding.of_report(one.place, f"{form.form}.{form.key}.nil_report", words, fields)


def _half_answered(one: Checked, form: Form) -> Iterator[Finding]:
    """Answers of which some are yes, some are blank and none is no: a blank may mean no, and nothing says so."""
    assert one.accepted is not None
    for name, field in form.fields.items():
        if field.type != "boolean" or field.may_be_empty or name not in one.accepted.column_names:
            continue
        answers = one.accepted.column(name)
        if len(answers) < LEAST_ROWS or not (blank := answers.null_count):
            continue
        yes = _count(answers)
        if not yes or yes + blank < len(answers):
            continue
        words = Words(
            str(blank),
            f"{quoted_zh(field.label.zh)}有{yes}条填“是”、{blank}条空白、没有一条填“否”：空白是否表示“否”？"
            "暂按未填处理",
            f"{field.label.en}: {yes} rows say yes, {blank} are blank and none says no: does a blank mean"
            " no? It counts as missing until you say",
            "每条都填“是”或“否”",
            "是 or 否 (yes or no) in each row",
        )
        yield Finding.of_report(one.place, f"{form.form}.{name}.yes_or_blank", words, [name])
