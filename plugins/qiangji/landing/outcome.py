"""What came of a county in one run, as the ledger keeps it (`ops.collection`).

In: an error or a note about an item. Out: rows of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from qiangji.errors import CollectError
from qiangji.landing.other_names import Note


@dataclass(frozen=True)
class Outcome:
    """What came of a county in one run, or (with form and period) of one item that failed or is worth a note."""

    run_id: str
    county_code: str
    first_month: str
    last_month: str
    started_at: datetime
    ended_at: datetime
    form: str | None = None
    period: str | None = None
    status: Literal["done", "failed"] = "done"
    reason_code: str | None = None
    message: str | None = None
    deliveries: int = 0
    bytes: int = 0

    def of(self, form: str | None, period: str | None, error: CollectError) -> Outcome:
        """The same run's outcome for an item (or the county) that failed."""
        return replace(
            self,
            form=form,
            period=period,
            status="failed",
            reason_code=error.code,
            message=str(error),
            deliveries=0 if form else self.deliveries,
            bytes=0 if form else self.bytes,
        )

    def noting(self, note: Note) -> Outcome:
        """The same run's row for a note: nothing failed."""
        told = {
            "form": note.form,
            "period": str(note.period),
            "reason_code": note.code,
            "message": note.message,
        }
        return replace(self, **told, deliveries=0, bytes=0)  # type: ignore[arg-type]
