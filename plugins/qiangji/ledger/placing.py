"""Which revisions count, worked out for many submissions at once, in one transaction.

In: keys of submissions, and new readings of them. Out: ops.submission, where the status, the revision and which one is
current are what `records.sequence` says of all readings of a key. Nobody else writes these submissions meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy.engine import Connection

from qiangji.ledger import locks
from qiangji.ledger.records import Decision, Key, Locked, Submission, decided, sequence
from qiangji.periods import Period
from qiangji.warehouse.locks import hold_on
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert


@dataclass(frozen=True)
class Standing:
    """What the ledger knows of some submissions: their readings, the decisions on these (latest first), all locks."""

    verdicts: Mapping[Key, Sequence[Submission]]
    decisions: Sequence[Decision]
    locked: Mapping[Period, Sequence[Locked]]

    def with_new(self, new: Iterable[Submission]) -> Standing:
        """The same with more readings; one that is known already is replaced.

        A period that is locked is read again as of the first time, so that the order of readings stays.
        """
        found = {at: {v.key: v for v in verdicts} for at, verdicts in self.verdicts.items()}
        for one in new:
            mine = found.setdefault(one.at, {})
            known = mine.get(one.key)
            if known and any(one.checked_at in x for x in self._locks(one.at)):
                one = replace(one, checked_at=known.checked_at)
            mine[one.key] = one
        return replace(self, verdicts={at: list(mine.values()) for at, mine in found.items()})

    def placed(self, shrink_share: float) -> list[Submission]:
        """All readings, those of each submission in their sequence."""
        return [
            one
            for at, verdicts in self.verdicts.items()
            for one in sequence(verdicts, decided(self.decisions, *at[:2]), shrink_share, self._locks(at))
        ]

    def _locks(self, at: Key) -> list[Locked]:
        return locks.covering(self.locked, Period.parse(at[1]))


def hold(c: Connection, keys: Collection[Key]) -> None:
    """One writer of a submission at a time; whoever holds several takes them in the same order."""
    hold_on(c, *(f"submission {county} {form} {period}" for form, period, county in keys))


def standing(c: Connection, keys: Collection[Key], deliveries: Collection[str] = ()) -> Standing:
    """What the ledger knows of these submissions. `deliveries`: those of which readings will be added."""
    if not keys:
        return Standing({}, (), {})
    asked = dict(zip(("forms", "periods", "counties"), map(list, zip(*keys, strict=True)), strict=True))
    verdicts: dict[Key, list[Submission]] = {at: [] for at in keys}
    for row in fetch(c, query("ledger/readings"), asked):
        one = Submission(**row)
        verdicts[one.at].append(one)
    known = {v.delivery_id for mine in verdicts.values() for v in mine} | set(deliveries)
    statement = "SELECT * FROM ops.decision WHERE delivery_id = ANY(:d) ORDER BY decided_at DESC, decision_id"
    decisions = [Decision(**r) for r in fetch(c, statement, {"d": sorted(known)})]
    return Standing(verdicts, decisions, locks.stretches(c))


def write(
    c: Connection, known: Standing, placed: Sequence[Submission], new: Iterable[Submission] = ()
) -> None:
    """Write down the places of readings where they differ from what is known, and add those that are new."""
    fresh = {(one.at, one.key) for one in new}
    before = {(v.at, v.key): v for verdicts in known.verdicts.values() for v in verdicts}
    # what stops being current first: only one may be at any moment
    for is_current in (False, True):
        mine = [one for one in placed if one.is_current == is_current]
        others = [one for one in mine if (one.at, one.key) not in fresh]
        changed = [one for one in others if before[one.at, one.key].placing != one.placing]
        if changed:
            c.execute(query("ledger/place"), [asdict(one) for one in changed])
        _upsert(c, [one for one in mine if (one.at, one.key) in fresh])


def _upsert(c: Connection, readings: Sequence[Submission]) -> None:
    """Rows of readings, each in the place of the one that it may have."""
    if readings:
        key = ("delivery_id", "form", "period", "catalogue_hash", "suite_hash")
        updates = ", ".join(f"{n} = excluded.{n}" for n in vars(readings[0]) if n not in key)
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {updates}"
        insert(c, "ops.submission", [dict(vars(one)) for one in readings], conflict)
