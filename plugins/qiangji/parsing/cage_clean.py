"""Deliveries read, looked through and parsed at once, in the cage; small files of several threads in one request.

In: a delivery, as a pull has fetched it. Out: `Clean`, or None. A reader that is free takes what waits; while it reads,
the files of other threads come together for the next one. A request costs as much as a third of a small file, and files
that look the same are read as one (`jointly`).

A request that fails, for whatever reason, gives None for each of its files: each is then asked for by itself, and
nothing depends on the files beside it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qiangji.catalogue.models import County, FileKind, Form
from qiangji.parsing import Parsed, cage, jointly, prescan, where_of, wire
from qiangji.parsing.beside import has_opaque_parts
from qiangji.parsing.cage_process import Died, TooMuchError, TooSlowError
from qiangji.periods import Period

Target = tuple[str, Period]
SMALL = 256 << 10
"""Bytes of a file that is read together with others."""
TOGETHER = 16
"""Files of one request."""
_MOMENT, _LONG = 0.005, 60.0
"""Seconds that the first to come waits for others, where others came before; and a while in which somebody is woken."""
_PART = 4
"""A request has this part of the time that a file may take: what it fails at is read once more."""


@dataclass(frozen=True)
class Clean:
    """A delivery without personal data or parts that cannot be inspected.

    `missing`: forms without a sheet in it. `parsed`: its submissions by form and period; one that cannot be read is not
    among them.
    """

    missing: frozenset[str]
    parsed: dict[Target, Parsed]


@dataclass(eq=False)
class _One:
    """A delivery that waits to be read, and what came of it. `ask`: without the forms.

    Two that are alike are two: each thread waits for its own.
    """

    ask: wire.Ask
    content: bytes
    forms: Mapping[str, Form]
    targets: Sequence[Target]
    since: float = field(default_factory=time.monotonic)
    is_taken: bool = False
    is_done: bool = False
    found: Clean | None = None


def read_clean(
    content: bytes,
    kind: FileKind,
    county: County,
    forms: Mapping[str, Form],
    targets: Sequence[Target],
    *,
    crosswalk: Mapping[str, str] | None = None,
) -> Clean | None:
    """A delivery, read and looked through in the cage at once: None unless nothing personal is in it.

    `forms`: those that it may hold; `targets`: the submissions that are wanted of it. None too where it cannot be read,
    or not in a part of the time: `cage.read_sheets` says more, and is to be asked then. Raises ReturnedError, as
    `prescan`.
    """
    ask = wire.Ask(
        "clean",
        kind,
        cage.as_json(county),
        {code: form.title.zh for code, form in forms.items()},
        where_of(county, forms, ""),
        crosswalk=dict(crosswalk or {}),
        targets=[(form, str(period)) for form, period in targets],
    )
    prescan(content, kind, ask.where)
    if kind == "xlsx" and has_opaque_parts(content):
        return None
    return _requests.answer(_One(ask, content, forms, targets))


class _Requests:
    """What waits to be read, of all threads, in the order in which it came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[_One] = []
        self._at_work = 0
        self._last = 1
        """Files of the last request: so many threads are likely to come back."""

    def answer(self, one: _One) -> Clean | None:
        """What came of it. The thread has it read, with others that wait, or waits for one that does.

        One request is at work at a time, unless one takes long: so most files come together.
        """
        with self._changed:
            self._waiting.append(one)
            try:
                while not one.is_done and (left := self._to_wait(one)):
                    self._changed.wait(left)
            except BaseException:  # Ctrl-C: nobody waits for this one
                self._waiting = [o for o in self._waiting if o is not one]
                raise
            if one.is_done:
                return one.found
            batch = self._taken_with(one)
            self._at_work += 1
        try:
            _read(batch)
        finally:
            with self._changed:
                self._at_work -= 1
                self._last = len(batch)
                for each in batch:
                    each.is_done = True
                self._changed.notify_all()
        return one.found

    def _to_wait(self, one: _One) -> float:
        """Seconds until it is looked at again whether this thread has the next request made; 0: it has."""
        waited = time.monotonic() - one.since
        if one.is_taken:
            return _LONG
        if self._at_work and waited < cage.PATIENCE:
            return cage.PATIENCE - waited
        if self._at_work >= cage.MOST or self._waiting[0] is not one:
            return _LONG
        return _MOMENT - waited if len(self._waiting) < self._last and waited < _MOMENT else 0.0

    def _taken_with(self, one: _One) -> list[_One]:
        """It, and if it is small others that are. They wait no more."""
        small = [o for o in self._waiting if o is not one and len(o.content) <= SMALL]
        batch = [one, *(small[: TOGETHER - 1] if len(one.content) <= SMALL else [])]
        for each in batch:
            self._waiting.remove(each)
            each.is_taken = True
        self._changed.notify_all()  # another is the first of those that wait
        return batch


_requests = _Requests()


def _forget() -> None:
    """In a forked child: nothing waits, and no lock that a thread of the parent may hold."""
    global _requests
    _requests = _Requests()


