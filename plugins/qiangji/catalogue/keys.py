"""Keys of rows, taken apart: which unit of the tree a row lies at.

In: the keys of a form's rows. Out: the code of a unit for each.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form


def parents(keys: pa.Array | pa.ChunkedArray, form: Form) -> pa.Array | pa.ChunkedArray:
    """The org unit of the tree that each key belongs to: a group's village, a task's county, else the unit itself."""
    return pc.utf8_slice_codeunits(keys, 0, form.parent_digits) if form.parent_digits else keys
