"""Nights through the real scheduler: green, partitioned, backfilled, and red at the last task where a county fails.

One Airflow, one embedded PostgreSQL and small simulated county systems for the whole file; the tests follow each
other as nights do, and say what they need of the ones before.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

import pytest

from qiangji import stages
from qiangji.catalogue.load import load
from qiangji.local import demo
from qiangji.settings import settings
from tests.frozen import paths as frozen
from tests.integration.airflow_pages import FOR_DUTY, PAGES, _paths
from tests.integration.airflow_site import (
    COUNTY_SECONDS,
    DOWN,
    HANGING,
    NAMES,
    REFUSING,
    SECONDS,
    WRITING,
    Site,
    a_site,
    states,
)
from tests.integration.browsing import chromium
from tests.integration.in_airflow import enter_board, log_in, seen
from tests.integration.nights import assert_same
from tests.integration.planting import texts_of
from tests.integration.test_replay import _but_outcomes
from tests.integration.test_restore import _tool


@pytest.fixture(scope="module")
def site(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("night")) as found:
        yield found


def test_the_pages_are_ready_before_anybody_opens_one(site: Site) -> None:
    """First: the process that serves pages has asked the warehouse already."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'qiangji-board'"
    deadline = time.monotonic() + 60
    with site.server.connect("qiangji") as c:
        while not (c.execute(asked).fetchone() or [0])[0]:
            assert time.monotonic() < deadline, "no page was made ready"
            time.sleep(0.5)


