"""What a pull hands to the check: once, for the same bytes read as the same, and no more than there is room for."""

from __future__ import annotations

import pyarrow as pa

from qiangji.catalogue.models import FileKind
from qiangji.parsing import Parsed
from qiangji.parsing.handed import Handed
from qiangji.parsing.problems import PROBLEMS
from qiangji.periods import Period

AT = ("village", Period.parse("2026-10"))
OF: tuple[FileKind, str, str, str] = ("csv", "440703", "village", "2026-10")


def parsed(rows: int = 1) -> Parsed:
    table = pa.table({"members": pa.array([1] * rows, pa.int64())})
    return Parsed(table, table, PROBLEMS.empty_table())


def test_it_is_taken_once_and_by_what_it_was_read_as() -> None:
    handed, one = Handed(1000), parsed()
    handed.put("a", "csv", "440703", {AT: one})
    assert handed.take("b", *OF) is None
    assert handed.take("a", "csv", "440704", "village", "2026-10") is None
    assert handed.take("a", "csv", "440703", "village", "2026-09") is None
    assert handed.has("a", *OF)
    assert not handed.has("b", *OF)
    assert handed.take("a", *OF) is one
    assert not handed.has("a", *OF)
    assert handed.take("a", *OF) is None


def test_what_there_is_no_room_for_is_let_go() -> None:
    handed = Handed(100)
    handed.put("a", "csv", "440703", {AT: parsed(10)})  # 160 bytes: there was room when it came
    assert not handed.has_room
    handed.put("b", "csv", "440703", {AT: parsed()})
    assert handed.take("b", *OF) is None
    assert handed.take("a", *OF) is not None
    assert handed.has_room


def test_the_same_bytes_twice_are_held_once() -> None:
    handed = Handed(30)
    for _ in range(2):
        handed.put("a", "csv", "440703", {AT: parsed()})
    assert handed.take("a", *OF) is not None
    assert handed.has_room
