"""The restore drill: the warehouse is lost, and comes back from the lake as it was, down to what was shown on any day.

And `qiangji verify`, which has to see whatever is taken or altered. A simulated night: test_restore_night.py.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

import qiangji
from qiangji.embedded.install import installed_programs
from tests.conftest import _forget
from tests.integration.drill import Place, _wide, lived, lose, of, place
from tests.integration.nights import assert_same
from tests.integration.test_cli import run

__all__ = ["_wide", "lived", "place"]
SAME_NAME = {("published_at", "edition")}


def test_a_lost_warehouse_comes_back_from_the_lake(place: Place) -> None:
    before = of(place)
    for table in (
        "rejection",
        "finding",
        "decision",
        "period_lock",
        "disposition",
        "published_value",
        "correction",
    ):
        assert before[f"ops.{table}"], table
    moments = sorted(r[0] for r in place.ask("SELECT built_at FROM mart.build"))
    assert len(moments) > 4
    as_of = [run("values", "--as-of", str(at), "--json").json for at in moments]
    differences = run("diff", "--from", str(moments[0]), "--to", str(moments[-1]), "--json").json
    assert len({json.dumps(x) for x in as_of}) == len(moments)
    assert run("verify").code == 0

    lose(place.place.url)
    _forget()
    ran = run("rebuild-ledger", "--json")
    assert ran.code == 0, ran.err + ran.out
    assert (ran.json["without_reasons"], ran.json["without_rows"], ran.json["unknown"]) == (0, 0, {})
    assert_same(before, of(place))
    assert [run("values", "--as-of", str(at), "--json").json for at in moments] == as_of
    assert run("diff", "--from", str(moments[0]), "--to", str(moments[-1]), "--json").json == differences
    assert run("build", "--json").json["months"] == []
    assert run("collect", "--period", "2026-01..2026-03", "--json").json["deliveries"] == 0
    assert run("verify").code == 0


def test_a_ledger_that_holds_something_is_replaced_only_if_told_to(place: Place) -> None:
    before = of(place)
    place.change("DELETE FROM ops.disposition")
    place.change(
        "UPDATE ops.submission SET rows_received = rows_received + 1, rows_rejected = rows_rejected + 1"
    )
    held = of(place)
    ran = run("rebuild-ledger")
    assert (ran.code, "ledger_not_empty" in ran.err, "--force" in ran.err) == (1, True, True)
    assert_same(held, of(place))
    ran = run("rebuild-ledger", "--force")
    assert (ran.code, "ops.disposition" in ran.out) == (0, True)
    assert_same(before, of(place))


def test_what_was_never_committed_does_not_come_back(place: Place) -> None:
    """A build was killed between its journal and its commit, and built again; a verdict, and checked again."""
    journal = place.place.home / "lake" / "journal"
    builds = sorted(
        json.loads(p.read_text(encoding="utf-8"))["built_at"] for p in journal.rglob("build-*.json")
    )
    (last,) = [p for p in journal.rglob("build-*.json") if builds[-1] in p.read_text(encoding="utf-8")]
    event = json.loads(last.read_text(encoding="utf-8"))
    at = str(datetime.fromisoformat(event["built_at"]) - timedelta(milliseconds=5))
    killed = event | {"build_id": "killed", "built_at": at, "months": ["2026-03"], "tables": []}
    (last.parent / "build-killed.json").write_text(json.dumps(killed), encoding="utf-8")
    (place.place.home / "lake" / "tmp" / "torn").write_text(
        "{", encoding="utf-8"
    )  # a kill in the middle of a file
    before = of(place)
    ran = run("verify", "--json")
    assert (ran.code, ran.json["faults"]) == (0, []), (
        "another build followed the same one: it is known to be none"
    )
    assert run("rebuild-ledger", "--force").code == 0
    assert_same(before, of(place))


def test_a_decision_that_no_ledger_could_take_stops_no_rebuild(place: Place) -> None:
    before = of(place)
    (one,) = [*(place.place.home / "lake" / "journal").rglob("disposition-*.json")][:1]
    event = json.loads(one.read_text(encoding="utf-8"))
    odd = event | {"disposition_id": "odd", "reason": "a\0b", "disposition": "resubmit"}
    (one.parent / "disposition-odd.json").write_text(json.dumps(odd), encoding="utf-8")
    ran = run("verify", "--json")
    assert (ran.code, ran.json["faults"]) == (0, [])
    ran = run("rebuild-ledger", "--force")
    assert (ran.code, "disposition-odd.json" in ran.out) == (0, True)
    assert_same(before, of(place))


def test_a_journal_that_cannot_be_read_stops_the_rebuild(place: Place) -> None:
    before = of(place)
    journal = place.place.home / "lake" / "journal"
    (journal / "2026-11").mkdir(exist_ok=True)
    (journal / "2026-11" / "greeting-1.json").write_text('{"event": "greeting"}', encoding="utf-8")
    ran = run("rebuild-ledger", "--force", "--json")
    assert (ran.code, ran.json["unknown"]) == (3, {"greeting": 1})
    (journal / "2026-11" / "greeting-1.json").write_text('{"event": "gree', encoding="utf-8")
    ran = run("rebuild-ledger", "--force")
    assert (ran.code, "broken_event" in ran.err, "greeting-1.json" in ran.err) == (1, True, True)
    assert_same(before, of(place))
    shutil.rmtree(journal)
    ran = run("rebuild-ledger", "--force")
    assert (ran.code, "no_journal" in ran.err) == (1, True)
    assert_same(before, of(place))


def each_alone(journal: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every event with a path of its own: those that were committed together lie in one file, which is gone."""
    found = []
    for path in sorted(journal.rglob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
        for number, event in enumerate(told if isinstance(told, list) else [told]):
            found.append((path.with_name(f"{path.stem}-{number}.json"), event))
    return found


def test_a_journal_of_before_gives_what_it_has_and_says_what_it_lacks(place: Place) -> None:
    """Events as the first version wrote them: no reasons, no rows of builds, no outcomes of collecting."""
    new = {"rejections", "findings", "published_at", "version", "tables", "checked", "lacking", "fact_load"}
    new |= {"fact_change", "signatures", "previous", "seconds"}
    declared = {
        "reason",
        "declared_by",
        "declared_on",
        "value_sent",
        "value_corrected",
        "value_found",
        "org_code",
    }
    for path, event in each_alone(place.place.home / "lake" / "journal"):
        if event["event"] in ("collection", "seen", "definitions", "suppression"):
            continue
        if event["event"] == "corrections":
            event["corrections"] = [
                {k: v for k, v in x.items() if k not in declared} for x in event["corrections"]
            ]
        kept = {k: v for k, v in event.items() if k not in new or (k, event["event"]) in SAME_NAME}
        path.write_text(json.dumps(kept), encoding="utf-8")
    now = (
        "SELECT jsonb_agg(to_jsonb(x) - 'built_at' ORDER BY to_jsonb(x) - 'built_at')::text FROM mart.{} x"
        # months before the first report were known from `collection` alone
        " WHERE period >= (SELECT min(period) FROM ops.submission WHERE is_current)"
    )
    figures, grid = place.change(now.format("indicator_value")), place.change(now.format("finding"))
    submissions, builds = (of(place)[f"ops.{t}"] for t in ("submission", "build"))
    lose(place.place.url)
    ran = run("rebuild-ledger", "--json")
    assert (ran.code, ran.json["without_reasons"], ran.json["without_rows"]) == (
        3, len(submissions), len(builds),
    )  # fmt: skip
    assert of(place)["ops.submission"] == submissions
    told = run("rebuild-ledger", "--force")
    assert (told.code, "qiangji reprocess" in told.out, "lake/builds" in told.out) == (3, True, True)
    run("reprocess")
    assert run("build").code == 0
    assert place.change(now.format("indicator_value")) == figures
    assert place.change(now.format("finding")) == grid


@pytest.fixture
def backed_up(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a backup of the place was written. Airflow's database is played by another one."""
    monkeypatch.setenv("QIANGJI_BACKUP", str(tmp_path / "backups"))
    monkeypatch.setenv(
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        str(place.place.url).replace("+psycopg", "+psycopg2"),
    )
    for kept_out in ("withheld", "feedback", "lake/tmp"):
        (place.place.home / kept_out).mkdir(exist_ok=True)
        (place.place.home / kept_out / "planted").write_text("planted 440781199001011234", encoding="utf-8")
    _forget()
    ran = run("backup", "--json")
    assert ran.code == 0, ran.err + ran.out
    assert ran.json["lake_files"] == ran.json["new_files"] > 10
    return tmp_path / "backups"


def test_a_backup_is_restored_and_holds_nothing_that_was_withheld(
    place: Place, backed_up: Path, postgres: Any
) -> None:
    """As docs/runbooks/restore.md says, with database and lake both lost."""
    before = of(place)
    files = [p for p in backed_up.rglob("*") if p.is_file()]
    assert not [p for p in files if b"440781199001011234" in p.read_bytes()]
    assert not [p for p in files if p.suffix == ".dump" and p.stat().st_mode & 0o077]
    assert (backed_up / "lake" / "raw").stat().st_mode & 0o777 == 0o700
    mark = json.loads((backed_up / "last.json").read_text(encoding="utf-8"))
    assert set(mark["databases"]) == {"qiangji", "airflow"}
    place.report("unit t\nT 51", form="q", period="2026Q1")  # after the backup: lost with the lake

    shutil.rmtree(place.place.home / "lake")
    shutil.copytree(backed_up / "lake", place.place.home / "lake")
    _restore(backed_up / mark["databases"]["qiangji"], place.place.url, postgres)
    _forget()
    assert_same(before, of(place))
    assert run("verify").code == 0
    assert run("build", "--json").json["months"] == []


def _restore(dump: Path, address: str, postgres: Any) -> None:
    """An empty database of that name, filled from the dump."""
    plain = address.replace("+psycopg", "")
    database = sa.make_url(plain).database
    with postgres.connect() as connection:
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {database}")
    subprocess.run([_tool("pg_restore"), "--exit-on-error", f"--dbname={plain}", dump], check=True)


def test_a_backup_that_fails_leaves_the_last_good_one(
    place: Place, backed_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = (backed_up / "last.json").read_bytes()
    url = sa.make_url(place.place.url).set(database="gone", password="pa55word")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url.render_as_string(hide_password=False))
    ran = run("backup")
    assert (ran.code, "backup_failed" in ran.err, "gone" in ran.err) == (1, True, True)
    assert "pa55word" not in ran.err
    assert (backed_up / "last.json").read_bytes() == mark
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    (told,) = [x for x in run("doctor", "--json").json if x["what"] == "backup"]
    assert (told["is_well"], told["is_warning"]) == (True, False)
    assert "qiangji, airflow" in told["detail"]


def test_a_version_of_before_says_that_the_warehouse_is_newer(place: Place) -> None:
    place.change("UPDATE public.alembic_version SET version_num = '9999'")
    place.change("DELETE FROM ops.definition WHERE name = 'catalogue'")
    _forget()
    ran = run("build")
    assert (ran.code, "newer_warehouse" in ran.err, "upgrade-and-rollback.md" in ran.err) == (1, True, True)
    assert place.change("SELECT version_num FROM public.alembic_version") == "9999"


def test_a_rule_that_hides_the_past_does_so_again(place: Place) -> None:
    """A stricter rule marks what was closed long ago; the lake's rows are of before it."""
    rule = place.made.catalogue / "suppression.yaml"
    text = rule.read_text(encoding="utf-8") if rule.exists() else None
    rule.write_text(yaml.safe_dump({"threshold": 8}), encoding="utf-8")
    try:
        hidden = "SELECT count(*) FROM calc.v WHERE h__share AND built_to IS NOT NULL"
        as_it_was = place.change(hidden)
        _forget()
        assert run("build").code == 0
        before, count = of(place), place.change(hidden)
        assert 0 < as_it_was < count
        lose(place.place.url)
        assert run("rebuild-ledger").code == 0
        assert place.change(hidden) == count
        assert_same(before, of(place))
    finally:
        rule.unlink() if text is None else rule.write_text(text, encoding="utf-8")


KEPT = {
    "what was received": "raw/*/*",
    "accepted rows": "reports/*/*/*/*.parquet",
    "rejected rows": "rejected/*/*/*/*.parquet",
    "repeated rows": "repeated/*/*/*/*.parquet",
    "an edition": "editions/*/*.parquet",
    "what figures are shown by": "definitions/*.parquet",
    "what a build showed": "builds/*/*.parquet",
}


@pytest.mark.parametrize("way", ["altered", "missing"])
@pytest.mark.parametrize("what", KEPT)
def test_verify_sees_a_file_that_was_altered_or_is_gone(what: str, way: str, place: Place) -> None:
    path = max((place.place.home / "lake").glob(KEPT[what]), key=lambda p: p.stat().st_size)
    if way == "missing":
        path.unlink()
    elif what == "what was received":
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1] + b"#")
    else:  # still Parquet, a row less
        table = pq.ParquetFile(path).read()
        pq.write_table(table.slice(1), path)
    ran = run("verify", "--json")
    assert ran.code == 1
    assert way in {f["code"] for f in ran.json["faults"]}
    assert all(path.name in f["where"] for f in ran.json["faults"])


