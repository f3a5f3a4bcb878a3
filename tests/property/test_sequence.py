"""Verdicts and decisions alone decide which revision is current, in whatever order they are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qiangji.ledger import Decision, Locked, Submission, sequence

START = datetime(2026, 11, 1, tzinfo=UTC)
COUNTED = ("accepted", "partial")
Decisions = dict[str, Decision]
History = tuple[list[Submission], Decisions]
LockedHistory = tuple[list[Submission], Decisions, list[Locked]]


def verdict(
    number: int,
    hour: int,
    word: str,
    content: str,
    rows: int,
    checked: int,
    suite: str,
    doubt: str | None = None,
) -> Submission:
    return Submission(
        county_code="440703",
        form="village",
        period="2026-10",
        delivery_id=f"d{number}",
        catalogue_hash="c",
        suite_hash=suite,
        received_at=START + timedelta(hours=hour),
        checked_at=START + timedelta(days=1, hours=checked),
        verdict=word,
        rows_received=rows,
        rows_accepted=rows if word in COUNTED else 0,
        rows_rejected=0 if word in COUNTED else rows,
        rows_hash=f"{content}{rows}" if word in COUNTED else None,
        doubt=doubt if word in COUNTED else None,
    )


def action(decisions: Decisions, delivery: str) -> str | None:
    return decisions[delivery].action if delivery in decisions else None


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Deliveries (some received at the same hour), some of them read more than once, and decisions on some."""
    verdicts = []
    for number in range(draw(st.integers(1, 6))):
        hour = draw(st.integers(0, 4))
        for suite in range(draw(st.integers(1, 2))):
            word = draw(st.sampled_from(["accepted", "accepted", "partial", "returned", "withheld"]))
            content, rows = draw(st.sampled_from("AB")), draw(st.sampled_from([4, 9, 10, 11]))
            checked, doubt = draw(st.integers(0, 5)), draw(st.sampled_from([None, None, None, "asked"]))
            verdicts.append(verdict(number, hour, word, content, rows, checked, f"s{suite}", doubt))
    ids = sorted({v.delivery_id for v in verdicts})
    actions = draw(st.dictionaries(st.sampled_from(ids), st.sampled_from(["release", "void"])))
    decided = {d: Decision("id", d, None, None, action, "why", "who", START) for d, action in actions.items()}
    return verdicts, decided


def by_key(placed: list[Submission]) -> dict[tuple[str, str, str], Submission]:
    return {s.key: s for s in placed}


@given(histories(), st.randoms(use_true_random=False))
def test_any_permutation_gives_the_same(history: History, random: Random) -> None:
    verdicts, decisions = history
    shuffled = list(verdicts)
    random.shuffle(shuffled)
    assert sequence(shuffled, decisions, 0.5) == sequence(verdicts, decisions, 0.5)


@given(histories())
def test_doing_it_again_changes_nothing(history: History) -> None:
    verdicts, decisions = history
    placed = sequence(verdicts, decisions, 0.5)
    assert sequence(placed, decisions, 0.5) == placed


@given(histories())
def test_one_is_current_and_it_is_the_last_that_counts(
    history: History,
) -> None:
    verdicts, decisions = history
    placed = sequence(verdicts, decisions, 0.5)
    counted = [s for s in placed if s.status in COUNTED]
    current = [s for s in placed if s.is_current]
    assert current == counted[-1:]
    assert all(s.received_at <= current[0].received_at for s in counted)


@given(histories())
def test_revisions_count_changes_of_content(history: History) -> None:
    """They start at 1, never fall, and rise by one exactly where the accepted rows differ from those before."""
    verdicts, decisions = history
    before = None
    for one in sequence(verdicts, decisions, 0.5):
        if one.status not in COUNTED:
            assert one.revision is None
            assert not one.is_current
            continue
        rise = 1 if before is None or before.rows_hash != one.rows_hash else 0
        assert one.revision == (before.revision or 0 if before else 0) + rise
        before = one


@given(histories())
def test_nothing_is_lost_and_only_the_guard_and_a_void_change_a_verdict(
    history: History,
) -> None:
    verdicts, decisions = history
    placed = by_key(sequence(verdicts, decisions, 0.5))
    assert set(placed) == {v.key for v in verdicts}
    for v in verdicts:
        status = placed[v.key].status
        if action(decisions, v.delivery_id) == "void":
            assert status == "void"
        elif v.verdict not in COUNTED or action(decisions, v.delivery_id) == "release":
            assert status == v.verdict
        else:
            assert status in (v.verdict, "held")


