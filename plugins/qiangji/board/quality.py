"""Quality: findings by rule, county and time, each with what became of it; decisions taken; outliers.

In: an engine on a snapshot, the catalogue, the state of the page (`period`, `county`, `form`, `rule`, `severity`,
`disposition`). Out: a `Quality`. Findings are those that `qiangji findings` prints, by `ledger.dispositions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.engine import Engine

from qiangji.board import reporting, rules
from qiangji.board.state import AND, State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Label
from qiangji.errors import unknown
from qiangji.figures import Row, Rows, decisions, read
from qiangji.ledger import dispositions
from qiangji.ledger.dispositions import DISPOSITIONS, RuleCount
from qiangji.periods import Period
from qiangji.warehouse.queries import query

DECISIONS, OUTLIERS = 40, 40
"""Of each, at most so many; the page says where there are more."""
AT_ONCE = 200
"""Findings, at most, that one decision is on."""
ALL = "all"
TOGETHER = ("confirmed", "resubmit")
"""What many findings may be made of at once."""
_FINDING = (
    "finding_id", "county_code", "county_name", "form", "period", "org_code", "org_name", "rule", "severity", "value",
    "expected_zh", "expected_en", "message_zh", "message_en", "explanation", "disposition", "disposition_by",
    "disposition_at", "disposition_reason",
)  # fmt: skip
_DECISION = (
    "decided_at", "decided_by", "action", "county_code", "form", "period", "delivery_id", "file_name", "finding_id",
    "org_code", "rule", "reason",
)  # fmt: skip
_OUTLIER = (
    "indicator_code", "name_zh", "name_en", "unit", "org_code", "org_name", "period", "period_type", "value", "median",
    "deviation", "score", "points",
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """One rule in words, how often it was broken in all, in each county and in each period of the page."""

    rule: RuleCount
    label: Label
    by_county: Mapping[str, int]
    by_period: Mapping[str, int]


@dataclass(frozen=True)
class About:
    """A finding before somebody who decides, and what is to be made of it."""

    action: str
    row: Row


@dataclass(frozen=True)
class Many:
    """Open findings of the groups that were ticked, before somebody who decides: the first `AT_ONCE` of `all`."""

    action: str
    rows: Rows
    all: int

    @property
    def ids(self) -> str:
        return AND.join(r["finding_id"] for r in self.rows)


@dataclass(frozen=True)
class Outcome:
    """What became of findings that were decided on together. `left`: somebody else decided on them meanwhile; `gone`:
    ids of those that stand no longer.
    """

    decided: Rows
    left: Rows
    gone: tuple[str, ...]


@dataclass(frozen=True)
class Quality:
    """Everything that the page shows. `rows`: the findings that are chosen; `open`: how many of them nobody decided on;
    `periods`: those to choose from; `done`: what was just decided, or `outcome`, where it was on many; `many`: what is
    about to be decided on together.
    """

    rules: tuple[Counted, ...]
    counties: tuple[tuple[str, str], ...]
    shown_periods: tuple[str, ...]
    periods: tuple[str, ...]
    rows: Rows = field(repr=False)
    labels: Mapping[str, Label] = field(repr=False)
    disposition: str
    open: int
    decisions: Rows
    has_more_decisions: bool
    outliers: Rows
    has_more_outliers: bool
    done: Row | None
    outcome: Outcome | None
    chosen: About | None
    many: Many | None


def quality(engine: Engine, catalogue: Catalogue, state: State) -> Quality:
    """The page's data, by four statements. Raises UsageError: unknown_county, unknown_form, unknown_severity,
    unknown_disposition.
    """
    counties, forms, disposition = chosen(catalogue, state)
    period = str(state.period) if state.period else None
    severity = state.get("severity") or None
    found = dispositions.findings(engine, period, counties, forms, severity=severity, is_all=True)
    rule = state.get("rule")
    mine = [r for r in found if not rule or r["rule"] == rule]
    rows = [r for r in mine if disposition in (ALL, r["disposition"])]
    periods = reporting.in_order({Period.parse(r["period"]) for r in rows})
    labels = {r["rule"]: rules.about(catalogue, r["rule"]) for r in rows}
    decided = _decisions(engine, catalogue, state, counties)
    outliers = _outliers(engine, catalogue, period, counties)
    wanted = ("county_code", "county_name")
    present = dict.fromkeys(tuple(r[k] for k in wanted) for r in rows)
    return Quality(
        rules=tuple(_counted(rows, labels)),
        counties=tuple(sorted(((c, n) for c, n in present), key=lambda c: _place(catalogue, c[0]))),
        shown_periods=tuple(map(str, periods)),
        periods=reporting.periods(engine),
        rows=rows,
        labels=labels,
        disposition=disposition,
        open=sum(r["disposition"] == "open" for r in mine),
        decisions=decided[:DECISIONS],
        has_more_decisions=len(decided) > DECISIONS,
        outliers=outliers[:OUTLIERS],
        has_more_outliers=len(outliers) > OUTLIERS,
        done=next((d for d in decided if d["finding_id"] and d["finding_id"] == state.get("disposed")), None),
        outcome=_outcome(found, state),
        chosen=_chosen(found, state),
        many=_many(rows, state),
    )


def chosen(catalogue: Catalogue, state: State) -> tuple[list[str], list[str], str]:
    """Counties, forms and disposition that an address chooses. Raises UsageError as `quality`."""
    counties = reporting.chosen_counties(catalogue, state)
    forms = catalogue.require_forms([f] if (f := state.get("form")) else [])
    dispositions.require_severity(state.get("severity") or None)
    disposition = state.get("disposition", "open")
    if disposition not in (*DISPOSITIONS, ALL):
        raise unknown("disposition", [disposition], [*(f"{d} {zh}" for d, zh in DISPOSITIONS.items()), ALL])
    return counties, forms, disposition


def _counted(rows: Rows, labels: Mapping[str, Label]) -> list[Counted]:
    by_period: dict[tuple[str, str], Counter[str]] = {}
    for r in rows:
        by_period.setdefault((r["rule"], r["severity"]), Counter())[r["period"]] += 1
    return [
        Counted(
            one,
            labels[one.rule],
            {code: n for code, _, n in one.counties},
            by_period[one.rule, one.severity],
        )
        for one in dispositions.summed_up(rows)
    ]


def _place(catalogue: Catalogue, code: str) -> int:
    known = [*catalogue.counties]
    return known.index(code) if code in known else -1


def _decisions(engine: Engine, catalogue: Catalogue, state: State, counties: list[str]) -> Rows:
    asked = decisions.Asked(counties, [f] if (f := state.get("form")) else [])
    return [
        r | {"county_name": catalogue.name_of(r["county_code"]) if r["county_code"] else ""}
        for r in decisions.taken(engine, asked, DECISIONS + 1)
    ]


def _outliers(engine: Engine, catalogue: Catalogue, period: str | None, counties: list[str]) -> Rows:
    """Figures of the city and its counties far from their own last twelve values, the latest and farthest first."""
    units = counties or [u.code for u in catalogue.org if u.level in ("city", "county")]
    return read(engine, query("board/outliers"), {"units": units, "period": period, "most": OUTLIERS + 1})


def _chosen(found: Rows, state: State) -> About | None:
    """The finding that somebody is about to decide on."""
    action = state.get("dispose")
    row = next((r for r in found if r["finding_id"] == state.get("finding")), None)
    if action not in DISPOSITIONS or row is None or row["disposition"] == action:
        return None
    return About(action, row)


def group(rule: str, county: str = "") -> str:
    """A rule's findings in a county, or in all, as an address names them."""
    return f"{rule}@{county}"


