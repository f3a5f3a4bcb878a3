"""The way back to the county: what is returned goes back annotated, and what comes back corrected is the next revision.

County systems with planted faults are collected once; then a clerk's hands are openpyxl's, and LibreOffice opens what
the counties get.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from qiangji import feedback
from qiangji.feedback import templates
from qiangji.feedback.closing import LIST
from qiangji.parsing.returned import EXPLANATION_HEADER, PROBLEM_HEADER, SUMMARY_SHEET
from qiangji.periods import Period
from tests.integration.nights import Night, clone, night
from tests.integration.test_cli import run

API, TITLED, CSV, BOOK, FOLDER = "440704", "440705", "440781", "440784", "440799"
RED, YELLOW = "FFC7CE", "FFEB9C"
SIGN_OFF = "填表人：林佩仪"  # by the simulator's README
OFFICE = shutil.which("soffice")


@pytest.fixture(scope="module")
def sent_back(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[tuple[Night, Any]]:
    """Two months collected of five counties, and everything outstanding sent back."""
    folder = tmp_path_factory.mktemp("feedback")
    with night(folder, postgres, months=2) as one:
        one.collect([API, TITLED, CSV, BOOK, FOLDER])
        yield one, feedback.send(one.pipeline)


@pytest.fixture(scope="module")
def collected(sent_back: tuple[Night, Any]) -> Night:
    return sent_back[0]


@pytest.fixture
def one(collected: Night, tmp_path: Path, postgres: Any) -> Iterator[Night]:
    """A copy to go on with; the county systems are the same, and put back at the end."""
    kept = tmp_path / "systems"
    outgoing = collected.systems.directory / "sftp"
    shutil.copytree(outgoing, kept)
    with clone(collected, tmp_path / "home", postgres) as copy:
        yield copy
    shutil.copytree(kept, outgoing, dirs_exist_ok=True)


def outgoing(one: Night, county: str) -> Path:
    found: Path = one.systems.directory / "sftp" / county / "outgoing"
    return found


def returned(one: Night, county: str, name: str) -> Any:
    """The workbook that the county finds in its feedback folder."""
    return openpyxl.load_workbook(outgoing(one, county) / "feedback" / name)


def deliver(one: Night, county: str, name: str, book: Any) -> None:
    """The clerk saves the workbook where reports are fetched."""
    path = outgoing(one, county) / name
    before = path.stat().st_mtime
    book.save(path)
    os.utime(path, (before + 60, before + 60))


def marked(sheet: Any, colour: str) -> list[Any]:
    return [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb[2:] == colour and cell.comment
    ]


def column_of(sheet: Any, header: str) -> int:
    found: int = next(c.column for row in sheet.iter_rows(max_row=3) for c in row if c.value == header)
    return found


def add_to_total(sheet: Any, column: int, more: int) -> None:
    """As a spreadsheet's own SUM would follow the corrected cell."""
    row = next(r for r in sheet.iter_rows() if any(c.value == "合计" for c in r))
    row[column - 1].value += more


