"""The restore drill on a night of the simulated county systems, with the faults that these make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.drill import content, lose
from tests.integration.nights import Night, assert_same, clone, night
from tests.integration.test_cli import run


@pytest.fixture(scope="module")
def simulated_night(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    counties = ["440703", "440781", "440785"]
    with night(tmp_path_factory.mktemp("night"), postgres, scale=0.03, months=2, counties=counties) as one:
        one.collect()
        one.build(one.months[0])
        for event in ("correction", "withdrawal"):
            one.systems.apply(event)
            one.collect(counties=["440785"])
        one.build()
        yield one


def test_a_simulated_night_comes_back(simulated_night: Night, tmp_path: Path, postgres: Any) -> None:
    with clone(simulated_night, tmp_path / "home", postgres) as one:
        before = content(one.pipeline.ledger.engine)
        for table in ("rejection", "finding", "context_check", "collection", "fact_change"):
            assert before[f"ops.{table}"], table
        assert one.query("SELECT FROM ops.finding WHERE delivery_id IS NULL")  # of checks that look further
        assert one.query("SELECT FROM ops.submission WHERE status = 'returned'")
        one.pipeline.ledger.engine.dispose()
        lose(one.place.url)
        ran = run("rebuild-ledger", "--json")
        assert (ran.code, ran.json["without_reasons"]) == (0, 0)
        assert_same(before, content(one.pipeline.ledger.engine))
        assert one.build().months == []
        result = one.collect()
        assert (result.deliveries, result.submissions) == (0, [])
        assert run("verify", "--json").json["faults"] == []
