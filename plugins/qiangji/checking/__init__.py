"""Check: parts of deliveries into accepted and rejected rows, and a verdict on each submission.

In: parts that the ledger lists, their bytes in the lake, the catalogue and its suites. Out: Parquet in the lake and,
one transaction for each submission, the ledger. The rows of many counties go through a form's suite at once and are
split afterwards.

| file | what |
| --- | --- |
| `frame` | the rows with the context columns that rules read |
| `sums` | rows that add up others |
| `expectations` | Great Expectations: which rows break which rules |
| `blank_columns` | columns that a whole report leaves empty |
| `breaches` | what rows break, and in which words |
| `verdict` | which rows are rejected, why and in which words; the verdict |
| `unexpected_units` | findings on units that the tree does not expect |
| `doubts` | what is asked about a report as a whole, before it counts |
| `names` | names beside codes |
| `groups` | villager groups that were appended twice, or whose names slipped |
| `signing` | whether those who have to sign a form did |
| `sheets` | what a sheet says of itself, with `titles` (the period), `other_form`, `counties`, `units`, `spans` |
| `coverage` | which units that should report are in a report |
| `publishing` | the lake and the ledger |
| `ahead` | files are read, and verdicts written, while others are judged |
| `contextual` | rules that look beyond the submission, when a month is built; it has `context`, `jumps` and others |

So the verdict depends on the submission, the catalogue and the tree alone.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from qiangji.ahead import ahead, behind
from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.suites import Suite
from qiangji.checking import (
    blank_columns,
    counties,
    doubts,
    other_form,
    sheets,
    signing,
    titles,
    unexpected_units,
)
from qiangji.checking.expectations import BATCH_ROWS, Broken, validate
from qiangji.checking.frame import framed
from qiangji.checking.publishing import publish
from qiangji.checking.verdict import Checked, Doubt, decide
from qiangji.errors import ReturnedError
from qiangji.lake import Lake
from qiangji.ledger import SIDE_BY_SIDE, Ledger, Pending, Submission
from qiangji.parsing import Parsed, cage
from qiangji.parsing.archive import too_large
from qiangji.parsing.handed import Handed
from qiangji.periods import Period
from qiangji.stopwatch import Stopwatch

__all__ = ["Checked", "check", "examine", "judge"]

log = logging.getLogger(__name__)
AHEAD_BYTES = 32 * 2**20
"""Files that are read ahead, or lie ready as read, are of so many bytes together."""


def check(
    catalogue: Catalogue,
    ledger: Ledger,
    parts: Sequence[Pending],
    *,
    record: bool = True,
    watch: Stopwatch | None = None,
    handed: Handed | None = None,
) -> list[Submission]:
    """Check parts (in received order) and publish each verdict. With `record` off nothing is written anywhere.

    `watch` is told the seconds of its stages: parse (of what is not read by then), expectations, parquet, publish.
    `handed`: what the pull has read already.
    """
    pa.set_memory_pool(
        pa.system_memory_pool()
    )  # Arrow's own gives large arrays back at once, and takes them anew
    watch = Stopwatch() if watch is None else watch
    published: list[Submission] = []

    def put_down(batch: list[Checked]) -> None:
        published.extend(publish(batch, catalogue, ledger, record, watch))
        batch.clear()  # its rows are not held while the next is judged

    with behind(put_down) as hand_on:
        for code in sorted({p.form for p in parts}):
            mine = [p for p in parts if p.form == code]
            for batch in _batches(_read(catalogue, ledger.lake, mine, watch, handed)):
                with watch.timed("expectations"):
                    _judge_within_memory(batch, catalogue, catalogue.forms[code], catalogue.suites[code])
                hand_on(batch)
    for s in published:
        log.log(
            logging.INFO if s.verdict == "accepted" else logging.WARNING,
            "%s %s %s: %s%s, %d received, %d rejected", s.county_code, s.form, s.period, s.status or s.verdict,
            f" ({s.reason_code})" if s.reason_code else "", s.rows_received, s.rows_rejected,
        )  # fmt: skip
    return sorted(published, key=lambda s: (s.received_at, s.form, s.period))


def examine(catalogue: Catalogue, lake: Lake, parts: Sequence[Pending]) -> list[Checked]:
    """What check finds in parts, in their order; nothing is recorded anywhere."""
    read = [_parse(catalogue, lake, p) for p in parts]
    for code in sorted({p.form for p in parts}):
        mine = [one for one in read if one.part.form == code]
        _judge_within_memory(mine, catalogue, catalogue.forms[code], catalogue.suites[code])
    return read


def _judge_within_memory(batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    """Judge all at once; where memory does not suffice, one by one, and what it does not suffice for goes back."""
    with contextlib.suppress(MemoryError):
        judge(batch, catalogue, form, suite)
        return
    log.error("%s: not enough memory to judge %d submissions at once: one by one", form.form, len(batch))
    for one in batch:
        if one.parsed is not None:
            one.forget()
            try:
                judge([one], catalogue, form, suite)
            except MemoryError:
                one.forget()
                e = too_large(
                    "judging it takes more memory than there is", "a smaller file", one.part.county_code
                )
                one.parsed = None
                one.conclude("returned", e.code, e.zh, str(e))


def _batches(read: Iterable[Checked]) -> Iterator[list[Checked]]:
    batch: list[Checked] = []
    rows = 0
    for one in read:
        batch.append(one)
        rows += one.parsed.rows.num_rows if one.parsed else 0
        if rows >= BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _read(
    catalogue: Catalogue, lake: Lake, parts: Iterable[Pending], watch: Stopwatch, handed: Handed | None
) -> Iterator[Checked]:
    """The parts as read, in their order; those that come next are read meanwhile."""

    def weight(part: Pending) -> int:
        return lake.raw_path(part.sha256).stat().st_size if part.sha256 else 0

    read = ahead(lambda part: _parse(catalogue, lake, part, handed), parts, weight, AHEAD_BYTES, cage.MOST)
    return watch.each("parse", read)


def _parse(catalogue: Catalogue, lake: Lake, part: Pending, handed: Handed | None = None) -> Checked:
    """Read one part, in the cage, unless it was handed over. What cannot be read, or was withheld, has its verdict."""
    one = Checked(part)
    if part.reason_code:
        withheld = part.reason_code == "personal_data"
        one.conclude(
            "withheld" if withheld else "returned", part.reason_code, part.message_zh, part.message_en
        )
    if part.sha256 is None:
        return one
    of = (part.sha256, part.kind, part.county_code, part.form, part.period)
    try:
        one.parsed = (handed.take(*of) if handed else None) or cage.read_submission(
            lake.get_raw(part.sha256),
            part.kind,
            catalogue.counties[part.county_code],
            catalogue.forms[part.form],
            one.period,
            crosswalk=catalogue.crosswalks.get(part.county_code),
        )
        one.verdict, one.reason_code, one.message_zh, one.message_en = "", None, None, None
        if part.reason_code == SIDE_BY_SIDE:
            one.doubts.append(Doubt(SIDE_BY_SIDE, part.message_zh or "", part.message_en or ""))
        if one.parsed.is_unchanged:  # nothing to judge: what it repeats was judged when it came
            one.parsed, one.verdict, one.is_unchanged = None, "accepted", True
            one.message_zh = "无变动：沿用上一期报送的数据"
            one.message_en = "unchanged: it repeats the last report"
        else:
            other_form.hold_against_title(one, catalogue, catalogue.forms[part.form])
            _hold_against_title(one, catalogue.forms[part.form])
            counties.hold_against_title(one, catalogue, catalogue.forms[part.form])
    except ReturnedError as e:
        one.parsed = None
        one.conclude("returned", e.code, e.zh or str(e), str(e))
    return one


def _hold_against_title(one: Checked, form: Form) -> None:
    """Return a report whose title names another period: last month's sheet, sent again under a new name."""
    assert one.parsed is not None
    sheet, own = one.parsed.sheet, (form.title.zh,)
    said, (zh, en) = titles.other_period(sheet.title_texts, one.period, own), ("标题", "title")
    if not said:
        said = titles.other_period((*sheet.title_texts, sheet.sheet), one.period, own)
        zh, en = "工作表名", "sheet's name"
    if said:
        raise ReturnedError(
            f"the {en} says period {said}",
            where=f"{one.part.county_code} {one.part.form} {one.period}",
            expected=str(one.period),
            do=f"Send the file of that period, or correct the {en}.",
            code="wrong_period",
            zh=f"{zh}写的报告期是{said}，应为{one.period}，请核对后重报",
        )


