"""The floor: what the nation's month costs with nothing but DuckDB and COPY.

    python -m bench.nation_floor TIMELINE.json WORLD.json URL

In: the same files, the tree as CSV, an empty database of the same server. Out: the same facts and the same figures in
it, and a Parquet file of the accepted rows. The critical rules of the suite are one predicate; no row is told why it
is rejected, nothing is kept of what was there, nothing is screened. The sums of each indicator are written out here,
apart from the package's own: `bench/national.py` holds both against each other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
from pyarrow import csv

from bench.nation_world import FORM, World
from bench.watching import Timeline

if TYPE_CHECKING:
    import duckdb

TEXT = ("group_code", "unit_name", "org_setup", "has_party_work")
NUMBERS = (
    "households", "residents", "party_members", "members_away", "leaders", "party_member_leaders",
    "leaders_concurrent", "major_matters", "matters_by_procedure",
)  # fmt: skip
COLUMNS = (*TEXT[:2], *NUMBERS[:7], *TEXT[2:], *NUMBERS[7:])
PATH = ("city_code", "county_code", "town_code", "village_code")
SIDES = {
    "group_leader_party_share": ("party_member_leaders", "leaders"),
    "group_leader_vacancy_share": ("CAST(leaders = 0 AS int)", "CAST(leaders IS NOT NULL AS int)"),
    "group_org_coverage": (
        "CAST(org_setup IN ('单独支部', '联合支部') AS int)", "CAST(org_setup IS NOT NULL AS int)"
    ),
    "group_cell_share": ("CAST(org_setup = '党小组' AS int)", "CAST(org_setup IS NOT NULL AS int)"),
    "group_any_coverage": (
        "CAST(org_setup <> '无' OR has_party_work AS int)",
        "CAST((org_setup <> '无' OR has_party_work) IS NOT NULL AS int)",
    ),
    "groups_without_member_share": (
        "CAST(party_members = 0 AS int)", "CAST(party_members IS NOT NULL AS int)"
    ),
    "group_member_share": ("party_members", "residents"),
    "procedure_adoption_rate": ("matters_by_procedure", "major_matters"),
}  # fmt: skip
"""Indicator -> numerator and denominator of a row; a row that lacks one counts in neither."""
PARTS, HIDDEN = "ndkwc", "h"
"""The columns of an indicator in calc.*; written out here, because importing the package costs what is no floor's."""
PERSONS = ("group_leader_party_share", "group_member_share")
TYPES = ("month", "ytd")


