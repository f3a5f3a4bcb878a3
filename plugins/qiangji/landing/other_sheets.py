"""Sheets of a workbook that are another file's: a quarter's forms in the workbook of its last month.

In: a workbook of several forms as it was fetched, the reports that are wanted. Out: a note for each that is not there
and whose declared sheet the workbook has: where it was seen, and the file in which it is expected. A workbook's name is
the county's word for the period of what it sends, so the sheet is told and not taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County
from qiangji.errors import ReturnedError
from qiangji.landing.other_names import CODE, Note
from qiangji.parsing import cage
from qiangji.periods import Period
from qiangji.personal_data import masked
from qiangji.sources import Fetched, Item, Target
from qiangji.sources.files import name_of


def notes(
    catalogue: Catalogue, county: County, wanted: Sequence[Target], items: Sequence[Item], fetched: Fetched
) -> list[Note]:
    """`items`: all that the county has. Of a workbook that cannot be read nothing is said here: it goes back."""
    if not county.files or "{form}" in county.files or fetched.kind != "xlsx":
        return []
    ended = {period.last_month for _, period in fetched.item.targets}
    there = {target for item in items for target in item.targets}
    lacking = {
        form: period
        for form, period in wanted
        if (form, period) not in there and period.last_month in ended and county.sheets.get(form)
    }
    if not lacking:
        return []
    titles = {form: catalogue.forms[form].title.zh for form in lacking}
    try:
        grids = cage.read_sheets(fetched.content, fetched.kind, county, titles).grids
    except (ReturnedError, MemoryError):  # the delivery says so itself
        return []
    seen: dict[Period, list[str]] = {}
    for form, period in lacking.items():
        if grids[form].error is None:
            seen.setdefault(period, []).append(form)
    return [
        Note(
            form,
            period,
            CODE,
            _message(county, forms, fetched.item.name, name_of(county.files, form, period)),
        )
        for period, forms in seen.items()
        for form in forms
    ]


def _message(county: County, forms: Sequence[str], name: str, expected: str) -> str:
    sheets, seen = [county.sheets[form] for form in forms], masked(name)
    return (
        f"见到 {seen} 中的工作表 {'、'.join(sheets)}，应在文件 {expected} 中，未采集：请县（市、区）另存后放置。"
        f" Seen: {', '.join(sheets)} in {seen}; expected in {expected}. It was not collected: ask the county to save it"
        " as that file"
    )
