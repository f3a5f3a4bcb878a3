"""The DAGs as Airflow reads them: found, serialisable, light, and with the settings that the nights rely on."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qiangji.settings import PROJECT

DAGS = {"collect_nightly", "collect_period", "build_indicators", "watch_reporting", "send_letters"}
COLLECT = ["collect_nightly", "collect_period"]
HEAVY = {
    "pandas",
    "great_expectations",
    "duckdb",
    "pyarrow",
    "numpy",
    "openpyxl",
    "asyncssh",
    "psycopg",
    "alembic",
}
MAY_IMPORT_AIRFLOW = {"qiangji/airflow_glue/__init__.py", "qiangji/airflow_glue/web.py"}
POOLS = {"qiangji_pull", "qiangji_check", "qiangji_build", "default_pool"}


@pytest.fixture(scope="module")
def found(servers: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `describe.py` says, from a process with an empty AIRFLOW_HOME."""
    folder = tmp_path_factory.mktemp("an airflow home")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "QIANGJI_")) and name != "PYTHONDONTWRITEBYTECODE"
    } | {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(PROJECT / "plugins"),
        "QIANGJI_HOME": str(folder / "home"),
        "QIANGJI_WATCH_SCHEDULE": "15 9 * * *",
    }
    answer = folder / "found.json"
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe.py")), str(answer)],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert not (folder / "home").exists(), "reading a DAG must leave no trace"
    result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return result


