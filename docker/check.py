"""Runs before anything else of the production shape: secrets, settings and the catalogue, all problems at once.

In: the files of /run/secrets, the environment, the mounted catalogue and suites. Out: exit code 0 when the rest may
start; otherwise what is wrong and what to do, in both languages. Never what a secret is.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from make_secrets import SECRETS  # type: ignore[import-not-found]  # beside it

SHORTEST = 16
_USABLE = re.compile(r"[^\s\"'\\$`]+")
"""Without blanks and what shells, SQL, Redis or Airflow would take for something else."""
_PLACEHOLDER = re.compile(r"change.?me|example|password|secret", re.IGNORECASE)


def wrong_secrets(folder: Path) -> Iterator[str]:
    """A line for each secret that cannot be used, in both languages."""
    for s in SECRETS:
        path = folder / s.name
        try:
            text = path.read_text(encoding="utf-8").strip("\r\n")
        except OSError as e:
            yield f"{s.name}: 无法读取 cannot be read ({e.strerror})"
            continue
        if not text and s.is_optional:
            continue
        if not text:
            yield f"{s.name}: 为空 empty"
        elif _PLACEHOLDER.search(text):
            yield f"{s.name}: 仍是占位文字 still a placeholder, such as change-me"
        elif len(text) < SHORTEST:
            yield f"{s.name}: 过短，至少{SHORTEST}个字符 shorter than {SHORTEST} characters"
        elif not (text.isascii() and text.isprintable() and _USABLE.fullmatch(text)):
            yield f"{s.name}: 含空格、引号、$、反斜杠或非ASCII字符 a blank, quotation mark, $ or other letter"
        elif s.name == "airflow_fernet_key" and not _is_fernet_key(text):
            yield f"{s.name}: 不是Fernet密钥 no Fernet key (32 bytes as URL-safe base64)"


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == 32
    except (binascii.Error, ValueError):
        return False


def wrong_catalogue() -> Iterator[str]:
    """What does not hold in the settings, or else in the catalogue that they name."""
    from qiangji.errors import CatalogueError, QiangjiError
    from qiangji.pipeline import read_catalogue

    try:
        read_catalogue()
    except CatalogueError as e:
        yield from (f"{p.code}: {p}" for p in e.problems)
    except QiangjiError as e:
        yield f"{e.code}: {e}"


def main() -> int:
    """Print what is wrong; returns the exit code."""
    secrets = list(wrong_secrets(Path(os.environ.get("SECRETS_FOLDER", "/run/secrets"))))
    catalogue = list(wrong_catalogue())
    if secrets:
        print("密码文件不可用 Secrets that cannot be used:", *secrets, sep="\n  ")
        print(
            "做法：缺少的由python3 docker/make_secrets.py生成；已用于数据库的要两处同改。"
            " What to do: `python3 docker/make_secrets.py` makes those that are missing; one that a database knows is"
            " changed in both places. See docs/runbooks/production.md"
        )
    if catalogue:
        print("设置或目录有误 Settings or the catalogue are wrong:", *catalogue, sep="\n  ")
    if secrets or catalogue:
        print("其余服务均未启动。 Nothing else was started.")
        return 1
    print("密码文件、设置、目录均可用。 Secrets, settings and the catalogue can be used.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
