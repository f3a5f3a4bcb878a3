"""The last line of defence against secrets in messages: a secret that this process knows is shown as `***`.

In: connection URIs, as `settings` reads them, and tokens that a county system gives. Out: `masked(text)`. Every error
of this package (and so the ledger, the journal and Airflow), every log message, the command line's tracebacks and
`qiangji doctor` go through it. Our messages hold no secret; those of a library, or a mistake in an address, may.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

MASK = "***"
SHORTEST = 5
"""Characters. A shorter secret is part of many ordinary words, which would all be masked."""
_LOGIN = re.compile(r"^[a-z][a-z0-9+.-]*://(?P<login>.*)@", re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile(r"pass|secret|token|key|auth|credential|signature", re.IGNORECASE)
_PUBLIC = ("host_key",)

_known: set[str] = set()
_told: list[Callable[[str], object]] = []


def remember(uri: str) -> None:
    """Mask the secrets of a connection: its password, and the extras whose names say that they are secret.

    The login is everything up to the last `@`, so that a part that is not percent-encoded is masked too.
    """
    found = _LOGIN.match(uri)
    password = found["login"].partition(":")[2] if found else ""
    add(password, unquote(password))
    for name, value in parse_qsl(uri.rpartition("?")[2] if "?" in uri else ""):
        is_path = value.startswith("/")  # a key file: messages name it
        if _SECRET_NAME.search(name) and name not in _PUBLIC and not is_path:
            add(value)


def add(*secrets: str) -> None:
    """Mask these from now on."""
    for secret in secrets:
        if len(secret) >= SHORTEST and secret not in _known:
            _known.add(secret)
            for tell in _told:
                tell(secret)


def tell(listener: Callable[[str], object]) -> None:
    """Tell another masker (Airflow's) every secret that is known now or later."""
    if listener not in _told:
        _told.append(listener)
        for secret in tuple(_known):
            listener(secret)


def masked(text: str) -> str:
    """The text without the secrets that are known."""
    for secret in sorted((s for s in tuple(_known) if s in text), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


class Masking(logging.Formatter):
    """Masks the lines of a log, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _Record(logging.LogRecord):
    def getMessage(self) -> str:
        return masked(super().getMessage())


def in_all_logs() -> None:
    """Mask the messages of every logger of this process, for all handlers.

    Airflow masks a task's log itself, but not the worker's log, to which the same messages go.
    """
    logging.setLogRecordFactory(_Record)