@pytest.fixture(scope="module")
def dags(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The DAGs. That they are there comes first: a bag without DAGs has no errors either."""
    assert set(found["dags"]) == DAGS
    found_dags: dict[str, dict[str, Any]] = found["dags"]
    return found_dags


def test_all_are_found_and_nothing_is_wrong_with_them(
    found: dict[str, Any], dags: dict[str, dict[str, Any]]
) -> None:
    assert set(dags) == DAGS
    assert found["import_errors"] == {}
    assert found["warnings"] == {}, "such as a task in a pool that does not exist"


def test_a_file_is_read_without_importing_anything_heavy(found: dict[str, Any]) -> None:
    assert set(found["read"]) == {f"{dag}.py" for dag in DAGS}
    for name, one in found["read"].items():
        assert "qiangji" in one["imported"], f"{name} was read by a process that had seen the package before"
        assert not HEAVY & set(one["imported"]), name


def test_what_is_stored_of_a_dag_is_what_was_written(dags: dict[str, dict[str, Any]]) -> None:
    for name, dag in dags.items():
        assert dag["read_schedule"] == dag["schedule"], name
        assert dag["read_tasks"] == sorted(dag["tasks"]), name


def test_a_dag_that_is_switched_on_waits_for_its_next_time(dags: dict[str, dict[str, Any]]) -> None:
    """Airflow would run the time just passed as well: a demonstration in these hours would collect twice."""
    assert {name: dag["first_run"] for name, dag in dags.items() if dag["first_run"]} == {
        "collect_nightly": "2026-12-02 01:30:00+08:00",
        "collect_period": "2027-01-01 00:00:00+08:00",
        "watch_reporting": "2026-12-01 09:15:00+08:00",
        "send_letters": "2026-12-02 08:30:00+08:00",
    }


def test_schedules(dags: dict[str, dict[str, Any]]) -> None:
    nightly, period, build = (dags[n] for n in ("collect_nightly", "collect_period", "build_indicators"))
    assert (nightly["schedule"], nightly["partitioned_at_runtime"]) == ("NightlyPartition", True)
    assert nightly["next_run"] == "2026-11-25 01:30:00+08:00"
    assert period["schedule"] == "CronPartitionTimetable"
    assert period["next_run"] == "2026-12-01 00:00:00+08:00"
    assert period["partitions"] == {
        "a run of 2026-11-01": "2026-10",
        "a run of 2027-01-01": "2026-12",
        "backfill": "2026-07,2026-08,2026-09",
    }
    assert build["schedule"] == "PartitionedAssetTimetable"
    assert build["listens_to"] == ["qiangji_reports"], "one asset: with more a month would be built twice"
    assert dags["watch_reporting"]["next_run"] == "2026-11-25 09:15:00+08:00", "as the setting says"
    assert dags["send_letters"]["next_run"] == "2026-11-25 08:30:00+08:00"
    assert not any(dag["catchup"] for dag in dags.values())
    assert {name: dag["max_active_runs"] for name, dag in dags.items()} == {
        "collect_nightly": 1, "collect_period": 2, "build_indicators": 1, "watch_reporting": 1,
        "send_letters": 1,
    }  # fmt: skip


@pytest.mark.parametrize("name", COLLECT)
def test_a_collection_goes_on_without_a_county_and_ends_red(
    dags: dict[str, dict[str, Any]], name: str
) -> None:
    tasks = dags[name]["tasks"]
    assert {t: one["upstream"] for t, one in tasks.items()} == {
        "plan": [], "pull": ["plan"], "check": ["plan", "pull"], "announce": ["check"],
        "collect_again": ["announce", "plan"], "announce_again": ["collect_again"], "verdict": ["announce_again"],
    }  # fmt: skip
    assert {t: one["trigger_rule"] for t, one in tasks.items()} == {
        "plan": "all_success", "pull": "all_success", "check": "all_done", "announce": "all_done",
        "collect_again": "all_done", "announce_again": "all_done", "verdict": "all_done",
    }  # fmt: skip
    assert [t for t, one in tasks.items() if one["mapped"]] == ["pull", "check"]
    announcing = [t for t, one in tasks.items() if one["outlets"] == ["qiangji_reports"]]
    assert announcing == ["announce", "announce_again"], "never on a mapped task"
    assert tasks["verdict"]["retries"] == 0, "it would say the same again"


def test_feedback_goes_out_on_working_days_and_does_not_wait_for_what_is_logged(
    dags: dict[str, dict[str, Any]],
) -> None:
    tasks = dags["watch_reporting"]["tasks"]
    assert {t: one["upstream"] for t, one in tasks.items()} == {
        "working_day": [], "look": ["working_day"], "feedback": ["working_day"],
    }  # fmt: skip


def test_letters_go_out_on_working_days(dags: dict[str, dict[str, Any]]) -> None:
    tasks = dags["send_letters"]["tasks"]
    assert {t: one["upstream"] for t, one in tasks.items()} == {"working_day": [], "letters": ["working_day"]}


def test_counties_are_named_in_the_grid(dags: dict[str, dict[str, Any]]) -> None:
    for name in COLLECT:
        assert {t: one["map_index_template"] for t, one in dags[name]["tasks"].items() if one["mapped"]} == {
            "pull": "{{ names }}",
            "check": "{{ names }}",
        }


def test_only_what_may_pass_by_itself_is_tried_again(dags: dict[str, dict[str, Any]]) -> None:
    for dag in dags.values():
        for name, one in dag["tasks"].items():
            assert one["decisions"] == {
                "TransientError": "retry", "Busy": "retry", "PermanentError": "fail", "UsageError": "fail",
                "CatalogueError": "fail", "CollectError": "default", "RuntimeError": "default",
                "WarehouseError": "default", "LakeError": "default",  # tried again: a server that stopped, a full disk
            }, name  # fmt: skip
            assert one["retries"] == (0 if name == "verdict" else 2), name
            assert one["backoff"] > 1, "a multiplier: True would mean none"
            assert 0 < one["retry_delay"] <= one["max_retry_delay"]


def test_no_task_waits_for_ever_and_each_has_its_pool(dags: dict[str, dict[str, Any]]) -> None:
    pools = {(d, t): one["pool"] for d, dag in dags.items() for t, one in dag["tasks"].items()}
    assert set(pools.values()) <= POOLS
    assert {p for (_, t), p in pools.items() if t in ("pull", "collect_again")} == {"qiangji_pull"}
    assert {p for (_, t), p in pools.items() if t == "check"} == {"qiangji_check"}
    assert pools["build_indicators", "build"] == "qiangji_build"
    for dag in dags.values():
        for name, one in dag["tasks"].items():
            assert 0 < one["timeout"] <= 3600, name


def test_pages_show_names_in_chinese_beside_the_ids_that_commands_use(
    dags: dict[str, dict[str, Any]],
) -> None:
    assert {name: dag["shown"] for name, dag in dags.items()} == {
        "collect_nightly": "每日采集 collect_nightly", "collect_period": "补采报告月 collect_period",
        "build_indicators": "计算指标 build_indicators", "watch_reporting": "报送跟踪 watch_reporting",
        "send_letters": "发送信件 send_letters",
    }  # fmt: skip
    for name, dag in dags.items():
        assert dag["owner"] == "值班员 duty operator", name
        assert re.search(r"[一-鿿].*[a-z]", dag["description"]), name
        for task, one in dag["tasks"].items():
            assert re.fullmatch(rf"[一-鿿]+ {task}", one["shown"])
        for param in dag["texts"].values():
            assert re.search(r"[一-鿿].*[a-z]", param), name


def test_figures_are_an_asset_of_the_build(dags: dict[str, dict[str, Any]]) -> None:
    assert dags["build_indicators"]["tasks"]["build"]["outlets"] == ["qiangji_mart"]


def test_tags_words_and_parameters(dags: dict[str, dict[str, Any]]) -> None:
    for name, dag in dags.items():
        assert "qiangji" in dag["tags"], name
        assert dag["doc"].startswith("# "), name
        assert "Runbook: docs/runbooks/" in dag["doc"], name
    assert {n: list(d["params"]) for n, d in dags.items()} == {
        "collect_nightly": ["months"], "collect_period": ["period"], "build_indicators": ["period"],
        "watch_reporting": [], "send_letters": [],
    }  # fmt: skip


def test_a_dag_reads_like_a_table_of_contents() -> None:
    files = sorted((PROJECT / "dags").glob("*.py"))
    assert {f.stem for f in files} == DAGS
    for file in files:
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 60, file.name


def test_the_plugin_manager_loads_one_file_and_registers_the_timetable(found: dict[str, Any]) -> None:
    plugins = found["plugins"]
    assert plugins["errors"] == {}
    assert plugins["names"] == ["qiangji"]
    assert plugins["outside_the_package"] == ["airflow_local_settings", "qiangji_plugin"], (
        "a file of the package that runs as a plugin takes the name of its stem: `csv` would be the library's"
    )
    assert plugins["timetables"] == ["qiangji.airflow_glue.NightlyPartition"]


def test_airflow_is_imported_in_the_glue_and_nowhere_else_in_the_package() -> None:
    plugins = PROJECT / "plugins"
    importing = {str(f.relative_to(plugins)) for f in plugins.rglob("*.py") if "airflow" in _imports(f)}
    assert importing == MAY_IMPORT_AIRFLOW


def test_dags_import_airflow_and_the_glue_alone() -> None:
    for file in (PROJECT / "dags").glob("*.py"):
        assert _imports(file) <= {"airflow", "qiangji", "typing", "__future__"}, file.name


def _imports(file: Path) -> set[str]:
    """Top-level packages that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found
