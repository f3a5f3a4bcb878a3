"""The columns of exported figures, with their types in Arrow.

In: rows as `reading.values` gives them. Out: a table.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from qiangji.figures import Rows

_SUM = pa.decimal128(38, 4)
_RATIO = pa.decimal128(38, 6)
_AT = pa.timestamp("us", "UTC")
COLUMNS: dict[str, Any] = {
    "indicator_code": pa.string(), "name_zh": pa.string(), "name_en": pa.string(), "unit": pa.string(),
    "direction": pa.string(), "org_code": pa.string(), "org_name": pa.string(), "org_level": pa.string(),
    "period": pa.string(), "period_type": pa.string(), "numerator": _SUM, "denominator": _SUM, "value": _RATIO,
    "target": _RATIO, "expected_units": pa.int64(), "reported_units": pa.int64(), "reporting_rate": _RATIO,
    "obs_status": pa.string(), "obs_status_zh": pa.string(), "obs_status_en": pa.string(),
    "is_corrected": pa.bool_(), "has_warning": pa.bool_(), "is_closed": pa.bool_(),
    "definition_version": pa.int64(), "built_at": _AT,
}  # fmt: skip
"""Column -> its type. Decimals are exact: sums have 4 places, ratios 6, as in mart."""


def table(rows: Rows) -> pa.Table:
    """The rows, with these columns in this order. Raises ArrowInvalid for a value that does not fit its type."""
    schema = pa.schema(COLUMNS)
    return pa.Table.from_pylist([{name: row.get(name) for name in COLUMNS} for row in rows], schema)
