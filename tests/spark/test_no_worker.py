"""A cluster without a free worker says so; nothing is left behind."""

from __future__ import annotations

from pathlib import Path

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
