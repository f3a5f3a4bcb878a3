"""Hostile and odd files: at least one for each reason code, and for each oddity that is read all the same.

In: nothing; everything is generated. Out: `CASES`: a name, the bytes, the file kind and the expected outcome: a reason
code, or `None` if the file must read as the good one does.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import openpyxl

from qiangji.catalogue.models import County, Form

LABEL = {"zh": "项", "en": "Item"}
FORM = Form.model_validate(
    {
        "form": "village", "title": {"zh": "行政村月报表", "en": "Villages"}, "grain": "village",
        "period_type": "month", "due_working_day": 5, "key": "village_code", "key_headers": ["编码"],
        "key_pattern": "[0-9]{12}", "name_headers": ["名称"],
        "fields": {
            "members": {"label": {"zh": "党员数", "en": "Members"}, "type": "integer"},
            "income": {"label": {"zh": "收入", "en": "Income"}, "type": "decimal", "kind": "flow"},
            "ok": {"label": {"zh": "是否", "en": "Ok"}, "type": "boolean"},
            "day": {"label": {"zh": "日期", "en": "Day"}, "type": "date"},
        },
    }
)  # fmt: skip
PERIOD = "2026-10"
HEADER = ["编码", "名称", "党员数", "收入", "是否", "日期"]
ROWS: list[list[Any]] = [
    ["440703101201", "甲村", 31, 12.5, "是", "2026-09-30"],
    ["440703101202", "乙村", 42, 1234.56, "否", "2026-09-29"],
    ["440703101203", "丙村", 7, 0, "是", "2026-09-28"],
]
MEANT = {"440703101201": 31, "440703101202": 42, "440703101203": 7}
NOTHING_MORE = "</sheetData></worksheet>"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def county(**more: Any) -> County:
    return County(county="440703", transport="folder", path="x", files="{form}", **more)


@dataclass(frozen=True)
class Case:
    """`made`: the bytes, or what makes them where that takes long."""

    name: str
    made: bytes | Callable[[], bytes]
    kind: Any
    code: str | tuple[str, ...] | None
    county: County = field(default_factory=county)

    @property
    def content(self) -> bytes:
        return self.made if isinstance(self.made, bytes) else self.made()


def csv_of(rows: list[list[Any]], encoding: str = "utf-8", header: list[str] | None = None) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in [header or HEADER, *rows]).encode(encoding) + b"\n"


def book(rows: list[list[Any]] | None = None, change: Callable[[Any], None] | None = None) -> bytes:
    made = openpyxl.Workbook()
    made.active.title = "行政村"
    for row in rows if rows is not None else [HEADER, *ROWS]:
        made.active.append(row)
    if change:
        change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes], compress: int = 8) -> bytes:
    """The archive again, with one member changed (or added)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", compress) as new:
        names = [e.filename for e in old.infolist()]
        for each in [*names, *([] if name in names else [name])]:
            data = old.read(each) if each in names else b""
            new.writestr(each, change(data) if each == name else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet_of(body: str) -> bytes:
    return with_part(book(), SHEET, lambda _: f"<worksheet {MAIN}><sheetData>{body}{NOTHING_MORE}".encode())


@cache
def bomb(megabytes: int) -> bytes:
    blank = b" " * (1 << 20)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book())) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.infolist():
            if entry.filename != SHEET:
                new.writestr(entry.filename, old.read(entry))
        with new.open(SHEET, "w") as part:
            part.write(f"<worksheet {MAIN}><sheetData>".encode())
            for _ in range(megabytes):
                part.write(blank)
            part.write(NOTHING_MORE.encode())
    return out.getvalue()


def lying(content: bytes) -> bytes:
    """The bomb's sizes set to 1,000 in every list of the archive."""
    data = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = struct.pack("<I", archive.getinfo(SHEET).file_size)
    return bytes(data.replace(size, struct.pack("<I", 1000)))


def encrypted_member() -> bytes:
    data = bytearray(book())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def twice(name: str) -> bytes:
    out = io.BytesIO(book())
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, b"<x/>")
    return out.getvalue()


