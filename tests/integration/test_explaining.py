"""One month's story in a small world: what the figures were at each point of it, what changed and why, what is behind.

Two counties report one form; one is late, a correction comes, a correction is withdrawn, the catalogue changes its
factor and target, then the terms. Asked of the commands as people do, and of the warehouse as a BI tool does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji.cli import common
from tests.conftest import Workplace, _forget, make_workplace
from tests.golden import world
from tests.integration.test_cli import run

TREE = {"Z": {"A": {"T": ["V1", "V2"]}, "B": {"U": ["W1", "W2"]}}}
FORMS: dict[str, Any] = {
    "v": {"fields": {"n": {"warn_above": 8}, "d": {"critical_max": 100}, "e": {"restricted": True}}}
}
SHARE = {"code": "share", "numerator": {"sum": "n"}, "denominator": {"sum": "d"}, "target": {2026: 60}}
OTHER = {"code": "other", "numerator": {"sum": "e"}, "denominator": {"sum": "d"}}
JANUARY = ["--period", "2026-01"]
A, B, CITY = "990001", "990002", "990000"


@dataclass
class Story:
    """The instants between the chapters, by name, and ids of deliveries."""

    place: Workplace
    made: world.World
    at: dict[str, datetime] = field(default_factory=dict)

    def ask(self, statement: str, **values: Any) -> list[Any]:
        return self.place.ask(statement, **values)

    def now(self, name: str) -> None:
        self.at[name] = self.ask("SELECT clock_timestamp()")[0][0]

    def write(self, *entries: dict[str, Any]) -> None:
        text = yaml.safe_dump([world.indicator_of(e, "v") for e in entries], allow_unicode=True)
        (self.made.catalogue / "indicators" / "x.yaml").write_text(text, encoding="utf-8")
        _forget()

    def diff(self, since: str, until: str, *more: str) -> list[dict[str, Any]]:
        ran = run(
            "diff", "--from", self.at[since].isoformat(), "--to", self.at[until].isoformat(), "--json", *more
        )
        assert ran.code == 0, ran.err
        return [r for r in ran.json if (r["period_type"], r["period"]) == ("month", "2026-01")]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    made = world.make(folder, TREE, FORMS, [SHARE, OTHER])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        world.stay_soon(patch.setattr)
        with make_workplace(folder / "home", postgres, patch.setenv) as place:
            told = Story(place, made)

            def chapter(name: str, table: str | None = None) -> None:
                if table:
                    made.put("v", "2026-01", table)
                    assert run("collect", *JANUARY).code in (0, 3)
                assert run("build").code == 0
                told.now(name)

            chapter("first", "unit n d e\nV1 4 10 1\nV2 9 20 2")
            chapter("late", "unit n d e\nW1 1 10 1\nW2 5 999 3")  # W2 breaks a rule
            chapter("revised", "unit n d e\nV1 6 10 1\nV2 9 20 2")
            told.write(SHARE | {"factor": 100, "target": {2026: 70}}, OTHER)
            with place.pipeline():
                told.now("redefined")
            last = told.ask(
                "SELECT delivery_id FROM mart.submission WHERE county_code = :a AND is_current", a=A
            )
            assert run("void", last[0][0], "--reason", "wrong").code == 0
            chapter("withdrawn")
            told.write(SHARE | {"denominator": {"count": "rows"}}, OTHER)
            chapter("other terms")
            told.write(SHARE | {"denominator": {"count": "rows"}})  # the other one leaves the catalogue
            chapter("gone")
            yield told


def value_at(story: Story, name: str, org: str = CITY, indicator: str = "share") -> tuple[Any, ...]:
    (row,) = story.ask(
        "SELECT numerator, denominator, value, target FROM mart.indicator_value_as_of(:t)"
        " WHERE (indicator_code, org_code, period, period_type) = (:i, :o, '2026-01', 'month')",
        t=story.at[name], i=indicator, o=org,
    )  # fmt: skip
    return tuple(row)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("first", "13 30 0.433333 60"),
        ("late", "14 40 0.35 60"),
        ("revised", "16 40 0.4 60"),
        ("redefined", "16 40 40 70"),  # at once, before any build
        ("withdrawn", "14 40 35 70"),
        ("other terms", "14 3 4.666667 60"),
        ("gone", "14 3 4.666667 60"),
    ],
)
def test_each_moment_s_figure_is_shown_again(story: Story, moment: str, expected: str) -> None:
    assert value_at(story, moment) == tuple(Decimal(x) for x in expected.split())
    ran = run("values", "--as-of", story.at[moment].isoformat(), *JANUARY, "--indicator", "share", "--json")
    (row,) = (r for r in ran.json if r["org_code"] == CITY)
    said = [Decimal(row[k]) for k in ("numerator", "denominator", "value", "target")]
    assert said == [Decimal(x) for x in expected.split()]


def test_before_the_first_build_there_was_nothing_and_now_is_the_last(story: Story) -> None:
    assert run("values", "--as-of", "2026-01-01", "--json").json == []
    now = run("values", *JANUARY, "--json").json
    then = run("values", *JANUARY, "--as-of", story.at["gone"].isoformat(), "--json").json
    assert now == then
    assert {r["indicator_code"] for r in now} == {"share"}


def test_what_left_the_catalogue_is_still_shown_as_of_then(story: Story) -> None:
    then = ["--as-of", story.at["revised"].isoformat(), *JANUARY, "--json"]
    assert {r["indicator_code"] for r in run("values", *then).json} == {"share", "other"}
    assert [r["name_zh"] for r in run("values", "--indicator", "other", "--org", CITY, *then).json] == [
        "other"
    ]
    assert run("values", "--indicator", "other", *JANUARY).code == 2


@pytest.mark.parametrize(
    "asked",
    [
        "mart.indicator_value_as_of('2026-11-01') WHERE org_code = '990000'",
        "mart.indicator_change('2026-11-01', '2026-11-02') WHERE org_code = '990000'",
    ],
)
def test_what_is_asked_reaches_the_tables(story: Story, asked: str) -> None:
    """The functions are opened up by the planner: a unit's figures are not picked out of everybody's."""
    plan = "\n".join(r[0] for r in story.ask(f"EXPLAIN SELECT org_code FROM {asked}"))
    assert "Function Scan on indicator_value_as_of" not in plan
    assert "Function Scan on indicator_change" not in plan
    scans = plan.count("Scan")
    assert scans
    assert "org_code = '990000'" in plan


def test_restricted_figures_are_from_county_up_as_of_any_moment(story: Story) -> None:
    found = story.ask(
        "SELECT DISTINCT org_level FROM mart.indicator_value_as_of(:t) WHERE indicator_code = 'other'",
        t=story.at["first"],
    )
    assert {r[0] for r in found} == {"city", "county"}
    levels = story.ask(
        "SELECT DISTINCT org_level FROM mart.indicator_value_history WHERE indicator_code = 'other'"
    )
    assert {r[0] for r in levels} == {"city", "county"}


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01", "2999-01-01"])
def test_a_time_that_is_none_is_refused(story: Story, wrong: str) -> None:
    ran = run("values", "--as-of", wrong)
    assert ran.code == 2
    assert "no_time" in ran.err


def test_a_time_without_a_zone_is_the_configured_one_s() -> None:
    from qiangji.figures.reading import moment

    assert moment("2026-03-01T08:00", "Asia/Shanghai") == datetime.fromisoformat("2026-03-01T00:00+00:00")
    assert moment("2026-03-01", "Asia/Shanghai") == datetime.fromisoformat("2026-02-28T16:00+00:00")
    assert moment("2026-03-01T08:00+01:00", "Asia/Shanghai") == datetime.fromisoformat("2026-03-01T07:00Z")


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("first", "late", {CITY: ("0.433333", "0.35", ["late_arrival"]), B: (None, "0.1", ["late_arrival"])}),
        ("late", "revised", {CITY: ("0.35", "0.4", ["revision"]), A: ("0.433333", "0.5", ["revision"])}),
        ("revised", "redefined", {
            CITY: ("0.4", "40", ["definition"]), A: ("0.5", "50", ["definition"]), B: ("0.1", "10", ["definition"]),
        }),
        ("redefined", "withdrawn", {CITY: ("40", "35", ["withdrawal"]), A: ("50", "43.333333", ["withdrawal"])}),
        ("first", "first of all", None),
        ("late", "withdrawn", {
            CITY: ("0.35", "35", ["definition", "revision", "withdrawal"]),
            A: ("0.433333", "43.333333", ["definition", "revision", "withdrawal"]),
            B: ("0.1", "10", ["definition"]),
        }),
    ],
)  # fmt: skip
def test_what_changed_and_why(story: Story, since: str, until: str, expected: dict[str, Any] | None) -> None:
    if expected is None:  # nothing lies between a moment and the one before the next chapter
        story.at["first of all"] = story.at["first"] + (story.at["first"] - story.at["first"]).resolution
        assert story.diff(since, until) == []
        return
    found = {
        r["org_code"]: (*(_decimal(r[k]) for k in ("value_before", "value")), r["causes"])
        for r in story.diff(since, until, "--indicator", "share")
    }
    assert found == {o: (_decimal(a), _decimal(b), why) for o, (a, b, why) in expected.items()}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def test_diff_takes_levels_and_units_and_says_how_much(story: Story) -> None:
    rows = story.diff("late", "revised", "--level", "village", "--indicator", "share")
    assert [(r["org_name"], Decimal(r["change"]), r["causes"]) for r in rows] == [
        ("V1", Decimal("0.2"), ["revision"])
    ]
    rows = story.diff("first", "late", "--org", "990002001001")
    (row,) = (r for r in rows if r["indicator_code"] == "share")
    assert (row["obs_status_before"], row["obs_status"], row["reported_units_before"]) == ("O", "A", 0)
    assert row["is_first_shown"] is False
    gone = story.diff("other terms", "gone")
    assert {(r["indicator_code"], r["obs_status"]) for r in gone} == {("other", None)}
    assert {tuple(r["causes"]) for r in gone} == {("definition",)}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of one width, whatever the terminal."""
    monkeypatch.setattr(common.console, "width", 200)


