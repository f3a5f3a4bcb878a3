"""docker-compose.yml, Dockerfile and .env.example held against the Compose specification and against the project.

No container engine is needed: each check reads the files as data. For each one there is a broken variant of the
compose file that it must find something in.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
IN_IMAGE = "/opt/qiangji/"
ONE_SHOT = {"init"}
# programs of the images that are not built here, and of the base system
KNOWN_PROGRAMS = {"sh", "test", "python", "pg_isready", "redis-server", "redis-cli", "exec"}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN", re.IGNORECASE)
Compose = dict[str, Any]


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


@cache
def compose() -> Compose:
    return yaml.safe_load(read("docker-compose.yml"))


@cache
def examples() -> dict[str, str]:
    """Names and values of .env.example."""
    lines = [x for x in read(".env.example").splitlines() if x.strip() and not x.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def texts(node: Any) -> Iterator[str]:
    """Every string in a nested value."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def services(c: Compose) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from c["services"].items()


def commands(c: Compose) -> Iterator[tuple[str, list[str]]]:
    """Every command and health check as words, with its service; shell lines are split into their commands."""
    for name, service in services(c):
        for words in (service.get("command"), service.get("healthcheck", {}).get("test")):
            if not words:
                continue
            words = [str(w) for w in words]
            if words[0] == "CMD":
                words = words[1:]
            shell = words[1] if words[0] == "CMD-SHELL" else words[2] if words[:2] == ["sh", "-c"] else None
            if shell is None:
                yield name, words
                continue
            nested = re.findall(r"\$\$\(([^)]*)\)", shell)
            for part in [*re.split(r"&&|\|\||;", shell), *nested]:
                yield name, [w.strip("\"'") for w in part.split() if w != "exec"]


# ---- checks: each yields what is wrong


def against_the_specification(c: Compose) -> Iterator[str]:
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(c):
        yield f"{error.json_path}: {error.message[:200]}"


def images_are_pinned(c: Compose) -> Iterator[str]:
    for name, service in services(c):
        image = service.get("image", "")
        if not re.search(r":\d+\.\d+(\.\d+)?[\w.-]*(@sha256:[0-9a-f]{64})?$", image):
            yield f"{name}: image {image!r} is not pinned to a version"
        if "build" in service and image.rpartition(":")[2] != metadata.version("qiangji"):
            yield f"{name}: the image does not carry the package's version"


def everything_is_watched(c: Compose) -> Iterator[str]:
    for name, service in services(c):
        if name in ONE_SHOT:
            if service.get("restart") != "no":
                yield f"{name}: a job that ends must not be restarted"
            continue
        if service.get("restart") != "unless-stopped":
            yield f"{name}: is not restarted"
        if "test" not in service.get("healthcheck", {}):
            yield f"{name}: no health check"


def dependencies_can_be_met(c: Compose) -> Iterator[str]:
    for name, service in services(c):
        for other, how in service.get("depends_on", {}).items():
            known = c["services"].get(other)
            if known is None:
                yield f"{name}: depends on {other}, which there is not"
            elif how["condition"] == "service_healthy" and "healthcheck" not in known:
                yield f"{name}: waits for the health of {other}, which has no check"
            elif how["condition"] == "service_completed_successfully" and other not in ONE_SHOT:
                yield f"{name}: waits for the end of {other}"
            elif known.get("profiles") and known["profiles"] != service.get("profiles"):
                yield f"{name}: depends on {other} of another profile"


def variables_are_documented(c: Compose) -> Iterator[str]:
    used = {m[1] for text in texts(c) for m in VARIABLE.finditer(text)}
    for name in sorted(used - examples().keys()):
        yield f"{name} is used and not in .env.example"
    for name in sorted(examples().keys() - used):
        yield f"{name} is in .env.example and not used"


def defaults_agree(c: Compose) -> Iterator[str]:
    for text in texts(c):
        for m in VARIABLE.finditer(text):
            if m[2] == "-" and m[3] != examples().get(m[1], m[3]):
                yield f"{m[1]}: {m[3]!r} here, {examples()[m[1]]!r} in .env.example"


