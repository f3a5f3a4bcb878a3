"""A cluster without a free worker, or that is gone in the middle, says so; nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from qiangji.engines import open_engine, spark
from qiangji.errors import TransientError
from tests.spark import installed
from tests.spark.cluster import settings, standalone


def test_no_worker_comes(servers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed.require()
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setattr(spark, "WAITED_SECONDS", 3)
    with (
        standalone(tmp_path / "cluster", workers=0) as master,
        pytest.raises(TransientError) as caught,
        open_engine(settings(tmp_path, master)),
    ):
        pass
    assert (caught.value.code, "no worker came" in caught.value.en) == ("engine_unreachable", True)
    assert list((tmp_path / "seen by all").iterdir()) == []


def test_what_ends_in_the_middle_is_told_as_a_cluster_that_does_not_do_its_work(
    servers: None, tmp_path: Path
) -> None:
    installed.require()
    months = pa.table({"base_code": ["V1"], "unit_code": ["G1"], "month": pa.array([1], pa.int64())})
    with open_engine(settings(tmp_path, "local[1]")) as engine:
        engine.register("all_reports", months)
        assert engine.run("registry").to_pylist() == [{"base_code": "V1", "first_month": 1, "units": 1}]
        engine._session.sparkContext._jsc.stop()  # type: ignore[attr-defined]
        with pytest.raises(TransientError) as caught:
            engine.run("registry")
    assert caught.value.code == "engine_unreachable"
    assert "sql/models/registry.sql" in caught.value.en
    assert list((tmp_path / "seen by all").iterdir()) == []
