"""The cells above a header taken apart into pieces: what is said is told by a piece, never by a whole text.

In: the cells, row by row, and the form's own titles. Out: pieces, in order.

| cells | pieces |
| --- | --- |
| `2026年11月报送（10月数据）行政村党建月报表` | `2026年11月报送`, `10月数据`, `表` |
| `报告期` and, in the next cell, `2026年10月` | `报告期:2026年10月` |
| `2026年`, `10` and `月`, a cell each | `2026年10月` |
| `2026年10月 填报时间：2026年11月2日` | `2026年10月`, `填报时间:2026年11月2日` |
| `国统字（2025）8号 村月报表` | `国统字`, `村月报表` |
| `注：上月数已核，数据为9月数` | two pieces of a note |

The form's own title is `表`, so that no word in it is taken for something that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qiangji.checking.period_texts import PERIOD
from qiangji.checking.title_things import dated
from qiangji.text import squeezed, tidy

_LABEL = re.compile(
    r".{0,12}:|.{0,6}(?:报告期|所属期|属期|数据期|统计期|期间|时段|日期|时间|月份|季度|期别|(?:报告|填报|统计|数据|报表)月|截止日|有效期至?|文号|表号|编号|版本号?)"
)
"""A cell whose value stands in the next one."""
_VALUE = re.compile(r"[\d〇○零一二三四五六七八九十年月日号份度第期季上下半初底末至到截止~—–./ -]{2,}|\d")
_SCATTERED = re.compile(
    r"^(?:20\d\d\n?年度?\n?)?第?\n?[\d一二三四五六七八九十]{1,2}\n?(?:月份?|季度?)(?:\n?\d{1,2}\n?[日号])?$",
    re.MULTILINE,
)
"""A period in several cells, a line each: `2026年`, `9`, `月`."""
_LABELLED = re.compile(r"^年份?:?\n(20\d\d)\n月份?:?\n(\d{1,2})$", re.MULTILINE)
"""The same behind labels: `年`, `2026`, `月`, `9`."""
_OF_DOCUMENT = re.compile(r"[(\[〔【]20\d\d[)\]〕】]年?第?\d+(?![\d月日年季./-])号?|〔20\d\d〕")
"""The number of a document: `〔2025〕12号`, `（2025）8号`."""
_OF_WHAT = re.compile(r"[(\[【]([^()\[\]【】]{1,12})[)\]】](?=修订|修正|印发|制定|施行|试行|版)")
"""What stands in brackets before such a word belongs to it: `（2025年）修订`."""
_IN_A_SENTENCE = re.compile(r"[(\[【]([^()\[\]【】]{1,12})[)\]】](?=[为的已均由未需应作等])")
_COMPARED = re.compile(
    r"[^()\[\]【】表报为是系用沿按取]*(?:[数值额期]|数据|上[年月季]度?|去年|计划|目标)[末底]?"
    r"[(\[【][^()\[\]【】]*(?:供|参考|核对|对照|对比|比较|见附|附件|不计|自动带出|只读|灰色)[^()\[\]【】]*[)\]】]"
)
"""A cell that names what is compared with says nothing: `上月数（供核对）`."""
_OF_WHICH_NUMBERS = re.compile(
    r"[(\[【]([本当单][月季]度?)[)\]】](?=(?:发生|新增|完成)?[数额值](?!据)|发生|新增)"
)
"""`（当月）发生额` is one piece."""
_OF_A_VERSION = re.compile(
    r"(?:V\d[\d.]*|第?[\d一二三四五]+版)\s?[(\[【][^()\[\]【】]*[)\]】]", re.IGNORECASE
)
_BREAK = re.compile(r"[()\[\]【】〔〕，。;!?|]+|(?<![A-Za-z\d]),|,(?![ A-Za-z\d])")
"""Not the comma of `Sept 30, 2026`."""
_WORDS = (
    r"填报|报送|上报|制表|填表|编制|报告期|所属|统计|数据|计量|金额|单位|日期|时间|表号|文号|批准|备案|有效期|注[:1-9]|备注"
    r"|说明|请|附件"
)
_COMPLETE = re.compile(r"[月份日号表报度区市县元人季数]$")
_CONTINUES = re.compile(
    r"[年月日号份度至到~—–-]|\d{1,2}(?:月|[日号])"
    r"|(?:填报|报送|上报|填表|填写|制表|编制|印制|修订|修正|印发|制定|启用|施行|执行|起|版)(?!单位|人|时间|日期|月份|部门|说明|要求|:)"
)
_A_PERIOD = re.compile(r"20\d\d(?:年|[-./]\d)")
_OPEN = re.compile(
    r"(?:[至到自从于按与和期版号~—–:-]|版本|日期|时间|月份|截止|依据|根据|修订|启用|印发|制定|更新|发布|执行|核)$"
)
"""What a period behind it belongs to."""
_NOTE = re.compile(
    r"\W*(?:备?注|附注|说明|(?:填[表报]|编制|有关)(?:说明|要求)|要求|提示|温馨提示|注意事项|注意)\d*[:、.]"
)
_SAYS_TO_DO = re.compile(
    r"请|勿|不得|不要|严禁|禁止|务必|每[月季年](?!报表)|次[月季年]|逐[月季年]|[如若]有|如无|一律|为(?:准|基础|依据|基数)|另[报附行文见]"
    r"|免[报填]|[加增兼]报(?=半?[年季月]报)|合并(?:填报|上报|报送)|同时(?:填|上)?报(?!表)|以.{1,4}报代"
    r"|(?:前|以前|之前)(?:完成|[上填]?报|报送|提交|反馈)|由.{1,8}(?:填|报|下达|负责|提供|审核|汇总)"
)
"""Words of a sentence that asks for something, in whatever piece."""
_MAY_SAY = re.compile(
    "已|应|须|需|将|会议|通知|精神|要求|文件|换届|考核|样[表式]|模[板版]|格式|版本|更正|更新|核|对照|参[照考]|[依根]据|按"
    "|执行|施行|实施|启用|使用|适用|新增|新设|撤并|调整|变[动更]|纳入|列入|补|漏|含|备案|说明|解释|完成|开展|召开|成立"
    "|有误|随本|一并|的$|填$|用$"
)
"""Words of a sentence that may stand in a report's name too: `已建党组织情况表`."""
_SENT_LATE = re.compile(rf"(?:补报|重报|更正)?{PERIOD}的?(?:数据|数)?(?:补报|重报|更正)?")
_OF_A_REPORT = re.compile(r"(?:表|[月季年]报|台账|情况|统计|汇总|明细|名[单册]|清单|一览)[-_]?\d*年?$")
_QUOTES = str.maketrans("", "", '“”"《》「」『』')


