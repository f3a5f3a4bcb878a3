"""Which reports a delivery holds, and which deliveries hold the same report.

In: an engine that reads mart. Out: plain data by delivery or by report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.engine import Engine

from qiangji.figures import Rows, read


def parts(engine: Engine, deliveries: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Delivery -> (form, period) of every report in it."""
    rows = read(
        engine,
        "SELECT DISTINCT delivery_id, form, period FROM mart.submission"
        " WHERE delivery_id = ANY(CAST(:deliveries AS text[])) ORDER BY 1, 2, 3",
        {"deliveries": list(deliveries)},
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for r in rows:
        found.setdefault(r["delivery_id"], []).append((r["form"], r["period"]))
    return found


@dataclass
class Same:
    """Deliveries of one report. `ids`: those that are held or count, the latest first; `counts`: the one that does."""

    ids: list[str] = field(default_factory=list)
    counts: str = ""


def of_same_report(engine: Engine, rows: Rows, at: datetime) -> dict[tuple[str, str, str], Same]:
    """(county, form, period) of these rows -> the deliveries of it."""
    found: dict[tuple[str, str, str], Same] = {}
    statement = (
        "SELECT s.county_code, s.form, s.period, s.delivery_id, s.is_current AND s.status <> 'held' AS counts"
        " FROM mart.submission AS s"
        " WHERE (s.county_code, s.form, s.period) IN (SELECT * FROM unnest(CAST(:counties AS text[]),"
        " CAST(:forms AS text[]), CAST(:periods AS text[])))"
        " AND (s.status = 'held' OR s.is_current) AND s.received_at <= :at ORDER BY s.received_at DESC, s.file_name"
    )
    names = {"counties": "county_code", "forms": "form", "periods": "period"}
    asked = {name: [r[column] for r in rows] for name, column in names.items()} | {"at": at}
    for r in read(engine, statement, asked):
        mine = found.setdefault((r["county_code"], r["form"], r["period"]), Same())
        if r["delivery_id"] not in mine.ids:
            mine.ids.append(r["delivery_id"])
        if r["counts"]:
            mine.counts = r["delivery_id"]
    return found
