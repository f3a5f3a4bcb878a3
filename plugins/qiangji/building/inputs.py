"""What the models read: current revisions, who is expected, and the tree, registered with the engine by scope."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from qiangji.building.corrected import Corrected
from qiangji.building.parts import Part
from qiangji.building.registry import Chain, Registry, known
from qiangji.building.renamed import Keys, last_codes, last_key, last_keys
from qiangji.building.reports import (
    Reports,
    arrow_type,
    beside,
    is_each_once,
    just_before,
    parted,
    units_in_months,
)
from qiangji.building.scopes import Scope, own_periods, period_before
from qiangji.building.year import chain, is_enough
from qiangji.catalogue.keys import parents
from qiangji.catalogue.lineage import Restating, later_codes
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.tree import LEVELS
from qiangji.engines import Engine
from qiangji.indicators import Base, bases
from qiangji.periods import Period
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch

HELD_BYTES = 256 << 20
"""Rows that are held for the next base or period; beyond that they are read again."""
_REPORT_COLUMNS = [
    ("unit_code", pa.string()), ("base_code", pa.string()), ("month", pa.int64()), ("in_period", pa.bool_()),
    ("is_before", pa.bool_()), ("starts_year", pa.bool_()), ("times", pa.int64()),
]  # fmt: skip
_YEAR_COLUMNS = [("unit_code", pa.string()), ("month", pa.int64()), ("times", pa.int64())]
_COUNTY = "_county"
_EXPECTED = pa.schema([("base_code", pa.string()), ("expected_units", pa.int64())])


class Inputs:
    """Reads the current revisions' rows of a part, and gives the engine its inputs for one scope after another."""

    def __init__(
        self,
        catalogue: Catalogue,
        lake: Corrected,
        engine: Engine,
        c: Connection,
        part: Part,
        registry: Registry,
        held: dict[tuple[str, Period], pa.Table] | None = None,
    ) -> None:
        self.catalogue, self.lake, self.current = catalogue, lake, lake.current
        self.engine, self.connection, self.part = engine, c, part
        self.registry = registry
        self.held = {} if held is None else held
        self._read: dict[str, set[str]] = {}
        self._bases = bases(catalogue)
        for term in (t for b in self._bases for i in b.indicators for t in i.terms):
            self._read.setdefault(term.form, set()).update(term.fields)
        self._registries: dict[tuple[str, Period], pa.Table] = {}
        self.followed: dict[tuple[str, Period], tuple[Chain, pa.Table]] = {}
        self._trees: dict[tuple[Period, ...], pa.Table] = {}
        self._due: dict[tuple[Period, tuple[str, ...] | None], pa.Array] = {}

    def reports(self, form: Form, base: Base, scope: Scope, restating: Restating | None = None) -> Reports:
        """The form's rows of the scope's months, and of the period just before in the same year.

        `base_code` is the unit of the base's level above each row, with `restating` on today's tree.
        """
        periods = own_periods(form, scope.months)
        before = period_before(periods)
        fields = sorted(
            {f for i in base.indicators for t in i.terms if t.form == form.form for f in t.fields}
        )
        rows = self._of_periods(form, base, scope, periods)
        keys = self._last_keys(rows.column("unit_code"), rows.column("month"), form, scope)
        rows = rows.set_column(0, "unit_code", keys)
        above = self._above(parents(keys, form), base.level, scope, restating)  # of all reports at once
        rows = rows.append_column("base_code", above)
        for name, value in (("in_period", True), ("is_before", False), ("starts_year", not before)):
            rows = rows.append_column(name, pa.repeat(value, len(rows)))
        rows = rows.select([*(n for n, _ in _REPORT_COLUMNS), *fields])
        reads = any(
            t.reads_before(form, scope.period_type)
            for i in base.indicators
            for t in i.terms
            if t.form == form.form
        )
        prior = self._just_said(form, before[0], scope) if before and reads else None
        is_alone = len(periods) < 2 or self._is_carried(form, base, scope, periods)
        one, many = parted(rows, is_alone and (prior is None or is_each_once(prior.column(form.key))))
        one = beside(one, prior, form, [n for n in fields if n != form.key and form.fields[n].kind == "ytd"])
        if prior is not None and len(many):
            units = pc.unique(many.column("unit_code"))
            same = prior.filter(pc.is_in(prior.column(form.key), value_set=units))
            many = pa.concat_tables([many, just_before(same, form, before[0], many)])
        return Reports(one, many)

    def _of_periods(self, form: Form, base: Base, scope: Scope, periods: Sequence[Period]) -> pa.Table:
        """unit_code, month, times and the fields that indicators read of the reports of these periods.

        Of a nation's year the reports on which a year to date rests are carried from month to month.
        """
        whole = next(b for b in self._bases if b.name == base.name)
        names = sorted(
            {f for i in whole.indicators for t in i.terms if t.form == form.form for f in t.fields}
        )
        types = {n: arrow_type(form, n) for n in names if n != form.key}
        if self._is_carried(form, base, scope, periods):
            own = chain(whole, form, periods[0].year, types, partial(self._reported, names=list(types)))
            rows = self._follow(own, periods[-1].last_month)
        else:
            tables = [self._numbered(form, period, names) for period in periods]
            none = pa.schema([*_YEAR_COLUMNS, *types.items()]).empty_table()
            rows = pa.concat_tables([none, *tables], promote_options="permissive")
        return rows if form.key not in names else rows.append_column(form.key, rows.column("unit_code"))

    def _is_carried(self, form: Form, base: Base, scope: Scope, periods: Sequence[Period]) -> bool:
        """Whether what a year to date rests on is carried from month to month: of a large tree, where that is enough.

        Every report of the year until then must be of one of these periods.
        """
        is_large = self.part.units is not None or self.catalogue.org.is_large
        if (
            not is_large
            or len(periods) < 2
            or scope.months[0].index % 12
            or not is_enough(base, form, scope.period_type)
        ):
            return False
        found = (Period.parse(period) for name, period in self.lake.counties if name == form.form)
        return all(p in periods for p in found if periods[0].start <= p.start and p.end <= periods[-1].end)

    def _numbered(self, form: Form, period: Period, names: Sequence[str]) -> pa.Table:
        rows = self._rows(form, period)
        columns = {"unit_code": rows.column(form.key), "month": pa.repeat(period.last_month.index, len(rows))}
        columns |= {"times": pa.repeat(1, len(rows))}
        return pa.table(columns | {n: rows.column(n) for n in names if n != form.key})

    def _just_said(self, form: Form, period: Period, scope: Scope) -> pa.Table:
        """The rows of the period just before, by the last codes of their units."""
        rows = self._rows(form, period)
        keys, months = rows.column(form.key), pa.repeat(period.last_month.index, len(rows))
        at = rows.column_names.index(form.key)
        return rows.set_column(at, form.key, self._last_keys(keys, months, form, scope))

    def corrections(
        self, form: Form, base: Base, scope: Scope, restating: Restating | None = None
    ) -> pa.Table:
        """Cells corrected in the reports of the scope and of the period just before, for model `corrected`."""
        periods = own_periods(form, scope.months)
        before = period_before(periods)
        cells = self.lake.cells(form.form, [str(p) for p in (*before, *periods)], self.part.counties)
        found = [Period.parse(c[2]) for c in cells]
        months = pa.array([p.last_month.index for p in found], pa.int64())
        units = self._last_keys(pa.array([c[0] for c in cells], pa.string()), months, form, scope)
        return pa.table(
            {
                "unit_code": units,
                "base_code": self._above(parents(units, form), base.level, scope, restating),
                "field": pa.array([c[1] for c in cells], pa.string()),
                "month": months,
                "in_period": pa.array([p not in before for p in found], pa.bool_()),
                "is_before": pa.array([p in before for p in found], pa.bool_()),
            }
        )

    def expected(self, base: Base, scope: Scope, restating: Restating | None = None) -> pa.Table:
        """How many reports are expected of each unit in the scope (unit-periods), for model `sums`."""
        return pa.concat_tables([self._expected(form, base, scope, restating) for form in base.forms])

    def expected_registered(self, form: Form, months: Sequence[Period]) -> pa.Table:
        """How many rows of a registered form are expected of each unit in these months (`expected_registered`)."""
        kinds = form.placeholder_kinds or ()
        placeholders = [(self._expected_codes(m, kinds), m) for m in months]
        registry = self._registry(form, max(months))
        known = registry.column("base_code").combine_chunks().unique()
        closed = [
            (known.filter(pc.invert(pc.is_in(known, value_set=self._expected_codes(m)))), m) for m in months
        ]
        self.engine.register("registry", registry)
        self.engine.register("closed", units_in_months(closed))
        self.engine.register("months", pa.table({"month": pa.array([m.index for m in months], pa.int64())}))
        self.engine.register("placeholders", units_in_months(placeholders))
        return self.engine.run("expected_registered")

    def paths(self, level: str, months: Sequence[Period]) -> pa.Table:
        """Each unit of a level that was open in these months, with itself and each unit above it, for model `results`.

        A unit has one path: where it lay when it last was open.
        """
        closed = pa.array(self.catalogue.org.closed_in(months), pa.string())
        tree = self.tree(months)
        are_here = pc.equal(tree.column("org_level"), level)
        tree = tree.filter(pc.and_not(are_here, pc.is_in(tree.column("org_code"), value_set=closed)))
        tables = []
        for above in LEVELS[: LEVELS.index(level) + 1]:
            units = tree.column(f"{above}_code")
            are_there = pc.is_valid(units)
            if above == "city":  # a county that is its own city is one unit, and counts as a county
                other = pc.not_equal(units, tree.column("county_code"))
                are_there = pc.and_(are_there, pc.fill_null(other, True))
            names = {"base_code": tree.column("org_code"), "org_code": units}
            rows = pa.table(names).filter(are_there)
            tables.append(rows.append_column("org_level", pa.repeat(above, len(rows))))
        return pa.concat_tables(tables)

    def restated_paths(self, base: Base, scope: Scope, restating: Restating) -> pa.Table:
        """The paths of units as was to the units of today that lineage touches, with shares, for model `restated`.

        Reports of several forms are brought to today's units before, at the coarser unit that the forms share. So a
        village that moved counts in the town where it is now.
        """
        found = restating.paths(base.level, scope.months, whole=len(base.forms) > 1)
        mine = set(self.part.holds([row[1] for row in found]))
        found = [row for row in found if row[1] in mine]
        names = ("base_code", "org_code", "org_level")
        columns = {n: pa.array([row[i] for row in found], pa.string()) for i, n in enumerate(names)}
        return pa.table(columns | {"share": pa.array([row[3] for row in found], pa.decimal128(18, 12))})

    def findings(self, base: Base, scope: Scope, restating: Restating | None = None) -> pa.Table:
        """The units that findings of the scope are about, and the fields that they concern, for model `warned`."""
        shared = len(base.forms) > 1
        rows = fetch(
            self.connection,
            query("building/findings"),
            {
                "forms": [f.form for f in base.forms],
                "periods": sorted({str(p) for f in base.forms for p in own_periods(f, scope.months)}),
                "counties": None if self.part.units is None else list(self.part.counties),
            },
        )
        found = [
            (unit, org_code, r["field"])
            for r in rows
            for unit, org_code in self._concerned(r, base.forms, scope)
        ]
        units = [
            self._unit_above(org_code, base.level, scope, restating) if shared else unit
            for unit, org_code, _ in found
        ]
        return pa.table(
            {
                "unit_code": pa.array(units, pa.string()),
                "field": pa.array([field for _, _, field in found], pa.string()),
            }
        )

    def _concerned(
        self, finding: Mapping[str, Any], forms: Sequence[Form], scope: Scope
    ) -> list[tuple[str, str]]:
        """(row's key, its unit of the tree) of the rows that a finding is about: of one on a report, all its rows."""
        form, unit = next(f for f in forms if f.form == finding["of_form"]), finding["unit_code"]
        period = Period.parse(finding["period"])
        if unit not in self.catalogue.all_counties or form.grain == "county":
            later = later_codes(self.catalogue.lineage, period.end, scope.months[-1].end)
            return [(last_key(unit, later, form.parent_digits), last_key(finding["org_code"], later))]
        rows = self._read_of(form, period, [unit], [form.key])
        keys = rows.column(form.key)
        keys = self._last_keys(keys, pa.repeat(period.last_month.index, len(keys)), form, scope)
        return list(zip(keys.to_pylist(), parents(keys, form).to_pylist(), strict=True))

    def known(self, form: Form, month: Period) -> pa.Table:
        """The units of a registered form that were reported up to a month, with the first month of each."""
        return self._follow(known(form, partial(self._reported, names=())), month)

    def _follow(self, one: Chain, month: Period) -> pa.Table:
        """The rows of a chain as of a month, which are left to the builds that follow, too."""
        if (one.name, month) not in self.followed:
            rows = self.registry.rows(one, month, self.part.counties)
            self.followed[one.name, month] = one, rows
        return self.followed[one.name, month][1]

    def leave(self, month: Period) -> None:
        """Leave what a month was worked out from to the builds that follow."""
        for (_, last), (one, rows) in self.followed.items():
            if last == month:
                self.registry.leave(one, month, self.part.counties, rows)

    def tree(self, months: Sequence[Period]) -> pa.Table:
        """A row a unit of the part: its code and level, and its path in these months."""
        org, key = self.catalogue.org, tuple(months)
        if key not in self._trees:
            paths = org.paths_in(*months)
            if "org_level" not in paths.column_names:
                paths = paths.append_column("org_level", org.table.column("org_level"))
            self._trees[key] = self.part.chosen(paths).combine_chunks()
        return self._trees[key]

    # ---- inside

    def _last_keys(self, keys: Keys, months: Keys, form: Form, scope: Scope) -> Keys:
        return last_keys(keys, months, form, self.catalogue.lineage, scope.months[-1])

    def _later(self, scope: Scope) -> dict[str, str]:
        """Code -> the last one of units that get another code in the scope."""
        return later_codes(self.catalogue.lineage, scope.months[0].end, scope.months[-1].end)

    def _rows(self, form: Form, period: Period) -> pa.Table:
        """The key and the fields that indicators read, of the form's current revisions in a period, and the county."""
        if (form.form, period) not in self.held:
            if sum(t.nbytes for t in self.held.values()) > HELD_BYTES:
                self.held.clear()
            names = [form.key, *sorted(self._read.get(form.form, set()) - {form.key})]
            self.held[form.form, period] = self._read_of(form, period, self.part.counties, names)
        return self.held[form.form, period]

    def _reported(
        self, form: Form, period: Period, counties: Collection[str], names: Sequence[str]
    ) -> pa.Table:
        """What counties report in a period: the unit and the county of each row, and these fields."""
        is_all = len(counties) == len(self.part.counties)
        read = [form.key, *(n for n in names if n != form.key)]
        rows = self._rows(form, period) if is_all else self._read_of(form, period, counties, read)
        columns = {"unit_code": rows.column(form.key), "county_code": rows.column(_COUNTY)}
        return pa.table(columns | {n: rows.column(n) for n in names})

    def _read_of(
        self, form: Form, period: Period, counties: Collection[str], names: Sequence[str]
    ) -> pa.Table:
        """These columns of the current revisions, in the order of counties' codes; a form may lack a field."""
        wanted = frozenset(counties)
        mine = [c for c in self.lake.counties.get((form.form, str(period)), ()) if c in wanted]
        digests = {c: self.current[form.form, str(period), c].rows_hash for c in mine}
        found = self.lake.get_many(form.form, str(period), digests, names)
        tables = [found[c] for c in mine]
        at = np.repeat(np.arange(len(mine)), [len(t) for t in tables])
        schema = pa.schema([(n, arrow_type(form, n)) for n in names])
        rows = pa.concat_tables([schema.empty_table(), *tables], promote_options="permissive").select(names)
        of = pa.array(mine, pa.string()).take(pa.array(at, pa.int64()))
        return rows.combine_chunks().append_column(_COUNTY, of)

    def _registry(self, form: Form, month: Period) -> pa.Table:
        """When each row of a registered form was first reported (model `registry`), as far as a month."""
        if (form.form, month) not in self._registries:
            units = self.known(form, month)
            keys = units.column("unit_code")
            self.engine.register(
                "all_reports",
                pa.table(
                    {"unit_code": keys, "base_code": parents(keys, form), "month": units.column("month")}
                ),
            )
            # of most units one row is known: few are reported by two counties, where they moved
            is_once = is_each_once(keys) or pc.count_distinct(keys).as_py() == len(keys)
            self._registries[form.form, month] = self.engine.run("registry_of_one" if is_once else "registry")
        return self._registries[form.form, month]

    def _expected(self, form: Form, base: Base, scope: Scope, restating: Restating | None) -> pa.Table:
        periods = own_periods(form, scope.months)
        if not periods:
            return _EXPECTED.empty_table()
        if form.is_registered:
            rows = self.expected_registered(form, [p.last_month for p in periods])
        else:
            units = [self._expected_codes(period, form.filled_in_by) for period in periods]
            counts = pc.value_counts(pa.chunked_array(units, pa.string()))
            rows = pa.table([counts.field("values"), counts.field("counts")], schema=_EXPECTED)
        above = self._above(rows.column("base_code"), base.level, scope, restating)
        return pa.table([above, rows.column("expected_units")], schema=_EXPECTED)

    def _expected_codes(self, period: Period, kinds: Iterable[str] | None = None) -> pa.Array:
        """The part's units of these kinds, or of all, that should report."""
        key = (period, None if kinds is None else tuple(kinds))
        if key not in self._due:
            self._due[key] = self.part.codes(self.catalogue.org.expected_codes(period, key[1]))
        return self._due[key]

    def _above(
        self, codes: pa.Array | pa.ChunkedArray, level: str, scope: Scope, restating: Restating | None
    ) -> pa.Array | pa.ChunkedArray:
        """The unit of a level above each unit: in the scope, or with `restating` today."""
        if restating is None:
            tree = self.tree(scope.months)
            codes = last_codes(codes, self._later(scope))
            at = pc.index_in(codes, value_set=tree.column("org_code").combine_chunks())
            return tree.column(f"{level}_code").take(at)
        known = pc.unique(codes)
        above = [self._unit_above(code, level, scope, restating) for code in known.to_pylist()]
        return pa.array(above, pa.string()).take(pc.index_in(codes, value_set=known))

    def _unit_above(self, code: str, level: str, scope: Scope, restating: Restating | None) -> str | None:
        org = self.catalogue.org
        if restating is None or code not in org.units:
            return org.path(self._later(scope).get(code, code), *scope.months).get(level)
        return restating.path(restating.heir(code, scope.months)).get(level)
