"""Facts and contextual findings of the months that are built.

In: current revisions and their rows in the lake. Out: fact.* and ops.finding, replaced per (form, period, county)
of which something changed, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from qiangji.building import repeating
from qiangji.building.corrected import Corrected
from qiangji.catalogue import Catalogue, Form
from qiangji.catalogue.keys import parents
from qiangji.catalogue.tree import LEVELS
from qiangji.checking import contextual
from qiangji.ledger import Current, Key, Ledger
from qiangji.periods import Period
from qiangji.warehouse.rows import copy_in


def replace(
    c: Connection,
    catalogue: Catalogue,
    reports: Corrected,
    current: dict[Key, Current],
    months: Sequence[Period],
    build_id: str,
) -> int:
    """Put the rows of current revisions in the place of those that the facts show, where they differ.

    Returns how many (form, period, county) were replaced.
    """
    replaced = 0
    loaded = {(r.form, r.period, r.county_code): r for r in c.execute(sa.text("SELECT * FROM ops.fact_load"))}
    for form in catalogue.forms.values():
        mine = {
            k
            for k in current.keys() | loaded.keys()
            if k[0] == form.form and Period.parse(k[1]).last_month in months
        }
        changed = [
            k
            for k in sorted(mine)
            if k not in loaded
            or k not in current
            or (loaded[k].rows_hash, loaded[k].revision, loaded[k].corrections_hash)
            != (current[k].rows_hash, current[k].revision, reports.effect(k))
        ]
        tables = []
        for _, period, county in changed:
            c.execute(
                sa.text(f"DELETE FROM fact.{form.form} WHERE (period, county_code) = (:p, :c)"),
                {"p": period, "c": county},
            )
            c.execute(
                sa.text("DELETE FROM ops.fact_load WHERE (form, period, county_code) = (:f, :p, :c)"),
                {"f": form.form, "p": period, "c": county},
            )
            row = current.get((form.form, period, county))
            _note_change(
                c,
                (form.form, period, county),
                loaded.get((form.form, period, county)),
                row,
                reports,
                build_id,
            )
            if row is None:
                continue
            rows = reports.get_rows("reports", form.form, period, county, row.rows_hash)
            if len(rows):  # one that repeats nothing has none
                tables.append(fact_rows(rows, catalogue, form, period, row.revision))
            c.execute(
                sa.text("INSERT INTO ops.fact_load VALUES (:f, :p, :c, :h, :r, :n, :b, :ch)"),
                {"f": form.form, "p": period, "c": county, "h": row.rows_hash, "r": row.revision}
                | {"n": len(rows), "b": build_id, "ch": reports.effect((form.form, period, county))},
            )
        if tables:
            copy_in(c, f"fact.{form.form}", pa.concat_tables(tables, promote_options="permissive"))
        replaced += len(changed)
    return replaced


def _note_change(
    c: Connection,
    key: Key,
    before: Row[Any] | None,
    after: Current | None,
    reports: Corrected,
    build_id: str,
) -> None:
    """Which revision took the place of which: what figures that differ are explained by."""
    corrections = before.corrections_hash if before else "", reports.effect(key) if after else ""
    if before and after and before.rows_hash == after.rows_hash and corrections[0] == corrections[1]:
        return
    c.execute(
        sa.text(
            "INSERT INTO ops.fact_change VALUES (:build, :form, :period, :county, :rev_before, :hash_before,"
            # the last change led to what was there until now
            " (SELECT f.delivery_id FROM ops.fact_change f JOIN ops.build b USING (build_id)"
            " WHERE (f.form, f.period, f.county_code) = (:form, :period, :county) ORDER BY b.built_at DESC LIMIT 1),"
            " :rev, :hash, :delivery, :corrections_before, :corrections)"
        ),
        {
            "build": build_id,
            **dict(zip(("form", "period", "county"), key, strict=True)),
            "rev_before": before.revision if before else None,
            "hash_before": before.rows_hash if before else None,
            "rev": after.revision if after else None,
            "hash": after.rows_hash if after else None,
            "delivery": after.delivery_id if after else None,
            "corrections_before": corrections[0],
            "corrections": corrections[1],
        },
    )


def fact_rows(rows: pa.Table, catalogue: Catalogue, form: Form, period: str, revision: int) -> pa.Table:
    """A revision's rows with the path of their units, the period and the revision."""
    tree = catalogue.org.paths_in(Period.parse(period))
    at = pc.index_in(parents(rows.column(form.key), form), value_set=tree.column("org_code").combine_chunks())
    for level in LEVELS[:-1]:
        if f"{level}_code" != form.key:
            rows = rows.append_column(f"{level}_code", tree.column(f"{level}_code").take(at))
    rows = rows.append_column("period", pa.repeat(period, len(rows)))
    return rows.append_column("revision", pa.repeat(pa.scalar(revision, pa.int32()), len(rows)))


def find(
    c: Connection,
    catalogue: Catalogue,
    ledger: Ledger,
    reports: Corrected,
    current: dict[Key, Current],
    months: Sequence[Period],
) -> list[dict[str, Any]]:
    """Evaluate contextual expectations where something that they look at has changed; replace their findings.

    Returns what was looked at, for the journal: form, period, county_code, signature (None: it is gone), findings.
    """
    hashes = {k: row.rows_hash for k, row in current.items()}
    seen = {
        (r.form, r.period, r.county_code): r.signature
        for r in c.execute(sa.text("SELECT * FROM ops.context_check"))
    }
    work = contextual.stale(catalogue, {k: h + reports.effect(k) for k, h in hashes.items()}, seen, months)
    said: dict[Key, dict[str, Any]] = {}
    for (form, period, county), found in contextual.findings(catalogue, reports, hashes, work).items():
        rows = [finding.row() for finding in found]
        ledger.replace_contextual(c, county, form, period, rows)
        said[form, period, county] = {"signature": None, "findings": rows}
    for gone in [k for k in seen if k not in current and Period.parse(k[1]).last_month in months]:
        ledger.replace_contextual(c, gone[2], gone[0], gone[1], [])
        said[gone] = {"signature": None, "findings": []}
        c.execute(
            sa.text("DELETE FROM ops.context_check WHERE (form, period, county_code) = (:f, :p, :c)"),
            dict(zip("fpc", gone, strict=True)),
        )
    for w in work:
        c.execute(
            sa.text(
                "INSERT INTO ops.context_check VALUES (:f, :p, :c, :s) ON CONFLICT (form, period, county_code)"
                " DO UPDATE SET signature = excluded.signature"
            ),
            {"f": w.form.form, "p": str(w.period), "c": w.county, "s": w.signature},
        )
        said.setdefault((w.form.form, str(w.period), w.county), {})["signature"] = w.signature
    return [{"form": f, "period": p, "county_code": c, **what} for (f, p, c), what in said.items()]


def find_lacking(
    c: Connection, catalogue: Catalogue, ledger: Ledger, lacking: Sequence[Key], months: Sequence[Period]
) -> list[dict[str, Any]]:
    """Findings on reports of these months that repeat the last one where there is none; returns what was replaced."""
    said = []
    for form in catalogue.forms.values():
        periods = [str(p) for m in months if (p := m.ends_in(form.period_type)) is not None]
        found = [
            repeating.finding(form, period, county).row()
            for name, period, county in lacking
            if name == form.form and period in periods
        ]
        rule = f"{form.form}.{form.key}.{repeating.RULE}"
        ledger.replace_lacking(c, form.form, periods, rule, found)
        said.append({"form": form.form, "periods": periods, "rule": rule, "findings": found})
    return said
