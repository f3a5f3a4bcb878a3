"""A header in Chinese and another language, `党员总数 Party members`: whether the other part is a translation.

In: a header with its blanks, the field that its Chinese part stands for. Out: its parts, and the word of the other
part that says another thing than the field: another time, unit, kind of number, or the opposite.

Words are compared whole (`operations` holds no ratio). A word of the field's own label, or one that the Chinese says
as well, says nothing other: `绿化方案 Greening plan`.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import cache

from qiangji.catalogue.models import Field
from qiangji.parsing.english_times import own_time
from qiangji.periods import Period
from qiangji.text import tidy

_HAN = "\u4e00-\u9fff"
_UNIT_BEHIND = rf"(?P<unit>\s*[(\[【][^()\[\]【】]*[{_HAN}‰][^()\[\]【】]*[)\]】])?"
_ZH_FIRST = re.compile(
    rf"(?P<zh>.*[{_HAN})\]】”’》」』])\s*[-–—/|·:]?\s*(?P<en>[(\[]?(?=[^{_HAN}]*[A-Za-z]{{3}})[A-Za-z0-9][\x20-\x7e]*?)"
    + _UNIT_BEHIND
)
_EN_FIRST = re.compile(
    rf"(?P<en>[(\[]?(?=[^{_HAN}]*[A-Za-z]{{3}})[A-Za-z][\x20-\x7e]*?)\s*[-–—/|·:]?\s*(?P<zh>[“‘\"(【「『《]?[0-9]{{0,3}}[{_HAN}].*)"
)
_DASH = re.compile(r"(?<=[A-Za-z0-9.)])(\s?)[–—−](\s?)(?=[A-Za-z0-9])")
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=s\\b| )")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=yuan|rmb|cny|RMB|CNY)")
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?"
    "|dec(?:ember)?|^(?:may|march)$"
)
_OTHERS = (
    ("last|prev|previous|prior|preceding|former", "上|去年|前|往|初|个月"),
    (
        "plan|plans|planned|planning|target|targets|targeted|goals?|quotas?|budget|budgets|budgeted|forecasts?"
        "|estimates?|estimated|expected|projected|intended|scheduled",
        "划|方案|目标|任务|预|应|时限|拟",
    ),
    (
        "to be|yet to|going to|to come|will|remaining",
        "应|拟|待|划|未|需|余|剩",
    ),
    (
        "percent|percentage|pct|ratios?|rates?|proportion|share|average|avg|mean|median|per",
        "率|比|占|均|每",
    ),
    (
        "yuan|rmb|cny|usd|hkd|eur|gbp|dollars?|euros?|hundreds?|thousands?|millions?|billions?|k|bn|mn|mln|mio|tn",
        "(?!)",
    ),
    (
        "mu|acres?|hectares?|tons?|tonnes?|kg|kilograms?|km|kilomet(?:er|re)s?|hours?",
        "亩|面积|公顷|吨|里|时",
    ),
    (
        "expenditures?|expenses?|spending|spent|outlays?|costs?|paid|pay|payments?|payables?|debts?|indebtedness"
        "|liabilit(?:y|ies)|loss(?:es)?|arrears|loans?|owed",
        "支|花|付|费|成本|债|欠|亏|贷|待遇|报酬|工资|档|返还|退",
    ),
    ("income|revenues?|receipts?|earnings", "收|经济|款|资金|利"),
    ("net", "净|纯"),
    ("profits?|surplus|balances?", "利|益|盈|余"),
    ("women|woman|females?", "女|妇"),
    ("men|man|males?", "男"),
    ("not|without", "未|非|无|不|没|除|缺|空"),
    ("non", "非|未|无|不|民"),
    (
        "(?:over|above|beyond|exceeding|at least|more than|older than)(?= (?:the age of )?[0-9])|older"
        "|[0-9]+ (?:or|and) (?:over|above|older|more)",
        "上|超|满",
    ),
    (
        "(?:under|below|less than|fewer than|younger than|up to|at most)(?= (?:the age of )?[0-9])|younger"
        "|[0-9]+ (?:or|and) (?:under|below|younger|less|fewer)",
        "下|不足|不满|内|低|未",
    ),
    (
        "cancelled|canceled|dissolved|abolished|resigned|dismissed|retired|left|felled|dead|died",
        "撤|销|解|退|辞|免|离|死|伐|亡",
    ),
    ("assets?|investments?|subsid(?:y|ies)|grants?|rents?|rental|donations?", "资|投|补|捐|租|联营"),
    ("applicants?|activists?", "申请|积极"),
    ("due|should|required", "应|编制|期|须"),
    ("open|unresolved|pending|outstanding", "未|开|在"),
    ("resolved|closed|settled", "(?<!未)(?:解决|办结|结)"),
)
"""Words that say another thing, and what the Chinese of the field holds where it says the same."""
_UNRESOLVED = re.compile(r"\bnot (?:yet )?(?:resolved|closed|settled)\b")
_END = re.compile(r"\b(?:end|close|closing)\b")
_CHANGED = re.compile(
    r"\b(?:growth|gr[eo]w(?:ing)?|increase[sd]?|increment|change[sd]?|yo ?y|y/y|mo ?m"
    r"|(?:year|month)[- ](?:on|over)[- ](?:year|month)"
    r"|decrease[sd]?|decline[sd]?|rise|difference|delta|trend|gap|variance)\b"
)
_IS_CHANGE = re.compile("增|减|变|差|涨|升|降|新|化")
_EXCLUDED = re.compile(r"\b(?:excluding|except(?:ing)?|excl\.?|exclusive of) ?(?P<what>[a-z' ]*)")
_IS_EXCLUDED = re.compile("[^;.]*(?:not included|excluded|without)[^;.]*")
_ADDED = re.compile(r"\b(?:new|newly|added|additional|increase|increment|growth)\b")
_TIME = re.compile(
    rf"\b(?:months?|monthly|quarters?|quarterly|years?|yearly|annual|annually|weeks?|weekly|daily|ytd|cumulative(?:ly)?"
    rf"|accumulated|{_MONTHS})\b"
)
_TEN_THOUSAND_YUAN = re.compile(
    r"(?:\b(?:rmb|cny|yuan)\b\s*)?(?:\b10[, ]?000s?|\b10 ?k|\bten[- ]thousands?|\b10 thousands?|\bwan)\b(?: of)?"
    r"(?:\s*\b(?:chinese )?(?:yuan|rmb|cny))?\b"
)
_PER_CENT = re.compile(r"\bper ?cent(?:age)?\b")
_A_PERIOD = "(?:month|quarter|year|period|reporting (?:month|quarter|year|period))"
_AGREES = {
    "stock": re.compile(
        rf"\b(?:at |as (?:of|at) )?(?:the )?end of (?:the )?{_A_PERIOD}|\b(?:month|quarter|period)[- ]?end\b"
        r"|\b(?:this|current|reporting) (?:month|quarter)\b"
    ),
    "ytd": re.compile(
        r"\byear[- ]to[- ]date\b|\bytd\b|\b(?:this|current) year\b|\bcumulative(?:ly)?\b|\baccumulated\b"
        r"|\bannual\b|\byearly\b"
        r"|\b(?:since|from) (?:1(?:st)? )?jan(?:uary)?(?: 1(?:st)?)?\b|\b(?:in|of|for|during|within) the year\b"
    ),
    "flow": re.compile(r"\b(?:this|the|current|reporting) (?:month|quarter|period)(?:'s)?\b|\bmonthly\b"),
}
_AGREES["distinct"] = _AGREES["flow"]
"""Kind of a field -> what says the field's own time."""
_AGES = re.compile(r"(?<=[0-9])[- ]years?(?:[- ]old| of age)?\b|\byears? (?:old|of age)\b")
_LASTS = re.compile(r"(?<=[0-9])[- ]months?\b")
_IN_WORDS = re.compile(r"\b(two|three|six|nine|twelve|half a year)(?=[- ]months?\b|(?<=year)\b)")
_DIGITS = {"two": "2", "three": "3", "six": "6", "nine": "9", "twelve": "12", "half a year": "6-month"}
_SIGNS = (
    (re.compile("≥|>="), " at least "), (re.compile("≤|<="), " at most "), (re.compile(">"), " over "),
    (re.compile("<"), " under "), (re.compile(r"\bnot? (?:older|more|over) than\b"), "at most"),
    (re.compile(r"\bnot? (?:younger|less|fewer) than\b"), "at least"), (re.compile(r"\b([0-9]+)\+"), r" at least \1"),
)  # fmt: skip
_BELOW = re.compile(r"\b(under|below|less than|younger than) ([0-9]+)\b")
_NUMBER = re.compile(r"[0-9](?:[0-9,.]*[0-9])?")
_ITS_PLACE = re.compile(r"^\(?[0-9]\)?[.: ]|\(?\b[0-9]\)?$")
_NUMBER_OF = re.compile(
    r"\b(?:number|no\.?|nos\.?|count|total|#) of (?:the )?(?P<what>[a-z' -]+?)"
    r"(?= (?:of|in|with|who|that|at|due|to|for|from|away|on|under|over)\b|[^a-z' -]|$)"
)
_HEADS = {
    "person": "people persons person members cadres workers secretaries leaders heads women residents staff"
    " volunteers",
    "household": "households families courtyards",
    "village": "villages",
    "community": "communities",
    "group": "groups",
    "tree": "trees",
    "time": "times sessions meetings",
    "unit": "branches organisations organizations committees enterprises companies schools hospitals towns",
}
_UNIT_OF_HEAD = {word: unit for unit, words in _HEADS.items() for word in words.split()}
_JOINING = frozenset(
    re.findall(
        "[a-z]+",
        "a an and are at by for from have has in is it its of on or that the these they this to who with",
    )
)
"""Words that only join others."""
_GENERIC = ("unit", "item", "group")
"""Units in which things of any kind are counted."""


