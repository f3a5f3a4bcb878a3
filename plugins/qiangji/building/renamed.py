"""Units that get another code in the course of a period: one unit all the time, by its last code (decision 16).

In: keys of rows with the months that they are of, lineage. Out: the same keys, as they are called at the period's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.lineage import Link, later_codes
from qiangji.catalogue.models import Form
from qiangji.periods import Period

Keys: TypeAlias = "pa.Array | pa.ChunkedArray"


def last_keys(keys: Keys, months: Keys, form: Form, lineage: Sequence[Link], until: Period) -> Keys:
    """The keys of a form's rows, each of a month (its number), as their units are called at the end of `until`."""
    for number in pc.unique(months).to_pylist() if lineage else ():
        later = later_codes(lineage, Period("month", number).end, until.end)
        if later:
            are_then = pc.and_(
                pc.equal(months, number), pc.is_in(parents(keys, form), value_set=_codes(later))
            )
            keys = _replaced(keys, are_then, later, form.parent_digits)
    return keys


def last_codes(codes: Keys, later: Mapping[str, str]) -> Keys:
    """Codes of units of the tree by a table of later ones."""
    return _replaced(codes, pc.is_in(codes, value_set=_codes(later)), later) if later else codes


def last_key(key: str, later: Mapping[str, str], digits: int | None = None) -> str:
    """A key that begins with the code of a unit, of so many digits, or is one."""
    cut = digits or len(key)
    return later.get(key[:cut], key[:cut]) + key[cut:]


def _codes(later: Mapping[str, str]) -> pa.Array:
    return pa.array(list(later), pa.string())


def _replaced(keys: Keys, are_renamed: Keys, later: Mapping[str, str], digits: int | None = None) -> Keys:
    whole = pa.chunked_array([keys]) if isinstance(keys, pa.Array) else keys
    mask = pc.fill_null(are_renamed, False)
    known = pc.unique(whole.filter(mask))
    now = pa.array([last_key(key, later, digits) for key in known.to_pylist()], pa.string())
    replaced: Keys = pc.if_else(mask, now.take(pc.index_in(whole, value_set=known)), whole)
    return replaced
