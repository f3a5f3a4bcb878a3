"""What the commands share: the console, options, tables, the progress shown on stderr, the exit code."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.status import Status
from rich.table import Column, Table

from qiangji.errors import UsageError
from qiangji.periods import Period, parse_range
from qiangji.settings import settings

if TYPE_CHECKING:
    from qiangji.catalogue.load import Catalogue

# In a file or a pipe tables are 160 wide, unless COLUMNS is set.
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)
ATTENTION = 3


def known_counties() -> list[str]:
    """County codes, for the shell's completion: as they stand in the catalogue, which is not checked for it."""
    text = _text(settings().catalogue / "counties.yaml")
    return re.findall(r'^\s*-?\s*county:\s*"?([0-9A-Za-z]+)', text, re.MULTILINE)


def known_forms() -> list[str]:
    """Forms, for the shell's completion."""
    return sorted(path.stem for path in (settings().catalogue / "forms").glob("*.yaml"))


def known_indicators() -> list[str]:
    """Indicator codes, for the shell's completion."""
    files = sorted((settings().catalogue / "indicators").glob("*.yaml"))
    return [code for path in files for code in re.findall(r"^- code:\s*(\w+)", _text(path), re.MULTILINE)]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


Counties = Annotated[
    list[str] | None,
    typer.Option(
        "--county",
        help="county code or name; may be repeated; default: all",
        autocompletion=known_counties,
    ),
]
Forms = Annotated[
    list[str] | None,
    typer.Option("--form", help="form; may be repeated; default: all", autocompletion=known_forms),
]
Periods = Annotated[
    list[str] | None,
    typer.Option(
        "--period", help="2026-10, 2026Q3, 2026H1, 2026 or 2026-07..2026-10; may be repeated; default: all"
    ),
]
Indicators = Annotated[
    list[str] | None,
    typer.Option(
        "--indicator", help="indicator code; may be repeated; default: all", autocompletion=known_indicators
    ),
]
Level = Annotated[
    str | None, typer.Option("--level", help="city, county, town or village; default: city and county")
]
Orgs = Annotated[
    list[str] | None,
    typer.Option("--org", help="org unit code, with --level those beneath; may be repeated; default: all"),
]
PeriodType = Annotated[
    str | None,
    typer.Option(
        "--period-type", help="month, quarter, half, year or ytd; default: the indicator's headline"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Export = Annotated[
    Path | None,
    typer.Option("--export", help="write all rows to this file, .csv or .xlsx, instead of printing them"),
]
EXPORTED = (".csv", ".xlsx")

Reason = Annotated[str, typer.Option("--reason", help="why; recorded with who and when")]
By = Annotated[str | None, typer.Option("--by", help="who decides; default: QIANGJI_BY, else the login")]


def as_periods(texts: list[str] | None) -> list[Period]:
    """The periods of `--period`; a range becomes its periods. Raises UsageError for what is no period."""
    return [p for text in texts or [] for p in parse_range(text)]


def as_period(text: str | None) -> str | None:
    """The one period of an option in its usual writing; None if the option is not given. Raises UsageError."""
    if text is not None and ".." in text:
        raise UsageError(
            f"{text} is a range, and one period is asked for",
            expected="2026-10, 2026Q3, 2026H1 or 2026",
            do="A quarter or a year stands for all periods within it; of a range, ask for one after the other.",
            zh=f"{text}是起止区间，这里只能写一个报告期，如2026-10、2026Q3、2026H1或2026：季、年包含其中各期；"
            "区间请逐期查询。",
            code="one_period",
        )
    return None if text is None else str(Period.parse(text))


def require_place(path: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is asked. Raises UsageError: unknown_kind, no_place."""
    if path is not None and path.suffix.lower() not in EXPORTED:
        raise UsageError(
            f"{path.name} is of no kind that is written",
            expected=", ".join(EXPORTED),
            zh=f"{path.name}不是可写的文件类型，应为{'、'.join(EXPORTED)}。",
            code="unknown_kind",
        )
    if path is not None and not path.parent.is_dir():
        raise UsageError(
            f"no folder {path.parent}",
            expected="a file in a folder that exists",
            zh=f"没有文件夹{path.parent}，请写已有文件夹中的文件。",
            code="no_place",
        )


def unbuilt_months(catalogue: Catalogue | None, period: str | None = None) -> list[Period]:
    """Months (of a period, or all) that were collected or decided on and are not built.

    Readers of figures do not see that.
    """
    from qiangji import building, stages
    from qiangji.warehouse import reading_warehouse
    from qiangji.warehouse.roles import LOADER

    if catalogue is None:
        return []
    with reading_warehouse(settings(), LOADER) as engine:
        found = building.unbuilt_months(engine, catalogue, stages.local_today())
    return [m for m in found if period is None or m in Period.parse(period).months]


def exit_on(problems: Sequence[Any] | bool) -> None:
    """End with exit code 3 if there is something that somebody has to look at."""
    if problems:
        raise typer.Exit(ATTENTION)


def table(title: str, *columns: str | Column) -> Table:
    """An empty table with its title at the left. A column given as a heading breaks words that are too wide for it;
    a `Column` cuts them off.
    """
    made = (Column(c, overflow="fold") if isinstance(c, str) else c for c in columns)
    return Table(*made, title=title, title_justify="left")


def right(*headings: str) -> list[Column]:
    """Columns of numbers."""
    return [Column(h, justify="right") for h in headings]


def unbroken(heading: str, justify: Literal["left", "right"] = "left") -> Column:
    """A column whose cells stay on one line, such as a code that is copied."""
    return Column(heading, justify=justify, no_wrap=True)


@contextmanager
def only_errors_logged() -> Iterator[None]:
    """Within the block the package logs errors alone; after it, what it logged before."""
    logger = logging.getLogger("qiangji")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class _Latest(logging.Handler):
    """Shows the latest log line beside the spinner: the county that is done, the submission that was checked."""

    def __init__(self, what: str, status: Status) -> None:
        super().__init__(logging.INFO)
        self._what, self._status, self._done = what, status, 0

    def emit(self, record: logging.LogRecord) -> None:
        self._done += 1
        self._status.update(f"{self._what} [{self._done}] {record.getMessage():.100}")


@contextmanager
def progress(what: str) -> Iterator[None]:
    """A spinner with `what` on stderr while the block runs; nothing if stderr is no terminal."""
    with Console(stderr=True, markup=False).status(what) as status:
        latest = _Latest(what, status)
        logging.getLogger("qiangji").addHandler(latest)
        try:
            yield
        finally:
            logging.getLogger("qiangji").removeHandler(latest)
