"""Kinds of cells that cannot be read, and what each should have held: the last word of a rule, its texts, the advice.

In: a field, and the texts of its cells that cannot be read. Out: the kinds with their cells, and the advice in zh and
en. docs/reason-codes.md lists them (`reasons_page.CELLS`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import MAX_DIGITS, Field
from qiangji.parsing.column import Column

TOO_LARGE = "too_large"
"""A number beyond any bound."""
DASH = "dash"
"""A number that is a lone dash: it is missing, and perhaps zero. Its row is accepted."""
PERCENT = "percent"
"""A percentage where an amount or a count belongs."""
FORMULA = "formula"
"""A formula whose result was never computed."""
ERROR = "error"
"""A formula that fails: `#REF!`."""
NO_RESULT = "#NO_RESULT!"
"""What a formula without a result is read as."""
ERROR_TEXT = "#(?:[A-Z][A-Z0-9_]{0,20}[!?]|N/A|DIV/0!|GETTING_DATA)"
"""What a spreadsheet program shows in place of a result."""
_ERRORS = rf"^[\s\p{{Z}}]*{ERROR_TEXT}[\s\p{{Z}}]*$"
Advice = tuple[str, str]
_EXPECTED: dict[str, Advice] = {
    "integer": ("整数", "a whole number"),
    "decimal": ("数字，小数不超过4位", "a number with at most 4 decimal places"),
    "date": ("日期，如2026-09-30", "a date such as 2026-09-30"),
    "boolean": ("是或否", "是 or 否 (yes or no)"),
}
_ZONED = r"^[\s]*[0-9]{4}[0-9年月/.-]+日?[T\s][\s]*[0-9:.]+[\s]*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)[\s]*$"
_NESTED = r"(?s)^\s*(?:\{.*\}|\[.*\])\s*$"
_NO_NESTED = (
    "单个值，不是嵌套的对象或列表（{…}、[…]）：请让接口直接给出该值",
    "a value alone, no object or list ({...}, [...]) around it: let the interface give the value itself",
)
_DAY_ALONE = (
    "不带时刻和时区的日期，如2026-09-30：请按北京时间只填日期",
    "a day without a time and its zone, such as 2026-09-30: the day that it is in China",
)
_HASHES_OF_DAYS = (
    "日期：列宽不够时显示为#号，另存为CSV后日期丢失；请加宽该列后重新导出",
    "a day: the column was too narrow when it was saved; widen it and export it again",
)
_MANY_DECIMALS = r"^[\s\p{Z}]*[+-]?[0-9][0-9,]*\.[0-9]{5,}[\s\p{Z}]*$"
_ROUNDED = (
    "小数不超过4位的数字（公式结果可用ROUND函数四舍五入）",
    "a number with at most 4 decimal places: ROUND(..., 4) rounds what a formula gives",
)
_NUMBER, _GAP = "[0-9０-９][0-9０-９,，.．]*", r"[\s\p{Z}]*"


def _whole(*bodies: str) -> str:
    return f"^{_GAP}(?:{'|'.join(bodies)}){_GAP}$"


_OWN_ADVICE: dict[str, Advice] = {
    _MANY_DECIMALS: _ROUNDED,
    _whole(r"[+-]?[0-9][0-9,]*\.", r"[+-]?\.[0-9]+"): (
        "小数点前后都有数字的数，如136、0.5：多因数字格式为“0.##”“#.##”，请改为“0.00”，核对后重报",
        "digits on both sides of the point, such as 136 or 0.5: a number format such as 0.## or #.## leaves them out;"
        " use 0.00 and check the number",
    ),
    _whole(
        rf"(?:大?约|近|[≥≤><≈~～]|至少|不足|超过?){_GAP}{_NUMBER}{_GAP}\p{{Han}}{{0,4}}",
        rf"{_NUMBER}{_GAP}(?:\p{{Han}}{{0,2}}(?:以上|以下|以内|左右|上下)|[余多]\p{{Han}}{{0,2}})",
    ): ("准确的数字，不写“约、以上、左右、余”等", "the exact number, without about, at least or more than"),
    _whole(
        f"{_NUMBER}{_GAP}(?:改为?|更正为|→|->){_GAP}{_NUMBER}",
        f"{_NUMBER}{_GAP}[(（]原(?:为|数|报)?[:：]?{_GAP}{_NUMBER}[)）]",
    ): ("只填更正后的数字", "the corrected number alone"),
    _whole(r"[0-9]{1,3}(?:[\s\p{Z}][0-9]{3})+(?:\.[0-9]+)?"): (
        "中间不留空格的数字",
        "a number without blanks inside",
    ),
}
"""Numbers that no code of their own tells: RE2, and the advice."""
_LARGE: dict[str, Advice] = {
    type_: (
        f"整数部分不超过{digits}位的数，请核对是否误粘贴了卡号、账号或证件号码",
        f"a number of at most {digits} digits before its point: is it a card, account or ID number?",
    )
    for type_, digits in MAX_DIGITS.items()
}
_OF_ANY: dict[str, Advice] = {
    PERCENT: (
        "数值，不是百分数：请核对单元格是否误设为百分比格式",
        "a number, no percentage: was the cell formatted as percent by mistake?",
    ),
    DASH: ("0；没有数据的留空", "0, or an empty cell where nothing is known"),
    FORMULA: (
        "公式的计算结果：请用表格软件打开、重新计算并保存，或粘贴为数值",
        "what the formula gives: open the workbook in a spreadsheet program, let it compute and save it, or paste the"
        " value",
    ),
    ERROR: (
        "公式的计算结果：公式出错（如引用的单元格已删除、除以0），请改正公式或直接填写数据",
        "what the formula should give: it fails (a reference that is gone, a division by 0); mend it or type the value",
    ),
}
_SHOWN: dict[str, tuple[str, Advice]] = {
    "hashes": (
        r"^[\s]*[#＃]{2,}[\s]*$",
        (
            "数字：列宽不够时显示为#号，另存为CSV后数值丢失；请加宽该列后重新导出",
            "a number: the column was too narrow when it was saved; widen it and export it again",
        ),
    ),
    "brackets": (
        r"^[\s]*[(（][\s]*[0-9][0-9,.]*[\s]*[)）][\s]*$",
        ("不带括号的数字；负数请写-12.50", "a number without brackets; write -12.50 for one below zero"),
    ),
    "day": (
        r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9](?:[T ].*)?$"
        r"|^(?:[0-9]{1,9} days?, )?[0-9]{1,6}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$",
        (
            "数字：单元格误设为日期或时间格式，请改为数字格式，核对后重报",
            "a number: the cell is formatted as a date or a time; format it as a number and check it",
        ),
    ),
    "apostrophe": (
        r"^[\s\p{Z}]*['‘’`＇\"“”][\s\p{Z}]*[+-]?[0-9０-９][0-9０-９,，.．]*[%％]?[\s\p{Z}]*['‘’`＇\"“”]?[\s\p{Z}]*$",
        (
            "不带撇号、引号的数字：请删去撇号，只留数字",
            "the number alone: remove the apostrophe or quotation mark",
        ),
    ),
    "in_words": (
        r"^[\s\p{Z}]*[+-]?[0-9０-９,，.．]*[\s\p{Z}]*[〇零一二两三四五六七八九十百千万亿萬億壹贰叁肆伍陆柒捌玖拾佰仟廿卅]+\p{Han}{0,3}[\s\p{Z}]*$",
        (
            "用阿拉伯数字写全的数，如1.2万应写12000",
            "digits alone, in full: 12000 for 1.2万 (12 thousand)",
        ),
    ),
    "with_unit": (
        r"^[\s\p{Z}]*[+-]?[0-9０-９][0-9０-９,，.．]*[\s\p{Z}]*(?:\p{Han}{1,4}|\p{Han}{0,4}[(（]\p{Han}{1,4}[)）])[\s\p{Z}]*$"
        r"|^[\s\p{Z}]*[¥￥][\s\p{Z}]*[0-9０-９][0-9０-９,，.．]*[\s\p{Z}]*\p{Han}{0,4}[\s\p{Z}]*$",
        ("只填数字，不写单位", "the number alone, without its unit"),
    ),
}
"""Numbers as a spreadsheet program shows or saves them, or as people write them: rule -> RE2, and the advice."""
_IN_TEN_THOUSANDS: dict[str, Advice] = {
    "in_words": (
        "以万元计的数字，不写单位：1.2万元、12000元都填1.2",
        "digits alone, in 10,000 yuan: 1.2 both for 1.2万元 and for 12,000 yuan",
    ),
    "with_unit": (
        "以万元计的数字，不写单位：1.2万元、12000元都填1.2",
        "the number alone, in 10,000 yuan: 1.2 for 12,000 yuan",
    ),
}


def are_errors(texts: pa.Array) -> pa.Array:
    """Which texts are what is shown in place of a formula's result."""
    return pc.match_substring_regex(texts, _ERRORS)


