"""What a report's sheet says of itself: findings on what a person does not see in it, questions on what it contradicts.

In: a submission with the `SheetFacts` of its sheet, the form. Out: findings on the report, and `Doubt`s: they follow
from the submission and the catalogue alone.

| code | held where |
| --- | --- |
| `unit_of_another_scale` | a header, a number format or a title names a unit that is not the field's |
| `another_time_span` | a header, a title or a number format says another time: `本月` above a year to date |
| `another_measure` | a header or a number format says another measure: `人均`, or `支出` above an income; or a cell
  above headers says what the form does not know: `转出` (`above`) |
| `scaled_number_format` | most cells of a field are shown divided, or with digits beside them: not as they are stored |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking import comments, counties, formats
from qiangji.checking.above import other_above
from qiangji.checking.spans import KINDS, other_measures, other_spans
from qiangji.checking.title_doubts import left_open, sample
from qiangji.checking.title_spans import other_in_titles
from qiangji.checking.units import measure_of, other_units
from qiangji.checking.verdict import Checked, Doubt, named
from qiangji.ledger.findings import Finding
from qiangji.parsing.facts import ANOTHER, SheetFacts
from qiangji.parsing.grid import address, shown_sheet
from qiangji.periods import Period
from qiangji.personal_data import quoted
from qiangji.text import counted, quoted_zh

UNITS = {
    "person": "人",
    "household": "户",
    "group": "个",
    "village": "个",
    "community": "个",
    "unit": "个",
    "item": "项",
    "time": "次",
    "tree": "株",
    "ten_thousand_yuan": "万元",
    "percent": "%",
}
"""The unit of a field as messages name it."""
UNITS_EN = {
    "person": "persons",
    "household": "households",
    "group": "groups",
    "village": "villages",
    "community": "communities",
    "unit": "units",
    "item": "items",
    "time": "times",
    "tree": "trees",
    "ten_thousand_yuan": "10,000 yuan",
    "percent": "per cent",
}
_PLACES = {"header": ("表头", "header"), "format": ("数字格式", "number format"), "title": ("标题", "title")}


def findings(one: Checked, catalogue: Catalogue, form: Form) -> list[Finding]:
    """What is said of the sheet; nothing of it is a reason to send the report back."""
    assert one.parsed is not None
    sheet = one.parsed.sheet
    return [
        *counties.findings(one, catalogue, form),
        *_hidden(one, form, sheet),
        *_merged(one, form, sheet),
        *comments.findings(one, form),
        *_scaled(one, form, sheet),
        *_passed_over(one, form, sheet),
    ]


def doubts(one: Checked, form: Form, rows: int) -> list[Doubt]:
    """What the sheet contradicts. `rows`: how many were accepted."""
    assert one.parsed is not None
    sheet, columns = one.parsed.sheet, one.parsed.columns
    told = repr((id(form), one.period, sheet, sorted(columns.items())))
    sent = _Sent(told, form, one.period, sheet, columns)
    return [*_of_texts(sent), *formats.doubts(one, form, rows)]


@dataclass(frozen=True)
class _Sent:
    """A sheet as it was sent for a form and period. `told`: all of it as text, so that sheets alike are equal."""

    told: str
    form: Form = field(compare=False)
    period: Period = field(compare=False)
    sheet: SheetFacts = field(compare=False)
    columns: Mapping[str, int] = field(compare=False)

    def column(self, name: str) -> str:
        """Where the header of a field stands: `行政村!H`."""
        return address(shown_sheet(self.sheet.sheet, self.form.form), self.columns[name], 0)[:-1]


@lru_cache(maxsize=256)
def _of_texts(sent: _Sent) -> tuple[Doubt, ...]:
    """Once for all sheets that say the same: most counties use the city's own form."""
    return (
        *_of_units(sent),
        *_of_titles(sent),
        *_of_samples(sent),
        *_of_spans(sent),
        *_of_measures(sent),
    )


def _of_units(sent: _Sent) -> Iterator[Doubt]:
    form, fields = sent.form, sent.form.fields_in(str(sent.period.last_month))
    others = other_units(sent.sheet, fields)
    if not others:
        return
    first, (place_zh, place_en) = others[0], _PLACES[others[0].place]
    unit = UNITS[form.fields[first.field].unit]
    asks = "以万元填报" if unit == "万元" else f"以“{unit}”计、不加倍数"
    zh, en = named([o.field for o in others], form)
    yield Doubt(
        "unit_of_another_scale",
        f"{place_zh}写明{zh}的单位是“{first.said}”，本表要求{asks}：数据是按哪个单位填的？"
        "请按本表的单位填报并改正后重报",
        f"the {place_en} says that {en} is in {_in_english(first.said)}, the form asks for"
        f" {UNITS_EN[form.fields[first.field].unit]}: in which unit are the numbers?"
        " Report them in the form's unit, correct it and send the report again",
    )


