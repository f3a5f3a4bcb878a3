"""Golden cases of what a figure is compared with: `comparisons/*.yaml`, the same way as those of the indicators.

A line under `expect` names figures of mart.indicator_comparison, one under another section those of its view in VIEWS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world as worlds

FILES = sorted((Path(__file__).parent / "comparisons").glob("*.yaml"))
CASES = {f.stem: yaml.load(f.read_text(encoding="utf-8"), yaml.CSafeLoader) for f in FILES}
VIEWS = {
    "expect": "indicator_comparison",
    "targets": "indicator_target_status",
    "outliers": "indicator_outlier",
    "of_groups": "indicator_value_of_group",
}
KEYS = {"case", "indicator", "unit", "period", "type"}
Rows = dict[tuple[str, str, str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def shown_of(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Callable[[str], dict[str, Any]]:
    """A file's name -> the rows of both views, of its world collected and built once, and the codes of its units."""

    @cache
    def show(name: str) -> dict[str, Any]:
        content, folder = CASES[name], tmp_path_factory.mktemp(name)
        world = worlds.make(
            folder,
            content["tree"],
            content["forms"],
            content["indicators"],
            content.get("dated"),
            suppression=content.get("suppression"),
            groups=content.get("groups"),
        )
        touched = []
        for form, tables in content["reports"].items():
            for text, table in tables.items():
                for period in worlds.periods(str(text)):
                    world.put(form, period, table)
                    touched.append(period)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("QIANGJI_CATALOGUE", str(world.catalogue))
            patch.setenv("QIANGJI_EXPECTATIONS", str(world.expectations))
            with make_workplace(folder / "home", postgres, patch.setenv) as place:
                return _run(place, worlds.months_until_last(touched)) | {"codes": world.codes}

    return show


def _run(place: Any, months: list[Period]) -> dict[str, Any]:
    from qiangji import building, stages

    with place.pipeline() as p:
        collected = stages.collect(p, periods=months)
        assert {s.status for s in collected.submissions} == {"accepted"}
        building.build(p, months, now=datetime(2030, 1, 1, tzinfo=UTC))
        with p.ledger.engine.connect() as c:
            found = {
                section: [dict(r._mapping) for r in c.execute(sa.text(f"SELECT * FROM mart.{view}"))]
                for section, view in (VIEWS | {"values": "indicator_value"}).items()
            }
    shown: dict[str, Any] = {}
    for section, rows in found.items():
        unit = "group_code" if section == "of_groups" else "org_code"
        keys = ("indicator_code", unit, "period", "period_type")
        shown[section] = {tuple(r[k] for k in keys): r for r in rows}
        assert len(shown[section]) == len(rows), "more than one row a figure"
    return shown


LINES = [
    pytest.param(name, section, line, id=f"{name}: {line['case']}")
    for name, content in CASES.items()
    for section in VIEWS
    for line in content.get(section, ())
]


@pytest.mark.parametrize(("name", "section", "line"), LINES)
def test_comparison(
    shown_of: Callable[[str], dict[str, Any]], name: str, section: str, line: dict[str, Any]
) -> None:
    """The view shows exactly what the line says of one indicator, unit and period."""
    shown = shown_of(name)
    wanted = {k: v for k, v in line.items() if k not in KEYS}
    assert wanted, "a line that expects nothing cannot fail"
    period = str(line["period"])
    at = (
        line["indicator"],
        shown["codes"].get(line["unit"], line["unit"]),  # a group is its own code
        period,
        line.get("type") or Period.parse(period).type,
    )
    row = shown[section].get(at)
    if wanted.pop("absent", False):
        assert row is None
        return
    assert row is not None, f"no row {at}"
    assert {k: _plain(row[k]) for k in wanted} == {k: _plain(v) for k, v in wanted.items()}


@pytest.mark.parametrize("name", list(CASES))
def test_every_figure_is_compared(shown_of: Callable[[str], dict[str, Any]], name: str) -> None:
    """Same grain as mart.indicator_value and the same values: no figure is lost or doubled."""
    shown = shown_of(name)
    shared = ("org_level", "period_start", "period_end", "value", "reporting_rate", "obs_status")
    assert {k: [r[c] for c in shared] for k, r in shown["expect"].items()} == {
        k: [r[c] for c in shared] for k, r in shown["values"].items()
    }


@pytest.mark.parametrize("name", list(CASES))
def test_what_a_figure_is_compared_with_is_what_the_mart_shows(
    shown_of: Callable[[str], dict[str, Any]], name: str
) -> None:
    """Of every figure: so nothing that mart.indicator_value hides appears beside another period."""
    values, compared = shown_of(name)["values"], shown_of(name)["expect"]
    found = 0
    for (indicator, unit, _, type_), row in compared.items():
        for which in ("previous", "year_ago"):
            at = (indicator, unit, row[f"{which}_period"], type_)
            before = values[at]["value"] if at in values else None
            assert row[f"{which}_value"] == before, (at, which)
            found += before is not None
    assert found


def test_every_file_says_something() -> None:
    assert len(CASES) >= 3
    assert all(c["about"] and (c.get("expect") or c.get("targets")) for c in CASES.values())


def _plain(value: Any) -> Any:
    """A number as a decimal of six places; `301 / 403` is a fraction, a date its text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and "/" in value:
        above, _, below = value.partition("/")
        value = Decimal(above) / Decimal(below)
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return round(Decimal(str(value)), 6)
    return value
