"""What a lake holds of a made-up tree, as checks see it that look beyond one report."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from qiangji.catalogue.load import Catalogue
from qiangji.checking import contextual
from qiangji.lake import Lake
from qiangji.ledger import Key
from qiangji.periods import Period

TREE = {"Z": {"A": {"T": ["V", "W"]}, "B": {"U": ["X"]}}}
INDICATORS = [
    {"code": "x", "numerator": {"form": "v", "sum": "members"}, "denominator": {"form": "v", "count": "rows"}}
]
DECEMBER, JANUARY, FEBRUARY, MARCH = (Period.parse(p) for p in ("2025-12", "2026-01", "2026-02", "2026-03"))


class Record:
    """Current revisions in a lake, as the ledger would list them."""

    def __init__(self, lake: Lake, codes: dict[str, str]) -> None:
        self.lake, self.codes = lake, codes
        self.current: dict[Key, str] = {}

    def put(self, form: str, period: Period, county: str, **columns: list[Any]) -> None:
        units = [self.codes[u.partition("/")[0]] + u.partition("/")[2] for u in columns.pop("units")]
        rows = pa.table({"unit_code": units, **{n: pa.array(v, pa.int64()) for n, v in columns.items()}})
        self.current[form, str(period), county] = self.lake.put_rows(
            "reports", form, str(period), county, rows
        )

    def findings(self, catalogue: Catalogue, *months: Period) -> dict[tuple[str, str], str]:
        """(unit, rule) -> value, of these months."""
        work = contextual.stale(catalogue, self.current, {}, months)
        found = contextual.findings(catalogue, self.lake, self.current, work)
        return {(f.unit_code, f.rule): f.words.value or "" for rows in found.values() for f in rows}


A, B = "990001", "990002"
