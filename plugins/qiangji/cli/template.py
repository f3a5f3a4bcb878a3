"""`qiangji template` makes a form as a workbook that a county can fill in and send as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qiangji.cli.common import Counties, Json, as_period, console, exit_on, known_forms
from qiangji.errors import UsageError

if TYPE_CHECKING:
    from qiangji.catalogue.load import Catalogue
    from qiangji.catalogue.models import Form
    from qiangji.feedback.templates import Laid, Template
    from qiangji.periods import Period
    from qiangji.pipeline import Pipeline


def template(
    form: Annotated[str, typer.Option("--form", help="form", autocompletion=known_forms)],
    county: Counties = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", help="2026-10, 2026Q3, 2026H1 or 2026; default: the form's last that has ended"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="write here: of one county a file or folder, of several a folder"),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="lay it beside the reports of counties that can be written to")
    ] = False,
    json: Json = False,
) -> None:
    """Make a form as a workbook to fill in: own units, drop-downs, limits and notes are in it.

    Without --out it is written to the current folder. With --send it is laid into feedback/ beside reports.

    Exit code 3: a county's place did not take it, or it has none.
    """
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.feedback import templates
    from qiangji.periods import local_day
    from qiangji.settings import settings

    catalogue = pipeline.read_catalogue()
    today = local_day(datetime.now(UTC), settings().timezone)
    wanted, counties = templates.ask(catalogue, form, county or [], as_period(period), today)
    place = None if send and out is None else out or Path()
    if place is not None:
        _require(place, counties)
    declared = catalogue.forms[form]
    laid: list[Laid] = []
    made: list[tuple[Template, Path | None]] = []
    with _opened(catalogue, declared, counties, wanted, send=send) as p:
        known = templates.known_rows(p.ledger, catalogue, declared, counties, wanted) if p else {}
        for one in counties:
            found = templates.make(catalogue, declared, one, wanted, known)
            made.append((found, _written(found, place, len(counties)) if place is not None else None))
            if send and p is not None:
                laid.append(templates.lay(p, found))
    if json:
        print(printing.as_json(_as_data(made, laid)))
    else:
        _print(made, laid)
    exit_on(any(one.status != "sent" for one in laid))


def _as_data(made: Sequence[tuple[Template, Path | None]], laid: Sequence[Laid]) -> list[dict[str, Any]]:
    shown = ("county_code", "name", "period", "due", "forms", "rows")
    sent = {one.county_code: one.status for one in laid}
    return [
        {n: getattr(one, n) for n in shown} | {"path": path and str(path), "laid": sent.get(one.county_code)}
        for one, path in made
    ]


@contextmanager
def _opened(
    catalogue: Catalogue, form: Form, counties: Sequence[str], period: Period, *, send: bool
) -> Iterator[Pipeline | None]:
    """The pipeline where rows are known by earlier reports alone, or a county is written to; else nothing."""
    from qiangji import pipeline
    from qiangji.feedback import templates

    if send or templates.needs_ledger(catalogue, form, counties, period):
        with pipeline.open_pipeline() as p:
            yield p
    else:
        yield None


def _require(place: Path, counties: Sequence[str]) -> None:
    """Refuse a place that cannot be written to before anything is made."""
    if place.is_dir() or (len(counties) == 1 and place.suffix == ".xlsx" and place.parent.is_dir()):
        return
    raise UsageError(
        f"{place} cannot be written to",
        expected="a folder that exists, or for one county a name that ends in .xlsx in such a folder",
        zh=f"{place}无法写入：应为已有的文件夹；只生成一个县（市、区）时也可写.xlsx文件名。",
        code="no_place",
    )


def _written(one: Template, place: Path, count: int) -> Path:
    """Where the workbook was written: of several counties each in a folder of its own, as names may be the same."""
    if not place.is_dir():
        path = place
    elif count == 1:
        path = place / one.name
    else:
        path = place / one.county_code / one.name
        path.parent.mkdir(exist_ok=True)
    if path.exists():
        raise UsageError(
            f"{path} is there already: somebody may have begun to fill it in",
            expected="a name that is not taken",
            do="Move it away, or write elsewhere with --out.",
            zh=f"{path}已存在，可能有人正在填写，未覆盖：请移走，或用--out写到别处。",
            code="no_place",
        )
    path.write_bytes(one.content)
    return path


def _print(made: Sequence[tuple[Template, Path | None]], laid: Sequence[Laid]) -> None:
    from rich.markup import escape

    from qiangji.cli import words

    names = words.names()
    said = {one.county_code: one for one in laid}
    for one, path in made:
        what = "、".join(f"{names.form(f)} {n} 行 rows" for f, n in zip(one.forms, one.rows, strict=True))
        where = f": 已写出 written {escape(str(path))}" if path else ""
        due = f"截止 due {one.due:%Y-%m-%d}"
        console.print(
            f"{names.county(one.county_code)} {escape(one.name)}{where}; {one.period} {due}; {what}",
            soft_wrap=True,
        )
        if (sent := said.get(one.county_code)) is not None:
            console.print(escape(f"    {sent.message}"), soft_wrap=True)
    if any(one.has_unknown_rows for one, _ in made):
        print(
            "尚无该县（市、区）的组（任务）报送记录，编码由其自行填写。"
            " No groups or tasks of the county are known yet: it types their codes.",
            file=sys.stderr,
        )
