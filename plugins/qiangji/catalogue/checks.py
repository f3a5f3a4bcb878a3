"""What forms and indicators must hold beyond their shape, against each other, the plan and the tree.

In: the models, as read. Out: nothing, or a CatalogueError that names the file, the key and what was allowed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from qiangji.catalogue.indicators import Definition, Indicator
from qiangji.catalogue.models import Form, Plan, shortest_of
from qiangji.catalogue.places import Place
from qiangji.catalogue.terms import Term
from qiangji.catalogue.tree import LEVELS, OrgTree
from qiangji.errors import CatalogueError
from qiangji.periods import MONTHS_IN, Period


def check_form(form: Form, org: OrgTree, plan: Plan, place: Place) -> None:
    """A form by itself: its key, who fills it in, and that no header names two fields."""
    try:
        re.compile(form.key_pattern)
    except re.error as e:
        raise CatalogueError(
            f"key_pattern {form.key_pattern!r}: {e}",
            where=place / "key_pattern",
            expected="a regular expression",
        ) from e
    kinds = org.kinds
    if unknown := [k for k in form.kinds if k not in kinds]:
        raise CatalogueError(
            f"no unit of kind {', '.join(unknown)}", where=place / "kinds", expected=", ".join(sorted(kinds))
        )
    _check_parents(form, kinds, plan, place)
    # Two counties may use one header for two fields, but a form cannot then tell which is meant.
    owners: dict[str, str] = {}
    aliases = {n: (n, f.label.zh, f.label.en, *f.headers) for n, f in form.fields.items()}
    aliases = {
        form.key: (form.key, *form.key_headers),
        "unit_name": ("unit_name", *form.name_headers),
        **aliases,
    }
    for name, headers in aliases.items():
        for header in map(normal_header, headers):
            if owners.setdefault(header, name) != name:
                raise CatalogueError(
                    f"header {header!r} names both {owners[header]} and {name}",
                    where=place / "fields" / name / "headers",
                    expected="one field a header",
                )


def _check_parents(form: Form, kinds: Collection[str], plan: Plan, place: Place) -> None:
    """A form with rows beneath units of the tree must say which units, and whom to expect before any row is known."""
    beneath = form.grain in ("group", "task")
    for key, example in (("parent_digits", "e.g. 12"), ("placeholder_kinds", "e.g. [village], or []")):
        if beneath != (getattr(form, key) is not None):
            raise CatalogueError(
                f"{key} belongs to grain group or task, which needs it",
                where=place / key,
                expected=example,
            )
    if unknown := [k for k in form.placeholder_kinds or () if k not in (form.kinds or kinds)]:
        raise CatalogueError(
            f"no unit of kind {', '.join(unknown)} fills it in",
            where=place / "placeholder_kinds",
            expected=", ".join(form.kinds or sorted(kinds)),
        )
    if form.serials and form.grain != "task":
        raise CatalogueError("serials belong to grain task", where=place / "serials", expected="no serials")
    for serial, row in form.serials.items():
        if row.initiative not in plan.initiatives:
            raise CatalogueError(
                f"unknown initiative {row.initiative!r}",
                where=place / "serials" / serial,
                expected=", ".join(plan.initiatives),
            )
    if len({len(serial) for serial in form.serials}) > 1:
        raise CatalogueError(
            "serials of different lengths", where=place / "serials", expected="as many digits in each"
        )


def normal_header(text: str) -> str:
    """How headers are compared: NFKC (full-width forms as plain ones), without spaces around."""
    return unicodedata.normalize("NFKC", text).strip()


def check_indicator(
    indicator: Indicator, plan: Plan, forms: dict[str, Form], org: OrgTree, place: Place
) -> None:
    """An indicator against the plan (initiative, years), the forms (fields, types, periods) and the tree."""
    if indicator.initiative not in plan.initiatives:
        raise CatalogueError(
            f"unknown initiative {indicator.initiative!r}",
            where=place / "initiative",
            expected=", ".join(plan.initiatives),
        )
    first, last = plan.years
    for definition in indicator.definitions:
        at = place / "earlier" / (definition.version - 1) if definition.until else place
        _check_definition(definition.indicator, forms, org, at)
        _check_asked(definition, f"{first}-01", forms, place)
    if outside := [year for year in indicator.target if not first <= year <= last]:
        raise CatalogueError(
            f"a target for {outside[0]}, which is no year of the plan",
            where=place / "target" / outside[0],
            expected=f"{first} to {last}, the `years` of plan.yaml",
            code="target_year",
        )


def _check_definition(indicator: Indicator, forms: dict[str, Form], org: OrgTree, place: Place) -> None:
    for side in ("numerator", "denominator"):
        for i, term in enumerate(getattr(indicator, side)):
            _check_term(term, forms, place / side / i)
    shortest = shortest_of(forms[f] for f in indicator.forms)
    if MONTHS_IN.get(indicator.headline, 12) < MONTHS_IN[shortest]:
        raise CatalogueError(
            f"headline {indicator.headline} of a form that is reported by the {shortest}",
            where=place / "headline",
            expected=f"{shortest} or ytd",
        )
    _check_common_unit([forms[f] for f in indicator.forms], org, place)


def _check_asked(definition: Definition, first: str, forms: dict[str, Form], place: Place) -> None:
    """What a definition reads must be asked for in all its months: else each unit is missing from the earlier ones.

    `first`: the plan's first month, before which there are no figures.
    """
    begins = max(first, definition.since or first)
    for term in definition.indicator.terms:
        form = forms[term.form]
        asked = {form.form: form.since} | {
            f"{form.form}.{name}": form.fields[name].since for name in term.fields - {form.key}
        }
        for name, month in asked.items():
            if month is not None and month > begins:
                before = str(Period.parse(month) - 1)
                earlier = definition.version > 1
                raise CatalogueError(
                    f"{definition.indicator.code} reads {name}, which is asked for since {month}: its figures of"
                    f" {begins} to {before} would lack every unit",
                    where=place / "earlier" / (definition.version - 2) / "until"
                    if earlier
                    else place / "since",
                    expected=f"`until: {before}` or later of the definition before"
                    if earlier
                    else f"`since: {month}` or later, or what it meant until {before} under `earlier`",
                    code="not_asked_yet",
                )


def _check_common_unit(forms: list[Form], org: OrgTree, place: Place) -> None:
    """Forms that are read together must share units of the coarsest grain; the others' units lie there or beneath."""
    coarsest = min(forms, key=lambda f: LEVELS.index(f.base_level))
    for form in forms:
        if not org.any_beneath(form.filled_in_by, coarsest.base_level, coarsest.filled_in_by):
            raise CatalogueError(
                f"{form.form} (of {', '.join(form.filled_in_by)}) and {coarsest.form}"
                f" (of {', '.join(coarsest.filled_in_by)}) have no common unit",
                where=place,
                expected="forms of which one is filled in by the same units as the other, or by units above them",
                code="no_common_unit",
            )


def _check_term(term: Term, forms: dict[str, Form], where: Place) -> None:
    form = forms.get(term.form)
    if form is None:
        raise CatalogueError(f"unknown form {term.form!r}", where=where / "form", expected=", ".join(forms))
    for name in term.fields - {form.key}:
        if name not in form.fields:
            raise CatalogueError(
                f"form {term.form} has no field {name!r}", where=where, expected=", ".join(form.fields)
            )
    term.check(form, where)
