"""Secrets of the production shape, from the file to the program that needs them; and that no wrong one is taken."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qiangji.settings import PROJECT
from tests.unit.production.shape import docker_module

OLD = """# of an installation of before
POSTGRES_PASSWORD=aaaaaaaaaaaaaaaaaaaaaaaa
AIRFLOW_DB_PASSWORD='bbbbbbbbbbbbbbbbbbbbbbbb'
QIANGJI_OWNER_PASSWORD=cccccccccccccccccccccccc
QIANGJI_BI_PASSWORD=
REDIS_PASSWORD=dddddddddddddddddddddddd
AIRFLOW_BASE_PATH=/airflow
"""


def script(name: str, *words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "docker" / f"{name}.py"), *words],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()}


# ---- make_secrets.py


def test_they_are_made_once_and_never_said(tmp_path: Path) -> None:
    ran = script("make_secrets", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = contents(tmp_path / "secrets")
    assert found.keys() == {s.name for s in docker_module("make_secrets").SECRETS}
    filled = [v for v in found.values() if v]
    assert found["county_systems_password"] == "", "a role that may make databases is for the demonstration"
    assert len(set(filled)) == len(filled) == len(found) - 1
    assert all(len(v) >= 40 for v in filled)
    assert len(base64.urlsafe_b64decode(found["airflow_fernet_key"])) == 32
    assert not any(v in ran.stdout + ran.stderr for v in filled)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700, "on the host, nobody else gets in"
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "secrets").iterdir()} == {0o444}, (
        "in the container, users read it that the host does not know"
    )

    again = script("make_secrets", "--demo", cwd=tmp_path)
    assert again.stdout.count("已有") == len(found) - 1
    later = contents(tmp_path / "secrets")
    assert later.pop("county_systems_password")
    assert later.items() <= found.items()


def test_they_are_taken_over_from_an_env_of_before(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(OLD, encoding="utf-8")
    (tmp_path / ".env").chmod(0o600)
    ran = script("make_secrets", "--from", ".env", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = contents(tmp_path / "secrets")
    assert found["postgres_password"] == "a" * 24
    assert found["airflow_db_password"] == "b" * 24
    assert found["qiangji_bi_password"] == "", "nobody could log in as that role"
    assert len(found["airflow_jwt_secret"]) >= 40
    assert (tmp_path / ".env").read_text(encoding="utf-8") == (
        "# of an installation of before\nAIRFLOW_BASE_PATH=/airflow\n"
    )
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "aaaa" not in ran.stdout + ran.stderr


def test_an_env_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    ran = script("make_secrets", "--from", ".env", cwd=tmp_path)
    assert (ran.returncode, list(tmp_path.iterdir())) == (1, [])
    assert ran.stderr.startswith("没有.env这个文件")
    assert "Traceback" not in ran.stderr


def test_a_file_that_says_something_else_is_not_overwritten(tmp_path: Path) -> None:
    script("make_secrets", cwd=tmp_path)
    before = contents(tmp_path / "secrets")
    (tmp_path / ".env").write_text(OLD, encoding="utf-8")
    ran = script("make_secrets", "--from", ".env", cwd=tmp_path)
    assert ran.returncode == 1
    assert all(
        x in ran.stderr for x in ("postgres_password", "redis_password", "未作改动", "nothing was changed")
    )
    assert contents(tmp_path / "secrets") == before
    assert (tmp_path / ".env").read_text(encoding="utf-8") == OLD


# ---- with_secrets.py


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run secrets"
    made.mkdir()
    (made / "plain").write_text("abc123\n", encoding="utf-8")
    (made / "odd").write_text("p@ss/w%rd", encoding="utf-8")
    (made / "empty").write_text("", encoding="utf-8")
    return made


def test_a_program_sees_them_and_its_container_does_not(folder: Path, tmp_path: Path) -> None:
    given = {
        "SECRETS_FOLDER": str(folder),
        "KEY": "{secret:odd}",
        "URL": "redis://:{secret:odd}@redis/0",
        "BOTH": "{secret:plain}-{secret:plain}",
        "OTHER": "{secret}{x}",
    }
    shown = "import os; print(*(os.environ[x] for x in ('KEY', 'URL', 'BOTH', 'OTHER')), sep='|')"
    ran = script("with_secrets", "python3", "-c", shown, cwd=tmp_path, **given)
    assert ran.stdout.strip() == "p@ss/w%rd|redis://:p%40ss%2Fw%25rd@redis/0|abc123-abc123|{secret}{x}", (
        ran.stderr
    )


def test_a_link_runs_the_program_of_its_name(folder: Path, tmp_path: Path) -> None:
    """As `docker compose exec worker qiangji status` and health checks do, which pass no entrypoint."""
    (tmp_path / "links").mkdir()
    (tmp_path / "programs").mkdir()
    (tmp_path / "links" / "celery").symlink_to(PROJECT / "docker/with_secrets.py")
    program = tmp_path / "programs" / "celery"
    program.write_text('#!/bin/sh\necho "$URL $*"\nexit 3\n', encoding="utf-8")
    program.chmod(0o755)
    path = os.pathsep.join((str(tmp_path / "links"), str(tmp_path / "programs"), os.environ["PATH"]))
    ran = subprocess.run(
        ["sh", "-c", "celery inspect 'a b'"],
        env={"PATH": path, "SECRETS_FOLDER": str(folder), "URL": "x:{secret:plain}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.stdout.strip(), ran.returncode) == ("x:abc123 inspect a b", 3), ran.stderr


def test_all_that_are_missing_are_named(folder: Path, tmp_path: Path) -> None:
    given = {
        "SECRETS_FOLDER": str(folder),
        "A": "{secret:gone}",
        "B": "{secret:empty}",
        "C": "{secret:plain}",
    }
    ran = script("with_secrets", "true", cwd=tmp_path, **given)
    assert ran.returncode == 1
    assert all(x in ran.stderr for x in ("gone", "empty", "A", "B", "缺少密码文件", "make_secrets.py"))
    assert "abc123" not in ran.stderr
    assert script("with_secrets", "no-such-program", cwd=tmp_path).returncode == 1


# ---- check.py


@pytest.fixture
def made(tmp_path: Path) -> Path:
    docker_module("make_secrets").make(tmp_path / "secrets", {})
    return tmp_path / "secrets"


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).unlink()
    (folder / name).write_text(text, encoding="utf-8")


def test_what_was_made_can_be_used(made: Path) -> None:
    assert list(docker_module("check").wrong_secrets(made)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("change-me", "占位"),
        ("CHANGE_ME_PLEASE_NOW_1", "占位"),
        ("", "为空"),
        ("\n", "为空"),
        ("hunter2hunter2", "过短"),
        ("correct horse battery staple", "空格"),
        ('aaaa"aaaaaaaaaaaaaaa', "引号"),
        ("aaaa$aaaaaaaaaaaaaaa", "引号"),
        ("密码" * 8, "引号"),
    ],
)
def test_what_nobody_should_run_with_is_refused(made: Path, text: str, said: str) -> None:
    put(made, "redis_password", text)
    (told,) = docker_module("check").wrong_secrets(made)
    assert told.startswith("redis_password: ")
    assert said in told
    assert not text.strip() or text not in told or text == "change-me"


def test_a_reader_may_have_none_and_a_fernet_key_is_one(made: Path) -> None:
    put(made, "qiangji_bi_password", "")
    put(made, "airflow_fernet_key", "x" * 44)
    (told,) = docker_module("check").wrong_secrets(made)
    assert told.startswith("airflow_fernet_key: ")


@pytest.mark.usefixtures("servers")  # a process of its own
def test_all_problems_are_told_at_once_in_both_languages(made: Path, tmp_path: Path) -> None:
    put(made, "redis_password", "change-me")
    (made / "airflow_jwt_secret").unlink()
    wrong: dict[str, Any] = {"QIANGJI_HOME": str(tmp_path), "QIANGJI_NIGHTLY_SCHEDULE": "at night"}
    ran = script("check", cwd=tmp_path, SECRETS_FOLDER=str(made), **wrong)
    assert ran.returncode == 1
    for word in (
        "redis_password",
        "airflow_jwt_secret",
        "QIANGJI_NIGHTLY_SCHEDULE",
        "均未启动",
        "Nothing else",
    ):
        assert word in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.usefixtures("servers")  # a process of its own
def test_a_broken_catalogue_starts_nothing_either(made: Path, tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    wrong: dict[str, Any] = {"QIANGJI_HOME": str(tmp_path), "QIANGJI_CATALOGUE": str(tmp_path / "catalogue")}
    ran = script("check", cwd=tmp_path, SECRETS_FOLDER=str(made), **wrong)
    assert ran.returncode == 1
    assert "counties.yaml" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.usefixtures("servers")  # a process of its own
def test_as_it_is_delivered_everything_may_start(made: Path, tmp_path: Path) -> None:
    ran = script("check", cwd=tmp_path, SECRETS_FOLDER=str(made), QIANGJI_HOME=str(tmp_path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
