"""How often a case is drawn: in `make check` (the Hypothesis profile `quick`) a quarter as often as in `make test`."""

from __future__ import annotations

from hypothesis import settings

USUAL, QUICK = 100, 25


def times(usual: int) -> int:
    """As many of the usual number as the chosen profile draws."""
    return max(1, usual * settings().max_examples // USUAL)
