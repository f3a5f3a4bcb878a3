"""docker-compose.yml and .env.example held against the Compose specification and against the project, as data.

For each check there is a broken variant of the compose file that it must find something in.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from importlib import metadata, resources
from typing import Any

import jsonschema
import pytest

from qiangji.settings import PROJECT
from tests.unit.production.shape import (
    FILLED_IN,
    SECRET,
    VARIABLE,
    Compose,
    airflow_options,
    bi,
    commands,
    compose,
    copies,
    docker_module,
    examples,
    mounts,
    read,
    services,
    texts,
    with_defaults,
)  # fmt: skip

IN_IMAGE = "/opt/qiangji/"
ONE_SHOT = {"check", "init", "dashboards"}
MADE = {"./sftp-keys"}
"""Made by whoever runs it."""
MACHINE = (4.0, 8 * 2**30)
"""Cores and bytes of the machine that the Compose file names."""
BESIDE = {"bi": (1.0, 2**30)}
"""Profile -> what it takes beside that machine, as its first lines say."""
# programs of the images that are not built here, and of the base system
KNOWN_PROGRAMS = {"sh", "test", "python", "pg_isready", "redis-server", "redis-cli", "cat", "export"}


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
    used = {m[1] for text in texts([c, bi()]) for m in VARIABLE.finditer(text)}
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
    """Neither a value nor a variable that would bring one: what has to be secret is filled in in the container."""
    for text in texts(c):
        for m in VARIABLE.finditer(text):
            if SECRET.search(m[1]) and m[1] != "SECRETS_DIR":
                yield f"{m[1]}: a container's description would hold it"
    for name, service in services(c):
        for variable, value in service.get("environment", {}).items():
            value = str(value)
            is_secret = SECRET.search(variable) and not variable.endswith("_FILE")
            if (is_secret or variable == "REDISCLI_AUTH") and not FILLED_IN.fullmatch(value):
                yield f"{name}: {variable} holds a value of its own"
            for password in re.findall(r"://[^:/@\s]*:((?:\$\{[^}]*\}|[^@\s])+)@", value):
                if not FILLED_IN.fullmatch(password):
                    yield f"{name}: {variable} holds a password"


def secrets_reach_those_who_use_them(c: Compose) -> Iterator[str]:
    """Each is a file of make_secrets.py, is looked at by `check`, and is in no container that has no use for it."""
    made = {s.name for s in docker_module("make_secrets").SECRETS}
    if c["secrets"].keys() != made:
        yield f"not those that are made: {sorted(c['secrets'].keys() ^ made)}"
    for secret, how in c["secrets"].items():
        if how != {"file": f"${{SECRETS_DIR:-./secrets}}/{secret}"}:
            yield f"{secret}: is not a file of the folder"
    if made - set(c["services"]["check"]["secrets"]):
        yield "check: does not look at all of them"
    for name, service in services(c):
        handed = set(service.get("secrets", []))
        named = set(FILLED_IN.findall(" ".join(texts(service.get("environment", {})))))
        for secret in named - handed:
            yield f"{name}: has no {secret}"
        read_as_files = " ".join(texts([service.get(k) for k in ("environment", "command", "healthcheck")]))
        read_as_files += read("docker/postgres/roles.sql") if name == "postgres" else ""
        for secret in handed - named:
            if name != "check" and f"/{secret}" not in read_as_files:
                yield f"{name}: has no use for {secret}"


def limits_fit_the_machine(c: Compose) -> Iterator[str]:
    """What runs at the same time takes no more than the machine that the first lines name."""
    cores, size = MACHINE
    known = {name: s.get("deploy", {}).get("resources", {}).get("limits", {}) for name, s in services(c)}
    for name, limits in known.items():
        if limits.keys() != {"cpus", "memory", "pids"}:
            yield f"{name}: has not all limits"
            return
    always = {name for name, s in services(c) if name not in ONE_SHOT and not s.get("profiles")}
    for profile in ("sftp", "demo", "bi"):
        more_cores, more_size = BESIDE.get(profile, (0.0, 0))
        more = {name for name, s in services(c) if s.get("profiles") == [profile]}
        taken = [known[n] for n in (always | more) - ONE_SHOT]
        yield from beyond(f"with {profile}", taken, cores + more_cores, size + more_size)
    for name in ONE_SHOT:
        yield from beyond(name, [known[n] for n in (name, "postgres", "redis")], cores, size)


def beyond(what: str, limits: list[dict[str, Any]], cores: float, size: int) -> Iterator[str]:
    """Whether they add up to more."""
    units = {"m": 2**20, "g": 2**30}
    memory = [with_defaults(str(x["memory"])) for x in limits]
    if sum(int(m[:-1]) * units[m[-1]] for m in memory) > size:
        yield f"{what}: more memory than the machine has"
    if sum(float(with_defaults(str(x["cpus"]))) for x in limits) > cores + 1e-9:
        yield f"{what}: more cores than the machine has"


def nothing_starts_before_the_check(c: Compose) -> Iterator[str]:
    def comes_after(name: str) -> bool:
        on = c["services"][name].get("depends_on", {})
        done = {"condition": "service_completed_successfully"}
        return on.get("check") == done or any(comes_after(other) for other in on)

    for name in c["services"]:
        if name != "check" and not comes_after(name):
            yield f"{name}: starts whatever check says"


def the_catalogue_is_a_mount(c: Compose) -> Iterator[str]:
    """Whoever reads it sees the host's, read-only; all of them the same."""
    for name, service in services(c):
        seen = {target.removeprefix(IN_IMAGE) for _, target, only in mounts(service) if only}
        if name in ("check", "init", "api-server", "worker") and not {"catalogue", "expectations"} <= seen:
            yield f"{name}: has the image's catalogue"


