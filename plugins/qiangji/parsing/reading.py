"""What a grid is to be read as: one form of one period, as one county sends it.

In: the catalogue's County and Form, the Period, the county's crosswalk. Out: `Reading`, which each step of `read_form`
takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qiangji.catalogue.models import County, Field, Form, Layout
from qiangji.periods import Period


@dataclass(frozen=True)
class Reading:
    """`fields`: those the form has in the period, in the form's order. `layout`: how the county's sheet looks.
    `optional`: fields that a sheet may have no column for. `county`: its code. `sheet`: how addresses name the sheet.

    `crosswalk`: the county's own unit code -> the tree's. `where`: how messages name the submission.
    """

    form: Form
    period: Period
    fields: Mapping[str, Field]
    layout: Layout
    crosswalk: Mapping[str, str]
    where: str
    optional: tuple[str, ...] = ()
    county: str = ""
    sheet: str = ""

    @classmethod
    def of(
        cls, county: County, form: Form, period: Period, crosswalk: Mapping[str, str], sheet: str = ""
    ) -> Reading:
        month = str(period.last_month)
        fields, optional = form.fields_in(month), tuple(form.optional_in(month))
        where = f"{county.county} {form.form} {period}"
        layout = county.layout_of(form.form)
        code = county.county
        return cls(form, period, fields, layout, crosswalk, where, optional, code, sheet or form.form)
