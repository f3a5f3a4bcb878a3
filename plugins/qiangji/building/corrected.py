"""Corrections on top of what counties sent: which of them hold, the rows as corrected, and what the ledger keeps of it.

In: the catalogue's active corrections, the current revisions and their rows in the lake. Out: rows for facts, figures
and contextual checks (`Corrected.get_rows`, in the lake's place), and ops.correction. A correction whose wrong value is
no longer in the report is skipped, and an error. The lake's files stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.building.together import Together
from qiangji.building.typed import typed
from qiangji.catalogue.corrections import Correction
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.errors import CatalogueError
from qiangji.hashing import short
from qiangji.lake import Lake
from qiangji.ledger import Current, Key
from qiangji.parsing.normalise import TYPES
from qiangji.warehouse.rows import fetch, insert

State = Literal["applied", "waiting", "stale"]
WHOLE_ROW = "*"
"""What stands for the field where a whole row is left out."""


@dataclass(frozen=True)
class Held:
    """A correction against the current revision.

    | state | what |
    | --- | --- |
    | applied | the report has the wrong value |
    | waiting | there is no report yet |
    | stale | the report has another value: `found`, as text |
    """

    correction: Correction
    state: State
    found: str | None = None

    def __str__(self) -> str:
        x = self.correction
        now_right = x.action == "set" and self.found == _text(x.now)
        do = "the county has sent the right value" if now_right else "look at what the county sent"
        was, found = _said(_text(x.was)), _said(self.found)
        return (
            f"{x.where}: {x.county} {x.form} {x.period} {x.unit} {x.field}: expected {was}, the report has {found};"
            f" not applied: {do}, then change the entry or set its status to retired"
        )


class Corrected:
    """Current revisions, and their rows from the lake with the corrections that hold applied."""

    def __init__(self, catalogue: Catalogue, lake: Lake, current: Mapping[Key, Current]) -> None:
        self.catalogue, self.lake, self.current = catalogue, lake, current
        self.together: Together | None = None
        self.moved: frozenset[Key] = frozenset()
        self._tables: dict[Key, pa.Table] = {}
        self._applied: dict[Key, list[Correction]] = {}
        self.held: list[Held] = []
        by_key: dict[Key, list[Correction]] = {}
        for x in catalogue.corrections:
            if x.status == "active":
                by_key.setdefault(x.key, []).append(x)
        for key, corrections in sorted(by_key.items()):
            form = catalogue.forms[key[0]]
            rows = (
                self._typed(key, lake.get_rows("reports", *key, current[key].rows_hash))
                if key in current
                else None
            )
            held = [_look(x, rows, form) for x in corrections]
            self.held += held
            applied = [h.correction for h in held if h.state == "applied"]
            if rows is not None and applied:
                self._tables[key], self._applied[key] = _apply(rows, applied, form), applied

    @property
    def stale(self) -> list[Held]:
        return [h for h in self.held if h.state == "stale"]

    def get_rows(
        self,
        area: str,
        form: str,
        period: str,
        county: str,
        digest: str,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows of a current revision, corrected, in today's types; called as the lake's own."""
        found = self._tables.get((form, period, county))
        if found is None:
            rows = self.lake.get_rows(area, form, period, county, digest, columns)
            return self._typed((form, period, county), rows)
        return found if columns is None else found.select([n for n in found.column_names if n in columns])

    def get_many(
        self, form: str, period: str, digests: Mapping[str, str], columns: Sequence[str] | None = None
    ) -> dict[str, pa.Table]:
        """The rows of several counties' current revisions, corrected; called as the lake's own."""
        found = self.together.get(form, period, digests, columns) if self.together else {}
        return {
            c: self._typed((form, period, c), found[c])
            if c in found
            else self.get_rows("reports", form, period, c, digest, columns)
            for c, digest in digests.items()
        }

    def _typed(self, key: Key, rows: pa.Table) -> pa.Table:
        form = self.catalogue.forms.get(key[0])
        return typed(rows, form, key) if form else rows

    def effect(self, key: Key) -> str:
        """A hash of the corrections applied to a current revision; empty where there are none."""
        effects = sorted(x.effect for x in self._applied.get(key, ()))
        return short(repr(effects)) if effects else ""

    @cached_property
    def counties(self) -> dict[tuple[str, str], list[str]]:
        """Form and period -> the counties of which a report counts, by their codes."""
        found: dict[tuple[str, str], list[str]] = {}
        for form, period, county in sorted(self.current):
            found.setdefault((form, period), []).append(county)
        return found

    def cells(
        self, form: str, periods: Iterable[str], counties: Collection[str]
    ) -> list[tuple[str, str, str, str]]:
        """(unit, field or `WHOLE_ROW`, period, county) of each cell or row corrected in these reports."""
        wanted, mine = set(periods), frozenset(counties)
        return [
            (x.unit, WHOLE_ROW if x.action == "leave_out" else x.field, x.period, x.county)
            for key, corrections in sorted(self._applied.items())
            if key[0] == form and key[1] in wanted and key[2] in mine
            for x in corrections
        ]


