"""Figures beside others, for the command line: change, rank among siblings, and the path to the yearly target.

In: an engine that reads mart, rows as `reading.values` gives them. Out: the same rows with the columns of
mart.indicator_comparison and mart.indicator_target_status added, and the text of these columns in a cell.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy.engine import Engine

from qiangji.figures import Row, Rows, read
from qiangji.text import in_hundredths

KEYS = ("indicator_code", "org_code", "period", "period_type")
COMPARED = (
    "previous_period", "previous_value", "change", "change_percent",
    "year_ago_period", "year_ago_value", "year_change", "year_change_percent", "rank", "ranked_units",
    "is_series_break",
)  # fmt: skip
ON_THE_WAY = (
    "baseline_period", "baseline", "path", "gap", "is_on_path", "is_reached", "points", "pace", "reached_by",
    "band", "progress", "progress_zh", "progress_en",
)  # fmt: skip
LEGEND = (
    "较上期 against the period before · 同比 against a year before · 第几/几 rank of how many siblings"
    " · 口径变 defined anew"
)


def compare(engine: Engine, rows: Rows) -> Rows:
    """The rows with all columns of both views; None where a view has no row, such as for a figure without a target."""
    return on_the_way(engine, beside(engine, rows))


def beside(engine: Engine, rows: Rows) -> Rows:
    """The rows with the columns of mart.indicator_comparison alone."""
    return _with(engine, "mart.indicator_comparison", COMPARED, rows)


def on_the_way(engine: Engine, rows: Rows) -> Rows:
    """The rows with the columns of mart.indicator_target_status alone."""
    return _with(engine, "mart.indicator_target_status", ON_THE_WAY, rows)


def _with(engine: Engine, view: str, columns: tuple[str, ...], rows: Rows) -> Rows:
    found, nothing = _read(engine, view, columns, rows), dict.fromkeys(columns)
    return [row | found.get(tuple(row[k] for k in KEYS), nothing) for row in rows]


def _read(engine: Engine, view: str, columns: tuple[str, ...], rows: Rows) -> dict[tuple[str, ...], Row]:
    asked = (*KEYS, "org_level")  # the level reaches the tables, the unit does not: siblings are ranked
    chosen = " AND ".join(f"{k} = ANY(:{k})" for k in asked)
    found = read(
        engine,
        f"SELECT {', '.join((*KEYS, *columns))} FROM {view} WHERE {chosen}",
        {k: sorted({r[k] for r in rows}) for k in asked},
    )
    return {tuple(r[k] for k in KEYS): r for r in found}


def signed(value: Decimal | None) -> str:
    """A change with its sign, `-` where there is none: `+1.50`, `-0.25`, `±0.00`."""
    if value is None:
        return "-"
    text = in_hundredths(value, "+")
    return f"±{text[1:]}" if text[1:].strip("0.") == "" else text


def place(row: Row) -> str:
    """`3/7`: the third of seven; `-` without a rank."""
    return "-" if row["rank"] is None else f"{row['rank']}/{row['ranked_units']}"


def cells(row: Row) -> tuple[str, str, str]:
    """The columns of the list: both changes and the rank."""
    return changed(row), signed(row["year_change"]), place(row)


def changed(row: Row) -> str:
    """The change against the period before; where the definition changed between them, a word that says so."""
    return "口径变" if row["is_series_break"] else signed(row["change"])


def beneath(row: Row) -> str:
    """The lines beneath a value in the matrix: both changes, and the rank where there is one."""
    changes = f"较上期 {changed(row)}\n同比 {signed(row['year_change'])}"
    return changes if row["rank"] is None else f"{changes}\n第 {place(row)}"
