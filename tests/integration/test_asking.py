"""What people ask of figures gets an answer that cannot be taken for "all is well": periods, units, moments, causes.

One small world in chapters: a county reports, revises one village; others report and revise elsewhere; a village moves.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from qiangji import stages
from qiangji.building import signatures
from qiangji.building.inputs import Inputs
from qiangji.cli import common
from qiangji.periods import Period, reporting_month, span
from tests.conftest import Workplace, _forget, make_workplace
from tests.golden import world
from tests.integration.causes import assert_each_has_its_own
from tests.integration.test_cli import run

TREE = {"Z": {"A": {"T": ["V1", "V2"], "U": ["W1"], "E": ["E1"]}, "B": {"X": ["X1"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"n": {"warn_above": 7}, "d": {}}}}
SHARE = {"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}}
JANUARY = ["--period", "2026-01"]
CITY, A, T, U, E = "990000", "990001", "990001001", "990001002", "990001003"
ZONES = ("UTC", "Asia/Shanghai", "America/Los_Angeles")


@dataclass
class Told:
    """The instants between the chapters, by name."""

    place: Workplace
    made: world.World
    at: dict[str, datetime] = field(default_factory=dict)

    def ask(self, statement: str, zone: str = "UTC", **values: Any) -> list[Any]:
        return self.place.ask(statement, zone, **values)

    def now(self, name: str) -> None:
        self.at[name] = self.ask("SELECT clock_timestamp()")[0][0]

    def local(self, name: str) -> str:
        """The instant as somebody in the county would type it."""
        return f"{self.at[name].astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S.%f}"

    def causes(self, since: str, until: str, *more: str) -> dict[str, list[str]]:
        ran = run("diff", "--from", self.local(since), "--to", self.local(until), "--json", *more)
        assert ran.code == 0, ran.err
        return {
            r["org_code"]: r["causes"]
            for r in ran.json
            if (r["period"], r["period_type"]) == ("2026-01", "month")
        }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    made = world.make(folder, TREE, FORMS, [SHARE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(folder / "home", postgres, patch.setenv) as place:
            story = Told(place, made)

            def chapter(name: str, table: str | None = None) -> None:
                if table:
                    made.put("v", "2026-01", table)
                    assert run("collect", "--period", "2026-01..2026-03").code in (0, 3)
                built = run("build")
                assert built.code == 0, built.err
                story.now(name)

            chapter("first", "unit n d\nV1 4 10\nV2 5 20\nW1 5 10\nE1 1 10")
            chapter("revised", "unit n d\nV1 6 10\nV2 5 20\nW1 5 10\nE1 1 10")
            chapter("elsewhere", "unit n d\nV1 6 10\nV2 5 20\nW1 5 10\nE1 2 10\nX1 1 10")
            _move(made.catalogue / "org_units.csv", "V2", U)
            chapter("moved")
            yield story


def _move(units: Path, name: str, to: str) -> None:
    """The village lies in another town from January on."""
    lines: list[str] = []
    for line in units.read_text(encoding="utf-8").splitlines():
        cells = line.split(",")
        if cells[1] != name:
            lines.append(line)
        else:
            lines.append(",".join([*cells[:6], "", "2025-12-31"]))
            lines.append(",".join([*cells[:4], to, cells[5], "2026-01-01", ""]))
    units.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _forget()


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.console, "width", 200)


def test_what_lay_elsewhere_then_is_a_part_of_its_own(told: Told) -> None:
    """The tree is today's: V2 lay in T when T's figure was made, and in U when U's is. Nothing of that is spread."""
    for org in (T, U):
        ran = run(
            "explain", "share", "--org", org, "--period", "2026-01", "--from", told.local("elsewhere"),
            "--to", told.local("moved"), "--json",
        )  # fmt: skip
        assert ran.code == 0, ran.err
        rest = next(p for p in ran.json["parts"] if p["kind"] == "elsewhere")
        assert rest["rest"] == rest["total"] != "0.000000"
        assert sum(Decimal(p["total"]) for p in ran.json["parts"]) == Decimal(ran.json["change"])
        assert "下级未能说明的部分" in ran.json["sentence_zh"]


