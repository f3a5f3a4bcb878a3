"""What the text of a header stands for: the key, the unit's name, the period, or a field of the form.

In: a form, and a header as it is written. Out: what it names, and its unit. What makes no other header is passed over:
a unit, the field's own time, a number in front, stars, quotation marks, a colon, how to fill it in, a translation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cache

from qiangji.catalogue.models import Form
from qiangji.errors import CatalogueError
from qiangji.parsing.facts import APART, OF_UNIT, SPAN, own_spans, split_unit, unit_in
from qiangji.parsing.how_to_fill import tells_how
from qiangji.parsing.once import once
from qiangji.parsing.two_languages import parts_of, says_other, words_in, words_of
from qiangji.periods import Period
from qiangji.personal_data import may_name
from qiangji.text import quoted_zh, squeezed

PERIOD = "period"
PERIOD_HEADERS = ("period", "报告期", "报告期别", "统计期", "所属期", "期间")
"""Headers of a column that names the period of each row; `read_form` compares it with the period asked for."""
_NO_WORD = re.compile(r"[-+0-9.,%/]+")
_MARKS = re.compile(r"“([^“”]+)”|‘([^‘’]+)’|\"([^\"]+)\"|《([^《》]+)》|「([^「」]+)」|『([^『』]+)』")
_INNER = r"\1\2\3\4\5\6"
_ASIDE = re.compile(
    r"^(?:[★☆*※▲△◆●]+|(?:(?:指标|栏次?|第)(?=[(\[【〔]?[0-9]))?[(\[【〔]?(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})"
    r"(?:[)\]】〕][.、:]?|[列栏项]?(?:、|[.,:-](?![0-9]))))+|(?:[★☆*※▲△◆●:]|\[[0-9]{1,2}\])+$"
)
_AGE = re.compile(r"(?<=[0-9])周?岁(?:(\(含\))(?=以[上下]))?")
_UNIT_APART = re.compile(r"(?P<rest>.*\S?)[\s:.·_-]+(?P<unit>\S{1,4})")
"""`村级集体总收入 万元`, tidied."""
_CONTAINED = re.compile("不?含.")
_OF_PART = re.compile("^其中[:,、]?")
"""Quotation marks in pairs, stars for what has to be filled in, numbers of columns, colons: they make no other header.
"""
_BEHIND = re.compile(r"(?<=.)[(\[【〔]([^()\[\]【】〔〕]{1,40})[)\]】〕]$")
_MOST_BEHIND = 3
"""Brackets behind one another that are looked into."""
_MOST_ANSWERS = 2_000
"""Headers of a form that are remembered."""
_TO_DATE = re.compile("(?:本年度?)?累计数?$")
_OWN_UNITS = {
    "person": ("人", "名"), "household": ("户",), "village": ("个", "村"), "community": ("个", "社区"),
    "group": ("个", "组"), "unit": ("个",), "item": ("个", "项", "件"), "time": ("次", "场", "场次", "期"),
    "tree": ("株", "棵"), "ten_thousand_yuan": ("万元",), "percent": ("%",),
}  # fmt: skip
"""Unit of a field -> what is that unit behind a stroke (`党员人数/人`); any other may be what it is divided by."""


def target_of(form: Form, full: str, leaf: str, period: Period | None = None) -> tuple[str | None, str]:
    """What a header stands for, and the unit behind it: another unit does not make another header. `full` and `leaf`:
    tidied, with and without the cells above it; `period`: one that a header may name.

    A header in two languages is that of its Chinese part, unless the other part is another field's, or says another
    thing (`two_languages`).
    """
    answers, asked = _answers(form), (full, leaf, period)
    answer = answers.get(asked) or _found(form, full, leaf, period)
    if answer[0]:
        if len(answers) >= _MOST_ANSWERS:
            answers.clear()
        answers[asked] = answer
    return answer


@once
def _answers(form: Form) -> dict[tuple[str, str, Period | None], tuple[str | None, str]]:
    """What was found for headers of this form, which are mostly the same month by month. What is no header is not
    remembered: it may be anything.
    """
    return {}


def _found(form: Form, full: str, leaf: str, period: Period | None) -> tuple[str | None, str]:
    """The same, worked out."""
    known = known_headers(form)
    plain = [squeezed(text) for text in (full, leaf)]
    for text in plain:
        if text in known:
            return known[text], split_unit(full)[1]
    for text in plain:
        target, unit = _of_bare(form, text, period)
        if target is not None:
            return target, unit
        if target := _of_note(form, text, period):
            return target, ""
    if (apart := _UNIT_APART.fullmatch(leaf)) and unit_in(apart["unit"]):
        target, unit = _of_bare(form, squeezed(apart["rest"]), period)
        if target and not unit and apart["unit"] in _OWN_UNITS.get(_unit_of(form, target), ""):
            return target, apart["unit"]
    for text in (full, leaf):
        if two := parts_of(text):
            target, unit = target_of(form, two[0], two[0], period)
            if target is not None and not _says_other(form, target, two[1], period):
                return target, unit
    return None, split_unit(full)[1]


def _says_other(form: Form, target: str, other: str, period: Period | None) -> str:
    """What the other language of a header says that is not what its Chinese part stands for; '' of a translation."""
    named = _known_anyhow(form).get(_plain(other))
    if named == target or (named is None and target not in form.fields):
        return ""
    if named:
        return other
    if word := says_other(other, form.fields[target], period):
        return word
    field, labels = form.fields[target], _words(form)
    words, own = words_of(other, field, period), words_of(field.label.en, field, period)
    if words == own:
        return ""
    is_more = not {*words} <= {*labels[target]}  # words that its own label lacks, and another one's has
    is_another = words in labels.values() or (is_more and any({*words} <= {*one} for one in labels.values()))
    return other if is_another else ""


@once
def _words(form: Form) -> dict[str, list[str]]:
    """Field -> the words of its English label."""
    return {name: words_in(field.label.en) for name, field in form.fields.items()}


def _of_bare(form: Form, text: str, period: Period | None) -> tuple[str | None, str]:
    """The same, of a squeezed header without what makes no other one: a number in front, stars, quotation marks, the
    colon behind 其中, the unit in brackets or behind a stroke, the time where it is the field's own, and how to fill it
    in. Of several brackets behind one another each is taken by itself.
    """
    text, behind = _without_marks(text), list[str]()
    for _ in range(_MOST_BEHIND + 1):
        target, unit = _of_plain(form, text, period)
        if target and (units := _units_behind(form, target, behind, period)) is not None:
            return target, "".join(units) or unit
        if not (found := _BEHIND.search(text)):
            break
        behind.append(found[1])
        text = _without_marks(text[: found.start()])
    return None, ""


def _of_note(form: Form, text: str, period: Period | None) -> str | None:
    """The field whose own definition stands behind its header, in brackets or beneath it: what a template writes."""
    said = text.rstrip("。.)]】")
    for name, note in _notes(form).items():
        if (
            said.endswith(note)
            and _of_bare(form, said.removesuffix(note).rstrip("([【:,-"), period)[0] == name
        ):
            return name
    return None


@once
def _notes(form: Form) -> dict[str, str]:
    """Field -> its definition, squeezed, without what ends it."""
    return {name: squeezed(f.note.zh).rstrip("。.)]】") for name, f in form.fields.items() if f.note}


def _is_of_note(form: Form, target: str, said: str) -> bool:
    """Whether what stands in brackets is of the field's definition, part by part: `（含预备党员）`, `（含预备）`."""
    parts = re.split("[,;。]", _notes(form).get(target, ""))
    words = [word for word in re.split("[,;。]", said) if word]
    return (
        bool(words)
        and all(map(_CONTAINED.match, words))
        and all(any(part.startswith(word) for part in parts) for word in words)
    )


