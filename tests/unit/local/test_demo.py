"""The demonstration's strings that no type checker sees."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from unittest.mock import MagicMock

import pytest
from rich.console import Console

from qiangji.errors import QiangjiError, UsageError
from qiangji.local import demo, supervisor
from qiangji.settings import PROJECT, settings


def test_what_the_scheduler_imports_before_it_forks_is_there() -> None:
    assert [name for name in demo.READY if find_spec(name) is None] == []


def test_its_dags_are_those_of_the_project() -> None:
    assert set(demo.DAGS) == {file.stem for file in (PROJECT / "dags").glob("*.py")}


def test_the_month_s_own_run_is_none_of_the_backfill() -> None:
    """On the first of a month, at the hour of its schedule, the demonstration was called red."""
    client = MagicMock()
    client.runs.return_value = [
        MagicMock(run_id=id_, run_type=id_.partition("_")[0])
        for id_ in ("backfill__old", "scheduled__2026-11", "backfill__new")
    ]
    assert demo._new_runs(client, {"backfill__old"}, 1) == ["backfill__new"]


# ---- while `make up` runs


class Up:
    """What `make up` runs: an Airflow with a client, and county systems that note what happens to them."""

    url = "http://127.0.0.1:18080"

    def __init__(self) -> None:
        self.events: list[str] = []
        self.fails = False

    @contextmanager
    def client(self) -> Iterator[Up]:
        yield self

    def collect(self, *_: Any, expect_red: bool) -> bool:
        self.events.append(f"night {'red' if expect_red else 'green'}")
        if self.fails:
            raise QiangjiError("broken")
        return True


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> Up:
    found = Up()
    monkeypatch.setattr(demo, "_is_up", lambda _: True)
    monkeypatch.setattr(supervisor, "restored", lambda _: found)
    monkeypatch.setattr(demo, "prepare", lambda *_: None)
    monkeypatch.setattr(demo, "event", lambda _, what, county: found.events.append(f"{what} {county}"))
    monkeypatch.setattr(demo, "_collect", found.collect)
    monkeypatch.setattr(demo, "airflow_of", lambda *_: pytest.fail("what runs is left as it is"))
    return found


def run(*, keep: bool = False, down: str = "440704") -> tuple[int, str]:
    out = io.StringIO()
    code = demo.run(Console(file=out, width=160), lambda *_: None, keep=keep, down=[down])
    return code, out.getvalue()


def test_a_county_goes_down_in_what_runs_and_is_up_again_afterwards(up: Up) -> None:
    code, said = run()
    assert code == 0
    assert up.events == ["down 440704", "night red", "up 440704"]
    assert "已在运行" in said
    assert up.url in said


def test_the_county_may_be_given_by_its_name(up: Up) -> None:
    run(down="江海区")
    assert up.events == ["down 440704", "night red", "up 440704"]


def test_a_county_is_up_again_after_an_error_too(up: Up) -> None:
    up.fails = True
    with pytest.raises(QiangjiError, match="broken"):
        run()
    assert up.events[-1] == "up 440704"


def test_to_keep_up_what_is_up_is_refused_in_words(up: Up) -> None:
    with pytest.raises(UsageError, match="it is up already") as e:
        run(keep=True)
    assert e.value.code == "is_up"
    assert up.events == []


def test_a_red_night_is_told_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    client, airflow = MagicMock(), MagicMock()
    client.wait_for_run.return_value.state = "failed"
    client.runs.return_value = []
    monkeypatch.setattr(demo, "_wait_for_builds", lambda *_: True)
    out = io.StringIO()
    clock = demo.Clock(Console(file=out, width=200), backfilled=0)
    assert demo._collect(client, airflow, clock, settings(), expect_red=True)
    assert "夜间采集报红 the night is red" in out.getvalue()
    assert "有县（市、区）未能采集" in out.getvalue()
