"""What a check leaves in the ledger beside its verdict: findings on accepted rows, and why rows were rejected.

In: what checks found. Out: rows of `ops.finding` and `ops.rejection`, as the journal keeps them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Rule, Severity, Words
from qiangji.hashing import short
from qiangji.periods import Period


class Asking(Protocol):
    """A rule: its id, how much it weighs, the fields that it concerns."""

    @property
    def id(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def fields(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Finding:
    """A warning on an accepted row, a unit or a report: accepted and flagged.

    `org_code`: the unit of the tree that it is shown at; a villager group's is its village or community.
    """

    county_code: str
    form: str
    period: str
    unit_code: str
    org_code: str
    rule: str
    severity: Severity
    fields: tuple[str, ...]
    words: Words

    @classmethod
    def of(cls, rule: Rule, row: Mapping[str, Any], form: Form, county: str, period: str) -> Finding:
        """What an accepted row (column -> value) that breaks a rule of its suite is found for."""
        return cls.asked(rule, rule.words({**row, "county_code": county}), row, form, county, period)

    @classmethod
    def asked(
        cls, rule: Asking, words: Words, row: Mapping[str, Any], form: Form, county: str, period: str
    ) -> Finding:
        """What an accepted row is asked in these words, about a cell that no rule of the suite reads."""
        unit = str(row[form.key])
        at = (county, form.form, period, unit, org_code_of(unit, form))
        fields = rule.fields
        if fields == (form.key,):  # it is about the row, such as a subtotal: all its numbers are in doubt
            fields = tuple(form.fields_in(str(Period.parse(period).last_month)))
        return cls(*at, rule.id, rule.severity, fields, words)

    @classmethod
    def of_report(
        cls,
        place: tuple[str, str, object],
        rule: str,
        words: Words,
        fields: Sequence[str] = (),
        severity: Severity = "warning",
    ) -> Finding:
        """What a county's report as a whole is found for. `place`: county, form and period."""
        county, form, period = place
        return cls(county, form, str(period), county, county, rule, severity, tuple(fields), words)

    @property
    def finding_id(self) -> str:
        """The same finding, found again, has the same id; another value makes another finding."""
        value = [] if self.words.value is None else [self.words.value]
        return short(self.form, self.period, self.unit_code, self.rule, *value)

    def row(self) -> dict[str, Any]:
        """The columns of `ops.finding`, without those of the submission."""
        own = {name: value for name, value in vars(self).items() if name != "words"}
        told = {**vars(self.words), "value": self.words.value or ""}
        return {"finding_id": self.finding_id, **own, "fields": list(self.fields), **told}


@dataclass(frozen=True)
class Rejection:
    """One rule that rejected rows of a submission: how many, and the first cell as an example."""

    delivery_id: str
    form: str
    period: str
    county_code: str
    rule: str
    rows: int
    example: str
    message_zh: str
    message_en: str

    def row(self) -> dict[str, Any]:
        """The columns of `ops.rejection`."""
        return asdict(self)


def org_code_of(unit: str, form: Form) -> str:
    """The unit of the tree that a row's key stands for: itself, or the unit that its first digits name."""
    return unit[: form.parent_digits]
