"""What a header is taken for, in the frozen catalogue."""

from __future__ import annotations

from functools import cache

from qiangji.catalogue.load import Catalogue, load
from qiangji.parsing.numbering import numbered
from qiangji.parsing.wording import target_of
from qiangji.periods import Period
from qiangji.text import tidy
from tests.frozen import paths as frozen

MONTH, QUARTER = Period.parse("2026-10"), Period.parse("2026Q3")


@cache
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def read(form: str, header: str, period: Period = MONTH) -> tuple[str | None, str]:
    text = tidy(numbered(header))
    return target_of(catalogue().forms[form], text, text, period)
