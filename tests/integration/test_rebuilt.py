"""What makes a built month be built again although no report has other rows: findings, types, due days, the tree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import yaml

from qiangji import building, stages
from qiangji.building.recording import Built
from qiangji.errors import CatalogueError
from qiangji.periods import Period
from tests.conftest import TODAY, Workplace, _forget, make_workplace
from tests.golden import world

BETWEEN = "expect_column_values_to_be_between"


class Place:
    """A small world, and what one does with it from day to day."""

    def __init__(self, made: world.World, workplace: Workplace) -> None:
        self.made, self.workplace = made, workplace

    def send(self, form: str, period: str, table: str) -> None:
        self.made.put(form, period, table)
        with self.workplace.pipeline() as p:
            assert not stages.collect(p, periods=[Period.parse(period)]).failures

    def build(self, *months: str, now: datetime | None = None, again: bool = False) -> Built:
        with self.workplace.pipeline() as p:
            return building.build(p, [Period.parse(m) for m in months], now=now, again=again)

    def reprocess(self) -> None:
        with self.workplace.pipeline() as p:
            stages.reprocess(p)

    def unbuilt(self) -> list[str]:
        with self.workplace.pipeline() as p:
            return [str(m) for m in building.unbuilt_months(p.ledger.engine, p.catalogue, TODAY)]

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with self.workplace.pipeline() as p, p.ledger.engine.connect() as c:
            return [tuple(r) for r in c.execute(sa.text(statement))]

    def by_name(self, statement: str) -> dict[str, Any]:
        """Rows of (code of a unit, value), by the unit's name."""
        names = {code: name for name, code in self.made.codes.items()}
        return {names[code]: value for code, value in self.ask(statement)}

    def change_form(self, form: str, **changes: Any) -> None:
        """Change a form at its top level, `fields` by field."""
        path = self.made.catalogue / "forms" / f"{form}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, change in changes.pop("fields", {}).items():
            content["fields"][name] |= change
        path.write_text(yaml.safe_dump(content | changes, allow_unicode=True), encoding="utf-8")
        _forget()

    def change_rules(self, form: str, rules: list[dict[str, Any]]) -> None:
        """Have a form's suite end with these rules, in the place of those that were added before."""
        path = self.made.expectations / f"{form}.json"
        suite = json.loads(path.read_text(encoding="utf-8"))
        kept = [e for e in suite["expectations"] if not e["meta"]["rule"].endswith(".added")]
        path.write_text(json.dumps(suite | {"expectations": kept + rules}), encoding="utf-8")
        _forget()


@pytest.fixture
def make(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the test's world from what `world.make` takes."""
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as workplace:

        def made(*args: Any, **more: Any) -> Place:
            one = world.make(tmp_path / "world", *args, **more)
            monkeypatch.setenv("QIANGJI_CATALOGUE", str(one.catalogue))
            monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(one.expectations))
            _forget()
            return Place(one, workplace)

        yield made
    _forget()


