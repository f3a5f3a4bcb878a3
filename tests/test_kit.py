"""The contributor's kit: what hooks, workflow, owners and forms for issues name is there, and versions agree."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji.settings import PROJECT

GITHUB = PROJECT / ".github"
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml"))
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PYPROJECT["project"]["version"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", [GITHUB / "workflows/ci.yml"]),
        ("vendor.github-issue-forms", FORMS),
    ],
)
def test_what_github_reads_fits_its_schema(schema: str, paths: list[Path]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_the_workflow_runs_all_on_every_supported_python() -> None:
    (job,) = read(GITHUB / "workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    pythons = job["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"]
    assert PYPROJECT["project"]["requires-python"] == f">={pythons[0]}"


def hooks() -> Iterator[dict[str, Any]]:
    for repository in read(PROJECT / ".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local", "hooks run offline"
        yield from repository["hooks"]


def test_hooks_call_what_is_there() -> None:
    programs = {e.name for e in metadata.entry_points(group="console_scripts")} | {"ruff", "python"}
    targets = set(re.findall(r"(?m)^([a-z]+):", (PROJECT / "Makefile").read_text(encoding="utf-8")))
    found = list(hooks())
    assert len(found) > 4
    for hook in found:
        assert hook["language"] == "system", hook
        program, *words = hook["entry"].split()
        if program == "make":
            assert set(words) <= targets, hook
        else:
            assert program.removeprefix(".venv/bin/") in programs, hook
        for path in (w for w in words if w.startswith("tests/")):
            assert (PROJECT / path).exists(), path


@pytest.mark.parametrize("form", FORMS, ids=lambda p: p.stem)
def test_a_form_for_issues_names_pages_that_exist_and_warns(form: Path) -> None:
    text = form.read_text(encoding="utf-8")
    named = re.findall(r"\b(?:docs|catalogue|tests)/[\w/.-]*[\w/]", text)
    assert named
    assert [name for name in named if not (PROJECT / name).exists()] == []
    fields = [b for b in read(form)["body"] if b["type"] != "markdown"]
    assert any(f.get("validations", {}).get("required") for f in fields)


def test_editors_write_what_the_linter_wants() -> None:
    parser = configparser.ConfigParser()
    text = (PROJECT / ".editorconfig").read_text(encoding="utf-8")
    parser.read_string("[DEFAULT]\n" + text)
    assert parser["*.py"]["max_line_length"] == str(PYPROJECT["tool"]["ruff"]["line-length"])
    suffixes = tuple(f".{s}" for s in ("py", "md", "toml", "yaml", "yml", "json", "sql"))
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    looked_at = [PROJECT / f for f in files if f.endswith(suffixes) and (PROJECT / f).exists()]
    assert len(looked_at) > 100
    for path in looked_at:
        content = path.read_bytes()
        assert not re.search(rb"[ \t\r]\n|\r", content), f"{path}: white space at the end of a line"
        assert not content or content.endswith(b"\n"), f"{path}: no newline at its end"


def test_one_version_everywhere() -> None:
    first = re.search(r"(?m)^## (\S+) - \d{4}-\d\d-\d\d$", (PROJECT / "CHANGELOG.md").read_text("utf-8"))
    assert first
    assert first[1] == VERSION
    assert f"image: qiangji:{VERSION}\n" in (PROJECT / "docker-compose.yml").read_text("utf-8")
    minor = VERSION.rpartition(".")[0]
    assert f"in version {minor}." in (PROJECT / "SECURITY.md").read_text("utf-8")


def test_the_package_says_that_it_has_types() -> None:
    assert (PROJECT / "plugins/qiangji/py.typed").is_file()
    assert "py.typed" in PYPROJECT["tool"]["setuptools"]["package-data"]["qiangji"]