def parts_of(header: str) -> tuple[str, str] | None:
    """The Chinese part of a header in two languages, with its unit, and the other part; None of another header."""
    text = _DASH.sub(r"\1-\2", tidy(header)).replace("≤", "<=").replace("≥", ">=")
    text = _APOSTROPHE.sub("'", text)
    if found := _ZH_FIRST.fullmatch(text):
        return found["zh"] + (found["unit"] or ""), found["en"]
    if found := _EN_FIRST.fullmatch(text):
        return found["zh"], found["en"]
    return None


@cache
def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b")


def says_other(other: str, field: Field, period: Period | None = None) -> str:
    """The word, or number, of a header's other part that is not said of the field; '' of a translation."""
    zh = "".join((field.label.zh, *field.headers))
    note = field.note.en.lower() if field.note else ""
    said = f"{zh} {field.label.en} {field.note.zh if field.note else ''} {note}"
    own, numbers = set(re.findall("[a-z]+", field.label.en.lower())), set(_NUMBER.findall(said))
    text = _in_small(other)
    if head := _head(text, field, own):
        return head
    text = _without_its_own(text, field, zh, period)
    if (left_out := _EXCLUDED.search(text)) and not _leaves_out(note, left_out["what"]):
        return left_out[0].strip()
    checked = [_whole(words) for words, excuse in _OTHERS if not re.search(excuse, zh)]
    if field.is_number:
        checked += [_CHANGED] if not _IS_CHANGE.search(zh) else []
        checked += [_END] if "年初" in zh else []
        checked += [_ADDED] if field.kind == "stock" and not re.search("新|增", zh) else []
    for pattern in (*checked, _TIME):
        if word := next((m[0] for m in pattern.finditer(text) if m[0] not in own), ""):
            return word
    return _other_number(text, field, numbers)


