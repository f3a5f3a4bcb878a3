"""A command that is typed wrong is told in Chinese too, whatever is wrong with it."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from qiangji.cli.usage import OTHERWISE, chinese


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        ("vlues", "没有vlues命令，是不是values？", "No such command 'vlues'"),
        ("quux", "没有quux命令：qiangji --help列出全部命令。", "No such command 'quux'"),
        ("values --levl town", "没有--levl选项，相近的有：", "No such option: --levl"),
        ("--quux", "没有--quux选项", "No such option: --quux"),
        ("dispose --as confirmed --reason x", "缺少参数finding。", "Missing argument 'finding'."),
        ("check a.csv", "缺少选项--form。", "Missing option '--form'."),
        ("values --period", "选项--period后面要写值。", "requires an argument"),
        ("values --json=1", "选项--json不带值。", "does not take a value"),
        ("build 2026-10", "多写了：2026-10。", "unexpected extra argument"),
        ("diff --limit some", "--limit应为整数。", "valid integer"),
        ("findings --limit -1", "--limit应不小于0。", "greater than or equal to 0"),
    ],
)
def test_what_is_typed_wrong_is_told_in_both_languages(words: str, zh: str, en: str) -> None:
    from qiangji.cli import app

    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, words.split())
    said = re.sub(r"\s+", " ", re.sub(r"[│╭╮╰╯─]", "", result.output))
    assert result.exit_code == 2
    assert zh in said
    assert en in said
    assert said.index(zh) < said.index(en)


def test_no_command_at_all_is_the_help_page() -> None:
    from qiangji.cli import app

    result = CliRunner().invoke(app, [])
    assert OTHERWISE not in result.output
    assert "Usage" in result.output


def test_what_nobody_foresaw_says_where_to_look() -> None:
    assert chinese("A thing that a later version says.") == OTHERWISE
