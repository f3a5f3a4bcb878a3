"""Loaded facts whose units lie elsewhere by now, as the tree was corrected back in time.

In: the months of a build, the tree. Out: the submissions whose facts have another path than the tree says. Asked only
of months that were built last by another tree or other definitions, which are computed as a whole anyway.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.building.signatures import Signatures
from qiangji.catalogue.models import Form
from qiangji.ledger import Key
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import copy_in
from qiangji.warehouse.tables import PATH


def moved(c: Connection, p: Pipeline, months: Collection[Period], signatures: Signatures) -> frozenset[Key]:
    """Submissions of these months whose facts are to be loaded again.

    Not those with a unit that lies in another county now: its row goes back when the report is read again.
    """
    asked = {
        "months": [str(m) for m in months],
        "definitions": signatures.definitions,
        "tree": signatures.tree,
    }
    found: set[Key] = set()
    for month in [Period.parse(m) for m in c.scalars(query("building/built_otherwise"), asked)]:
        forms = [f for f in p.catalogue.forms.values() if month.ends_in(f.period_type)]
        for period_type in sorted({f.period_type for f in forms}):
            period = month.as_type(period_type)
            mine = [f for f in forms if f.period_type == period_type]
            found |= _of_period(c, p.catalogue.org.paths_in(period), mine, str(period))
    return frozenset(found)


def _of_period(c: Connection, tree: pa.Table, forms: Collection[Form], period: str) -> set[Key]:
    """Those of forms of one period, by the paths of all units in it."""
    columns = ", ".join(f"{name} text" for name in ("org_code", *PATH))
    c.execute(sa.text(f"CREATE TEMP TABLE lying ({columns}) ON COMMIT DROP"))
    copy_in(c, "lying", tree.select(["org_code", *PATH]))
    c.execute(sa.text("ANALYZE lying"))
    found = set()
    for form in forms:
        unit = f"left(f.{form.key}, {form.parent_digits})" if form.parent_digits else f"f.{form.key}"
        asked = query("building/moved", table=f"fact.{form.form}", unit=unit)
        found |= {(form.form, period, county) for county in c.scalars(asked, {"period": period})}
    c.execute(sa.text("DROP TABLE lying"))
    return found
