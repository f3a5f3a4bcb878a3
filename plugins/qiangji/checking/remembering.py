"""Great Expectations computes the same things a dozen times a rule; here it remembers them for one validation.

In: its classes, patched once a process. Out: while `remembered()` is open, an expectation's configuration and
arguments, the expectation of a configuration, the name of a metric's arguments, and the rows that meet a condition are
computed once each. Nothing is kept afterwards. A suite takes a third of the processor time; what Great Expectations
finds is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any

MOST_ROWS = 50_000
"""Rows of a frame of which the parts that meet conditions are kept: more of them would need memory, and pay less."""
_kept: dict[Any, tuple[Any, ...]] | None = None
"""(what, which object, with which arguments) -> what has to stay alive so that its id stays its own, and the result."""


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
    patched._apply_row_condition_filter = _once(patched._apply_row_condition_filter, _condition, _is_small)


def _once(
    compute: Callable[..., Any],
    told_apart_by: Callable[..., Any] = lambda: None,
    is_worth_it: Callable[..., bool] = lambda *_, **__: True,
    of: Callable[[Any], Any] = id,
) -> Callable[..., Any]:
    """The method, computed once for each object, which `of` tells apart, and each of what tells its arguments apart."""

    @wraps(compute)
    def once(self: Any, *given: Any, **named: Any) -> Any:
        if _kept is None or not is_worth_it(*given, **named):
            return compute(self, *given, **named)
        key = (compute, of(self), told_apart_by(*given, **named))
        if key not in _kept:
            _kept[key] = (self, given, named, compute(self, *given, **named))
        return _kept[key][-1]

    return once


def _copied(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The method whose callers write into the dict that they get."""

    @wraps(compute)
    def copied(self: Any, runtime_configuration: Any = None) -> dict[str, Any]:
        return dict(compute(self, runtime_configuration))

    return copied


def _condition(data: Any, row_condition: Any, domain_kwargs: Any) -> tuple[Any, ...]:
    return id(data), repr(row_condition), domain_kwargs.get("condition_parser")


def _is_small(data: Any, row_condition: Any, domain_kwargs: Any) -> bool:
    return len(data) <= MOST_ROWS
