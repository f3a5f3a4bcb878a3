"""Events: county systems go down, hang, refuse, correct and withdraw reports."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import asyncssh
import httpx2
import openpyxl
import psycopg
import pytest

from simulator import Simulator
from simulator.events import EventError
from tests.simulator.clients import BEFORE, LAST, REPORTS, base, files_over_sftp, sftp
from tests.simulator.held import QUARTER, TODAY


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
    assert len(sftp(uri)) == len(REPORTS) + 1  # one lies there as a workbook, too
    own.apply("hang", county="440781")
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(files_over_sftp(uri), 0.5))
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

    def listed() -> dict[str, dict[str, Any]]:
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
    assert listed()[groups]["modified"] > before_list[groups]["modified"]
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
