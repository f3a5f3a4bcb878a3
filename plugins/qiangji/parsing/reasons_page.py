"""docs/reason-codes.md: every code of a submission, cell and finding, and what is read as it is.

In: `reasons`, and the words below. Out: the page (`make docs`, or `python -m qiangji.parsing.reasons_page`).
"""

from __future__ import annotations

from pathlib import Path

from qiangji.parsing.reasons import REASONS, STAGES

PAGE = Path("docs/reason-codes.md")
CELLS = (
    ("percent", "百分数填入了金额或数量项（如单元格误设为百分比格式）",
     "a percentage where an amount or a count belongs: the cell was formatted as percent by mistake",
     "填写数值，改用普通数字格式", "Write the number itself, in a plain number format."),
    ("hashes", "数字、日期显示为#######（列宽不够）后另存为CSV，内容已丢失",
     "`#######`: the column was too narrow when it was saved as CSV, and the number or day is lost",
     "加宽该列后重新导出", "Widen the column and export it again."),
    ("brackets", "用括号表示的负数，如(12.50)", "a number in brackets, as an accounting format shows one below zero",
     "负数写-12.50", "Write -12.50 if it is below zero."),
    ("day", "数字所在单元格设为日期或时间格式，如105成了1900-04-14、2520:00",
     "a day or a time in a number field: the cell is formatted so, and 105 is shown as 1900-04-14 or 2520:00",
     "改为数字格式，核对后重填", "Format the cell as a number and check it."),
    ("formula", "公式没有计算结果（保存该文件的程序没有计算）；登记的合计行中的SUM自动算出，不需要结果",
     "a formula whose result was never computed, as of a file that another program saved; a SUM in a declared totals"
     " row is computed here, and needs none",
     "用表格软件打开、重新计算并保存，或粘贴为数值", "Open it in a spreadsheet program, let it compute, save it."),
    ("error", "公式出错：`#REF!`、`#N/A`、`#DIV/0!`等", "a formula that fails: `#REF!`, `#N/A`, `#DIV/0!`",
     "改正公式或直接填写数据", "Mend the formula, or type the value."),
    ("apostrophe", "数字前后带撇号或引号，如`'12`", "a number with an apostrophe or quotation mark: `'12`",
     "删去撇号、引号", "Remove it."),
    ("in_words", "带“万”等字或用汉字写的数，如1.2万、三十",
     "a number written with 万 or in Chinese numerals: 1.2万, 三十",
     "用阿拉伯数字写全；以万元计的项填1.2", "Write it in digits: 12000, or 1.2 in a field of 10,000 yuan."),
    ("with_unit", "数字后带单位，如12人", "a number with its unit behind it: 12人",
     "只填数字", "Write the number alone."),
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
ROWS = (
    ("total", "总计、小计等未登记的合计行",
     "an undeclared totals row",
     "删除该行；各项是全部各行之和的，也可改用登记的合计行名称；小计行的名称由市级登记",
     "Delete the row; if it adds up all rows, a declared label of totals will do; a subtotal's label the city"
     " declares."),
    ("note", "表下的说明（注：…）或签字行",
     "a note or a signature below the table",
     "删除，或由市级登记为签章区用语", "Delete it, or have its first word declared as sign-off."),
    ("formula", "个别编码是没有计算结果的公式",
     "some codes are formulas without a result",
     "重新计算并保存，或粘贴为数值", "Let a spreadsheet program compute it, or paste the value."),
    ("shortened", "个别编码被改成科学计数",
     "some codes were shortened to 4.4E+11",
     "以文本格式重新填入", "Fill them in again, as text."),
    ("loose", "没有编码和名称、只有零星数字的行（如表外的算数）",
     "no code, no name, one or two numbers",
     "清除该数字，或补上编码", "Clear the number, or add the code."),
    ("level", "镇（街）的标题行、小计行（镇名或9位编码）；只有镇名的标题行略过",
     "a town's name or code with numbers; its name alone is passed over",
     "删除", "Delete it."),
    ("subtotal", "没有编码，各项恰为上方、下方或全部记录之和",
     "no code, and every number is the sum of the rows above, below or of all",
     "删除；是全部记录之和的，也可写登记的合计行名称",
     "Delete it; if it adds up all rows, a declared label of totals in front will do."),
    ("extra", "平均、上月数、增减、同比等行",
     "an average, last month's numbers, a change",
     "删除", "Delete it."),
    ("page", "第1页、共1页；过次页、承前页（带数字）",
     "a page's number, or the sums that a page carries over",
     "删除", "Delete it."),
    ("table", "数据下方另一张表（如按镇汇总）的表头和各行，该表头没有编码列",
     "the header and rows of another table below (as a summary by town), whose header has no code",
     "移到单独的工作表，或删除", "Move it to a sheet of its own, or delete it."),
    ("zeros", "没有编码和名称，各项都是0（模板中未填的行）",
     "no code, no name, zeros alone: a row of the template",
     "删除", "Delete it."),
)  # fmt: skip
"""Rules of rows that are no unit's, by the last word of their id, which follows the key: as `CELLS`."""
FINDINGS = (
    ("hidden_rows", "有数据行被隐藏或筛选掉（含行高为0）", "rows are hidden or filtered away, or have no height"),
    ("struck_rows", "数据行中有单元格带删除线：整格划去的照常读取，只划去一部分的，划去部分不读取",
     "cells among the rows are struck through: whole cells are read, struck parts of a cell are not"),
    ("hidden_column", "填报项所在列被隐藏（含列宽为0）", "the column of a field is hidden, or has no width"),
    ("unseen_cells", "数字格式（如`;;;`）不显示单元格内容", "a number format such as `;;;` shows nothing of a cell"),
    ("merged_cells", "数据行中有合并单元格，只有左上角一格有值",
     "cells are merged among the rows: only the first holds a value"),
    ("comments", "数据行的单元格有批注，没有读取（含数字或更正、应为等字为提醒，其余为提示）",
     "cells of the rows have comments, which were not read (a warning if one has a number or a word of correction)"),
    ("covered_cells", "被合并单元格盖住的格仍存有内容：表上看不到，已读取",
     "cells that others cover by a merge still hold something: the sheet does not show it, and it was read"),
    (
        "scaled_format",
        "数字格式把部分数值缩小显示，或在旁另写数字、负号、倍数",
        "a number format shows some numbers divided, or with digits, a sign or a multiple beside them",
    ),
    ("alike_sheets", "另有名称相近的工作表，没有读取", "another sheet is called nearly so, and was not read"),
    ("repeated_header", "数据中重复出现表头或标题，已略过",
     "the header or title stands among the rows once more; passed over"),
    ("another_county", "标题写的是同市另一县（市、区），各行却是本县（市、区）的单位：数据是谁的？",
     "the title names another county of the city, above rows of the county's own units: whose are the numbers?"),
    ("unlike_name", "名称与代码所指单位的现名、曾用名没有相同的字：是别称，还是填错了行？（消息不引用该名称）",
     "a name that shares no character with any that the code's unit has or had: is it another name, or another row's?"
     " The message does not show it"),
    ("copied_rows",
     "一村有一批小组（至少三条、占本村一半以上）的名称和全部数字与本村其他小组相同（无名称的至少五条）：是否报了两遍",
     "a block of a village's groups (three or more, half of its rows) has the names and all numbers of its other groups"
     " (five or more without names): were they reported twice?"),
    ("names_moved", "小组名称中的序号整体错行，或一村多数与编码的顺序号对调：名称是否错行",
     "names of groups say the serials of rows above or below, or of other rows of the village: have they slipped?"),
    ("no_header", "没有表头的列中填了内容，没有读取（有数字为提醒，只有文字为提示）",
     "something stands in a column without a header, and was not read (a warning if there are numbers, else a note)"),
    ("uncomputed_total", "合计、小计是没有计算结果的公式，没有与各行核对",
     "a total is a formula without a result, and was not held against the rows"),
    ("uncomputed_names", "单位名称是没有计算结果的公式，没有与编码核对",
     "names are formulas without a result, and were not held against the codes"),
    ("spaced_codes", "编码中间夹有空格或短横线，已去除后读取", "blanks or hyphens inside codes; read without"),
    ("yes_or_blank", "是/否项只填了“是”和空白：空白是否表示“否”",
     "answers are yes or blank, never no: does a blank mean no?"),
    ("not_signed", "签章栏缺少应签的填表人或审核人", "the sign-off zone lacks who filled it in or approved it"),
    ("nil_report", "数字全部为0（零报告）", "every number is 0, a nil report"),
    ("blank_column", "整列未填", "a column that is empty in the whole report"),
    ("repeats_last", "九成以上记录与上次报送逐项相同，或九成五以上的当期数、累计数相同：是否误报上期的表",
     "nine rows in ten, or all, or nineteen in twenty numbers that are no stocks, are the same as in the last report:"
     " was it sent again?"),
    ("another_scale", "多数记录同向为上次的数十倍以上或数十分之一以下，或几乎全部金额约为十倍：是否用错计量单位",
     "most rows are many times smaller or larger than the last, in one direction, or nearly all amounts ten times:"
     " another unit?"),
    ("equal_columns", "二十条以上记录中两列数字逐行相同：是否误粘贴",
     "two number columns are equal in all of twenty rows or more: was one pasted into the other?"),
    ("row_numbers", "一列数字逐行加一：是否误粘贴了序号",
     "a column's numbers go up by one from row to row: were row numbers pasted?"),
    ("one_value", "二十条以上记录的金额（或一个不小于1000的数，如年份）全部相同：是否误用了向下填充",
     "one amount, or one number of 1,000 or more (a year), in all of twenty rows or more: was it filled down?"),
    ("filled_down", "二十条以上记录都是同一个数，上期各不相同：是否误用了向下填充",
     "one number in all of twenty rows or more, which differed in the last report: was it filled down?"),
    ("rows_filled_down", "相邻几条记录各项数据逐项相同（其中几个不小于10的数其他单位少有）：是否误用了向下填充",
     "rows beside each other have all answers in common, several numbers of 10 or more that few others have among them:"
     " were they filled down?"),
)  # fmt: skip
"""Findings on a report as a whole by the last word of their rule: what triggers each, in zh and en."""


_NOT_TAKEN = (
    "## 未采用的文件 Files that were not taken\n\n"
    "`qiangji collect` 和 `qiangji status` 列出；没有退回，请县（市、区）处理。 Named by `qiangji collect` and"
    " `qiangji status`. Nothing went back: ask the county.\n\n"
    "| code | 触发 trigger | 怎么办 what to do |\n| --- | --- | --- |\n"
    "| `other_name` | 文件名与约定的不同（副本、.XLSX、(1)、季报以月份命名、没有报告期），或放在子文件夹中；"
    "季报的工作表放在月报工作簿中；或系统清单中的表名、报告期与约定的不同<br>"
    "a file under another name than the one expected, or in a folder beneath; a quarter's sheet in a month's workbook;"
    " an entry of a system's listing whose form or period is written otherwise | "
    "改名后重新放置；工作表另存为季报的文件；系统清单：改正系统，或改counties.yaml的form_key、period_key<br>"
    "Rename it, or move it; save the sheet as the quarter's file. Of a listing: correct the system, or `form_key` and"
    " `period_key` in counties.yaml. |\n"
    "| `voided_again` | 与已作废的来件内容相同<br>the very bytes of a delivery that somebody voided | "
    "更正后重新放置；误作废的由市级放行该来件<br>Send a corrected file; if it was voided by mistake, release that"
    " delivery. |"
)


# long: it is the page's text
def page() -> str:
    """The whole page."""
    parts = [
        "<!-- Written by `make docs` from plugins/qiangji/parsing/reasons_page.py: change that, not this page. -->",
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
            for r in REASONS.values()
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
    parts.append(
        "`<报表>.<编码>.not_filled`：有编码而各项都空的行；相连的行在`check`和退回工作簿中合为一条，"
        "轻重与该行各必填项中最重的相同。\n\n"
        "`<form>.<key>.not_filled`: a row with a code and no value in any field. `check` and returned workbooks tell a"
        " run of such rows once. It weighs as much as the heaviest of the fields that are missing."
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
        "表头下的计量单位行、栏次行（甲、乙、1、2，1栏，A01）、填报要求行（必填、整数）、"
        "口径行（期末数、累计数，与表头一并核对）、数据行之间只有镇（街）名的标题行不作为数据；"
        "CSV首行的`sep=,`和文件末尾的0x1A不作为数据；合计允许四舍五入到所显示的末位；"
        "`440781001201.00`、`4.40781001201E+11`位数齐全的编码按其中的编码读取；"
        "只有一张工作表有内容时即读该表。日期后的 `0:00` 不影响读取；报告期列可填期内任一日期；"
        "浮点误差（15位有效数字以外）自动舍去；工作簿中的百分比格式单元格按显示的百分数读取，JSON和数据库中的数字按原值读取。\n\n"
        "A hidden first sheet, merged headers, a `<dimension>` that is wrong, full-width digits and thousands"
        " separators are read. A cell with an error such as `#DIV/0!` sends its row back. Codes written as"
        ' `="440781…"` or `\'440781…` are read as the code; a unit in brackets behind a header is no other header,'
        " nor is another language beside it; blanks inside a code are taken out; a row of units, of"
        " column numbers, or of what is to be filled in below the header is no data, nor is one of times (期末数),"
        " which is held against the form as a header is, a town's name alone among the rows, a first line `sep=,` of a"
        " CSV, and the end mark 0x1A; a total may be rounded to the last digit that it shows; a code written as"
        " `440781001201.00` or `4.40781001201E+11`, with all its digits, is that code;"
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
        + "\n".join(
            f"| `<form>.<key>.{word}` | {zh}<br>{en} | {do_zh}<br>{do} |" for word, zh, en, do_zh, do in ROWS
        )
    )
    return "\n\n".join(parts) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
