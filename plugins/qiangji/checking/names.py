"""Names beside codes: rows whose name is another unit's of the county, and findings that say whose.

In: a submission's accepted keys and the names beside them, and the tree. Out: one finding for each row whose name is
another unit's or another task's; which rows have a name that is unlike any that the unit has or had. No name of the
latter is shown: it may be a person's.

| name beside the code of 永安村委会 | what is said |
| --- | --- |
| 永安村, 永安社区居委会, 司前镇永安, a name of the unit before it was renamed or merged | nothing |
| 仁义村委会, of another unit of the county | another_name, a finding for the row |
| 永新, 永安里: another spelling, a short form; it shares a character with a name of the unit | nothing |
| one character, a number, letters, 本村, a character beyond GB 2312 (traditional, or rare as 滘) | nothing |
| 张三李四村: two Chinese characters or more, none of them in a name of the unit | unlike_name, one finding a report |

A villager group has a name of its own, often that of some village: there only a name that says that it is a village's
is looked at. Tasks have the names of the form's `serials`; one in other words says nothing. The name beside a county is
often that of an office.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.ledger.findings import Finding, org_code_of
from qiangji.parsing.glance import has_any
from qiangji.parsing.once import once
from qiangji.periods import Period
from qiangji.text import squeezed

RULE, UNLIKE = "another_name", "unlike_name"
_WORDS = frozenset(
    ("同上", "同前", "本村", "本社区", "本镇", "本街", "不详", "其他", "其它", "暂无", "待定", "合计", "小计")
)
"""What stands in place of a name."""
_NOT_NAMES = re.compile(r"[\s()（）\[\]【】·.,，、。_-]+")
_SUFFIXES = re.compile(
    r"(?:党总支部?|党支部|党委|委员会|居民委员会|村民委员会|社区居民委员会|居委会|村委会|居委|村委|社区|行政村|村"
    r"|街道办事处|街道办|街道|人民政府|镇)+$"
)
_OF_A_VILLAGE = re.compile(r"(?:委员会|村委会|居委会|社区)$")

_MAY_BE_OF_A_VILLAGE = "会区"
"""The last characters of such a name; squeezing may bring them to its end."""


@dataclass(frozen=True)
class Named:
    """A key and the name beside it, as the county sent them."""

    key: str
    name: str


def are_looked_at(said: pa.Array, form: Form) -> pa.Array | None:
    """Which of these names `look` may find anything about: few of a groups' form, and mostly none (None)."""
    if form.grain != "group":
        return pc.is_valid(said)
    if not has_any(said, _MAY_BE_OF_A_VILLAGE):
        return None
    return pc.match_substring_regex(said, f"[{_MAY_BE_OF_A_VILLAGE}]")


def look(
    catalogue: Catalogue, form: Form, rows: Sequence[Named], period: Period, county: str
) -> tuple[list[Finding], list[int]]:
    """A finding for each row whose name is another unit's, or another task's; and positions of those whose name is
    unlike any of the unit.
    """
    if form.grain == "task":
        return _slipped(form, rows, period, county, _whose_task(form)), []
    names = _Names.of(catalogue, form, period, county)
    if form.grain == "group":
        return _slipped(form, rows, period, county, _whose_unit(catalogue, form, names)), []
    odd = [i for i, row in enumerate(rows) if not names.is_own(org_code_of(row.key, form), row.name)]
    others = [rows[i] for i in odd]
    slipped = _slipped(form, others, period, county, _whose_unit(catalogue, form, names))
    if form.grain == "county":
        return slipped, []
    former = _former(catalogue)
    return slipped, [i for i in odd if names.is_unlike(org_code_of(rows[i].key, form), rows[i].name, former)]


def _slipped(form: Form, rows: Iterable[Named], period: Period, county: str, whose: _Whose) -> list[Finding]:
    rule, fields = f"{form.form}.{form.key}.{RULE}", tuple(form.fields_in(str(period.last_month)))
    found = []
    for row in rows:
        if (slipped := whose(row)) is None:
            continue
        other, own, theirs = slipped
        words = Words(
            other,
            f"{row.key}应为{own}，名称栏却是{theirs}（{other}）：代码与名称可能错行",
            f"{row.key} is {own}, the name beside it is that of {theirs} ({other}): codes or names may have slipped",
            f"{own}的名称，或{theirs}的代码",
            f"the name of {own}, or the code of {theirs}",
        )
        at = (county, form.form, str(period), row.key, org_code_of(row.key, form))
        found.append(Finding(*at, rule, "warning", fields, words))
    return found


_Whose = Callable[[Named], tuple[str, str, str] | None]
"""Of a row whose name is another's: the other's code, the own name and the other's; else None."""


