"""Ids of decisions, who decides, and that a decision needs a reason."""

from __future__ import annotations

import getpass
import pwd
from collections.abc import Callable

import pytest

from qiangji.errors import UsageError
from qiangji.ledger import events
from qiangji.settings import settings


def entry(shell: str) -> Callable[[int], pwd.struct_passwd]:
    return lambda number: pwd.struct_passwd(("somebody", "x", number, number, "", "/", shell))


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's login, whoever runs the tests."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("QIANGJI_BY", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", entry("/bin/bash"))
    settings.cache_clear()


def test_the_next_decision_has_another_id_and_the_same_one_the_same() -> None:
    ids = [events.decision_id("d1", 0), events.decision_id("d1", 1), events.decision_id("d2", 0)]
    assert len(set(ids)) == 3
    assert ids[0] == events.decision_id("d1", 0) == "484a0aa94c2db992396b8bd0d7ca18d7"


@pytest.mark.parametrize(("by", "who"), [("组织二科", "组织二科"), (" x ", "x")])
def test_who_decides_is_who_was_named(by: str, who: str) -> None:
    assert events.decided_by(by) == who


def test_nobody_named_is_the_login() -> None:
    assert events.decided_by() == getpass.getuser()


def test_a_name_of_the_environment_goes_before_the_login_and_behind_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUDO_USER", "li.lei")
    assert events.decided_by() == "li.lei", "root is nobody's name"
    monkeypatch.setenv("QIANGJI_BY", "han.meimei")
    settings.cache_clear()
    assert events.decided_by() == "han.meimei"
    assert events.decided_by("组织二科") == "组织二科"


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false", ""])
def test_a_service_decides_nothing(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the image, whose one login is the same for everybody who comes by `docker compose exec`."""
    monkeypatch.setattr(pwd, "getpwuid", entry(shell))
    with pytest.raises(UsageError, match="--by NAME, or QIANGJI_BY") as e:
        events.decided_by()
    assert e.value.code == "no_person"
    assert events.decided_by("李雷") == "李雷"


def test_a_login_that_has_no_name_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(UsageError) as e:
        events.decided_by()
    assert e.value.code == "no_person"


@pytest.mark.parametrize("by", ["", "  "])
def test_a_name_that_is_none_is_refused(by: str) -> None:
    with pytest.raises(UsageError) as e:
        events.decided_by(by)
    assert e.value.code == "no_person"


ODD = [
    "a\0b",
    "\0",
    "a\x1bb",
    "a\x08b",
    "a\x7f",
    "a\x9fb",
    "行二\u202ecba",
    "\u202dx",
    "a\ud800b",
    "a\udc80b",
]
"""Texts with a character that cannot be kept, or that turns round what is seen."""
EVEN = ["两行\r\n第二行", "a\tb", "𠮷野家 é", "\ufeff已核实", "عربي", "\u200b核", "«x» <b> =1+1"]


@pytest.mark.parametrize("text", ODD)
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as e:
        events.require_reason(text + "x")
    assert e.value.code == "control_reason"
    assert text not in str(e.value)
    with pytest.raises(UsageError) as e:
        events.decided_by(f"x{text}x")
    assert e.value.code == "control_name"


@pytest.mark.parametrize("text", EVEN)
def test_what_people_paste_is_kept(text: str) -> None:
    events.require_reason(text)


@pytest.mark.parametrize("reason", ["", "  "])
def test_no_reason_is_refused(reason: str) -> None:
    with pytest.raises(UsageError) as e:
        events.require_reason(reason)
    assert e.value.code == "no_reason"
