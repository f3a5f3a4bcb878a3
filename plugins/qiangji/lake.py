"""The lake: bytes as received, accepted and rejected rows as Parquet, results of builds, and the journal.

Everything here is named by its content and never changes: writing a thing twice is writing it once. A file is
written under a temporary name, synced, then renamed, so that what has a final name is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Rows(Protocol):
    """Where rows are read: the lake as it is, or with corrections applied."""

    def get_rows(self, area: str, form: str, period: str, county: str, digest: str) -> pa.Table: ...


class Lake:
    """One lake under one folder. `period` is a form's own, as text."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # ---- raw

    def raw_path(self, sha256: str) -> Path:
        return self.root / "raw" / sha256[:2] / sha256

    def put_raw(self, content: bytes) -> str:
        """Keep bytes as received; returns their sha256."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.raw_path(digest)
        if not path.exists():
            _private(self.root / "raw")
            with _replacing(path) as temporary:
                temporary.write_bytes(content)
        return digest

    def get_raw(self, sha256: str) -> bytes:
        return self.raw_path(sha256).read_bytes()

    # ---- rows

    def rows_path(self, area: str, form: str, period: str, county: str, digest: str) -> Path:
        return (
            self.root / area / f"form={form}" / f"period={period}" / f"county={county}" / f"{digest}.parquet"
        )

    def put_rows(self, area: str, form: str, period: str, county: str, rows: pa.Table) -> str:
        """Write rows (already in canonical order) to `reports`, `rejected` or `repeated` (what a report that says that
        nothing changed stands for); returns the hash that names them.
        """
        digest = rows_hash(rows)
        self._put_parquet(self.rows_path(area, form, period, county, digest), rows)
        return digest

    def get_rows(self, area: str, form: str, period: str, county: str, digest: str) -> pa.Table:
        import pyarrow.parquet as pq

        path = self.rows_path(area, form, period, county, digest)
        if area == "reports" and not path.exists():
            path = self.rows_path("repeated", form, period, county, digest)
        # one file, not a dataset: the folder names must not turn into columns
        return pq.ParquetFile(path).read()

    # ---- builds and the journal

    def build_path(self, build_id: str, table: str) -> Path:
        return self.root / "builds" / build_id / f"{table}.parquet"

    def put_build(self, build_id: str, table: str, rows: pa.Table) -> str:
        """Keep what a build wrote into a table of calc; returns the hash of the rows."""
        self._put_parquet(self.build_path(build_id, table), rows)
        return rows_hash(rows)

    def definitions_path(self, digest: str) -> Path:
        return self.root / "definitions" / f"{digest}.parquet"

    def put_definitions(self, rows: pa.Table) -> str:
        """Keep what figures are shown by; returns the hash that names it."""
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

    def get_parquet(self, path: Path) -> pa.Table:
        import pyarrow.parquet as pq

        return pq.ParquetFile(path).read()

    def get_edition(self, period: str, digest: str) -> pa.Table:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.edition_path(period, digest)).read()

    def record(self, event_id: str, at: datetime, event: dict[str, Any]) -> None:
        """Write one event to the journal, before the transaction that makes it so commits."""
        path = self.root / "journal" / f"{at:%Y-%m}" / f"{event_id}.json"
        with _replacing(path) as temporary:
            text = json.dumps(event, ensure_ascii=False, sort_keys=True, indent=1, default=str)
            temporary.write_text(text, encoding="utf-8")

    def _put_parquet(self, path: Path, rows: pa.Table) -> None:
        import pyarrow.parquet as pq

        if not path.exists():
            with _replacing(path) as temporary:
                pq.write_table(rows, temporary, compression="zstd")


def rows_hash(rows: pa.Table) -> str:
    """sha256 over the column names, types and the rows as CSV text: the same for the same content.

    Parquet's own bytes would change with the library's version.
    """
    import pyarrow as pa
    from pyarrow import csv

    digest = hashlib.sha256(repr([(f.name, str(f.type)) for f in rows.schema]).encode())
    if rows.num_rows:  # of none Arrow writes a stray byte
        sink = pa.BufferOutputStream()
        csv.write_csv(rows, sink, csv.WriteOptions(quoting_style="needed"))
        digest.update(sink.getvalue())
    return digest.hexdigest()


def _private(folder: Path) -> None:
    """What counties sent is for the pipeline alone."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, synced, when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as f:
            os.fsync(f.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