def require_none_stale(stale: Iterable[Held]) -> None:
    """Raise a CatalogueError that names each stale correction. Called after the commit: all other figures are built."""
    if lines := [str(h) for h in stale]:
        raise CatalogueError(
            "\n".join(lines),
            do="All other figures are built. See docs/runbooks/correct-a-value.md.",
            zh="人工更正与现报数据不符，未采用："
            + "；".join(lines)
            + "。其余指标已计算；处理办法见docs/runbooks/correct-a-value.md。",
            code="stale_correction",
        )


def record(c: Connection, lake: Lake, held: Iterable[Held], at: datetime) -> None:
    """Keep how the corrections stand in ops.correction; where that changed, in the journal too."""
    rows = [_row(h) for h in held]
    known = fetch(c, "SELECT * FROM ops.correction")
    if sorted(map(repr, map(_ordered, rows))) == sorted(map(repr, map(_ordered, known))):
        return
    c.execute(sa.text("DELETE FROM ops.correction"))
    insert(c, "ops.correction", rows)
    lake.record(
        f"corrections-{short(repr((rows, at)))}", at, {"event": "corrections", "at": at, "corrections": rows}
    )


def _ordered(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(row.items())


def _row(h: Held) -> dict[str, Any]:
    x = h.correction
    return {
        "form": x.form,
        "period": x.period,
        "county_code": x.county,
        "unit_code": x.unit,
        "org_code": x.org_code,
        "field": x.field,
        "action": x.action,
        "value_sent": _text(x.was),
        "value_corrected": _text(x.now),
        "value_found": h.found,
        "reason": x.reason,
        "declared_by": x.by,
        "declared_on": x.date,
        "state": h.state,
        "place": x.where,
    }


def _look(x: Correction, rows: pa.Table | None, form: Form) -> Held:
    """How a correction stands against the rows that the county sent."""
    if rows is None:
        return Held(x, "waiting")
    mine = rows.filter(pc.equal(rows.column(form.key), x.unit))
    if len(mine) == 0:
        return Held(x, "stale", "no such row")
    value = mine.column(x.field)[0].as_py() if x.field in mine.column_names else None
    value = value.isoformat() if isinstance(value, date) else value
    if value == x.was:
        return Held(x, "applied")
    # a text may hold personal data: it is not shown
    is_text = value is not None and form.fields[x.field].type in ("text", "code")
    return Held(x, "stale", "another text" if is_text else _text(value))


def _apply(rows: pa.Table, corrections: Iterable[Correction], form: Form) -> pa.Table:
    left_out = []
    for x in corrections:
        if x.action == "leave_out":
            left_out.append(x.unit)
            continue
        if x.field not in rows.column_names:  # the form had no such field yet when the report was read
            rows = rows.append_column(x.field, pa.nulls(len(rows), TYPES[form.fields[x.field].type]))
        column = rows.column(x.field)
        now: Any = x.now if x.action == "set" else None
        if now is not None and form.fields[x.field].type == "date":
            now = date.fromisoformat(now)
        here = pc.equal(rows.column(form.key), x.unit)
        corrected = pc.if_else(here, pa.scalar(now, column.type), column)
        rows = rows.set_column(rows.column_names.index(x.field), x.field, corrected)
    gone = pc.is_in(rows.column(form.key), value_set=pa.array(left_out, pa.string()))
    return rows.filter(pc.invert(gone)) if left_out else rows


def _said(text: str | None) -> str:
    return "an empty cell" if text in (None, "-") else str(text)


def _text(value: object) -> str:
    """A cell's value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