def words_of(other: str, field: Field, period: Period | None) -> list[str]:
    """The words of a header's other part, in the singular, without the field's own time and what only joins words."""
    text = _without_its_own(_in_small(other), field, "".join((field.label.zh, *field.headers)), period)
    return words_in(text)


def words_in(text: str) -> list[str]:
    """The words of an English text, in the singular, without what only joins words."""
    found = re.findall("[a-z]+", text.lower())
    return [word.removesuffix("s") for word in found if word not in _JOINING]


def _in_small(other: str) -> str:
    """The text in small letters, its words apart; signs as words, and words of numbers as digits."""
    text = _UNRESOLVED.sub("open", _CAMEL.sub(" ", other.replace("_", " ")).lower().strip("()[] "))
    for sign, words in _SIGNS:
        text = sign.sub(words, text)
    return " ".join(_IN_WORDS.sub(lambda m: _DIGITS[m[1]], text).split())


def _other_number(text: str, field: Field, numbers: Set[str]) -> str:
    """A number that the field's texts do not hold: `under 36` is `35 or younger`; `(1-3)` are the values of a field."""
    text = _BELOW.sub(lambda m: m[1] if str(int(m[2]) - 1) in numbers else m[0], text)
    if field.values:
        text = re.sub(rf"\b1-{len(field.values)}\b", "", text)
    return next((n for n in _NUMBER.findall(_ITS_PLACE.sub(" ", text)) if n not in numbers), "")


def _leaves_out(note: str, what: str) -> bool:
    """Whether a field's note says that this is left out: `income of groups not included`."""
    clause = _IS_EXCLUDED.search(note)
    return bool(clause and words_in(what) and {*words_in(what)} <= {*words_in(clause[0])})


def _without_its_own(text: str, field: Field, zh: str, period: Period | None) -> str:
    """The text without the field's own unit and time."""
    is_start = "年初" in zh
    own = [
        own_time(period, "start" if is_start else field.kind),
        *([] if is_start else [_AGREES[field.kind]]),
    ]
    is_of_year = field.kind == "stock" and "本年" in zh + (field.note.zh if field.note else "")
    own += [own_time(period, "in the year")] if is_of_year and not is_start else []
    own += [_TEN_THOUSAND_YUAN] if field.is_money else []
    own += [_PER_CENT] if field.unit == "percent" else []
    own += [_AGES] if "岁" in zh else []
    own += [_LASTS] if "月" in zh else []
    for pattern in own:
        text = pattern.sub(" ", text)
    return text


def _head(text: str, field: Field, own: set[str]) -> str:
    """What is counted, where that is not what the field counts: `number of villages` beside 党员人数."""
    if not (found := _NUMBER_OF.search(text)):
        return ""
    head = found["what"].split()[-1:] or [""]
    unit = _UNIT_OF_HEAD.get(head[0], field.unit)
    is_other = field.is_number and unit != field.unit and not (field.unit in _GENERIC and unit == "unit")
    return head[0] if is_other and head[0] not in own else ""
