"""What somebody asks of one figure's change: which two are compared, and why they sometimes cannot be.

In: an engine that reads mart and dim, an `Asked`. Out: a `Change` (see `contributing.py`), or a UsageError.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.errors import UsageError
from qiangji.figures import require
from qiangji.figures.contributing import At, Change, Ends, Move, change_of, ends_of
from qiangji.figures.explaining import figure_of, require_order
from qiangji.periods import Period


@dataclass(frozen=True)
class Asked:
    """A figure, and what it is held against.

    | against | since, until | what it is held against |
    | --- | --- | --- |
    | | | the period before, of its type |
    | set | | that period |
    | | both set | the same period: as it was shown at the one moment and at the other |

    `period_type`: by default the indicator's headline. `levels`: how many levels down the units lie.
    """

    indicator: str
    org: str
    period: str
    period_type: str | None = None
    against: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    levels: int = 1


def change(engine: Engine, asked: Asked) -> Change:
    """What made one figure move.

    Raises UsageError: unknown_indicator, unknown_unit, bad_period, wrong_order, no_figure, other_type, nothing_before,
    no_value, defined_anew.
    """
    with engine.connect() as c:
        move = _move(c, asked)
    (ends,) = ends_of(engine, [move], asked.levels)
    with engine.connect() as c:
        _require_both(c, ends)
    return change_of(ends, asked.levels)


def _move(c: Connection, asked: Asked) -> Move:
    period = str(Period.parse(asked.period))
    require(c, "indicator", "dim.indicator", "indicator_code", [asked.indicator])
    require(c, "org unit", "dim.org_unit", "org_code", [asked.org])
    of = {"indicator": asked.indicator, "org": asked.org, "period": period, "type": asked.period_type}
    of["type"] = figure_of(c, of)["period_type"]
    if asked.since and asked.until:
        require_order(asked.since, asked.until)
        before, after = At(period, asked.since), At(period, asked.until)
    else:
        before = At(_against(period, asked.against) if asked.against else _period_before(c, of))
        after = At(period)
    return Move(asked.indicator, asked.org, str(of["type"]), before, after)


def _against(period: str, against: str) -> str:
    """The other period in its usual writing, which is of the same type."""
    one, other = Period.parse(period), Period.parse(against)
    if one.type != other.type:
        raise UsageError(
            f"{one} and {other} are periods of different types",
            expected=f"two of one type, such as {one} and {one - 1}",
            zh=f"{one}与{other}不是同一类型的报告期：应同为月、季、半年或年，如{one}与{one - 1}。",
            code="other_type",
        )
    return str(other)


def _period_before(c: Connection, of: dict[str, Any]) -> str:
    """What mart compares the figure with: the period before of its type, of a year to date within its year."""
    statement = (
        "SELECT previous_period FROM mart.indicator_comparison WHERE indicator_code = :indicator"
        " AND org_code = :org AND period = :period AND period_type = :type"
    )
    found: str | None = c.scalar(sa.text(statement), of)
    if found is None:
        raise UsageError(
            f"a year to date has nothing before {of['period']} in its year",
            expected="--against a period",
            zh=f"{of['period']}的本年累计之前，本年没有可比的报告期：请用--against指定。",
            code="nothing_before",
        )
    return found


def _require_both(c: Connection, ends: Ends) -> None:
    """Raise UsageError where a side has no figure or no value, or the two are not of one definition."""
    move = ends.move
    for side, at in enumerate((move.before, move.after)):
        when = at.period + (f" ({at.moment.isoformat()})" if at.moment else "")
        figure = ends.figure.get(side)
        if figure is None:
            raise UsageError(
                f"no figure of {move.indicator_code} at {move.org_code} for {when}",
                expected="a figure on both sides; another one: --against, or --from and --to",
                zh=f"没有{move.indicator_code}在{move.org_code}、{when}的指标值，无从比较：可用--against（或--from、--to）另选。",
                code="no_figure",
            )
        if figure["value"] is None:
            name = sa.text("SELECT name_zh, name_en FROM dim.obs_status WHERE obs_status = :status")
            status = c.execute(name, {"status": figure["obs_status"]}).one()
            raise UsageError(
                f"{move.indicator_code} at {move.org_code} has no value for {when}: {status.name_en}",
                expected="a value on both sides; another one: --against, or --from and --to",
                zh=f"{move.indicator_code}在{move.org_code}、{when}没有数值（{status.name_zh}），无从比较："
                "可用--against（或--from、--to）另选。",
                code="no_value",
            )
    if ends.is_defined_anew:
        raise UsageError(
            f"{move.indicator_code} was defined anew in between: its figures cannot be compared",
            expected="two figures of one definition; see `qiangji explain`",
            zh=f"{move.indicator_code}的口径在此期间有变化，前后数值不可比：见qiangji explain。",
            code="defined_anew",
        )
