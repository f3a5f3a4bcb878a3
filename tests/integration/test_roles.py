"""Who may read and write what in the warehouse, held with logins of each role."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from qiangji import pipeline, stages, warehouse
from qiangji.embedded import EmbeddedPostgres
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.warehouse import grants
from tests.integration.nights import Night, forget, night
from tests.integration.test_cli import run

READABLE = {
    "qiangji_bi": {"mart", "mart_zh", "dim"},
    "qiangji_analyst": {"mart", "mart_zh", "dim", "fact"},
    "qiangji_board": {"mart", "dim"},
}
SCHEMAS = ("mart", "mart_zh", "dim", "fact", "calc", "ops", "county")
DENIED = errors.InsufficientPrivilege
REFUSED = (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)


@dataclass
class Roles:
    """A built warehouse whose roles may log in for the test's duration, with passwords of their own."""

    night: Night
    url: sa.URL

    def connect(self, role: str) -> psycopg.Connection[Any]:
        url = self.url.set(username=f"{role}_login", password=f"{role}-of-the-test")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def relations(self, schema: str) -> list[str]:
        rows = self.night.query(
            "SELECT quote_ident(table_name) AS n FROM information_schema.tables WHERE table_schema = :s",
            s=schema,
        )
        return [f"{schema}.{r['n']}" for r in rows]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Roles]:
    """Login roles that are members of the project's, which inherit what those may do (and their settings)."""
    folder = tmp_path_factory.mktemp("roles")
    with night(folder, postgres, scale=0.03, months=1, faults="none", counties=["440703", "440785"]) as one:
        one.run()
        names = ("qiangji_bi", "qiangji_analyst", "qiangji_board", "qiangji_loader")
        postgres.ensure_role(warehouse.roles.OWNER, login=False)
        with postgres.connect() as connection:
            grants.close_database(connection, str(sa.make_url(one.place.url).database))
            for name in names:
                connection.execute(
                    f"CREATE ROLE {name}_login LOGIN PASSWORD '{name}-of-the-test' IN ROLE {name}"
                )
        try:
            yield Roles(one, sa.make_url(one.place.url).set(drivername="postgresql"))
        finally:
            with postgres.connect() as connection:
                for name in names:
                    connection.execute(f"DROP ROLE {name}_login")


@pytest.mark.parametrize("role", sorted(READABLE))
@pytest.mark.parametrize("schema", SCHEMAS)
def test_readers_read_their_schemas_and_no_others(role: str, schema: str, roles: Roles) -> None:
    relations = roles.relations(schema)
    assert relations
    with roles.connect(role) as connection:
        for relation in relations:
            if schema in READABLE[role]:
                connection.execute(f"SELECT * FROM {relation} LIMIT 1").fetchall()
            else:
                with pytest.raises(DENIED):
                    connection.execute(f"SELECT * FROM {relation} LIMIT 1")


def test_bi_sees_figures(roles: Roles) -> None:
    with roles.connect("qiangji_bi") as connection:
        row = connection.execute(
            "SELECT count(*) FROM mart.indicator_value WHERE value IS NOT NULL"
        ).fetchone()
        assert row
        assert row[0] > 100
        row = connection.execute("SELECT count(*) FROM mart_zh.v_county_month").fetchone()
        assert row
        assert row[0] >= 1


