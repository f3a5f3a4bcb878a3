"""The lake: named by content, whole or not there, private where it must be."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from qiangji import lake as lake_module
from qiangji.lake import Lake, rows_hash

AT = datetime(2026, 11, 2, tzinfo=UTC)
PLACE = ("reports", "village", "2026-10", "440703")


def table(chunks: int = 1) -> pa.Table:
    codes = [f"4407030010{i:02d}" for i in range(6)]
    rows = pa.table(
        {
            "village_code": codes,
            "party_members": pa.array([1, None, 3, 4, 5, 6], pa.int64()),
            "income": pa.array(["1.5", None, "3", "4", "5", "6"]).cast(pa.decimal128(18, 4)),
            "note": pa.array(["", None, "a,b", 'say "x"', "中文", "line\nbreak"]),
        }
    )
    size = len(rows) // chunks
    return pa.concat_tables([rows.slice(i * size, size) for i in range(chunks)])


def files(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_bytes_are_kept_under_their_sha256(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    digest = lake.put_raw(b"as received")
    assert digest == hashlib.sha256(b"as received").hexdigest()
    assert files(tmp_path) == [f"raw/{digest[:2]}/{digest}"]
    assert lake.get_raw(digest) == b"as received"


def test_rows_are_named_by_their_text_as_arrow_writes_it_in_one_piece() -> None:
    """Whatever the pieces: names in journals of before must stay true."""
    texts = ["x", None, "", 'q"z', "l\nm", "k,v"]
    rows = pa.table({'a"b': texts * 20_000, "n": pa.array([1, None, 3, 4, 5, 6] * 20_000)})
    sink = pa.BufferOutputStream()
    pacsv.write_csv(rows, sink, pacsv.WriteOptions(quoting_style="needed"))
    said = repr([(f.name, str(f.type)) for f in rows.schema]).encode()
    assert rows_hash(rows) == hashlib.sha256(said + sink.getvalue().to_pybytes()).hexdigest()


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = lake.put_raw(b"x"), lake.put_rows(*PLACE, table())
    written = {p: os.stat(tmp_path / p).st_mtime_ns for p in files(tmp_path)}
    assert (lake.put_raw(b"x"), lake.put_rows(*PLACE, table())) == first
    assert {p: os.stat(tmp_path / p).st_mtime_ns for p in files(tmp_path)} == written


def test_what_counties_sent_is_for_the_pipeline_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        Lake(tmp_path).put_raw(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "raw").stat().st_mode) == 0o700


@pytest.mark.parametrize("chunks", [2, 3, 6])
def test_the_same_rows_have_the_same_name_however_they_lie_in_memory(chunks: int) -> None:
    assert table(chunks).column("note").num_chunks == chunks
    assert rows_hash(table(chunks)) == rows_hash(table())


def test_the_same_rows_have_the_same_name_whatever_the_row_groups(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "one.parquet")
    pq.write_table(table(), tmp_path / "many.parquet", row_group_size=2, compression="none")
    assert pq.ParquetFile(tmp_path / "many.parquet").num_row_groups == 3
    names = {rows_hash(pq.ParquetFile(tmp_path / n).read()) for n in ("one.parquet", "many.parquet")}
    assert names == {rows_hash(table())}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda t: t.slice(1), id="a row less"),
        pytest.param(lambda t: t.take(pa.array([1, 0, 2, 3, 4, 5])), id="another order"),
        pytest.param(lambda t: t.rename_columns(["village_code", "members", "income", "note"]), id="another name"),
        pytest.param(lambda t: t.set_column(1, "party_members", t.column(1).cast(pa.int32())), id="another type"),
        pytest.param(lambda t: t.set_column(3, "note", pa.array([None, None, "a,b", 'say "x"', "中文", "line\nbreak"])),
                     id="missing is not empty"),
        pytest.param(lambda t: t.set_column(1, "party_members", pa.array([1, 0, 3, 4, 5, 6], pa.int64())),
                     id="missing is not zero"),
    ],
)  # fmt: skip
def test_other_rows_have_another_name(other: Callable[[pa.Table], pa.Table]) -> None:
    assert rows_hash(other(table())) != rows_hash(table())


def test_rows_come_back_as_they_went(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    digest = lake.put_rows(*PLACE, table(3))
    assert files(tmp_path) == [f"reports/form=village/period=2026-10/county=440703/{digest}.parquet"]
    found = lake.get_rows(*PLACE, digest)
    assert found.schema.equals(table().schema)
    assert found.to_pylist() == table().to_pylist()


def test_counts_are_kept_as_differences(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    kept = pq.ParquetFile(lake.rows_path(*PLACE, lake.put_rows(*PLACE, table()))).metadata.row_group(0)
    columns = [kept.column(i) for i in range(kept.num_columns)]
    encodings = {c.path_in_schema: c.encodings for c in columns}
    assert "DELTA_BINARY_PACKED" in encodings["party_members"]
    assert not any("DICTIONARY" in name for found in encodings.values() for name in found)


CRASH = """
import os, stat, sys
from pathlib import Path
import qiangji.lake as lake
wait = os.fsync
def gone(handle):
    wait(handle)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        os._exit(9)      # the machine is gone: no cleanup, no finally
