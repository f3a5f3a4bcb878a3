"""What `qiangji doctor` says of the settings."""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator

import pytest
from rich.console import Console

from qiangji.cli import county_systems, doctor
from qiangji.cli.county_systems import Door
from qiangji.errors import QiangjiError
from qiangji.settings import Settings, settings


def test_an_engine_that_there_is_not_is_not_well() -> None:
    assert doctor._try("settings", lambda: doctor._settings(Settings())).is_well
    told = doctor._try("settings", lambda: doctor._settings(Settings(engine="polars")))
    assert not told.is_well
    assert "polars" in told.detail
    assert "duckdb" in told.detail


def test_each_line_says_what_it_is_in_words_and_is_broken_by_the_terminal() -> None:
    out = io.StringIO()
    long = "没有该连接" * 30
    examined = [
        doctor.Examined("warehouse", True, "PostgreSQL [18]"),
        doctor.Examined("county 440705", False, long),
        doctor.Examined("holidays", True, "2027", is_warning=True),
        doctor.Examined("thing", True, "of later"),
    ]
    doctor.show(Console(file=out, width=80), examined)
    assert out.getvalue().splitlines() == [
        "ok  warehouse 数据仓库: PostgreSQL [18]",
        f"bad county 440705 县(市、区) 新会区: {long}",
        "warn holidays 放假安排: 2027",
        "ok  thing: of later",
    ]


CAUSE = QiangjiError("nothing answers at 127.0.0.1:9", code="unreachable")
UP, LOST = Door("sftp", "127.0.0.1", 9), Door("http_api", "127.0.0.1", 9, CAUSE)
EMBEDDED, ELSEWHERE = Door("database", "127.0.0.1", 9), Door("sftp", "sftp.example.org", 22, CAUSE)


@pytest.mark.parametrize(
    ("doors", "over"),
    [
        ([LOST, LOST], True),
        ([LOST, EMBEDDED], True),  # which answers while any command runs
        ([LOST, ELSEWHERE], True),
        ([LOST, UP], False),
        ([UP, UP], False),
        ([ELSEWHERE], False),
        ([], False),
    ],
)
def test_a_demonstration_is_over_when_none_of_its_systems_answers(doors: list[Door], over: bool) -> None:
    assert county_systems.is_over(doors) is over


def closed() -> Iterator[tuple[str, int]]:
    """A place where nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()


@pytest.mark.parametrize(
    ("is_simulated", "one_is_up", "code"),
    [
        (True, False, "demonstration_down"),
        (True, True, "unreachable"),
        (False, False, "unreachable"),
    ],
)
def test_what_is_not_reached_is_told_from_a_demonstration_that_is_over(
    monkeypatch: pytest.MonkeyPatch, is_simulated: bool, one_is_up: bool, code: str
) -> None:
    if is_simulated:
        (settings().home / "simulator" / "city").mkdir(parents=True)
    with contextlib.contextmanager(closed)() as place:
        monkeypatch.setattr(county_systems, "host_of", lambda _: place)
        knock = county_systems.knock
        up = {"440785"} if one_is_up else set()
        monkeypatch.setattr(county_systems, "knock", lambda c: UP if c.county in up else knock(c))
        monkeypatch.setattr(county_systems, "_listed", lambda *_: "lists 3 reports")
        seen = {e.what: e for e in doctor._counties()}
    one = seen["county 440705"]
    assert (one.is_well, one.is_demonstration) == (False, code == "demonstration_down")
    assert one.detail.startswith(code)
    assert f"{place[0]}:{place[1]}" in one.detail
    assert "make up" not in one.detail
    assert seen["county 440785"].is_well is one_is_up


def test_what_starts_the_demonstration_is_said_once_with_what_else_is_wrong() -> None:
    down = [
        doctor.Examined(f"county {c}", False, "down", is_demonstration=True) for c in ("440703", "440705")
    ]
    for more, said in (
        ([], ("其余正常", "all else is well")),
        ([doctor.Examined("lake", False, "full")], ("另有1项不正常", "1 more things are not well")),
    ):
        out = io.StringIO()
        doctor.show(Console(file=out, width=80), [*down, *more])
        last = out.getvalue().splitlines()[-1]
        assert out.getvalue().count("make up") == 2, "once in each language"
        assert all(text in last for text in ("2个县", "2 counties", *said))
    out = io.StringIO()
    doctor.show(Console(file=out, width=80), [doctor.Examined("lake", False, "full")])
    assert "make up" not in out.getvalue()