def test_a_corrected_workbook_is_the_next_revision(one: Night) -> None:
    before = one.status(TITLED, "village", "2026-10")
    assert (before["status"], before["revision"]) == ("partial", 1)
    book = returned(one, TITLED, "village_2026-10.xlsx")
    (sheet,) = (s for s in book if s.title != SUMMARY_SHEET)
    (cell,) = marked(sheet, RED)
    assert "village.trees_planted.type" in cell.comment.text
    assert f"填报值：{cell.value}" in cell.comment.text
    assert "应为：准确的数字" in cell.comment.text
    said = sheet.cell(cell.row, column_of(sheet, PROBLEM_HEADER)).value
    assert cell.value in said
    number = int(cell.value.removeprefix("约"))
    cell.value = number
    add_to_total(sheet, cell.column, number)
    deliver(one, TITLED, "village_2026-10.xlsx", book)
    (checked,) = one.collect([TITLED]).submissions
    assert (checked.form, checked.status, checked.revision) == ("village", "accepted", 2)
    assert checked.rows_accepted == before["rows_accepted"] + 1
    # nothing is outstanding of it any more: the workbook goes, and the list says what is left
    place = outgoing(one, TITLED) / "feedback"
    listed = (place / LIST).read_text(encoding="utf-8-sig")
    assert set(re.findall(r"^\d+\. (\S+?)：", listed, re.M)) == {p.name for p in place.glob("*.xlsx")}
    assert "village_2026-10.xlsx" in listed
    changed = [s for s in feedback.send(one.pipeline, [TITLED]) if s.status != "known"]
    assert [(s.name, s.status, s.reason_code) for s in changed] == [
        ("village_2026-10.xlsx", "answered", "taken_back")
    ]
    listed = (place / LIST).read_text(encoding="utf-8-sig")
    assert "village_2026-10.xlsx" not in {p.name for p in place.iterdir()} | set(listed.split("\r\n"))
    assert "village_2026-10.xlsx" not in listed
    assert {s.status for s in feedback.send(one.pipeline, [TITLED])} == {"known"}, "once"
    (row,) = one.query(
        "SELECT * FROM ops.feedback WHERE name = 'village_2026-10.xlsx' AND county_code = :c", c=TITLED
    )
    assert (row["status"], row["reason_code"]) == ("sent", "taken_back")
    (path,) = (one.lake / "journal").rglob(f"feedback-{row['delivery_id']}-*.json")
    assert json.loads(path.read_text(encoding="utf-8"))["reason_code"] == "taken_back"
    # nor is the list taken for a report
    assert one.collect([TITLED]).submissions == []


def test_what_comes_back_as_it_is_says_the_same(one: Night) -> None:
    """All sheets of one workbook, and a titled one: no cell is read as another one than was sent."""
    names = [(TITLED, p.name) for p in (outgoing(one, TITLED) / "feedback").glob("*.xlsx")] + [
        (BOOK, "2026-09.xlsx")
    ]
    for county, name in names:
        deliver(one, county, name, returned(one, county, name))
    assert len(names) > 8
    said = {
        (r["county_code"], r["form"], r["period"]): (
            r["rows_hash"],
            r["rejected_hash"],
            r["revision"],
            r["status"],
        )
        for r in one.query("SELECT * FROM ops.submission")
    }
    checked = one.collect([TITLED, BOOK]).submissions
    assert len(checked) >= len(names)
    for s in checked:
        rows_hash, rejected, revision, status = said[s.county_code, s.form, s.period]
        assert (s.rows_hash, s.revision, s.status) == (rows_hash, revision, status), (s.county_code, s.form)
        assert (s.rejected_hash is None) == (rejected is None)


def test_a_county_that_sends_csv_may_send_the_workbook(one: Night) -> None:
    before = one.status(CSV, "village", "2026-09")
    assert (before["status"], before["revision"]) == ("partial", 1)
    book = returned(one, CSV, "village_2026-09.xlsx")
    sheet = book[book.sheetnames[1]]
    rows = {cell.row for cell in marked(sheet, RED)}
    assert len(rows) == before["rows_rejected"]
    for row in sorted(rows, reverse=True):
        sheet.delete_rows(row)
    book.save(outgoing(one, CSV) / "village_2026-09.xlsx")
    (checked,) = one.collect([CSV]).submissions
    assert (checked.form, checked.status, checked.rows_rejected) == ("village", "accepted", 0)
    assert (checked.rows_accepted, checked.revision) == (
        before["rows_accepted"],
        1,
    )  # the same rows, none rejected
    (outgoing(one, CSV) / "village_2026-09.xlsx").unlink()


