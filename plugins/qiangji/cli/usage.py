"""What typer says of a command that is typed wrong, in Chinese too.

In: an error of typer's, which is English. Out: the same error, whose message begins in Chinese. `Group` is the one
place: every command is called through it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

WORDS = (
    (r"No such command '(.+?)'\. Did you mean (.+)\?", "没有{0}命令，是不是{1}？"),
    (r"No such command '(.+)'\.", "没有{0}命令：qiangji --help列出全部命令。"),
    (r"Missing command\.", "没有写命令：qiangji --help列出全部命令。"),
    (r"No such option: (\S+) \(Possible options: (.+)\)", "没有{0}选项，相近的有：{1}。"),
    (r"No such option: (\S+)", "没有{0}选项：加--help列出全部选项。"),
    (r"Missing option '(.+?)'\..*", "缺少选项{0}。"),
    (r"Missing argument '(.+?)'\..*", "缺少参数{0}。"),
    (r"Option '(.+)' requires an argument\.", "选项{0}后面要写值。"),
    (r"Option '(.+)' does not take a value\.", "选项{0}不带值。"),
    (r"Got unexpected extra argument\(s\) \((.+)\)", "多写了：{0}。"),
    (r"Invalid value for '(.+?)': .*valid integer.*", "{0}应为整数。"),
    (r"Invalid value for '(.+?)': .*greater than or equal to (\S+)", "{0}应不小于{1}。"),
    (r"Invalid value for '(.+?)': .*less than or equal to (\S+)", "{0}应不大于{1}。"),
    (r"Invalid value for '(.+?)': .* is not one of (.+)\.", "{0}应为其中之一：{1}。"),
    (r"Invalid value for '(.+?)': .* does not exist\.", "{0}所写的文件不存在。"),
    (r"Invalid value for '(.+?)': .*", "{0}的值不对。"),
)
"""What typer says, as a pattern -> what is said in Chinese, with its parts."""
OTHERWISE = "命令的写法不对：加--help查看写法。"


class Group(TyperGroup):
    """The commands. An error in how one is typed is told in both languages."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with in_both_languages():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with in_both_languages():
            return super().invoke(ctx)


@contextmanager
def in_both_languages() -> Iterator[None]:
    """Within the block, an error of typer's that leaves it says itself in Chinese, then in English."""
    try:
        yield
    except TyperException as e:
        if type(e).__name__ != "NoArgsIsHelpError":  # its message is the help page
            said = e.format_message()
            e.format_message = lambda: f"{chinese(said)}\n{said}"  # type: ignore[method-assign] # typer prints it
        raise


def chinese(said: str) -> str:
    """A message of typer's in Chinese."""
    line = " ".join(said.split())
    for pattern, words in WORDS:
        if found := re.fullmatch(pattern, line):
            return words.format(*(part.replace("'", "") for part in found.groups()))
    return OTHERWISE
