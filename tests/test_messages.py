"""No message shows a placeholder that nobody filled in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "plugins" / "qiangji"
PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
SPOKEN = re.compile(
    r"(Error|Words|Doubt|Said|Examined|Holding|bad_connection|too_large|login_refused|_bad|fail)$"
)
"""Calls whose texts people read."""
MEANT = {"{form}", "{period}", "{name}", "{value}", "{usual}"}
"""What is written so in counties.yaml (`files`, `path`, `view`) and in suites: a message may tell to write it."""


def plain_texts(node: ast.AST) -> Iterator[ast.Constant]:
    """Texts beneath a call that are no part of an f-string, and that nothing replaces or formats."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.JoinedStr):
            yield from (
                t for part in child.values if isinstance(part, ast.FormattedValue) for t in plain_texts(part)
            )
        elif (
            isinstance(child, ast.Call)
            and isinstance(child.func, ast.Attribute)
            and child.func.attr in ("replace", "format")
        ):
            continue
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child
        else:
            yield from plain_texts(child)


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_message_is_filled_in(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left = [
        f"line {text.lineno}: {text.value!r}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and SPOKEN.search(called(call))
        for text in plain_texts(call)
        if set(PLACEHOLDER.findall(str(text.value))) - MEANT
    ]
    assert left == []


def test_it_finds_one() -> None:
    call = ast.parse('QiangjiError("no {thing}", do=f"{x} {{y}}")').body[0]
    assert [t.value for t in plain_texts(call)] == ["no {thing}"]
