"""A period is published, locked, reported on once more, corrected, redefined: what the edition says, and what shows.

One story in a small world of months and a quarter, told by the commands; and the ledger's rows again from the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji.cli import common
from tests.conftest import _forget, make_workplace
from tests.golden import world
from tests.integration.test_cli import run
from tests.integration.test_corrections import Place

TREE = {"Z": {"A": {"T": ["V1", "V2"]}, "B": {"U": ["W1", "W2"]}}}
FORMS: dict[str, Any] = {
    "v": {"fields": {"n": {}, "d": {}, "r": {}}},
    "q": {"grain": "town", "period_type": "quarter", "fields": {"t": {}}},
}
SHARE = {"code": "share", "numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "sum": "d"}}
OTHER = {"code": "other", "numerator": {"form": "v", "sum": "r"}, "denominator": {"form": "v", "sum": "d"}}
TOWNS = {
    "code": "towns", "headline": "quarter",
    "numerator": {"form": "q", "sum": "t"}, "denominator": {"form": "q", "count": "rows"},
}  # fmt: skip
A, B, CITY, V1 = "990001", "990002", "990000", "990001001001"
MARCH, FIRST_OF_B = "2026-03", "unit n d r\nW1 1 10 3\nW2 2 10 1"


@pytest.fixture
def place(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(common.console, "width", 200)
    made = world.make(tmp_path, TREE, FORMS, [SHARE, OTHER, TOWNS])
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as found:
        found.prepare()
        place = Place(found, made)
        for month in ("2026-01", "2026-02", MARCH):
            made.put("v", month, "unit n d r\nV1 4 10 1\nV2 9 20 2")
            made.put("v", month, FIRST_OF_B)
        made.put("q", "2026Q1", "unit t\nT 5\nU 7")
        assert run("collect", "--period", "2026-01..2026-03").code == 0
        yield place
    monkeypatch.undo()
    _forget()


def value(place: Place, org: str = CITY, indicator: str = "share", period: str = MARCH) -> Any:
    (row,) = place.ask(
        "SELECT numerator FROM mart.indicator_value WHERE period_type <> 'ytd'"
        " AND (indicator_code, org_code, period) = (:i, :o, :p)",
        i=indicator, o=org, p=period,
    )  # fmt: skip
    return row[0]


def published(*more: str) -> dict[tuple[str, str, str], str]:
    ran = run("values", "--edition", "审定版", "--json", *more)
    assert ran.code == 0, ran.err
    return {(r["indicator_code"], r["org_code"], r["period"]): r["numerator"] for r in ran.json}


def test_what_is_published_stays_and_what_changes_shows_against_it(place: Place) -> None:
    assert run("publish", MARCH, "--name", "审定版").code == 2  # not built
    assert run("build").code == 0
    ran = run("publish", MARCH, "--name", "审定版", "--by", "组织二科", "--json")
    assert (ran.code, ran.json["reservations"], ran.json["published_by"]) == (0, [], "组织二科")
    figures = place.ask("SELECT count(*) FROM mart.indicator_value WHERE period = :p", p=MARCH)[0][0]
    assert ran.json["figures"] == figures
    assert {r[0] for r in place.ask("SELECT DISTINCT period_type FROM mart.published_value")} == {
        "month",
        "ytd",
    }
    same = "indicator_code, org_code, org_level, period, period_type, period_start, period_end, numerator, denominator,"
    same += " value, target, expected_units, reported_units, reporting_rate, obs_status, is_corrected, has_warning,"
    same += " is_closed, built_at"
    ours, theirs = (
        f"SELECT {same} FROM {view} WHERE period = :p"
        for view in ("mart.published_value", "mart.indicator_value")
    )
    assert place.ask(f"({ours} EXCEPT {theirs}) UNION ALL ({theirs} EXCEPT {ours})", p=MARCH) == []
    again = run("publish", MARCH, "--name", "审定版")
    assert (again.code, "edition_exists" in again.err, "组织二科" in again.err) == (2, True, True)
    (told,) = run("decisions", "--json", "--period", MARCH).json
    assert [told[n] for n in ("action", "period", "decided_by", "reason")] == [
        "publish",
        MARCH,
        "组织二科",
        "审定版",
    ]
    assert "发布审定版" in run("decisions").out
    compared, changed = run("diff", "--edition", "审定版").out.strip().splitlines()
    assert compared.startswith(f"对照 Compared with 审定版 {MARCH} (")
    assert changed == "没有变化 Nothing changed: city, county."

    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2", period=MARCH)
    assert run("build").code == 0
    assert value(place) == 18
    assert published()["share", CITY, MARCH] == "16"
    rows = run("diff", "--edition", "审定版", "--period", MARCH, "--json").json
    told = {
        (r["org_code"], r["period_type"]): (r["numerator_before"], r["numerator"], r["causes"]) for r in rows
    }
    assert told == {
        (CITY, "month"): ("16", "18", ["revision"]), (CITY, "ytd"): ("16", "18", ["revision"]),
        (A, "month"): ("13", "15", ["revision"]), (A, "ytd"): ("13", "15", ["revision"]),
    }  # fmt: skip
    assert [r["org_code"] for r in run("diff", "--edition", "审定版", "--org", V1, "--json").json] == [V1, V1]
    assert "重报 revision" in run("diff", "--edition", "审定版").out

    # a correction and a definition show too; a second edition of another name stands beside the first
    place.declare({"unit": "W1", "period": MARCH, "field": "n", "was": 1, "now": 5})
    text = yaml.safe_dump([world.indicator_of(SHARE | {"factor": 100}), world.indicator_of(TOWNS)])
    (place.made.catalogue / "indicators" / "x.yaml").write_text(text, encoding="utf-8")
    _forget()
    assert run("build").code == 0
    rows = run("diff", "--edition", "审定版", "--org", B, "--json").json
    told = {(r["indicator_code"], r["period_type"]): r["causes"] for r in rows}
    assert told["share", "month"] == ["correction", "definition"]
    assert told["other", "month"] == ["definition"]  # it is shown no more
    assert {r["obs_status"] for r in rows if r["indicator_code"] == "other"} == {None}
    assert ("other", CITY, MARCH) in published()
    assert run("publish", MARCH, "--name", "修订版").code == 0
    assert run("diff", "--edition", "修订版").out.strip().endswith("没有变化 Nothing changed: city, county.")
    assert published()["share", CITY, MARCH] == "16"


def test_a_quarter_and_a_month_of_one_name(place: Place) -> None:
    assert run("build").code == 0
    assert run("publish", "2026Q1", "--name", "审定版").code == 0
    assert {r[0] for r in place.ask("SELECT DISTINCT period_type FROM mart.published_value")} == {"quarter"}
    assert run("publish", MARCH, "--name", "审定版").code == 0
    assert published()["towns", CITY, "2026Q1"] == "12"  # the month's headline is the quarter
    assert published("--period", "2026Q1")["share", CITY, "2026Q1"] == "16"
    assert published("--period", MARCH, "--org", V1)["share", V1, MARCH] == "4"
    ran = run("values", "--edition", "草案")
    assert (ran.code, "no_edition" in ran.err, "审定版 2026Q1" in ran.err) == (2, True, True)
    assert run("values", "--edition", "审定版", "--as-of", "2026-11-01").code == 2
    assert run("diff", "--edition", "审定版", "--from", "2026-11-01").code == 2
    assert run("diff", "--to", "2026-11-01").code == 2
    said = "".join(run("diff", "--edition", "审定版").out.splitlines())
    assert said.startswith(f"对照 Compared with 审定版 {MARCH} (")
    assert "同名的还有 of the same name there are: 2026Q1 (--period)" in said


def test_what_is_not_complete_is_recorded_with_the_edition(place: Place) -> None:
    assert run("build").code == 0
    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2", period=MARCH)  # received, not built
    place.declare({"unit": "W1", "period": MARCH, "field": "n", "was": 77, "now": 5})
    delivery = place.ask(
        "SELECT delivery_id FROM mart.submission WHERE is_current AND form = 'v' AND (county_code, period) = (:b, :p)",
        b=B, p=MARCH,
    )[0][0]  # fmt: skip
    assert run("void", delivery, "--reason", "wrong").code == 0
    ran = run("publish", MARCH, "--name", "草案")
    assert ran.code == 3
    assert "有已收到而未计算的报送版本" in ran.out
    assert "some counties' reports are not accepted" in ran.out
    (row,) = place.ask("SELECT reservations FROM mart.edition")
    assert row[0] == ["not_built", "incomplete"]
    place.report(FIRST_OF_B.replace("W1 1", "W1 3"), period=MARCH)
    assert run("build").code == 1  # the correction's wrong value is not there
    assert run("publish", MARCH, "--name", "二稿", "--json").json["reservations"] == ["stale_correction"]


def test_a_locked_period_holds_what_arrives_until_it_is_released(place: Place) -> None:
    assert run("build").code == 0
    assert run("lock", "2026-03", "--reason", "审定", "--by", "组织二科").code == 0
    assert (ran := run("lock", "2026-03")).code == 2
    assert "is_locked" in ran.err
    assert run("lock", "2099").code == 2
    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2", period=MARCH)
    place.report("unit t\nT 50", form="q", period="2026Q1")  # its period ends within the month
    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2", period="2026-02")  # this one's does not
    assert run("build", "--json").json["changed_in_locked"] == {}
    assert (value(place), value(place, period="2026-02"), value(place, indicator="towns", period="2026Q1")) == (
        16, 18, 12,
    )  # fmt: skip
    held = place.ask(
        "SELECT form, period, status, reason_code, message_zh, message_en, delivery_id FROM mart.reporting_status"
        " WHERE status = 'held' ORDER BY form"
    )
    assert [tuple(r)[:4] for r in held] == [
        ("q", "2026Q1", "held", "period_locked"), ("v", MARCH, "held", "period_locked"),
    ]  # fmt: skip
    assert "锁定" in held[0].message_zh
    assert "locked" in held[0].message_en
    listed = run("status", "--period", MARCH)
    assert listed.code == 3
    assert "2026-03 已锁定 locked" in listed.out
    assert "组织二科: 审定" in listed.out
    assert "period_locked" in listed.out

    assert run("release", held[1].delivery_id, "--reason", "checked").code == 0
    assert run("build", "--json").json["changed_in_locked"][MARCH] > 0
    assert value(place) == 18
    assert (ran := run("unlock", "2026Q1", "--reason", "x")).code == 2
    assert ("not_locked" in ran.err, MARCH in ran.err) == (True, True)
    assert run("unlock", MARCH, "--reason", "更正").code == 0
    assert run("build", "--json").json["months"] == []
    assert value(place, indicator="towns", period="2026Q1") == 12  # what was held stays held
    place.report("unit t\nT 51", form="q", period="2026Q1")
    assert run("build").code == 0
    assert value(place, indicator="towns", period="2026Q1") == 58
    (line,) = place.ask("SELECT * FROM mart.period_lock")
    assert (line.locked_by, line.reason, line.unlock_reason) == ("组织二科", "审定", "更正")
    assert line.locked_from < line.locked_to


def test_a_definition_does_not_change_a_locked_period_silently(place: Place) -> None:
    """Read anew by another suite it is held; an indicator's new terms are shown, and the build says where."""
    assert run("build").code == 0
    assert run("lock", MARCH).code == 0
    path = place.made.expectations / "v.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(
        world._expectation(
            "v", "n", "low", "expect_column_values_to_be_between", {"column": "n", "max_value": 8}, "critical"
        )
    )
    path.write_text(json.dumps(suite), encoding="utf-8")
    _forget()
    for _ in range(2):  # and once more the same
        ran = run("reprocess", "--form", "v", "--json")
        found = {
            (r["county_code"], r["period"]): (r["status"], r["reason_code"]) for r in ran.json["checked"]
        }
        assert found[A, MARCH] == ("held", "period_locked")
        assert found[A, "2026-02"] == ("partial", "rows_rejected")
        assert found[B, MARCH] == ("accepted", None)  # no other rows by that suite
    assert run("build").code == 0
    assert (value(place), value(place, period="2026-02")) == (16, 7)
    # the first reading's suite comes back and is read by once more: it is the one that counts, as it did
    suite["expectations"].pop()
    path.write_text(json.dumps(suite), encoding="utf-8")
    _forget()
    assert run("reprocess", "--form", "v", "--period", MARCH).code in (0, 3)
    assert run("build").code == 0
    assert value(place) == 16

    text = yaml.safe_dump([world.indicator_of(SHARE | {"numerator": {"form": "v", "sum": "r"}})])
    (place.made.catalogue / "indicators" / "x.yaml").write_text(text, encoding="utf-8")
    _forget()
    ran = run("build")
    assert ran.code == 0
    assert "2026-03 已锁定，但结果有" in ran.out
    assert value(place) == 7


