"""Databases, of SQLite and of PostgreSQL: views read in one snapshot, periods in any writing, the code of each fault.

And every simulated county system, by its own transport: what is read is what the system means.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from qiangji.errors import QiangjiError, TransientError
from qiangji.periods import Period
from qiangji.sources import Limits, open_source
from tests.frozen import paths as frozen
from tests.integration.transports import (
    OCTOBER,
    SECRET,
    WANTED,
    _fill,
    closed_port,
    database_county,
    opened,
    refused,
    silent_server,
)

# ---- database


def test_a_view_of_any_database_is_read_as_csv_in_key_order(
    tmp_path: Path, connect: Callable[[str], None]
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
    connect(url)
    with opened(database_county()) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village/2026-10", (("village", OCTOBER),))
        assert item.version == "2026-11-01 02:03:04 2"
        assert source.fetch(item).content.decode().splitlines() == [
            "village_code,ok,income,note", "1,1,,", '2,0,1.5,"a,""b"""',
        ]  # fmt: skip
    with opened(database_county(version="")) as source:
        assert source.list(WANTED)[0].version == ""
    assert refused(database_county("nothing_{form}")).code == "not_found"
    assert refused(database_county(), fetch=True, max_bytes=3).code == "too_large"
    connect(f"nonsense://{SECRET}")
    assert refused(database_county()).code == "bad_connection"


