"""Records into bytes: NDJSON for an API, CSV for a database. The same records always give the same bytes.

In: records as received, in any order. Out: UTF-8 bytes, ordered by the form's key, then by the whole line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from qiangji.catalogue.models import Form
from qiangji.errors import PermanentError
from qiangji.text import as_text, squeezed

Record = dict[str, object]
"""One JSON object as received."""
MAX_RECORDS = 1_000_000
"""In one report. Small records take far more memory than bytes, so a cap on bytes is not enough."""


def check_count(count: int, where: str, name: str) -> None:
    """Raises PermanentError `too_large` above `MAX_RECORDS`."""
    if count > MAX_RECORDS:
        raise PermanentError(
            f"{name} has more than {MAX_RECORDS:,} records",
            where=where,
            expected="a report of one county",
            do="Ask the county.",
            code="too_large",
        )


def to_ndjson(records: Sequence[Record], form: Form) -> bytes:
    """One JSON object a line; keys in the order of the first record, further ones as they first appear."""
    order = list(dict.fromkeys(key for record in records for key in record))
    key = key_column(order, form)
    lines = []
    for record in records:
        line = json.dumps(
            {k: record[k] for k in order if k in record}, ensure_ascii=False, separators=(",", ":")
        )
        lines.append((as_text(record.get(key)) or "", line))
    return "".join(f"{line}\n" for _, line in sorted(lines)).encode()


def _as_kept(value: object) -> str:
    """A database value as text; a decimal keeps its places, because these are the bytes as received."""
    return format(value, "f") if isinstance(value, Decimal) else as_text(value) or ""


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], form: Form) -> bytes:
    """A header, then a line for each row. NULL is empty, booleans are true and false, dates are ISO."""
    at = list(columns).index(key_column(columns, form) or columns[0])
    texts = sorted(([_as_kept(v) for v in row] for row in rows), key=lambda row: (row[at], row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(texts)
    return out.getvalue().encode()


def key_column(names: Sequence[str], form: Form) -> str:
    """The name of the column or record key that holds the form's key, '' if none does."""
    headers = {squeezed(h) for h in (form.key, *form.key_headers)}
    return next((name for name in names if squeezed(name) in headers), "")