def is_called(form: Form, text: str, names: Set[str]) -> bool:
    """Whether a squeezed header is one of these names, but for what makes no other header: `★备注（选填）`."""
    for _ in range(_MOST_BEHIND + 1):
        if text in names:
            return True
        found = _BEHIND.search(text := _without_marks(text))
        if text in names or not found or not tells_how(form, "", found[1]):
            return text in names
        text = text[: found.start()]
    return False


def _of_plain(form: Form, text: str, period: Period | None) -> tuple[str | None, str]:
    """The same, of a header without brackets behind it, and the unit behind a stroke or comma."""
    bare = _bare_headers(form)
    if target := _only(bare, text, form):
        return target, ""
    plain, _, unit = text.replace(",", "/").rpartition("/")
    if (target := _only(bare, plain, form)) and unit in _OWN_UNITS.get(_unit_of(form, target), ""):
        return target, unit
    asked = _only(_answered(form), text.replace("是否", "").rstrip("?"), form)
    if asked:
        return asked, ""
    if found := _TO_DATE.search(text):
        target = _only(bare, text[: found.start()], form)
        return (target, "") if target in form.fields and form.fields[target].is_number else (None, "")
    for kind, before in _times_before(period).items():
        if found := before.match(text):
            target, unit = _of_plain(form, text[found.end() :], None)
            field = form.fields.get(target or "")
            if field and (field.is_number or kind == "stock") and kind in (field.kind, ""):
                return target, unit
    return None, ""


