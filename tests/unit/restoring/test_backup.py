"""Backups as files: what lapses, what is refused, and what `doctor` says of their age. With a database:
tests/integration/test_restore.py.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qiangji.cli import doctor
from qiangji.errors import QiangjiError, UsageError
from qiangji.restoring import backup
from qiangji.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    lake = tmp_path / "home" / "lake"
    (lake / "raw" / "ab").mkdir(parents=True)
    (lake / "raw").chmod(0o700)
    (lake / "raw" / "ab" / "abc").write_bytes(b"as received")
    (lake / "tmp").mkdir()
    (lake / "tmp" / "torn").write_bytes(b"to")
    return Settings(home=tmp_path / "home", backup=tmp_path / "backups", backup_days=3)


def dumps(settings: Settings) -> list[str]:
    return sorted(p.name for p in (settings.backup or Path()).glob("databases/*"))


def test_the_lake_is_one_copy_and_only_what_is_new_is_copied(settings: Settings) -> None:
    first = backup.back_up(settings, {})
    assert (first.lake_files, first.new_files, first.new_bytes) == (1, 1, 11)
    assert first.folder.stat().st_mode & 0o777 == 0o700
    copied = first.folder / "lake"
    assert [p.relative_to(copied).as_posix() for p in copied.rglob("*") if p.is_file()] == ["raw/ab/abc"]
    assert (copied / "raw").stat().st_mode & 0o777 == 0o700
    (settings.lake / "raw" / "ab" / "abd").write_bytes(b"later")
    (copied / "raw" / "ab" / "abc").write_bytes(b"cut")  # as a copy that was cut off
    second = backup.back_up(settings, {})
    assert (second.lake_files, second.new_files) == (2, 2)
    assert (copied / "raw" / "ab" / "abc").read_bytes() == b"as received"


def test_dumps_lapse_and_the_newest_stays(settings: Settings) -> None:
    folder = settings.backup or Path()
    old = (datetime.now(UTC) - timedelta(days=4)).strftime("%Y-%m-%dT%H%M%SZ")
    young = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H%M%SZ")
    for name in (old, young):
        (folder / "databases" / name).mkdir(parents=True)
    (folder / "partial").mkdir()  # of one that was killed
    (folder / "partial" / "qiangji.dump").write_bytes(b"half")
    done = backup.back_up(settings, {})
    assert done.lapsed == [old]
    assert dumps(settings)[0] == young
    assert len(dumps(settings)) == 2
    assert not (folder / "partial").exists()


def test_the_mark_is_that_of_the_last_good_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.backup
    assert backup.last_good(settings.backup) is None
    backup.back_up(settings, {})
    good = backup.last_good(settings.backup)

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for step in ("_dump", "_copy_lake"):
        with monkeypatch.context() as patch:
            patch.setattr(backup, "_dump", lambda _, file: file.write_bytes(b""))
            patch.setattr(backup, step, broken)
            with pytest.raises(OSError, match="No space"):
                backup.back_up(settings, {"qiangji": "postgresql://h/d"})
        assert backup.last_good(settings.backup) == good
        assert len(dumps(settings)) == 1


@pytest.mark.parametrize("where", ["", "home", "home/lake/backups"])
def test_a_place_that_is_none_is_refused(settings: Settings, tmp_path: Path, where: str) -> None:
    wrong = settings.model_copy(update={"backup": tmp_path / where if where else None})
    with pytest.raises(UsageError) as caught:
        backup.back_up(wrong, {})
    assert caught.value.code == "no_backup_folder"
    assert "QIANGJI_HOME" in caught.value.zh
    assert not (tmp_path / "home/lake/backups").exists()


def test_of_two_at_once_one_is_refused(settings: Settings) -> None:
    assert settings.backup
    settings.backup.mkdir()
    with backup._alone(settings.backup), pytest.raises(QiangjiError) as caught:
        backup.back_up(settings, {})
    assert caught.value.code == "backup_runs"


@pytest.mark.parametrize(
    ("age", "is_warning", "said"),
    [(timedelta(hours=5), False, "5 h ago"), (timedelta(days=2, hours=1), True, "too old")],
)
def test_doctor_tells_its_age(settings: Settings, age: timedelta, is_warning: bool, said: str) -> None:
    assert settings.backup
    settings.backup.mkdir()
    mark = {"at": (datetime.now(UTC) - age).isoformat(), "databases": {"qiangji": "x"}, "lake_files": 7}
    (settings.backup / "last.json").write_text(json.dumps(mark), encoding="utf-8")
    told = doctor._backup(settings)
    assert (told.is_well, told.is_warning) == (True, is_warning)
    assert said in told.detail


def test_doctor_warns_where_there_never_was_one(settings: Settings) -> None:
    told = doctor._backup(settings)
    assert (told.is_well, told.is_warning, "never" in told.detail) == (True, True, True)
    none = doctor._backup(Settings(backup=None, warehouse_url="postgresql://h/d"))
    assert (none.is_well, none.is_warning) == (True, True)
    assert not doctor._backup(Settings(backup=None, warehouse_url="")).is_warning, (
        "the demonstration needs none"
    )
    assert settings.backup
    settings.backup.mkdir()
    (settings.backup / "last.json").write_text("{", encoding="utf-8")
    assert not doctor._backup(settings).is_well
