"""The models of one base, run for one scope after another.

In: what the models read (`inputs.py`), registered with the engine. Out: result rows of a scope, as was and on today's
tree, with all columns of the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from qiangji.building.inputs import Inputs
from qiangji.building.scopes import Scope
from qiangji.catalogue.lineage import Restating
from qiangji.engines import Engine
from qiangji.indicators import Base
from qiangji.indicators.columns import pieces

Tables = tuple[pa.Table, pa.Table | None]
"""Result rows of one scope, as was and restated; None where lineage touches no unit."""
IDENTITY = ("org_code", "org_level", "period", "period_type")


@dataclass
class Models:
    """Runs the models of a base."""

    engine: Engine
    inputs: Inputs
    base: Base
    restating: Restating
    last: tuple[object, Tables] | None = field(default=None, init=False)
    """What the last results followed from, and the results: a January's year to date is its month."""

    def as_was(self, scope: Scope) -> pa.Table:
        return self._of(scope, None)[0]

    def tables(self, scope: Scope) -> Tables:
        return self._of(scope, self.restating)

    # ---- inside

    def _of(self, scope: Scope, restating: Restating | None) -> Tables:
        """The results of the definitions that are in force; what is not in force is NULL."""
        base = self.base.at(scope.months[-1])
        same = (scope.months, restating is None, self._texts(base, scope.period_type))
        if self.last is None or self.last[0] != same:
            self.last = (same, self._results(base, scope, restating))
        as_was, restated = self.last[1]
        return self._whole(as_was, scope), None if restated is None else self._whole(restated, scope)

    def _texts(self, base: Base, period_type: str) -> list[dict[str, str]]:
        """The columns of the models that depend on the type of the period."""
        of_forms = [pieces(m, base, f, period_type) for f in base.forms for m in ("operands", "corrected")]
        return [*of_forms, pieces("sides", base, period_type=period_type)]

    def _whole(self, rows: pa.Table, scope: Scope) -> pa.Table:
        """The rows with their period and all columns of the base."""
        rows = rows.add_column(2, "period", pa.repeat(scope.period, len(rows)))
        rows = rows.add_column(3, "period_type", pa.repeat(scope.period_type, len(rows)))
        for name in ("expected_units", "reported_units", *self.base.result_columns()):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(len(rows), pa.int64()))
        return rows

    def _results(self, base: Base, scope: Scope, restating: Restating | None) -> Tables:
        """The models as was and, with `restating`, on today's tree; no rows where no definition is in force."""
        if not base.definitions:
            return pa.table({n: pa.nulls(0, pa.string()) for n in IDENTITY[:2]}), None
        engine = self.engine
        self._sums(base, scope)
        engine.register("paths", self.inputs.paths(base.level, scope.months))
        rows = engine.run("results", **pieces("results", base))
        if restating is None or not restating.touched:
            return rows, None
        if len(base.forms) > 1:
            self._sums(base, scope, restating)
        engine.register("paths", self.inputs.restated_paths(base, scope, restating))
        return rows, engine.run("restated", **pieces("restated", base))

    def _sums(self, base: Base, scope: Scope, restating: Restating | None = None) -> None:
        """Register `sums` of the scope."""
        engine, inputs = self.engine, self.inputs
        corrected, operands = [], list[tuple[str, pa.Table, dict[str, str]]]()
        for form in base.forms:
            reports = inputs.reports(form, base, scope, restating)
            corrections = inputs.corrections(form, base, scope, restating)
            if len(corrections):
                engine.register("reports", reports.of(corrections.column("unit_code")))
                engine.register("corrections", corrections)
                corrected.append(
                    engine.run("corrected", **pieces("corrected", base, form, scope.period_type))
                )
            for model, rows in (("operands_of_one", reports.one), ("operands", reports.many)):
                operands.append((model, rows, pieces(model, base, form, scope.period_type)))
        self._units(base, operands)
        engine.register("corrected", _merged(corrected) if corrected else _of_none(base))
        engine.register("findings", inputs.findings(base, scope, restating))
        engine.view("warned", "warned", **pieces("warned", base))
        engine.view("sides", "sides", **pieces("sides", base, period_type=scope.period_type))
        engine.register("expected", inputs.expected(base, scope, restating))
        engine.register("sums", engine.run("sums", **pieces("sums", base)))

    def _units(self, base: Base, operands: Sequence[tuple[str, pa.Table, dict[str, str]]]) -> None:
        """Have `units` be what the models of operands make of their rows: of one form's alone by a view."""
        filled = [each for each in operands if len(each[1])] or list(operands[:1])
        if len(filled) == 1 and len(base.forms) == 1:
            model, rows, columns = filled[0]
            self.engine.register("reports", rows)
            self.engine.view("units", model, **columns)
            return
        found = []
        for model, rows, columns in filled:
            self.engine.register("reports", rows)
            found.append(self.engine.run(model, **columns))
        units = pa.concat_tables(found, promote_options="permissive").combine_chunks()
        if len(base.forms) == 1:
            self.engine.register("units", units)
            return
        self.engine.register("operands", units)
        self.engine.view("units", "units", **pieces("units", base))


def _of_none(base: Base) -> pa.Table:
    """What the model `corrected` makes of no corrections, as most builds have none."""
    named = [n for n in base.result_columns() if n.startswith("c__")]
    texts = {n: pa.nulls(0, pa.string()) for n in ("unit_code", "base_code")}
    return pa.table(texts | {n: pa.nulls(0, pa.int32()) for n in named})


def _merged(corrected: Sequence[pa.Table]) -> pa.Table:
    """What corrections touch: of several forms, brought to the unit that they share."""
    if len(corrected) == 1:
        return corrected[0]
    rows = pa.concat_tables(corrected, promote_options="permissive").combine_chunks()
    named = [n for n in rows.column_names if n.startswith("c__")]
    found = rows.group_by("base_code").aggregate([(n, "max") for n in named])
    units = found.column("base_code")
    return pa.table({"unit_code": units, "base_code": units} | {n: found.column(f"{n}_max") for n in named})
