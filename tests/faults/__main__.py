"""All faults, many times, and a table of their outcomes: `make faults ARGS="--times 5"`.

It prints each bad outcome at once; exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

os.environ["QIANGJI_EMBEDDED_FSYNC"] = "off"


def outcomes(folder: Path, postgres: Any, times: int, only: set[str]) -> Iterator[Any]:
    from tests.faults import disk, kills, network, scheduler, server, together
    from tests.faults.scene import scene

    if only & {"night", "kills", "server", "disk", "together"}:
        with scene(folder / "scene", postgres) as s:
            if "night" in only:
                yield from kills.whole_night(s)
            if "kills" in only:
                yield from kills.one_by_one(s, times)
            if "server" in only:
                yield server.stopped(s)
            if "disk" in only:
                for command in ("collect", "build"):
                    yield from (disk.by_a_limit(s, command, n) for n in disk.LIMITS)
                    if disk.can_mount():
                        yield from (disk.by_a_file_system(s, command, n) for n in range(2 * times))
            if "together" in only:
                first, second = together.STEPS["collect"], together.STEPS["build"]
                chosen = list(enumerate(first))[: 2 * times]
                yield from (together.at_once(s, (step, second[i % len(second)])) for i, step in chosen)
    if "network" in only:
        with network.wired(folder / "network", postgres) as w:
            yield from (w.cut(after, cuts) for after in (0, 100, 1500, 6000)[: 2 * times] for cuts in (1, 99))
    if "scheduler" in only:
        with scheduler.site(folder / "scheduler") as site:
            yield scheduler.killed(site, folder)


def main() -> int:
    kinds = ("night", "kills", "server", "disk", "together", "network", "scheduler")
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--times", type=int, default=3, help="how many of the times that a step is passed are killed"
    )
    arguments.add_argument("--only", choices=kinds, action="append", help="some kinds of faults")
    chosen = arguments.parse_args()
    from qiangji.embedded import EmbeddedPostgres

    found, began = [], time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qiangji-faults-")))
        server = EmbeddedPostgres(folder / "test server")
        server.start()
        stack.callback(server.destroy)
        for kind in ("scene", "network", "scheduler"):
            (folder / kind).mkdir()
        with suppress(KeyboardInterrupt):  # show the outcomes so far
            for one in outcomes(folder, server, chosen.times, set(chosen.only or kinds)):
                found.append(one)
                if sys.stderr.isatty():
                    print(f"\r{len(found)} runs, {one.fault[:60]:60}", end="\r", file=sys.stderr, flush=True)
                if not one.is_well:
                    print(one, flush=True)
    print(table(found))
    print(f"{len(found)} runs, {sum(o.times for o in found)} faults, {time.monotonic() - began:.0f} s")
    return 0 if all(o.is_well for o in found) else 1


def table(found: list[Any]) -> str:
    """Fault, times, and how many rows and files were lost, doubled and left over."""
    width = max((len(o.fault) for o in found), default=10)
    lines = [f"{'fault':{width}}  times   lost  doubled  left over"]
    for fault in dict.fromkeys(o.fault for o in found):
        mine = [o for o in found if o.fault == fault]
        counts = [sum(len(getattr(o, n)) for o in mine) for n in ("lost", "doubled", "left")]
        lines.append(
            f"{fault:{width}}{sum(o.times for o in mine):>7}{counts[0]:>7}{counts[1]:>9}{counts[2]:>11}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
