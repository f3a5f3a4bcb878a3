"""What a county's folder says about time and names, from the file to the figure and the grid."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji import building, stages
from qiangji.errors import UsageError
from qiangji.figures import Choice, deciding, read, reading
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.test_cli import run

FORMS: dict[str, Any] = {"f": {"fields": {"n": {}, "d": {}}}}
INDICATORS = [
    {"code": "x", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}, "factor": 100, "unit": "percent"}
]
MONTH = Period.parse("2026-01")
DAY = datetime(2026, 2, 3, 8, tzinfo=UTC).timestamp()
TODAY = date(2026, 2, 4)


@dataclass
class Place:
    """One county with two villages, its folder, and an open pipeline."""

    folder: Path
    codes: tuple[str, str]
    p: Any

    def write(self, name: str, n: int, at: float) -> Path:
        """A report of `n` in 100, as CSV or as a workbook, dated `at`."""
        path = self.folder / name
        lines = [["unit_code", "n", "d"], *([code, str(n), "100"] for code in self.codes)]
        if name.lower().endswith("csv"):
            path.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
        else:
            import openpyxl

            book = openpyxl.Workbook()
            for line in lines:
                book.active.append(line)
            book.save(path)
        os.utime(path, (at, at))
        return path

    def collect(self) -> Any:
        return stages.collect(self.p, periods=[MONTH])

    @property
    def row(self) -> dict[str, Any]:
        (row,) = reading.status(self.p.ledger.engine, str(MONTH))
        return row

    @property
    def attention(self) -> list[str]:
        return [r["reason_code"] or r["status"] for r in reading.needs_attention([self.row])]

    @property
    def figure(self) -> float:
        building.build(self.p, [MONTH])
        choice = Choice(["x"], "county", [])
        (row,) = reading.values(self.p.ledger.engine, self.p.catalogue, choice, str(MONTH))
        return float(row["value"])


@pytest.fixture
def place(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = world.make(tmp_path / "world", {"Z": {"A": {"T": ["V", "W"]}}}, FORMS, INDICATORS)
    plan = made.catalogue / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("2015", "2024"), encoding="utf-8")
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    with (
        make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as workplace,
        workplace.pipeline() as p,
    ):
        folder = made.catalogue / "incoming" / made.codes["A"]
        yield Place(folder, (made.codes["V"], made.codes["W"]), p)


CSV, XLSX = "f_2026-01.csv", "f_2026-01.xlsx"


def test_the_file_that_the_system_dates_later_counts(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.write(XLSX, 10, DAY - 3 * 86_400)
    assert [s.status for s in place.collect().submissions] == ["accepted", "accepted"]
    assert place.figure == 20
    place.write(XLSX, 30, DAY + 60)
    place.collect()
    assert place.figure == 30
    assert place.collect().submissions == []


@pytest.fixture
def gone_back(place: Place) -> Path:
    """A county that sent csv, then xlsx, then csv again; the workbook lies there still."""
    place.write(CSV, 20, DAY)
    place.collect()
    path = place.write(XLSX, 30, DAY + 60)
    place.collect()
    place.write(CSV, 10, DAY + 120)
    place.collect()
    assert place.figure == 10
    return path


def test_the_same_workbook_counts_again_when_it_is_the_later_once_more(place: Place, gone_back: Path) -> None:
    os.utime(gone_back, (DAY + 180, DAY + 180))
    (dry,) = stages.preview(place.p, periods=[MONTH]).submissions
    (again,) = place.collect().submissions
    assert (dry.status, again.status, again.held_reason) == ("accepted", "accepted", None)
    assert place.figure == 30
    assert place.collect().submissions == []
    os.utime(place.folder / CSV, (DAY + 240, DAY + 240))
    place.collect()
    assert place.figure == 10
    os.utime(place.folder / CSV, (DAY + 300, DAY + 300))  # it counts already
    assert place.collect().submissions == []


@pytest.mark.parametrize("csv", [DAY + 180, DAY + 300], ids=["before it", "after it"])
def test_files_that_were_touched_together_change_nothing(place: Place, gone_back: Path, csv: float) -> None:
    os.utime(gone_back, (DAY + 240, DAY + 240))
    os.utime(place.folder / CSV, (csv, csv))
    assert place.collect().submissions == []
    assert place.collect().submissions == []
    assert place.figure == 10


@pytest.mark.parametrize("at", [DAY + 90, DAY + 121], ids=["still older", "of the same time"])
def test_a_workbook_that_is_not_the_later_changes_nothing(place: Place, gone_back: Path, at: float) -> None:
    os.utime(gone_back, (at, at))
    assert place.collect().submissions == []
    assert place.figure == 10


def test_a_file_that_lies_alone_is_not_received_again_for_its_time(place: Place, gone_back: Path) -> None:
    (place.folder / CSV).unlink()
    os.utime(gone_back, (DAY + 180, DAY + 180))
    assert place.collect().submissions == []


def test_a_voided_workbook_is_not_gone_back_to(place: Place, gone_back: Path) -> None:
    (sent,) = read(place.p.ledger.engine, f"SELECT delivery_id FROM ops.delivery WHERE name = '{XLSX}'")
    place.p.ledger.decide(sent["delivery_id"], "void", "not theirs")
    os.utime(gone_back, (DAY + 180, DAY + 180))
    assert place.collect().submissions == []
    assert place.figure == 10


def test_an_older_file_that_turns_up_later_is_held(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.collect()
    place.write(XLSX, 10, DAY - 86_400)
    (dry,) = stages.preview(place.p, periods=[MONTH]).submissions
    (held,) = place.collect().submissions
    for one in (dry, held):
        assert (one.status, one.held_reason) == ("held", "side_by_side")
    assert CSV in str(held.doubt_zh)
    assert XLSX in str(held.doubt_en)
    assert place.figure == 20
    assert place.attention == ["side_by_side"]
    assert [s.status for s in stages.reprocess(place.p)] == ["held"]  # what was asked stays asked
    place.p.ledger.decide(held.delivery_id, "release", "they sent it by hand")
    assert place.figure == 10


def test_two_files_of_one_time_are_both_held(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.write(XLSX, 10, DAY)
    assert [(s.status, s.held_reason) for s in place.collect().submissions] == [("held", "side_by_side")] * 2
    assert place.attention == ["side_by_side"]
    engine = place.p.ledger.engine
    found = deciding.waiting(
        engine, place.p.catalogue, reading.reporting(engine, datetime.now(UTC)), date(2026, 3, 1), ()
    )
    (held,) = [w for w in found if w.what == "held"]
    both = {r["delivery_id"] for r in read(engine, "SELECT delivery_id FROM mart.submission")}
    assert {held.delivery_id, *held.beside} == both, "one of two is right: both are named"
    assert all(one in held.zh and one in held.en for one in both)
    assert held.command == f'qiangji release {held.delivery_id} --reason "…"', (
        "the delivery has no other report"
    )


def test_a_file_dated_in_the_future_does_not_win(place: Place) -> None:
    """Somebody's clock is a year ahead: which of the two is later nobody knows, so that a person decides."""
    place.write(CSV, 20, DAY)
    place.write(XLSX, 10, time.time() + 366 * 86_400)
    submissions = place.collect().submissions
    assert [(s.status, s.held_reason) for s in submissions] == [("held", "side_by_side")] * 2
    assert all("晚于当前时间" in str(s.doubt_zh) for s in submissions)
    place.p.ledger.decide(submissions[0].delivery_id, "release", "asked them")
    assert place.figure in (10, 20)


