"""What is done with: a workbook whose correction was accepted goes, and a list says what is still open.

In: workbooks that were sent, those that still wait. Out: changes in `feedback/` at the county's place: only a file that
is still as it was written is removed. The list is a text, so that nobody takes it for a report; where nothing can be
written to, the page is the list.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County
from qiangji.errors import CollectError
from qiangji.feedback import writing
from qiangji.feedback.sent import LEFT, TAKEN_BACK, Sent
from qiangji.pipeline import Pipeline

log = logging.getLogger(__name__)
LIST = "待办清单.txt"
_STATUSES = {
    "partial": "部分记录退回",
    "returned": "退回重报",
    "withheld": "涉个人信息扣留",
    "held": "待核实",
}


def take_back(
    p: Pipeline, county: County, done: Sequence[Sent], names: Sequence[str], lost: Mapping[str, CollectError]
) -> list[Sent]:
    """Remove the workbooks that are done with, and say what became of each; those that could not be are tried again.

    `names`: of workbooks that still wait; one of them may have come into the place of an older one.
    """
    found = []
    for one in done:
        try:
            if county.county in lost:
                raise lost[county.county]
            is_left = one.name not in names and not writing.remove(p, county, one.name, one.sha256)
        except CollectError as e:
            log.warning("%s: feedback %s could not be taken back: %s", county.county, one.name, e.code)
            continue
        found.append(replace(one, status="answered", reason_code=LEFT if is_left else TAKEN_BACK))
    return found


def write_list(p: Pipeline, county: County, open_: Sequence[Sent]) -> None:
    """Write what is open beside the workbooks; where nothing is, the list goes."""
    if writing.place_of(county) == "kept":
        return
    try:
        if open_:
            writing.write(p, county, LIST, as_text(p.catalogue, county, open_))
        else:
            writing.remove(p, county, LIST, None)
    except CollectError as e:
        log.warning("%s: the list of what is open could not be written: %s", county.county, e.code)


def as_text(catalogue: Catalogue, county: County, open_: Sequence[Sent]) -> bytes:
    """The list, as office programs of the region open a text: with a byte order mark, lines ended by CR LF."""
    lines = [
        f"待办清单 {county.county} {catalogue.name_of(county.county)}",
        "以下文件须更正后重报，或在“核查说明”栏说明；更正被接收后，相应文件自动撤下。",
        "Open: correct these and send them again, or explain. A workbook goes once its correction was accepted.",
        "",
    ]
    for n, one in enumerate(sorted(open_, key=lambda s: s.name), 1):
        lines.append(f"{n}. {one.name}：{one.problems}个问题 problems")
        for form, period, status in one.submissions:
            title = catalogue.forms[form].title.zh if form in catalogue.forms else form
            lines.append(f"   {title} {period}：{_STATUSES.get(status, '请核对并说明')}")
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")
