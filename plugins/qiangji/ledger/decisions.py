"""What people decide on deliveries: what is held is released, what is wrong is voided, a void is taken back.

In: a delivery, or a form or period of it, and a person's decision. Out: rows of ops.decision, each with an event in the
journal, and the reports with their new places. A decision answers only what was asked: a release is about reports that
are held or void, a void about those that are not void. Nothing is recorded where there is none, or where it is not
clear which is meant.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.errors import UsageError
from qiangji.ledger import events, placing
from qiangji.ledger.records import Decision, Key, Submission
from qiangji.ledger.statuses import STATUSES
from qiangji.warehouse.locks import GATE, hold_on, share
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert

if TYPE_CHECKING:
    from qiangji.ledger import Ledger

RELEASED = ("held", "void")
"""Statuses of reports that a release is about."""
_LISTED = 5


@dataclass(frozen=True)
class Of:
    """What a decision is on: a delivery, by its id or the beginning of it, or one form or period of it.

    `is_all`: a release is meant for each of its reports that wait, if several do.
    """

    delivery_id: str
    form: str | None = None
    period: str | None = None
    is_all: bool = False


@dataclass(frozen=True)
class _Found:
    """A report of a delivery as a decision finds it: its status (None: no check has seen it), and what is asked."""

    form: str
    period: str
    county_code: str
    status: str | None
    asks_zh: str
    asks_en: str

    @property
    def at(self) -> Key:
        return self.form, self.period, self.county_code

    @property
    def part(self) -> dict[str, str] | None:
        """What the journal keeps of it."""
        return {"form": self.form, "period": self.period, "status": self.status} if self.status else None


def decide(ledger: Ledger, of: Of, action: str, reason: str, by: str | None = None) -> list[Submission]:
    """Record a release or void with who decided it, when and why. `by`: who decides, if not the login.

    Returns the delivery's submissions that it is about, with their new places. The journal is told once the ledger has
    taken it, before it commits: it never holds what the ledger cannot. Raises UsageError: no_reason, personal_reason,
    control_reason, no_person, unknown_delivery, ambiguous_delivery, not_in_delivery, nothing_held, several_held,
    void_already.
    """
    events.require_reason(reason)
    events.require_plain(of.delivery_id, "delivery", "来件编号")
    who = events.decided_by(by)
    taken: list[Decision] = []
    with ledger.engine.begin() as c:
        share(c, GATE)
        delivery_id = _meant(c, of.delivery_id)
        asked = _asked(c, delivery_id, of)
        placing.hold(c, [one.at for one in asked])  # what it finds stands until it is written down
        hold_on(c, f"decisions {delivery_id}")  # an id follows from the count of those before
        found = _asked(c, delivery_id, of)
        about = _about(found, action, delivery_id, of)
        whole = [(of.form, of.period, about)] if len(about) == len(found) else []
        for form, period, reports in whole or [(one.form, one.period, [one]) for one in about]:
            before = c.scalar(
                sa.text("SELECT count(*) FROM ops.decision WHERE delivery_id = :d"), {"d": delivery_id}
            )
            decision = Decision(
                events.decision_id(delivery_id, before or 0),
                delivery_id,
                form,
                period,
                action,
                reason,
                who,
                datetime.now(UTC),
                [one.part for one in reports if one.part],
            )
            insert(c, "ops.decision", [asdict(decision) | {"parts": json.dumps(decision.parts)}])
            taken.append(decision)
        placed = ledger.place(c, [one.at for one in about])
        for one_taken in taken:
            event = {"event": "decision", **asdict(one_taken)}
            ledger.lake.record(f"decision-{one_taken.decision_id}", one_taken.decided_at, event)
    return [s for s in placed if s.delivery_id == delivery_id]


def _meant(c: Connection, given: str) -> str:
    """The delivery with this id, or the only one whose id begins so. Raises UsageError."""
    found = fetch(c, query("ledger/deliveries_named"), {"d": given})
    if len(found) == 1 or (found and found[0]["delivery_id"] == given):
        return str(found[0]["delivery_id"])
    if not found:
        raise UsageError(
            f"no delivery {given}",
            expected="an id as `qiangji status --county CODE --period P` prints it, or its beginning",
            zh=f"没有来件{given}：请用qiangji status --county 县编码 --period 报告期列出的编号，或其开头几位。",
            code="unknown_delivery",
        )
    told = [f"{r['delivery_id']} {r['county_code']} {r['reports']}" for r in found[:_LISTED]]
    more = f", … {len(found)}" if len(found) > _LISTED else ""
    raise UsageError(
        f"{len(found)} deliveries begin with {given}; nothing was recorded",
        expected=f"one of {', '.join(told)}{more}",
        zh=f"以{given}开头的来件有{len(found)}个，未作记录：请多写几位，如{'；'.join(told)}。",
        code="ambiguous_delivery",
    )


def _asked(c: Connection, delivery_id: str, of: Of) -> list[_Found]:
    """The reports of a delivery, or of one form or period in it; a UsageError says what there is instead."""
    there = [_Found(**r) for r in fetch(c, query("ledger/found"), {"d": delivery_id})]
    asked = [one for one in there if of.form in (None, one.form) and of.period in (None, one.period)]
    if not asked:
        wanted = " ".join(filter(None, (of.form, of.period)))
        told = [f"{one.form} {one.period}" for one in there]
        raise UsageError(
            f"delivery {delivery_id} holds no {wanted}",
            expected=", ".join(told),
            zh=f"来件{delivery_id}中没有{wanted}；其中有：{'、'.join(told)}。",
            code="not_in_delivery",
        )
    return asked


def _about(found: Sequence[_Found], action: str, delivery_id: str, of: Of) -> list[_Found]:
    """Those of the reports that a decision changes. Raises UsageError for none, and for a release of several."""
    if action == "void":
        about = [one for one in found if one.status != "void"]
        if not about:
            raise UsageError(
                f"delivery {delivery_id} is void already; nothing was recorded",
                expected="one that is not",
                zh=f"来件{delivery_id}已经作废，未作记录。",
                code="void_already",
            )
        return about
    about = [one for one in found if one.status in RELEASED]
    if not about:
        en = ", ".join(f"{one.form} {one.period} {one.status or 'unchecked'}" for one in found)
        zh = "、".join(
            f"{one.form} {one.period} {STATUSES[one.status] if one.status else '尚未核查'}" for one in found
        )
        raise UsageError(
            f"nothing of delivery {delivery_id} is held; nothing was recorded",
            expected=f"a report that is held or void; there are {en}",
            zh=f"来件{delivery_id}没有待审的报送，未作记录；现为：{zh}。",
            code="nothing_held",
        )
    if len(about) > 1 and not of.is_all:
        raise _several(about, delivery_id)
    return about


def _several(about: Sequence[_Found], delivery_id: str) -> UsageError:
    """Several reports wait: each with its question, and what to type for it."""

    def line(one: _Found, asks: str) -> str:
        typed = f'qiangji release {delivery_id} --form {one.form} --period {one.period} --reason "…"'
        return f"  {typed}\n    {asks}"

    zh = "\n".join(line(one, f"{STATUSES[one.status or '']}：{one.asks_zh}".rstrip("：")) for one in about)
    return UsageError(
        f"{len(about)} reports of delivery {delivery_id} wait; nothing was recorded",
        expected="one of them by --form and --period as above, or all of them by --all: "
        + ", ".join(f"{one.form} {one.period} {one.status}: {one.asks_en}".rstrip(": ") for one in about),
        zh=f"来件{delivery_id}有{len(about)}份报送待决定，未作记录。请逐份放行（或加--all一并放行）：\n{zh}\n",
        code="several_held",
    )
