"""Which run is the night, and what other runs of its day are told for: by the ledger's runs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.figures import read
from qiangji.figures.morning import Night, standing
from qiangji.figures.reading import Reporting
from qiangji.warehouse.queries import query
from tests.conftest import make_workplace
from tests.golden import world

FORMS: dict[str, Any] = {"v": {"fields": {"n": {}}}}
X = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"sum": "n"}}
TREE = {"Z": {name: {f"T{name}": [f"V{name}"]} for name in "ABC"}}
AT = datetime(2026, 3, 10, 8, tzinfo=UTC)
Stand = tuple[Night, dict[str, bool | None]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[tuple[Any, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("nights")
    made = world.make(folder, TREE, FORMS, [X])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        with (
            make_workplace(Path(folder) / "home", postgres, patch.setenv) as workplace,
            workplace.pipeline() as p,
        ):
            yield p, {name: made.codes[name] for name in "ABC"}


@pytest.fixture
def after(place: tuple[Any, dict[str, str]]) -> Callable[..., Stand]:
    """Put runs, each (hours before the look, last month, county -> whether it was reached; its name), and look."""
    p, codes = place

    def looked(*runs: Any) -> Stand:
        with p.ledger.engine.begin() as c:
            c.execute(sa.text("DELETE FROM ops.collection"))
            for i, (hours, last, counties, *run) in enumerate(runs):
                for name, is_reached in counties.items():
                    c.execute(
                        sa.text(
                            "INSERT INTO ops.collection (run_id, county_code, first_month, last_month, status,"
                            " reason_code, started_at, ended_at, deliveries)"
                            " VALUES (:run, :code, '2026-01', :last, :status, :reason, :at, :at, 2)"
                        ),
                        {
                            "run": run[0] if run else f"r{i}", "code": codes[name], "last": last,
                            "at": AT - timedelta(hours=hours),
                            "status": "done" if is_reached else "failed",
                            "reason": None if is_reached else "unreachable",
                        },
                    )  # fmt: skip
        asked = read(p.ledger.engine, query("figures/night"), {"at": AT})
        night, stand = standing(p.catalogue, Reporting(AT, [], []), asked)
        assert night is not None
        marks = {c.county_code: c.is_reached for c in stand}
        return night, {name: marks[code] for name, code in codes.items()}

    return looked


def names(lost: tuple[tuple[str, str, str], ...]) -> list[str]:
    return [name for _, name, _ in lost]


def test_a_later_run_that_is_red_is_the_night_though_it_asked_fewer(after: Callable[..., Stand]) -> None:
    full = (6, "2026-02", dict.fromkeys("ABC", True))
    night, marks = after(full, (5, "2026-02", {"A": False, "B": True}))
    assert (night.run_id, names(night.lost), night.counties, night.is_red) == ("r1", ["A"], 2, True)
    assert marks == {"A": False, "B": True, "C": True}, "C was reached by the run before"


def test_one_county_by_hand_does_not_replace_the_night_and_is_told(after: Callable[..., Stand]) -> None:
    full = (6, "2026-02", dict.fromkeys("ABC", True))
    night, marks = after(full, (1, "2026-02", {"B": False}))
    assert (night.run_id, night.lost, names(night.lost_else), night.is_red) == ("r0", (), ["B"], True)
    assert marks == {"A": True, "B": False, "C": True}
    night, marks = after((6, "2026-02", {"A": True, "B": False, "C": True}), (1, "2026-02", {"B": True}))
    assert (night.run_id, names(night.lost), night.lost_else, night.reached_since) == (
        "r0",
        ["B"],
        (),
        ("B",),
    )
    assert marks == dict.fromkeys("ABC", True)


def test_an_older_month_is_not_the_night_and_yesterday_is_no_part_of_it(after: Callable[..., Stand]) -> None:
    full = (6, "2026-02", dict.fromkeys("ABC", True))
    night, marks = after(
        (40, "2026-02", {"C": False}), full, (1, "2026-01", {"A": True, "B": False, "C": True})
    )
    assert (night.run_id, names(night.lost_else)) == ("r1", ["B"])
    assert marks == {"A": True, "B": False, "C": True}
    night, marks = after((40, "2026-02", {"C": False}), (6, "2026-02", {"A": True, "B": True}))
    assert (night.run_id, night.is_red, marks["C"]) == ("r1", False, None)


def test_all_counties_by_hand_are_no_night_where_airflow_collected(after: Callable[..., Stand]) -> None:
    full = dict.fromkeys("ABC", True)
    night, marks = after((6, "2026-02", full | {"B": False}), (1, "2026-02", full, "cli-1"))
    assert (night.run_id, names(night.lost), night.reached_since) == ("r0", ["B"], ("B",))
    assert (night.later_runs, night.later_deliveries) == (1, 6)
    assert marks == full
    night, _ = after((6, "2026-02", full, "cli-1"), (1, "2026-02", full, "cli-2"))
    assert (night.run_id, night.later_runs) == ("cli-2", 0), "without Airflow the last of them is"


def test_a_night_once_more_does_not_make_what_was_decided_since_the_first_forgotten(
    after: Callable[..., Stand],
) -> None:
    full = dict.fromkeys("ABC", True)
    night, _ = after((6, "2026-02", full), (1, "2026-02", full))
    assert (night.run_id, night.told_since) == ("r1", AT - timedelta(hours=6))
    night, _ = after((24, "2026-02", full), (1, "2026-02", full))
    assert night.told_since == AT - timedelta(hours=1), "that was the night before"
