"""Files that look like a report but have another name than the one expected, so that they are not collected.

In: what a county's folder or listing holds, and the items taken from it. Out: a note for each (form, period) concerned:
the files seen and the name expected. A file concerns a report that is not there, or one that is there and older; an
entry of a listing, one that is not there.

| name expected | also looks like it |
| --- | --- |
| `village_2026-10.xlsx` | `village_2026-10 (1).xlsx`, `.XLSX`, `副本village_2026-10.xlsx`, `village_202610.xls` |
| `village_2026-10.xlsx` | its sheet's name, or the beginning of its title, and the period: `行政村2026年10月.xlsx` |
| `2026-10.xlsx` | the period in any writing |
| `county_milestones_2026Q2.csv` | the form and a month of the quarter: `county_milestones_2026-06.csv` |
| `village_2026-10.xlsx` | its sheet's name or its title, and no period: the last report that is wanted |

A file in a folder beneath is one under another name, too. So is an entry of a listing, by what it says of itself:

| wanted | also looks like it |
| --- | --- |
| `village`, `2026-10` | `VILLAGE`, `行政村` or `行政村党建月报表`, and October |
| `village`, `2026-10`, the last | `village` and a period that cannot be read |
| `village`, `2026-10` | any unknown form and October, where nothing at all is listed as it is wanted |
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County
from qiangji.parsing.dates import read_period
from qiangji.periods import Period
from qiangji.personal_data import masked
from qiangji.sources import Item, Seen, Target
from qiangji.sources.files import name_of
from qiangji.sources.said import believed, period_of, within

CODE = "other_name"
_NAMED = 5
_APART = re.compile(r"[\W_]+")
_TEMPLATE = re.compile("模板|样表|样张|空表|空白|范本|说明|示例|template")
_LEAST_TITLE = 3
_LEAST = 2
"""Characters with which a title is recognised: 社区."""
_PERIOD = re.compile(
    r"20\d\d(?:[-_. ]?(?:Q[1-4]|H[12])|年?[-_. ]?(?:第?[1-4一二三四]季度?|[上下]半年度?)"
    r"|[-_./年 ]{0,2}(?:1[0-2]|0?[1-9])(?![0-9])月?份?|年度?)?",
    re.I,
)


@dataclass(frozen=True)
class Note:
    """What somebody should know about one report of a county; it is no failure."""

    form: str
    period: Period
    code: str
    message: str


def notes(
    catalogue: Catalogue,
    county: County,
    wanted: Sequence[Target],
    items: Sequence[Item],
    others: Sequence[Seen],
) -> list[Note]:
    """A note for each wanted report that a file, or an entry of a listing, with another name looks like."""
    entries = [seen for seen in others if seen.form]
    files = [seen for seen in others if not seen.form]
    return [
        *_of_files(catalogue, county, wanted, items, files),
        *_listed(catalogue, county, wanted, items, entries),
    ]


def _listed(
    catalogue: Catalogue,
    county: County,
    wanted: Sequence[Target],
    items: Sequence[Item],
    entries: Sequence[Seen],
) -> list[Note]:
    there = {target for item in items for target in item.targets}
    words = {form: _words(catalogue, county, form) for form in {form for form, _ in wanted}}
    like: dict[Target, list[Seen]] = {}
    for seen in entries:
        forms = _forms(_apart(seen.form), words)
        if not forms and not items:
            forms = set(words)
        for form in forms:
            for target in _meant(seen, [target for target in wanted if target[0] == form]):
                if target not in there:
                    like.setdefault(target, []).append(seen)
    together: dict[tuple[Period, str], list[str]] = {}
    for (form, period), found in like.items():
        together.setdefault((period, _names(found)), []).append(form)
    return [
        Note(form, period, CODE, _entry_message(seen, forms, period))
        for (period, seen), forms in together.items()
        for form in forms
    ]


def _meant(seen: Seen, targets: Sequence[Target]) -> Sequence[Target]:
    """The reports of one form that an entry may be: that of its period, or the last if its period cannot be read."""
    if period_of(seen.period) is None:
        return [max(targets, key=lambda target: target[1])]
    return [target for target in targets if within(seen.period, [target[1]])]


def _forms(plain: str, words: Mapping[str, Sequence[str]]) -> set[str]:
    """The forms that a name says with the longest word."""
    longest = {
        form: max((len(word) for word in said if word in plain), default=0) for form, said in words.items()
    }
    most = max(longest.values(), default=0)
    return {form for form, length in longest.items() if most and length == most}


def _of_files(
    catalogue: Catalogue,
    county: County,
    wanted: Sequence[Target],
    items: Sequence[Item],
    others: Sequence[Seen],
) -> list[Note]:
    if not county.files or not others:
        return []
    names = {target: name_of(county.files, *target) for target in wanted}
    there: dict[Target, list[Item]] = {}
    for item in items:
        for target in item.targets:
            there.setdefault(target, []).append(item)
    words = {form: _words(catalogue, county, form) for form in {form for form, _ in wanted}}
    titles = {form: _titles(catalogue, county, form) for form in words}
    like: dict[Target, list[Seen]] = {}
    for seen in others:
        targets = _targets(seen.name, names, words, "{form}" in county.files)
        for target in targets or _last_wanted(seen.name, names, titles):
            if _is_later(seen, there.get(target, ())):
                like.setdefault(target, []).append(seen)
    return [
        Note(form, period, CODE, _message(found, names[form, period]))
        for (form, period), found in like.items()
    ]


def _targets(
    name: str, names: Mapping[Target, str], words: Mapping[str, Sequence[str]], has_form: bool
) -> list[Target]:
    """The wanted reports that a name looks like: by the whole name expected, else by its form and period."""
    plain = _plain(name)
    keys = {target: _plain(expected) for target, expected in names.items()}
    found = [target for target, key in keys.items() if key in plain]
    longest = max((len(keys[target]) for target in found), default=0)
    if found := [target for target in found if len(keys[target]) == longest]:
        return found
    periods, forms = _periods(name), _forms(plain, words)
    return [
        (form, period)
        for form, period in names
        if _is_named(period, periods, has_form) and (not has_form or form in forms)
    ]


def _is_named(period: Period, said: Sequence[Period], has_form: bool) -> bool:
    """Whether a name says the period, or where it says the form a month within it."""
    return period in said or (has_form and any(m.as_type(period.type) == period for m in said if m < period))


def _last_wanted(name: str, names: Mapping[Target, str], titles: Mapping[str, Sequence[str]]) -> list[Target]:
    """The last wanted report of the form whose title a name without any period has in full; none of a template."""
    plain = _plain(name)
    if _TEMPLATE.search(plain) or re.search("[0-9]", plain):
        return []
    longest = {form: max((len(t) for t in said if t in plain), default=0) for form, said in titles.items()}
    most = max(longest.values(), default=0)
    forms = [form for form, length in longest.items() if length == most and most >= _LEAST_TITLE]
    periods = [target[1] for target in names if target[0] in forms]
    return [target for target in names if target[0] in forms and target[1] == max(periods)]


def _words(catalogue: Catalogue, county: County, form: str) -> list[str]:
    """How a name may say which form it is: its code, its sheet, or the beginning of its title."""
    title = _apart(catalogue.forms[form].title.zh)
    beginnings = [title[:n] for n in range(_LEAST, len(title) + 1)]
    return [plain for text in (form, county.sheets.get(form, ""), *beginnings) if (plain := _apart(text))]


def _titles(catalogue: Catalogue, county: County, form: str) -> list[str]:
    """What a file without a period is known by: the form's sheet and its whole title."""
    return [
        plain
        for text in (county.sheets.get(form, ""), catalogue.forms[form].title.zh)
        if (plain := _apart(text))
    ]


