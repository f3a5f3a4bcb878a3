"""Each county system answers a client such as a collector uses: real servers, real bytes."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import openpyxl
import psycopg
import pytest

from simulator import Simulator
from simulator.headers import headers, sheet
from tests.simulator.clients import (
    BEFORE,
    FIRST,
    LAST,
    MONTHLY,
    QUARTERLY,
    REPORTS,
    TWO_BEFORE,
    base,
    sent,
    sftp,
    token,
)
from tests.simulator.held import QUARTER


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
    names = {f"{form}_{period}.xlsx" for form, period in REPORTS}
    assert set(files) == names - {f"town_overseas_{QUARTER}.xlsx"} | {f"town_overseas_{QUARTER} (1).xlsx"}
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
    everything = "".join(data.decode("gb18030") for name, (data, _) in files.items() if name.endswith(".csv"))
    assert [name for name in files if not name.endswith(".csv")] == [f"town_service_{FIRST}.xlsx"]
    assert (
        files[f"town_service_{FIRST}.xlsx"][1] == files[f"town_service_{FIRST}.csv"][1]
    )  # of the same second
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
