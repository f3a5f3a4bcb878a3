"""No test sees what belongs to whoever runs it: the home, the checkout's `.qiangji`, connections, settings.

Planted in a copy of the checkout, in a home and in the environment, all of it stays unread.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qiangji.errors import PermanentError
from qiangji.settings import PROJECT, connection, settings
from tests import distribution, guard
from tests.frozen import paths as frozen

COUNTIES = ("440703", "440704", "440705", "440781", "440783", "440784", "440785", "440799")
OUTSIDE = "tests/integration/test_sources.py::test_a_folder_without_its_connection"
INSIDE = (
    "test_a_test_has_homes_of_its_own",
    "test_two_tests_have_two_homes",
    "test_no_connection_is_known",
    "test_settings_are_the_defaults",
    "test_what_is_private_cannot_be_opened",
)
_homes: set[str] = set()


def test_a_test_has_homes_of_its_own(own_home: Path) -> None:
    assert Path.home() == own_home
    for name in ("HOME", "QIANGJI_HOME", "AIRFLOW_HOME"):
        assert Path(os.environ[name]).is_relative_to(own_home), name
    assert settings().home == own_home / "qiangji"
    assert not settings().home.exists()
    assert not Path.cwd().is_relative_to(PROJECT)


@pytest.mark.parametrize("time", ["first", "second"])
def test_two_tests_have_two_homes(time: str, own_home: Path) -> None:
    assert list(own_home.iterdir()) == []
    assert os.environ["HOME"] not in _homes
    _homes.add(os.environ["HOME"])
    (own_home / "left").touch()


@pytest.mark.parametrize("county", COUNTIES)
def test_no_connection_is_known(county: str) -> None:
    with pytest.raises(PermanentError) as refused:
        connection(f"county_{county}")
    assert refused.value.code == "no_connection"


def test_settings_are_the_defaults() -> None:
    s = settings()
    assert (s.warehouse_url, s.window_months) == ("", 13)
    assert (s.catalogue, s.expectations) == (frozen.CATALOGUE, frozen.EXPECTATIONS)
    left = {n for n in os.environ if n.startswith(("QIANGJI_", "AIRFLOW", "SIMULATOR_", "PG", "XDG_"))}
    own = {"QIANGJI_HOME", "QIANGJI_EMBEDDED_FSYNC", "QIANGJI_SETTLE_SECONDS", "QIANGJI_THREADS"}
    assert left == own | {"AIRFLOW_HOME", "QIANGJI_CATALOGUE", "QIANGJI_EXPECTATIONS"}


def test_what_is_private_cannot_be_opened() -> None:
    """Whether it is there or not, by whatever way; and what was tried fails the test even if the error is caught."""
    private = PROJECT / ".qiangji" / "connections.env"
    for look in (private.read_bytes, lambda: os.listdir(private.parent), private.open):
        with pytest.raises(guard.OutOfBounds):
            look()
    assert len(guard.seen()) == 3


def test_a_quick_test_starts_no_server() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        with pytest.raises(guard.OutOfBounds, match="servers"):
            one.listen()
    with pytest.raises(guard.OutOfBounds, match="servers"):
        subprocess.run(["/somewhere/bin/postgres", "--version"], check=False)
    assert len(guard.seen()) == 2


@pytest.mark.usefixtures("servers")
def test_a_slow_test_may() -> None:
    with socket.create_server(("127.0.0.1", 0)):
        assert guard.seen() == ()


def test_what_uses_servers_is_slow_and_nothing_else(request: pytest.FixtureRequest) -> None:
    """Through another fixture as well."""
    slow = {item.name for item in request.session.items if item.get_closest_marker("slow")}
    uses = {item.name for item in request.session.items if "servers" in getattr(item, "fixturenames", ())}
    assert slow == uses
    assert "test_what_uses_servers_is_slow_and_nothing_else" not in slow


def test_long_files_are_where_they_are_said_to_be() -> None:
    files = [p.as_posix() for p in (PROJECT / "tests").rglob("test_*.py")]
    assert [name for name in distribution.LONG if not any(f.endswith(f"/{name}") for f in files)] == []
    assert distribution.seconds_of("tests/integration/test_replay.py") > distribution.seconds_of("tests/x.py")


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_what_is_planted_is_not_read(tmp_path: Path) -> None:
    """A checkout in which `make demo` ran, a home with settings of all kinds, an environment full of them."""
    project, home = tmp_path / "checkout", tmp_path / "home"
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("plugins", "simulator", "catalogue", "expectations", "sql", "tests"):
        shutil.copytree(PROJECT / name, project / name, ignore=unwanted)
    shutil.copy(PROJECT / "pyproject.toml", project)
    planted = "".join(f"QIANGJI_CONN_COUNTY_{c}=file:///planted\n" for c in COUNTIES)
    for place in (project / ".qiangji", home / ".qiangji", home, project):
        place.mkdir(parents=True, exist_ok=True)
        (place / "connections.env").write_text(planted, encoding="utf-8")
    environment = os.environ | {
        "HOME": str(home), "QIANGJI_HOME": str(home), "AIRFLOW_HOME": str(home), "PGHOST": "planted",
        "QIANGJI_CATALOGUE": "/planted", "QIANGJI_WAREHOUSE_URL": "planted", "QIANGJI_WINDOW_MONTHS": "7",
        "AIRFLOW__CORE__DAGS_FOLDER": "/planted", "QIANGJI_CONN_COUNTY_440703": "file:///planted",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", OUTSIDE,
         *(f"tests/{Path(__file__).name}::{name}" for name in INSIDE)],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    assert f"{len(INSIDE) + len(COUNTIES) + 1} passed" in ran.stdout
    assert sorted(p.name for p in home.iterdir()) == [".qiangji", "connections.env"]
    assert [p.name for p in (project / ".qiangji").iterdir()] == ["connections.env"]
