"""Publish verdicts: their rows as Parquet in the lake, then the verdicts in the ledger.

In: submissions that were judged. Out: each `Submission`, with the status that it has among the others of its county,
form and period. The ledger writes them in one transaction: before it nothing has happened, after it everything has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.checking.verdict import Checked
from qiangji.lake import Lake, rows_hash
from qiangji.ledger import Ledger, Reading, Submission
from qiangji.stopwatch import Stopwatch


@dataclass(frozen=True)
class _Fullness:
    """How full accepted rows are: rows with any value, cells with one, and whether every number is zero."""

    rows_non_empty: int = 0
    cells_filled: int = 0
    cells_total: int = 0
    is_nil: bool = False


def publish(
    batch: Sequence[Checked], catalogue: Catalogue, ledger: Ledger, record: bool, watch: Stopwatch
) -> list[Submission]:
    """Put verdicts on the record; with `record` off nothing is written anywhere."""
    submissions = [_submission(one, catalogue) for one in batch]
    if not record:
        digests = [
            rows_hash(c.accepted) if c.accepted is not None and s.rows_accepted else None
            for c, s in zip(batch, submissions, strict=True)
        ]
        return [replace(s, rows_hash=digest) for s, digest in zip(submissions, digests, strict=True)]
    with watch.timed("parquet"), ledger.lake.together() as lake:
        kept = [_kept(c, s, lake) for c, s in zip(batch, submissions, strict=True)]
    with watch.timed("publish"):
        return ledger.publish([
            Reading(s, [x.row() for x in c.rejections], [x.row() for x in c.findings], c.explanations)
            for c, s in zip(batch, kept, strict=True)
        ])  # fmt: skip


def _submission(one: Checked, catalogue: Catalogue) -> Submission:
    """The verdict, without the names of its rows in the lake."""
    part, accepted = one.part, one.accepted
    received = one.parsed.rows.num_rows if one.parsed else 0
    taken = accepted.num_rows if accepted is not None else 0
    fullness = _fullness(accepted, catalogue.forms[part.form]) if accepted is not None else _Fullness()
    return Submission(
        county_code=part.county_code,
        form=part.form,
        period=part.period,
        delivery_id=part.delivery_id,
        catalogue_hash=catalogue.reading_hash(part.form, part.county_code),
        suite_hash=catalogue.suites[part.form].hash,
        received_at=part.received_at,
        checked_at=datetime.now(UTC),
        verdict=one.verdict,
        reason_code=one.reason_code,
        message_zh=one.message_zh,
        message_en=one.message_en,
        rows_received=received,
        rows_accepted=taken,
        rows_rejected=received - taken,
        is_unchanged=one.is_unchanged,
        doubt=one.doubts[0].code if one.doubts else None,
        doubt_zh=_joined([d.zh for d in one.doubts], "；", "？") or None,
        doubt_en=_joined([d.en for d in one.doubts], "; ", "? ") or None,
        **vars(fullness),
    )


def _joined(questions: Sequence[str], between: str, asked: str) -> str:
    """Questions one behind the other: `between`, but where one ends with its own mark."""
    text = ""
    for question in questions:
        mark = asked if text.endswith(asked.strip()) else between
        text = f"{text.removesuffix(mark.strip())}{mark}{question}" if text else question
    return text


def _kept(one: Checked, submission: Submission, lake: Lake) -> Submission:
    """The verdict with the names of its rows, which are in the lake."""
    place = (submission.form, submission.period, submission.county_code)
    accepted = rejected = None
    if one.accepted is not None and submission.rows_accepted:
        accepted = lake.put_rows("reports", *place, one.accepted)
    if one.rejected is not None and one.rejected.num_rows:
        rejected = lake.put_rows("rejected", *place, _flat(one.rejected))
    return replace(submission, rows_hash=accepted, rejected_hash=rejected)


def _flat(rejected: pa.Table) -> pa.Table:
    """Lists as text, so that the table has a canonical CSV form."""
    for name in ("rules", "addresses"):
        i = rejected.column_names.index(name)
        rejected = rejected.set_column(i, name, pc.binary_join(rejected.column(name).combine_chunks(), " "))
    return rejected


def _fullness(accepted: pa.Table, form: Form) -> _Fullness:
    fields = [n for n in form.fields if n in accepted.column_names]
    filled = sum(accepted.num_rows - accepted.column(n).null_count for n in fields)
    # nothing but zeros, and at least one of them: missing is not zero
    numbers = [accepted.column(n) for n in fields if form.fields[n].is_number]
    numbers = [c for c in numbers if c.null_count < len(c)]
    return _Fullness(
        rows_non_empty=accepted.num_rows - _empty_rows(accepted.select(fields)),
        cells_filled=filled,
        cells_total=accepted.num_rows * len(fields),
        is_nil=bool(numbers) and all(_is_zero(c) for c in numbers),
    )


def _empty_rows(rows: pa.Table) -> int:
    """Rows without a value in any column; mostly one column has a value in each row."""
    if any(not c.null_count for c in rows.columns):
        return 0
    empty = pa.repeat(pa.scalar(True), rows.num_rows)
    for column in rows.columns:
        empty = pc.and_(empty, pc.is_null(column))
    return int(pc.sum(empty).as_py() or 0)


def _is_zero(column: pa.ChunkedArray) -> bool:
    """Whether every value is 0; mostly the first says that not all are."""
    if column[0].as_py():
        return False
    return bool(pc.all(pc.equal(column, 0)).as_py())
