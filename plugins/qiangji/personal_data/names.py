"""Names of persons: under a header or beside a label that asks for one, or behind such a word in the same text.

In: texts. Out: whether a text asks for a person (`asks_for_a_person`), is a name (`is_name`), or holds both
(`name_behind_a_word`).

A Chinese name cannot be told from other words by itself, so it counts only where something asks for one.

| text | a name? |
| --- | --- |
| two or three characters, the first a surname | yes |
| four characters, beginning with a surname of two characters or with two surnames | yes |
| parts joined by a middle dot | yes |
| one of these with a title behind it (书记, 同志) | yes |
| ends like a place, an organisation or an office (石溪一组, 梁村, 干部科), or is in `NO_NAMES` | no |
| an office's short name behind 区, 县 or 市 (区侨联), or an office alone (文书) | no |

Things stand beside persons behind an office or a verb that signs a table (`审核：符合`), below a header that
asks by its ending alone (举报人), among values, and in what a message quotes. There an ordinary word
(`ordinary`) and a unit of the county (`units`: its names in the tree) are no names either. Where a label
asks for a person alone (姓名, 联系人, 填表人), they are; only a town of the county and its offices (区政协) are none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

from qiangji.patterns import at_first_use
from qiangji.personal_data.ordinary import is_ordinary
from qiangji.personal_data.words import (
    AGENCIES,
    ASKING,
    COUNTY_ENDINGS,
    DOUBLE_SURNAMES,
    GIVEN_TOO,
    HOLDERS,
    HOLDERS_AS_HEADERS,
    NO_NAMES,
    OFFICE_ENDINGS,
    OFFICES,
    PLACES,
    SIGNING,
    SURNAMES,
    TITLES,
    TOWN_ENDINGS,
    TRADE,
    UNIT_ENDINGS,
    WHOLE,
)
from qiangji.text import squeezed, tidy

_TITLES = at_first_use(f"副?(?:{'|'.join(TITLES)})$")
_AND = r"(?:[及和与、/]?(?:联系|手机|办公)?(?:电话|方式|手机|职务|号码))?"
"""What else a label asks for: `联系人及电话：`."""
_ENGLISH = (
    "name|full name|real name|contact|contact person|contact name|person in charge|person|responsible person"
    "|(?:filled|prepared|reported|reviewed|approved|checked|signed|submitted) by|signature|reporter|applicant"
    "|(?:leader|secretary|member|person|clerk|contact|user|head|director|manager|reporter|staff|cadre)s? name"
)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebef"
_TITLES_BEFORE = at_first_use(rf"副?(?:{'|'.join(TITLES)}|党员)(?=[{_HAN}]{{2,3}}$)")
_DOTS = "·•・‧∙⋅"
_NAME = rf"[{_HAN}]{{1,8}}(?:[{_DOTS}][{_HAN}]{{1,8}})+|[{_HAN}](?: [{_HAN}])+|[{_HAN}]{{2,8}}"
_ASKS = at_first_use(rf"(?:{'|'.join((*ASKING, *OFFICES))})(?:[(].{{0,12}}[)])?{_AND}[:：]?")
_ASKS_EN = at_first_use(rf"(?:{_ENGLISH})(?:\(.{{0,12}}\))?:?")
_ENGLISH_KEYS = _ENGLISH.replace(" ", "[ _]")
_END = rf"(?![{_HAN}]| ?[(\[【〔](?:19|20)[0-9]{{2}}[)\]】〕] ?第?[0-9]{{1,5}} ?号)"
"""Behind a name; what the year of a document's number follows is none: `江组通〔2025〕12号`."""
_PERSON_OR_OFFICE = f"(?:{'|'.join(ASKING)}|(?P<thing>{'|'.join(OFFICES)}))"
_ASKED = f"(?:{'|'.join(ASKING)}|(?P<thing>{'|'.join((*OFFICES, *HOLDERS))}))"
_BEHIND = at_first_use(
    rf"(?:{_ASKED}(?:[(][^)]{{0,12}}[)])?{_AND}|(?<![A-Za-z_ ])(?:{_ENGLISH_KEYS}))"
    rf"[\"'”’ ]{{0,2}}[:：=][\"'“‘ ]{{0,2}}(?P<name>{_NAME}){_END}",
    re.IGNORECASE,
)
_OF = "[村民小组镇街道社区党支部总委第一主要副驻原现任前单位企联]{0,8}"
"""What an office or a person is of, before the word."""
_WORDS = "|".join(sorted({*ASKING, *OFFICES, *SIGNING}, key=lambda w: (-len(w), w)))
_SPREAD = at_first_use("|".join(" ?".join(w) for w in _WORDS.split("|")))
"""The words, also with blanks between their characters: `填 表 人`."""
_SHORT = rf"[{_HAN}](?: [{_HAN}]){{1,3}}|[{_HAN}]{{1,8}}(?:[{_DOTS}][{_HAN}]{{1,8}})+|[{_HAN}]{{2,6}}"
_SIGNS = r"(?:[(][^()]{0,12}[)])?[\"'”’ ]{0,2}"
_ASIDE = at_first_use(
    rf"(?:^|[^{_HAN}])(?:[{_HAN}]{{0,6}}{_PERSON_OR_OFFICE}|(?P<verb>{'|'.join(SIGNING)}))"
    rf"(?:{_SIGNS}[:：=][\"'“‘ (\[【〔]{{0,3}}|(?:[(][^()]{{0,12}}[)])?[\"'”’]? +[(\[【〔]?| {{0,2}}[(\[【〔] ?)"
    rf"(?P<name>{_SHORT}){_END}"
)
"""A label at the beginning of a text or behind a sign or a blank, then a colon, a blank or a bracket, then a name."""
_BEFORE = at_first_use(
    rf"(?:^|[^{_HAN}])(?P<name>{_SHORT}) ?[(\[【〔](?:{_OF}{_PERSON_OR_OFFICE}|(?P<verb>{'|'.join(SIGNING)}))[)\]】〕]"
)
_LOOSE = at_first_use(
    rf"(?:^|[^{_HAN}]){_OF}(?:{'|'.join(ASKING)})(?:[;,、|/\-] ?|[:：] ?[0-9]{{1,2}}[.、] ?)?"
    rf"(?P<name>{_SHORT}){_END}"
)
"""A label of a person alone, then another sign or none: `联系人；林佩仪`, `联系人林佩仪`. There things stand too."""
_SIGNING = at_first_use(rf"(?:{'|'.join(SIGNING)})(?:[(].{{0,12}}[)])?[:：]?")
_OF_THINGS = at_first_use(rf"(?:{'|'.join((*OFFICES, *SIGNING))})(?:[(][^()]{{0,12}}[)])?[:：]?$")
_ALONE = at_first_use(rf"{_OF}(?:{'|'.join((*ASKING, *OFFICES, *SIGNING))}){_AND}(?:姓名|名单)?[:：]?")
_HAN_IN = re.compile(f"[{_HAN}]")
_ENDS_AS_HOLDER = at_first_use(
    rf"(?=..)[{_HAN}]{{0,10}}(?:{'|'.join((*HOLDERS, *HOLDERS_AS_HEADERS))})(?:姓名|名单)?"
)
_LABELS = at_first_use(
    rf"(?:^|[^{_HAN}])(?:[{_HAN}]{{0,6}}(?:{'|'.join((*ASKING, *OFFICES))})|(?:{'|'.join(SIGNING)}))"
    rf"(?:[(][^()]{{0,12}}[)])?(?: *[:：=(\[【〔]| +(?=[{_HAN}])|$)"
)
_DOES = re.compile(
    rf"(?:由|经|请|问|找|据|与|交|待|见)([{_HAN}]{{2,4}})"
    rf"|(?:由|经|请|问|找|据|与|交|待|见)?([{_HAN}]{{2,4}}?)"
    rf"(?:的|负责|填|报|核|审|提供|统计|汇总|整理|制作|签|说|管|改|已|未|没|处|电话|手机)[{_HAN}]{{0,8}}"
)
"""A name and what its person does or has."""
_GLUED = at_first_use(
    rf"(?=(?:{'|'.join((*ASKING, *OFFICES, *SIGNING, *PLACES))}|联系|由|经|请|问|找)"
    rf"([{_HAN}]{{2,3}}?)(?:$|[^{_HAN}]|的|负责|填|报送|上报|核|审|提供|统计|汇总|整理|制作|签|说|管))"
)
"""A name glued to what is before it: `组织部林佩仪`, `数据由林佩仪提供`."""
_HAN_RUN = re.compile(f"[{_HAN}]{{4,}}")
_TELEPHONE = re.compile(r"\(?0?[0-9]{0,3}[)-]?[0-9]{7,8}(?:-[0-9]{1,5})?")
_LIST = re.compile(r"[、,，;；/|+&]")
_BRACKETS = re.compile(r"[(\[【〔][^)\]】〕]{0,20}[)\]】〕]")