def _many(rows: Rows, state: State) -> Many | None:
    """The open findings of the groups that are ticked, in the order of the page."""
    action, groups = state.get("dispose"), set(state.get("groups").split(AND))
    if action not in TOGETHER or state.get("finding"):
        return None
    mine = [
        r
        for r in rows
        if r["disposition"] == "open" and groups & {group(r["rule"]), group(r["rule"], r["county_code"])}
    ]
    return Many(action, mine[:AT_ONCE], len(mine))


def _outcome(found: Rows, state: State) -> Outcome | None:
    done, left = (list(filter(None, state.get(name).split(AND))) for name in ("disposed", "left"))
    if len(done) < 2 and not left:
        return None
    by_id = {r["finding_id"]: r for r in found}
    return Outcome(
        [by_id[i] for i in done if i in by_id],
        [by_id[i] for i in left if i in by_id],
        tuple(i for i in (*done, *left) if i not in by_id),
    )


def table(page: Quality, state: State) -> Table:
    """The findings; `table=rules`: how many by rule, county and period; `decisions`; `outliers`."""
    which = state.get("table")
    if which == "decisions":
        return of_rows("decisions", page.decisions, state, _DECISION, ())
    if which == "outliers":
        return of_rows("outliers", page.outliers, state, _OUTLIER, ())
    if which == "rules":
        return _rules(page, state)
    return of_rows(
        "_".join(filter(None, ("findings", str(state.period or "")))), page.rows, state, _FINDING, ()
    )


def _rules(page: Quality, state: State) -> Table:
    codes = [code for code, _ in page.counties]
    rows = [
        {"rule": c.rule.rule, "name_zh": c.label.zh, "name_en": c.label.en, "severity": c.rule.severity,
         "findings": c.rule.findings}
        | {code: c.by_county.get(code, 0) for code in codes}
        | {p: c.by_period.get(p, 0) for p in page.shown_periods}
        for c in page.rules
    ]  # fmt: skip
    columns = ("rule", "name_zh", "name_en", "severity", "findings", *codes, *page.shown_periods)
    return of_rows("findings_by_rule", rows, state, columns, ())
