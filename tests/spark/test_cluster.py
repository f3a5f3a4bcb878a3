"""Spark on a cluster of two workers: the models' cases, what is seen of an error, and a cluster that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qiangji.engines import open_engine
from tests.spark import installed
from tests.spark.cluster import settings, standalone
from tests.sql.test_models import (
    test_a_sum_that_does_not_fit_is_an_error_without_its_value_and_the_engine_goes_on as what_does_not_fit,
)
from tests.sql.test_models import test_case

__all__ = ["test_case"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(servers: None, place: Path) -> Iterator[str]:
    installed.require()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        with standalone(place) as master:
            yield master


@pytest.fixture(scope="module")
def engine(cluster: str, place: Path) -> Iterator[Any]:
    with open_engine(settings(place, cluster)) as e:
        yield e
    assert list((place / "seen by all").iterdir()) == [], "what was registered stayed"


def test_both_workers_compute(engine: Any) -> None:
    tracker = engine._session.sparkContext._jsc.sc().statusTracker()
    assert len(tracker.getExecutorInfos()) == 3, "the driver and two workers"


def test_a_sum_that_does_not_fit_is_nowhere_in_a_log(engine: Any, place: Path, capfd: Any) -> None:
    what_does_not_fit(engine)
    shown = capfd.readouterr()
    assert "622202" not in shown.out + shown.err
    logs = [p for p in place.rglob("*") if p.is_file() and p.name in ("log", "stderr", "stdout")]
    assert len(logs) >= 5, "a master, two workers, two executors"
    assert [p for p in logs if b"622202" in p.read_bytes()] == []
