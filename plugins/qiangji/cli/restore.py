"""`qiangji rebuild-ledger` fills the ledger again from the lake; `qiangji verify` holds both against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from qiangji.cli.blocks import print_card
from qiangji.cli.common import Json, console, exit_on, right, table

if TYPE_CHECKING:
    from qiangji.restoring import Rebuilt
    from qiangji.restoring.verifying import Verified


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
    from qiangji.settings import settings

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
    from qiangji.settings import settings

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


def watch(things: Sequence[Any], what: str) -> Iterable[Any]:
    """A progress bar on stderr, removed at the end; nothing if stderr is no terminal."""
    from rich.progress import track

    bar = Console(stderr=True)
    return track(things, what, console=bar, transient=True, disable=not bar.is_terminal)


def print_rebuilt(rebuilt: Rebuilt) -> None:
    """The rows of each table, and what the journal does not have."""
    shown = table("台账 Ledger", "表 table", *right("行数 rows"))
    for name, rows in sorted(rebuilt.rows.items()):
        shown.add_row(name, f"{rows:,}")
    console.print(shown)
    console.print(
        f"由 {rebuilt.events:,} 个事件重建，请接着运行 qiangji build。"
        f" From {rebuilt.events:,} events. `qiangji build` then finds what is left to do."
    )
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
    for kind, n in sorted(rebuilt.unknown.items()):
        console.print(
            f"{n:,} 个 {kind!r} 类事件本版本不识别，已略过。"
            f" {n:,} events of kind {kind!r} are not known to this version and were left out."
        )


def print_verified(verified: Verified) -> None:
    """The number of things looked at, and one line a fault."""
    said = ", ".join(f"{n:,} {what}" for what, n in verified.looked_at.items())
    console.print(f"已查 Looked at {said}.")
    if not verified.faults:
        console.print("完好 All is well.")
        return
    console.print(f"[bold]问题 Faults: {len(verified.faults):,}[/bold]")
    for fault in verified.faults:
        print_card(console, f"{fault.code} {escape(str(fault.where))}", fault.what, fault.do)