# --- causes ---------------------------------------------------------------------------------------------


def test_a_revision_is_the_cause_where_its_rows_differ_and_nowhere_else(told: Told) -> None:
    assert told.causes("first", "revised", "--level", "town") == {T: ["revision"]}
    assert told.causes("first", "elsewhere", "--level", "town") == {
        T: ["revision"], E: ["revision"], "990002001": ["late_arrival"],
    }  # fmt: skip


def test_all_causes_at_once_are_those_of_each_figure(told: Told) -> None:
    engine = sa.create_engine(told.place.url)
    with engine.connect() as c:
        for since, until in itertools.combinations([datetime(2026, 1, 1, tzinfo=UTC), *told.at.values()], 2):
            assert_each_has_its_own(c, since, until)
    engine.dispose()


def test_a_village_that_moved_is_the_cause_in_both_towns(told: Told) -> None:
    assert told.causes("elsewhere", "moved", "--level", "town") == {T: ["boundary"], U: ["boundary"]}
    # a report that came meanwhile and changed others' rows is not blamed, nor the move where it changed nothing
    assert told.causes("revised", "moved", "--level", "town") == {
        T: ["boundary"], U: ["boundary"], E: ["revision"], "990002001": ["late_arrival"],
    }  # fmt: skip
    assert told.causes("revised", "moved", "--org", A) == {A: ["revision"]}


@pytest.mark.parametrize(
    ("org", "steps"),
    [
        (T, [["late_arrival"], ["revision"], ["boundary"]]),
        (U, [["late_arrival"], ["boundary"]]),
        (E, [["late_arrival"], ["revision"]]),
    ],
)
def test_explain_names_what_each_step_came_from(told: Told, org: str, steps: list[list[str]]) -> None:
    ran = run("explain", "share", "--org", org, *JANUARY, "--json")
    assert [[r["cause"] for r in h["reasons"]] for h in ran.json["history"]] == steps


def test_explain_says_which_units_differ_between_two_revisions(told: Told) -> None:
    for org in (T, A):
        history = run("explain", "share", "--org", org, *JANUARY, "--json").json["history"]
        (revision,) = history[1]["reasons"]
        assert (revision["revision_before"], revision["revision"]) == (1, 2)
        assert revision["units"] == [told.made.codes["V1"]]
    out = run("explain", "share", "--org", T, *JANUARY).out
    assert f"1个单位不同 units differ: {told.made.codes['V1']}" in out


def test_diff_says_where_it_looked_and_what_changed_beneath(told: Told) -> None:
    between = ["--from", told.local("elsewhere"), "--to", told.local("moved")]
    ran = run("diff", *between)
    assert "没有变化 Nothing changed: city, county." in ran.out
    # month, quarter and year to date of January to March
    assert "Changed at levels not looked at: town" in ran.out
    towns = run("diff", *between, "--level", "town")
    assert "区划变化 boundary" in towns.out
    assert "Looked at: town." in towns.out
    one = run("diff", "--from", told.local("first"), "--to", told.local("revised"), "--org", A)
    assert "town" in one.out.split("not looked at:")[1]
    assert "not looked at" not in run("diff", *between, "--org", told.made.codes["E1"]).out


def test_diff_is_by_size_without_what_reads_the_same_and_within_a_limit(told: Told) -> None:
    between = ["--from", told.local("first"), "--to", told.local("elsewhere"), "--level", "village"]
    rows = run("diff", *between, "--json").json
    sizes = [abs(float(r["change"])) for r in rows if r["change"] is not None]
    assert sizes == sorted(sizes, reverse=True)
    whole = run("diff", *between)
    assert "+0.00" not in whole.out
    assert "重报 revision" in whole.out.splitlines()[0]
    few = run("diff", *between, "--limit", "1")
    assert f"另有 and {len(rows) - 1} more" in few.out
    assert run("diff", *between, "--limit", "0").code == 2


# --- periods and units ----------------------------------------------------------------------------------


