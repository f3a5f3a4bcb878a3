"""Findings as people work with them: listed, decided on, found again; and reports of units that nobody expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.cli import common
from tests.conftest import TODAY, make_workplace
from tests.golden import world
from tests.integration.test_cli import run
from tests.integration.test_explaining import Story

TREE = {"Z": {"A": {"T": ["V1", "V2", "V3", "V4", "V5!"]}, "B": {"U": ["W1"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {"warn_above": 8}, "d": {}}}}
DATED = {"closed": {"V3": date(2025, 12, 31)}, "opened": {"V4": date(2026, 3, 1)}}
SHARE = {"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}}
JANUARY = ["--period", "2026-01"]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of one width, whatever the terminal."""
    monkeypatch.setattr(common.console, "width", 200)


@pytest.fixture
def story(tmp_path: Any, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    made = world.make(tmp_path / "world", TREE, FORMS, [SHARE], DATED)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        place.prepare()
        yield Story(place, made)


def send(story: Story, table: str) -> None:
    story.made.put("v", "2026-01", table)
    assert run("collect", *JANUARY).code in (0, 3)
    assert run("build").code == 0


def listed(*more: str) -> list[dict[str, Any]]:
    ran = run("findings", "--json", *more)
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = ran.json
    return found


def warned(story: Story) -> set[str]:
    rows = story.ask("SELECT org_code FROM mart.indicator_value WHERE has_warning AND period_type = 'month'")
    return {r.org_code for r in rows}


def test_a_decision_stays_with_its_finding_and_only_new_ones_come_up_again(story: Story) -> None:
    send(story, "unit n d\nV1 9 10\nV2 10 20")
    first, second = listed("--form", "v")
    assert "2 个核查发现 findings, 1 条规则 rules." in run("findings").out
    assert [f["finding_id"] for f in listed("--severity", "info")] == []
    assert run("findings", "--severity", "grave").err.startswith(
        "unknown_severity: 没有级别grave；可选：warning 提醒"
    )
    assert "另有 and 1 more" in run("findings", "--limit", "1").out
    assert "no form w" in run("findings", "--form", "w").err
    assert (first["org_name"], first["value"], first["disposition"]) == ("V1", "9", "open")
    assert warned(story) == {story.made.codes[n] for n in ("V1", "V2", "T", "A", "Z")}

    done = run(
        "dispose", first["finding_id"], "--as", "confirmed", "--reason", "核对了原始表", "--by", "李雷"
    )
    assert done.code == 0, done.err
    assert "核实无误 confirmed" in done.out
    assert "qiangji build" in done.out
    assert [f["finding_id"] for f in listed()] == [second["finding_id"]]
    shown = {f["finding_id"]: f for f in listed("--all")}[first["finding_id"]]
    assert [shown[f"disposition{n}"] for n in ("", "_by", "_reason")] == ["confirmed", "李雷", "核对了原始表"]
    # a confirmed value warns nobody any more, from the next build on
    assert run("build").code == 0
    assert warned(story) == {story.made.codes[n] for n in ("V2", "T", "A", "Z")}

    # the same finding in a new revision keeps it; another value is new
    send(story, "unit n d\nV1 9 11\nV2 10 20")
    assert [f["org_name"] for f in listed()] == ["V2"]
    send(story, "unit n d\nV1 12 11\nV2 10 20")
    assert [(f["org_name"], f["value"]) for f in listed()] == [("V1", "12"), ("V2", "10")]
    assert story.made.codes["V1"] in warned(story)

    # open again
    send(story, "unit n d\nV1 9 11\nV2 10 20")
    assert run("dispose", first["finding_id"], "--as", "open", "--reason", "再看一次").code == 0
    assert [f["org_name"] for f in listed()] == ["V1", "V2"]
    assert run("build").code == 0
    assert story.made.codes["V1"] in warned(story)


def test_what_somebody_decided_reaches_figures_with_the_next_night(story: Story) -> None:
    from qiangji import building
    from qiangji.ledger import dispositions

    send(story, "unit n d\nV1 9 10")
    with story.place.pipeline() as p:
        assert building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY) == []
        (found,) = listed()
        dispositions.dispose(p.ledger, [found["finding_id"]], "confirmed", "right", "me")
        assert [str(m) for m in building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY)] == ["2026-01"]
        building.build(p, building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY))
        assert building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY) == []


