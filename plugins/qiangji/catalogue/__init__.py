"""The catalogue: what is collected and measured, as data read from files and checked when it loads.

In: catalogue/*.yaml, catalogue/org_units.csv, expectations/<form>.json. Out: one frozen `Catalogue`.
"""

from qiangji.catalogue.corrections import Correction
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import (
    Condition,
    County,
    Definition,
    Field,
    Form,
    Indicator,
    Label,
    Layout,
    Plan,
    Side,
    Suppression,
    Term,
    shortest_of,
)

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
