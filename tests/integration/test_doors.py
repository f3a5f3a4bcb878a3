"""The same truth sent by four counties through four doors, and looked at through every other door there is.

Counties A to D have the same units and rows. A's folder has CSV, B's a workbook, C has an HTTP interface, D a database.
A truth is a month. What comes of it (rows, verdict, rules, words, figures) must be the same in all four, whether
`check FILE`, `collect --dry-run`, `collect` or `reprocess` says it. Time zones of sessions are in test_asking.py,
Airflow's DAGs in test_airflow_night.py.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import yaml

from qiangji import building, stages
from qiangji.feedback import trial
from qiangji.figures import Choice, reading
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.servers import Api, ok

COUNTIES = {"A": "990001", "B": "990002", "C": "990003", "D": "990004"}
TREE = {"Z": {name: {f"{name}t": [f"{name}[1-6]"]} for name in COUNTIES}}
BETWEEN = "expect_column_values_to_be_between"
FORMS: dict[str, Any] = {
    "f": {
        "fields": {
            "people": {"unit": "person", "critical_max": 100_000, "may_be_empty": False},
            "income": {"type": "decimal", "unit": "ten_thousand_yuan"},
            "rate": {"type": "decimal", "unit": "percent"},
            "day": {"type": "date"},
            "done": {"type": "boolean"},
            "note": {"type": "text"},
        },
        "expectations": [
            {"field": "income", "rule": "plausible", "type": BETWEEN, "severity": "warning",
             "kwargs": {"column": "income", "max_value": 1000}},
            {"field": "people", "rule": "present", "type": "expect_column_values_to_not_be_null",
             "severity": "warning", "kwargs": {"column": "people"}},
        ],
    },
}  # fmt: skip
INDICATORS = [
    {
        "code": "x",
        "numerator": {"sum": "people"},
        "denominator": {"count_where": {"field": "done", "is": True}},
    },
    {"code": "y", "numerator": {"sum": "income"}, "denominator": {"sum": "people"}},
]
FIELDS = list(FORMS["f"]["fields"])
PLAIN = [10, Decimal("20.5"), Decimal("12.5"), date(2026, 3, 9), True, "a"]


def rows(**changed: Sequence[Any]) -> list[list[Any]]:
    """Six good rows; `people=[...]`: these values instead, from the first row on."""
    made = [[10 + i, *PLAIN[1:]] for i in range(6)]
    for name, values in changed.items():
        for row, value in zip(made, values, strict=False):
            row[FIELDS.index(name)] = value
    return made


@dataclass
class Truth:
    """What is sent, and what must come of it; `rules`: those that rows are rejected or findings are made for."""

    rows: list[list[Any]]
    status: str = "accepted"
    reason: str | None = None
    accepted: int = 6
    rules: list[str] = field(default_factory=list)
    units: list[str] | None = None  # the last three digits of each row's code; None: 001 to 006
    more: dict[str, Any] = field(default_factory=dict)  # a column more
    without: str = ""  # a column less
    values: dict[str, list[Any]] = field(
        default_factory=dict
    )  # of the accepted rows, where it is not what was sent


BROKEN = ("partial", "rows_rejected")
TRUTHS = {
    "plain": Truth(rows()),
    "as_people_write": Truth(
        rows(
            people=["1,234", "１２", " 13 "],
            rate=["12.5%", "12.5％"],
            day=["2026/3/9 0:00", "2026年3月9日"],
            done=["是", "否"],
        ),
        values={
            "people": [1234, 12, 13, 13, 14, 15],
            "rate": [Decimal("12.5")] * 6,
            "day": [date(2026, 3, 9)] * 6,
            "done": [True, False, True, True, True, True],
        },
    ),
    "what_floats_leave": Truth(
        rows(income=[0.1 + 0.2, 1.1 * 3]),
        values={"income": [Decimal("0.3"), Decimal("3.3"), *[Decimal("20.5")] * 4]},
    ),
    "blank": Truth(rows(people=[None]), rules=["f.people.present"], values={"people": [None, 11, 12, 13, 14, 15]}),
    "a_dash": Truth(rows(people=[" - "]), rules=["f.people.dash"], values={"people": [None, 11, 12, 13, 14, 15]}),
    "a_word": Truth(rows(people=["many"]), *BROKEN, 5, ["f.people.type"]),
    "beyond_its_limit": Truth(rows(people=[100_001]), *BROKEN, 5, ["f.people.critical_max"]),
    "nineteen_digits": Truth(rows(people=["1234567890123456789"]), *BROKEN, 5, ["f.people.too_large"]),
    "twice": Truth(rows(), *BROKEN, 4, ["f.unit_code.unique"], ["001", "001", "003", "004", "005", "006"]),
    "of_no_unit": Truth(rows(), *BROKEN, 5, ["f.unit_code.known"], ["001", "002", "003", "004", "005", "099"]),
    "in_yuan": Truth(
        rows(income=[Decimal(205_000)] * 5), "held", "implausible_in_most_rows", 6, ["f.income.plausible"]
    ),
    "dashes_in_most": Truth(rows(people=["-"] * 5), "held", "missing_in_most_rows", 6, ["f.people.dash"]),
    "a_mobile_number": Truth(rows(note=["13800138000"]), "withheld", "personal_data", 0),
    "a_column_more": Truth(rows(), "returned", "unknown_header", 0, more={"extra": 1}),
    "a_column_less": Truth(rows(), "returned", "missing_column", 0, without="rate"),
}  # fmt: skip
PERIODS = {name: str(Period.parse("2025-01") + i) for i, name in enumerate(TRUTHS)}


# ---- what each county has


def table_of(truth: Truth, county: str) -> tuple[list[str], list[list[Any]]]:
    """Header and rows as this county means them."""
    units = truth.units or [f"{i:03d}" for i in range(1, 7)]
    header = ["unit_code", *FIELDS, *truth.more]
    lines = [
        [f"{county}001{u}", *row, *truth.more.values()] for u, row in zip(units, truth.rows, strict=True)
    ]
    kept = [i for i, name in enumerate(header) if name != truth.without]
    return [header[i] for i in kept], [[line[i] for i in kept] for line in lines]


def as_csv(value: Any) -> str:
    if value is None:
        return ""
    return ("是" if value else "否") if isinstance(value, bool) else str(value)


def write_csv(path: Path, header: list[str], lines: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([header, *([as_csv(v) for v in line] for line in lines)])


def write_workbook(path: Path, header: list[str], lines: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(header)
    for line in lines:
        sheet.append([float(v) if isinstance(v, Decimal) else v for v in line])
    book.save(path)


def as_json(value: Any) -> Any:
    return (
        float(value)
        if isinstance(value, Decimal)
        else value.isoformat()
        if isinstance(value, date)
        else value
    )


def fill_view(db: sa.Connection, period: str, header: list[str], lines: list[list[Any]]) -> None:
    """A table of the month's rows: a column has the values' own type where all have one, else text."""
    columns = {}
    for i, name in enumerate(header):
        types = {type(line[i]) for line in lines} - {type(None)}
        known = {int: "bigint", Decimal: "numeric", float: "double precision", date: "date", bool: "boolean"}
        columns[name] = known.get(types.pop(), "text") if len(types) == 1 else "text"
    table = f"f_{period.replace('-', '_')}"
    declared = ", ".join(f"{n} {t}" for n, t in columns.items())
    db.execute(sa.text(f"CREATE TABLE {table} ({declared})"))
    db.execute(sa.text("DROP VIEW IF EXISTS f"))
    db.execute(sa.text(f"CREATE VIEW f AS SELECT '{period}' AS period, * FROM {table}"))
    names, binds = ", ".join(header), ", ".join(f":{n}" for n in header)
    for line in lines:
        cells = [
            as_csv(v) if columns[n] == "text" and v is not None else v
            for n, v in zip(header, line, strict=True)
        ]
        db.execute(
            sa.text(f"INSERT INTO {table} ({names}) VALUES ({binds})"), dict(zip(header, cells, strict=True))
        )


class Systems:
    """The four county systems, and what each has of a truth."""

    def __init__(self, made: world.World, api: Api, database: str) -> None:
        self.made, self.api, self.database = made, api, database

    def declare(self, setenv: Any) -> None:
        """Say in the catalogue, and in the connections, where the counties' reports are."""
        path = self.made.catalogue / "counties.yaml"
        a, b, _, _ = yaml.safe_load(path.read_text(encoding="utf-8"))
        by_name = {"connection": "c", "hosts": ["127.0.0.1"]}
        fetch = {"path": "/{form}/{period}", "items": "data"}
        entries = [
            a,
            b | {"files": "{form}_{period}.xlsx"},
            {"county": COUNTIES["C"], "transport": "http_api", **by_name, "connection": "api",
             "http": {"list": {"path": "/", "items": "data"}, "fetch": fetch, "version_key": "at"}},
            {"county": COUNTIES["D"], "transport": "database", **by_name, "connection": "db",
             "database": {"view": "public.{form}", "period_column": "period"}},
        ]  # fmt: skip
        path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
        setenv("QIANGJI_CONN_API", f"http://u:p@127.0.0.1:{self.api.port}")
        setenv("QIANGJI_CONN_DB", self.database)

    def put(self, truth: Truth, period: str) -> None:
        incoming = self.made.catalogue / "incoming"
        write_csv(incoming / COUNTIES["A"] / f"f_{period}.csv", *table_of(truth, COUNTIES["A"]))
        write_workbook(incoming / COUNTIES["B"] / f"f_{period}.xlsx", *table_of(truth, COUNTIES["B"]))
        header, lines = table_of(truth, COUNTIES["C"])
        records = [dict(zip(header, map(as_json, line), strict=True)) for line in lines]
        self.api.routes["/"] = ok({"data": [{"form": "f", "period": period, "at": "1"}]})
        self.api.routes[f"/f/{period}"] = ok({"data": records})
        with sa.create_engine(self.database).begin() as db:
            fill_view(db, period, *table_of(truth, COUNTIES["D"]))


