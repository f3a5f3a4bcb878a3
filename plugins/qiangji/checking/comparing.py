"""Great Expectations on Arrow-backed columns: numbers are compared a column at once, not a cell at a time.

In: nothing; `use` registers what GX then calls in the place of its own. Out: the same verdicts and the same rows, which
tests/live/test_comparing.py holds for every suite. A metric of a known name takes the place of the one before it: that
is how GX is extended.

| what GX does | its cost | here |
| --- | --- | --- |
| `column_values.between` calls a function for each cell | half of a suite | Arrow compares numbers, GX all else |
| `get_batch` hashes the whole frame, to know it again | a fifth | no frame is hashed: each is looked at once |
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_EXACT = 2**53
"""A larger integer has no float of its own."""


def use() -> None:
    """Have GX compare Arrow-backed numbers at once in this process."""
    from great_expectations.execution_engine import PandasExecutionEngine, pandas_execution_engine
    from great_expectations.expectations.metrics.column_map_metrics.column_values_between import (
        ColumnValuesBetween,
    )
    from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial

    pandas_execution_engine.HASH_THRESHOLD = 0
    own = inspect.unwrap(ColumnValuesBetween._pandas)
    registry = logging.getLogger("great_expectations.expectations.registry")
    level = registry.level
    registry.setLevel(logging.ERROR)  # it warns of what is meant: that a metric takes another's place
    try:

        class _Between(ColumnValuesBetween):  # type: ignore[misc] # GX is untyped here
            @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator] # the same
            def _pandas(cls, column: pd.Series[Any], **said: Any) -> Any:
                low, high = (_plain(said.get(n)) for n in ("min_value", "max_value"))
                if are_comparable(column, low, high):
                    strict = said.get("strict_min"), said.get("strict_max")
                    return ColumnValuesBetween._pandas_vectorized(column, low, high, *strict)
                return own(cls, column, **said)

    finally:
        registry.setLevel(level)


def _plain(bound: Any) -> Any:
    """A bound as the suite's JSON has it: GX makes a float of every number."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def are_comparable(column: pd.Series[Any], low: Any, high: Any) -> bool:
    """Whether Arrow compares the column with these bounds as Python compares its cells."""
    import pandas as pd

    bounds = [b for b in (low, high) if b is not None]
    if not isinstance(column.dtype, pd.ArrowDtype) or not bounds or bounds != sorted(bounds):
        return False
    if any(isinstance(b, bool) or not isinstance(b, int | float) or not abs(b) < _EXACT for b in bounds):
        return False
    kind = column.dtype.kind
    return kind == "f" or (kind in "iu" and all(isinstance(b, int) for b in bounds))
