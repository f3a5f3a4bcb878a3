"""The cage itself: its limits hold, its readers are reused and replaced, and the asking process always goes on."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage, cage_clean, read_form, read_grids, wire
from qiangji.parsing.csv_file import read as read_csv
from qiangji.periods import Period
from tests.hostile.files import CASES, FORM, HEADER, PERIOD, ROWS, book, county, csv_of

pytestmark = pytest.mark.usefixtures("servers")  # most wait for a clock: the slow lane
GOOD = csv_of(ROWS)
SLOW = b'{"a":1,"b":2,"c":[1,2,3]}\n' * 1_200_000
LIMITS = cage.Limits(memory=2 << 30, seconds=20, output=64 << 20)


@pytest.fixture
def no_reader_at_rest() -> Iterator[None]:
    """For what counts readers, or ends them: others share one."""
    cage.close()
    yield
    cage.close()


@pytest.fixture(scope="module", autouse=True)
def _none_left() -> Iterator[None]:
    yield
    cage.close()


def read(content: bytes = GOOD, kind: str = "csv", limits: cage.Limits = LIMITS) -> Parsed:
    return cage.read_submission(content, kind, county(), FORM, Period.parse(PERIOD), limits=limits)  # type: ignore[arg-type]


def refused(content: bytes, kind: str = "csv", limits: cage.Limits = LIMITS) -> str:
    with pytest.raises(ReturnedError) as error:
        read(content, kind, limits)
    return error.value.code


def readers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [c for c in children if any("cage_worker" in word for word in c.cmdline())]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux which libraries a process has")
def test_a_reader_takes_no_pandas(no_reader_at_rest: None) -> None:
    """Arrow asks for it at its first list: half of what a reader took to start."""
    read()
    (reader,) = readers()
    libraries = Path(f"/proc/{reader.pid}/maps").read_text()
    assert "pyarrow" in libraries
    assert "pandas" not in libraries


def test_what_comes_out_is_what_the_plain_functions_give() -> None:
    for content, kind in ((GOOD, "csv"), (book(), "xlsx"), (b'{"village_code":"1","members":2}\n', "ndjson")):
        plain = read_grids(content, kind, county(), ["village"], titles={"village": FORM.title.zh})  # type: ignore[arg-type]
        whole = cage.read_sheets(content, kind, county(), {"village": ""}, limits=LIMITS)  # type: ignore[arg-type]
        caged = whole.grids
        assert whole.others == []
        assert caged["village"].cells.equals(plain["village"].cells)
        assert (caged["village"].ragged, caged["village"].header_rows) == (
            plain["village"].ragged,
            plain["village"].header_rows,
        )
    direct = read_form(
        read_grids(GOOD, "csv", county(), ["village"])["village"], FORM, county(), Period.parse(PERIOD)
    )
    through = read()
    assert through.rows.equals(direct.rows)
    assert through.raw.equals(direct.raw)
    assert through.problems.equals(direct.problems)
    assert (through.columns, through.totals_agree) == (direct.columns, direct.totals_agree)


def test_a_countys_own_sheet_comes_through_cell_by_cell() -> None:
    rows: list[list[Any]] = [
        [*HEADER, "备注"],
        ["440703101200", "s", 12, 1.5, True, datetime(2026, 10, 1, 12, 30), clock(8, 5)],
        ["'=1", "n12", -0.1, 10**15, False, date(2026, 9, 30), timedelta(hours=30)],
        [None, "", 0, 1e300, None, " x ", "#N/A"],
    ]
    content = book(rows, lambda made: made.active.merge_cells("A4:B4"))
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as there:
        direct = [[None if v == "" else v for v in row] for row in there.get_sheet_by_index(0).to_python()]
    sheet = cage.read_sheet(content, "xlsx", county(), FORM, PERIOD, limits=LIMITS)
    assert (sheet.name, sheet.merges, sheet.header_rows) == ("行政村", [(4, 1, 4, 2)], None)
    assert sheet.rows == direct
    assert [list(map(type, row)) for row in sheet.rows] == [list(map(type, row)) for row in direct]
    kinds = {type(v) for row in sheet.rows for v in row}
    assert kinds >= {str, float, bool, datetime, clock, date, timedelta, type(None)}
    assert cage.read_sheet(GOOD, "csv", county(), FORM, PERIOD).rows[0] == HEADER
    lines = cage.read_sheet(b'{"a":"1","b":2}\n', "ndjson", county(), FORM, PERIOD)
    assert (lines.header_rows, lines.rows) == (1, [["a", "b"], ["1", "2"]])


def test_what_goes_back_is_read_in_the_cage_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that writes a county's workbook reads none of the county's bytes itself."""
    from qiangji import feedback
    from qiangji.ledger import Pending

    def never(*_: object, **__: object) -> None:
        raise AssertionError("read outside the cage")

    for name in ("read_grids", "read_scanned", "xlsx_file.read_scanned", "sheets.sheet_of", "csv_file.read"):
        monkeypatch.setattr(f"qiangji.parsing.{name}", never)
    part = Pending(
        "village", PERIOD, "xlsx", "x", delivery_id="d", county_code="440703", received_at=datetime.now(UTC)
    )
    (far,) = [c.content for c in CASES if c.name == "cell at XFD1048576"]
    assert feedback._sheet(county(), far, part, FORM) is None
    sheet = feedback._sheet(county(), book(), part, FORM)
    assert sheet
    assert sheet.rows[0] == HEADER


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ({"name": "a", "merges": [[1, 1, 9, 1]]}, ["s1"]),
        ({"name": "a", "merges": [[1, 1, 1]]}, ["s1"]),
        ({"name": "a", "merges": [[0, 1, 1, 1]]}, ["s1"]),
        ({"name": "a", "merges": 7}, ["s1"]),
        ({"name": 7, "merges": []}, ["s1"]),
        ({"name": "a", "merges": [], "header_rows": -1}, ["s1"]),
        *[
            ({"name": "a", "merges": []}, [text])
            for text in ("", "x1", "n", "nnan", "n1e999", "d2026", "e1e30", "b")
        ],
    ],
)
def test_a_sheet_that_is_none_is_not_taken_over(head: object, cells: list[str]) -> None:
    part = bytes(wire.stream(pa.table([cells], names=["0"])))
    with pytest.raises(wire.GarbledError):
        wire.sheet_of_parts(head, part)


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_is_reused_and_starting_one_costs_no_seconds() -> None:
    start = time.monotonic()
    read()
    first = time.monotonic() - start
    (one,) = readers()
    start = time.monotonic()
    for _ in range(50):
        read()
    each = (time.monotonic() - start) / 50
    assert [r.pid for r in readers()] == [one.pid]
    assert first < 10
    assert each < 0.1


