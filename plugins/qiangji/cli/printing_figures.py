"""Prints what stands behind figures: the explanation of one, and what changed between two moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from qiangji.cli.blocks import Line, print_card, print_in_blocks
from qiangji.cli.common import right
from qiangji.cli.decided import print_told
from qiangji.cli.printing import TYPES, WARNED, Rows, local, moved_cells, number, value_cell
from qiangji.cli.words import Names, status
from qiangji.figures import Choice
from qiangji.figures.explaining import CAUSES, by_causes, causes_in_words
from qiangji.text import in_hundredths
from qiangji.warehouse.dictionary import UNITS

SHOWN = 20
"""Lines of each list at most; `--json` has them all."""
MISSING = {
    "matched": ("只计分子分母俱全的单位", "only units that have both sides count"),
    "all": ("缺一项时按其余各项计算", "a missing term is left out"),
    "any": ("缺一项则该单位不计", "a unit that lacks a term does not count"),
    "zero": ("缺项按零计", "a missing term counts as 0"),
}

_LESS = " [cyan]− 本年累计减去此期 its year to date is subtracted[/cyan]"
CORRECTED = {
    "applied": ("已更正", "applied"),
    "waiting": ("待报送", "waiting"),
    "stale": ("已失效，未更正", "stale, not applied"),
}
"""State of a correction -> words."""


def print_changes(
    console: Console, rows: Rows, choice: Choice, beneath: Mapping[str, int], limit: int = SHOWN
) -> None:
    """How many changed by which cause, one line a changed figure, then what is not shown.

    Figures shown for the first time are counted apart, and listed after the others. A figure whose value and status
    read the same is counted only. `beneath`: level -> changes that were not looked at.
    """
    seen = [r for r in rows if _is_seen(r)]
    first = [r for r in rows if r["is_first_shown"]]
    changed = [r for r in rows if not r["is_first_shown"]]
    if changed:
        console.print(
            f"变化 {len(changed):,} 个指标值 figures changed. 原因 why: {each_cause(by_causes(changed))}"
        )
    if first:
        console.print(
            f"首次显示 {len(first):,} 个指标值 figures shown for the first time: {each_cause(by_causes(first))}"
        )
    if seen:
        _print_changes(console, seen[:limit])
    if len(seen) > limit:
        console.print(f"… 另有 and {len(seen) - limit:,} more: --limit, --json", style="dim")
    if len(seen) < len(rows):
        same = "个数值不变，分子、分母、上报数或目标有变 of the same value: sums, reports or target changed"
        console.print(f"{len(rows) - len(seen):,} {same}: --json", style="dim")
    looked = "、".join(choice.orgs) if choice.orgs and not choice.level else ", ".join(choice.bound["levels"])
    if not rows:
        console.print(f"没有变化 Nothing changed: {looked}.", markup=False)
    else:
        console.print(f"所看范围 Looked at: {looked}.", style="dim", markup=False)
    if beneath:
        more = ", ".join(f"{level} {n:,}" for level, n in beneath.items())
        console.print(f"未列出的层级也有变化 Changed at levels not looked at: {more}. --level", markup=False)


def each_cause(by_cause: Mapping[str, int]) -> str:
    """How many figures each cause, or several together, changed: the counts add up to the figures."""
    return " · ".join(f"{' '.join(causes_in_words(c))} {n:,}" for c, n in by_cause.items())


def print_compared(console: Console, edition: Mapping[str, Any]) -> None:
    """The edition that figures are compared with, and other periods that have one of its name."""
    others = "、".join(edition["others"])
    more = f"；同名的还有 of the same name there are: {others} (--period)" if others else ""
    said = f"对照 Compared with {edition['edition']} {edition['period']} ({_minute(edition['published_at'])}){more}"
    console.print(said, markup=False)


def print_since(console: Console, since: datetime, built: datetime | None, *, is_chosen: bool) -> None:
    """From when on it is compared, where nobody chose that; or that nothing was shown as early as that.

    `built`: when figures were shown for the first time; None: nothing is built.
    """
    if built and since < built:
        then = _minute(built + timedelta(minutes=1))
        console.print(
            f"{_minute(built)}首次计算，此前没有显示过任何指标值，所以都是首次显示；--from应为{then}或更晚。\n"
            f"Nothing was shown before {_minute(built)}, so that everything is shown for the first time:"
            f" --from makes sense from {then} on.",
            style="yellow",
            markup=False,
        )
    elif built and not is_chosen:
        console.print(f"上次计算的变化 What the last build changed, since {_minute(since)}.", markup=False)


def _minute(at: datetime) -> str:
    return f"{local(at):%Y-%m-%dT%H:%M}"


def _is_seen(r: dict[str, Any]) -> bool:
    """Whether the change can be seen in two digits, or the figure came, went or has another status."""
    return r["obs_status_before"] != r["obs_status"] or _size(r["change"]) != "-"


def _size(change: Decimal | None) -> str:
    text = "-" if change is None else in_hundredths(change, "+")
    return text if text.strip("+-0.,") else "-"


def _print_changes(console: Console, rows: Rows) -> None:
    lines = []
    for r in rows:
        before, after = moved_cells(r)
        lead = f"{r['name_zh']}\n[dim]{r['indicator_code']}[/dim]\n{r['org_name']} [dim]{r['org_code']}[/dim]"
        cells = [
            f"{r['period']}\n[dim]{TYPES[r['period_type']]}[/dim]",
            "[dim]首次 new[/dim]" if r["is_first_shown"] else before,
            "[dim]不再显示 gone[/dim]" if r["obs_status"] is None else after,
            _size(r["change"]),
            _step(r["numerator_before"], r["numerator"]),
            _step(r["denominator_before"], r["denominator"]),
            "\n".join(_cause(c) for c in r["causes"]),
        ]
        lines.append(Line([lead], cells))
    columns = right("期 period", "原值 before", "现值 after", "变化 change", "分子 n", "分母 d", "原因 why")
    print_in_blocks(console, "指标变化 What changed", ["指标和单位 figure"], columns, lines)


def print_explanation(console: Console, explained: dict[str, Any], names: Names) -> None:
    """The figure, its formula, then the units, reports, findings, corrections and values behind it."""
    f = explained["figure"]
    console.print(f"[bold]{f['name_zh']} {f['name_en']}[/bold]  [dim]{f['indicator_code']}[/dim]")
    console.print(f"{f['org_name']} {f['org_code']}, {f['period']} ({TYPES[f['period_type']]})")
    if f["first_month"] or f["last_month"]:  # this definition does not hold for all months
        held = f"{f['first_month'] or '…'}..{f['last_month'] or '…'}"
        console.print(f"第{f['definition_version']}版口径 definition {f['definition_version']}, {held}")
    console.print(f"{f['definition_zh']}\n[dim]{f['definition_en']}[/dim]\n")
    for language in ("zh", "en"):
        console.print(
            f"= {f['factor'].normalize():f} x ({f[f'numerator_{language}']}) / ({f[f'denominator_{language}']})",
            style="dim" if language == "en" else "",
            markup=False,
        )
    zh, en = MISSING[f["missing"]]
    console.print(f"  {zh} [dim]{en}[/dim]")
    console.print(
        f"= {f['factor'].normalize():f} x {_plain(f['numerator'])} / {_plain(f['denominator'])}"
        f" = [bold]{number(f['value'])}[/bold] {UNITS.get(f['unit'], f['unit'])}"
    )
    console.print(
        f"{f['obs_status']} {f['obs_status_zh']} {f['obs_status_en']}; 上报 reported {f['reported_units']:,} /"
        f" {f['expected_units']:,} ({number(f['reporting_rate'])} %)"
        + (f"; 缺分子或分母 lacking a side {f['units_lacking']:,}" if f["units_lacking"] else "")
        + ("; 含人工更正 corrected" if f["is_corrected"] else "")
        + (f"; {WARNED} 有未确认的核查发现 has findings" if f.get("has_warning") else "")
        + (f"; 目标(示意) target {number(f['target'])}" if f["target"] is not None else "")
        + "\n"
    )
    _print_children(console, explained["children"])
    _print_units(console, explained, names)
    _print_reports(console, explained, names)
    print_told(console, explained["decisions"], names, "人工决定 Decided")
    _print_findings(console, explained["findings"], names)
    if explained["corrections"]:
        print_corrections(console, explained["corrections"], "人工更正 Corrections", names)
    _print_history(console, explained["history"], names)


def _print_children(console: Console, rows: Rows) -> None:
    if not rows:
        return
    lines = [
        Line(
            [r["org_name"], r["org_code"]],
            [
                _plain(r["numerator"]), _plain(r["denominator"]), value_cell(r),
                f"{r['reported_units']:,} / {r['expected_units']:,}",
            ],
        )
        for r in rows
    ]  # fmt: skip
    columns = right("分子 n", "分母 d", "值 value", "上报 reported")
    print_in_blocks(console, "下级合计 Sums by unit", ["单位 unit", "代码 code"], columns, lines)


def _print_units(console: Console, explained: dict[str, Any], names: Names) -> None:
    missing, awaited = explained["missing_units"], explained["awaited"]
    if missing:
        total = sum(r["missing_units"] for r in missing)
        reports = f"，缺{total:,}份 reports" if total != len(missing) else ""
        console.print(f"[bold]缺报单位 Missing units: {len(missing):,}{reports}[/bold]")
        for r in missing[:SHOWN]:
            many = f"：{r['missing_units']:,} / {r['expected_units']:,}" if r["expected_units"] != 1 else ""
            print_card(console, f"{escape(r['path'])} [dim]{r['org_code']}[/dim]{many}")
        _say_more(console, missing)
    if awaited:
        console.print("[bold]尚无可用报表 Reports that do not count[/bold]")
        for r in awaited[:SHOWN]:
            about = names.report(r["county_code"], r["form"], r["period"])
            print_card(console, f"{about}：{status(r['status'])}{_LESS if r['is_subtracted'] else ''}")
        _say_more(console, awaited)


def _print_reports(console: Console, explained: dict[str, Any], names: Names) -> None:
    rows = explained["submissions"]
    if rows:
        console.print("[bold]来源 Reports it comes from[/bold] [dim](* 当前有效 current)[/dim]")
        # the current ones, then those they replaced
        ordered = sorted(rows, key=lambda r: not r["is_current"])
        for r in ordered[:SHOWN]:
            revision = f" v{r['revision']}" if r["revision"] else ""
            mark = (" *" if r["is_current"] else "") + (_LESS if r["is_subtracted"] else "")
            about = names.report(r["county_code"], r["form"], r["period"])
            print_card(
                console,
                f"{about}：{status(r['status'])}{revision}{mark}",
                f"{_time(r['received_at'])} 收到 received，来件 delivery {r['delivery_id']} {r['file_name']}",
            )
        _say_more(console, rows)
    rows = explained["rejections"]
    if rows:
        console.print("[bold]退回的记录（合格即计入） Rejected rows that would have counted[/bold]")
        for r in rows[:SHOWN]:
            about = names.report(r["county_code"], r["form"], r["period"])
            print_card(
                console,
                f"{about}：{r['rows']:,}条 rows，如 e.g. {escape(r['example'])} [dim]{r['rule']}[/dim]",
            )
        _say_more(console, rows)


def _print_findings(console: Console, rows: Rows, names: Names) -> None:
    if not rows:
        return
    console.print(f"[bold]核查发现 Findings: {len(rows):,}[/bold]")
    for r in rows[:SHOWN]:
        unit = f"{escape(r['org_name'])} [dim]{r['org_code']}[/dim]"
        heading = f"{unit} {r['period']} {names.form(r['form'])} [dim]{r['rule']}[/dim]"
        print_card(console, heading, r["message_zh"], r["message_en"])
    _say_more(console, rows)


def print_corrections(console: Console, rows: Rows, title: str, names: Names) -> None:
    """A card a declared correction. It is not applied where the report no longer has the wrong value."""
    console.print(f"[bold]{title}[/bold]")
    for r in rows[:SHOWN]:
        zh, en = CORRECTED[r["state"]]
        style = "bold red" if r["state"] == "stale" else "green"
        now = {"set": r["value_corrected"], "missing": "视为空缺 missing", "leave_out": "整行不计 left out"}
        what = f" {r['field_zh']} [dim]{r['field']}[/dim]" if r["field"] else ""
        unit = f"{escape(r['org_name'])} [dim]{r['org_code']}[/dim]"
        found = f"，现报 found {r['value_found']}" if r["value_found"] else ""
        print_card(
            console,
            f"{unit} {r['period']} {names.form(r['form'])}{what}：[{style}]{zh} {en}[/{style}]",
            f"原值 was {r['value_sent'] or '…'} → 更正 corrected {now[r['action']] or '…'}{found}",
            f"{r['reason']}（{r['declared_by']} {r['declared_on']}）",
            r["place"],
        )
    _say_more(console, rows)


def _print_history(console: Console, rows: Rows, names: Names) -> None:
    console.print("[bold]历史 History[/bold]")
    for r in rows:
        reasons: dict[str, None] = {}
        for x in r["reasons"]:
            about = f" {names.report(x['county_code'], x['form'], x['period'])}" if x["form"] else ""
            revision = f" v{x['revision']}" if x["revision"] else ""
            reasons[f"{_cause(x['cause'])}{about}{revision}{_units(x['units'])}"] = None
        until = _time(r["shown_to"]) if r["shown_to"] else "今 now"
        sums = f"{_plain(r['numerator'])} / {_plain(r['denominator'])}"
        print_card(console, f"{_time(r['shown_from'])} – {until}  {sums} = {value_cell(r)}")
        for line in list(reasons)[:SHOWN]:
            console.print(Padding.indent(Text.from_markup(line, style="dim"), 2))
        if len(reasons) > SHOWN:
            console.print(f"  … {len(reasons) - SHOWN:,}", style="dim")


def _units(codes: Sequence[str] | None) -> str:
    """The units whose rows differ between two revisions: up to three by their codes; none where it is the report."""
    if not codes:
        return ""
    shown = ", ".join(codes[:3]) + (" …" if len(codes) > 3 else "")
    return f"，{len(codes):,}个单位不同 units differ: {shown}"


def _say_more(console: Console, rows: Rows) -> None:
    if len(rows) > SHOWN:
        console.print(f"… 另有 and {len(rows) - SHOWN:,} more: --json", style="dim")


def _cause(code: str) -> str:
    return " ".join(CAUSES[code])


def _plain(value: Decimal | None) -> str:
    """A sum without trailing zeros."""
    return "-" if value is None else f"{value.normalize():,f}"


def _step(before: Decimal | None, after: Decimal | None) -> str:
    return _plain(after) if before == after else f"{_plain(before)} > {_plain(after)}"


def _time(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M:%S}"
