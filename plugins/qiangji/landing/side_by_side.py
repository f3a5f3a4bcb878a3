"""Reports that lie side by side: several items of one listing that report the same form and period.

In: a county's listing, then what was fetched. Out: the items in groups, each in the order in which the county's system
dates them, and a question about a delivery that must not count by itself. The latest that was changed counts. So a
delivery is held until a person decides:

| what is new | is held where |
| --- | --- |
| a report | the system does not say which of the two is later (no times, or the same to two seconds) |
| a report | one of the two is dated in the future: a clock was wrong, so its time says nothing |
| a report | a later one beside it was received before, or could not be fetched: received last, this one would count |

Bytes that were received before are received again where their system dates them anew, and later than the file beside
them that counts: a county went back to them. Where both were dated anew, somebody touched or moved the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from qiangji.ledger import SIDE_BY_SIDE, Part
from qiangji.settings import settings
from qiangji.sources import Fetched, Item, Target
from qiangji.sources.said import believed

APART = timedelta(seconds=2)
"""Of two new files, times that are nearer are the same: a program copied them one after the other, or the file system
tells no more."""

_CLOCK = (
    "其中有修改时间晚于当前时间的（所用计算机或系统的时钟有误），",
    ", one of them dated in the future by a wrong clock",
)


@dataclass(frozen=True)
class Taken:
    """An item that was fetched. `is_new`: its content is. `beside`: the item beside it because of which it is held.

    `is_dated_anew`: its content is known, and its version is another than before.
    """

    fetched: Fetched
    sha256: str
    is_new: bool
    beside: Item | None = None
    is_dated_anew: bool = False


Counting = Callable[[Sequence[Target]], Mapping[Target, str]]
"""Of which name what was received last for these reports is, where that counts."""


def groups(items: Sequence[Item]) -> list[list[Item]]:
    """Items that share a (form, period) are in one group; each group is in the order of its times."""
    found: list[list[Item]] = []
    by_target: dict[Target, list[Item]] = {}
    for item in items:
        mine = {id(group): group for target in item.targets if (group := by_target.get(target))}
        found = [group for group in found if id(group) not in mine]
        group = [one for other in mine.values() for one in other] + [item]
        by_target |= {target: group for one in group for target in one.targets}
        found.append(group)
    return [_in_order(group) for group in found]


def _in_order(group: Sequence[Item]) -> list[Item]:
    if any(believed(item.changed_at) is None for item in group):
        return list(group)
    return sorted(group, key=lambda item: item.changed_at or datetime.min)


def sent_again(group: Sequence[Item], taken: Sequence[Taken], counting: Counting) -> list[Taken]:
    """What was taken of a group; known bytes that are later now than the file that counts are new once more.

    `counting` is asked only where that may be: of files that lie alone, or unchanged, nothing is looked up.
    """
    changed = {one.fetched.item.name for one in taken if one.is_new or one.is_dated_anew}
    return [
        replace(one, is_new=True) if _is_gone_back_to(one, group, changed, counting) else one for one in taken
    ]


def _is_gone_back_to(one: Taken, group: Sequence[Item], changed: set[str], counting: Counting) -> bool:
    if one.is_new or not one.is_dated_anew or len(group) < 2:
        return False
    item = one.fetched.item
    others = [o for o in group if o.name != item.name and set(o.targets) & set(item.targets)]
    mine = believed(item.changed_at)
    for other in others:
        its = believed(other.changed_at)
        if mine is None or its is None or mine - its < APART or other.name in changed:
            return False
    names = {other.name for other in others}
    return bool(names) and any(name in names for name in counting(item.targets).values())


def asked(group: Sequence[Item], taken: Sequence[Taken]) -> list[Taken]:
    """What was taken of a group, each that must not count by itself with the item beside it."""
    fresh = {one.fetched.item.name for one in taken if one.is_new}
    return [
        replace(one, beside=_beside(one.fetched.item, group, fresh)) if one.is_new else one for one in taken
    ]


def _beside(item: Item, group: Sequence[Item], fresh: set[str]) -> Item | None:
    for other in group:
        if other.name == item.name or not set(other.targets) & set(item.targets):
            continue
        mine, its = believed(item.changed_at), believed(other.changed_at)
        if mine is None or its is None:
            return other
        is_later = mine > its
        if other.name in fresh and abs(mine - its) < APART:
            return other
        if not is_later and other.name not in fresh:
            return other
    return None


def held(part: Part, item: Item, other: Item | None) -> Part:
    """The part of a delivery, with the question if another item beside it reports the same."""
    if other is None or part.reason_code or part.sha256 is None:
        return part
    if (part.form, part.period) not in {(form, str(period)) for form, period in other.targets}:
        return part
    names = f"{_told(item)}, {_told(other)}"
    clock_zh, clock_en = (
        _CLOCK if any(one.changed_at and not believed(one.changed_at) for one in (item, other)) else ("", "")
    )
    return replace(
        part,
        reason_code=SIDE_BY_SIDE,
        message_zh=f"同一报表同一报告期有两份文件（{names}），{clock_zh}无法确定以哪份为准，"
        "请核实后放行应采用的一份、作废另一份，并请县（市、区）只保留一份",
        message_en=f"two reports of the same form and period lie side by side ({names}){clock_en}, and it is not clear"
        " that this one is the later: release the one that is right, void the other, and ask the county to keep one",
    )


def _told(item: Item) -> str:
    at = item.changed_at
    return (
        f"{item.name} {at.astimezone(ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M:%S}" if at else item.name
    )
