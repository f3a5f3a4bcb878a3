"""Check: parts of deliveries into accepted and rejected rows, and a verdict on each submission.

In: parts that the ledger lists, their bytes in the lake, the catalogue and its suites. Out: Parquet in the lake and,
one transaction a submission, the ledger. The rows of many counties go through a form's suite at once and are split
afterwards. A row that breaks a critical rule, or of which a cell cannot be read, is rejected with the rule's id; a
warning is a finding on an accepted row. Expectations that look beyond the submission run when a month is built
(see `context`), so that the verdict here depends on the submission, the catalogue and the tree alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.suites import (
    Expectation,
    Gap,
    Suite,
    expected_of,
    gaps,
    holding_in,
    is_contextual,
    kinds_counted,
    message_of,
    value_of,
)
from qiangji.checking import unexpected_units
from qiangji.errors import ReturnedError
from qiangji.lake import Lake
from qiangji.ledger import Ledger, Pending, Submission
from qiangji.parsing import Parsed, address, cage
from qiangji.periods import Period
from qiangji.personal_data import quoted
from qiangji.stopwatch import Stopwatch

log = logging.getLogger(__name__)
BATCH_ROWS = 500_000
"""Rows that go through a suite at once: many counties, and still a bounded frame."""


@dataclass
class Checked:
    """One submission on its way through: what was read, what broke, and the verdict.

    `explanations`: unit -> what the county says about its accepted row. Where it `is_detailed`, `broken` (each
    expectation with its rows) and `frame` (the rows with their context) are kept, to tell every cell of what is wrong.
    """

    part: Pending
    parsed: Parsed | None = None
    verdict: str = ""
    reason_code: str | None = None
    message_zh: str | None = None
    message_en: str | None = None
    rejections: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    accepted: pa.Table | None = None
    rejected: pa.Table | None = None
    is_unchanged: bool = False
    is_detailed: bool = False
    broken: list[tuple[Expectation, list[int]]] = field(default_factory=list)
    frame: pa.Table | None = None
    explanations: dict[str, str] = field(default_factory=dict)

    @property
    def period(self) -> Period:
        return Period.parse(self.part.period)

    def refuse(self, verdict: str, code: str, zh: str | None, en: str | None) -> None:
        """The submission as a whole goes back, or is withheld."""
        self.verdict, self.reason_code, self.message_zh, self.message_en = verdict, code, zh, en


def check(
    catalogue: Catalogue,
    ledger: Ledger,
    parts: Sequence[Pending],
    *,
    record: bool = True,
    watch: Stopwatch | None = None,
) -> list[Submission]:
    """Check parts (in received order) and publish each verdict. With `record` off nothing is written anywhere.

    `watch` is told the seconds of its stages: parse, expectations, parquet, publish.
    """
    watch = Stopwatch() if watch is None else watch
    published: list[Submission] = []
    for form_code in sorted({p.form for p in parts}):
        form, suite = catalogue.forms[form_code], catalogue.suites[form_code]
        read = (_read(catalogue, ledger.lake, form, p, watch) for p in parts if p.form == form_code)
        for batch in _batches(read):
            with watch.timed("expectations"):
                judge(batch, catalogue, form, suite)
            published += [_publish(one, catalogue, ledger, form, suite, record, watch) for one in batch]
    for s in published:
        log.log(
            logging.INFO if s.verdict == "accepted" else logging.WARNING,
            "%s %s %s: %s%s, %d received, %d rejected", s.county_code, s.form, s.period, s.status or s.verdict,
            f" ({s.reason_code})" if s.reason_code else "", s.rows_received, s.rows_rejected,
        )  # fmt: skip
    return sorted(published, key=lambda s: (s.received_at, s.form, s.period))


def examine(catalogue: Catalogue, lake: Lake, parts: Sequence[Pending]) -> list[Checked]:
    """What check finds in parts, in their order and in all detail; nothing is recorded anywhere."""
    read = [replace(_parse(catalogue, lake, catalogue.forms[p.form], p), is_detailed=True) for p in parts]
    for code in sorted({p.form for p in parts}):
        judge(
            [one for one in read if one.part.form == code],
            catalogue,
            catalogue.forms[code],
            catalogue.suites[code],
        )
    return read


def _batches(read: Iterable[Checked]) -> Iterable[list[Checked]]:
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


def _read(catalogue: Catalogue, lake: Lake, form: Form, part: Pending, watch: Stopwatch) -> Checked:
    with watch.timed("parse"):
        return _parse(catalogue, lake, form, part)


def _parse(catalogue: Catalogue, lake: Lake, form: Form, part: Pending) -> Checked:
    one = Checked(part)
    if part.reason_code:
        withheld = part.reason_code == "personal_data"
        one.refuse("withheld" if withheld else "returned", part.reason_code, part.message_zh, part.message_en)
    if part.sha256 is None:
        return one
    county = catalogue.counties[part.county_code]
    try:
        one.parsed = cage.read_submission(
            lake.get_raw(part.sha256),
            part.kind,
            county,
            form,
            one.period,
            crosswalk=catalogue.crosswalks.get(part.county_code),
        )
        one.verdict, one.reason_code, one.message_zh, one.message_en = "", None, None, None
        if one.parsed.is_unchanged:  # nothing to judge: what it repeats was judged when it came
            one.parsed, one.verdict, one.is_unchanged = None, "accepted", True
            one.message_zh = "无变动：沿用上一期报送的数据"
            one.message_en = "unchanged: it repeats the last report"
    except ReturnedError as e:
        one.refuse("returned", e.code, e.zh or str(e), str(e))
    return one


def judge(batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    """Run the suite over all that could be read, and split rows into accepted and rejected."""
    as_it_stood: dict[str, list[Checked]] = {}  # a form that changed is judged as it stood in each period
    for one in batch:
        if one.parsed is not None:
            fields = ",".join(form.fields_in(str(one.period.last_month)))
            as_it_stood.setdefault(fields, []).append(one)
    for readable in as_it_stood.values():
        _judge(readable, catalogue, form, suite)


def _judge(readable: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    from qiangji.checking.expectations import validate

    frame = pa.concat_tables(
        [_frame(one, catalogue, form, suite) for one in readable], promote_options="permissive"
    )
    holding = holding_in(suite, form, str(readable[0].period.last_month))
    broken = validate(frame.combine_chunks(), [e for e in holding if not is_contextual(e)], form.form)
    start = 0
    for one in readable:
        assert one.parsed is not None
        end = start + one.parsed.rows.num_rows
        mine = [(b.expectation, [r - start for r in b.rows if start <= r < end]) for b in broken]
        own = frame.slice(start, end - start)
        _split(one, [(e, rows) for e, rows in mine if rows], form, own)
        if one.rejected is not None:  # row by row, not as a whole
            one.findings += unexpected_units.findings(catalogue, form, own, one.period, one.part.county_code)
        start = end


def _frame(one: Checked, catalogue: Catalogue, form: Form, suite: Suite) -> pa.Table:
    """The rows with the context columns that follow from the submission and the tree."""
    assert one.parsed is not None
    rows, county = one.parsed.rows, one.part.county_code
    keys = rows.column(form.key).combine_chunks()
    expected = catalogue.org.expected(form.filled_in_by, one.period, county)
    above = parents(keys, form)
    known = pc.is_in(above, value_set=pa.array([u.code for u in expected], pa.string()))
    if form.serials:
        width = len(next(iter(form.serials)))
        listed = pc.is_in(pc.utf8_slice_codeunits(keys, -width), value_set=pa.array(list(form.serials)))
        known = pc.and_(known, listed)
    counts = pc.value_counts(keys)
    repeated = counts.field("counts").take(pc.index_in(keys, value_set=counts.field("values")))
    n = rows.num_rows
    columns = {
        "period": pa.repeat(one.part.period, n),
        "county_code": pa.repeat(county, n),
        "_is_known": known,
        "_occurrences": repeated,
        "_totals_agree": pa.array([one.parsed.totals_agree] * n, pa.bool_()),
    }
    for kind in kinds_counted(suite):
        counts = catalogue.org.counts_of(kind, one.period)
        columns[f"_units_{kind}"] = pa.array([counts.get(code, 0) for code in above.to_pylist()], pa.int64())
    if "unit_name" in rows.column_names:
        rows = rows.drop_columns(["unit_name"])
    for name, values in columns.items():
        if name not in rows.column_names:  # a county's own form has its code as its key
            rows = rows.append_column(name, values)
    for gap in gaps(suite):
        rows = rows.append_column(gap.column, _gap(gap, rows, form))
    return rows


def _gap(gap: Gap, rows: pa.Table, form: Form) -> pa.ChunkedArray:
    """`plus` less `minus`, null where one of them is missing (or was no field of the form yet)."""
    names = (*gap.plus, *gap.minus)
    wide = pa.decimal128(28, 4)  # any bigint, exactly
    if any(n not in rows.column_names for n in names):
        return pa.chunked_array([pa.nulls(rows.num_rows, wide)])
    total = rows.column(gap.plus[0]).cast(wide)
    for n in gap.plus[1:]:
        total = pc.add(total, rows.column(n).cast(wide)).cast(wide)
    for n in gap.minus:
        total = pc.subtract(total, rows.column(n).cast(wide)).cast(wide)
    return total


def _split(one: Checked, broken: list[tuple[Expectation, list[int]]], form: Form, frame: pa.Table) -> None:
    """Decide on each row by what it breaks, and on the submission. `frame`: its rows with their context."""
    parsed = one.parsed
    assert parsed is not None
    if one.is_detailed:
        one.broken, one.frame = broken, frame
    whole = [e for e, _ in broken if e["meta"]["scope"] == "submission" and e["severity"] == "critical"]
    if whole:
        zh, en = _whole_message(whole[0], parsed)
        one.refuse("returned", str(whole[0]["meta"]["rule"]).split(".")[-1], zh, en)
        return
    reasons: dict[int, list[tuple[str, str]]] = {}  # row -> (rule, address)
    for problem in parsed.problems.to_pylist():
        reasons.setdefault(problem["index"], []).append((problem["rule"], problem["address"]))
    unreadable = {(p["index"], p["field"]) for p in parsed.problems.to_pylist()}
    broken = [
        # a cell that cannot be read is told once: that its field is missing besides would be a second reason
        (e, [r for r in rows if not any((r, f) in unreadable for f in e["meta"]["fields"])])
        for e, rows in broken
    ]
    broken = [(e, rows) for e, rows in broken if rows]
    for expectation, rows in broken:
        if expectation["severity"] == "critical":
            for row in rows:
                at = _address(expectation, parsed, form, row)
                reasons.setdefault(row, []).append((expectation["meta"]["rule"], at))
    bad = sorted(reasons)
    keep = pa.array([i not in reasons for i in range(parsed.rows.num_rows)], pa.bool_())
    kept = parsed.rows.filter(keep).drop_columns(["_row"]).sort_by(form.key)
    one.accepted = kept.combine_chunks()
    one.rejected = (
        parsed.raw.take(pa.array(bad, pa.int64()))
        .append_column("rules", pa.array([[r for r, _ in reasons[i]] for i in bad], pa.list_(pa.string())))
        .append_column(
            "addresses", pa.array([[a for _, a in reasons[i]] for i in bad], pa.list_(pa.string()))
        )
    )
    one.rejections = _summary(one, broken, form)
    keys = parsed.rows.column(form.key)
    one.explanations = {
        unit: text
        for i, text in parsed.explanations.items()
        if i not in reasons and (unit := keys[i].as_py())
    }
    for expectation, rows in broken:
        if expectation["severity"] != "critical":
            accepted = [r for r in rows if r not in reasons]
            picked = frame.take(pa.array(accepted, pa.int64())).to_pylist()
            one.findings += [
                finding(expectation, row, form, one.part.county_code, one.part.period) for row in picked
            ]
    if not kept.num_rows:
        one.verdict, one.reason_code = "returned", "no_row_accepted"
        one.message_zh, one.message_en = "所有记录均未通过核查", "every row breaks a rule"
    elif bad:
        first = one.rejections[0]
        one.verdict, one.reason_code = "partial", "rows_rejected"
        one.message_zh = f"退回{len(bad)}条记录，如{first['example']}：{first['message_zh']}"
        one.message_en = f"{len(bad)} rows rejected, e.g. {first['example']}: {first['message_en']}"
    else:
        one.verdict = "accepted"


def _address(expectation: Expectation, parsed: Parsed, form: Form, row: int) -> str:
    """The cell that a rule is about: the first of its fields."""
    column = next((parsed.columns[f] for f in expectation["meta"]["fields"] if f in parsed.columns), 0)
    return address(form.form, column, parsed.rows.column("_row")[row].as_py())


def _whole_message(expectation: Expectation, parsed: Parsed) -> tuple[str, str]:
    message = message_of(expectation, {})
    if not parsed.totals_problems:
        return message["zh"], message["en"]
    first = parsed.totals_problems[0]
    said = quoted(first.written)
    return (
        f"{first.address}合计为{said}，各行之和为{first.sum}，请核对后重报",
        f"{first.address}: the total says {said}, the rows add up to {first.sum}; please send it again",
    )


def _summary(one: Checked, broken: list[tuple[Expectation, list[int]]], form: Form) -> list[dict[str, Any]]:
    """One line a rule that rejected rows: how many, the first cell, and what is wrong with it."""
    parsed = one.parsed
    assert parsed is not None
    at = {"delivery_id": one.part.delivery_id, "form": form.form, "period": one.part.period}
    at |= {"county_code": one.part.county_code}
    lines: dict[str, dict[str, Any]] = {}
    for problem in parsed.problems.to_pylist():
        if problem["rule"] not in lines:
            problem["value"] = quoted(problem["value"])
        line = lines.setdefault(
            problem["rule"],
            at
            | {
                "rule": problem["rule"],
                "rows": 0,
                "example": problem["address"],
                "message_zh": f"“{form.fields[problem['field']].label.zh}”无法识别：{problem['value']}，"
                f"应为{problem['expected_zh']}",
                "message_en": f"{form.fields[problem['field']].label.en} cannot be read: {problem['value']}"
                f" (expected {problem['expected_en']})",
            },
        )
        line["rows"] += 1
    for expectation, rows in broken:
        if expectation["severity"] == "critical":
            meta = expectation["meta"]
            message = message_of(expectation, parsed.rows.slice(rows[0], 1).to_pylist()[0])
            lines[meta["rule"]] = at | {
                "rule": meta["rule"],
                "rows": len(rows),
                "example": _address(expectation, parsed, form, rows[0]),
                "message_zh": f"{message['zh']}，应为{meta['expected']['zh']}",
                "message_en": f"{message['en']} (expected {meta['expected']['en']})",
            }
    return sorted(lines.values(), key=lambda line: (-line["rows"], line["rule"]))


def finding(
    expectation: Expectation, row: dict[str, Any], form: Form, county: str, period: str
) -> dict[str, Any]:
    """A warning on one accepted row, as the ledger keeps it."""
    meta, unit = expectation["meta"], str(row[form.key])
    value, message = value_of(expectation, row), message_of(expectation, row)
    expected = expected_of(expectation, row)
    identity = "|".join((form.form, period, unit, meta["rule"], value))
    return {
        "finding_id": hashlib.sha256(identity.encode()).hexdigest()[:16],
        "county_code": county,
        "form": form.form,
        "period": period,
        "unit_code": unit,
        "org_code": unit[: form.parent_digits] if form.parent_digits else unit,
        "rule": meta["rule"],
        "severity": expectation["severity"],
        "fields": list(meta["fields"]),
        "value": value,
        "expected_zh": expected["zh"],
        "expected_en": expected["en"],
        "message_zh": message["zh"],
        "message_en": message["en"],
    }


def _publish(
    one: Checked,
    catalogue: Catalogue,
    ledger: Ledger,
    form: Form,
    suite: Suite,
    record: bool,
    watch: Stopwatch,
) -> Submission:
    part, accepted, rejected = one.part, one.accepted, one.rejected
    received = one.parsed.rows.num_rows if one.parsed else 0
    taken = accepted.num_rows if accepted is not None else 0
    place = (form.form, part.period, part.county_code)
    submission = Submission(
        county_code=part.county_code,
        form=form.form,
        period=part.period,
        delivery_id=part.delivery_id,
        catalogue_hash=catalogue.reading_hash(form.form, part.county_code),
        suite_hash=suite.hash,
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
        **(_fullness(accepted, form) if accepted is not None else {}),
    )
    if not record:
        return submission
    with watch.timed("parquet"):
        if accepted is not None and taken:
            submission = replace(submission, rows_hash=ledger.lake.put_rows("reports", *place, accepted))
        if rejected is not None and rejected.num_rows:
            digest = ledger.lake.put_rows("rejected", *place, _flat(rejected))
            submission = replace(submission, rejected_hash=digest)
    with watch.timed("publish"):
        return ledger.publish(submission, one.rejections, one.findings, one.explanations)


def _flat(rejected: pa.Table) -> pa.Table:
    """Lists as text, so that the table has a canonical CSV form."""
    for name in ("rules", "addresses"):
        i = rejected.column_names.index(name)
        rejected = rejected.set_column(i, name, pc.binary_join(rejected.column(name).combine_chunks(), " "))
    return rejected


def _fullness(accepted: pa.Table, form: Form) -> dict[str, Any]:
    """How full accepted rows are: rows with any value, cells with one, and whether every number is zero."""
    fields = [n for n in form.fields if n in accepted.column_names]
    filled = sum(accepted.num_rows - accepted.column(n).null_count for n in fields)
    empty = None
    for n in fields:
        null = pc.is_null(accepted.column(n))
        empty = null if empty is None else pc.and_(empty, null)
    numbers = [accepted.column(n) for n in fields if form.fields[n].is_number]
    # nothing but zeros, and at least one of them: missing is not zero
    zeros = [pc.all(pc.equal(c, 0)).as_py() for c in numbers if c.null_count < len(c)]
    nil = bool(zeros) and all(zeros)
    return {
        "rows_non_empty": accepted.num_rows - (pc.sum(empty).as_py() or 0) if empty is not None else 0,
        "cells_filled": filled,
        "cells_total": accepted.num_rows * len(fields),
        "is_nil": nil,
    }
