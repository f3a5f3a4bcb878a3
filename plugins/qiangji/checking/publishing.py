"""Publish a verdict: its rows as Parquet in the lake, then the verdict in the ledger.

In: a submission that was judged. Out: the `Submission`, with the status that it has among the others of its county,
form and period. The ledger writes it in one transaction: before it nothing has happened, after it everything has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.checking.verdict import Checked
from qiangji.lake import rows_hash
from qiangji.ledger import Ledger, Submission


@dataclass(frozen=True)
class _Fullness:
    """How full accepted rows are: rows with any value, cells with one, and whether every number is zero."""

    rows_non_empty: int = 0
    cells_filled: int = 0
    cells_total: int = 0
    is_nil: bool = False


def publish(one: Checked, catalogue: Catalogue, ledger: Ledger, record: bool) -> Submission:
    """Put a verdict on the record; with `record` off nothing is written anywhere."""
    part, accepted, rejected = one.part, one.accepted, one.rejected
    received = one.parsed.rows.num_rows if one.parsed else 0
    taken = accepted.num_rows if accepted is not None else 0
    fullness = _fullness(accepted, catalogue.forms[part.form]) if accepted is not None else _Fullness()
    submission = Submission(
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
        doubt_zh="；".join(d.zh for d in one.doubts) or None,
        doubt_en="; ".join(d.en for d in one.doubts) or None,
        **vars(fullness),
    )
    if not record:
        digest = rows_hash(accepted) if accepted is not None and taken else None
        return replace(submission, rows_hash=digest)
    place = (part.form, part.period, part.county_code)
    if accepted is not None and taken:
        submission = replace(submission, rows_hash=ledger.lake.put_rows("reports", *place, accepted))
    if rejected is not None and rejected.num_rows:
        digest = ledger.lake.put_rows("rejected", *place, _flat(rejected))
        submission = replace(submission, rejected_hash=digest)
    rejections = [rejection.row() for rejection in one.rejections]
    findings = [finding.row() for finding in one.findings]
    return ledger.publish(submission, rejections, findings, one.explanations)


def _flat(rejected: pa.Table) -> pa.Table:
    """Lists as text, so that the table has a canonical CSV form."""
    for name in ("rules", "addresses"):
        i = rejected.column_names.index(name)
        rejected = rejected.set_column(i, name, pc.binary_join(rejected.column(name).combine_chunks(), " "))
    return rejected


def _fullness(accepted: pa.Table, form: Form) -> _Fullness:
    fields = [n for n in form.fields if n in accepted.column_names]
    empty = None
    for n in fields:
        null = pc.is_null(accepted.column(n))
        empty = null if empty is None else pc.and_(empty, null)
    numbers = [accepted.column(n) for n in fields if form.fields[n].is_number]
    # nothing but zeros, and at least one of them: missing is not zero
    zeros = [pc.all(pc.equal(c, 0)).as_py() for c in numbers if c.null_count < len(c)]
    return _Fullness(
        rows_non_empty=accepted.num_rows - (pc.sum(empty).as_py() or 0) if empty is not None else 0,
        cells_filled=sum(accepted.num_rows - accepted.column(n).null_count for n in fields),
        cells_total=accepted.num_rows * len(fields),
        is_nil=bool(zeros) and all(zeros),
    )
