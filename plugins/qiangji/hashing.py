"""Short hashes: ids that follow from the content of what they name."""

from __future__ import annotations

import hashlib


def short(*words: str, length: int = 16) -> str:
    """The first `length` hexadecimal digits of the SHA-256 of words, joined by a bar."""
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:length]
