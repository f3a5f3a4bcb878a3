"""What a sheet's title says of which form it is, held against the claim: communities' title above villages' rows.

In: texts above the header and the sheet's name, the catalogue. Out: a ReturnedError wrong_form where one of them is the
title of another form and none of them is the form's own. A period, brackets and the county's name beside it are no
other words: `江门市新会区社区党建月报表（2026年10月）` is the communities' title, `社区党建月报表填报说明` is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qiangji.catalogue import Catalogue, Form
from qiangji.checking.verdict import Checked
from qiangji.errors import ReturnedError
from qiangji.text import quoted_zh, squeezed

_BESIDE = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|附[件表]\d*:?|表\d*:"
    r"|(?:20\d\d|二[〇零○][一二三四五六七八九〇零○]{2})年?(?:度|第?[1-4一二三四]季度?|\d{1,2}月?|[一二三四五六七八九十]{1,2}月)?份?"
    r"|[\s“”\"'《》_:：,，.-]"
)
"""What stands beside a title and is no part of it."""


def other_form(texts: Iterable[str], catalogue: Catalogue, form: Form, places: Iterable[str] = ()) -> str:
    """The form whose title the texts are instead of this one's; '' without any. `places`: names that may precede it."""
    written = [text for text in map(squeezed, texts) if text]
    own = _bare(form.title.zh)
    if any(own in _bare(text) or own in text for text in written):
        return ""
    titles = {_bare(one.title.zh): code for code, one in catalogue.forms.items() if code != form.form}
    return next((code for text in written if (code := titles.get(_bare(text, places), ""))), "")


def _bare(text: str, places: Iterable[str] = ()) -> str:
    plain = _BESIDE.sub("", squeezed(text))
    for place in places:
        plain = plain.removeprefix(place)
    return plain


def hold_against_title(one: Checked, catalogue: Catalogue, form: Form) -> None:
    """Raise ReturnedError wrong_form for a report whose title is another form's."""
    assert one.parsed is not None
    sheet, county = one.parsed.sheet, one.part.county_code
    city = catalogue.org.path(county).get("city", "")
    places = [squeezed(catalogue.name_of(code)) for code in (city, county) if code]
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
