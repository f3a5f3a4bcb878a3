"""`qiangji letter`: the day's letters, sent or shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from qiangji.cli.common import Counties, Json, console, exit_on
from qiangji.errors import UsageError

if TYPE_CHECKING:
    from qiangji.letters import Letter, Outcome

_WORDS = {
    "planned": "待发送 to be sent", "sent": "已发送 sent", "known": "今天已发送 sent today",
    "unsure": "可能已送达 may have arrived", "failed": "未能发送 failed", "no_address": "没有连接 no connection",
    "bad_address": "连接不可用 bad connection",
}  # fmt: skip
_CHANNELS = {
    "mail": "邮件 mail", "wecom": "企业微信 WeCom", "dingtalk": "钉钉 DingTalk", "feishu": "飞书 Feishu",
    "webhook": "webhook", "": "-",
}  # fmt: skip


def letter(
    county: Counties = None,
    city: Annotated[
        bool, typer.Option("--city", help="the city's letter; without --county, that alone")
    ] = False,
    language: Annotated[
        Literal["zh", "en"] | None,
        typer.Option("--language", help="zh or en; default: QIANGJI_LETTER_LANGUAGE"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print what would be sent, and to what kind of address")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="with --dry-run: write each letter here (.html, .txt, what it encloses)"),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="also what was, or may have been, sent today: only for one who asks"),
    ] = False,
    json: Json = False,
) -> None:
    """Send the day's letters that were not sent yet: to the city, and to each county that has something to do.

    Exit code 3: a letter could not be sent; 2 before anything was collected.
    """
    from qiangji import letters, pipeline
    from qiangji.cli import printing
    from qiangji.figures import reading

    if out is not None and (not dry_run or not out.is_dir()):
        raise UsageError(
            "--out without --dry-run, or no such folder",
            expected="--dry-run --out FOLDER, a folder that exists",
            zh="--out须与--dry-run同用，并写已有的文件夹。",
            code="no_place",
        )
    readers = [*(county or []), *([letters.READER] if city else [])]
    with pipeline.open_pipeline() as p:
        planned = letters.plan(p, readers, language) if dry_run else None
        found = planned if planned is not None else letters.send(p, readers, language, again=again)
        if not found:  # nothing to tell, or nothing known
            reading.require_reported(p.ledger.engine, None)
    if out is not None:
        _write(found, out)
    if json:
        print(printing.as_json([_as_data(o, is_whole=dry_run) for o in found]))
    else:
        _print(found, is_whole=dry_run and out is None)
    exit_on(any(o.status in letters.BAD for o in found))


def _as_data(o: Outcome, *, is_whole: bool) -> dict[str, Any]:
    data = vars(o) | {
        "letter": None,
        "day": o.letter.day,
        "language": o.letter.language,
        "subject": o.letter.subject,
        "enclosed": [file.name for file in o.letter.enclosures],
    }
    del data["letter"]
    return data | (
        {"text": o.letter.text, "html": o.letter.html, "brief": o.letter.brief} if is_whole else {}
    )


def _letters(found: list[Outcome]) -> list[Letter]:
    """One a reader: as it goes by mail, where it does."""
    by_reader: dict[str, Letter] = {}
    for o in found:
        by_reader.setdefault(o.reader, o.letter)
    return list(by_reader.values())


def _write(found: list[Outcome], out: Path) -> None:
    for one in _letters(found):
        name = f"{one.day}_{one.reader}"
        files = {f"{name}.html": one.html.encode(), f"{name}.txt": one.text.encode()}
        files |= {f"{name}_{file.name}": file.content for file in one.enclosures}
        for path, content in files.items():
            (out / path).write_bytes(content)
            print(f"已写出 written: {out / path}", file=sys.stderr)


def _print(found: list[Outcome], *, is_whole: bool) -> None:
    from qiangji.cli import words
    from qiangji.letters import READER

    named = {**words.names().counties, READER: "市里"}
    for o in found:
        refused = f"; {o.refused} 个地址被拒 addresses refused" if o.refused else ""
        console.print(
            f"{named.get(o.reader, '')} {o.reader} {_CHANNELS[o.channel]}: {_WORDS[o.status]}{refused}"
            f"  {o.letter.subject}",
            markup=False,
        )
        if o.message and o.status != "no_address":
            console.print(f"    {o.reason_code}: {o.message}", markup=False)
    if is_whole:
        for one in _letters(found):
            console.print(f"\n{'-' * 40}\n{one.text}", markup=False, soft_wrap=True)
    if not found:
        console.print("没有要发的信 Nobody has to be told anything.")
