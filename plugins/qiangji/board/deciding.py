"""Decisions that are taken on a page: a held report is released or voided, a finding is disposed of.

In: the fields of a form that was sent, the account that sent it. Out: the address of the page that shows the outcome.
The functions are those of `qiangji release`, `void` and `dispose`; the journal names the account. What somebody else
decided meanwhile is told and nothing is recorded: what is decided on has to stand as it was shown. Two that are sent at
the same moment take turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qiangji import pipeline
from qiangji.board import Viewer, quality
from qiangji.board.quality import AT_ONCE
from qiangji.board.state import AND, State, parse
from qiangji.board.today import ACTIONS
from qiangji.errors import UsageError, unknown
from qiangji.ledger import dispositions, events
from qiangji.ledger.dispositions import DISPOSITIONS
from qiangji.ledger.statuses import STATUSES
from qiangji.periods import Period, local_day
from qiangji.pipeline import Pipeline
from qiangji.settings import settings
from qiangji.warehouse.locks import hold_on
from qiangji.warehouse.rows import fetch

MOST = 500
"""Characters of a reason."""
KEPT = ("period", "county", "form", "rule", "severity", "disposition")
"""What a page of findings stays filtered by."""
FIELDS = (
    "action",
    "delivery",
    "of",
    "finding",
    "findings",
    "seen",
    "reason",
    "token",
    "lang",
    "theme",
    *KEPT,
)
"""What a form may send."""


class DecidedAlready(UsageError):
    """Somebody decided before: nothing was recorded."""

    code = "decided_already"


def decide(sent: Mapping[str, str], who: Viewer) -> str:
    """Record a decision. Returns the relative address of the page that shows what became of it.

    All of the form is read before anything is recorded, also what only the page after it needs. Raises DecidedAlready,
    and UsageError: unknown_decision, no_reason, long_reason, personal_reason, control_reason, control_field,
    unknown_delivery, not_in_delivery, unknown_finding, too_many_findings, and those of the page's address.
    """
    action, reason = sent.get("action", ""), sent.get("reason", "").strip()
    for name, value in sent.items():
        if name != "reason":
            events.require_plain(value, "field", "表单字段")
    if action not in (*ACTIONS, *DISPOSITIONS):
        raise unknown("decision", [action], (*ACTIONS, *DISPOSITIONS))
    _require_reason(reason)
    shown = _page(sent)
    with pipeline.open_pipeline() as p:
        if action in ACTIONS:
            return _on_a_delivery(p, sent, reason, who, shown)
        quality.chosen(p.catalogue, shown)
        if sent.get("findings"):
            return _on_findings(p, sent, reason, who, shown)
        return _on_a_finding(p, sent, reason, who, shown)


def asked_at(sent: Mapping[str, str]) -> str:
    """The relative address of the dialog that sent a form, or of its page, where what was sent names no dialog."""
    try:
        state = _page(sent)
    except UsageError:
        return State(page=_page_name(sent)).url
    action = sent.get("action", "")
    if action in ACTIONS:
        report = ".".join(sent.get(n, "") for n in ("delivery", "form", "of"))
        return state.link(decide=action, report=report)
    return state.link(dispose=action, finding=sent["finding"]) if sent.get("finding") else state.url


def _page(sent: Mapping[str, str]) -> State:
    """The page that shows what became of a decision, by what its form keeps. Raises UsageError as `state.parse`."""
    page = _page_name(sent)
    kept = ("lang", "theme", *(KEPT if page == "quality" else ()))
    given = [(name, sent[name]) for name in kept if sent.get(name)]
    return parse(page, given, "", settings().timezone)


def _page_name(sent: Mapping[str, str]) -> str:
    return "quality" if sent.get("action") in DISPOSITIONS else "today"


def _require_reason(reason: str) -> None:
    """Raise UsageError for a reason that nobody should put on record: none, a long one, one with personal data."""
    if not reason:
        raise UsageError(
            "no reason given", expected="a few words", zh="没有写理由：请写明几个字。", code="no_reason"
        )
    if len(reason) > MOST:
        raise UsageError(
            f"the reason has {len(reason)} characters", expected=f"at most {MOST}",
            zh=f"理由有{len(reason)}个字：最多{MOST}个。", code="long_reason",
        )  # fmt: skip
    events.require_public(reason)


def _on_a_delivery(p: Pipeline, sent: Mapping[str, str], reason: str, who: Viewer, shown: State) -> str:
    delivery, form, period = (sent.get(n, "") for n in ("delivery", "form", "of"))
    of = str(Period.parse(period))
    with _alone(p, f"delivery {delivery}"):
        _require_held(p, delivery, form, of)
        p.ledger.decide(delivery, sent["action"], reason, form, of, who.name)
    return shown.link(decided=delivery)


def _require_held(p: Pipeline, delivery: str, form: str, period: str) -> None:
    """Raise DecidedAlready for a report that is not held any more. What there never was is told by the ledger."""
    asked = {"d": delivery, "f": form, "p": period}
    with p.ledger.engine.connect() as c:
        found = fetch(
            c,
            "SELECT DISTINCT ON (form, period) status FROM ops.submission"
            " WHERE (delivery_id, form, period) = (:d, :f, :p) ORDER BY form, period, checked_at DESC",
            asked,
        )
        last = fetch(
            c,
            "SELECT * FROM mart.decision WHERE delivery_id = :d AND coalesce(form, :f) = :f"
            " AND coalesce(period, :p) = :p ORDER BY decided_at DESC LIMIT 1",
            asked,
        )
    if not found or found[0]["status"] == "held":
        return
    status = found[0]["status"]
    raise _already(p, last, f"{STATUSES.get(status, status)}", status)


def _on_a_finding(p: Pipeline, sent: Mapping[str, str], reason: str, who: Viewer, shown: State) -> str:
    finding, seen = sent.get("finding", ""), sent.get("seen", "")
    with _alone(p, "findings"):
        with p.ledger.engine.connect() as c:
            found = fetch(
                c, "SELECT disposition FROM mart.finding WHERE finding_id = :id LIMIT 1", {"id": finding}
            )
            last = fetch(
                c,
                "SELECT * FROM mart.decision WHERE finding_id = :id ORDER BY decided_at DESC LIMIT 1",
                {"id": finding},
            )
        if not found:
            raise UsageError(
                f"no finding {finding} stands",
                expected="one that the page shows",
                do="The county sent the report again, or a build found it gone: open the page anew.",
                zh=f"核查发现{finding}已不存在（可能已重报或重新计算）：请重新打开页面。",
                code="unknown_finding",
            )
        now = found[0]["disposition"]
        if now == sent["action"] or now != seen:
            raise _already(p, last, DISPOSITIONS[now], now)
        dispositions.dispose(p.ledger, [finding], sent["action"], reason, who.name)
    return shown.link(disposed=finding)


def _on_findings(p: Pipeline, sent: Mapping[str, str], reason: str, who: Viewer, shown: State) -> str:
    """One decision on many: on those that stand as they were shown. The page names the others, and why."""
    given = list(dict.fromkeys(sent["findings"].split(AND)))
    if len(given) > AT_ONCE:
        raise UsageError(
            f"{len(given)} findings at once", expected=f"at most {AT_ONCE}",
            do="Choose fewer rules or counties, or one period.",
            zh=f"一次选了{len(given)}条核查发现：最多{AT_ONCE}条，请少选几组或只选一期。", code="too_many_findings",
        )  # fmt: skip
    with _alone(p, "findings"):
        with p.ledger.engine.connect() as c:
            asked = "SELECT finding_id, disposition FROM mart.finding WHERE finding_id = ANY(:given)"
            now = {r["finding_id"]: r["disposition"] for r in fetch(c, asked, {"given": given})}
        mine = [i for i in given if i in now and now[i] == sent.get("seen") != sent["action"]]
        if not mine:
            raise DecidedAlready(
                f"none of these {len(given)} findings is as the page showed it",
                expected="findings that nobody has decided on",
                do="Others decided on them, or the county sent them again: open the page anew.",
                zh=f"这{len(given)}条核查发现均已有决定或已不存在，本次未作记录：请重新打开页面。",
            )
        dispositions.dispose(p.ledger, mine, sent["action"], reason, who.name)
    left = AND.join(i for i in given if i not in mine)
    return shown.link(disposed=AND.join(mine), left=left or None)


def _already(p: Pipeline, last: list[dict[str, Any]], zh: str, en: str) -> DecidedAlready:
    """Who decided what and when, so that nobody has to look for it."""
    by_zh = by_en = ""
    if last:
        one = last[0]
        at = one["decided_at"]
        when = f"{local_day(at, p.settings.timezone)}"
        by_zh = f"，{one['decided_by']}于{when}决定，理由：{one['reason']}"
        by_en = f". {one['decided_by']} decided on {when}, for this reason: {one['reason']}"
    return DecidedAlready(
        f"this was decided before, and is {en} now{by_en}",
        expected="something that waits still",
        zh=f"已有决定，现为“{zh}”{by_zh}。本次未作记录。",
    )


@contextmanager
def _alone(p: Pipeline, what: str) -> Iterator[None]:
    """Hold what is looked at until it is decided on: of two that are sent at once the second sees the first."""
    with p.ledger.engine.begin() as c:
        hold_on(c, f"board {what}")
        yield
