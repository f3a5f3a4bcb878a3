"""Whose report it is, by its title and its codes, held against the claim: another county's file sent as one's own.

In: texts above the header, the sheet's name and the rows, the catalogue. Out: a ReturnedError wrong_county where nearly
all units are of one other county, or most are and the title names it; a finding that asks where the title alone does.

| written | names |
| --- | --- |
| `台山市行政村党建月报表`, `江门市台山市…`, `440781 台山市` | 台山市 |
| `台山2026年10月…`, `江门台山行政村…`: without 市 at the beginning alone | 台山市 |
| the county's own name beside another's (`开平市（原台山市…）`), its city's name alone | nobody else |
| a town's name that has another county's in it | nobody else |
| `参照台山市样表`, `抄送台山市` | nobody else |

Only counties of the same city are looked for: names such as 城区 recur all over a nation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.verdict import Checked
from qiangji.errors import ReturnedError
from qiangji.ledger.findings import Finding, org_code_of
from qiangji.parsing.once import once
from qiangji.periods import Period
from qiangji.text import counted, squeezed

RULE = "another_county"
NEARLY_ALL = 0.9
"""The share of the codes by which a report is another county's, whatever its title says, or without any."""
FEWEST = 3
"""So many codes: one row of another's is a slip of the pen, and told in its row."""
_LEAST = 3
"""Characters of a county's name that is told from other words: 城区 is not."""
_BESIDE = re.compile(
    r"(?:抄送|报送|上报|主送|帮扶|协作|结对|对口|支援|学习|借鉴|参照|参考|依照|摘自|来自)[^,，。；;]{0,3}$"
)
_NOT_ITS_OWN = re.compile(r"^(?:样表|样式|模板|模版|经验|做法|格式|标准|版)")
_BEGINS = r"(?=20\d\d|二〇|行政村|村|社区|镇街|镇级|县级|党建|强基|{title})"
"""What stands behind a county's name without 市 at the beginning of a title."""


def other_county(texts: Iterable[str], catalogue: Catalogue, form: Form, county: str, period: Period) -> str:
    """The code of the county of the same city that the texts name instead of this one; '' without any."""
    written = [text for text in map(squeezed, texts) if text]
    if not written:  # a file of text has none
        return ""
    city = catalogue.org.path(county).get("city", "")
    of_city = _counties(catalogue).get(city, {})
    own = (county, *_called(of_city.get(county, ())))
    if any(name in text for text in written for name in own):
        return ""
    city_name = squeezed(catalogue.name_of(city)) if city else ""
    towns = [squeezed(town.name) for town in catalogue.org.towns_of(county, period)]
    named = list[str]()
    for text in written:
        plain = text
        for town in towns:
            plain = plain.replace(town, "\x1f")
        named += (c for c in of_city if c != county and _is_named(plain, c, of_city[c], city_name, form))
    return named[0] if named else ""


def _is_named(text: str, code: str, names: Iterable[str], city: str, form: Form) -> bool:
    if re.search(rf"(?<!\d){code}(?!\d)", text):
        return True
    for name in names:
        for match in re.finditer(re.escape(name), text):
            if not _BESIDE.search(text[: match.start()]) and not _NOT_ITS_OWN.match(text[match.end() :]):
                return True
        behind = _BEGINS.replace("{title}", re.escape(squeezed(form.title.zh)))
        if re.match(rf"(?:{re.escape(city)}|{re.escape(city[:-1])})?{re.escape(name[:-1])}{behind}", text):
            return True
    return False


def _called(names: Iterable[str]) -> list[str]:
    """The names of a county, and without 市 or 县 behind them."""
    return list(chain.from_iterable((name, name[:-1]) if len(name) >= _LEAST else (name,) for name in names))


