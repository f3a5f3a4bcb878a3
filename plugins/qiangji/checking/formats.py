"""What number formats say of the numbers they show, where it contradicts the form.

In: what a sheet says of itself (`SheetFacts`), the form's fields, the period. Out: doubts, asked before it counts.
Units are held against the fields' in `units`.

| code | what |
| --- | --- |
| `scaled_number_format` | most cells of a field are shown divided, or with digits beside them: not as they are stored |
| `another_time_span` | a word beside the numbers says another time: `"上月"0`, `0"（9月）"`, `"计划"0` |
| `another_measure` | a word says another measure, or other things than are counted: `"人均"0`, `0"个支部"` of persons |
"""

from __future__ import annotations

from collections.abc import Iterator

from qiangji.catalogue.models import Field, Form
from qiangji.checking.spans import measure_in, time_in
from qiangji.checking.verdict import Checked, Doubt, named
from qiangji.parsing.facts import ANOTHER, SheetFacts, unit_in, word_beside
from qiangji.periods import Period
from qiangji.text import counted, quoted_zh

_OF_A_TIME = ("同期", "同比", "环比", "预测", "估计")
_THINGS = ("支部", "党组织", "党委", "企业", "单位", "网格", "组", "村", "社区")
_COUNTED = ("person", "household", "tree", "ten_thousand_yuan")
"""Units of fields that count none of `_THINGS`."""
_OF_SOME = ("女", "男")


def doubts(one: Checked, form: Form, rows: int) -> Iterator[Doubt]:
    """What number formats contradict. `rows`: how many were accepted."""
    assert one.parsed is not None
    sheet, fields = one.parsed.sheet, form.fields_in(str(one.period.last_month))
    yield from _scaled(sheet, form, rows)
    said = {
        name: found
        for name, field in fields.items()
        if field.is_number
        and (written := sheet.units_in_formats.get(name))
        and (found := _contradicting(written, field, one.period))
    }
    for code in dict.fromkeys(code for code, _ in said.values()):
        names = [name for name, (other, _) in said.items() if other == code]
        zh, en = named(names, form)
        word = said[names[0]][1]
        yield Doubt(
            code,
            f"{zh}的数字格式在数值旁写着{quoted_zh(word)}，与本表要求的数据不同：填的是什么数？"
            "请按本表的要求填报，改用普通数字格式后重报",
            f"the number format of {en} writes {word} beside the numbers, which is not what the form asks for: what was"
            " counted? Report what is asked in a plain number format and send the report again",
        )


def _contradicting(said: str, field: Field, period: Period) -> tuple[str, str] | None:
    """The code of what a format's words say, and the word; None where they say nothing other than the field."""
    declared = "".join((field.label.zh, *field.headers))
    for word in said.split("、"):
        if unit_in(word) or not word_beside(word)[0]:
            continue
        is_declared = word in declared
        if time_in(word, field, period) or (word.startswith(_OF_A_TIME) and not is_declared):
            return "another_time_span", word
        thing = word.removeprefix("个").removeprefix("党" if "支部" in word else "")
        is_of_others = field.unit in _COUNTED and thing.startswith(_THINGS) and thing not in declared
        is_of_some = field.unit == "person" and word.startswith(_OF_SOME) and word[0] not in declared
        if measure_in(word, field) or is_of_others or is_of_some:
            return "another_measure", word
    return None


def _scaled(sheet: SheetFacts, form: Form, rows: int) -> Iterator[Doubt]:
    scaled = [s for s in sheet.scaled_columns if s.field in form.fields and 2 * s.cells > rows]
    if not scaled:
        return
    first = scaled[0]
    zh, en = named([s.field for s in scaled], form)
    unit = "万元" if form.fields[first.field].is_money else "报表要求的单位"
    if first.divisor == ANOTHER:
        yield Doubt(
            "scaled_number_format",
            f"{zh}的数字格式在数值旁另写数字、符号或倍数（{first.cells}个单元格），显示的不是存储的数值：以哪个为准？"
            "请填写正确的数值，改用普通数字格式后重报",
            f"a number format writes digits, a sign or a multiple beside {en} ({counted(first.cells, 'cell')}), so that"
            " another number is shown than is stored: which is meant? Write it in a plain number format and send the"
            " report again",
        )
        return
    yield Doubt(
        "scaled_number_format",
        f"{zh}的数字格式把数值缩小{first.divisor:,}倍显示（{first.cells}个单元格）：存储的数值是否以{unit}为单位？",
        f"a number format shows {en} divided by {first.divisor:,} ({counted(first.cells, 'cell')}):"
        " is what is stored in the form's unit?",
    )