def test_diff_is_printed_for_people_and_refuses_what_makes_no_sense(story: Story) -> None:
    first, last = story.at["first"].isoformat(), story.at["late"].isoformat()
    ran = run("diff", "--from", first, "--to", last, "--indicator", "share")
    assert ran.code == 0
    assert "逾期报送 late arrival" in " ".join(ran.out.split())
    assert "0.35" in ran.out
    assert "没有变化 Nothing changed: 990001" in run("diff", "--from", first, "--to", last, "--org", A).out
    assert run("diff", "--from", first, "--indicator", "share").code == 0  # to now
    assert (ran := run("diff", "--from", last, "--to", first)).code == 2
    assert "wrong_order" in ran.err
    assert run("diff", "--from", first, "--to", last, "--indicator", "nothing").code == 2
    assert run("diff", "--from", first, "--to", last, "--level", "nothing").code == 2
    assert run("diff", "--from", first, "--to", last, "--org", "1").code == 2


@pytest.fixture(scope="module")
def explained(story: Story) -> dict[str, Any]:
    ran = run("explain", "share", "--org", CITY, *JANUARY, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = ran.json
    return found


def test_explain_tells_the_formula_and_the_sums(explained: dict[str, Any]) -> None:
    f = explained["figure"]
    assert (f["numerator_zh"], f["denominator_en"], f["missing"]) == ("v_n", "count(Form v)", "matched")
    assert (f["numerator"], f["denominator"], f["value"]) == ("14", "3", "4.666667")
    children = [
        (c["org_name"], c["numerator"], c["denominator"], c["reported_units"]) for c in explained["children"]
    ]
    assert children == [("A", "13", "2", 2), ("B", "1", "1", 1)]
    assert sum(int(c["numerator"]) for c in explained["children"]) == int(f["numerator"])
    assert Decimal(f["reporting_rate"]) == 75


def test_explain_tells_what_is_missing_rejected_and_found(explained: dict[str, Any]) -> None:
    missing = [(m["path"], m["missing_units"]) for m in explained["missing_units"]]
    assert missing == [("Z/B/U/W2", 1)]
    assert explained["awaited"] == []
    (rejected,) = explained["rejections"]
    assert (rejected["county_code"], rejected["rule"], rejected["rows"]) == (B, "v.d.critical_max", 1)
    assert not re.search(r"\b999\b", json.dumps(rejected)), "the value; a key may hold its digits"
    found = [(f["org_name"], f["rule"], f["value"]) for f in explained["findings"]]
    assert found == [("V2", "v.n.warn_above", "9")]


def test_explain_tells_which_files_it_comes_from(explained: dict[str, Any], story: Story) -> None:
    rows = [(s["county_code"], s["revision"], s["status"], s["is_current"]) for s in explained["submissions"]]
    assert rows == [(A, 1, "accepted", True), (A, None, "void", False), (B, 1, "partial", True)]
    assert {s["file_name"] for s in explained["submissions"]} == {"v_2026-01.csv"}
    lake = story.place.home / "lake" / "raw"
    for s in explained["submissions"]:
        assert (lake / s["sha256"][:2] / s["sha256"]).is_file()
        assert datetime.fromisoformat(s["received_at"]) < story.at["gone"]


def test_explain_tells_the_history_with_what_led_to_each_step(
    explained: dict[str, Any], story: Story
) -> None:
    steps = explained["history"]
    told = [(Decimal(h["value"]), [r["cause"] for r in h["reasons"]]) for h in steps]
    assert told == [
        (Decimal("0.433333"), ["late_arrival"]),
        (Decimal("0.35"), ["late_arrival"]),
        (Decimal("0.4"), ["revision"]),
        (Decimal("40"), ["definition"]),
        (Decimal("35"), ["withdrawal"]),
        (Decimal("14") / 40, ["definition"]),  # the factor at once
        (Decimal("4.666667"), ["definition"]),  # the terms when they were built
    ]
    assert [h["shown_to"] for h in steps[:-1]] == [h["shown_from"] for h in steps[1:]]
    assert steps[-1]["shown_to"] is None
    revision = steps[2]["reasons"][0]
    assert (revision["revision_before"], revision["revision"], revision["county_code"]) == (1, 2, A)
    for name, step in zip(("first", "late", "revised", "redefined"), steps, strict=False):
        assert value_at(story, name)[2] == Decimal(step["value"])


def test_explain_at_a_village_and_of_a_quarter(story: Story) -> None:
    ran = run("explain", "share", "--org", "990001001002", *JANUARY, "--json").json
    assert ran["children"] == []
    assert [f["rule"] for f in ran["findings"]] == ["v.n.warn_above"]
    assert {s["county_code"] for s in ran["submissions"]} == {A}
    assert ran["missing_units"] == ran["rejections"] == []
    (awaited, *_) = run("explain", "share", "--org", A, *JANUARY, "--period-type", "ytd", "--json").json[
        "submissions"
    ]
    assert awaited["period"] == "2026-01"


def test_explain_is_printed_for_people(story: Story) -> None:
    ran = run("explain", "share", "--org", CITY, *JANUARY)
    assert ran.code == 0, ran.err
    for text in (
        "= 1 x (v_n) / (count(报表v))", "= 1 x 14 / 3 = 4.67 比值", "reported 3 / 4 (75.00 %)", "Z/B/U/W2",
        "v_2026-01.csv", "v.d.critical_max", "v.n.warn_above", "撤回 withdrawal A 990001 2026-01 ", "v1 *",
    ):  # fmt: skip
        assert text in ran.out, (text, ran.out)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nothing", "--org", CITY, *JANUARY], "unknown_indicator"),
        (["share", "--org", "1", *JANUARY], "unknown_unit"),
        (["share", "--org", CITY, "--period", "2011-01"], "no_figure"),
        (["share", "--org", CITY, "--period", "20111"], "period"),
    ],
)
def test_explain_refuses_what_is_not_there(story: Story, arguments: list[str], code: str) -> None:
    ran = run("explain", *arguments)
    assert ran.code == 2
    assert code in ran.err


