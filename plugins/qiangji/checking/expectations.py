"""Great Expectations at work: which rows of a frame break which rules.

In: an Arrow table (positions 0..n-1) and rules of a suite. Out: `Broken`, one for each rule that some row breaks. An
expectation that raised is an error here, never a pass. great_expectations takes seconds to load, so it is imported
where it is used.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from qiangji.catalogue.suites import Rule
from qiangji.checking import comparing
from qiangji.checking.remembering import remembered
from qiangji.errors import QiangjiError

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.WARNING)
BATCH_ROWS = 750_000
"""Rows that go through a suite at once: many reports, and still a bounded frame. Half of what Great Expectations takes
for 500,000 rows it takes for 25,000 too."""


NARROW_ROWS = 20_000
"""Rows from which on it costs less to make a frame of few columns for each group of rules than to copy wide ones."""
_ALONE = threading.Lock()
"""Great Expectations, and what is remembered of it, are one thread's at a time."""


class ValidationError(QiangjiError):
    """An expectation could not be evaluated: the suite or the frame is wrong, not the county's rows."""

    code = "expectation_errored"

    def _usual_zh(self) -> str:
        return "核查规则本身无法执行（不是县里的数据有误）：请改正expectations/中所示的规则，再运行qiangji reprocess。"


@dataclass(frozen=True)
class Broken:
    """A rule that rows break: their positions, ascending."""

    rule: Rule
    rows: list[int]


def validate(rows: pa.Table, rules: Sequence[Rule], name: str) -> list[Broken]:
    """Hold all rows against the rules at once; what is broken comes in the order of the rules.

    `rows` has every column that the rules read. Decimals are compared as float64, everything else in its Arrow type,
    but dates as text (`2026-09-30`, as a suite writes them: JSON has no dates). Raises ValidationError.
    """
    if not rows.num_rows or not rules:
        return []
    with _ALONE:
        return _validate(rows, rules, name)


def _validate(rows: pa.Table, rules: Sequence[Rule], name: str) -> list[Broken]:
    definition = _batch_definition()
    import pandas as pd

    rows, found = _comparable(rows), dict[str, Broken]()
    for group in _groups(rules, rows.num_rows):
        read = [n for n in rows.column_names if any(n in rule.columns for rule in group)]
        frame = rows.select(read).to_pandas(types_mapper=pd.ArrowDtype)
        batch = definition.get_batch({"dataframe": frame})
        # whether a rule is broken takes a third of the time of which rows break it, and most rules are not
        broken = [r for r, one in _results(batch, group, name, "BOOLEAN_ONLY") if not one.success]
        if broken:
            told = _results(batch, broken, name, "COMPLETE")
            found |= {r.id: Broken(r, _positions(one, r, name)) for r, one in told}
    return [found[r.id] for r in rules if r.id in found]


def _groups(rules: Sequence[Rule], rows: int) -> list[Sequence[Rule]]:
    """The rules that are held against one frame: of many rows, those that read the same columns.

    For each rule Great Expectations takes the rows that it concerns with all columns of the frame.
    """
    if rows < NARROW_ROWS:
        return [rules]
    groups: dict[frozenset[str], list[Rule]] = {}
    for rule in rules:
        groups.setdefault(frozenset(rule.columns), []).append(rule)
    return list(groups.values())


def _results(batch: Any, rules: Sequence[Rule], name: str, result_format: str) -> list[tuple[Rule, Any]]:
    """What Great Expectations says of each rule, in the order of the rules; what it cannot say is an error."""
    import great_expectations as gx

    try:
        suite = gx.ExpectationSuite(name=name, expectations=[_alone(r) for r in rules])
    except (gx.exceptions.GreatExpectationsError, ValueError, TypeError) as e:
        raise ValidationError(
            f"Great Expectations cannot read the suite: {' '.join(str(e).split())[:300]}", where=name,
            expected="types and arguments that Great Expectations knows", do="Correct expectations/.",
        ) from e  # fmt: skip
    found: dict[str, Any] = {}
    with remembered():
        results = batch.validate(suite, result_format=result_format).results
    for one in results:
        if one.expectation_config is None:
            raise ValidationError("a result without its expectation", where=name)
        rule = one.expectation_config.meta["rule"]
        if one.exception_info and _raised(one.exception_info):
            raise ValidationError(
                "could not be evaluated", where=f"{name}: {rule}", expected="columns and types that it can compare",
                do="Correct expectations/, then `qiangji reprocess`.",
            )  # fmt: skip
        found[rule] = one
    if len(found) != len(rules):
        raise ValidationError(f"{len(found)} results for {len(rules)} expectations", where=name)
    return [(rule, found[rule.id]) for rule in rules]


def _positions(one: Any, rule: Rule, name: str) -> list[int]:
    """The rows that a result names, ascending."""
    positions = one.result.get("unexpected_index_list")
    if not positions:
        raise ValidationError(
            "failed without naming rows",
            where=f"{name}: {rule.id}",
            expected="a type that names failing rows",
        )
    return sorted(int(p) for p in positions)


def _alone(rule: Rule) -> dict[str, Any]:
    """The expectation with its id alone as `meta`: GX copies the whole of it again and again, and reads none."""
    return {**rule.content, "meta": {"rule": rule.id}}


def _raised(info: dict[str, Any]) -> bool:
    """GX reports one flat record, or one record a metric."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(isinstance(v, dict) and v.get("raised_exception") for v in info.values())


def _comparable(rows: pa.Table) -> pa.Table:
    for i, field in enumerate(rows.schema):
        if pa.types.is_decimal(field.type):
            rows = rows.set_column(i, field.name, rows.column(i).cast(pa.float64()))
        elif pa.types.is_date(field.type):
            rows = rows.set_column(i, field.name, rows.column(i).cast(pa.string()))
    return rows


def load() -> None:
    """Import Great Expectations, which takes seconds; a thread may do so while others wait for disk and network.

    Loading makes half a million objects that stay, and the garbage collector is told so: otherwise it looks at all of
    them again and again. Loading alone takes a fifth less.
    """
    if "great_expectations" in sys.modules:
        import great_expectations

        return
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        import great_expectations  # noqa: F401 - to have it loaded now
        from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: F401 - the same
    finally:
        if (
            "duckdb" not in sys.modules
        ):  # it complains at its end of what the collector was told to leave alone
            gc.freeze()
        if is_collecting:
            gc.enable()


@cache
def _batch_definition() -> Any:
    """One context for the process."""
    load()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    comparing.use()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_pandas("rows")
    return source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("rows")
