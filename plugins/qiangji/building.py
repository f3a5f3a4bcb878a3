"""Build: current revisions into facts and figures, in one transaction.

In: the months asked for; the ledger's current revisions; their rows in the lake; sql/models. Out: fact.* of the
submissions whose revision changed, calc.* rows that differ (the old ones closed, the new ones inserted), findings,
and one event in the journal. build(P) covers P, the quarter and the year that it completes once they are due, the
year to date, and every later built month whose figures depend on what changed. A month whose inputs are the same
as when it was last built costs a look at its signature.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import context, indicators
from qiangji.catalogue import Catalogue, Form
from qiangji.checking import parents
from qiangji.engines import Engine, open_engine
from qiangji.indicators import Base
from qiangji.ledger import Ledger
from qiangji.org import LEVELS
from qiangji.periods import Period, due_at, span
from qiangji.settings import Settings
from qiangji.warehouse import copy_in
from qiangji.warehouse.sync import fill_expected

log = logging.getLogger(__name__)
Key = tuple[str, str, str]
"""(form, period, county)."""
_BUILD_LOCK = 0x514A42  # one build at a time


@dataclass
class Built:
    """What a build did; `months` is empty when everything was up to date."""

    build_id: str
    months: list[Period] = field(default_factory=list)
    facts_replaced: int = 0
    rows_closed: int = 0
    rows_inserted: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - start, 3)


@dataclass(frozen=True)
class Scope:
    """One period of one type to compute: its label, the months it covers."""

    period: str
    period_type: str
    months: tuple[Period, ...]


def pending_months(catalogue: Catalogue, ledger: Ledger) -> list[Period]:
    """Months with a current revision, or built before: all that a build without periods looks at."""
    with ledger.engine.connect() as c:
        periods = {r.period for r in ledger.current(c)}
        built = set(c.scalars(sa.text("SELECT month FROM ops.built_month")))
    return sorted({Period.parse(p).last_month for p in periods} | {Period.parse(m) for m in built})


def unbuilt_months(ledger: Ledger) -> list[Period]:
    """Months with a current revision that the facts do not show, or with facts whose revision is no longer current."""
    with ledger.engine.connect() as c:
        periods = c.scalars(
            sa.text(
                "SELECT DISTINCT period FROM (SELECT form, period, county_code, rows_hash, revision, true AS is_there"
                " FROM ops.submission WHERE is_current) s FULL JOIN ops.fact_load f USING (form, period, county_code, rows_hash, revision)"
                " WHERE s.is_there IS NULL OR f.build_id IS NULL"
            )
        )
        return sorted({Period.parse(x).last_month for x in periods})


def build(
    catalogue: Catalogue, settings: Settings, ledger: Ledger, months: Sequence[Period], now: datetime | None = None
) -> Built:
    """Bring these months, and the later ones that depend on them, up to date.

    `now` decides which quarters and years are due; it defaults to the clock.
    """
    now = now or datetime.now(UTC)
    built = Built(build_id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}")
    with ledger.engine.begin() as c:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BUILD_LOCK})
        current = {(r.form, r.period, r.county_code): r for r in ledger.current(c)}
        definitions = definitions_hash(catalogue, settings)
        signatures = _signatures(c, catalogue, settings, current, definitions, months, now)
        known = {r.month: r.signature for r in c.execute(sa.text("SELECT month, signature FROM ops.built_month"))}
        built.months = [m for m, s in signatures.items() if known.get(str(m)) != s]
        if not built.months:
            return built
        with built.timed("facts"):
            _replace_facts(c, catalogue, ledger, current, built)
        with built.timed("checks"):
            _contextual_findings(c, catalogue, ledger, current, built.months)
        with open_engine(settings.engine, settings.sql / "models", settings.threads) as engine:
            results = _compute(c, engine, catalogue, settings, ledger, current, built, now)
        with built.timed("load"):
            at = _write(c, results, built)
            for month in built.months:
                c.execute(
                    sa.text(
                        "INSERT INTO ops.built_month VALUES (:m, :s, :b) ON CONFLICT (month)"
                        " DO UPDATE SET signature = excluded.signature, build_id = excluded.build_id"
                    ),
                    {"m": str(month), "s": signatures[month], "b": built.build_id},
                )
            event = {
                "build_id": built.build_id,
                "months": [str(m) for m in built.months],
                "started_at": now,
                "built_at": at,
                "definitions_hash": definitions,
                "facts_replaced": built.facts_replaced,
                "rows_closed": built.rows_closed,
                "rows_inserted": built.rows_inserted,
            }
            import json

            c.execute(
                sa.text(
                    "INSERT INTO ops.build VALUES (:build_id, :months, :started_at, :built_at, :definitions_hash,"
                    " :facts_replaced, :rows_closed, :rows_inserted, CAST(:seconds AS jsonb))"
                ),
                event | {"seconds": json.dumps(built.seconds)},
            )
            for base, rows in results:
                if rows.num_rows:
                    ledger.lake.put_build(f"{built.build_id}/{base.name}", rows)
            ledger.lake.record(f"build-{built.build_id}", at, {"event": "build", **event})
    log.info(
        "built %s: %d fact partitions replaced, %d rows closed, %d inserted, %s",
        ", ".join(map(str, built.months)), built.facts_replaced, built.rows_closed, built.rows_inserted, built.seconds,
    )  # fmt: skip
    return built


def definitions_hash(catalogue: Catalogue, settings: Settings) -> str:
    """Changes when a figure may change although no report did: models, indicators, the tree."""
    digest = hashlib.sha256()
    files = [*(settings.sql / "models").glob("*.sql"), *(catalogue.path / "indicators").glob("*.yaml")]
    files += [*(catalogue.path / "forms").glob("*.yaml"), catalogue.path / "org_units.csv", Path(indicators.__file__)]
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def scopes(month: Period, forms: Sequence[Form], zone: str, now: datetime) -> list[Scope]:
    """What a month carries: itself, its year to date, and the quarter and year that it completes once it is due."""
    start = Period("month", month.year * 12)
    found = []
    if any(f.period_type == "month" for f in forms):
        found.append(Scope(str(month), "month", (month,)))
    found.append(Scope(str(month), "ytd", tuple(span(start, month))))
    for longer in ("quarter", "year"):
        whole = month.ends_in("quarter" if longer == "quarter" else "year")
        if whole and all(due_at(month, f.due_working_day, zone) <= now for f in forms):
            found.append(Scope(str(whole), longer, tuple(whole.months)))
    return found


def _signatures(
    c: Connection,
    catalogue: Catalogue,
    settings: Settings,
    current: dict[Key, Any],
    definitions: str,
    months: Sequence[Period],
    now: datetime,
) -> dict[Period, str]:
    """For the months asked for and the built ones after them: a hash of all that their figures come from.

    Figures of a month come from the revisions up to it: those of its year through the year to date, earlier ones
    through the registry of groups and through what contextual checks compare with.
    """
    built = [Period.parse(m) for m in c.scalars(sa.text("SELECT month FROM ops.built_month"))]
    wanted = sorted(set(months) | {m for m in built if months and m > min(months)})
    forms = list(catalogue.forms.values())
    signatures = {}
    for month in wanted:
        digest = hashlib.sha256(definitions.encode())
        digest.update(repr([s.period_type for s in scopes(month, forms, settings.timezone, now)]).encode())
        digest.update(repr(sorted((f, s.hash) for f, s in catalogue.suites.items())).encode())
        for key, row in current.items():
            if Period.parse(key[1]).last_month <= month:
                digest.update(repr((key, row.rows_hash)).encode())
        signatures[month] = digest.hexdigest()[:16]
    return signatures


# ---- facts and findings


def _replace_facts(
    c: Connection, catalogue: Catalogue, ledger: Ledger, current: dict[Key, Any], built: Built
) -> None:
    """Put the rows of current revisions in the place of those that the facts show, where they differ."""
    months = {str(m) for m in built.months}
    loaded = {
        (r.form, r.period, r.county_code): r for r in c.execute(sa.text("SELECT * FROM ops.fact_load"))
    }
    for form in catalogue.forms.values():
        mine = {
            k for k in current.keys() | loaded.keys() if k[0] == form.form and _month_of(k[1]) in months
        }
        changed = [
            k
            for k in sorted(mine)
            if k not in loaded
            or k not in current
            or (loaded[k].rows_hash, loaded[k].revision) != (current[k].rows_hash, current[k].revision)
        ]
        tables = []
        for _, period, county in changed:
            c.execute(
                sa.text(f"DELETE FROM fact.{form.form} WHERE (period, county_code) = (:p, :c)"),
                {"p": period, "c": county},
            )
            c.execute(
                sa.text("DELETE FROM ops.fact_load WHERE (form, period, county_code) = (:f, :p, :c)"),
                {"f": form.form, "p": period, "c": county},
            )
            row = current.get((form.form, period, county))
            if row is None:
                continue
            rows = ledger.lake.get_rows("reports", form.form, period, county, row.rows_hash)
            tables.append(_fact_rows(rows, catalogue, form, period, row.revision))
            c.execute(
                sa.text("INSERT INTO ops.fact_load VALUES (:f, :p, :c, :h, :r, :n, :b)"),
                {"f": form.form, "p": period, "c": county, "h": row.rows_hash, "r": row.revision}
                | {"n": len(rows), "b": built.build_id},
            )
        if tables:
            copy_in(c, f"fact.{form.form}", pa.concat_tables(tables, promote_options="permissive"))
        built.facts_replaced += len(changed)


def _fact_rows(rows: pa.Table, catalogue: Catalogue, form: Form, period: str, revision: int) -> pa.Table:
    """A revision's rows with the path of their units, the period and the revision."""
    import pyarrow.compute as pc

    tree = catalogue.org.table
    at = pc.index_in(parents(rows.column(form.key), form), value_set=tree.column("org_code").combine_chunks())
    for level in LEVELS[:-1]:
        if f"{level}_code" != form.key:
            rows = rows.append_column(f"{level}_code", tree.column(f"{level}_code").take(at))
    rows = rows.append_column("period", pa.repeat(period, len(rows)))
    return rows.append_column("revision", pa.repeat(pa.scalar(revision, pa.int32()), len(rows)))


