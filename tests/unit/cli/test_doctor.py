"""What `qiangji doctor` says of the settings."""

from __future__ import annotations

from qiangji.cli import doctor
from qiangji.settings import Settings


def test_an_engine_that_there_is_not_is_not_well() -> None:
    assert doctor._try("settings", lambda: doctor._settings(Settings())).is_well
    told = doctor._try("settings", lambda: doctor._settings(Settings(engine="polars")))
    assert not told.is_well
    assert "polars" in told.detail
    assert "duckdb" in told.detail
