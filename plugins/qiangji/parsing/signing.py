"""Whether somebody signed a sheet: behind which labels of the sign-off zone something stands. Never who.

In: a grid and the row at which its sign-off zone begins. Out: the roles behind whose label something is written. The
zone itself is cut off, and no text of it leaves this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qiangji.parsing.cells import NO_RESULT
from qiangji.parsing.grid import Grid
from qiangji.text import squeezed

FILLED_IN_BY, APPROVED_BY = "filled_in_by", "approved_by"
ROLES = {
    FILLED_IN_BY: ("填表", "填报", "制表", "经办", "统计员", "录入", "填写"),
    APPROVED_BY: ("审核", "审批", "审定", "批准", "签发", "复核", "负责人", "分管领导"),
}
"""Role -> the words with which its labels begin."""
_OTHERS = (
    "填报日期",
    "填表日期",
    "填报时间",
    "报出日期",
    "审核日期",
    "联系电话",
    "电话",
    "手机",
    "日期",
    "时间",
    "填报单位",
    "单位",
    "盖章",
    "公章",
)
_AT = {word: role for role, words in ROLES.items() for word in words}
_LABEL = re.compile(
    rf"(?P<other>{'|'.join(_OTHERS)})(?:[(].{{0,8}}?[)])?[:：]?"
    rf"|(?:单位|部门|主要)?(?P<word>{'|'.join(sorted(_AT, key=lambda w: -len(w)))})(?:人|员|者)?"
    r"(?:[(](?:签字|签名|签章|盖章)[)]|签字|签名|签章)?[:：]?"
)
_NOTHING = re.compile(r"[\s_＿\-—–/／.．。·:：|()（）\x1f]*(?:签字|签名|签章|盖章)?[\s_()（）:：\x1f]*")


def roles_in(words: Iterable[str]) -> frozenset[str]:
    """The roles for which these words of a layout's sign-off zone ask."""
    return frozenset(
        role for word in words for start, role in _AT.items() if squeezed(word).startswith(start)
    )


def is_label(text: str) -> bool:
    """Whether a text, squeezed, begins with a label of a sign-off zone: who, when, of which office."""
    return bool(_LABEL.match(text))


def signed(grid: Grid, end: int) -> tuple[str, ...]:
    """The roles that signed in the rows from `end` of the grid's cells on, in the order of ROLES."""
    found: set[str] = set()
    for index in range(end, grid.cells.num_rows):
        line = "\x1f".join("" if text == NO_RESULT else squeezed(text) for text in grid.row_text(index))
        labels = list(_LABEL.finditer(line))
        ends = [*(m.start() for m in labels[1:]), len(line)]
        for label, stop in zip(labels, ends if labels else [], strict=True):
            written = line[label.end() : stop]
            if label["word"] and not _NOTHING.fullmatch(written):
                found.add(_AT[label["word"]])
    return tuple(role for role in ROLES if role in found)
