"""Letters go out once: through a real SMTP server and a real HTTP one on loopback, recorded in a real ledger."""

from __future__ import annotations

import asyncio
import email
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from typer.testing import CliRunner

from qiangji import letters, restoring
from qiangji.cli import app
from qiangji.errors import PermanentError
from qiangji.letters import mail, sent
from qiangji.pipeline import read_catalogue
from qiangji.restoring.verifying import verify
from qiangji.settings import settings
from tests.conftest import Workplace
from tests.integration.servers import Api, certificate, raw, saying
from tests.unit.letters.made import A, C, busy

FROM, TO, OTHER, PASSWORD = "qiangji@city.example", "duty@city.example", "gone@city.example", "geheim-geheim"
KEY = "0123-4567-89ab"


class Handler:
    """Takes mail; refuses mailboxes that begin with `gone`, and says `busy` so many times first."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.encrypted: list[bool] = []
        self.busy = 0
        self.silent = False

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("gone"):
            return f"550 no such user {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if self.busy:
            self.busy -= 1
            return f"451 try again later, {FROM}"
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.encrypted.append(session.ssl is not None)
        if self.silent:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"


class Office(Controller):
    """A mail server on a free port of loopback."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def post_office(handler: Handler, **options: Any) -> Iterator[int]:
    """A mail server; gives its port."""
    office = Office(handler, hostname="127.0.0.1", port=0, **options)
    office.start()
    try:
        yield office.port
    finally:
        office.stop(no_assert=True)


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def place(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty warehouse, in which a made-up morning is what is found, and no pause between tries."""
    monkeypatch.setenv("QIANGJI_LETTER_HOSTS", "127.0.0.1")
    settings.cache_clear()
    monkeypatch.setattr(letters, "look", lambda p, at=None: busy())
    monkeypatch.setattr(letters, "PAUSE", 0.0)
    monkeypatch.setattr(mail, "SECONDS", 3.0)
    with workplace.pipeline() as p:
        yield p


def address(port: int, to: str = TO, *, scheme: str = "smtp", login: str = "", more: str = "") -> str:
    return f"{scheme}://{login}127.0.0.1:{port}/?from={quote(FROM)}&to={quote(to)}{more}"


def statuses(found: list[letters.Outcome]) -> dict[str, str]:
    return {o.connection: o.status for o in found}


def said(caplog: pytest.LogCaptureFixture) -> str:
    """What we logged; the mail server of the test logs addresses, as it may."""
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("qiangji"))


def rows(p: Any) -> list[dict[str, Any]]:
    from qiangji.figures import read

    return read(p.ledger.engine, "SELECT * FROM mart.letter ORDER BY reader, connection")


def test_the_city_and_counties_with_an_address_get_theirs_once(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{A}", address(port, "a@county.example"))
        planned = letters.plan(place)
        assert statuses(planned) == {
            f"letter_{A}": "planned",
            f"letter_{C}": "no_address",
            "letter_city": "planned",
        }
        assert rows(place) == [], "a dry run records nothing"
        first, second = letters.send(place), letters.send(place)
    assert statuses(first) == {f"letter_{A}": "sent", f"letter_{C}": "no_address", "letter_city": "sent"}
    assert statuses(second) == {f"letter_{A}": "known", f"letter_{C}": "no_address", "letter_city": "known"}
    assert [m["To"] for m in handler.taken] == ["a@county.example", TO]
    county, city = handler.taken
    assert county["Subject"].startswith("【逾期告知】强基报送 蓬江区")
    assert city["Message-ID"].endswith("@city.example>")
    assert city["Auto-Submitted"] == "auto-generated"
    plain, html = (city.get_body([kind]) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert "等待处理" in plain.get_content()
    assert "<table" in html.get_content()
    assert "没有可用的连接letter_440705" in plain.get_content()
    assert [(r["reader"], r["status"], r["tries"]) for r in rows(place)] == [
        (A, "sent", 1),
        ("city", "sent", 1),
    ]


def test_a_server_that_is_busy_is_asked_again_with_the_same_message_id(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handler.busy = letters.TRIES
    with post_office(handler) as port, caplog.at_level(logging.INFO):
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        (o,) = letters.send(place, ["city"])
        assert (o.status, o.reason_code) == ("failed", "not_now")
        assert handler.taken == []
        (row,) = rows(place)
        assert (row["status"], row["tries"], row["reason_code"]) == ("failed", 1, "not_now")
        handler.busy = letters.TRIES - 1
        assert statuses(letters.send(place, ["city"])) == {"letter_city": "sent"}
    assert len(handler.taken) == 1
    assert (
        handler.taken[0]["Message-ID"]
        == place.ledger.engine.connect().exec_driver_sql("SELECT message_id FROM ops.letter").scalar()
    )
    assert "451" in said(caplog)
    assert FROM not in said(caplog), "the server's own words quote an address"
    assert rows(place)[0]["tries"] == 2


def test_silence_after_the_letter_was_handed_over_sends_nothing_again(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.silent = True
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        assert statuses(letters.send(place, ["city"])) == {"letter_city": "unsure"}
        assert statuses(letters.send(place, ["city"])) == {"letter_city": "unsure"}
        assert len(handler.taken) == 1
        handler.silent = False
        assert statuses(letters.send(place, ["city"], again=True)) == {"letter_city": "sent"}
    assert len(handler.taken) == 2
    assert len({m["Message-ID"] for m in handler.taken}) == 1, "a mail server can tell that they are one"


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_run_that_is_killed_over_a_letter_leaves_it_to_a_person(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    """Before it is handed over or after it: nobody can tell which, so that it is not sent by itself."""

    def die(*args: Any, **said: Any) -> Any:
        raise KeyboardInterrupt

    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        with monkeypatch.context() as patch:
            patch.setattr(*((mail, "deliver") if killed == "before" else (sent, "record")), die)
            with pytest.raises(KeyboardInterrupt):
                letters.send(place, ["city"])
        (o,) = letters.send(place, ["city"])
        assert o.status == "unsure"
        assert "--again" in str(o.message)
    assert len(handler.taken) == (killed == "after")


def test_of_two_runs_at_once_one_sends(place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        found: list[letters.Outcome] = []
        runs = [
            threading.Thread(target=lambda: found.extend(letters.send(place, ["city"]))) for _ in range(4)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert len(handler.taken) == 1
    assert [o.status for o in found].count("sent") == 1


def test_an_address_that_is_refused_keeps_nobody_elses_letter(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port, f"{OTHER},{TO}"))
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{A}", address(port, OTHER))
        county, _, city = letters.send(place)
    assert (city.status, city.refused) == ("sent", 1)
    assert (county.status, county.reason_code) == ("failed", "letter_refused")
    assert "550" in str(county.message)
    assert OTHER not in said(caplog) + str(county.message)
    assert len(handler.taken) == 1


def test_a_server_that_is_down_is_told_once_and_fails_nobody_else(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raw(saying(b""), speaks_first=True) as down, post_office(handler) as port:
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{A}", address(down.port))
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{C}", address(down.port))
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        found = letters.send(place)
        assert statuses(found) == {f"letter_{A}": "failed", f"letter_{C}": "failed", "letter_city": "sent"}
        assert {o.reason_code for o in found if o.status == "failed"} == {"unreachable"}
        assert down.connections <= letters.TRIES


def test_mail_is_encrypted_and_the_login_is_not_sent_to_a_stranger(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, authority = certificate(tmp_path)
    logins = []

    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        logins.append((data.login, session.ssl is not None))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticator,
    }
    with post_office(handler, **options) as port:
        good, wrong = (f"{quote(FROM, safe='')}:{word}@" for word in (PASSWORD, "falsch-falsch"))
        tries = [
            (address(port, login=good), "bad_certificate", []),
            (address(port, login=wrong, more=f"&ca={authority}"), "login_refused", [(FROM.encode(), True)]),
            (address(port, login=good, more=f"&ca={authority}"), None, [(FROM.encode(), True)]),
        ]
        for uri, code, seen in tries:
            monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", uri)
            logins.clear()
            (o,) = letters.send(place, ["city"])
            assert o.reason_code == code
            assert set(logins) == set(seen), "smtplib tries one way to log in after the other"
            assert PASSWORD not in str(o.message)
    assert handler.encrypted == [True]


def test_a_server_that_cannot_encrypt_gets_nothing_unless_it_is_named_so(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiangji.letters.addresses import channel

    with post_office(handler) as port:
        found = channel("letter_city", address(port))
        strict = type(found)(**(vars(found) | {"is_plain": False}))
        letter = next(letters.compose(busy(), read_catalogue(), settings(), lambda _: [], ["city"]))
        with pytest.raises(PermanentError) as e:
            mail.deliver(strict, letter, "<x@y>")
    assert "does not encrypt" in str(e.value)
    assert handler.taken == []


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.stop()


ROBOTS = {
    "wecom": (
        "/cgi-bin/webhook/send",
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 93000, "errmsg": "invalid webhook"},
    ),
    "dingtalk": ("/robot/send", {"errcode": 0}, {"errcode": 310000, "errmsg": "sign not match"}),
    "feishu": (
        f"/open-apis/bot/v2/hook/{KEY}",
        {"code": 0, "msg": "success"},
        {"code": 19021, "msg": "sign match fail"},
    ),
}


@pytest.mark.parametrize("robot", ROBOTS)
def test_a_groups_robot_is_told_briefly_and_believed_by_its_body(
    place: Any, api: Api, monkeypatch: pytest.MonkeyPatch, robot: str
) -> None:
    """Robots answer 200 whatever they make of it."""
    path, good, bad = ROBOTS[robot]
    heard: list[dict[str, Any]] = []
    answers: list[Any] = [(200, {}, bad), (200, {}, {"errcode": -1, "code": -1}), (200, {}, good)]

    def answer(query: dict[str, str], headers: Any) -> Any:
        heard.append(query)
        return answers.pop(0)

    api.routes[path] = answer
    monkeypatch.setenv(
        f"QIANGJI_CONN_LETTER_{A}_CHAT", f"{robot}://:{KEY}@127.0.0.1:{api.port}/?secret=SEC-geheim"
    )
    (o,) = letters.send(place, [A])
    assert (o.status, o.reason_code) == ("failed", "letter_refused")
    assert KEY not in str(o.message)
    assert statuses(letters.send(place, [A])) == {f"letter_{A}_chat": "sent"}, "the second try of one run"
    assert statuses(letters.send(place, [A])) == {f"letter_{A}_chat": "known"}
    assert len(heard) == 3
    told = json.loads(heard[-1]["body"])
    text = (told.get("text") or told.get("content"))["content" if robot != "feishu" else "text"]
    assert text.startswith("【逾期告知】强基报送 蓬江区")
    assert len(text.encode()) < 2048
    if robot == "wecom":
        assert heard[-1]["key"] == KEY
    else:
        assert (heard[-1] if robot == "dingtalk" else told)["sign"]


def test_signatures_are_what_the_services_document() -> None:
    """Worked out from the documents of both: HMAC-SHA256 over time and secret, in base64."""
    import base64
    import hashlib
    import hmac

    from qiangji.letters.robots import _signed

    text = b"1599360473000\nSECx"
    assert _signed(b"SECx", text) == base64.b64encode(hmac.digest(b"SECx", text, hashlib.sha256)).decode()
    assert _signed(text, b"") == base64.b64encode(hmac.digest(text, b"", hashlib.sha256)).decode()


@pytest.mark.parametrize(
    ("answer", "status", "again"),
    [
        ((302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""), "failed", "failed"),
        ((404, {}, b""), "failed", "failed"),
        ((429, {}, b""), "failed", "failed"),
        ((500, {}, b""), "unsure", "unsure"),
        ((204, {}, b""), "sent", "known"),
    ],
)
def test_a_webhook(
    place: Any, api: Api, monkeypatch: pytest.MonkeyPatch, answer: Any, status: str, again: str
) -> None:
    heard: list[tuple[dict[str, str], str]] = []

    def hear(query: dict[str, str], headers: Any) -> Any:
        heard.append((query, headers["authorization"]))
        return answer

    api.routes["/services/geheim-path"] = hear
    monkeypatch.setenv(
        "QIANGJI_CONN_LETTER_CITY",
        f"http://login:{PASSWORD}@127.0.0.1:{api.port}/services/geheim-path?room=7",
    )
    (o,) = letters.send(place, ["city"])
    assert o.status == status
    assert "geheim" not in str(o.message)
    assert statuses(letters.send(place, ["city"])) == {"letter_city": again}
    told = json.loads(heard[0][0]["body"])
    assert heard[0][0]["room"] == "7"
    assert heard[0][1].startswith("Basic ")
    assert {"title", "message", "html", "message_id", "day", "reader"} == set(told)
    assert told["reader"] == "city"


def test_a_webhook_that_hangs_up_may_have_heard_it(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw(saying(b"")) as server:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", f"http://127.0.0.1:{server.port}/x")
        assert statuses(letters.send(place, ["city"])) == {"letter_city": "unsure"}
        assert server.connections == 1


def test_what_was_sent_comes_back_from_the_journal_and_is_not_sent_again(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{A}", address(1))
        letters.send(place, ["city", A])
        before = rows(place)
        assert [r["status"] for r in before] == ["failed", "sent"]
        found = verify(place.catalogue, place.settings)
        assert not [f for f in found.faults if "letter" in f.where], found.faults
        with place.ledger.engine.begin() as c:
            c.exec_driver_sql("DELETE FROM ops.letter")
        lost = [f.code for f in verify(place.catalogue, place.settings).faults if "letter" in f.where]
        assert lost == ["not_in_ledger"] * 2
        restoring.rebuild(place.catalogue, place.settings, force=True)
        assert rows(place) == before
        assert statuses(letters.send(place, ["city"])) == {"letter_city": "known"}
    assert len(handler.taken) == 1


def test_nothing_of_an_address_is_kept(place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port, f"{TO},{OTHER}"))
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{A}", address(port, OTHER))
        letters.send(place)
    kept = "".join(path.read_text() for path in (place.settings.lake / "journal").rglob("letter-*.json"))
    with place.ledger.engine.connect() as c:
        kept += str(c.exec_driver_sql("SELECT * FROM ops.letter").all())
    assert "letter_city" in kept
    for secret in (TO, OTHER, FROM, PASSWORD):
        assert secret not in kept


def test_the_command_shows_sends_and_says_what_could_not_be_sent(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        ran = CliRunner().invoke(app, ["letter", *arguments])
        assert TO not in ran.output, "an address is never printed"
        return ran.exit_code, ran.stdout

    with post_office(handler) as port:
        monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", address(port))
        code, shown = run("--dry-run", "--city", "--json")
        (told,) = json.loads(shown)
        assert (code, told["status"], told["channel"], told["reader"]) == (0, "planned", "mail", "city")
        assert told["text"]
        assert told["html"].startswith("<!doctype html>")
        assert run("--dry-run", "--county", C, "--language", "en", "--out", str(tmp_path))[0] == 0
        assert sorted(p.name for p in tmp_path.glob("2026*")) == [
            f"2026-11-05_{C}.html",
            f"2026-11-05_{C}.txt",
        ]
        assert "Villages" in (tmp_path / f"2026-11-05_{C}.txt").read_text()
        assert handler.taken == []
        code, shown = run("--json")
        assert (code, [o["status"] for o in json.loads(shown)]) == (0, ["no_address", "no_address", "sent"])
        assert "html" not in json.loads(shown)[0]
        assert "今天已发送" in run("--city")[1]
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{C}", address(port, "nobody"))
        code, shown = run("--county", C)
        assert code == 3
        assert "bad_address" in shown
    assert len(handler.taken) == 1
