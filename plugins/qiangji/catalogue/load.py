"""Reads the catalogue's files, holds them against each other, and gives one frozen `Catalogue`.

Every error is a CatalogueError that names the file, the key, what was found and what was allowed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from qiangji.catalogue import corrections as corrected
from qiangji.catalogue.checks import check_form, check_indicator
from qiangji.catalogue.corrections import Correction
from qiangji.catalogue.models import County, Form, Indicator, Plan, shortest_of
from qiangji.catalogue.suites import check_suites
from qiangji.errors import CatalogueError, UsageError
from qiangji.lineage import Link, Restating
from qiangji.lineage import read as read_lineage
from qiangji.org import OrgTree, OrgUnit
from qiangji.periods import Period, PeriodType


@dataclass(frozen=True)
class Suite:
    """A form's expectations in GX's own JSON, as read."""

    form: str
    content: dict[str, Any]
    path: Path

    @property
    def expectations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.content["expectations"]
        return found

    @cached_property
    def hash(self) -> str:
        return _hash(self.content)


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
    corrections: tuple[Correction, ...] = ()

    def restating(self, today: date) -> Restating:
        """How history reads on the tree of a day."""
        return Restating(self.org, self.lineage, today)

    def forms_of(self, county: str) -> list[Form]:
        """The forms that a county reports: those it declares, else those that units of its own fill in."""
        wanted = self.counties[county].forms
        kinds = {u.kind for u in self._ever_in[county] if u.reports}
        return [
            f for f in self.forms.values() if (f.form in wanted if wanted else kinds & set(self.kinds_of(f)))
        ]

    @cached_property
    def _ever_in(self) -> dict[str, list[OrgUnit]]:
        """County -> every line of units that lie or ever lay in it; an empty code: those above counties."""
        found: dict[str, list[OrgUnit]] = {c: [] for c in self.counties}
        for code, versions in self.org.versions.items():
            above = [c for c in self.org.ever_above(code) if self.org.units[c].level == "county"]
            for county in above or [""]:
                found.setdefault(county, []).extend(versions)
        return found

    def kinds_of(self, form: Form) -> tuple[str, ...]:
        """Kinds of org unit that fill in the form (for groups: that groups belong to)."""
        return form.kinds or (("village",) if form.grain == "group" else (form.grain,))

    def due(self, form: Form, partition: Period) -> Period | None:
        """The form's period that ends in this month, else None (a quarterly form early in a quarter)."""
        return partition.ends_in(form.period_type)

    def shortest_period(self, indicator: Indicator) -> PeriodType:
        """The shortest period for which it has figures."""
        return shortest_of(self.forms[f] for f in indicator.forms)

    def is_restricted(self, indicator: Indicator) -> bool:
        """Whether it reads a field that is shown from county up only."""
        fields = ((self.forms[t.form].fields.get(f)) for t in indicator.terms for f in t.fields)
        return any(f is not None and f.restricted for f in fields)

    def name_of(self, code: str) -> str:
        return self.org.units[code].name if code in self.org.units else code

    def reading_hash(self, form: str, county: str) -> str:
        """Changes when anything changes by which this county's deliveries of this form are read."""
        return self._reading_hashes[form, county]

    @cached_property
    def _reading_hashes(self) -> dict[tuple[str, str], str]:
        crosswalks = {
            c.crosswalk: (self.path / c.crosswalk).read_text() for c in self.counties.values() if c.crosswalk
        }
        tree = {county: _hash(sorted(map(repr, lines))) for county, lines in self._ever_in.items()}
        forms = {f.form: _hash(f.model_dump(mode="json")) for f in self.forms.values()}
        return {
            (form, c.county): _hash(
                [
                    forms[form],
                    c.layout_of(form).model_dump(mode="json"),
                    [c.encoding, c.sheets.get(form), c.http and c.http.format, crosswalks.get(c.crosswalk)],
                    tree.get(c.county),
                ]
            )
            for form in forms
            for c in self.counties.values()
        }

    def select_counties(self, wanted: list[str] | tuple[str, ...]) -> list[str]:
        """The counties asked for (all when none is), or a UsageError that lists what there is."""
        if unknown := [c for c in wanted if c not in self.counties]:
            raise UsageError(
                f"no county {', '.join(unknown)}",
                expected=", ".join(f"{c} {self.name_of(c)}" for c in self.counties),
                code="unknown_county",
            )
        return [c for c in self.counties if not wanted or c in wanted]


