"""docker/helm-values.yaml: keys and kinds that the chart takes, and the same as the Compose file says."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

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


def is_environment(value: Any) -> bool:
    """A list of names, each with a text or a key of a Secret."""
    return isinstance(value, list) and all(
        isinstance(x["name"], str)
        and (
            isinstance(x.get("value"), str)
            or {"name", "key"} == x.get("valueFrom", {}).get("secretKeyRef", {}).keys()
        )
        for x in value
    )


KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda v: isinstance(v, str),
    "flag": lambda v: isinstance(v, bool),
    "number": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "words": lambda v: isinstance(v, list) and all(isinstance(x, str) for x in v),
    "limits": lambda v: (
        v.keys() == {"limits"}
        and v["limits"].keys() == {"cpu", "memory"}
        and bool(SIZE.fullmatch(str(v["limits"]["memory"])))
    ),
    "options": lambda v: all(
        option in airflow_options()[section] and isinstance(x, str | int)
        for section, options in v.items()
        for option, x in options.items()
    ),
    "environment": is_environment,
    "volumes": lambda v: all({"name", "persistentVolumeClaim"} == x.keys() for x in v),
    "mounts": lambda v: all(
        {"name", "mountPath"} <= x.keys() <= {"name", "mountPath", "subPath", "readOnly"} for x in v
    ),
}


def wrong(given: Any, taken: Any, where: str = "") -> Iterator[str]:
    """Keys that the chart does not have, and values of another kind."""
    if isinstance(taken, dict):
        for key, value in given.items():
            if key not in taken:
                yield f"{where}/{key}: the chart has no such key"
            else:
                yield from wrong(value, taken[key], f"{where}/{key}")
    elif isinstance(taken, list):
        if given not in taken:
            yield f"{where}: {given!r} is none of {taken}"
    elif not KINDS[taken](given):
        yield f"{where}: {given!r} is no {taken}"


def test_the_chart_takes_these_values() -> None:
    assert list(wrong(values(), CHART)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [("executor", "CelleryExecutor"), ("uid", "10001"), ("workers/replica", 1), ("triggerer/enabled", "no"),
     ("workers/resources/limits/memory", 1), ("config/core/dag_folder", "/x"), ("env", [{"name": "A", "value": 1}])],
)  # fmt: skip
def test_what_it_does_not_take_is_found(path: str, value: Any) -> None:
    broken = copy.deepcopy(values())
    *way, last = path.split("/")
    place = broken
    for step in way:
        place = place[step]
    place[last] = value
    assert list(wrong(broken, CHART))


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
