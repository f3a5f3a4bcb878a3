"""Letters: one a working day to the city, one to each county that has something to do.

In: mart, read by the reading role; the catalogue; connections `letter_<reader>`. Out: mail, or a message of a group's
robot, and a line for it in `ops.letter` and the journal. A letter that cannot be sent is an outcome, tried again with
the next run; the others get theirs. What is said to whom: `city`, `county`. How it looks: `document`. Where it goes:
`addresses`, `mail`, `robots`. What goes with it: `enclosures`. Never twice: `sent`.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from qiangji import building
from qiangji.catalogue.load import Catalogue
from qiangji.errors import CollectError, PermanentError, TransientError
from qiangji.letters import mail, robots, sent
from qiangji.letters.addresses import Channel, channels_of
from qiangji.letters.city import READER, city
from qiangji.letters.county import county
from qiangji.letters.document import Letter
from qiangji.letters.enclosures import enclosed, without
from qiangji.letters.situation import Situation, situation
from qiangji.letters.words import Words
from qiangji.periods import local_day
from qiangji.pipeline import Pipeline
from qiangji.settings import Settings
from qiangji.warehouse import reading_warehouse

__all__ = ["BAD", "READER", "Letter", "Outcome", "channels_of", "compose", "look", "plan", "send"]

log = logging.getLogger(__name__)
TRIES = 3
PAUSE = 5.0
"""Seconds before the second try; each further one waits twice as long."""
Where = Callable[[str], Sequence[Channel | PermanentError]]
"""Reader -> its channels: `channels_of`, or one that remembers."""
BAD = ("failed", "unsure", "bad_address")
"""Outcomes that somebody has to look at."""


@dataclass(frozen=True)
class Outcome:
    """What became of one letter on one of its reader's connections.

    | status | |
    | --- | --- |
    | planned | a dry run would send it |
    | sent | the server took it; `refused` of its addresses were not taken |
    | known | was sent before on this day |
    | unsure | may have arrived, now or in a run that was killed; not sent again |
    | failed | was not taken; tried again with the next run |
    | no_address | the reader has no connection |
    | bad_address | the reader's connection cannot be used |
    """

    reader: str
    connection: str
    channel: str
    status: str
    letter: Letter
    refused: int = 0
    reason_code: str | None = None
    message: str | None = None


def send(
    p: Pipeline,
    readers: Sequence[str] = (),
    language: Literal["zh", "en"] | None = None,
    *,
    again: bool = False,
) -> list[Outcome]:
    """Send today's letters that were not sent yet. `readers`: `city` and counties' codes; none: all."""
    found, lost, where = [], dict[str, CollectError](), functools.cache(channels_of)
    for letter in compose(look(p), p.catalogue, p.settings, where, readers, language):
        for one in _to(letter, where):
            if isinstance(one, Outcome):
                log.log(_level(one), "letter to %s: %s", one.reader, one.message)
                found.append(one)
            else:
                found.append(_send_one(p, letter, one, lost, again))
    return found


def plan(
    p: Pipeline, readers: Sequence[str] = (), language: Literal["zh", "en"] | None = None
) -> list[Outcome]:
    """What `send` would do, with nothing sent and nothing recorded."""
    found, where = [], functools.cache(channels_of)
    for letter in compose(look(p), p.catalogue, p.settings, where, readers, language):
        for one in _to(letter, where):
            if isinstance(one, Outcome):
                found.append(one)
                continue
            planned = Outcome(letter.reader, one.connection, one.kind, "planned", _whole(p, letter, one))
            row = sent.known(p.ledger, letter, one.connection)
            found.append(_known(planned, row) if row else planned)
    return found


def look(p: Pipeline, at: datetime | None = None) -> Situation:
    """How things stand, as a reader of mart sees it."""
    at = at or datetime.now(UTC)
    unbuilt = building.unbuilt_months(p.ledger.engine, p.catalogue, local_day(at, p.settings.timezone))
    with reading_warehouse(p.settings) as engine:
        return situation(engine, p.catalogue, at, unbuilt)


def compose(
    s: Situation,
    catalogue: Catalogue,
    settings: Settings,
    where: Where,
    readers: Sequence[str] = (),
    language: Literal["zh", "en"] | None = None,
) -> Iterator[Letter]:
    """The letters of the day, the counties' first: the city's says which of them reach nobody."""
    w = Words(language or settings.letter_language, settings.timezone)
    chosen = catalogue.select_counties([r for r in readers if r != READER])
    untold: dict[str, str] = {}
    for code in catalogue.counties:
        letter = county(s, catalogue, code, settings.letter_days, w)
        if letter is None:
            continue
        if not any(isinstance(one, Channel) for one in where(code)):
            untold[code] = w(f"没有可用的连接letter_{code}", f"no connection letter_{code} that can be used")
        if code in chosen and set(readers) != {READER}:
            yield letter
    if not readers or READER in readers:
        letter = city(s, catalogue, w, settings.letter_url, untold)
        if letter is not None:
            yield letter


def _to(letter: Letter, where: Where) -> Iterator[Channel | Outcome]:
    """The reader's channels, or what there is instead."""
    found = where(letter.reader)
    if not found:
        yield Outcome(
            letter.reader,
            f"letter_{letter.reader}",
            "",
            "no_address",
            letter,
            reason_code="no_connection",
            message=f"没有连接letter_{letter.reader}，未发信 no connection letter_{letter.reader}: nothing was sent",
        )
    for one in found:
        if isinstance(one, Channel):
            yield one
        else:
            yield Outcome(
                letter.reader,
                one.where or f"letter_{letter.reader}",
                "",
                "bad_address",
                letter,
                reason_code=one.code,
                message=str(one),
            )


