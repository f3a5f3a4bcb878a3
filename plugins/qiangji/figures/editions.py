"""Editions: a period's figures, published under a name that a person signs off, and what changed since.

In: mart.indicator_value at one moment. Out: ops.edition and ops.published_value, the same rows as Parquet in the lake,
and an event in the journal, from which both tables can be filled again (`apply`). What the mart hides is not in it.
"""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue.tree import LEVELS
from qiangji.errors import UsageError
from qiangji.lake import Lake
from qiangji.ledger import Ledger
from qiangji.periods import Period

if TYPE_CHECKING:
    import pyarrow as pa

Rows = list[dict[str, Any]]
_NUMBERS = ("numerator", "denominator", "value", "target", "reporting_rate")
_COLUMNS = (
    "indicator_code", "org_code", "org_level", "period_type", "numerator", "denominator", "value", "target",
    "expected_units", "reported_units", "reporting_rate", "obs_status", "is_corrected", "has_warning", "is_closed",
    "definition_version", "built_at",
)  # fmt: skip
_RESERVATIONS = {
    "not_due": ("报送期限未到", "its reports are not all due yet"),
    "not_built": ("有已收到而未计算的报送版本", "revisions that were received are not built"),
    "incomplete": ("有县(市、区)的报表未收齐", "some counties' reports are not accepted"),
    "stale_correction": ("有已失效的人工更正", "corrections whose wrong value is gone were not applied"),
}
"""What an edition may be published in spite of; recorded with it."""


def publish(ledger: Ledger, period: Period, name: str, by: str = "") -> dict[str, Any]:
    """Freeze what the mart shows of a period; returns the edition, with what it was published in spite of.

    Of a month: the month's figures and those of the year to date; of a quarter or a year, its own. Raises UsageError
    for a name that the period has, a period without figures, and no name.
    """
    from qiangji.warehouse.locks import BUILD_LOCK

    if not name.strip():
        raise UsageError("no name given", expected="--name, such as 审定版", code="no_name")
    edition: dict[str, Any] = {"edition": name.strip(), "period": str(period)}
    with ledger.engine.begin() as c:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": BUILD_LOCK})  # no build meanwhile
        _require_new(c, edition)
        at: datetime = c.scalar(sa.text("SELECT clock_timestamp()"))
        rows = _shown(c, period)
        if len(rows) == 0:
            raise UsageError(
                f"{period} has no figures",
                expected="a period that is built and, if a quarter or a year, due",
                do="Run `qiangji build`.",
                code="not_built",
            )
        edition |= {
            "published_by": by.strip() or getpass.getuser(),
            "published_at": at,
            "figures": len(rows),
            "reservations": _reservations(c, period, at),
            "rows_hash": ledger.lake.put_edition(str(period), rows),
        }
        event_id = hashlib.sha256(f"{period}|{edition['edition']}".encode()).hexdigest()[:16]
        ledger.lake.record(f"edition-{event_id}", at, {"event": "edition", **edition})
        apply(c, ledger.lake, edition)
    return edition


def apply(c: Connection, lake: Lake, edition: dict[str, Any]) -> None:
    """Make an event of the journal part of the ledger, its figures from the lake; once more changes nothing."""
    import pyarrow as pa

    from qiangji.warehouse.rows import copy_in, insert

    columns = ("edition", "period", "published_by", "published_at", "figures", "reservations", "rows_hash")
    if insert(c, "ops.edition", [{n: edition[n] for n in columns}], "ON CONFLICT DO NOTHING"):
        rows = lake.get_parquet(lake.edition_path(edition["period"], edition["rows_hash"]))
        for name in ("period", "edition"):
            rows = rows.add_column(0, name, pa.repeat(edition[name], len(rows)))
        copy_in(c, "ops.published_value", rows)
        c.execute(sa.text("ANALYZE ops.published_value"))


def reservations_in_words(codes: Sequence[str]) -> list[tuple[str, str]]:
    """In Chinese and English."""
    return [_RESERVATIONS[code] for code in codes]


def editions(engine: Engine, name: str | None = None) -> Rows:
    """Every edition, or those of a name, the latest period last."""
    with engine.connect() as c:
        found = c.execute(
            sa.text(
                "SELECT e.* FROM mart.edition e WHERE CAST(:name AS text) IS NULL OR e.edition = :name"
                " ORDER BY e.period_end, e.published_at"
            ),
            {"name": name},
        )
        return [dict(r._mapping) for r in found]


def find(engine: Engine, name: str, period: str | None = None) -> dict[str, Any]:
    """The edition of a name and period; without a period the last month's that has one, else the last. UsageError."""
    found = editions(engine, name)
    mine = [e for e in found if period in (None, e["period"])]
    if not mine:
        listed = [f"{e['edition']} {e['period']}" for e in found or editions(engine)]
        raise UsageError(
            f"no edition {name!r}" + (f" of {period}" if period else ""),
            expected=", ".join(listed) or "one that `qiangji publish` made; there is none",
            code="no_edition",
        )
    months = [e for e in mine if Period.parse(e["period"]).type == "month"]
    return (months or mine)[-1]


