"""Editions: a period's figures, published under a name that a person signs off, and what changed since.

In: mart.indicator_value at one moment. Out: ops.edition and ops.published_value, the same rows as Parquet in the lake,
and an event in the journal, from which both tables can be filled again (`apply`). What the mart hides is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import UsageError
from qiangji.figures import Choice, Row, Rows, read
from qiangji.figures.explaining import largest_first, levels_changed
from qiangji.hashing import short
from qiangji.lake import Lake
from qiangji.ledger import Ledger
from qiangji.ledger.events import decided_by, require_public
from qiangji.periods import Period
from qiangji.warehouse.locks import BUILD_LOCK, hold
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in, fetch, insert

if TYPE_CHECKING:
    import pyarrow as pa

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
"""What is not complete when an edition is published; the edition says so. Columns of queries/figures/reservations."""


@dataclass(frozen=True)
class Edition:
    """A named publication of a period's figures: a row of ops.edition, an event `edition` of the journal.

    `figures` is how many; `reservations` are words of `_RESERVATIONS`; `rows_hash` names the file in the lake.
    """

    edition: str
    period: str
    published_by: str
    published_at: datetime
    figures: int
    reservations: list[str]
    rows_hash: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Edition:
        """The edition that an event of the journal tells of."""
        row = {f.name: event[f.name] for f in fields(cls)}
        return cls(**row | {"published_at": datetime.fromisoformat(row["published_at"])})


def publish(ledger: Ledger, period: Period, name: str, by: str | None = None) -> Edition:
    """Freeze what the mart shows of a period: a month's figures with its year to date, or a quarter's or year's own.

    Raises UsageError: no_name, personal_name, edition_exists, not_built.
    """
    name = name.strip()
    if not name:
        raise UsageError(
            "no name given",
            expected="--name, such as 审定版",
            zh="没有写名称：请用--name，如审定版。",
            code="no_name",
        )
    require_public(name, "name", "名称")
    with ledger.engine.begin() as c:
        hold(c, BUILD_LOCK)  # no build meanwhile
        _require_new(c, name, period)
        at: datetime = c.scalar(sa.text("SELECT clock_timestamp()"))
        rows = _shown(c, period)
        if len(rows) == 0:
            raise UsageError(
                f"{period} has no figures",
                expected="a period that is built and, if longer than a month, due",
                do="Run `qiangji build`.",
                zh=f"{period}没有指标值：应为已计算的报告期（季、半年、年须已到期）。请先运行qiangji build。",
                code="not_built",
            )
        edition = Edition(
            name,
            str(period),
            decided_by(by),
            at,
            len(rows),
            _reservations(c, period, at),
            ledger.lake.put_edition(str(period), rows),
        )
        apply(c, ledger.lake, edition)
        event_id = f"edition-{short(str(period), name)}"
        ledger.lake.record(event_id, at, {"event": "edition", **asdict(edition)})
    return edition


def apply(c: Connection, lake: Lake, edition: Edition) -> None:
    """Make an edition part of the ledger, its figures from the lake. Doing it twice changes nothing."""
    import pyarrow as pa

    if insert(c, "ops.edition", [asdict(edition)], "ON CONFLICT DO NOTHING"):
        rows = lake.get_parquet(lake.edition_path(edition.period, edition.rows_hash))
        for name in ("period", "edition"):
            rows = rows.add_column(0, name, pa.repeat(getattr(edition, name), len(rows)))
        copy_in(c, "ops.published_value", rows)
        c.execute(sa.text("ANALYZE ops.published_value"))


def reservations_in_words(codes: Sequence[str]) -> list[tuple[str, str]]:
    """In Chinese and English."""
    return [_RESERVATIONS[code] for code in codes]


def editions(engine: Engine, name: str | None = None) -> Rows:
    """Every edition, or those of a name, the latest period last."""
    return read(
        engine,
        "SELECT * FROM mart.edition WHERE CAST(:name AS text) IS NULL OR edition = :name"
        " ORDER BY period_end, published_at",
        {"name": name},
    )


def find(engine: Engine, name: str, period: str | None = None) -> Row:
    """The edition of a name and period. Without a period: the last month's with that name, else the last one. `others`:
    other periods that have one of that name.

    Raises UsageError no_edition.
    """
    found = editions(engine, name)
    mine = [e for e in found if period in (None, e["period"])]
    if not mine:
        listed = [f"{e['edition']} {e['period']}" for e in found or editions(engine)]
        raise UsageError(
            f"no edition {name!r}" + (f" of {period}" if period else ""),
            expected=", ".join(listed) or "one that `qiangji publish` made; there is none",
            zh=f"没有审定版{name}{f'（{period}）' if period else ''}；"
            + (f"可选：{'、'.join(listed)}。" if listed else "尚未用qiangji publish发布过。"),
            code="no_edition",
        )
    months = [e for e in mine if Period.parse(e["period"]).type == "month"]
    chosen = (months or mine)[-1]
    return chosen | {"others": [e["period"] for e in found if e["period"] != chosen["period"]]}


def changes(engine: Engine, name: str, period: str | None, choice: Choice) -> Rows:
    """Figures that are no longer what the edition says, by how much and why; rows as `explaining.changes` has them.

    Raises UsageError: no_edition, unknown_indicator, unknown_unit.
    """
    edition = find(engine, name, period)
    with engine.connect() as c:
        choice.require(c)
        asked = {"edition": name, "period": edition["period"]} | choice.bound
        return largest_first(fetch(c, query("figures/edition_changes"), asked))


def changed_beneath(engine: Engine, name: str, period: str | None, choice: Choice) -> dict[str, int]:
    """Level -> how many figures differ from an edition at levels that `changes` does not look at for a choice."""
    edition = find(engine, name, period)
    changed = "SELECT * FROM mart.published_change WHERE edition = :edition AND period = :period"
    return levels_changed(engine, changed, {"edition": name, "period": edition["period"]}, choice)


def published(c: Connection, name: str, period: str) -> pa.Table:
    """The figures of an edition as the ledger has them: those that `publish` kept in the lake, in any order."""
    return _figures(c, "ops.published_value WHERE (edition, period) = (:e, :p)", e=name, p=period)


def _require_new(c: Connection, name: str, period: Period) -> None:
    statement = "SELECT published_by, published_at FROM ops.edition WHERE (edition, period) = (:e, :p)"
    known = c.execute(sa.text(statement), {"e": name, "p": str(period)}).one_or_none()
    if known:
        raise UsageError(
            f"{period} has an edition {name}, published {known.published_at:%Y-%m-%d} by {known.published_by}",
            expected="another name: an edition is never changed",
            zh=f"{period}已有审定版{name}（{known.published_by}于{known.published_at:%Y-%m-%d}发布）："
            "审定版不可更改，请换一个名称。",
            code="edition_exists",
        )


def _shown(c: Connection, period: Period) -> pa.Table:
    """The period's figures, by one statement, so that all are of one moment."""
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
    (found,) = fetch(c, query("figures/reservations"), within)
    return [code for code in _RESERVATIONS if found[code]]