def test_a_share_above_its_whole_is_a_finding_until_it_is_corrected_or_confirmed(
    tmp_path: Any, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.make(tmp_path / "world", TREE, FORMS, [SHARE | {"unit": "percent", "factor": 100}], DATED)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        story = Story(place, made)
        send(story, "unit n d\nV1 3 2\nV2 1 20")
        (found,) = listed()
        assert (found["rule"], found["org_code"], found["value"]) == (
            "share.bounded", made.codes["V1"], "150.00"
        )  # fmt: skip
        assert "超出0至100" in found["message_zh"]
        assert warned(story) == {made.codes["V1"]}
        assert "share.bounded" in run("explain", "share", "--org", made.codes["V1"], *JANUARY).out
        done = run("dispose", found["finding_id"], "--as", "confirmed", "--reason", "核对了", "--by", "me")
        assert done.code == 0, done.err
        assert run("build").code == 0
        assert warned(story) == set()
        send(story, "unit n d\nV1 4 2\nV2 1 20")
        assert [f["value"] for f in listed()] == ["200.00"]
        assert warned(story) == {made.codes["V1"]}
        send(story, "unit n d\nV1 2 2\nV2 1 20")
        assert listed("--all") == []
        assert warned(story) == set()


def test_an_empty_column_marks_the_figures_of_all_its_rows(story: Story) -> None:
    send(story, "unit n d\nV1 . 10\nV2 . 20\nV4 . 20")
    found = listed()
    assert [(f["rule"], f["org_code"]) for f in found if f["rule"].endswith("blank_column")] == [
        ("v.n.blank_column", "990001")
    ]
    assert warned(story) >= {story.made.codes[n] for n in ("V1", "V2", "T", "A", "Z")}


def test_a_unit_that_was_not_there_yet_is_told_from_one_without_figures(story: Story) -> None:
    send(story, "unit n d\nV1 9 10")
    code = story.made.codes["V4"]
    assert f"{code} V4 was no unit in 2026-01." in run("values", *JANUARY, "--org", code).out


def test_a_decision_is_in_the_journal(story: Story) -> None:
    send(story, "unit n d\nV1 9 10")
    (found,) = listed()
    run("dispose", found["finding_id"], "--as", "resubmit", "--reason", "one too many", "--by", "me")
    journal = (story.place.home / "lake" / "journal").glob("*/disposition-*.json")
    (event,) = [json.loads(path.read_text(encoding="utf-8")) for path in journal]
    (row,) = story_rows(story)
    assert {k: event[k] for k in row} == row
    assert (event["event"], event["disposition"], event["disposed_by"]) == ("disposition", "resubmit", "me")


def test_an_id_may_be_shortened_while_it_is_clear_which_is_meant(story: Story) -> None:
    send(story, "unit n d\nV1 9 10\nV2 10 20\nW1 11 20")
    with story.place.pipeline() as p, p.ledger.engine.begin() as c:
        c.execute(
            sa.text("UPDATE ops.finding SET finding_id = 'ab' || value || 'cd'")
        )  # ab9cd, ab10cd, ab11cd
    reason = ["--as", "confirmed", "--reason", "x", "--json"]
    for given, code, words in (
        ("ab1", "ambiguous_finding", ["ab10cd 990001", "ab11cd 990002", "有2个", "2 findings begin"]),
        ("", "unknown_finding", []),
        ("b", "unknown_finding", []),
    ):
        refused = run("dispose", "ab9", given, *reason)
        assert (refused.code, refused.err.partition(":")[0]) == (2, code)
        assert [w for w in words if w not in refused.err] == []
        assert story_rows(story) == []
    assert [r["finding_id"] for r in run("dispose", "ab9", "ab10", "ab9cd", *reason).json] == [
        "ab9cd",
        "ab10cd",
    ]


def story_rows(story: Story) -> list[dict[str, Any]]:
    with story.place.pipeline() as p, p.ledger.engine.connect() as c:
        rows = c.execute(sa.text("SELECT finding_id, disposition, reason, disposed_by FROM ops.disposition"))
        return [dict(r._mapping) for r in rows]


REFUSED = [
    (["0000", "--as", "confirmed", "--reason", "x"], "unknown_finding"),
    (["{id}", "0000", "--as", "confirmed", "--reason", "x"], "unknown_finding"),
    (["{id}", "--as", "fine", "--reason", "x"], "unknown_disposition"),
    (["{id}", "--as", "confirmed", "--reason", " "], "no_reason"),
    (["{id}", "--as", "confirmed", "--reason", "x", "--by", " "], "no_person"),
]


def test_what_is_not_a_decision_is_refused_whole(story: Story) -> None:
    send(story, "unit n d\nV1 9 10")
    (found,) = listed()
    for arguments, said in REFUSED:
        ran = run("dispose", *[a.format(id=found["finding_id"]) for a in arguments])
        assert ran.code == 2, arguments
        assert said in ran.err, arguments
        assert story_rows(story) == [], arguments


def test_findings_are_chosen_by_period_and_county(story: Story) -> None:
    send(story, "unit n d\nV1 9 10\nW1 9 10")
    assert len(listed()) == 2
    assert [f["org_name"] for f in listed("--county", "990002")] == ["W1"]
    assert listed("--period", "2026-03") == []
    printed = run("findings").out
    assert "待核 open" in printed
    assert "V1" in printed
    assert "Open findings: 2" in run("status", *JANUARY).out


def test_a_unit_that_nobody_expected_is_rejected_and_found(story: Story) -> None:
    rows = [{"unit": n, "n": 1, "d": 2} for n in ("V1", "V2", "V3", "V4", "V5")]
    story.made.put("v", "2026-01", rows)
    folder = story.made.catalogue / "incoming" / story.made.codes["A"]
    with (folder / "v_2026-01.csv").open("a", encoding="utf-8") as f:
        f.write(f"{story.made.codes['W1']},1,2\n990001777777,1,2\n")
    assert run("collect", *JANUARY).code in (0, 3)
    found = {f["org_code"]: (f["rule"], f["value"]) for f in listed()}
    rule = "v.unit_code.unexpected"
    assert found == {
        story.made.codes["V3"]: (rule, "2025-12-31"),
        story.made.codes["V4"]: (rule, "2026-03-01"),
        story.made.codes["V5"]: (rule, ""),
        story.made.codes["W1"]: (rule, "990002"),
    }
    assert "2025-12-31" in run("findings").out
    # counted as received, and a rate above 100 is shown as it is
    (row,) = story.ask(
        "SELECT rows_received, rows_accepted, expected_units, received_rate FROM mart.reporting_status"
        " WHERE period = '2026-01' AND county_code = '990001'"
    )
    assert (row.rows_received, row.rows_accepted, row.expected_units) == (7, 2, 2)
    assert row.received_rate == 350
