"""What stands behind a figure, and what changed between two moments.

In: an engine that reads mart and dim. Out: rows as dicts. Everything is in the warehouse; the queries that are put
together here for one figure are those of sql/queries/figures.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue.lineage import later_codes
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError
from qiangji.figures import Choice, Row, Rows, require
from qiangji.periods import Period, span
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, fetch_together

CAUSES = {
    "late_arrival": ("逾期报送", "late arrival"),
    "arrival": ("新报送", "arrival"),
    "released": ("人工放行", "released"),
    "revision": ("重报", "revision"),
    "withdrawal": ("撤回", "withdrawal"),
    "definition": ("口径变化", "definition"),
    "boundary": ("区划变化", "boundary"),
    "correction": ("人工更正", "correction"),
    "suppression": ("隐去或恢复显示", "suppression"),
}
"""Why a figure changes, in both languages."""


def explain(
    engine: Engine,
    catalogue: Catalogue,
    indicator: str,
    org: str,
    period: str,
    period_type: str | None = None,
) -> Row:
    """Everything behind one figure, the first as a row and the others as rows:

    `figure`, `children`, `missing_units`, `submissions`, `decisions`, `awaited`, `rejections`, `findings`,
    `corrections`, `history`.

    A month's amount of a year-to-date field is a difference: the reports before it, `is_subtracted`, are among its
    reports. Without a period type a month's figure is that of the indicator's headline, if there is one, else the
    month's own. `rejections` are those of whole counties, as a rejected row often cannot be assigned to a unit. Raises
    UsageError: unknown_indicator, unknown_unit, no_figure.
    """
    wanted = str(Period.parse(period))
    with engine.connect() as c:
        asked: dict[str, Any] = {"indicator": indicator, "org": org, "period": wanted, "type": period_type}
        figure = figure_of(c, asked)
        asked |= {"type": figure["period_type"], "forms": figure["forms"], "levels": list(LEVELS)}
        asked["subtracted"] = _subtracted(catalogue, figure)
        asked |= _counties(catalogue, org, figure)
        behind = fetch_together(c, _statements(), asked)
        history = _history(c, asked, behind.pop("shown"), behind.pop("builds"))
    behind["findings"] = [{k: v for k, v in r.items() if k != "sort_order"} for r in behind["findings"]]
    return {"figure": figure, **behind, "history": history}


def _counties(catalogue: Catalogue, unit: str, figure: Row) -> dict[str, list[str]]:
    """For each month of a figure's period and before it in the year, the counties that its units lay in, side by side.

    What never changes lies where the unit above it does: beneath the unit, only those that change are looked at.
    """
    org, whole = catalogue.org, Period.parse(figure["period"])
    until = whole.last_month
    first = Period("month", until.year * 12) if figure["period_type"] == "ytd" else whole.months[0]
    months = tuple(span(first, until))
    later = later_codes(catalogue.lineage, months[0].end, until.end)
    beneath = [
        code
        for code in (*org.codes_of("county"), *org.dated)
        if unit in org.path(later.get(code, code), *months).values()
    ]
    found = {
        (str(month), county)
        for month in span(Period("month", until.year * 12), until)
        for code in {unit, *beneath}
        if org.is_open(code, month) and (county := org.county_of(code, month)) and org.is_open(county, month)
    }
    return {"months": [month for month, _ in found], "counties": [county for _, county in found]}


def _statements() -> dict[str, sa.TextClause | str]:
    """What stands behind a figure, by its name in an explanation; `shown` and `builds` are for its history."""
    of_reports, beneath = (
        {"reports": query("figures/reports").text},
        {"beneath": query("figures/beneath").text},
    )
    return {
        "children": query("figures/children", **beneath),
        "missing_units": query("figures/missing_units", **beneath),
        "submissions": query("figures/submissions", **of_reports),
        "decisions": query("figures/decided", **of_reports),
        "awaited": query("figures/awaited", **of_reports),
        "rejections": query("figures/rejections", **of_reports),
        "findings": query("figures/findings", **of_reports, **beneath),
        "corrections": query("figures/corrections", **beneath),
        "shown": query("figures/shown"),
        "builds": "SELECT built_at FROM mart.build ORDER BY built_at",
    }


def _subtracted(catalogue: Catalogue, figure: Row) -> list[str]:
    """Forms of which the figure takes a year to date less the report just before."""
    indicator = catalogue.indicators.get(figure["indicator_code"])
    definitions = indicator.definitions if indicator else ()
    terms = [t for d in definitions if d.version == figure["definition_version"] for t in d.indicator.terms]
    return sorted({t.form for t in terms if t.reads_before(catalogue.forms[t.form], figure["period_type"])})


def figure_of(c: Connection, asked: dict[str, Any]) -> Row:
    """The figure of `indicator`, `org`, `period` and, if it is set, `type`.

    Raises UsageError: unknown_indicator, unknown_unit, no_figure.
    """
    if found := fetch(c, query("figures/figure"), asked):
        return found[0]
    require(c, "indicator", "dim.indicator", "indicator_code", [asked["indicator"]])
    require(c, "org unit", "dim.org_unit", "org_code", [asked["org"]])
    of_type = asked["type"]
    raise UsageError(
        f"no figure of {asked['indicator']} at {asked['org']} for {asked['period']}"
        + (f" ({of_type})" if of_type else ""),
        expected="a figure as `qiangji values --org` prints it",
        zh=f"没有{asked['indicator']}在{asked['org']}、{asked['period']}{f'（{of_type}）' if of_type else ''}的指标值："
        "可用qiangji values --org查看有哪些。",
        code="no_figure",
    )


def changes(engine: Engine, since: datetime, until: datetime, choice: Choice) -> Rows:
    """Figures that differ between two moments, with what led to it (`causes`, words of `CAUSES`): the largest first.

    A figure that was not shown at `since` has `is_first_shown`. Raises UsageError: wrong_order, unknown_indicator,
    unknown_unit.
    """
    require_order(since, until)
    with engine.connect() as c:
        choice.require(c)
        found = fetch(c, query("figures/changes"), {"since": since, "until": until} | choice.bound)
    return largest_first(found)


def first_built(engine: Engine) -> datetime | None:
    """When figures were shown for the first time; None if they never were."""
    with engine.connect() as c:
        found: datetime | None = c.scalar(sa.text("SELECT min(built_at) FROM mart.build"))
        return found


def before_last_build(engine: Engine) -> datetime | None:
    """The moment since which the last build that changed figures is all that was built; None: nothing is built.

    That is the build before it or, for the first one, just before it.
    """
    builds = (
        "SELECT built_at FROM mart.build WHERE rows_closed + rows_inserted > 0 ORDER BY built_at DESC LIMIT 1"
    )
    before = "SELECT max(b.built_at) FROM mart.build AS b WHERE b.built_at < l.built_at"
    with engine.connect() as c:
        found: datetime | None = c.scalar(
            sa.text(
                f"SELECT coalesce(({before}), l.built_at - interval '1 microsecond') FROM ({builds}) AS l"
            )
        )
        return found


def require_order(since: datetime, until: datetime) -> None:
    """Raise UsageError wrong_order unless the first moment is before the second."""
    if since >= until:
        raise UsageError(
            f"{since.isoformat()} is not before {until.isoformat()}",
            expected="--from earlier than --to",
            zh=f"{since.isoformat()}不早于{until.isoformat()}：--from应早于--to。",
            code="wrong_order",
        )


def largest_first(rows: Rows) -> Rows:
    """Changes by their size; then figures that went, or got or lost a value; those that are shown first come last."""
    return sorted(rows, key=lambda r: (r["is_first_shown"], r["change"] is None, -abs(r["change"] or 0)))


UNREPORTED, EARLIER, UNKNOWN = "unreported", "earlier", "unknown"
OTHERWISE = {
    UNREPORTED: ("无人报送", "nothing reported"),
    EARLIER: ("此前已报", "reported before"),
    UNKNOWN: ("原因未明", "not known"),
}
"""What a change without a cause is counted as: a figure shown first of which nobody reported; one shown first whose
reports counted before, as its period was not built until now; and any other.
"""
TOGETHER = "+"
"""Joins the causes of figures that have several: `boundary+revision`."""


def by_causes(rows: Rows) -> dict[str, int]:
    """How many figures changed for which causes, the most first.

    A figure is counted once: of several causes all are its key. So the counts add up to the rows.
    """
    counted = Counter(TOGETHER.join(r["causes"]) or _without(r) for r in rows)
    return dict(counted.most_common())


def _without(row: Row) -> str:
    if not row["is_first_shown"]:
        return UNKNOWN
    return EARLIER if row["reported_units"] else UNREPORTED


def causes_in_words(key: str) -> tuple[str, str]:
    """A key of `by_causes` in both languages."""
    words = [(CAUSES | OTHERWISE)[cause] for cause in key.split(TOGETHER)]
    return "＋".join(zh for zh, _ in words), " + ".join(en for _, en in words)


def changed_beneath(engine: Engine, since: datetime, until: datetime, choice: Choice) -> dict[str, int]:
    """Level -> how many figures differ between two moments at levels that `changes` does not look at for a choice."""
    changed = "SELECT * FROM mart.indicator_difference(:since, :until)"
    return levels_changed(engine, changed, {"since": since, "until": until}, choice)


def levels_changed(engine: Engine, changed: str, asked: dict[str, Any], choice: Choice) -> dict[str, int]:
    """Level -> how many of the figures that some SQL gives lie there and are not looked at, from the top down."""
    with engine.connect() as c:
        rows = fetch(c, query("figures/changed_levels", changed=changed), asked | choice.bound)
    found = {r["org_level"]: r["figures"] for r in rows}
    return {level: found[level] for level in LEVELS if level in found}


def _history(c: Connection, asked: dict[str, Any], rows: Rows, built: Rows) -> Rows:
    """What was shown from when until when, each with the `reasons` why; neighbours that look the same are one row."""
    shown: Rows = []
    for row in rows:
        last = shown[-1] if shown else None
        same = [k for k in row if k not in ("shown_from", "shown_to")]
        if last and last["shown_to"] == row["shown_from"] and all(last[k] == row[k] for k in same):
            last["shown_to"] = row["shown_to"]
        else:
            shown.append(row)
    since = datetime.fromtimestamp(0, UTC)  # what the first was made of came before it, whenever that was
    builds = [r["built_at"] for r in built]
    sinces = []
    for i, row in enumerate(shown):
        if i:  # what earlier builds brought changed other figures
            since = max([since, *(b for b in builds if b < row["shown_from"])])
        sinces.append(since)
        since = row["shown_from"]
    stretches = {"sinces": sinces, "untils": [row["shown_from"] for row in shown]}
    reasons = fetch(c, query("figures/reasons"), asked | stretches)
    for i, row in enumerate(shown, 1):
        mine = (r for r in reasons if r["number"] == i)
        row["reasons"] = [{k: v for k, v in r.items() if k != "number"} for r in mine]
    return shown