def _contextual_findings(
    c: Connection, catalogue: Catalogue, ledger: Ledger, current: dict[Key, Any], months: list[Period]
) -> None:
    hashes = {k: row.rows_hash for k, row in current.items()}
    seen = {
        (r.form, r.period, r.county_code): r.signature for r in c.execute(sa.text("SELECT * FROM ops.context_check"))
    }
    work = context.stale(catalogue, hashes, seen, months)
    for (form, period, county), rows in context.findings(catalogue, ledger.lake, hashes, work).items():
        ledger.replace_contextual(c, county, form, period, rows)
    for gone in [k for k in seen if k not in current and _month_of(k[1]) in {str(m) for m in months}]:
        ledger.replace_contextual(c, gone[2], gone[0], gone[1], [])
        c.execute(
            sa.text("DELETE FROM ops.context_check WHERE (form, period, county_code) = (:f, :p, :c)"),
            dict(zip("fpc", gone, strict=True)),
        )
    for w in work:
        c.execute(
            sa.text(
                "INSERT INTO ops.context_check VALUES (:f, :p, :c, :s) ON CONFLICT (form, period, county_code)"
                " DO UPDATE SET signature = excluded.signature"
            ),
            {"f": w.form.form, "p": str(w.period), "c": w.county, "s": w.signature},
        )


