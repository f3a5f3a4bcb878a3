"""Where letters may go: what is no address is told without being quoted, and no host but those that are named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qiangji import masking
from qiangji.cli import doctor
from qiangji.errors import PermanentError
from qiangji.letters.addresses import channel, channels_of
from qiangji.settings import settings
from tests.unit.letters.made import A

MAIL = "smtps://qiangji%40city.example:geheim-123@mail.city.example/?from=qiangji%40city.example&to=duty%40city.example"
ROBOT = "wecom://:0123-key-4567@qyapi.weixin.qq.com"
HOSTS = (
    "mail.city.example, qyapi.weixin.qq.com:443, hook.city.example, http://relay.city.example:25, 127.0.0.1"
)


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("QIANGJI_LETTER_HOSTS", HOSTS)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def refused(uri: str) -> PermanentError:
    with pytest.raises(PermanentError) as e:
        channel("letter_city", uri)
    for secret in ("geheim", "duty", "0123-key", "%40"):
        assert secret not in str(e.value), "a message quotes no address and no login"
    assert e.value.zh
    assert e.value.do
    return e.value


@pytest.mark.parametrize(
    ("uri", "kind", "place"),
    [
        (MAIL, "mail", "mail.city.example:465"),
        (MAIL.replace("smtps", "smtp"), "mail", "mail.city.example:587"),
        (ROBOT, "wecom", "qyapi.weixin.qq.com:443"),
        ("https://hook.city.example/services/abcdefgh", "webhook", "hook.city.example:443"),
        ("http://127.0.0.1:8080/x", "webhook", "127.0.0.1:8080"),
    ],
)
def test_what_a_connection_may_be(uri: str, kind: str, place: str) -> None:
    found = channel("letter_city", uri)
    assert (found.kind, found.place) == (kind, place)
    assert "geheim" not in repr(found)
    assert "duty" not in repr(found)


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("ftp://mail.city.example/", "bad_connection"),
        ("duty@city.example", "bad_connection"),
        ("smtps://qiangji@city.example:geheim@mail.city.example/?to=duty@city.example", "bad_connection"),
        (MAIL.replace("duty%40city.example", "duty"), "bad_address"),
        (MAIL.replace("duty%40city.example", "duty%40city.example,%E6%9D%8E"), "bad_address"),
        (MAIL.replace("duty%40city.example", "duty%40city.example%0D%0ABcc%3Ax%40y.cn"), "bad_address"),
        (MAIL.partition("&to=")[0], "bad_address"),
        (MAIL.replace("from=", "sender="), "bad_address"),
        (MAIL.replace("mail.city.example", "mail.elsewhere.example"), "host_not_allowed"),
        (MAIL.replace("mail.city.example/", "relay.city.example:465/"), "host_not_allowed"),
        ("wecom://:0123-key-4567@qyapi.weixin.qq.com:8443", "host_not_allowed"),
        ("wecom://qyapi.weixin.qq.com", "bad_connection"),
        ("http://hook.city.example/x", "bad_connection"),
    ],
)
def test_what_is_no_address_is_told_and_not_quoted(uri: str, code: str) -> None:
    assert refused(uri).code == code


def test_the_entry_that_is_no_address_is_named_by_its_place() -> None:
    told = refused(MAIL.replace("duty%40city.example", "duty%40city.example,duty"))
    assert "entry 2 of 2" in str(told)
    assert "第2项" in told.zh


def test_a_relay_without_encryption_has_to_be_named_as_one() -> None:
    assert channel("letter_city", "smtp://relay.city.example:25/?from=a%40b.cn&to=c%40d.cn").is_plain
    assert not channel("letter_city", MAIL).is_plain
    assert channel("letter_city", "smtp://127.0.0.1:25/?from=a%40b.cn&to=c%40d.cn").is_plain


def test_addresses_and_keys_are_masked_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", MAIL)
    monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY_CHAT", ROBOT)
    assert [one.kind for one in channels_of("city") if not isinstance(one, PermanentError)] == [
        "mail",
        "wecom",
    ]
    said = masking.masked("550 duty@city.example geheim-123 0123-key-4567")
    assert said == "550 *** *** ***"


def test_a_reader_may_have_a_robot_alone_and_one_without_any_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert channels_of(A) == []
    monkeypatch.setenv("QIANGJI_CONN_LETTER_440703_CHAT", ROBOT)
    assert len(channels_of(A)) == 1


def test_doctor_tells_what_is_no_address_and_who_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    (told,) = doctor._letters()
    assert told.is_well
    assert "not set up" in told.detail
    monkeypatch.setenv("QIANGJI_CONN_LETTER_CITY", MAIL)
    monkeypatch.setenv("QIANGJI_CONN_LETTER_440703", MAIL.replace("duty%40city.example", "duty"))
    city, county, without = doctor._letters()
    assert (city.what, city.is_well, city.detail) == ("letter city", True, "mail by mail.city.example:465")
    assert (county.what, county.is_well) == ("letter 440703", False)
    assert county.detail.startswith("bad_address")
    assert without.is_warning
    assert "letter_440704" in without.detail
    assert "letter_440703" not in without.detail
    assert not any("duty" in e.detail for e in (city, county, without))
