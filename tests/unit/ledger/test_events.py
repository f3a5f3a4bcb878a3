"""Ids of decisions, who decides, and that a decision needs a reason."""

from __future__ import annotations

import getpass

import pytest

from qiangji.errors import UsageError
from qiangji.ledger import events


def test_the_next_decision_has_another_id_and_the_same_one_the_same() -> None:
    ids = [events.decision_id("d1", 0), events.decision_id("d1", 1), events.decision_id("d2", 0)]
    assert len(set(ids)) == 3
    assert ids[0] == events.decision_id("d1", 0) == "484a0aa94c2db992396b8bd0d7ca18d7"


@pytest.mark.parametrize(("by", "who"), [("组织二科", "组织二科"), (" x ", "x")])
def test_who_decides_is_who_was_named(by: str, who: str) -> None:
    assert events.decided_by(by) == who


@pytest.mark.parametrize("by", [None, "", "  "])
def test_nobody_named_is_the_system_s_user(by: str | None) -> None:
    assert events.decided_by(by) == getpass.getuser()


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_is_refused(reason: str) -> None:
    with pytest.raises(UsageError) as e:
        events.require_reason(reason)
    assert e.value.code == "no_reason"