@pytest.mark.usefixtures("no_reader_at_rest")
def test_more_processor_time_than_a_file_may_take() -> None:
    read()
    assert refused(SLOW, "ndjson", cage.Limits(4 << 30, 1, 64 << 20)) == "too_slow"
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_that_hangs_is_ended_by_the_clock() -> None:
    with busy(lambda reader: reader.suspend()):
        start = time.monotonic()
        assert refused(SLOW, "ndjson", cage.Limits(4 << 30, 1, 64 << 20)) == "too_slow"
        assert time.monotonic() - start < 10
    assert readers() == []
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_more_memory_than_a_file_may_take() -> None:
    assert refused(SLOW, "ndjson", cage.Limits(500 << 20, 20, 64 << 20)) == "too_large"
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_more_output_than_a_file_may_give() -> None:
    assert refused(GOOD, limits=cage.Limits(2 << 30, 20, 1000)) == "too_large"
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_that_dies_returns_the_file_and_nothing_else() -> None:
    with busy(lambda reader: reader.kill()):
        assert refused(SLOW, "ndjson") == "reader_failed"
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_what_a_used_reader_fails_at_is_read_by_a_new_one() -> None:
    """A verdict must not depend on the files before, or on who killed the reader."""
    read()
    (used,) = readers()
    used.suspend()  # it never answers this
    killer = threading.Timer(1.0, used.kill)
    killer.start()
    assert read().rows.num_rows == 3
    assert used.pid not in [r.pid for r in readers()]
    (idle,) = readers()
    idle.kill()
    idle.wait()
    assert read().rows.num_rows == 3


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_that_has_grown_is_replaced() -> None:
    small = cage.Limits(1100 << 20, 30, 200 << 20)
    big = b'{"village_code":"440703101201","x":"' + b"y" * 30_000 + b'"}\n'
    read(GOOD, limits=small)
    (before,) = readers()
    assert refused(big * 4_200, "ndjson", small) == "unknown_header"
    assert before.pid not in [r.pid for r in readers()]


@pytest.mark.usefixtures("no_reader_at_rest")
def test_what_the_collecting_process_holds_is_not_the_readers() -> None:
    """A reader is reused even if the asking process has grown."""
    small = cage.Limits(1100 << 20, 30, 64 << 20)
    held = b"x" * (600 << 20)
    read(GOOD, limits=small)
    assert len(readers()) == 1
    assert held


@pytest.mark.usefixtures("no_reader_at_rest")
def test_many_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "PATIENCE", 0.0)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: read(csv_of(ROWS[: 1 + i % 3])).rows.num_rows, range(60)))
    assert found == [1 + i % 3 for i in range(60)]
    assert 2 <= len(readers()) <= cage.MOST <= 4


@pytest.mark.usefixtures("no_reader_at_rest")
def test_small_files_of_many_threads_share_one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "PATIENCE", 60.0)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: read(csv_of(ROWS[: 1 + i % 3])).rows.num_rows, range(40)))
    assert found == [1 + i % 3 for i in range(40)]
    assert len(readers()) == 1


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_file_does_not_wait_long_for_another_that_takes_long() -> None:
    with busy(lambda reader: reader.suspend()):
        hangs = threading.Thread(target=refused, args=(SLOW, "ndjson"))
        hangs.start()
        time.sleep(0.2)
        assert read().rows.num_rows == 3
        assert len(readers()) == 2
        assert hangs.is_alive()
        for one in readers():
            one.kill()
        hangs.join()


