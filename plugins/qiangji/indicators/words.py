"""Indicators in words: what the warehouse's dictionary says of them.

In: the catalogue. Out: sides as text, and rows of dim.indicator and dim.indicator_field.
"""

from __future__ import annotations

from collections.abc import Iterable

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.terms import Term


def in_words(side: Iterable[Term], catalogue: Catalogue, language: str = "zh") -> str:
    """A side as people read it, in `zh` or `en`: `党员组长`, `count(组长 = 0)`."""
    return " ".join(
        ("- " if term.minus else "+ " if i else "") + term.in_words(catalogue.forms[term.form], language)
        for i, term in enumerate(side)
    )


def dictionary(catalogue: Catalogue) -> list[dict[str, object]]:
    """One row an indicator, for dim.indicator."""
    rows: list[dict[str, object]] = []
    for order, x in enumerate(catalogue.indicators.values(), 1):
        aspect = next(a for a in catalogue.plan.aspects if any(i.code == x.initiative for i in a.initiatives))
        initiative = catalogue.plan.initiatives[x.initiative]
        rows.append(
            {
                "indicator_code": x.code,
                "name_zh": x.name.zh,
                "name_en": x.name.en,
                "definition_zh": x.definition.zh,
                "definition_en": x.definition.en,
                "aspect_code": aspect.code,
                "aspect_zh": aspect.name.zh,
                "aspect_en": aspect.name.en,
                "initiative_code": initiative.code,
                "initiative_zh": initiative.name.zh,
                "initiative_en": initiative.name.en,
                "numerator": in_words(x.numerator, catalogue),
                "denominator": in_words(x.denominator, catalogue),
                "factor": x.factor,
                "unit": x.unit,
                "direction": x.direction,
                "headline": x.headline,
                "missing": x.missing,
                "is_persons": x.persons,
                "is_restricted": catalogue.is_restricted(x),
                "shortest_period": catalogue.shortest_period(x),
                "forms": list(x.forms),
                "definition_version": len(x.definitions),
                "owner_zh": initiative.owner.zh if initiative.owner else None,
                "owner_en": initiative.owner.en if initiative.owner else None,
                "source_zh": "、".join(catalogue.forms[f].title.zh for f in x.forms),
                "source_en": "; ".join(catalogue.forms[f].title.en for f in x.forms),
                "tolerance": x.tolerance,
                "sort_order": order,
            }
        )
    return rows


def fields_read(catalogue: Catalogue) -> list[dict[str, object]]:
    """The fields of forms that each indicator reads, for dim.indicator_field."""
    definitions = [d for x in catalogue.indicators.values() for d in x.definitions]
    read = {(d.indicator.code, t.form, f) for d in definitions for t in d.indicator.terms for f in t.fields}
    return [dict(zip(("indicator_code", "form", "field"), key, strict=True)) for key in sorted(read)]
