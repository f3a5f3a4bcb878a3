"""The lake: bytes as received, accepted and rejected rows as Parquet, results of builds, editions, and the journal.

Beside the record lies what a build leaves to the next (`carried`), which may be lost.

A file is named by its content and never changes: writing it twice is writing it once. It is written in lake/tmp,
synced, then renamed, so a file with a final name is whole. What a killed process leaves in lake/tmp, the next process
removes. Many files are synced together (`Lake.together`): the disk then waits once, not once a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from qiangji.csv_text import header, texts
from qiangji.errors import of_the_disk

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
TOGETHER = 100
"""Files that are open at once where many are synced together."""
_SYNCING = 8
"""Files that the disk is asked for at a time: it writes those in one go."""


class Rows(Protocol):
    """Where rows are read from: the lake as it is, or the lake with corrections applied."""

    def get_rows(
        self,
        area: str,
        form: str,
        period: str,
        county: str,
        digest: str,
        columns: Sequence[str] | None = None,
    ) -> pa.Table: ...

    def get_many(
        self, form: str, period: str, digests: Mapping[str, str], columns: Sequence[str] | None = None
    ) -> dict[str, pa.Table]: ...


class Lake:
    """One lake under one folder. `period` is the form's own, as text. Writing raises LakeError where it cannot."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # ---- raw

    def raw_path(self, sha256: str) -> Path:
        return self.root / "raw" / sha256[:2] / sha256

    def put_raw(self, content: bytes) -> str:
        """Keep bytes as received; returns their sha256."""
        path = self.raw_path(digest := hashlib.sha256(content).hexdigest())
        if not path.exists():
            _private(self.root / "raw")
            with self._replacing(path) as temporary:
                temporary.write_bytes(content)
        return digest

    def get_raw(self, sha256: str) -> bytes:
        return self.raw_path(sha256).read_bytes()

    # ---- rows

    def rows_path(self, area: str, form: str, period: str, county: str, digest: str) -> Path:
        return self.root / area / f"form={form}/period={period}/county={county}/{digest}.parquet"

    def put_rows(self, area: str, form: str, period: str, county: str, rows: pa.Table) -> str:
        """Write rows, already in canonical order, to one of three areas; returns the hash that names them.

        `reports`: accepted. `rejected`. `repeated`: the earlier rows that a report without changes stands for.
        """
        digest = rows_hash(rows)
        path = self.rows_path(area, form, period, county, digest)
        # hardly any value is there twice: without dictionaries a file is a tenth smaller, and takes a fifth less time;
        # counts written as differences do as much once more, and take a third less time to read
        counts = {f.name: "DELTA_BINARY_PACKED" for f in rows.schema if f.type in ("int32", "int64")}
        self._put_parquet(path, rows, use_dictionary=False, column_encoding=counts or None)
        return digest

    def has_rows(self, area: str, form: str, period: str, county: str, digest: str) -> bool:
        areas = (area, "repeated") if area == "reports" else (area,)
        return any(self.rows_path(a, form, period, county, digest).exists() for a in areas)

    def get_rows(
        self,
        area: str,
        form: str,
        period: str,
        county: str,
        digest: str,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows; with `columns` only those of these columns that there are."""
        path = self.rows_path(area, form, period, county, digest)
        if area == "reports" and not path.exists():
            path = self.rows_path("repeated", form, period, county, digest)
        return self.get_parquet(path, columns)

    def get_many(
        self, form: str, period: str, digests: Mapping[str, str], columns: Sequence[str] | None = None
    ) -> dict[str, pa.Table]:
        """The accepted rows of several counties: county -> rows. `digests`: by county."""
        return {
            c: self.get_rows("reports", form, period, c, digest, columns) for c, digest in digests.items()
        }

    # ---- builds and the journal

    def build_path(self, build_id: str, table: str) -> Path:
        return self.root / "builds" / build_id / f"{table}.parquet"

    def put_build(
        self, build_id: str, table: str, rows: pa.Table, pieces: Iterable[pa.Buffer] | None = None
    ) -> str:
        """Keep what a build wrote into a table of calc; returns the hash of the rows. `pieces`: see `rows_hash`."""
        self._put_parquet(self.build_path(build_id, table), rows)
        return rows_hash(rows, pieces)

    # ---- what a build leaves to the next: it may be lost at any time, and is worked out again

    def carried(self, build_id: str) -> Path:
        return self.root / "carried" / build_id

    def put_carried(self, build_id: str, name: str, rows: pa.Table) -> Path:
        """Keep rows for the builds that follow; returns their path."""
        path = self.carried(build_id) / f"{name}.parquet"
        self._put_parquet(path, rows, write_page_checksum=True)
        return path

    def carry_over(self, build_id: str, path: Path) -> None:
        """Keep what an earlier build left, for the builds that follow this one."""
        target = self.carried(build_id) / path.name
        _make_folder(target.parent)
        try:
            os.link(path, target)
        except (FileExistsError, FileNotFoundError):
            return
        except OSError:  # a file system without links
            with self._replacing(target) as temporary:
                shutil.copyfile(path, temporary)

    def get_carried(self, path: Path, columns: Sequence[str] | None = None) -> pa.Table | None:
        """What a build left, or these columns of it; None where it is lost or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path, page_checksum_verification=True)
            return file.read(columns=columns and list(columns), use_threads=False)
        except (OSError, pa.ArrowException):
            return None

    def sweep_carried(self, known: Collection[str]) -> None:
        """Remove what builds left that no month needs any more. `known`: the last build of each month."""
        for folder in (self.root / "carried").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder)

    # ---- definitions and editions

    def definitions_path(self, digest: str) -> Path:
        return self.root / "definitions" / f"{digest}.parquet"

    def put_definitions(self, rows: pa.Table) -> str:
        """Keep definitions, by which figures are shown; returns the hash that names them."""
        digest = rows_hash(rows)
        self._put_parquet(self.definitions_path(digest), rows)
        return digest

    def edition_path(self, period: str, digest: str) -> Path:
        return self.root / "editions" / f"period={period}" / f"{digest}.parquet"

    def put_edition(self, period: str, rows: pa.Table) -> str:
        """Keep the figures of an edition; returns the hash that names them."""
        digest = rows_hash(rows)
        self._put_parquet(self.edition_path(period, digest), rows)
        return digest

    def get_parquet(self, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one file, not a dataset: the names of its folders must not become columns.

        Nearly every file is one county's: threads would cost twice what reading it costs.
        """
        import pyarrow.parquet as pq

        return pq.ParquetFile(path).read(columns=columns and list(columns), use_threads=False)

    def record(self, event_id: str, at: datetime, *events: dict[str, Any]) -> None:
        """Write events to the journal, before the transaction that makes them so commits: in one file, all or none."""
        path = self.root / "journal" / f"{at:%Y-%m}" / f"{event_id}.json"
        with self._replacing(path) as temporary:
            told = events[0] if len(events) == 1 else events
            text = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1, default=str)
            temporary.write_text(text, encoding="utf-8")

    # ---- writing

    @contextmanager
    def together(self) -> Iterator[Lake]:
        """This lake, for writing many files: all of them have their names once the block has ended well."""
        batch = _Together(self.root)
        try:
            yield batch
            batch.finish()
        finally:
            batch.close()

    def _put_parquet(self, path: Path, rows: pa.Table, **options: Any) -> None:
        from pyarrow import OSFile
        from pyarrow import parquet as pq

        if not path.exists():
            with self._replacing(path) as temporary, OSFile(str(temporary), "wb") as file:
                pq.write_table(rows, file, compression="zstd", **options)

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[Path]:
        """A temporary path, synced and renamed to `path` when the block ends well.

        Raises LakeError where it cannot be written; the temporary file is removed then.
        """
        with _room(path):
            one = self._begun(path)
            try:
                yield one.temporary
                _finish([one])
            finally:
                one.close()

    def _begun(self, path: Path) -> _File:
        """A new temporary file, locked while this process lives, so that `sweep` spares it."""
        _private(self.root / "tmp")
        while True:
            handle, name = tempfile.mkstemp(dir=self.root / "tmp")
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:  # else another process swept it before it was locked
                return _File(path, Path(name), handle)
            os.close(handle)

    # ---- what a killed process leaves

    def sweep(self) -> int:
        """Remove temporary files whose process is gone; returns how many."""
        swept = 0
        for path in (self.root / "tmp").glob("*"):
            with suppress(OSError), path.open("r+b") as file:  # gone meanwhile, or locked by its process
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                swept += 1
        return swept

    def sweep_builds(self, known: Collection[str]) -> None:
        """Remove rows of builds that were killed before they wrote their event. No build may run meanwhile.

        `known` are the ids of the builds in the ledger.
        """
        for folder in (self.root / "builds").glob("*"):
            if folder.name not in known and not any(self.root.glob(f"journal/*/build-{folder.name}.json")):
                shutil.rmtree(folder)


@dataclass(frozen=True)
class _File:
    """A file that is being written: the name that it will have, and where it lies until then."""

    path: Path
    temporary: Path
    handle: int

    def sync(self) -> None:
        os.fsync(self.handle)

    def rename(self) -> None:
        self.temporary.replace(self.path)

    def close(self) -> None:
        """Close it; without its name it is removed."""
        self.temporary.unlink(missing_ok=True)
        os.close(self.handle)


class _Together(Lake):
    """A lake of which files are synced together, a number of them at a time."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files: list[_File] = []

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[Path]:
        with _room(path):
            self._files.append(self._begun(path))
            yield self._files[-1].temporary
        if len(self._files) >= TOGETHER:
            self.finish()

    def finish(self) -> None:
        """Give the files so far their names."""
        if self._files:
            with _room(self._files[0].path):
                _finish(self._files)
        self.close()

    def close(self) -> None:
        while self._files:
            self._files.pop().close()


def _finish(files: Sequence[_File]) -> None:
    """Sync files, give them their names, sync the names."""
    _each(_File.sync, files)
    above = set[Path]()
    for one in files:
        above |= _made(one.path.parent)
        one.rename()
    for folder in sorted(above):  # each once: a batch makes a folder for each of its counties
        _sync_folder(folder)
    _each(_sync_folder, sorted({one.path.parent for one in files}))


def _each(do: Callable[[T], None], things: Sequence[T]) -> None:
    """Do the same to each, several at a time."""
    if len(things) == 1:
        do(things[0])
        return
    with ThreadPoolExecutor(_SYNCING) as pool:
        list(pool.map(do, things))


def rows_hash(rows: pa.Table, pieces: Iterable[pa.Buffer] | None = None) -> str:
    """sha256 over the column names, types and the rows as CSV text: the same for the same content.

    Parquet's own bytes would change with the library's version. `pieces`: the text, where it is there already.
    """
    digest = hashlib.sha256(repr([(f.name, str(f.type)) for f in rows.schema]).encode())
    if rows.num_rows:
        digest.update(header(rows))
        for text in texts(rows) if pieces is None else pieces:
            digest.update(text)
    return digest.hexdigest()


@contextmanager
def _room(path: Path) -> Iterator[None]:
    """Turn the system's "no room" or "may not be written" into a LakeError that says what to do."""
    try:
        yield
    except OSError as e:
        if told := of_the_disk(e, path):
            raise told from e
        raise


def _private(folder: Path) -> None:
    """Make a folder that only this user may read, as it holds what counties sent."""
    if not folder.exists():
        _make_folder(folder)
        folder.chmod(0o700)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents, so that they survive a crash of the machine."""
    for above in sorted(_made(folder)):
        _sync_folder(above)


def _made(folder: Path) -> set[Path]:
    """Make a folder and its parents; returns the folders that have a new name in them, to be synced."""
    if folder.exists():
        return set()
    above = _made(folder.parent)
    folder.mkdir(exist_ok=True)
    return {*above, folder.parent}


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder: a file that the ledger knows must survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
