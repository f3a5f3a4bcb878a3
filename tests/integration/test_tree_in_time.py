"""The tree in time along the whole path: reports that are not expected, rates, restated figures, history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from qiangji.errors import CatalogueError
from qiangji.periods import Period
from tests.conftest import _forget, make_workplace
from tests.golden import world

TREE = {"Z": {"A": {"T": ["X", "Y", "silent!"], "S": ["s"]}, "B": {"U": ["b"]}}}
FORMS: dict[str, Any] = {"v": {"fields": {"p": {}, "q": {}}}}
INDICATORS: list[dict[str, Any]] = [{"code": "share", "numerator": {"sum": "p"}, "denominator": {"sum": "q"}}]
DATED = {
    "closed": {"Y": date(2026, 1, 31)},
    "lineage": [{"kind": "merged_into", "from": "Y", "to": "X", "day": date(2026, 2, 1)}],
}
MONTHS = [Period.parse("2026-01"), Period.parse("2026-02")]
JANUARY = "unit p q\nX 10 12\nY 11 13\ns 1 2\nb 1 2"
FEBRUARY = "unit p q\nX 21 25\nY 11 13\nsilent 1 1\ns 1 2\nb 1 2"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("time")
    made = world.make(folder, TREE, FORMS, INDICATORS, DATED)
    made.put("v", "2026-01", JANUARY)
    made.put("v", "2026-02", FEBRUARY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with make_workplace(folder / "home", postgres, patch.setenv) as workplace:
            _build(workplace)
            yield made, workplace


def _build(place: Any) -> Any:
    from qiangji import building, stages

    with place.pipeline() as p:
        stages.collect(p, periods=MONTHS)
        return building.build(p, MONTHS)


def ask(place: Any, statement: str) -> list[tuple[Any, ...]]:
    with place.pipeline() as p, p.ledger.engine.connect() as c:
        return [tuple(r) for r in c.execute(sa.text(statement))]


def test_a_report_of_a_unit_that_is_not_expected_goes_back_and_no_rate_is_capped(place: Any) -> None:
    """A closed unit, and one of which nothing is expected: rejected by `.known`, and counted as received."""
    found = ask(
        place[1],
        "SELECT status, expected_units, rows_received, rows_accepted, received_rate FROM mart.reporting_status"
        " WHERE county_code = '990001' AND period = '2026-02'",
    )
    assert found == [("partial", 2, 4, 2, 200)]
    assert ask(place[1], "SELECT period, rule, rows FROM ops.rejection") == [
        ("2026-02", "v.unit_code.known", 2)
    ]
    expected = ask(
        place[1],
        "SELECT period, expected_units FROM dim.expected_units WHERE county_code = '990001'"
        " AND period IN ('2026-01', '2026-02') ORDER BY 1",
    )
    assert expected == [("2026-01", 3), ("2026-02", 2)]


def test_facts_and_dimensions_say_where_units_were(place: Any) -> None:
    made, workplace = place
    assert ask(workplace, "SELECT kind, from_code, to_code, on_date, share FROM dim.org_lineage") == [
        ("merged_into", made.codes["Y"], made.codes["X"], date(2026, 2, 1), None)
    ]
    assert ask(
        workplace, "SELECT count(*) FROM fact.v WHERE period = '2026-01' AND town_code IS NOT NULL"
    ) == [(4,)]


def test_values_restated_show_every_unit_of_today(place: Any) -> None:
    """Those that lineage touches as restated, all others as they are, and none that went into another."""
    from qiangji.cli import app

    def shown(*options: str) -> dict[str, tuple[str, str]]:
        arguments = ["values", "--period", "2026-01", "--level", "village", "--json", *options]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return {r["org_name"]: (r["numerator"], r["denominator"]) for r in json.loads(result.stdout)}

    assert shown() == {"X": ("10", "12"), "Y": ("11", "13"), "s": ("1", "2"), "b": ("1", "2")}
    assert shown("--restated") == {"X": ("21", "25"), "s": ("1", "2"), "b": ("1", "2")}


def test_restated_rows_are_of_touched_units_and_those_above(place: Any) -> None:
    made, workplace = place
    found = {r[0] for r in ask(workplace, "SELECT DISTINCT org_code FROM mart.indicator_value_restated")}
    assert found == {made.codes[n] for n in ("X", "T", "A", "Z")}


def test_a_lineage_that_is_taken_back_stays_in_the_history(place: Any) -> None:
    """Last, as it changes the catalogue: all months are built again, and only restated rows differ."""
    made, workplace = place
    before = ask(workplace, "SELECT count(*) FROM mart.indicator_value_restated")[0][0]
    as_was = ask(workplace, "SELECT * FROM mart.indicator_value ORDER BY 1, 2, 4, 5")
    assert before
    assert _build(workplace).months == []
    path = made.catalogue / "org_lineage.csv"
    kept = path.read_text(encoding="utf-8")
    try:
        path.write_text(kept.splitlines()[0] + "\n", encoding="utf-8")
        _forget()
        built = _build(workplace)
        assert built.months == MONTHS
        assert (built.rows_closed, built.rows_inserted) == (before, 0)
        assert ask(workplace, "SELECT * FROM mart.indicator_value_restated") == []
        assert ask(workplace, "SELECT * FROM mart.indicator_value ORDER BY 1, 2, 4, 5") == as_was
        history = "SELECT count(*) FROM mart.indicator_value_restated_history WHERE built_to IS NOT NULL"
        assert ask(workplace, history) == [(before,)]
    finally:
        path.write_text(kept, encoding="utf-8")
        _forget()


def test_doctor_says_what_is_wrong_with_the_lineage(place: Any) -> None:
    from qiangji.cli import doctor
    from qiangji.pipeline import read_catalogue

    made, _ = place
    path: Path = made.catalogue / "org_lineage.csv"
    kept = path.read_text(encoding="utf-8")
    try:
        path.write_text(kept + "merged_into,990001001009,990001001001,2026-02-01,\n", encoding="utf-8")
        _forget()
        with pytest.raises(CatalogueError):
            read_catalogue()
        found = next(f for f in doctor.examine() if f.what == "catalogue")
        assert not found.is_well
        assert "org_lineage.csv" in found.detail
        assert "line 3: unknown unit '990001001009'" in found.detail
    finally:
        path.write_text(kept, encoding="utf-8")
        _forget()
