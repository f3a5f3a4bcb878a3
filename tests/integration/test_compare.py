"""`qiangji values --compare` on a real warehouse: the views' columns in JSON, change and rank in both tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qiangji import building, cli, stages
from qiangji.cli import common
from qiangji.figures import comparison
from qiangji.periods import Period
from tests.conftest import make_workplace
from tests.golden import world as worlds

ROWS = {"form": "m", "count": "rows"}
INDICATORS: list[dict[str, Any]] = [
    {
        "code": "more",
        "direction": "up",
        "target": {2017: 50},
        "numerator": {"form": "m", "sum": "n"},
        "denominator": ROWS,
    },
    {"code": "neither", "direction": "none", "numerator": {"form": "m", "sum": "n"}, "denominator": ROWS},
]


@pytest.fixture(scope="module", autouse=True)
def built(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[None]:
    """Two counties and many villages over three months: A grows by 2 a month, B falls by 1."""
    folder = tmp_path_factory.mktemp("compare")
    made = worlds.make(
        folder, {"Z": {"A": {"T": ["V[01-11]"]}, "B": {"U": ["W"]}}}, {"m": {"fields": {"n": {}}}}, INDICATORS
    )
    months = [Period.parse(f"2017-{m:02d}") for m in (1, 2, 3)]
    for i, month in enumerate(months):
        made.put("m", str(month), [{"unit": "V[01-11]", "n": 10 + 2 * i}, {"unit": "W", "n": 30 - i}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        patch.setattr(common.console, "width", 200)
        with make_workplace(Path(folder) / "home", postgres, patch.setenv) as place:
            with place.pipeline() as p:
                stages.collect(p, periods=months)
                building.build(p, months, now=datetime(2030, 1, 1, tzinfo=UTC))
            yield


def values(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["values", "--period", "2017-03", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_json_has_the_columns_of_both_views() -> None:
    rows = {(r["indicator_code"], r["org_code"]): r for r in json.loads(values("--compare", "--json"))}
    assert len(rows) == 6
    county = rows["more", "990001"]
    assert set(comparison.COMPARED) | set(comparison.ON_THE_WAY) <= set(county)
    assert (county["previous_period"], Decimal(county["change"])) == ("2017-02", 2)
    assert (county["rank"], county["ranked_units"], county["year_change"]) == (2, 2, None)
    assert (county["baseline_period"], county["reached_by"]) == ("2017-01", "2018-09-30")
    assert county["is_on_path"] is False
    other = rows["neither", "990001"]
    assert (other["rank"], other["baseline"], other["gap"]) == (None, None, None)
    assert Decimal(other["change"]) == 2
    assert rows["more", "990002"]["rank"] == 1


def test_without_the_flag_nothing_is_compared() -> None:
    assert "rank" not in json.loads(values("--json"))[0]
    assert "较上期" not in values()


def test_the_matrix_shows_change_and_rank_beneath_the_value() -> None:
    shown = values("--compare", "--indicator", "more")
    for text in (
        "14.00",
        "较上期 +2.00",
        "28.00",
        "较上期 -1.00",
        "同比 -",
        "第 2/2",
        "第 1/2",
        "rank of how many",
    ):
        assert text in shown, text
    assert "第 " not in values("--compare", "--indicator", "neither").split("\n较上期 against")[0]


def test_the_list_has_columns_for_them() -> None:
    shown = values("--compare", "--indicator", "more", "--level", "village")
    line = next(x for x in shown.splitlines() if "990001001001" in x)
    assert [c.strip() for c in line.split("│")[1:-1]][-3:] == ["+2.00", "-", "1/11"]
    assert "排名 rank" in shown


def test_nothing_built_is_nothing_compared() -> None:
    done = CliRunner().invoke(cli.app, ["values", "--period", "2016-01", "--compare"])
    assert (done.exit_code, "2016-01 is not built" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--period", "2999-01"], "2999-01 has not ended"),
        (["--period", "2016-01"], "2016-01 is not built: `qiangji build --period 2016-01`"),
        (["--period", "2017-03", "--period-type", "year"], "no figures of type year: it has month, ytd."),
    ],
)
def test_why_there_is_no_figure_is_said(arguments: list[str], why: str) -> None:
    done = CliRunner().invoke(cli.app, ["values", *arguments])
    assert done.exit_code == 0, done.output
    assert why in done.stdout


@pytest.mark.parametrize("option", ["--period", "--edition", "--as-of"])
def test_an_empty_option_is_not_one_that_is_left_out(option: str) -> None:
    assert CliRunner().invoke(cli.app, ["values", option, ""]).exit_code != 0


def test_signs() -> None:
    shown = [
        comparison.signed(v) for v in (None, Decimal("1234.5"), Decimal(-3), Decimal("-0.001"), Decimal(0))
    ]
    assert shown == ["-", "+1,234.50", "-3.00", "±0.00", "±0.00"]
