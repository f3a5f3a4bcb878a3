"""File names from a county's declared pattern: what is not built from it is not looked at.

In: a pattern such as `{form}_{period}.csv`, the wanted (form, period) pairs. Out: name -> targets; a name's
kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from qiangji.errors import PermanentError
from qiangji.periods import Period


def expected_names(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """The file names that may report the wanted pairs; without `{form}` a file reports every form of its
    period.
    """
    names: dict[str, list[tuple[str, Period]]] = {}
    for form, period in wanted:
        name = pattern.replace("{form}", form).replace("{period}", str(period))
        names.setdefault(name, []).append((form, period))
    return {name: tuple(targets) for name, targets in names.items()}


def names_in_a_folder(
    pattern: str, wanted: Sequence[tuple[str, Period]]
) -> dict[str, tuple[tuple[str, Period], ...]]:
    """As `expected_names`, and beside each .csv the same as .xlsx: what goes back to a county is a workbook, and may
    be sent again as it is.
    """
    found = expected_names(pattern, wanted)
    return found | {n.removesuffix(".csv") + ".xlsx": t for n, t in found.items() if n.endswith(".csv")}


def kind_of(name: str, where: str) -> Literal["csv", "xlsx"]:
    """By the extension. Raises PermanentError `unknown_kind`."""
    extension = name.rpartition(".")[2].lower()
    if extension == "csv":
        return "csv"
    if extension == "xlsx":
        return "xlsx"
    raise PermanentError(
        f"file {name} has an extension that is not read",
        where=where,
        expected=".csv or .xlsx",
        do="Correct `files` in counties.yaml.",
        code="unknown_kind",
    )