@pytest.mark.parametrize(
    ("period", "code"), [("1999-12", "before_plan"), ("2015-12", "not_collected"), ("2099-01", "not_due")]
)
def test_a_month_that_nothing_was_collected_for_is_not_built(story: Story, period: str, code: str) -> None:
    before = story.ask("SELECT count(*) FROM mart.build")[0][0]
    ran = run("build", "--period", period)
    assert (ran.code, code in ran.err) == (2, True)
    assert story.ask("SELECT count(*) FROM mart.build")[0][0] == before


def test_a_tree_that_changed_is_a_boundary(story: Story) -> None:
    """A village that was closed before the period is no longer expected: above it, and nowhere else. The last test, as
    it changes the catalogue.
    """
    units = story.made.catalogue / "org_units.csv"
    lines = units.read_text(encoding="utf-8").splitlines()
    closed = [f"{line}2025-12-31" if ",W2," in line else line for line in lines]
    units.write_text("\n".join(closed) + "\n", encoding="utf-8")
    _forget()
    assert run("build").code == 0
    story.now("closed")
    rows = story.diff("gone", "closed", "--org", B, "--org", A, "--org", CITY)
    found = {r["org_code"]: (r["expected_units_before"], r["expected_units"], r["causes"]) for r in rows}
    assert found == {B: (2, 1, ["boundary"]), CITY: (4, 3, ["boundary"])}