def test_it_is_the_county_s_own_sheet_with_its_sign_off_zone(collected: Night) -> None:
    name = "village_group_2026-09.xlsx"
    book = returned(collected, TITLED, name)
    assert book.sheetnames[0] == SUMMARY_SHEET
    sent = CalamineWorkbook.from_path(outgoing(collected, TITLED) / name)
    (own,) = sent.sheet_names
    rows = sent.get_sheet_by_name(own).to_python(skip_empty_area=False)
    width = len(rows[0])
    back = CalamineWorkbook.from_path(outgoing(collected, TITLED) / "feedback" / name).get_sheet_by_name(own)
    assert [row[:width] for row in back.to_python(skip_empty_area=False)] == rows
    assert SIGN_OFF in {row[0] for row in rows}
    assert set(sent.get_sheet_by_name(own).merged_cell_ranges) <= set(back.merged_cell_ranges)
    problems = {
        line[7]: line for line in book[SUMMARY_SHEET].iter_rows(values_only=True) if line[0] and line[7]
    }
    assert problems["village_group.leaders_concurrent.within_leaders"][3] == "退回"
    assert problems["village_group.org_setup.own_branch_has_members"][3] == "提示"
    assert len(marked(book[own], YELLOW)) > 1


def test_a_withheld_submission_gets_a_message_without_content(sent_back: tuple[Night, Any]) -> None:
    """Of 440784's workbook of October one form held a resident ID number; its sheet is not there, the others are."""
    collected, every = sent_back
    (sent,) = (s for s in every if (s.county_code, s.name) == (BOOK, "2026-10.xlsx"))
    withheld = [form for form, _, status in sent.submissions if status == "withheld"]
    assert withheld == ["community"]
    book = returned(collected, BOOK, "2026-10.xlsx")
    assert len(book.sheetnames) == 4
    assert not any("社区" in name for name in book.sheetnames)
    lines = [line for line in book[SUMMARY_SHEET].iter_rows(values_only=True) if "personal_data" in line]
    assert len(lines) == 1
    assert "涉个人信息" in str(list(book[SUMMARY_SHEET].iter_rows(values_only=True)))
    assert b"11010519491231002X" not in _unpacked(outgoing(collected, BOOK) / "feedback" / "2026-10.xlsx")


def _unpacked(path: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(n) for n in archive.namelist())


def test_everybody_gets_it_once_and_where_they_can_read_it(collected: Night) -> None:
    one = collected
    sent = one.query("SELECT * FROM ops.feedback")
    assert {(r["county_code"], r["transport"], r["status"]) for r in sent} == {
        (API, "kept", "sent"), (TITLED, "sftp", "sent"), (CSV, "sftp", "sent"), (BOOK, "sftp", "sent"),
        (FOLDER, "folder", "sent"),
    }  # fmt: skip
    assert {s.status for s in feedback.send(one.pipeline)} == {"known"}
    assert len(one.query("SELECT * FROM ops.feedback")) == len(sent)
    events = [
        json.loads(p.read_text(encoding="utf-8")) for p in (one.lake / "journal").rglob("feedback-*.json")
    ]
    assert {(e["delivery_id"], e["digest"], e["sha256"]) for e in events} == {
        (r["delivery_id"], r["digest"], r["sha256"]) for r in sent
    }
    kept = one.place.home / "feedback" / API
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in kept.iterdir()} == {0o600}
    assert list((one.systems.directory / "folders" / FOLDER / "feedback").glob("*.xlsx"))
    left = list(one.systems.directory.rglob("*.tmp"))
    assert left == []


def test_nothing_of_the_sign_off_zone_is_kept_by_the_pipeline(collected: Night) -> None:
    """The workbooks for counties by SFTP show it; home keeps none of them."""
    raw = collected.lake / "raw"
    for path in collected.place.home.rglob("*"):
        if path.is_file() and raw not in path.parents:
            content = _unpacked(path) if path.suffix == ".xlsx" else path.read_bytes()
            assert "林佩仪".encode() not in content, path


def test_a_county_that_takes_nothing_fails_nobody_and_is_tried_again(collected: Night) -> None:
    one = collected
    place = outgoing(one, TITLED) / "feedback"
    shutil.rmtree(place)
    place.write_bytes(b"")  # something else is in its place
    with one.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql("DELETE FROM ops.feedback WHERE county_code = ANY(%s)", ([TITLED, FOLDER],))
    sent = feedback.send(one.pipeline, [TITLED, FOLDER])
    failed = [s for s in sent if s.status == "failed"]
    assert {s.county_code for s in failed} == {TITLED}
    assert {s.reason_code for s in failed} == {"feedback_refused"}
    assert {s.status for s in sent if s.county_code != TITLED} == {"sent"}
    place.unlink()
    again = feedback.send(one.pipeline, [TITLED])
    assert {s.status for s in again} == {"sent"}
    assert len(again) == len(list(place.glob("*.xlsx"))) == len(failed)