@given(histories())
def test_without_a_guard_nothing_is_held(history: History) -> None:
    verdicts, decisions = history
    assert all(s.doubt for s in sequence(verdicts, decisions, 0.0) if s.status == "held")


@given(histories())
def test_what_is_doubted_counts_only_once_it_is_released(history: History) -> None:
    """Whatever else came: a doubt holds its own reading, and lets no other wait."""
    verdicts, decisions = history
    placed = sequence(verdicts, decisions, 0.0)
    for s in placed:
        if s.doubt and action(decisions, s.delivery_id) is None:
            assert (s.status, s.held_reason, s.revision, s.is_current) == ("held", "asked", None, False)
        elif s.verdict in COUNTED and action(decisions, s.delivery_id) != "void":
            assert s.status == s.verdict
    undoubted = [v for v in verdicts if not v.doubt or action(decisions, v.delivery_id)]
    alone = by_key(sequence(undoubted, decisions, 0.0))
    assert all(alone[s.key] == s for s in placed if s.key in alone)


# ---- locks: deliveries received, or read again, while the period was locked


@st.composite
def locked_histories(
    draw: st.DrawFn,
) -> LockedHistory:
    """As above, with locks of the period at any time of it, and when the decisions were made."""
    verdicts, decisions = draw(histories())
    hours = st.integers(0, 30)
    locks = []
    for _ in range(draw(st.integers(1, 3))):
        first, last = sorted((draw(hours), draw(hours)))
        until = None if draw(st.booleans()) else START + timedelta(hours=last)
        locks.append(Locked(START + timedelta(hours=first), until))
    made = {d: replace(x, decided_at=START + timedelta(hours=draw(hours))) for d, x in decisions.items()}
    return verdicts, made, locks


def is_locked(at: datetime, locks: list[Locked]) -> bool:
    return any(x.since <= at and (x.until is None or at < x.until) for x in locks)


@given(locked_histories(), st.randoms(use_true_random=False))
def test_any_permutation_gives_the_same_under_locks(history: LockedHistory, random: Random) -> None:
    verdicts, decisions, locks = history
    shuffled, other_locks = list(verdicts), list(locks)
    random.shuffle(shuffled)
    random.shuffle(other_locks)
    placed = sequence(verdicts, decisions, 0.5, locks)
    assert sequence(shuffled, decisions, 0.5, other_locks) == placed
    assert sequence(placed, decisions, 0.5, locks) == placed


@given(locked_histories())
def test_nothing_that_came_into_a_lock_counts_unless_it_was_released(
    history: LockedHistory,
) -> None:
    verdicts, decisions, locks = history
    placed = sequence(verdicts, decisions, 0.0, locks)
    for s in placed:
        if s.verdict not in COUNTED or action(decisions, s.delivery_id) == "void":
            assert s.held_reason is None
        elif is_locked(s.received_at, locks) and action(decisions, s.delivery_id) != "release":
            assert (s.status, s.held_reason, s.revision) == ("held", "period_locked", None)
        assert (s.status == "held") == (s.held_reason is not None)
    assert all(not s.is_current for s in placed if s.status == "held")


@given(locked_histories())
def test_a_lock_after_everything_changes_nothing_and_no_lock_holds_nothing(
    history: LockedHistory,
) -> None:
    verdicts, decisions, _ = history
    plain = sequence(verdicts, decisions, 0.5)
    assert sequence(verdicts, decisions, 0.5, [Locked(START + timedelta(days=9))]) == plain
    assert sequence(verdicts, decisions, 0.5, []) == plain


@given(locked_histories(), st.integers(0, 30))
def test_readings_made_in_a_lock_leave_what_counts_as_it_was(history: LockedHistory, hour: int) -> None:
    """What counted when the period was locked counts on, whatever is received and read anew then, until a decision."""
    verdicts, decisions, _ = history
    at = START + timedelta(hours=hour)
    firsts: dict[Any, Any] = {}
    for v in sorted(verdicts, key=lambda v: (v.checked_at, v.key)):
        firsts.setdefault(v.delivery_id, v)
    # at a lock, earlier deliveries were read at least once, and earlier decisions were made
    known = [v for v in verdicts if v.received_at < at and (v.checked_at < at or firsts[v.delivery_id] is v)]
    received = {v.delivery_id: v.received_at for v in verdicts}
    made = {d: x for d, x in decisions.items() if received[d] <= x.decided_at < at}
    before = next((s for s in sequence(known, made, 0.0) if s.is_current), None)
    after = next((s for s in sequence(verdicts, made, 0.0, [Locked(at)]) if s.is_current), None)
    assert (before and before.rows_hash) == (after and after.rows_hash)
