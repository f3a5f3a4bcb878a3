"""Resident ID and mobile numbers that counties send: only that submission is withheld, and no store or log has them.

The numbers are the example that GB 11643 prints, one of the older length made up with a date in it, and a mobile
number of an operator's test range.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

from tests.integration.nights import PROJECT, Night, night

ID_18, ID_15, MOBILE = "11010519491231002X", "110105491231002", "13912345678"
NUMBERS = (ID_18, ID_15, MOBILE)
SIGN_OFF = (
    "13800138000",
    "林佩仪",
    "陈卓文",
)  # what the workbooks of 440705 end with, by the simulator's README
MONTH, FOLDER_CSV, FOLDER_XLSX, DATABASE, BOOK = "2026-10", "440704", "440781", "440783", "440784"
FORMS = ("village_group", "village", "community")


@dataclass
class Searched:
    """A night with planted numbers, and everything that was said while it ran."""

    night: Night
    said: str


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Searched]:
    folder = tmp_path_factory.mktemp("privacy")

    def edit(catalogue: Path) -> None:
        """Two counties hand in files by folder, so that the test can write them."""
        path = catalogue / "counties.yaml"
        counties = {c["county"]: c for c in yaml.safe_load(path.read_text(encoding="utf-8"))}
        for code, files in ((FOLDER_CSV, "{form}_{period}.csv"), (FOLDER_XLSX, "{form}_{period}.xlsx")):
            counties[code] = {
                "county": code,
                "transport": "folder",
                "path": str(folder / code),
                "files": files,
            }
        path.write_text(yaml.safe_dump(list(counties.values()), allow_unicode=True), encoding="utf-8")

    counties = ["440703", FOLDER_CSV, "440705", FOLDER_XLSX, DATABASE, BOOK]
    with night(folder, postgres, edit=edit, scale=0.04, months=1, faults="none", counties=counties) as one:
        _hand_in(one, folder)
        _plant_in_database(one, postgres)
        _plant_in_listing(one)
        said = _Said()
        logging.getLogger().addHandler(said)
        before = logging.getLogger().level
        logging.getLogger().setLevel(logging.DEBUG)
        try:
            result = one.run()
        finally:
            logging.getLogger().removeHandler(said)
            logging.getLogger().setLevel(before)
        yield Searched(one, "\n".join([*said.lines, repr(result), *(_cli(*a) for a in COMMANDS)]))


COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("-v", "reprocess"),
    ("values", "--json"),
    ("collect", "--dry-run"),
)


def _cli(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qiangji", *arguments],
        env=os.environ | {"PYTHONPATH": str(PROJECT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    return done.stdout + done.stderr


class _Said(logging.Handler):
    """Everything that is logged, by anybody, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage() + (str(record.exc_info) if record.exc_info else ""))


def _rows(one: Night, county: str, form: str) -> list[dict[str, Any]]:
    key = yaml.safe_load((PROJECT / f"catalogue/forms/{form}.yaml").read_text(encoding="utf-8"))["key"]
    passed = ("unit", "name", "town", "village", "accepted", "fault")
    return [
        {key: row["unit"]} | {k: v for k, v in row.items() if k not in passed}
        for row in one.systems.truth(county, form, MONTH)
    ]


def _hand_in(one: Night, folder: Path) -> None:
    """CSV: an 18-digit number in village. Workbooks: a 15-digit one, stored as a number, in community."""
    for county in (FOLDER_CSV, FOLDER_XLSX):
        (folder / county).mkdir()
        for form in FORMS:
            rows = [
                {k: ("是" if v else "否") if isinstance(v, bool) else v for k, v in row.items()}
                for row in _rows(one, county, form)
            ]
            name = f"{form}_{MONTH}"
            if county == FOLDER_CSV:
                if form == "village":
                    rows[1]["members_away"] = f"2（{ID_18}）"
                sink = io.StringIO()
                writer = csv.DictWriter(sink, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
                (folder / county / f"{name}.csv").write_text(sink.getvalue(), encoding="utf-8")
                continue
            if form == "community":
                rows[0]["community_workers"] = int(ID_15)
            book = openpyxl.Workbook()
            book.active.title = form  # type: ignore[union-attr]
            book.active.append(list(rows[0]))  # type: ignore[union-attr]
            for row in rows:
                book.active.append(list(row.values()))  # type: ignore[union-attr]
            book.save(folder / county / f"{name}.xlsx")


def _plant_in_database(one: Night, postgres: Any) -> None:
    """440783 writes a mobile number into the name of a village."""
    url = sa.make_url(postgres.url("postgres", driver=None)).set(
        database=sa.make_url(one.systems.connections[DATABASE]).database
    )
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        done = connection.execute(
            "UPDATE store.village SET village_name = village_name || %s"
            " WHERE village_code = (SELECT min(village_code) FROM store.village)",
            (f" 联系{MOBILE}",),
        )
        assert done.rowcount >= 1


def _plant_in_listing(one: Night) -> None:
    """440703 writes a resident ID number, with spaces, into a name of its JSON."""
    submission = one.systems._held["440703", "village_group", MONTH]
    spaced = f"{ID_18[:6]} {ID_18[6:14]} {ID_18[14:]}"
    submission.rows[0].write("group_name", spaced)


# --- what is withheld ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("county", "form", "kind"),
    [
        (FOLDER_CSV, "village", "resident_id"),
        (FOLDER_XLSX, "community", "resident_id"),
        (DATABASE, "village", "mobile"),
        ("440703", "village_group", "resident_id"),
    ],
    ids=["csv", "xlsx", "database", "json"],
)
def test_only_that_submission_is_withheld(county: str, form: str, kind: str, searched: Searched) -> None:
    for each in FORMS:
        status = searched.night.status(county, each, MONTH)
        if each == form:
            assert (status["status"], status["reason_code"]) == ("withheld", "personal_data")
            assert f"({kind})" in status["message_en"]
            assert f"{form}!" in status["message_zh"]
            assert status["revision"] is None
        else:
            assert status["status"] == "accepted", each
    part = searched.night.query(
        "SELECT p.sha256, d.sha256 AS whole FROM ops.delivery_part p JOIN ops.delivery d USING (delivery_id)"
        " WHERE (county_code, form) = (:c, :f)",
        c=county, f=form,
    )  # fmt: skip
    assert [p["sha256"] for p in part] == [None]
    assert not searched.night.pipeline.ledger.lake.raw_path(part[0]["whole"]).exists()


