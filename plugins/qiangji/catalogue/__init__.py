"""The catalogue: what is collected and measured, as data read from files and checked when it loads.

In: catalogue/*.yaml, catalogue/org_units.csv, expectations/<form>.json. Out: one frozen `Catalogue`.
"""

from qiangji.catalogue.conditions import Condition
from qiangji.catalogue.corrections import Correction
from qiangji.catalogue.indicators import Definition, Indicator
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import (
    County,
    Field,
    Form,
    Label,
    Layout,
    Plan,
    Suppression,
    shortest_of,
)
from qiangji.catalogue.terms import Side, Term

__all__ = [
    "Catalogue",
    "Condition",
    "Correction",
    "County",
    "Definition",
    "Field",
    "Form",
    "Indicator",
    "Label",
    "Layout",
    "Plan",
    "Side",
    "Suppression",
    "Term",
    "load",
    "shortest_of",
]