# ---- figures


def _compute(
    c: Connection,
    engine: Engine,
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    current: dict[Key, Any],
    built: Built,
    now: datetime,
) -> list[tuple[Base, pa.Table]]:
    """The results of every base and scope of the months, each base's beneath each other."""
    results = []
    fill_expected(c, catalogue, _periods_of(catalogue, built.months))
    reader = _Reader(catalogue, ledger, current, engine)
    with built.timed("read"):
        _count_registered(c, catalogue, reader, built.months)
    for base in indicators.bases(catalogue):
        tables = []
        for month in built.months:
            for scope in scopes(month, base.forms, settings.timezone, now):
                tables.append(_run_scope(c, engine, reader, catalogue, base, scope, built))
        results.append((base, pa.concat_tables(tables).combine_chunks()))
    return results


def _run_scope(
    c: Connection,
    engine: Engine,
    reader: _Reader,
    catalogue: Catalogue,
    base: Base,
    scope: Scope,
    built: Built,
) -> pa.Table:
    with built.timed("read"):
        for form in base.forms:
            reader.register_reports(form, base, scope)
        reader.register_expected(base, scope)
        _register_findings(c, engine, base, scope, len(base.forms) > 1)
    with built.timed("engine"):
        parts = []
        for form in base.forms:
            engine.register("reports", reader.reports[form.form])
            columns = indicators.operand_columns(base, form, scope.period_type)
            parts.append(engine.run("operands", operands=columns))
        engine.register("operands", _beneath(parts))
        units = engine.query("SELECT * FROM operands")
        if len(base.forms) > 1:
            units = engine.run("units", summed=indicators.summed_operands(base))
        engine.register("units", units)
        engine.run("warned", "warned", warned=indicators.warned_columns(base))
        warnings = ",\n    ".join(f"coalesce(warned.w__{i.code}, 0) AS w__{i.code}" for i in base.indicators)
        engine.run("sides", "sides", sides=indicators.side_columns(base), warnings=warnings)
        rows = engine.run("results", sums=indicators.sum_columns(base))
    rows = rows.add_column(2, "period", pa.repeat(scope.period, len(rows)))
    return rows.add_column(3, "period_type", pa.repeat(scope.period_type, len(rows)))


