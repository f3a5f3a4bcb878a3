"""The cage itself: its limits hold, its readers are reused and replaced, and the asking process always goes on."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import threading
import time
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
from qiangji.parsing import cage, read_form, read_grids, wire
from qiangji.parsing.csv_file import read as read_csv
from qiangji.periods import Period
from tests.hostile.caged import GOOD, LIMITS, SLOW, busy, read, readers, refused
from tests.hostile.files import CASES, FORM, HEADER, PERIOD, ROWS, book, county, csv_of

pytestmark = pytest.mark.usefixtures("servers", "none_left")  # most wait for a clock: the slow lane


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
        "from tests.hostile.caged import read, readers\n"
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