# ---- what comes of it


def outcome(said: dict[str, Any], county: str) -> dict[str, Any]:
    """What was said, without what differs by right: the county's code, and the sheet and cell where it stands."""
    text = json.dumps(said, default=str, ensure_ascii=False, sort_keys=True)
    for pattern, instead in (
        (county, "COUNTY"),
        (r"(?:Sheet|f)![A-Z]+\d+", "CELL"),
        (r"\b(csv|xlsx|ndjson)\b", "KIND"),
    ):
        text = re.sub(pattern, instead, text)
    return dict(json.loads(text))


class Place:
    """A pipeline on the four counties; what each door said of each truth: truth -> door -> county -> outcome."""

    def __init__(self, p: Any, systems: Systems) -> None:
        self.p, self.systems = p, systems
        self.said: dict[str, dict[str, dict[str, Any]]] = {}

    def go_through(self) -> None:
        for name, truth in TRUTHS.items():
            period = PERIODS[name]
            self.systems.put(truth, period)
            asked = [Period.parse(period)]
            self.said[name] = {
                "check": {c: self._tried(c, period) for c in "AB"},
                "dry-run": self._by_county(stages.preview(self.p, periods=asked).submissions),
                "collect": self._by_county(stages.collect(self.p, periods=asked).submissions),
            }
            self.said[name]["recorded"] = {c: self._recorded(code, period) for c, code in COUNTIES.items()}
        again = stages.reprocess(self.p)
        for name, period in PERIODS.items():
            self.said[name]["reprocess"] = self._by_county([s for s in again if s.period == period])
            self.said[name]["recorded again"] = {c: self._recorded(x, period) for c, x in COUNTIES.items()}
        building.build(self.p, [Period.parse(p) for p in PERIODS.values()])

    def _by_county(self, submissions: Sequence[Any]) -> dict[str, Any]:
        names = {code: name for name, code in COUNTIES.items()}
        said = (
            "status",
            "reason_code",
            "held_reason",
            "rows_received",
            "rows_accepted",
            "message_zh",
            "message_en",
        )
        return {
            names[s.county_code]: outcome({n: getattr(s, n) for n in said}, s.county_code)
            for s in submissions
        }

    def _tried(self, county: str, period: str) -> dict[str, Any]:
        code = COUNTIES[county]
        (path,) = (self.systems.made.catalogue / "incoming" / code).glob(f"f_{period}.*")
        page = trial.try_file(self.p.catalogue, path, "f", code, period, 10**7)
        problems = sorted((x.rule, x.severity, x.message_zh, x.message_en) for x in page.problems)
        return outcome({"status": page.status, "accepted": page.accepted, "problems": problems}, code)

    def _recorded(self, county: str, period: str) -> dict[str, Any]:
        """Rules and words of what was rejected and found, and the accepted rows."""
        with self.p.ledger.engine.connect() as c:
            bound = {"c": county, "p": period}
            of = "WHERE county_code = :c AND period = :p ORDER BY 1, 2"
            rejected = c.execute(
                sa.text(f"SELECT rule, rows, message_zh, message_en FROM ops.rejection {of}"), bound
            )
            found = c.execute(
                sa.text(f"SELECT rule, unit_code, message_zh, message_en FROM ops.current_finding {of}"),
                bound,
            )
            said = {"rejected": [list(r) for r in rejected], "found": [list(r) for r in found]}
            digest = c.scalar(
                sa.text(
                    "SELECT rows_hash FROM ops.submission WHERE (county_code, period) = (:c, :p)"
                    " ORDER BY checked_at DESC LIMIT 1"
                ),
                bound,
            )
        values = self._accepted(county, period, digest) if digest else []
        return outcome(said | {"values": values}, county)

    def _accepted(self, county: str, period: str, digest: str) -> list[list[Any]]:
        table = self.p.ledger.lake.get_rows("reports", "f", period, county, digest)
        return [[row[name] for name in FIELDS] for row in table.to_pylist()]

    def shown(self, period: str) -> dict[str, list[Any]]:
        """County -> its figures, as `qiangji values` gives them."""
        found = reading.values(
            self.p.ledger.engine, self.p.catalogue, Choice(orgs=list(COUNTIES.values())), period
        )
        names = {code: name for name, code in COUNTIES.items()}
        figures: dict[str, list[Any]] = {}
        for row in found:
            wanted = ("indicator_code", "numerator", "denominator", "value", "obs_status", "has_warning")
            figures.setdefault(names[row["org_code"]], []).append([row[n] for n in wanted])
        return figures


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("doors")
    made, api = world.make(folder / "world", TREE, FORMS, INDICATORS), Api()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with postgres.connect() as c:
            c.execute("CREATE DATABASE county_of_doors")
        systems = Systems(made, api, postgres.url("county_of_doors"))
        systems.declare(patch.setenv)
        with make_workplace(folder / "home", postgres, patch.setenv) as workplace, workplace.pipeline() as p:
            place = Place(p, systems)
            place.go_through()
            yield place
    api.stop()