def judge(batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    """Run the suite over all that could be read, and decide on each row and submission.

    Raises ValidationError where a rule cannot be evaluated.
    """
    as_it_stood: dict[str, list[Checked]] = {}  # a form that changed is judged as it stood in each period
    for one in batch:
        if one.parsed is not None:
            month = str(one.period.last_month)
            stood = ",".join([*form.fields_in(month), "optional:", *form.optional_in(month)])
            as_it_stood.setdefault(stood, []).append(one)
    for readable in as_it_stood.values():
        _judge(readable, catalogue, form, suite)


def _judge(readable: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    by_period: dict[Period, list[tuple[Checked, Parsed]]] = {}
    for one in readable:
        if one.parsed is not None:
            by_period.setdefault(one.period, []).append((one, one.parsed))
    frames = [
        framed([(one.part.county_code, parsed) for one, parsed in same], period, catalogue, form, suite)
        for period, same in by_period.items()
    ]
    frame = pa.concat_tables(frames, promote_options="permissive")
    rules = suite.holding_in(form, str(readable[0].period.last_month))
    broken = validate(frame.combine_chunks(), [r for r in rules if not r.is_contextual], form.form)
    start = 0
    for one, parsed in itertools.chain.from_iterable(by_period.values()):
        end = start + parsed.rows.num_rows
        mine = [Broken(b.rule, _within(b.rows, start, end)) for b in broken]
        own = frame.slice(start, end - start)
        blank = blank_columns.blank_fields(parsed, form, suite, one.period)
        mine = [b for b in mine if b.rows and not blank_columns.is_told(b.rule, blank)]
        decide(one, mine, form, own)
        if one.rejected is None:  # as a whole: what the sheet says of itself may be why
            one.notes += sheets.findings(one, catalogue, form)
        else:  # row by row
            one.findings += unexpected_units.findings(catalogue, form, own, one.period, one.part.county_code)
            layout = catalogue.counties[one.part.county_code].layout_of(form.form)
            one.findings += (unsigned := list(signing.findings(one, form, layout)))
            one.notes += unsigned
            doubts.look(one, catalogue, form)
            blank_columns.tell(one, blank, catalogue, form)
        start = end


def _within(rows: list[int], start: int, end: int) -> list[int]:
    """Of ascending positions those of one report, counted from its first row."""
    first, last = bisect_left(rows, start), bisect_left(rows, end)
    return [row - start for row in rows[first:last]]
