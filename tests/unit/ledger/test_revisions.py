"""Revisions in sequence: which verdict counts, which is held, and which is a revision of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qiangji.ledger import sequence
from tests.unit.ledger.verdicts import START, decided, told, verdict


def test_a_b_a_is_three_revisions() -> None:
    placed = sequence([verdict(1, "A"), verdict(2, "B"), verdict(3, "A")], {}, 0.5)
    assert told(placed) == [("accepted", 1, False), ("accepted", 2, False), ("accepted", 3, True)]


def test_the_same_rows_again_are_no_new_revision() -> None:
    placed = sequence([verdict(1, "A"), verdict(2, "A")], {}, 0.5)
    assert [s.revision for s in placed] == [1, 1]
    assert [s.is_current for s in placed] == [False, True]


def test_current_is_the_latest_received_not_the_latest_processed() -> None:
    late = verdict(1, "A", checked_at=START + timedelta(days=9))
    placed = sequence([verdict(2, "B"), late], {}, 0.5)
    assert [(s.rows_hash, s.is_current) for s in placed] == [("A", False), ("B", True)]


@pytest.mark.parametrize("word", ["returned", "withheld"])
def test_what_is_returned_leaves_the_revision_before_it_in_place(word: str) -> None:
    placed = sequence([verdict(1, "A"), verdict(2, None, verdict=word)], {}, 0.5)
    assert told(placed) == [("accepted", 1, True), (word, None, False)]


def test_a_partial_submission_counts() -> None:
    partial = verdict(2, "B", verdict="partial", rows_accepted=99, rows_rejected=1)
    assert told(sequence([verdict(1, "A"), partial], {}, 0.5))[1] == ("partial", 2, True)


def test_one_far_smaller_is_held_and_the_one_after_is_compared_with_the_last_that_counts() -> None:
    placed = sequence([verdict(1, "A"), verdict(2, "B", 49), verdict(3, "C", 60)], {}, 0.5)
    assert told(placed) == [("accepted", 1, False), ("held", None, False), ("accepted", 2, True)]


def test_exactly_the_share_is_not_held() -> None:
    assert told(sequence([verdict(1, "A"), verdict(2, "B", 50)], {}, 0.5))[1] == ("accepted", 2, True)


def test_the_first_is_never_held() -> None:
    assert told(sequence([verdict(1, "A", 1)], {}, 0.5)) == [("accepted", 1, True)]


def test_what_is_released_counts() -> None:
    placed = sequence([verdict(1, "A"), verdict(2, "B", 10)], decided("d2", "release"), 0.5)
    assert told(placed)[1] == ("accepted", 2, True)


def test_a_release_moves_the_bar_for_what_follows() -> None:
    history = [verdict(1, "A"), verdict(2, "B", 10), verdict(3, "C", 6)]
    assert sequence(history, {}, 0.5)[2].status == "held"
    assert sequence(history, decided("d2", "release"), 0.5)[2].status == "accepted"


def test_a_report_does_not_shrink_in_small_steps() -> None:
    steps = [verdict(1, "A", 84), verdict(2, "B", 46), verdict(3, "C", 25), verdict(4, "D", 13)]
    placed = sequence([*steps, verdict(5, "E", 60)], {}, 0.5)
    assert told(placed) == [
        ("accepted", 1, False), ("accepted", 2, False), ("held", None, False), ("held", None, False),
        ("accepted", 3, True),
    ]  # fmt: skip


def test_what_is_released_is_the_bar_whatever_was_fuller_before() -> None:
    """A county that has become smaller: one question, and none about the corrections after it."""
    history = [verdict(1, "A", 84), verdict(2, "B", 46), verdict(3, "C", 25), verdict(4, "D", 13)]
    placed = sequence(history, decided("d3", "release"), 0.5)
    assert [s.status for s in placed] == ["accepted"] * 4
    grown = [*history, verdict(5, "E", 60), verdict(6, "F", 29)]
    assert [s.status for s in sequence(grown, decided("d3", "release"), 0.5)][4:] == ["accepted", "held"]


def test_a_first_report_that_was_too_full_is_no_bar_once_it_is_void() -> None:
    history = [verdict(1, "A", 200), verdict(2, "B", 110), verdict(3, "C", 84)]
    assert sequence(history, {}, 0.5)[2].status == "held"
    assert told(sequence(history, decided("d1", "void"), 0.5))[2] == ("accepted", 2, True)


def test_a_delivery_that_was_read_anew_is_the_bar_as_last_read() -> None:
    again = verdict(1, "B", 60, suite_hash="s2", checked_at=START + timedelta(days=2))
    history = [verdict(1, "A", 100), again, verdict(2, "C", 35)]
    assert [s.status for s in sequence(history, {}, 0.5)] == ["accepted"] * 3


def test_what_is_void_makes_room_for_the_revision_before_it() -> None:
    placed = sequence([verdict(1, "A"), verdict(2, "B"), verdict(3, "A")], decided("d2", "void"), 0.5)
    assert told(placed) == [("accepted", 1, False), ("void", None, False), ("accepted", 1, True)]


def test_a_void_only_delivery_leaves_nothing_current() -> None:
    assert told(sequence([verdict(1, "A")], decided("d1", "void"), 0.5)) == [("void", None, False)]


def test_a_recheck_of_the_same_delivery_follows_its_first_reading() -> None:
    again = verdict(1, "B", suite_hash="s2", checked_at=START + timedelta(days=2))
    placed = sequence([again, verdict(1, "A")], {}, 0.5)
    assert [(s.suite_hash, s.revision, s.is_current) for s in placed] == [("s1", 1, False), ("s2", 2, True)]


def test_a_recheck_does_not_overtake_a_later_delivery() -> None:
    again = verdict(1, "B", suite_hash="s2", checked_at=START + timedelta(days=9))
    placed = sequence([again, verdict(1, "A"), verdict(2, "C")], {}, 0.5)
    assert [s.rows_hash for s in placed if s.is_current] == ["C"]


def test_a_tie_is_broken_by_the_delivery_not_by_the_order_given() -> None:
    one, other = verdict(1, "A"), verdict(1, "B", delivery_id="d0")
    assert sequence([one, other], {}, 0.5) == sequence([other, one], {}, 0.5)