os.register_at_fork(after_in_child=_forget)


def _read(batch: Sequence[_One]) -> None:
    """Have these read. What cannot be read, or has personal data in it, stays without an answer."""
    limits = cage.Limits.of_settings()
    seconds = -(-limits.seconds // _PART)
    texts = dict[str, int]()
    asks = [
        vars(one.ask)
        | {"forms": {code: texts.setdefault(cage.as_json(f), len(texts)) for code, f in one.forms.items()}}
        for one in batch
    ]
    ask = wire.Ask(
        "clean", asks=asks, sizes=[len(one.content) for one in batch], texts=list(texts), seconds=seconds
    )
    with cage.a_reader(limits) as reader:
        try:
            content = b"".join(one.content for one in batch)
            head, parts = reader.ask(vars(ask), content, seconds * 3, limits.output)
            _take(batch, head, parts)
        except (Died, TooSlowError, TooMuchError):
            pass
        except wire.GarbledError:
            for one in batch:
                one.found = None
            reader.end()


@dataclass
class _Parts:
    """The parts of an answer, three for each submission."""

    left: wire.Received = ()

    def three(self) -> wire.Received:
        if len(self.left) < 3:
            raise wire.GarbledError("other submissions")
        found, self.left = self.left[:3], self.left[3:]
        return found


def _take(batch: Sequence[_One], head: wire.Head, parts: wire.Received) -> None:
    """Take over an answer, or raise GarbledError."""
    left = _Parts(parts)
    for answer in _answers(head, len(batch)):
        mine = [batch[i] for i in answer.of]
        if len(mine) == 1:
            mine[0].found = _alone(mine[0], answer, left)
        else:
            _together(mine, answer, left)
    if left.left:
        raise wire.GarbledError("more than was asked for")


@dataclass(frozen=True)
class _Answer:
    """On one of the files asked for, or on several that were read as one. `of`: their places; `sizes`: rows of each.

    `missing`: forms without a sheet. `parsed`: heads of the submissions, None for what cannot be read as such.
    """

    of: list[int]
    sizes: list[int]
    missing: frozenset[str]
    parsed: list[wire.Head | None]


def _answers(head: wire.Head, asked: int) -> list[_Answer]:
    """The answers on so many files, of which each has one at most."""
    told = head.get("clean")
    if not isinstance(told, list):
        raise wire.GarbledError("no answers")
    answers = [_answer(one) for one in told]
    places = [place for answer in answers for place in answer.of]
    if len(places) != len(set(places)) or not all(0 <= place < asked for place in places):
        raise wire.GarbledError("other files")
    return answers


def _answer(head: object) -> _Answer:
    if not isinstance(head, dict):
        raise wire.GarbledError("no answer")
    of, sizes = _listed(head, "of", int), _listed(head, "sizes", int)
    missing, parsed = _listed(head, "missing", str), _listed(head, "parsed", dict, type(None))
    if not of:
        raise wire.GarbledError("an answer on nothing")
    return _Answer(of, sizes, frozenset(missing), parsed)


def _listed(head: dict[Any, Any], name: str, *types: type) -> list[Any]:
    """A list of the answer, whose values are of these types themselves: a truth value is no number."""
    values = head.get(name)
    if not isinstance(values, list) or not all(type(v) in types for v in values):
        raise wire.GarbledError("no answer")
    return values


def _alone(one: _One, answer: _Answer, left: _Parts) -> Clean:
    if not answer.missing <= set(one.forms) or len(answer.parsed) != len(one.targets):
        raise wire.GarbledError("other forms")
    parsed = {
        (form, period): wire.parsed_of_parts(said, left.three(), one.forms[form], str(period.last_month))
        for (form, period), said in zip(one.targets, answer.parsed, strict=True)
        if said is not None
    }
    return Clean(answer.missing, parsed)


def _together(mine: Sequence[_One], answer: _Answer, left: _Parts) -> None:
    """Files that were read as one: all of them were asked for as the same, and each has its rows."""
    asked = {(*one.targets, *map(cage.as_json, one.forms.values())) for one in mine}
    if len(asked) != 1 or len(mine[0].targets) != len(answer.parsed) or answer.missing:
        raise wire.GarbledError("other files")
    if not answer.parsed:  # nothing was wanted of them
        for one in mine:
            one.found = Clean(frozenset(), {})
        return
    said, sizes = answer.parsed[0], answer.sizes
    if said is None or len(answer.parsed) > 1 or len(sizes) != len(mine) or min(sizes) < 1:
        raise wire.GarbledError("other submissions")
    ((form, period),) = mine[0].targets
    parsed = wire.parsed_of_parts(said, left.three(), mine[0].forms[form], str(period.last_month))
    if not jointly.is_plain(parsed) or sum(sizes) != parsed.rows.num_rows:
        raise wire.GarbledError("other rows")
    for one, own in zip(mine, jointly.split(parsed, sizes), strict=True):
        one.found = Clean(frozenset(), {(form, period): own})
