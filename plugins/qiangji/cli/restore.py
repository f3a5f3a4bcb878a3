"""`qiangji backup`; `rebuild-ledger` fills the ledger again from the lake, `verify` holds both against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from qiangji.cli.blocks import print_card
from qiangji.cli.common import Json, console, exit_on, right, table
from qiangji.settings import settings

if TYPE_CHECKING:
    from qiangji.restoring import Rebuilt
    from qiangji.restoring.backup import BackedUp
    from qiangji.restoring.verifying import Verified


LOOKED_AT = {
    "raw files": "原始文件", "files of rows": "记录文件", "files named": "所引用的文件", "editions": "审定版",
    "events": "事件", "results of builds": "计算结果", "result rows": "结果行", "facts": "事实行",
}  # fmt: skip
FAULTS = {
    "altered": "数据湖里的文件与其名称不符：从数据湖的备份取回该文件。",
    "missing": "台账或事件引用的文件不在：从数据湖的备份取回。",
    "not_in_journal": "台账里有、事件日志里没有：从备份取回lake/journal，此前不要运行qiangji build；不要用--force，"
    "否则就丢了。",
    "other_in_ledger": "台账与事件所记不同：有人手工改过数据库，先查明是谁，再运行qiangji rebuild-ledger --force。",
    "unknown_build": "有不知出自哪次计算的指标：同上。",
    "other_facts": "有不知出自哪次计算的事实行：同上。",
    "not_in_ledger": "有事件而台账里没有：一两个是进程中断留下的，照原样再做一次；很多则是恢复过备份。",
    "unnamed": "有文件而没有事件提到：进程在写事件前中断，照原样再做一次；"
    "仍在则是日志丢了文件，计算之前从备份取回lake/journal。",
}
"""Code of a fault -> what it is and what to do, in Chinese; docs/runbooks/restore.md has it in English."""
LOST = (
    "事件日志丢了文件：以下 {n} 项有事实或计算为证，却没有事件。先不要运行 qiangji build，否则会撤下其指标；"
    "请从备份取回lake/journal，再运行 qiangji rebuild-ledger --force；"
    "没有备份则对其报告期运行 qiangji collect，会重新核查。"
    " The journal has lost files: facts or builds refer to {n} things of which no event tells. No `qiangji build`"
    " now: it would drop their figures. Take lake/journal from a backup, then `qiangji rebuild-ledger --force`."
    " Without a backup, `qiangji collect --period` of their periods checks their reports again."
)
UNNAMED = (
    "没有事件提到以下 {n} 个文件：进程中断会留下，照原样再做一次；"
    "否则是事件日志丢了文件，计算之前从备份取回lake/journal。"
    " No event names these {n} files. A step that was killed leaves such: do the same again. Else the journal has"
    " lost a file: take lake/journal from a backup before a build."
)
LISTED = 10
"""Lines of one kind; `--json` has all."""


def rebuild_ledger(
    force: Annotated[
        bool, typer.Option("--force", help="replace a ledger that is not empty by what the journal says")
    ] = False,
    json: Json = False,
) -> None:
    """Fill an empty warehouse again from the lake: the ledger, facts, figures and their history.

    Exit code 3: the lake did not have everything.
    """
    from qiangji import pipeline, restoring
    from qiangji.cli import printing

    rebuilt = restoring.rebuild(pipeline.read_catalogue(), settings(), force=force, watch=watch)
    if json:
        print(printing.as_json(vars(rebuilt)))
    else:
        print_rebuilt(rebuilt)
    exit_on(not rebuilt.is_whole)


def verify(json: Json = False) -> None:
    """Hold every byte, row and event of lake and ledger against each other, and print what is wrong.

    Exit code 1: something is damaged. Exit code 3: nothing is, but somebody has to look at something.
    """
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.restoring import verifying

    verified = verifying.verify(pipeline.read_catalogue(), settings(), watch)
    if json:
        print(
            printing.as_json({"looked_at": verified.looked_at, "faults": [vars(f) for f in verified.faults]})
        )
    else:
        print_verified(verified)
    if verified.is_damaged:
        raise typer.Exit(1)
    exit_on(verified.faults)


def backup(json: Json = False) -> None:
    """Write both databases, then lake and journal, below QIANGJI_BACKUP; remove what is older than QIANGJI_BACKUP_DAYS.

    Exit code 1: it was not written, and the last good one stands.
    """
    from qiangji import warehouse
    from qiangji.cli import airflow, printing
    from qiangji.restoring import backup as writing
    from qiangji.settings import settings

    with warehouse.urls(settings()) as url:
        databases = {"qiangji": url[warehouse.roles.OWNER]}
        if airflows := airflow.database_url():
            databases["airflow"] = airflows
        done = writing.back_up(settings(), databases)
    if json:
        print(printing.as_json(vars(done)))
    else:
        print_backed_up(done)


def watch(things: Sequence[Any], what: str) -> Iterable[Any]:
    """A progress bar on stderr, removed at the end; nothing if stderr is no terminal."""
    from rich.progress import track

    bar = Console(stderr=True)
    return track(things, what, console=bar, transient=True, disable=not bar.is_terminal)


def print_rebuilt(rebuilt: Rebuilt) -> None:
    """The rows of each table, and what the journal does not have."""
    words = table_words()
    shown = table("台账 Ledger", "内容 what", "表 table", *right("行数 rows"))
    for name, rows in sorted(rebuilt.rows.items()):
        shown.add_row(words.get(name, ""), name, f"{rows:,}")
    console.print(shown)
    console.print(f"由 {rebuilt.events:,} 个事件重建。 From {rebuilt.events:,} events.")
    if rebuilt.without_reasons:
        console.print(
            f"{rebuilt.without_reasons:,} 个核查结论早于日志记录原因的版本，请运行 qiangji reprocess 找回。"
            f" {rebuilt.without_reasons:,} verdicts are older than the reasons in the journal: `qiangji reprocess`"
            " finds rejected rows and findings again."
        )
    if rebuilt.without_rows:
        console.print(
            f"{rebuilt.without_rows:,} 次计算早于 lake/builds，当时所显示的已无从取回，请运行 qiangji build。"
            f" {rebuilt.without_rows:,} builds are older than the rows in lake/builds: what they showed is not there;"
            " `qiangji build` computes what stands now."
        )
    for file in rebuilt.refused:
        console.print(
            f"{file}：理由含有不能保存的字符，当时未作记录，已略过；可重新作出该决定。"
            f" {file} holds a reason that could not be kept: it was never recorded. Decide again if it still matters.",
            markup=False,
        )
    for kind, n in sorted(rebuilt.unknown.items()):
        console.print(
            f"{n:,} 个 {kind!r} 类事件本版本不识别，已略过。"
            f" {n:,} events of kind {kind!r} are not known to this version and were left out."
        )
    print_lost(rebuilt)


def print_lost(rebuilt: Rebuilt) -> None:
    """What the journal has lost, or may have; else what to do next."""
    for found, said in ((rebuilt.lost, LOST), (rebuilt.unnamed, UNNAMED)):
        if found:
            console.print(said.format(n=f"{len(found):,}"))
            for one in found[:LISTED]:
                console.print(f"  {one}", markup=False, soft_wrap=True)
            if (more := len(found) - LISTED) > 0:
                console.print(f"  另有{more:,}项，见--json。 {more:,} more: --json")
    if not (rebuilt.lost or rebuilt.unnamed):
        console.print(
            "请接着运行 qiangji verify，再运行 qiangji build。"
            " `qiangji verify` then looks at what was not read here, and `qiangji build` finds what is left to do."
        )


def table_words() -> dict[str, str]:
    """Table -> what it holds, in Chinese."""
    from qiangji.warehouse.dictionary import words_of

    return {name: words.split(" / ")[0] for name, words in words_of("tables").items()}


def print_backed_up(done: BackedUp) -> None:
    """What was written, and what is not in it."""
    dumps = ", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in done.dumps.items())
    console.print(f"已备份 Backed up to {done.folder}: {dumps}")
    console.print(
        f"数据湖 lake: {done.lake_files:,} 个文件 files, 新增 new {done.new_files:,} ({done.new_bytes / 1e6:,.1f} MB)"
    )
    if done.lapsed:
        console.print(f"已删除过期的 Lapsed and removed: {', '.join(done.lapsed)}")
    if "airflow" not in done.dumps:
        console.print(
            "此处没有配置Airflow，未备份其数据库。 Airflow is not configured here, so its database is not in it."
        )


def print_verified(verified: Verified, out: Console = console) -> None:
    """The number of things looked at, and one line a fault."""
    said = ", ".join(f"{n:,} {LOOKED_AT.get(what, '')} {what}" for what, n in verified.looked_at.items())
    out.print(f"已查 Looked at {said}.")
    if not verified.faults:
        out.print("完好 All is well.")
        return
    out.print(f"[bold]问题 Faults: {len(verified.faults):,}[/bold]")
    for fault in verified.faults:
        print_card(out, f"{fault.code} {escape(fault.where)}", FAULTS.get(fault.code), fault.what, fault.do)
