"""docker/helm-values.yaml: keys and kinds that the chart takes, and the same as the Compose file says."""

from __future__ import annotations

import copy
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from qiangji.settings import PROJECT, Settings
from tests.unit.production.shape import compose, read, with_defaults
from tests.unit.production.test_compose import airflow_options

CHART = yaml.safe_load(Path(__file__).with_name("helm_chart.yaml").read_text(encoding="utf-8"))
SIZE = re.compile(r"\d+(Mi|Gi)")


def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read("docker/helm-values.yaml"))
    return found


def wrong(given: Any) -> list[str]:
    """Where values are none that the chart takes, and why."""
    validator = jsonschema.Draft7Validator(CHART)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(given)]


def test_the_chart_takes_these_values() -> None:
    jsonschema.Draft7Validator.check_schema(CHART)
    assert wrong(values()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [("executor", "celery"), ("uid", "10001"), ("workers/replica", 1), ("triggerer/enabled", "no"), ("airflow", {}),
     ("workers/resources/limits/memory", 1), ("workers/resources/limit", {"memory": "1Gi"}), ("airflowVersion", 3.3),
     ("config/core/dags_folder", ["/x"]), ("env", [{"name": "A", "value": 1}]), ("env", [{"name": "A"}]),
     ("images/airflow/pullPolicy", "Sometimes"), ("workers/env", [{"name": "A"}]), ("logs/persistence/claim", "x"),
     ("workers/env", [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x"}}}]), ("postgresql/enable", False),
     ("workers/extraVolumes", [{"persistentVolumeClaim": {"claimName": "x"}}]), ("statsd/enabled", None),
     ("workers/extraVolumeMounts", [{"name": "home"}]), ("securityContexts/container", {"privileged": True})],
)  # fmt: skip
def test_what_it_does_not_take_is_found(path: str, value: Any) -> None:
    broken = copy.deepcopy(values())
    *way, last = path.split("/")
    place = broken
    for step in way:
        place = place[step]
    place[last] = value
    assert wrong(broken)


def test_options_are_airflow_s_own() -> None:
    """The chart takes any section and option: what Airflow does not know it would ignore."""
    for section, options in values()["config"].items():
        assert set(options) <= airflow_options()[section], section


def test_every_part_has_limits_with_a_unit() -> None:
    parts = [part for part in values().values() if isinstance(part, dict)]
    found = [part["resources"]["limits"] for part in parts if "resources" in part]
    assert len(found) == len(
        ("redis", "migrateDatabaseJob", "workers", "scheduler", "dagProcessor", "apiServer")
    )
    for limits in found:
        assert limits.keys() == {"cpu", "memory"}
        assert SIZE.fullmatch(limits["memory"])


def test_no_account_of_the_chart_s_own_is_made() -> None:
    """Its job makes `admin` with the password `admin`, unless it is off."""
    assert values()["createUserJob"] == {"enabled": False}


def test_it_is_the_same_installation_as_with_compose() -> None:
    v, c = values(), compose()
    airflow = c["x-airflow-environment"]
    assert v["executor"] == airflow["AIRFLOW__CORE__EXECUTOR"]
    assert v["airflowHome"] == airflow["AIRFLOW_HOME"]
    assert v["images"]["airflow"]["tag"] == metadata.version("qiangji")
    assert v["airflowVersion"] == metadata.version("apache-airflow")
    uid = re.search(r"--uid (\d+)", read("Dockerfile"))
    assert uid
    assert v["uid"] == int(uid[1])
    for section, options in v["config"].items():
        for option, value in options.items():
            assert with_defaults(str(airflow[f"AIRFLOW__{section}__{option}".upper()])) == str(value), option
    own = {x["name"]: x["value"] for x in v["env"]}
    assert set(own) <= {f"QIANGJI_{f.upper()}" for f in Settings.model_fields}
    environment = c["x-qiangji-environment"] | c["x-record-environment"]
    assert own == {name: with_defaults(environment[name]) for name in own}
    assert (PROJECT / v["migrateDatabaseJob"]["args"][1].removeprefix("/opt/qiangji/")).is_file()


@pytest.mark.parametrize(
    ("part", "service"),
    [("workers", "worker"), ("scheduler", "scheduler"), ("apiServer", "api-server"), ("dagProcessor", "dag-processor")],
)  # fmt: skip
def test_limits_are_those_of_compose(part: str, service: str) -> None:
    limits = values()[part]["resources"]["limits"]
    other = compose()["services"][service]["deploy"]["resources"]["limits"]
    cores = limits["cpu"]
    cores = int(cores[:-1]) / 1000 if cores.endswith("m") else float(cores)
    assert cores == float(with_defaults(other["cpus"]))
    assert limits["memory"].removesuffix("i").lower() == with_defaults(other["memory"])


def test_no_secret_is_in_it() -> None:
    text = "\n".join(x for x in read("docker/helm-values.yaml").splitlines() if not x.startswith("#"))
    assert not re.search(r"://|password: |stringData", text)
    for x in [*values()["workers"]["env"], *values()["migrateDatabaseJob"]["env"]]:
        assert "value" not in x