ROWS = {
    "DELETE FROM ops.disposition": ("not_in_ledger", 3),
    "DELETE FROM ops.published_value": ("other_in_ledger", 1),
    "UPDATE ops.published_value SET numerator = numerator + 1": ("other_in_ledger", 1),
    "UPDATE ops.published_value SET org_level = 'city'": ("other_in_ledger", 1),
    "UPDATE ops.submission SET verdict = 'partial' WHERE verdict = 'accepted'": ("other_in_ledger", 1),
    "UPDATE ops.delivery SET bytes = bytes + 1": ("other_in_ledger", 1),
    "UPDATE ops.period_lock SET reason = 'x', lock_id = 'y' || lock_id": ("not_in_journal", 1),
    "UPDATE calc.v SET built_from = built_from - interval '1 ms' WHERE built_to IS NULL": (
        "unknown_build",
        1,
    ),
    "UPDATE ops.fact_load SET build_id = 'x'": ("unknown_build", 1),
    "DELETE FROM fact.v WHERE period = '2026-03'": ("other_facts", 1),
}


@pytest.mark.parametrize("statement", ROWS)
def test_verify_sees_rows_that_are_not_what_was_recorded(statement: str, place: Place) -> None:
    code, exit_code = ROWS[statement]
    place.change(statement)
    ran = run("verify", "--json")
    assert (ran.code, code in {f["code"] for f in ran.json["faults"]}) == (exit_code, True)
    told = run("verify")
    assert (told.code, "docs/runbooks/restore.md" in told.out.replace("\n", "")) == (exit_code, True)