_BLANK = r"[\s\p{Z}\x0b\x1c-\x1f\x{85}]"
"""RE2: what `tidy` takes for white space, line breaks within a header (`姓\\n名`) too."""


def _spaced(word: str) -> str:
    return f"{_BLANK}*".join(word)


CALLED = frozenset((*ASKING, *OFFICES, *SIGNING))
"""Words that ask for a person."""
MAY_ASK = (
    f"(?i:{'|'.join((*ASKING, *OFFICES, *SIGNING))}|name|contact|person|(?:_|{_BLANK})by|signature|reporter|applicant)"
    rf"|\p{{Han}}{_BLANK}+\p{{Han}}|(?:{'|'.join(HOLDERS)})[^:：=]{{0,12}}[:：=]"
)
"""RE2: finds any word that asks for a person. A first, quick look at a column's texts."""
LABEL = (
    "(?i:"
    + "|".join(map(_spaced, (*ASKING, *OFFICES)))
    + r"|^[\s\p{Z}]*(?:"
    + "|".join(map(_spaced, SIGNING))
    + f")|^(?:{_ENGLISH.replace(' ', f'(?:_|{_BLANK}+)')}))"
    + r"[\s\p{Z}]*(?:[(（][^()（）]{0,12}[)）])?[\s\p{Z}]*(?:[及和与、/][^:：]{1,6})?[:：]?[\s\p{Z}]*$"
)
"""RE2: texts that may be a label that asks for a person; `asks_for_a_person` decides."""
BEHIND = (
    "(?i:"
    + "|".join(map(_spaced, (*ASKING, *OFFICES, *HOLDERS)))
    + (r"|name|contact|person|by|signature|reporter|applicant)[^:：=]{0,16}[:：=][^:：=]{0,4}\p{Han}")
    + "|(?:"
    + "|".join(map(_spaced, (*ASKING, *OFFICES, *SIGNING)))
    + r")[\s\p{Z}]*(?:[(（][^()（）]{0,12}[)）])?[\s\p{Z}\"'”’:：=(（\[【〔]+[\s\p{Z}“‘]*\p{Han}"
    + "|(?:"
    + "|".join(map(_spaced, ASKING))
    + r")[\s\p{Z}]*[;；,，、|/\-:：0-9.\s\p{Z}]*\p{Han}"
    + r"|\p{Han}[\s\p{Z}]*[(（\[【〔]\p{Han}{0,8}(?:"
    + "|".join((*ASKING, *OFFICES, *SIGNING))
    + ")"
)
"""RE2: texts that may hold such a word and a name behind it; `name_behind_a_word` decides."""


