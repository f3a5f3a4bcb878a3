"""A delivery read, looked through for personal data and parsed at once: what is called clean is, and none else is."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from qiangji.errors import ReturnedError
from qiangji.parsing import cage_clean
from qiangji.periods import Period
from tests.hostile.caged import GOOD, SLOW, busy, read
from tests.hostile.files import FORM, HEADER, PERIOD, ROWS, book, county, csv_of

pytestmark = pytest.mark.usefixtures("servers", "none_left")  # readers are processes: the slow lane

RESIDENT = "11010519491231002X"
TARGET = ("village", Period.parse(PERIOD))


def clean(
    content: bytes = GOOD, kind: Any = "csv", targets: tuple[tuple[str, Period], ...] = (TARGET,)
) -> cage_clean.Clean | None:
    return cage_clean.read_clean(content, kind, county(), {"village": FORM}, targets)


@pytest.mark.parametrize(
    ("content", "kind"), [(GOOD, "csv"), (book(), "xlsx"), (b'{"village_code":"1"}\n', "ndjson")]
)
def test_a_clean_delivery_is_what_screening_and_checking_would_read_of_it(content: bytes, kind: str) -> None:
    found = clean(content, kind)
    assert found is not None
    assert found.missing == frozenset()
    try:
        one = read(content, kind)
    except ReturnedError:
        assert found.parsed == {}, "what cannot be read as the form is left to the check"
        return
    assert list(found.parsed) == [TARGET]
    other = found.parsed[TARGET]
    for name in ("rows", "raw", "problems"):
        assert getattr(other, name).equals(getattr(one, name))
    for name in ("totals_agree", "totals_problems", "columns", "is_unchanged", "explanations", "sheet"):
        assert getattr(other, name) == getattr(one, name)


@pytest.mark.parametrize(
    "content",
    [
        csv_of([[*ROWS[0][:1], f"甲 {RESIDENT}", *ROWS[0][2:]], *ROWS[1:]]),
        csv_of([*ROWS, ["填表人：林佩仪", "", "", "", "", ""]]),
        csv_of([*ROWS, ["", "", "审核", "李雷", "", ""]]),
        csv_of(ROWS, header=[*HEADER[:5], "13800138000"]),
    ],
)
def test_what_holds_personal_data_is_not_clean(content: bytes) -> None:
    assert clean(content) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.create_sheet("别的").append([RESIDENT]),
        lambda made: setattr(made.properties, "title", f"村情 {RESIDENT}"),
        lambda made: setattr(made.active, "title", "行政村13800138000"),
    ],
)
def test_nor_is_a_workbook_with_some_in_another_place(change: Callable[[Any], None]) -> None:
    assert clean(book(), "xlsx") is not None
    assert clean(book(change=change), "xlsx") is None


def test_what_cannot_be_read_or_not_in_time_is_not_called_clean() -> None:
    assert clean(b"\xff\xfe\x00") is None
    assert clean(csv_of(ROWS).replace(b"31", b"\x00")) is None


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_that_dies_calls_nothing_clean() -> None:
    with busy(lambda reader: reader.kill()):
        assert clean(SLOW, "ndjson") is None
    assert clean() is not None


def test_answers_on_what_is_clean_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that leaves out, adds or renames something is none."""
    from qiangji.parsing.cage_process import Reader

    ask = Reader.ask
    head, parts = dict[str, Any](), list[bytes | bytearray]()

    def kept(self: Reader, *arguments: Any) -> Any:
        answer = ask(self, *arguments)
        head.update(answer[0])
        parts.extend(answer[1])
        return answer

    monkeypatch.setattr(Reader, "ask", kept)
    assert clean() is not None
    (one,) = head["clean"]
    (said,) = one["parsed"]
    others: list[dict[str, Any]] = [
        {"missing": ["other"]},
        {"missing": None},
        {"of": [1]},
        {"of": [0, 0]},
        {"of": [-1]},
        {"of": [True]},
        {"of": []},
        {"of": [0, 1], "sizes": [1, 2]},
        {"parsed": []},
        {"parsed": [said, said]},
        {"parsed": [7]},
        {"parsed": [None]},
        {"parsed": [said | {"columns": {}}]},
        {"parsed": {}},
    ]
    heads: list[dict[str, Any]] = [{"clean": [one | other]} for other in others]
    heads += [{}, {"clean": []}, {"clean": [one, one]}, {"clean": [7]}, {"error": {"code": "too_large"}}]
    for changed in heads:
        monkeypatch.setattr(Reader, "ask", lambda *_, changed=changed: (changed, list(parts)))
        assert clean() is None, changed
    monkeypatch.setattr(Reader, "ask", lambda *_: (head, parts[:2]))
    assert clean() is None
    monkeypatch.setattr(Reader, "ask", lambda *_: (head, [*parts, b""]))
    assert clean() is None
    monkeypatch.setattr(Reader, "ask", lambda *_: (head, list(parts)))
    assert clean() is not None


@pytest.mark.usefixtures("no_reader_at_rest")
def test_files_of_many_threads_come_together_and_each_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound ones, ones with personal data or none of the form, workbooks: as if each had been read alone."""
    from qiangji.parsing.cage_process import Reader

    ask, asked = Reader.ask, list[int]()

    def counted(self: Reader, head: Any, *arguments: Any) -> Any:
        asked.append(len(head["asks"]))
        return ask(self, head, *arguments)

    monkeypatch.setattr(Reader, "ask", counted)
    files = [
        (csv_of([[f"4407031012{i:02}", f"村{i}", i, 1.5, "是", "2026-09-30"]] * (1 + i % 3)), "csv")
        for i in range(30)
    ]
    odd = [
        (csv_of([["440703101201", RESIDENT, 1, 1, "是", ""]]), "csv"),
        (b"a,b\n1,2\n", "csv"),
        (book(), "xlsx"),
    ]
    files += odd * 4
    random.Random(5).shuffle(files)
    alone = [clean(*one) for one in files]
    assert set(asked) == {1}
    asked.clear()
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda one: clean(*one), files))
        unparsed = list(pool.map(lambda one: clean(one[0], one[1], ()), files))
    assert [one is None for one in unparsed] == [one is None for one in alone]
    assert all(one.parsed == {} for one in unparsed if one)
    assert max(asked) > 1
    assert sum(asked) == 2 * len(files)
    for one, other in zip(found, alone, strict=True):
        assert (one is None) == (other is None)
        if one and other:
            assert one.parsed.keys() == other.parsed.keys()
            for target, parsed in one.parsed.items():
                assert parsed.rows.equals(other.parsed[target].rows)
                assert parsed.raw.equals(other.parsed[target].raw)
                assert parsed.sheet == other.parsed[target].sheet


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_file_that_kills_its_reader_decides_nothing_about_those_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of them has an answer then: each is read by itself, as `read_sheets` does."""
    from qiangji.parsing.cage_process import Died, Reader

    def dies(self: Reader, *_: Any) -> Any:
        self.end()
        raise Died(None, "")

    with monkeypatch.context() as patch, ThreadPoolExecutor(8) as pool:
        patch.setattr(Reader, "ask", dies)
        assert list(pool.map(lambda _: clean(), range(8))) == [None] * 8
    assert clean() is not None