os.fsync = gone
exec(sys.argv[2], {"lake": lake.Lake(Path(sys.argv[1]))})
"""


@pytest.mark.parametrize(
    "write",
    [
        "lake.put_raw(b'x' * 100000)",
        "import pyarrow as pa; lake.put_rows('reports', 'f', '2026-10', '440703', pa.table({'a': [1]}))",
        "import datetime; lake.record('e', datetime.datetime(2026, 11, 1), {'event': 'x'})",
        "with lake.together() as many: many.put_raw(b'x' * 100000)",
    ],
)
def test_a_crash_between_write_and_rename_leaves_no_final_name(tmp_path: Path, write: str) -> None:
    plugins = Path(__file__).resolve().parents[2] / "plugins"
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), write],
        env={"PYTHONPATH": str(plugins)},
        timeout=60,
        check=False,
    )
    assert ended.returncode == 9
    left = files(tmp_path)
    assert len(left) == 1
    assert left[0].startswith("tmp/")
    lake = Lake(tmp_path)
    exec(write, {"lake": lake})  # the same again
    assert lake.sweep() == 1, "its process is gone"
    (written,) = files(tmp_path)
    assert written.split("/")[0] in ("raw", "reports", "journal")


def test_files_written_together_have_their_names_together(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.together() as many:
        digests = [many.put_raw(bytes([n])) for n in range(9)]
        digests.append(many.put_raw(bytes([0])))
        rows = many.put_rows(*PLACE, table())
        assert all(name.startswith("tmp/") for name in files(tmp_path)), "none has its name yet"
    assert [lake.get_raw(d) for d in digests] == [*(bytes([n]) for n in range(9)), bytes([0])]
    assert lake.get_rows(*PLACE, rows).equals(table())
    assert len(files(tmp_path)) == 10


def test_more_files_than_may_be_open_have_their_names_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "TOGETHER", 4)
    with Lake(tmp_path).together() as many:
        for n in range(9):
            many.put_raw(bytes([n]))
        assert sum(name.startswith("tmp/") for name in files(tmp_path)) == 1
    assert len(files(tmp_path)) == 9


def test_of_files_written_together_none_is_left_where_it_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in the middle"), Lake(tmp_path).together() as many:  # noqa: PT012 - fails with a file in it
        many.put_raw(b"one")
        raise ValueError("in the middle")
    assert files(tmp_path) == []


def test_each_file_is_on_the_disk_before_any_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = list[str]()
    sync, rename = os.fsync, Path.replace

    def synced(handle: int) -> None:
        sync(handle)
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")

    def renamed(path: Path, target: Path) -> Path:
        done.append("name")
        return rename(path, target)

    with Lake(tmp_path / "lake").together() as many:
        for n in range(3):
            many.put_raw(bytes([n]))
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(Path, "replace", renamed)
    assert done[:3] == ["file"] * 3
    assert done.count("name") == 3
    last = len(done) - done[::-1].index("name")
    assert done[last:] == ["folder"] * len(done[last:])
    assert len(done[last:]) >= 1, "the names in their folders, last of all"


def test_what_somebody_is_writing_is_not_swept(tmp_path: Path) -> None:
    lake, other = Lake(tmp_path), Lake(tmp_path)
    path = tmp_path / "raw" / "aa" / "aabb"
    with lake._replacing(path) as temporary:
        temporary.write_bytes(b"half of it")
        assert other.sweep() == 0
        temporary.write_bytes(b"all of it")
    assert path.read_bytes() == b"all of it"
    assert other.sweep() == 0
    assert files(tmp_path) == ["raw/aa/aabb"]


def test_a_temporary_file_that_is_swept_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, made = Lake(tmp_path), list[str]()

    def slow(**how: Any) -> tuple[int, str]:
        handle, name = mkstemp(**how)
        made.append(name)
        if len(made) == 1:
            assert Lake(tmp_path).sweep() == 1  # another process, between making and locking
        return int(handle), str(name)

    mkstemp = tempfile.mkstemp
    monkeypatch.setattr(tempfile, "mkstemp", slow)
    assert lake.get_raw(lake.put_raw(b"x")) == b"x"
    assert len(made) == 2


def test_names_are_on_the_disk_before_the_ledger_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[str]()
    sync = os.fsync

    def told(handle: int) -> None:
        sync(handle)
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))

    monkeypatch.setattr(os, "fsync", told)
    digest = Lake(tmp_path / "lake").put_raw(b"x")
    folder = tmp_path / "lake" / "raw" / digest[:2]
    assert synced[-1] == str(folder), "the name in its folder, last of all"
    for made in (folder, folder.parent, tmp_path / "lake"):
        assert str(made.parent) in synced, "each folder's name in the one above"


def test_a_folder_in_which_many_are_made_is_synced_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[str]()
    sync = os.fsync

    def told(handle: int) -> None:
        sync(handle)
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))

    monkeypatch.setattr(os, "fsync", told)
    counties = ["440703", "440704", "440705"]
    with Lake(tmp_path / "lake").together() as many:
        for county in counties:
            many.put_rows("reports", "f", "2026-10", county, table())
    above = tmp_path / "lake" / "reports" / "form=f" / "period=2026-10"
    assert synced.count(str(above)) == 1
    assert {str(above / f"county={c}") for c in counties} <= set(synced)
    for made in (above, above.parent, above.parent.parent, tmp_path / "lake"):
        assert str(made.parent) in synced, "each folder's name in the one above"


def test_what_a_build_left_that_was_killed_is_removed(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for build in ("in the ledger", "killed", "journalled"):
        lake.put_build(build, "village", table())
    lake.record("build-journalled", AT, {"event": "build"})
    lake.sweep_builds({"in the ledger"})
    assert sorted(p.name for p in (tmp_path / "builds").iterdir()) == ["in the ledger", "journalled"]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """With a limit on the size of files, which needs no disk of its own."""
    script = (
        "import resource, signal, sys; from pathlib import Path; import pyarrow as pa; from qiangji.lake import Lake\n"
        "from qiangji.errors import LakeError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "lake = Lake(Path(sys.argv[1])); many = pa.table({'a': [str(i * 7919 % 65537) for i in range(9999)]})\n"
        "for write in (lambda: lake.put_raw(bytes(9999)), lambda: lake.put_rows('reports', 'f', '1', 'c', many),\n"
        "        lambda: lake.record('e', __import__('datetime').datetime(2026, 11, 1), {'x': 'y' * 9999})):\n"
        "    try: write()\n"
        "    except LakeError as e: print(e.code, 'Make room' in str(e))"
    )
    plugins = Path(__file__).resolve().parents[2] / "plugins"
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={"PYTHONPATH": str(plugins)}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["disk_full True"] * 3
    assert files(tmp_path) == []


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path: Path) -> None:
    class Unwritable:
        schema = pa.schema([])

    with pytest.raises((TypeError, AttributeError)):
        Lake(tmp_path)._put_parquet(tmp_path / "x" / "y.parquet", Unwritable())
    assert files(tmp_path) == []


def test_the_journal_takes_an_event_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    event = {"event": "delivery", "received_at": AT, "name": "村表.csv", "parts": [{"form": "village"}]}
    lake.record("delivery-1", AT, event)
    lake.record("delivery-1", AT, event)
    assert files(tmp_path) == ["journal/2026-11/delivery-1.json"]
    text = (tmp_path / "journal/2026-11/delivery-1.json").read_text(encoding="utf-8")
    assert json.loads(text) == event | {"received_at": str(AT)}
    assert "村表.csv" in text


def test_a_build_s_rows_lie_under_its_id(tmp_path: Path) -> None:
    Lake(tmp_path).put_build("b1", "village", table())
    assert files(tmp_path) == ["builds/b1/village.parquet"]