def _in_english(said: str) -> str:
    """A unit that a sheet says, as an English message names it."""
    kind, scale = measure_of(said) or ("", 1)
    if kind == "money" and scale:
        return f"{scale:,} yuan" if scale > 1 else "yuan"
    if kind in ("percent", "permille"):
        return {"percent": "per cent", "permille": "per mille"}[kind]
    return f"“{said}”" if scale <= 1 else f"“{said}” (in {scale:,}s)"


def _of_titles(sent: _Sent) -> Iterator[Doubt]:
    """Words of another time, or of a plan, in a title or the sheet's name: they are said of the whole sheet."""
    sheet, period, own = sent.sheet, sent.period, (sent.form.title.zh,)
    fields = sent.form.fields_in(str(period.last_month))
    for texts, zh, en in ((sheet.title_texts, "标题", "title"), ((sheet.sheet,), "工作表名", "sheet's name")):
        said = other_in_titles(texts, fields, period, own)
        is_tab = texts != sheet.title_texts
        if said or (said := left_open(texts, period, own, sheet.title_texts, is_tab=is_tab)):
            yield Doubt(
                "another_time_span",
                f"{zh}写着{quoted_zh(said)}，本表要求填{period}期的数据：整张表的数据是哪一时段的？"
                f"请按要求的时段填报并改正{zh}后重报",
                f"the {en} says {said}, the form asks for the numbers of {period}: over which time was the whole"
                f" sheet counted? Report it as asked, correct the {en} and send the report again",
            )
            return


def _of_samples(sent: _Sent) -> Iterator[Doubt]:
    """A title that says that the sheet is a sample, a draft or a template. So may a sheet's name, but for a template's:
    offices fill in what they were given.
    """
    sheet, period, own = sent.sheet, sent.period, (sent.form.title.zh,)
    for texts, zh, en in ((sheet.title_texts, "标题", "title"), ((sheet.sheet,), "工作表名", "sheet's name")):
        said = sample(texts, period, own)
        if said and not (zh == "工作表名" and "模" in said):
            yield Doubt(
                "another_time_span",
                f"{zh}写着{quoted_zh(said)}：这是{period}期的正式报表，还是样表、草稿？"
                f"是正式报表的，请改正{zh}后重报；不是的，请报送正式报表",
                f"the {en} says {said}: is this the report of {period}, or a sample or a draft? If it is the"
                f" report, correct the {en} and send it again; else send the report",
            )
            return


def _of_measures(sent: _Sent) -> Iterator[Doubt]:
    form, fields = sent.form, sent.form.fields_in(str(sent.period.last_month))
    headers = sent.sheet.headers
    others = other_measures(headers, fields) or other_above(headers, form, sent.period)
    if not others:
        return
    first = others[0]
    label, at = form.fields[first.field].label, sent.column(first.field)
    zh, en = named([o.field for o in others], form)
    yield Doubt(
        "another_measure",
        f"表头（{at}列）在{zh}上写着{quoted_zh(first.said)}，本表要求填的是{quoted_zh(label.zh)}：数据是按哪种口径填的？"
        "请按本表的口径填报并改正表头后重报",
        f"the header of {en} (column {at}) says {first.said}, the form asks for {label.en}: what was counted?"
        " Report it as asked, correct the header and send the report again",
    )


def _of_spans(sent: _Sent) -> Iterator[Doubt]:
    form, period = sent.form, sent.period
    fields = form.fields_in(str(period.last_month))
    others = other_spans(sent.sheet.headers, fields, period)
    if not others:
        return
    first = others[0]
    kind_zh, kind_en = KINDS[fields[first.field].kind]
    zh, en = named([o.field for o in others], form)
    at = sent.column(first.field)
    yield Doubt(
        "another_time_span",
        f"表头（{at}列）在{zh}上写着{quoted_zh(first.said)}，本表{period}期要求填{kind_zh}：数据是哪一时段的？"
        "请按要求的时段填报并改正表头后重报",
        f"the header of {en} (column {at}) says {first.said}, the form of {period} asks for {kind_en}: over"
        " which time were the numbers counted? Report them as asked, correct the header and send the report again",
    )


# ---- findings


