"""What waits for a person: each thing in words, with the command that decides it or shows more.

In: the reporting grid at a moment, and what mart knows of findings, corrections and workbooks. Out: `Waiting`s, what
holds figures back first; and `Open`, the reports that their counties have to send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.engine import Engine

from qiangji.catalogue.load import Catalogue
from qiangji.figures import Row, Rows, deliveries, read, reading
from qiangji.figures.reading import Reporting
from qiangji.ledger.records import SIDE_BY_SIDE
from qiangji.parsing.reasons import REASONS, in_brief
from qiangji.periods import Period
from qiangji.text import counted, taken_apart
from qiangji.workdays import unknown_words


@dataclass(frozen=True)
class Waiting:
    """One thing that waits. `zh` and `en` name it in a line; `why_zh` and `why_en` say more where there is more.

    `command`: what is typed; empty where nothing can be typed. `what`: held, unbuilt, stale_correction, not_taken,
    few_units, hand_over, not_sent, findings or unknown_year. `about`: the report that it is about, in words;
    `reason_code` and `brief_zh`: why, where it has a reason. `argument`: the words of `command` that name the report
    and no other. `beside`: deliveries of the same report that are held too, of which one is right; `counts`: the one
    that counts, as somebody released it. `count`: how many things it is. `page`: the page among Airflow's
    where it is done, where no command does it.
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
    about: str = ""
    reason_code: str = ""
    brief_zh: str = ""
    argument: str = ""
    beside: tuple[str, ...] = ()
    counts: str = ""
    count: int = 1
    page: str = ""


@dataclass(frozen=True)
class Open:
    """A report that its county has to send, or send again. `status`: late, returned or withheld.

    `days`: since it was due, where it is late. `is_new`: it came since the night began, and went back. `brief_`: why,
    in a few words; `why_`: the message. A late one has a reason only where that is not its county's silence: `voided`
    by us, or `failed`: the last attempt could not look.
    """

    status: str
    county_code: str
    county_name: str
    form: str
    title_zh: str
    title_en: str
    period: str
    days: int = 0
    reason_code: str = ""
    brief_zh: str = ""
    brief_en: str = ""
    why_zh: str = ""
    why_en: str = ""
    is_new: bool = False

    @property
    def note(self) -> tuple[str, str]:
        """What is said beside a late report in both languages; '' where its county has just not sent it."""
        return _NOTES.get(self.reason_code, ("", "")) if self.status == "late" else ("", "")


_NOT_TAKEN = {"other_name": "文件名不符", "voided_again": "内容与已作废的相同"}
"""Reasons of `reading.NOTED` in a few words."""
_NOTES = {"voided": ("作废后待补", "voided"), "failed": ("采集失败", "last attempt failed")}


def open_reports(
    catalogue: Catalogue, grid: Rows, today: date, since: datetime | None = None
) -> Iterator[Open]:
    """Reports of the grid that somebody has to send, in its order. `since`: when what is new begins."""
    for r in grid:
        is_late = reading.is_late(catalogue, r, today)
        if not is_late and r["status"] not in ("returned", "withheld"):
            continue
        code = _of_late(r) if is_late else r["reason_code"] or ""
        yield Open(
            "late" if is_late else r["status"],
            r["county_code"],
            r["county_name"],
            r["form"],
            *_title(catalogue, r),
            r["period"],
            (today - r["due_date"]).days if is_late else 0,
            code,
            *_brief(catalogue, r["form"], code),
            r["message_zh"] or "",
            r["message_en"] or "",
            is_new=bool(not is_late and since and r.get("received_at") and r["received_at"] >= since),
        )


def _of_late(row: Row) -> str:
    """Why nothing counts, where it is not that nothing was sent: only what was voided leaves a delivery behind."""
    if row["delivery_id"]:
        return "voided"
    return "failed" if row["status"] == "failed" else ""


def late_by_county(reports: Sequence[Open]) -> list[list[Open]]:
    """Late reports, a list a county: the county with the most first."""
    return _grouped([r for r in reports if r.status == "late"], lambda r: r.county_code)


