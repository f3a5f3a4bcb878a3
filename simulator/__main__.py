"""Serves simulated county systems, and sends events to them.

python -m simulator serve --dir DIR [--today YYYY-MM-DD] [--months 4] ...
python -m simulator event --dir DIR EVENT [k=v ...]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import types
from pathlib import Path

from simulator.control import post_event
from simulator.events import EventError
from simulator.simulation import DEFAULT_SEED, Simulator


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 error, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)

    serve = commands.add_parser("serve", help="prepare the data and serve until a signal ends it")
    serve.add_argument(
        "--dir", type=Path, required=True, help="where truth, manifest and connections are written"
    )
    serve.add_argument("--seed", type=int, default=DEFAULT_SEED)
    serve.add_argument(
        "--today", help="YYYY-MM-DD; the month before it is the reporting month (default: today)"
    )
    serve.add_argument("--months", type=int, default=4, help="months served, the reporting month included")
    serve.add_argument("--counties", help="codes, separated by commas (default: all)")
    serve.add_argument(
        "--postgres-url",
        default=os.environ.get("SIMULATOR_POSTGRES_URL"),
        help="a PostgreSQL in which 440783's database is made (default: SIMULATOR_POSTGRES_URL, else left out)",
    )
    serve.add_argument("--faults", choices=["none", "default"], default="default")
    serve.add_argument(
        "--scale",
        type=float,
        default=float(os.environ.get("SIMULATOR_SCALE") or 1),
        help="share of villages and communities, for quick runs (default: SIMULATOR_SCALE, else all)",
    )
    serve.add_argument("--host", default="127.0.0.1", help="where servers listen")
    serve.add_argument("--advertise", help="the name of that host in connections.env (default: the same)")
    serve.add_argument(
        "--die-with-parent", action="store_true", help="end when the process that started it has ended"
    )

    event = commands.add_parser("event", help="make something happen in county systems that are served")
    event.add_argument("--dir", type=Path, required=True)
    event.add_argument("event")
    event.add_argument("details", nargs="*", metavar="k=v")

    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    if chosen.command == "event":
        return _event(chosen.dir, chosen.event, chosen.details)
    return _serve(chosen)


def _serve(chosen: argparse.Namespace) -> int:
    ended = threading.Event()

    def end(number: int, frame: types.FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    parent = os.getppid()
    try:
        simulator = Simulator(
            chosen.dir,
            seed=chosen.seed,
            today=chosen.today,
            months=chosen.months,
            counties=chosen.counties.split(",") if chosen.counties else None,
            postgres_url=chosen.postgres_url,
            faults=chosen.faults,
            scale=chosen.scale,
            host=chosen.host,
            advertise=chosen.advertise,
        )
    except ValueError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    with simulator:
        with contextlib.suppress(BrokenPipeError):
            print("ready", flush=True)
        while not ended.wait(0.5):
            if chosen.die_with_parent and os.getppid() != parent:
                break
    return 0


def _event(directory: Path, event: str, details: list[str]) -> int:
    if wrong := [detail for detail in details if "=" not in detail]:
        print(f"simulator: {wrong[0]!r} is not of the form k=v", file=sys.stderr)
        return 2
    try:
        noted = post_event(directory, event, dict(detail.split("=", 1) for detail in details))
    except EventError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"simulator: none is serving from {directory} ({error}); start one with `serve`", file=sys.stderr
        )
        return 1
    print(json.dumps(noted, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
