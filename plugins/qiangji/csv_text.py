"""Rows as CSV text: what COPY takes, and what the hash of rows is made over.

In: an Arrow table. Out: its text in pieces, without a header. An unquoted empty field is NULL, a quoted one an empty
string.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qiangji.ahead import ahead

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 50_000
"""Rows of which the text is held at once: of two such pieces, since one is written while another is taken."""
_AT_ONCE = 16_384
"""Rows that are written in one go: with the usual 1,024 it takes a sixth more."""


def texts(rows: pa.Table) -> Iterator[pa.Buffer]:
    """The rows piece by piece; of many rows the next piece is written meanwhile."""
    pieces = [rows.slice(start, ROWS) for start in range(0, len(rows), ROWS)]
    if len(pieces) < 2:
        return map(_text, pieces)
    return ahead(_text, pieces, lambda _: 1, 2, 1)


def header(rows: pa.Table) -> bytes:
    """The line above the rows, as Arrow writes it."""
    names = (name.replace('"', '""') for name in rows.column_names)
    return (",".join(f'"{name}"' for name in names) + "\n").encode()


def _text(rows: pa.Table) -> pa.Buffer:
    import pyarrow as pa
    from pyarrow import csv

    sink = pa.BufferOutputStream()
    csv.write_csv(
        rows, sink, csv.WriteOptions(include_header=False, quoting_style="needed", batch_size=_AT_ONCE)
    )
    return sink.getvalue()
