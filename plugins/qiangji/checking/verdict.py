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

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Form
from qiangji.catalogue.models import Label
from qiangji.catalogue.suites import Rule, Severity, Words
from qiangji.checking.expectations import Broken
from qiangji.ledger import Pending
from qiangji.ledger.findings import Finding, Rejection
from qiangji.parsing import Parsed, TotalsProblem, strays
from qiangji.parsing.cells import FORMULA, TOO_LARGE
from qiangji.parsing.totals import UNREAD
from qiangji.periods import Period
from qiangji.personal_data import quoted
from qiangji.text import counted, quoted_zh

NAMED = 3
"""Fields that a question names; of more it says how many there are."""
MAX_BREACHES = 50_000
"""Rules that rows of a submission break, told one by one. Each is an object in memory and a line of a page."""
Shown = Callable[[str], str]
"""How a cell that cannot be read is shown: `quoted` for everybody, `str` (as it is) for its county alone."""


@dataclass(frozen=True)
class Unreadable:
    """The rule that a cell can be read, as one cell breaks it. A dash that may be a zero is asked about: a warning."""

    id: str
    fields: tuple[str]
    label: Label
    written: str
    expected: Label
    is_asked: bool = False
    scope = "row"

    @property
    def is_critical(self) -> bool:
        return not self.is_asked

    @property
    def severity(self) -> Severity:
        return "warning" if self.is_asked else "critical"

    def words(self, shown: Shown) -> Words:
        if self.id.endswith(f".{TOO_LARGE}"):  # perhaps a card's number: only its county sees it
            text = self.written if shown is str else f"({len(self.written)} 字 characters)"
            too_large = (
                f"{quoted_zh(self.label.zh)}的数字过大：{text}",
                f"{self.label.en} is too large a number: {text}",
            )
            return Words(text, *too_large, self.expected.zh, self.expected.en)
        if self.id.endswith(f".{FORMULA}"):
            said_zh = f"{quoted_zh(self.label.zh)}是公式，但没有计算结果"
            said_en = f"{self.label.en} is a formula without its result"
            return Words(None, said_zh, said_en, self.expected.zh, self.expected.en)
        text = shown(self.written)
        if said := strays.WORDS.get(self.id.rpartition(".")[2]):
            zh, en = (w.replace("{text}", text) for w in said)
            return Words(text, zh, en, self.expected.zh, self.expected.en)
        if self.is_asked:
            return Words(
                text.strip(),
                f"{quoted_zh(self.label.zh)}只填了短横线，暂按未填处理：是否为零？",
                f"{self.label.en} is a dash alone, and counts as missing until you say: is it zero?",
                self.expected.zh,
                self.expected.en,
            )
        return Words(
            text,
            f"{quoted_zh(self.label.zh)}无法识别：{text}",
            f"{self.label.en} cannot be read: {text}",
            self.expected.zh,
            self.expected.en,
        )


@dataclass(frozen=True)
class Breach:
    """One row that breaks one rule.

    `index`: the row's position among the rows read. `number`: its row number in the sheet. `columns`: the columns of
    the cells concerned, counted from 0; `address` is the first of these cells.
    """

    rule: Rule | Unreadable
    index: int
    number: int
    columns: tuple[int, ...]
    address: str

    def words(self, frame: pa.Table, shown: Shown = quoted) -> Words:
        """What is said of it. `frame`: the rows of the submission with their context columns."""
        if isinstance(self.rule, Unreadable):
            return self.rule.words(shown)
        read = {*self.rule.fields, *self.rule.columns, "county_code"}
        return self.rule.words(
            {n: frame.column(n)[self.index].as_py() for n in frame.column_names if n in read}
        )


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


def decide(one: Checked, broken: Sequence[Broken], form: Form, frame: pa.Table) -> None:
    """Decide on each row by what it breaks, and on the submission."""
    parsed = one.parsed
    assert parsed is not None
    if told := _too_many(parsed, broken, form):
        one.conclude("returned", "too_many_problems", *told)
        return
    one.frame, one.breaches = frame, breaches_of(parsed, broken, form)
    if whole := [b.rule for b in broken if _is_whole(b.rule)]:
        one.conclude("returned", whole[0].id.split(".")[-1], *_whole_message(whole[0], parsed))
        return
    reasons: dict[int, list[Breach]] = {}
    for breach in one.breaches:
        if breach.rule.is_critical:
            reasons.setdefault(breach.index, []).append(breach)
    one.accepted, one.rejected = _accepted(parsed, reasons, form), _rejected(parsed, reasons)
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
    by_rule = sorted((b for b in broken if b.rows and not _is_whole(b.rule)), key=lambda b: -len(b.rows))
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


