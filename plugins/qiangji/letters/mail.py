"""A letter by SMTP: both texts in one message, handed over once.

In: a `Channel` of kind mail, a `Letter`, the id of the message. Out: how many of the addresses were refused; or an
error that says whether the server may have taken the message. The standard library's client, step by step: Airflow's
hook (and `SMTP.sendmail`) cannot say whether the connection broke before or after the message was handed over.

| what happens | error |
| --- | --- |
| before the message is handed over, or refused for now (4xx) | TransientError: another try sends nothing twice |
| refused (5xx), a login or a certificate that is not accepted | PermanentError |
| no answer after it was handed over | `Unsure`: it is not sent again |
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from qiangji.errors import PermanentError, TransientError
from qiangji.letters.addresses import Channel, refused
from qiangji.letters.document import Letter

SECONDS = 20.0
"""Of one answer."""


_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


class Unsure(PermanentError):
    """The letter was handed over and no answer came: it may have arrived, so that it is not sent again."""

    code = "unsure"


def unsure(channel: Channel) -> Unsure:
    return Unsure(
        f"{channel.place} took the letter and did not answer: it may have arrived",
        where=channel.connection,
        do="It is not sent again. Ask the reader, and send it with --again if it is not there.",
        zh=f"{channel.place}收下信件后没有答复，可能已送达：不再重发；请询问收信人，确未收到时用--again重发。",
    )


def deliver(channel: Channel, letter: Letter, message_id: str) -> int:
    """Hand the letter over. Returns how many of its addresses the server refused, while it took others."""
    content = message(channel, letter, message_id).as_bytes(policy=SMTP)
    with _steps(channel):
        client = _connect(channel)
    try:
        with _steps(channel):
            _greet(client, channel)
            client_refused = _envelope(client, channel, len(content))
            _expect(client.docmd("DATA"), (354,))
        _hand_over(client, channel, content)
        with suppress(smtplib.SMTPException, OSError):
            client.quit()
        return client_refused
    finally:
        client.close()


def message(channel: Channel, letter: Letter, message_id: str) -> EmailMessage:
    """The message: plain text, and HTML that says the same."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Mailbox("强基 Qiangji", addr_spec=channel.sender)
    made["To"] = [Mailbox(addr_spec=box) for box in channel.to]
    made["Subject"] = " ".join(letter.subject.split())
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"
    made["Content-Language"] = "zh-CN" if letter.language == "zh" else "en"
    made.set_content(letter.text, cte="base64")
    made.add_alternative(letter.html, subtype="html", cte="base64")
    for file in letter.enclosures:
        made.add_attachment(file.content, *_WORKBOOK, filename=file.name)
    return made


def _connect(channel: Channel) -> smtplib.SMTP:
    host, port, own = channel.address.host, channel.port, channel.sender.rpartition("@")[2]
    if channel.address.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, own, timeout=SECONDS, context=authorities(channel))
    return smtplib.SMTP(host, port, own, timeout=SECONDS)


def _greet(client: smtplib.SMTP, channel: Channel) -> None:
    client.ehlo_or_helo_if_needed()
    if channel.address.scheme == "smtp":
        if client.has_extn("starttls"):
            _expect(client.starttls(context=authorities(channel)), (220,))
            client.ehlo()
        elif not channel.is_plain:
            raise refused(
                channel.connection,
                f"leads to {channel.place}, which does not encrypt: nothing was sent",
                f"{channel.place}不支持加密，未发送任何内容。",
                "STARTTLS, smtps, or `http://host` in QIANGJI_LETTER_HOSTS for one that is trusted as it is",
            )
    if channel.address.login:
        client.login(channel.address.login, channel.address.password)


def _envelope(client: smtplib.SMTP, channel: Channel, size: int) -> int:
    """Sender and addresses. Returns how many addresses were refused; raises if all were.

    A server that says how much it takes is told how large the message is, and refuses it before it is handed over.
    """
    _expect(client.mail(channel.sender, [f"size={size}"] if client.has_extn("size") else []), (250,))
    answers = [client.rcpt(box) for box in channel.to]
    taken = [a for a in answers if a[0] in (250, 251)]
    if not taken:
        _expect(answers[0], (250, 251))
    return len(answers) - len(taken)


def _hand_over(client: smtplib.SMTP, channel: Channel, content: bytes) -> None:
    """The message itself. From its first byte on, silence means that it may have been taken."""
    quoted = re.sub(rb"(?m)^\.", b"..", content)
    try:
        client.send(quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        answer = client.getreply()
    except (OSError, smtplib.SMTPServerDisconnected):
        raise unsure(channel) from None
    with _steps(channel):
        _expect(answer, (250,))


def _expect(answer: tuple[int, bytes], codes: tuple[int, ...]) -> None:
    if answer[0] not in codes:
        raise smtplib.SMTPResponseException(answer[0], "")


def authorities(channel: Channel) -> ssl.SSLContext:
    """What certificates are held against: the system's authorities, or the file of the connection's `ca`."""
    files = channel.address.extras.get("ca")
    try:
        return ssl.create_default_context(cafile=files[0] if files else None)
    except (OSError, ssl.SSLError):
        pass
    raise refused(
        channel.connection,
        "names no certificates in `ca`",
        f"连接{channel.connection}的ca不是证书文件。",
        "ca=<path of a PEM file with the authority's certificate>",
    )


@contextmanager
def _steps(channel: Channel) -> Iterator[None]:
    """Turns what a client raises into errors without its text, which quotes addresses."""
    where, place = channel.connection, channel.place
    try:
        yield
    except ssl.SSLCertVerificationError as e:
        raise refused(
            where,
            f"leads to {place}, whose certificate is not trusted ({e.verify_message}): nothing was sent",
            f"{place}的证书不受信任，未发送任何内容。",
            "a certificate for this host, by an authority of the system or of the connection's `ca`",
            "bad_certificate",
        ) from None
    except smtplib.SMTPAuthenticationError as e:
        if e.smtp_code < 500:
            raise _not_now(where, place, e.smtp_code) from None
        raise refused(
            where,
            f"leads to {place}, which refuses the login ({e.smtp_code})",
            f"{place}拒绝登录（{e.smtp_code}）。",
            "a valid login",
            "login_refused",
        ) from None
    except smtplib.SMTPResponseException as e:
        if e.smtp_code < 500 and e.smtp_code != -1:
            raise _not_now(where, place, e.smtp_code) from None
        raise PermanentError(
            f"{place} refuses the letter ({e.smtp_code})",
            where=where,
            expected="addresses and a sender that the mail server takes",
            do="Correct the connection, or ask who runs the mail server; it is tried again with the next run.",
            zh=f"{place}拒收信件（{e.smtp_code}）：请改正连接，或询问邮件服务器的管理人；下次运行再试。",
            code="letter_refused",
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise refused(
            where,
            f"leads to {place}, which knows no such login",
            f"{place}不支持登录。",
            "a server with AUTH",
            "login_refused",
        ) from None
    except (OSError, smtplib.SMTPException) as e:
        raise unreachable(where, place, type(e).__name__) from None


def _not_now(where: str, place: str, code: int) -> TransientError:
    return TransientError(
        f"{place} does not take letters now ({code})",
        where=where,
        do="It is tried again.",
        zh=f"{place}暂不收信（{code}）：会再试。",
        code="not_now",
    )


def unreachable(where: str, place: str, why: str) -> TransientError:
    return TransientError(
        f"{place} cannot be reached ({why})",
        where=where,
        do="It is tried again, now and with the next run.",
        zh=f"连不上{place}：会再试，本次不成则下次运行再试。",
    )