def _units_behind(form: Form, target: str, behind: Sequence[str], period: Period | None) -> list[str] | None:
    """The units in brackets behind a header, at most one; None where they say what makes it another one."""
    units, spans = list[str](), [SPAN]
    if target in form.fields and period and (own := own_spans(period).get(form.fields[target].kind)):
        spans.append(own)
    for said in behind:
        if tells_how(form, target, said) or _is_of_note(form, target, said):
            continue
        words = [word for word in APART.split(OF_UNIT.sub("", said)) if word]
        units += (word for word in words if unit_in(word))
        if len(units) > 1 or not all(
            unit_in(word) or any(span.fullmatch(word) for span in spans) or tells_how(form, target, word)
            for word in words
        ):
            return None
    return units


@cache
def _times_before(period: Period | None) -> dict[str, re.Pattern[str]]:
    """Kind of a field -> its own time before its label: `期末党员人数`, `1-10月村级集体总收入`. 累计 before a number of
    any kind: where it is another time than the field's, it is asked about (`checking.spans`).
    """
    spans = own_spans(period) if period else {}
    of = {kind: f"|(?:{span.pattern})" for kind, span in spans.items()}
    until = f"|(?=截|至)(?:{spans['stock'].pattern})(?<=[末底日])(?:累计)?" if spans else ""
    now = {"month": "本月|当月", "quarter": "本季度?|当季度?"}.get(period.type, "(?!)") if period else "(?!)"
    amount = re.compile(f"(?:本期|{now}{of.get('flow', '')})")
    return {
        "stock": re.compile(f"(?:期末{of.get('stock', '')})"),
        "flow": amount,
        "distinct": amount,
        "ytd": re.compile(
            f"(?:本年度?(?:累计)?|(?:[今本]年|年初)(?:以来|至今)(?:累计)?{of.get('ytd', '')}{until})"
        ),
        "": re.compile("累计"),
    }


def _only(bare: Mapping[str, Set[str]], text: str, form: Form) -> str | None:
    """What a bare header stands for, if for one thing. 其中 makes no other one where that is a part of a whole."""
    for plain, of in ((text, None), (text.removeprefix("其中"), _parts(form))):
        found = bare.get(plain, set())
        if len(found) == 1 and (of is None or found <= of):
            return next(iter(found))
    return None


def _unit_of(form: Form, target: str) -> str:
    return form.fields[target].unit if target in form.fields else ""


