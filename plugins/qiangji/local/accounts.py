"""Who may do what on Airflow's pages: the roles, and how an account is made.

| role | for | may |
| --- | --- | --- |
| `Admin` | administrators | everything, accounts and connections included |
| `Duty` | duty operators | read every page, start and clear runs, take workbooks that wait to be handed over |
| `Analyst` | analysts and leaders | open the board; read the DAGs, their runs, logs and assets |

`Admin` is Airflow's own. Airflow makes the two others from `custom_roles` where there are none yet. `Analyst` is
Airflow's `Viewer` who also sees the entry of the board: a `Viewer` opens the board by its address alone.
In production `docker/prepare.py` makes the first account, here `AirflowStack` does.
"""

from __future__ import annotations

import json
import sys

AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
ADMINISTRATOR, DUTY, ANALYST = "Admin", "Duty", "Analyst"
_READS = (
    "DAGs", "DAG Dependencies", "DAG Code", "DAG Runs", "DAG Versions", "DAG Warnings", "Assets", "Asset Aliases",
    "Backfills", "Cluster Activity", "Pools", "ImportError", "Jobs", "Task Instances", "Task Logs", "XComs",
    "HITL Detail", "Website", "My Password", "My Profile",
)  # fmt: skip
"""What Airflow's `Viewer` reads."""
_MENUS = (
    "Browse",
    "DAGs",
    "DAG Dependencies",
    "DAG Runs",
    "Assets",
    "Cluster Activity",
    "Jobs",
    "Task Instances",
)
_OWN = ("My Password", "My Profile")
_ANALYST: dict[str, tuple[str, ...]] = {
    "can_read": (*_READS, "Plugins"),  # which shows the entry of the board
    "menu_access": _MENUS,
    "can_edit": _OWN,
}
_DUTY: dict[str, tuple[str, ...]] = {
    "can_read": (*_READS, "Plugins", "Audit Logs"),  # and who did what
    "menu_access": (*_MENUS, "Audit Logs"),
    "can_create": ("DAG Runs", "Task Instances", "Assets"),
    # Airflow lets only those start a run of a DAG who may edit it. Nothing is deleted.
    "can_edit": ("DAGs", "DAG Runs", "Task Instances", "HITL Detail", *_OWN),
}
SELDOM = "import gc; gc.set_threshold(50_000, 10, 10); "
"""How Airflow's processes begin. What they make while they start stays; looking at it all again and again takes a
tenth of the start.
"""
_AIRFLOW = (
    SELDOM + "import json, sys\n"
    "from airflow.__main__ import main\n"
    "for words in json.load(sys.stdin):\n"
    "    sys.argv = ['airflow', *words]\n"
    "    main()\n"
)


def making_roles() -> dict[str, str]:
    """The environment in which `users create` also makes the roles that are missing."""
    roles = {
        name: [{"action": action, "resource": r} for action, those in may.items() for r in those]
        for name, may in ((DUTY, _DUTY), (ANALYST, _ANALYST))
    }
    return {"AIRFLOW__FAB__UPDATE_FAB_PERMS": "True", "AIRFLOW__FAB__CUSTOM_ROLES": json.dumps(roles)}


def creating(user: str, password: str, role: str = ADMINISTRATOR) -> list[str]:
    """The words of Airflow's command that makes an account; it leaves one of that name as it is."""
    return [
        "users", "create", "--username", user, "--role", role, "--firstname", user, "--lastname", "-",
        "--email", f"{user}@localhost", f"--password={password}",  # which may begin with a dash
    ]  # fmt: skip


def commands_from_stdin(*commands: list[str]) -> tuple[list[str], str]:
    """The command line, and the text for its stdin, that runs these commands of Airflow one after the other.

    No password is in the list of processes, and Airflow is imported once.
    """
    return [sys.executable, "-c", _AIRFLOW], json.dumps(commands)
