"""docs/cli.md is current, and leaves nothing of the commands out."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import typer
from rich.cells import cell_len

from qiangji.cli import app, reference
from qiangji.cli.purposes import PURPOSES

TREE: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = TREE.commands


def test_the_page_is_current() -> None:
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "run `make docs`"


def test_every_command_and_option_is_on_it() -> None:
    sections = dict(re.findall(r"(?ms)^## qiangji (\S+)\n(.*?)(?=^## |\Z)", reference.page()))
    assert sections.keys() == COMMANDS.keys()
    for name, command in COMMANDS.items():
        for option in (o for p in command.params for o in p.opts if o.startswith("--")):
            assert f"`{option}`" in sections[name], (name, option)
    assert "qiangji check FILE --form FORM --county COUNTY --period PERIOD [OPTIONS]" in sections["check"]
    assert (
        "| `--role` | qiangji_bi, qiangji_analyst, qiangji_board, qiangji_loader or qiangji_owner | `qiangji_bi` |"
        in (sections["warehouse-url"])
    )
    assert "| `--to` | the later time | now |" in sections["diff"]
    assert (
        "| `FINDING...` | ids as `qiangji findings` prints them, or their beginnings | required |"
        in sections["dispose"]
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_each_option_is(name: str) -> None:
    assert COMMANDS[name].help
    assert [p.name for p in COMMANDS[name].params if not p.help] == []


def test_every_command_says_its_purpose_in_chinese_too() -> None:
    """On one line at 80 columns, where the list of commands has 59 cells for it."""
    assert PURPOSES.keys() == COMMANDS.keys()
    for name, purpose in PURPOSES.items():
        assert re.search("[\u4e00-\u9fff]", purpose), name
        assert cell_len(purpose) <= 59, name
        first, second, *_ = COMMANDS[name].help.splitlines()
        assert first == purpose
        assert second.isascii()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_ends_in_3_says_when(name: str) -> None:
    source = inspect.getsource(COMMANDS[name].callback.__wrapped__)
    assert ("exit_on(" in source) == ("Exit code 3" in COMMANDS[name].help)
