"""The listing of an HTTP system into items: each report once, and what is listed under names that nobody expects.

In: a listing's entries as received, the wanted (form, period) pairs. Out: a `Listing`. Nothing is fetched here.

| the listing has | what becomes of it |
| --- | --- |
| one report in several versions | the latest; where no times tell which, without a version: it is fetched each time |
| one name for several reports (a label) | each under its form and period |
| the same, where the name says what to download | each is listed, and cannot be fetched (`refused`) |
| a name that no store takes | the report by its form and period; `refused` where the name says what to download |
| a version that no store takes | the report without a version: it is fetched each time |
| a form that the catalogue does not have, a period that cannot be read | in `others`, with what is said of it |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qiangji.catalogue.models import County, Form, HttpApi
from qiangji.periods import Period
from qiangji.sources import Item, Seen, Target
from qiangji.sources.files import expected_names, is_plain, is_report_like
from qiangji.sources.records import Record
from qiangji.sources.said import believed, is_day, moment_of, period_of, within


@dataclass
class Listing:
    """`items`: by what they are asked for with. `others`: entries that are none of the wanted reports, but may be meant
    so. `refused`: name of an item that cannot be downloaded by its name -> why, and what was expected.
    """

    items: dict[str, Item] = field(default_factory=dict)
    others: list[Seen] = field(default_factory=list)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    form: str
    said: Any
    label: str
    version: str

    @classmethod
    def of(cls, entry: Record, api: HttpApi) -> _Entry:
        form, said = str(entry.get(api.form_key)), entry.get(api.period_key)
        label = str(entry.get("name") or f"{form}/{said}")
        return cls(form, said, label, str(entry.get(api.version_key) or ""))

    @property
    def report(self) -> tuple[str, Period | str]:
        return self.form, period_of(self.said) or str(self.said)


def read(
    records: Iterable[Record],
    county: County,
    api: HttpApi,
    forms: Mapping[str, Form],
    wanted: Sequence[Target],
) -> Listing:
    """The listing of a county."""
    entries = [_Entry.of(record, api) for record in records]
    reports: dict[str, set[tuple[str, Period | str]]] = {}
    for entry in entries:
        reports.setdefault(entry.label, set()).add(entry.report)
    by_name = expected_names(county.files, wanted) if county.files else {}
    found = Listing()
    for entry in entries:
        period = within(entry.said, [p for f, p in wanted if f == entry.form])
        targets = ((entry.form, period),) if period else by_name.get(entry.label)
        if not targets:
            found.others += _other(entry, county, forms, wanted)
            continue
        what = " ".join(map(str, targets[0]))
        if len(reports[entry.label]) > 1:
            name = f"{entry.form}/{entry.said}"
            why = (
                f"the name of {what} is given to other reports too",
                "each name once, as it says what to download",
            )
        else:
            name, why = entry.label, None
        if not is_plain(name):
            name = "/".join(map(str, targets[0]))
            why = f"the name of {what} cannot be kept", "printable characters, at most 255 bytes"
        if why and "{name}" in api.fetch.path:
            found.refused[name] = why
        said = (str(entry.said),) if period else ()
        version = entry.version if is_plain(entry.version) else ""
        item = Item(name, targets, version, is_day(version), moment_of(version), said)
        # what is asked for by form and period alone is one report, whatever each of its versions is called
        asked = f"{entry.form}/{entry.said}" if period and "{name}" not in api.fetch.path else name
        before = found.items.get(asked)
        found.items[asked] = _later(before, item) if before else item
    return found


def _later(one: Item, other: Item) -> Item:
    """Of two versions of one report the later; without a version if that cannot be told."""
    if one.version == other.version:
        return one
    mine, its = believed(one.changed_at), believed(other.changed_at)
    if mine is None or its is None:
        return replace(other, version="", is_weak=False, changed_at=None)
    return other if its >= mine else one


def _other(entry: _Entry, county: County, forms: Mapping[str, Form], wanted: Sequence[Target]) -> list[Seen]:
    """An entry that may be meant as one of the wanted reports; nothing of others, such as those of other periods."""
    changed_at = moment_of(entry.version)
    if county.files and is_report_like(entry.label):
        return [Seen(entry.label, changed_at)]
    is_read = period_of(entry.said) is not None
    is_wanted = within(entry.said, [p for _, p in wanted]) is not None
    if (is_wanted and entry.form not in forms) or (not is_read and entry.form in forms):
        name = f"{entry.form} {entry.said}"
        return [Seen(name, changed_at, entry.form, str(entry.said))] if is_plain(name) else []
    return []
