"""What people decided, the last first: on reports (release, void), on periods (lock, unlock, publish), on findings.

In: an engine that reads mart, and of what the decisions are asked for. Out: rows of mart.decision, and the words for
what was decided. Every page and command that tells a decision reads it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy.engine import Engine

from qiangji.figures import Row, Rows, read
from qiangji.ledger.dispositions import DISPOSITIONS
from qiangji.periods import Period, PeriodType
from qiangji.warehouse.queries import query

ON_REPORTS = {"release": "放行", "void": "作废", "lock": "锁定", "unlock": "解锁", "publish": "发布审定版"}
"""Decisions on reports and periods, which may move figures, in Chinese; in English each is the word that is typed."""
ACTIONS = ON_REPORTS | DISPOSITIONS
"""Those, and the ones on findings."""
Report = tuple[str, str, str]
"""County, form and period."""


@dataclass(frozen=True)
class Asked:
    """Of what decisions are asked for; empty: of all. `period`: it and those within it, and locks that cover it."""

    counties: Sequence[str] = ()
    forms: Sequence[str] = ()
    period: str | None = None
    actions: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


ALL = Asked()


def taken(engine: Engine, asked: Asked = ALL, most: int | None = None) -> Rows:
    """Decisions, the last first; at most so many. `reports`: each report of a delivery that one was about."""
    whole = Period.parse(asked.period) if asked.period else None
    longer = [whole.as_type(t) for t in get_args(PeriodType)] if whole else []
    values = {
        "counties": list(asked.counties),
        "forms": list(asked.forms),
        "periods": [str(p) for p in whole.parts] if whole else [],
        "around": [str(p) for p in longer if whole and set(whole.months) <= set(p.months)],
        "actions": list(asked.actions),
        "since": asked.since,
        "until": asked.until,
        "most": most,
    }
    return read(engine, query("figures/decisions"), values)


def in_between(engine: Engine, since: datetime, until: datetime, orgs: Sequence[str] = ()) -> Rows:
    """Decisions on reports and periods between two moments, of the counties in which some units lie (empty: all)."""
    found = read(
        engine, "SELECT DISTINCT county_code FROM dim.org_unit WHERE org_code = ANY(:o)", {"o": list(orgs)}
    )
    counties = [r["county_code"] for r in found]
    chosen = () if None in counties else counties  # the city's figures are made of all counties' reports
    return taken(engine, Asked(counties=chosen, actions=list(ON_REPORTS), since=since, until=until))


def with_last(engine: Engine, grid: Rows) -> Rows:
    """Rows of the reporting grid, each with the last decision on its report: a void of any delivery of it, or the
    release of the one that is shown.

    `decision`, `decided_by`, `decided_at`, `decision_reason`, `decided_delivery`; None where there is none.
    """
    rows = read(engine, query("figures/decided_last"), {"periods": sorted({r["period"] for r in grid})})
    found: Mapping[Report, Row] = {(r["county_code"], r["form"], r["period"]): r for r in rows}
    names = {
        "decision": "action", "decided_by": "decided_by", "decided_at": "decided_at", "decision_reason": "reason",
        "decided_delivery": "delivery_id",
    }  # fmt: skip
    nothing: Row = {}
    shown = []
    for r in grid:
        own = _standing(r, found.get((r["county_code"], r["form"], r["period"]), nothing))
        shown.append(r | {name: own.get(column) for name, column in names.items()})
    return shown


def _standing(row: Row, last: Row) -> Row:
    is_over = last.get("action") == "release" and last["delivery_id"] != row["delivery_id"]
    return {} if is_over else last


def last_of(grid: Rows) -> Rows:
    """The decisions that `with_last` found, as rows of decisions, the last first."""
    found = [
        {
            "action": r["decision"], "decided_by": r["decided_by"], "decided_at": r["decided_at"],
            "reason": r["decision_reason"], "county_code": r["county_code"], "form": r["form"],
            "period": r["period"], "delivery_id": r["decided_delivery"], "file_name": None,
        }
        for r in grid
        if r["decision"]
    ]  # fmt: skip
    return sorted(found, key=lambda r: r["decided_at"], reverse=True)
