"""Writes docs/cli.md from the commands: every one with its words, arguments, options, defaults and exit codes.

python -m qiangji.cli.reference
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from qiangji.cli import app
from qiangji.settings import PROJECT

PAGE = PROJECT / "docs" / "cli.md"


def page() -> str:
    """The whole page."""
    tree: Any = typer.main.get_command(app)
    parts = [
        "<!-- Written by `make docs` from plugins/qiangji/cli/: change that, not this page. -->",
        "# 命令行 Command line",
        _paragraphs(tree.help),
        "`--help` after a command says the same in a terminal. `qiangji --install-completion` lets the shell (bash,"
        " zsh, fish, PowerShell) complete commands, options, counties, forms and indicators; `--show-completion` prints"
        " what it would install. `--json` prints data; on the commands that decide, `--by` names who does.",
        "`--export FILE` writes data to a .csv (UTF-8 with its mark) or an .xlsx, for Excel and WPS: each column is"
        " headed by its words in Chinese and its key.",
        "Options that stand before the command:",
        _options(tree),
        "\n".join(
            f"- [{name}](#qiangji-{name}): {_paragraphs(command.help).splitlines()[0]}"
            for name, command in tree.commands.items()
        ),
    ]
    for name, command in tree.commands.items():
        required = [_usage(p) for p in command.params if p.required]
        usage = " ".join(["qiangji", name, *required, "[OPTIONS]"])
        parts += [f"## qiangji {name}", _paragraphs(command.help), f"```sh\n{usage}\n```", _options(command)]
    return "\n\n".join(parts) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


def _paragraphs(words: str | None) -> str:
    """A docstring without its line breaks; paragraphs stay."""
    return "\n\n".join(" ".join(p.split()) for p in (words or "").split("\n\n"))


def _options(command: Any) -> str:
    """A table of the arguments and options."""
    rows = (f"| `{_name(p)}` | {_cell(what)} | {_cell(default)} |" for p, what, default in _told(command))
    return "\n".join(["| option | what | default |", "| --- | --- | --- |", *rows])


def _told(command: Any) -> Iterator[tuple[Any, str, str]]:
    """Each parameter, what it is, and its default: the declared one, or the one that its help ends with."""
    for p in command.params:
        what, _, default = str(p.help or "").partition("default: ")
        if p.required:
            default = "required"
        elif p.default not in (None, False, ""):
            default = f"`{p.default}`"
        yield p, what.removesuffix("; "), default


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _usage(parameter: Any) -> str:
    """`FILE` for an argument, `--form FORM` for an option."""
    name = _name(parameter)
    return name if parameter.param_type_name == "argument" else f"{name} {parameter.name.upper()}"


def _name(parameter: Any) -> str:
    """`FILE`, `FINDING...`, `--period`, `--verbose, -v`."""
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper() + ("..." if parameter.nargs == -1 else "")
    return ", ".join(parameter.opts)


if __name__ == "__main__":
    write()
    print(PAGE)
