#!/usr/bin/env python3
"""Before Superset starts: its tables, its roles, and its first account, in one process instead of three.

In: SUPERSET_ADMIN_PASSWORD beside what superset_config.py reads, and a program to become afterwards (`prepare.py
gunicorn ...`). Out: an account `admin`, if there is none yet; its password stays as it is afterwards.
"""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Migrate, make the roles, make the account."""
    from flask_migrate import upgrade
    from superset.app import create_app

    with create_app().app_context():
        from superset import appbuilder, security_manager

        upgrade(directory=_migrations())
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        if security_manager.find_user("admin") is None:
            role = security_manager.find_role("Admin")
            password = os.environ["SUPERSET_ADMIN_PASSWORD"]
            security_manager.add_user("admin", "Qiangji", "admin", "admin@localhost.invalid", role, password)


def _migrations() -> str:
    from importlib import resources

    return str(resources.files("superset") / "migrations")


if __name__ == "__main__":
    prepare()
    if program := sys.argv[1:]:
        os.execvp(program[0], program)