def _periods(name: str) -> list[Period]:
    found = (
        read_period(m[0].replace("_", "-")) for m in _PERIOD.finditer(unicodedata.normalize("NFKC", name))
    )
    return [period for period in found if period]


def _plain(name: str) -> str:
    """A file's name without its extension, without case, width and all that is neither letter nor digit."""
    return _apart(name.rpartition(".")[0])


def _apart(text: str) -> str:
    return _APART.sub("", unicodedata.normalize("NFKC", text).casefold())


def _is_later(seen: Seen, items: Sequence[Item]) -> bool:
    """Whether a file may hold what the items do not: there are none, or it was changed after all of them.

    A time in the future says nothing, so that an item that has one may be older than any file.
    """
    times = [item.changed_at for item in items if item.changed_at]
    if not items or any(believed(time) is None for time in times):
        return True
    return seen.changed_at is not None and bool(times) and seen.changed_at > max(times)


def _message(found: Sequence[Seen], expected: str) -> str:
    seen = _names(found)
    is_beneath = any("/" in s.name for s in found[:_NAMED])
    beneath_zh, beneath_en = ("（不在子文件夹中）", ", in no folder beneath") if is_beneath else ("", "")
    return (
        f"见到文件 {seen}，应名为 {expected}{beneath_zh}，未采集：请县（市、区）改名后重新放置。"
        f" Seen: {seen}; expected: {expected}{beneath_en}. It was not collected: ask the county to rename it"
    )


def _names(found: Sequence[Seen]) -> str:
    seen = ", ".join(dict.fromkeys(masked(s.name) for s in found[:_NAMED]))
    return seen + (f" … {len(found)}" if len(found) > _NAMED else "")


def _entry_message(seen: str, forms: Sequence[str], period: Period) -> str:
    expected = ", ".join(f"{form} {period}" for form in sorted(forms))
    return (
        f"系统的清单中见到 {seen}，应为 {expected}，未采集：请核对counties.yaml的form_key和period_key，"
        f"或请县（市、区）在系统中改正。 Listed: {seen}; expected: {expected}. It was not collected: check form_key and"
        " period_key in counties.yaml, or ask the county to correct its system"
    )
