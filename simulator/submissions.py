"""What a county holds for one form and one period: rows as meant, as written, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from simulator.forms import Form
from simulator.forms.spec import Value
from simulator.tree import Place

Status = Literal["accepted", "partial", "returned", "withheld", "late", "held", "failed"]
Key = tuple[str, str, str]  # county, form, period


@dataclass(slots=True)
class Row:
    """One unit's row. `values` are as the county means them, in the form's field order; `written` holds what
    a cell says instead (a raw number or text, None for blank), by field, key or name.
    """

    code: str
    name: str
    place: Place
    values: list[Value]
    fault: str | None = None
    is_rejected: bool = False
    written: dict[str, Any] | None = None

    def copy(self) -> Row:
        """A row of its own, without the other's fault."""
        return replace(self, values=list(self.values), fault=None, is_rejected=False, written=None)

    def write(self, name: str, text: Any) -> None:
        """Say something else in one cell than what is meant."""
        self.written = {**(self.written or {}), name: text}


@dataclass
class Submission:
    """One county's one form for one period as it is published now.

    `problem` names what is wrong with the whole of it and `problem_status` what it should end as. The flags
    say how the delivery differs from a good one: `is_header_only`, `is_cut` (60 % of its bytes),
    `is_unchanged` (无变动: it says that nothing changed, and `rows` are those that it repeats),
    `unknown_header` (a column nobody declared), `missing_field` (a column left out), `wrong_total`,
    `remarks` (row -> text).
    """

    form: Form
    county: str
    period: str
    rows: list[Row]
    updated_at: datetime
    is_published: bool = True
    problem: str | None = None
    problem_status: Status | None = None
    is_header_only: bool = False
    is_cut: bool = False
    is_unchanged: bool = False
    unknown_header: str | None = None
    missing_field: str | None = None
    wrong_total: str | None = None
    remarks: dict[int, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.county, self.form.code, self.period

    @property
    def sent(self) -> list[Row]:
        """The rows that a delivery carries."""
        return [] if self.is_header_only or self.is_unchanged else self.rows

    @property
    def status(self) -> Status:
        """What a collector that works should make of it."""
        if self.problem_status:
            return self.problem_status
        return "partial" if any(row.is_rejected for row in self.rows) else "accepted"

    def position(self, name: str) -> int:
        """Where a field is in `Row.values`."""
        return next(index for index, each in enumerate(self.form.fields) if each.name == name)

    def value(self, row: Row, name: str) -> Value:
        return row.values[self.position(name)]

    def outcome(self) -> dict[str, Any]:
        """The manifest's line. Rows are accepted or rejected only where they are checked one by one."""
        checked = self.status in ("accepted", "partial")
        rejected = sum(row.is_rejected for row in self.rows) if checked else 0
        own = [] if self.is_unchanged else self.rows
        return {
            "county": self.county,
            "form": self.form.code,
            "period": self.period,
            "rows_sent": len(self.sent) if self.is_published else 0,
            "rows_accepted": len(own) - rejected if checked else 0,
            "rows_rejected": rejected,
            "rows_repeated": len(self.rows) if self.is_unchanged else 0,
            "status": self.status,
            "reason": self.problem,
        }

    def truth(self) -> Iterator[dict[str, Any]]:
        """Each row as the county means it, and whether it counts."""
        names = [each.name for each in self.form.fields]
        counts = self.status in ("accepted", "partial") and self.is_published
        for row in self.rows:
            yield {
                "unit": row.code,
                "name": row.name,
                "town": row.place.town,
                "village": row.place.village,
                **dict(zip(names, row.values, strict=True)),
                "accepted": counts and not row.is_rejected,
                "fault": row.fault,
            }
