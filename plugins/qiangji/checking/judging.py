"""Judge: the rows of many reports through a form's suite at once, then a decision on each row and report.

In: reports of one form as read, the tree and the form's suite. Out: each report with its verdict, findings and doubts.
The suite runs over all rows together (`validated`); the decisions are each report's own (`conclude`), so that both may
go on at once, of different reports.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Suite
from qiangji.checking import blank_columns, counties, doubts, sheets, signing, unexpected_units
from qiangji.checking.expectations import Broken, validate
from qiangji.checking.frame import framed
from qiangji.checking.verdict import Checked, decide
from qiangji.parsing import Parsed
from qiangji.parsing.archive import too_large
from qiangji.periods import Period

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Validated:
    """Reports that a suite was run on. `frame`: their rows, one report behind the other, with context columns."""

    form: Form
    suite: Suite
    reports: Sequence[tuple[Checked, Parsed]]
    frame: pa.Table
    broken: Sequence[Broken]


def judge(batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> None:
    """Run the suite over all that could be read, and decide on each row and submission.

    Raises ValidationError where a rule cannot be evaluated.
    """
    for found in validated(batch, catalogue, form, suite):
        conclude(found, catalogue)


def validated_within_memory(
    batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite
) -> list[Validated] | None:
    """`validated`; None where memory does not suffice for all at once."""
    with contextlib.suppress(MemoryError):
        return validated(batch, catalogue, form, suite)
    return None


def judge_within_memory(
    batch: Sequence[Checked],
    found: Sequence[Validated] | None,
    catalogue: Catalogue,
    form: Form,
    suite: Suite,
) -> None:
    """Decide on all of a batch, as `validated_within_memory` found it.

    Where memory does not suffice for all, they are judged one by one; what it does not suffice for then goes back.
    """
    with contextlib.suppress(MemoryError):
        if found is not None:
            for each in found:
                conclude(each, catalogue)
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


def validated(batch: Sequence[Checked], catalogue: Catalogue, form: Form, suite: Suite) -> list[Validated]:
    """What of all that could be read breaks which rules. Raises ValidationError as `judge`."""
    as_it_stood: dict[str, list[tuple[Checked, Parsed]]] = {}  # a form that changed: as it was in each period
    for one in batch:
        if one.parsed is not None:
            month = str(one.period.last_month)
            stood = ",".join([*form.fields_in(month), "optional:", *form.optional_in(month)])
            as_it_stood.setdefault(stood, []).append((one, one.parsed))
    return [_validated(readable, catalogue, form, suite) for readable in as_it_stood.values()]


def _validated(
    readable: Sequence[tuple[Checked, Parsed]], catalogue: Catalogue, form: Form, suite: Suite
) -> Validated:
    by_period: dict[Period, list[tuple[Checked, Parsed]]] = {}
    for one, parsed in readable:
        by_period.setdefault(one.period, []).append((one, parsed))
    frames = [
        framed([(one.part.county_code, parsed) for one, parsed in same], period, catalogue, form, suite)
        for period, same in by_period.items()
    ]
    frame = pa.concat_tables(frames, promote_options="permissive").combine_chunks()
    rules = suite.holding_in(form, str(readable[0][0].period.last_month))
    broken = validate(frame, [r for r in rules if not r.is_contextual], form.form)
    return Validated(form, suite, list(itertools.chain.from_iterable(by_period.values())), frame, broken)


def conclude(found: Validated, catalogue: Catalogue) -> None:
    """Decide on each row and submission, and ask what is to be asked about them."""
    form, start = found.form, 0
    for one, parsed in found.reports:
        end = start + parsed.rows.num_rows
        mine = [Broken(b.rule, _within(b.rows, start, end)) for b in found.broken]
        own = found.frame.slice(start, end - start)
        blank = blank_columns.blank_fields(parsed, form, found.suite, one.period)
        mine = [b for b in mine if b.rows and not blank_columns.is_told(b.rule, blank)]
        if theirs := counties.another_by_codes(one, catalogue, form, own):
            one.conclude("returned", theirs.code, theirs.zh, str(theirs))
        else:
            decide(
                one,
                mine,
                form,
                own,
                unexpected_units.cause(catalogue, form, one.period, one.part.county_code),
            )
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
