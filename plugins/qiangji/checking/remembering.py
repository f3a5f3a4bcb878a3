"""Great Expectations computes the same things a dozen times a rule; here it remembers them for one validation.

In: its classes, patched once a process. Out: while `remembered()` is open, an expectation's configuration and
arguments, the expectation of a configuration, the name of a metric's arguments, and the rows that meet a condition are
computed once each, and a rule gets the columns that it reads, not all. Nothing is kept afterwards. A suite takes a
quarter of the processor time; what Great Expectations finds is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial, wraps
from types import SimpleNamespace
from typing import Any

MOST_ROWS = 50_000
"""Rows of a frame whose parts are kept: more of them would need memory, and pay less."""
_kept: dict[Any, tuple[Callable[[], Any], Any]] | None = None
"""(what, which object, with which arguments) -> what made the result and keeps alive what is known by its id; it."""


@contextmanager
def remembered() -> Iterator[None]:
    """Results are kept in this block, which validates one frame. One thread at a time: `expectations` sees to it."""
    global _kept
    _patch()
    _kept = {}
    try:
        yield
    finally:
        _kept = None


@cache
def _patch() -> None:
    """Put the memory before five methods. Outside of `remembered()` they are what they were."""
    from great_expectations.core.id_dict import IDDict
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    patched: Any = Expectation
    patched.configuration = property(_once(patched.configuration.fget))
    patched._get_runtime_kwargs = _copied(_once(patched._get_runtime_kwargs, repr))
    patched = ExpectationConfiguration
    patched.to_domain_obj = _once(patched.to_domain_obj)
    patched = IDDict
    patched.to_id = _once(patched.to_id, lambda *given, **named: repr((given, named)), of=repr)
    patched = PandasExecutionEngine
    patched.get_domain_records = _narrow(patched.get_domain_records)


def _once(
    compute: Callable[..., Any],
    told_apart_by: Callable[..., Any] = lambda: None,
    of: Callable[[Any], Any] = id,
) -> Callable[..., Any]:
    """The method, computed once for each object, which `of` tells apart, and each of what tells its arguments apart."""

    @wraps(compute)
    def once(self: Any, *given: Any, **named: Any) -> Any:
        if _kept is None:
            return compute(self, *given, **named)
        return _keep(
            (compute, of(self), told_apart_by(*given, **named)), partial(compute, self, *given, **named)
        )

    return once


def _keep(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What `make` gives, made once in a validation; `make` stays as long, and what it refers to with it."""
    if _kept is None:
        return make()
    if key not in _kept:
        _kept[key] = make, make()
    return _kept[key][1]


def _copied(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The method whose callers write into the dict that they get."""

    @wraps(compute)
    def copied(self: Any, runtime_configuration: Any = None) -> dict[str, Any]:
        return dict(compute(self, runtime_configuration))

    return copied


# ---- the rows that a rule looks at


def _narrow(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The method that gives a metric its rows, with the columns of its domain alone.

    Great Expectations takes the rows that a rule concerns with all columns of the frame, several times a rule.
    """

    @wraps(compute)
    def records(engine: Any, domain_kwargs: dict[str, Any]) -> Any:
        read = [domain_kwargs[n] for n in ("column", "column_A", "column_B") if n in domain_kwargs]
        read += domain_kwargs.get("column_list", ())
        if _kept is None or not (read or domain_kwargs.get("row_condition")):
            return compute(engine, domain_kwargs)
        frame = _frame(engine, domain_kwargs.get("batch_id"))
        make = partial(_part, compute, engine, frame, domain_kwargs, list(dict.fromkeys(read or frame)))
        return _keep(("part", id(frame), repr(domain_kwargs)), make) if len(frame) <= MOST_ROWS else make()

    return records


def _frame(engine: Any, batch: str | None) -> Any:
    """The whole frame, as Great Expectations finds it."""
    manager = engine.batch_manager
    return (manager.active_batch_data if batch is None else manager.batch_data_cache[batch]).dataframe


def _part(
    compute: Callable[..., Any], engine: Any, frame: Any, domain: dict[str, Any], read: list[str]
) -> Any:
    part = _keep(("columns", id(frame), tuple(read)), lambda: frame[read])
    if condition := domain.get("row_condition"):
        key = ("met", id(frame), repr(condition), domain.get("condition_parser"))
        part = part[_keep(key, partial(_met, engine, frame, condition, domain))]
    # the rest of the domain, such as rows in which both columns are empty, is left to Great Expectations
    data = SimpleNamespace(active_batch_data_id="part", active_batch_data=SimpleNamespace(dataframe=part))
    rest = {k: v for k, v in domain.items() if k not in ("batch_id", "row_condition", "condition_parser")}
    return compute(SimpleNamespace(batch_manager=data), rest)


def _met(engine: Any, frame: Any, condition: Any, domain: dict[str, Any]) -> Any:
    """Which rows meet a condition, asked of the columns that it names. Shape (rows,), bool."""
    import numpy as np

    said = str(condition)
    met = engine._apply_row_condition_filter(frame[[n for n in frame if n in said]], condition, domain)
    found = np.zeros(len(frame), bool)
    found[met.index] = True
    return found
