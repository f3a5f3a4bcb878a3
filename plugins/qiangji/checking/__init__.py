"""Check: parts of deliveries into accepted and rejected rows, and a verdict on each submission.

In: parts that the ledger lists, their bytes in the lake, the catalogue and its suites. Out: Parquet in the lake and,
one transaction for each submission, the ledger. The rows of many counties go through a form's suite at once and are
split afterwards.

| file | what |
| --- | --- |
| `judging` | the suite over the rows of many reports, then a decision on each |
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
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from qiangji.ahead import ahead, behind
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import FileKind, Form
from qiangji.checking import counties, expectations, other_form, titles
from qiangji.checking.judging import Validated, judge, judge_within_memory, validated_within_memory
from qiangji.checking.publishing import publish
from qiangji.checking.verdict import Checked, Doubt
from qiangji.errors import ReturnedError
from qiangji.lake import Lake
from qiangji.ledger import SIDE_BY_SIDE, Ledger, Pending, Submission
from qiangji.parsing import cage
from qiangji.parsing.handed import Handed
from qiangji.stopwatch import Stopwatch

__all__ = ["Belt", "Checked", "check", "checking", "examine", "judge"]

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

    `watch` is told the seconds of its stages: imports, parse (of what is not read by then), expectations, verdicts,
    parquet, publish. `handed`: what the pull has read already.
    """
    with checking(catalogue, ledger, record=record, watch=watch, handed=handed) as belt:
        belt.take(parts)
    return belt.published


@dataclass(frozen=True)
class Belt:
    """Takes parts to be checked. `published`: the submissions with a verdict; once the belt has ended all, in the order
    in which they were received.
    """

    take: Callable[[Sequence[Pending]], None]
    published: list[Submission]


@contextlib.contextmanager
def checking(
    catalogue: Catalogue,
    ledger: Ledger,
    *,
    record: bool = True,
    watch: Stopwatch | None = None,
    handed: Handed | None = None,
) -> Iterator[Belt]:
    """A belt for parts that come one group after the other; what it is given, and how: see `check`.

    While the suite runs over a batch, the verdicts on the one before are made, and those before it written. `take`
    returns once the suite has run over what it was given. An error of ours is raised where the next parts are taken,
    or when the belt ends.
    """
    pa.set_memory_pool(
        pa.system_memory_pool()
    )  # Arrow's own gives large arrays back at once, and takes them anew
    watch, published = Stopwatch() if watch is None else watch, list[Submission]()

    def put_down(batch: list[Checked]) -> None:
        done = publish(batch, catalogue, ledger, record, watch)
        batch.clear()  # its rows are not held while the next is judged
        published.extend(done)
        for s in done:
            log.log(
                logging.INFO if s.verdict == "accepted" else logging.WARNING,
                "%s %s %s: %s%s, %d received, %d rejected", s.county_code, s.form, s.period, s.status or s.verdict,
                f" ({s.reason_code})" if s.reason_code else "", s.rows_received, s.rows_rejected,
            )  # fmt: skip

    def decide(given: tuple[str, list[Checked], list[Validated] | None]) -> None:
        code, batch, found = given
        with watch.timed("verdicts"):
            judge_within_memory(batch, found, catalogue, catalogue.forms[code], catalogue.suites[code])
            for one in batch:
                one.frame = None  # what is published has no context columns
        to_publish(batch)

    def take(parts: Sequence[Pending]) -> None:
        if parts:
            with watch.timed("imports"):  # as far as nobody has begun to load it
                expectations.load()
        for code in sorted({p.form for p in parts}):
            mine = [p for p in parts if p.form == code]
            for batch in _batches(_read(catalogue, ledger.lake, mine, watch, handed)):
                with watch.timed("expectations"):
                    found = validated_within_memory(
                        batch, catalogue, catalogue.forms[code], catalogue.suites[code]
                    )
                to_decide((code, batch, found))
                del batch, found  # not held while the next is read

    with behind(put_down) as to_publish, behind(decide) as to_decide:
        yield Belt(take, published)
    published.sort(key=lambda s: (s.received_at, s.form, s.period))


def examine(catalogue: Catalogue, lake: Lake, parts: Sequence[Pending]) -> list[Checked]:
    """What check finds in parts, in their order; nothing is recorded anywhere."""
    read = [_parse(catalogue, lake, p) for p in parts]
    for code in sorted({p.form for p in parts}):
        mine = [one for one in read if one.part.form == code]
        form, suite = catalogue.forms[code], catalogue.suites[code]
        found = validated_within_memory(mine, catalogue, form, suite)
        judge_within_memory(mine, found, catalogue, form, suite)
    return read


def _batches(read: Iterable[Checked]) -> Iterator[list[Checked]]:
    batch: list[Checked] = []
    rows = 0
    for one in read:
        batch.append(one)
        rows += one.parsed.rows.num_rows if one.parsed else 0
        if rows >= expectations.BATCH_ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _read(
    catalogue: Catalogue, lake: Lake, parts: Sequence[Pending], watch: Stopwatch, handed: Handed | None
) -> Iterator[Checked]:
    """The parts as read, in their order; those that come next are read meanwhile.

    What was handed over is taken where it is needed: another thread would cost more than there is to do.
    """

    def weight(part: Pending) -> int:
        return lake.raw_path(part.sha256).stat().st_size if part.sha256 else 0

    def each() -> Iterator[Checked]:
        there = [handed is not None and handed.has(*_as_read(part)) for part in parts]
        others = (part for part, is_there in zip(parts, there, strict=True) if not is_there)
        read = ahead(lambda part: _parse(catalogue, lake, part), others, weight, AHEAD_BYTES, cage.MOST)
        for part, is_there in zip(parts, there, strict=True):
            yield _parse(catalogue, lake, part, handed) if is_there else next(read)

    return watch.each("parse", each())


def _as_read(part: Pending) -> tuple[str, FileKind, str, str, str]:
    """A part's bytes, and what they are read as: see `Handed`."""
    return part.sha256 or "", part.kind, part.county_code, part.form, part.period


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
    try:
        one.parsed = (handed.take(*_as_read(part)) if handed else None) or cage.read_submission(
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