TREE = {"Z": {"A": {"T": ["a", "b"]}, "B": {"U": ["u"]}}}
TWO: dict[str, Any] = {"v": {"fields": {"n": {}, "m": {}}}}
SHARE = {"code": "share", "numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "sum": "m"}}

# ---- findings


ADDED = {
    "type": BETWEEN, "kwargs": {"column": "n", "max_value": 10}, "severity": "warning",
    "meta": {
        "rule": "v.n.added", "fields": ["n"], "scope": "row",
        "message": {"zh": "太大", "en": "too large"}, "expected": {"zh": "小", "en": "small"},
    },
}  # fmt: skip


def warned(place: Place) -> set[str]:
    found = place.by_name(
        "SELECT org_code, has_warning FROM mart.indicator_value WHERE period_type = 'ytd' AND period = '2026-02'"
    )
    return {name for name, is_warned in found.items() if is_warned}


def test_a_finding_that_comes_or_goes_while_the_rows_stay_reaches_the_figures(make: Any) -> None:
    """A rule is deployed, a night builds, then all is read again; later the rule goes. Of a year to date, too."""
    place = make(TREE, TWO, [SHARE])
    place.send("v", "2026-01", "unit n m\na 11 12\nb 1 2\nu 1 2")
    place.send("v", "2026-02", "unit n m\na 1 2\nb 1 2\nu 1 2")
    place.build("2026-01", "2026-02")
    assert warned(place) == set()
    for rules, expected in (([ADDED], {"a", "T", "A", "Z"}), ([], set())):
        place.change_rules("v", rules)
        place.build("2026-01", "2026-02")
        assert place.unbuilt() == []
        place.reprocess()
        assert place.unbuilt() == ["2026-01"], "no report has other rows"
        assert place.build("2026-01", "2026-02").months
        assert warned(place) == expected
        assert place.unbuilt() == []
        assert place.build("2026-01", "2026-02").months == []


def send_workbook(place: Place, number_format: str) -> None:
    """The same numbers, which a workbook shows in a format of its own; what is held is released."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "报表v"
    sheet.append(["unit_code", "n", "m"])
    for unit, n in (("a", 12000), ("b", 34000)):
        sheet.append([place.made.codes[unit], n, 9])
        sheet.cell(sheet.max_row, 2).number_format = number_format
    book.save(place.made.catalogue / "incoming" / place.made.codes["A"] / "v_2026-02.xlsx")
    with place.workplace.pipeline() as p:
        for one in stages.collect(p, periods=[Period.parse("2026-02")]).submissions:
            if one.status == "held":
                p.ledger.decide(one.delivery_id, "release", "the county was asked")


def test_the_figures_have_the_findings_of_the_report_that_counts(make: Any) -> None:
    """A county mends a number format and sends the same numbers; then this report is taken back."""
    place = make(TREE, TWO, [SHARE])
    listed = place.made.catalogue / "counties.yaml"
    listed.write_text(listed.read_text(encoding="utf-8").replace(".csv", ".xlsx"), encoding="utf-8")
    _forget()
    for number_format, expected in (("0!.0,", {"a", "b", "T", "A", "Z"}), ("0", set())):
        send_workbook(place, number_format)
        assert place.unbuilt() == ["2026-02"]
        assert place.build("2026-02").months
        assert warned(place) == expected
        assert place.unbuilt() == []
    with place.workplace.pipeline() as p:
        last = place.ask("SELECT delivery_id FROM ops.submission WHERE is_current")[0][0]
        p.ledger.decide(last, "void", "sent by mistake")
    assert place.unbuilt() == ["2026-02"]
    assert place.build("2026-02").months
    assert warned(place) == {"a", "b", "T", "A", "Z"}
    assert place.unbuilt() == []


# ---- what an earlier build read otherwise


SIDES = [
    {"code": "plain", "numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "sum": "m"}},
    {"code": "most", "numerator": {"form": "v", "max": "n"}, "denominator": {"form": "v", "count": "rows"}},
]
SUMS = (
    "SELECT period, numerator::float FROM mart.indicator_value WHERE indicator_code = 'plain' AND period_type = 'month'"
    " AND org_level = 'city' AND period <= '2026-03' ORDER BY 1"
)


def grown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tree be one of those of which what a year rests on is carried from month to month."""
    monkeypatch.setattr("qiangji.catalogue.units.Lines.LARGE", 1)
    _forget()


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_rows_kept_as_whole_numbers_are_decimals_and_back(
    make: Any, monkeypatch: pytest.MonkeyPatch, is_large: bool, back: bool
) -> None:
    types = ("decimal", "integer") if back else ("integer", "decimal")
    last = "3" if back else "1.25"
    place = make(TREE, {"v": {"fields": {"n": {"type": types[0], "kind": "ytd"}, "m": {}}}}, SIDES)
    if is_large:
        grown(place, monkeypatch)
    world.correct(place.made, "v", [{"period": "2026-02", "unit": "b", "field": "n", "was": 3, "now": 4}])
    _forget()
    place.send("v", "2026-01", "unit n m\na 1 9\nb 2 9\nu 5 9")
    place.send("v", "2026-02", "unit n m\na 1 9\nb 3 9\nu 6 9")
    place.build("2026-01", "2026-02")
    place.change_form("v", fields={"n": {"type": types[1]}})
    place.send("v", "2026-03", f"unit n m\na {last} 9\nb 4 9\nu 7 9")
    for _ in range(2):
        place.build("2026-01", "2026-02", "2026-03")
        assert place.ask(SUMS) == [("2026-01", 8), ("2026-02", 3), ("2026-03", float(last))]
        assert place.ask("SELECT sum(n)::float FROM fact.v WHERE period = '2026-02'") == [(11,)]
        place.reprocess()


def test_rows_that_are_none_of_the_new_type_are_told_with_what_to_do(make: Any) -> None:
    place = make(TREE, {"v": {"fields": {"n": {"type": "decimal"}, "m": {}}}}, SIDES)
    place.send("v", "2026-01", "unit n m\na 1.5 9\nb 2 9\nu 5 9")
    place.build("2026-01")
    place.change_form("v", fields={"n": {"type": "integer"}})
    with pytest.raises(CatalogueError, match="qiangji reprocess --form v") as told:
        place.build("2026-01")
    assert told.value.code == "another_field_type"
    assert "v.n" in str(told.value)
    assert place.made.codes["A"] in str(told.value)
    place.reprocess()
    assert place.build("2026-01").months
    assert place.ask(SUMS) == [("2026-01", 7)], "the row went back to the county"


def test_an_indicator_on_one_more_field_is_built_on_a_large_tree(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {
        "code": "other",
        "numerator": {"form": "v", "sum": "k"},
        "denominator": {"form": "v", "sum": "m"},
    }
    place = make(TREE, {"v": {"fields": {"n": {}, "m": {}, "k": {}}}}, [SHARE, other])
    grown(place, monkeypatch)
    path = place.made.catalogue / "indicators" / "x.yaml"
    both = path.read_text(encoding="utf-8")
    path.write_text(yaml.safe_dump([world.indicator_of(SHARE)]), encoding="utf-8")
    _forget()
    for month in ("2026-01", "2026-02"):
        place.send("v", month, "unit n m k\na 4 9 1\nb 7 9 2\nu 16 19 3")
    place.build("2026-01", "2026-02")
    path.write_text(both, encoding="utf-8")
    _forget()
    assert len(place.build("2026-01", "2026-02").months) == 2
    found = place.ask(
        "SELECT numerator FROM mart.indicator_value WHERE (indicator_code, period, period_type, org_level)"
        " = ('other', '2026-02', 'ytd', 'city')"
    )
    assert found == [(6,)]


# ---- due days and the tree


def test_a_quarter_ends_that_is_no_longer_due_and_comes_again(make: Any) -> None:
    """It had stayed as it was while its months changed."""
    place = make(TREE, {"v": {"fields": {"n": {"kind": "flow"}, "m": {}}}}, [SHARE])
    months = ("2026-07", "2026-08", "2026-09")
    for month in months:
        place.send("v", month, "unit n m\na 1 9\nb 2 9\nu 0 9")

    def sums(day: int) -> dict[str, float]:
        place.build(*months, now=datetime(2026, 10, day, 4, tzinfo=UTC))
        found = place.ask(
            "SELECT period_type, numerator::float FROM mart.indicator_value WHERE org_level = 'city'"
            " AND period IN ('2026-09', '2026Q3')"
        )
        return dict(found)

    assert sums(19) == {"month": 3, "ytd": 9, "quarter": 9}
    place.change_form("v", due_working_day=20)
    place.send("v", "2026-09", "unit n m\na 1 9\nb 20 9\nu 0 9")
    assert sums(20) == {"month": 21, "ytd": 27}
    assert place.ask(
        "SELECT count(*) FROM mart.indicator_value_history WHERE period = '2026Q3' AND built_to IS NOT NULL"
    ) == [(8,)], "of each unit"
    assert sums(31) == {"month": 21, "ytd": 27}, "the twentieth working day is in November"
    place.build(*months, now=datetime(2026, 11, 9, tzinfo=UTC))
    assert place.ask(
        "SELECT numerator FROM mart.indicator_value WHERE period = '2026Q3' AND org_level = 'city'"
    ) == [(27,)]


def move(place: Place, unit: str, to: str, since: str, until: str) -> None:
    """Have a unit lie elsewhere since a day, the one after `until`."""
    path = place.made.catalogue / "org_units.csv"
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split(",")
        if cells[1] == unit:
            lines.append(",".join([*cells[:7], until]))
            line = ",".join([*cells[:4], place.made.codes[to], cells[5], since, cells[7]])
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _forget()


def test_no_groups_are_expected_of_a_county_whose_town_left_back_in_time(make: Any) -> None:
    group: dict[str, Any] = {"v": {"grain": "group", "fields": {"n": {}, "m": {}}}}
    place = make(TREE, group, [SHARE])
    for month in ("2026-02", "2026-03"):
        place.send("v", month, "unit n m\na/01 1 9\nb/01 2 9\nu/01 5 9\nu/02 6 9")
    place.build("2026-02", "2026-03")
    asked = "SELECT county_code, expected_units FROM dim.expected_units WHERE period = "
    assert place.by_name(f"{asked} '2026-03'") == {"A": 2, "B": 2}
    move(place, "U", "A", "2026-03-01", "2026-02-28")
    place.build("2026-02", "2026-03")
    assert place.by_name(f"{asked} '2026-02'") == {"A": 2, "B": 2}
    assert place.by_name(f"{asked} '2026-03'") == {"A": 4}


def test_facts_lie_where_figures_do_when_the_tree_is_corrected_back_in_time(make: Any) -> None:
    """A village belongs to another town since February, entered after February was built; a group is its village's."""
    forms: dict[str, Any] = {**TWO, "g": {"grain": "group", "fields": {"k": {}}}}
    place = make({"Z": {"A": {"T": ["a", "b"], "S": ["c"]}, "B": {"U": ["u"]}}}, forms, [SHARE])
    for month in ("2026-01", "2026-02"):
        place.send("v", month, "unit n m\na 1 9\nb 2 9\nc 8 9\nu 3 9")
        place.send("g", month, "unit k\na/01 1\nb/01 2\nc/01 8\nu/01 3")
    place.build("2026-01", "2026-02")

    def sums(month: str) -> list[dict[str, Any]]:
        """By town: of facts, of facts of groups, of figures."""
        facts = "SELECT town_code, sum({})::float FROM fact.{} WHERE period = '{}' GROUP BY 1"
        figures = (
            "SELECT org_code, numerator::float FROM mart.indicator_value WHERE org_level = 'town'"
            f" AND (period, period_type) = ('{month}', 'month')"
        )
        asked = [facts.format("n", "v", month), facts.format("k", "g", month), figures]
        return [place.by_name(each) for each in asked]

    before, after = {"T": 3, "S": 8, "U": 3}, {"T": 2, "S": 9, "U": 3}
    assert [sums("2026-01"), sums("2026-02")] == [[before] * 3] * 2
    move(place, "a", "S", "2026-02-01", "2026-01-31")
    assert place.build("2026-01", "2026-02").facts_replaced == 2, "of A's two reports of February"
    assert [sums("2026-01"), sums("2026-02")] == [[before] * 3, [after] * 3]
    assert place.build("2026-01", "2026-02", again=True).facts_replaced == 0


def test_facts_of_a_unit_that_went_to_another_county_wait_until_its_report_is_read_again(make: Any) -> None:
    place = make(TREE, TWO, [SHARE])
    place.send("v", "2026-02", "unit n m\na 1 9\nb 2 9\nu 3 9")
    place.build("2026-02")
    move(place, "a", "U", "2026-02-01", "2026-01-31")
    place.build("2026-02")
    facts = "SELECT town_code, sum(n)::float FROM fact.v GROUP BY 1"
    assert place.by_name(facts) == {"T": 3, "U": 3}
    place.reprocess()
    (place.made.catalogue / "incoming" / place.made.codes["B"] / "v_2026-02.csv").write_text(
        f"unit_code,n,m\n{place.made.codes['u']},3,9\n{place.made.codes['a']},1,9\n", encoding="utf-8"
    )
    with place.workplace.pipeline() as p:
        stages.collect(p, periods=[Period.parse("2026-02")])
    place.build("2026-02")
    assert place.by_name(facts) == {"T": 2, "U": 4}
