"""Facts and contextual findings of the months that are built.

In: current revisions and their rows in the lake. Out: fact.* and ops.finding, replaced for each (form, period, county)
that changed, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.ahead import ahead
from qiangji.building import repeating
from qiangji.building.corrected import Corrected
from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.tree import LEVELS
from qiangji.checking import contextual
from qiangji.ledger import Key
from qiangji.periods import Period, PeriodType
from qiangji.pipeline import Pipeline
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in, fetch, insert, turn

REPORTS = 150
"""Submissions of which the rows are loaded at once, while those of as many more are read."""


@dataclass(frozen=True)
class _Loaded:
    """What the facts show of a submission."""

    rows_hash: str
    revision: int
    corrections_hash: str


def replacing(
    c: Connection, p: Pipeline, reports: Corrected, months: Sequence[Period], build_id: str
) -> Generator[int, None, None]:
    """Put the rows of current revisions in the place of those that the facts show, where they differ.

    Step by step, so that figures are worked out meanwhile: of each, how many (form, period, county) were replaced.
    """
    due = sorted(
        {str(own) for m in months for t in get_args(PeriodType) if (own := m.ends_in(t)) is not None}
    )
    loaded = {
        (r["form"], r["period"], r["county_code"]): _Loaded(
            r["rows_hash"], r["revision"], r["corrections_hash"]
        )
        for r in fetch(c, "SELECT * FROM ops.fact_load WHERE period = ANY(:periods)", {"periods": due})
    }
    filled = []
    for form in p.catalogue.forms.values():
        keys = {k for k in loaded if k[0] == form.form}
        for period in due:
            keys.update(
                (form.form, period, county) for county in reports.counties.get((form.form, period), ())
            )
        changed = [k for k in sorted(keys) if loaded.get(k) != _as_current(k, reports) or k in reports.moved]
        read = partial(_read, p, reports, form, build_id)
        shown = [
            {k: loaded.get(k) for k in changed[start : start + REPORTS]}
            for start in range(0, len(changed), REPORTS)
        ]
        # read while the server takes the rows before
        with closing(ahead(read, shown, lambda _: 1, 2, 1)) as batches:
            for batch in batches:
                with turn(c):
                    _replace(c, form, batch)
                yield len(batch.before)
        if reports.together:
            for period in due:
                reports.together.leave_others(form.form, period, [k[2] for k in changed if k[1] == period])
        if 2 * len(changed) > len(keys):
            filled.append(f"fact.{form.form}")
    if filled:
        with turn(c):  # now, while figures are computed; of a few reports the server finds out by itself
            c.execute(sa.text(f"ANALYZE {', '.join(filled)}"))


def _as_current(key: Key, reports: Corrected) -> _Loaded | None:
    """What the facts would show of a submission now; None: nothing of it is current."""
    row = reports.current.get(key)
    return _Loaded(row.rows_hash, row.revision, reports.effect(key)) if row else None


@dataclass(frozen=True)
class _Batch:
    """Submissions of one form whose rows are replaced.

    `before`: what the facts show of each. `rows`: of each period.
    """

    before: Mapping[Key, _Loaded | None]
    changes: list[dict[str, Any]]
    loads: list[dict[str, Any]]
    rows: list[pa.Table]


def _read(
    p: Pipeline, reports: Corrected, form: Form, build_id: str, before: Mapping[Key, _Loaded | None]
) -> _Batch:
    """What takes the place of what the facts show."""
    changes = [change for k, shown in before.items() if (change := _change(p, reports, k, shown, build_id))]
    loads: list[dict[str, Any]] = []
    tables: dict[str, dict[str, pa.Table]] = {}
    for key in before:
        if row := reports.current.get(key):
            rows = reports.get_rows("reports", *key, row.rows_hash)
            named = dict(zip(("form", "period", "county_code"), key, strict=True))
            loads.append(
                named
                | {"rows_hash": row.rows_hash, "revision": row.revision, "rows": len(rows)}
                | {"build_id": build_id, "corrections_hash": reports.effect(key)}
            )
            if len(rows):  # a report that repeats nothing has no rows
                tables.setdefault(key[1], {})[key[2]] = rows
    found = []
    for period, mine in tables.items():
        if reports.together:
            reports.together.leave(form.form, period, mine)
        current = [reports.current[form.form, period, county].revision for county in mine]
        numbered = [revised(t, n) for t, n in zip(mine.values(), current, strict=True)]
        rows = pa.concat_tables(numbered, promote_options="permissive")
        found.append(fact_rows(rows, p.catalogue, form, period, mine))
    return _Batch(before, changes, loads, found)


def _replace(c: Connection, form: Form, batch: _Batch) -> None:
    """Put the rows of submissions in the place of those that the facts show."""
    for period in sorted({k[1] for k, shown in batch.before.items() if shown}):
        mine = {
            "f": form.form,
            "p": period,
            "c": [k[2] for k, shown in batch.before.items() if shown and k[1] == period],
        }
        where = "period = :p AND county_code = ANY(:c)"
        c.execute(sa.text(f"DELETE FROM fact.{form.form} WHERE {where}"), mine)
        c.execute(sa.text(f"DELETE FROM ops.fact_load WHERE form = :f AND {where}"), mine)
    if batch.changes:
        c.execute(query("building/note_change"), batch.changes)
    insert(c, "ops.fact_load", batch.loads)
    for rows in batch.rows:
        copy_in(c, f"fact.{form.form}", rows)


def _change(
    p: Pipeline, reports: Corrected, key: Key, before: _Loaded | None, build_id: str
) -> dict[str, Any] | None:
    """Which revision took the place of which, to explain figures; None where the rows stay the same."""
    after, row = _as_current(key, reports), reports.current.get(key)
    corrections = [x.corrections_hash if x else "" for x in (before, after)]
    if before and after and before.rows_hash == after.rows_hash and corrections[0] == corrections[1]:
        return None  # a new number of the same rows is no change
    return {
        "build": build_id,
        **dict(zip(("form", "period", "county"), key, strict=True)),
        "revision_before": before.revision if before else None,
        "hash_before": before.rows_hash if before else None,
        "revision": after.revision if after else None,
        "hash": after.rows_hash if after else None,
        "delivery": row.delivery_id if row else None,
        "corrections_before": corrections[0],
        "corrections": corrections[1],
        "units": _units(p, key, before, after),
    }


def _units(p: Pipeline, key: Key, before: _Loaded | None, after: _Loaded | None) -> list[str] | None:
    """The units whose rows differ between two revisions as sent; None where corrections changed, or one is none."""
    if before is None or after is None or before.corrections_hash != after.corrections_hash:
        return None
    form, lake = p.catalogue.forms[key[0]], p.ledger.lake
    if not lake.has_rows("reports", *key, before.rows_hash):
        return None
    tables = [lake.get_rows("reports", *key, x.rows_hash) for x in (before, after)]
    return differing(tables[0], tables[1], form)


def differing(before: pa.Table, after: pa.Table, form: Form) -> list[str]:
    """The units of the tree with a row that only one of the tables has, or both with other values."""
    rows = [{r[form.key]: _filled(r) for r in t.to_pylist()} for t in (before, after)]
    keys = [k for k in rows[0].keys() | rows[1].keys() if rows[0].get(k) != rows[1].get(k)]
    return sorted(set(parents(pa.array(keys, pa.string()), form).to_pylist()))


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Without empty cells: a column that only one of two forms has is no difference."""
    return {k: v for k, v in row.items() if v is not None}


