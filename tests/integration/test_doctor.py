"""`qiangji doctor` asks each kind of county system what it has, with its login, and records nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.nights import Night, night
from tests.integration.test_cli import run

COUNTIES = ["440703", "440704", "440783", "440784", "440785"]
"""A token, a key, a database, SFTP, a user and a password."""


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    with night(tmp_path_factory.mktemp("doctor"), postgres, scale=0.02, months=1, counties=COUNTIES) as one:
        yield one


def told() -> dict[str, dict[str, Any]]:
    """What is said of each of the counties."""
    found = {f["what"].removeprefix("county "): f for f in run("doctor", "--json").json}
    return {county: found[county] for county in COUNTIES}


def test_a_login_that_is_accepted_is_said_to_be_tried(systems: Night) -> None:
    found = told()
    assert [f["what"] for f in found.values() if not f["is_well"]] == []
    assert all("takes the login, lists" in f["detail"] and "登录成功" in f["detail"] for f in found.values())
    assert systems.query("SELECT FROM ops.collection") == []


@pytest.mark.parametrize("county", COUNTIES)
def test_a_login_that_is_refused_is_not_well(
    systems: Night, monkeypatch: pytest.MonkeyPatch, county: str
) -> None:
    """The host answers; the night would be refused all the same."""
    uri = systems.systems.connections[county]
    password = urlsplit(uri).password
    assert password
    monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{county}", uri.replace(password, "not-the-word", 1))
    found = told()
    assert [c for c, f in found.items() if not f["is_well"]] == [county]
    assert found[county]["detail"].startswith("login_refused")
    assert "not-the-word" not in found[county]["detail"]


def test_one_system_that_is_not_reached_ends_no_demonstration(
    systems: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that answer do not hide that it is not."""
    (systems.place.home / "simulator" / "city").mkdir(parents=True, exist_ok=True)
    systems.systems.apply("down", county="440784")
    try:
        found = told()
        shown = run("doctor").out
    finally:
        systems.systems.apply("up", county="440784")
    assert [c for c, f in found.items() if not f["is_well"]] == ["440784"]
    assert found["440784"]["detail"].startswith("unreachable")
    assert (
        urlsplit(systems.systems.connections["440784"]).netloc.rpartition("@")[2] in found["440784"]["detail"]
    )
    assert "演示已结束" not in shown
    assert "make up" not in shown