def changes(
    engine: Engine,
    name: str,
    period: str | None = None,
    indicators: Sequence[str] = (),
    level: str | None = None,
    orgs: Sequence[str] = (),
) -> Rows:
    """Figures that are no longer what the edition says, by how much and why; rows as `explaining.changes` has them."""
    edition = find(engine, name, period)
    if level is not None and level not in LEVELS[:-1]:
        raise UsageError(f"no level {level!r}", expected=", ".join(LEVELS[:-1]), code="unknown_level")
    with engine.connect() as c:
        for table, column, codes, what in (
            ("dim.indicator_history", "indicator_code", indicators, "indicator"),
            ("dim.org_unit", "org_code", orgs, "unit"),
        ):
            known = set(c.scalars(sa.text(f"SELECT {column} FROM {table}"))) if codes else set()
            if unknown := [x for x in codes if x not in known]:
                raise UsageError(
                    f"no {what} {', '.join(unknown)}", expected=f"a code of {table}", code=f"unknown_{what}"
                )
        found = c.execute(
            sa.text(
                "SELECT d.*, n.name_zh, n.name_en, n.unit, coalesce(o.name, d.org_code) AS org_name"
                " FROM mart.published_change AS d"
                " LEFT JOIN LATERAL (SELECT h.name_zh, h.name_en, h.unit FROM dim.indicator_history h"
                " WHERE h.indicator_code = d.indicator_code ORDER BY h.defined_from DESC LIMIT 1) AS n ON true"
                " LEFT JOIN dim.org_unit AS o ON o.org_code = d.org_code"
                " LEFT JOIN dim.indicator AS i ON i.indicator_code = d.indicator_code"
                " WHERE d.edition = :edition AND d.period = :period"
                " AND (cardinality(CAST(:indicators AS text[])) = 0 OR d.indicator_code = ANY(:indicators))"
                " AND (cardinality(CAST(:orgs AS text[])) = 0 OR d.org_code = ANY(:orgs))"
                " AND d.org_level = ANY(:levels)"
                " ORDER BY d.period_type, i.sort_order NULLS LAST, d.indicator_code, o.sort_order"
            ),
            {
                "edition": name,
                "period": edition["period"],
                "indicators": list(indicators),
                "orgs": list(orgs),
                "levels": [level] if level else list(LEVELS) if orgs else ["city", "county"],
            },
        )
        return [dict(r._mapping) for r in found]


def _require_new(c: Connection, edition: dict[str, Any]) -> None:
    known = c.execute(
        sa.text(
            "SELECT published_by, published_at FROM ops.edition WHERE (edition, period) = (:edition, :period)"
        ),
        edition,
    ).one_or_none()
    if known:
        raise UsageError(
            f"{edition['period']} has an edition {edition['edition']}, published {known.published_at:%Y-%m-%d}"
            f" by {known.published_by}",
            expected="another name: an edition is never changed",
            code="edition_exists",
        )


def published(c: Connection, name: str, period: str) -> pa.Table:
    """What the ledger holds of an edition, as `publish` kept it in the lake but for the order."""
    return _figures(c, "ops.published_value WHERE (edition, period) = (:e, :p)", e=name, p=period)


def _shown(c: Connection, period: Period) -> pa.Table:
    """The period's figures, in one look, so that all are of one moment."""
    return _figures(
        c,
        "mart.indicator_value WHERE period = :p ORDER BY indicator_code, org_code, period_type",
        p=str(period),
    )


def _figures(c: Connection, source: str, **bound: str) -> pa.Table:
    import pyarrow as pa

    types = dict.fromkeys(_COLUMNS, pa.string())
    types |= dict.fromkeys(_NUMBERS, pa.decimal128(38, 10))
    types |= dict.fromkeys(("expected_units", "reported_units", "definition_version"), pa.int64())
    types |= dict.fromkeys(("is_corrected", "has_warning", "is_closed"), pa.bool_())
    types["built_at"] = pa.timestamp("us", "UTC")
    rows = c.execute(sa.text(f"SELECT {', '.join(_COLUMNS)} FROM {source}"), bound).all()
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    return pa.table({n: pa.array(x, types[n]) for n, x in zip(_COLUMNS, columns, strict=True)})


def _reservations(c: Connection, period: Period, at: datetime) -> list[str]:
    """What is not complete: words of `_RESERVATIONS`."""
    within = {"first": period.start, "last": period.end, "at": at}
    ended = (
        "SELECT d.form, d.period, d.due_at FROM dim.due d JOIN dim.form f USING (form) JOIN dim.period p"
        " ON p.period = d.period AND p.period_type = f.period_type WHERE p.period_end BETWEEN :first AND :last"
    )
    asked = {
        "not_due": f"SELECT EXISTS (SELECT FROM ({ended}) x WHERE due_at > :at)",
        "not_built": f"SELECT EXISTS (SELECT FROM ({ended}) x JOIN (ops.submission s FULL JOIN ops.fact_load f"
        " USING (form, period, county_code, rows_hash, revision)) USING (form, period)"
        " WHERE (s.is_current AND f.build_id IS NULL) OR (f.build_id IS NOT NULL AND s.is_current IS NOT TRUE))",
        "incomplete": f"SELECT EXISTS (SELECT FROM ({ended}) x JOIN dim.county_form cf USING (form)"
        " WHERE NOT EXISTS (SELECT FROM ops.submission s WHERE s.is_current AND s.status = 'accepted'"
        " AND (s.form, s.period, s.county_code) = (cf.form, x.period, cf.county_code)))",
        "stale_correction": f"SELECT EXISTS (SELECT FROM ({ended}) x JOIN ops.correction k USING (form, period)"
        " WHERE k.state = 'stale')",
    }
    return [code for code, question in asked.items() if c.scalar(sa.text(question), within)]
