"""Which units that should report are in a report, and which are not.

In: the keys of a report's rows, its form and period, the tree. Out: a `Coverage`. Of villager groups the villages are
counted; which groups there are only earlier reports say. Of tasks nothing is expected by the tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.ledger.findings import org_code_of
from qiangji.periods import Period


@dataclass(frozen=True)
class Coverage:
    """`reported` of `expected` units; `missing`: code and name of each of the others, in tree order."""

    reported: int
    expected: int
    missing: tuple[tuple[str, str], ...]


def coverage(
    catalogue: Catalogue, form: Form, period: Period, county: str, keys: Iterable[str]
) -> Coverage | None:
    """How much of what is expected of a county these keys are; None where the tree expects nothing."""
    if form.grain == "task":
        return None
    kinds = form.filled_in_by if form.placeholder_kinds is None else form.placeholder_kinds
    expected = catalogue.org.expected(kinds, period, county)
    if not expected:
        return None
    came = {org_code_of(key, form) for key in keys}
    missing = tuple((u.code, u.name) for u in expected if u.code not in came)
    return Coverage(len(expected) - len(missing), len(expected), missing)
