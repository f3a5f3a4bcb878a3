"""The command line of the local Airflow: `python -m qiangji.local up|down|status|supervise|airflow --home DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from qiangji.embedded import EmbeddedPostgres
from qiangji.errors import QiangjiError
from qiangji.local.airflow import AirflowStack
from qiangji.local.supervisor import down, restored, say, status, supervise, up


def main(arguments: list[str] | None = None) -> int:
    """Run one command; `airflow` hands on everything after `--`. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m qiangji.local", description="Airflow on this machine")
    parser.add_argument("command", choices=["up", "down", "status", "supervise", "airflow"])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dags", type=Path, default=Path("dags"))
    parser.add_argument("--plugins", type=Path, default=Path("plugins"))
    words = list(sys.argv[1:] if arguments is None else arguments)
    at = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:at])
    try:
        if options.command == "supervise":
            return supervise(restored(options.home), say)
        if options.command == "up":
            stack = AirflowStack(
                options.home,
                dags_folder=options.dags,
                plugins_folder=options.plugins,
                postgres=EmbeddedPostgres(options.home),
            )
            new = up(stack)
            user, password = stack.login
            print(f"{'ready' if new else 'already running'}: {stack.url}  {user} / {password}")
        elif options.command == "airflow":
            print(restored(options.home).cli(*words[at + 1 :]), end="")
        elif options.command == "down":
            print("stopped" if down(options.home) else "nothing was running")
        else:
            for name, runs in status(options.home).items():
                print(f"{name:<16}{'running' if runs else 'stopped'}")
    except QiangjiError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
