"""Whether Spark is there: its packages are with `make test-spark` alone."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from qiangji.engines import spark_ready


def require() -> None:
    """Skip what asks for Spark where it is not installed, and say why."""
    if find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: make test-spark")
    if (spark_ready.java_version() or 0) < spark_ready.JAVA:
        pytest.skip(
            f"Spark needs Java: apt-get install openjdk-{spark_ready.JAVA}-jre-headless, or a newer one"
        )
