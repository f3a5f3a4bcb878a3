"""Threads that share a connection take turns: who asked first is first."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from qiangji.warehouse.rows import turn


class Shared:
    """As much of a connection as taking turns needs."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {}


@pytest.fixture
def shared() -> Any:
    return Shared()


def test_who_waits_comes_before_who_has_just_had_it(shared: Connection) -> None:
    order, waits, asked = list[str](), threading.Event(), threading.Event()

    def copies() -> None:
        for n in range(3):
            with turn(shared):
                order.append(f"copy {n}")
                waits.set()
                asked.wait(5)
                time.sleep(0.05)  # until the other one waits

    def asks() -> None:
        waits.wait(5)
        asked.set()
        with turn(shared):
            order.append("asks")

    threads = [threading.Thread(target=each) for each in (copies, asks)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(5)
    assert order == ["copy 0", "asks", "copy 1", "copy 2"]


def test_who_holds_it_may_take_it_again_and_gives_it_back_once(shared: Connection) -> None:
    done = threading.Event()
    with turn(shared), turn(shared):
        pass

    def other() -> None:
        with turn(shared):
            done.set()

    thread = threading.Thread(target=other)
    thread.start()
    assert done.wait(5)
    thread.join(5)


def test_a_wait_that_a_signal_ends_leaves_the_turn_to_others(
    shared: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with turn(shared):

        def ended(_: threading.Event) -> bool:
            raise KeyboardInterrupt

        def other() -> None:
            with monkeypatch.context() as patched, ExitStack() as stack:
                patched.setattr(threading.Event, "wait", ended)
                with pytest.raises(KeyboardInterrupt):
                    stack.enter_context(turn(shared))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(5)
    assert not shared.info["turn"]._waiting
    test_who_holds_it_may_take_it_again_and_gives_it_back_once(shared)
