"""A backup: both databases as pg_dump writes them, then lake and journal, and last the mark of the last good one.

In: the settings, and the URLs of the databases. Out: files below QIANGJI_BACKUP. The databases come first: each of
their rows has its file and its event in the lake before it is committed, so the lake that is copied after them has
everything that they name. What came in between is in the journal alone, from which `qiangji rebuild-ledger` brings it.

| below QIANGJI_BACKUP | what |
| --- | --- |
| `lake/` | the lake, one copy for all days: its files never change and are never removed |
| `databases/<moment>/` | `qiangji.dump`, and `airflow.dump` where Airflow is configured, for so many days |
| `last.json` | the last backup that is whole |

What is withheld or goes back to counties is no part of the lake, and in no backup.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from qiangji.errors import QiangjiError, UsageError
from qiangji.masking import masked
from qiangji.settings import Settings

MARK = "last.json"
OLD = timedelta(days=2)
"""A last good backup older than this is worth a warning."""
_MOMENT = "%Y-%m-%dT%H%M%SZ"
_NOT_COPIED = ("tmp", "carried")
"""What is being written, and what one build leaves to the next: neither is part of the record."""


@dataclass
class BackedUp:
    """What one backup did: bytes of each dump, files of the lake (all, and those that were new), what lapsed."""

    folder: Path
    at: datetime
    dumps: dict[str, int] = field(default_factory=dict)
    lake_files: int = 0
    new_files: int = 0
    new_bytes: int = 0
    lapsed: list[str] = field(default_factory=list)


def back_up(settings: Settings, databases: Mapping[str, str]) -> BackedUp:
    """Write a backup of these databases (name -> URL) and of the lake.

    Raises UsageError without a folder outside of the home (`no_backup_folder`), QiangjiError where a dump fails
    (`backup_failed`) or another backup runs (`backup_runs`). The mark then stays that of the last good one.
    """
    folder = _folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        done = BackedUp(folder, datetime.now(UTC))
        moment = done.at.strftime(_MOMENT)
        partial, final = folder / "partial", folder / "databases" / moment
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        (partial / "lake").mkdir(mode=0o700, parents=True)
        for name, url in databases.items():
            dump = partial / f"{name}.dump"
            _dump(url, dump)
            done.dumps[name] = dump.stat().st_size
        _copy_lake(settings.lake, folder / "lake", partial / "lake", done)
        (partial / "lake").rmdir()
        final.parent.mkdir(mode=0o700, exist_ok=True)
        partial.rename(final)
        os.sync()
        _mark(folder, done, final)
        done.lapsed = _remove_old(final, settings.backup_days)
    return done


def last_good(folder: Path) -> tuple[datetime, dict[str, Any]] | None:
    """When the last good backup was made, and its mark; None if there never was one."""
    path = folder / MARK
    if not path.is_file():
        return None
    mark: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return datetime.fromisoformat(mark["at"]), mark


def _folder(settings: Settings) -> Path:
    """Where backups go. Raises UsageError."""
    if settings.backup is None:
        raise UsageError(
            "QIANGJI_BACKUP is not set",
            expected="a folder outside of QIANGJI_HOME, better on another disk",
            do="See docs/runbooks/restore.md.",
            zh="没有设置QIANGJI_BACKUP：应为QIANGJI_HOME之外的文件夹，最好在另一块磁盘上，见docs/runbooks/restore.md。",
            code="no_backup_folder",
        )
    folder = settings.backup.resolve()
    if folder.is_relative_to(settings.home.resolve()):
        raise UsageError(
            "a backup within QIANGJI_HOME would be lost with it",
            where=str(folder),
            expected="a folder outside of it, better on another disk",
            zh=f"{folder}在QIANGJI_HOME之内，会随之一起丢失：应为其外的文件夹，最好在另一块磁盘上。",
            code="no_backup_folder",
        )
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for one backup. Raises QiangjiError `backup_runs`."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise QiangjiError(
                "another backup is being written",
                where=str(folder),
                do="Wait for it: `qiangji doctor` then tells its age.",
                zh="另一个备份正在进行：请等它结束，qiangji doctor会显示其时间。",
                code="backup_runs",
            ) from None
        yield


def _dump(url: str, file: Path) -> None:
    """pg_dump of one database in its custom format; the password is on no command line. Raises QiangjiError."""
    from psycopg.conninfo import make_conninfo

    parts = sa.make_url(url)
    where = make_conninfo(
        **{k: v for k, v in parts.query.items() if isinstance(v, str)},
        host=parts.host,
        port=parts.port or 5432,
        user=parts.username,
        dbname=parts.database,
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    if parts.password:
        environment["PGPASSWORD"] = parts.password
    file.touch(mode=0o600)
    command = ["--format=custom", "--no-password", f"--file={file}", f"--dbname={where}"]
    ran = _program("pg_dump", command, environment)
    if not ran.returncode:  # a dump that cannot be listed cannot be restored
        ran = _program("pg_restore", ["--list", str(file)], environment)
    if ran.returncode:
        said = next((line for line in reversed(ran.stderr.splitlines()) if line.strip()), "")
        raise QiangjiError(
            masked(f"the database {parts.database} was not dumped: {said}"),
            where=f"{parts.host}:{parts.port or 5432}",
            expected="a server that answers, and is not newer than pg_dump",
            do="The last good backup stands. Mend it, then run `qiangji backup`.",
            zh=f"数据库{parts.database}没有备份成功，上一个可用的备份未受影响：请处理后运行qiangji backup。",
            code="backup_failed",
        )


def _program(
    name: str, arguments: list[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    file = _programs() / name
    return subprocess.run(
        [str(file), *arguments],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _programs() -> Path:
    """Where pg_dump lies: in the wheel of the embedded server, which production's image holds, too."""
    from qiangji.embedded.install import installed_programs

    return installed_programs()[0] / "bin"


def _copy_lake(lake: Path, target: Path, partial: Path, done: BackedUp) -> None:
    """Copy what is not there yet. A file appears in the target whole, with its mode; so do folders."""
    if not lake.is_dir():
        return
    for root, folders, names in os.walk(lake):
        here = Path(root).relative_to(lake)
        if here == Path():
            folders[:] = [f for f in folders if f not in _NOT_COPIED]
        (target / here).mkdir(exist_ok=True)
        shutil.copymode(root, target / here)
        for name in names:
            source, copy = Path(root, name), target / here / name
            done.lake_files += 1
            size = source.stat().st_size
            if copy.exists() and copy.stat().st_size == size:
                continue
            shutil.copy2(source, partial / "file")
            (partial / "file").replace(copy)
            done.new_files += 1
            done.new_bytes += size


def _mark(folder: Path, done: BackedUp, final: Path) -> None:
    """Write the mark, in one step: everything that it names is on the disk."""
    from importlib.metadata import version

    mark = {
        "at": done.at.isoformat(),
        "databases": {name: f"databases/{final.name}/{name}.dump" for name in done.dumps},
        "bytes": done.dumps,
        "lake_files": done.lake_files,
        "qiangji": version("qiangji"),
    }
    temporary = folder / f".{MARK}"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(mark, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / MARK)


def _remove_old(newest: Path, days: int) -> list[str]:
    """Remove dumps older than so many days, never the newest; returns their names."""
    before = (datetime.now(UTC) - timedelta(days=days)).strftime(_MOMENT)
    old = sorted(p for p in newest.parent.iterdir() if p.name < before and p != newest)
    for path in old:
        shutil.rmtree(path)
    return [p.name for p in old]
