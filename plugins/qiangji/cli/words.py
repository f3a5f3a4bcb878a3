"""What tables show instead of raw keys: names of forms and counties, and statuses, with the key beside.

In: the catalogue. Out: texts with rich's markup, the word in Chinese first. The key stays, since commands ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from qiangji.catalogue.load import Catalogue
from qiangji.errors import CatalogueError
from qiangji.ledger.statuses import STATUSES
from qiangji.text import quoted_zh

Row = TypeVar("Row", bound=Mapping[str, Any])
STYLES = {
    "accepted": "green", "partial": "yellow", "late": "red", "failed": "bold red", "returned": "magenta",
    "withheld": "bold magenta", "held": "bold yellow", "awaited": "dim", "not_due": "dim", "optional": "dim",
    "void": "dim",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Names by code. What has none is shown by its code."""

    forms: Mapping[str, str] = field(default_factory=dict)
    counties: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    """`village.trees_planted` -> what its rules are about: the form and the field; an indicator's code -> its name."""
    of_groups: frozenset[str] = frozenset()
    """Forms with a row for each villager group, of which a village has many."""

    def form(self, code: str) -> str:
        """`行政村党建月报表 village`."""
        return f"{self.forms[code]} [dim]{code}[/dim]" if code in self.forms else code

    def county(self, code: str) -> str:
        """`新会区 440705`."""
        return f"{self.counties[code]} [dim]{code}[/dim]" if code in self.counties else code

    def rule(self, rule: str) -> str:
        """`行政村党建月报表“植树株数” village.trees_planted.present`."""
        parts = rule.split(".")
        about = next(filter(None, (self.subjects.get(".".join(parts[:n])) for n in (2, 1))), "")
        about = about or self.forms.get(parts[0], "")
        return f"{about} [dim]{rule}[/dim]" if about else rule

    def report(self, county: str, form: str | None, period: object) -> str:
        """A county's form of a period; of a county as a whole where there is no form."""
        parts = (self.county(county), str(period or ""), self.form(form) if form else "")
        return " ".join(filter(None, parts))

    def reports(self, alike: Sequence[Mapping[str, Any]]) -> str:
        """Rows of one county and period that say the same: all their forms, as one report."""
        forms = "、".join(self.form(r["form"]) for r in alike)
        return " ".join(filter(None, (self.county(alike[0]["county_code"]), str(alike[0]["period"]), forms)))


def said_once(rows: Iterable[Row], *keys: str) -> list[list[Row]]:
    """Rows that have the same in these columns, together: of a workbook of several forms one message is enough."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[k] for k in keys), []).append(row)
    return list(found.values())


def names(catalogue: Catalogue | None = None) -> Names:
    """Names of a catalogue, by default the one that is set; none while that cannot be read."""
    if catalogue is None:
        from qiangji import pipeline

        with suppress(CatalogueError):
            catalogue = pipeline.read_catalogue()
    if catalogue is None:
        return Names()
    forms = {f.form: f.title.zh for f in catalogue.forms.values()}
    subjects = {code: x.name.zh for code, x in catalogue.indicators.items()}
    for form in catalogue.forms.values():
        for name, one in form.fields.items():
            subjects[f"{form.form}.{name}"] = f"{form.title.zh}{quoted_zh(one.label.zh)}"
    counties = {code: catalogue.name_of(code) for code in catalogue.counties}
    of_groups = frozenset(f.form for f in catalogue.forms.values() if f.grain == "group")
    return Names(forms, counties, subjects, of_groups)


def status(code: str | None) -> str:
    """`已收 accepted`, in its colour."""
    if not code:
        return "-"
    style = STYLES.get(code, "white")
    return f"[{style}]{STATUSES[code]} {code}[/{style}]" if code in STATUSES else f"[{style}]{code}[/{style}]"
