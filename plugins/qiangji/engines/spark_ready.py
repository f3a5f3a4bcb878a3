"""What Spark needs before it starts: its package, Java, a master that answers.

In: settings. Out: nothing, or an error that says what is missing and what to do. Spark itself would say so after a
minute, in many lines.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from qiangji.errors import TransientError, UsageError

if TYPE_CHECKING:
    from qiangji.settings import Settings

JAVA = 17
"""The oldest Java that Spark 4 runs on."""
_SECONDS = 5.0
"""How long a master may take to answer."""


def require(settings: Settings) -> None:
    """Raise UsageError `engine_not_installed` without PySpark or Java, TransientError `engine_unreachable`."""
    if find_spec("pyspark") is None:
        raise UsageError(
            "PySpark is not installed",
            where="QIANGJI_ENGINE",
            expected="the packages of requirements-spark.lock (the extra `spark`), or QIANGJI_ENGINE=duckdb",
            do="See docs/scaling.md.",
            zh="没有安装PySpark：请安装requirements-spark.lock中的软件包，或改用QIANGJI_ENGINE=duckdb，见docs/scaling.md。",
            code="engine_not_installed",
        )
    if (found := java_version()) is None or found < JAVA:
        raise UsageError(
            "there is no Java" if found is None else f"Java {found} is too old",
            where="QIANGJI_ENGINE",
            expected=f"Java {JAVA} or newer in JAVA_HOME or on the PATH, or QIANGJI_ENGINE=duckdb",
            do="Install it (Debian: openjdk-17-jre-headless).",
            zh=f"{'没有Java' if found is None else f'Java {found}过旧'}：Spark需要Java {JAVA}或更新版本，"
            "请安装（Debian：openjdk-17-jre-headless），或改用QIANGJI_ENGINE=duckdb。",
            code="engine_not_installed",
        )
    if settings.spark_master.startswith("spark://"):
        _require_answer(settings.spark_master)


def unreachable(what: str, master: str) -> TransientError:
    """The error of a master or of workers that do not do what they are asked."""
    return TransientError(
        what,
        where=f"QIANGJI_SPARK_MASTER {master}",
        expected="a Spark master that answers, with a worker that is free and sees QIANGJI_SPARK_FOLDER",
        do="Nothing was changed in the warehouse: start the cluster, then build again; or set QIANGJI_ENGINE=duckdb.",
        zh=f"Spark（{master}）没有完成计算：请确认主节点和工作节点在运行、看得到QIANGJI_SPARK_FOLDER，再重新计算；"
        "也可改用QIANGJI_ENGINE=duckdb。数据仓库未作任何改动。",
        code="engine_unreachable",
    )


def java_version() -> int | None:
    """The version of the Java that Spark will find; None without one."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not java or not Path(java).is_file():
        return None
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None


def _require_answer(master: str) -> None:
    """Raise TransientError unless one of the masters (`spark://host:port,host:port`) takes a connection."""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        if not host or not port.isdigit():
            raise UsageError(
                f"{master!r} is no master",
                where="QIANGJI_SPARK_MASTER",
                expected="spark://host:7077, local[4], or empty for the cores of QIANGJI_THREADS",
                zh="QIANGJI_SPARK_MASTER写法不对：应为spark://主机:7077、local[4]，或留空。",
                code="wrong_setting",
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
            return
        except OSError as e:
            problem = type(e).__name__
    raise unreachable(f"no master answers ({problem})", master)
