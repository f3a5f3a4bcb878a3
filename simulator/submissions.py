"""A county's report for one form and period: rows as meant, as written, and their faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from simulator.forms import Form
from simulator.forms.spec import Value
from simulator.tree import Place

Status = Literal["accepted", "partial", "returned", "withheld", "late", "held", "failed"]
Key = tuple[str, str, str]  # county, form, period


@dataclass(slots=True)
class Row:
    """One unit's row. `values`: as the county means them, in the form's field order. `written`: what a cell says
    instead (a number or text, None for blank), by field, key or name.
    """

    code: str
    name: str
    place: Place
    values: list[Value]
    fault: str | None = None
    is_rejected: bool = False
    written: dict[str, Any] | None = None

    def copy(self) -> Row:
        """A copy without the fault."""
        return replace(self, values=list(self.values), fault=None, is_rejected=False, written=None)

    def write(self, name: str, text: Any) -> None:
        """Write something else in one cell than the value meant."""
        self.written = {**(self.written or {}), name: text}


@dataclass(frozen=True)
class Look:
    """How a report is written otherwise than its county writes it.

    | field | what |
    | --- | --- |
    | `title` | the title, instead of the form's and its period; or a date in its place |
    | `instead` | words in place of all rows |
    | `units_below` | fields, and the units in a row beneath the header |
    | `unit` | a field, and the unit that stands in brackets behind its header |
    | `delimiter` | what separates the cells of a CSV |
    | `hidden_rows` | so many of the first rows are hidden |
    | `hidden_column` | the column of this field is hidden |
    | `divided` | the column of this field has a number format that shows a ten-thousandth |
    | `sign_off_after` | a sign-off zone stands after so many rows, and the others below it |
    | `is_untitled` | the title row is missing |
    | `header_after` | the header stands once more after so many rows |
    | `parent` | a field, and the text of the merged cell above it |
    | `merged` | the first two cells of this field are merged |
    | `unseen` | the column of this field has a number format that shows nothing |
    | `twice` | the first cell of the data stands there twice |
    | `struck` | so many of the first rows are struck through |
    | `copy` | a second sheet with the rows, under this name |
    | `is_unapproved` | nobody stands behind 审核人 in its sign-off zone |
    | `garbled` | so many further rows of signs that nobody can read |
    | `is_renamed` | its file has another name: a browser's second download |
    | `is_doubled` | beside its file lies another of the same time, of another kind |
    """

    title: str | date | None = None
    instead: str | None = None
    units_below: tuple[tuple[str, str], ...] = ()
    unit: tuple[str, str] | None = None
    delimiter: str = ","
    hidden_rows: int = 0
    hidden_column: str | None = None
    divided: str | None = None
    sign_off_after: int | None = None
    is_untitled: bool = False
    header_after: int | None = None
    parent: tuple[str, str] | None = None
    merged: str | None = None
    unseen: str | None = None
    twice: bool = False
    struck: int = 0
    copy: str | None = None
    garbled: int = 0
    is_unapproved: bool = False
    is_renamed: bool = False
    is_doubled: bool = False


@dataclass
class Submission:
    """One county's one form for one period as published now.

    | field | what |
    | --- | --- |
    | `problem`, `problem_status` | the fault of the whole submission, and the status it should get |
    | `is_header_only` | the delivery has no rows |
    | `is_cut` | it has 60 % of its bytes |
    | `is_unchanged` | it says 无变动; `rows` are those that it repeats |
    | `unknown_header` | it has a column that nobody declared |
    | `missing_field` | it lacks this column |
    | `wrong_total` | its 合计 is wrong |
    | `remarks` | row -> text |
    | `look` | how it is written otherwise |
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
    look: Look = Look()

    @property
    def key(self) -> Key:
        return self.county, self.form.code, self.period

    @property
    def sent(self) -> list[Row]:
        """The rows that a delivery carries."""
        return [] if self.is_header_only or self.is_unchanged or self.look.instead else self.rows

    @property
    def status(self) -> Status:
        """The status that a working collector should give it."""
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
        """Each row as the county means it, and whether it should be accepted."""
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