@pytest.mark.usefixtures("no_reader_at_rest")
def test_who_waits_gets_a_new_reader_when_the_one_at_work_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "PATIENCE", 60.0)
    with busy(lambda reader: reader.kill()):
        died = threading.Thread(target=refused, args=(SLOW, "ndjson"))
        died.start()
        time.sleep(0.2)
        assert read().rows.num_rows == 3
        died.join()


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_forked_task_has_readers_of_its_own() -> None:
    """Airflow forks its tasks: two processes that share a reader's pipes would get each other's rows."""
    read()
    (ours,) = readers()
    children = []
    for i in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                counts = [read(csv_of(ROWS[: 1 + i])).rows.num_rows for _ in range(30)]
                mine = [p.pid for p in psutil.Process().children()]
                status = 0 if set(counts) == {1 + i} and len(mine) == 1 and mine != [ours.pid] else 2
            finally:
                os._exit(status)
        children.append(child)
    found = [read().rows.num_rows for _ in range(30)]
    assert [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children] == [0, 0, 0]
    assert set(found) == {3}
    assert [r.pid for r in readers()] == [ours.pid]


def test_a_reader_ends_with_whoever_started_it() -> None:
    code = (
        "import os, signal\n"
        "from tests.hostile.test_cage import read, readers\n"
        "read(); print(readers()[0].pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    project = Path(__file__).parents[2]
    path = {"PYTHONPATH": f"{project}/plugins:{project}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=path, capture_output=True, text=True, check=False
    )
    number = int(done.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(number) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(number)


@pytest.mark.usefixtures("no_reader_at_rest")
def test_a_reader_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIANGJI_CONN_COUNTY_440703", "https://login:not-the-password@127.0.0.1")
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", "postgresql://x:not-the-password@127.0.0.1/x")
    read()
    (one,) = readers()
    assert not [k for k in one.environ() if k.startswith(("QIANGJI_CONN", "QIANGJI_WAREHOUSE", "AIRFLOW"))]
    assert "not-the-password" not in " ".join([*one.environ().values(), *one.cmdline()])
    if sys.platform == "linux":
        import resource

        assert resource.prlimit(one.pid, resource.RLIMIT_AS)[0] == LIMITS.memory
        assert LIMITS.seconds <= resource.prlimit(one.pid, resource.RLIMIT_CPU)[0] <= LIMITS.seconds + 10


def test_no_reader_is_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(cage.CageError) as error:
        read()
    assert error.value.code == "no_cage"


def test_answers_are_not_believed() -> None:
    """An answer with flipped, cut and spliced bytes is taken as a whole or refused as garbled, nothing else."""
    parsed = read()
    head, parts = wire.parsed_parts(parsed)
    streams = [bytes(p) for p in parts]
    rng = random.Random(7)
    refused = 0
    for _ in range(3000):
        changed = list(streams)
        i = rng.randrange(3)
        data = bytearray(changed[i])
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        changed[i] = bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)
        try:
            taken = wire.parsed_of_parts(head, changed, FORM, PERIOD)
        except wire.GarbledError:
            refused += 1
            continue
        assert taken.rows.schema.equals(parsed.rows.schema)
        assert taken.raw.schema.equals(parsed.raw.schema)
        assert taken.rows.to_pylist() is not None
        assert taken.raw.to_pylist() is not None
    assert refused > 300


@pytest.mark.parametrize(
    "head",
    [
        {"columns": {}},
        {"columns": {"village_code": -1, "members": 1, "income": 2, "ok": 3, "day": 4}},
        {"columns": {"village_code": "0", "members": 1, "income": 2, "ok": 3, "day": 4}},
        {"totals_agree": "yes", "columns": {"village_code": 0, "members": 1, "income": 2, "ok": 3, "day": 4}},
    ],
)
def test_heads_are_not_believed_either(head: dict[str, object]) -> None:
    _, parts = wire.parsed_parts(read())
    with pytest.raises(wire.GarbledError):
        wire.parsed_of_parts(head, [bytes(p) for p in parts], FORM, PERIOD)


def test_an_answer_says_nothing_but_reasons() -> None:
    error = ReturnedError("x", code="empty_file", zh="空")
    assert wire.error_of(wire.error_head(error)).code == "empty_file"
    with pytest.raises(wire.GarbledError):
        wire.error_of(wire.error_head(ReturnedError("x", code="something_new")))
    assert read_csv(GOOD, "utf-8").cells.num_rows == 4


class busy:
    """Act on the reader once it is busy with its file."""

    def __init__(self, act: Callable[[psutil.Process], None]) -> None:
        self._act, self._over = act, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for reader in readers():
                if reader.memory_info().rss > 200 << 20:
                    self._act(reader)
                    return


# --- read, looked through and parsed at once -----------------------------------------------------

RESIDENT = "11010519491231002X"
TARGET = ("village", Period.parse(PERIOD))


def clean(
    content: bytes = GOOD, kind: str = "csv", targets: tuple[tuple[str, Period], ...] = (TARGET,)
) -> cage_clean.Clean | None:
    return cage_clean.read_clean(content, kind, county(), {"village": FORM}, targets)  # type: ignore[arg-type]


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