def test_what_a_county_explains_stays_with_the_finding(one: Night) -> None:
    name, unit = "village_group_2026-09.xlsx", "44070510421215"
    book = returned(one, TITLED, name)
    sheet = book[book.sheetnames[1]]
    row = next(c.row for c in sheet["B"] if str(c.value) == unit)
    assert "提示" in sheet.cell(row, column_of(sheet, PROBLEM_HEADER)).value
    sheet.cell(row, column_of(sheet, EXPLANATION_HEADER)).value = "＝两名党员为本组全部党员"
    deliver(one, TITLED, name, book)
    (checked,) = one.collect([TITLED]).submissions
    assert (checked.status, checked.revision) == ("partial", 1)
    (said,) = one.query("SELECT * FROM ops.explanation")
    assert (said["unit_code"], said["explanation"]) == (unit, "=两名党员为本组全部党员")
    assert said["delivery_id"] == checked.delivery_id
    event = f"submission-{checked.delivery_id}-*.json"
    (path,) = (one.lake / "journal").rglob(event)
    assert json.loads(path.read_text(encoding="utf-8"))["explanations"] == {unit: "=两名党员为本组全部党员"}
    # of a group's row nothing is shown to those who read marts
    shown = one.query(
        "SELECT * FROM mart.finding WHERE rule = 'village_group.org_setup.own_branch_has_members'"
    )
    assert [f["explanation"] for f in shown if f["county_code"] == TITLED] == [None]


def test_an_explanation_of_what_is_shown_is_shown(collected: Night) -> None:
    one = collected
    (finding, *_) = one.query(
        "SELECT f.*, s.delivery_id, o.unit_code FROM mart.finding f"
        " JOIN ops.submission s USING (county_code, form, period)"
        " JOIN ops.current_finding o USING (finding_id) WHERE s.is_current AND f.value IS NOT NULL"
        " ORDER BY f.finding_id"
    )
    with one.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql(
            "INSERT INTO ops.explanation VALUES (%s, %s, %s, %s, %s, '已核实')",
            tuple(finding[n] for n in ("delivery_id", "form", "period", "county_code", "unit_code")),
        )
    shown = one.query("SELECT explanation FROM mart.finding WHERE finding_id = :i", i=finding["finding_id"])
    with one.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql("DELETE FROM ops.explanation")
    assert shown == [{"explanation": "已核实"}]


def test_personal_data_in_an_explanation_withholds_the_submission(one: Night) -> None:
    name = "village_2026-10.xlsx"
    book = returned(one, TITLED, name)
    sheet = book[book.sheetnames[1]]
    (cell,) = marked(sheet, RED)
    sheet.cell(cell.row, column_of(sheet, EXPLANATION_HEADER)).value = "请致电１３９ 1234 5678"
    deliver(one, TITLED, name, book)
    (checked,) = one.collect([TITLED]).submissions
    assert (checked.status, checked.reason_code) == ("withheld", "personal_data")
    assert one.query("SELECT * FROM ops.explanation") == []
    sent = {s.name: s for s in feedback.send(one.pipeline, [TITLED])}[name]
    assert sent.status == "sent"
    assert returned(one, TITLED, name).sheetnames == [SUMMARY_SHEET]


