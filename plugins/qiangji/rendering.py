"""Placeholders of SQL files: `{{name}}` stands for a piece of SQL that the catalogue decides.

In: a text and the pieces. Out: the text with each piece in its place. An unknown piece and an unfilled placeholder are
errors: no statement runs with a hole in it.
"""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def rendered(text: str, where: str, pieces: dict[str, str]) -> str:
    """The text with its placeholders filled. Raises ValueError, naming `where`, for an unknown or a missing piece."""
    asked = set(_PLACEHOLDER.findall(text))
    if unknown := sorted(pieces.keys() - asked):
        raise ValueError(
            f"{where}: no placeholder for {', '.join(unknown)}; it has {', '.join(sorted(asked))}"
        )
    if unfilled := sorted(asked - pieces.keys()):
        raise ValueError(f"{where}: nothing given for {', '.join(unfilled)}")
    return _PLACEHOLDER.sub(lambda found: pieces[found[1]], text)