def test_every_month_that_ended_is_built_though_nobody_reported(told: Told) -> None:
    shown = {
        (r.period, r.period_type): r.obs_status
        for r in told.ask(f"SELECT * FROM mart.indicator_value WHERE org_code = '{CITY}'")
    }
    assert shown["2026-01", "month"] == "A"
    last = reporting_month(stages.local_today())
    assert {shown[str(m), "month"] for m in span(Period.parse("2026-02"), last)} == {"O"}
    assert {shown[f"2026Q{q}", "quarter"] for q in (2, 3)} == {"O"}
    assert shown["2026Q1", "quarter"] == "P"
    assert shown["2026-10", "ytd"] == "P"
    assert (str(last + 1), "month") not in shown
    assert run("build", "--json").json["months"] == []
    # what is asked without a period is the last that somebody reported for
    assert {r["period"] for r in run("values", "--json").json} == {"2026-01"}


@pytest.mark.parametrize(
    "asked",
    ["{month}", "{next}", "{year}Q{quarter}", "{year}", "{last}..{month}"],
)
def test_a_month_that_has_not_ended_is_refused_at_every_door(told: Told, asked: str) -> None:
    today = stages.local_today()
    month = Period.of(today)
    period = asked.format(
        month=month, next=month + 1, last=month - 1, year=today.year, quarter=(today.month + 2) // 3
    )
    for command in ("build", "collect"):
        ran = run(command, "--period", period)
        assert (ran.code, "has not ended" in ran.err, "not_due" in ran.err) == (2, True, True), command
    from qiangji import building
    from qiangji.errors import UsageError

    with told.place.pipeline() as p, pytest.raises(UsageError) as e:
        building.build(p, [month])
    assert e.value.code == "not_due"


def test_the_morning_says_what_moved_and_why(told: Told) -> None:
    ran = run("today", "--json")
    found = ran.json
    assert found["night"]["lost"] == []
    moves = found["moves"]
    # the last night brought another E1 and the first X1; what came before it is not told again
    causes = {cause for key in moves["by_cause"] for cause in key.split("+")}
    assert {"revision", "late_arrival"} <= causes <= {"revision", "late_arrival", "boundary"}
    assert sum(moves["by_cause"].values()) == moves["figures"]
    assert len(moves["largest"]) <= 10
    assert CITY in {r["org_code"] for r in moves["largest"]}
    assert not any(r["is_first_shown"] for r in moves["largest"])
    because = {r["org_code"]: r["because_zh"] for r in moves["largest"] if r["period_type"] == "month"}
    assert because[CITY].startswith("主要因"), "the city's figure has counties beneath it"
    assert moves["figures"] == len(run("diff", "--from", found["night"]["started_at"], "--json").json)
    printed = run("today")
    assert printed.code == ran.code
    assert "2个县（市、区）采到2个" in printed.out
    assert "Moved" in printed.out
    assert because[CITY] in "".join(printed.out.split("\n"))


@pytest.mark.parametrize(
    ("day", "said"), [("2026-13-01", "不是日期"), ("2999-01-01", "尚未到来"), ("昨天", "不是日期")]
)
def test_a_day_that_is_none_is_told(told: Told, day: str, said: str) -> None:
    ran = run("today", "--date", day)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_before_the_first_night_there_is_no_morning(told: Told) -> None:
    ran = run("today", "--date", "2026-01-01")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("not_collected: 2026-01-01尚未采集")
    first = told.ask("SELECT min(ended_at) AT TIME ZONE 'Asia/Shanghai' FROM mart.collection")[0][0]
    assert f"首次采集在{first:%Y-%m-%d}" in ran.err
    assert "qiangji collect" not in ran.err, "no advice for a day that is over"
    assert run("today", "--date", "2026-01-01", "--json").code == 2


@pytest.mark.parametrize("period", ["2026", "2026Q1", "2026-02"])
def test_status_looks_into_the_periods_within(told: Told, period: str) -> None:
    ran = run("status", "--period", period, "--json")
    assert ran.code == 3
    late = {(r["county_code"], r["period"]) for r in ran.json if r["status"] == "late"}
    assert (A, "2026-02") in late
    assert "Nothing needs attention" not in run("status", "--period", period).out
    assert not any(r["status"] == "not_due" for r in ran.json)