def revised(rows: pa.Table, revision: int) -> pa.Table:
    """A revision's rows with its number."""
    return rows.append_column("revision", pa.repeat(pa.scalar(revision, pa.int32()), len(rows)))


def fact_rows(
    rows: pa.Table, catalogue: Catalogue, form: Form, period: str, counties: Collection[str]
) -> pa.Table:
    """Rows of a period, of the reports of these counties, with the path of their units and the period."""
    whole = catalogue.org.paths_in(Period.parse(period))
    units = parents(rows.column(form.key), form)
    # to look a unit up among those of a few counties takes a tenth of what it takes among a nation's
    tree = whole.filter(pc.is_in(whole.column("county_code"), value_set=pa.array(sorted(counties))))
    at = _places(tree, units)
    if at.null_count:  # units of another county, or of none
        tree, at = whole, _places(whole, units)
    for level in LEVELS[:-1]:
        if f"{level}_code" != form.key:
            rows = rows.append_column(f"{level}_code", tree.column(f"{level}_code").take(at))
    return rows.append_column("period", pa.repeat(period, len(rows)))


def _places(tree: pa.Table, units: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.index_in(units, value_set=tree.column("org_code").combine_chunks())


@dataclass(frozen=True)
class Found:
    """Submissions of which contextual expectations were evaluated; those that are gone; the findings of all these."""

    work: list[contextual.Work]
    gone: list[Key]
    findings: dict[Key, list[dict[str, Any]]]


def find(c: Connection, p: Pipeline, reports: Corrected, months: Sequence[Period]) -> Found:
    """Evaluate contextual expectations where something that they look at has changed."""
    hashes = {k: row.rows_hash for k, row in reports.current.items()}
    seen = {
        (r["form"], r["period"], r["county_code"]): r["signature"]
        for r in fetch(c, "SELECT * FROM ops.context_check")
    }
    declared = {k for k, row in reports.current.items() if row.is_unchanged}
    effective = {k: h + reports.effect(k) for k, h in hashes.items()}
    work = contextual.stale(p.catalogue, effective, seen, months, declared)
    gone = [k for k in seen if k not in hashes and Period.parse(k[1]).last_month in months]
    found: dict[Key, list[dict[str, Any]]] = {k: [] for k in gone}
    for key, findings in contextual.findings(p.catalogue, reports, hashes, work, declared).items():
        found[key] = [finding.row() for finding in findings]
    return Found(work, gone, found)


def replace_found(c: Connection, p: Pipeline, found: Found) -> list[dict[str, Any]]:
    """Put what was found in the place of what was found before.

    Returns what was looked at, for the journal: form, period, county_code, signature (None: it is gone), findings.
    """
    p.ledger.replace_contextual(c, found.findings)
    if found.gone:
        c.execute(
            sa.text("DELETE FROM ops.context_check WHERE (form, period, county_code) = (:f, :p, :c)"),
            [dict(zip("fpc", k, strict=True)) for k in found.gone],
        )
    names = ("form", "period", "county_code")
    insert(
        c,
        "ops.context_check",
        [dict(zip(names, w.key, strict=True)) | {"signature": w.signature} for w in found.work],
        "ON CONFLICT (form, period, county_code) DO UPDATE SET signature = excluded.signature",
    )
    said: dict[Key, dict[str, Any]] = {
        k: {"signature": None, "findings": rows} for k, rows in found.findings.items()
    }
    for w in found.work:
        said.setdefault(w.key, {})["signature"] = w.signature
    return [{"form": f, "period": p, "county_code": c, **what} for (f, p, c), what in said.items()]


def find_lacking(
    c: Connection, p: Pipeline, lacking: Sequence[Key], months: Sequence[Period]
) -> list[dict[str, Any]]:
    """Findings on reports of these months that repeat the last one where there is none; returns what was replaced."""
    said = []
    for form in p.catalogue.forms.values():
        periods = [str(due) for m in months if (due := m.ends_in(form.period_type)) is not None]
        found = [
            repeating.finding(form, period, county).row()
            for name, period, county in lacking
            if name == form.form and period in periods
        ]
        rule = f"{form.form}.{form.key}.{repeating.RULE}"
        p.ledger.replace_lacking(c, form.form, periods, rule, found)
        said.append({"form": form.form, "periods": periods, "rule": rule, "findings": found})
    return said
