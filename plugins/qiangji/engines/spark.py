"""Spark: the models on this machine's cores or on a cluster.

In: Arrow tables, written as Parquet into a folder that workers see at the same path, and read by them. Out: result
rows, as Arrow. Only SQL runs on the workers: they need Java and Spark, no Python and no package of the project. What
is the cluster's own business (memory, encryption, authentication) stands in Spark's `spark-defaults.conf`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from qiangji.engines import does_not_fit, filled, place_of
from qiangji.engines import spark_ready as ready

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from qiangji.settings import Settings

ROWS = 1 << 17
"""Rows of a group in a file: workers share a file by its groups."""
KEPT_SECONDS = 2 * 86_400
"""After which a folder is removed that a build left which was killed."""
WAITED_SECONDS = 60
"""How long is waited for the first worker of a cluster."""
_TYPES = {
    pa.string(): "string", pa.int64(): "bigint", pa.int32(): "int", pa.bool_(): "boolean", pa.date32(): "date",
}  # fmt: skip
_SAME = {
    "spark.sql.ansi.enabled": "true",  # a sum that does not fit is an error
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a share's product keeps its sixteen decimals
}
"""What makes Spark's rows the same as those of every engine."""
_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "false",
}
"""An error's text holds the value that caused it, which may be a person's number: it is kept nowhere."""
_LOG = """\
rootLogger.level = off
rootLogger.appenderRef.err.ref = err
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
logger.deploy.name = org.apache.spark.deploy
logger.deploy.level = error
logger.shell.name = org.apache.spark.api.python.PythonGatewayServer
logger.shell.level = off
"""


class Spark:
    """A session, the only one of its process. Its inputs lie in a folder, which goes when it is closed."""

    at_once = 1

    def __init__(self, settings: Settings) -> None:
        self._models = settings.sql / "models"
        self._master = settings.spark_master or f"local[{settings.threads}]"
        self._folder = _folder(settings.spark_folder or settings.home / "spark")
        self._files: dict[str, Path] = {}
        self._written = 0
        try:
            self._session = _session(self._master, self._folder)
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    @contextmanager
    def beside(self) -> Iterator[Spark]:
        """Itself: it spreads each query over all cores."""
        yield self

    def register(self, name: str, rows: pa.Table) -> None:
        import pyarrow.parquet as pq

        self._written += 1
        path = self._folder / f"{self._written}-{name}.parquet"  # never twice: Spark remembers what it read
        pq.write_table(rows, path, row_group_size=ROWS, store_schema=False)
        with self._asking(f"view {name}"):
            read = self._session.read.schema(_columns(rows.schema)).parquet(
                f"file://{path}"
            )  # as it is: no percent signs
            read.createOrReplaceTempView(name)
        if (before := self._files.pop(name, None)) is not None:
            before.unlink()
        self._files[name] = path

    def view(self, name: str, model: str, **columns: str) -> None:
        text = filled(self._models, model, columns)
        with self._asking(place_of(model)):
            self._session.sql(text).createOrReplaceTempView(name)

    def run(self, model: str, **columns: str) -> pa.Table:
        text = filled(self._models, model, columns)
        with self._asking(place_of(model)):
            rows = self._session.sql(text).toArrow()
        return pa.table(rows.columns, names=rows.column_names)

    def close(self) -> None:
        try:
            self._session.stop()
        finally:
            shutil.rmtree(self._folder)

    @contextmanager
    def _asking(self, where: str) -> Iterator[None]:
        """Spark's errors as ours, without their cause: its text may hold the value of a cell."""
        from py4j.protocol import Py4JError
        from pyspark.errors import AnalysisException, ArithmeticException, ParseException, PySparkException

        try:
            yield
        except ArithmeticException as e:
            raise does_not_fit(e, where) from None
        except (AnalysisException, ParseException):
            raise  # the text of a model is wrong: that holds no value
        except (PySparkException, Py4JError, OSError) as e:
            raise ready.unreachable(f"{type(e).__name__} in {where}", self._master) from None


def _folder(parent: Path) -> Path:
    """A new folder for one session; those that killed builds left are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("session-*"):
        if time.time() - left.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix="session-", dir=parent.resolve()))
    folder.chmod(0o750)  # workers may be another user of the group
    return folder


def _session(master: str, folder: Path) -> SparkSession:
    """A session on a master. Raises TransientError where it does not answer, or has no worker for it."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.logger import PySparkLogger
    from pyspark.sql import SparkSession

    # it asks for an older pandas, which is not used here
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True  # they tell errors with the value that caused them
    if SparkSession.getActiveSession() is not None:
        raise RuntimeError("a session is open in this process, and Spark has one in each")
    builder = SparkSession.builder.master(master).appName("qiangji")
    for name, value in _options(master, folder).items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, OSError) as e:
        raise ready.unreachable(type(e).__name__, master) from None
    if not _is_local(master):
        _wait_for_workers(session, master)
    session.conf.set("spark.sql.shuffle.partitions", str(max(2, session.sparkContext.defaultParallelism)))
    return session


def _is_local(master: str) -> bool:
    """Whether it is this process that computes."""
    return master == "local" or master.startswith("local[")


def _options(master: str, folder: Path) -> dict[str, str]:
    log = folder / "log4j2.properties"
    log.write_text(_LOG, encoding="utf-8")
    options = {**_SAME, **_QUIET, "spark.sql.warehouse.dir": str(folder / "warehouse")}
    for who in ("driver", "executor"):
        options[f"spark.{who}.defaultJavaOptions"] = f"-Dlog4j2.configurationFile={log.as_uri()}"
    if _is_local(master):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return options


def _wait_for_workers(session: SparkSession, master: str) -> None:
    """Return once a worker runs for the session: without one, what it is asked would wait for ever."""
    tracker = session.sparkContext._jsc.sc().statusTracker()
    until = time.monotonic() + WAITED_SECONDS
    while len(tracker.getExecutorInfos()) < 2:  # the driver is one
        if time.monotonic() > until:
            session.stop()
            raise ready.unreachable(f"no worker came within {WAITED_SECONDS} s", master)
        time.sleep(0.1)


def _columns(schema: pa.Schema) -> str:
    """The columns of a file, as Spark names their types."""
    return ", ".join(f"`{field.name}` {_type(field.type)}" for field in schema)


def _type(type_: pa.DataType) -> str:
    return f"decimal({type_.precision},{type_.scale})" if pa.types.is_decimal(type_) else _TYPES[type_]