def test_a_finding_that_a_person_sends_back_goes_back(one: Night) -> None:
    from qiangji.ledger import dispositions

    known = {s.delivery_id for s in feedback.send(one.pipeline)}
    assert known
    found = one.query(
        "SELECT f.finding_id, f.delivery_id FROM ops.finding f JOIN ops.submission s USING (delivery_id, form, period)"
        " WHERE s.status = 'accepted' AND s.is_current AND f.delivery_id <> ALL(:known)", known=list(known),
    )  # fmt: skip
    assert found
    dispositions.dispose(one.pipeline.ledger, [found[0]["finding_id"]], "resubmit", "count again", "me")
    new = [s for s in feedback.send(one.pipeline) if s.status == "sent"]
    assert [s.delivery_id for s in new] == [found[0]["delivery_id"]]
    # the same found by another suite is told once, and then nothing is read again for it
    with one.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql("UPDATE ops.feedback SET basis = 'another'")
    assert {s.status for s in feedback.send(one.pipeline, [FOLDER])} == {"known"}
    bases = {(r["county_code"], r["basis"] == "another") for r in one.query("SELECT * FROM ops.feedback")}
    assert (FOLDER, False) in bases
    assert (FOLDER, True) not in bases


def test_a_template_begins_with_what_was_last_reported_and_lies_beside_the_reports(collected: Night) -> None:
    p, period = collected.pipeline, Period.parse("2026-10")
    form = p.catalogue.forms["village_group"]
    known = templates.known_rows(p.ledger, p.catalogue, form, [TITLED, CSV, API], period)
    for county in (TITLED, CSV):
        at = collected.query(
            "SELECT rows_hash, period FROM ops.submission WHERE is_current AND (county_code, form) = (:c, :f)"
            " ORDER BY period DESC LIMIT 1", c=county, f=form.form,
        )  # fmt: skip
        rows = p.ledger.lake.get_rows("reports", form.form, at[0]["period"], county, at[0]["rows_hash"])
        lines = known[form.form, county]
        assert [line.code for line in lines] == rows.column(form.key).to_pylist()
        assert all(line.name for line in lines), "as the county named them; the lake has no names"
    for county, status in ((TITLED, "sent"), (FOLDER, "sent"), (API, "no_place")):
        one = p.catalogue.forms["county_milestones" if county == FOLDER else form.form]
        at_ = Period.parse("2026Q3") if county == FOLDER else period
        made = templates.make(p.catalogue, one, county, at_, known)
        assert templates.lay(p, made).status == status
        place = collected.systems.directory / ("folders" if county == FOLDER else "sftp") / county
        place = place if county == FOLDER else place / "outgoing"
        if status == "sent":
            path = place / "feedback" / f"空表_{made.name}"
            assert path.read_bytes() == made.content
            path.unlink()
    assert collected.collect([TITLED]).submissions == []