def back_by_reason(reports: Sequence[Open]) -> list[list[Open]]:
    """Reports that were returned or withheld, a list a reason: the commonest first."""
    return _grouped([r for r in reports if r.status != "late"], lambda r: r.reason_code)


def _grouped(reports: Sequence[Open], key: Callable[[Open], str]) -> list[list[Open]]:
    found: dict[str, list[Open]] = {}
    for report in reports:
        found.setdefault(key(report), []).append(report)
    return sorted(found.values(), key=lambda own: -len(own))


def _brief(catalogue: Catalogue, form: str, code: str) -> tuple[str, str]:
    """What a reason is, in a few words of both languages; its code, where there are none.

    A report that goes back by a rule of its suite has the end of the rule's id.
    """
    named = code.replace("_", " ")
    if code in REASONS:
        return REASONS[code].brief_zh, named
    rules = catalogue.suites[form].rules if form in catalogue.suites else ()
    rule = next((r for r in rules if r.id == f"{form}.{code}"), None)
    return (in_brief(rule.message.zh), in_brief(rule.message.en)) if rule else (code, named)


def _title(catalogue: Catalogue, row: Row) -> tuple[str, str]:
    """The form's title in both languages; its name, where the catalogue no longer has it."""
    found = catalogue.forms.get(row["form"])
    return (found.title.zh, found.title.en) if found else (row["form"], row["form"])


def waiting(
    engine: Engine, catalogue: Catalogue, reported: Reporting, today: date, unbuilt: Sequence[Period] | None
) -> Iterator[Waiting]:
    """Everything that waits at a moment. `unbuilt`: months of which a build would show something new; None: of a moment
    that was.
    """
    if unbuilt:
        yield _unbuilt(unbuilt)  # first: what was decided or came is in no figure until then
    yield from _held(engine, catalogue, reported)
    yield from waiting_but_held(engine, catalogue, reported, today, is_now=unbuilt is not None)


def waiting_but_held(
    engine: Engine, catalogue: Catalogue, reported: Reporting, today: date, *, is_now: bool
) -> Iterator[Waiting]:
    """Everything that waits beside held reports and the build.

    Of a moment that was, open findings, corrections that do not fit and workbooks are left out: they are known as they
    are now alone.
    """
    if is_now:
        yield from _stale(engine)
    attention = reading.needs_attention(reported.grid)
    yield from _not_taken(catalogue, attention)
    yield from _few_units(catalogue, attention)
    if is_now:
        yield from _workbooks(reported)
        yield from _findings(engine)
    for year in catalogue.calendar.unknown(today):
        zh, en = unknown_words(year)
        yield Waiting(
            "unknown_year", f"{year}年节假日未录入", f"the holidays of {year} are not known", "", zh, en
        )


def _unbuilt(unbuilt: Sequence[Period]) -> Waiting:
    months = "、".join(map(str, unbuilt))
    return Waiting(
        "unbuilt",
        f"{months}有新报送或新决定未计算",
        f"{months}: collected or decided, not in the figures",
        "qiangji build",
    )


def _stale(engine: Engine) -> Iterator[Waiting]:
    """Corrections that no longer fit."""
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


def _findings(engine: Engine) -> Iterator[Waiting]:
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


