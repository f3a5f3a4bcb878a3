"""Personal data that counties send, in every kind of place: what holds it is withheld, and no store or log has it.

One night with a value of its own in each place (`planting`); then everything that is kept or was said is searched for
all of them: the lake's files (unpacked and decoded), a dump of the whole database, what was logged by anybody at any
level, what the commands print, what goes back to the counties.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import yaml

from tests.frozen import paths as frozen
from tests.integration import planting
from tests.integration.nights import Night, night
from tests.integration.planting import Values, Web, rows_of, texts_of, workbook
from tests.integration.test_cli import run
from tests.integration.test_restore import _tool

SIGN_OFF = ("13800138000", "林佩仪", "陈卓文")
"""What the workbooks of 440705 end with, by the simulator's README."""
LAST = "2026-10"
FORMS = ("village_group", "village", "community", "town_service")
SIGNED, DATABASE, RECORDS, FILES = "440705", "440783", "440703", "440784"
TEXTS, BOOKS = ["440704"], ["440781", "440785"]
PASSED_OVER = ("unit", "name", "town", "village", "accepted", "fault")


@dataclass
class Plant:
    """One value in one place of one submission, and how that has to end."""

    county: str
    form: str
    month: str
    place: str
    value: str
    status: str = "withheld"


@dataclass
class Sown:
    """A night with everything planted, and everything that was said while it ran."""

    night: Night
    values: Values
    sent: Path
    plants: list[Plant] = field(default_factory=list)
    said: str = ""