def test_every_event_that_the_package_writes_is_known_to_the_restore() -> None:
    from qiangji.restoring.journal import AT

    package = Path(qiangji.__file__).parent
    written = {
        kind
        for path in package.rglob("*.py")
        for kind in re.findall(r'"event": "(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert written == AT.keys()


def _tool(name: str) -> str:
    """A program of the PostgreSQL that comes along: of the server's own version."""
    return str(installed_programs()[0] / "bin" / name)


def test_a_backup_comes_back_and_the_journal_brings_what_came_after_it(
    place: Place, backed_up: Path, postgres: Any
) -> None:
    """The databases come before the lake, so the same holds for what came while the backup was written."""
    then = of(place)
    finding = run("findings", "--all", "--json").json[0]["finding_id"]
    assert run("dispose", finding, "--as", "resubmit", "--reason", "after the backup").code == 0
    assert run("build").code == 0
    before = of(place)
    assert before != then

    mark = json.loads((backed_up / "last.json").read_text(encoding="utf-8"))
    _restore(backed_up / mark["databases"]["qiangji"], place.place.url, postgres)
    assert_same(then, of(place))
    ran = run("verify", "--json")
    assert (ran.code, {f["code"] for f in ran.json["faults"]}) == (3, {"not_in_ledger"})
    assert run("rebuild-ledger", "--force").code == 0
    assert_same(before, of(place))
    assert run("verify").code == 0


def test_every_table_of_the_ledger_is_known_to_the_restore(place: Place) -> None:
    from qiangji.restoring.records import EMPTIED

    tables = place.change("SELECT array_agg('ops.' || tablename) FROM pg_tables WHERE schemaname = 'ops'")
    assert set(tables) - {"ops.definition"} == set(EMPTIED)