def test_a_scheduler_that_is_killed_twice_loses_nothing(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As if it had not been: the oldest month, by its partition key, beside the same by the package alone."""
    from tests.faults import scheduler

    month = site.last - 3
    assert site.shares(month) == {}, "nothing of it yet"
    outcome = scheduler.killed(site, tmp_path_factory.mktemp("killed"))
    assert outcome.is_well, str(outcome)
    assert site.shares(month)["440700"] is not None


def test_a_night_ends_green_and_its_figures_follow(site: Site) -> None:
    run = site.collect(conf={"months": 1})
    assert set(states(run)) == {"success"}, states(run)
    assert run.state == "success"
    assert {name for task, name in run.tasks if task == "pull"} == set(NAMES.values())
    checks = [name for task, name in run.tasks if task == "check"]
    assert sorted("、".join(map(str, checks)).split("、")) == sorted(NAMES.values()), (
        "each county in one check"
    )
    said = site.client.returned(run.dag_id, run.run_id, "verdict")
    assert re.fullmatch(
        rf"采集 collected {site.last}: 7 县 counties, \d\d 来件 new deliveries; \d+ 已收 accepted, .*\d 涉个人信息扣留"
        rf" withheld; 待计算 to build: {site.last}; 启动人 started by admin",
        said,
    ), said
    assert said in site.client.task_log(run.dag_id, run.run_id, "verdict")
    logs = [log.read_text(errors="replace") for log in (site.airflow.home / "airflow/logs").rglob("*.log")]
    assert any('"qiangji.landing.pulled"' in log for log in logs)
    assert not any('"logger":"asyncssh' in log for log in logs), "several lines a connection, of no use here"
    (build,) = site.builds(site.last)
    assert (build.state, build.partition_key) == ("success", str(site.last))
    assert site.alerts() == ""
    assert build.run_type == "asset_triggered"
    shares = site.shares(site.last)
    assert {code for code, value in shares.items() if value is not None} >= {"440700", *NAMES} - {"440785"}
    assert shares["440785"] is None, "late: missing is not zero"
    statuses = site.statuses(site.last)
    assert statuses["440785"] <= {"late", "awaited"}, "the second in the first working days of a month"
    assert statuses["440703"] == {"accepted"}
    assert "withheld" in statuses["440784"]
    assert statuses["440784"] <= {"accepted", "partial", "withheld"}
    assert "withheld" in statuses[WRITING]


def test_in_the_morning_what_is_wrong_is_logged_and_feedback_goes_out(site: Site) -> None:
    run = site.collect("watch_reporting")
    assert states(run) == {"success": {"working_day", "look", "feedback"}}
    asked = (run.dag_id, run.run_id)
    assert site.client.returned(*asked, "look")["late"] > 0
    log = str(site.client.task_log(*asked, "look"))
    assert "440785" in log
    for year in load(frozen.CATALOGUE, frozen.EXPECTATIONS).calendar.unknown(stages.local_today()):
        assert f"{year}.yaml" in log
    assert site.client.returned(*asked, "feedback")["sent"] > 3
    assert list((site.airflow.home / "feedback").rglob("*.xlsx"))
    told = site.collect("send_letters")
    assert states(told) == {"success": {"working_day", "letters"}}
    assert set(site.client.returned(told.dag_id, told.run_id, "letters")) == {"no_address"}, (
        "nobody has one here"
    )


def test_the_pages_are_behind_airflows_login(site: Site) -> None:
    """After the feedback went out: workbooks of counties that are no place to write to wait to be handed over."""
    from qiangji.airflow_glue.web import _web
    from qiangji.board.rendering import static_url

    kept = set((site.airflow.home / "feedback").rglob("*.xlsx"))
    with site.web() as web:
        tokens = site.tokens(web)
        as_admin, as_looker = ({"Authorization": f"Bearer {tokens[u]}"} for u in ("admin", "analyst"))
        listed = web.get("/qiangji/feedback/", headers=as_admin)
        keys = re.findall(r'href="([0-9a-f]{32})"', listed.text)
        assert (listed.status_code, len(keys)) == (200, len(kept))
        counties = {p.parent.name for p in kept}
        assert counties
        assert all(f"{c} {NAMES[c]}" in listed.text for c in counties)
        given = {"{key}": keys[0], "{county}": "440704", "{form}": "village_group"}
        given["{name}"] = static_url("board.css").removeprefix("static/")
        paths = {re.sub(r"{\w+}", lambda m: given[m[0]], path) for path in _paths(_web().routes)}
        form = "/feedback/template/440704/village_group"
        board = {path for path in paths if path.startswith("/board")}
        assert paths - board == {"/feedback/", f"/feedback/{keys[0]}", form}, "every page there is"
        assert board > {"/board", "/board/", f"/board/static/{given['{name}']}"}
        for path in board:
            assert web.get(f"/qiangji{path}").status_code == 401, path
            assert web.get(f"/qiangji{path}", headers=as_looker).status_code in (200, 307, 400), path
        for path in paths - board:
            assert web.get(f"/qiangji{path}").status_code == 401
            for wrong in ({"Authorization": f"Bearer {tokens['admin'][:-2]}"}, {"Cookie": "_token=x"}):
                answer = web.get(f"/qiangji{path}", headers=wrong)
                assert answer.status_code in (401, 403), "as Airflow's own"
                assert keys[0] not in answer.text
            assert web.get(f"/qiangji{path}", headers=as_looker).status_code == 403
            told = web.get(f"/qiangji{path}", headers=as_looker | {"Accept": "text/html"})
            assert (told.status_code, "仅限值班员和管理员" in told.text) == (403, True)
            answer = web.get(f"/qiangji{path}", headers=as_admin)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
        got = {}
        for key in keys:
            answer = web.get(f"/qiangji/feedback/{key}", headers=as_admin)
            assert answer.headers["content-disposition"].startswith("attachment; ")
            got[unquote(answer.headers["content-disposition"].rpartition("''")[2])] = answer.content
        assert got == {f"{p.parent.name}_{p.name}": p.read_bytes() for p in kept}
        for path in (*counties, "440704/x.xlsx", "..%2F..%2Fairflow%2Fpasswords.json", "0" * 32):
            assert web.get(f"/qiangji/feedback/{path}", headers=as_admin).status_code == 404
        for path in ("", "docs", "openapi.json", "redoc"):
            assert web.get(f"/qiangji/{path}", headers=as_admin).status_code == 404
        plugins = web.get("/api/v2/plugins", headers=as_admin).json()["plugins"]
    views = next(p for p in plugins if p["name"] == "qiangji")["external_views"]
    assert [urljoin("https://example.cn/airflow/", view["href"]) for view in views] == [
        "https://example.cn/airflow/qiangji/board/"
    ]


def test_each_page_that_people_open_answers(site: Site) -> None:
    """After the first night. Over psycopg 3 what the page of assets asks for was answered with 500."""
    with site.web() as web:
        headers = {user: {"Authorization": f"Bearer {token}"} for user, token in site.tokens(web).items()}
        assets = web.get("/api/v2/assets", headers=headers["admin"]).json()["assets"]
        ids = {asset["name"]: asset["id"] for asset in assets}
        assert set(ids) == {"qiangji_reports", "qiangji_mart"}
        run = next(r for r in site.client.runs("collect_nightly") if r.state == "success")
        values = {
            "dag": run.dag_id,
            "run": quote(run.run_id, safe=""),
            "day": f"{run.queued:%Y-%m-%dT00:00:00Z}",
            "asset": ids["qiangji_mart"],
        }
        refused = {}
        for user, pages in (("admin", PAGES | FOR_DUTY), ("duty", PAGES | FOR_DUTY), ("analyst", PAGES)):
            for path in (path.format(**values) for page in pages.values() for path in page):
                status = web.get(path, headers=headers[user]).status_code
                if status != 200:
                    refused[user, path.replace(values["run"], "RUN")] = status
        assert refused == {}
        assert web.get("/qiangji/feedback/", headers=headers["analyst"]).status_code == 403
        graph = web.get("/ui/dependencies", headers=headers["analyst"]).json()
    assert {(e["source_id"], e["target_id"]) for e in graph["edges"]} >= {
        ("dag:collect_nightly", f"asset:{ids['qiangji_reports']}"),
        (f"asset:{ids['qiangji_reports']}", "dag:build_indicators"),
        ("dag:build_indicators", f"asset:{ids['qiangji_mart']}"),
    }


def test_a_role_may_what_its_people_do_and_an_action_carries_a_name(site: Site) -> None:
    """After the morning, which the administrator started: once more, nothing goes out that is known."""
    with site.web() as web:
        headers = {user: {"Authorization": f"Bearer {token}"} for user, token in site.tokens(web).items()}
        start: dict[str, Any] = {"logical_date": None, "conf": {}}
        night, watch = (site.client.runs(dag)[0] for dag in ("collect_nightly", "watch_reporting"))
        run = f"/api/v2/dags/collect_nightly/dagRuns/{quote(night.run_id, safe='')}"
        begun = "/api/v2/dags/watch_reporting/dagRuns"
        started = {"admin": web.get(f"{begun}/{quote(watch.run_id)}", headers=headers["admin"]).json()}
        for user, expected in (("analyst", 403), ("duty", 200)):
            answer = web.post(begun, headers=headers[user], json=start)
            assert answer.status_code == expected, user
            assert web.delete(run, headers=headers[user]).status_code == 403, (
                "nothing that was done is removed"
            )
        started["duty"] = answer.json()
        for user in headers:
            for path in ("/api/v2/connections", "/api/v2/variables", "/auth/fab/v1/users"):
                assert web.get(path, headers=headers[user]).status_code == (
                    200 if user == "admin" else 403
                ), path
        again = started["duty"]["dag_run_id"]
        site.client.wait_for_run("watch_reporting", again, SECONDS)
        assert set(site.client.returned("watch_reporting", again, "feedback")) == {"known"}
        assert {user: run["triggering_user_name"] for user, run in started.items()} == {
            "duty": "duty",
            "admin": "admin",
        }
        logged = web.get(
            "/api/v2/eventLogs", params={"event": "trigger_dag_run"}, headers=headers["duty"]
        ).json()
        assert {"duty", "admin"} <= {e["owner"] for e in logged["event_logs"]}
        roles = {
            r["name"]: r for r in web.get("/auth/fab/v1/roles", headers=headers["admin"]).json()["roles"]
        }
        reads = {
            name: {
                (p["action"]["name"], p["resource"]["name"])
                for p in role.get("permissions", role.get("actions"))
            }
            for name, role in roles.items()
        }
        assert {p for p in reads["Viewer"] - reads["Duty"] if p[0] == "can_read"} <= {
            ("can_read", "SLA Misses")
        }


def test_a_decision_is_taken_in_airflows_frame(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """After the first night: by a duty operator, and not by an analyst."""
    with site.web() as web, chromium(tmp_path_factory.mktemp("chromium")) as browser:
        tokens = site.tokens(web)
        log_in(browser, site.airflow.url, "duty", "who runs")
        enter_board(browser)
        seen(browser, "nav a[href^=quality]").click()
        link = seen(browser, "a[href*='dispose=confirmed']")
        finding = dict(parse_qsl(urlsplit(str(link.get_attribute("href"))).query))["finding"]
        link.click()
        seen(browser, "dialog:modal textarea").send_keys("已电话核实")
        seen(browser, "dialog:modal button[type=submit]").click()
        assert "duty" in seen(browser, ".done").text
        with site.night() as night:
            (taken,) = night.query("SELECT * FROM mart.decision WHERE finding_id = :id", id=finding)
        assert (taken["decided_by"], taken["action"], taken["reason"]) == ("duty", "confirmed", "已电话核实")
        headers = {user: {"Authorization": f"Bearer {tokens[user]}"} for user in tokens}
        logged = web.get(
            "/api/v2/eventLogs", params={"event": "qiangji_decided"}, headers=headers["duty"]
        ).json()
        assert [e["owner"] for e in logged["event_logs"]] == ["duty"]

        browser.driver.switch_to.default_content()
        log_in(browser, site.airflow.url, "analyst", "who reads")
        enter_board(browser)
        seen(browser, "nav a[href^=quality]").click()
        seen(browser, "#list")
        assert browser.driver.find_elements("css selector", "a[href*='dispose='], input[type=checkbox]") == []
        sent = {"action": "open", "finding": finding, "seen": "confirmed", "reason": "x"}
        own = {"Sec-Fetch-Site": "same-origin"}
        refused = web.post("/qiangji/board/decide", data=sent, headers=headers["analyst"] | own)
        assert refused.status_code == 403
        with site.night() as night:
            assert night.query("SELECT * FROM mart.decision WHERE finding_id = :id", id=finding) == [taken]


def test_a_month_that_is_started_by_hand_is_built_as_well(site: Site) -> None:
    """After the first night. The form of a run by hand has a period, and no partition key."""
    month = site.last - 1
    assert site.shares(month) == {}, "nothing of it yet"
    run = site.collect("collect_period", conf={"period": str(month)})
    assert run.state == "success", states(run)
    assert run.partition_key is None
    assert {b.partition_key: b.state for b in site.builds(month)} == {str(month): "success"}
    shares = site.shares(month)
    assert shares["440700"] is not None
    assert shares["440785"] is not None
    ahead = site.collect("collect_period", conf={"period": str(site.last + 1)})
    assert ahead.state == "failed", "a month that has not ended is refused by this door, too"
    for task in ("plan", "verdict"):
        said = site.client.task_log("collect_period", ahead.run_id, task)
        assert "has not ended" in said, task
        assert "TypeError" not in said
    checks = {i.state for (task, _), i in ahead.tasks.items() if task == "check"}
    assert checks == {"skipped"}, "nothing was planned, so nothing is checked"


def test_a_backfill_over_what_is_there_changes_nothing(site: Site) -> None:
    """After the night and the month before it, once what they and the decision change is built, by hand."""
    assert site.collect("build_indicators", conf={"period": str(site.last)}).state == "success"
    with site.night() as night:
        before, revisions, files = night.snapshot(), night.revisions(), _but_outcomes(night)
    assert before["mart.indicator_value"], "something that could change"
    ended = {(r.partition_key, r.run_type, r.state) for r in site.backfill(site.last - 1, site.last)}
    assert ended == {(str(month), "backfill", "success") for month in (site.last - 1, site.last)}
    assert {b.state for b in site.builds(site.last - 1, site.last)} == {"success"}
    with site.night() as night:
        assert_same(before, night.snapshot())
        assert night.revisions() == revisions
        assert _but_outcomes(night) == files, "no event in the journal but that it was collected"


def test_one_county_down_is_red_at_its_pull_and_at_the_end_and_costs_the_others_nothing(site: Site) -> None:
    """After the nights before; looks back over a month that was never collected."""
    month = site.last - 2
    demo.event(settings(), "down", DOWN)
    try:
        run = site.collect(conf={"months": 3})
    finally:
        site.event("up", county=DOWN)
    assert run.state == "failed"
    found = states(run)
    assert found.pop("failed") == {"collect_again", "verdict"}
    assert set(found) == {"success"}, "nothing skipped, nothing left out"
    assert run.tasks["pull", NAMES[DOWN]].try_number == 1, "nobody waits for it"
    assert run.tasks["collect_again", None].try_number == 3, "it may pass by itself: tried again"
    said = site.client.task_log("collect_nightly", run.run_id, "verdict")
    assert f"not collected: {DOWN} {NAMES[DOWN]}" in said
    assert "CollectError: " in said
    assert "1 county could not be collected" in said
    assert f"采集 collected {month}..{site.last}: 8 县 counties" in said, (
        "the city's departments report by quarter"
    )
    link = f"[collect_nightly](dags/collect_nightly/runs/{quote(run.run_id, safe='')})"
    assert re.search(
        r"error: 每日采集 [-0-9]{10} [0-9:]{5} 失败 failed: " + re.escape(link), site.alerts()
    ), "the page's own count of failed DAGs leaves partitions out"

    assert {b.state for b in site.builds(month)} == {"success"}
    shares = site.shares(month)
    assert shares["440700"] is not None
    assert shares[HANGING] is not None
    assert shares[DOWN] is None
    assert site.statuses(month)[DOWN] == {"failed"}
    assert site.statuses(site.last)[DOWN] == {"accepted"}, "what it had reported still counts"
    with site.night() as night:
        (row,) = night.query(
            "SELECT * FROM mart.reporting_status WHERE (county_code, form, period) = (:c, 'village', :p)",
            c=DOWN, p=str(month),
        )  # fmt: skip
    assert row["reason_code"] == "unreachable"
    assert row["last_attempt_failed"]

    # it is up now: as the runbook says, the red task is cleared with what follows it
    what = {"dag_run_id": run.run_id, "task_ids": ["collect_again"], "include_downstream": True}
    site.client._request(
        "POST", "/dags/collect_nightly/clearTaskInstances",
        json=what | {"dry_run": False, "only_failed": False, "reset_dag_runs": True},
    )  # fmt: skip
    again = site.client.wait_for_run("collect_nightly", run.run_id, SECONDS, every=1)
    assert again.state == "success", site.tasks(again)
    assert {b.state for b in site.builds(month)} == {"success"}
    assert site.shares(month)[DOWN] is not None
    assert site.statuses(month)[DOWN] == {"accepted"}
    assert re.search(
        r"采集 collected .*: 8 县 counties, \d+ 来件", site.client.returned(run.dag_id, run.run_id, "verdict")
    )


def test_a_county_that_hangs_delays_nobody_and_a_wrong_token_is_not_tried_again(site: Site) -> None:
    """The last night: a token that was refused stays so. It is that of a connection in Airflow."""
    _connect(site, REFUSING)
    site.event("hang", county=HANGING)
    site.event("wrong_token", county=REFUSING)
    run = site.collect(conf={"months": 3})
    site.event("up", county=HANGING)
    found = states(run)
    assert found.pop("failed") == {f"pull {NAMES[REFUSING]}", "collect_again", "verdict"}
    assert set(found) == {"success"}
    pulls = {name: one for (task, name), one in run.tasks.items() if task == "pull"}
    assert pulls[NAMES[REFUSING]].try_number == 1, "somebody must change something first"
    began, ended = pulls[NAMES[HANGING]].start, pulls[NAMES[HANGING]].end
    assert began
    assert ended
    assert COUNTY_SECONDS <= (ended - began).total_seconds() < COUNTY_SECONDS + 6, "its timeout, and no more"
    again, announced = run.tasks["collect_again", None], run.tasks["announce", None]
    assert (again.try_number, pulls[NAMES[HANGING]].try_number) == (3, 1)
    assert announced.end
    assert again.end
    assert announced.end < again.end, "the others are checked and announced before it is tried again"
    first_try = site.client.task_log("collect_nightly", run.run_id, "collect_again")
    assert f"took longer than its {COUNTY_SECONDS} seconds" in first_try
    assert "login_refused" not in first_try, "it alone is tried again"

    assert {b.state for b in site.builds(site.last)} == {"success"}
    with site.night() as night:
        rows = night.query(
            "SELECT DISTINCT county_code, reason_code FROM ops.collection WHERE run_id = :r AND status = 'failed'",
            r=run.run_id,
        )
    assert {r["county_code"]: r["reason_code"] for r in rows} == {
        HANGING: "timeout",
        REFUSING: "login_refused",
    }


WORD = "Geheimwort"
"""Part of every secret of the connection in Airflow, and of nothing else."""


def _connections(site: Site) -> list[str]:
    """The county systems', a line each."""
    return (site.airflow.home / "connections.env").read_text(encoding="utf-8").splitlines()


def _connect(site: Site, code: str) -> None:
    """Make the county's connection in Airflow, with a login that its system refuses."""
    at = urlsplit(next(line for line in _connections(site) if code in line).partition("=")[2])
    site.client._request(
        "POST",
        "/connections",
        json={
            "connection_id": f"county_{code}", "conn_type": "http", "host": at.hostname, "port": at.port,
            "login": "login", "password": f"{WORD}/1@#", "extra": json.dumps({"access_token": f"{WORD}-2"}),
        },
    )  # fmt: skip


def test_no_secret_of_a_connection_is_in_anything_that_airflow_keeps(site: Site) -> None:
    """After all nights: the last one's login, of the connection in Airflow, was refused."""
    night = site.client.runs("collect_nightly")[-1]
    pulled = site.tasks(night)["pull", NAMES[REFUSING]]
    assert pulled.state == "failed"
    said = site.client.task_log("collect_nightly", night.run_id, "pull", map_index=pulled.map_index)
    assert "login_refused" in said
    assert "403" in said or "401" in said

    passwords = [urlsplit(line.partition("=")[2]).password for line in _connections(site)]
    secrets = [WORD, *filter(None, passwords), *filter(None, map(unquote, filter(None, passwords)))]
    assert len(secrets) > 6
    home = site.airflow.home
    own = {home / "connections.env", home / "simulator", home / "airflow" / "secrets.json"}
    files = [p for p in home.rglob("*") if p.is_file() and not ({p, *p.parents} & own)]
    kept = {str(p): p.read_bytes() for p in files}
    assert any(name.endswith("verdict/attempt=1.log") for name in kept)
    for database, role in (("airflow", "airflow"), ("qiangji", "qiangji_owner")):
        url = site.airflow.postgres.url(database, role=role, driver=None)
        kept[database] = subprocess.run([_tool("pg_dump"), url], capture_output=True, check=True).stdout
    assert b"county_440704" in kept["airflow"]
    assert [
        (name, secret)
        for name, content in kept.items()
        for secret in secrets
        if secret.encode() in content or quote(secret, safe="").encode() in content
    ] == []


def test_no_personal_data_is_left_anywhere(site: Site) -> None:
    """After all the nights: in Airflow's own database (XCom among it), the warehouse, the logs, the lake, feedback."""
    with site.night() as night:
        rows = night.query("SELECT count(*) AS n FROM ops.submission WHERE status = 'withheld'")
    assert rows[0]["n"] >= len(site.values.drawn)
    with site.server.connect() as c:
        names = {r[0] for r in c.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")}
    assert {site.database, "airflow"} < names
    searched = {}
    for name in names - {site.database}:
        dump = [_tool("pg_dump"), site.server.url(name, driver=None)]
        searched[name] = subprocess.run(dump, capture_output=True, check=True).stdout
    assert b"task_instance" in searched["airflow"]
    assert b"personal_data" in b"".join(searched.values())
    for path in site.airflow.home.rglob("*"):
        if path.is_file() and "simulator" not in path.relative_to(site.airflow.home).parts:
            searched[str(path)] = path.read_bytes()
    assert sum("logs" in name for name in searched) > 20
    found = {
        n: v
        for n, content in searched.items()
        for t in texts_of(content, n)
        if (v := site.values.found_in(t))
    }
    assert found == {}
