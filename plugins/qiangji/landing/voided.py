"""Files with the very bytes of a delivery that somebody voided: they are not taken again, and that is told.

In: a county's items, the sha256 of each, and what of the county was voided. Out: a note for each (form, period)
concerned, while nothing else stands for it; where something does, only when the voided file is sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qiangji.landing.other_names import Note
from qiangji.ledger import Listed, Voided
from qiangji.sources import Item

CODE = "voided_again"


def notes(
    voided: Sequence[Voided], items: Iterable[Item], known: Mapping[str, Listed], fetched: Mapping[str, str]
) -> list[Note]:
    """`known`: what was listed before; `fetched`: name -> sha256 of what was fetched just now."""
    found = {(v.sha256, v.form, v.period): v for v in voided}
    told = []
    for item in items:
        before = known.get(item.name)
        sha256 = fetched.get(item.name) or (before.sha256 if before else "")
        is_sent_again = item.name in fetched and before is not None and before.version != item.version
        for form, period in item.targets:
            was = found.get((sha256, form, str(period)))
            if was and (is_sent_again or not was.is_replaced):
                told.append(Note(form, period, CODE, _message(item.name, was)))
    return told


def _message(name: str, was: Voided) -> str:
    return (
        f"{name} 与 {was.decided_by} 作废的来件 {was.delivery_id} 内容相同，不再采用：请县（市、区）更正后重新放置；"
        f"误作废的，请 qiangji release {was.delivery_id}。"
        f" {name} has the bytes of delivery {was.delivery_id}, which {was.decided_by} voided, and is not taken again:"
        " ask the county for a corrected file; if it was voided by mistake, release that delivery"
    )
