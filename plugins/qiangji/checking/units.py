"""Units that a sheet states (in headers, number formats and titles), held against those of the form's fields.

In: the unit in brackets behind or above each header, the unit that number formats write, title texts, the fields. Out:
the fields whose numbers are said to be in another unit.

A header and a number format belong to one field: their unit has to be one that its things are counted in (a tree is 株
or 棵, never 亩). A title belongs to all: only a unit that measures the same in another scale contradicts a field.
A sign alone in a number format (`¥`) is no scale: it counts as yuan only where neither header nor title states a unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from qiangji.catalogue.models import Field
from qiangji.parsing.facts import YUAN_SIGN, SheetFacts, spelt, split_unit, units_above
from qiangji.text import squeezed

Place = Literal["header", "format", "title"]
_SCALES = {
    "": 1,
    "十": 10,
    "百": 100,
    "千": 1_000,
    "万": 10_000,
    "十万": 100_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 10**8,
}
_SCALES_ALONE = ("万", "亿")
_SCALED = re.compile(r"^(十万|百万|千万|十|百|千|万|亿)?(.+)$")
_UNIT_IN_TITLE = re.compile(
    r"单位[::]?[(（]?(?P<units>[^\s)）\]】(（]+)"
    r"|[(（【\[](?:[^()（）\[\]【】]{0,8}[::,，、])?(?P<money>(?:人民币)?(?:百万|千万|十|百|千|万|亿)?[美港澳欧日加]?元)[)）\]】]"
)
"""`单位：千元`, `计量单位 千元`, `（金额：千元）`."""
_SPLIT = re.compile(r"[、,，/;；和及]")
_FOREIGN = re.compile("[美港澳欧日加]元|美金|港币|英镑|外币")
"""Money that no scale makes into yuan."""
_RATES = ("倍", "成")
_PERCENT = ("%", "百分比", "百分点")
_COUNTERS = (
    "人 名 个 位 户 家 次 人次 户次 场 场次 期 件 起 条 项 宗 批 届 篇 份 处 支 组 村 社区 镇 班 对 队 株 棵 台 辆 套"
    " 间 座 盏 所 头 只 亩 公顷 平方米 平方公里 m2 米 公里 km 吨 公斤 斤 小时 学时 课时 天 年 岁"
)
_COUNTED = frozenset(_COUNTERS.split())
_THINGS = "个 件 项 条 处 起 宗 份 篇 批 场 次 期 届 支 间 座 盏 所 台 辆 套 家 对 队 班"
_WORDS: Mapping[str, frozenset[str]] = {
    unit: frozenset(words.split())
    for unit, words in {
        "person": "人 名 位 个",
        "household": "户 家 个",
        "group": "个 组",
        "village": "个 村 条",
        "community": "个 社区",
        "unit": _THINGS,
        "item": _THINGS,
        "time": "次 场 场次 期 人次 户次 批 届 件 个 天 节",
        "tree": "株 棵 个",
    }.items()
}
"""Unit of a field -> words in which its things are counted."""
_OF_FIELDS = {"ten_thousand_yuan": ("money", 10_000), "percent": ("percent", 1)} | dict.fromkeys(
    _WORDS, ("count", 1)
)


@dataclass(frozen=True)
class OtherUnit:
    """A field whose numbers are said to be in another unit. `said`: as the sheet writes it; `place`: where."""

    field: str
    said: str
    place: Place


def other_units(sheet: SheetFacts, fields: Mapping[str, Field]) -> list[OtherUnit]:
    """Fields whose unit is another one by their header, a number format or a title, even where one of them is right."""
    found, in_titles = [], _units_in(sheet.title_texts)
    above = _units_above(sheet, fields)
    for name, field in fields.items():
        own = _OF_FIELDS.get(field.unit)
        if own is None or not field.is_number:
            continue
        stated = [units.get(name, "") for units in (sheet.units_in_headers, sheet.units_below, above)]
        said: list[tuple[Place, str]] = [("header", unit) for unit in stated]
        shown = sheet.units_in_formats.get(name, "")
        beside = [*stated, *units_above(sheet.headers.get(name, ("", ""))[0]), *in_titles]
        if shown != YUAN_SIGN or own not in map(measure_of, beside):
            said += [("format", unit) for unit in shown.split("、") if unit != YUAN_SIGN or unit == shown]
        if other := next((OtherUnit(name, unit, at) for at, unit in said if not _fits(unit, field)), None):
            found.append(other)
            continue
        alike = {unit: m for unit, m in in_titles.items() if m[0] == own[0] and _counts(unit, field)}
        if alike and own not in alike.values():
            found.append(OtherUnit(name, next(iter(alike)), "title"))
    return found


def _units_above(sheet: SheetFacts, fields: Mapping[str, Field]) -> dict[str, str]:
    """Field -> the unit in the cells above its header, where none of the units there fits any field beneath them."""
    beneath: dict[str, list[str]] = {}
    for name, (parents, _) in sheet.headers.items():
        if name in fields and fields[name].unit in _OF_FIELDS:
            beneath.setdefault(parents, []).append(name)
    found = dict[str, str]()
    for parents, names in beneath.items():
        units = units_above(parents)
        if units and not any(_fits(unit, fields[name]) for unit in units for name in names):
            found |= dict.fromkeys(names, units[-1])
    return found


def _counts(unit: str, field: Field) -> bool:
    """Whether a title's unit, whatever its scale, is one in which a field's things are counted."""
    scaled = _SCALED.match(_plain(unit))
    return field.unit not in _WORDS or (scaled is not None and scaled[2] in _WORDS[field.unit])


def _fits(unit: str, field: Field) -> bool:
    """Whether a field may be counted in a unit: in its own, or as the catalogue writes it in a header of the field."""
    measure = measure_of(unit)
    if (plain := _plain(unit)) in _SCALES_ALONE:  # 万 is 万元 of money, and 万人 of people
        measure = _OF_FIELDS[field.unit][0], _SCALES[plain]
    if measure is None:
        return True
    declared = {split_unit(text)[1] for text in (field.label.zh, *field.headers)}
    if measure != _OF_FIELDS[field.unit]:
        return squeezed(unit) in declared
    return measure[0] != "count" or not {plain, squeezed(unit)}.isdisjoint(_WORDS[field.unit] | declared)


def _plain(unit: str) -> str:
    text = squeezed(unit)
    return spelt(text.removeprefix("人民币") or text)


def measure_of(unit: str) -> tuple[str, int] | None:
    """What a unit measures, and its scale: 千元 is (money, 1,000); None for a word that is no unit of numbers.

    Another currency has the scale 0: nobody's amount is given in it.
    """
    plain = _plain(unit)
    if plain == YUAN_SIGN:
        return "money", 1
    if "/" in plain or plain in _RATES:
        return "rate", 0
    if plain in _PERCENT:
        return "percent", 1
    if _FOREIGN.search(plain):
        return "money", 0
    if plain == "‰":
        return "permille", 1
    if plain in _COUNTED:
        return "count", 1
    scaled = _SCALED.match(plain)
    if scaled is None or (scaled[1] or "") not in _SCALES:
        return None
    scale = _SCALES[scaled[1] or ""]
    if scaled[2] == "元":
        return "money", scale
    return ("count", scale) if scaled[2] in _COUNTED else None


def _units_in(texts: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Units that titles state (`计量单位：人、万元`), with what they measure."""
    found = {}
    for text in texts:
        for stated in _UNIT_IN_TITLE.finditer(squeezed(text)):
            for said in _SPLIT.split(stated["units"] or stated["money"]):
                measure = measure_of(said)
                if measure is not None:
                    found[said] = measure
    return found