def breaches_of(parsed: Parsed, broken: Sequence[Broken], form: Form) -> list[Breach]:
    """What rows break: first cells that cannot be read, then rules in the suite's order.

    A cell that cannot be read is told once: a rule on its field would be a second reason for the same cell. A code that
    is not well formed is not told as unknown, too. Of a row that is no unit's (`strays`), only that is told.
    """
    numbers, found = parsed.rows.column("_row").to_numpy(), list[Breach]()

    def note(rule: Rule | Unreadable, rows: Sequence[int]) -> None:
        columns = tuple(parsed.columns[f] for f in rule.fields if f in parsed.columns)
        columns = columns or (parsed.columns[form.key],)
        for index, number in zip(rows, numbers[rows].tolist(), strict=True):
            found.append(Breach(rule, index, number, columns, parsed.address(form.form, columns[0], number)))

    unreadable, asked = set[tuple[int, str]](), set[tuple[int, str]]()
    for cell in parsed.unreadable:
        expected = Label(zh=cell.expected_zh, en=cell.expected_en)
        label = form.fields[cell.field].label if cell.field in form.fields else _key_label(form)
        note(Unreadable(cell.rule, (cell.field,), label, cell.value, expected, cell.is_asked), [cell.index])
        (asked if cell.is_asked else unreadable).add((cell.index, cell.field))
    malformed = set[int]()
    for one in broken:
        if not _is_whole(one.rule):
            told = unreadable if one.rule.is_critical else unreadable | asked
            of = (form.key, *one.rule.fields)
            rows = [i for i in one.rows if not any((i, f) in told for f in of)] if told else one.rows
            if one.rule.id == f"{form.form}.{form.key}.format":
                malformed.update(rows)
            elif one.rule.id == f"{form.form}.{form.key}.known" and malformed:
                rows = [i for i in rows if i not in malformed]
            if rows:
                note(one.rule, rows)
    return found


def _key_label(form: Form) -> Label:
    return Label(zh=next(iter(form.key_headers), form.key), en=form.key)


def total_words(total: TotalsProblem, shown: Shown) -> Words:
    """What is said of a written total that is not the sum of its rows."""
    written = shown(total.written)
    said_zh, said_en = (
        ("无法识别", "cannot be read") if written == UNREAD else (f"为{written}", f"says {written}")
    )
    away_zh = f"；合计只含可见的行，另有{total.hidden}行被隐藏或筛选掉" if total.hidden else ""
    away_en = (
        f": it is of the visible rows, and {counted(int(total.hidden), 'is', 'are')} hidden or filtered away"
        if total.hidden
        else ""
    )
    return Words(
        written,
        f"合计{said_zh}，各行之和为{total.sum}{away_zh}",
        f"the total {said_en}, the rows add up to {total.sum}{away_en}",
        f"{total.sum}（请取消筛选、核对各行后重算合计）" if total.hidden else total.sum,
        f"{total.sum}: take the filter off, check the rows and add them up again"
        if total.hidden
        else total.sum,
    )


def _is_whole(rule: Rule) -> bool:
    """Whether the submission as a whole goes back for it."""
    return rule.is_critical and rule.scope == "submission"


def _whole_message(rule: Rule, parsed: Parsed) -> tuple[str, str]:
    """Why the submission as a whole goes back, in zh and en."""
    if not parsed.totals_problems:
        words = rule.words({})
        return words.message_zh, words.message_en
    first = parsed.totals_problems[0]
    words = total_words(first, quoted)
    return (
        f"{first.address}{words.message_zh}，请核对后重报",
        f"{first.address}: {words.message_en}; please send it again",
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


def _rejected(parsed: Parsed, reasons: dict[int, list[Breach]]) -> pa.Table:
    """The rejected rows as received, with the rules that each breaks and their cells."""
    bad, texts = sorted(reasons), pa.list_(pa.string())
    rules = pa.array([[b.rule.id for b in reasons[i]] for i in bad], texts)
    addresses = pa.array([[b.address for b in reasons[i]] for i in bad], texts)
    rows = parsed.raw.take(pa.array(bad, pa.int64()))
    return rows.append_column("rules", rules).append_column("addresses", addresses)


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
            if isinstance(breach.rule, Unreadable):
                words = breach.rule.words(partial(quoted, county=one.part.county_code))
                found.append(Finding.asked(breach.rule, words, row, *of_report))
            else:
                found.append(Finding.of(breach.rule, row, *of_report))
    return found
