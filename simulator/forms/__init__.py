"""The forms that county systems hold: what a form consists of, and how its values are drawn.

A form is one module here with a `SPEC` and a function `values(population, period)` that returns one column a
field for all units of its grain, whole city, in code order. Adding a form is such a module, its headers in
`headers.yaml`, and its name in `FORMS`.
"""

from __future__ import annotations

from simulator.forms import community, village, village_group
from simulator.forms.spec import Column, Field, Form

FORMS: dict[str, Form] = {form.code: form for form in (village_group.FORM, village.FORM, community.FORM)}

__all__ = ["FORMS", "Column", "Field", "Form"]
