"""`qiangji check` tries a report before it is sent; `qiangji feedback` tells counties what was returned."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qiangji.cli import words
from qiangji.cli.blocks import print_card
from qiangji.cli.common import Counties, Json, Periods, as_periods, console, exit_on, only_errors_logged
from qiangji.cli.words import Names
from qiangji.errors import UsageError
from qiangji.ledger.statuses import STATUSES

if TYPE_CHECKING:
    from qiangji.checking.coverage import Coverage
    from qiangji.feedback import Page, Sent

_SHOWN = 50
_NAMED = 5
_BECAME = {
    "sent": "已反馈 sent",
    "failed": "未能写入 failed",
    "known": "此前已反馈 sent before",
    "answered": "更正已接收，撤下 corrected: taken back",
}
_KINDS = {
    "critical": "退回 returned",
    "question": "待核实 held until answered",
    "warning": "提醒 warning",
    "info": "提示 info",
}
"""Severity -> what it is called here; findings have the words of `qiangji findings`."""


def check(
    file: Annotated[Path, typer.Argument(help=".xlsx, .csv or .ndjson, as the county would send it")],
    form: Annotated[str, typer.Option("--form", help="form")],
    county: Annotated[str, typer.Option("--county", help="county code or name")],
    period: Annotated[str, typer.Option("--period", help="2026-10, 2026Q3, 2026H1 or 2026")],
    workbook: Annotated[
        Path | None, typer.Option("--workbook", help="write the annotated workbook here")
    ] = None,
    json: Json = False,
) -> None:
    """Try a file before it is sent: what would be returned, cell by cell. Nothing is recorded.

    Exit code 3: the file, or a row of it, would be returned or held.
    """
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.feedback import trial
    from qiangji.settings import settings

    if workbook and (not workbook.parent.is_dir() or workbook.resolve() == file.resolve()):
        raise UsageError(
            f"{workbook} cannot be written: its folder is not there, or it is the file itself",
            expected="--workbook names another file, in a folder that exists",
            zh=f"{workbook}无法写入：文件夹不存在，或就是原文件。请另写一个路径。",
            code="no_place",
        )
    catalogue = pipeline.read_catalogue()
    county = catalogue.county_of(county)
    with only_errors_logged():  # the page says it all
        page = trial.try_file(catalogue, file, form, county, period, settings().max_delivery_bytes)
    if workbook:
        workbook.write_bytes(trial.annotated(catalogue, file, county, page))
        print(f"已写出 written: {workbook}", file=sys.stderr)
    if json:
        print(printing.as_json(page_as_data(page)))
    else:
        _print_page(page, words.names(catalogue))
    exit_on(any(not p.is_warning for p in page.problems))


def feedback(
    period: Periods = None,
    county: Counties = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would be written")] = False,
    json: Json = False,
) -> None:
    """Send counties an annotated workbook for each delivery with something returned, once.

    Exit code 3: a workbook could not be sent.
    """
    from qiangji import feedback as way_back
    from qiangji import pipeline
    from qiangji.cli import printing

    with pipeline.open_pipeline() as p:
        sent = way_back.send(p, county or [], as_periods(period), dry_run=dry_run)
        names = words.names(p.catalogue)
    if json:
        print(printing.as_json([vars(s) for s in sent]))
    else:
        _print_sent(sent, names)
    exit_on(any(s.status == "failed" for s in sent))


def page_as_data(page: Page) -> dict[str, Any]:
    """The page as JSON, without the county's sheet."""
    kept = ("form", "period", "status", "received", "accepted", "rejected")
    found = page.coverage
    return (
        {n: getattr(page, n) for n in kept}
        | {"coverage": None if found is None else vars(found)}
        | {"problems": [vars(p) for p in page.problems]}
    )


def _print_page(page: Page, names: Names) -> None:
    from rich.markup import escape

    console.print(
        f"{names.form(page.form)} {page.period}：{page.status}。收到 received {page.received:,}，"
        f"收下 accepted {page.accepted:,}，退回 rejected {page.rejected:,}"
    )
    _print_coverage(page.coverage)
    for p in page.problems[:_SHOWN]:
        kind = _KINDS[p.severity]
        zh = p.message_zh + (f"，应为{p.expected_zh}" if p.expected_zh else "")
        en = p.message_en + (f" (expected {p.expected_en})" if p.expected_en else "")
        print_card(console, escape(f"{p.address or '整份 report'} {kind} {p.rule}"), zh, en)
    if len(page.problems) > _SHOWN:
        more = len(page.problems) - _SHOWN
        console.print(f"… 另有 and {more:,} more: 全部 all: --workbook, --json")
    console.print(
        "与此前版本相比行数骤减、报告期锁定的拦截，以及与上期、其他报表的比对，在收取和计算时进行。"
        " Whether rows have become far fewer than in a revision before, locks, and comparisons with other reports are"
        " looked at once it is collected."
    )


def _print_coverage(found: Coverage | None) -> None:
    from rich.markup import escape

    if found is None:
        return
    line = f"接收 {found.reported:,} / 应报 {found.expected:,} units that should report"
    if found.missing:
        first = "、".join(f"{code} {name}" for code, name in found.missing[:_NAMED])
        more = f" … 共 in all {len(found.missing):,}" if len(found.missing) > _NAMED else ""
        line += f"; 缺 missing: {first}{more}"
    console.print(escape(line))


def _print_sent(sent: list[Sent], names: Names) -> None:
    from rich.markup import escape

    from qiangji.feedback.sent import LEFT

    told: set[tuple[str, str | None]] = set()  # a system that is down is the same news for each workbook
    for s in sent:
        became = _BECAME.get(s.status, "待反馈 to be sent")
        left = "，文件已被改动，未删除 left, as somebody changed it" if s.reason_code == LEFT else ""
        way = "待转交 to hand over" if s.transport == "kept" else s.transport
        whose = f"{names.county(s.county_code)} {escape(s.name)} ({way})"
        heading = f"{whose}：{became}{left}，{s.problems}个问题 problems"
        message = f"{s.reason_code}: {s.message}" if s.message else None
        is_news = message is not None and (s.county_code, message) not in told
        told.add((s.county_code, message))
        reports = (f"{names.forms.get(f, '')} {f} {t} {STATUSES.get(v, '')} {v}" for f, t, v in s.submissions)
        print_card(console, heading, *reports, message if is_news else None)
    if not sent:
        console.print("没有需要反馈的报送 Nothing to send back.")
