"""Why no figure is shown for a choice, and what to do, in both languages.

In: what was asked of `reading.values`, which had no row. Out: the first reason that holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.errors import UsageError
from qiangji.figures import OVERVIEW, Choice, explaining, read, reading
from qiangji.periods import Period, local_day
from qiangji.settings import settings
from qiangji.text import in_full


def why_none(
    engine: Engine,
    catalogue: Catalogue,
    choice: Choice = OVERVIEW,
    period: str | None = None,
    period_type: str | None = None,
    as_of: datetime | None = None,
) -> str:
    """Why `values` has no row for that choice, and what to do: a line in each language."""
    return "\n".join(next(_reasons(engine, catalogue, choice, period, period_type, as_of)))


def _reasons(
    engine: Engine,
    catalogue: Catalogue,
    choice: Choice,
    period: str | None,
    period_type: str | None,
    as_of: datetime | None,
) -> Iterator[tuple[str, str]]:
    built = read(engine, "SELECT DISTINCT period, period_type FROM mart.indicator_value ORDER BY 1, 2")
    if not built:
        yield (
            "尚未计算任何指标值：请先运行qiangji collect，再运行qiangji build。",
            "Nothing is built yet: `qiangji collect`, then `qiangji build`.",
        )
    first = explaining.first_built(engine)
    if as_of and first and as_of < first and period is None:
        yield _before_the_first(as_of, first)
    asked = Period.parse(period or reading.latest_month(engine) or built[-1]["period"])
    try:
        catalogue.require_reportable([asked.last_month], local_day(datetime.now(UTC), settings().timezone))
    except UsageError as e:
        yield e.zh, e.en
    types = [b["period_type"] for b in built if b["period"] == str(asked)]
    if not types:
        command = f"qiangji build --period {asked.last_month}"
        yield (
            f"{asked}尚未计算：采集其报表后请运行{command}。",
            f"{asked} is not built: `{command}`, once its reports are collected.",
        )
    if as_of and types and not reading.is_built(engine, str(asked.last_month), as_of):
        yield _not_yet(engine, asked, as_of)
    if period_type and period_type not in types:
        has = ", ".join(types)
        yield (
            f"{asked}没有{period_type}类指标值，只有{has}。",
            f"{asked} has no figures of type {period_type}: it has {has}.",
        )
    for code in choice.orgs:
        if catalogue.org.version(code, asked.months) is None:
            name = catalogue.name_of(code)
            yield f"{code} {name}在{asked}不是单位。", f"{code} {name} was no unit in {asked}."
    if choice.level and choice.orgs and not _has_units(catalogue, choice.level, choice.orgs):
        codes = ", ".join(choice.orgs)
        yield (
            f"{codes}及其下没有{choice.level}一级的单位。",
            f"No unit of level {choice.level} is, or lies beneath, {codes}.",
        )
    yield (
        "所选指标在该层级不计算：各指标的层级见mart.indicator。",
        "No figure of that choice: the indicators are not made at that level (mart.indicator says at which).",
    )


def _before_the_first(as_of: datetime, first: datetime) -> tuple[str, str]:
    """A moment by which nothing was built, and the first minute of which something can be shown."""
    zone = ZoneInfo(settings().timezone)
    at, built = in_full(as_of.astimezone(zone)), f"{first.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    then = f"{first.astimezone(zone) + timedelta(minutes=1):%Y-%m-%dT%H:%M}"
    return (
        f"到{at}为止尚未计算任何指标值：首次计算于{built}，--as-of应为{then}或更晚。",
        f"Nothing was built by {at}: it first was at {built}. --as-of makes sense from {then} on.",
    )


def _not_yet(engine: Engine, asked: Period, as_of: datetime) -> tuple[str, str]:
    """A period that was built after the moment that is asked about."""
    statement = "SELECT min(built_at) AS first FROM mart.build WHERE :month = ANY(months)"
    zone = ZoneInfo(settings().timezone)
    first = read(engine, statement, {"month": str(asked.last_month)})[0]["first"].astimezone(zone)
    at = in_full(as_of.astimezone(zone))
    return (
        f"{at}时{asked}尚未计算：首次计算于{first:%Y-%m-%d %H:%M:%S}，请改问此后的时点。",
        f"{asked} was not built by {at}: it first was at {first:%Y-%m-%d %H:%M:%S}. Ask for a later time.",
    )


def _has_units(catalogue: Catalogue, level: str, orgs: Sequence[str]) -> bool:
    return any(
        u.level == level and not catalogue.org.ever_above(u.code).isdisjoint(orgs) for u in catalogue.org
    )
