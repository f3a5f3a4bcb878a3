"""What is missing for Spark is said at once, in both languages, with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from qiangji import engines
from qiangji.engines import spark_ready
from qiangji.errors import QiangjiError, TransientError, UsageError
from qiangji.settings import Settings


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """PySpark and a Java are there, as far as is looked."""
    monkeypatch.setattr(spark_ready, "find_spec", lambda name: object())
    monkeypatch.setattr(spark_ready, "java_version", lambda: spark_ready.JAVA)


def said(master: str = "") -> QiangjiError:
    with pytest.raises(QiangjiError) as caught:
        engines.require_ready(Settings(engine="spark", spark_master=master))
    return caught.value


def java(folder: Path, says: str) -> Path:
    """A program `java` that tells a version."""
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_all_is_there() -> None:
    engines.require_ready(Settings(engine="spark"))


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_ready, "find_spec", lambda name: None)
    error = said()
    assert (type(error), error.code) == (UsageError, "engine_not_installed")
    assert "PySpark is not installed" in error.en
    assert "没有安装PySpark" in error.zh
    assert "requirements-spark.lock" in error.en


@pytest.mark.parametrize(
    ("found", "en", "zh"), [(None, "there is no Java", "没有Java"), (11, "Java 11 is too old", "Java 11过旧")]
)
def test_without_a_java_that_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, found: int | None, en: str, zh: str
) -> None:
    monkeypatch.setattr(spark_ready, "java_version", lambda: found)
    error = said()
    assert (type(error), error.code) == (UsageError, "engine_not_installed")
    assert en in error.en
    assert zh in error.zh


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "21" 2023', 21),
    ],
)
def test_java_s_version_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, version: int
) -> None:
    monkeypatch.undo()
    java(tmp_path, says)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert spark_ready.java_version() == version
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert spark_ready.java_version() == version


def test_no_java_is_found_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert spark_ready.java_version() is None
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert spark_ready.java_version() is None


def test_a_master_that_does_not_answer() -> None:
    with socket.socket() as s:  # bound and not listening: whoever connects is refused
        s.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{s.getsockname()[1]}"
        error = said(master)
    assert (type(error), error.code) == (TransientError, "engine_unreachable")
    assert master in error.en
    assert master in error.zh


@pytest.mark.parametrize("master", ["spark://", "spark://host", "spark://host:port"])
def test_a_master_that_is_written_wrong(master: str) -> None:
    error = said(master)
    assert (type(error), error.code) == (UsageError, "wrong_setting")
    assert "spark://host:7077" in error.en