def no_secret_is_in_it(c: Compose) -> Iterator[str]:
    for name, service in services(c):
        for variable, value in service.get("environment", {}).items():
            value = str(value)
            if SECRET.search(variable) and not variable.endswith("_FILE") and not VARIABLE.fullmatch(value):
                yield f"{name}: {variable} holds a value of its own"
            if variable == "REDISCLI_AUTH" and not VARIABLE.fullmatch(value):
                yield f"{name}: {variable} holds a value of its own"
            for password in re.findall(r"://[^:/@\s]*:((?:\$\{[^}]*\}|[^@\s])+)@", value):
                if not VARIABLE.fullmatch(password):
                    yield f"{name}: {variable} holds a password"
            for m in VARIABLE.finditer(value):
                if SECRET.search(m[1]) and m[2] == "-" and m[3]:
                    yield f"{name}: {m[1]} has a default"


def settings_are_real(c: Compose) -> Iterator[str]:
    from qiangji.settings import Settings

    own = {f"QIANGJI_{field.upper()}" for field in Settings.model_fields}
    for name, service in services(c):
        for variable in service.get("environment", {}):
            is_role = variable.endswith("_PASSWORD") and variable in examples()
            if variable.startswith("QIANGJI_") and variable not in own and not is_role:
                yield f"{name}: {variable} is no setting"
            if variable.startswith("AIRFLOW__"):
                _, section, option = variable.split("__", 2)
                if option.lower() not in airflow_options().get(section.lower(), set()):
                    yield f"{name}: {variable} is no option of Airflow"


@cache
def airflow_options() -> dict[str, set[str]]:
    """Section -> options of the pinned Airflow, of its accounts, and of the Celery provider, which is not installed."""
    from airflow.providers.fab.get_provider_info import get_provider_info

    source = yaml.safe_load((resources.files("airflow") / "config_templates" / "config.yml").read_text())
    known = {section.lower(): {o.lower() for o in body["options"]} for section, body in source.items()}
    accounts = {section: set(body["options"]) for section, body in get_provider_info()["config"].items()}
    return known | accounts | {"celery": {"broker_url", "result_backend", "worker_concurrency"}}


def programs_are_known(c: Compose) -> Iterator[str]:
    """Every program is a console script of an installed package, or belongs to the image."""
    scripts = {e.name for e in metadata.entry_points(group="console_scripts")} | {"celery", "ln"}
    for name, words in commands(c):
        if words and words[0] not in scripts | KNOWN_PROGRAMS:
            yield f"{name}: no program {words[0]}"


def scripts_and_modules_exist(c: Compose) -> Iterator[str]:
    for name, words in commands(c):
        if words[:1] != ["python"]:
            continue
        if words[1] == "-m":
            if not (PROJECT / words[2] / "__main__.py").is_file():
                yield f"{name}: no module {words[2]}"
        elif not (PROJECT / words[1]).is_file():
            yield f"{name}: no script {words[1]}"


def airflow_commands_exist(c: Compose) -> Iterator[str]:
    from airflow.cli.cli_parser import AirflowHelpFormatter, get_parser

    assert callable(AirflowHelpFormatter)
    parser = get_parser()
    for name, words in commands(c):
        if words[0] != "airflow" or words[1] == "celery":  # the provider's commands; it is not installed here
            continue
        try:
            parser.parse_args(words[1:])
        except SystemExit:
            yield f"{name}: airflow does not know {' '.join(words[1:])}"


def options_of_our_scripts_exist(c: Compose) -> Iterator[str]:
    """Options given to docker/*.py and the simulator stand in their source."""
    for name, words in commands(c):
        if words[:1] != ["python"]:
            continue
        source = read(f"{words[2]}/__main__.py" if words[1] == "-m" else words[1])
        for option in (w for w in words if w.startswith("--")):
            if f'"{option}"' not in source:
                yield f"{name}: {words[1]} has no option {option}"


def paths_exist(c: Compose) -> Iterator[str]:
    """What is mounted from the checkout is there; what lies in the image was copied into it."""
    copied = {target for _, target in copies()}
    for name, service in services(c):
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./") and not (PROJECT / source).exists():
                yield f"{name}: {source} is mounted and not there"
            if not source.startswith((".", "$")) and source not in c["volumes"]:
                yield f"{name}: no volume {source}"
        for value in map(str, service.get("environment", {}).values()):
            if value.startswith(IN_IMAGE) and value.removeprefix(IN_IMAGE).split("/")[0] not in copied:
                yield f"{name}: {value} is not in the image"
    mounted = {m.split(":")[0] for _, s in services(c) for m in s.get("volumes", [])}
    for volume in c["volumes"]:
        if volume not in mounted:
            yield f"volume {volume} is mounted nowhere"


