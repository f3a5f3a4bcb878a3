"""What runs once a day: when, how its health is told, and which files of the logs go. Airflow's database:
tests/integration/test_upkeep.py.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.production.shape import docker_module

daily, upkeep = docker_module("daily"), docker_module("upkeep")


@pytest.mark.parametrize(
    ("now", "due"),
    [("2026-11-29 04:29:59", "2026-11-29 04:30"), ("2026-11-29 04:30:00", "2026-11-30 04:30"),
     ("2026-12-31 23:00:00", "2027-01-01 04:30")],
)  # fmt: skip
def test_the_next_time_is_today_or_tomorrow(now: str, due: str) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = daily.next_time(datetime.fromisoformat(now).replace(tzinfo=zone), "04:30")
    assert f"{found:%Y-%m-%d %H:%M}" == due
    assert found.tzinfo is zone
    for wrong in ("25:00", "half past four", ""):
        with pytest.raises(ValueError, match=r"does not match|unconverted"):
            daily.next_time(found, wrong)


def test_its_health_is_how_the_last_one_ended(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "daily.json"
    assert daily.is_healthy(state), "before the first"
    assert daily.run([sys.executable, "-c", "print('what it did')"], state) == 0
    assert daily.is_healthy(state)
    assert daily.run([sys.executable, "-c", "raise SystemExit(3)"], state) == 3
    assert not daily.is_healthy(state)
    assert daily.run(["no-such-program"], state) == 127
    assert not daily.is_healthy(state)
    said = capfd.readouterr().out
    assert "what it did" in said
    assert "失败 failed (3)" in said
    state.write_text(f'{{"code": 0, "ended": {time.time() - 27 * 3600}}}', encoding="utf-8")
    assert not daily.is_healthy(state), "none of today"


def test_old_logs_go_with_the_folders_that_they_empty(tmp_path: Path) -> None:
    old, new = (
        tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log",
        tmp_path / "dag_id=a" / "run_id=2" / "2.log",
    )
    fresh, linked = tmp_path / "dag_id=b", tmp_path / "dag_id=c"
    for path in (old, new, linked / "x.log"):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"12345")
    fresh.mkdir()
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "kept.log").write_bytes(b"1")
    (linked / "latest").symlink_to(outside)
    ages = {old: 31, new: 29, outside / "kept.log": 99, old.parent: 2}
    for path, days in ages.items():
        os.utime(path, (time.time() - days * 86400,) * 2)
    assert upkeep.remove_files(tmp_path, 30) == (1, 5)
    assert not old.exists()
    assert new.exists()
    assert fresh.exists(), "its file may come in the next moment"
    assert (outside / "kept.log").exists()
    os.utime(old.parent, (time.time() - 2 * 86400,) * 2)
    upkeep.remove_files(tmp_path, 30)
    assert not old.parent.exists()


@pytest.mark.parametrize("text", ["0", "-1", "a week", "", "１"])
def test_a_number_of_days_that_is_none_removes_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LOG_DAYS", text)
    with pytest.raises(SystemExit, match="LOG_DAYS"):
        upkeep.days_of("LOG_DAYS")


def test_what_cannot_be_cleaned_is_told_and_logs_go_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.log"
    old.write_bytes(b"1")
    os.utime(old, (time.time() - 99 * 86400,) * 2)
    given = {"RUN_DAYS": "90", "AUDIT_DAYS": "730", "LOG_DAYS": "30"}
    given |= {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "x", "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(tmp_path)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    rows = iter([{"dag_run": 1200, "job": 3}, {"dag_run": 200, "job": 3}])
    monkeypatch.setattr(upkeep, "counts", lambda _: next(rows))
    failing = [sys.executable, "-c", "import sys; print('cannot clean job'); sys.exit(1)"]
    monkeypatch.setattr(upkeep.accounts, "commands_from_stdin", lambda *_: (failing, ""))
    assert upkeep.main() == 1
    said = capsys.readouterr().out
    assert "cannot clean job" in said
    assert "dag_run: 删除 removed 1,000, 保留 kept 200" in said
    assert "job:" not in said
    assert not old.exists()
