"""What is known to be secret is shown as ***, whoever says it."""

from __future__ import annotations

import io
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from qiangji import masking
from qiangji.errors import QiangjiError, TransientError
from qiangji.settings import PROJECT, connection


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", set())
    monkeypatch.setattr(masking, "_told", [])


@pytest.mark.parametrize(
    ("uri", "secrets"),
    [
        ("https://login:geheim-1@h:1/path", ["geheim-1"]),
        ("sftp://login:geheim%2F1@h/in?host_key=ssh-rsa+AAAAB3", ["geheim/1", "geheim%2F1"]),
        ("https://login:geheim/1#@x@h/path", ["geheim/1#@x"]),
        ("postgresql+psycopg://login:geheim@1@h/db?sslpassword=wort-2", ["geheim@1", "wort-2"]),
        ("https://:geheim-1@h/?access_token=wort-2&page=hundert", ["geheim-1", "wort-2"]),
        ("sftp://l@h/?private_key=-----BEGIN+KEY-----+abc", ["-----BEGIN KEY----- abc"]),
    ],
)
def test_the_secrets_of_an_address_are_known_once_it_is_read(
    uri: str, secrets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIANGJI_CONN_C", uri)
    assert masking.masked(uri) == uri
    connection("c")
    for secret in secrets:
        assert masking.masked(f"<{secret}>") == "<***>"
    for public in ("login", "hundert", "ssh-rsa AAAAB3", "/etc/keys/c"):
        assert masking.masked(public) == public


def test_short_ones_are_left_alone() -> None:
    """Every word that holds one would be masked."""
    masking.add("", "a", "rows")
    assert masking.masked("a few rows") == "a few rows"


def test_the_longer_of_two_is_masked_whole() -> None:
    masking.add("geheim", "geheim-und-mehr")
    assert masking.masked("geheim-und-mehr geheim") == "*** ***"


def test_errors_of_ours_are_masked_wherever_they_go() -> None:
    error = TransientError("cannot open https://u:geheim-1@h", where="geheim-1", expected="x", do="geheim-1")
    masking.add("geheim-1")
    again = pickle.loads(pickle.dumps(error))
    for shown in (str(error), repr(QiangjiError("geheim-1")), str(again)):
        assert "geheim-1" not in shown
        assert "***" in shown


def test_lines_and_tracebacks_of_a_log_are_masked() -> None:
    masking.add("geheim-1")
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(masking.Masking("%(message)s"))
    log = logging.getLogger("qiangji.masking.test")
    log.addHandler(handler)
    try:
        raise ValueError("https://u:geheim-1@h")
    except ValueError:
        log.exception("at %s", "geheim-1")
    finally:
        log.removeHandler(handler)
    assert "geheim-1" not in out.getvalue()
    assert out.getvalue().startswith("at ***\n")
    assert "ValueError: https://u:***@h" in out.getvalue()


def test_messages_are_masked_whatever_handler_they_go_to(caplog: pytest.LogCaptureFixture) -> None:
    masking.add("geheim-1")
    before = logging.getLogRecordFactory()
    try:
        masking.in_all_logs()
        logging.getLogger("somebody.elses").warning("at %s", "https://u:geheim-1@h")
    finally:
        logging.setLogRecordFactory(before)
    assert [r.getMessage() for r in caplog.records] == ["at https://u:***@h"]


def test_another_masker_is_told_what_is_known_and_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    masking.add("geheim-1")
    masking.tell(told.append)
    masking.add("geheim-2", "geheim-1")
    assert told == ["geheim-1", "geheim-2"]


def test_an_error_that_nobody_expected_is_masked_on_the_terminal(tmp_path: Path) -> None:
    script = (
        "from qiangji import cli, settings\n"
        "def fails(*_): raise RuntimeError(settings.connection('c'))\n"
        "cli.app.command('fails')(lambda: fails())\n"
        "cli.main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "fails"],
        env={
            "PYTHONPATH": str(PROJECT / "plugins"),
            "QIANGJI_CONN_C": "https://u:geheim-1@h",
            "QIANGJI_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "RuntimeError: https://u:***@h" in ran.stderr
    assert "geheim" not in ran.stderr + ran.stdout