def _beneath(parts: list[pa.Table]) -> pa.Table:
    """The forms' operands beneath each other; a column that is NULL in one form takes the type it has in another."""
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="permissive")


class _Reader:
    """Reads each revision's rows once and gives the engine its inputs for a scope."""

    def __init__(
        self, catalogue: Catalogue, ledger: Ledger, current: dict[Key, Any], engine: Engine
    ) -> None:
        self.catalogue, self.ledger, self.current, self.engine = catalogue, ledger, current, engine
        self.reports: dict[str, pa.Table] = {}
        self._cache: dict[Key, pa.Table] = {}
        self._registries: dict[str, pa.Table] = {}
        tree = catalogue.org.table
        self._codes = tree.column("org_code").combine_chunks()
        self._paths = {level: tree.column(f"{level}_code") for level in LEVELS[:-1]}

    def rows(self, form: Form, periods: Sequence[Period], columns: Sequence[str]) -> list[tuple[Period, str, pa.Table]]:
        """(period, county, rows) of the form's current revisions in these periods."""
        found = []
        for period in periods:
            for county in self.catalogue.counties:
                key = (form.form, str(period), county)
                if key in self.current:
                    if key not in self._cache:
                        digest = self.current[key].rows_hash
                        self._cache[key] = self.ledger.lake.get_rows("reports", *key, digest)
                    table = self._cache[key]
                    missing = [n for n in columns if n not in table.column_names]
                    for name in missing:  # a field that the form had not yet, or has no longer
                        table = table.append_column(name, pa.nulls(len(table), _arrow_type(form, name)))
                    found.append((period, county, table.select([form.key, *columns])))
        return found

    def register_reports(self, form: Form, base: Base, scope: Scope) -> None:
        """`reports` for model operands: the scope's rows and those of the period just before it."""
        import pyarrow.compute as pc

        periods = self._periods(form, scope.months)
        first = min(periods, default=None)
        before = [first - 1] if first and first.year == (first - 1).year else []
        fields = sorted({f for i in base.indicators for t in i.terms if t.form == form.form for f in t.fields})
        tables = []
        for period, _, rows in self.rows(form, [*before, *periods], fields):
            keys, n = rows.column(form.key), len(rows)
            at = pc.index_in(parents(keys, form), value_set=self._codes)
            codes = self._paths[base.level].take(at)
            columns = {
                "unit_code": codes if len(base.forms) > 1 and form.base_level != base.level else keys,
                "base_code": codes,
                "month": pa.repeat(period.last_month.index, n),
                "in_period": pa.repeat(period not in before, n),
                "is_before": pa.repeat(period in before, n),
                "starts_year": pa.repeat(not before, n),
            }
            columns["unit_code"] = keys
            tables.append(pa.table(columns | {f: rows.column(f) for f in fields}))
        schema = pa.schema(
            [("unit_code", pa.string()), ("base_code", pa.string()), ("month", pa.int64()), ("in_period", pa.bool_())]
            + [("is_before", pa.bool_()), ("starts_year", pa.bool_())]
            + [(f, _arrow_type(form, f)) for f in fields]
        )
        self.reports[form.form] = pa.concat_tables(
            [schema.empty_table(), *tables], promote_options="permissive"
        ).combine_chunks()

    def register_expected(self, base: Base, scope: Scope) -> None:
        """`expected` and `paths` for model results."""
        tables = [self._expected(form, base, scope) for form in base.forms]
        self.engine.register("expected", pa.concat_tables(tables))
        if len(base.forms) > 1:
            rows = self.engine.query(
                "SELECT base_code AS unit_code, base_code, sum(expected_units) AS expected_units FROM expected GROUP BY ALL"
            )
            self.engine.register("expected", rows)
        last = scope.months[-1]
        rows = [
            {"base_code": u.code, "org_code": code, "org_level": level}
            for u in self.catalogue.org
            if u.level == base.level and u.is_valid(last)
            for level, code in self.catalogue.org.path(u.code).items()
        ]
        schema = pa.schema([("base_code", pa.string()), ("org_code", pa.string()), ("org_level", pa.string())])
        self.engine.register("paths", pa.Table.from_pylist(rows, schema))

    def registered(self, form: Form) -> pa.Table:
        """The registry of a group form: unit_code, base_code, county_code, first_month."""
        import pyarrow.compute as pc

        if form.form not in self._registries:
            periods = sorted({Period.parse(k[1]) for k in self.current if k[0] == form.form})
            tables = [
                pa.table(
                    {
                        "unit_code": rows.column(form.key),
                        "base_code": parents(rows.column(form.key), form),
                        "county_code": pa.repeat(county, len(rows)),
                        "month": pa.repeat(period.last_month.index, len(rows)),
                    }
                )
                for period, county, rows in self.rows(form, periods, [])
            ]
            text = ("unit_code", "base_code", "county_code")
            empty = pa.schema([(n, pa.string()) for n in text] + [("month", pa.int64())]).empty_table()
            self.engine.register("reports", pa.concat_tables([empty, *tables]))
            self._registries[form.form] = self.engine.run("registry")
            assert pc is not None
        return self._registries[form.form]

    def expected_groups(self, form: Form, months: Sequence[Period]) -> pa.Table:
        """Groups expected in these months: unit_code, base_code, expected_units."""
        org = self.catalogue.org
        self.engine.register("registry", self.registered(form))
        self.engine.register("months", pa.table({"month": pa.array([m.index for m in months], pa.int64())}))
        villages = [
            {"base_code": u.code, "county_code": org.county_of(u.code)} for u in org.expected(["village"], months[-1])
        ]
        schema = pa.schema([("base_code", pa.string()), ("county_code", pa.string())])
        self.engine.register("villages", pa.Table.from_pylist(villages, schema))
        return self.engine.run("expected_groups")

    def _expected(self, form: Form, base: Base, scope: Scope) -> pa.Table:
        periods = self._periods(form, scope.months)
        if form.grain == "group":
            rows = self.expected_groups(form, [p.last_month for p in periods])
        else:
            counts: dict[str, int] = {}
            for period in periods:
                for unit in self.catalogue.org.expected(self.catalogue.kinds_of(form), period):
                    counts[unit.code] = counts.get(unit.code, 0) + 1
            codes = pa.array(list(counts), pa.string())
            rows = pa.table(
                {"unit_code": codes, "base_code": codes, "expected_units": pa.array(list(counts.values()), pa.int64())}
            )
        if form.base_level == base.level:
            return rows
        import pyarrow.compute as pc

        at = pc.index_in(rows.column("base_code"), value_set=self._codes)
        return rows.set_column(1, "base_code", self._paths[base.level].take(at))

    @staticmethod
    def _periods(form: Form, months: Sequence[Period]) -> list[Period]:
        """The form's own periods that end in these months."""
        return [p for m in months if (p := m.ends_in(form.period_type)) is not None]