def main() -> None:
    import duckdb

    timeline = Timeline()
    path, world, url = Path(sys.argv[1]), World(**json.loads(sys.argv[2])), sys.argv[3]
    with duckdb.connect() as duck, psycopg.connect(url) as c:
        duck.execute("SET threads = 2; SET preserve_insertion_order = false")
        with timeline.timed("read"):
            duck.execute(read(world))
        with timeline.timed("validate"):
            duck.execute(units(world))
            duck.execute(validated(world))
        with timeline.timed("parquet"):
            target = path.with_suffix(".parquet")
            duck.execute(f"COPY accepted TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        with timeline.timed("roll up"):
            duck.execute(rolled_up())
        with timeline.timed("copy facts"):
            c.execute(fact_table())
            copy(c, duck, "fact", "accepted")
        with timeline.timed("copy marts"):
            c.execute(mart_table())
            copy(c, duck, "mart", "figures")
        with timeline.timed("key facts"):
            c.execute("CREATE UNIQUE INDEX ON fact (period, county_code, group_code)")
        with timeline.timed("key marts"):
            c.execute("CREATE UNIQUE INDEX ON mart (org_code, period_type, period)")
            c.execute("CREATE INDEX ON mart (period_type, period, org_level)")
            c.commit()
        with timeline.timed("analyze"):
            c.execute("ANALYZE fact, mart")
            c.commit()
    timeline.write(path)


def read(world: World) -> str:
    """All files, typed."""
    types = dict.fromkeys(TEXT, "VARCHAR") | dict.fromkeys(NUMBERS, "BIGINT")
    named = ", ".join(f"'{name}': '{types[name]}'" for name in COLUMNS)
    return (
        f"CREATE TABLE raw AS SELECT * FROM read_csv('{world.tables}', header = true, filename = true,"
        f" auto_detect = false, delim = ',', columns = {{{named}}})"
    )


def units(world: World) -> str:
    """The villages that report, with the units above them."""
    tree = world.catalogue / "org_units.csv"
    return f"""
        CREATE TABLE units AS
        WITH tree AS (FROM read_csv('{tree}', header = true, all_varchar = true))
        SELECT
            coalesce(c.parent_code, c.code) AS city_code, c.code AS county_code, t.code AS town_code,
            v.code AS village_code
        FROM tree AS v JOIN tree AS t ON t.code = v.parent_code JOIN tree AS c ON c.code = t.parent_code
        WHERE v.level = 'village' AND v.reports = 'true'"""


def validated(world: World) -> str:
    """The rows that hold all critical rules, as facts."""
    fields = ", ".join(f"has_party_work = '是' AS {n}" if n == "has_party_work" else n for n in COLUMNS)
    return f"""
        CREATE TABLE accepted AS
        SELECT {fields}, {", ".join(PATH)}, '{world.period}' AS period, 1 AS revision
        FROM raw
        JOIN units
            ON units.village_code = left(raw.group_code, 12)
            AND units.county_code = split_part(raw.filename, '/', -2)
        WHERE
            {predicate(world)}
            AND NOT regexp_matches(coalesce(unit_name, ''), '小计|合计|总计|共计') AND right(group_code, 2) <> '00'
            AND group_code NOT IN (SELECT group_code FROM raw GROUP BY group_code HAVING count(*) > 1)"""


def predicate(world: World) -> str:
    """The suite's critical rules on the columns of a row."""
    suite = json.loads((world.expectations / f"{FORM}.json").read_text(encoding="utf-8"))
    rules = [e for e in suite["expectations"] if e["severity"] == "critical"]
    found = [part for e in rules for part in _condition(e["type"], e["kwargs"])]
    return "\n            AND ".join(found)


def _condition(kind: str, said: dict[str, Any]) -> Iterator[str]:
    """One rule as SQL; nothing for those on context columns, which `validated` writes out."""
    column = said.get("column", said.get("column_A", ""))
    if column.startswith("_"):
        return
    match kind:
        case "expect_column_values_to_not_be_null":
            yield f"{column} IS NOT NULL"
        case "expect_column_values_to_match_regex":
            yield f"regexp_full_match({column}, '{said['regex'].strip('^$')}')"
        case "expect_column_values_to_be_between":
            for name, sign in (("min_value", ">="), ("max_value", "<=")):
                if name in said:
                    yield f"({column} IS NULL OR {column} {sign} {said[name]})"
        case "expect_column_pair_values_a_to_be_greater_than_b":
            sign = ">=" if said.get("or_equal") else ">"
            yield f"coalesce({column} {sign} {said['column_B']}, true)"
        case _:
            raise SystemExit(f"{kind} has no SQL here: the floor would check less than the suite")


def rolled_up() -> str:
    """The figures of every village and of every unit above it, for the month and the year to date."""
    parts, sums, shown = [], [], []
    for code, (n, d) in SIDES.items():
        both = f"({n}) IS NOT NULL AND ({d}) IS NOT NULL"
        parts += [f"sum(CASE WHEN {both} THEN {side} END) AS {p}__{code}" for p, side in (("n", n), ("d", d))]
        parts.append(f"sum(CASE WHEN {both} THEN 0 ELSE 1 END) AS k__{code}")
        sums += [f"CAST(sum({p}__{code}) AS bigint) AS {p}__{code}" for p in "ndk"]
        shown += [f"{p}__{code}" if p in "ndk" else f"0 AS {p}__{code}" for p in PARTS]
    levels = [
        f"SELECT {code} AS org_code, '{code.removesuffix('_code')}' AS org_level, sum(reports) AS reports,"
        f" {', '.join(sums)} FROM villages GROUP BY {code}"
        for code in PATH
    ]
    flags = ", ".join(f"false AS {HIDDEN}__{code}" for code in PERSONS)
    # a county that is its own city is one unit
    return f"""
        CREATE TABLE figures AS
        WITH villages AS (
            SELECT {", ".join(PATH)}, count(*) AS reports, {", ".join(parts)} FROM accepted GROUP BY ALL
        ),
        rolled AS ({" UNION ALL ".join(levels)})
        SELECT
            org_code, org_level, period, period_type, CAST(reports AS bigint) AS expected_units,
            CAST(reports AS bigint) AS reported_units, {", ".join(shown)}, {flags}, now() AS built_from
        FROM rolled
        CROSS JOIN (SELECT unnest({list(TYPES)}) AS period_type)
        CROSS JOIN (SELECT min(period) AS period FROM accepted)
        WHERE org_level <> 'city' OR org_code NOT IN (SELECT county_code FROM units)"""


def fact_table() -> str:
    types = dict.fromkeys(COLUMNS, "text") | dict.fromkeys(NUMBERS, "bigint") | {"has_party_work": "boolean"}
    columns = (
        types | dict.fromkeys(PATH, "text") | {"period": "text NOT NULL", "revision": "integer NOT NULL"}
    )
    return f"CREATE TABLE fact ({', '.join(f'{n} {t}' for n, t in columns.items())})"


def mart_table() -> str:
    columns = dict.fromkeys(("org_code", "org_level", "period", "period_type"), "text NOT NULL")
    columns |= dict.fromkeys(("expected_units", "reported_units"), "bigint NOT NULL")
    columns |= {f"{p}__{code}": "bigint" for code in SIDES for p in PARTS}
    columns |= {f"{HIDDEN}__{code}": "boolean" for code in PERSONS}
    columns |= {"built_from": "timestamptz NOT NULL", "built_to": "timestamptz"}
    return f"CREATE TABLE mart ({', '.join(f'{n} {t}' for n, t in columns.items())})"


def copy(c: psycopg.Connection[Any], duck: duckdb.DuckDBPyConnection, table: str, source: str) -> None:
    """COPY a DuckDB table into one of the same columns, batch by batch, as CSV."""
    batches = duck.table(source).to_arrow_reader(200_000)
    names = ", ".join(batches.schema.names)
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    with c.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as to:
        for batch in batches:
            sink = pa.BufferOutputStream()
            csv.write_csv(batch, sink, options)
            to.write(memoryview(sink.getvalue()))


if __name__ == "__main__":
    main()
