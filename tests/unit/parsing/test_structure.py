"""Files and sheets that are not as declared: nothing vanishes, and the message names the cause.

Quotation marks, separators, the place of the header, sheets, parts of a workbook, limits, and what old programs write.
"""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl.chart import BarChart

from qiangji import parsing
from qiangji.parsing import beside, problems
from tests.unit.parsing.tables import CODE, HEADER, ROWS, book, changed, content, csv, read, refused

# ---- quotes


@pytest.mark.parametrize(
    ("rows", "record"),
    [
        ([ROWS[0], ROWS[1].replace("乙", '"乙'), ROWS[2], ROWS[3].replace("丁", '"丁')], 3),
        ([ROWS[0].replace("甲村", '"甲村'), ROWS[1], ROWS[2].replace("丙村", '丙村"'), ROWS[3]], 2),
        ([ROWS[0].replace("甲村", '"甲村'), ROWS[1].replace("乙村", '"乙村"')], 2),
        ([ROWS[0], ROWS[1].replace("乙", '"乙'), ROWS[2]], 3),
        ([ROWS[0], '"' + ROWS[1], ROWS[2].replace(f"{CODE}03", f'{CODE}03"'), ROWS[3]], 3),
        ([ROWS[0], ROWS[1].replace("村,", '村","'), ROWS[2]], None),
        ([ROWS[0], ROWS[1].replace("乙村", '"乙"村')], 3),
        ([ROWS[0].replace("甲村", '""甲村'), ROWS[1].replace("乙村", '乙村""')], 2),
    ],
)
def test_a_lone_quote_takes_no_row_with_it(rows: list[str], record: int | None) -> None:
    error = refused(csv(*rows))
    assert error.code in ("truncated", "ragged_rows")
    if record:
        assert f"record {record}:" in str(error)
        assert f"第{record}行" in error.zh


def test_quotes_in_pairs_and_quotes_inside_a_cell_are_read_as_they_stand() -> None:
    rows = [
        ROWS[0].replace("甲村", '"甲村,""东""\n西"'),
        ROWS[1].replace("乙村", '乙"村'),
        '"' + ROWS[2].replace(",", '","') + '"',
    ]
    parsed = read(csv(*rows))
    assert parsed.raw["unit_name"].to_pylist() == ['甲村,"东"\n西', '乙"村', "丙村"]
    assert parsed.rows["members"].to_pylist() == [11, 12, 13]


# ---- separators, encodings of codes


@pytest.mark.parametrize(
    ("separator", "zh", "en"),
    [
        (";", "分号", "semicolon"),
        ("\t", "制表符", "a tab"),
        ("，", "中文逗号", "full-width"),
        ("|", "竖线", "bar"),
    ],
)
def test_another_separator_is_named(separator: str, zh: str, en: str) -> None:
    error = refused(csv(*ROWS).replace(",", separator))
    assert error.code == "wrong_delimiter"
    assert zh in error.zh
    assert en in str(error)
    if separator.isascii():
        assert read(csv(*ROWS).replace(",", separator), delimiter=separator).rows.num_rows == 4


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_named_beside_separators_of_thousands(separator: str) -> None:
    """1,234 in most lines: each of them has a comma, and is no record of commas."""
    rows = [row.replace(",", separator).replace(f"{separator}1", f"{separator}1,01", 1) for row in ROWS]
    content = "\n".join([HEADER.replace(",", separator), *rows]) + "\n"
    assert content.count(",") == len(ROWS)
    assert refused(content).code == "wrong_delimiter"
    assert read(content, delimiter=separator).rows["members"].to_pylist() == [1011, 1012, 1013, 1014]


def test_separators_within_cells_are_no_other_separator() -> None:
    rows = [f'{row[:12]},"甲;乙;丙;丁;戊",{",".join(row.split(",")[2:])}' for row in ROWS]
    assert read(csv(*rows)).raw["unit_name"].to_pylist() == ["甲;乙;丙;丁;戊"] * len(ROWS)


