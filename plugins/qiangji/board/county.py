"""One county: what it sent, what was sent back and why, what it explained, the workbooks that went to it.

In: an engine on a snapshot, the catalogue, the state of the page (`county`, `period`). Out: a `CountyPage`. Nothing of
a rejected row's values is shown: a rule and an address are enough to find it. What a county explains is shown as mart
shows it, not where a value is hidden. Of a moment that was, the page has what came by then and how reports stood; why
rows went back, explanations and workbooks are known as they are now alone, and left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from qiangji.board import reporting, rules
from qiangji.board.state import State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County
from qiangji.errors import UsageError
from qiangji.figures import Row, Rows, read, reading
from qiangji.periods import Period

_COUNTY = "county_code = :county AND (cardinality(CAST(:periods AS text[])) = 0 OR period = ANY(:periods))"
_SENT = (
    "county_code", "form", "period", "revision", "is_current", "status", "file_name", "sha256", "delivery_id",
    "received_at", "checked_at", "rows_received", "rows_accepted", "rows_rejected", "reason_code",
)  # fmt: skip
_REJECTED = ("county_code", "form", "period", "delivery_id", "rule", "said_zh", "said_en", "rows", "example")
_EXPLAINED = (
    "finding_id", "county_code", "form", "period", "org_code", "org_name", "rule", "severity", "message_zh",
    "message_en", "explanation", "disposition",
)  # fmt: skip
_WORKBOOKS = (
    "delivery_id",
    "county_code",
    "file_name",
    "problems",
    "transport",
    "status",
    "reason_code",
    "sent_at",
)

_NOW_ONLY = {
    "rejected": f"SELECT * FROM mart.rejected_row WHERE {_COUNTY} ORDER BY period DESC, form, rows DESC, rule",
    "explained": f"SELECT * FROM mart.finding WHERE {_COUNTY} AND explanation IS NOT NULL"
    " ORDER BY period DESC, form, org_code, rule",
    "workbooks": "SELECT * FROM mart.feedback WHERE county_code = :county ORDER BY sent_at DESC",
}
"""Lists that are known as they stand now alone."""
_UNKNOWN: Row = dict.fromkeys(("revision", "is_current", "status", "reason_code"))
"""What later reports and decisions may have changed of a report since."""


@dataclass(frozen=True)
class CountyPage:
    """Everything that the page shows. `sent`: reports as they were read, the latest first, of a moment that was without
    what became of them; `rejected`: why rows of the latest went back, a row a rule; `explained`: findings that the
    county said something about.
    """

    county: County
    name: str
    grid: Rows
    counts: Mapping[str, int]
    late_days: int
    last_good: str | None
    sent: Rows
    rejected: Rows
    explained: Rows
    workbooks: Rows
    periods: tuple[str, ...]


def county(engine: Engine, catalogue: Catalogue, state: State) -> CountyPage:
    """The page's data, by five statements. Raises UsageError: unknown_county, not_collected, only_now."""
    if state.as_of and state.get("table") in _NOW_ONLY:
        raise UsageError(
            f"{state.get('table')} is known as it stands now alone",
            expected="no as_of, or table=sent",
            zh="该表只有现状：请去掉截至时点。",
            code="only_now",
        )
    code = catalogue.select_counties([state.get("county", next(iter(catalogue.counties)))])[0]
    parts = [str(p) for p in state.period.parts] if state.period else []
    asked = {"county": code, "periods": parts}
    grid = reporting.grid_of(engine, state, [code])
    if not grid:
        reading.require_reported(engine, str(state.period) if state.period else None)
    sent = read(
        engine,
        f"SELECT * FROM mart.submission WHERE {_COUNTY} AND greatest(received_at, checked_at)"
        " <= coalesce(CAST(:at AS timestamptz), 'infinity') ORDER BY received_at DESC, form, period",
        asked | {"at": state.as_of},
    )
    now = {which: [] if state.as_of else read(engine, _NOW_ONLY[which], asked) for which in _NOW_ONLY}
    counts = Counter(r["status"] for r in grid)
    good = [Period.parse(r["period"]).last_month for r in grid if r["revision"] is not None]
    known = {Period.parse(r["period"]) for r in (*grid, *sent)}
    return CountyPage(
        county=catalogue.counties[code],
        name=catalogue.name_of(code),
        grid=_in_order(catalogue, grid),
        counts={s: counts[s] for s in reporting.ORDER if counts[s]},
        late_days=max((r["late_days"] or 0 for r in grid), default=0),
        last_good=str(max(good)) if good else None,
        sent=[r | _UNKNOWN for r in sent] if state.as_of else sent,
        rejected=[_without_values(catalogue, r) for r in now["rejected"]],
        explained=now["explained"],
        workbooks=now["workbooks"],
        periods=tuple(str(p) for p in reporting.in_order(known)),
    )


def _in_order(catalogue: Catalogue, grid: Rows) -> Rows:
    """The last period first, forms as the catalogue has them."""
    forms = list(catalogue.forms)
    ordered = sorted(grid, key=lambda r: forms.index(r["form"]) if r["form"] in forms else len(forms))
    place = {str(p): i for i, p in enumerate(reporting.in_order({Period.parse(r["period"]) for r in grid}))}
    return sorted(ordered, key=lambda r: place[r["period"]])


def _without_values(catalogue: Catalogue, row: Row) -> Row:
    """Why rows went back: the rule in words in the place of the message, which holds a value; and what to do."""
    words, todo = rules.said(catalogue, row["rule"]), rules.to_do_about(catalogue, row["rule"])
    kept = ("county_code", "form", "period", "delivery_id", "rule", "rows", "example")
    return {k: row[k] for k in kept} | {"said_zh": words.zh, "said_en": words.en, "to_do": todo}


def table(page: CountyPage, state: State) -> Table:
    """The county's reports as the grid has them; `table=` names one of its lists (`state.VALUES`)."""
    which = state.get("table")
    rows, columns = {
        "sent": (page.sent, _SENT),
        "rejected": (page.rejected, _REJECTED),
        "explained": (page.explained, _EXPLAINED),
        "workbooks": (page.workbooks, _WORKBOOKS),
    }.get(which, (page.grid, reporting.COLUMNS))
    return of_rows("_".join(filter(None, (page.county.county, which))), rows, state, columns, ())
