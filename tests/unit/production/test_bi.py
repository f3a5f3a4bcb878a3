"""docker/bi.yml and what it starts: nothing is open without a network that was named. With a real server:
tests/integration/test_bi.py.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from qiangji.settings import PROJECT
from tests.unit.production.shape import bi, compose, examples, read, with_defaults
from tests.unit.production.test_compose import against_the_specification

GIVEN = {"BI_NETWORKS": "10.20.0.0/16 10.30.1.0/24", "DATA_NETWORK": "172.31.249.0/24"}


def start(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The script, with a program in place of the server that says how it was started."""
    (folder / "secrets").mkdir(exist_ok=True)
    for name in ("bi_tls_cert", "bi_tls_key"):
        if not (folder / "secrets" / name).exists():
            (folder / "secrets" / name).write_text("PEM", encoding="utf-8")
    server = folder / "server"
    server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    server.chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"], "SECRETS_FOLDER": str(folder / "secrets"), "BI_FOLDER": str(folder / "made"),
        "BI_START": str(server), "BI_OWNER": str(os.getuid()),
    }  # fmt: skip
    return subprocess.run(
        ["sh", str(PROJECT / "docker/postgres/bi.sh")],
        env=environment | given, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_adds_to_one_service_and_holds_to_the_specification() -> None:
    assert list(against_the_specification(bi())) == []
    assert bi()["services"].keys() == {"postgres"}
    postgres = bi()["services"]["postgres"]
    assert set(postgres["secrets"]) == bi()["secrets"].keys() == {"bi_tls_cert", "bi_tls_key"}
    assert (PROJECT / postgres["volumes"][0].split(":")[0]).stat().st_mode & 0o111
    (port,) = postgres["ports"]
    assert port.startswith("${BI_BIND:?"), "nothing is open until somebody says where"
    assert postgres["environment"]["BI_NETWORKS"].startswith("${BI_NETWORKS:?")
    assert examples()["BI_BIND"] == examples()["BI_NETWORKS"] == ""
    (network,) = bi()["networks"]["data"]["ipam"]["config"]
    assert network["subnet"] == postgres["environment"]["DATA_NETWORK"], (
        "what pg_hba.conf calls inside is inside"
    )
    assert with_defaults(network["subnet"]) == examples()["DATA_NETWORK"]
    assert compose()["services"]["postgres"]["networks"] == ["data"], "without it nobody is let in"


def test_two_roles_come_in_with_tls_and_nobody_else(tmp_path: Path) -> None:
    ran = start(tmp_path, **GIVEN)
    assert ran.returncode == 0, ran.stderr
    lines = (tmp_path / "made" / "pg_hba.conf").read_text(encoding="utf-8").splitlines()
    rules = [line.split() for line in lines if not line.startswith("#")]
    outside = [r for r in rules if r[0] != "local" and GIVEN["DATA_NETWORK"] not in r]
    assert outside == [
        ["hostssl", "qiangji", "qiangji_bi,qiangji_analyst", "10.20.0.0/16", "scram-sha-256"],
        ["hostssl", "qiangji", "qiangji_bi,qiangji_analyst", "10.30.1.0/24", "scram-sha-256"],
        ["host", "all", "all", "all", "reject"],
    ]
    assert rules[-1] == outside[-1]
    assert not [r for r in rules if r[0] != "local" and "postgres" in r[2]]
    assert (tmp_path / "made" / "server.key").stat().st_mode & 0o777 == 0o600
    assert "ssl=on" in ran.stdout.splitlines()
    assert f"hba_file={tmp_path}/made/pg_hba.conf" in ran.stdout.splitlines()


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "10.0.0.0/0", "all", "10.1.2.3", "10.1.0.0/16 all"])
def test_everywhere_is_no_network(tmp_path: Path, network: str) -> None:
    ran = start(tmp_path, **GIVEN | {"BI_NETWORKS": network})
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "BI_NETWORKS" in ran.stderr


@pytest.mark.parametrize("name", ["bi_tls_cert", "bi_tls_key"])
def test_without_certificate_and_key_it_does_not_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / name).write_text("", encoding="utf-8")
    ran = start(tmp_path, **GIVEN)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert name in ran.stderr


def test_what_it_lacks_is_named(tmp_path: Path) -> None:
    for name in GIVEN:
        ran = start(tmp_path, **{k: v for k, v in GIVEN.items() if k != name})
        assert ran.returncode
        assert name in ran.stderr


def test_the_page_shows_how() -> None:
    text = read("docs/runbooks/production.md")
    assert "docker/bi.yml" in text
    assert "bi_tls_key" in text
