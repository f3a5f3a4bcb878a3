"""What follows from a model of the catalogue alone, worked out once: models are asked for with every file.

In: a function of one model. Out: the same function, which remembers its answers. A model does not change, and is told
by its identity: to compare two costs more than most of what follows from them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

M = TypeVar("M")
R = TypeVar("R")
_MOST = 4_000
"""Answers of a function that are kept: a nation has 3,000 counties."""


def once(function: Callable[[M], R]) -> Callable[[M], R]:
    """The function, which answers for each model once."""
    known: dict[int, tuple[M, R]] = {}

    @wraps(function)
    def answer(model: M) -> R:
        found = known.get(id(model))
        if found is None or found[0] is not model:
            if len(known) >= _MOST:
                known.clear()
            found = known[id(model)] = (model, function(model))
        return found[1]

    return answer
