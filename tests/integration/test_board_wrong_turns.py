"""The board where the address, the account, the warehouse or the program is wrong: each is a page that says so."""

from __future__ import annotations

import re
from typing import Any

import fastapi
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from qiangji.board import Viewer, pages
from qiangji.board.asking import Warehouse
from qiangji.settings import settings
from tests.integration.boards import INDICATOR, Site, served, site

__all__ = ["site"]


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("?periode=2026-10", 400, "period, type, as_of, tree"),
        ("?period=2026-13", 400, "2026Q3"),
        ("?period=2031-01", 400, "2026-10"),
        ("?org=999999", 400, "org unit 999999"),
        ("?as_of=2999-01-01", 400, "2999-01-01"),
        ("?as_of=2000-01-01", 400, "2000-01-01"),
        ("indicator?indicator=none_such", 400, "none_such"),
        (f"indicator?indicator={INDICATOR}&period=2019-01", 400, "2026-07 to 2026-10"),
        (f"indicator?indicator={INDICATOR}&level=planet", 400, "planet"),
        ("nothing", 404, "There is no such page"),
        ("no/such/page", 404, "There is no such page"),
        ("static/board.css", 404, "There is no such page"),
    ],
)
def test_a_wrong_address_is_a_page_that_says_what_there_is(
    site: Site, address: str, status: int, words: str
) -> None:
    answer = site.get(address, **{"accept-language": "en"})
    assert answer.status_code == status
    assert words in answer.text.replace("&#39;", "'")
    assert "Traceback" not in answer.text
    home = re.findall(r'<li><a href="([^"]+)"', answer.text)[0]
    base = address.split("?")[0]
    assert answer.url.join(home).path == "/qiangji/board/", base


def test_who_is_not_logged_in_gets_a_page(site: Site) -> None:
    def nobody() -> Viewer:
        raise fastapi.HTTPException(401, "Not authenticated")

    client = TestClient(served(site.warehouse, nobody))
    for address in ("", "indicator", "static/x"):
        answer = client.get(f"/qiangji/board/{address}")
        assert answer.status_code == 401
        assert "请先登录" in answer.text
        assert "440700" not in answer.text


def test_an_account_that_may_not_look_gets_a_sentence(site: Site) -> None:
    def nobody() -> Viewer:
        raise fastapi.HTTPException(403, {"zh": "该账号无权查看指标。", "en": "This account may not."})

    client = TestClient(served(site.warehouse, nobody))
    for address in ("", "indicator", "static/board.css", "static/x"):
        for lang, words, others in (("zh", "该账号无权查看指标", "may not"), ("en", "may not", "该账号")):
            answer = client.get(f"/qiangji/board/{address}?lang={lang}")
            assert answer.status_code == 403
            assert words in answer.text
            assert others not in answer.text


def test_a_login_of_another_server_is_asked_for_anew(site: Site) -> None:
    def nobody() -> Viewer:
        raise fastapi.HTTPException(403, "Invalid JWT token")  # as Airflow says after its secret changed

    answer = TestClient(served(site.warehouse, nobody)).get("/qiangji/board/")
    assert answer.status_code == 403
    assert "请先登录" in answer.text
    assert "JWT" not in answer.text


def test_a_warehouse_that_is_down_is_a_page_and_comes_back(site: Site) -> None:
    url = sa.make_url(settings().warehouse_url)
    for wrong in (url.set(port=1), url.set(password="wrong"), url.set(database="no_such")):
        text = wrong.render_as_string(hide_password=False)
        down = settings().model_copy(update={"board_url": "", "warehouse_url": text})
        answer = TestClient(served(Warehouse(down))).get("/qiangji/board/")
        assert answer.status_code == 503
        assert "数据仓库" in answer.text
        assert "wrong" not in answer.text
    with site.warehouse.snapshot() as (engine, _), engine.connect() as c:
        mine = c.scalar(sa.text("SELECT pg_backend_pid()"))
    site.night.query("SELECT pg_terminate_backend(:p)", p=mine)
    assert site.get().status_code == 200, "the pool finds its way back"


def test_a_statement_that_takes_too_long_is_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(engine: Any, *_: Any) -> Any:
        with engine.connect() as c:
            c.execute(sa.text("SET LOCAL statement_timeout = 20"))
            c.execute(sa.text("SELECT pg_sleep(3)"))

    monkeypatch.setitem(pages.PAGES, "", pages.Page("overview", slow, slow))
    answer = site.get("", **{"accept-language": "en"})
    assert (answer.status_code, "longer than" in answer.text) == (503, True)


def test_a_fault_of_the_program_s_is_a_page_with_a_number(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("secret")

    monkeypatch.setitem(pages.PAGES, "", pages.Page("overview", broken, broken))
    answer = site.get("", **{"accept-language": "en"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    (number_,) = re.findall(r"under (\w{8}):", answer.text)
    assert number_ in caplog.text
