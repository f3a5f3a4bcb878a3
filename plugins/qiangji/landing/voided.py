"""Bytes that somebody voided are not taken again, and that is told: a county sent the same file once more.

In: a county's items, what was taken of them, and what of the county was voided. Out: what is taken without that, and
a note for each (form, period) concerned: when they are sent again, and while nothing else stands for it. If they
were voided by mistake, the delivery is released.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qiangji.landing.other_names import Note
from qiangji.landing.side_by_side import Taken
from qiangji.ledger import Listed, Voided
from qiangji.sources import Item

CODE = "voided_again"
By = Mapping[tuple[str, str, str], Voided]
"""(sha256, form, period) -> what was voided."""


def by_bytes(voided: Sequence[Voided]) -> By:
    """What was voided, to be looked up."""
    return {(v.sha256, v.form, v.period): v for v in voided}


def refused(voided: By, taken: Iterable[Taken]) -> list[Taken]:
    """What was taken; what was voided is not new, so that it is not landed once more."""
    return [
        replace(t, is_new=False, is_dated_anew=False) if _was_voided(voided, t.fetched.item, t.sha256) else t
        for t in taken
    ]


def _was_voided(voided: By, item: Item, sha256: str) -> bool:
    """Whether all that an item reports was voided with these very bytes."""
    return all((sha256, form, str(period)) in voided for form, period in item.targets)


def notes(
    voided: By, items: Iterable[Item], known: Mapping[str, Listed], fetched: Mapping[str, str]
) -> list[Note]:
    """`known`: what was listed before; `fetched`: name -> sha256 of what was fetched just now."""
    told = []
    for item in items:
        before = known.get(item.name)
        sha256 = fetched.get(item.name) or (before.sha256 if before else "")
        if not _was_voided(voided, item, sha256):
            continue
        is_sent_again = item.name in fetched and (before is None or before.version != item.version)
        for form, period in item.targets:
            was = voided[sha256, form, str(period)]
            if is_sent_again or not was.is_replaced:
                told.append(Note(form, period, CODE, _message(item.name, was)))
    return told


def _message(name: str, was: Voided) -> str:
    return (
        f"{name} 与 {was.decided_by} 作废的来件 {was.delivery_id} 内容相同，不再采用：请县（市、区）更正后重新放置；"
        f"误作废的，请 qiangji release {was.delivery_id}。"
        f" {name} has the bytes of delivery {was.delivery_id}, which {was.decided_by} voided, and is not taken again:"
        " ask the county for a corrected file; if it was voided by mistake, release that delivery"
    )
