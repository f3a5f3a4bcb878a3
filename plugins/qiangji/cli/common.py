"""What the commands share: the console, options that several take, how long work is shown, how a run ends."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.status import Status

from qiangji.periods import Period, parse_range

# In a file or a pipe tables keep their width; COLUMNS says otherwise.
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
ATTENTION = 3

Counties = Annotated[
    list[str] | None, typer.Option("--county", help="county code; may be repeated; default: all")
]
Forms = Annotated[list[str] | None, typer.Option("--form", help="form; may be repeated; default: all")]
Periods = Annotated[
    list[str] | None,
    typer.Option("--period", help="2026-10, 2026Q3, 2026 or a range 2026-07..2026-10; repeatable"),
]
Indicators = Annotated[list[str] | None, typer.Option("--indicator", help="indicator code; may be repeated")]
Level = Annotated[str | None, typer.Option("--level", help="city, county, town or village")]
Orgs = Annotated[list[str] | None, typer.Option("--org", help="org unit code; may be repeated")]
PeriodType = Annotated[str | None, typer.Option("--period-type", help="month, quarter, year or ytd")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Reason = Annotated[str, typer.Option("--reason", help="why; recorded with who and when")]


def as_periods(texts: list[str] | None) -> list[Period]:
    """The periods of `--period`, ranges taken apart."""
    return [p for text in texts or [] for p in parse_range(text)]


def as_period(text: str | None) -> str | None:
    """The period of an option that takes one, as it is written; None where the option is not given."""
    return None if text is None else str(Period.parse(text))


def exit_on(problems: Sequence[Any] | bool) -> None:
    """End with exit code 3 if somebody has to look at something."""
    if problems:
        raise typer.Exit(ATTENTION)


class _Latest(logging.Handler):
    """Shows what was logged last beside the spinner: the county that is done, the submission that was checked."""

    def __init__(self, what: str, status: Status) -> None:
        super().__init__(logging.INFO)
        self._what, self._status, self._done = what, status, 0

    def emit(self, record: logging.LogRecord) -> None:
        self._done += 1
        self._status.update(f"{self._what} [{self._done}] {record.getMessage():.100}")


@contextmanager
def progress(what: str) -> Iterator[None]:
    """What is being done, on stderr while it takes long (nothing where stderr is no terminal)."""
    with Console(stderr=True, markup=False).status(what) as status:
        latest = _Latest(what, status)
        logging.getLogger("qiangji").addHandler(latest)
        try:
            yield
        finally:
            logging.getLogger("qiangji").removeHandler(latest)
