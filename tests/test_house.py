"""The house: how long a module, a file of tests and a function may be, and that each room says what it is.

A function may be longer where the line above it says why: `# long: <reason>`.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from qiangji.settings import PROJECT

PACKAGE = PROJECT / "plugins" / "qiangji"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES = 400
TEST_LINES = 500
FUNCTION_LINES = 60
"""Of the body, without the docstring."""
LIMITS = {"C901", "PLR0912", "PLR0913", "PLR0915"}
"""The linter's rules on how much one function may be."""


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def long_functions(source: str) -> Iterator[str]:
    """Functions with a body over the limit and no reason above them."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        has_reason = first > 1 and re.match(r"\s*# long: \S", lines[first - 2])
        if (node.end_lineno or 0) - body[0].lineno + 1 > FUNCTION_LINES and not has_reason:
            yield node.name


def rooms_without_a_word(page: str) -> set[str]:
    """Folders of the package that the page does not name, as `landing/`."""
    rooms = {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    return {room for room in rooms if f"`{room}/`" not in page}


def test_no_module_is_too_long() -> None:
    too_long = {name(p) for p in MODULES if len(p.read_text("utf-8").splitlines()) > MODULE_LINES}
    assert too_long == set()


def test_no_file_of_tests_is_too_long() -> None:
    """Of ours: `tests/outside` may have an environment of its own."""
    paths = [p.relative_to(PROJECT) for p in (PROJECT / "tests").rglob("*.py")]
    ours = [p for p in paths if ".venv" not in p.parts]
    lines = {p.as_posix(): len((PROJECT / p).read_text("utf-8").splitlines()) for p in ours}
    assert {name: n for name, n in lines.items() if n > TEST_LINES} == {}


def test_no_function_is_too_long_without_a_reason() -> None:
    too_long = {f"{name(p)} {f}" for p in MODULES for f in long_functions(p.read_text("utf-8"))}
    assert too_long == set()


@pytest.mark.parametrize(
    ("above", "lines", "found"),
    [
        ("", FUNCTION_LINES, []),
        ("", FUNCTION_LINES + 1, ["f"]),
        ("# long: a table\n", FUNCTION_LINES + 1, []),
        ("# long:\n", FUNCTION_LINES + 1, ["f"]),
        ("# long: a table\n@cache\n", FUNCTION_LINES + 1, []),
        ("@cache\n", FUNCTION_LINES + 1, ["f"]),
    ],
)
def test_a_long_function_is_found(above: str, lines: int, found: list[str]) -> None:
    body = '    """Docstrings\n    do not count.\n    """\n' + "    x = 1\n" * lines
    assert list(long_functions(f"{above}def f():\n{body}")) == found


def test_every_module_says_what_it_is() -> None:
    silent = {name(p) for p in MODULES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))}
    assert silent == set()


def test_every_room_is_in_the_architecture() -> None:
    assert len(rooms_without_a_word("`landing/`")) > 10
    assert rooms_without_a_word((PROJECT / "docs" / "architecture.md").read_text("utf-8")) == set()


def test_the_linter_excepts_no_file_that_is_within_its_limits() -> None:
    """The list in pyproject.toml only gets shorter: what is mended leaves it."""
    lint = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    excepted = {
        (path, rule)
        for path, rules in lint["per-file-ignores"].items()
        for rule in LIMITS & set(rules)
        if not path.endswith("*")
    }
    ruff = [
        str(Path(sys.executable).with_name("ruff")), "check", "--no-cache", "--output-format", "json",
        "--config", "lint.per-file-ignores={}", "--select", ",".join(sorted(LIMITS)), "plugins/", "simulator/",
    ]  # fmt: skip
    ran = subprocess.run(ruff, cwd=PROJECT, capture_output=True, text=True, check=False)
    found = {(Path(e["filename"]).relative_to(PROJECT).as_posix(), e["code"]) for e in json.loads(ran.stdout)}
    assert found == excepted