@once
def _counties(catalogue: Catalogue) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """City -> county -> all names that it has or had, those that are long enough to be told."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for code in catalogue.counties:
        names = dict.fromkeys(squeezed(unit.name) for unit in catalogue.org.versions.get(code, ()))
        kept = tuple(name for name in names if len(name) >= _LEAST)
        found.setdefault(catalogue.org.path(code).get("city", ""), {})[code] = kept
    return found


def _named_in(one: Checked, catalogue: Catalogue, form: Form) -> str:
    assert one.parsed is not None
    sheet = one.parsed.sheet
    return other_county((*sheet.title_texts, sheet.sheet), catalogue, form, one.part.county_code, one.period)


def hold_against_title(one: Checked, catalogue: Catalogue, form: Form) -> None:
    """Raise ReturnedError wrong_county for a report whose title names another county, and whose rows are its units."""
    other = _named_in(one, catalogue, form)
    if not other:
        return
    assert one.parsed is not None
    keys = [key for key in one.parsed.rows.column(form.key).to_pylist() if key]
    theirs = sum(catalogue.org.county_of(org_code_of(key, form), one.period) == other for key in keys)
    if 2 * theirs <= len(keys):
        return
    name, rows = catalogue.name_of(other), len(keys)
    raise _another(
        one,
        catalogue,
        f"标题写的是{name}，{rows}行中有{theirs}行是{name}的单位",
        f"the title names {name}, and {theirs} of {counted(rows, 'row')} are of its units",
    )


def another_by_codes(one: Checked, catalogue: Catalogue, form: Form, frame: pa.Table) -> ReturnedError | None:
    """Why a report goes back of which nearly all codes are of one other county. `frame`: its rows, with `_is_known`.

    A file of text has no title, and each of its rows would go back by itself without a word on the cause.
    """
    codes, is_known = frame.column(form.key), frame.column("_is_known")
    keys, own = len(codes) - codes.null_count, pc.sum(is_known).as_py() or 0
    if not keys or keys - own < NEARLY_ALL * keys:
        return None
    strange = codes.filter(pc.invert(is_known)).drop_null()
    units, whose = parents(strange, form).value_counts(), Counter[str]()
    for unit, n in zip(*(units.field(i).to_pylist() for i in (0, 1)), strict=True):
        if catalogue.org.version(unit, (one.period,)):  # a total, or a slip of the pen, is nobody's
            whose[catalogue.org.county_of(unit, one.period) or ""] += n
    of_the_tree = own + whose.total()
    other, theirs = next(iter(whose.most_common(1)), ("", 0))
    if other in ("", one.part.county_code) or theirs < max(FEWEST, NEARLY_ALL * of_the_tree, keys / 2):
        return None
    name = catalogue.name_of(other)
    return _another(
        one,
        catalogue,
        f"{keys}条记录中有{theirs}条的编码属于{other} {name}",
        f"the codes of {theirs} of {counted(keys, 'row')} belong to {other} {name}",
    )


def _another(one: Checked, catalogue: Catalogue, zh: str, en: str) -> ReturnedError:
    own = catalogue.name_of(one.part.county_code)
    return ReturnedError(
        en,
        where=f"{one.part.county_code} {one.part.form} {one.period}",
        expected=f"the report of {own}",
        do="Send the county's own file.",
        code="wrong_county",
        zh=f"{zh}，应为{own}的报表：是否发错文件？请核对后重报",
    )


def findings(one: Checked, catalogue: Catalogue, form: Form) -> Iterator[Finding]:
    """The same title above rows of the county's own units: whose numbers are they?"""
    if one.reason_code == "wrong_county" or not (other := _named_in(one, catalogue, form)):
        return
    own, name = catalogue.name_of(one.part.county_code), catalogue.name_of(other)
    words = Words(
        name,
        f"标题写的是{name}，行中的单位是{own}的：是否误用了{name}的表？数据是哪个县（市、区）的？",
        f"the title names {name}, the rows are of units of {own}: was {name}'s sheet used, and whose are the numbers?",
        f"标题写明{own}，或不写县（市、区）名",
        f"a title that names {own}, or no county",
    )
    yield Finding.of_report(
        one.place, f"{form.form}.{form.key}.{RULE}", words, tuple(form.fields_in(str(one.period.last_month)))
    )