HELD = f"(?:{'|'.join(TITLES)})[\\s\\p{{Z}}]*$|^[\\s\\p{{Z}}]*副?(?:{'|'.join(TITLES)})|[0-9][0-9-]{{6}}"
"""RE2: texts with an office at an end, or a telephone; `is_name_with_office` decides."""


def asks_for_a_person(text: str) -> bool:
    """Whether a header or label (`书记姓名`, `联系人：`, `contact_name`) asks for a person's name."""
    plain = squeezed(text)
    if not plain or len(plain) > 24:
        return False
    ending = _ASKS.search(plain, max(0, len(plain) - 24))
    while ending and ending.end() < len(plain):
        ending = _ASKS.search(plain, ending.start() + 1)
    if ending or _SIGNING.fullmatch(plain):
        return True
    return bool(_ASKS_EN.fullmatch(tidy(text).lower().replace("_", " ")))


def is_label_alone(text: str) -> bool:
    """Whether a text that asks for a person says nothing more than who: `党支部书记`, `审核：`; not `更换负责人`."""
    plain = squeezed(text)
    return plain.endswith((":", "：")) or bool(_ALONE.fullmatch(plain) or not _HAN_IN.search(plain))


def asks_as_a_header(text: str) -> bool:
    """Whether a header asks for a person, whatever it does: `举报人`, `包村领导`. As a value it asks for nobody."""
    return bool(_ENDS_AS_HOLDER.fullmatch(squeezed(text)))


