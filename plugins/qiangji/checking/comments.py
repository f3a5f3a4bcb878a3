"""Comments (批注) on cells of the rows: that they stand there and were not read. What they say is told nowhere.

In: a submission with the `SheetFacts` of its sheet, the form. Out: a finding, a warning where one may be a correction.
"""

from __future__ import annotations

from collections.abc import Iterator

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.verdict import Checked
from qiangji.ledger.findings import Finding
from qiangji.text import counted


def findings(one: Checked, form: Form) -> Iterator[Finding]:
    """One for all comments."""
    assert one.parsed is not None
    (cells, first), (corrections, at) = one.parsed.sheet.comments, one.parsed.sheet.corrections
    if not cells:
        return
    zh = en = ""
    if corrections:
        zh = f"；其中{corrections}格（从{at}起）的批注含数字或“更正”“应为”等字，是否要改数？"
        en = f"; of {corrections}, first {at}, it has a number or a word such as 更正 or 应为: is it a correction?"
    yield Finding.of_report(
        one.place, f"{form.form}.{form.key}.comments", Words(
            f"{cells}/{corrections}",
            f"数据行中有{cells}格加了批注（从{first}起），批注没有读取{zh}",
            f"{counted(cells, 'cell')} of the rows, first {first}, {'has' if cells == 1 else 'have'} a comment, and no"
            f" comment was read{en}",
            "数据行中没有批注：要改的数请直接改在单元格里后重报，其余批注请删除",
            "no comments among the rows: put corrections into the cells themselves and send the report again; delete"
            " the others",
        ), severity="warning" if corrections else "info",
    )  # fmt: skip