def asked_of(field: Field, kind: str) -> Advice:
    """What a field that cannot be read should have held, in zh and en; '' where nothing is to be said.

    `kind`: the last word of the rule.
    """
    if kind == "enum":
        return "、".join(field.values), "one of " + ", ".join(field.values)
    if kind == TOO_LARGE:
        return _LARGE.get(field.type, ("", ""))
    if field.type == "date" and kind == "hashes":
        return _HASHES_OF_DAYS
    if field.is_money and kind in _IN_TEN_THOUSANDS:
        return _IN_TEN_THOUSANDS[kind]
    shown = {rule: advice for rule, (_, advice) in _SHOWN.items()}
    return (_OF_ANY | shown).get(kind) or _EXPECTED.get(field.type, ("", ""))


def kinds_of(column: Column, raw: pa.Array, field: Field) -> Iterator[tuple[str, pa.Array, Advice]]:
    """(last word of the rule, cells, advice) of the cells that cannot be read, and of those to ask about."""
    left = column.unreadable
    if field.is_number:
        left = pc.and_not(left, column.too_large)
    for kind, are in (
        (FORMULA, pc.fill_null(pc.equal(raw, NO_RESULT), False)),
        (ERROR, pc.fill_null(are_errors(raw), False)),
    ):
        found = pc.and_(left, are)
        yield kind, found, asked_of(field, kind)
        left = pc.and_not(left, found)
    nested = pc.and_(left, pc.fill_null(pc.match_substring_regex(raw, _NESTED), False))
    yield "enum" if field.type == "enum" else "type", nested, _NO_NESTED
    left = pc.and_not(left, nested)
    if field.type == "date":
        for kind, pattern, advice in (
            ("hashes", _SHOWN["hashes"][0], _HASHES_OF_DAYS),
            ("type", _ZONED, _DAY_ALONE),
        ):
            found = pc.and_(left, pc.fill_null(pc.match_substring_regex(raw, pattern), False))
            yield kind, found, advice
            left = pc.and_not(left, found)
    if not field.is_number:
        kind = "enum" if field.type == "enum" else "type"
        yield kind, left, asked_of(field, kind)
        return
    for kind, pattern in _patterns(field):
        found = pc.and_(left, pc.fill_null(pc.match_substring_regex(raw, pattern), False))
        yield kind, found, _OWN_ADVICE.get(pattern) or asked_of(field, kind)
        left = pc.and_not(left, found)
    yield "type", left, asked_of(field, "type")
    yield TOO_LARGE, column.too_large, asked_of(field, TOO_LARGE)
    yield DASH, column.dashes, asked_of(field, DASH)


def _patterns(field: Field) -> Iterator[tuple[str, str]]:
    if field.unit != "percent":
        yield PERCENT, r"^[\s0-9０-９.,，．+－-]+[%％][\s\p{Z}]*$"
    yield from (
        ("type", pattern) for pattern in _OWN_ADVICE if pattern != _MANY_DECIMALS or field.type == "decimal"
    )
    yield from ((kind, pattern) for kind, (pattern, _) in _SHOWN.items())