def _merged(made: Any) -> None:
    sheet = made.active
    sheet.insert_rows(1)
    sheet["C1"] = "人数"
    sheet.merge_cells("C1:D1")


def _hidden_first(made: Any) -> None:
    other = made.create_sheet("字典", 0)
    other.append(["编码", "名称"])
    other.sheet_state = "hidden"


def _nineteen_four(made: Any) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    made.epoch = CALENDAR_MAC_1904


def _formula(made: Any) -> None:
    made.active["C1"] = '="党员"&"数"'


def _with_formula_error(made: Any) -> None:
    made.active.append(["440703101204", "丁村", "#DIV/0!", 1, "是", "2026-09-30"])


def hostile_workbooks() -> Iterator[Case]:
    good = book()
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    many = good
    out = io.BytesIO(many)
    with zipfile.ZipFile(out, "a") as archive:
        for i in range(1100):
            archive.writestr(f"xl/media/{i}.bin", b"")
    damaged = bytearray(good)
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        info = archive.getinfo(SHEET)
        damaged[info.header_offset + 30 + len(SHEET) + info.compress_size // 2] ^= 0x55
    yield from (
        Case(name, content, "xlsx", code)  # type: ignore[arg-type] # bytes and what makes them
        for name, content, code in [
            ("empty", b"", "empty_file"),
            ("blanks", b" \r\n\t" * 5000, "empty_file"),
            ("old .xls named .xlsx", old, "wrong_file_kind"),
            ("web page named .xlsx", b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table></html>", "wrong_file_kind"),
            ("PDF named .xlsx", b"%PDF-1.7\n", "wrong_file_kind"),
            ("zip that is no workbook", with_part(_zip(), "a.txt", lambda d: d), "wrong_file_kind"),
            ("encrypted package", old + "EncryptedPackage".encode("utf-16-le"), "encrypted_file"),
            ("encrypted members", encrypted_member(), "encrypted_file"),
            ("member twice", twice("xl/workbook.xml"), "duplicate_member"),
            ("sheet twice", twice(SHEET), "duplicate_member"),
            ("sheet twice in other case", twice(SHEET.upper()), "duplicate_member"),
            ("entity bomb in a sheet", with_part(good, SHEET, lambda d: entity.encode() + d), "entity_declared"),
            (
                "entities in shared strings",
                with_part(good, "xl/sharedStrings.xml", lambda d: (entity + "<sst/>").encode()),
                "entity_declared",
            ),
            ("truncated upload", good[: len(good) * 6 // 10], "unreadable_file"),
            ("first hundred bytes", good[:100], "unreadable_file"),
            ("one byte of the sheet flipped", bytes(damaged), "unreadable_file"),
            ("something before it", b"x" * 100 + good, "unreadable_file"),
            ("something behind it", good + b"x", "unreadable_file"),
            ("UTF-16 sheet", with_part(good, SHEET, lambda d: d.decode().encode("utf-16")), "unreadable_file"),
            ("sheet that breaks off", with_part(good, SHEET, lambda d: d[: len(d) // 2]), "unreadable_file"),
            ("packed with bzip2", with_part(good, SHEET, lambda d: d, zipfile.ZIP_BZIP2), "unreadable_file"),
            ("packed with lzma", with_part(good, SHEET, lambda d: d, zipfile.ZIP_LZMA), "unreadable_file"),
            ("zip bomb", lambda: bomb(600), "too_large"),
            ("zip bomb that lies of its size", lambda: lying(bomb(600)), ("too_large", "unreadable_file")),
            ("cell at XFD1048576", sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576">'
                                            "<v>1</v></c></row>"), "too_large"),
            ("the same in other quotes", sheet_of("<row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'>"
                                                  "<c  s='1' r = 'XFD1048576'><v>1</v></c></row>"), "too_large"),
            ("the same behind many attributes", sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c '
             + "".join(f'a{i}="{"x" * 40}" ' for i in range(20)) + 'r="XFD1048576"><v>1</v></c></row>'),
             "too_large"),
            ("cells without places in far rows", sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">'
             + "<c><v>1</v></c>" * 3000 + "</row>"), "too_large"),
            ("3,000 columns", sheet_of('<row r="1">' + "<c><v>1</v></c>" * 3000 + "</row>"), "too_large"),
            ("1,100 members", out.getvalue(), "too_large"),
            ("nothing but <c ", with_part(good, SHEET, lambda _: b"<c " * 1_000_000), "unreadable_file"),
            ("a million elements deep", with_part(good, SHEET, lambda _: b"<x>" * 1_000_000),
             ("unreadable_file", "empty_file")),
            ("formula without a value", book(None, _formula), "formula_without_value"),
            ("dates from 1904", book(None, _nineteen_four), "dates_from_1904"),
            ("string that is not there", sheet_of('<row r="1"><c r="A1" t="s"><v>999</v></c></row>'),
             "unreadable_file"),
            ("header alone", book([HEADER]), "no_rows"),
            ("codes and names alone", book([HEADER, *(r[:2] for r in ROWS)]), "nothing_filled"),
            ("unknown header", book([[*HEADER, "备注栏"], *([*r, "x"] for r in ROWS)]), "unknown_header"),
            ("column missing", book([r[:-1] for r in (HEADER, *ROWS)]), "missing_column"),
            ("header twice after NFKC", book([[*HEADER, " 党员数\u3000"], *([*r, 1] for r in ROWS)]),
             "duplicate_header"),
            ("another period", book([[*HEADER, "报告期"], *([*r, "2026-09"] for r in ROWS)]), "wrong_period"),
            ("unchanged and rows", book([HEADER, *ROWS, ["无变动"]]), "unchanged_with_rows"),
            ("unchanged in other words", book([HEADER, ["与上月相同"]]), "unchanged_in_other_words"),
            ("two cells of one address", with_part(good, SHEET, lambda d: d.replace(
                b'<c r="C2"', b'<c r="C2"><v>7</v></c><c r="C2"', 1)), "duplicate_cell"),
            ("a title above the header", book([["标题"], HEADER, *ROWS]), "misplaced_header"),
            ("a second header in another order",
             book([HEADER, *ROWS, [*HEADER[:2], HEADER[3], HEADER[2], *HEADER[4:]]]), "reordered_header"),
            # odd files that are read
            ("good", good, None),
            ("hidden first sheet", book(None, _hidden_first), None),
            ("wrong dimension", with_part(good, SHEET, lambda d: d.replace(b"A1:F4", b"A1:A1")), None),
            ("dimension of everything", with_part(good, SHEET, lambda d: d.replace(b"A1:F4", b"A1:XFD1048576")), None),
        ]
    )  # fmt: skip
    yield Case("sheet missing", good, "xlsx", "missing_sheet", county(sheets={"village": "村"}))
    yield Case("merged headers", book(None, _merged), "xlsx", None, county(layout={"header_rows": 2}))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("b.txt", "x")
    return out.getvalue()


def hostile_texts() -> Iterator[Case]:
    good = csv_of(ROWS)
    mixed = csv_of(ROWS[:1]) + ",".join(map(str, ROWS[1])).encode("gb18030") + b"\n"
    wide = ",".join(HEADER) + "," * 5000 + "\n"
    line = '{"编码": "440703101201", "名称": "甲村", "党员数": 31, "收入": 12.5, "是否": true, "日期": "2026-09-30"%s}'
    yield from (
        Case(name, content, kind, code)
        for name, content, kind, code in [
            ("empty CSV", b"\xef\xbb\xbf\r\n", "csv", "empty_file"),
            ("workbook named .csv", book(), "csv", "wrong_file_kind"),
            ("web page named .csv", b"<!DOCTYPE html><html>", "csv", "wrong_file_kind"),
            ("NUL", good.replace(b"31", b"3\x00"), "csv", "nul_byte"),
            ("UTF-16", good.decode().encode("utf-16"), "csv", "bad_encoding"),
            ("GB18030 where UTF-8 is agreed", csv_of(ROWS, "gb18030"), "csv", "bad_encoding"),
            ("two encodings", mixed, "csv", "bad_encoding"),
            ("cut inside a quoted cell", good[:-20] + b',"', "csv", "truncated"),
            ("cut inside a row", good[: good.rindex(b",")], "csv", "truncated"),
            ("cut within a character", (good + b"4407" + ",村".encode())[:-1], "csv", "truncated"),
            ("ragged rows", csv_of([ROWS[0], ROWS[1][:4], [*ROWS[2], 1]]), "csv", "ragged_rows"),
            ("rows in front of a comma", csv_of([ROWS[0], [*ROWS[1], 9], ROWS[2]]), "csv", "ragged_rows"),
            ("5,000 columns", wide.encode() + good, "csv", "too_large"),
            ("a wide row before a million", (wide + "x\n" * 1_000_000).encode(), "csv", "too_large"),
            ("a cell of 100,000", csv_of([["4" * 100_000, *ROWS[0][1:]]]), "csv", "too_large"),
            ("a cell of 100,000 in ragged rows", csv_of([["4" * 100_000]]), "csv", "too_large"),
            ("header alone, CSV", csv_of([]), "csv", "no_rows"),
            ("unknown header, CSV", csv_of(ROWS, header=[*HEADER[:-1], "日"]), "csv", "unknown_header"),
            ("header twice, CSV", csv_of([[*r, 1] for r in ROWS], header=[*HEADER, "ｍｅｍｂｅｒｓ "]), "csv",
             "duplicate_header"),
            ("a lone quote before two names", good.replace(b",", b',"', 6), "csv", "truncated"),
            ("semicolons", good.replace(b",", b";"), "csv", "wrong_delimiter"),
            ("codes as a spreadsheet shows them", re.sub(rb"\d{12}", b"4.40703E+11", good), "csv", "shortened_codes"),
            ("another table in 8,000 rows", csv_of([[f"44070310{i:04}", "x", *"xxxx"] for i in range(8000)]), "csv",
             "too_many_problems"),
            ("good CSV", good, "csv", None),
            ("good CSV with a byte-order mark", b"\xef\xbb\xbf" + good, "csv", None),
            ("JSON that breaks off", (line % "")[:40].encode(), "ndjson", "unreadable_file"),
            ("JSON list", b"[1]\n", "ndjson", "unreadable_file"),
            ("JSON 100,000 deep", b'{"a":' + b"[" * 100_000 + b"\n", "ndjson", "unreadable_file"),
            ("JSON number of 10,000 digits", b'{"a":' + b"9" * 10_000 + b"}\n", "ndjson", "unreadable_file"),
            ("JSON key twice", (line % ', "党员数": 32').encode(), "ndjson", "duplicate_header"),
            ("JSON keys of one field", (line % ', "members": 32').encode(), "ndjson", "duplicate_header"),
            ("JSON NUL", (line % "").replace("甲村", "\\u0000").encode(), "ndjson", "nul_byte"),
            ("JSON half a pair", (line % "").replace("甲村", "\\ud800").encode(), "ndjson", "bad_encoding"),
            ("JSON in GB18030", (line % "").encode("gb18030"), "ndjson", "bad_encoding"),
            ("JSON of 3,000 keys", b"{" + b",".join(b'"k%d":1' % i for i in range(3000)) + b"}", "ndjson", "too_large"),
        ]
    )  # fmt: skip
    signed = county(layout={"sign_off": ["填表人"]})
    below = csv_of([ROWS[0], ["填表人：", *[""] * 5], *ROWS[1:]])
    yield Case("rows below the sign-off line", below, "csv", "rows_below_sign_off", signed)
    gb = county(encoding="gb18030")
    yield Case("UTF-8 where GB18030 is agreed", csv_of(ROWS), "csv", ("bad_encoding", "unknown_header"), gb)
    yield Case("good GB18030", csv_of(ROWS, "gb18030"), "csv", None, gb)


CASES = [*hostile_workbooks(), *hostile_texts()]
