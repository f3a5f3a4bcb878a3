"""What every record of a decision or of collecting needs: ids, who decided, and the journal's events of collecting.

In: what a county system listed, what came of collecting it, who decided. Out: files in the lake's journal. An event's
name follows from its content, so that the same event is written once. Decisions are written to the journal where they
are made.
"""

from __future__ import annotations

import getpass
import os
import pwd
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from qiangji.errors import UsageError
from qiangji.hashing import short
from qiangji.lake import Lake
from qiangji.ledger.records import Delivery, Reading, Seen
from qiangji.personal_data import KINDS_ZH, kind_of
from qiangji.settings import settings
from qiangji.text import control_in

_NO_PERSON = ("", "nologin", "false", "sync")
"""Shells of logins that no person has."""


def collected(
    lake: Lake,
    arrived: Sequence[tuple[Delivery, str]],
    seen: Sequence[Seen],
    outcomes: Sequence[dict[str, Any]],
) -> None:
    """Record what came of collecting some counties, in one file."""
    now = datetime.now(UTC)
    told = {
        f"delivery-{d.delivery_id}": {"event": "delivery", "version": version, **asdict(d)}
        for d, version in arrived
    }
    told |= {s.event_id: {"event": "seen", **asdict(s), "seen_at": now} for s in seen}
    if outcomes:
        at = max(r["ended_at"] for r in outcomes)
        event_id = f"collection-{short(*sorted(map(repr, outcomes)))}"
        told[event_id] = {"event": "collection", "at": at, "rows": list(outcomes)}
    if told:
        name = next(iter(told)) if len(told) == 1 else f"collection-{short(*told, length=32)}"
        lake.record(name, now, *told.values())


def read(lake: Lake, readings: Sequence[Reading]) -> None:
    """Record verdicts, all in one file. One verdict alone, published again, overwrites itself."""
    now = datetime.now(UTC)
    ids = [r.event_id for r in readings]
    name = ids[0] if len(ids) == 1 else f"submission-{short(*ids, length=32)}"
    lake.record(name, readings[0].submission.checked_at, *(r.event(now) for r in readings))


def decision_id(target: str, before: int) -> str:
    """Id of the next decision on a target that has `before` decisions.

    A decision whose transaction never committed is overwritten in the journal by the next one, which gets the same id:
    a restore must not bring back what nobody decided in the end.
    """
    return short(target, str(before), length=32)


def decided_by(by: str | None = None) -> str:
    """The person who decides: who was named, here or in `QIANGJI_BY`, else the login.

    Of several people who share a machine each is named: behind `sudo` it is who called it. Raises UsageError: no_person
    where the login is a service's, as in a container, and nobody was named; personal_name.
    """
    if by is not None and not by.strip():
        raise UsageError(
            "--by names nobody",
            expected="a name, or no --by for the login",
            zh="--by没有写姓名：请写明由谁决定，或不加--by（记登录名）。",
            code="no_person",
        )
    named = (by or "").strip() or settings().by.strip() or os.environ.get("SUDO_USER", "")
    if named:
        require_public(named, "name", "姓名")
        return named
    try:
        shell = pwd.getpwuid(os.getuid()).pw_shell
        login = getpass.getuser()
    except (KeyError, OSError):  # a number without a name
        shell, login = "", str(os.getuid())
    if PurePath(shell).name in _NO_PERSON:
        raise UsageError(
            f"{login} is no person's login: nobody to record as who decides",
            expected="--by NAME, or QIANGJI_BY in the environment",
            zh=f"{login}不是个人账户，无法记录由谁决定：请加--by 姓名，或设置QIANGJI_BY。",
            code="no_person",
        )
    return login


def require_reason(reason: str) -> None:
    """Refuse a decision without a reason, and a reason that nobody may read. Raises UsageError: no_reason,
    personal_reason.
    """
    if not reason.strip():
        raise UsageError(
            "no reason given",
            expected="--reason with a few words",
            zh="没有写理由：请用--reason写明几个字。",
            code="no_reason",
        )
    require_public(reason)


def require_plain(text: str, en: str, zh: str) -> None:
    """Refuse a text with a character that the ledger cannot keep, or that changes how the others are seen.

    Raises UsageError: control_reason, control_name, and the like of other texts.
    """
    if odd := control_in(text):
        raise UsageError(
            f"the {en} holds a character that cannot be kept ({odd})",
            expected="letters, digits, punctuation, ends of lines",
            do="It cannot be seen: type the text anew instead of pasting it.",
            zh=f"{zh}里有不能保存的控制字符（{odd}，看不见）：请重新输入，不要粘贴。",
            code=f"control_{en}",
        )


def require_public(text: str, en: str = "reason", zh: str = "理由") -> None:
    """Refuse a text with a resident ID or a mobile number: whoever reads figures may read who decided what, and why.

    `en` and `zh` name the text: a reason, a name. Raises UsageError: personal_reason, personal_name, and those of
    `require_plain`.
    """
    require_plain(text, en, zh)
    kind = kind_of(text)
    if kind in ("resident_id", "mobile"):
        raise UsageError(
            f"the {en} holds personal data ({kind})",
            expected=f"a {en} without it",
            zh=f"{zh}里有{KINDS_ZH[kind]}：请删去后再提交。",
            code=f"personal_{en}",
        )
