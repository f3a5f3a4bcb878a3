"""Contextual rules: those on accepted rows that look at earlier periods or at another form.

In: current revisions and the lake. Out: findings, which replace those that a submission had. The rules run when a month
is built, and again whenever one of the revisions that they look at has changed. So findings do not depend on the order
in which deliveries were processed. These rules reject nothing.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa

from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.suites import ContextColumn, Rule
from qiangji.checking import repeats, sameness, scales
from qiangji.checking.context import Context, Read, as_it_stands, last_first, places_of
from qiangji.checking.expectations import BATCH_ROWS, validate
from qiangji.hashing import short
from qiangji.lake import Rows
from qiangji.ledger import Key
from qiangji.ledger.findings import Finding
from qiangji.periods import Period

_ALL = frozenset[str]()
BETWEEN = "expect_column_values_to_be_between"


@dataclass(frozen=True)
class Work:
    """One submission to look at again, and the signature of all that it is compared with."""

    form: Form
    period: Period
    county: str
    signature: str

    @property
    def key(self) -> Key:
        return self.form.form, str(self.period), self.county


def stale(
    catalogue: Catalogue,
    current: Mapping[Key, str],
    seen: Mapping[Key, str],
    months: Iterable[Period],
    declared: Collection[Key] = (),
) -> list[Work]:
    """Submissions of these months whose contextual rules look at something that has changed.

    `current`: rows hash of each current revision. `seen`: the signature at the last check. `declared`: the submissions
    that say that nothing changed.
    """
    work = []
    for month in months:
        for form in catalogue.forms.values():
            period = catalogue.due(form, month)
            suite = catalogue.suites[form.form]
            columns = suite.context_columns(catalogue.forms)
            if period is None or not (columns or repeats.can_tell(form)):
                continue
            for (name, text, county), rows_hash in current.items():
                if (name, text) != (form.form, str(period)):
                    continue
                inputs = [current.get(k, "") for k in _inputs(columns, catalogue, form, period, county)]
                last = _last(current, form, period, county)
                inputs += [f"{last} {current[form.form, str(last), county]}"] if last else []
                said = (repeats.VERSION, "declared" if (name, text, county) in declared else "")
                one = Work(form, period, county, short(suite.hash, *said, rows_hash, *inputs))
                if seen.get(one.key) != one.signature:
                    work.append(one)
    return work


def findings(
    catalogue: Catalogue,
    lake: Rows,
    current: Mapping[Key, str],
    work: list[Work],
    declared: Collection[Key] = (),
) -> dict[Key, list[Finding]]:
    """The contextual findings of each piece of work, all counties of a form and period at once."""

    # the report and the one before are looked at several times, one county after the other
    @lru_cache(maxsize=8)
    def read(form: str, period: Period, county: str, columns: frozenset[str] = _ALL) -> pa.Table | None:
        digest = current.get((form, str(period), county))
        if not digest:
            return None
        return lake.get_rows("reports", form, str(period), county, digest, sorted(columns) or None)

    found: dict[Key, list[Finding]] = {w.key: [] for w in work}
    held: dict[tuple[str, ...], _Held] = {}  # a form that changed is judged as it stood in each period
    for (form, period), same in _by_form_and_period(work).items():
        rules = catalogue.suites[form].holding_in(catalogue.forms[form], str(period.last_month))
        rules = [r for r in rules if r.is_contextual]
        as_it_stood = (form, *(f"{r.id} {r.severity}" for r in rules))
        judge = held.setdefault(as_it_stood, _Held(catalogue.forms[form], rules, found))
        context = Context(catalogue, judge.form, period)
        for w in same:
            report = _Report(read, w.form, w.period, w.county)
            if w.key not in declared:
                found[w.key] += report.beside(_last(current, w.form, w.period, w.county))
            context.add(w.county, report.rows(), read)
            if len(context) >= BATCH_ROWS:
                judge.add(context)
                context = Context(catalogue, judge.form, period)
        judge.add(context)
    for one in held.values():
        one.look()
    return found


def _by_form_and_period(work: Iterable[Work]) -> dict[tuple[str, Period], list[Work]]:
    found: dict[tuple[str, Period], list[Work]] = {}
    for w in sorted(work, key=lambda w: (w.form.form, w.period)):
        found.setdefault((w.form.form, w.period), []).append(w)
    return found


@dataclass
class _Held:
    """Reports of a form that the same rules hold for, whatever their periods: a batch of them is looked at at once."""

    form: Form
    rules: Sequence[Rule]
    found: dict[Key, list[Finding]]
    contexts: list[Context] = field(default_factory=list)

    def add(self, context: Context) -> None:
        if sum(map(len, self.contexts)) + len(context) > BATCH_ROWS:
            self.look()
        if len(context):
            self.contexts.append(context)

    def look(self) -> None:
        """Add what is found in the reports so far, and forget them."""
        if not self.contexts:
            return
        frames = [context.frame() for context in self.contexts]
        frame = pa.concat_tables(frames, promote_options="permissive").combine_chunks()
        reports = [(str(c.period), county, size) for c in self.contexts for county, size in c.sizes]
        starts = list(itertools.accumulate((size for *_, size in reports), initial=0))
        for broken in validate(frame, [r for r in self.rules if _may_be_broken(r, frame)], self.form.form):
            rows = frame.take(pa.array(broken.rows, pa.int64())).to_pylist()
            for position, row in zip(broken.rows, rows, strict=True):
                period, county, _ = reports[bisect_right(starts, position) - 1]
                one = Finding.of(broken.rule, row, self.form, county, period)
                self.found[self.form.form, period, county].append(one)
        self.contexts.clear()


def _may_be_broken(rule: Rule, frame: pa.Table) -> bool:
    """Whether Great Expectations has to be asked: a comparison with a column that is empty is broken by no row.

    So a form's first report costs nothing: not even Great Expectations is loaded for it.
    """
    kwargs = rule.content["kwargs"]
    compared = [kwargs[n] for n in ("column", "column_A", "column_B") if n in kwargs]
    skips = rule.content["type"] == BETWEEN or kwargs.get("ignore_row_if") == "either_value_is_missing"
    return not skips or not any(
        n in frame.column_names and frame.column(n).null_count == len(frame) for n in compared
    )


def _inputs(
    columns: list[ContextColumn], catalogue: Catalogue, form: Form, period: Period, county: str
) -> list[Key]:
    """The revisions, besides its own and the last before it, that a submission's context comes from."""
    places = {place for c in columns for place in places_of(c, catalogue, form, period)}
    return sorted((name, str(at), county) for name, at in places)


def _last(current: Mapping[Key, str], form: Form, period: Period, county: str) -> Period | None:
    """The last period within a year before in which there is a report: there may be gaps (see decision 20)."""
    return next((p for p in last_first(form, period) if current.get((form.form, str(p), county))), None)


@dataclass(frozen=True)
class _Report:
    """One county's report of a period."""

    read: Read
    form: Form
    period: Period
    county: str

    def rows(self) -> pa.Table:
        """The report, with every field that the form had in its period."""
        rows = self.read(*self._at(self.period))
        assert rows is not None
        return as_it_stands(rows, self.form, str(self.period.last_month))

    def beside(self, last: Period | None) -> list[Finding]:
        """What is said of it where it repeats the last report, is in another scale, or has a column filled down."""
        before = self.read(*self._at(last)) if last and repeats.can_tell(self.form) else None
        if before is None or last is None:
            return []
        both = (self.form, (last, self.period), self.county, self.rows(), before)
        again = repeats.finding(*both)
        return [*([again] if again else []), *scales.findings(*both), *sameness.beside(*both)]

    def _at(self, period: Period) -> tuple[str, Period, str]:
        return self.form.form, period, self.county