def _send_one(
    p: Pipeline, letter: Letter, channel: Channel, lost: dict[str, CollectError], again: bool
) -> Outcome:
    """Send one letter by one channel, unless it was sent. `lost`: servers that were not reached before in this run."""
    one = Outcome(letter.reader, channel.connection, channel.kind, "known", letter)
    if channel.place in lost:
        e = lost[channel.place]
        return replace(one, status="failed", reason_code=e.code, message=str(e))
    row = sent.known(p.ledger, letter, channel.connection)
    if row and row["status"] != "failed" and not again:
        return _known(one, row)
    # made before it is taken: whoever is killed over it has sent nothing
    one = replace(one, letter=_whole(p, letter, channel))
    taken = sent.take(p.ledger, one.letter, channel, again=again)
    if taken is None:
        return _known(one, sent.known(p.ledger, letter, channel.connection) or {})
    try:
        try:
            refused = _try(channel, one.letter, taken.message_id)
        except PermanentError as e:
            if e.code != "letter_refused" or not one.letter.enclosures:
                raise
            log.warning("letter to %s: %s: sent without the forms that it enclosed", letter.reader, e)
            one = replace(one, letter=without(p, letter))
            refused = _try(channel, one.letter, taken.message_id)
    except CollectError as e:
        status = "unsure" if isinstance(e, mail.Unsure) else "failed"
        if e.code == "unreachable":
            lost[channel.place] = e
        one = replace(one, status=status, reason_code=e.code, message=str(e))
        sent.record(p.ledger, taken, status, reason_code=e.code, message=str(e))
        log.warning("letter to %s: %s", letter.reader, e)
        return one
    sent.record(p.ledger, taken, "sent", refused=refused)
    one = replace(one, status="sent", refused=refused)
    if refused:
        log.warning("letter to %s: %s: %d addresses were refused", letter.reader, channel.connection, refused)
    return one


def _whole(p: Pipeline, letter: Letter, channel: Channel) -> Letter:
    """The letter as a channel carries it: mail with the forms that the county is reminded of."""
    return enclosed(p, letter) if channel.kind == "mail" else letter


def _try(channel: Channel, letter: Letter, message_id: str) -> int:
    """Hand it over; a server that took nothing is asked again."""
    deliver = mail.deliver if channel.kind == "mail" else robots.deliver
    for n in range(TRIES - 1):
        try:
            return deliver(channel, letter, message_id)
        except TransientError as e:
            log.info("letter to %s, try %d: %s", letter.reader, n + 1, e)
            time.sleep(PAUSE * 2**n)
    return deliver(channel, letter, message_id)


def _known(one: Outcome, row: dict[str, object]) -> Outcome:
    """What the ledger says of a letter that is not this run's to send."""
    if row.get("status") == "sent":
        return replace(one, status="known")
    if row.get("status") == "failed":  # the next run tries it
        return one
    return replace(
        one,
        status="unsure",
        reason_code="unsure",
        message="可能已送达（前次运行在发送时中断，或对方没有答复），不再重发；确未收到时用--again重发"
        " it may have arrived (a run was killed over it, or no answer came) and is not sent again; --again sends it",
    )


def _level(one: Outcome) -> int:
    return logging.INFO if one.status == "no_address" else logging.WARNING
