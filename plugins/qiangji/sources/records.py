"""Records into bytes: NDJSON for an API, CSV for a database. The same records always give the same bytes.

In: records as received, in any order. Out: UTF-8 bytes, ordered by the form's key, then by the whole line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from qiangji.catalogue.models import Form
from qiangji.errors import PermanentError
from qiangji.text import as_text, squeezed

Record = dict[str, object]
"""One JSON object as received."""


class Twice(dict[str, Any]):
    """A JSON object with one key twice. Written as JSON again it is as it came, so that its reader refuses it."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        return self._pairs


MAX_RECORDS = 1_000_000
"""In one report. Small records take far more memory than bytes, so a cap on bytes is not enough."""


def loads(body: bytes) -> Any:
    """JSON in which no key is lost. Raises ValueError, RecursionError."""
    return json.loads(body, object_pairs_hook=_kept)


def _kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(pairs)


def digest(value: object) -> str:
    """A text that is the same for the same records, in whichever order their keys are."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except TypeError:  # the values of one key twice have no order
        return json.dumps(value, ensure_ascii=False)


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
        ordered = record if isinstance(record, Twice) else {k: record[k] for k in order if k in record}
        line = json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
        lines.append((as_text(record.get(key)) or "", line))
    return "".join(f"{line}\n" for _, line in sorted(lines)).encode()


def _as_kept(value: object) -> str:
    """A database value as text; a decimal keeps its places, because these are the bytes as received."""
    return format(value, "f") if isinstance(value, Decimal) else as_text(value) or ""


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], form: Form) -> bytes:
    """A header, then a line for each row. NULL is empty, booleans are true and false, dates are ISO."""
    at = list(columns).index(key_column(columns, form) or columns[0])
    texts = sorted(([_as_kept(v) for v in row] for row in rows), key=lambda row: (row[at], row))
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")  # each of the two is quoted then, wherever it stands
    writer.writerow(columns)
    writer.writerows(texts)
    return "".join(line[:-2] + "\n" for line in lines.found).encode()


class _Lines:
    """What a writer of CSV writes, line by line."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def write(self, line: str) -> None:
        self.found.append(line)


def key_column(names: Sequence[str], form: Form) -> str:
    """The name of the column or record key that holds the form's key, '' if none does."""
    headers = {squeezed(h) for h in (form.key, *form.key_headers)}
    return next((name for name in names if squeezed(name) in headers), "")