@lru_cache(maxsize=4)
def load(path: Path, expectations: Path) -> Catalogue:
    """Read and check everything under catalogue/ and expectations/ (cached for the process)."""
    plan = _model(Plan, _yaml(path / "plan.yaml"), path / "plan.yaml")
    forms = {p.stem: _model(Form, _yaml(p), p) for p in sorted((path / "forms").glob("*.yaml"))}
    for name, form in forms.items():
        if form.form != name:
            raise CatalogueError(
                f"form {form.form!r}", where=f"{path}/forms/{name}.yaml", expected=f"form: {name}"
            )
    org = OrgTree.read(path / "org_units.csv")
    lineage = read_lineage(path / "org_lineage.csv", org)
    for name, form in forms.items():
        check_form(form, org, plan, path / "forms" / f"{name}.yaml")
    indicators: dict[str, Indicator] = {}
    for p in sorted((path / "indicators").glob("*.yaml")):
        for i, entry in enumerate(_listed(_yaml(p), p)):
            indicator = _model(Indicator, entry, p, f"[{i}]")
            if indicator.code in indicators:
                raise CatalogueError(
                    f"indicator {indicator.code} appears twice", where=str(p), expected="one entry"
                )
            check_indicator(indicator, plan, forms, p)
            indicators[indicator.code] = indicator
    counties = _counties(path / "counties.yaml", forms, org)
    suites = {name: _suite(expectations / f"{name}.json", name) for name in forms}
    corrections = _corrections(path / "corrections", forms, org)
    catalogue = Catalogue(
        path, plan, forms, _in_plan_order(indicators, plan), counties, org, suites, lineage, corrections
    )
    check_suites(catalogue)
    return catalogue


def _counties(path: Path, forms: dict[str, Form], org: OrgTree) -> dict[str, County]:
    counties: dict[str, County] = {}
    for i, entry in enumerate(_listed(_yaml(path), path)):
        county = _model(County, entry, path, f"[{i}]")
        where = f"{path}: {county.county}"
        if county.county in counties:
            raise CatalogueError(
                f"county {county.county} appears twice", where=str(path), expected="one entry"
            )
        if org.units.get(county.county) is None or org.units[county.county].level != "county":
            codes = [u.code for u in org if u.level == "county"]
            raise CatalogueError("not a county of org_units.csv", where=where, expected=", ".join(codes))
        for form in (*county.forms, *county.sheets, *county.layouts):
            if form not in forms:
                raise CatalogueError(f"unknown form {form!r}", where=where, expected=", ".join(forms))
        if county.crosswalk and not (path.parent / county.crosswalk).is_file():
            raise CatalogueError(
                f"no file {county.crosswalk}", where=where, expected="a CSV under the catalogue"
            )
        counties[county.county] = county
    return counties


def _corrections(folder: Path, forms: dict[str, Form], org: OrgTree) -> tuple[Correction, ...]:
    """What people declare to be wrong, a file a form; a form without a file has none."""
    found: list[Correction] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.stem not in forms:
            raise CatalogueError(
                f"no form {path.stem!r}", where=str(path), expected="a file named after a form"
            )
        listed = _listed(_yaml(path) or [], path)
        entries = [_model(corrected.Entry, entry, path, f"[{i}]") for i, entry in enumerate(listed)]
        shown = f"{folder.name}/{path.name}"
        found += corrected.against(entries, forms[path.stem], org, str(path), shown)
    return tuple(found)


def _in_plan_order(indicators: dict[str, Indicator], plan: Plan) -> dict[str, Indicator]:
    order = list(plan.initiatives)
    return dict(sorted(indicators.items(), key=lambda item: order.index(item[1].initiative)))


def _suite(path: Path, form: str) -> Suite:
    if not path.is_file():
        raise CatalogueError(
            "no such file", where=str(path), expected=f"the expectation suite of form {form}"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as e:
        raise CatalogueError(f"not JSON: {e}", where=str(path), expected="a Great Expectations suite") from e
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        raise CatalogueError("no `expectations`", where=str(path), expected="a Great Expectations suite")
    return Suite(form, content, path)


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except FileNotFoundError as e:
        raise CatalogueError("no such file", where=str(path), expected="a file of the catalogue") from e
    except yaml.YAMLError as e:
        raise CatalogueError(f"not YAML: {e}", where=str(path), expected="YAML") from e


def _listed(content: Any, path: Path) -> list[Any]:
    if not isinstance(content, list):
        raise CatalogueError(
            f"holds a {type(content).__name__}", where=str(path), expected="a list of entries"
        )
    return content


M = TypeVar("M", bound=BaseModel)


def _model(model: type[M], content: Any, path: Path, at: str = "") -> M:
    try:
        return model.model_validate(content)
    except ValidationError as e:
        problems = [
            f"{'.'.join(map(str, p['loc']))}: {p['msg']}, found {p['input']!r:.80}" for p in e.errors()
        ]
        name = (
            content.get("code") or content.get("county") or content.get("unit") or ""
            if isinstance(content, dict)
            else ""
        )
        allowed = ", ".join(f.alias or n for n, f in model.model_fields.items())
        raise CatalogueError(
            "; ".join(problems), where=f"{path}{at} {name}".rstrip(), expected=f"keys: {allowed}"
        ) from e


def _hash(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