def _without_marks(text: str) -> str:
    plain = _AGE.sub(lambda m: "岁及" if m[1] else "岁", text)
    return _OF_PART.sub("其中", _MARKS.sub(_INNER, _ASIDE.sub("", plain)))


def targets_of(row: Sequence[str], form: Form) -> dict[str, int]:
    """The key, `unit_name` and fields that a row's texts, squeezed, name: each with its column."""
    known, found = known_headers(form), dict[str, int]()
    for text in dict.fromkeys(row):  # in a row that is filled with one word it is looked up once
        is_word = len(text) > 1 and not _NO_WORD.fullmatch(text)
        target = known.get(text) or (target_of(form, text, text)[0] if is_word else None)
        if target and target != PERIOD:
            found.setdefault(target, row.index(text))
    return found


@once
def known_headers(form: Form) -> dict[str, str]:
    """Header text -> the key, `unit_name`, a field, or PERIOD. Raises CatalogueError if one text names two fields."""
    texts = {form.key: (form.key, *form.key_headers), "unit_name": ("unit_name", *form.name_headers)}
    texts |= {name: (name, f.label.zh, f.label.en, *f.headers) for name, f in form.fields.items()}
    known: dict[str, str] = {}
    for target, headers in texts.items():
        for text in headers:
            if (held := known.setdefault(squeezed(text), target)) != target:
                raise CatalogueError(
                    f"header {text!r} stands for {held} and {target}",
                    where=form.form,
                    expected="one field a header",
                )
    return {squeezed(text): PERIOD for text in PERIOD_HEADERS} | known


@once
def _bare_headers(form: Form) -> dict[str, set[str]]:
    """Header text without its unit and quotation marks -> what it may stand for."""
    bare: dict[str, set[str]] = {}
    for text, one in known_headers(form).items():
        bare.setdefault(_without_marks(split_unit(text)[0]), set()).add(one)
    return bare


@once
def _answered(form: Form) -> dict[str, set[str]]:
    """The same of questions, without what asks: `待遇是否挂钩`, `是否待遇挂钩？`."""
    bare: dict[str, set[str]] = {}
    for text, of in _bare_headers(form).items():
        if all(name in form.fields and form.fields[name].type == "boolean" for name in of):
            bare.setdefault(text.replace("是否", ""), set()).update(of)
    return bare


@once
def _known_anyhow(form: Form) -> dict[str, str]:
    """`known_headers` in small letters, without brackets around them."""
    return {_plain(text): target for text, target in known_headers(form).items()}


def _plain(text: str) -> str:
    return squeezed(text).strip("()[]").lower()


@once
def _parts(form: Form) -> set[str]:
    """Fields that count a part of what another one counts, as their headers or notes say: 其中女党员."""
    wholes = {squeezed(field.label.zh) + "中" for field in form.fields.values()}
    return {
        name
        for name, field in form.fields.items()
        if any(squeezed(text).startswith("其中") for text in (field.label.zh, *field.headers))
        or (field.note and (field.note.zh.startswith("其中") or any(w in field.note.zh for w in wholes)))
    }


def alike(leaf: str, form: Form, period: Period) -> tuple[str, str, str, str] | None:
    """The field for which an unknown header may be meant, its label, and what the header says beside it, in en and zh:
    that of the longest wording within it.
    """
    text = _without_marks(squeezed(leaf))
    within = [
        b for b, of in _bare_headers(form).items() if len(b) > 1 and b in text and of <= form.fields.keys()
    ]
    if not (wording := max(within, key=len, default="")) or len(found := _bare_headers(form)[wording]) > 1:
        return None
    (name,) = found
    if (two := parts_of(leaf)) and target_of(form, two[0], two[0], period)[0] == name:
        said = _says_other(form, name, two[1], period)
    else:
        said = text.replace(wording, " ", 1).strip(" ()[]【】:,，-/")
    if not said or may_name(said) or not form.fields[name].label.zh:
        return None
    return name, form.fields[name].label.zh, f"also says {said!r}", f"还写着{quoted_zh(said)}"
