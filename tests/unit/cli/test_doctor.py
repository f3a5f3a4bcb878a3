"""What `qiangji doctor` says of the settings."""

from __future__ import annotations

import io
import socket

import pytest
from rich.console import Console

from qiangji.cli import doctor
from qiangji.errors import QiangjiError
from qiangji.pipeline import read_catalogue
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


@pytest.mark.parametrize(("is_simulated", "code"), [(True, "demonstration_down"), (False, "unreachable")])
def test_a_demonstration_that_is_over_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, is_simulated: bool, code: str
) -> None:
    if is_simulated:
        (settings().home / "simulator").mkdir(parents=True)
    county = next(c for c in read_catalogue().counties.values() if c.transport == "http_api")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and nobody listens
        host, port = nobody.getsockname()
        monkeypatch.setattr(doctor, "_host_of", lambda _: (host, port))
        with pytest.raises(QiangjiError) as told:
            doctor._answers(county)
        seen = doctor._try("county 440705", lambda: doctor._answers(county))
    assert (told.value.code, "make up" in str(told.value)) == (code, False)
    assert (seen.is_well, seen.is_demonstration) == (False, is_simulated)


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