def _register_findings(c: Connection, engine: Engine, base: Base, scope: Scope, at_base: bool) -> None:
    unit = "org_code" if at_base else "unit_code"
    rows = c.execute(
        sa.text(
            f"SELECT DISTINCT {unit} AS unit_code, form || '.' || unnest(fields) AS field FROM ops.current_finding"
            " WHERE form = ANY(:forms) AND period = ANY(:periods)"
        ),
        {
            "forms": [f.form for f in base.forms],
            "periods": sorted({str(p) for f in base.forms for p in _Reader._periods(f, scope.months)}),
        },
    ).all()
    schema = pa.schema([("unit_code", pa.string()), ("field", pa.string())])
    engine.register("findings", pa.Table.from_pylist([dict(r._mapping) for r in rows], schema))


def _count_registered(c: Connection, catalogue: Catalogue, reader: _Reader, months: Sequence[Period]) -> None:
    """Expected groups by county, for mart.reporting_status."""
    for form in (f for f in catalogue.forms.values() if f.grain == "group"):
        for month in months:
            reader.engine.register("expected", reader.expected_groups(form, [month]))
            reader.engine.register("tree", catalogue.org.table)
            rows = reader.engine.query(
                "SELECT county_code, CAST(sum(expected_units) AS bigint) AS n FROM expected"
                " JOIN tree ON tree.org_code = expected.base_code GROUP BY county_code"
            )
            for row in rows.to_pylist():
                c.execute(
                    sa.text(
                        "INSERT INTO dim.expected_units VALUES (:c, :f, :p, :n) ON CONFLICT (county_code, form, period)"
                        " DO UPDATE SET expected_units = excluded.expected_units"
                    ),
                    {"c": row["county_code"], "f": form.form, "p": str(month), "n": row["n"]},
                )


