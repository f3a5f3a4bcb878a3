"""What a restore says where the lake lacks something: a file of the journal, rows that are gone, damaged or altered."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from qiangji.lake import rows_hash
from tests.conftest import _forget
from tests.integration.drill import Place, _wide, lived, lose, of, place
from tests.integration.nights import assert_same
from tests.integration.test_cli import run

__all__ = ["_wide", "lived", "place"]


def lake(place: Place) -> Path:
    return place.place.home / "lake"


def rebuilt(place: Place, *more: str) -> Any:
    lose(place.place.url)
    _forget()
    return run("rebuild-ledger", *more)


def faults() -> set[str]:
    return {f["code"] for f in run("verify", "--json").json["faults"]}


def of_loaded_rows(place: Place) -> Path:
    """A file of the journal with a verdict whose rows the facts show."""
    loaded = place.change("SELECT string_agg(rows_hash, ' ') FROM ops.fact_load WHERE form = 'q'")
    (path,) = [
        p
        for p in lake(place).glob("journal/*/submission-*.json")
        if any(digest in p.read_text(encoding="utf-8") for digest in loaded.split())
    ]
    return path


def test_a_lost_file_of_verdicts_is_told_and_collecting_brings_them_back(place: Place) -> None:
    before = of(place)
    path = of_loaded_rows(place)
    kept = path.read_text(encoding="utf-8")
    path.unlink()
    ran = run("verify", "--json")
    assert (ran.code, "not_in_journal" in faults()) == (1, True)

    ran = rebuilt(place, "--json")
    assert ran.code == 3
    assert ran.json["lost"], "the facts show rows of no verdict"
    assert all(x.startswith("facts q 2026Q1 ") for x in ran.json["lost"])
    assert any("reports/form=q" in x for x in ran.json["unnamed"])
    ran = run("verify", "--json")
    assert (ran.code, faults() >= {"not_in_journal", "unnamed"}) == (1, True)
    told = run("rebuild-ledger", "--force")
    said = told.out.replace("\n", "")
    assert told.code == 3
    assert all(x in said for x in ("facts q 2026Q1", "从备份取回lake/journal", "qiangji collect"))
    assert "请接着运行 qiangji build" not in said

    path.write_text(kept, encoding="utf-8")  # from the backup
    assert run("rebuild-ledger", "--force").code == 0
    assert_same(before, of(place))
    path.unlink()
    rebuilt(place)
    run("collect", "--period", "2026-01..2026-03")  # without one
    assert run("verify").code == 0
    facts = of(place)["fact.q"]
    run("build")
    assert facts == of(place)["fact.q"] == before["fact.q"]


@pytest.mark.parametrize("what", ["edition", "build", "delivery"])
def test_a_lost_event_is_told_by_the_file_that_it_named(what: str, place: Place) -> None:
    found = sorted(lake(place).glob("journal/*/*.json"), key=lambda p: p.stat().st_mtime)
    (*_, path) = [p for p in found if f'"event": "{what}"' in p.read_text(encoding="utf-8")]
    path.unlink()
    ran = rebuilt(place, "--json")
    assert (ran.code, bool(ran.json["unnamed"])) == (3, True)
    assert "unnamed" in faults()


def test_a_lost_delivery_that_somebody_decided_on_is_told(place: Place) -> None:
    decided = place.change("SELECT min(delivery_id) FROM ops.decision")
    told = [p for p in lake(place).glob("journal/*/*.json") if '"event": "delivery"' in p.read_text("utf-8")]
    received = place.change(f"SELECT sha256 FROM ops.delivery WHERE delivery_id = '{decided}'")
    (path,) = [p for p in told if received in p.read_text("utf-8")]
    path.unlink()
    ran = rebuilt(place, "--json")
    assert ran.code == 3, ran.err
    assert any(x.startswith(f"delivery {decided}: ") for x in ran.json["lost"])
    assert run("verify").code == 1


def test_a_lost_build_that_another_followed_is_told(place: Place) -> None:
    events = [json.loads(p.read_text("utf-8")) for p in lake(place).glob("journal/*/build-*.json")]
    followed = sorted(e["previous"] for e in events if e["previous"])[1]
    (path,) = lake(place).glob(f"journal/*/build-{followed}.json")
    path.unlink()
    ran = rebuilt(place, "--json")
    assert (ran.code, [x for x in ran.json["lost"] if followed in x] != []) == (3, True)


def test_what_a_killed_step_leaves_is_no_damage(place: Place) -> None:
    """Rows of a check that was killed before its event: to be looked at, and nothing is lost."""
    path = next(lake(place).glob("reports/*/*/*/*.parquet"))
    table = pq.ParquetFile(path).read().slice(1)
    pq.write_table(table, path.with_name(f"{rows_hash(table)}.parquet"))
    ran = run("verify", "--json")
    assert (ran.code, faults()) == (3, {"unnamed"})
    ran = rebuilt(place, "--json")
    assert (ran.code, ran.json["lost"], len(ran.json["unnamed"])) == (3, [], 1)


def test_a_file_that_comes_while_verify_runs_has_its_event_to_come(place: Place) -> None:
    path = next(lake(place).glob("reports/*/*/*/*.parquet"))
    table = pq.ParquetFile(path).read().slice(1)
    new = path.with_name(f"{rows_hash(table)}.parquet")
    pq.write_table(table, new)
    os.utime(new, (time.time() + 600, time.time() + 600))
    assert run("verify").code == 0


def gone(path: Path) -> None:
    path.unlink()


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200] + b"#" * 300)


def a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:64] = b"\xff\xfe\xff\xfe"
    path.write_bytes(content)


def altered(path: Path) -> None:
    """Still Parquet, a row less."""
    pq.write_table(pq.ParquetFile(path).read().slice(1), path)


READ = {
    "builds": "builds/*/*.parquet",
    "reports": "reports/form=v/period=2026-03/*/*.parquet",
    "repeated": "repeated/*/*/*/*.parquet",
    "editions": "editions/*/*.parquet",
    "definitions": "definitions/*.parquet",
}


@pytest.mark.parametrize("way", [gone, damaged, a_byte, altered])
@pytest.mark.parametrize("what", READ)
def test_rows_that_are_not_what_was_kept_stop_the_rebuild_with_one_line(
    what: str, way: Callable[[Path], None], place: Place
) -> None:
    paths = list(lake(place).glob(READ[what]))
    assert paths
    for path in paths:
        way(path)
    ran = rebuilt(place)
    said = (ran.out + ran.err).replace("\n", "")
    assert ran.code == 1
    assert ("missing" if way is gone else "altered") in said
    assert any(path.name in said for path in paths)
    assert all(x in said for x in ("backup", "备份", "restore.md"))
    assert "Traceback" not in said
    assert place.change("SELECT count(*) FROM ops.submission") == 0
