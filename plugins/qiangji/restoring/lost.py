"""What was kept and is no longer so: rows that are gone or altered, and events that the journal has lost.

In: the lake, its journal, the ledger. Out: rows as they were kept, or a LakeError; traces of events that are not there.

| trace | of a lost event |
| --- | --- |
| facts of rows that no verdict names, a build that another followed | it was committed; a build now drops figures |
| a verdict, a decision or a workbook of a delivery that none tells of | it was committed |
| a file under a final name that no event names | it may be; a step that was killed leaves one, too |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from qiangji.errors import LakeError
from qiangji.lake import Lake, rows_hash
from qiangji.restoring.journal import Journal
from qiangji.restoring.records import events_of
from qiangji.warehouse.queries import query

if TYPE_CHECKING:
    import pyarrow as pa

BACKUP = "Take the file from a backup of the lake. docs/runbooks/restore.md"
Trace = tuple[object, str]
"""Where something is, and what it says of an event that is not there."""


class Kept(Lake):
    """The lake, whose rows are held against the hash that names them wherever a file is read whole.

    Raises LakeError: missing, altered.
    """

    def get_rows(
        self,
        area: str,
        form: str,
        period: str,
        county: str,
        digest: str,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        if not self.has_rows(area, form, period, county, digest):
            raise _told(self.rows_path(area, form, period, county, digest), None)
        return super().get_rows(area, form, period, county, digest, columns)

    def get_parquet(self, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
        return self.get_named(path, None if columns else path.stem, columns)

    def get_named(self, path: Path, wanted: str | None, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a file, which have that hash."""
        if not path.exists():
            raise _told(path, None)
        found = rows_of(Lake(self.root), path, wanted, columns)
        if isinstance(found, str):
            raise _told(path, found)
        return found


def rows_of(
    lake: Lake, path: Path, wanted: str | None, columns: Sequence[str] | None = None
) -> pa.Table | str:
    """The rows of a file if their hash is the wanted one, else what is wrong."""
    import pyarrow as pa

    try:
        rows = lake.get_parquet(path, columns)
        found = rows_hash(rows) if wanted else None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as e:
        return f"is no Parquet any more: {str(e).splitlines()[0]:.120}"
    return rows if found == wanted else f"the hash of its rows is {found}, not {wanted}"


def _told(path: Path, what: str | None) -> LakeError:
    """A file that is gone (None), or what is wrong with it."""
    return LakeError(
        what or "is not there, and an event names it (rows that a report repeats: lake/repeated)",
        where=path,
        expected="the rows that were kept",
        do=BACKUP,
        zh=f"数据湖里的文件{'已损坏或被改动' if what else '不在了'}：{path}。"
        "请从数据湖的备份取回该文件，再做一遍；见docs/runbooks/restore.md。",
        code="altered" if what else "missing",
    )


def facts(c: Connection) -> Iterator[Trace]:
    """Facts of rows that no verdict names: the next build takes them out."""
    for r in c.execute(query("restoring/untold_facts")):
        yield f"facts {r.form} {r.period} {r.county_code}", f"revision {r.revision} is of no verdict"


def deliveries(events: Journal) -> Iterator[Trace]:
    """Deliveries that other events are about, and of which none tells."""
    known = {e["delivery_id"] for e in events_of(events, "delivery")}
    for kind, what in (("submission", "a verdict"), ("decision", "a decision"), ("feedback", "a workbook")):
        for delivery in sorted({d for e in events.of(kind) if (d := e.get("delivery_id"))} - known):
            yield f"delivery {delivery}", f"{what} is about it, and no event tells of it"


def builds(events: Journal) -> Iterator[Trace]:
    """Builds that another followed, of which no event tells. Builds of before named none."""
    known = {e["build_id"] for e in events.of("build")}
    for e in events.builds():
        previous = e.get("previous")
        if previous is not None and previous not in known:
            yield f"build {previous}", f"build {e['build_id']} followed it, and no event tells of it"


def unnamed(lake: Lake, events: Journal) -> Iterator[tuple[Path, str]]:
    """Files under a final name that no event names, rows that reports repeat excepted: a build makes them anew."""
    received = {part["sha256"] for e in events.of("delivery") for part in e["parts"]}
    for path in files(lake.root / "raw", "*"):
        if path.name not in received:
            yield path, "no delivery holds these bytes"
    known = {e["build_id"] for e in events.of("build")}
    for folder in sorted((lake.root / "builds").glob("*")):
        if folder.name not in known:
            yield folder, "no build left these rows"
    named = set(_named(lake, events))
    for area, what in (
        ("reports", "no verdict names these rows"),
        ("rejected", "no verdict names these rows"),
        ("editions", "no edition has these figures"),
        ("definitions", "no event of definitions names them"),
    ):
        for path in files(lake.root / area, "*.parquet"):
            if path not in named:
                yield path, what


def _named(lake: Lake, events: Journal) -> Iterator[Path]:
    """The files of rows that events name, those that were never committed too."""
    for e in events.of("submission"):
        place = (e["form"], e["period"], e["county_code"])
        for area, name in (("reports", "rows_hash"), ("rejected", "rejected_hash")):
            if digest := e.get(name):
                yield lake.rows_path(area, *place, digest)
    for e in events.of("edition"):
        yield lake.edition_path(e["period"], e["rows_hash"])
    for e in events.of("definitions"):
        yield lake.definitions_path(e["due"])


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted(p for p in folder.rglob(pattern) if p.is_file())
