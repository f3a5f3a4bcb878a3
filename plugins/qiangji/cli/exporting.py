"""`qiangji export`: figures into a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from qiangji.cli.common import Indicators, Level, Orgs, Periods, PeriodType, as_periods, console
from qiangji.errors import UsageError

if TYPE_CHECKING:
    from qiangji.exporting import Extract

FORMATS = ("csv", "xlsx", "parquet", "sdmx-csv")


def export(
    file: Annotated[Path, typer.Argument(help="figures.csv, .xlsx or .parquet; of SDMX-CSV, a .csv")],
    format: Annotated[
        str | None, typer.Option("--format", help="csv, xlsx, parquet or sdmx-csv; default: as the file ends")
    ] = None,
    indicator: Indicators = None,
    level: Level = None,
    org: Orgs = None,
    period: Periods = None,
    period_type: PeriodType = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="as they were shown then: 2026-11-24, 2026-11-24T08:00")
    ] = None,
) -> None:
    """Write indicator values of one or more periods to a file: CSV, a workbook, Parquet or SDMX-CSV.

    Without --period it is the last month that has figures. SDMX-CSV has its structure beside it, FILE.structure.xml.
    """
    from qiangji import pipeline
    from qiangji.exporting import extract
    from qiangji.figures import Choice, nothing, reading
    from qiangji.settings import settings
    from qiangji.warehouse import reading_warehouse

    kind = _format(file, format)
    wanted = as_periods(period)
    then = reading.moment(as_of, settings().timezone) if as_of is not None else None
    choice, catalogue = Choice(indicator or [], level, org or []), pipeline.read_catalogue()
    with reading_warehouse(settings()) as engine:
        found = extract(
            engine,
            catalogue,
            choice,
            wanted,
            datetime.now(ZoneInfo(settings().timezone)),
            period_type=period_type,
            state=reading.State(then),
        )
        if not found.rows:
            first = str(wanted[0]) if wanted else None
            console.print(nothing.why_none(engine, catalogue, choice, first, period_type, then), markup=False)
            raise typer.Exit(1)
    for path in _write(file, kind, found):
        console.print(
            f"已写出 written: {path}, {len(found.rows):,} 个指标值 figures", markup=False, soft_wrap=True
        )


def _format(file: Path, wanted: str | None) -> str:
    """The format asked for, or the one that the file's ending means. Raises UsageError: unknown_kind, no_place."""
    from qiangji.exporting import FORMATS as endings

    kind = wanted or endings.get(file.suffix.lower())
    if kind not in FORMATS:
        raise UsageError(
            f"no format {wanted!r}" if wanted else f"{file.name} is of no kind that is written",
            expected=f"--format {', '.join(FORMATS)}, or a file that ends in {', '.join(endings)}",
            zh=f"没有格式{wanted or file.suffix}：应为--format {'、'.join(FORMATS)}，"
            f"或以{'、'.join(endings)}结尾的文件。",
            code="unknown_kind",
        )
    if not file.parent.is_dir() or file.is_dir():
        raise UsageError(
            f"{file} cannot be written to",
            expected="a file in a folder that exists",
            zh=f"{file}无法写入：请写已有文件夹中的文件。",
            code="no_place",
        )
    return kind


def _write(file: Path, kind: str, found: Extract) -> list[Path]:
    """The files written."""
    from qiangji import exporting

    if kind == "sdmx-csv":
        from qiangji.exporting import sdmx

        beside = file.with_suffix(".structure.xml")
        file.write_text(sdmx.data(found), encoding="utf-8", newline="")
        beside.write_text(sdmx.structure(found), encoding="utf-8")
        return [file, beside]
    if kind == "xlsx":
        from qiangji.exporting import workbook

        workbook.write(file, found)
    elif kind == "parquet":
        exporting.write_parquet(file, found)
    else:
        from qiangji.cli.export import write_csv

        write_csv(file, found.rows)
    return [file]
