"""Who has to sign a form, held against what its sheet shows: that somebody did, never who.

In: a submission, its form and the county's layout. Out: a finding where a role that the form needs did not sign. A role
for which the county's sign-off zone has no label cannot sign: nothing is asked of it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from qiangji.catalogue.models import Form, Layout
from qiangji.catalogue.suites import Words
from qiangji.checking.verdict import Checked
from qiangji.ledger.findings import Finding
from qiangji.parsing.signing import APPROVED_BY, FILLED_IN_BY, roles_in

RULE = "not_signed"
_NAMES = {FILLED_IN_BY: ("填表人", "who filled it in"), APPROVED_BY: ("审核人", "who approved it")}


def findings(one: Checked, form: Form, layout: Layout) -> Iterator[Finding]:
    """At most one, on the report."""
    needed = form.sign_off.needs_in(str(one.period.last_month)) if form.sign_off else ()
    can = roles_in(layout.sign_off)
    if one.parsed is None:
        return
    lacking = [role for role in needed if role in can and role not in one.parsed.sheet.signed]
    if not lacking:
        return
    zh, en = "、".join(_NAMES[r][0] for r in lacking), " and ".join(_NAMES[r][1] for r in lacking)
    every = [_NAMES[r] for r in needed if r in can]
    words = Words(
        None,
        f"签章栏缺少{zh}",
        f"the sign-off zone does not show {en}",
        f"{'、'.join(n for n, _ in every)}均已签（只查是否已签，不读取、不保存姓名）",
        f"that it shows {' and '.join(n for _, n in every)} (only whether somebody signed is looked at: no name is"
        " kept)",
    )
    yield Finding.of_report(one.place, f"{form.form}.{form.key}.{RULE}", words)