def _hidden(one: Checked, form: Form, sheet: SheetFacts) -> Iterator[Finding]:
    """Rows, columns and cells that a person does not see in the sheet are read like the others."""
    assert one.parsed is not None
    received = one.parsed.rows.num_rows
    if sheet.hidden_rows:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.hidden_rows", Words(
                str(sheet.hidden_rows),
                f"{received}行数据中有{sheet.hidden_rows}行被隐藏或筛选掉，已照常读取",
                f"of {counted(received, 'row')} {counted(sheet.hidden_rows, 'is', 'are')} hidden or filtered away, and"
                f" {'was' if sheet.hidden_rows == 1 else 'were'} read like the others",
                "没有隐藏的数据行；确属多余的请删除",
                "no hidden rows: delete those that are not meant",
            ),
        )  # fmt: skip
    if sheet.struck_rows:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.struck_rows", Words(
                str(sheet.struck_rows),
                f"{received}行数据中有{sheet.struck_rows}行的单元格带删除线：整格划去的已照常读取，只划去一部分的，划去部分未读取",
                f"of {counted(received, 'row')} {counted(sheet.struck_rows, 'has', 'have')} cells struck through:"
                " whole cells were read like the others, of struck parts of a cell nothing was read",
                "没有删除线：应删除的请删除整行或划去的文字，其余的请取消删除线",
                "nothing struck through: delete rows and texts that are not meant, remove the line from the others",
            ),
        )  # fmt: skip
    for name in (n for n in sheet.hidden_columns if n in form.fields):
        label = form.fields[name].label
        yield Finding.of_report(
            one.place, f"{form.form}.{name}.hidden_column", Words(
                None,
                f"{quoted_zh(label.zh)}所在列被隐藏，已照常读取",
                f"the column of {label.en} is hidden; it was read like the others",
                "填报项所在的列不隐藏",
                "no hidden columns of the form",
            ), [name],
        )  # fmt: skip
    for name, cells in ((n, c) for n, c in sheet.unseen_cells.items() if n in form.fields):
        label = form.fields[name].label
        yield Finding.of_report(
            one.place, f"{form.form}.{name}.unseen_cells", Words(
                str(cells),
                f"{quoted_zh(label.zh)}有{cells}个单元格的数字格式不显示内容（如“;;;”），已按存储的内容读取",
                f"a number format (such as ;;;) shows nothing of {counted(cells, 'cell')} of {label.en};"
                " what is stored was read",
                "显示内容的数字格式；不应填报的请清空单元格",
                "a number format that shows what is stored; clear the cells that are not meant",
            ), [name],
        )  # fmt: skip


def _merged(one: Checked, form: Form, sheet: SheetFacts) -> Iterator[Finding]:
    """Of merged cells the first alone is seen: the others are read as empty, or as what they still hold."""
    for name, cells in ((n, c) for n, c in sheet.merged_cells.items() if n in form.fields or n == form.key):
        zh, en = form.label_of(name, "zh"), form.label_of(name, "en")
        yield Finding.of_report(
            one.place, f"{form.form}.{name}.merged_cells", Words(
                str(cells),
                f"{quoted_zh(zh)}的数据行中有合并单元格：只有左上角一格有值，另外{cells}格按未填读取",
                f"cells of {en} are merged among the rows: only the first holds the value,"
                f" {counted(cells, 'other was', 'others were')} read as empty",
                "每行各有自己的值：请取消合并，逐行填写后重报",
                "a value in each row: unmerge the cells, fill each in and send the report again",
            ), () if name == form.key else (name,),
        )  # fmt: skip
    covered = ((n, c) for n, c in sheet.covered_cells.items() if n in form.fields or n == form.key)
    for name, (cells, first) in covered:
        zh, en = form.label_of(name, "zh"), form.label_of(name, "en")
        yield Finding.of_report(
            one.place, f"{form.form}.{name}.covered_cells", Words(
                str(cells),
                f"{quoted_zh(zh)}有{cells}格（从{first}起）被合并单元格盖住，表上看不到，但仍存有内容，已按存储的内容读取",
                f"{counted(cells, 'cell')} of {en}, first {first}, {'is' if cells == 1 else 'are'} covered by merged"
                " cells: the sheet does not show what is stored there, and it was read",
                "每行各有自己的值：请取消合并，核对盖住的内容后重报",
                "a value in each row: unmerge the cells, check what was covered and send the report again",
            ), () if name == form.key else (name,),
        )  # fmt: skip


def _scaled(one: Checked, form: Form, sheet: SheetFacts) -> Iterator[Finding]:
    for scaled in (s for s in sheet.scaled_columns if s.field in form.fields):
        label = form.fields[scaled.field].label
        does_zh, does_en = f"把数值缩小{scaled.divisor:,}倍显示", f"divided by {scaled.divisor:,}"
        if scaled.divisor == ANOTHER:
            does_zh, does_en = (
                "在数值旁另写数字、符号或倍数",
                "with digits, a sign or a multiple beside the number",
            )
        words = Words(
            str(scaled.cells),
            f"{quoted_zh(label.zh)}有{scaled.cells}个单元格的数字格式{does_zh}，读取的是实际存储的数值",
            f"a number format shows {counted(scaled.cells, 'cell')} of {label.en} {does_en};"
            " what is stored was read",
            "显示与存储一致的数字格式",
            "a number format that shows what is stored",
        )
        yield Finding.of_report(one.place, f"{form.form}.{scaled.field}.scaled_format", words, [scaled.field])