@dataclass(frozen=True)
class Piece:
    """A piece of a cell above the header. `is_note`: behind `注：`, `说明：` and the like."""

    text: str
    cell: str
    is_note: bool


def pieces(texts: Iterable[str], own: Iterable[str] = ()) -> list[Piece]:
    """The pieces of all texts, in order. `own`: the form's titles."""
    titles = [_spaced(title) for title in sorted(map(_unquoted, own), key=len, reverse=True) if title]
    return [piece for text in _joined(texts) for piece in _pieces(text, titles)]


def _pieces(text: str, titles: Iterable[re.Pattern[str]]) -> Iterator[Piece]:
    plain = _OF_A_VERSION.sub(" ", _OF_DOCUMENT.sub(" ", text))
    plain = _OF_WHICH_NUMBERS.sub(r"\1", _IN_A_SENTENCE.sub(r"\1", _OF_WHAT.sub(r"\1", dated(plain))))
    for title in titles:
        plain = title.sub("表", plain)
    if _COMPARED.fullmatch(plain):
        return
    is_note, cell = False, squeezed(plain)
    for broken in _BREAK.split(plain):
        for part in filter(None, _words_apart(broken.strip())):
            note = _NOTE.match(part)
            is_note = is_note or bool(note)
            if said := part[note.end() :].strip() if note else part:
                yield Piece(said, cell, is_note)


def _words_apart(text: str) -> Iterator[str]:
    """A text broken at blanks where something is complete before and something else begins behind.

    Titles are written with blanks in them: `2026 年 9 月 行 政 村`.
    """
    words, so_far = text.split(" "), ""
    for word in words:
        last = so_far.rpartition(" ")[2]
        is_word = len(last) > 1 and len(word) > 1
        begins = re.match(_WORDS, word) and not last.endswith(":")
        ends = is_word and (_COMPLETE.search(last) or (_A_PERIOD.match(word) and not _OPEN.search(last)))
        if so_far and (begins or ends) and not _CONTINUES.match(word):
            yield so_far
            so_far = word
        else:
            so_far = f"{so_far} {word}".strip()
    yield so_far


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """The texts, tidied; a label and the value in the cell behind it as one, and a period in several cells."""
    label, lines = "", _LABELLED.sub(r"\1年\2月", "\n".join(map(_unquoted, texts)))
    for text in _SCATTERED.sub(lambda m: m[0].replace("\n", ""), lines).split("\n"):
        if label and _VALUE.fullmatch(text):
            yield f"{label.removesuffix(':')}:{text}"
            label = ""
            continue
        if label:
            yield label
        label = text if _LABEL.fullmatch(text) else ""
        if not label:
            yield text
    if label:
        yield label


def _unquoted(text: str) -> str:
    return tidy(text).translate(_QUOTES).strip()


def _spaced(title: str) -> re.Pattern[str]:
    """A title with blanks anywhere in it."""
    return re.compile(r"\s?".join(map(re.escape, squeezed(title))))


def is_note(text: str) -> bool:
    """Whether a piece says what is to be done, or what was done, and not what the sheet is."""
    plain = squeezed(text)
    if _OF_A_REPORT.search(plain) or _SENT_LATE.fullmatch(plain):
        return bool(_SAYS_TO_DO.search(plain))
    return bool(_SAYS_TO_DO.search(plain) or _MAY_SAY.search(plain))
