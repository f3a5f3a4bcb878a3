"""What tests share: two lanes, a home of their own for each, one embedded PostgreSQL, and warehouses in it.

A test that uses the fixture `servers` (as every fixture that starts PostgreSQL, a server or Airflow does, and what
takes long) is of the slow lane; the others are quick, and `tests/guard.py` ends one that starts a server all the same.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests import distribution, guard
from tests.frozen import paths as frozen
from tests.property import often

guard.install()
hypothesis_settings.register_profile("quick", max_examples=often.QUICK, deadline=None)
if "CI" not in os.environ:  # there Hypothesis has a profile of its own, without a deadline too
    hypothesis_settings.register_profile("whole", deadline=None)
    hypothesis_settings.load_profile("whole")
# no test cuts the power; what is flushed, and in which order, test_lake.py looks at
os.fsync = lambda fd: None
gc.set_threshold(50_000, 20, 20)  # a look at every object of Airflow and Great Expectations takes 0.3 s
for _name in [n for n in os.environ if n.startswith(("QIANGJI_", "AIRFLOW", "SIMULATOR_", "PG", "XDG_"))]:
    del os.environ[_name]  # settings of whoever runs the tests
os.environ["QIANGJI_EMBEDDED_FSYNC"] = "off"
os.environ["QIANGJI_THREADS"] = (
    "1"  # a worker has one core; the demonstration's tests have as many as people do
)
os.environ["QIANGJI_SETTLE_SECONDS"] = (
    "0"  # what tests write is whole; test_transport.py looks at what is not
)

os.environ["QIANGJI_CATALOGUE"] = str(frozen.CATALOGUE)
os.environ["QIANGJI_EXPECTATIONS"] = str(frozen.EXPECTATIONS)

TODAY = date(2026, 11, 24)
"""Of the simulated county systems: the reporting month is 2026-10."""
_numbers = itertools.count()
_templates: dict[str, Any] = {}
"""Of each server."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="FOLDER", help="keep a picture of each page of the board here")
    parser.addoption("--engine", metavar="KIND", help="what builds run on: QIANGJI_ENGINE")


def pytest_configure(config: pytest.Config) -> None:
    if kind := config.getoption("--engine"):
        os.environ["QIANGJI_ENGINE"] = kind


# ---- lanes


@pytest.fixture(scope="session")
def servers() -> None:
    """Says that a test starts PostgreSQL, a server, Airflow or a process of its own that takes long, or that it takes
    more of the quick lane's minute than it tells there: fixtures and tests that do ask for it.
    """


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow lane, before `-m` chooses; long files come first where workers share them."""
    for item in items:
        if is_slow(item):
            item.add_marker(pytest.mark.slow)
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = distribution.in_order(items)


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look at it again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return distribution.LongFirst(config, log)


def is_slow(item: pytest.Item) -> bool:
    """Whether a test uses `servers`, itself or through a fixture."""
    return "servers" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with guard.lane(may_serve=is_slow(item)):
        return (yield)


# ---- homes


@pytest.fixture(scope="session", autouse=True)
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for homes; what is shared by several tests is made in the home of the session."""
    folder = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        _move_into(folder / "session", patch)
        patch.chdir(folder / "session")
        yield folder


@pytest.fixture(autouse=True)
def own_home(homes: Path) -> Iterator[Path]:
    """A home of the test's own: nothing of the user's, of the checkout's or of another test is in it.

    A QIANGJI_HOME that a shared fixture has set stays: the test looks at what that fixture made.
    """
    home = homes / str(next(_numbers))
    with pytest.MonkeyPatch.context() as patch:
        _move_into(home, patch, is_shared=os.environ["QIANGJI_HOME"] != str(homes / "session" / "qiangji"))
        yield home
    found = guard.seen()
    assert not found, f"a test looked at what is not its own, or started a server: {found}"


def _move_into(home: Path, patch: pytest.MonkeyPatch, *, is_shared: bool = False) -> None:
    """HOME, AIRFLOW_HOME and (unless it is somebody's) QIANGJI_HOME are this folder from now on."""
    home.mkdir()
    patch.setenv("HOME", str(home))
    patch.setenv("AIRFLOW_HOME", str(home / "airflow"))
    if not is_shared:
        patch.setenv("QIANGJI_HOME", str(home / "qiangji"))
        _forget_settings()


# ---- PostgreSQL, warehouses, county systems


