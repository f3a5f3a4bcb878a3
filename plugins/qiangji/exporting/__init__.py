"""`qiangji export`: figures as a file for other programs and for people.

In: an engine that reads mart and dim, and a choice of figures. Out: one of

| format | what | for |
| --- | --- | --- |
| csv | a line a figure, headed by words and keys | programs, Excel |
| parquet | the same with types: exact decimals, times in UTC | pandas, DuckDB, Spark |
| xlsx | a cover, contents, notes, and a table an aspect (`workbook`) | people |
| sdmx-csv | SDMX-CSV 2.0, with its structure as SDMX-ML 3.0 beside it (`sdmx`) | statistical offices |

What mart hides is hidden in all of them, as they read nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.figures import Choice, Rows, read, reading
from qiangji.figures.reading import NOW, State
from qiangji.periods import Period
from qiangji.settings import settings

FORMATS = {".csv": "csv", ".parquet": "parquet", ".xlsx": "xlsx"}
"""Ending of a file -> the format that it means."""


@dataclass(frozen=True)
class Extract:
    """Figures, in the order of the catalogue, the tree and time. `rows`: as `reading.values` gives them.

    `indicators`: rows of mart.indicator for those that have figures here. `made_at`: when they were read.
    `is_simulated`: of a demonstration.
    """

    rows: Rows
    indicators: Rows
    plan: str
    made_at: datetime
    is_simulated: bool = False

    @property
    def periods(self) -> list[str]:
        return sorted({r["period"] for r in self.rows})


def extract(
    engine: Engine,
    catalogue: Catalogue,
    choice: Choice,
    periods: Sequence[Period],
    made_at: datetime,
    *,
    period_type: str | None = None,
    state: State = NOW,
) -> Extract:
    """The figures of a choice in these periods; without any, in the last month that has figures.

    Without a period type a month's are each indicator's headline. Raises UsageError as `reading.values` does.
    """
    wanted: list[str | None] = [str(p) for p in periods] or [None]
    found: dict[tuple[str, str, str, str], dict[str, object]] = {}
    for period in wanted:
        for r in reading.values(engine, catalogue, choice, period, period_type, state):
            # a quarter is the headline of each of its following months, and is one figure
            found[r["indicator_code"], r["org_code"], r["period_type"], r["period"]] = r
    known = {r["indicator_code"]: r for r in read(engine, "SELECT * FROM mart.indicator ORDER BY sort_order")}
    place = {code: i for i, code in enumerate(known)}
    rows = sorted(found.values(), key=lambda r: place.get(str(r["indicator_code"]), len(place)))
    used = {r["indicator_code"] for r in rows}
    named = [r for code, r in known.items() if code in used]
    return Extract(rows, named, catalogue.plan.source, made_at, settings().is_simulated)


def write_parquet(path: Path, extract: Extract) -> None:
    """A row a figure, columns as in mart.indicator_value with names beside the codes."""
    import pyarrow.parquet as pq

    from qiangji.exporting.columns import table

    pq.write_table(table(extract.rows), path, compression="zstd")