def pages_have_the_settings_of_the_nights(c: Compose) -> Iterator[str]:
    """The board's morning asks when a night was due, as `qiangji today` in the worker does."""
    environments = {name: service.get("environment", {}) for name, service in services(c)}
    own = ("QIANGJI_BACKUP", "QIANGJI_WAREHOUSE_URL")
    for variable, value in environments["worker"].items():
        is_of_both = variable.startswith("QIANGJI_") and variable not in own
        if is_of_both and environments["api-server"].get(variable) != value:
            yield f"api-server: {variable} is not the worker's"


def the_board_knows_what_is_simulated(c: Compose) -> Iterator[str]:
    pages, systems = c["services"]["api-server"], c["services"]["simulator"]
    if not any(m[:2] == ("simulated", "/var/lib/qiangji/simulator") for m in mounts(pages)):
        yield "api-server: its board shows simulated figures as if they were true"
    is_there = any(m[:2] == ("simulated", "/var/lib/simulated") for m in mounts(systems))
    if not is_there or "touch /var/lib/simulated/" not in str(systems["command"]):
        yield "simulator: leaves nothing where the board looks"


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


def programs_are_known(c: Compose) -> Iterator[str]:
    """Every program is a console script of an installed package, or belongs to the image."""
    scripts = {e.name for e in metadata.entry_points(group="console_scripts")} | {"celery", "ln", "touch"}
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
        for source, _, _ in mounts(service):
            if source.startswith("./") and source not in MADE and not (PROJECT / source).exists():
                yield f"{name}: {source} is mounted and not there"
            if not source.startswith(".") and source not in c["volumes"]:
                yield f"{name}: no volume {source}"
        for value in map(str, service.get("environment", {}).values()):
            if value.startswith(IN_IMAGE) and value.removeprefix(IN_IMAGE).split("/")[0] not in copied:
                yield f"{name}: {value} is not in the image"
    mounted = {source for _, s in services(c) for source, _, _ in mounts(s)}
    for volume in c["volumes"]:
        if volume not in mounted:
            yield f"volume {volume} is mounted nowhere"


def state_survives(c: Compose) -> Iterator[str]:
    """With a read-only file system every folder that is written to is a volume or a tmpfs."""
    for name, service in services(c):
        writable = [target for _, target, only in mounts(service) if not only]
        writable += [m.split(":")[0] for m in service.get("tmpfs", [])]
        if not service.get("read_only"):
            if "build" in service:
                yield f"{name}: the file system is writable"
            continue
        variables = service.get("environment", {})
        wanted = {variables[v] for v in ("AIRFLOW_HOME", "QIANGJI_HOME") if v in variables}
        wanted -= {variables.get("QIANGJI_HOME")} if name == "backup" else set()  # which reads it alone
        wanted |= {variables["QIANGJI_BACKUP"]} if name == "backup" else set()
        shown = [target for _, target, only in mounts(service) if only]
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
            if name not in ("api-server", "sftp", "superset") or not re.match(
                r"\$\{\w+_BIND:-127\.0\.0\.1\}:", str(port)
            ):
                yield f"{name}: {port} is published"
        if name in ("postgres", "redis") and service.get("networks") != ["data"]:
            yield f"{name}: can be reached from outside"
        if name == "api-server" and any(m[0] == "home" for m in mounts(service)):
            yield f"{name}: has no business in the lake"
        if "QIANGJI_WAREHOUSE_URL" in service.get("environment", {}) and name not in (
            "init",
            "worker",
            "backup",
        ):
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
        for option, start in wanted.items() if "AIRFLOW__CORE__EXECUTOR" in variables else ():
            if not str(variables.get(f"AIRFLOW__{option}")).startswith(start):
                yield f"{name}: AIRFLOW__{option} is not {start}"