@pytest.fixture(scope="session")
def postgres(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running embedded server (in a folder with a space in its name)."""
    from qiangji.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("test server"))
    server.start()
    try:
        yield server
    finally:
        server.destroy()


class Templates:
    """Databases as they are right after they were migrated and synchronised, each for one state of the definitions.

    A catalogue that is met a second time gets a template; from then on its warehouses are copies, which takes a
    tenth of a second instead of two. They are of one server, and gone with it.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._met: set[str] = set()
        self._made: dict[str, str] = {}

    def fill(self, url: str) -> None:
        """Make the database of this URL, if it is empty, what opening a pipeline on the settings would make of it."""
        import sqlalchemy as sa

        from qiangji import pipeline
        from qiangji.settings import settings
        from qiangji.warehouse import sync

        name = str(sa.make_url(url).database)
        if not self._is_empty(name):
            return
        wanted = sync.definitions_hash(settings(), pipeline.read_catalogue())
        if wanted in self._met and wanted not in self._made:
            self._make(wanted)
        self._met.add(wanted)
        if wanted in self._made:
            with self._server.connect() as connection:
                connection.execute(f"DROP DATABASE {name}")
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._made[wanted]}")

    def _make(self, wanted: str) -> None:
        from qiangji import pipeline

        name = f"template_{wanted}"
        with self._server.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("QIANGJI_WAREHOUSE_URL", self._server.url(name))
            _forget_settings()
            with pipeline.open_pipeline():
                pass
        _forget_settings()
        self._made[wanted] = name

    def _is_empty(self, name: str) -> bool:
        with self._server.connect(name) as connection:
            found = connection.execute("SELECT to_regclass('ops.definition') IS NULL").fetchone()
            return bool(found[0])


@dataclass
class Workplace:
    """A home with an empty lake, and a database of its own in the shared server."""

    home: Path
    url: str
    templates: Templates | None = None

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """An open pipeline (migrated, synchronised) on the catalogue that the settings name."""
        from qiangji import pipeline

        self.prepare()
        with pipeline.open_pipeline() as p:
            yield p

    def prepare(self) -> None:
        """What the first command would make of the database, copied where others of the same catalogue were made."""
        if self.templates:
            self.templates.fill(self.url)

    def ask(self, statement: str, zone: str | None = None, **values: Any) -> list[Any]:
        """Rows as a BI tool gets them, which only reads; `zone`: the session's, if not the database's."""
        import sqlalchemy as sa

        engine = sa.create_engine(self.url)
        try:
            with engine.begin() as c:
                if zone:
                    c.execute(sa.text(f"SET LOCAL timezone = '{zone}'"))
                c.execute(sa.text("SET LOCAL ROLE qiangji_bi"))
                return list(c.execute(sa.text(statement), values))
        finally:
            engine.dispose()

    def url_as(self, role: str) -> str:
        """The same database with another role (which must be able to log in)."""
        import sqlalchemy as sa

        return sa.make_url(self.url).set(username=role, password=role).render_as_string(hide_password=False)


@pytest.fixture
def workplace(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """Settings of this process point to a fresh home and database for the test's duration."""
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        yield place
    monkeypatch.undo()
    _forget()


@contextmanager
def make_workplace(home: Path, postgres: Any, setenv: Callable[[str, str], Any]) -> Iterator[Workplace]:
    """A workplace whose environment is set by `setenv`; its database is dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    home.mkdir(parents=True, exist_ok=True)
    url = postgres.url(name)
    setenv("QIANGJI_HOME", str(home))
    setenv("QIANGJI_WAREHOUSE_URL", url)
    _forget()
    try:
        yield Workplace(home, url, _templates.setdefault(str(postgres.home), Templates(postgres)))
    finally:
        with postgres.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def warehouse_of(catalogue: Any, home: Path, postgres: Any) -> Iterator[Any]:
    """An engine on a catalogue's warehouse, made from an empty database."""
    from qiangji.settings import settings
    from qiangji.warehouse import open_warehouse

    with (
        pytest.MonkeyPatch.context() as patch,
        make_workplace(home, postgres, patch.setenv),
        open_warehouse(settings(), catalogue) as engine,
    ):
        yield engine


def _forget_settings() -> None:
    if "qiangji.settings" in sys.modules:
        sys.modules["qiangji.settings"].settings.cache_clear()


def _forget() -> None:
    """Settings and catalogues are cached for a process."""
    from qiangji.catalogue.load import load
    from qiangji.settings import settings

    settings.cache_clear()
    load.look()


@contextmanager
def simulated(
    folder: Path, postgres: Any, setenv: Callable[[str, str], Any], **options: Any
) -> Iterator[Any]:
    """Running simulated county systems, with their connections in the environment."""
    from simulator import Simulator

    chosen: dict[str, Any] = {"seed": 20240904, "today": TODAY, "months": 4, "scale": 0.05} | options
    with Simulator(folder, postgres_url=postgres.url("postgres", driver=None), **chosen) as systems:
        for line in (folder / "connections.env").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            setenv(name, value)
        yield systems
