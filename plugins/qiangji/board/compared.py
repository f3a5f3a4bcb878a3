"""Figures as pages show them: those of `figures.reading`, each beside the period before and the year before.

In: an engine on a snapshot, the state of the figures. Out: rows with the columns of `reading.values`, of a change and
of the way to the target. One statement gives what `qiangji values` needs several for; tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board.bands import UNRATED
from qiangji.catalogue.load import Catalogue
from qiangji.figures import Row, Rows, comparison, read
from qiangji.figures.reading import State as Figures
from qiangji.periods import Period
from qiangji.warehouse.queries import query, statement

_OF_ONE = (
    "x.indicator_code = :indicator AND x.period_type = :type"
    " AND (cardinality(CAST(:against AS text[])) = 0 OR x.period = ANY(CAST(:against AS text[])))"
)
_SINCE = (
    "d.last_month >= :year_before AND d.last_month <= :month AND ("
    "d.last_month = ANY(CAST(:beside AS text[])) OR d.period_type <> 'month'"
    " AND NOT coalesce(d.period_type = 'ytd' AND n.shortest_period = 'month', false))"
)
"""Of months, and of the year to date of monthly forms, nothing but what is shown and what it is held against."""


def of_a_period(
    engine: Engine,
    catalogue: Catalogue,
    shown: Figures,
    orgs: Sequence[str],
    period: Period,
    type_: str | None,
) -> Rows:
    """All indicators of some units in a period; of a month without a type in each indicator's headline.

    Which period is a headline follows from the figures at the top, so that the units at the top are read with them.
    """
    month = period.last_month
    tops = {next(iter(catalogue.org.path(code).values())) for code in orgs}
    chosen = "v.period = :period AND v.period_type = coalesce(CAST(:type AS text), v.period_type)"
    if period.type == "month" and type_ is None:
        over = {"figures": "SELECT * FROM shown", "dictionary": shown.dictionary}
        headlines = statement("figures/headlines", **over)
        # within CASE it is a lookup by hash: as a join, each headline would read all that is shown, which is taken for
        # one row
        chosen = f"CASE WHEN (v.indicator_code, v.period, v.period_type) IN ({headlines}) THEN true END"
    # a headline may be of a quarter that ended eleven months ago, and is held against the year before it
    asked = {"period": str(period), "since": str(month - 11), "type": type_, "month": str(month)}
    levels = {"tops": sorted({catalogue.org.units[code].level for code in tops})}
    bounds = {"year_before": str(month - 11 - 12), "beside": [str(m) for m in (month, month - 1, month - 12)]}
    rows = _rows(
        engine, catalogue, shown, [*orgs, *sorted(tops)], _SINCE, chosen, {**asked, **bounds, **levels}
    )
    return [r for r in rows if r["org_code"] in orgs]


def of_an_indicator(
    engine: Engine,
    catalogue: Catalogue,
    shown: Figures,
    orgs: Sequence[str],
    indicator: tuple[str, str],
    of: Row | None = None,
) -> Rows:
    """One indicator, in one type of period, of some units: in all periods, or in that of another row."""
    against = [of["period"], of["previous_period"], of["year_ago_period"]] if of else []
    asked = {
        "indicator": indicator[0],
        "type": indicator[1],
        "against": [p for p in against if p],
        "period": of["period"] if of else None,
    }
    chosen = "CAST(:period AS text) IS NULL OR v.period = :period"
    return _rows(engine, catalogue, shown, orgs, _OF_ONE, chosen, asked)


def _rows(
    engine: Engine,
    catalogue: Catalogue,
    shown: Figures,
    orgs: Sequence[str],
    read_: str,
    chosen: str,
    asked: Mapping[str, Any],
) -> Rows:
    pieces = {"figures": shown.figures, "dictionary": shown.dictionary, "read": read_, "chosen": chosen}
    bound = {"units": list(orgs), "with_past_units": shown.as_of is not None}
    return read(engine, query("board/figures", **pieces), {**asked, **bound, **shown.bound(catalogue)})


def rated(engine: Engine, rows: Rows, shown: Figures) -> Rows:
    """The rows with the way to the target and the band, which there are for the figures that are shown now."""
    if has_path(shown) and rows:
        return [row | {"band": row["band"] or UNRATED} for row in comparison.on_the_way(engine, rows)]
    return unrated(rows)


def unrated(rows: Rows) -> Rows:
    """The same columns, with nothing in them."""
    return [row | dict.fromkeys(comparison.ON_THE_WAY) | {"band": UNRATED} for row in rows]


def has_path(shown: Figures) -> bool:
    """Whether figures of this state have a path to their target, and a rank."""
    return shown.as_of is None and not shown.is_restated
