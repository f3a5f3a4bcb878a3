"""Reports of units that the tree has and does not expect: rejected rows, and findings that say why.

In: the rows of a submission with `_is_known`, and the tree. Out: findings beside those of the suite. A code that the
tree lacks is a slip of the pen, and its row only goes back. A unit that the tree has means that the county or the tree
is behind, and somebody has to find out which: it may be another county's, closed, not yet open, or report nothing. The
county reads the same beside the row: of a unit that has closed, the code under which it goes on (`cause`).
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.lineage import ENDING
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form, Label
from qiangji.catalogue.suites import Words
from qiangji.checking.breaches import Cause
from qiangji.ledger.findings import Finding, org_code_of
from qiangji.periods import Period

GRAINS_BENEATH = ("village", "community", "group")
"""Grains of which the rows of a town, or a county, are no unit's."""
_BECAME = {
    "renamed": ("编码改为", "has the code"),
    "merged_into": ("并入", "is part of"),
    "moved_to": ("改为", "goes on as"),
}
"""What became of a unit that has ended, by the kind of its lineage."""


def findings(catalogue: Catalogue, form: Form, frame: pa.Table, period: Period, county: str) -> list[Finding]:
    """One for each key that nobody expected. `frame`: the rows with their context columns."""
    known = frame.column("_is_known")
    if pc.all(known).as_py():
        return []
    strange = frame.column(form.key).filter(pc.invert(pc.fill_null(known, True)))
    found = []
    for unit in sorted({str(k) for k in strange.to_pylist() if k is not None}):
        org_code = org_code_of(unit, form)
        why = _why(catalogue, form, org_code, period, county)
        if why is None:
            continue
        value, zh, en = why
        words = Words(
            value,
            f"报送了不应报送的单位{unit}",
            f"{unit} was reported and is not expected",
            f"本县本期应报送的单位，而该单位{zh}",
            f"a unit of the county that reports in the period; this one {en}",
        )
        rule = f"{form.form}.{form.key}.unexpected"
        found.append(
            Finding(county, form.form, str(period), unit, org_code, rule, "warning", (form.key,), words)
        )
    return found


def cause(catalogue: Catalogue, form: Form, period: Period, county: str) -> Cause:
    """Why a county's unit is not expected, for each key."""

    @cache
    def of_unit(code: str) -> Label | None:
        why = _why(catalogue, form, code, period, county)
        return Label(zh=why[1], en=why[2]) if why else None

    return lambda key: of_unit(org_code_of(key, form))


def _why(
    catalogue: Catalogue, form: Form, code: str, period: Period, county: str
) -> tuple[str, str, str] | None:
    """(a value, the reason in zh and in en); None where the tree lacks the unit, or expects it."""
    org = catalogue.org
    lines = org.versions.get(code)
    if not lines or (form.grain in GRAINS_BENEATH and lines[0].level in ("county", "town")):
        return None  # a town's heading or subtotal among its units goes back as what it is
    if org.version(code, (period,)) is None:
        ended = [u.valid_to for u in lines if u.valid_to and u.valid_to < period.end]
        if ended:
            heir_zh, heir_en = _heir(catalogue, code, period, county)
            return str(max(ended)), f"已于{max(ended)}撤销{heir_zh}", f"closed on {max(ended)}{heir_en}"
        opens = str(min(u.valid_from for u in lines if u.valid_from))
        return opens, f"{opens}起才设立", f"opens on {opens}"
    if (owner := org.county_of(code, period)) != county:
        name = catalogue.name_of(owner) if owner else ""
        return owner or "", f"属于{owner} {name}", f"belongs to {owner} {name}"
    if org.units[code].kind not in form.filled_in_by:
        return (
            org.units[code].kind,
            "不是本表的填报单位",
            f"is a {org.units[code].kind}, which the form is not for",
        )
    if not org.reports(code, period):
        return "", "本期不报送", "reports nothing in this period"
    return None


def _heir(catalogue: Catalogue, code: str, period: Period, county: str) -> tuple[str, str]:
    """Under which code a unit that has ended is reported, in zh and en; '' where the lineage does not say."""
    ends = {x.from_code: x for x in catalogue.lineage if x.kind in ENDING and x.on <= period.end}
    if code not in ends:
        return "", ""
    (became_zh, became_en), heir = _BECAME[ends[code].kind], ends[code].to_code
    while heir in ends:  # the catalogue holds no circle
        heir = ends[heir].to_code
    name = catalogue.name_of(heir)
    zh, en = f"，{became_zh}{heir} {name}", f" and {became_en} {heir} {name}"
    if (owner := catalogue.org.county_of(heir, period)) != county:
        whose = f"{owner} {catalogue.name_of(owner)}" if owner else ""
        return f"{zh}（属于{whose}）", f"{en}, which belongs to {whose}"
    return f"{zh}，请改按{heir}报送", f"{en}: report it under {heir}"