def _whose_unit(catalogue: Catalogue, form: Form, names: _Names) -> _Whose:
    def whose(row: Named) -> tuple[str, str, str] | None:
        org_code = org_code_of(row.key, form)
        is_looked_at = form.grain != "group" or _OF_A_VILLAGE.search(squeezed(row.name))
        other = names.whose(org_code, row.name) if is_looked_at else None
        return (other, catalogue.name_of(org_code), catalogue.name_of(other)) if other else None

    return whose


def _whose_task(form: Form) -> _Whose:
    """Tasks are told by the whole name that the form's list gives them."""
    serials = {_NOT_NAMES.sub("", squeezed(serial.name.zh)): code for code, serial in form.serials.items()}

    def whose(row: Named) -> tuple[str, str, str] | None:
        own = row.key[(form.parent_digits or 0) + 1 :]
        other = serials.get(_NOT_NAMES.sub("", squeezed(row.name)))
        if other in (None, own) or own not in form.serials:
            return None
        return f"{row.key[: -len(own)]}{other}", form.serials[own].name.zh, form.serials[other].name.zh

    return whose


@dataclass(frozen=True)
class _Names:
    """What the units of a county are called. `cores`: unit -> its names; `units`: core of a name -> units."""

    cores: Mapping[str, frozenset[str]]
    units: Mapping[str, tuple[str, ...]]
    towns: tuple[str, ...]
    """Cores of the names of towns, longest first: some write 司前镇新建村."""

    @classmethod
    def of(cls, catalogue: Catalogue, form: Form, period: Period, county: str) -> _Names:
        org = catalogue.org
        cores: dict[str, frozenset[str]] = {}
        units: dict[str, tuple[str, ...]] = {}
        within = (
            None if form.grain == "county" else county
        )  # a county's own report may carry another county's name
        for unit in org.expected(form.filled_in_by, period, within):
            cores[unit.code] = frozenset(core(u.name) for u in org.versions[unit.code])
            for one in cores[unit.code]:
                units[one] = (*units.get(one, ()), unit.code)
        towns = {core(u.name) for u in org.towns_of(county, period)}
        return cls(cores, units, tuple(sorted(towns, key=len, reverse=True)))

    def whose(self, code: str, name: str) -> str | None:
        """The other unit that has the name; None where it is the unit's own, nobody's, or not to be told."""
        own = self.cores.get(code)
        if own is None:
            return None
        said = self._ways(name)
        if said & own:
            return None
        others = {unit for one in said for unit in self.units.get(one, ())}
        return min(others) if others else None

    def is_own(self, code: str, name: str) -> bool:
        """Whether the unit has the name, or is not known here."""
        own = self.cores.get(code)
        return own is None or not own.isdisjoint(self._ways(name))

    def is_unlike(self, code: str, name: str, former: Mapping[str, frozenset[str]]) -> bool:
        """Whether a name has nothing in common with any that the unit has or had, and is no other unit's either."""
        own = self.cores.get(code)
        plain = _NOT_NAMES.sub("", squeezed(name))
        if own is None or plain in _WORDS or not _SUFFIXES.sub("", plain) or not _is_simplified(core(name)):
            return False
        said = self._ways(name)
        if any(one in self.units for one in said):
            return False
        characters = set("".join(own | former.get(code, frozenset())))
        return all(characters.isdisjoint(one) for one in said)

    def _ways(self, name: str) -> set[str]:
        """A name as written, and without the town's in front of it."""
        written = core(name)
        found = {written}
        for town in self.towns:
            if written.startswith(town) and (rest := re.sub(r"^(?:街道|镇)", "", written[len(town) :])):
                found.add(rest)
        return found - {""}


def _is_simplified(name: str) -> bool:
    """Whether a name is of two Chinese characters or more, of those that everybody writes in one way (GB 2312)."""
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,}", name):
        return False
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@once
def _former(catalogue: Catalogue) -> Mapping[str, frozenset[str]]:
    """Unit -> cores of the names of the units that it came of, or that came of it."""
    found: dict[str, frozenset[str]] = {}
    for link in catalogue.lineage:
        for one, other in ((link.from_code, link.to_code), (link.to_code, link.from_code)):
            theirs = frozenset(core(u.name) for u in catalogue.org.versions.get(other, ()))
            found[one] = found.get(one, frozenset()) | theirs
    return found


def core(name: str) -> str:
    """A name without what the unit is called and without marks: 永安村民委员会 and 永安村 are 永安."""
    plain = _NOT_NAMES.sub("", squeezed(name))
    short = _SUFFIXES.sub("", plain)
    return short or plain
