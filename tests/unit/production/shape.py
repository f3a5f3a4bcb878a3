"""The files of the production shape as data: the Compose file, its settings, the Dockerfile, the lock files."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import yaml

from qiangji.settings import PROJECT

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN", re.IGNORECASE)
FILLED_IN = re.compile(r"\{secret:([a-z0-9_]+)\}")
"""What docker/with_secrets.py puts a secret into."""
Compose = dict[str, Any]


def read(path: str) -> str:
    return (PROJECT / path).read_text(encoding="utf-8")


@cache
def compose() -> Compose:
    return yaml.safe_load(read("docker-compose.yml"))


@cache
def bi() -> Compose:
    """The file that opens PostgreSQL to BI tools."""
    return yaml.safe_load(read("docker/bi.yml"))


@cache
def airflow_options() -> dict[str, set[str]]:
    """Section -> options of the pinned Airflow, of its accounts, and of the Celery provider, which is not installed."""
    from airflow.providers.fab.get_provider_info import get_provider_info

    source = yaml.safe_load((resources.files("airflow") / "config_templates" / "config.yml").read_text())
    known = {section.lower(): {o.lower() for o in body["options"]} for section, body in source.items()}
    accounts = {section: set(body["options"]) for section, body in get_provider_info()["config"].items()}
    return known | accounts | {"celery": {"broker_url", "result_backend", "worker_concurrency"}}


@cache
def examples() -> dict[str, str]:
    """Names and values of .env.example."""
    lines = [x for x in read(".env.example").splitlines() if x.strip() and not x.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def with_defaults(text: str) -> str:
    """As Compose reads it where nothing is set."""
    return VARIABLE.sub(lambda m: m[3] or "", text)


def mounts(service: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """(source, target, whether it is read-only) of each volume."""
    parts = [with_defaults(m).split(":") for m in service.get("volumes", [])]
    return [(p[0], p[1], p[2:] == ["ro"]) for p in parts]


@cache
def docker_module(name: str) -> Any:
    """A script of docker/ as a module; they import each other as scripts of one folder do."""
    sys.path.insert(0, str(PROJECT / "docker"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


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
                if "--" in words:  # a command that runs another
                    yield name, words[words.index("--") + 1 :]
                    words = words[: words.index("--")]
                yield name, words
                continue
            nested = re.findall(r"\$\$\(([^)]*)\)", shell)
            shell = re.sub(r"(?s)<<(\w+)\n.*?\n\1\n", "", shell)
            for part in [*re.split(r"&&|\|\||;", shell), *nested]:
                yield name, [w.strip("\"'") for w in part.split() if w != "exec"]


def dockerfile(service: dict[str, Any]) -> str:
    """By which its image is built."""
    build = service["build"]
    return str(build["dockerfile"]) if isinstance(build, dict) else "Dockerfile"


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


def run_lines(dockerfile: str = "Dockerfile") -> str:
    return " && ".join(rest for what, rest in instructions(read(dockerfile)) if what == "RUN") + " &&"


def locked(path: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"(?m)^([a-z0-9-]+)==([^ ;\\]+)", read(path)):
        found.setdefault(name, set()).add(version)
    return found