@pytest.mark.parametrize("period", ["2025-05", "2027Q4", "2027-01", "2025"])
@pytest.mark.parametrize("command", ["status", "findings"])
def test_nothing_is_no_all_clear(told: Told, command: str, period: str) -> None:
    ran = run(command, "--period", period)
    assert (ran.code, "没有应报或已报的报表" in ran.err, "not_collected" in ran.err) == (2, True, True)
    assert "Nothing needs attention" not in ran.out


def test_findings_of_a_year_are_those_of_its_months(told: Told) -> None:
    found = [run("findings", "--period", p, "--all", "--json").json for p in ("2026", "2026Q1", "2026-01")]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("arguments", "units"),
    [
        (["--level", "town", "--org", A], {T, U, E}),
        (["--level", "village", "--org", U], {"990001002001", "990001001002"}),
        (["--level", "village", "--org", CITY, "--org", A], 5),
        (["--level", "county", "--org", CITY], {A, "990002"}),
        (["--level", "town", "--org", T], {T}),
        (["--org", A], {A}),
    ],
)
def test_values_of_a_level_and_a_unit_are_those_beneath(told: Told, arguments: list[str], units: Any) -> None:
    rows = run("values", *arguments, *JANUARY, "--json").json
    found = {r["org_code"] for r in rows}
    assert found == units if isinstance(units, set) else len(found) == units


def test_a_level_above_the_unit_is_told(told: Told) -> None:
    ran = run("values", "--level", "county", "--org", T, *JANUARY)
    assert "No unit of level county is, or lies beneath, 990001001." in ran.out


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ((True, 2, 0, None, None, None), "Q"),
        ((False, 2, 0, None, None, None), "O"),
        ((False, 0, 0, None, None, None), "M"),
        ((False, 2, 2, 5, 0, 0), "M"),
        ((False, 2, 1, 5, 0, 1), "M"),
        ((False, 2, 2, None, None, None), "M"),
        ((False, 2, 2, None, None, 2), "P"),
        ((False, 2, 2, None, 7, 2), "P"),
        ((False, 2, 2, 7, None, 2), "P"),
        ((False, 2, 1, None, None, 1), "P"),
        ((False, 2, 1, 1, 2, 0), "P"),
        ((False, 2, 2, 1, 2, 1), "P"),
        ((False, 2, 2, 0, 2, 0), "A"),
        ((False, 2, 2, 1, 2, 0), "A"),
    ],
)
def test_missing_is_not_inapplicable(told: Told, row: tuple[Any, ...], status: str) -> None:
    names = ("hidden", "expected", "reported", "numerator", "denominator", "lacking")
    types = ("boolean", *["numeric"] * 5)
    slots = ", ".join(f"CAST(:{n} AS {t})" for n, t in zip(names, types, strict=True))
    found = told.ask(f"SELECT mart.obs_status({slots}) AS s", **dict(zip(names, row, strict=True)))
    assert found[0].s == status


# --- moments --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["first", "revised", "elsewhere"])
def test_a_moment_means_the_same_in_sql_and_on_the_command_line(told: Told, name: str) -> None:
    typed = told.local(name)
    rows = run("values", "--as-of", typed, "--org", A, *JANUARY, "--json").json
    wanted = [r["value"] for r in rows if r["period_type"] == "month"]
    of_january = f"WHERE (org_code, period, period_type) = ('{A}', '2026-01', 'month')"
    for zone in ZONES:
        for written in (f"'{typed}'", f"timestamp '{typed}'"):  # as text, and as a tool's parameter
            found = told.ask(f"SELECT value FROM mart.indicator_value_as_of({written}) {of_january}", zone)
            assert [str(r.value) for r in found] == wanted, (zone, written)


