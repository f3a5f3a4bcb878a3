"""No message shows a placeholder that nobody filled in, and what an operator meets is said in Chinese too."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qiangji.errors import (
    FAILURES,
    PermanentError,
    ReturnedError,
    TransientError,
    UsageError,
    summed_up,
    unknown,
)

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


BOTH = {"QiangjiError", "UsageError", "WarehouseError", "LakeError", "EngineError"}
"""Errors that a duty operator may meet, and that say in Chinese what they say in English."""
BY_CODE = {"CollectError", "PermanentError", "TransientError"}
"""Those whose Chinese follows from their code."""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_error_that_an_operator_meets_is_said_in_chinese_too(path: Path) -> None:
    left = []
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or called(call) not in BOTH | BY_CODE:
            continue
        said = {k.arg: k.value for k in call.keywords}
        code = said.get("code")
        by_code = called(call) in BY_CODE and (
            code is None or not isinstance(code, ast.Constant) or code.value in FAILURES
        )
        if "zh" not in said and not by_code:
            left.append(f"line {call.lineno}: {ast.unparse(call)[:80]}")
    assert left == []


def test_an_error_says_it_in_both_languages_and_hides_what_is_secret_in_both() -> None:
    error = UsageError("no x", expected="y", do="Do z", zh="没有x：应为y，请做z。", code="no_x")
    assert str(error) == "没有x：应为y，请做z。 no x (expected y). Do z"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, str(again)) == (UsageError, "no_x", str(error))
    failed = TransientError("the server is silent", where="440703")
    assert str(failed) == f"{FAILURES['unreachable']} 440703: the server is silent"
    returned = ReturnedError("no rows", zh="没有数据")
    assert (str(returned), returned.zh) == ("no rows", "没有数据")  # tables have a column for each
    both = summed_up([failed, PermanentError("no login", where="440704", code="login_refused")])
    assert isinstance(both, TransientError)
    assert both.zh == FAILURES["unreachable"] + FAILURES["login_refused"]
    assert both.en == "unreachable: 440703: the server is silent; login_refused: 440704: no login"


MANY = [f"x{n}" for n in range(30)]


@pytest.mark.parametrize(
    ("given", "known", "zh", "en"),
    [
        ("vilage", ["village", "community"], "可选：village、community", "village, community"),
        (
            "paty_share",
            [*MANY, "party_share"],
            "相近的有：party_share。",
            "one of 31; the nearest: party_share)",
        ),
        ("nope", MANY, "可选：x0、x1、", "(expected x0, x1, "),
        (
            "nope",
            [*MANY, *"abcdefghijk"],
            "没有指标nope；共41个，如x0、x1、",
            "(expected one of 41, such as x0, x1, ",
        ),
    ],
)
def test_an_unknown_code_is_told_with_the_nearest_that_there_are(
    given: str, known: list[str], zh: str, en: str
) -> None:
    error = unknown("indicator", [given], known)
    assert error.code == "unknown_indicator"
    assert zh in error.zh
    assert en in error.en