@pytest.mark.parametrize("wrap", ['="{}"', "'{}", "’{}", '"=""{}"""', "={}"])
def test_codes_kept_as_texts_by_a_spreadsheets_means_are_read(wrap: str) -> None:
    rows = [wrap.format(row[:12]) + row[12:] for row in ROWS]
    assert read(csv(*rows)).rows["village_code"].to_pylist() == [r[:12] for r in ROWS]


def test_shortened_codes_are_one_problem() -> None:
    error = refused(csv(*("4.40703E+11" + row[12:] for row in ROWS)))
    assert error.code == "shortened_codes"
    assert "village!A2" in error.zh
    parsed = read(csv("4.40703E+11" + ROWS[0][12:], *ROWS[1:]))
    assert [(p.rule, p.index) for p in parsed.unreadable] == [("village.village_code.shortened", 0)]


# ---- where the header stands


@pytest.mark.parametrize(
    ("above", "layout", "is_en", "is_zh"),
    [
        ("", {"title_rows": 1}, "row 1", "第1行"),
        ("标题,,,,,\n副标题,,,,,\n", {"title_rows": 1}, "row 3", "第3行"),
        ("标题,,,,,\n", {}, "row 2", "第2行"),
        ("", {"header_rows": 2}, "row 1", "第1行"),
    ],
)
def test_a_header_in_another_row_is_told(above: str, layout: dict[str, int], is_en: str, is_zh: str) -> None:
    error = refused(above + csv(*ROWS), **layout)
    assert error.code == "misplaced_header"
    assert f"found in {is_en}" in str(error)
    assert is_zh in error.zh


def test_a_header_that_is_nowhere_is_unknown_and_no_name_is_quoted() -> None:
    error = refused(csv(*ROWS).replace("老年", "经办人 李雷"))
    assert error.code == "unknown_header"
    assert "李雷" not in str(error) + error.zh


# ---- sheets


def test_the_only_sheet_with_cells_is_the_forms() -> None:
    made = book(*ROWS)
    made.create_sheet("Sheet2")
    made.create_sheet("Sheet3")["B2"] = None
    assert read(content(made), "xlsx").rows.num_rows == 4
    made["Sheet3"]["A1"] = "草稿"
    error = refused(content(made), "xlsx")
    assert error.code == "missing_sheet"
    assert "行政村" in error.zh
    made["Sheet3"].title = "行政村"
    assert refused(content(made), "xlsx").code != "missing_sheet"  # the sheet of that name is taken


def test_a_chart_sheet_is_no_sheet_of_a_form() -> None:
    made = book(*ROWS)
    made.create_chartsheet("图表").add_chart(BarChart())
    assert read(content(made), "xlsx").rows.num_rows == 4


def test_two_cells_of_one_address_are_refused() -> None:
    data = changed(
        content(book(*ROWS)),
        "xl/worksheets/sheet1.xml",
        lambda x: x.replace(b'<c r="C3"', b'<c r="C3" t="n"><v>99</v></c><c r="C3"'),
    )
    error = refused(data, "xlsx")
    assert error.code == "duplicate_cell"
    assert "C3" in error.zh


# ---- parts in UTF-16


def test_a_part_of_power_query_in_utf_16_is_read_by_its_mark() -> None:
    def part(text: str, codec: str = "utf-16") -> bytes:
        return changed(content(book(*ROWS)), "customXml/item1.xml", lambda _: text.encode(codec))

    mashup = '<?xml version="1.0" encoding="utf-16"?><DataMashup a="联系人：李雷">{}</DataMashup>'
    data = part(mashup.format("AAAA"))
    assert read(data, "xlsx").rows.num_rows == 4
    found = beside.read(data, [])
    assert "联系人：李雷" in [t.text for t in found.texts]
    assert not found.is_opaque
    assert beside.read(part(mashup.format("UEsDBBQAAgAIA" * 20)), []).is_opaque
    assert refused(part("<!DOCTYPE x><x/>"), "xlsx").code == "entity_declared"
    assert refused(part("<x/>", "utf-32"), "xlsx").code == "unreadable_file"
    moved = changed(content(book(*ROWS)), "xl/worksheets/sheet1.xml", lambda x: x.decode().encode("utf-16"))
    assert refused(moved, "xlsx").code == "unreadable_file"