def _write(c: Connection, results: list[tuple[Base, pa.Table]], built: Built) -> datetime:
    """Close the rows that differ or are gone, insert the new ones; what is the same stays untouched."""
    at: datetime = c.scalar(sa.text("SELECT clock_timestamp()"))  # after the lock: later than any build before
    for base, rows in results:
        columns = ["expected_units", "reported_units", *base.result_columns()]
        names = ", ".join(["org_code", "org_level", "period", "period_type", *columns])
        c.execute(sa.text(f"CREATE TEMP TABLE fresh ON COMMIT DROP AS SELECT {names} FROM {base.table} LIMIT 0"))
        copy_in(c, "fresh", rows.select(names.split(", ")))
        c.execute(sa.text("CREATE INDEX ON fresh (org_code, period_type, period)"))
        c.execute(sa.text("ANALYZE fresh"))
        same = " AND ".join(f"f.{n} IS NOT DISTINCT FROM t.{n}" for n in columns)
        key = "(f.org_code, f.period_type, f.period) = (t.org_code, t.period_type, t.period)"
        closed = c.execute(
            sa.text(
                f"UPDATE {base.table} t SET built_to = :at WHERE built_to IS NULL"
                " AND (t.period_type, t.period) IN (SELECT DISTINCT period_type, period FROM fresh)"
                f" AND NOT EXISTS (SELECT FROM fresh f WHERE {key} AND {same})"
            ),
            {"at": at},
        )
        inserted = c.execute(
            sa.text(
                f"INSERT INTO {base.table} ({names}, built_from) SELECT {names}, :at FROM fresh f"
                f" WHERE NOT EXISTS (SELECT FROM {base.table} t WHERE {key} AND t.built_to IS NULL)"
            ),
            {"at": at},
        )
        built.rows_closed += closed.rowcount
        built.rows_inserted += inserted.rowcount
        c.execute(sa.text("DROP TABLE fresh"))
    return at


def _month_of(period: str) -> str:
    return str(Period.parse(period).last_month)


def _periods_of(catalogue: Catalogue, months: Sequence[Period]) -> list[Period]:
    types = {f.period_type for f in catalogue.forms.values()}
    return [p for m in months for t in sorted(types) if (p := m.ends_in(t)) is not None]


def _arrow_type(form: Form, name: str) -> pa.DataType:
    types = {"integer": pa.int64(), "decimal": pa.decimal128(18, 4), "boolean": pa.bool_()}
    return types.get(form.fields[name].type, pa.string()) if name in form.fields else pa.string()
