"""Where a letter goes: the connections `letter_<reader>` and `letter_<reader>_chat`, taken apart and looked at.

In: a reader (`city`, or a county's code). Out: `Channel`s, whose repr shows neither a login nor an address. Whoever
edits a connection decides who reads; `QIANGJI_LETTER_HOSTS` decides through which servers. No message of this room
quotes an address, a login or a robot's key, and all of them are masked in what others say.

| scheme | what | where the secret is |
| --- | --- | --- |
| `smtp` (STARTTLS), `smtps` (TLS) | mail; `?from=` and `?to=`, addresses with commas | login and password |
| `wecom`, `dingtalk`, `feishu` | a group's robot | the password is its key, `?secret=` its signing secret |
| `https` (`http` on this machine, or where it is named so) | JSON to a webhook, with its login | path, password |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from qiangji import masking
from qiangji.errors import PermanentError
from qiangji.settings import connection, settings
from qiangji.sources.address import Address, is_loopback, is_named, place_of, taken_apart

PORTS = {"smtp": 587, "smtps": 465, "http": 80}
KINDS = {"smtp": "mail", "smtps": "mail", "http": "webhook", "https": "webhook"} | {
    robot: robot for robot in ("wecom", "dingtalk", "feishu")
}
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_FORM = (
    "smtps://login:password@host/?from=…&to=…, or wecom|dingtalk|feishu://:key@host, or https://host/path;"
    " parts percent-encoded"
)


@dataclass(frozen=True)
class Channel:
    """One connection. `kind`: mail, wecom, dingtalk, feishu or webhook. `is_plain`: it may go unencrypted."""

    connection: str
    kind: str
    address: Address
    is_plain: bool
    sender: str = field(default="", repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)

    @property
    def port(self) -> int:
        return self.address.port or PORTS.get(self.address.scheme, 443)

    @property
    def place(self) -> str:
        """Host and port, as messages name them."""
        return place_of(self.address.host, self.port)


def channels_of(reader: str) -> list[Channel | PermanentError]:
    """The reader's channels; in the place of one that cannot be used, why. None: a reader without an address."""
    found: list[Channel | PermanentError] = []
    for name in (f"letter_{reader}", f"letter_{reader}_chat"):
        try:
            found.append(channel(name, connection(name)))
        except PermanentError as e:
            if e.code != "no_connection":
                found.append(e)
    return found


def channel(name: str, uri: str) -> Channel:
    """A connection taken apart. Raises PermanentError `bad_connection`, `host_not_allowed`."""
    found = taken_apart(uri, *KINDS)
    if found is None:
        raise refused(
            name, "is no address that letters can be sent to", f"连接{name}不是可用的发信地址。", _FORM
        )
    kind = KINDS[found.scheme]
    to = _mailboxes(found, "to")
    sender = (_mailboxes(found, "from") or ("",))[0]
    _mask(found, kind, (sender, *to))
    if kind == "mail":
        _require_mailboxes(name, sender, to)
    elif kind != "webhook" and not re.fullmatch(r"[\w-]{8,128}", found.password):
        raise refused(
            name, "has no robot's key as its password", f"连接{name}的密码不是群机器人的key。", _FORM
        )
    one = Channel(name, kind, found, is_plain=False, sender=sender, to=to)
    _require_host(one)
    hosts = _hosts()
    is_plain = is_loopback(found.host) or is_named(hosts, found.host, one.port, is_plain=True)
    if found.scheme == "http" and not is_plain:
        raise refused(
            name, "is not encrypted", f"连接{name}未加密。", "https, or `http://host` in QIANGJI_LETTER_HOSTS"
        )
    return Channel(name, kind, found, is_plain, sender, to)


def refused(name: str, what: str, zh: str, expected: str, code: str = "bad_connection") -> PermanentError:
    """The error for a connection that cannot be used as it is."""
    return PermanentError(
        f"the connection {what}",
        where=name,
        expected=expected,
        do="Correct the connection: docs/runbooks/letters.md.",
        zh=f"{zh}请按docs/runbooks/letters.md改正。",
        code=code,
    )


def _mailboxes(found: Address, name: str) -> tuple[str, ...]:
    said = ",".join(found.extras.get(name, ()))
    return tuple(part.strip() for part in said.split(",") if part.strip())


def _require_mailboxes(name: str, sender: str, to: tuple[str, ...]) -> None:
    for what, boxes in (("from", (sender,)), ("to", to or ("",))):
        wrong = [i for i, box in enumerate(boxes, 1) if not _MAILBOX.fullmatch(box)]
        if wrong:
            which = ", ".join(map(str, wrong))
            raise refused(
                name,
                f"has no mail address in `{what}` (entry {which} of {len(boxes)})",
                f"连接{name}的{what}中第{which.replace(', ', '、')}项不是邮箱地址。",
                "name@host, several with commas, percent-encoded",
                "bad_address",
            )


def _require_host(one: Channel) -> None:
    hosts = _hosts()
    if not is_named(hosts, one.address.host, one.port, is_plain=False):
        raise PermanentError(
            f"the connection leads to {one.place}, which is not allowed",
            where=one.connection,
            expected=f"one of QIANGJI_LETTER_HOSTS: {', '.join(hosts) or 'empty'}",
            do="Nothing was sent. Find out who changed the connection; correct it, or the setting.",
            zh=f"连接{one.connection}指向未登记的{one.place}，未发送任何内容：请查明是谁改的；确应发往该处则加入"
            "QIANGJI_LETTER_HOSTS。",
            code="host_not_allowed",
        )


def _hosts() -> list[str]:
    return [entry.strip() for entry in settings().letter_hosts.split(",") if entry.strip()]


def _mask(found: Address, kind: str, boxes: tuple[str, ...]) -> None:
    masking.add(*filter(None, boxes), *(s for s in found.extras.get("secret", ())))
    if "@" in found.login:
        masking.add(found.login)
    if kind == "webhook":  # a webhook's path is often all that it takes to write there
        masking.add(*(part for part in found.path.split("/") if len(part) >= 8))