def pages_work_behind_a_proxy(c: Compose) -> Iterator[str]:
    """Beneath a path everything is asked with it; who hands X-Forwarded-* on is believed, where it is named."""
    path = "${AIRFLOW_BASE_PATH:-}"
    for name, service in services(c):
        variables = service.get("environment", {})
        if "AIRFLOW__CORE__EXECUTOR" in variables:
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
        if not any(m[1:] == ("/srv/incoming", False) for m in mounts(c["services"][name])):
            yield f"{name}: cannot write into the counties' folders"


CHECKS: list[Callable[[Compose], Iterator[str]]] = [
    against_the_specification, images_are_pinned, everything_is_watched, dependencies_can_be_met,
    variables_are_documented, defaults_agree, no_secret_is_in_it, settings_are_real,
    pages_have_the_settings_of_the_nights, the_board_knows_what_is_simulated, programs_are_known,
    scripts_and_modules_exist, airflow_commands_exist, options_of_our_scripts_exist, paths_exist, state_survives,
    least_is_open, secrets_reach_those_who_use_them, limits_fit_the_machine, nothing_starts_before_the_check,
    the_catalogue_is_a_mount, airflow_is_the_one_that_is_tested, pages_work_behind_a_proxy, workbooks_go_back,
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
    (no_secret_is_in_it, "services/postgres/environment/POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}"),
    (no_secret_is_in_it, "services/sftp/command", ["sftp", "${REDIS_PASSWORD}"]),
    (secrets_reach_those_who_use_them, "services/scheduler/secrets", ["redis_password"]),
    (secrets_reach_those_who_use_them, "services/sftp/secrets", ["redis_password"]),
    (secrets_reach_those_who_use_them, "services/check/secrets", ["redis_password"]),
    (secrets_reach_those_who_use_them, "secrets/redis_password/file", "/etc/passwd"),
    (secrets_reach_those_who_use_them, "secrets/another", {"file": "./secrets/another"}),
    (limits_fit_the_machine, "services/sftp/deploy", {}),
    (limits_fit_the_machine, "services/worker/deploy/resources/limits", {"cpus": "1.0", "memory": "1g"}),
    (limits_fit_the_machine, "services/worker/deploy/resources/limits/memory", "${WORKER_MEMORY:-4g}"),
    (limits_fit_the_machine, "services/init/deploy/resources/limits/memory", "7g"),
    (limits_fit_the_machine, "services/simulator/deploy/resources/limits/cpus", "1.0"),
    (nothing_starts_before_the_check, "services/sftp/depends_on", {}),
    (nothing_starts_before_the_check, "services/redis/depends_on", {"check": {"condition": "service_started"}}),
    (the_catalogue_is_a_mount, "services/worker/volumes", ["home:/var/lib/qiangji"]),
    (no_secret_is_in_it, "services/redis/environment", {"REDISCLI_AUTH": "hunter2"}),
    (no_secret_is_in_it, "services/worker/environment/QIANGJI_WAREHOUSE_URL", "postgresql://a:x1@b/c"),
    (settings_are_real, "services/worker/environment/QIANGJI_WINDOW_MONTH", "13"),
    (settings_are_real, "services/worker/environment/AIRFLOW__CORE__EXECUTER", "CeleryExecutor"),
    (settings_are_real, "services/worker/environment/AIRFLOW__FAB__UPDATE_PERMS", "False"),
    (pages_have_the_settings_of_the_nights, "services/api-server/environment/QIANGJI_NIGHTLY_SCHEDULE", "30 1 * * *"),
    (the_board_knows_what_is_simulated, "services/api-server/volumes", ["feedback:/var/lib/qiangji/feedback:ro"]),
    (the_board_knows_what_is_simulated, "services/simulator/command", ["python", "-m", "simulator"]),
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
    (least_is_open, "services/superset/ports", ["0.0.0.0:8088:8088"]),
    (limits_fit_the_machine, "services/superset/deploy/resources/limits/memory", "2g"),
    (no_secret_is_in_it, "services/superset/environment/SUPERSET_SECRET_KEY", "thisISaSECRET_1234"),
    (least_is_open, "services/redis/networks", ["outside", "data"]),
    (least_is_open, "services/worker/cap_drop", []),
    (least_is_open, "services/worker/privileged", True),
    (least_is_open, "services/postgres/security_opt", []),
    (least_is_open, "networks/data/internal", False),
    (least_is_open, "services/api-server/environment/QIANGJI_WAREHOUSE_URL", "postgresql://b/c"),
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