def _passed_over(one: Checked, form: Form, sheet: SheetFacts) -> Iterator[Finding]:
    """What was not read as data, or read otherwise than it is written."""
    if sheet.alike_sheets:
        own, others = quoted(sheet.sheet), [quoted(name) for name in sheet.alike_sheets]
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.alike_sheets", Words(
                None,
                f"读取的是工作表{quoted_zh(own)}，名称相近的{'、'.join(map(quoted_zh, others))}没有读取：哪张是定稿？",
                f"sheet {own} was read, and {', '.join(others)} was not: which of them is meant?",
                "一张报表只有一张工作表：请删除多余的工作表，或确认所读取的无误",
                "one sheet for the form: delete the others, or confirm that the right one was read",
            ),
        )  # fmt: skip
    yield from _uncomputed(one, form, sheet)
    if n := sheet.unheaded_cells:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.no_header", Words(
                str(n),
                f"没有表头的列中有{n}个单元格填了内容（从{sheet.unheaded_first}起），没有读取",
                f"{counted(n, 'cell holds', 'cells hold')} something in a column without a header, first"
                f" {sheet.unheaded_first}; not read",
                "只在有表头的列中填写：误填的请移到所属的列，表外的算数、备注请清除",
                "what is filled in under a header: move what was misplaced, clear notes and sums beside the table",
            ), severity="warning" if sheet.unheaded_numbers else "info",
        )  # fmt: skip
    if sheet.repeated_headers:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.repeated_header", Words(
                str(sheet.repeated_headers),
                f"数据中有{sheet.repeated_headers}行是重复的表头、标题（如分页打印所加）或镇（街）标题行，已略过",
                f"passed over among the data: {counted(sheet.repeated_headers, 'row')} that"
                f" {'repeats' if sheet.repeated_headers == 1 else 'repeat'} the header or title, as of a second page,"
                " or a town's heading",
                "表头只在首页，数据行之间没有标题；分页打印请用“打印标题”功能",
                "one header, above all rows, and no headings among them: for print use the program's print titles",
            ), severity="info",
        )  # fmt: skip
    if sheet.spaced_codes:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.spaced_codes", Words(
                str(sheet.spaced_codes),
                f"有{sheet.spaced_codes}个编码夹有空格、短横线，或被写成小数、科学计数（位数齐全），已按其中的编码读取",
                f"{counted(sheet.spaced_codes, 'code')} with blanks or hyphens inside, or written as a decimal or with"
                " an exponent (all digits are there), read without",
                "以文本填写的编码，中间没有空格",
                "codes as text, without blanks",
            ), severity="info",
        )  # fmt: skip


def _uncomputed(one: Checked, form: Form, sheet: SheetFacts) -> Iterator[Finding]:
    """Formulas without a result, with which nothing was compared."""
    if totals := sheet.uncomputed_totals:
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.uncomputed_total", Words(
                str(len(totals)),
                f"合计（小计）行有{len(totals)}个单元格是没有计算结果的公式（如{totals[0]}），没有与各行之和核对；各行照常读取",
                f"{counted(len(totals), 'total is a formula', 'totals are formulas')} without a result, first"
                f" {totals[0]}, and nothing was held against them; the rows were read all the same",
                "合计的计算结果：请用Excel或WPS打开、重新计算并保存，或改用SUM",
                "what the totals give: open the workbook in a spreadsheet program, let it compute and save it; or use"
                " SUM",
            ),
        )  # fmt: skip
    if sheet.uncomputed_names[0]:
        n, first = sheet.uncomputed_names
        yield Finding.of_report(
            one.place, f"{form.form}.{form.key}.uncomputed_names", Words(
                str(n),
                f"有{n}个单位名称是没有计算结果的公式（从{first}起），没有与编码核对；各行照常按编码读取",
                f"{counted(n, 'name is a formula', 'names are formulas')} without a result, first {first}, and nothing"
                f" was held against {'its code' if n == 1 else 'their codes'}; the rows were read by their codes",
                "名称本身：请用Excel或WPS打开、重新计算并保存，或粘贴为数值",
                "the names: open the workbook in a spreadsheet program, let it compute and save it; or paste values",
            ),
        )  # fmt: skip
