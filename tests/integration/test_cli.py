"""The command line on real county systems and a real warehouse: what it prints, records, and exits with."""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import sqlalchemy as sa
import yaml

from tests.frozen import paths as frozen
from tests.integration.nights import FORMS, PROJECT, Night, assert_same, clone, forget, fresh, night

COUNTIES = ["440703", "440785"]
OCTOBER = ["--period", "2026-10"]


@dataclass
class Ran:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str) -> Ran:
    """The command in this process, from its entry point, so that only the first has to import everything."""
    from qiangji import cli

    forget()
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["qiangji", *arguments]
    code: Any = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                cli.main()
            except SystemExit as e:
                code = e.code or 0
    finally:
        sys.argv = before
    return Ran(int(code), out.getvalue(), err.getvalue())


def run_process(*arguments: str) -> Ran:
    """The command as people start it."""
    done = subprocess.run(
        [sys.executable, "-m", "qiangji", *arguments],
        env=os.environ | {"PYTHONPATH": str(PROJECT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of one width, whatever the terminal."""
    from qiangji.cli import common

    monkeypatch.setattr(common.console, "width", 200)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """Two counties, one month, collected and built by nothing but commands."""

    def edit(catalogue: Path) -> None:
        path = catalogue / "counties.yaml"
        mine = [c for c in yaml.safe_load(path.read_text(encoding="utf-8")) if c["county"] in COUNTIES]
        path.write_text(yaml.safe_dump(mine, allow_unicode=True), encoding="utf-8")

    folder = tmp_path_factory.mktemp("command line")
    with night(folder, postgres, edit=edit, scale=0.04, months=2, faults="none", counties=COUNTIES) as one:
        collected = run("collect", *OCTOBER, "--json")
        assert collected.code == 0, collected.err
        assert len(collected.json["checked"]) == len(COUNTIES) * len(FORMS)
        assert collected.json["deliveries"] == len(COUNTIES) * len(FORMS)
        built = run("build", "--json")
        assert built.code == 0, built.err
        assert built.json["months"] == ["2026-10"]
        yield one


@pytest.fixture
def copied(base: Night, tmp_path: Path, postgres: Any) -> Iterator[Night]:
    with clone(base, tmp_path / "home", postgres) as one:
        yield one


def _ledger(one: Night) -> dict[str, list[str]]:
    """Everything in ops, to the last column."""
    tables = one.query(
        "SELECT table_name AS n FROM information_schema.tables WHERE table_schema = 'ops' ORDER BY 1"
    )
    return {t["n"]: sorted(repr(r) for r in one.query(f"SELECT * FROM ops.{t['n']}")) for t in tables}


# --- collect, build -----------------------------------------------------------------------------------


def test_a_dry_run_tells_all_and_records_nothing(base: Night, tmp_path: Path, postgres: Any) -> None:
    with fresh(base, tmp_path / "home", postgres) as one:
        ledger, mart, files = _ledger(one), one.snapshot(), one.lake_files()
        dry = run("collect", "--dry-run", *OCTOBER, "--json")
        assert dry.code == 0, dry.err
        assert dry.json["deliveries"] == len(COUNTIES) * len(FORMS)
        said = {(c["county_code"], c["form"], c["status"], c["rows_accepted"]) for c in dry.json["checked"]}
        real = one.systems.manifest["submissions"]
        assert said == {
            (s["county"], s["form"], s["status"], s["rows_accepted"])
            for s in real
            if s["period"] == "2026-10"
        }
        assert _ledger(one) == ledger
        assert_same(mart, one.snapshot())
        assert one.lake_files() == files


def test_collecting_and_building_again_find_nothing_to_do(copied: Night) -> None:
    collected = run("collect", *OCTOBER)
    assert (collected.code, "Deliveries new: 0. 已核查 Checked: 0. 失败 Failures: 0." in collected.out) == (
        0,
        True,
    )
    built = run("build")
    assert (built.code, "up to date" in built.out) == (0, True)
    assert run("build", "--period", "2026-10", "--json").json["build_id"] is None


def test_building_again_mends_what_no_signature_knows_of(copied: Night) -> None:
    right = copied.figures()
    with copied.pipeline.ledger.engine.begin() as c:
        wrong = "UPDATE calc.village_group SET n__group_leader_party_share = 0 WHERE built_to IS NULL AND org_code = :o"
        changed = c.execute(sa.text(wrong), {"o": "440703"}).rowcount
    assert changed
    assert run("build", *OCTOBER, "--json").json["months"] == []
    assert copied.figures() != right
    built = run("build", "--again", *OCTOBER, "--json").json
    assert (built["months"], built["facts_replaced"]) == (["2026-10"], 0)
    assert (built["rows_closed"], built["rows_inserted"]) == (changed, changed)
    assert copied.figures() == right
    assert run("build", "--again", "--json").json["months"] == ["2026-10"]
    assert run("build", "--json").json["months"] == []


def test_explain_prints_the_sql_of_an_indicator(base: Night) -> None:
    done = run("explain", "group_leader_party_share", "--sql")
    assert done.code == 0, done.err
    for piece in ("max_by(party_member_leaders, month)", "AS n__group_leader_party_share", "CAST(sum("):
        assert piece in done.out
    steps = run("explain", "group_leader_party_share", "--sql", "--json").json
    assert [s["title"].split()[0] for s in steps] == [
        f"sql/models/{m}.sql" for m in ("operands", "sides", "sums", "results")
    ]
    unknown, no_unit = run("explain", "nothing", "--sql"), run("explain", "group_leader_party_share")
    assert (unknown.code, "no indicator nothing" in unknown.err) == (2, True)
    assert (no_unit.code, "--org" in no_unit.err) == (2, True)


def test_a_county_that_is_down_ends_in_3_and_says_why(copied: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_COUNTY_TIMEOUT", "5")
    copied.systems.apply("down", county="440703")
    try:
        down = run("collect", "--county", "440703", "--period", "2026-09..2026-10", "--json")
        shown = run("collect", "--county", "440703", "--period", "2026-09")
        examined = run("doctor", "--json")
    finally:
        copied.systems.apply("up", county="440703")
    assert down.code == 3
    (failure,) = down.json["failures"]
    assert (failure["county_code"], failure["reason_code"]) == ("440703", "unreachable")
    assert "440703" in failure["message"]
    assert (down.json["nothing_found"], down.json["not_reached"]) == ([], ["2026-09", "2026-10"])
    assert (shown.code, "unreachable" in shown.out) == (3, True)
    assert "没有找到任何报表文件" not in shown.out
    assert "2026-09有没有报表不知道" in shown.out
    assert examined.code == 1
    assert [f["what"] for f in examined.json if not f["is_well"]] == ["county 440703"]
    status = run("status", "--period", "2026-09", "--json")
    assert status.code == 3
    assert {s["status"] for s in status.json if s["county_code"] == "440703"} == {"failed"}


def test_usage_errors_end_in_2_and_name_what_there_is() -> None:
    for arguments, told in (
        (("collect", "--county", "440700"), "440703"),
        (("collect", "--period", "2026-13"), "2026-10"),
        (("collect", "--period", "2999-01"), "has not ended"),
        (("build", "--period", "yesterday"), "2026Q3"),
        (("publish", "2999-01", "--name", "x"), "has not ended"),
        (("collect", "--period", "2019-01"), "before the plan"),
        (("status", "--period", "2026-09..2026-10"), "2026-09..2026-10 is a range"),
        (("values", "--indicator", "happiness"), "such as "),
        (("values", "--indicator", "group_leader_share"), "group_leader_party_share"),
        (("values", "--export", "values.pdf"), ".csv, .xlsx"),
        (("explain", "group_leader_share"), "group_leader_party_share"),
        (("values", "--level", "street"), "town"),
        (("values", "--org", "123"), "org_units.csv"),
        (("values", "--period-type", "week"), "quarter"),
        (("reprocess", "--form", "villages"), "village_group"),
        (("warehouse-url", "--role", "root"), "qiangji_bi"),
        (("release", "0000000000000000", "--reason", "why not"), "no delivery"),
        (("release", "0000000000000000"), "--reason"),
        (("void", "0000000000000000", "--reason", " "), "reason"),
        (("status", "--colour"), "--colour"),
        (("frobnicate",), "frobnicate"),
    ):
        ran = run(*arguments)
        assert ran.code == 2, (arguments, ran)
        assert told in ran.err.replace("\n", " "), (arguments, ran.err)
        assert "Traceback" not in ran.err


@pytest.fixture(autouse=True)
def _with_base(base: Night) -> None:
    """Every test has the base's settings, whether it asks for a copy or not."""


def test_an_error_ends_in_1_as_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(tmp_path / "nowhere"))
    ran = run_process("collect")
    assert ran.code == 1
    assert "nowhere" in ran.err.replace("\n", "")
    assert "Traceback" not in ran.err
    monkeypatch.undo()


def test_a_warehouse_that_was_never_filled_says_what_to_run(
    postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE never_filled")
    with monkeypatch.context() as patch:
        patch.setenv("QIANGJI_WAREHOUSE_URL", postgres.url("never_filled"))
        for command in ("values", "status"):
            ran = run(command)
            assert (ran.code, "qiangji collect" in ran.err) == (1, True), ran
    with postgres.connect() as connection:
        connection.execute("DROP DATABASE never_filled WITH (FORCE)")


# --- values, status -----------------------------------------------------------------------------------


def test_values_filters(copied: Night) -> None:
    figures = copied.figures()
    everything = run("values", "--json")
    assert everything.code == 0
    assert {v["org_level"] for v in everything.json} == {"city", "county"}
    assert {v["period"] for v in everything.json} == {"2026-10"}
    catalogue = copied.pipeline.catalogue
    monthly = {c for c, i in catalogue.indicators.items() if catalogue.shortest_period(i) == "month"}
    assert {v["indicator_code"] for v in everything.json} == monthly  # no quarter is complete yet

    one = run("values", "--indicator", "group_leader_party_share", "--org", "440703", "--json").json
    assert [(v["indicator_code"], v["org_code"], v["period_type"]) for v in one] == [
        ("group_leader_party_share", "440703", "month")
    ]
    shown = figures["group_leader_party_share", "440703", "month", "2026-10"]
    assert [str(one[0][n]) for n in ("numerator", "denominator", "value")] == [str(v) for v in shown[:3]]

    towns = run("values", "--level", "town", "--indicator", "trees_per_village", "--json").json
    assert {v["org_level"] for v in towns} == {"town"}
    assert {v["period_type"] for v in towns} == {"ytd"}  # its headline
    monthly = run("values", "--indicator", "trees_per_village", "--period-type", "month", "--json").json
    assert {v["period_type"] for v in monthly} == {"month"}
    two = run("values", "--indicator", "trees_per_village", "--indicator", "pay_linked_share", "--json").json
    assert {v["indicator_code"] for v in two} == {"trees_per_village", "pay_linked_share"}
    assert run("values", "--period", "2025-01", "--json").json == []

    table = run_process("values", "--indicator", "group_leader_party_share")
    assert table.code == 0
    assert "村民小组长党员比例" in table.out
    assert f"{shown[2]:.2f}" in table.out


def test_status_is_the_grid(copied: Night) -> None:
    grid = run("status", "--period", "2026-10", "--json")
    assert grid.code == 3  # these counties send a tenth of what the tree expects
    assert {(s["county_code"], s["form"]) for s in grid.json} == {(c, f) for c in COUNTIES for f in FORMS}
    assert {s["status"] for s in grid.json} == {"accepted"}
    words = run("status", "--period", "2026-10")
    assert (words.code, "已收" in words.out, "few_units" in words.out) == (3, True, True)


# --- decisions, reprocessing --------------------------------------------------------------------------


def test_held_released_voided(copied: Night) -> None:
    before = copied.snapshot()
    at = {"county": "440703", "form": "village_group", "period": "2026-10"}
    copied.systems.apply("shrink", **at)
    try:
        collected = run("collect", *OCTOBER, "--json")
    finally:
        copied.systems.apply("restore", **at)
    assert collected.code == 3
    (held,) = collected.json["checked"]
    assert held["status"] == "held"
    listed = run("status", *OCTOBER)
    assert (listed.code, held["delivery_id"] in listed.out) == (3, True)

    assert "not in the figures yet" not in listed.out
    released = run("release", held["delivery_id"], "--reason", "the county confirms it", "--by", "李雷")
    said = "蓬江区 440703 2026-10 村民小组基本情况月报表 village_group：已收 accepted v2"
    assert (released.code, said in released.out) == (0, True)
    assert "2026-10 有新报送或新决定尚未计算" in run("status", *OCTOBER).out
    assert run("build", "--json").json["rows_inserted"] > 0
    short = run("status", *OCTOBER)  # it counts, and still lacks most of what is expected
    assert (short.code, "few_units" in short.out, "尚未计算" in short.out) == (3, True, False)
    voided = run("void", held["delivery_id"], "--reason", "it was cut short", "--form", "village_group")
    assert (voided.code, "void" in voided.out) == (0, True)
    decided = copied.query("SELECT action, decided_by FROM ops.decision ORDER BY decided_at")
    assert [(d["action"], d["decided_by"]) for d in decided] == [
        ("release", "李雷"),
        ("void", getpass.getuser()),
    ]
    assert run("build", "--json").json["rows_inserted"] > 0
    assert_same(before, copied.snapshot())


def test_published_locked_held_released(copied: Night) -> None:
    assert run("publish", "2026-10", "--name", "审定版", "--by", "组织二科").code == 0
    before = run("values", "--edition", "审定版", "--json").json
    shown = run("values", "--period", "2026-10", "--json").json
    numbers = ("numerator", "denominator", "value", "target", "reporting_rate")
    assert [{k: v for k, v in r.items() if k not in numbers} for r in before] == [
        {k: v for k, v in r.items() if k not in numbers} for r in shown
    ]
    for n in numbers:
        assert [r[n] and Decimal(r[n]) for r in before] == [r[n] and Decimal(r[n]) for r in shown]
    assert run("lock", "2026-10", "--reason", "审定").code == 0
    at = {"county": "440703", "form": "village_group", "period": "2026-10"}
    copied.systems.apply("shrink", **at)
    try:
        collected = run("collect", *OCTOBER, "--json")
    finally:
        copied.systems.apply("restore", **at)
    assert collected.code == 3
    (held,) = collected.json["checked"]
    assert (held["status"], held["reason_code"]) == ("held", "period_locked")
    assert run("build", "--json").json["months"] == []
    assert "没有变化" in run("diff", "--edition", "审定版").out
    assert run("release", held["delivery_id"], "--reason", "agreed").code == 0
    assert run("build", "--json").json["changed_in_locked"]["2026-10"] > 0
    changed = run("diff", "--edition", "审定版", "--json").json
    assert {(r["org_code"], tuple(r["causes"])) for r in changed} == {
        ("440700", ("released",)), ("440703", ("released",)),
    }  # fmt: skip
    assert run("values", "--edition", "审定版", "--json").json == before


def test_reprocess_reads_again_by_todays_suite(
    base: Night, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clone(base, tmp_path / "home", postgres) as one:
        same = run("reprocess", "--json")
        assert same.code == 0
        assert {c["revision"] for c in same.json["checked"]} == {1}
        assert run("build", "--json").json["build_id"] is None

        shutil.copytree(frozen.EXPECTATIONS, tmp_path / "expectations")
        path = tmp_path / "expectations/village.json"
        suite = json.loads(path.read_text(encoding="utf-8"))
        (rule,) = [
            e
            for e in suite["expectations"]
            if e["meta"]["rule"] == "village.professional_managers.not_negative"
        ]
        rule["kwargs"]["max_value"] = 0
        path.write_text(json.dumps(suite, ensure_ascii=False), encoding="utf-8")
        with_some = one.query("SELECT count(*) AS n FROM fact.village WHERE professional_managers > 0")[0][
            "n"
        ]
        assert with_some

        files = one.lake_files("raw")
        with monkeypatch.context() as patch:
            patch.setenv("QIANGJI_EXPECTATIONS", str(tmp_path / "expectations"))
            stricter = run("reprocess", "--form", "village", *OCTOBER, "--json")
            assert stricter.code == 0
            assert {c["form"] for c in stricter.json["checked"]} == {"village"}
            assert sum(c["rows_rejected"] for c in stricter.json["checked"]) == with_some
            assert run("build", "--json").json["months"] == ["2026-10"]
            left = one.query("SELECT count(*) AS n FROM fact.village WHERE professional_managers > 0")
            assert left == [{"n": 0}]
        again = run("reprocess", "--form", "village", "--json")
        assert {c["status"] for c in again.json["checked"]} == {"accepted"}
        run("build")
        back = one.query("SELECT count(*) AS n FROM fact.village WHERE professional_managers > 0")
        assert back == [{"n": with_some}]
        assert one.lake_files("raw") == files  # nothing was fetched


# --- the warehouse, the doctor ------------------------------------------------------------------------


def test_warehouse_url_connects(copied: Night, postgres: Any) -> None:
    """Of a warehouse that is not ours it names host, database and role; the password is known where it is run."""
    for arguments, role in (((), "qiangji_bi"), (("--role", "qiangji_analyst"), "qiangji_analyst")):
        with postgres.connect() as connection:
            connection.execute(f"ALTER ROLE {role} LOGIN PASSWORD 'of the tests'")
        ran = run("warehouse-url", *arguments)
        assert ran.code == 0
        assert ran.out.startswith(f"postgresql://{role}@127.0.0.1:")
        with psycopg.connect(ran.out.strip(), password="of the tests") as connection:
            row = connection.execute("SELECT count(*) FROM mart.indicator_value").fetchone()
            assert row
            assert row[0] > 100


def test_doctor_shows_no_secret(copied: Night) -> None:
    ran, shown = run("doctor", "--json"), run_process("doctor")
    assert (ran.code, shown.code) == (0, 0), ran.out
    whats = [f["what"] for f in ran.json]
    assert {"settings", "catalogue", "lake", "warehouse"} <= set(whats)
    assert {f"county {c}" for c in COUNTIES} <= set(whats)
    assert all(f["is_well"] for f in ran.json)
    secrets = [urlsplit(uri).password for uri in copied.systems.connections.values()]
    secrets.append(urlsplit(copied.place.url).password)
    assert all(secrets)
    for text in (ran.out, ran.err, shown.out, shown.err):
        for secret in secrets:
            assert str(secret) not in text


def test_doctor_says_what_is_not_well(copied: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "QIANGJI_WAREHOUSE_URL", "postgresql+psycopg://someone:hidden-word@127.0.0.1:9/qiangji"
    )
    ran = run("doctor", "--json")
    assert ran.code == 1
    assert [f["what"] for f in ran.json if not f["is_well"]] == ["warehouse"]
    assert "hidden-word" not in ran.out


def test_help_lists_every_command() -> None:
    ran = run_process("--help")
    assert ran.code == 0
    for command in (
        "demo",
        "collect",
        "reprocess",
        "build",
        "values",
        "status",
        "release",
        "void",
        "publish",
        "lock",
        "unlock",
        "rebuild-ledger",
        "verify",
        "warehouse-url",
        "doctor",
    ):
        assert command in ran.out
        assert run(command, "--help").code == 0