def asks_for_things_too(label: str) -> bool:
    """Whether what a label that asks for a person (`制表`, `书记`) stands for is often a thing: no name alone."""
    return bool(_OF_THINGS.search(squeezed(label))) or not asks_for_a_person(label)


@dataclass(frozen=True)
class Things:
    """What is no name where things stand as well: ordinary words, these units (their names in the tree), their offices.
    `beside_persons`: where a person alone is asked for, and only a town or an office of the county may stand as well.
    """

    units: Collection[str] = ()
    beside_persons: bool = False

    @cached_property
    def where_persons_stand(self) -> Things:
        return replace(self, beside_persons=True)

    def beside(self, *labels: str) -> Things:
        """What is no name beside these labels: all of it where each stands for things too."""
        return self if all(map(asks_for_things_too, labels)) else self.where_persons_stand

    def have(self, text: str) -> bool:
        is_word = not self.beside_persons and (text in WHOLE or is_ordinary(text))
        return is_word or self.have_unit(text) or self._have_office(text)

    def have_unit(self, text: str) -> bool:
        endings = TOWN_ENDINGS if self.beside_persons else UNIT_ENDINGS
        return any(text + ending in self.units for ending in endings)

    def _have_office(self, text: str) -> bool:
        """Whether a text is an office behind a short name of the county or the city: `蓬江人大`, `蓬政协`.

        Of one character the short name may be a surname, so beside persons it is none.
        """
        if any(text.startswith(county) and text[len(county) :] in AGENCIES for county in self._counties):
            return True
        is_short = not self.beside_persons and any(text.startswith(county[0]) for county in self._counties)
        return is_short and text[1:] in AGENCIES - GIVEN_TOO

    @cached_property
    def _counties(self) -> list[str]:
        """The short names of the county and the city: 蓬江, 江门."""
        return [unit[:-1] for unit in self.units if unit.endswith(COUNTY_ENDINGS) and len(unit) > 2]


WORDS = Things()
"""Ordinary words alone."""


def is_name(text: str, things: Things | None = None) -> bool:
    """Whether a text, where a name is asked for, is the name of one or more persons. `things`: what is none."""
    plain = _BRACKETS.sub("", tidy(text))
    return any(_is_one_name(squeezed(part), things) for part in _LIST.split(plain))


def is_name_with_office(text: str, things: Things) -> bool:
    """Whether a text is a person's name with an office or a telephone, and no unit's: `林佩仪书记`."""
    plain = squeezed(tidy(text))
    bare = _TITLES.sub("", _TITLES_BEFORE.sub("", _TELEPHONE.sub("", plain)))
    return bare != plain and len(bare) > 1 and _is_one_name(bare, things)


def is_of_a_name(text: str) -> bool:
    """Whether a text says whose something is, or who does it: `林佩仪的表`."""
    return _does_something(squeezed(_BRACKETS.sub("", tidy(text))), WORDS)


