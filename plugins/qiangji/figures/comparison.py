"""Change, rank and the way to the target of figures that were read, for the command line.

In: an engine that reads mart, rows as `reading.values` gives them. Out: the same rows with the columns of
mart.indicator_comparison and mart.indicator_target_status beside their own, and how these look in a cell.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

Rows = list[dict[str, Any]]
KEYS = ("indicator_code", "org_code", "period", "period_type")
COMPARED = (
    "previous_period", "previous_value", "change", "change_percent",
    "year_ago_period", "year_ago_value", "year_change", "year_change_percent", "rank", "ranked_units",
    "is_series_break",
)  # fmt: skip
ON_THE_WAY = (
    "baseline_period", "baseline", "path", "gap", "is_on_path", "is_reached", "points", "pace", "reached_by",
)  # fmt: skip
LEGEND = (
    "较上期 against the period before · 同比 against a year before · 第几/几 rank of how many siblings"
    " · 口径变 defined anew"
)


def compare(engine: Engine, rows: Rows) -> Rows:
    """The rows with all columns of both views; None where a view says nothing, as of a figure without a target."""
    compared = _read(engine, "mart.indicator_comparison", COMPARED, rows)
    on_the_way = _read(engine, "mart.indicator_target_status", ON_THE_WAY, rows)
    found = []
    for row in rows:
        at = tuple(row[k] for k in KEYS)
        found.append(
            row | compared.get(at, dict.fromkeys(COMPARED)) | on_the_way.get(at, dict.fromkeys(ON_THE_WAY))
        )
    return found


def _read(
    engine: Engine, view: str, columns: tuple[str, ...], rows: Rows
) -> dict[tuple[str, ...], dict[str, Any]]:
    asked = {k: sorted({r[k] for r in rows}) for k in KEYS}
    if not rows:
        return {}
    statement = sa.text(
        f"SELECT {', '.join((*KEYS, *columns))} FROM {view} WHERE "
        + " AND ".join(f"{k} = ANY(:{k})" for k in KEYS)
    ).bindparams(*(sa.bindparam(k, type_=sa.ARRAY(sa.Text)) for k in KEYS))
    with engine.connect() as c:
        return {
            tuple(r[:4]): dict(zip(columns, r[4:], strict=True)) for r in c.execute(statement, asked).all()
        }


def signed(value: Decimal | None) -> str:
    """A change with its sign, `-` where there is none: `+1.50`, `-0.25`, `±0.00`."""
    if value is None:
        return "-"
    text = f"{value:+z,.2f}"
    return f"±{text[1:]}" if text[1:].strip("0.") == "" else text


def place(row: dict[str, Any]) -> str:
    """`3/7`: the third of seven; `-` without a rank."""
    return "-" if row["rank"] is None else f"{row['rank']}/{row['ranked_units']}"


def cells(row: dict[str, Any]) -> tuple[str, str, str]:
    """The columns of the list: both changes and the rank."""
    return changed(row), signed(row["year_change"]), place(row)


def changed(row: dict[str, Any]) -> str:
    """The change against the period before, which another definition may have made."""
    return "口径变" if row["is_series_break"] else signed(row["change"])


def beneath(row: dict[str, Any]) -> str:
    """What stands beneath a value in the matrix: both changes, and the rank where there is one."""
    changes = f"较上期 {changed(row)}\n同比 {signed(row['year_change'])}"
    return changes if row["rank"] is None else f"{changes}\n第 {place(row)}"
