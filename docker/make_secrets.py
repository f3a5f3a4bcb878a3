#!/usr/bin/env python3
"""Makes the secrets of the production shape, once: a file each, random, in a folder that nobody else can enter.

In: nothing, or the `.env` of an installation that had them there (--from). Out: <folder>/<name>. What is there stays
as it is. It says which were made, never what they are. Needs Python alone, so it runs on the host before any image is.

The folder is 0700. The files in it are 0444: Compose mounts a file as it is, and in the containers users read it that
are nobody on the host. Each container sees those of its service alone.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _words() -> str:
    return secrets.token_hex(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Secret:
    """One file."""

    name: str
    variable: str
    """What it was called in `.env` before there were files."""
    make: Callable[[], str] = _words
    is_optional: bool = False
    """Empty: nobody can log in as that role."""
    is_for_demo: bool = False


SECRETS = (
    Secret("postgres_password", "POSTGRES_PASSWORD"),
    Secret("airflow_db_password", "AIRFLOW_DB_PASSWORD"),
    Secret("qiangji_owner_password", "QIANGJI_OWNER_PASSWORD"),
    Secret("qiangji_bi_password", "QIANGJI_BI_PASSWORD", is_optional=True),
    Secret("qiangji_analyst_password", "QIANGJI_ANALYST_PASSWORD", is_optional=True),
    Secret("qiangji_board_password", "QIANGJI_BOARD_PASSWORD", is_optional=True),
    Secret("redis_password", "REDIS_PASSWORD"),
    Secret("airflow_fernet_key", "AIRFLOW_FERNET_KEY", make=_fernet_key),
    Secret("airflow_jwt_secret", "AIRFLOW_JWT_SECRET"),
    Secret("airflow_api_secret_key", "AIRFLOW_API_SECRET_KEY"),
    Secret("airflow_admin_password", "AIRFLOW_ADMIN_PASSWORD"),
    Secret("superset_secret_key", "SUPERSET_SECRET_KEY"),
    Secret("superset_admin_password", "SUPERSET_ADMIN_PASSWORD"),
    Secret("county_systems_password", "COUNTY_SYSTEMS_PASSWORD", is_optional=True, is_for_demo=True),
)


def in_env_file(path: Path) -> dict[str, str]:
    """Values of those secrets that a `.env` holds, by their variable."""
    known = {s.variable for s in SECRETS}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {k.strip(): v.strip().strip("\"'") for k, v in pairs if k.strip() in known}


def make(folder: Path, given: dict[str, str], *, demo: bool = False) -> dict[str, str]:
    """Write the files that are missing; returns what was done, by name: made, taken, kept, empty.

    Raises SystemExit, and writes nothing, if a file says something else than what is given.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    other = [
        s.name
        for s in SECRETS
        if s.variable in given and (text := _read(folder / s.name)) and text != given[s.variable]
    ]
    if other:
        raise SystemExit(
            f"密码文件与.env不一致，未作改动：{'、'.join(other)}。请删除其中不用的一方。\n"
            f"These files say something else than .env, and nothing was changed: {', '.join(other)}."
            " Delete the one that is not in use."
        )
    done = {}
    for s in SECRETS:
        path = folder / s.name
        if _read(path):
            done[s.name] = "kept"
        elif given.get(s.variable):
            _write(path, given[s.variable])
            done[s.name] = "taken"
        elif s.is_for_demo and not demo:
            done[s.name] = "kept" if path.exists() else "empty"
            if not path.exists():
                _write(path, "")
        elif s.is_optional and s.variable in given:
            _write(path, "")
            done[s.name] = "empty"
        else:
            _write(path, s.make())
            done[s.name] = "made"
    return done


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _write(path: Path, text: str) -> None:
    """The whole file or none; readable in the container, and on the host by who may enter the folder."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(temporary, 0o444)
    os.replace(temporary, path)


def take_out(path: Path) -> list[str]:
    """Remove the secrets' lines from a `.env`, which keeps its mode; returns their variables."""
    known = {s.variable for s in SECRETS}
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    gone = [line.split("=", 1)[0].strip() for line in lines if line.split("=", 1)[0].strip() in known]
    kept = [line for line in lines if line.split("=", 1)[0].strip() not in known]
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".env-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(kept)
    os.chmod(temporary, path.stat().st_mode & 0o777)
    os.replace(temporary, path)
    return gone


WORDS = {
    "made": "已生成 made",
    "taken": "取自.env taken from .env",
    "kept": "已有 there already",
    "empty": "留空 left empty",
}


def main() -> None:
    """Make, or take over, and say what was done."""
    parser = argparse.ArgumentParser(description="Makes the secrets of the production shape 生成密码文件")
    parser.add_argument("--folder", type=Path, default=Path("secrets"), help="where; default: secrets")
    parser.add_argument(
        "--from", type=Path, dest="env", help="take them over from this .env, and out of it", metavar="FILE"
    )
    parser.add_argument("--demo", action="store_true", help="for --profile demo, too")
    chosen = parser.parse_args()
    if chosen.env and not chosen.env.is_file():
        sys.exit(
            f"没有{chosen.env}这个文件：请在放.env的文件夹里运行，或去掉--from。 There is no {chosen.env}: run it where"
            " the .env is, or without --from."
        )
    given = in_env_file(chosen.env) if chosen.env else {}
    for name, what in make(chosen.folder, given, demo=chosen.demo).items():
        print(f"{chosen.folder / name}: {WORDS[what]}")
    if chosen.env and (gone := take_out(chosen.env)):
        print(f"已从{chosen.env}删除 taken out of {chosen.env}: {', '.join(gone)}")
    print(
        "请另存一份到安全处 Keep a copy in a safe place: without airflow_fernet_key connections cannot be read"
    )


if __name__ == "__main__":
    main()