@pytest.mark.parametrize("role", sorted(READABLE))
def test_readers_write_nothing_even_where_they_turn_read_only_off(role: str, roles: Roles) -> None:
    statements = [f"DELETE FROM {r}" for s in ("dim", "fact", "calc", "ops") for r in roles.relations(s)]
    statements += [
        "CREATE TABLE mart.mine (a int)", "CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine",
        "DROP VIEW mart.indicator_value", "DROP TABLE dim.indicator", "TRUNCATE fact.village",
        "CREATE TEMP TABLE mine (a int); DROP TABLE ops.delivery",
    ]  # fmt: skip
    with roles.connect(role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in statements:
            with pytest.raises(REFUSED):
                connection.execute(statement)
    assert roles.night.figures()


COUNTY_VIEWS = ("submission", "rejection", "finding", "reporting_status")


@pytest.fixture
def of_counties(roles: Roles, postgres: Any) -> Iterator[Callable[[str], psycopg.Connection[Any]]]:
    """Logins of two counties and of somebody who is none, all in the counties' group."""
    names = ("county_440703", "county_440785", "county_of_nobody")
    with postgres.connect() as connection:
        for name in names:
            connection.execute(
                f"CREATE ROLE {name} LOGIN PASSWORD '{name}-of-the-test' IN ROLE qiangji_county"
            )

    def connect(name: str) -> psycopg.Connection[Any]:
        url = roles.url.set(username=name, password=f"{name}-of-the-test")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    try:
        yield connect
    finally:
        with postgres.connect() as connection:
            for name in names:
                connection.execute(f"DROP ROLE {name}")


def test_a_county_sees_its_own_rows_and_all_of_them(roles: Roles, of_counties: Any) -> None:
    for county in ("440703", "440785"):
        with of_counties(f"county_{county}") as connection:
            for view in COUNTY_VIEWS:
                wanted = roles.night.query(
                    f"SELECT count(*) AS n FROM mart.{view} WHERE county_code = :c", c=county
                )[0]["n"]
                rows = connection.execute(f"SELECT county_code FROM county.{view}").fetchall()
                assert (view, len(rows), {r[0] for r in rows} - {county}) == (view, wanted, set())
            assert connection.execute("SELECT count(*) FROM county.submission").fetchone() > (0,)
    with of_counties("county_of_nobody") as connection:
        for view in COUNTY_VIEWS:
            assert connection.execute(f"SELECT FROM county.{view}").fetchall() == []


@pytest.fixture
def counties_make_temporary_things(roles: Roles, postgres: Any) -> Iterator[None]:
    """As they may where whoever runs the server has not closed the database."""
    with postgres.connect() as connection:
        connection.execute(f"GRANT TEMPORARY ON DATABASE {roles.url.database} TO qiangji_county")
        yield
        connection.execute(f"REVOKE TEMPORARY ON DATABASE {roles.url.database} FROM qiangji_county")


@pytest.mark.usefixtures("counties_make_temporary_things")
def test_a_county_cannot_look_around_its_own(roles: Roles, of_counties: Any) -> None:
    """No other schema, no other county's role, and no function of its own that is asked about others' rows."""
    with of_counties("county_440703") as connection:
        for schema in set(SCHEMAS) - {"county"}:
            for relation in roles.relations(schema):
                with pytest.raises(DENIED):
                    connection.execute(f"SELECT * FROM {relation} LIMIT 1")
        for view in COUNTY_VIEWS:
            for statement in (
                f"DELETE FROM county.{view}",
                f"UPDATE county.{view} SET county_code = '440703'",
            ):
                with pytest.raises((DENIED, errors.ObjectNotInPrerequisiteState)):
                    connection.execute(statement)
        for statement in (
            "SET ROLE county_440785", "SET SESSION AUTHORIZATION county_440785", "CREATE TABLE county.mine (a int)",
            "ALTER ROLE county_440703 RENAME TO county_440785", "CREATE VIEW county.mine AS SELECT 1",
            "CREATE OR REPLACE FUNCTION county.own_code() RETURNS text LANGUAGE sql RETURN '440785'",
        ):  # fmt: skip
            with pytest.raises(errors.Error):
                connection.execute(statement)
        seen: list[str] = []
        connection.add_notice_handler(lambda notice: seen.append(str(notice.message_primary)))
        connection.execute(
            "CREATE FUNCTION pg_temp.leak(code text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001"
            " AS $$ BEGIN RAISE NOTICE '%', code; RETURN true; END $$"
        )
        connection.execute("SELECT FROM county.submission WHERE pg_temp.leak(county_code)")
        assert set(seen) == {"440703"}


BEYOND = [
    "CREATE TEMP TABLE mine (a int)", "CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1", "DROP EXTENSION plpgsql",
    "ALTER EXTENSION plpgsql UPDATE", "CREATE ROLE mine", "CREATE DATABASE mine", "ALTER SYSTEM SET work_mem = '1GB'",
    "SELECT pg_read_file('PG_VERSION')", "SELECT pg_ls_dir('.')", "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')", "COPY (SELECT 1) TO PROGRAM 'true'", "COPY (SELECT 1) TO '/tmp/mine'",
    "COPY pg_catalog.pg_class FROM '/etc/passwd'", "SELECT * FROM pg_authid", "SELECT * FROM pg_hba_file_rules",
    "SET ROLE qiangji_owner", "SET ROLE qiangji_loader", "SET ROLE qiangji_admin", "SET ROLE pg_read_all_data",
    "SET SESSION AUTHORIZATION qiangji_owner", "GRANT qiangji_owner TO CURRENT_USER",
    "GRANT SELECT ON ops.delivery TO PUBLIC", "ALTER ROLE qiangji_owner PASSWORD 'mine'",
    "LOAD 'auto_explain'", "CHECKPOINT", "SELECT pg_reload_conf()", "SELECT pg_terminate_backend(pid)"
    " FROM pg_stat_activity WHERE usename = 'qiangji_admin'", "DO $$ BEGIN LOCK TABLE dim.indicator; END $$",
    "COMMENT ON TABLE dim.indicator IS 'mine'", "ANALYZE dim.indicator, ops.delivery; SELECT FROM ops.delivery",
    "DO $$ BEGIN EXECUTE 'SELECT count(*) FROM ops.delivery'; END $$", "CREATE EVENT TRIGGER mine ON ddl_command_end"
    " EXECUTE FUNCTION suppress_redundant_updates_trigger()", "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE SUBSCRIPTION mine CONNECTION '' PUBLICATION mine", "CREATE SERVER mine FOREIGN DATA WRAPPER mine",
]  # fmt: skip
"""What no reader and no county may do, however it asks."""


@pytest.mark.parametrize("role", [*sorted(READABLE), "county_440703"])
def test_readers_and_counties_stay_within_their_schemas(role: str, roles: Roles, of_counties: Any) -> None:
    wanted = (errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState, errors.UndefinedObject)
    with of_counties(role) if role.startswith("county") else roles.connect(role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in BEYOND:
            with pytest.raises(wanted) as refused:
                connection.execute(statement)
            is_missing = isinstance(refused.value, errors.UndefinedObject)
            assert not is_missing or "SERVER" in statement, f"{statement}: {refused.value}"


def test_what_others_ask_is_not_shown(roles: Roles, of_counties: Any) -> None:
    with roles.connect("qiangji_loader") as loader, roles.connect("qiangji_bi") as bi:
        loader.execute("SELECT 'what the loader asked'")
        for reader in (bi, of_counties("county_440703")):
            seen = [r[0] or "" for r in reader.execute("SELECT query FROM pg_stat_activity").fetchall()]
            assert len(seen) > 1
            assert not any("what the loader" in query for query in seen)
            assert reader.execute("SELECT count(*) FROM pg_stat_ssl").fetchone()
        of_mine = loader.execute("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()").fetchone()
        assert of_mine
        assert "pg_stat_activity" in of_mine[0], "its own it does see"


def test_what_is_made_later_is_open_to_nobody(roles: Roles, postgres: Any, of_counties: Any) -> None:
    """Until it is granted: no privileges come by themselves."""
    assert roles.night.query("SELECT * FROM pg_default_acl") == []
    owner = postgres.url(roles.url.database, driver=None)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE mart.new (a int); CREATE TABLE county.new (a int); CREATE TABLE ops.new (a int)"
        )
        try:
            for who in (
                *(roles.connect(r) for r in (*READABLE, "qiangji_loader")),
                of_counties("county_440703"),
            ):
                with who as reader:
                    for schema in ("mart", "county", "ops"):
                        with pytest.raises(DENIED):
                            reader.execute(f"SELECT * FROM {schema}.new")
        finally:
            connection.execute("DROP TABLE mart.new, county.new, ops.new")


def test_no_function_acts_with_another_ones_rights(roles: Roles) -> None:
    """One that did would need a search path of its own; so would what a county is told by."""
    rows = roles.night.query(
        "SELECT p.oid::regprocedure::text AS name, prosecdef, proconfig FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = ANY(:s)",
        s=list(SCHEMAS),
    )
    assert len(rows) >= 5
    assert [
        r["name"]
        for r in rows
        if r["prosecdef"] and not any("search_path" in x for x in r["proconfig"] or ())
    ] == []


def test_a_county_is_not_told_by_a_function_of_its_own_making(roles: Roles, of_counties: Any) -> None:
    """Views and `own_code` name what they use: a search path changes nothing."""
    with of_counties("county_440703") as connection:
        connection.execute("SET search_path = pg_temp, county, public")
        connection.execute("SET application_name = '440785'")
        assert connection.execute("SELECT DISTINCT county_code FROM county.submission").fetchall() == [
            ("440703",)
        ]


def test_a_slow_statement_of_a_bi_tool_is_ended(roles: Roles, postgres: Any) -> None:
    """By the role's own default: 60 s (`test_a_readers_session_ends_long_statements`), here set to less."""
    with postgres.connect() as connection:
        connection.execute("ALTER ROLE qiangji_bi LOGIN PASSWORD 'of-the-test'")
        connection.execute("ALTER ROLE qiangji_bi SET statement_timeout = '300ms'")
    url = roles.url.set(username="qiangji_bi", password="of-the-test").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for slow in (
                "SELECT pg_sleep(20)",
                "SELECT count(*) FROM mart.indicator_value a, mart.indicator_value b, mart.indicator_value c",
            ):
                start = time.monotonic()
                with pytest.raises(errors.QueryCanceled, match="statement timeout"):
                    connection.execute(slow)
                assert time.monotonic() - start < 5
            assert connection.execute("SELECT 1").fetchone() == (1,), "the session goes on"
    finally:
        with postgres.connect() as connection:
            connection.execute("ALTER ROLE qiangji_bi NOLOGIN PASSWORD NULL")
            connection.execute("ALTER ROLE qiangji_bi SET statement_timeout = '60s'")


@pytest.mark.parametrize("role", sorted(READABLE))
def test_a_readers_session_ends_long_statements(role: str, roles: Roles, postgres: Any) -> None:
    """As the role itself logs in: what is set for a role is not inherited by its members."""
    url = roles.url.set(username=role, password="of-the-test").render_as_string(hide_password=False)
    with postgres.connect() as connection:
        connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD 'of-the-test'")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",)
            assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("10min",)
            with pytest.raises(errors.ReadOnlySqlTransaction):
                connection.execute("CREATE TEMP TABLE mine (a int)")
    finally:
        with postgres.connect() as connection:
            connection.execute(f"ALTER ROLE {role} NOLOGIN PASSWORD NULL")


