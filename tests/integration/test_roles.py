"""Who may read and write what in the warehouse, held with logins of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from tests.integration.nights import Night, night

READABLE = {
    "qiangji_bi": {"mart", "mart_zh", "dim"},
    "qiangji_analyst": {"mart", "mart_zh", "dim", "fact"},
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
        names = ("qiangji_bi", "qiangji_analyst", "qiangji_loader")
        with postgres.connect() as connection:
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


@pytest.mark.parametrize("role", sorted(READABLE))
def test_a_readers_session_ends_long_statements(role: str, roles: Roles, postgres: Any) -> None:
    """As the role itself logs in: what is set for a role is not inherited by its members."""
    url = roles.url.set(username=role, password="of-the-test").render_as_string(hide_password=False)
    with postgres.connect() as connection:
        connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD 'of-the-test'")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("1min",)
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
            "DROP SCHEMA mart CASCADE", "CREATE ROLE mine",
        ):  # fmt: skip
            with pytest.raises(DENIED):
                connection.execute(statement)


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
        months = [pipeline.Period.parse("2026-10")]
        result = pipeline.collect(p, ["440703"], months)
        assert [s.status for s in result.submissions] == ["accepted"]
        assert building.build(p.catalogue, p.settings, p.ledger, months).rows_inserted > 0
        p.ledger.decide(result.submissions[0].delivery_id, "void", "as it was")
        assert building.build(p.catalogue, p.settings, p.ledger, months).rows_inserted > 0
    finally:
        engine.dispose()
