#!/usr/bin/env python3
"""Runs a program with the secrets that its environment names: `{secret:redis_password}` becomes what is in the file.

In: `with_secrets.py PROGRAM ...`, or a link to this file that is called as the program is (`airflow ...`), which then
is the next one of that name on PATH. Out: the program in place of this process. So a container as Compose describes
it, `docker inspect` and `docker compose config` hold no secret, and `docker compose exec worker qiangji status` works.

A secret that is the whole value stands there as it is; within a URL it is percent-encoded.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

PLACE = re.compile(r"\{secret:([a-z0-9_]+)\}")


def filled(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment with its secrets. Raises SystemExit, which names every file that is missing or empty."""
    missing: dict[str, str] = {}

    def fill(variable: str, value: str) -> str:
        def secret(place: re.Match[str]) -> str:
            try:
                text = (folder / place[1]).read_text(encoding="utf-8").strip("\r\n")
            except OSError as e:
                missing[str(folder / place[1])] = f"{variable}: {e.strerror}"
                return ""
            if not text:
                missing[str(folder / place[1])] = f"{variable}: empty"
            return text if value == place[0] else quote(text, safe="")

        return PLACE.sub(secret, value)

    found = {name: fill(name, value) for name, value in environment.items()}
    if missing:
        listed = "; ".join(f"{path} ({why})" for path, why in missing.items())
        raise SystemExit(
            f"缺少密码文件，或为空：{listed}。请运行python3 docker/make_secrets.py。\n"
            f"Secrets that are not there: {listed}. Run python3 docker/make_secrets.py."
        )
    return found


def program(called: Path, arguments: list[str], path: str) -> list[str]:
    """What to run: its file, and its words. Raises SystemExit if there is no such program."""
    is_link = called.name != Path(__file__).resolve().name
    words = [called.name, *arguments] if is_link else arguments
    own = called.parent.resolve() if is_link else None
    others = [p for p in path.split(os.pathsep) if p and Path(p).resolve() != own]
    found = shutil.which(words[0], path=os.pathsep.join(others)) if words else None
    if not found:
        raise SystemExit(f"没有该程序 no program {' '.join(words[:1])!r}")
    return [found, *words]


def main() -> None:
    """Fill in, and become the program."""
    called = Path(sys.argv[0])
    if called.name == sys.argv[0]:  # found on PATH by a shell that says the name alone
        called = Path(shutil.which(sys.argv[0]) or sys.argv[0])
    file, *words = program(called, sys.argv[1:], os.environ.get("PATH", os.defpath))
    folder = Path(os.environ.get("SECRETS_FOLDER", "/run/secrets"))
    os.execve(file, words, filled(os.environ, folder))


if __name__ == "__main__":
    main()
