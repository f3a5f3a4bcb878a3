"""What made a figure move, in words: one sentence whose numbers add up to the change, and its beginning alone.
The change can be seen from where to where, too: with two digits, or as many as that takes.

In: a `Change`. Out: text in `zh` or `en`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from qiangji.figures.comparison import signed
from qiangji.figures.contributing import Change, Part
from qiangji.figures.decomposing import EFFECTS, Effect
from qiangji.text import ends_of

LEADS = 2
"""What is named one by one: what moved the figure most, in the direction in which it moved."""
EFFECT_WORDS: dict[Effect, tuple[str, str]] = {
    "rate": ("自身水平", "own rates"),
    "mix": ("结构变化", "mix of units"),
    "reporting": ("报送变化", "who reported"),
    "boundary": ("区划变化", "boundaries"),
    "rest": ("下级未能说明的部分", "what the units beneath do not account for"),
}
"""Effect of all units -> its words in both languages."""
PRESENCE_WORDS = {
    "came": ("新报", "newly reported"),
    "went": ("未报", "not reported"),
    "moved_in": ("划入", "moved in"),
    "moved_out": ("划出", "moved out"),
    "opened": ("新设", "opened"),
    "closed": ("撤销", "closed"),
}
"""Why a unit counts on one side alone -> words in both languages."""
KIND_WORDS = {
    "hidden": ("隐去的{n}个单位", "the hidden units"),
    "elsewhere": ("下级未能说明的部分", "what the units beneath do not account for"),
    "itself": ("本级", "the unit itself"),
}
"""Kind of a part that is not one unit -> its name in both languages; `{n}`: how many units."""
_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Cell:
    """A part's effect as it is shown."""

    part: Part
    effect: Effect

    @property
    def size(self) -> Decimal:
        return self.part.shown.of(self.effect)

    def said(self, language: str) -> str:
        return f"{self._what(language)} {signed(self.size)}"

    def _what(self, language: str) -> str:
        name = name_of(self.part, language)
        if self.effect == "rate":
            zh, en = ("上升", "up") if self.size > 0 else ("下降", "down")
            whose = f"{name}'" if name.endswith("s") else f"{name}'s"
            rates = self.part.reporting_rates
            if rates and rates[0] != rates[1]:  # its own rate is then that of other units within it, too
                before, now = rates
                by_reports = f"{whose} figure {en} as {before} → {now} % reported"
                return f"{name}随上报率{before}%→{now}%{zh}" if language == "zh" else by_reports
            return f"{name}自身水平{zh}" if language == "zh" else f"{whose} own rate {en}"
        zh, en = PRESENCE_WORDS.get(self.part.presence, ("", ""))
        return f"{name}{zh}" if language == "zh" else f"{name} {en}".rstrip()


def name_of(part: Part, language: str) -> str:
    """What a part is called."""
    if part.kind == "unit":
        return part.org_name
    return KIND_WORDS[part.kind][language == "en"].format(n=part.units)


def sentence(change: Change, language: str) -> str:
    """The whole change: from where to where, what moved it most, and by effect what else did. The numbers add up."""
    before, after = ends_of(change.value_before, change.value_after)
    moved = _moved(change)
    first, last = change.move.before.period, change.move.after.period
    if language == "zh":
        verb = "升至" if moved > 0 else "降至" if moved < 0 else "到"
        of = (f"{first}的", f"{last}的") if first != last else ("", "")
        said = f"{change.org_name}由{of[0]}{before}{verb}{of[1]}{after}（{signed(moved)}）"
        why = "；".join(_clauses(change, language))
        return f"{said}：{why}。"
    verb = "rose" if moved > 0 else "fell" if moved < 0 else "went"
    of = (f" in {first}", f" in {last}") if first != last else ("", "")
    said = f"{change.org_name} {verb} from {before}{of[0]} to {after}{of[1]} ({signed(moved)})"
    return f"{said}: {'; '.join(_clauses(change, language))}."


def short(change: Change, language: str) -> str:
    """What moved it most, without what else did; '' where nothing beneath the figure is shown, or nothing moved it."""
    return "" if _is_itself(change) else _mainly(_leads(change), language)


def _clauses(change: Change, language: str) -> Iterator[str]:
    if _is_itself(change):
        yield (
            ("下级的指标值不显示，无法分解" if change.is_restricted else "没有下级的指标值，无法分解")
            if language == "zh"
            else (
                "figures beneath it are not shown"
                if change.is_restricted
                else "no unit beneath it has a figure"
            )
        )
        return
    leads = _leads(change)
    if leads:
        yield _mainly(leads, language)
    others = {e: change.shown.of(e) - sum((c.size for c in leads if c.effect == e), _ZERO) for e in EFFECTS}
    told = {c.effect for c in leads}
    for effect, size in others.items():
        if size:
            words = EFFECT_WORDS[effect][language == "en"]
            other = ("其他单位", "other units: ")[language == "en"] if effect in told else ""
            yield f"{other}{words} {signed(size)}"
    if not leads and not any(others.values()):
        yield ("各单位均无可见的变化", "no unit moved it visibly")[language == "en"]


def _leads(change: Change) -> list[_Cell]:
    """The largest cells in the direction of the change; in any direction where the figure is as it was.

    The mix of units is told for all of them together: it is one thing that happened between them.
    """
    cells = [_Cell(p, e) for p in change.parts for e in EFFECTS if e != "mix" and p.shown.of(e)]
    sign = _moved(change)
    if sign:
        cells = [c for c in cells if (c.size > 0) == (sign > 0)]
    return sorted(cells, key=lambda c: -abs(c.size))[:LEADS]


def _mainly(leads: list[_Cell], language: str) -> str:
    if not leads:
        return ""
    said = [c.said(language) for c in leads]
    return f"主要因{'、'.join(said)}" if language == "zh" else f"mainly {', '.join(said)}"


def _is_itself(change: Change) -> bool:
    return any(p.kind == "itself" for p in change.parts)


def _moved(change: Change) -> Decimal:
    """The change as it is shown: what all parts that are shown add up to."""
    return change.shown.total
