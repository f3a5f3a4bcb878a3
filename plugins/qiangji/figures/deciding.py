"""What waits for a person: each thing in words, with the command that decides it or shows more.

In: the reporting grid at a moment, and what mart knows of findings, corrections and workbooks. Out: `Waiting`s, what
holds figures back first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.engine import Engine

from qiangji.catalogue import Catalogue
from qiangji.figures import Rows, read, reading
from qiangji.figures.reading import Reporting
from qiangji.periods import Period
from qiangji.workdays import unknown_words


@dataclass(frozen=True)
class Waiting:
    """One thing that waits. `zh` and `en` name it in a line; `why_zh` and `why_en` say more where there is more.

    `command`: what is typed; empty where nothing can be typed. `what`: held, unbuilt, stale_correction, not_taken,
    hand_over, not_sent, findings or unknown_year.
    """

    what: str
    zh: str
    en: str
    command: str
    why_zh: str = ""
    why_en: str = ""
    county_code: str = ""
    form: str = ""
    period: str = ""
    delivery_id: str = ""


def waiting(
    engine: Engine, catalogue: Catalogue, reported: Reporting, today: date, unbuilt: Sequence[Period]
) -> Iterator[Waiting]:
    """Everything that waits at a moment. `unbuilt`: months of which a build would show something new."""
    yield from _held(catalogue, reported.grid)
    if unbuilt:
        months = "、".join(map(str, unbuilt))
        yield Waiting(
            "unbuilt",
            f"{months}有新报送或新处置未计算",
            f"{months}: collected, not in the figures",
            "qiangji build",
        )
    for row in reading.stale_corrections(engine):
        where = f"{row['org_code']} {row['form']} {row['period']} {row['field']}"
        yield Waiting(
            "stale_correction",
            f"人工更正已失效：{where}",
            f"a correction no longer fits the report: {where}",
            f"qiangji status --county {row['county_code']}",
            county_code=row["county_code"],
            form=row["form"],
            period=row["period"],
        )
    yield from _not_taken(reported.grid)
    yield from _workbooks(reported)
    warnings = read(
        engine, "SELECT count(*) AS n FROM mart.finding WHERE disposition = 'open' AND severity = 'warning'"
    )[0]["n"]
    if warnings:
        yield Waiting(
            "findings",
            f"核查提醒待核{warnings:,}条",
            f"{warnings:,} warnings that nobody decided on",
            "qiangji findings --severity warning",
        )
    for year in catalogue.calendar.unknown(today):
        zh, en = unknown_words(year)
        yield Waiting(
            "unknown_year", f"{year}年节假日未录入", f"the holidays of {year} are not known", "", zh, en
        )


def _held(catalogue: Catalogue, grid: Rows) -> Iterator[Waiting]:
    for r in grid:
        if r["status"] != "held":
            continue
        form = catalogue.forms[r["form"]].title if r["form"] in catalogue.forms else None
        yield Waiting(
            "held",
            f"待审 {r['county_name']} {form.zh if form else r['form']} {r['period']}",
            f"held: {r['reason_code']}",
            f'qiangji release {r["delivery_id"]} --reason "…"',
            r["message_zh"] or "",
            r["message_en"] or "",
            county_code=r["county_code"],
            form=r["form"],
            period=r["period"],
            delivery_id=r["delivery_id"],
        )


def _not_taken(grid: Rows) -> Iterator[Waiting]:
    seen = set()
    for r in reading.needs_attention(grid):
        key = (r["county_code"], r["form"], r["period"])
        if r["reason_code"] in reading.NOTED and key not in seen:
            seen.add(key)
            yield Waiting(
                "not_taken",
                f"未采用 {r['county_name']} {r['form']} {r['period']}",
                f"not taken: {r['reason_code']}",
                f"qiangji status --county {r['county_code']} --period {r['period']}",
                r["message_zh"] or "",
                r["message_en"] or "",
                county_code=r["county_code"],
                form=r["form"],
                period=r["period"],
            )


def _workbooks(reported: Reporting) -> Iterator[Waiting]:
    """Workbooks to hand over, a line a county, and those that no county has yet."""
    made = reported.workbooks
    kept: dict[tuple[str, str], int] = {}
    for w in made:
        if w["transport"] == "kept" and w["status"] == "sent":
            county = w["county_code"], w["county_name"]
            kept[county] = kept.get(county, 0) + 1
    for (code, name), count in kept.items():
        yield Waiting(
            "hand_over",
            f"线下转交{name}：{count}个退回工作簿",
            f"hand over to {code}: {count} returned workbooks",
            f"qiangji feedback --county {code}",
            county_code=code,
        )
    told = {w["delivery_id"] for w in made if w["status"] == "sent"}
    missing = {r["delivery_id"] for r in reported.grid if r["status"] in reading.OUTSTANDING} - told
    if missing:
        yield Waiting(
            "not_sent",
            f"{len(missing)}份来件的退回说明尚未发出",
            f"{len(missing)} deliveries whose county was not told yet",
            "qiangji feedback",
        )
