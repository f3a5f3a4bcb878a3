"""What a sheet's title says of which form it is, held against the claim: communities' title above villages' rows.

In: texts above the header and the sheet's name, the catalogue. Out: a ReturnedError wrong_form where one of them is the
title of another form and none of them is the form's own.

| beside the title | |
| --- | --- |
| before: a period, brackets, a form's number, the name of the county, its city or one of its towns | its title |
| behind: a period, brackets, `续表`, `第2页`, the unit, `填报日期：…`, such a name | its title |
| no `表` at its end: `社区党建月报` | its title |
| other words: `社区党建月报表填报说明`, `行政村、社区党建月报表`, `社区党建月报表（另附）` | not its title |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.checking.verdict import Checked
from qiangji.errors import ReturnedError
from qiangji.text import quoted_zh, squeezed

_BRACKETS = re.compile(r"[(\[【〔](?![^()\[\]【】〔〕]*[略另附见不])[^()\[\]【】〔〕]*[)\]】〕]")
"""Not those of `社区党建月报表（另附）`."""
_SIGNS = re.compile(r"[\s“”\"'《》「」『』_,，.~—–-]")
_NUMERALS = "[一二三四五六七八九十]"
_A_PERIOD = (
    rf"(?:20\d\d|二[〇零○][一二三四五六七八九〇零○]{{2}})年?度?(?:第?[1-4一二三四]季度?|[上下]半年|(?:\d{{1,2}}|{_NUMERALS}{{1,2}})月?)?份?"
    rf"|(?:\d{{1,2}}|{_NUMERALS}{{1,2}})月份?|第?[1-4一二三四]季度?|[上下]半年|本[月季]度?"
)
_BEFORE = (
    rf"附[件表]\d*:?|表\d*:|表\d+|(?:\d|{_NUMERALS}){{1,2}}、|中共.{{2,16}}?(?:委员会|委|组织部)|{_A_PERIOD}"
)
_BEHIND = (
    rf":|{_A_PERIOD}|续表?\d*|接上页|第\d+[页期]|共\d+页|汇总表?|电子[版表]|初稿|定稿|\d{{1,2}}|{_NUMERALS}|(?:计量|金额)?单位.*"
    r"|(?:填[报表]|报送|上报|制表|编制|审核|表号|文号|有效期|报告期|所属期|统计|数据|日期)[^:]{0,6}:.*"
)


def other_form(texts: Iterable[str], catalogue: Catalogue, form: Form, places: Iterable[str] = ()) -> str:
    """The form whose title the texts are instead of this one's; '' without any. `places`: names beside it."""
    written = [text for text in map(squeezed, texts) if text]
    own = _without_table(form.title.zh)
    if any(own in _signs_off(_BRACKETS.sub("", text)) or own in _signs_off(text) for text in written):
        return ""
    titles = {
        _without_table(one.title.zh): code for code, one in catalogue.forms.items() if code != form.form
    }
    plain = [_signs_off(_BRACKETS.sub("", text)) for text in written]
    plain = [text for text in plain if any(title in text for title in titles)]
    if not plain:  # of nearly all reports: the pattern of a county's names takes milliseconds
        return ""
    numbers = [squeezed(one.number) for one in catalogue.forms.values() if one.number]
    names = sorted(
        map(re.escape, filter(None, map(_signs_off, (*numbers, *_called(places))))), key=len, reverse=True
    )
    named = re.compile(
        rf"(?:{'|'.join([*names, _BEFORE])})*+(?P<title>{'|'.join(map(re.escape, titles))})表?"
        rf"(?:{'|'.join([*names, _BEHIND])})*+"
    )
    return next((titles[found["title"]] for text in plain if (found := named.fullmatch(text))), "")


def _called(places: Iterable[str]) -> Iterator[str]:
    """The names, and the longer ones without 市, 区 or 镇 behind them."""
    for place in places:
        yield from (place, re.sub("(?<=..)(?:街道|[市县区镇乡])$", "", place))


def _signs_off(text: str) -> str:
    return _SIGNS.sub("", squeezed(text))


def _without_table(title: str) -> str:
    return _signs_off(title).removesuffix("表")


def hold_against_title(one: Checked, catalogue: Catalogue, form: Form) -> None:
    """Raise ReturnedError wrong_form for a report whose title is another form's."""
    assert one.parsed is not None
    sheet, county = one.parsed.sheet, one.part.county_code
    city = catalogue.org.path(county).get("city", "")
    places = [catalogue.name_of(code) for code in (city, county) if code]
    places += [town.name for town in catalogue.org.towns_of(county, one.period)]
    other = other_form((*sheet.title_texts, sheet.sheet), catalogue, form, places)
    if not other:
        return
    title = catalogue.forms[other].title
    raise ReturnedError(
        f"the title is that of {other} ({title.en})",
        where=f"{county} {form.form} {one.period}",
        expected=f"{form.form} ({form.title.en})",
        do="Send the form's own file, or correct the title.",
        code="wrong_form",
        zh=f"标题是{quoted_zh(title.zh)}，应为{quoted_zh(form.title.zh)}：是否发错报表？请核对后重报",
    )
