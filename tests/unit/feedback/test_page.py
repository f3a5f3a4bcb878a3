"""What the page offers: whole files of counties that are known, and nothing that only looks like one."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import fastapi
import openpyxl
import pytest
from fastapi.testclient import TestClient

from qiangji.catalogue.load import Catalogue, load
from qiangji.feedback import page, web
from tests.frozen import paths as frozen

ZONE = "Asia/Shanghai"


@pytest.fixture
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def put(home: Path, county: str, name: str, content: bytes = b"x") -> Path:
    path = home / "feedback" / county / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_what_waits_is_listed_by_county_the_latest_first(tmp_path: Path, catalogue: Catalogue) -> None:
    os.utime(put(tmp_path, "440704", "b.xlsx"), (1, 1))
    os.utime(put(tmp_path, "440703", "a.xlsx", b"content"), (86400, 86400))
    os.utime(put(tmp_path, "440703", "z.xlsx"), (172800, 172800))
    found = page.kept(tmp_path, catalogue, ZONE)
    assert [(k.county_code, k.name) for k in found] == [
        ("440703", "z.xlsx"), ("440703", "a.xlsx"), ("440704", "b.xlsx"),
    ]  # fmt: skip
    assert page.content(tmp_path, found[1]) == b"content"
    shown = page.html(found, catalogue)
    assert "1970-01-02 08:00" in shown
    assert shown.index("440703 蓬江区") < shown.index("440704 江海区")
    assert len({k.key for k in found}) == 3
    assert page.kept(tmp_path / "nothing", catalogue, ZONE) == []
    assert "Nothing waits" in page.html([], catalogue)


def test_nothing_else_is_offered(tmp_path: Path, catalogue: Catalogue) -> None:
    hidden = tmp_path / "secrets.json"
    hidden.write_text("{}")
    put(tmp_path, "440703", ".0123.tmp")
    put(tmp_path, "999999", "a.xlsx")  # no county
    folder = put(tmp_path, "440704", "a folder/x.xlsx").parent.parent
    (folder / "link.xlsx").symlink_to(hidden)
    os.mkfifo(folder / "pipe.xlsx")
    (tmp_path / "feedback" / "440705").symlink_to(tmp_path)
    assert page.kept(tmp_path, catalogue, ZONE) == []


def test_what_became_a_link_after_it_was_listed_is_not_followed(tmp_path: Path, catalogue: Catalogue) -> None:
    hidden = tmp_path / "secrets.json"
    hidden.write_text("{}")
    path = put(tmp_path, "440703", "a.xlsx")
    (one,) = page.kept(tmp_path, catalogue, ZONE)
    path.unlink()
    assert page.content(tmp_path, one) is None
    path.symlink_to(hidden)
    assert page.content(tmp_path, one) is None
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(tmp_path)
    (tmp_path / "a.xlsx").write_text("beside")
    assert page.content(tmp_path, one) is None


def test_a_name_is_text_and_no_markup(tmp_path: Path, catalogue: Catalogue) -> None:
    put(tmp_path, "440703", '<b>"x"&.xlsx')
    (one,) = page.kept(tmp_path, catalogue, ZONE)
    assert "<b>" not in page.html([one], catalogue)
    assert page.attachment(one).endswith("''440703_%3Cb%3E%22x%22%26.xlsx")


def test_forms_to_fill_in_are_made_when_they_are_asked_for(catalogue: Catalogue) -> None:
    taken: list[tuple[str, dict[str, str]]] = []
    application = web.application(fastapi, lambda: "duty", lambda who, what: taken.append((who, what)))
    client = TestClient(application)
    shown = client.get("/feedback/")
    assert shown.status_code == 200
    links = re.findall(r'href="template/(\d+)/(\w+)"', shown.text)
    kept = [c for c in catalogue.counties.values() if c.transport in ("http_api", "database")]
    assert links == [(c.county, f.form) for c in kept for f in catalogue.forms_of(c.county)]
    got = client.get("/feedback/template/440703/village")
    assert got.status_code == 200
    assert got.headers["cache-control"] == "no-store"
    period = taken[0][1]["period"]
    assert f"UTF-8''village_{period}.xlsx" in got.headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(got.content)).sheetnames == ["填表说明", "行政村党建月报表"]
    assert taken == [("duty", {"county": "440703", "form": "village", "period": period})]
    for path in ("440705/village", "440703/nothing", "999999/village"):  # it can be written to; there is none
        assert client.get(f"/feedback/template/{path}").status_code == 404


BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MINE = {"zh": "仅限值班员和管理员。", "en": "For duty operators and administrators."}


@pytest.mark.parametrize(
    ("status", "detail", "words"),
    [
        (401, "Not authenticated", ("请先登录", "Please log in")),
        (403, "Invalid JWT token", ("请先登录", "Please log in")),
        (403, MINE, ("无权查看", "Not for this account", *MINE.values())),
    ],
)
def test_who_may_not_look_is_told_in_words_and_a_program_in_json(
    status: int, detail: Any, words: tuple[str, ...]
) -> None:
    def nobody() -> str:
        raise fastapi.HTTPException(status, detail)

    outer = fastapi.FastAPI()
    outer.mount("/qiangji", web.application(fastapi, nobody, lambda *_: None))
    client = TestClient(outer)
    for path in ("feedback/", "feedback/" + "0" * 32, "feedback/template/440703/village"):
        answer = client.get(f"/qiangji/{path}", headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert answer.headers["cache-control"] == "no-store"
        assert all(word in answer.text for word in words)
        assert "JWT" not in answer.text
        links = re.findall(r'href="([^"]+)"', answer.text)
        assert [answer.url.join(link).path for link in links] == ["/qiangji/board/", "/"]
        told = client.get(f"/qiangji/{path}")
        assert (told.status_code, told.json()) == (status, {"detail": detail})


def test_what_is_not_there_is_a_page() -> None:
    client = TestClient(web.application(fastapi, lambda: "duty", lambda *_: None))
    for path in ("feedback/" + "0" * 32, "feedback/template/440703/nothing", "nothing", "feedback/a/b/c/d"):
        answer = client.get(f"/{path}", headers=BROWSER)
        assert (answer.status_code, "没有该文件" in answer.text) == (404, True), path
        assert "detail" in client.get(f"/{path}").json()
