"""The PostgreSQL that comes along: one server per QIANGJI_HOME, on 127.0.0.1, with passwords.

In: the home folder, and the programs of a wheel (see `install.WHEELS`). Out: a running server, roles, databases
and connection URLs. The log is home/logs/postgres.log; it holds no row values.

| below home/postgres | what |
| --- | --- |
| `state.json` | port and data folder |
| `secrets.json` | passwords, mode 0600 |
| `start.lock` | held while somebody starts, stops or sets up the server |
| `users.lock` | held, shared, by every process that uses the server |
| `leased` | the server stops with its last user |
| `keep_up` | the server outlives its users |
| `reserve`, beside the data | room that is given up where the disk is full, so that the server starts for reading |
| `data` | the data; under root they lie elsewhere, see `install` |

    with EmbeddedPostgres(home).running_server() as server:
        server.ensure_database("qiangji", owner="qiangji_owner")
        engine = create_engine(server.url("qiangji", role="qiangji_owner"))
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiangji.embedded.install import (
    RESERVE_BYTES,
    EmbeddedError,
    Place,
    as_user,
    data_version,
    exclusive,
    forsaken,
    known_data,
    locate,
    program_version,
    read_private,
    remember,
    set_aside,
    try_exclusive,
    write_private,
)
from qiangji.embedded.process import (
    HOST,
    PORTS,
    alive,
    clear_after_a_crash,
    environment,
    free_port,
    ports_of,
    postmaster,
    settings,
    stop_postmaster,
    unsafe,
)

if TYPE_CHECKING:
    import psycopg

__all__ = ["ADMIN", "EmbeddedError", "EmbeddedPostgres"]

ADMIN = "qiangji_admin"
START_SECONDS = 60.0
LOG_BYTES = 20_000_000
FREE_BYTES = 200_000_000
LEAVING = 2.0
"""Seconds that whoever started it waits for other users: a killed process is one until its last thread has ended."""


class EmbeddedPostgres:
    """The server of one home. Making this object touches nothing; several processes may each have one."""

    def __init__(self, home: Path) -> None:
        self.home = Path(home).expanduser().resolve()
        self.folder = self.home / "postgres"
        self.log = self.home / "logs" / "postgres.log"
        self._lock = self.folder / "start.lock"
        self._users = self.folder / "users.lock"
        self._secrets = self.folder / "secrets.json"
        self._keep_up = self.folder / "keep_up"
        self._leased = self.folder / "leased"

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start the server unless it runs. True if this call started it; it then runs until `stop`.

        Raises EmbeddedError if the wheel is absent, the data are of another major version, the disk is full,
        no port is free, or the server ends (with what it said).
        """
        self._make_folder()
        with exclusive(self._lock):
            return self._start()

    def stop(self) -> None:
        """Stop the server, whoever uses it; open connections are closed, committed data are safe."""
        if self.folder.exists():
            with exclusive(self._lock):
                self._stop()

    def running(self) -> bool:
        """Whether this home's server accepts connections."""
        data = known_data(self.home)
        return data is not None and postmaster(data, ready=True) is not None

    @contextlib.contextmanager
    def running_server(self) -> Iterator[EmbeddedPostgres]:
        """A running server for as long as the block runs.

        The server is started if it does not run. The last process (or block) that uses it stops it, if one of
        them had started it and nobody asked to keep it up. Where the home may not be written, a server that runs is
        used as it is.
        """
        if self.running() and not os.access(self.folder, os.W_OK):
            yield self
            return
        self._make_folder()
        with exclusive(self._lock):
            if has_started := self._start():
                self._leased.touch(mode=0o600)
            users = os.open(self._users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield self
        finally:
            # Closing would not unlock: a forked child may hold a copy of the descriptor.
            fcntl.flock(users, fcntl.LOCK_UN)
            deadline = time.monotonic() + (LEAVING if has_started else 0)
            while not self._left(users) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.close(users)

    def _left(self, users: int) -> bool:
        """Whether nobody uses the server any more; it is stopped then."""
        with exclusive(self._lock):
            last = try_exclusive(users)
            if last and self._leased.exists() and not self._keep_up.exists():
                self._stop()
            return last

    def keep_up(self, keep: bool) -> None:
        """Let the server outlive the processes that use it (`make up`), or no longer.

        `keep_up(True)` starts the server if need be. `stop` ends the keeping up too.
        """
        self._make_folder()
        with exclusive(self._lock):
            if keep:
                self._start()
                self._keep_up.touch(mode=0o600)
            else:
                self._keep_up.unlink(missing_ok=True)

    def destroy(self) -> None:
        """Stop the server and delete its data, passwords and state for good."""
        data = known_data(self.home)
        self.stop()
        if data is not None:
            shutil.rmtree(data)
            if self.folder not in data.parents:
                shutil.rmtree(data.parent)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- roles, databases, URLs -----------------------------------------------------------------------------

    def ensure_role(self, name: str, login: bool = True) -> None:
        """Make the role if it is missing. With `login` it gets a random password, which `url` knows."""
        from psycopg import sql

        with exclusive(self._lock), self.connect() as connection:
            role = sql.Identifier(name)
            query = "SELECT rolcanlogin FROM pg_roles WHERE rolname = %s"
            known = connection.execute(query, [name]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            passwords = read_private(self._secrets)
            if login and not (known and known[0] and name in passwords):
                passwords[name] = secrets.token_urlsafe(24)
                # Hashed here: a statement with the password in it could be logged.
                hashed = connection.pgconn.encrypt_password(
                    passwords[name].encode(), name.encode(), b"scram-sha-256"
                )
                write_private(self._secrets, passwords)
                connection.execute(
                    sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(hashed.decode()))
                )

    def ensure_database(self, name: str, owner: str) -> None:
        """Make the database if it is missing, and make its owner a role that may log in."""
        from psycopg import sql

        self.ensure_role(owner)
        with exclusive(self._lock), self.connect() as connection:
            names = {"database": sql.Identifier(name), "owner": sql.Identifier(owner)}
            known = connection.execute(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
            ).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
            elif known[0] != owner:
                connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {owner}").format(**names))

    def url(self, database: str, role: str = ADMIN, driver: str | None = "psycopg") -> str:
        """`postgresql+psycopg://role:password@127.0.0.1:port/database`; without `+psycopg` if driver is None.

        Contains the password: for connecting, not for logs. Raises EmbeddedError if the role has none yet.
        """
        passwords = read_private(self._secrets)
        if role not in passwords:
            raise EmbeddedError(
                f"no password is known for the role {role}",
                where=str(self._secrets),
                expected=", ".join(sorted(passwords)) or "a server that was started once",
                do="Start the server and make the role with ensure_role",
            )
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{role}:{passwords[role]}@{HOST}:{self.port}/{database}"

    @property
    def port(self) -> int:
        """The TCP port, chosen at the first start. It changes only if another program takes it meanwhile."""
        port = read_private(self.folder / "state.json").get("port")
        if port is None:
            raise EmbeddedError(
                "this home's PostgreSQL was never started",
                where=str(self.folder),
                expected="a port in state.json",
                do="Start it first (any qiangji command that needs the warehouse does)",
            )
        return int(port)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A new autocommit connection of the superuser, for setting up roles and databases."""
        import psycopg

        return psycopg.connect(self.url(database, driver=None), autocommit=True, connect_timeout=10)

    # --- inside the start lock ------------------------------------------------------------------------------

    def _make_folder(self) -> None:
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            if not os.access(self.folder, os.W_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise EmbeddedError(
                f"this folder cannot be made or written: {error.strerror}",
                where=str(self.folder),
                expected="a folder that the present user can write",
                do="Make room or let this user write there, or set QIANGJI_HOME to such a folder; while the server runs"
                " (`make up`, by who may write there), figures can be read",
            ) from error

    def _start(self) -> bool:
        known = known_data(self.home)
        if known is not None and postmaster(known, ready=True) is not None:
            return False
        place = locate(self.home)
        for marker in (self._leased, self._keep_up):
            marker.unlink(missing_ok=True)  # of a server that died
        found, ours = data_version(place.data), program_version(place)
        if found and found != ours:
            raise EmbeddedError(
                f"the data were written by PostgreSQL {found}, the installed programs are {ours}",
                where=str(place.data),
                expected=f"PostgreSQL {ours}",
                do=f"Dump them with the environment that wrote them (pg_dump {found}), set the folder aside "
                "and load the dump into the new server; or rebuild the warehouse from the lake",
            )
        if not found:
            self._check_room(place.data)
            for data in forsaken(self.home, place.data):
                stop_postmaster(data)
            self._initialise(place)
        elif ADMIN not in read_private(self._secrets):
            raise EmbeddedError(
                "the passwords of this server are gone",
                where=str(self._secrets),
                expected=f"the password of {ADMIN}",
                do="Restore it from a backup, or delete this folder and rebuild the warehouse from the lake",
            )
        clear_after_a_crash(place.data)
        reserve = place.data.parent / "reserve"
        free = shutil.disk_usage(place.data).free
        if free < RESERVE_BYTES:
            reserve.unlink(missing_ok=True)
        self._launch(place)
        if free > FREE_BYTES and not reserve.exists():
            set_aside(reserve)
        return True

    def _check_room(self, data: Path) -> None:
        free = shutil.disk_usage(data).free
        if free < FREE_BYTES:
            raise EmbeddedError(
                f"only {free // 1_000_000} MB are free on this disk",
                where=str(data),
                expected=f"{FREE_BYTES // 1_000_000} MB at least",
                do="Make room and start again; nothing was changed",
            )

    def _initialise(self, place: Place) -> None:
        """initdb: UTF-8, one collation on every platform, passwords for every connection."""
        for left in place.data.iterdir():  # of an initdb that was cut short
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        password = secrets.token_urlsafe(24)
        # Beside the data and not in home, which the server's user may be unable to enter.
        handed = place.data.parent / f".initial-{secrets.token_hex(4)}"
        handed.touch(mode=0o600)
        try:
            handed.write_text(password, encoding="ascii")
            place.own(handed, 0o600)
            made = subprocess.run(
                [place.program("initdb"), "--pgdata", str(place.data), "--username", ADMIN,
                 "--pwfile", str(handed), "--auth-host=scram-sha-256", "--auth-local=scram-sha-256",
                 "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                 *(["--no-sync"] if unsafe() else [])],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
                env=environment(), **as_user(place),
            )  # fmt: skip
        finally:
            handed.unlink()
        if made.returncode:
            raise self._failure("the database folder cannot be set up", made.stderr, place.data)
        write_private(self._secrets, {ADMIN: password})
        remember(self.home, data=str(place.data))

    def _launch(self, place: Place) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name(f"{self.log.name}.1"))
        preferred = int(read_private(self.folder / "state.json").get("port", 0))
        tried: set[int] = set()
        for _ in range(5):
            port = free_port(preferred, tried, ports_of(self.home, PORTS))
            tried.add(port)
            remember(self.home, port=str(port))
            shown = self._launch_on(place, port)
            if not shown:
                return
            if "Address already in use" not in shown and "could not bind" not in shown:
                raise self._failure("PostgreSQL does not start", shown, place.data)
        raise self._failure("no free port was found for PostgreSQL", shown, place.data)

    def _launch_on(self, place: Place, port: int) -> str:
        """Start the server on this port. Returns "" when it is ready, otherwise the server's own words."""
        with self.log.open("ab") as log:
            began = log.tell()
            # Started by a shell that ends at once: the server then has no parent and no terminal, so neither
            # Ctrl-C nor the end of this process reaches it. Paths are arguments, never part of the script.
            started = subprocess.run(
                ["/bin/sh", "-c", '"$0" "$@" </dev/null >&2 & echo $!', place.program("postgres"),
                 "-D", str(place.data), *settings(port)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, check=True,
                cwd="/", env=environment(), start_new_session=True,
                **as_user(place),
            )  # fmt: skip
        process = int(started.stdout)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if postmaster(place.data, ready=True) == process:
                return ""
            if not alive(process):
                return self._said_since(began) or "it ended without a word"
            time.sleep(0.02)
        # It still runs: recovery after a crash can take long and is not interrupted.
        return f"it is not ready after {START_SECONDS:.0f} s; " + self._said_since(began)

    def _said_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read(4000).decode("utf-8", "backslashreplace").strip()

    def _failure(self, what: str, said: str, data: Path) -> EmbeddedError:
        reason = " | ".join(line.strip() for line in said.splitlines()[-6:])
        do = f"See {self.log}"
        if "No space left" in said:
            do = "The disk is full: make room and start again"
        elif "could not map anonymous shared memory" in said or "could not create shared memory" in said:
            do = "The machine is short of memory: PostgreSQL needs about 400 MB"
        elif "Permission denied" in said:
            do = "Give the folder back to the user who first started this home"
        return EmbeddedError(f"{what}: {reason}", where=str(data), expected="a running server", do=do)

    def _stop(self) -> None:
        data = known_data(self.home)
        if data is not None:
            stop_postmaster(data)
        self._leased.unlink(missing_ok=True)
        self._keep_up.unlink(missing_ok=True)
