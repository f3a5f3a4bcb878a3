"""The Dockerfile, the lock files and .env.example, held against each other and against the Compose file."""

from __future__ import annotations

import re

import pytest

from qiangji.settings import PROJECT
from tests.unit.production.shape import (
    SECRET,
    commands,
    compose,
    copies,
    dockerfile,
    examples,
    instructions,
    locked,
    mounts,
    read,
    run_lines,
    services,
)  # fmt: skip


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    allowed = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    assert copies()
    for source, _ in copies():
        assert (PROJECT / source).exists(), source
        assert source in allowed, source
    assert read(".dockerignore").splitlines()[1] == "*", "only what is named gets into the image"


def test_what_the_image_of_superset_copies_is_there_and_not_ignored() -> None:
    ignored = read("bi/superset/Dockerfile.dockerignore").splitlines()
    assert ignored[1] == "*", "only what is named gets into the image"
    copied = [r.split()[:-1] for what, r in instructions(read("bi/superset/Dockerfile")) if what == "COPY"]
    sources = {s for words in copied if not words[0].startswith("--from") for s in words}
    assert all((PROJECT / s).exists() and f"!{'/'.join(s.split('/')[:2])}" in ignored for s in sources)
    assert "bi/superset/.venv" in ignored


def test_the_image_has_what_the_settings_default_to() -> None:
    copied = {target for _, target in copies()}
    assert {"plugins", "dags", "catalogue", "expectations", "sql"} <= copied


@pytest.mark.parametrize("path", ["Dockerfile", "bi/superset/Dockerfile"])
def test_the_image_is_pinned_and_runs_as_nobody_special(path: str) -> None:
    found = instructions(read(path))
    for base in (rest for what, rest in found if what == "FROM"):
        assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?( AS \w+)?", base)
    users = [rest for what, rest in found if what == "USER"]
    assert users == ["qiangji"]
    assert found.index(("USER", "qiangji")) > max(
        i for i, (what, _) in enumerate(found) if what in ("RUN", "COPY")
    )
    assert "--require-hashes" in read(path)
    assert not [rest for what, rest in found if what in ("ENV", "ARG") and SECRET.search(rest)]


def test_what_tmpfs_belongs_to_is_the_user_of_the_image() -> None:
    uid = re.search(r"--uid (\d+)", read("Dockerfile"))
    assert uid
    owned = {m for _, s in services(compose()) for m in s.get("tmpfs", []) if "uid=" in m}
    assert owned
    assert all(f"uid={uid[1]}," in m for m in owned)


def test_volumes_of_the_user_are_made_in_the_image() -> None:
    """A named volume takes its owner from the image's folder; one that is not there would belong to root."""
    for name, service in services(compose()):
        if "build" not in service:
            continue
        made = re.search(r"install -d [^&]*", run_lines(dockerfile(service)))
        assert made
        for source, target, _ in mounts(service):
            if not source.startswith("."):
                assert target in made[0], f"{name}: {target}"


def test_programs_that_are_called_by_name_get_their_secrets() -> None:
    """In health checks and `docker compose exec` nothing goes through the entrypoint."""
    linked = re.search(r"for program in ([\w ]+); do ln -s ../docker/with_secrets.py", run_lines())
    assert linked
    called = {words[0] for _, words in commands(compose()) if words}
    assert called & {"airflow", "celery", "qiangji"} == set(linked[1].split())
    path = next(rest for what, rest in instructions(read("Dockerfile")) if what == "ENV")
    assert path.startswith("PATH=/opt/qiangji/bin:/opt/venv/bin:")
    assert ("ENTRYPOINT", '["python", "/opt/qiangji/docker/with_secrets.py"]') in instructions(
        read("Dockerfile")
    )


def test_production_runs_the_versions_that_are_tested() -> None:
    tested, production = locked("requirements.lock"), locked("requirements-production.lock")
    assert {name: production.get(name) for name in tested} == tested
    assert {"apache-airflow-providers-celery", "celery", "redis"} <= production.keys()
    assert read("requirements-production.lock").count("--hash=sha256:") >= len(production)


def test_examples_hold_no_secret() -> None:
    assert [name for name in examples() if SECRET.search(name)] == ["SECRETS_DIR"]


def test_git_does_not_take_the_real_ones() -> None:
    assert {".env", "secrets/"} <= set(read(".gitignore").splitlines())
