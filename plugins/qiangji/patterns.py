"""Regular expressions that are compiled at first use: a process that needs none of them starts the sooner.

In: a pattern. Out: what `re.compile` gives. For long lists of words, which take milliseconds to compile; any other
pattern is compiled where it is written.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast


class _Pattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._source = pattern, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(*self._source)

    def __getattr__(self, name: str) -> Any:
        """Called once for each method of a pattern: from then on it is an attribute."""
        self.__dict__[name] = found = getattr(self._compiled, name)
        return found


def at_first_use(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled when one of its methods is asked for."""
    return cast("re.Pattern[str]", _Pattern(pattern, flags))