# ---- and what must


@pytest.mark.parametrize("name", TRUTHS)
def test_every_door_says_the_same(place: Place, name: str) -> None:
    truth, said = TRUTHS[name], place.said[name]
    for door in ("check", "dry-run", "collect", "recorded", "reprocess", "recorded again"):
        by_county = said[door]
        first = by_county["A"]
        for county, one in by_county.items():
            assert one == first, (door, county)
    collected = said["collect"]["A"]
    assert collected["status"] == truth.status
    assert truth.reason in (collected["reason_code"], collected["held_reason"])
    assert set(said["collect"]) == set(COUNTIES)


@pytest.mark.parametrize("name", TRUTHS)
def test_what_is_said_before_is_what_is_said_then_and_again(place: Place, name: str) -> None:
    said = place.said[name]["collect"]
    assert place.said[name]["dry-run"] == said
    assert place.said[name]["recorded again"] == place.said[name]["recorded"]
    if TRUTHS[name].status != "withheld":  # of which nothing is there to be read again
        assert place.said[name]["reprocess"] == said


@pytest.mark.parametrize("name", TRUTHS)
def test_what_was_meant_is_what_is_kept(place: Place, name: str) -> None:
    truth, kept = TRUTHS[name], place.said[name]["recorded"]["A"]
    told = sorted({r[0] for r in [*kept["rejected"], *kept["found"]]})
    assert told == ([] if truth.status == "held" else truth.rules)  # of what is held nothing counts yet
    assert len(kept["values"]) == truth.accepted
    assert {p[0] for p in place.said[name]["check"]["A"]["problems"]} >= set(truth.rules)
    for field_, values in truth.values.items():
        got = [row[FIELDS.index(field_)] for row in kept["values"]]
        assert [_as_sent(v) for v in got] == [
            v if isinstance(v, (int, Decimal, type(None))) else str(v) for v in values
        ]


def _as_sent(value: Any) -> Any:
    """A decimal, which JSON has as text, as a number again."""
    is_decimal = isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value)
    return Decimal(value) if is_decimal else value


@pytest.mark.parametrize("name", TRUTHS)
def test_figures_are_the_same_through_every_door(place: Place, name: str) -> None:
    period = PERIODS[name]
    shown = place.shown(period)
    assert set(shown) == set(COUNTIES)
    assert all(figures == shown["A"] for figures in shown.values())
    with place.p.ledger.engine.connect() as c:
        rows = c.execute(
            sa.text(
                "SELECT org_code, indicator_code, numerator, denominator, value, obs_status, has_warning"
                " FROM mart.indicator_value WHERE period = :p AND period_type = 'month' AND org_level = 'county'"
            ),
            {"p": period},
        ).all()
    by_sql = {(r[0], r[1]): list(r[1:]) for r in rows}
    for county, figures in shown.items():
        for figure in figures:
            assert by_sql[COUNTIES[county], figure[0]] == figure