def test_two_moments_mean_the_same_in_sql_and_on_the_command_line(told: Told) -> None:
    since, until = told.local("first"), told.local("elsewhere")
    rows = run("diff", "--from", since, "--to", until, "--org", A, "--json").json
    wanted = sorted((r["indicator_code"], r["period"], r["period_type"], r["value"]) for r in rows)
    assert wanted
    instant = told.at["elsewhere"].isoformat()
    for zone in ZONES:
        for written in (
            f"'{since}', '{until}'",
            f"timestamp '{since}', timestamp '{until}'",
            f"'{since}', timestamptz '{instant}'",
            f"timestamp '{since}', text '{until}'",
        ):
            found = told.ask(
                "SELECT indicator_code, period, period_type, value::text AS value"
                f" FROM mart.indicator_change({written}) WHERE org_code = '{A}' ORDER BY 1, 2, 3",
                zone,
            )
            assert [tuple(r) for r in found] == wanted, (zone, written)


def test_what_is_to_come_is_told_by_nobody(told: Told) -> None:
    future = "2099-01-01"
    assert run("values", "--as-of", future).err.startswith("no_time: 2099-01-01尚未到来")
    for asked in (
        f"indicator_value_as_of('{future}')", f"indicator_value_as_of(date '{future}')",
        f"indicator_change('2026-01-01', '{future}')", f"indicator_change('{future}', now())",
    ):  # fmt: skip
        with pytest.raises(sa.exc.DataError, match=r"尚未到来.*is still to come"):
            told.ask(f"SELECT * FROM mart.{asked}")


def test_an_offset_is_an_offset(told: Told) -> None:
    at = told.at["first"]
    for zone in ZONES:
        (row,) = told.ask("SELECT mart.moment(:t) AS at", zone, t=at.isoformat())
        assert row.at == at


def test_sessions_begin_in_the_counties_time(told: Told) -> None:
    engine = sa.create_engine(told.place.url)
    with engine.connect() as c:
        assert c.scalar(sa.text("SHOW timezone")) == "Asia/Shanghai"
    engine.dispose()
    with told.place.pipeline() as p, p.ledger.engine.connect() as c:
        assert c.scalar(sa.text("SHOW timezone")) == "UTC"


def test_a_day_is_the_counties_day(told: Told) -> None:
    for zone in ZONES:
        asked = "SELECT mart.local_day(timestamptz '2026-10-31 17:00+00') AS day"
        assert str(told.ask(asked, zone)[0].day) == "2026-11-01"


# --- the version of figures -----------------------------------------------------------------------------


def test_figures_of_an_older_version_are_built_again_and_the_definition_is_the_cause(
    tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As version 1 had it: once a group of the county is known, villages without known groups are not expected."""
    made = world.make(
        tmp_path, TREE, {"g": {"grain": "group", "fields": {"n": {}}}},
        [{"code": "led", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}],
    )  # fmt: skip
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        story = Told(place, made)
        made.put("g", "2026-01", "unit n\nV1/01 1\nV1/02 1")
        assert run("collect", *JANUARY).code == 0
        with monkeypatch.context() as older:
            now = Inputs.expected_registered
            older.setattr(signatures, "FIGURES_VERSION", 1)
            older.setattr(Inputs, "expected_registered", lambda *of: _of_known(now(*of)))
            assert run("build", *JANUARY, "--json").json["months"] == ["2026-01"]
            assert run("build", *JANUARY, "--json").json["months"] == []
        story.now("version 1")
        assert run("build", *JANUARY, "--json").json["months"] == ["2026-01"]
        story.now("version 2")
        between = ["--from", story.local("version 1"), "--to", story.local("version 2")]
        rows = run("diff", *between, "--level", "county", "--json").json
        found = {
            (
                r["org_code"],
                r["obs_status_before"],
                r["obs_status"],
                r["expected_units_before"],
                r["expected_units"],
            )
            for r in rows
            if r["period_type"] == "month"
        }
        assert (A, "A", "P", 2, 5) in found
        assert {tuple(r["causes"]) for r in rows} == {("definition",)}
        assert "口径变化 definition" in run("diff", *between).out


def _of_known(rows: Any) -> Any:
    known = rows.filter(pc.greater(rows.column("expected_units"), 1))
    return known if len(known) else rows
