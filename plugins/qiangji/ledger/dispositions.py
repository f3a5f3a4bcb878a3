"""What became of findings: a person says of each whether it was confirmed, goes back to the county, or is open.

In: findings that stand (`mart.finding`) and a person's decision. Out: `ops.disposition`, an event in the journal for
each, and findings with what was decided. A decision belongs to the finding's id, which is of form, period, unit, rule
and value: the same finding found again keeps it, one whose value has changed is new and open.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import UsageError
from qiangji.ledger import Ledger
from qiangji.ledger.events import decision_id
from qiangji.warehouse.rows import insert

DISPOSITIONS = {"open": "待核", "confirmed": "核实无误", "resubmit": "重报"}
Rows = list[dict[str, Any]]

_CHOSEN = (
    " WHERE (CAST(:period AS text) IS NULL OR f.period = :period)"
    " AND (cardinality(:counties) = 0 OR f.county_code = ANY(:counties))"
    " AND (cardinality(:forms) = 0 OR f.form = ANY(:forms)) AND (:all OR f.disposition = 'open')"
)

_LISTS = [sa.bindparam(name, type_=sa.ARRAY(sa.Text)) for name in ("counties", "forms")]


def findings(
    engine: Engine,
    period: str | None = None,
    counties: Sequence[str] = (),
    forms: Sequence[str] = (),
    *,
    is_all: bool = False,
) -> Rows:
    """Findings that stand, open ones first; without `is_all` only open ones."""
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT f.*, coalesce(o.name, f.county_code) AS county_name FROM mart.finding f"
                " LEFT JOIN dim.org_unit o ON o.org_code = f.county_code"
                + _CHOSEN
                + " ORDER BY f.disposition <> 'open', f.period DESC, f.county_code, f.form, f.rule, f.org_code,"
                " f.finding_id"
            ).bindparams(*_LISTS),
            {"period": period, "counties": list(counties), "forms": list(forms), "all": is_all},
        )
        return [dict(r._mapping) for r in found]


def count_open(engine: Engine, period: str | None = None) -> int:
    """How many findings nobody has looked at yet."""
    with engine.connect() as c:
        found: int = c.execute(
            sa.text("SELECT count(*) FROM mart.finding f" + _CHOSEN).bindparams(*_LISTS),
            {"period": period, "counties": [], "forms": [], "all": False},
        ).scalar_one()
        return found


def confirmed(c: Connection) -> list[tuple[str, str]]:
    """(finding_id, period) of findings that stand and were confirmed: their values are right, so they warn nobody."""
    rows = c.execute(
        sa.text(
            "SELECT DISTINCT f.finding_id, f.period FROM ops.current_finding f"
            " JOIN ops.last_disposition d USING (finding_id) WHERE d.disposition = 'confirmed' ORDER BY 1, 2"
        )
    )
    return [(r.finding_id, r.period) for r in rows]


def dispose(
    ledger: Ledger, finding_ids: Sequence[str], disposition: str, reason: str, by: str | None = None
) -> Rows:
    """Record a decision on findings that stand; all of them, or none where one is unknown. Returns the findings.

    Raises UsageError: unknown_disposition, no_reason, no_person, unknown_finding.
    """
    if disposition not in DISPOSITIONS:
        raise UsageError(
            f"no disposition {disposition!r}",
            expected=", ".join(f"{d} {zh}" for d, zh in DISPOSITIONS.items()),
            code="unknown_disposition",
        )
    if not reason.strip():
        raise UsageError("no reason given", expected="--reason with a few words", code="no_reason")
    if by is not None and not by.strip():
        raise UsageError("--by names nobody", expected="a name, or no --by for the login", code="no_person")
    wanted = list(dict.fromkeys(finding_ids))
    with ledger.engine.begin() as c:
        rows = c.execute(
            sa.text(
                "SELECT DISTINCT ON (finding_id) * FROM mart.finding WHERE finding_id = ANY(:ids) ORDER BY finding_id"
            ),
            {"ids": wanted},
        )
        found = {r.finding_id: dict(r._mapping) for r in rows}
        if unknown := [i for i in wanted if i not in found]:
            raise UsageError(
                f"no finding {', '.join(unknown)} stands; nothing was recorded",
                expected="ids as `qiangji findings --all` prints them",
                code="unknown_finding",
            )
        # one at a time: they are counted
        c.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('dispositions', 0))"))
        at = datetime.now(UTC)
        for finding_id in wanted:
            before = c.scalar(
                sa.text("SELECT count(*) FROM ops.disposition WHERE finding_id = :f"), {"f": finding_id}
            )
            event = {
                "disposition_id": decision_id(finding_id, before or 0),
                "finding_id": finding_id,
                "disposition": disposition,
                "reason": reason.strip(),
                "disposed_by": (by or getpass.getuser()).strip(),
                "disposed_at": at,
            }
            ledger.lake.record(
                f"disposition-{event['disposition_id']}", at, {"event": "disposition", **event}
            )
            insert(c, "ops.disposition", [event], "ON CONFLICT DO NOTHING")
    return [found[i] for i in wanted]