# ---- a month that is the difference of two reports

GROWING: dict[str, Any] = {"v": {"fields": {"n": {"kind": "ytd"}, "d": {}}}}
SHARES: list[dict[str, Any]] = [SHARE, {"code": "with", "numerator": {"count_where": {"field": "n", "at_least": 1}},
                  "denominator": {"count": "rows"}}]  # fmt: skip


def reports_behind(indicator: str, *period: str, org: str = CITY) -> dict[str, list[str]]:
    """What `explain` lists: the periods of reports that are added, that are taken off, and that do not count."""
    found = run("explain", indicator, "--org", org, "--period", *period, "--json").json
    said: dict[str, list[str]] = {
        "added": [],
        "subtracted": [],
        "awaited": [r["period"] for r in found["awaited"]],
    }
    for r in found["submissions"]:
        said["subtracted" if r["is_subtracted"] else "added"].append(r["period"])
    return said


def test_the_report_that_is_subtracted_is_among_the_reports(
    tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world.make(tmp_path / "w", {"Z": {"A": {"T": ["V1"]}, "B": {"U": ["W1"]}}}, GROWING, SHARES)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv):
        for month, table in (("2026-01", "unit n d\nV1 3 10"), ("2026-02", "unit n d\nV1 5 10\nW1 2 10")):
            made.put("v", month, table)
            assert run("collect", "--period", month).code == 0
        assert run("build").code == 0
        both = {"added": ["2026-02"], "subtracted": ["2026-01"], "awaited": []}
        assert reports_behind("share", "2026-02", org=A) == both
        assert reports_behind("share", "2026-02", org=B) == both | {"subtracted": [], "awaited": ["2026-01"]}
        assert reports_behind("share", "2026-01", org=A)["subtracted"] == [], "the year begins"
        assert reports_behind("share", "2026-02", "--period-type", "ytd", org=A)["subtracted"] == []
        assert reports_behind("with", "2026-02", org=A)["subtracted"] == [], "it takes no difference"
        text = run("explain", "share", "--org", A, "--period", "2026-02").out
        assert text.count("本年累计减去此期 its year to date is subtracted") == 1
    _forget()