def test_the_command_sends_and_says_what_it_would_send(collected: Night) -> None:
    one = collected
    with one.pipeline.ledger.engine.begin() as c:
        c.exec_driver_sql("DELETE FROM ops.feedback WHERE county_code = %s", (BOOK,))
    ran = run("feedback", "--county", BOOK, "--period", "2026-10", "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert [(s["name"], s["status"]) for s in ran.json] == [("2026-10.xlsx", "planned")]
    assert one.query("SELECT * FROM ops.feedback WHERE county_code = :c", c=BOOK) == []
    ran = run("feedback", "--county", BOOK, "--period", "2026-10")
    assert ran.code == 0, ran.err
    assert "已反馈 sent" in ran.out
    assert "此前已反馈 sent before" in run("feedback", "--county", BOOK, "--period", "2026-10").out


def test_a_clerk_tries_a_file_first(collected: Night, tmp_path: Path) -> None:
    one = collected
    source, out = tmp_path / "my file.xlsx", tmp_path / "out.xlsx"
    theirs_too = openpyxl.load_workbook(outgoing(one, TITLED) / "village_2026-10.xlsx")
    tab = theirs_too.active.title
    theirs_too.save(source)  # other bytes than any that were received
    arguments = [str(source), "--form", "village", "--county", TITLED, "--period", "2026-10"]
    files, rows = one.lake_files(), one.query("SELECT count(*) FROM ops.submission")
    ran = run("check", *arguments, "--workbook", str(out))
    assert ran.code == 3, ran.err
    for words in ("village.trees_planted.type", "无法识别", "cannot be read", f"{tab}!", "部分记录退回"):
        assert words in ran.out
    data = run("check", *arguments, "--json").json
    (problem,) = (x for x in data["problems"] if x["severity"] == "critical")
    assert (data["status"], data["rejected"]) == ("部分记录退回", 1)
    # the same as the county gets back
    official = returned(one, TITLED, "village_2026-10.xlsx")
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == official.sheetnames
    (cell,), (theirs,) = (marked(b[book.sheetnames[1]], RED) for b in (book, official))
    assert (cell.coordinate, cell.comment.text) == (theirs.coordinate, theirs.comment.text)
    assert f"{tab}!{cell.coordinate}" == problem["address"]
    assert (one.lake_files(), one.query("SELECT count(*) FROM ops.submission")) == (files, rows)
    named = [a if a != TITLED else "新会区" for a in arguments]
    assert run("check", *named, "--json").json == data
    good = outgoing(one, TITLED) / "town_overseas_2026Q3.xlsx"
    fine = run("check", str(good), "--form", "village", "--county", TITLED, "--period", "2026-10", "--json")
    assert fine.code == 3
    assert fine.json["status"] == "退回重报"
    kept = source.read_bytes()
    for place in (tmp_path / "nowhere" / "out.xlsx", source):
        refused = run("check", *arguments, "--workbook", str(place))
        assert (refused.code, "no_place" in refused.err) == (2, True)
    assert source.read_bytes() == kept


def test_who_gets_no_sheet_is_not_told_to_correct_it_there(collected: Night, tmp_path: Path) -> None:
    empty, out = tmp_path / "a.xlsx", tmp_path / "out.xlsx"
    empty.write_bytes(b"")
    run(
        "check",
        str(empty),
        "--form",
        "village",
        "--county",
        TITLED,
        "--period",
        "2026-10",
        "--workbook",
        str(out),
    )
    told = str([c.value for row in openpyxl.load_workbook(out).active for c in row])
    assert "请勿报送本文件" in told
    assert "请直接在本文件中修改" not in told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"--form": "nothing"}, "unknown_form"),
        ({"--county": "440000"}, "unknown_county"),
        ({"--period": "2026Q3"}, "wrong_period"),
        ({"file": "x.docx"}, "unknown_kind"),
        ({"file": "none.csv"}, "no_file"),
    ],
)
def test_what_cannot_be_tried_is_said(collected: Night, changes: dict[str, str], code: str) -> None:
    asked = {"--form": "village", "--county": TITLED, "--period": "2026-10", "file": "none.xlsx"} | changes
    file = asked.pop("file")
    ran = run("check", file, *(x for pair in asked.items() for x in pair))
    assert ran.code == 2
    assert code in ran.err


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed (apt: libreoffice-calc)")
def test_libreoffice_opens_it_and_what_it_saves_can_be_sent(one: Night, tmp_path: Path) -> None:
    name = "village_2026-10.xlsx"
    source = outgoing(one, TITLED) / "feedback" / name
    (tmp_path / "out").mkdir()
    started = time.monotonic()
    done = subprocess.run(
        [str(OFFICE), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "out"), str(source)],
        capture_output=True, timeout=180, check=False,
    )  # fmt: skip
    saved = tmp_path / "out" / name
    assert saved.is_file(), (done.stderr, time.monotonic() - started)
    ours, theirs = CalamineWorkbook.from_path(source), CalamineWorkbook.from_path(saved)
    assert ours.sheet_names == theirs.sheet_names
    for sheet in ours.sheet_names:
        first, second = (b.get_sheet_by_name(sheet).to_python(skip_empty_area=False) for b in (ours, theirs))
        width = len(first[0])
        assert [row[:width] for row in second[: len(first)]] == first
    book = openpyxl.load_workbook(io.BytesIO(saved.read_bytes()))
    (cell,) = marked(book[book.sheetnames[1]], RED)
    assert "village.trees_planted.type" in cell.comment.text
    number = int(cell.value.removeprefix("约"))
    cell.value = number
    add_to_total(book[book.sheetnames[1]], cell.column, number)
    deliver(one, TITLED, name, book)
    (checked,) = one.collect([TITLED]).submissions
    assert (checked.status, checked.revision) == ("accepted", 2)
