"""One figure explained: its sums, what is missing, the reports and rows behind it, its history, its SQL.

In: an engine on a snapshot, the catalogue, the state of the page (`indicator`, `org`). Out: an `Explained`. It is what
`qiangji explain` prints, of the figure that is shown now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine

from qiangji.board.choosing import NothingThere, chosen_indicator, nothing_yet
from qiangji.board.overview import Unit, path_of, units
from qiangji.board.state import VALUES, State
from qiangji.board.tables import Table, of_rows
from qiangji.catalogue.load import Catalogue
from qiangji.errors import UsageError
from qiangji.figures import Row, Rows, explaining, read, reading
from qiangji.indicators import columns
from qiangji.indicators.columns import Statement
from qiangji.settings import settings

SHOWN = 100
"""Lines of each list at most; the file has all."""
LISTS = VALUES["explain", "table"]
"""Lists that are there as a file, by `table` of the address."""
_UNITS = (
    "org_code", "org_name", "org_level", "numerator", "denominator", "value", "expected_units", "reported_units",
    "obs_status",
)  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "missing_units": ("org_code", "path", "org_level", "expected_units", "reported_units", "missing_units"),
    "submissions": (
        "county_code", "form", "period", "revision", "is_current", "status", "delivery_id", "file_name", "sha256",
        "received_at", "checked_at", "rows_received", "rows_accepted", "rows_rejected", "reason_code", "is_subtracted",
    ),
    "awaited": ("county_code", "form", "period", "is_subtracted", "status", "reason_code"),
    "rejections": ("county_code", "form", "period", "delivery_id", "rule", "rows", "example", "is_current"),
    "findings": (
        "finding_id", "county_code", "form", "period", "org_code", "org_name", "rule", "severity", "value",
        "expected_zh", "expected_en", "message_zh", "message_en", "disposition", "disposition_by",
        "disposition_reason", "disposition_at", "explanation",
    ),
    "corrections": (
        "form", "period", "county_code", "org_code", "org_name", "field", "field_zh", "field_en", "action",
        "value_sent", "value_corrected", "value_found", "reason", "declared_by", "declared_on", "state", "place",
    ),
}  # fmt: skip
"""List -> its columns, which a file has where the list is empty too."""


@dataclass(frozen=True)
class Explained:
    """`figure`, `children` and the lists are rows of `explaining.explain`; `statement` gives the figure itself."""

    whole: Unit
    above: tuple[Unit, ...]
    figure: Row
    children: Rows
    lists: dict[str, Rows]
    history: Rows
    statement: str
    steps: tuple[Statement, ...]


def explained(engine: Engine, catalogue: Catalogue, state: State) -> Explained:
    """The page's data, by five statements at most.

    Raises UsageError: only_now, unknown_indicator, unknown_unit; NothingThere: no_figure, no_period.
    """
    if state.as_of or state.is_restated:
        raise UsageError(
            "only the figure that is shown now is explained",
            expected="neither as_of nor tree=restated; its history tells what was shown before",
            zh="只能说明现在显示的数：请去掉截至时点和现行区划；以前显示过什么见历史。",
            code="only_now",
        )
    whole, _ = units(catalogue, state.get("org"))
    chosen = chosen_indicator(engine, catalogue, state, whole.code)
    code = chosen.code
    type_ = state.period_type or (None if state.period else chosen.headline)
    period = str(state.period or _latest(engine, state, code, whole.code, type_))
    found = _found(engine, catalogue, code, whole, (period, type_))
    figure = found["figure"]
    return Explained(
        whole=whole,
        above=path_of(catalogue, whole.code),
        figure=figure,
        children=found["children"],
        lists={name: found[name] for name in LISTS},
        history=found["history"],
        statement=_statement(figure),
        steps=tuple(columns.statements(settings().sql / "models", catalogue, code)),
    )


def _found(
    engine: Engine, catalogue: Catalogue, code: str, whole: Unit, of: tuple[str, str | None]
) -> dict[str, Any]:
    """What `explaining.explain` says, with words for a page where there is no figure."""
    try:
        return explaining.explain(engine, catalogue, code, whole.code, *of)
    except UsageError as e:
        if e.code != "no_figure":
            raise
        raise NothingThere(
            f"no figure of {code} at {whole.name} for {of[0]}",
            None,
            expected="a period that the page of the indicator offers",
            zh=f"{whole.name}没有{catalogue.indicators[code].name.zh}在{of[0]}的指标值：请在指标页选有数的报告期。",
            code="no_figure",
        ) from e


def table(page: Explained, state: State) -> Table:
    """The list that `table` names; without one, the units right beneath."""
    name = state.get("table")
    rows = page.lists.get(name, page.children)
    figure = page.figure
    title = f"{figure['indicator_code']}_{figure['org_code']}_{figure['period']}_{name or 'units'}"
    return of_rows(title, rows, state, COLUMNS.get(name, _UNITS))


def _latest(engine: Engine, state: State, code: str, org: str, type_: str | None) -> str:
    """The last period of a type in which something was reported; where there is none, the last month of all.

    Raises NothingThere no_period.
    """
    asked = {"indicator": code, "org": org, "type": type_}
    found = read(
        engine,
        "SELECT v.period FROM mart.indicator_value AS v WHERE v.indicator_code = :indicator AND v.org_code = :org"
        " AND v.period_type = :type AND v.reported_units > 0 ORDER BY v.period DESC LIMIT 1",
        asked,
    )
    latest = found[0]["period"] if found else reading.latest_month(engine)
    if latest is None:
        raise nothing_yet(state)
    return str(latest)


def _statement(figure: Row) -> str:
    """A statement for any tool that reads the warehouse."""
    keys = ("indicator_code", "org_code", "period", "period_type")
    return "SELECT numerator, denominator, value, expected_units, reported_units, obs_status\n" + (
        "FROM mart.indicator_value\nWHERE " + "\n    AND ".join(f"{k} = '{figure[k]}'" for k in keys) + ";"
    )
