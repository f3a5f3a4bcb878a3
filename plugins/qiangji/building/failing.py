"""Sums that an engine could not compute: the forms concerned, and whose values are the likely cause.

In: the error of one base, and the current revisions. Out: `Failed`, which the build reports once all other figures are
built. Values have a bound when they are read; a report that was accepted before there was one may be beyond it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.building.corrected import Corrected
from qiangji.catalogue.models import MAX_DIGITS
from qiangji.errors import EngineError
from qiangji.indicators import Base
from qiangji.periods import Period

log = logging.getLogger(__name__)
SHOWN = 5
"""How many places a message names."""


@dataclass(frozen=True)
class Place:
    """The largest value of a field in one county's report, by how many digits it has before its point."""

    form: str
    field: str
    county: str
    period: str
    digits: int

    def __str__(self) -> str:
        return f"{self.county} {self.form}.{self.field} {self.period} ({self.digits} digits)"


@dataclass(frozen=True)
class Failed:
    """The figures of one set of forms were not built: they stay as they were. `places`: most digits first."""

    base: str
    error: EngineError
    places: tuple[Place, ...]

    def __str__(self) -> str:
        where = "; ".join(map(str, self.places)) or "no report"
        return f"{self.base}: {self.error}; the largest values: {where}"


def failed(base: Base, error: EngineError, reports: Corrected, months: Sequence[Period]) -> Failed:
    """The error of a base in a build of these months, with the values that most likely are its cause."""
    years = {m.year for m in months}
    found = []
    for form in base.forms:
        read = {f for i in base.indicators for t in i.terms if t.form == form.form for f in t.fields}
        for key, row in reports.current.items():
            if key[0] == form.form and Period.parse(key[1]).year in years:
                rows = reports.get_rows("reports", *key, row.rows_hash)
                numbers = sorted(f for f in read & set(rows.column_names) if form.fields[f].is_number)
                found += [Place(form.form, f, key[2], key[1], _digits(rows.column(f))) for f in numbers]
    largest = sorted(found, key=lambda x: (-x.digits, x.form, x.field, x.county, x.period))
    beyond = [x for x in largest if x.digits > MAX_DIGITS[_type(base, x)]]
    told = Failed(base.name, error, tuple((beyond or largest)[:SHOWN]))
    log.error("not built: %s", told)
    return told


def require_none_failed(failures: Iterable[Failed]) -> None:
    """Raise an EngineError that names each base that failed. Called after the commit: all other figures are built."""
    if lines := [str(f) for f in failures]:
        raise EngineError(
            "\n".join(lines),
            do="All other figures are built; these stay as they were. Have the county correct the value and send the"
            " report again, or void it (`qiangji void`); `qiangji reprocess` returns what is beyond the bound.",
            zh="其他指标已计算，下列报表的指标保持原值：请有关县核对所列填报项的数值后重报，或作废该报送。",
            code="not_computed",
        )


def _type(base: Base, place: Place) -> str:
    return next(f for f in base.forms if f.form == place.form).fields[place.field].type


def _digits(values: pa.ChunkedArray) -> int:
    bounds = pc.min_max(values).as_py()
    return max((len(str(abs(int(v)))) for v in bounds.values() if v is not None), default=0)
