"""`qiangji warehouse-url`, `doctor` and `demo`: the system itself."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from qiangji.cli.common import Json, console
from qiangji.errors import unknown


def warehouse_url(
    role: Annotated[
        str,
        typer.Option(
            "--role", help="qiangji_bi, qiangji_analyst, qiangji_board, qiangji_loader or qiangji_owner"
        ),
    ] = ("qiangji_bi"),
    json: Json = False,
) -> None:
    """Print the connection string for a BI tool.

    It holds the password if the warehouse is the embedded one. Passwords of another are known where it is run.
    """
    from qiangji import warehouse
    from qiangji.cli.printing import as_json
    from qiangji.settings import settings

    if role not in warehouse.roles.ROLES:
        raise unknown("role", [role], warehouse.roles.ROLES)
    url = warehouse.url_for_tools(settings(), role)
    print(as_json({"role": role, "url": url}) if json else url)
    if not settings().warehouse_url:
        print(
            "（自带的服务器仅在make up或某条命令运行期间应答）"
            " (the embedded server answers while `make up`, or a command, runs)",
            file=sys.stderr,
        )


def doctor(json: Json = False) -> None:
    """Tell what is configured, reachable and migrated, and what is not.

    Each county's system is asked what it has, with its login, as a night asks it; nothing is fetched.

    Exit code 1: something is not well; the county systems of a demonstration that is over, too, as nothing can be
    collected then. It says what starts them.
    """
    from qiangji.cli.doctor import examine, show
    from qiangji.cli.printing import as_json

    examined = examine()
    if json:
        print(as_json([vars(e) for e in examined]))
    else:
        show(console, examined)
    if any(not e.is_well for e in examined):
        raise typer.Exit(1)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="leave everything running (`make up`)")] = False,
    down: Annotated[list[str] | None, typer.Option("--down", help="a county whose system is down")] = None,
    months: Annotated[
        int, typer.Option("--months", min=1, max=23, help="months to backfill before the reporting month")
    ] = 3,
) -> None:
    """Start the simulated county systems, run a night and a small backfill through Airflow, print the figures.

    Exit code 1: a run is red that should be green.
    """
    from qiangji.cli import demonstration
    from qiangji.local import demo as local_demo

    raise typer.Exit(local_demo.run(console, demonstration.show, keep=keep, down=down or [], months=months))
