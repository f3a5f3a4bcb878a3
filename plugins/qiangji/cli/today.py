"""`qiangji today`: the morning on one screen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from qiangji.cli.common import Json, console, exit_on, unbuilt_months
from qiangji.errors import UsageError

NOW = timedelta(minutes=1)
"""How long ago a moment may be that is taken for now."""


def today(
    date: Annotated[
        str | None,
        typer.Option("--date", help="the morning of a day that was, such as 2026-11-24; default: now"),
    ] = None,
    is_all: Annotated[
        bool,
        typer.Option(
            "--all",
            help="everything: counties that need nothing, each report, each thing that waits, what moved each figure",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Print the morning: the night, counties, what is late or went back, what waits, what moved, what is due.

    Exit code 3: something waits, or a county needs something. Exit code 2: nothing had been collected by then.
    """
    from qiangji import pipeline
    from qiangji.cli import printing, words
    from qiangji.cli.printing_morning import print_morning
    from qiangji.figures import reading
    from qiangji.figures.morning import morning
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    s = settings()
    at = datetime.now(UTC) if date is None else _end_of(date, s.timezone)
    catalogue = pipeline.read_catalogue()
    with reading_warehouse(s) as engine:
        is_past = at < datetime.now(UTC) - NOW
        found = morning(engine, catalogue, at, None if is_past else unbuilt_months(catalogue))
        if found.night is None:
            raise reading.not_collected(engine, at if is_past else None)
    if json:
        print(printing.as_json(asdict(found)))
    else:
        print_morning(console, found, words.names(catalogue), is_all=is_all)
    exit_on(bool(found.waiting) or any(not c.is_well for c in found.counties))


def _end_of(text: str, zone: str) -> datetime:
    """The last moment of a day that was, or now for today. Raises UsageError no_day."""
    now = datetime.now(ZoneInfo(zone))
    try:
        day = date.fromisoformat(text)
    except ValueError as e:
        raise UsageError(
            f"no day: {text!r}",
            expected="a day such as 2026-11-24",
            zh=f"{text!r}不是日期，应如2026-11-24。",
            code="no_day",
        ) from e
    if day > now.date():
        raise UsageError(
            f"{text} is still to come",
            expected="a day that was, or today",
            zh=f"{text}尚未到来：应为今天或已过去的日期。",
            code="no_day",
        )
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    return min(end, now)
