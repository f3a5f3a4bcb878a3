"""The verdict on a submission: which rows are rejected, why, and in which words.

In: a submission as read, and the rules of its suite that its rows break. Out: its `Breach`es, and what follows from
them: the verdict, accepted and rejected rows, `Rejection`s and `Finding`s for the ledger. `feedback.problems` tells the
county the same breaches, cell by cell.

| what | then |
| --- | --- |
| the submission breaks a critical rule on the whole of it | the submission is returned |
| a row breaks a critical rule on rows, or has a cell that cannot be read | the row is rejected: partial |
| no row is left | the submission is returned: no_row_accepted |
| a row breaks any other rule | the row is accepted, with a finding |
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Rule, Words
from qiangji.checking.breaches import Breach, Cause, NotFilled, Shown, breaches_of, is_whole
from qiangji.checking.expectations import Broken
from qiangji.ledger import Pending
from qiangji.ledger.findings import Finding, Rejection
from qiangji.parsing import Parsed, TotalsProblem
from qiangji.parsing.glance import is_ascii
from qiangji.parsing.totals import UNREAD
from qiangji.periods import Period
from qiangji.personal_data import quoted, unnamed
from qiangji.text import counted, quoted_zh

NAMED = 3
"""Fields that a question names; of more it says how many there are."""
MAX_BREACHES = 50_000
"""Rules that rows of a submission break, told one by one. Each is an object in memory and a line of a page."""


@dataclass(frozen=True)
class Doubt:
    """What is asked about a report as a whole, before it counts: a stable code, and the question in words."""

    code: str
    zh: str
    en: str


def named(fields: Sequence[str], form: Form) -> tuple[str, str]:
    """The labels of the first fields that a question is about, and how many there are, in zh and en."""
    zh = "、".join(quoted_zh(form.label_of(n, "zh")) for n in fields[:NAMED])
    en = ", ".join(form.label_of(n, "en") for n in fields[:NAMED])
    more = len(fields) - NAMED
    return (f"{zh}等{len(fields)}项", f"{en} and {more} more") if more > 0 else (zh, en)


@dataclass
class Checked:
    """One submission on its way through: what was read, what broke, and the verdict.

    `breaches`: all, also where the submission is returned as a whole. `frame`: the rows with their context columns.
    `explanations`: unit -> what the county says about its accepted row. `doubts`: what is asked before it counts.
    `notes`: those of `findings` that no rule of the suite made: on names beside codes, on what the sheet says, on empty
    columns.
    """

    part: Pending
    parsed: Parsed | None = None
    verdict: str = ""
    reason_code: str | None = None
    message_zh: str | None = None
    message_en: str | None = None
    rejections: list[Rejection] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: pa.Table | None = None
    rejected: pa.Table | None = None
    is_unchanged: bool = False
    breaches: list[Breach] = field(default_factory=list)
    frame: pa.Table | None = None
    explanations: dict[str, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @cached_property
    def period(self) -> Period:
        return Period.parse(self.part.period)

    @property
    def place(self) -> tuple[str, str, str]:
        """County, form and period."""
        return self.part.county_code, self.part.form, self.part.period

    def forget(self) -> None:
        """Back to what was read: no verdict, and nothing found."""
        self.verdict, self.reason_code, self.message_zh, self.message_en = "", None, None, None
        self.rejections, self.findings, self.breaches, self.explanations = [], [], [], {}
        self.accepted = self.rejected = self.frame = None

    def conclude(self, verdict: str, code: str, zh: str | None, en: str | None) -> None:
        """Set the verdict, and the reason where the submission is not accepted as it is."""
        self.verdict, self.reason_code, self.message_zh, self.message_en = verdict, code, zh, en


def decide(one: Checked, broken: Sequence[Broken], form: Form, frame: pa.Table, why: Cause) -> None:
    """Decide on each row by what it breaks, and on the submission. `why`: a unit of the tree is not expected."""
    parsed = one.parsed
    assert parsed is not None
    if told := _too_many(parsed, broken, form):
        one.conclude("returned", "too_many_problems", *told)
        return
    one.frame, one.breaches = frame, breaches_of(parsed, broken, form, why)
    if whole := [b.rule for b in broken if is_whole(b.rule)]:
        one.conclude("returned", whole[0].id.split(".")[-1], *_whole_message(whole[0], parsed))
        return
    reasons: dict[int, list[Breach]] = {}
    for breach in one.breaches:
        if breach.rule.is_critical:
            reasons.setdefault(breach.index, []).append(breach)
    one.accepted, one.rejected = _accepted(parsed, reasons, form), _rejected(parsed, reasons, form)
    one.rejections = _rejections(one, frame)
    one.findings = _findings(one, reasons.keys(), form, frame)
    keys = parsed.rows.column(form.key)
    one.explanations = {
        unit: text
        for i, text in parsed.explanations.items()
        if i not in reasons and (unit := keys[i].as_py())
    }
    if not one.accepted.num_rows:
        one.conclude("returned", "no_row_accepted", *_no_row(one.rejections, parsed.rows.num_rows))
    elif reasons:
        first = one.rejections[0]
        one.conclude(
            "partial",
            "rows_rejected",
            f"退回{len(reasons)}条记录，如{first.example}：{first.message_zh}",
            f"{counted(len(reasons), 'row')} rejected, e.g. {first.example}: {first.message_en}",
        )
    else:
        one.verdict = "accepted"


def _no_row(rejections: Sequence[Rejection], rows: int) -> tuple[str, str]:
    """What is said, in zh and en, where no row is left: the rule that most rows break, its first cell, what to do."""
    if not rejections:
        return "所有记录均未通过核查", "every row breaks a rule"
    first, more = rejections[0], len(rejections) - 1
    more_zh, more_en = (f"；另有{more}类问题", f"; and {counted(more, 'more rule')}") if more else ("", "")
    return (
        f"{rows}条记录均未通过核查：{first.rows}条不符合{first.rule}，如{first.example}：{first.message_zh}{more_zh}。"
        "请改正后重报整表",
        f"none of {counted(rows, 'row')} is accepted: {counted(first.rows, 'breaks', 'break')} {first.rule}, e.g."
        f" {first.example}: {first.message_en}{more_en}. Correct them and send the whole report again",
    )


def _too_many(parsed: Parsed, broken: Sequence[Broken], form: Form) -> tuple[str, str] | None:
    """What is said, in zh and en, where rows break rules so often that a list of it helps nobody; else None."""
    by_rule = sorted((b for b in broken if b.rows and not is_whole(b.rule)), key=lambda b: -len(b.rows))
    total = sum(len(b.rows) for b in by_rule)
    if total <= MAX_BREACHES:
        return None
    numbers = parsed.rows.column("_row")
    first = [
        (
            b.rule.id,
            parsed.address(form.form, parsed.columns[form.key], numbers[b.rows[0]].as_py()),
            len(b.rows),
        )
        for b in by_rule[:3]
    ]
    zh = "、".join(f"{rule}自{cell}起{n}行" for rule, cell, n in first)
    en = ", ".join(f"{rule} from {cell} ({counted(n, 'row')})" for rule, cell, n in first)
    return (
        f"{parsed.rows.num_rows}行记录共有{total}处不合规则：{zh}；请核对是否发错文件、各列是否与表头对应，改正后重报",
        f"{parsed.rows.num_rows:,} rows break rules {total:,} times: {en}; check whether this is the right file and"
        " whether its columns stand under their headers, and send it again",
    )


def total_words(total: TotalsProblem, shown: Shown) -> Words:
    """What is said of a written total that is not the sum of its rows."""
    is_read = total.written != UNREAD
    written = shown(total.written) if is_read else ""
    said_zh, said_en = (f"为{written}", f"says {written}") if is_read else ("无法识别", "cannot be read")
    (cause_zh, cause_en), (do_zh, do_en) = _cause(total)
    return Words(
        written,
        f"合计{said_zh}，各行之和为{total.sum}{cause_zh}",
        f"the total {said_en}, the rows add up to {total.sum}{cause_en}",
        f"{total.sum}{do_zh}",
        f"{total.sum}{do_en}",
    )


def _cause(total: TotalsProblem) -> tuple[tuple[str, str], tuple[str, str]]:
    """Why a total is another than the sum, and what to do, each in zh and en; '' where it is not known."""
    if total.hidden:
        are = counted(int(total.hidden), "is", "are")
        return (
            f"；合计只含可见的行，另有{total.hidden}行被隐藏或筛选掉",
            f": it is of the visible rows, and {are} hidden or filtered away",
        ), (
            "（请取消筛选、核对各行后重算合计）",
            ": take the filter off, check the rows and add them up again",
        )
    if total.texts:
        return (
            f"；差额正是{total.texts}的数：该数以文本形式存储，SUM不计入",
            f": the difference is {total.texts}, a number stored as text, which SUM leaves out",
        ), (
            "（请将该单元格改为数字后重算合计）",
            ": make that cell a number and let the sum be computed again",
        )
    if total.part:
        first, _, last = total.part.partition("-")
        return (
            f"；合计只是第{first}至{last}行之和，不是全部各行之和",
            f": it is the sum of rows {first} to {last}, not of all",
        ), (
            "（是小计的，请删除该行；是合计的，请按全部各行重算）",
            ": if it is a subtotal, delete the row; if it is the total, add up all rows",
        )
    return ("", ""), ("", "")


def _whole_message(rule: Rule, parsed: Parsed) -> tuple[str, str]:
    """Why the submission as a whole goes back, in zh and en."""
    if not parsed.totals_problems:
        words = rule.words({})
        return words.message_zh, words.message_en
    first = parsed.totals_problems[0]
    words, (_, (do_zh, do_en)) = total_words(first, quoted), _cause(first)
    return (
        f"{first.address}{words.message_zh}，请核对后重报{do_zh}",
        f"{first.address}: {words.message_en}; please send it again{do_en}",
    )


def _accepted(parsed: Parsed, reasons: Collection[int], form: Form) -> pa.Table:
    """The rows that are not rejected, by their keys."""
    # without optional columns that it lacks: the same report, whether the form has that field by now or not
    lacking = form.fields.keys() - parsed.columns.keys()
    rows = parsed.rows.drop_columns(["_row", *(n for n in parsed.rows.column_names if n in lacking)])
    if reasons:
        keep = np.ones(rows.num_rows, np.bool_)
        keep[list(reasons)] = False
        rows = rows.filter(pa.array(keep))
    keys = rows.column(form.key).combine_chunks()
    if keys.null_count or pc.any(pc.greater(keys[:-1], keys[1:])).as_py():
        rows = rows.sort_by(form.key)
    return rows.combine_chunks()


def _rejected(parsed: Parsed, reasons: dict[int, list[Breach]], form: Form) -> pa.Table:
    """The rejected rows as received, with the rules that each breaks and their cells. A cell that may name a person is
    told by its length; that of the unit's name only where no code says that there is a unit.
    """
    if not reasons:
        return _none_rejected(parsed.raw.schema)
    bad, texts = sorted(reasons), pa.list_(pa.string())
    rows = _told(parsed.raw.take(pa.array(bad, pa.int64())), form)
    rules = pa.array([[b.rule.id for b in reasons[i]] for i in bad], texts)
    addresses = pa.array([[b.address for b in reasons[i]] for i in bad], texts)
    return rows.append_column("rules", rules).append_column("addresses", addresses)


@lru_cache(maxsize=64)
def _none_rejected(raw: pa.Schema) -> pa.Table:
    """What `_rejected` gives of most reports. `raw`: the columns of the rows as received."""
    texts = pa.list_(pa.string())
    return raw.append(pa.field("rules", texts)).append(pa.field("addresses", texts)).empty_table()


def _told(rows: pa.Table, form: Form) -> pa.Table:
    """The rows, without what may name a person: see `_rejected`."""
    for at, column in enumerate(rows.schema):
        if pa.types.is_string(column.type):
            own = rows.column(at).combine_chunks()
            shown = _without_names(own)
            if column.name == "unit_name":
                has_code = pc.match_substring_regex(rows.column(form.key).combine_chunks(), "[0-9]")
                shown = pc.if_else(pc.fill_null(has_code, False), own, shown)
            rows = rows.set_column(at, column.name, shown)
    return rows


def _without_names(texts: pa.Array) -> pa.Array:
    if is_ascii(texts):
        return texts
    encoded = texts.dictionary_encode()
    shown = [unnamed(t) for t in encoded.dictionary.to_pylist()]
    return pa.array(shown, pa.string()).take(encoded.indices)


def _rejections(one: Checked, frame: pa.Table) -> list[Rejection]:
    """One for each rule that rejected rows: how many, the first cell, and what is wrong with it; most rows first."""
    by_rule: dict[str, list[Breach]] = {}
    for breach in one.breaches:
        if breach.rule.is_critical:
            by_rule.setdefault(breach.rule.id, []).append(breach)
    found = []
    for rule, breaches in by_rule.items():
        words = breaches[0].words(frame, partial(quoted, county=one.part.county_code))
        found.append(
            Rejection(
                delivery_id=one.part.delivery_id,
                form=one.part.form,
                period=one.part.period,
                county_code=one.part.county_code,
                rule=rule,
                rows=len(breaches),
                example=breaches[0].address,
                message_zh=f"{words.message_zh}，应为{words.expected_zh}",
                message_en=f"{words.message_en} (expected {words.expected_en})",
            )
        )
    return sorted(found, key=lambda r: (-r.rows, r.rule))


def _findings(one: Checked, rejected: Collection[int], form: Form, frame: pa.Table) -> list[Finding]:
    """What is said of accepted rows."""
    found = []
    kept = [b for b in one.breaches if b.index not in rejected]
    for _, group in groupby(kept, key=lambda b: b.rule.id):
        breaches = list(group)
        rule = breaches[0].rule
        read = {form.key, *rule.fields, *(rule.columns if isinstance(rule, Rule) else ())}
        told = frame.select([n for n in frame.column_names if n in read])
        rows = told.take(pa.array([b.index for b in breaches], pa.int64())).to_pylist()
        for breach, row in zip(breaches, rows, strict=True):
            of_report = (form, one.part.county_code, one.part.period)
            if not isinstance(breach.rule, Rule):
                words = breach.words(frame, partial(quoted, county=one.part.county_code))
                finding = Finding.asked(breach.rule, words, row, *of_report)
                if isinstance(breach.rule, NotFilled):
                    finding = replace(finding, fields=breach.rule.lacking)
                found.append(finding)
            else:
                found.append(Finding.of(breach.rule, row, *of_report))
    return found
