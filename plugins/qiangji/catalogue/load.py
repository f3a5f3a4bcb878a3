"""Reads the catalogue's files, holds them against each other, and gives one frozen `Catalogue`.

Every error is a CatalogueError that names the file, line and key, what was found and what was allowed. All are told
together. Files are held against each other only where plan, tree and forms could be read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from qiangji.catalogue import boundaries
from qiangji.catalogue.boundaries import Outlines
from qiangji.catalogue.checks import check_form, check_indicator
from qiangji.catalogue.corrections import Correction, Entry, against
from qiangji.catalogue.ever_in import EverIn
from qiangji.catalogue.groups import Group
from qiangji.catalogue.groups import read as read_groups
from qiangji.catalogue.holidays import HolidayYear, year_of
from qiangji.catalogue.indicators import Indicator, fields_read
from qiangji.catalogue.kept import WhileUnchanged
from qiangji.catalogue.lineage import Link, Restating
from qiangji.catalogue.lineage import read as read_lineage
from qiangji.catalogue.models import County, Form, Plan, Suppression, shortest_of
from qiangji.catalogue.places import Place
from qiangji.catalogue.shapes import as_model, read_yaml, shaped
from qiangji.catalogue.suite_checks import check_suite
from qiangji.catalogue.suites import Suite, hash_of
from qiangji.catalogue.tree import OrgTree
from qiangji.errors import CatalogueError, Problems, UsageError, unknown
from qiangji.hashing import short
from qiangji.periods import Period, PeriodType, reporting_month
from qiangji.text import control_in
from qiangji.workdays import Calendar, Year


@dataclass(frozen=True)
class Catalogue:
    """What is collected and measured. All dicts are keyed by code, in the files' order."""

    path: Path
    plan: Plan
    forms: dict[str, Form]
    indicators: dict[str, Indicator]
    counties: dict[str, County]
    org: OrgTree
    suites: dict[str, Suite]
    lineage: tuple[Link, ...] = ()
    crosswalks: dict[str, dict[str, str]] = field(default_factory=dict)
    """County with unit codes of its own -> own code -> the tree's code (for a group or task, its key)."""
    suppression: Suppression = field(default_factory=Suppression)
    corrections: tuple[Correction, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    outlines: Outlines = field(default_factory=dict)
    """Of units, for a map."""
    groups: tuple[Group, ...] = ()

    @property
    def first_month(self) -> Period:
        """The plan's first month: nothing is reported for what lies before it."""
        return Period("month", self.plan.years[0] * 12)

    def require_in_plan(self, periods: Iterable[Period]) -> None:
        """Raise UsageError before_plan for a period that ends before the plan begins."""
        if early := [p for p in periods if p.last_month < self.first_month]:
            first, last = self.plan.years
            raise UsageError(
                f"{min(early)} lies before the plan: nothing was ever to be reported for it",
                expected=f"periods from {self.first_month} on",
                do=f"The plan's years, {first} to {last}, are `years` in catalogue/plan.yaml.",
                zh=f"{min(early)}早于规划起始年份，从无应报报表：应为{self.first_month}及以后的报告期。"
                f"规划年份{first}至{last}见catalogue/plan.yaml的years。",
                code="before_plan",
            )

    def require_reportable(self, periods: Sequence[Period], today: date) -> None:
        """Refuse, by whichever door somebody comes, periods of which nothing can have been reported.

        Raises UsageError: before_plan, not_due (it has not ended).
        """
        self.require_in_plan(periods)
        last = reporting_month(today)
        if late := [p for p in periods if p.last_month > last]:
            raise UsageError(
                f"{max(late)} has not ended",
                expected=f"periods up to {last}",
                do="Collect and build it once it has ended.",
                zh=f"{max(late)}尚未结束：应为{last}及以前的报告期，结束后再采集、计算。",
                code="not_due",
            )

    def restating(self, today: date) -> Restating:
        """How history reads on the tree of a day."""
        return Restating(self.org, self.lineage, today)

    @cached_property
    def all_counties(self) -> Mapping[str, None]:
        """Counties that report, and those of the tree besides: what one sent before its entry went still counts."""
        return dict.fromkeys([*self.counties, *self.org.codes_of("county")])

    def forms_of(self, county: str) -> list[Form]:
        """The forms that a county reports: those it declares, else those that units of its own fill in."""
        wanted = self.counties[county].forms
        kinds = self._ever_in.kinds(county)
        return [
            f for f in self.forms.values() if (f.form in wanted if wanted else kinds & set(f.filled_in_by))
        ]

    @cached_property
    def _ever_in(self) -> EverIn:
        return EverIn(self.org)

    def due(self, form: Form, partition: Period) -> Period | None:
        """The form's period that ends in this month; None early in a quarter, or when there was no such form."""
        return partition.ends_in(form.period_type) if form.holds_in(str(partition)) else None

    def asked_of(self, county: str, form: Form, month: Period) -> Period | None:
        """As `due`, of a county: None also where it is not there at the period's end."""
        due = self.due(form, month)
        return due if due is not None and self.org.is_open(county, due) else None

    def shortest_period(self, indicator: Indicator) -> PeriodType:
        """The shortest period for which it has figures."""
        return shortest_of(self.forms[f] for f in indicator.forms)

    def is_restricted(self, indicator: Indicator) -> bool:
        """Whether it reads a field that is shown from county up only."""
        terms = [t for d in indicator.definitions for t in d.indicator.terms]
        fields = ((self.forms[t.form].fields.get(f)) for t in terms for f in t.fields)
        return any(f is not None and f.restricted for f in fields)

    @cached_property
    def fields_read(self) -> frozenset[tuple[str, str]]:
        """(form, field) of every field that an indicator reads, now or by an earlier definition."""
        return fields_read(self.indicators.values())

    def name_of(self, code: str) -> str:
        return self.org.today(code).name if code in self.org.units else code

    def reading_hash(self, form: str, county: str) -> str:
        """Changes when anything changes by which this county's deliveries of this form are read."""
        return self._reading_hashes[form, county]

    @cached_property
    def _reading_hashes(self) -> dict[tuple[str, str], str]:
        lines = self._ever_in.as_json
        tree = {county: short(lines.get(county, "[]")) for county in self.counties}
        forms = {f.form: hash_of(f.model_dump(mode="json")) for f in self.forms.values()}
        return {
            (form, c.county): hash_of(
                [
                    forms[form],
                    c.layout_of(form).model_dump(mode="json"),
                    [c.encoding, c.sheets.get(form), c.http and c.http.format, self.crosswalks.get(c.county)],
                    tree[c.county],
                ]
            )
            for form in forms
            for c in self.counties.values()
        }

    def select_counties(self, wanted: list[str] | tuple[str, ...]) -> list[str]:
        """The counties asked for by code or exact name (all when none is), or a UsageError that lists what there is."""
        found = {c: self._counties_called(c) for c in wanted}
        if strange := [c for c, codes in found.items() if len(codes) != 1]:
            meant = [code for c in strange for code in found[c]]  # several of one name
            raise unknown("county", strange, [f"{c} {self.name_of(c)}" for c in meant or self.counties])
        chosen = {codes[0] for codes in found.values()}
        return [c for c in self.counties if not wanted or c in chosen]

    def county_of(self, wanted: str) -> str:
        """The code of the one county asked for, by code or exact name. Raises UsageError unknown_county."""
        return self.select_counties([wanted])[0]

    def _counties_called(self, wanted: str) -> list[str]:
        """The county of a code, else those whose unit has that name."""
        if wanted in self.counties:
            return [wanted]
        return [c for c in self.counties if self.name_of(c) == wanted]

    def require_indicators(self, wanted: Sequence[str]) -> None:
        """Raise UsageError for an indicator that there is not, with the nearest that there are."""
        if strange := [i for i in wanted if i not in self.indicators]:
            raise unknown("indicator", strange, self.indicators)

    def require_forms(self, wanted: Sequence[str]) -> list[str]:
        """The forms asked for, or a UsageError that lists what there is."""
        if strange := [f for f in wanted if f not in self.forms]:
            raise unknown("form", strange, self.forms)
        return list(wanted)


@WhileUnchanged
def load(path: Path, expectations: Path) -> Catalogue:
    """Everything under catalogue/ and expectations/, read and checked; read again a second after a file has changed."""
    problems = Problems()
    with problems.noting():
        plan = as_model(Plan, read_yaml(path / "plan.yaml"), Place(path / "plan.yaml"))
    groups: tuple[Group, ...] = ()
    with problems.noting():
        org = OrgTree.read(path / "org_units.csv")
        lineage = read_lineage(path / "org_lineage.csv", org)
        outlines = boundaries.read(path / "boundaries.geojson", org.units)
        groups = read_groups(path / "org_groups.csv", org)
    suppression = _suppression(path / "suppression.yaml", problems)
    forms: dict[str, Form] = {}
    for p in sorted((path / "forms").glob("*.yaml")):
        with problems.noting():
            forms[p.stem] = _form(p)
    are_read = not problems.found  # the rest is held against these
    calendar = _calendar(path / "holidays", problems)
    measured = shaped(Indicator, sorted((path / "indicators").glob("*.yaml")), problems)
    reporting = shaped(County, [path / "counties.yaml"], problems)
    declared = {p: shaped(Entry, [p], problems) for p in sorted((path / "corrections").glob("*.yaml"))}
    if not are_read:
        problems.tell()
    for name, form in forms.items():
        with problems.noting():
            check_form(form, org, plan, Place(path / "forms" / f"{name}.yaml"))
    indicators = _indicators(measured, plan, forms, org, problems)
    counties, crosswalks = _counties(path, reporting, forms, org, problems)
    suites: dict[str, Suite] = {}
    for name, form in forms.items():
        with problems.noting():
            suites[name] = _suite(expectations / f"{name}.json", name)
            check_suite(suites[name], form, forms, org.kinds, fields_read(indicators.values()))
    corrections = _corrections(declared, forms, org, problems)
    problems.tell()
    indicators = _in_plan_order(indicators, plan)
    return Catalogue(
        path,
        plan,
        forms,
        indicators,
        counties,
        org,
        suites,
        lineage,
        crosswalks,
        suppression,
        corrections,
        calendar,
        outlines,
        groups,
    )


def _suppression(path: Path, problems: Problems) -> Suppression:
    """What the file says; without it, or where it is wrong, the defaults."""
    if path.is_file():
        with problems.noting():
            return as_model(Suppression, read_yaml(path), Place(path))
    return Suppression()


def _calendar(folder: Path, problems: Problems) -> Calendar:
    """The years that have a file; without any, all is as the package says."""
    years: dict[int, Year] = {}
    for path in sorted(folder.glob("*.yaml")):
        with problems.noting():
            declared = as_model(HolidayYear, read_yaml(path), Place(path))
            years[declared.year] = year_of(declared, Place(path))
    return Calendar(years)


def _form(path: Path) -> Form:
    form = as_model(Form, read_yaml(path), Place(path))
    if form.form != path.stem:
        raise CatalogueError(f"form {form.form!r}", where=Place(path) / "form", expected=f"form: {path.stem}")
    return form


def _indicators(
    entries: Iterable[tuple[Place, Indicator]],
    plan: Plan,
    forms: dict[str, Form],
    org: OrgTree,
    problems: Problems,
) -> dict[str, Indicator]:
    indicators: dict[str, Indicator] = {}
    for place, indicator in entries:
        with problems.noting():
            if indicator.code in indicators:
                raise CatalogueError(
                    f"indicator {indicator.code} appears twice", where=place, expected="one entry"
                )
            check_indicator(indicator, plan, forms, org, place)
            indicators[indicator.code] = indicator
    return indicators


def _counties(
    folder: Path,
    entries: Iterable[tuple[Place, County]],
    forms: dict[str, Form],
    org: OrgTree,
    problems: Problems,
) -> tuple[dict[str, County], dict[str, dict[str, str]]]:
    """The counties, and the crosswalks of those with unit codes of their own."""
    counties: dict[str, County] = {}
    crosswalks: dict[str, dict[str, str]] = {}
    for place, county in entries:
        with problems.noting():
            if county.county in counties:
                raise CatalogueError(
                    f"county {county.county} appears twice", where=place, expected="one entry"
                )
            if org.units.get(county.county) is None or org.units[county.county].level != "county":
                codes = [u.code for u in org if u.level == "county"]
                raise CatalogueError(
                    f"{county.county} is no county of org_units.csv",
                    where=place,
                    expected=", ".join(codes),
                    code="unknown_unit",
                )
            for form in (*county.forms, *county.sheets, *county.layouts):
                if form not in forms:
                    raise CatalogueError(f"unknown form {form!r}", where=place, expected=", ".join(forms))
            counties[county.county] = county
            if county.crosswalk:
                crosswalks[county.county] = _crosswalk(folder / county.crosswalk, org, place)
    return counties, crosswalks


def _crosswalk(path: Path, org: OrgTree, place: Place) -> dict[str, str]:
    """A county's own code -> the tree's unit, or a key that begins with one (of a group, of a task)."""
    if not path.is_file():
        raise CatalogueError(
            f"no file {path}", where=place / "crosswalk", expected="a CSV under the catalogue"
        )
    codes: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as f:
        reader = csv.DictReader(f)
        if not {"county_unit_code", "org_code"} <= set(reader.fieldnames or []):
            raise CatalogueError("wrong columns", where=path, expected="county_unit_code, org_code")
        problems = Problems()
        for line, row in enumerate(reader, 2):
            with problems.noting():
                own, code = row["county_unit_code"], row["org_code"] or ""
                if code not in org.units and code[:12] not in org.units and code[:6] not in org.units:
                    raise CatalogueError(
                        f"line {line}: unknown unit {code!r}",
                        where=path,
                        expected="a code of org_units.csv, or a key that begins with one",
                        code="unknown_unit",
                    )
                if own in codes:
                    raise CatalogueError(
                        f"line {line}: {own!r} appears twice", where=path, expected="one line a code"
                    )
                codes[own] = code
        problems.tell()
    return codes


def _corrections(
    declared: dict[Path, list[tuple[Place, Entry]]], forms: dict[str, Form], org: OrgTree, problems: Problems
) -> tuple[Correction, ...]:
    """What people declare to be wrong, a file a form; a form without a file has none."""
    found: list[Correction] = []
    for path, entries in declared.items():
        with problems.noting():
            if path.stem not in forms:
                raise CatalogueError(
                    f"no form {path.stem!r}", where=path, expected="a file named after a form"
                )
            found += against(entries, forms[path.stem], org, problems)
    return tuple(found)


def _in_plan_order(indicators: dict[str, Indicator], plan: Plan) -> dict[str, Indicator]:
    order = list(plan.initiatives)
    return dict(sorted(indicators.items(), key=lambda item: order.index(item[1].initiative)))


def _plain(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose escapes give no text that the journal could not give back."""
    for name, value in pairs:
        if odd := control_in(value) if isinstance(value, str) else "":
            raise ValueError(f"no text holds {odd}: {name}")
    return dict(pairs)


def _suite(path: Path, form: str) -> Suite:
    if not path.is_file():
        raise CatalogueError("no such file", where=path, expected=f"the expectation suite of form {form}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_plain)
    except ValueError as e:
        raise CatalogueError(f"not JSON: {e}", where=path, expected="a Great Expectations suite") from e
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        raise CatalogueError("no `expectations`", where=path, expected="a Great Expectations suite")
    return Suite(form, content, path)