@pytest.mark.parametrize("role", sorted(READABLE))
def test_readers_have_a_statement_timeout_and_are_read_only(role: str, roles: Roles) -> None:
    (row,) = roles.night.query("SELECT rolconfig FROM pg_roles WHERE rolname = :r", r=role)
    settings = dict(each.split("=", 1) for each in row["rolconfig"])
    assert settings["default_transaction_read_only"] == "on"
    assert settings["statement_timeout"] not in ("0", "")


def test_the_loader_fills_and_neither_makes_nor_drops(roles: Roles) -> None:
    with roles.connect("qiangji_loader") as connection:
        for schema in ("ops", "fact", "calc", "mart", "dim"):
            for relation in roles.relations(schema):
                connection.execute(f"SELECT * FROM {relation} LIMIT 1").fetchall()
        connection.execute("BEGIN")
        connection.execute("DELETE FROM fact.village")
        connection.execute("ROLLBACK")
        for statement in (
            "CREATE TABLE fact.mine (a int)", "CREATE SCHEMA mine", "DROP TABLE fact.village",
            "DROP VIEW mart.indicator_value", "ALTER TABLE fact.village ADD COLUMN mine int",
            "DROP SCHEMA mart CASCADE", "CREATE ROLE mine", "CREATE TABLE public.mine (a int)",
            "CREATE OR REPLACE FUNCTION mart.ratio(numeric, numeric, numeric) RETURNS numeric LANGUAGE sql RETURN 1",
            "CREATE TRIGGER mine BEFORE INSERT ON ops.delivery EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE INDEX ON fact.village (period)", "TRUNCATE fact.village",
            "ALTER TABLE ops.delivery DISABLE TRIGGER ALL",
            "CREATE RULE mine AS ON INSERT TO ops.delivery DO INSTEAD NOTHING", "SET ROLE qiangji_owner",
            "UPDATE mart.indicator_value SET value = 1",
            "ALTER VIEW mart.indicator_value OWNER TO qiangji_loader",
            "UPDATE public.alembic_version SET version_num = '1'",
            "COPY ops.delivery FROM PROGRAM 'true'", "COPY ops.delivery FROM '/etc/passwd'", "DROP EXTENSION plpgsql",
            "SELECT pg_read_file('PG_VERSION')",
        ):  # fmt: skip
            with pytest.raises((DENIED, errors.ObjectNotInPrerequisiteState)) as refused:
                connection.execute(statement)
            assert isinstance(refused.value, DENIED) or "UPDATE mart" in statement, statement
        connection.execute("GRANT SELECT ON ops.delivery TO qiangji_bi")  # a warning, and nothing granted
        asked = "SELECT has_table_privilege('qiangji_bi', 'ops.delivery', 'SELECT')"
        assert connection.execute(asked).fetchone() == (False,)


