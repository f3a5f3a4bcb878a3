"""dlt loads the month's rows: python -m bench.peers.with_dlt arrow-parquet|arrow-csv|rows GIVEN

`arrow-*`: DuckDB reads all files at once, dlt takes the Arrow batches and loads them as Parquet over ADBC, or as CSV
with COPY. `rows`: as its pages begin, the file system source reads each CSV and yields dicts. dlt checks types only,
and adds nothing up: there is a table `fact` at the end, and dlt's own three.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa

from bench.peers.given import HEADERS, TEXT, Given
from bench.watching import Timeline

FAST = {
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "500000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "500000",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "LOAD__WORKERS": "2",
}
"""Files of a size that two workers can load side by side, not zipped between two steps: dlt's page on performance."""


def main() -> None:
    mode, given, timeline = sys.argv[1], Given.of(sys.argv[2]), Timeline()
    if mode != "rows":
        os.environ.update(FAST)
    pipeline = dlt.pipeline(
        "month",
        pipelines_dir=given.folder,
        destination=dlt.destinations.postgres(credentials=given.url),
        dataset_name="public",
    )
    resource: Any = rows(given) if mode == "rows" else batches(given)
    with timeline.timed("extract"):
        pipeline.extract(resource, loader_file_format=format_of(mode))
    with timeline.timed("normalize"):
        pipeline.normalize()
    with timeline.timed("load"):
        pipeline.load().raise_on_failed_jobs()
    timeline.write(given.timeline)


def format_of(mode: str) -> Any:
    return None if mode == "rows" else mode.removeprefix("arrow-")


def batches(given: Given) -> Any:
    """The rows of all files as Arrow batches, typed and named by DuckDB."""

    def read() -> Iterator[pa.RecordBatch]:
        types = ", ".join(f"'{n}': '{'VARCHAR' if n in TEXT else 'BIGINT'}'" for n in HEADERS.values())
        with duckdb.connect() as duck:
            duck.execute("SET threads = 2; SET preserve_insertion_order = false")
            found = duck.execute(
                "SELECT * EXCLUDE (filename, has_party_work), has_party_work = '是' AS has_party_work,"
                f" split_part(filename, '/', -2) AS county_code, '{given.period}' AS period"
                f" FROM read_csv('{given.tables}', header = true, filename = true, auto_detect = false,"
                f" delim = ',', columns = {{{types}}})"
            )
            yield from found.to_arrow_reader(200_000)

    return dlt.resource(read, name="fact", write_disposition="append")


def rows(given: Given) -> Any:
    """The rows of one file after the other, as dicts."""
    from dlt.sources.filesystem import filesystem, read_csv

    folder, pattern = Path(given.tables).parents[1], "/".join(Path(given.tables).parts[-2:])
    files = filesystem(bucket_url=folder.as_uri(), file_glob=pattern)
    names = list(HEADERS.values())
    read = (files | read_csv(names=names, header=0, dtype={"group_code": str})).with_name("fact")
    read.add_map(without_gaps)
    return read.apply_hints(columns={n: {"data_type": "bigint"} for n in names if n not in TEXT})


def without_gaps(row: dict[str, Any]) -> dict[str, Any]:
    """A cell without a value is NaN in a frame."""
    return {name: value for name, value in row.items() if value == value}


if __name__ == "__main__":
    main()
