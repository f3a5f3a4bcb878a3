"""A letter to a group's robot (WeCom, DingTalk, Feishu) or a webhook: one POST.

In: a `Channel`, a `Letter`, the id of the message. Out: nothing, or an error that says whether it may have been taken:
the classes of `mail`. A robot gets a few lines (`Letter.brief`), a webhook both texts. Robots answer 200 to everything:
whether they took it stands in the body. A redirect is not followed, as it would carry the letter elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2 as httpx

from qiangji.errors import PermanentError, TransientError
from qiangji.letters.addresses import Channel, refused
from qiangji.letters.document import Letter
from qiangji.letters.mail import SECONDS, authorities, unreachable, unsure

ANSWER_BYTES = 64 * 1024
BUSY = {-1, 45009, 45033, 130101, 410100, 11232, 9499}
"""Codes with which a robot says that it is asked too often, or is busy."""
_NOT_TAKEN = (408, 429, 503)
"""Answers of a server that took nothing, for now."""
Call = tuple[str, dict[str, str], dict[str, Any]]
"""Path, parameters, body."""


def deliver(channel: Channel, letter: Letter, message_id: str) -> int:
    """Hand the letter over; returns 0, as a robot refuses no single address."""
    path, parameters, body = _CALLS[channel.kind](channel, letter, message_id)
    answer = _post(channel, path, parameters, body)
    if channel.kind == "webhook":
        return 0
    code = _code_of(answer)
    if code is None:
        raise unsure(channel)
    if code in BUSY:
        raise TransientError(
            f"{channel.place} is busy ({code})",
            where=channel.connection,
            do="It is tried again.",
            zh=f"{channel.place}繁忙（{code}）：会再试。",
            code="not_now",
        )
    if code:
        raise _refuses(channel, f"code {code}", f"代码{code}")
    return 0


def _wecom(channel: Channel, letter: Letter, _: str) -> Call:
    body = {"msgtype": "text", "text": {"content": letter.brief}}
    return "/cgi-bin/webhook/send", {"key": channel.address.password}, body


def _dingtalk(channel: Channel, letter: Letter, _: str) -> Call:
    asked = {"access_token": channel.address.password}
    if secret := _secret(channel):
        now = str(round(time.time() * 1000))
        asked |= {"timestamp": now, "sign": _signed(secret.encode(), f"{now}\n{secret}".encode())}
    return "/robot/send", asked, {"msgtype": "text", "text": {"content": letter.brief}}


def _feishu(channel: Channel, letter: Letter, _: str) -> Call:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": letter.brief}}
    if secret := _secret(channel):
        now = str(round(time.time()))
        body |= {"timestamp": now, "sign": _signed(f"{now}\n{secret}".encode(), b"")}
    return f"/open-apis/bot/v2/hook/{quote(channel.address.password, safe='')}", {}, body


def _webhook(channel: Channel, letter: Letter, message_id: str) -> Call:
    body = {
        "message_id": message_id, "day": str(letter.day), "reader": letter.reader, "title": letter.subject,
        "message": letter.text, "html": letter.html,
    }  # fmt: skip
    extras = {name: values[0] for name, values in channel.address.extras.items() if name != "ca"}
    return quote(channel.address.path or "/"), extras, body


_CALLS: dict[str, Callable[[Channel, Letter, str], Call]] = {
    "wecom": _wecom, "dingtalk": _dingtalk, "feishu": _feishu, "webhook": _webhook,
}  # fmt: skip


def _secret(channel: Channel) -> str:
    return channel.address.extras.get("secret", [""])[0]


def _signed(key: bytes, what: bytes) -> str:
    return base64.b64encode(hmac.new(key, what, hashlib.sha256).digest()).decode()


def _origin(channel: Channel) -> str:
    """Encrypted, but where the connection or the settings say otherwise; see `addresses`."""
    scheme = channel.address.scheme
    if channel.kind != "webhook":
        scheme = "http" if channel.is_plain else "https"
    return f"{scheme}://{channel.place}"


def _post(channel: Channel, path: str, parameters: dict[str, str], body: dict[str, Any]) -> bytes:
    """The body of the answer, which is a 2xx. A request that may have arrived without an answer is `Unsure`."""
    login = (channel.address.login, channel.address.password)
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        with (
            httpx.Client(
                verify=authorities(channel),
                auth=login if channel.kind == "webhook" and login[0] else None,
                timeout=SECONDS,
                follow_redirects=False,
                trust_env=not channel.address.is_loopback,
            ) as client,
            client.stream(
                "POST", _origin(channel) + path, params=parameters, content=content, headers=headers
            ) as r,
        ):
            status, answer = r.status_code, _read(r)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as e:
        raise _not_reached(channel, e) from None
    except httpx.HTTPError:
        raise unsure(channel) from None
    if status in _NOT_TAKEN:
        raise TransientError(
            f"{channel.place} does not take letters now ({status})",
            where=channel.connection,
            do="It is tried again.",
            zh=f"{channel.place}暂不收信（{status}）：会再试。",
            code="not_now",
        )
    if status >= 500:
        raise unsure(channel)
    if not 200 <= status < 300:
        raise _refuses(channel, f"HTTP {status}", f"HTTP {status}")
    return answer


def _read(response: httpx.Response) -> bytes:
    found, end = b"", time.monotonic() + SECONDS
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > ANSWER_BYTES or time.monotonic() > end:
            break
    return found


def _code_of(answer: bytes) -> int | None:
    """What a robot says of the letter: 0 if it took it; None where its answer says nothing of the kind."""
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    code = next((said[name] for name in ("errcode", "code", "StatusCode") if name in said), None)
    return code if isinstance(code, int) else None


def _not_reached(channel: Channel, error: BaseException) -> TransientError | PermanentError:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return refused(
                channel.connection,
                f"leads to {channel.place}, whose certificate is not trusted: {cause.verify_message}",
                f"{channel.place}的证书不受信任，未发送任何内容。",
                "a certificate for this host, by an authority of the system or of the connection's `ca`",
                "bad_certificate",
            )
        cause = cause.__cause__ or cause.__context__
    return unreachable(channel.connection, channel.place, type(error).__name__)


def _refuses(channel: Channel, what: str, zh: str) -> PermanentError:
    return PermanentError(
        f"{channel.place} refuses the letter ({what})",
        where=channel.connection,
        expected="a robot or webhook that takes it",
        do="Correct the connection (key, secret, the robot's own rules); it is tried again with the next run.",
        zh=f"{channel.place}拒收信件（{zh}）：请核对连接的key、secret和机器人自身的安全设置；下次运行再试。",
        code="letter_refused",
    )
