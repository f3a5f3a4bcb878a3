"""Settings: environment variables with the prefix QIANGJI_, each with a default that works.

`connection(id)` looks up a county system's address and credentials. It asks the resolver that Airflow's side installs,
then QIANGJI_CONN_<ID> in the environment, then the file `connections.env` in QIANGJI_HOME, which the demo's simulated
systems write. Values never appear in logs or messages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from qiangji import masking
from qiangji.errors import PermanentError, UsageError
from qiangji.schedules import require_cron

MARK = "QIANGJI_STACK"
"""Environment variable of every process of a home's stack, which their children inherit."""
PROJECT = Path(__file__).resolve().parents[2]
SCHEDULES = ("nightly_schedule", "watch_schedule", "letter_schedule")


class Settings(BaseSettings):
    """Everything that differs between installations."""

    model_config = SettingsConfigDict(env_prefix="QIANGJI_", frozen=True, extra="ignore")

    home: Path = Field(PROJECT / ".qiangji", description="lake, embedded PostgreSQL, state, logs")
    catalogue: Path = Field(PROJECT / "catalogue", description="what is collected and measured")
    expectations: Path = Field(
        PROJECT / "expectations", description="a Great Expectations suite for each form"
    )
    sql: Path = Field(PROJECT / "sql", description="migrations, models, views and queries")
    warehouse_url: str = Field(
        "", description="SQLAlchemy URL of the warehouse; empty: the embedded PostgreSQL"
    )
    board_url: str = Field(
        "", description="SQLAlchemy URL by which the board reads the warehouse; empty: the warehouse's own"
    )
    engine: str = Field("duckdb", description="what runs sql/models: duckdb or spark")
    spark_master: str = Field(
        "", description="Spark's master, such as spark://host:7077; empty: this machine's cores"
    )
    spark_folder: Path | None = Field(
        None, description="where Spark's workers find what they compute from; default: `spark` under the home"
    )
    timezone: str = Field("Asia/Shanghai", description="the time zone of due dates and schedules")
    nightly_schedule: str = Field("30 1 * * *", description="when a night collects, as cron writes it")
    watch_schedule: str = Field(
        "0 8 * * *", description="when is looked at what is late or returned, on working days"
    )
    letter_schedule: str = Field("30 8 * * *", description="when letters go out, on working days")
    window_months: int = Field(13, ge=1, description="how far back a night looks for new deliveries")
    county_timeout: float = Field(120.0, gt=0, description="seconds one county system may take, in all")
    retry_seconds: float = Field(
        300.0, gt=0, description="pause before a failed task's next try, growing by factor 2"
    )
    shrink_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="held below this share of the fullest revision's rows since the last release",
    )
    expected_share: float = Field(
        0.8, ge=0, le=1, description="a report of fewer of the units that should report needs attention"
    )
    check_tasks: int = Field(
        1,
        ge=1,
        le=64,
        description="tasks in which Airflow checks a night: more where there are thousands of counties",
    )
    max_delivery_bytes: int = Field(512 * 2**20, gt=0, description="a larger delivery is refused")
    max_collection_bytes: int = Field(
        2 * 2**30,
        gt=0,
        description="what one county may send in one collection; the rest comes with the next",
    )
    recheck_days: int = Field(
        7,
        ge=0,
        description="days within which files are read again whose time and size stayed (those of the last two months"
        " every night); 0: never",
    )
    settle_seconds: float = Field(
        2.0,
        ge=0,
        description="seconds that a file written in the last minute must stay unchanged to be taken",
    )
    parse_memory_bytes: int = Field(
        2 * 2**30, ge=768 * 2**20, description="address space of the process that reads a file"
    )
    parse_seconds: int = Field(
        60,
        ge=1,
        description="processor seconds that reading a file may take; by the clock, three times as many",
    )
    parse_output_bytes: int = Field(256 * 2**20, gt=0, description="size of what reading a file may give")
    by: str = Field(
        "", description="who decides, where a command that decides has no --by; default: the login"
    )
    withheld: Literal["discard", "keep"] = Field(
        "discard", description="what happens to bytes that are withheld for personal data"
    )
    withheld_days: int = Field(30, ge=1, description="days after which withheld bytes are removed")
    letter_language: Literal["zh", "en"] = Field("zh", description="what letters are written in")
    letter_days: int = Field(
        2, ge=0, le=20, description="working days before a due day from which a county is reminded"
    )
    letter_hosts: str = Field(
        "",
        description="where letters may be sent: mail servers and group robots, `host` or `host:port`, with commas",
    )
    letter_url: str = Field(
        "", description="address of Airflow's pages for the links in the city's letter; empty: no links"
    )
    backup: Path | None = Field(
        None, description="where `qiangji backup` writes, and `doctor` looks for the last good one"
    )
    backup_days: int = Field(30, ge=1, description="days after which a backup of the databases is removed")
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 2,
        validation_alias=AliasChoices("QIANGJI_THREADS", "threads"),
        description="threads of one process",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no time zone that is known, such as Asia/Shanghai") from None
        return name

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def is_simulated(self) -> bool:
        """Whether this is a demonstration's home, whose county systems are simulated: they have left something."""
        folder = self.home / "simulator"
        return folder.is_dir() and any(folder.iterdir())


@lru_cache
def settings() -> Settings:
    """The settings of this process (cached: tests clear it with `settings.cache_clear()`).

    Raises UsageError `wrong_setting` with a line for each that is wrong, `wrong_schedule`.
    """
    try:
        found = Settings()
    except ValidationError as e:
        raise _wrong(e) from None  # its text holds what was given
    for name in SCHEDULES:
        require_cron(getattr(found, name), f"QIANGJI_{name.upper()}")
    masking.remember(found.warehouse_url)
    masking.remember(found.board_url)
    return found


def _wrong(error: ValidationError) -> UsageError:
    """What is wrong with settings, without a value: one may be a secret."""
    found = [(str(e["loc"][0]).upper().removeprefix("QIANGJI_"), e["msg"]) for e in error.errors()]
    lines = [f"QIANGJI_{name}: {message}" for name, message in found]
    return UsageError(
        "; ".join(lines),
        do="See docs/settings.md.",
        zh=f"设置不对：{'、'.join(f'QIANGJI_{name}' for name, _ in found)}，见docs/settings.md。",
        code="wrong_setting",
    )


_resolvers: list[Callable[[str], str | None]] = []


def add_connection_resolver(resolver: Callable[[str], str | None]) -> None:
    """Let another source (Airflow's connections) answer first; the resolver returns a URI or None."""
    if resolver not in _resolvers:
        _resolvers.insert(0, resolver)


def connection(conn_id: str) -> str:
    """The URI of a connection: scheme://login:password@host:port/path?extras, parts percent-encoded.

    Raises PermanentError no_connection.
    """
    variable = "QIANGJI_CONN_" + re.sub(r"\W", "_", conn_id).upper()
    asked = (resolver(conn_id) for resolver in _resolvers)
    if (
        uri := next(filter(None, asked), None)
        or os.environ.get(variable)
        or _connections_file().get(variable)
    ):
        masking.remember(uri)
        return uri
    raise PermanentError(
        f"no connection {conn_id!r}",
        expected=f"an Airflow connection of that id, or {variable} in the environment",
        do="See docs/runbooks/onboard-a-county.md.",
        code="no_connection",
    )


def _connections_file() -> dict[str, str]:
    path = settings().home / "connections.env"
    if not path.is_file():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs if not name.lstrip().startswith("#")}
