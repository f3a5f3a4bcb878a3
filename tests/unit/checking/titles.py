"""What tests of titles share: the four kinds of period with their forms' titles, and what the readers of titles say
together of the cells above a header.
"""

from __future__ import annotations

import re

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Field
from qiangji.checking.other_form import other_form
from qiangji.checking.title_doubts import left_open, sample
from qiangji.checking.title_spans import other_in_titles
from qiangji.checking.titles import other_period
from qiangji.periods import Period

MONTH, QUARTER, HALF, YEAR = "2026-10", "2026Q3", "2026H1", "2026"
TITLES = {
    MONTH: "行政村党建月报表",
    QUARTER: "任务清单季报表",
    HALF: "基层党建半年报表",
    YEAR: "党组织和党员年报表",
}
T = TITLES[MONTH]
FIELDS = {
    kind: Field.model_validate({"label": {"zh": kind, "en": kind}, "type": "integer", "kind": kind})
    for kind in ("stock", "ytd")
}
COUNTY, PLACES = "440705", ("江门市", "新会区", "会城街道")


def said(cells: tuple[str, ...], period: str, catalogue: Catalogue) -> str:
    """What the cells say that the report is not; '' if nothing."""
    own, reported = (TITLES[period],), Period.parse(period)
    form = {MONTH: "village", QUARTER: "county_milestones"}.get(period)
    of_form = other_form(cells, catalogue, catalogue.forms[form], PLACES) if form else ""
    of_period = other_period(cells, reported, own)
    return (
        of_form
        or of_period
        or other_in_titles(cells, FIELDS, reported, own)
        or left_open(cells, reported, own)
        or sample(cells, reported, own)
    )


def places(texts: dict[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    lines = [(period, text.strip()) for period, said in texts.items() for text in re.split(r"[|\n]", said)]
    return [
        (period, cells)
        for period, text in lines
        if text
        for cells in ((TITLES[period], text), (f"{TITLES[period]}（{text}）",))
    ]


NAMED = {MONTH: "2026年10月", QUARTER: "2026年第三季度", HALF: "2026年上半年", YEAR: "2026年度"}