def state_survives(c: Compose) -> Iterator[str]:
    """With a read-only file system every folder that is written to is a volume or a tmpfs."""
    for name, service in services(c):
        writable = [m.split(":")[1] for m in service.get("volumes", []) if not m.endswith(":ro")]
        writable += [m.split(":")[0] for m in service.get("tmpfs", [])]
        if not service.get("read_only"):
            if "build" in service:
                yield f"{name}: the file system is writable"
            continue
        variables = service.get("environment", {})
        wanted = {variables[v] for v in ("AIRFLOW_HOME", "QIANGJI_HOME") if v in variables}
        shown = [m.split(":")[1] for m in service.get("volumes", []) if m.endswith(":ro")]
        for folder in wanted:
            if folder not in writable and not any(m.startswith(f"{folder}/") for m in shown):
                yield f"{name}: {folder} cannot be written"


def least_is_open(c: Compose) -> Iterator[str]:
    """No privileges, nothing published beyond what the comments say, databases out of reach from outside."""
    for name, service in services(c):
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: may gain privileges"
        if service.get("privileged") or service.get("network_mode") == "host":
            yield f"{name}: is not confined"
        if "build" in service and service.get("cap_drop") != ["ALL"]:
            yield f"{name}: keeps capabilities"
        for port in service.get("ports", []):
            if name not in ("api-server", "sftp") or not re.match(
                r"\$\{\w+_BIND:-127\.0\.0\.1\}:", str(port)
            ):
                yield f"{name}: {port} is published"
        if name in ("postgres", "redis") and service.get("networks") != ["data"]:
            yield f"{name}: can be reached from outside"
        if name == "api-server" and any(m.split(":")[0] == "home" for m in service.get("volumes", [])):
            yield f"{name}: has no business in the lake"
        if "QIANGJI_WAREHOUSE_URL" in service.get("environment", {}) and name not in ("init", "worker"):
            yield f"{name}: has no business in the warehouse"
    if not c["networks"]["data"].get("internal"):
        yield "the network of the databases is not internal"


def airflow_is_the_one_that_is_tested(c: Compose) -> Iterator[str]:
    """Accounts, drivers and time zone are those of the local Airflow, whose pages the tests ask."""
    from qiangji.local import accounts

    wanted = {
        "CORE__AUTH_MANAGER": accounts.AUTH_MANAGER,
        "CORE__DEFAULT_TIMEZONE": "${QIANGJI_TIMEZONE:-Asia/Shanghai}",
        "DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2:",
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": "postgresql+psycopg:",
        "FAB__UPDATE_FAB_PERMS": "False",
    }
    for name, service in services(c):
        variables = service.get("environment", {})
        for option, start in wanted.items() if "AIRFLOW_HOME" in variables else ():
            if not str(variables.get(f"AIRFLOW__{option}")).startswith(start):
                yield f"{name}: AIRFLOW__{option} is not {start}"


def pages_work_behind_a_proxy(c: Compose) -> Iterator[str]:
    """Beneath a path everything is asked with it; who hands X-Forwarded-* on is believed, where it is named."""
    path = "${AIRFLOW_BASE_PATH:-}"
    for name, service in services(c):
        variables = service.get("environment", {})
        if "AIRFLOW_HOME" in variables:
            if not str(variables["AIRFLOW__API__BASE_URL"]).endswith(path):
                yield f"{name}: the pages' address lacks {path}"
            if f":8080{path}/execution/" not in str(variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]):
                yield f"{name}: tasks report to an address without {path}"
    server = c["services"]["api-server"]
    if f":8080{path}/api/" not in str(server["healthcheck"]["test"]):
        yield f"api-server: its health is asked without {path}"
    if "--proxy-headers" not in server["command"] or "FORWARDED_ALLOW_IPS" not in server["environment"]:
        yield "api-server: behind a proxy with TLS its cookie goes over plain HTTP, too"


def workbooks_go_back(c: Compose) -> Iterator[str]:
    """A county that delivers into a folder finds there what was returned."""
    for name in ("worker", "sftp"):
        if not any(m.endswith(":/srv/incoming") for m in c["services"][name]["volumes"]):
            yield f"{name}: cannot write into the counties' folders"