def is_name_for_a_value(text: str, values: Collection[str] = (), things: Things = WORDS) -> bool:
    """Whether a person stands where a number, 是 or 否, a day, or one of `values` belongs: `由林佩仪负责`."""
    plain = squeezed(text)
    if plain in values:
        return False
    words = [w for t in (plain, tidy(text)) for w in re.split(f"[^{_HAN}{_DOTS}]+", t) if w not in values]
    found = (w for w in words if _is_one_name(w, things) or _does_something(w, things))
    return any(not things.have_unit(word) for word in found)


def _does_something(text: str, things: Things) -> bool:
    """Whether a text is a name with what this person does or has: `由林佩仪负责`, `林佩仪的表`."""
    m = _DOES.fullmatch(text)
    return any(_is_one_name(name, things) for name in m.groups("")) if m else False


def is_glued_to_a_name(text: str) -> bool:
    """Whether a name may follow an office, a place or a verb without a sign: `审核林佩仪`. Only for what is quoted."""
    names = (m[1] for m in _GLUED.finditer(squeezed(text)))
    return any(not _TITLES.search(name) and _is_one_name(name, WORDS) for name in names)


def ends_in_a_name(text: str) -> bool:
    """Whether the last three or four characters of a text are a name. Only for what is quoted of a cell."""
    ends = (run[-size:] for run in _HAN_RUN.findall(squeezed(text)) for size in (3, 4) if len(run) > size)
    return any(not _TITLES.search(name) and _is_one_name(name, WORDS) for name in ends)


def name_behind_a_word(text: str, things: Things = WORDS) -> bool:
    """Whether a text has a name behind a word that asks for one: `填表人：林佩仪`, `"contact": "司徒美堂"`.

    Also behind a blank or in brackets, and before one in brackets: `经办人 李雷`, `李雷（经办人）`.
    """
    plain = _SPREAD.sub(lambda m: m.group().replace(" ", ""), tidy(text))
    if any(
        not asks_for_a_person(m["name"]) and _is_one_name(m["name"], things) for m in _LOOSE.finditer(plain)
    ):
        return True
    return any(
        _is_one_name(m["name"].replace(" ", ""), things if _is_of_things(m) else things.where_persons_stand)
        for pattern in (_BEHIND, _ASIDE, _BEFORE)
        for m in pattern.finditer(plain)
    )


def _is_of_things(found: re.Match[str]) -> bool:
    """Whether things stand behind such a word as well as persons."""
    words = found.groupdict()
    return bool(words.get("thing") or words.get("verb"))


def is_signature(text: str) -> bool:
    """Whether a text begins or goes on with a label of those who sign a table, whoever stands behind it."""
    plain = _SPREAD.sub(lambda m: m.group().replace(" ", ""), tidy(text))
    return bool(_LABELS.search(plain)) or asks_for_a_person(text)


def _is_one_name(text: str, things: Things | None) -> bool:
    if re.search(f"[{_DOTS}]", text):
        return bool(re.fullmatch(rf"[{_HAN}]{{1,8}}(?:[{_DOTS}][{_HAN}]{{1,8}})+", text)) and not _ends(text)
    bare = _TITLES.sub("", _TITLES_BEFORE.sub("", text))
    if len(bare) == 1 and len(text) > 2:  # 李所长
        return bare in SURNAMES and text not in NO_NAMES
    if bare != text and bare in TRADE:  # 司法所长
        return False
    if text in TITLES:  # an office alone: 文书
        return False
    text = bare if len(bare) >= 2 else text
    if not re.fullmatch(f"[{_HAN}]{{2,4}}", text) or text in NO_NAMES or _ends(text):
        return False
    if text[:2] in DOUBLE_SURNAMES:
        return len(text) > 2
    is_long = len(text) == 4
    if text[0] not in SURNAMES or (is_long and text[1] not in SURNAMES):
        return False
    return not (things and things.have(text))


def _ends(text: str) -> bool:
    """Whether a text ends like a place or an office: `梁村`, `干部科`."""
    if len(text) > 1 and text.endswith(PLACES):
        return True
    if text[0] in COUNTY_ENDINGS and text[1:] in AGENCIES:  # 区政协
        return True
    return len(text) == 3 and text[2] in OFFICE_ENDINGS and (text[:2] in TRADE or is_ordinary(text[:2]))
