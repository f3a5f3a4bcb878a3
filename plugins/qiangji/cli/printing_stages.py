"""Prints what the stages did: what was collected and checked, what a new check would change, what was built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from qiangji.cli.blocks import print_card
from qiangji.cli.words import Names, said_once, status
from qiangji.errors import QiangjiError
from qiangji.text import counted

if TYPE_CHECKING:
    from qiangji.building import Built
    from qiangji.stages import Collected

Rows = Sequence[Mapping[str, Any]]
_GUARDS = {
    "period_locked": ("报告期锁定后收到", "after the period was locked"),
    "far_fewer_rows": ("记录比此前最全的版本少得多", "far fewer rows than the fullest revision so far"),
}
_HELD = "未采用，原数据不变 nothing was replaced: `qiangji release` or `qiangji void` it"


def print_failures(
    console: Console, names: Names, failures: Iterable[tuple[str, str | None, Any, QiangjiError]]
) -> None:
    """A card for each county, or form of one, that could not be collected."""
    for county, form, period, e in failures:
        print_card(
            console,
            f"[bold red]采集失败 failed[/bold red] {names.report(county, form, period)} {e.code}",
            e.zh,
            e.en,
        )


def print_notes(console: Console, names: Names, notes: Rows) -> None:
    """A card for each file that lies there and was not collected."""
    for alike in said_once(notes, "county_code", "period", "reason_code", "message"):
        heading = f"[yellow]未采集 not collected[/yellow] {names.reports(alike)} {alike[0]['reason_code']}"
        print_card(console, heading, alike[0]["message"])


def print_missing(console: Console, result: Collected) -> None:
    """The months of which the counties have nothing, and those of which no county was reached."""
    if none := "、".join(map(str, result.not_seen)):
        lost = len(result.lost)
        but_zh = f"（连不上的{lost}个县（市、区）除外）" if lost else ""
        left_aside = counted(lost, "county that was", "counties that were")
        but_en = f" ({left_aside} not reached left aside)" if lost else ""
        console.print(
            f"{none}没有找到任何报表文件{but_zh}。 nothing was found for {none}{but_en}.",
            style="yellow",
            markup=False,
        )
    if unknown := "、".join(map(str, result.not_reached)):
        console.print(
            f"{unknown}有没有报表不知道：应报的县（市、区）都没有连上，原因见qiangji doctor。"
            f" No county that reports for {unknown} was reached, so nothing is known of it: `qiangji doctor` says why.",
            style="yellow",
            markup=False,
        )


def print_checked(console: Console, names: Names, verdicts: Rows) -> None:
    """A card for each submission: what it is, its status, its rows; below it why it was not accepted as it is."""
    if verdicts:
        console.print("[bold]核查结果 Checked[/bold]")
    for v in verdicts:
        revision = f" v{v['revision']}" if v["revision"] else ""
        rejected = f"，退回 rejected {v['rows_rejected']:,}" if v["rows_rejected"] else ""
        delivery = f"，来件 delivery {v['delivery_id']}" if v["status"] != "accepted" else ""
        about = names.report(v["county_code"], v["form"], v["period"])
        heading = (
            f"{about}：{status(v['status'])}{revision}，{v['rows_received']:,}行 rows{rejected}{delivery}"
        )
        print_card(console, heading, *_why(v))


def print_rehearsed(console: Console, names: Names, changes: Rows, checked: int) -> None:
    """A card for each submission that would change, how many of each kind do, and how many stay."""
    if changes:
        console.print("[bold]重新核查将改变 What would change[/bold]")
    for c in changes:
        about = names.report(c["county_code"], c["form"], c["period"])
        rows = f"接收 accepted {c['rows_accepted_before']:,} → {c['rows_accepted']:,}"
        rejected = f"，退回 rejected {c['rows_rejected']:,}" if c["rows_rejected"] else ""
        heading = f"{about}：{_step(c)}，{rows}{rejected}"
        print_card(console, heading, *_why(c))
    for kind, n in Counter(map(_step, changes)).most_common():
        console.print(f"{n:,} {kind}")
    console.print(
        f"试核{checked}份，{checked - len(changes)}份不变；未作任何记录。"
        f" Checked {checked:,} for a try, {checked - len(changes):,} would stay as they are; nothing was recorded."
    )


def _step(change: Mapping[str, Any]) -> str:
    before = "未核查 unchecked" if change["before"] == "unchecked" else status(change["before"])
    return f"{before} → {status(change['after'])}"


def _why(verdict: Mapping[str, Any]) -> list[str]:
    if verdict["status"] == "held":
        said = [*_GUARDS.get(verdict["reason_code"], ()), verdict["doubt_zh"], verdict["doubt_en"], _HELD]
    else:
        said = [verdict["message_zh"], verdict["message_en"]]
    return [line for line in said if line]


def print_built(console: Console, built: Built) -> None:
    """What a build replaced, and the locked periods whose results changed."""
    if built.months:
        console.print(
            f"已计算 Built {', '.join(map(str, built.months))}: 替换 {built.facts_replaced} 个事实分区"
            f" {built.facts_replaced} fact partitions replaced,"
            f" 新增 {built.rows_inserted:,} 行结果 result rows inserted, 关闭 {built.rows_closed:,} 行 closed."
        )
    else:
        console.print("无需重新计算 Everything was up to date.")
    for locked, n in built.in_locked.items():
        console.print(
            f"[yellow]{escape(str(locked))} 已锁定，但结果有 {n:,} 行变动"
            f" is locked, and {n:,} result rows changed:[/yellow]"
            f" `qiangji diff`; of a published one `qiangji diff --edition NAME --period {escape(str(locked))}`."
        )