def test_other_counties_are_accepted(searched: Searched) -> None:
    for county in ("440705", BOOK):
        assert {searched.night.status(county, f, MONTH)["status"] for f in FORMS} == {"accepted"}


# --- where the numbers are not ------------------------------------------------------------------------


def _variants() -> list[str]:
    spaced = f"{ID_18[:6]} {ID_18[6:14]} {ID_18[14:]}"
    return [*NUMBERS, ID_18.lower(), ID_18[:17], spaced]


def test_the_lake_holds_none(searched: Searched) -> None:
    files = [f for f in searched.night.place.home.rglob("*") if f.is_file()]
    assert len(files) > 30
    for path in files:
        content = path.read_bytes()
        texts = [content, content.decode("gb18030", "ignore").encode()]
        if path.suffix == ".parquet":
            texts = [
                json.dumps(pq.ParquetFile(path).read().to_pylist(), default=str, ensure_ascii=False).encode()
            ]
        elif content.startswith(b"PK"):
            cells = openpyxl.load_workbook(path.open("rb"), data_only=True)
            texts = [str([list(sheet.values) for sheet in cells.worksheets]).encode()]
        for number in _variants():
            assert not any(number.encode() in text for text in texts), path


def test_no_text_in_the_warehouse_holds_one(searched: Searched) -> None:
    columns = searched.night.query(
        "SELECT table_schema, table_name, array_agg(column_name::text) AS names FROM information_schema.columns"
        " WHERE table_schema IN ('ops', 'dim', 'fact', 'calc', 'mart', 'mart_zh')"
        " AND data_type IN ('text', 'character varying', 'ARRAY', 'json', 'jsonb', 'bigint', 'numeric') GROUP BY 1, 2"
    )
    assert len(columns) > 40
    for c in columns:
        everything = " || ' ' || ".join(f"coalesce(\"{n}\"::text, '')" for n in c["names"])
        found = searched.night.query(
            f'SELECT count(*) AS n FROM {c["table_schema"]}."{c["table_name"]}" WHERE {everything} LIKE ANY(:numbers)',
            numbers=[f"%{v}%" for v in (*_variants(), *SIGN_OFF)],
        )
        assert found == [{"n": 0}], (c["table_schema"], c["table_name"])


def test_nothing_that_was_said_holds_one(searched: Searched) -> None:
    assert "withheld" in searched.said  # it has been captured
    assert "personal" in searched.said
    for number in (*_variants(), *SIGN_OFF):
        assert number not in searched.said


def test_the_sign_off_zone_is_no_finding_and_goes_no_further_than_the_bytes_received(
    searched: Searched,
) -> None:
    statuses = {searched.night.status("440705", f, MONTH)["status"] for f in FORMS}
    assert statuses == {"accepted"}
    raw = [
        p
        for p in (searched.night.lake / "raw").rglob("*")
        if p.is_file() and p.read_bytes().startswith(b"PK")
    ]
    texts = [str([list(s.values) for s in openpyxl.load_workbook(p.open("rb")).worksheets]) for p in raw]
    assert sum(SIGN_OFF[0] in t for t in texts) >= len(FORMS)  # the test would see it
    for path in searched.night.lake.rglob("*.parquet"):
        rows = json.dumps(pq.ParquetFile(path).read().to_pylist(), default=str, ensure_ascii=False)
        assert not any(word in rows for word in (*SIGN_OFF, "填表人")), path
