"""First looks at a column of texts: from its bytes, all at once, and not cell by cell.

In: an array of strings. Out: whether something may be in it. Most columns lack nearly everything that is asked of them;
where a first look finds something, the cells are looked at as if there had been none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def lengths(column: pa.Array) -> np.ndarray:
    """Bytes of each text; of an empty cell commonly 0."""
    if not len(column):
        return np.zeros(0, np.int32)
    return np.diff(np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4))


def together(column: pa.Array) -> bytes:
    """The texts one behind the other, as UTF-8."""
    if not len(column) or (held := column.buffers()[2]) is None:
        return b""
    ends = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4)
    return bytes(held[ends[0] : ends[-1]])


def longest(column: pa.Array) -> int:
    """Bytes of the longest text."""
    return int(lengths(column).max(initial=0))


def is_filled(column: pa.Array) -> bool:
    """Whether no cell is empty or an empty text."""
    return not column.null_count and bool(lengths(column).min(initial=1))


def is_ascii(column: pa.Array) -> bool:
    return together(column).isascii()


def is_alnum(column: pa.Array) -> bool:
    """Whether there are ASCII letters and digits, and nothing else, in every cell."""
    return is_filled(column) and together(column).isalnum()


def is_digits(column: pa.Array, most: int) -> bool:
    """Whether every cell that is not empty has 1 to `most` digits, and nothing else."""
    sizes = lengths(column)
    if column.null_count:
        sizes = sizes[column.is_valid().to_numpy(zero_copy_only=False)]
    return sizes.min(initial=most) > 0 and sizes.max(initial=0) <= most and together(column).isdigit()


def has_any(column: pa.Array, texts: Iterable[str]) -> bool:
    """Whether any cell holds any of these. Rarely also where only two cells beside each other do."""
    held = together(column)
    return any(text.encode() in held for text in texts)


COMMON = "0123456789" + "".join(map(chr, range(0x4E00, 0xA000)))
"""Digits, and the Chinese characters of nearly every text: no other character is one of them in another form."""
LETTERS = "".join(chr(c) for c in range(128) if chr(c).isalpha())


class Characters:
    """A set of characters of the basic plane, which is asked of whole columns."""

    def __init__(self, characters: Iterable[str]) -> None:
        self._table = np.zeros(1 << 16, np.bool_)
        self._table[[ord(c) for c in characters]] = True
        self._has_digits = bool(self._table[[ord(c) for c in "0123456789"]].all())

    def of(self, points: np.ndarray) -> np.ndarray:
        """Of each code point, whether it is one of these."""
        found: np.ndarray = self._table[points]
        return found

    def are_all(self, column: pa.Array) -> bool:
        """Whether a column has no other characters."""
        return (self._has_digits and together(column).isdigit()) or bool(self.of(points(column)).all())


class Words:
    """Words of two characters and more, of the basic plane."""

    def __init__(self, words: Iterable[str]) -> None:
        begin = sorted({w[:2] for w in words})
        self._first, self._second = Characters(w[0] for w in begin), Characters(w[1] for w in begin)
        self._begin = np.array([ord(w[0]) << 16 | ord(w[1]) for w in begin], np.uint32)

    def may_be_in(self, points: np.ndarray) -> bool:
        """Whether two characters stand side by side that begin one of the words."""
        at = np.flatnonzero(self._first.of(points[:-1]) & self._second.of(points[1:]))
        pairs = points[at].astype(np.uint32) << 16 | points[at + 1]
        return bool(np.isin(pairs, self._begin).any())


def points(column: pa.Array) -> np.ndarray:
    """The code points of a column's characters, one text behind the other. What lies beyond the basic plane is two."""
    return np.frombuffer(together(column).decode().encode("utf-16-le"), np.uint16)
