"""The runbook for a PostgreSQL of one's own makes the roles and the database as the package does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import Mock

import pytest
from psycopg import sql

from qiangji.warehouse import grants
from qiangji.warehouse.roles import ANALYST, BI, COUNTY, LOADER, OWNER

RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"


def in_the_page(name: str) -> set[str]:
    (block,) = re.findall(r"(?ms)^```sql\n(.*?)^```", (RUNBOOKS / name).read_text(encoding="utf-8"))
    return {" ".join(s.split()) for s in block.split(";") if s.strip()}


def plain(statements: Iterable[sql.Composable]) -> set[str]:
    return {s.as_string(None).replace('"', "") for s in statements}


@pytest.mark.parametrize("page", ["external-postgresql.md", "zh/external-postgresql.md"])
def test_the_page_has_every_statement_that_the_package_runs(page: str) -> None:
    said = in_the_page(page)
    connection = Mock()
    grants.reserve(connection)
    grants.close_database(connection, "qiangji")
    reserved, revoked, connect, temporary = (
        s.as_string(None).replace('"', "") for (s,), _ in connection.execute.call_args_list
    )
    made = {s for role in (LOADER, ANALYST, BI, COUNTY) for s in plain(grants.making(role))}
    assert made | {reserved, revoked} <= said
    # the owner may connect to its own database, and make temporary tables in it
    assert connect.replace(f"{OWNER}, ", "") in said
    assert temporary.replace(f"{OWNER}, ", "") in said
    assert f"CREATE ROLE {OWNER} LOGIN" in said
