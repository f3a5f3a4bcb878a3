"""Schedules and other settings that differ between installations: what is taken, and what is said of a wrong one."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from qiangji import schedules
from qiangji.errors import UsageError
from qiangji.schedules import require_cron
from qiangji.settings import PROJECT, SCHEDULES, Settings, settings


@pytest.mark.parametrize(
    "expression",
    ["30 1 * * *", "*/15 * * * *", "0 8 * * mon-fri", "0 8 * * 1-5", "0,30 8-18/2 1,15 JAN-dec 0", "0 0 29 2 *",
     "5/10 * * * *", "0 8 30 2 1", "  30  1 * * * "],
)  # fmt: skip
def test_what_cron_takes_is_a_schedule_and_airflow_agrees(expression: str) -> None:
    from croniter import croniter

    assert require_cron(expression) == " ".join(expression.split())
    assert croniter(expression).get_next() > 0


@pytest.mark.parametrize(
    "expression",
    ["", "01:30", "30 1 * *", "30 1 * * * *", "60 1 * * *", "30 24 * * *", "30 1 0 * *", "30 1 * 13 *", "30 1 * * 8",
     "30 1 * * fre", "*/0 * * * *", "*/x * * * *", "5-1 * * * *", "0 0 30 2 *", "0 0 31 4,6 *", "- * * * *",
     "@daily", "３０ 1 * * *", "1,,2 * * * *", "30 1 * * *#", "-5 * * * *"],
)  # fmt: skip
def test_what_is_none_says_so_in_both_languages(expression: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_cron(expression, "QIANGJI_NIGHTLY_SCHEDULE")
    assert caught.value.code == "wrong_schedule"
    for text in (caught.value.en, caught.value.zh):
        assert "QIANGJI_NIGHTLY_SCHEDULE" in text
        assert "30 1 * * *" in text, "how one is written"
    assert re.search(r"[一-鿿]{4}", caught.value.zh)


def test_every_schedule_is_held_when_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {f for f in Settings.model_fields if f.endswith("_schedule")} == set(SCHEDULES)
    for name in SCHEDULES:
        with monkeypatch.context() as patch:
            patch.setenv(f"QIANGJI_{name.upper()}", "at half past one")
            settings.cache_clear()
            with pytest.raises(UsageError, match=f"QIANGJI_{name.upper()}"):
                settings()
    settings.cache_clear()


def test_wrong_settings_are_told_together_and_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_WITHHELD", "pa55word")
    monkeypatch.setenv("QIANGJI_WINDOW_MONTHS", "pa55word")
    monkeypatch.setenv("QIANGJI_TIMEZONE", "Asia/Jiangmen")
    monkeypatch.setenv("QIANGJI_THREADS", "many")
    settings.cache_clear()
    with pytest.raises(UsageError) as caught:
        settings()
    settings.cache_clear()
    assert caught.value.code == "wrong_setting"
    for name in ("WITHHELD", "WINDOW_MONTHS", "TIMEZONE", "THREADS"):
        assert f"QIANGJI_{name}" in caught.value.en
        assert f"QIANGJI_{name}" in caught.value.zh
    assert "pa55word" not in str(caught.value)


def test_dags_take_their_times_from_the_settings() -> None:
    """`collect_period` is monthly by what it is: its partition is the month."""
    for path in (PROJECT / "dags").glob("*.py"):
        crons = re.findall(r'"([\d*/,-]+(?: [\d*/,-]+){4})"', path.read_text(encoding="utf-8"))
        assert crons == (["0 0 1 * *"] if path.stem == "collect_period" else []), path.name


@pytest.mark.parametrize(
    ("expression", "before", "due"),
    [
        ("30 1 * * *", "2026-12-02 08:00", "2026-12-02 01:30"),
        ("30 1 * * *", "2026-12-02 01:29", "2026-12-01 01:30"),
        ("30 1 * * *", "2027-01-01 00:10", "2026-12-31 01:30"),
        ("0 22 * * mon-fri", "2026-12-07 08:00", "2026-12-04 22:00"),
        ("0 6,18 * * *", "2026-12-07 17:00", "2026-12-07 06:00"),
        ("0 3 1 * *", "2026-12-07 17:00", "2026-12-01 03:00"),
        ("0 3 13 * fri", "2026-12-12 17:00", "2026-12-11 03:00"),  # of two days either is enough
        ("0 3 * * 7", "2026-12-07 17:00", "2026-12-06 03:00"),
        ("0 3 29 2 *", "2026-12-07 17:00", None),  # none within a year
    ],
)
def test_the_last_time_before_a_moment(expression: str, before: str, due: str | None) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = schedules.last_due(expression, datetime.fromisoformat(before).replace(tzinfo=zone))
    assert found == (datetime.fromisoformat(due).replace(tzinfo=zone) if due else None)