def test_editions_and_locks_come_again_from_the_journal(place: Place) -> None:
    from qiangji.figures import editions
    from qiangji.ledger import locks

    assert run("build").code == 0
    assert run("publish", MARCH, "--name", "审定版").code == 0
    assert run("lock", MARCH).code == 0
    place.report("unit n d r\nV1 6 10 1\nV2 9 20 2", period=MARCH)
    assert run("unlock", MARCH, "--reason", "done").code == 0
    tables = ("ops.edition", "ops.published_value", "ops.period_lock", "ops.submission")
    journal = place.place.home / "lake" / "journal"
    told = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(journal.rglob("*.json"), reverse=True)]
    events = [one for each in told for one in (each if isinstance(each, list) else [each])]
    with place.place.pipeline() as p, p.ledger.engine.begin() as c:

        def content() -> dict[str, list[str]]:
            return {
                t: sorted(str(r[0]) for r in c.execute(sa.text(f"SELECT to_jsonb(x) FROM {t} x")))
                for t in tables
            }

        before = content()
        assert all(before.values())
        c.execute(sa.text("DELETE FROM ops.published_value"))
        c.execute(sa.text("DELETE FROM ops.edition"))
        c.execute(sa.text("DELETE FROM ops.period_lock"))
        for county, form, period in c.execute(
            sa.text("SELECT DISTINCT county_code, form, period FROM ops.submission")
        ).all():
            p.ledger.place(c, [(form, period, county)])
        assert content() != before
        for _ in range(2):
            for event in events:
                if event["event"] == "edition":
                    editions.apply(c, p.ledger.lake, editions.Edition.of(event))
                elif event["event"] == "lock":
                    row = {f.name: event[f.name] for f in fields(locks.Lock)}
                    at = datetime.fromisoformat(event["decided_at"])
                    locks.apply(p.ledger, c, locks.Lock(**row | {"decided_at": at}))
        assert content() == before


def test_what_becomes_restricted_is_so_in_older_editions_too(place: Place) -> None:
    levels = "SELECT DISTINCT org_level FROM mart.published_value WHERE indicator_code = 'other' ORDER BY 1"
    assert run("build").code == 0
    assert run("publish", MARCH, "--name", "审定版").code == 0
    assert [r[0] for r in place.ask(levels)] == ["city", "county", "town", "village"]
    path = place.made.catalogue / "forms" / "v.yaml"
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    form["fields"]["r"]["restricted"] = True
    path.write_text(yaml.safe_dump(form, allow_unicode=True), encoding="utf-8")
    _forget()
    assert run("build").code == 0
    assert [r[0] for r in place.ask(levels)] == ["city", "county"]
    changed = run("diff", "--edition", "审定版", "--org", V1, "--indicator", "other", "--json")
    assert (changed.code, changed.json) == (0, [])
