"""What became of findings: a person confirms a finding, sends it back to the county, or opens it again.

In: findings that stand (`mart.finding`) and a person's decision. Out: rows of ops.disposition, each with an event in
the journal, and findings with what was decided on them. A decision belongs to the finding's id, a hash of form, period,
unit, rule and value: the same finding found again keeps its decision; a finding whose value changed is new, and open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import UsageError, unknown
from qiangji.ledger import Ledger, events
from qiangji.periods import Period
from qiangji.warehouse.locks import hold_on
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert

DISPOSITIONS = {"open": "待核", "confirmed": "核实无误", "resubmit": "重报"}
SEVERITIES = {"warning": "提醒", "info": "提示"}
_LISTED = 5
Rows = list[dict[str, Any]]
"""Rows of mart.finding with all of its columns, as the command line prints them."""


@dataclass(frozen=True)
class Disposition:
    """A person's decision on a finding: a row of ops.disposition, an event `disposition` of the journal."""

    disposition_id: str
    finding_id: str
    disposition: str
    reason: str
    disposed_by: str
    disposed_at: datetime


def findings(
    engine: Engine,
    period: str | None = None,
    counties: Sequence[str] = (),
    forms: Sequence[str] = (),
    *,
    severity: str | None = None,
    is_all: bool = False,
) -> Rows:
    """Findings that stand, each with `county_name`: the open ones, or all with the open ones first.

    Those of a year are also those of its quarters and months. Raises UsageError unknown_severity.
    """
    require_severity(severity)
    chosen = {"periods": _parts(period), "counties": list(counties), "forms": list(forms), "is_all": is_all}
    with engine.connect() as c:
        return fetch(c, query("ledger/findings"), chosen | {"severity": severity})


def require_severity(severity: str | None) -> None:
    """Raise UsageError unknown_severity for one that there is not."""
    if severity is not None and severity not in SEVERITIES:
        raise unknown("severity", [severity], [f"{s} {zh}" for s, zh in SEVERITIES.items()])


@dataclass(frozen=True)
class RuleCount:
    """How often one rule was broken, and where. `counties`: (code, name, findings), the most first."""

    rule: str
    severity: str
    findings: int
    counties: tuple[tuple[str, str, int], ...]


def summed_up(rows: Rows) -> list[RuleCount]:
    """Findings by rule and county, what was found most first."""
    found: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for r in rows:
        county = r["county_code"], r["county_name"]
        found.setdefault((r["rule"], r["severity"]), Counter())[county] += 1
    counted = [
        RuleCount(*rule, counties.total(), tuple((*county, n) for county, n in counties.most_common()))
        for rule, counties in found.items()
    ]
    return sorted(counted, key=lambda one: (-one.findings, one.rule))


def count_open(engine: Engine, period: str | None = None, counties: Sequence[str] = ()) -> int:
    """How many findings nobody has decided on, in a period or in all, of these counties or of all."""
    statement = (
        "SELECT count(*) FROM mart.finding WHERE disposition = 'open'"
        " AND (cardinality(CAST(:periods AS text[])) = 0 OR period = ANY(:periods))"
        " AND (cardinality(CAST(:counties AS text[])) = 0 OR county_code = ANY(:counties))"
    )
    with engine.connect() as c:
        return c.scalar(sa.text(statement), {"periods": _parts(period), "counties": list(counties)}) or 0


def _parts(period: str | None) -> list[str]:
    return [str(p) for p in Period.parse(period).parts] if period else []


def confirmed(c: Connection) -> list[tuple[str, str, str]]:
    """(finding_id, period, county) of findings that stand and were confirmed: their values are right, nobody is warned.

    The county of a finding on a city's figure is the city.
    """
    return [(r.finding_id, r.period, r.county_code) for r in c.execute(query("ledger/confirmed"))]


def dispose(
    ledger: Ledger, finding_ids: Sequence[str], disposition: str, reason: str, by: str | None = None
) -> Rows:
    """Record a decision on findings that stand: on all of them, or on none if one is unknown.

    An id may be shortened to its beginning where no other begins so. Returns the findings as they were before. Raises
    UsageError: unknown_disposition, no_reason, personal_reason, control_reason, no_person, unknown_finding,
    ambiguous_finding.
    """
    if disposition not in DISPOSITIONS:
        raise unknown("disposition", [disposition], [f"{d} {zh}" for d, zh in DISPOSITIONS.items()])
    events.require_reason(reason)
    for one_id in finding_ids:
        events.require_plain(one_id, "finding", "核查发现编号")
    who = events.decided_by(by)
    taken: list[Disposition] = []
    with ledger.engine.begin() as c:
        found = _standing(c, finding_ids)
        hold_on(c, "dispositions")  # an id follows from the count of those before
        at = datetime.now(UTC)
        for finding_id in found:
            before = c.scalar(
                sa.text("SELECT count(*) FROM ops.disposition WHERE finding_id = :id"), {"id": finding_id}
            )
            one = Disposition(
                events.decision_id(finding_id, before or 0),
                finding_id,
                disposition,
                reason.strip(),
                who,
                at,
            )
            taken.append(one)
        insert(c, "ops.disposition", [asdict(one) for one in taken], "ON CONFLICT DO NOTHING")
        for one in taken:  # once the ledger has taken them all
            event = {"event": "disposition", **asdict(one)}
            ledger.lake.record(f"disposition-{one.disposition_id}", at, event)
    return list(found.values())


def _standing(c: Connection, given: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The findings with these ids, or with ids that begin so where only one does. Raises UsageError."""
    statement = (
        "SELECT DISTINCT ON (finding_id) * FROM mart.finding"
        " WHERE EXISTS (SELECT FROM unnest(CAST(:given AS text[])) AS g WHERE g <> '' AND starts_with(finding_id, g))"
    )
    found = {r["finding_id"]: r for r in fetch(c, statement, {"given": list(given)})}
    chosen: dict[str, dict[str, Any]] = {}
    for one in dict.fromkeys(given):
        meant = [one] if one in found else sorted(i for i in found if one and i.startswith(one))
        if not meant:
            raise UsageError(
                f"no finding {one} stands; nothing was recorded",
                expected="ids as `qiangji findings --all` prints them, or their beginnings",
                zh=f"没有核查发现{one}，未作记录：请用qiangji findings --all列出的编号，或其开头几位。",
                code="unknown_finding",
            )
        if len(meant) > 1:
            told = [
                f"{i} {found[i]['county_code']} {found[i]['period']} {found[i]['rule']}"
                for i in meant[:_LISTED]
            ]
            more = f", … {len(meant)}" if len(meant) > _LISTED else ""
            raise UsageError(
                f"{len(meant)} findings begin with {one}; nothing was recorded",
                expected=f"one of {', '.join(told)}{more}",
                zh=f"以{one}开头的核查发现有{len(meant)}个，未作记录：请多写几位，如{'；'.join(told)}。",
                code="ambiguous_finding",
            )
        chosen |= {i: found[i] for i in meant}
    return chosen
