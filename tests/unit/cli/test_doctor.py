"""What `qiangji doctor` says of the settings."""

from __future__ import annotations

import io

from rich.console import Console

from qiangji.cli import doctor
from qiangji.settings import Settings


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
