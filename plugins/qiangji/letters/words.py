"""One language of two: whatever letters say is written in both where it is said, and one is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from qiangji.catalogue.load import Catalogue
from qiangji.figures import Row
from qiangji.figures.reading import COUNTED
from qiangji.text import taken_apart

T = TypeVar("T")

_FEW = {
    "few_units": ("应报单位不足", "units missing"),
    "other_name": ("名称不符，未采用", "other name, not taken"),
    "voided_again": ("已作废的文件，未采用", "voided before, not taken"),
}


@dataclass(frozen=True)
class Words:
    """`words(zh, en)` is the one of its language."""

    language: Literal["zh", "en"]
    timezone: str

    def __call__(self, zh: T, en: T) -> T:
        return zh if self.language == "zh" else en

    @property
    def simulated(self) -> str:
        return self("以下均为模拟数据。", "Everything below is simulated.")

    def headings(self, *both: str) -> tuple[str, ...]:
        """Headings of `中文 english`, in one language."""
        return tuple(self(*pair.split(" ", 1)) for pair in both)

    def joined(self, parts: Sequence[str]) -> str:
        return self("、", ", ").join(parts)

    def one_of_both(self, zh: str, en: str) -> str:
        """A message on one line. One that is both languages in one text (the Chinese first) is taken apart."""
        return self(*taken_apart(*(" ".join(text.split()) for text in (zh, en))))

    def form(self, catalogue: Catalogue, form: str) -> str:
        """The title of a form; its name, where the catalogue no longer has it."""
        if form not in catalogue.forms:
            return form
        title = catalogue.forms[form].title
        return self(title.zh, title.en)

    def status(self, row: Row) -> str:
        """What a row of the grid, or of what needs attention, is called."""
        if row["status"] in COUNTED and row["reason_code"] in _FEW:
            return self(*_FEW[row["reason_code"]])
        if row["status"] == "held":
            return self("待核实", "to be confirmed")
        return str(self(row["status_zh"], row["status_en"]))

    def moment(self, at: datetime) -> str:
        return f"{at.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"