@pytest.mark.parametrize(
    ("member", "kind"),
    [("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods"), ("word/document.xml", ".docx")],
)
def test_an_archive_of_another_kind_is_named(member: str, kind: str) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(member, "x")
    error = refused(sink.getvalue(), "xlsx")
    assert error.code == "wrong_file_kind"
    assert kind in str(error)
    assert kind in error.zh


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_old_workbook_is_named_with_what_to_do(kind: str) -> None:
    error = refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), kind)
    assert error.code == "wrong_file_kind"
    assert ".et" in error.zh
    assert "另存为" in error.zh
    assert ".xlsx" in str(error)


# ---- limits


def test_so_many_cells_that_cannot_be_read_are_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problems, "MAX_PROBLEMS", 10)
    rows = [f"{CODE}{i:02},村,x,{i},x,{i}" for i in range(10)]
    error = refused(csv(*rows))
    assert error.code == "too_many_problems"
    assert "20" in error.zh
    assert "village!C2" in error.zh
    assert "village!E2" in str(error)
    assert len(read(csv(*rows[:5])).unreadable) == 10


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_holds_no_more_cells_than_are_looked_at(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = csv(*ROWS).encode() if kind == "csv" else content(book(*ROWS))
    monkeypatch.setattr(parsing, "MAX_FILLED", 30)
    assert read(data, kind).rows.num_rows == 4
    monkeypatch.setattr(parsing, "MAX_FILLED", 29)
    assert refused(data, kind).code == "too_large"


# ---- files of old programs, totals of visible rows, numbers as they are shown


@pytest.mark.parametrize("line", ["sep=,\r\n", '"sep=,"\n', "SEP=,\n"])
def test_a_first_line_that_names_the_separator_and_an_end_mark_are_no_rows(line: str) -> None:
    parsed = read(line + csv(*ROWS) + "\x1a")
    assert parsed.rows.num_rows == 4
    assert parsed.columns["members"] == 2


def test_a_first_line_that_names_another_separator_is_told_as_such() -> None:
    assert refused("sep=;\n" + csv(*ROWS).replace(",", ";")).code == "wrong_delimiter"


@pytest.mark.parametrize(("total", "hidden"), [(36, "1"), (35, ""), (50, None)])
def test_a_total_of_the_visible_rows_says_so(total: int, hidden: str | None) -> None:
    made = book(*ROWS)
    made.active.append(["合计", None, total])
    made.active.row_dimensions[5].hidden = True
    found = read(content(made), "xlsx", totals=["合计"]).totals_problems
    assert [p.hidden for p in found] == ([] if hidden is None else [hidden])


@pytest.mark.parametrize(
    ("cell", "rule", "said"),
    [
        ("#######", "hashes", "加宽"), ("(12.50)", "brackets", "-12.50"), ("（3）", "brackets", "-12.50"),
        ("1900-04-14", "day", "时间格式"), ("约3", "type", "准确"), ("-3%", "percent", "百分"),
    ],
)  # fmt: skip
def test_numbers_as_a_program_shows_them_are_told_with_their_cause(cell: str, rule: str, said: str) -> None:
    parsed = read(csv(*ROWS[:3], f"{CODE}04,丁村,{cell},4,4,4"))
    (told,) = parsed.unreadable
    assert told.rule == f"village.members.{rule}"
    assert said in told.expected_zh


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("行政村党建月报表", "行政村党建月报表!C2"),
        ("Sheet 1!x", "Sheet 1!x!C2"),
        ("欧阳建国", "village!C2"),
        ("填表人 李雷", "village!C2"),
        ("13800138000", "village!C2"),
    ],
)
def test_addresses_name_the_tab_unless_it_may_name_a_person(tab: str, shown: str) -> None:
    made = book(ROWS[0].replace(",11,", ",十,"), ROWS[1], sheet=tab)
    (cell,) = read(content(made), "xlsx").unreadable
    assert cell.address == shown
