"""What the cage costs: the files of one night, read in it and read in the open, in one run.

In: the county systems of the simulator at full scale, one month of them. Out: a table. Every call that the night made
is repeated with its own bytes, both ways in turn; the best of `--repeat` rounds counts, as other work on the machine
can only make it slower. The night's seconds are those of pull and check by the command line's own functions.

    .venv/bin/python bench/cage.py [--repeat 5] [--scale 1]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from qiangji.errors import ReturnedError
from qiangji.parsing import beside, cage, cage_clean, other_grids, read_form, read_grids
from qiangji.parsing.screening import Read, find_everywhere

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="share of villages and communities")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qiangji-cage-") as folder:
        calls, seconds = one_night(Path(folder), options.scale)
    cage.close()
    start = time.monotonic()
    repeat(calls[:1], CAGED)
    first = time.monotonic() - start
    rounds = [(repeat(calls, OPEN), repeat(calls, CAGED)) for _ in range(options.repeat)]
    plain, caged = (min(times) for times in zip(*rounds, strict=True))
    size = sum(len(arguments[0]) for _, arguments, _ in calls)
    print(
        f"{len(calls)} readings of {size / 2**20:.1f} MB; the first, with the start of a reader: {first:.2f} s"
    )
    print(f"in the open {plain:.3f} s, {plain / len(calls) * 1000:.2f} ms a reading")
    print(
        f"in the cage {caged:.3f} s, {caged / len(calls) * 1000:.2f} ms a reading: {caged / plain:.2f} times"
    )
    print(f"the night's pull and check {seconds:.1f} s; the cage's share {(caged - plain) / seconds:.1%}")


def one_night(folder: Path, scale: float) -> tuple[list[Call], float]:
    """The calls that a night makes to the cage, and the seconds of its pull and check."""
    import pytest

    from qiangji import stages
    from qiangji.embedded import EmbeddedPostgres
    from qiangji.periods import Period
    from tests.conftest import make_workplace, simulated

    calls: list[Call] = []

    def recorded(name: str) -> Callable[..., Any]:
        real = CAGED[name]

        def call(*arguments: Any, **more: Any) -> Any:
            calls.append((name, arguments, more))
            return real(*arguments, **more)

        return call

    patch = pytest.MonkeyPatch()
    server = EmbeddedPostgres(folder / "server")
    server.start()
    try:
        with (
            simulated(
                folder / "systems", server, patch.setenv, scale=scale, months=1, today=date(2026, 11, 24)
            ),
            make_workplace(folder / "home", server, patch.setenv) as place,
            place.pipeline() as p,
        ):
            for name in CAGED:
                patch.setattr(cage_clean if name == "read_clean" else cage, name, recorded(name))
            start = time.monotonic()
            stages.collect(p, [], [Period.parse("2026-10")])
            return calls, time.monotonic() - start
    finally:
        patch.undo()
        server.destroy()


def clean_in_the_open(
    content: bytes, kind: Any, county: Any, forms: Any, targets: Any, *, crosswalk: Any = None
) -> None:
    titles = {code: form.title.zh for code, form in forms.items()}
    grids = read_grids(content, kind, county, list(titles), titles=titles)
    others = other_grids(content, kind, grids)
    said = beside.read(content, (*grids.values(), *others)) if kind == "xlsx" else beside.Beside()
    if not any(find_everywhere(Read(grids, others, said), county, forms).values()):
        for code, period in targets:
            read_form(grids[code], forms[code], county, period, crosswalk)


def sheets_in_the_open(content: bytes, kind: Any, county: Any, titles: Any) -> None:
    grids = read_grids(content, kind, county, list(titles), titles=titles)
    other_grids(content, kind, grids)


def submission_in_the_open(
    content: bytes, kind: Any, county: Any, form: Any, period: Any, *, crosswalk: Any = None
) -> None:
    grids = read_grids(
        content, kind, county, [form.form], titles={form.form: form.title.zh}, period=str(period)
    )
    read_form(grids[form.form], form, county, period, crosswalk)


OPEN: dict[str, Callable[..., Any]] = {
    "read_clean": clean_in_the_open,
    "read_sheets": sheets_in_the_open,
    "read_submission": submission_in_the_open,
}
CAGED: dict[str, Callable[..., Any]] = {
    "read_clean": cage_clean.read_clean,
    "read_sheets": cage.read_sheets,
    "read_submission": cage.read_submission,
}


def repeat(calls: list[Call], ways: dict[str, Callable[..., Any]]) -> float:
    start = time.monotonic()
    for name, arguments, more in calls:
        try:
            ways[name](*arguments, **more)
        except ReturnedError:
            continue
    return time.monotonic() - start


if __name__ == "__main__":
    main()
