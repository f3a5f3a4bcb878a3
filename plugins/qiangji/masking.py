"""The last line against secrets in what is said: what this process knows to be one is shown as `***`.

In: connection URIs, as `settings` reads them, and tokens that a county system gives. Out: `masked(text)`, through which
go the text of every error of ours (and with it the ledger, the journal and Airflow), every message that is logged, the
command line's tracebacks, and `qiangji doctor`. Messages are written so that they hold no secret; this is for what a
library, or somebody's mistake in an address, puts into them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

MASK = "***"
SHORTEST = 5
"""Characters: a shorter secret is part of ordinary words, which would all be masked."""
_LOGIN = re.compile(r"^[a-z][a-z0-9+.-]*://(?P<login>.*)@", re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile(r"pass|secret|token|key|auth|credential|signature", re.IGNORECASE)
_PUBLIC = ("host_key",)

_known: set[str] = set()
_told: list[Callable[[str], object]] = []


def remember(uri: str) -> None:
    """The secrets of a connection: its password, and the extras whose names say that they are secret.

    Also where parts are not percent-encoded as they should be: all up to the last `@` is the login.
    """
    found = _LOGIN.match(uri)
    password = found["login"].partition(":")[2] if found else ""
    add(password, unquote(password))
    for name, value in parse_qsl(uri.rpartition("?")[2] if "?" in uri else ""):
        is_path = value.startswith("/")  # of a key file: a message says which
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
    """Let another masker (Airflow's) know each secret that is known or will be."""
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
    """A log's lines, tracebacks too, masked."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class _Record(logging.LogRecord):
    def getMessage(self) -> str:
        return masked(super().getMessage())


def in_all_logs() -> None:
    """Mask the messages of every logger of this process, whichever handlers they go to.

    What a task of Airflow logs goes to the task's log, which Airflow masks, and to the worker's own, which it does not.
    """
    logging.setLogRecordFactory(_Record)