CHECKS: list[Callable[[Compose], Iterator[str]]] = [
    against_the_specification, images_are_pinned, everything_is_watched, dependencies_can_be_met,
    variables_are_documented, defaults_agree, no_secret_is_in_it, settings_are_real, programs_are_known,
    scripts_and_modules_exist, airflow_commands_exist, options_of_our_scripts_exist, paths_exist, state_survives,
    least_is_open, airflow_is_the_one_that_is_tested, pages_work_behind_a_proxy, workbooks_go_back,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_the_compose_file_holds(check: Callable[[Compose], Iterator[str]]) -> None:
    assert list(check(compose())) == []


def _at(c: Compose, path: str) -> tuple[Any, str]:
    *way, last = path.split("/")
    for step in way:
        c = c[step]
    return c, last


BROKEN = [
    (against_the_specification, "services/worker/comand", ["airflow"]),
    (against_the_specification, "services/postgres/healthcheck/intervall", "10s"),
    (images_are_pinned, "services/postgres/image", "postgres:latest"),
    (images_are_pinned, "services/redis/image", "redis"),
    (images_are_pinned, "services/worker/image", "qiangji:9.9.9"),
    (everything_is_watched, "services/redis/healthcheck", {}),
    (everything_is_watched, "services/worker/restart", "no"),
    (everything_is_watched, "services/init/restart", "always"),
    (dependencies_can_be_met, "services/worker/depends_on", {"reddis": {"condition": "service_healthy"}}),
    (dependencies_can_be_met, "services/worker/depends_on", {"init": {"condition": "service_healthy"}}),
    (dependencies_can_be_met, "services/worker/depends_on", {"simulator": {"condition": "service_healthy"}}),
    (variables_are_documented, "services/worker/environment/TZ", "${TIME_ZONE}"),
    (variables_are_documented, "services/sftp/ports", []),
    (defaults_agree, "services/worker/environment/QIANGJI_WINDOW_MONTHS", "${QIANGJI_WINDOW_MONTHS:-12}"),
    (no_secret_is_in_it, "services/postgres/environment/POSTGRES_PASSWORD", "hunter2"),
    (no_secret_is_in_it, "services/postgres/environment/POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:-hunter2}"),
    (no_secret_is_in_it, "services/redis/environment/REDISCLI_AUTH", "hunter2"),
    (no_secret_is_in_it, "services/worker/environment/QIANGJI_WAREHOUSE_URL", "postgresql://a:hunter2@postgres/b"),
    (settings_are_real, "services/worker/environment/QIANGJI_WINDOW_MONTH", "13"),
    (settings_are_real, "services/worker/environment/AIRFLOW__CORE__EXECUTER", "CeleryExecutor"),
    (settings_are_real, "services/worker/environment/AIRFLOW__FAB__UPDATE_PERMS", "False"),
    (airflow_is_the_one_that_is_tested, "services/api-server/environment/AIRFLOW__CORE__AUTH_MANAGER", "Simple"),
    (airflow_is_the_one_that_is_tested, "services/worker/environment/AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
     "postgresql+psycopg://airflow"),
    (pages_work_behind_a_proxy, "services/api-server/command", ["airflow", "api-server"]),
    (pages_work_behind_a_proxy, "services/api-server/healthcheck/test", ["CMD", "http://127.0.0.1:8080/api/v2/x"]),
    (pages_work_behind_a_proxy, "services/scheduler/environment/AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
     "http://api-server:8080/execution/"),
    (pages_work_behind_a_proxy, "services/worker/environment/AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080"),
    (workbooks_go_back, "services/worker/volumes", ["incoming:/srv/incoming:ro"]),
    (programs_are_known, "services/scheduler/command", ["airfow", "scheduler"]),
    (programs_are_known, "services/simulator/command", ["sh", "-c", "true && pythn -m simulator"]),
    (scripts_and_modules_exist, "services/init/command", ["python", "docker/prepair.py"]),
    (scripts_and_modules_exist, "services/simulator/command", ["sh", "-c", "exec python -m simulatr serve"]),
    (airflow_commands_exist, "services/api-server/command", ["airflow", "webserver"]),
    (airflow_commands_exist, "services/scheduler/command", ["airflow", "scheduler", "--skip-logs"]),
    (options_of_our_scripts_exist, "services/sftp/command", ["python", "docker/sftp_server.py", "--dir", "/x"]),
    (paths_exist, "services/postgres/volumes", ["postgres:/x", "./docker/postgres/role.sql:/y:ro"]),
    (paths_exist, "services/worker/volumes", ["hom:/var/lib/qiangji"]),
    (paths_exist, "services/worker/environment/AIRFLOW__CORE__DAGS_FOLDER", "/opt/qiangji/dag"),
    (paths_exist, "volumes/left_over", {}),
    (state_survives, "services/worker/read_only", False),
    (state_survives, "services/worker/volumes", ["home:/var/lib/qiangji:ro"]),
    (state_survives, "services/api-server/tmpfs", ["/tmp"]),
    (least_is_open, "services/postgres/ports", ["5432:5432"]),
    (least_is_open, "services/api-server/volumes", ["home:/var/lib/qiangji:ro"]),
    (least_is_open, "services/api-server/ports", ["8080:8080"]),
    (least_is_open, "services/redis/networks", ["outside", "data"]),
    (least_is_open, "services/worker/cap_drop", []),
    (least_is_open, "services/worker/privileged", True),
    (least_is_open, "services/postgres/security_opt", []),
    (least_is_open, "networks/data/internal", False),
    (least_is_open, "services/api-server/environment/QIANGJI_WAREHOUSE_URL", "${QIANGJI_OWNER_PASSWORD}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "path", "value"), BROKEN, ids=lambda x: getattr(x, "__name__", str(x))[:60]
)
def test_each_check_finds_what_is_broken(
    check: Callable[[Compose], Iterator[str]], path: str, value: object
) -> None:
    broken = copy.deepcopy(compose())
    place, key = _at(broken, path)
    place[key] = value
    assert list(check(broken))


def test_every_check_was_seen_to_fail() -> None:
    assert {check for check, _, _ in BROKEN} == set(CHECKS)


# ---- Dockerfile


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [(a, b) for line in joined.splitlines() if line.strip() for a, _, b in [line.partition(" ")]]


@cache
def copies() -> list[tuple[str, str]]:
    """What is copied from the checkout: (source, its first folder or name in the image)."""
    found = []
    for what, rest in instructions(read("Dockerfile")):
        if what == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            found += [(source, source) for source in sources]
    return found


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    assert copies()
    for source, _ in copies():
        assert (PROJECT / source).exists(), source
        assert source in allowed, source
    assert read(".dockerignore").splitlines()[1] == "*", "only what is named gets into the image"


def test_the_image_has_what_the_settings_default_to() -> None:
    copied = {target for _, target in copies()}
    assert {"plugins", "dags", "catalogue", "expectations", "sql"} <= copied


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    found = instructions(read("Dockerfile"))
    for base in (rest for what, rest in found if what == "FROM"):
        assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?( AS \w+)?", base)
    users = [rest for what, rest in found if what == "USER"]
    assert users == ["qiangji"]
    assert found.index(("USER", "qiangji")) > max(
        i for i, (what, _) in enumerate(found) if what in ("RUN", "COPY")
    )
    assert "--require-hashes" in read("Dockerfile")
    assert not [rest for what, rest in found if what in ("ENV", "ARG") and SECRET.search(rest)]


def test_what_tmpfs_belongs_to_is_the_user_of_the_image() -> None:
    uid = re.search(r"--uid (\d+)", read("Dockerfile"))
    assert uid
    mounts = {m for _, s in services(compose()) for m in s.get("tmpfs", []) if "uid=" in m}
    assert mounts
    assert all(f"uid={uid[1]}," in m for m in mounts)


def test_volumes_of_the_user_are_made_in_the_image() -> None:
    """A named volume takes its owner from the image's folder; one that is not there would belong to root."""
    made = re.search(r"install -d [^&]*", run_lines())
    assert made
    for name, service in services(compose()):
        for mount in service.get("volumes", []):
            source, target = re.sub(r"\$\{[^}]*\}", "./", mount).split(":")[:2]
            if "build" in service and not source.startswith("."):
                assert target in made[0], f"{name}: {target}"


def run_lines() -> str:
    return " && ".join(rest for what, rest in instructions(read("Dockerfile")) if what == "RUN") + " &&"


# ---- locks and examples


def locked(path: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"(?m)^([a-z0-9-]+)==([^ ;\\]+)", read(path)):
        found.setdefault(name, set()).add(version)
    return found


def test_production_runs_the_versions_that_are_tested() -> None:
    tested, production = locked("requirements.lock"), locked("requirements-production.lock")
    assert {name: production.get(name) for name in tested} == tested
    assert {"apache-airflow-providers-celery", "celery", "redis"} <= production.keys()
    assert read("requirements-production.lock").count("--hash=sha256:") >= len(production)


def test_examples_hold_no_secret() -> None:
    for name, value in examples().items():
        if SECRET.search(name):
            assert value in ("", "change-me"), name


def test_git_does_not_take_the_real_one() -> None:
    assert ".env" in read(".gitignore").splitlines()
