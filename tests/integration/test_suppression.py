"""What is hidden is hidden everywhere: in every view, list, history and explanation of a simulated night; and in the
past, when the rule becomes stricter. (That nothing can be computed from what is shown: tests/property.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from typer.testing import CliRunner

from qiangji.periods import Period
from tests.conftest import _forget, make_workplace
from tests.golden import world
from tests.integration.nights import Night, night

PERSONS = ("group_leader_party_share", "group_member_share")
TELLS_NOTHING = {
    "target", "expected_units", "reported_units", "reporting_rate", "units_lacking", "sort_order", "version",
    "ranked_units", "definition_version", "previous_value", "year_ago_value", "baseline", "path", "points", "pace",
    "target_before", "expected_units_before", "reported_units_before",
}  # fmt: skip
"""Numbers beside a hidden figure: of the catalogue, of reporting, or of other periods (and hidden with those)."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    with night(tmp_path_factory.mktemp("night"), postgres, scale=0.1, months=3) as one:
        assert one.run().failures == []
        yield one


@pytest.fixture(scope="module")
def hidden(done: Night) -> dict[tuple[str, str, str, str], tuple[int, int]]:
    """(indicator, unit, period, period type) of what is hidden now, with both sides."""
    found = {
        (code, r["org_code"], r["period"], r["period_type"]): (r["n"], r["d"])
        for code in PERSONS
        for r in done.query(
            f"SELECT org_code, period, period_type, n__{code} AS n, d__{code} AS d FROM calc.village_group"
            f" WHERE h__{code} AND built_to IS NULL"
        )
    }
    assert len(found) > 50
    assert len({n for n, _ in found.values()}) > 2, "others than the small ones are hidden too"
    return found


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says in numbers."""
    return {
        k: v
        for k, v in row.items()
        if isinstance(v, int | float | Decimal) and not isinstance(v, bool) and k not in TELLS_NOTHING
    }


def test_small_figures_of_villages_are_hidden_and_counties_are_not(
    done: Night, hidden: dict[Any, Any]
) -> None:
    for code in PERSONS:
        rows = done.query(
            f"SELECT org_code, period, period_type, n__{code} AS n FROM calc.village_group"
            " WHERE built_to IS NULL AND org_level = 'village'"
        )
        small = {(code, r["org_code"], r["period"], r["period_type"]) for r in rows if 0 < (r["n"] or 0) < 3}
        assert small <= hidden.keys()
    shown = done.query("SELECT org_level, period_type FROM mart.indicator_value WHERE obs_status = 'Q'")
    assert {r["org_level"] for r in shown} <= {"village", "town", "county"}
    assert len(shown) == len(hidden)


def test_no_view_shows_a_number_of_a_hidden_figure(done: Night, hidden: dict[Any, Any]) -> None:
    views = done.query(
        "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns"
        " WHERE table_schema = 'mart' GROUP BY 1"
    )
    long = [
        v["table_name"]
        for v in views
        if {"indicator_code", "org_code", "period", "period_type"} <= {*v["columns"]}
    ]
    assert {
        "indicator_value",
        "indicator_value_history",
        "indicator_comparison",
        "indicator_target_status",
    } <= {*long}
    from qiangji.figures import editions

    editions.publish(done.pipeline.ledger, Period.parse(min(hidden)[2]), "审定版", "me")
    sources = [f"mart.{name}" for name in long if "restated" not in name and name != "published_change"]
    sources += ["mart.indicator_value_as_of(now())", "mart.indicator_change('-infinity', now())"]
    for source in sources:
        rows = done.query(f"SELECT * FROM {source} WHERE indicator_code = ANY(:codes)", codes=list(PERSONS))
        found = [
            r for r in rows if (r["indicator_code"], r["org_code"], r["period"], r["period_type"]) in hidden
        ]
        assert found, source
        for row in found:
            assert numbers(row) == {}, source
            assert row["obs_status"] == "Q", source


def test_no_contribution_names_one_and_all_add_up(done: Night, hidden: dict[Any, Any]) -> None:
    """What made each figure of the night move, at every level: hidden units are never told apart."""
    from qiangji.figures.contributing import At, Move, contributions

    months = sorted({period for _, _, period, type_ in hidden if type_ == "month"})
    rows = done.query(
        "SELECT DISTINCT indicator_code, org_code, period_type FROM mart.indicator_value"
        " WHERE period_type = 'month' AND org_level <> 'village'"
    )
    keys = ("indicator_code", "org_code", "period_type")
    moves = [Move(r[keys[0]], r[keys[1]], r[keys[2]], At(months[0]), At(months[-1])) for r in rows]
    changes = [c for c in contributions(done.pipeline.ledger.engine, moves, 2) if c is not None]
    assert len(changes) > 200
    assert any(p.kind == "hidden" for c in changes for p in c.parts)
    for c in changes:
        exact = sum((p.effects.total for p in c.parts), Fraction(0))
        assert abs(exact - Fraction(c.change)) <= Fraction(1, 10**6)
        assert sum((e.total for e in c.in_digits(6)), Decimal(0)) == c.change
        assert "elsewhere" not in {p.kind for p in c.parts}
        for month in (months[0], months[-1]):
            told = {(c.move.indicator_code, p.org_code, month, "month") for p in c.parts if p.kind == "unit"}
            assert not told & hidden.keys()


def test_no_wide_view_shows_one(done: Night, hidden: dict[Any, Any]) -> None:
    looked = 0
    levels = {
        r["org_code"]: r["org_level"] for r in done.query("SELECT org_code, org_level FROM dim.org_unit")
    }
    for level, type_ in {(levels[org], t) for _, org, _, t in hidden}:
        rows = {(r["org_code"], r["period"]): r for r in done.query(f"SELECT * FROM mart.v_{level}_{type_}")}
        zh = done.query(f"SELECT count(*) AS n FROM mart_zh.v_{level}_{type_}")
        assert zh[0]["n"] == len(rows)
        for code, org, period, t in hidden:
            if (levels[org], t) == (level, type_):
                assert rows[org, period][code] is None
                looked += 1
    assert looked == len(hidden)


def test_neither_lists_nor_explanations_show_one(done: Night, hidden: dict[Any, Any]) -> None:
    from qiangji.figures import Choice, explaining, reading

    engine, catalogue = done.pipeline.ledger.engine, done.pipeline.catalogue
    asked = [k for k in hidden if k[3] == "month"]
    period = asked[0][2]
    for level in ("village", "town"):
        rows = reading.values(engine, catalogue, Choice(PERSONS, level), period, "month")
        for row in rows:
            if (row["indicator_code"], row["org_code"], period, "month") in hidden:
                assert numbers(row) == {}
                assert (row["obs_status"], row["obs_status_zh"]) == ("Q", "已隐去")
    for code, org, when, _ in asked[:3]:
        found = explaining.explain(engine, catalogue, code, org, when, "month")
        assert numbers({k: v for k, v in found["figure"].items() if k != "factor"}) == {}
        assert all(numbers(h) == {} for h in found["history"])
        parent = done.query("SELECT parent_code FROM dim.org_unit WHERE org_code = :o", o=org)[0][
            "parent_code"
        ]
        children = {
            r["org_code"]: r
            for r in explaining.explain(engine, catalogue, code, parent, when, "month")["children"]
        }
        assert numbers(children[org]) == {}


def test_no_finding_names_a_value_of_persons_at_a_village(done: Night) -> None:
    read = done.query(
        "SELECT f.* FROM mart.finding f JOIN mart.indicator_finding USING (finding_id)"
        " JOIN dim.org_unit o USING (org_code) WHERE indicator_code = ANY(:codes) AND o.org_level = 'village'",
        codes=list(PERSONS),
    )
    assert read
    assert {r["value"] for r in read} == {None}
    held = {r["finding_id"]: r for r in done.query("SELECT * FROM ops.current_finding")}
    for r in read:  # what it is about is told, without the value
        one = held[r["finding_id"]]
        told = f"{one['message_zh'].removesuffix(one['value'] or '')}（不公开）"
        blank = one["message_zh"] if one["value"] in (None, "", "—") else told
        assert r["message_zh"] in (told, blank) or "不符合要求，应为：" in r["message_zh"], one["rule"]
        assert (
            "不符合要求" in r["message_zh"]
            or r["message_en"] != one["message_en"]
            or blank == one["message_zh"]
        )


@pytest.mark.parametrize(
    ("rule", "field", "level"),
    [
        ("village.party_members.covers_groups", "party_members", "village"),
        ("town_training.group_leaders_due.as_groups", "group_leaders_due", "town"),
    ],
)
def test_no_finding_beneath_a_county_names_what_persons_of_another_form_add_up_to(
    done: Night, rule: str, field: str, level: str
) -> None:
    """Its own field is of no persons; the sum beside it is a side of a figure that may be hidden."""
    planted = (
        "INSERT INTO ops.finding VALUES ('planted', NULL, NULL, NULL, left(:u, 6), :form, '2026-10', :u, :u, :r,"
        " 'warning', ARRAY[:f], '62 / 63', 'x', 'x', '少于之和：62 / 63', 'fewer than: 62 / 63')"
    )
    with done.pipeline.ledger.engine.connect() as c:
        unit = c.scalar(sa.text("SELECT min(org_code) FROM dim.org_unit WHERE org_level = :l"), {"l": level})
        told = {"r": rule, "f": field, "u": unit, "form": rule.partition(".")[0]}
        c.execute(sa.text(planted), told)
        shown = c.execute(sa.text("SELECT * FROM mart.finding WHERE finding_id = 'planted'")).mappings().one()
        c.rollback()
    assert (shown["value"], shown["message_zh"]) == (None, "少于之和：（不公开）")
    assert "62" not in shown["message_en"]


# ---- a rule that changes

TREE = {"Z": {"A": {"T": ["a", "b", "c", "d"]}, "B": {"U": ["u"]}}}
FORMS = {"f": {"fields": {"n": {"warn_above": 10}, "m": {}}}}
SHARE = {"code": "share", "persons": True, "numerator": {"sum": "n"}, "denominator": {"sum": "m"}}
REPORT = "unit n m\na 4 9\nb 7 9\nc 8 9\nd 11 20\nu 6 9"
MONTHS = [Period.parse("2026-01")]
OF_GROUPS = {"g": {"grain": "group", "fields": {"p": {}, "l": {}}}}
OF_PERSONS = SHARE | {"numerator": {"form": "g", "sum": "p"}, "denominator": {"form": "g", "sum": "l"}}
COVERS = {
    "type": "expect_column_pair_values_a_to_be_greater_than_b",
    "kwargs": {
        "column_A": "n",
        "column_B": "_sum_g_p",
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    },
    "severity": "warning",
    "meta": {
        "rule": "f.n.covers",
        "fields": ["n"],
        "scope": "row",
        "message": {"zh": "少于之和：{value}", "en": "fewer than the sum: {value}"},
        "expected": {"zh": "不少于", "en": "no fewer"},
    },
}


@pytest.fixture
def made(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    forms, shares = getattr(request, "param", (FORMS, [SHARE]))
    made = world.make(tmp_path, TREE, forms, shares)
    made.put("f", "2026-01", REPORT)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as place:
        yield place, made
    _forget()


def build(place: Any) -> Any:
    from qiangji import building, stages

    with place.pipeline() as p:
        stages.collect(p, periods=MONTHS)
        building.build(p, MONTHS)
        with p.ledger.engine.connect() as c:
            return c.scalar(sa.text("SELECT clock_timestamp()"))


def shown(place: Any, codes: dict[str, str], moment: Any = None) -> dict[str, Any]:
    """Unit -> numerator of the month, now or as of a moment."""
    source = "mart.indicator_value_as_of(:m)" if moment else "mart.indicator_value"
    with place.pipeline() as p, p.ledger.engine.connect() as c:
        found = c.execute(
            sa.text(f"SELECT org_code, numerator FROM {source} WHERE period_type = 'month'"),
            {"m": moment} if moment else {},
        )
        return {names[code]: n for code, n in found if code in (names := {v: k for k, v in codes.items()})}


def set_rule(made: Any, **rule: Any) -> None:
    (made.catalogue / "suppression.yaml").write_text(yaml.safe_dump(rule), encoding="utf-8")
    _forget()


def test_a_stricter_rule_holds_for_the_past_and_a_looser_one_does_not(made: Any) -> None:
    place, catalogue = made
    first = build(place)
    everything = {"a": 4, "b": 7, "c": 8, "d": 11, "T": 30, "u": 6, "Z": 36}
    assert shown(place, catalogue.codes).items() >= everything.items()
    catalogue.put("f", "2026-01", REPORT.replace("a 4", "a 6"))
    second = build(place)
    set_rule(catalogue, threshold=5)
    # at once and at every moment: the village, and its neighbours with it
    alone = dict.fromkeys("abcd") | {"u": 6}
    assert shown(place, catalogue.codes, first).items() >= (alone | {"T": 30}).items()
    for moment in (second, None):
        assert shown(place, catalogue.codes, moment).items() >= (alone | {"T": 32}).items()
    build(place)
    assert shown(place, catalogue.codes, first).items() >= (alone | {"T": 30}).items()
    assert shown(place, catalogue.codes).items() >= {"a": 6, "b": 7, "c": 8, "d": 11}.items()
    set_rule(catalogue, threshold=7)
    third = build(place)
    now = {
        "a": None,
        "b": None,
        "c": 8,
        "d": 11,
        "T": None,
        "u": None,
        "U": None,
        "A": None,
        "B": None,
        "Z": 38,
    }
    assert shown(place, catalogue.codes).items() >= now.items()
    assert shown(place, catalogue.codes, second)["a"] is None
    set_rule(catalogue, threshold=2)
    build(place)
    assert shown(place, catalogue.codes).items() >= {"a": 6, "b": 7, "u": 6, "U": 6, "A": 32}.items()
    assert shown(place, catalogue.codes, third).items() >= now.items()


def test_the_rows_of_before_tell_no_more_after_the_next_build(made: Any) -> None:
    """Rows that held when the rule changed are closed by the build that follows: they stay hidden with neighbours."""
    place, catalogue = made
    first = build(place)
    set_rule(catalogue, threshold=5)
    build(place)
    assert shown(place, catalogue.codes).items() >= {"a": None, "b": None, "c": 8, "d": 11, "T": 30}.items()
    assert shown(place, catalogue.codes, first).items() >= (dict.fromkeys("abcd") | {"T": 30}).items()


@pytest.mark.parametrize("made", [(FORMS | OF_GROUPS, [OF_PERSONS])], indirect=True)
def test_a_rule_that_a_suite_alone_brings_names_no_sum_of_persons(made: Any) -> None:
    """What a rule reads of another form is known at once, though nothing in the catalogue has changed."""
    place, catalogue = made
    catalogue.put("g", "2026-01", "unit p l\na/01 1 5\na/02 1 5\nb/01 9 15")
    catalogue.put("f", "2026-01", REPORT.replace("a 4", "a 1"))
    build(place)
    path = catalogue.expectations / "f.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(COVERS)
    path.write_text(json.dumps(suite), encoding="utf-8")
    _forget()
    build(place)
    with place.pipeline() as p, p.ledger.engine.connect() as c:
        found = c.execute(sa.text("SELECT * FROM mart.finding WHERE rule = 'f.n.covers'")).mappings().all()
    assert found
    assert {(r["value"], r["message_zh"]) for r in found} == {(None, "少于之和：（不公开）")}


def test_what_no_longer_counts_persons_is_shown_from_then_on(made: Any) -> None:
    place, catalogue = made
    set_rule(catalogue, threshold=5)
    first = build(place)
    assert shown(place, catalogue.codes)["a"] is None
    path = catalogue.catalogue / "indicators" / "x.yaml"
    path.write_text(yaml.safe_dump([world.indicator_of(SHARE | {"persons": False}, "f")]), encoding="utf-8")
    _forget()
    build(place)
    assert shown(place, catalogue.codes)["a"] == 4
    assert shown(place, catalogue.codes, first)["a"] is None


def test_the_command_line_says_that_it_is_hidden(made: Any) -> None:
    from qiangji.cli import app

    place, catalogue = made
    set_rule(catalogue, threshold=5)
    build(place)
    runner = CliRunner()
    asked = ["--indicator", "share", "--period", "2026-01", "--level", "village"]
    rows = json.loads(runner.invoke(app, ["values", *asked, "--json"]).stdout)
    row = next(r for r in rows if r["org_code"] == catalogue.codes["a"])
    assert (row["numerator"], row["denominator"], row["value"], row["obs_status"]) == (None, None, None, "Q")
    text = runner.invoke(
        app, ["explain", "share", "--org", catalogue.codes["a"], "--period", "2026-01"]
    ).stdout
    assert "已隐去" in text
    assert "4 / 9" not in text


def test_a_published_figure_that_is_shown_again_says_why(made: Any) -> None:
    """Its own data stayed: it was hidden for the sake of a neighbour, which has more persons by now."""
    from qiangji.figures import Choice, editions

    place, catalogue = made
    set_rule(catalogue, threshold=5)
    build(place)
    with place.pipeline() as p:
        editions.publish(p.ledger, MONTHS[0], "审定版", "li.lei")
    catalogue.put("f", "2026-01", REPORT.replace("a 4", "a 6"))
    build(place)
    with place.pipeline() as p:
        found = editions.changes(p.ledger.engine, "审定版", None, Choice(level="village"))
    causes = {r["org_code"]: r["causes"] for r in found if r["period_type"] == "month"}
    assert causes[catalogue.codes["b"]] == ["suppression"]
    assert set(causes[catalogue.codes["a"]]) == {"revision", "suppression"}
