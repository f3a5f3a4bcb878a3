"""A night of the simulated county systems, built on DuckDB and on Spark: every row is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.nights import Night, assert_same, clone, forget, night
from tests.spark import installed


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """A night of all counties and forms; nothing is built yet."""
    installed.require()
    with night(tmp_path_factory.mktemp("collected"), postgres, scale=1.0, months=1, whole_tree=True) as one:
        one.collect()
        yield one


def content(one: Night) -> dict[str, list[Any]]:
    """Every row of fact, mart and calc, without instants."""
    found = one.snapshot()
    tables = one.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'calc'")
    for name in sorted(t["table_name"] for t in tables):
        rows = one.query(f"SELECT to_jsonb(t) - 'built_from' - 'built_to' AS said FROM calc.{name} AS t")
        found[f"calc.{name}"] = sorted(repr(r["said"]) for r in rows)
    return found


def test_every_row_is_the_same(
    collected: Night, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for kind in ("duckdb", "spark"):
        monkeypatch.setenv("QIANGJI_ENGINE", kind)
        forget()
        with clone(collected, tmp_path / kind, postgres) as one:
            assert one.pipeline.settings.engine == kind
            built = one.build()
            assert built.rows_inserted > 3000
            found[kind] = content(one)
            print(kind, built.rows_inserted, built.seconds)
    assert sum(len(rows) for name, rows in found["spark"].items() if name.startswith("calc.")) > 3000
    assert_same(found["duckdb"], found["spark"])
