"""All reason codes of a returned submission: what triggers each, and what the county should do.

In: nothing. Out: `REASONS`, of which `reasons_page` makes docs/reason-codes.md. A ReturnedError carries one of these
codes. Tests compare this list with the code, and the page with this list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Stage = Literal["file", "cage", "sheet", "form", "rows", "held", "person"]
STAGES: dict[Stage, tuple[str, str]] = {
    "file": ("文件", "The file, before anything reads it"),
    "cage": ("解析上限", "The limits within which it is read"),
    "sheet": ("工作表与文本", "Its sheets and texts"),
    "form": ("报表结构", "The form: headers, rows, period"),
    "rows": ("数据", "Its rows"),
    "held": (
        "待审",
        "Held: nothing is replaced until a person releases or voids it, or the county sends it again",
    ),
    "person": ("待人工处理", "What a person decides"),
}


def in_brief(text: str) -> str:
    """A text up to its first stop, without what stands in brackets."""
    return re.split("[：；，:;,]", re.sub("（.*?）|\\(.*?\\)", "", text))[0].strip()


@dataclass(frozen=True)
class Reason:
    """One code, in words."""

    code: str
    stage: Stage
    trigger_zh: str
    trigger_en: str
    do_zh: str
    do_en: str

    @property
    def brief_zh(self) -> str:
        """What it is, in a few words of Chinese."""
        return in_brief(self.trigger_zh)


_ALL = (
    Reason("empty_file", "file", "文件没有内容", "nothing, or white space alone", "重新上传", "Send it again."),
    Reason(
        "wrong_file_kind", "file",
        "文件的实际格式与约定不符：如.xls、网页、PDF改名为.xlsx",
        "another kind than agreed: an .xls, web page or PDF named .xlsx, a workbook named .csv",
        "用表格软件另存为约定的格式", "Save it in the agreed format; renaming does not change it.",
    ),
    Reason(
        "encrypted_file", "file", "工作簿设有打开密码", "a workbook with a password",
        "取消密码后重报", "Remove the password.",
    ),
    Reason(
        "duplicate_member", "file", "工作簿内部有重名部件", "two members of one name in the workbook's archive",
        "用表格软件重新另存", "Save it anew from a spreadsheet program.",
    ),
    Reason(
        "entity_declared", "file", "工作簿内部含XML实体声明", "a DOCTYPE or entities in the workbook's XML",
        "用表格软件重新另存", "Save it anew from a spreadsheet program.",
    ),
    Reason(
        "unreadable_file", "file",
        "文件损坏、上传不完整或不是所称的格式",
        "damaged, cut off, or built as no program would: not a workbook that opens, a line that is not JSON",
        "重新导出并完整上传", "Export it again and send the whole file.",
    ),
    Reason(
        "too_large", "cage",
        "展开后过大：压缩炸弹、单元格远至XFD1048576、部件或列过多、单元格过长、超出内存或输出上限",
        "unpacked, it is too much: a zip bomb, a cell at XFD1048576, too many members or columns, a cell too long,"
        " more memory or output than a file may",
        "删除多余的格式、图片和工作表", "Send the form alone: no formatted empty rows, pictures or other sheets.",
    ),
    Reason(
        "too_slow", "cage", "解析超过时限", "reading it takes longer than a file may",
        "只保留报表内容，另存为新文件", "Copy the form into a new file and send that.",
    ),
    Reason(
        "reader_failed", "cage", "解析程序因该文件异常退出", "the reader ended on it without an answer",
        "另存为新文件后重报；再次发生请联系市级", "Save it as a new file; if it happens again, ask the city.",
    ),
    Reason(
        "bad_encoding", "sheet", "编码与约定不符或混用编码", "not the declared encoding, or two mixed",
        "按约定编码另存", "Save it in the declared encoding.",
    ),
    Reason("nul_byte", "sheet", "含空字符", "a NUL inside the text", "重新导出", "Export it again."),
    Reason(
        "wrong_delimiter", "sheet", "CSV的分隔符与约定不符（分号、制表符、中文逗号等）",
        "the cells of a CSV are separated by another character than declared: a semicolon, a tab, a full-width comma",
        "另存为以约定分隔符分隔的CSV", "Save it as CSV with the declared separator.",
    ),
    Reason(
        "duplicate_cell", "sheet", "工作簿中同一单元格出现两次", "a workbook with two cells at one address",
        "用表格软件打开、核对并重新保存", "Open it in a spreadsheet program, check that cell and save it anew.",
    ),
    Reason(
        "missing_sheet", "sheet", "缺少该报表的工作表", "no sheet for the form",
        "补上或改正工作表名称", "Add or rename the sheet.",
    ),
    Reason(
        "formula_without_value", "sheet", "标题、表头或多数编码是没有计算结果的公式",
        "a title, a header or most codes are formulas whose result was never computed",
        "打开、重新计算并保存，或粘贴为数值", "Open it, let it compute, save it.",
    ),
    Reason(
        "dates_from_1904", "sheet", "工作簿使用1904日期系统", "a workbook that counts days from 1904",
        "关闭1904日期系统并核对日期", "Switch that option off and check the dates.",
    ),
    Reason("no_rows", "form", "只有表头没有数据", "a header and no rows", "补充数据", "Send it with its rows."),
    Reason(
        "nothing_filled", "form", "只有编码和名称，没有数据（空白表）", "codes and names alone: nobody filled it in",
        "填写后重报，没有的填0", "Fill it in, with 0 where there is none.",
    ),
    Reason(
        "truncated", "form", "文件在行或汉字中间中断，或单元格开头的引号不成对",
        "the text ends inside a row, a character or a quoted cell, or a cell begins with a quotation mark that does not"
        " close it: the rows below could be read into that cell",
        "删去多余的引号，或重新完整上传", "Remove the lone quotation mark, or send the whole file again.",
    ),
    Reason(
        "ragged_rows", "form", "数据行列数与表头不一致，或最后一个表头之后还有数字（如未加引号的1,234使各列错位）",
        "rows with more or fewer cells than the header, or numbers behind the last one (1,234 without quotation marks)",
        "检查引号和分隔符", "Check quotes and separators.",
    ),
    Reason(
        "misplaced_header", "form", "表头不在约定的行（标题行被删除或多出）",
        "the form's header stands in other rows than declared: a title row was deleted or added",
        "补上或删去表头之上的行", "Insert or delete rows above the header.",
    ),
    Reason(
        "reordered_header", "form", "数据中另有表头，列的顺序与上面的不同",
        "a second header among the rows, whose columns are in another order: two sheets that were joined",
        "把两部分的列调成同一顺序，只保留一个表头", "Put both parts into one order of columns, under one header.",
    ),
    Reason(
        "rows_below_sign_off", "form", "签章栏以下还有数据行",
        "rows with codes, or with most columns filled, below a line that begins the sign-off zone",
        "将数据行移到签章栏之上", "Move the rows above the sign-off lines.",
    ),
    Reason(
        "shortened_codes", "form", "编码被表格软件改成科学计数（如4.40781E+11）",
        "most codes read like 4.40781E+11: a spreadsheet program took them for numbers, and their last digits are lost",
        "编码列设为文本、重新填入编码", "Make the column text and fill the codes in again.",
    ),
    Reason(
        "too_many_problems", "form", "无法识别或不合规则的单元格过多",
        "more cells cannot be read, or break rules, than are told one by one: usually another file or moved columns",
        "核对文件和各列是否对应", "Check that it is the right file, and its columns.",
    ),
    Reason(
        "unknown_header", "form", "表头不在报表中", "a header that is none of the form's",
        "更正或删除该列", "Rename or remove the column.",
    ),
    Reason(
        "missing_column", "form", "缺少报表的列", "a field without its column", "补上该列", "Add the column.",
    ),
    Reason(
        "duplicate_header", "form",
        "同一填报项出现两列（全角、空格视为相同）",
        "two columns for one field, once width and spaces are evened out; a key twice in one JSON object",
        "只保留一列", "Keep one of them.",
    ),
    Reason(
        "wrong_period", "form", "报告期列或标题与文件的报告期不同",
        "the period's column, or the title, says another period",
        "核对报告期", "Send the period's own file, or correct the column or the title.",
    ),
    Reason(
        "wrong_form", "form", "标题是另一张报表的标题",
        "the title is that of another form",
        "发送本报表", "Send the form's own file, or correct the title.",
    ),
    Reason(
        "wrong_county", "form", "多数记录是另一县（市、区）的单位，标题写的也是该县；或几乎所有编码都是另一县的",
        "most rows are of another county that the title names too, or nearly all codes are of one other county",
        "发送本县（市、区）的报表", "Send the county's own file.",
    ),
    Reason(
        "unchanged_not_allowed", "form", "非月报填“无变动”", "无变动 in a form that is not monthly",
        "填报数据", "Send its rows.",
    ),
    Reason(
        "unchanged_with_rows", "form", "“无变动”与数据行并存", "无变动, and rows beside it",
        "二者择一", "Send one or the other.",
    ),
    Reason(
        "unchanged_in_other_words", "form", "用其他说法表示无变动（与上月相同、无变化等）",
        "nothing but 与上月相同, 无变化 or the like, which is not the declared word",
        "填“无变动”", "Write 无变动.",
    ),
    Reason(
        "rows_rejected", "rows", "部分记录未通过核查", "some rows break a rule: the others are taken",
        "改正退回的记录后重报整表", "Correct those rows and send the form again.",
    ),
    Reason(
        "no_row_accepted", "rows", "所有记录均未通过核查", "every row breaks a rule",
        "逐条改正后重报", "Correct them and send the form again.",
    ),
    Reason(
        "far_fewer_rows", "held", "记录比此前最全的版本少得多", "far fewer rows than the fullest revision so far",
        "核对是否漏报；完整则请市级放行", "Send the whole report; if it is whole, the city releases it.",
    ),
    Reason(
        "period_locked", "held", "报告期锁定后收到", "received after the period was locked",
        "由市级决定", "The city decides.",
    ),
    Reason(
        "side_by_side", "held",
        "同一报表同一报告期有两份文件，系统未说明哪份更新（无时间、时间相同或晚于当前时间）",
        "two files of one form and period lie side by side, and the system does not say which is the later (no times,"
        " the same, or one in the future)",
        "只保留一份；由市级放行应采用的一份、作废另一份",
        "Keep one of them; the city releases the right one and voids the other.",
    ),
    Reason(
        "implausible_in_most_rows", "held",
        "某填报项多数记录高于合理范围（如以元填报万元项），或八成以上记录（至少二十条，含0）低于合理范围",
        "most rows of a field are above what is plausible (yuan in a column of 10,000 yuan), or four in five"
        " (zeros too, twenty at least) below it",
        "按报表的计量单位填报后重报；无误则请市级放行",
        "Report it in the form's unit; if it is right, the city releases it.",
    ),
    Reason(
        "blank_column", "held",
        "指标所需的某一列整列未填", "a column that an indicator needs is empty in the whole report",
        "漏填请补报，没有的填0；确无数据则请市级放行",
        "Send it, with 0 where there is none; if there is nothing to report, the city releases it.",
    ),
    Reason(
        "missing_in_most_rows", "held",
        "某必要填报项多数记录为空：如以“-”表示零",
        "most rows lack a field that is needed: zeros shown as dashes",
        "没有填0，补齐后重报；确无数据则请市级放行", "Write 0 for none and fill the column; else the city releases it.",
    ),
    Reason(
        "names_of_other_units", "held",
        "多数记录的名称与代码不是同一单位：错行",
        "beside most codes stands the name of another unit: codes, names or figures slipped by a row",
        "对齐代码、名称与数据后重报", "Put codes, names and figures side by side again.",
    ),
    Reason(
        "unit_of_another_scale", "held",
        "标题、表头或数字格式写明的计量单位与报表不同（如植树写“亩”、万元项写“千元”）",
        "a title, a header or a number format names another unit than the form's",
        "按报表的计量单位填报，并改正标题、表头或格式",
        "Report in the form's unit, and correct the title, header or format.",
    ),
    Reason(
        "another_time_span", "held",
        "表头、标题或数字格式写明的时段与填报项的口径不同：如本年累计项写“本月”，或写上年、近三年、另一月份、计划数；或标题写明是样表、草稿、模板",
        "a header, a title or a number format says another time than is counted: 本月 above a year-to-date amount, the"
        " year before, the last three years, another month, what was planned; or a title says that the sheet is a"
        " sample or a draft",
        "按要求的时段报送正式报表，并改正表头或标题",
        "Send the report over the time that the form asks for, and correct the header or title.",
    ),
    Reason(
        "another_measure", "held",
        "表头或数字格式写明的口径与填报项不同：如写人均、月均，或收入项写“支出”；或表头上方的单元格写有可能改变口径的字，"
        "如“转出”“更正前”“不含预备”",
        "a header or a number format says another measure than the field's: 人均 or 月均 beside an amount, 支出 beside"
        " an income; or a cell above headers says what may change it: 转出, 更正前, 不含预备",
        "按本表的口径填报，并改正表头", "Report what the form asks for, and correct the header.",
    ),
    Reason(
        "sums_of_other_rows", "held",
        "三条以上记录的各项数字恰为同级其他记录之和：小计行占用了单位编码",
        "three rows or more are in every number the sums of the rows beside them: subtotals under codes of units",
        "删除小计行后重报；确为单位的数据则请市级放行",
        "Delete the subtotals and send it again; if they are units' rows, the city releases it.",
    ),
    Reason(
        "all_zero", "held",
        "三条以上记录的数字全部为0，期末数也为0：误报空表",
        "every number of three rows or more is 0, those of the end of the period too: an unfilled form",
        "填写后重报；确实全部为0则请市级放行", "Fill it in and send it again; if all is 0, the city releases it.",
    ),
    Reason(
        "scaled_number_format", "held",
        "数字格式显示的不是存储的数值：缩小显示（如以万元显示元），或另写数字、负号、倍数",
        "a number format shows another number than is stored: divided (yuan shown as 10,000 yuan), or with digits, a"
        " sign or a multiple beside it",
        "按显示的数值重新填写，改用普通数字格式", "Write the numbers that are shown, in a plain number format.",
    ),
    Reason(
        "personal_data", "person",
        "签字栏以外出现身份证号、手机号或姓名（含批注、表头、工作表名、文件名等）：已扣留，不入库",
        "a resident ID number, a mobile number or a name outside the sign-off zone, in comments and names of files too:"
        " withheld",
        "删除个人信息后重报", "Remove it and send the form again.",
    ),
)  # fmt: skip
REASONS: dict[str, Reason] = {r.code: r for r in _ALL}