class _Said(logging.Handler):
    """Everything that is logged, by anybody, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


@pytest.fixture(scope="module")
def sown(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Sown]:
    folder, web = tmp_path_factory.mktemp("privacy"), Web()
    sent = folder / "sent"
    counties = [RECORDS, *TEXTS, SIGNED, *BOOKS, DATABASE, FILES]

    def edit(catalogue: Path) -> None:
        """Counties that the test writes for: three by folder, two by HTTP."""
        path = catalogue / "counties.yaml"
        own = {c["county"]: c for c in yaml.safe_load(path.read_text(encoding="utf-8"))}
        for code in (*TEXTS, *BOOKS):
            kind = "csv" if code in TEXTS else "xlsx"
            own[code] = {"county": code, "transport": "folder", "path": str(sent / code)}
            own[code]["files"] = f"{{form}}_{{period}}.{kind}"
        for code, format in ((RECORDS, "json"), (FILES, "csv")):
            http: dict[str, Any] = {"format": format, "version_key": "updated_at"}
            http["list"] = {"path": f"/{code}", "items": "data"}
            http["fetch"] = {"path": "/files/{name}"}
            if format == "json":
                paging = {"style": "cursor", "param": "cursor", "next": "next"}
                http["fetch"] = {"path": "/reports/{form}/{period}", "items": "data", "paging": paging}
            own[code] = {
                "county": code,
                "transport": "http_api",
                "connection": "planted",
                "http": http,
                "hosts": ["127.0.0.1"],
            }
        path.write_text(yaml.safe_dump(list(own.values()), allow_unicode=True), encoding="utf-8")

    with (
        pytest.MonkeyPatch.context() as patch,
        night(folder, postgres, edit=edit, scale=0.03, months=4, faults="none", counties=counties) as one,
    ):
        patch.setenv("QIANGJI_CONN_PLANTED", web.url)
        whole = Sown(one, Values(), sent)
        _sow(whole, web, postgres)
        said = _Said()
        root = logging.getLogger()
        before = root.level
        root.addHandler(said)
        root.setLevel(logging.DEBUG)
        try:
            result = one.collect()
            one.build(LAST)
            printed = [_cli(*a) for a in _commands(whole)]
        finally:
            root.removeHandler(said)
            root.setLevel(before)
        errors = [repr(e) + str(e) for *_, e in result.failures]
        whole.said = "\n".join([*said.lines, repr(result), *errors, *printed])
        yield whole
        web.close()


def _commands(sown: Sown) -> list[tuple[str, ...]]:
    file = next((sown.sent / TEXTS[0]).glob(f"*_{LAST}.csv"))
    form = file.name.removesuffix(f"_{LAST}.csv")
    asked = ("--form", form, "--county", TEXTS[0], "--period", LAST)
    return [
        ("status",),
        ("status", "--json"),
        ("-v", "reprocess"),
        ("findings", "--all", "--json"),
        ("values", "--json"),
        ("collect", "--dry-run"),
        ("-v", "feedback"),
        ("-v", "check", str(file), *asked),
        ("verify",),
    ]


def _cli(*arguments: str) -> str:
    ran = run(*arguments)
    assert ran.code in (0, 3), (arguments, ran)
    return ran.out + ran.err


# --- sowing --------------------------------------------------------------------------------------------


def _sow(sown: Sown, web: Web, postgres: Any) -> None:
    slots = {
        c: iter([(f, m) for m in reversed(sown.night.months) for f in FORMS])
        for c in sown.night.systems.counties
    }

    def plant(county: str, place: str, kind: str, status: str = "withheld") -> Plant:
        form, month = next(slots[county])
        one = Plant(county, form, month, place, sown.values.draw(kind), status)
        sown.plants.append(one)
        return one

    for county in (*TEXTS, *BOOKS):
        (sown.sent / county).mkdir(parents=True)
    _sow_workbooks(sown, plant)
    for place, (kind, write) in planting.IN_CSV.items():
        status = (
            "returned" if place in ("cell in gb18030", "another encoding", "a file cut off") else "withheld"
        )
        one = plant(TEXTS[0], place, kind, status)
        content = write(rows_of(_rows(sown.night, one)), one.value)
        (sown.sent / one.county / f"{one.form}_{one.month}.csv").write_bytes(content)
    _sow_records(sown, plant, web)
    _sow_files(sown, plant, web)
    _sow_database(sown, plant, postgres)


def _rows(one: Night, plant: Plant) -> list[dict[str, Any]]:
    path = frozen.CATALOGUE / f"forms/{plant.form}.yaml"
    key = yaml.safe_load(path.read_text(encoding="utf-8"))["key"]
    return [
        {key: row["unit"]} | {k: v for k, v in row.items() if k not in PASSED_OVER}
        for row in one.systems.truth(plant.county, plant.form, plant.month)
    ]


def _sow_workbooks(sown: Sown, plant: Any) -> None:
    places: list[tuple[Any, ...]] = [
        (p, k, change, "withheld") for p, (k, change) in planting.IN_FORM.items()
    ]
    places += [(p, k, change, "accepted") for p, (k, change) in planting.BESIDE.items()]
    places += [(p, k, None, "withheld") for p, k in planting.SPECIAL_IN_FORM.items()]
    places += [(p, k, None, "accepted") for p, k in planting.SPECIAL_BESIDE.items()]
    for i, (place, kind, change, status) in enumerate(places):
        one = plant(BOOKS[i % 2], place, kind, status)
        title = sown.night.pipeline.catalogue.forms[one.form].title.zh
        content = workbook(
            rows_of(_rows(sown.night, one)),
            title,
            functools.partial(_changed, change, one.value),
        )
        if change is None:
            content = planting.with_special_part(content, place, one.value)
        (sown.sent / one.county / f"{one.form}_{one.month}.xlsx").write_bytes(content)


def _changed(change: Callable[[Any, str], None] | None, value: str, book: Any) -> None:
    if change:
        change(book, value)


def _sow_records(sown: Sown, plant: Any, web: Web) -> None:
    entries = []
    for place, (kind, change) in planting.IN_JSON.items():
        one = plant(RECORDS, place, kind)
        web.put(
            f"/reports/{one.form}/{one.month}",
            {"data": change(_rows(sown.night, one), one.value), "next": None},
        )
        entries.append({"form": one.form, "period": one.month, "updated_at": "1"})
    one = plant(RECORDS, "cursor of a page", "mobile", "accepted")
    rows = _rows(sown.night, one)
    web.put(f"/reports/{one.form}/{one.month}", {"data": rows[:1], "next": one.value})
    web.put(f"/reports/{one.form}/{one.month}?cursor={one.value}", {"data": rows[1:], "next": None})
    entries.append({"form": one.form, "period": one.month, "updated_at": "1"})
    web.put(f"/{RECORDS}", {"data": entries})


def _sow_files(sown: Sown, plant: Any, web: Web) -> None:
    named, escaped = plant(FILES, "name of a file", "id"), plant(FILES, "name of a file, escaped", "mobile")
    version = plant(FILES, "version of a file", "mobile", "accepted")
    moved = plant(FILES, "address", "mobile", "failed")
    names = {
        id(named): f"村情 {named.value}.csv",
        id(escaped): "".join(f"%{ord(c):x}" for c in escaped.value) + ".csv",
        id(version): "version.csv",
        id(moved): "moved.csv",
    }
    entries = [
        {
            "form": p.form,
            "period": p.month,
            "name": names[id(p)],
            "updated_at": p.value if p is version else "1",
        }
        for p in (named, escaped, version, moved)
    ]
    web.put(f"/{FILES}", {"data": entries})
    web.put("/files/version.csv", planting.csv_of(rows_of(_rows(sown.night, version))).encode())
    web.put("/files/moved.csv", b"", 302, Location=f"/files/{moved.value}?tel={moved.value}")
    web.put(f"/files/{moved.value}?tel={moved.value}", b"\x1f\x8b no", Content_Encoding="gzip")


def _sow_database(sown: Sown, plant: Any, postgres: Any) -> None:
    url = sa.make_url(postgres.url("postgres", driver=None)).set(
        database=sa.make_url(sown.night.systems.connections[DATABASE]).database
    )
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        for kind in ("id", "mobile", "name", "old id"):
            one = plant(DATABASE, f"text of a database, {kind}", kind)
            name, code = (
                ("group_name", "group_code")
                if one.form == "village_group"
                else ((f"{one.form.split('_')[0]}_name", f"{one.form.split('_')[0]}_code"))
            )
            text = f" 负责人：{one.value}" if kind == "name" else f" 联系{one.value}"
            done = connection.execute(
                f"UPDATE store.{one.form} SET {name} = {name} || %s"
                f" WHERE period = %s AND {code} = (SELECT min({code}) FROM store.{one.form} WHERE period = %s)",
                (text, one.month, one.month),
            )
            assert done.rowcount >= 1, one


# --- what is withheld ---------------------------------------------------------------------------------


def test_each_kind_of_place_is_sown(sown: Sown) -> None:
    assert len(sown.plants) == len(set(sown.values.drawn)) >= 58
    sent = {v for f in sown.sent.rglob("*") if f.is_file() and "feedback" not in f.parts
            for text in texts_of(f.read_bytes()) for v in sown.values.found_in(text)}  # fmt: skip
    by_file = {p.value for p in sown.plants if p.county in (*TEXTS, *BOOKS)}
    assert sent == by_file, "the search finds what was sent"


def test_what_holds_it_is_withheld_and_its_place_is_named_without_it(sown: Sown) -> None:
    wrong = []
    for p in sown.plants:
        row = sown.night.status(p.county, p.form, p.month)
        wanted = {"withheld": "personal_data", "accepted": None}.get(p.status, row["reason_code"])
        if (row["status"], row["reason_code"]) != (p.status, wanted):
            wrong.append((p.place, p.status, row["status"], row["reason_code"], row["message_en"]))
        elif p.status == "withheld":
            kind = {18: "resident_id", 15: "resident_id", 11: "mobile"}.get(len(p.value), "name")
            assert f"({kind})" in row["message_en"], p.place
            title = sown.night.pipeline.catalogue.forms[p.form].title.zh  # is what a workbook's tab is called
            named = (f"{p.form}!", f"{title}!", "file name")
            assert any(each in row["message_zh"] for each in named), p.place
            assert row["revision"] is None, p.place
    assert wrong == []


def test_nothing_of_what_is_withheld_is_kept(sown: Sown) -> None:
    lake = sown.night.pipeline.ledger.lake
    parts = sown.night.query(
        "SELECT d.county_code, p.form, p.period, p.sha256, d.sha256 AS whole"
        " FROM ops.delivery_part p JOIN ops.delivery d USING (delivery_id)"
    )
    held = {(r["county_code"], r["form"], r["period"]): r for r in parts}
    for p in sown.plants:
        row = held.get((p.county, p.form, p.month))
        if p.place in ("version of a file", "cursor of a page"):
            assert row is not None
            assert lake.raw_path(row["whole"]).exists(), "what is clean is kept as received"
            continue
        assert row is not None or p.status == "failed", p.place
        if row is not None:
            assert not lake.raw_path(row["whole"]).exists(), p.place
            assert (row["sha256"] is None) == (p.status in ("withheld", "returned")), p.place
    assert not (sown.night.place.home / "withheld").exists(), "unless a setting says so"


def test_the_county_that_sends_none_is_accepted(sown: Sown) -> None:
    assert {sown.night.status(SIGNED, f, LAST)["status"] for f in FORMS} == {"accepted"}


def test_what_has_it_beside_its_cells_is_kept_as_its_cells(sown: Sown) -> None:
    beside = [p for p in sown.plants if p.county in BOOKS and p.status == "accepted"]
    assert len(beside) >= 10
    for p in beside:
        (row,) = sown.night.query(
            "SELECT p.kind, p.sha256 FROM ops.delivery_part p JOIN ops.delivery d USING (delivery_id)"
            " WHERE (county_code, form, period) = (:c, :f, :p)",
            c=p.county, f=p.form, p=p.month,
        )  # fmt: skip
        assert row["kind"] == "xlsx"
        with zipfile.ZipFile(io.BytesIO(sown.night.pipeline.ledger.lake.get_raw(row["sha256"]))) as kept:
            parts = {name for name in kept.namelist() if not name.startswith("xl/worksheets/sheet")}
        assert parts == {
            "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        }  # fmt: skip


# --- where it is not ----------------------------------------------------------------------------------


def _leaks(sown: Sown, texts: Iterator[tuple[object, str]]) -> dict[str, list[str]]:
    """Place of planting -> where its value was found."""
    by_value = {p.value: p.place for p in sown.plants}
    found: dict[str, list[str]] = {}
    for where, text in texts:
        for value in sown.values.found_in(text):
            found.setdefault(by_value[value], []).append(str(where))
    return found


def test_no_file_of_the_home_holds_any(sown: Sown) -> None:
    files = [f for f in sown.night.place.home.rglob("*") if f.is_file()]
    assert len(files) > 100
    assert {f.parts[len(sown.night.place.home.parts)] for f in files} >= {"lake"}
    texts = ((f, text) for f in files for text in texts_of(f.read_bytes(), f.name))
    assert _leaks(sown, texts) == {}


def test_no_row_of_the_database_holds_any(sown: Sown) -> None:
    url = sa.make_url(sown.night.place.url).set(drivername="postgresql")
    plain = url.render_as_string(hide_password=False)
    dump = subprocess.run([_tool("pg_dump"), plain], capture_output=True, check=True).stdout.decode()
    assert dump.count("personal_data") >= sum(p.status == "withheld" for p in sown.plants)
    assert _leaks(sown, iter([("dump", dump)])) == {}
    assert not [word for word in SIGN_OFF if word in dump]


def test_nothing_that_was_said_holds_any(sown: Sown) -> None:
    assert sown.said.count("personal_data") >= sum(p.status == "withheld" for p in sown.plants)
    assert "personal data in what is no form's" in sown.said
    assert "asyncssh" in sown.said or "SFTP" in sown.said or len(sown.said) > 10_000
    assert _leaks(sown, iter([("said", sown.said)])) == {}
    assert not [word for word in SIGN_OFF if word in sown.said]


def test_what_goes_back_to_counties_holds_none(sown: Sown) -> None:
    folders = [*(sown.sent / c / "feedback" for c in (*TEXTS, *BOOKS)), sown.night.place.home / "feedback"]
    files = [f for folder in folders for f in folder.rglob("*.xlsx")]
    assert len(files) > 20
    assert _leaks(sown, ((f, text) for f in files for text in texts_of(f.read_bytes()))) == {}


def test_the_sign_off_zone_goes_no_further_than_the_bytes_received(sown: Sown) -> None:
    raw = [p for p in (sown.night.lake / "raw").rglob("*") if p.is_file()]
    with_zone = [p for p in raw if any(SIGN_OFF[0] in text for text in texts_of(p.read_bytes()))]
    assert len(with_zone) >= len(FORMS), "the test would see it"
    for path in sown.night.lake.rglob("*.parquet"):
        assert not any(
            word in text for text in texts_of(path.read_bytes()) for word in (*SIGN_OFF, "填表人")
        ), path


def test_the_figures_for_the_record(sown: Sown, capsys: pytest.CaptureFixture[str]) -> None:
    """planted / found anywhere."""
    home = (
        t for f in sown.night.place.home.rglob("*") if f.is_file() for t in texts_of(f.read_bytes(), f.name)
    )
    found = {v for text in (*home, sown.said) for v in sown.values.found_in(text)}
    with capsys.disabled():
        print(f"\npersonal values planted: {len(sown.plants)}, found anywhere: {len(found)}")
    assert not found
    assert json.dumps(sorted({p.place for p in sown.plants}))