@pytest.mark.parametrize("period", ["2026-10-31", "2026/10/1", "2026-10-31 00:00:00", "202610", "2026年10月"])
def test_a_period_column_in_another_writing_is_the_period(
    tmp_path: Path, connect: Callable[[str], None], period: str
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
        db.execute(sa.text("UPDATE village SET period = :p WHERE period = '2026-10'"), {"p": period})
    connect(url)
    with opened(database_county()) as source:
        [item] = source.list(WANTED)
        assert (item.name, item.targets) == ("village/2026-10", (("village", OCTOBER),))
        assert len(source.fetch(item).content.decode().splitlines()) == 3


def test_a_period_column_without_any_period_is_an_error(
    tmp_path: Path, connect: Callable[[str], None]
) -> None:
    url = f"sqlite:///{tmp_path}/county.db"
    with sa.create_engine(url).begin() as db:
        _fill(db, "")
        db.execute(sa.text("UPDATE village SET period = 'latest'"))
    connect(url)
    error = refused(database_county())
    assert error.code == "bad_response"
    assert "latest" in str(error)


@pytest.fixture(scope="module")
def postgres(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from qiangji.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("home"))
    server.start()
    server.ensure_role("county")
    server.ensure_database("county", "county")
    with sa.create_engine(server.url("county", "county")).begin() as db:
        db.execute(sa.text("CREATE SCHEMA report"))
        _fill(db, "report.")
        db.execute(sa.text("CREATE VIEW report.slow AS SELECT *, pg_sleep(9)::text FROM report.village"))
    yield server
    server.stop()


def test_postgresql_is_read_in_a_read_only_snapshot_that_ends_in_time(
    postgres: Any, connect: Callable[[str], None]
) -> None:
    url = postgres.url("county", "county", driver=None)
    connect(url)
    with opened(database_county("report.{form}")) as source:
        [item] = source.list(WANTED)
        assert source.fetch(item).content.decode().splitlines() == [
            "village_code,ok,income,note", "1,true,,", '2,false,1.50,"a,""b"""',
        ]  # fmt: skip
    with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as db:
        columns = "village_code, ok, income, note, updated_at"
        for form, day in (("days", "date '2026-10-31'"), ("moments", "timestamptz '2026-10-01 00:00+08'")):
            db.execute(
                sa.text(
                    f"CREATE OR REPLACE VIEW report.{form} AS SELECT {columns}, {day} AS period FROM report.village"
                )
            )
    for form in ("days", "moments"):
        with opened(database_county(f"report.{form}")) as source:
            item, *_ = source.list(WANTED)
            assert item.targets == (("village", OCTOBER),)
            assert len(source.fetch(item).content.decode().splitlines()) == 4
    with opened(database_county("report.{form}")) as source, source._source._reading() as db:  # type: ignore[attr-defined] # a database has it
        assert db.execute(sa.text("SHOW transaction_isolation")).scalar() == "repeatable read"
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            db.execute(sa.text("DELETE FROM report.village"))
    start = time.monotonic()
    assert refused(database_county("report.slow"), timeout=1).code == "timeout"
    assert time.monotonic() - start < 4
    connect(sa.make_url(url).set(password=SECRET).render_as_string(hide_password=False))
    assert refused(database_county("report.{form}")).code == "login_refused"
    connect(sa.make_url(url).set(database="none").render_as_string(hide_password=False))
    assert refused(database_county("report.{form}")).code == "not_found"
    assert refused(database_county("nowhere.{form}")).code == "not_found"


def test_a_database_that_is_down_or_hangs_ends_within_the_countys_time(
    connect: Callable[[str], None],
) -> None:
    connect(f"postgresql://u:{quote(SECRET, safe='')}@127.0.0.1:{closed_port()}/d")
    error = refused(database_county(), timeout=1)
    assert (type(error), error.code) == (TransientError, "unreachable")
    with silent_server() as port:
        connect(f"postgresql://u:p@127.0.0.1:{port}/d")
        start = time.monotonic()
        assert refused(database_county(), timeout=2).code == "timeout"
        assert time.monotonic() - start < 5


# ---- the simulated county systems


@pytest.fixture(scope="module")
def simulated(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from simulator import Simulator

    with Simulator(
        tmp_path_factory.mktemp("simulated"), today="2026-11-24", scale=0.05,
        postgres_url=postgres.url("postgres", driver=None),
    ) as simulator:  # fmt: skip
        yield simulator


OF_CELLS = (".type", ".with_unit", ".enum", ".too_large", ".dash", ".shortened", ".total", ".note", ".percent",
            ".loose", ".level", ".extra", ".page", ".zeros", ".subtotal")  # fmt: skip
"""Last words of the rules that reading tells."""
READ_AS: dict[str, Any] = {"decimal": Decimal, "date": date.fromisoformat}
"""Types that the truth writes as text."""


@pytest.mark.parametrize("code", ["440703", "440704", "440705", "440781", "440783", "440784", "440785"])
def test_what_each_county_system_means_is_what_is_read(
    simulated: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value of every sound row, exactly the planted faults of cells, and each return's reason."""
    from qiangji.catalogue.load import load
    from qiangji.parsing import read_form, read_grids
    from qiangji.parsing.screening import find_personal_data

    catalogue = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    county = catalogue.counties[code]
    monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{code}", simulated.connections[code])
    submissions = {
        (s["form"], s["period"]): s for s in simulated.manifest["submissions"] if s["county"] == code
    }
    outcome = dict.fromkeys(submissions, "late")
    planted = {
        (f["form"], f["period"], f.get("row_rule") or f["expected_rule"])
        for f in simulated.manifest["faults"]
        if f["county"] == code and str(f.get("row_rule") or f["expected_rule"]).endswith(OF_CELLS)
    } | {
        (f["form"], f["period"], f"{f['form']}.{f['field']}.dash")
        for f in simulated.manifest["faults"]
        if f["county"] == code and f["kind"] == "dashes_for_zeros"
    }
    found = set()
    wanted = [(form, Period.parse(period)) for form, period in submissions]
    limits = Limits(county.county, county.timeout or 60, 10**8)
    with open_source(county, catalogue.forms, catalogue.path, limits) as source:
        fetched = [source.fetch(item) for item in source.list(wanted)]
    for delivery in fetched:
        forms = [form for form, _ in delivery.item.targets]
        try:
            grids = read_grids(delivery.content, delivery.kind, county, forms)
        except QiangjiError:
            outcome |= {(f, str(p)): "returned" for f, p in delivery.item.targets}
            continue
        for form, period in delivery.item.targets:
            key = (form, str(period))
            if find_personal_data(grids[form], county.layout_of(form)):
                outcome[key] = "withheld"
                continue
            try:
                parsed = read_form(grids[form], catalogue.forms[form], county, period)
            except QiangjiError:
                outcome[key] = "returned"
                continue
            outcome[key] = "returned" if parsed.totals_agree is False else "read"
            assert parsed.rows.num_rows == submissions[key]["rows_sent"]
            found |= {(*key, rule) for rule in parsed.problems["rule"].to_pylist()}
            read = catalogue.forms[form]
            meant = {row["unit"]: row for row in simulated.truth(code, *key) if row["accepted"]}
            sound = [row for row in parsed.rows.to_pylist() if row[read.key] in meant]
            assert len(sound) == submissions[key]["rows_accepted"]
            for row in sound:
                values = {n: meant[row[read.key]][n] for n in read.fields}
                assert {n: row[n] for n in read.fields} == {
                    n: READ_AS.get(read.fields[n].type, lambda v: v)(v) if v is not None else None
                    for n, v in values.items()
                }
    said = {
        # what is judged by its rows, or by what it says of itself, can be read
        k: "read"
        if s["status"] in ("accepted", "partial", "held")
        or s["reason"] in ("no_row_accepted", "title_of_another_period", "date_for_a_title")
        else s["status"]
        for k, s in submissions.items()
    }
    assert outcome == said
    assert found == planted
