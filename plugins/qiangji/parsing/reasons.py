"""All reason codes of a returned submission: what triggers each, and what the county should do.

In: nothing. Out: `REASONS`, and docs/reason-codes.md (`make docs`, or `python -m qiangji.parsing.reasons`). A
ReturnedError carries one of these codes. Tests compare this list with the code, and the page with this list.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PAGE = Path("docs/reason-codes.md")
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


@dataclass(frozen=True)
class Reason:
    """One code, in words."""

    code: str
    stage: Stage
    trigger_zh: str
    trigger_en: str
    do_zh: str
    do_en: str


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
        "formula_without_value", "sheet", "公式没有计算结果", "a formula whose result was never computed",
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
        "truncated", "form", "文件在行中间中断，或单元格开头的引号不成对",
        "the text ends inside a row or a quoted cell, or a cell begins with a quotation mark that does not close it:"
        " the rows below could be read into that cell",
        "删去多余的引号，或重新完整上传", "Remove the lone quotation mark, or send the whole file again.",
    ),
    Reason(
        "ragged_rows", "form", "数据行列数与表头不一致", "rows with more or fewer cells than the header",
        "检查引号和分隔符", "Check quotes and separators.",
    ),
    Reason(
        "misplaced_header", "form", "表头不在约定的行（标题行被删除或多出）",
        "the form's header stands in other rows than declared: a title row was deleted or added",
        "补上或删去表头之上的行", "Insert or delete rows above the header.",
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
        "unchanged_not_allowed", "form", "非月报填“无变动”", "无变动 in a form that is not monthly",
        "填报数据", "Send its rows.",
    ),
    Reason(
        "unchanged_with_rows", "form", "“无变动”与数据行并存", "无变动, and rows beside it",
        "二者择一", "Send one or the other.",
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
        "far_fewer_rows", "held", "记录比上一版本少得多", "far fewer rows than the revision before",
        "核对是否漏报；完整则请市级放行", "Send the whole report; if it is whole, the city releases it.",
    ),
    Reason(
        "period_locked", "held", "报告期锁定后收到", "received after the period was locked",
        "由市级决定", "The city decides.",
    ),
    Reason(
        "side_by_side", "held",
        "同一报表同一报告期有两份文件，系统未说明哪份更新",
        "two files of one form and period lie side by side, and the system does not say which is the later",
        "只保留一份；由市级放行应采用的一份、作废另一份",
        "Keep one of them; the city releases the right one and voids the other.",
    ),
    Reason(
        "implausible_in_most_rows", "held",
        "某填报项多数记录同向超出合理范围：如以元填报万元项",
        "most rows of a field are beyond what is plausible on the same side: yuan in a column of 10,000 yuan",
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
        "表头写明的时段与填报项的口径不同：如本年累计项写“本月”，或写上年、另一月份",
        "a header says another time than the field counts: 本月 above a year-to-date amount, the year before, another"
        " month",
        "按要求的时段填报，并改正表头", "Report over the time that the form asks for, and correct the header.",
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
        "数字格式把存储的数值缩小显示（如以万元显示元）",
        "a number format shows what is stored divided (yuan shown as 10,000 yuan)",
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


CELLS = (
    ("percent", "百分数填入了金额或数量项（如单元格误设为百分比格式）",
     "a percentage where an amount or a count belongs: the cell was formatted as percent by mistake",
     "填写数值，改用普通数字格式", "Write the number itself, in a plain number format."),
    ("type", "不是该项的类型：整数、数字、日期、是/否",
     "not a whole number, number, day, yes or no, as the field wants",
     "按要求改正", "Correct the cell."),
    ("enum", "不在可选项内", "none of the field's words", "选择可选项之一", "Choose one of them."),
    ("too_large", "数字过大：整数超过10位，或小数点前超过12位（多为误粘贴的卡号、账号）",
     "a number of more than 10 digits, or 12 before the point of a decimal: mostly a card or account number, pasted",
     "填写实际数值", "Write the number itself."),
    ("dash", "数字项只填了短横线（会计格式的零另存为CSV后即如此）：该行照收，该项暂按未填，数据标注提醒",
     "a lone `-` in a number, as an accounting format shows zero: the row is taken, the value counts as missing, its"
     " figures have a warning",
     "是零填0，无数据留空，重报或说明", "Write 0 if it is zero, else leave it empty; send it again, or explain it."),
)  # fmt: skip
"""Rules of single cells by the last word of their id: what triggers each, and what to do, in zh and en."""
FINDINGS = (
    ("hidden_rows", "有数据行被隐藏或筛选掉（含行高为0）", "rows are hidden or filtered away, or have no height"),
    ("hidden_column", "填报项所在列被隐藏（含列宽为0）", "the column of a field is hidden, or has no width"),
    ("unseen_cells", "数字格式（如`;;;`）不显示单元格内容", "a number format such as `;;;` shows nothing of a cell"),
    ("merged_cells", "数据行中有合并单元格，只有左上角一格有值",
     "cells are merged among the rows: only the first holds a value"),
    ("scaled_format", "数字格式把部分数值缩小显示", "a number format shows some numbers divided"),
    ("alike_sheets", "另有名称相近的工作表，没有读取", "another sheet is called nearly so, and was not read"),
    ("repeated_header", "数据中重复出现表头或标题，已略过",
     "the header or title stands among the rows once more; passed over"),
    ("spaced_codes", "编码中间夹有空格或短横线，已去除后读取", "blanks or hyphens inside codes; read without"),
    ("yes_or_blank", "是/否项只填了“是”和空白：空白是否表示“否”",
     "answers are yes or blank, never no: does a blank mean no?"),
    ("not_signed", "签章栏缺少应签的填表人或审核人", "the sign-off zone lacks who filled it in or approved it"),
    ("nil_report", "数字全部为0（零报告）", "every number is 0, a nil report"),
    ("blank_column", "整列未填", "a column that is empty in the whole report"),
    ("repeats_last", "九成以上记录与上期逐项相同：是否误报上期的表",
     "nine rows in ten, or all, are the same as in the last report: was it sent again?"),
    ("another_scale", "多数记录同向为上期的数十倍以上或数十分之一以下：是否用错计量单位",
     "most rows are many times smaller or larger than the last, in one direction: another unit?"),
)  # fmt: skip
"""Findings on a report as a whole by the last word of their rule: what triggers each, in zh and en."""


_NOT_TAKEN = (
    "## 未采用的文件 Files that were not taken\n\n"
    "`qiangji collect` 和 `qiangji status` 列出；没有退回，请县（市、区）处理。 Named by `qiangji collect` and"
    " `qiangji status`. Nothing went back: ask the county.\n\n"
    "| code | 触发 trigger | 怎么办 what to do |\n| --- | --- | --- |\n"
    "| `other_name` | 文件名与约定的不同（副本、.XLSX、(1)）<br>a file under another name than the one expected | "
    "改名后重新放置<br>Rename it. |\n"
    "| `voided_again` | 与已作废的来件内容相同<br>the very bytes of a delivery that somebody voided | "
    "更正后重新放置；误作废的由市级放行该来件<br>Send a corrected file; if it was voided by mistake, release that"
    " delivery. |"
)


# long: it is the page's text
def page() -> str:
    """The whole page."""
    parts = [
        "<!-- Written by `make docs` from plugins/qiangji/parsing/reasons.py: change that, not this page. -->",
        "# 退回原因 Reason codes",
        "报送退回或待审时附原因代码。下表说明触发条件和县（市、区）应做的事；具体位置和内容见随附的消息。\n\n"
        "Why a submission goes back or is held. The message beside the code says where in the file. Critical rules"
        " about a submission as a whole (a total that does not add up) have the last word of their rule's id as code;"
        " they are in `expectations/`. What cannot be collected at all has codes of its own: [a red night]"
        "(runbooks/a-red-night.md). How files are read: [decision 22](decisions/0022-parsing-in-a-cage.md).",
    ]
    for stage, (zh, en) in STAGES.items():
        lines = [
            f"| `{r.code}` | {r.trigger_zh}<br>{r.trigger_en} | {r.do_zh}<br>{r.do_en} |"
            for r in _ALL
            if r.stage == stage
        ]
        head = ["| code | 触发 trigger | 怎么办 what to do |", "| --- | --- | --- |"]
        parts += [f"## {zh} {en}", "\n".join([*head, *lines])]
    parts.append(
        "## 单元格 Cells\n\n"
        "单元格的问题以规则`<报表>.<填报项>.<末尾词>`列出。Problems of single cells have the rule"
        " `<form>.<field>.<last word>`.\n\n"
        "| last word | 触发 trigger | 怎么办 what to do |\n| --- | --- | --- |\n"
        + "\n".join(f"| `{word}` | {zh}<br>{en} | {do_zh}<br>{do} |" for word, zh, en, do_zh, do in CELLS)
    )
    parts.append(_NOT_TAKEN)
    parts.append(
        "## 报表提示 Findings on a report\n\n"
        "以下提示不影响接收，相关数据标注提醒；有误请改正后重报，无误请说明。"
        "These do not stop a report; its figures are"
        " marked. Correct it and send it again, or explain it.\n\n"
        "| last word | 触发 trigger |\n| --- | --- |\n"
        + "\n".join(f"| `{word}` | {zh}<br>{en} |" for word, zh, en in FINDINGS)
    )
    parts.append(
        "## 照常读取 What is read as it is\n\n"
        "隐藏的首个工作表、合并的表头、错误的 `<dimension>`、全角数字和千分位照常读取；含 `#DIV/0!` 等错误值的单元格"
        '按无法识别退回该行。`="440781…"` 和 `\'440781…` 形式的编码按其中的编码读取；表头后括号内的计量单位不影响识别；'
        "编码中间的空格、表头中的外文（`党员总数 Party members`）也不影响识别；"
        "表头下的计量单位行、栏次行（甲、乙、1、2）不作为数据；"
        "只有一张工作表有内容时即读该表。日期后的 `0:00` 不影响读取；报告期列可填期内任一日期；"
        "浮点误差（15位有效数字以外）自动舍去；工作簿中的百分比格式单元格按显示的百分数读取，JSON和数据库中的数字按原值读取。\n\n"
        "A hidden first sheet, merged headers, a `<dimension>` that is wrong, full-width digits and thousands"
        " separators are read. A cell with an error such as `#DIV/0!` sends its row back. Codes written as"
        ' `="440781…"` or `\'440781…` are read as the code; a unit in brackets behind a header is no other header,'
        " nor is another language beside it; blanks inside a code are taken out; a row of units or of"
        " column numbers below the header is no data;"
        " if only one sheet has cells, it is read. A day may be followed by"
        " `0:00`; the period's column may hold any day of the period; what a float leaves behind (beyond 15 significant"
        " digits) is rounded off; a cell of a workbook that is formatted as percent is read as the percentage that it"
        " shows, while numbers of JSON and of databases are what they are. How each kind of value is written:"
        " `plugins/qiangji/parsing/normalise.py`, `dates.py` and `numbers.py` there.\n\n"
        "## 选报项 Optional fields\n\n"
        "新增填报项在目录写明的月份（`optional_until`）之前为选报：缺少该列不退回，只提示`<报表>.<填报项>.absent_column`，"
        "并写明自何期起缺列退回（`missing_column`）；请增加该列并填报。\n\n"
        "A new field is optional until the month that the catalogue says (`optional_until`). A report without its"
        " column is accepted, with the finding `<form>.<field>.absent_column`, which says from when on it goes back"
        " (`missing_column`). Add the column and fill it in.\n\n"
        "## 不是单位的行 Rows that are no unit's\n\n"
        "以下各行作为该编码列的问题退回，其余行照常接收；说明、签字行的文字不入库。\n\n"
        "Each of these goes back as a problem of the key, and the other rows are taken. Of a note or a signature, no"
        " text is kept.\n\n"
        "| rule | 触发 trigger | 怎么办 what to do |\n| --- | --- | --- |\n"
        "| `<form>.<key>.total` | 总计、小计等未登记的合计行<br>an undeclared totals row | "
        "改用登记的名称，或删除该行<br>Use a declared label, or delete the row. |\n"
        "| `<form>.<key>.note` | 表下的说明（注：…）或签字行<br>a note or a signature below the table | "
        "删除，或由市级登记为签章区用语<br>Delete it, or have its first word declared as sign-off. |\n"
        "| `<form>.<key>.shortened` | 个别编码被改成科学计数<br>some codes were shortened to 4.4E+11 | "
        "以文本格式重新填入<br>Fill them in again, as text. |\n"
        "| `<form>.<key>.loose` | 没有编码和名称、只有零星数字的行（如表外的算数）<br>"
        "no code, no name, one or two numbers | 清除该数字，或补上编码<br>Clear the number, or add the code. |"
    )
    return "\n\n".join(parts) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