def test_content_decides_where_time_and_size_stay(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.collect()
    place.write(CSV, 30, DAY)
    assert place.collect().deliveries == 1
    assert place.figure == 30
    assert place.collect().deliveries == 0


def test_files_under_other_names_are_told(place: Place) -> None:
    for name in ("f_2026-01 (1).csv", "f_2026-01.CSV", "副本f_2026-01.csv"):
        place.write(name, 20, DAY)
    for stage in (stages.preview, stages.collect):
        result = stage(place.p, periods=[MONTH])
        assert (result.deliveries, result.failures) == (0, [])
        ((county, note),) = result.notes
        assert (county, note.form, note.code) == (place.folder.name, "f", "other_name")
        for name in ("f_2026-01 (1).csv", "f_2026-01.CSV", "副本f_2026-01.csv"):
            assert name in note.message
        assert "expected: f_2026-01.csv" in note.message
    assert (place.row["status"], place.row["reason_code"]) == ("late", "other_name")
    assert "f_2026-01 (1).csv" in place.row["message_zh"]
    assert place.attention == ["other_name"]
    (place.folder / "f_2026-01.CSV").rename(place.folder / CSV)
    result = place.collect()
    assert (result.deliveries, result.notes) == (1, [])  # the copies are as old as the report
    assert place.attention == []


def test_a_later_copy_beside_the_report_needs_attention(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.write("f_2026-01 (1).csv", 30, DAY + 60)
    assert [s.status for s in place.collect().submissions] == ["accepted"]
    assert place.row["reason_code"] is None
    assert place.attention == ["other_name"]
    (place.folder / "f_2026-01 (1).csv").unlink()
    place.collect()
    assert place.attention == []


def test_a_voided_file_that_lies_there_or_is_sent_again_is_told(place: Place) -> None:
    place.write(CSV, 20, DAY)
    (first,) = place.collect().submissions
    place.p.ledger.decide(first.delivery_id, "void", "wrong", by="林")
    for at in (DAY, DAY + 60):  # as it lay there, and put there once more
        place.write(CSV, 20, at)
        for stage in (stages.preview, stages.collect):
            ((_, note),) = stage(place.p, periods=[MONTH]).notes
            assert (note.form, note.period, note.code) == ("f", MONTH, "voided_again")
            for said in (CSV, first.delivery_id, "林", "请县（市、区）更正", "which 林 voided"):
                assert said in note.message
    assert (place.row["status"], place.row["reason_code"]) == ("late", "voided_again")
    place.write(CSV, 30, DAY + 120)
    assert place.collect().notes == []
    assert place.attention == []
    place.write(CSV, 20, DAY + 180)  # the voided one over the one that counts
    again = place.collect()
    assert (again.deliveries, [n.code for _, n in again.notes]) == (0, ["voided_again"])
    assert place.attention == ["voided_again"]
    assert place.figure == 30
    assert (place.collect().notes, place.attention) == ([], [])
    place.write(CSV, 20, DAY + 210)  # sent once more, and then the void is taken back
    place.collect()
    assert place.attention == ["voided_again"]
    place.p.ledger.decide(first.delivery_id, "release", "right after all", by="林")
    assert (place.row["last_attempt_reason"], place.row["last_attempt_message"]) == (None, None)
    assert place.attention == []
    place.write(CSV, 20, DAY + 240)
    assert place.collect().notes == []


def test_a_period_of_which_nothing_can_be_reported_is_refused_at_every_door(place: Place) -> None:
    commands = ["collect"], ["collect", "--dry-run"], ["build"], ["reprocess"], ["reprocess", "--dry-run"]
    for command in commands:
        for period, code in (("2019-01", "before_plan"), ("2099-01", "not_due")):
            refused = run(*command, "--period", period)
            assert refused.code == 2, command
            assert refused.err.startswith(f"{code}: {period}"), command
            assert "expected" in refused.err
    for period in ("2019-01", "2099-01"):
        with pytest.raises(UsageError):
            building.build(place.p, [Period.parse(period)])
    with place.p.ledger.engine.connect() as c:
        assert c.scalar(sa.text("SELECT count(*) FROM ops.collection")) == 0


def test_what_was_collected_from_before_the_plan_is_neither_built_nor_asked_for(place: Place) -> None:
    """A warehouse that an earlier version let collect it, by mistake."""
    place.write(CSV, 20, DAY)
    place.collect()
    with place.p.ledger.engine.begin() as c:
        c.execute(sa.text("UPDATE ops.collection SET first_month = '2019-01'"))
        c.execute(
            sa.text(
                "INSERT INTO ops.delivery_part (delivery_id, form, period, sha256, kind)"
                " SELECT delivery_id, form, '2019-01', sha256, kind FROM ops.delivery_part"
            )
        )
    first = place.p.catalogue.first_month
    assert building.pending_months(place.p.ledger, place.p.catalogue, TODAY)[0] == first
    with place.p.ledger.engine.connect() as c:
        assert c.scalar(sa.text("SELECT min(period) FROM mart.reporting_status")) == str(first)


def test_the_command_line_says_who_decided_and_shows_no_raw_data(place: Place) -> None:
    place.write(CSV, 20, DAY)
    place.write(XLSX, 10, DAY)
    place.write("副本f_2026-01.csv", 10, DAY + 60)
    collected = run("collect", "--period", "2026-01", "--json")
    assert collected.code == 3
    assert [n["reason_code"] for n in collected.json["notes"]] == ["other_name"]
    first, second = (v["delivery_id"] for v in collected.json["checked"])
    for part in (["--form", "g"], ["--period", "2025-12"]):
        refused = run("release", second, *part, "--reason", "x", "--by", "林")
        assert refused.code == 2
        assert refused.err.startswith(f"not_in_delivery: 来件{second}中没有{part[1]}；其中有：f 2026-01。")
        assert f"delivery {second} holds no {part[1]} (expected f 2026-01)" in " ".join(refused.err.split())
    released = run("release", second, "--reason", "the right one", "--by", "林", "--json").json
    assert (released["decided_by"], released["action"]) == ("林", "release")
    assert released["submissions"][0]["status"] == "accepted"
    assert run("void", first, "--reason", "x", "--by", " ").err.startswith("no_person: ")
    assert "decided by 林" in run("void", first, "--reason", "the other", "--by", "林").out
    assert run("lock", "2026-01", "--by", "林", "--json").json["decided_by"] == "林"
    assert run("unlock", "2026-01", "--reason", "x", "--by", "林", "--json").json["action"] == "unlock"
    (row,) = run("status", "--county", place.folder.name, "--period", "2026-01", "--json").json
    assert row["county_code"] == place.folder.name
    assert run("status", "--county", "nobody").code == 2
    for command in (
        ["status"], ["build"], ["values"], ["findings"], ["explain", "x", "--org", row["county_code"], "--period",
        "2026-01"], ["collect"], ["collect", "--dry-run"], ["reprocess"], ["feedback"], ["verify"], ["doctor"],
        ["diff", "--from", "2026-01-01"], ["publish", "2026-01", "--name", "v", "--by", "林"],
    ):  # fmt: skip
        done = run(*command)
        assert "Traceback" not in done.err, command
        assert not any(raw in done.out for raw in ("{'", "[{", "datetime.", "Decimal(")), command


def test_a_quarters_sheet_in_a_months_workbook_is_told_each_night(
    tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openpyxl
    import yaml

    forms = FORMS | {"q": {"fields": {"n": {}}, "period_type": "quarter"}}
    sides = {"numerator": {"form": "f", "sum": "n"}, "denominator": {"form": "f", "sum": "d"}}
    tree = {"Z": {"A": {"T": ["V", "W"]}}}
    made = world.make(tmp_path / "world", tree, forms, [{"code": "x", **sides}])
    counties = made.catalogue / "counties.yaml"
    (county,) = yaml.safe_load(counties.read_text(encoding="utf-8"))
    county |= {"files": "{period}.xlsx", "sheets": {"f": "月报", "q": "季报"}}
    counties.write_text(yaml.safe_dump([county], allow_unicode=True), encoding="utf-8")
    book = openpyxl.Workbook()
    book.active.title = "月报"
    for sheet, head in ((book.active, ["n", "d"]), (book.create_sheet("季报"), ["n"])):
        for line in (["unit_code", *head], *([made.codes[v], *(5 for _ in head)] for v in "VW")):
            sheet.append(line)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    folder = made.catalogue / "incoming" / made.codes["A"]
    folder.mkdir(parents=True, exist_ok=True)
    book.save(folder / "2026-03.xlsx")
    os.utime(folder / "2026-03.xlsx", (DAY, DAY))
    with (
        make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as workplace,
        workplace.pipeline() as p,
    ):
        for deliveries in (1, 0):
            result = stages.collect(p, periods=[Period.parse("2026-03")])
            assert (result.deliveries, result.failures) == (deliveries, [])
            ((_, note),) = result.notes
            assert (note.form, str(note.period), note.code) == ("q", "2026Q1", "other_name")
            (row,) = (r for r in reading.status(p.ledger.engine, "2026Q1") if r["form"] == "q")
            assert (row["status"], row["reason_code"]) == ("late", "other_name")
            assert "2026-03.xlsx 中的工作表 季报，应在文件 2026Q1.xlsx 中" in row["message_zh"]
        book.save(folder / "2026Q1.xlsx")
        os.utime(folder / "2026Q1.xlsx", (DAY, DAY))
        assert stages.collect(p, periods=[Period.parse("2026-03")]).notes == []
