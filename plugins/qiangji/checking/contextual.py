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

import pyarrow as pa

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import ContextColumn, Rule
from qiangji.checking import repeats, sameness, scales
from qiangji.checking.beside import Pairs
from qiangji.checking.context import Context, Read, as_it_stands, columns_of, last_first, places_of
from qiangji.checking.expectations import BATCH_ROWS, validate
from qiangji.hashing import short
from qiangji.lake import Rows
from qiangji.ledger import Key
from qiangji.ledger.findings import Finding
from qiangji.periods import Period

_ALL = frozenset[str]()
COUNTIES = 300
"""Counties whose reports are read at once."""
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
    by_place: dict[tuple[str, str], list[Key]] = {}
    for key in current:
        by_place.setdefault(key[:2], []).append(key)
    for month in months:
        for form in catalogue.forms.values():
            period = catalogue.due(form, month)
            suite = catalogue.suites[form.form]
            columns = suite.context_columns(catalogue.forms)
            if period is None or not (columns or repeats.can_tell(form)):
                continue
            places, before = (
                _places(columns, catalogue, form, period),
                list(map(str, last_first(form, period))),
            )
            for key in by_place.get((form.form, str(period)), ()):
                inputs = [current.get((*place, key[2]), "") for place in places]
                last = next((p for p in before if current.get((form.form, p, key[2]))), "")
                inputs += [last, current.get((form.form, last, key[2]), "")]
                said = (repeats.VERSION, "declared" if key in declared else "")
                one = Work(form, period, key[2], short(suite.hash, *said, current[key], *inputs))
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

    def read(
        form: str, period: Period, counties: Sequence[str], columns: frozenset[str] = _ALL
    ) -> dict[str, pa.Table]:
        digests = {c: digest for c in counties if (digest := current.get((form, str(period), c)))}
        return lake.get_many(form, str(period), digests, sorted(columns) or None)

    found: dict[Key, list[Finding]] = {w.key: [] for w in work}
    held: dict[tuple[str, ...], _Held] = {}  # a form that changed is judged as it stood in each period
    for (name, period), same in _by_form_and_period(work).items():
        form = catalogue.forms[name]
        rules = catalogue.suites[name].holding_in(form, str(period.last_month))
        rules = [r for r in rules if r.is_contextual]
        as_it_stood = (name, *(f"{r.id} {r.severity}" for r in rules))
        judge = held.setdefault(as_it_stood, _Held(form, rules, found))
        places = _places(columns_of(catalogue, form, period), catalogue, form, period)
        for start in range(0, len(same), COUNTIES):
            counties = [w.county for w in same[start : start + COUNTIES]]
            lasts = _lasts(current, form, period, counties)
            is_beside = lasts or any(current.get((*place, c)) for place in places for c in counties)
            if not is_beside and all(map(_skips, rules)):
                continue  # first reports are not even read
            rows = read(name, period, counties)
            reports = {c: as_it_stands(rows[c], form, str(period.last_month)) for c in counties}
            asked = [c for c in counties if (name, str(period), c) not in declared]
            for last in sorted(set(lasts.values())):
                those = {c: reports[c] for c in asked if lasts.get(c) == last}
                for county, said in _beside_the_last(form, (last, period), those, read).items():
                    found[name, str(period), county] += said
            judge.add(Context(catalogue, form, period, reports, read, lasts))
    for one in held.values():
        one.look()
    return found


def _lasts(
    current: Mapping[Key, str], form: Form, period: Period, counties: Iterable[str]
) -> dict[str, Period]:
    """County -> the last period within a year before in which it has a report: there may be gaps (decision 20)."""
    before = [(p, str(p)) for p in last_first(form, period)]
    found = {c: next((p for p, text in before if current.get((form.form, text, c))), None) for c in counties}
    return {county: last for county, last in found.items() if last}


def _beside_the_last(
    form: Form, periods: tuple[Period, Period], reports: Mapping[str, pa.Table], read: Read
) -> dict[str, list[Finding]]:
    """County -> what is said of its report where it repeats the last one, is in another scale, or has a column filled
    down. `periods`: of the last report, and of this one.
    """
    before = read(form.form, periods[0], list(reports)) if repeats.can_tell(form) and reports else {}
    pairs = Pairs(form.key, {c: (reports[c], last) for c, last in before.items()})
    found = {county: [again] for county, again in repeats.findings(form, periods, pairs).items()}
    for county, said in scales.findings(form, periods, pairs).items():
        found.setdefault(county, []).extend(said)
    for county, (now, last) in pairs.reports.items():
        if filled := list(sameness.beside(form, periods, county, now, last)):
            found.setdefault(county, []).extend(filled)
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
    return not _skips(rule) or not any(
        n in frame.column_names and frame.column(n).null_count == len(frame) for n in compared
    )


def _skips(rule: Rule) -> bool:
    """Whether a rule passes over rows of which one of the compared values is missing."""
    kwargs = rule.content["kwargs"]
    return bool(rule.content["type"] == BETWEEN or kwargs.get("ignore_row_if") == "either_value_is_missing")


def _places(
    columns: list[ContextColumn], catalogue: Catalogue, form: Form, period: Period
) -> list[tuple[str, str]]:
    """The reports (form, period) of its own county that a submission's context comes from, besides its own and the
    last before it.
    """
    places = {place for c in columns for place in places_of(c, catalogue, form, period)}
    return sorted((name, str(at)) for name, at in places)
