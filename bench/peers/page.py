"""What is shown of a result: a table for the terminal, docs/peers.md with its tables, and the plot.

In: results of `python -m bench.peers`. The page is written by hand but for what stands between its two marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rich.table import Table

PROJECT = Path(__file__).resolve().parents[2]
PAGE, PLOT = PROJECT / "docs" / "peers.md", PROJECT / "docs" / "images" / "peers.svg"
BEGIN, END = "<!-- measured: written by `make bench-peers` -->", "<!-- end of what is measured -->"
SMALL = 0.3
"""A result of a smaller share of the nation says little of the whole: starting costs decide."""
NAMES = {
    "qiangji": "Qiangji: collect and build",
    "floor": "floor: DuckDB and COPY",
    "dlt-arrow-parquet": "dlt, Arrow to Parquet (ADBC)",
    "dlt-arrow-csv": "dlt, Arrow to CSV (COPY)",
    "dbt-duckdb": "dbt-duckdb, with its tests",
    "dlt-rows": "dlt, rows as dicts",
    "pandas-gx": "pandas, GX, to_sql",
}
TARGETS = {
    "dlt-arrow-parquet": 2.0,
    "dlt-arrow-csv": 2.0,
    "dbt-duckdb": 1.0,
    "dlt-rows": 10.0,
    "pandas-gx": 20.0,
}
"""How many times our wall time a peer is to take at the least, for the nation; of dlt's two fast ways, the faster."""
HEADINGS = (
    "way",
    "wall s",
    "processor s",
    "peak MB",
    "wall / ours",
    "processor / ours",
    "target",
    "same as ours",
)


def processor(way: dict[str, Any]) -> float:
    """Processor seconds of the way and of the server for it."""
    return round(float(way["processor"] + way["server"]), 1)


def lines(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A line a way, as text."""
    ours = result["ways"]["qiangji"]
    for name, way in result["ways"].items():
        yield (
            NAMES[name],
            f"{way['wall']:.1f}",
            f"{processor(way):.1f}",
            f"{way['peak_mb']:,}",
            f"{way['wall'] / ours['wall']:.2f}",
            f"{processor(way) / processor(ours):.2f}",
            f"{TARGETS[name]:g}" if name in TARGETS else "",
            _same(way),
        )


def _same(way: dict[str, Any]) -> str:
    if way["ended_with"]:
        return f"ended with {way['ended_with']}"
    figures = f", {way['results']:,} figures" if way["results"] else ""
    return f"{'yes' if way['is_same'] else 'NO'}, {way['facts']:,} rows{figures}"


def caption(result: dict[str, Any]) -> str:
    made, share = result["made"], result["options"]["share"]
    small = (
        ". A small share: starting costs decide, and it says little of the nation" if share < SMALL else ""
    )
    return (
        f"{made['rows']:,} rows in {made['files']:,} files, {share:.3g} of the counties; {result['measured_at'][:10]},"
        f" {result['machine']['cores']} cores, load before {result['machine']['load_before']:g}{small}"
    )


def table(result: dict[str, Any]) -> Table:
    found = Table(title=caption(result), title_justify="left")
    for n, heading in enumerate(HEADINGS):
        found.add_column(heading, justify="right" if 0 < n < len(HEADINGS) - 1 else "left")
    for line in lines(result):
        found.add_row(*line)
    return found


def block(result: dict[str, Any], name: str) -> str:
    """The part of the page that one result gives; `name` of its file."""
    peers, ours = (result["versions"][side] for side in ("peers", "ours"))
    rows = ["| " + " | ".join(line) + " |" for line in (HEADINGS, ("---",) * len(HEADINGS), *lines(result))]
    said = ", ".join(f"{package} {v}" for package, v in peers.items())
    mine = ", ".join(f"{package} {ours[package]}" for package in ("duckdb", "great-expectations", "pyarrow"))
    command = f'`make bench-peers ARGS="--share {result["options"]["share"]:g}"`'
    found = f"[{name}](../bench/results/{name})"
    return "\n".join(
        [
            f"{caption(result)}.",
            "",
            *rows,
            "",
            f"{command}, commit {result['commit']}, {found}. Theirs: {said}. Ours: {mine}.",
        ]
    )


def written(text: str, results: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The page with the results' tables between its marks."""
    inside = "\n\n".join(block(result, name) for name, result in results)
    pattern = re.escape(BEGIN) + r".*" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n\n{inside}\n\n{END}", text, flags=re.DOTALL)


def write(paths: Sequence[Path]) -> None:
    """Tables of all results, the plot of the first."""
    results = [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    PLOT.write_text(plot(results[0][1]), encoding="utf-8")


LEFT, WIDTH, ROW, TOP = 210, 470, 44, 64
COLOURS = {"wall": "#3b6ea8", "processor": "#c98b2b"}


def plot(result: dict[str, Any]) -> str:
    """Two bars a way: seconds by the clock, and of the processor."""
    ways = result["ways"]
    most = max(max(way["wall"], processor(way)) for way in ways.values())
    height = TOP + ROW * len(ways) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="800" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-weight="bold">{escape(caption(result).split(". ")[0])}</text>',
    ]
    for x, kind, said in (
        (12, "wall", "seconds by the clock"),
        (190, "processor", "processor seconds, server's too"),
    ):
        parts.append(f'<rect x="{x}" y="34" width="12" height="12" fill="{COLOURS[kind]}"/>')
        parts.append(f'<text x="{x + 18}" y="45">{said}</text>')
    if result["options"]["share"] < SMALL:
        parts.append('<text x="430" y="45" fill="#a02020">a small share: starting costs decide</text>')
    for n, (name, way) in enumerate(ways.items()):
        top = TOP + ROW * n
        bold = ' font-weight="bold"' if name == "qiangji" else ""
        parts.append(
            f'<text x="{LEFT - 8}" y="{top + 22}" text-anchor="end"{bold}>{escape(NAMES[name])}</text>'
        )
        for at, kind, seconds in ((0, "wall", way["wall"]), (17, "processor", processor(way))):
            length = round(WIDTH * seconds / most, 1)
            bar = f'x="{LEFT}" y="{top + at}" width="{length}" height="15" fill="{COLOURS[kind]}"'
            parts.append(f"<rect {bar}/>")
            parts.append(f'<text x="{LEFT + length + 6}" y="{top + at + 12}">{seconds:.1f}</text>')
    return "\n".join([*parts, "</svg>", ""])
