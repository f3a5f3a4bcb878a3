"""The forms that county systems hold: their fields, and how values are drawn.

A form is one module here with a `SPEC` and a function `values(population, period)`. The function returns a column for
each field, with all units of the grain in the whole city, in code order. A new form needs such a module, its headers in
`headers.yaml`, and its name in `FORMS`.
"""

from __future__ import annotations

from simulator.forms import (
    community,
    county_emerging,
    county_milestones,
    county_oversight,
    county_secretaries,
    county_traditional,
    town_overseas,
    town_service,
    town_training,
    village,
    village_group,
)
from simulator.forms.spec import Column, Field, Form

FORMS: dict[str, Form] = {
    module.FORM.code: module.FORM
    for module in (
        village_group, village, community, town_service, town_training, town_overseas, county_secretaries,
        county_oversight, county_traditional, county_emerging, county_milestones,
    )
}  # fmt: skip

__all__ = ["FORMS", "Column", "Field", "Form"]