@pytest.mark.usefixtures("servers")
def test_the_roles_of_the_embedded_server_hold_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse as `make demo` makes it: the roles' own logins, none of them an administrator."""
    monkeypatch.setenv("QIANGJI_HOME", str(tmp_path))
    monkeypatch.delenv("QIANGJI_WAREHOUSE_URL", raising=False)
    forget()
    server = EmbeddedPostgres(tmp_path)
    try:
        with server.running_server(), pipeline.open_pipeline(), warehouse.urls(settings()) as urls:
            with server.connect() as c:
                rights = c.execute(
                    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'qiangji%' AND (rolsuper OR rolcreaterole"
                    " OR rolcreatedb OR rolreplication OR rolbypassrls)"
                ).fetchall()
                assert rights == [("qiangji_admin",)]
                memberships = c.execute(
                    "SELECT r.rolname, pg_get_userbyid(m.roleid) FROM pg_auth_members m"
                    " JOIN pg_roles r ON r.oid = m.member"
                    " WHERE rolname LIKE 'qiangji%' AND NOT rolsuper ORDER BY 1"
                ).fetchall()
                reserved = warehouse.roles.RESERVED  # lets nobody see or change anything
                assert memberships == [("qiangji_loader", reserved), ("qiangji_owner", reserved)]
                assert c.execute(
                    "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'qiangji'"
                ).fetchone() == ("qiangji_owner",)
                for right in ("CONNECT", "TEMPORARY", "CREATE"):
                    asked = f"SELECT has_database_privilege('public', 'qiangji', '{right}')"
                    assert c.execute(asked).fetchone() == (False,)
                c.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
            for role, url in urls.items():
                with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as own:
                    may = role in (warehouse.roles.OWNER, warehouse.roles.LOADER)
                    for statement in (
                        "SET default_transaction_read_only = off",
                        "CREATE TEMP TABLE mine (a int)",
                    ):
                        with nullcontext() if may or "SET" in statement else pytest.raises(DENIED):
                            own.execute(statement)
            stranger = sa.make_url(urls[warehouse.roles.BI]).set(
                drivername="postgresql", username="stranger", password="stranger"
            )
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(stranger.render_as_string(hide_password=False))
            assert run("doctor", "--json").json[-1]
            with server.connect() as c:
                c.execute("ALTER ROLE qiangji_bi SET statement_timeout = 0")
            (told,) = [f for f in run("doctor", "--json").json if f["what"] == "warehouse"]
            assert (told["is_well"], "qiangji_bi: not read-only, or without" in told["detail"]) == (
                False,
                True,
            )
    finally:
        server.destroy()
        monkeypatch.undo()
        forget()


def test_the_loader_is_all_that_a_night_needs(roles: Roles) -> None:
    """Collect and build again, everything changed, with nothing but the loader's rights."""
    from qiangji import building, pipeline
    from qiangji.ledger import Ledger

    one = roles.night
    url = roles.url.set(
        drivername="postgresql+psycopg",
        username="qiangji_loader_login",
        password="qiangji_loader-of-the-test",
    )
    engine = sa.create_engine(url)
    try:
        p = pipeline.Pipeline(
            one.pipeline.settings, one.pipeline.catalogue, Ledger(engine, one.pipeline.ledger.lake)
        )
        event = {"county": "440703", "form": "village_group", "period": "2026-10"}
        one.systems.apply("shrink", **event, share=0.7)
        months = [Period.parse("2026-10")]
        result = stages.collect(p, ["440703"], months)
        assert [s.status for s in result.submissions] == ["accepted"]
        assert building.build(p, months).rows_inserted > 0
        p.ledger.decide(result.submissions[0].delivery_id, "void", "as it was")
        assert building.build(p, months).rows_inserted > 0
    finally:
        engine.dispose()