def _held(engine: Engine, catalogue: Catalogue, reported: Reporting) -> Iterator[Waiting]:
    """Reports that a guard holds, what came last first, each with the command that means it and no other of its
    delivery.
    """
    held = newest_first(r for r in reported.grid if r["status"] == "held")
    parts = deliveries.parts(engine, [r["delivery_id"] for r in held]) if held else {}
    asked = [r for r in held if r["reason_code"] == SIDE_BY_SIDE]
    same = deliveries.of_same_report(engine, asked, reported.at) if asked else {}
    for r in held:
        key = r["county_code"], r["form"], r["period"]
        argument = _argument(r, parts.get(r["delivery_id"], []))
        of_it = same.get(key, deliveries.Same())
        counts = "" if of_it.counts == r["delivery_id"] else of_it.counts
        beside = tuple(d for d in of_it.ids if d not in (r["delivery_id"], counts))
        told = (f"（{r['delivery_id']}或{'、'.join(beside)}）" if beside else "") + (
            f"（已计入的是{counts}）" if counts else ""
        )
        told_en = (f", {r['delivery_id']} or {', '.join(beside)}" if beside else "") + (
            f"; {counts} counts" if counts else ""
        )
        code = r["reason_code"] or ""  # of a moment before it was decided on, the reason is not on record
        brief = _brief(catalogue, r["form"], code)[0] if code else ""
        about = f"{r['county_name']} {_title(catalogue, r)[0]} {r['period']}"
        yield Waiting(
            "held",
            f"待审 {about}：{brief}".rstrip("：") + told,
            f"held: {code}".rstrip(": ") + told_en,
            f'qiangji release {argument} --reason "…"',
            r["message_zh"] or "",
            r["message_en"] or "",
            county_code=r["county_code"],
            form=r["form"],
            period=r["period"],
            delivery_id=r["delivery_id"],
            about=about,
            reason_code=code,
            brief_zh=brief,
            argument=argument,
            beside=beside,
            counts=counts,
        )


def newest_first(rows: Iterable[Row]) -> Rows:
    """Reports by when they came, the last first: a night's news stand before what has waited for months."""
    return sorted(rows, key=lambda r: r["received_at"], reverse=True)


def _argument(row: Row, parts: Sequence[tuple[str, str]]) -> str:
    """The delivery; with the form where it holds other reports, and the period where that form is in it for others."""
    words = [row["delivery_id"]]
    if len(parts) > 1:
        words += ["--form", row["form"]]
    if sum(form == row["form"] for form, _ in parts) > 1:
        words += ["--period", row["period"]]
    return " ".join(words)


def _few_units(catalogue: Catalogue, attention: Rows) -> Iterator[Waiting]:
    """Reports that count, of far fewer units than should report: the one with the smallest share first."""
    few = [r for r in attention if r["reason_code"] == "few_units"]
    for r in sorted(few, key=lambda r: r["rows_accepted"] / r["expected_units"]):
        about = f"{r['county_name']} {_title(catalogue, r)[0]} {r['period']}"
        told = f"{r['rows_accepted']:,}/{r['expected_units']:,}"
        yield Waiting(
            "few_units",
            f"应报单位不足 {about}：{told}",
            f"{r['rows_accepted']:,} of {r['expected_units']:,} units",
            f"qiangji status --county {r['county_code']} --period {r['period']}",
            r["message_zh"],
            r["message_en"],
            county_code=r["county_code"],
            form=r["form"],
            period=r["period"],
            about=about,
            reason_code="few_units",
            brief_zh=told,
        )


def _not_taken(catalogue: Catalogue, attention: Rows) -> Iterator[Waiting]:
    seen = set()
    for r in attention:
        key = (r["county_code"], r["form"], r["period"])
        if r["reason_code"] in reading.NOTED and key not in seen:
            seen.add(key)
            yield Waiting(
                "not_taken",
                f"未采用 {r['county_name']} {_title(catalogue, r)[0]} {r['period']}",
                f"not taken: {r['reason_code']}",
                f"qiangji status --county {r['county_code']} --period {r['period']}",
                *taken_apart(r["message_zh"], r["message_en"]),
                county_code=r["county_code"],
                form=r["form"],
                period=r["period"],
                brief_zh=_NOT_TAKEN[r["reason_code"]],
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
            f"hand over to {name}: {counted(count, 'returned workbook', 'returned workbooks')}",
            "",
            "在Airflow的退回工作簿页面下载，交给县里；县里更正后自动撤下",
            "download them on Airflow's page of returned workbooks; each goes away once its county has corrected it",
            county_code=code,
            count=count,
            page="qiangji/feedback/",
        )
    told = {w["delivery_id"] for w in made if w["status"] == "sent"}
    missing = {r["delivery_id"] for r in reported.grid if r["status"] in reading.OUTSTANDING} - told
    if missing:
        yield Waiting(
            "not_sent",
            f"{len(missing)}份来件的退回说明尚未发出",
            counted(len(missing), "delivery", "deliveries") + " whose county was not told yet",
            "qiangji feedback",
        )
