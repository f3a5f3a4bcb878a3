"""Personal data that counties send, in every kind of place, and a search that finds it again in any guise.

In: rows of a form. Out: files with one value planted in each; what of the values bytes, texts and archives hold. The
values are made up: numbers with an area and days of birth that no report of the simulated counties has, mobile numbers
of one block, names of signs that nothing else is written with.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import re
import threading
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import openpyxl
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from tests.property.test_screening import checked, wide

SIGNS = "曌翀喆昉奭隺旻晞炘祎珝玥璟瑭瓒甯皛睿矞禛"
_ID = re.compile(r"1[^0-9]{0,3}1[^0-9]{0,3}0[^0-9]{0,3}1[^0-9]{0,3}0[^0-9]{0,3}5(?:[^0-9]{0,3}[0-9]){8}")
_MOBILE = re.compile(
    r"1[^0-9]{0,3}9(?:[^0-9]{0,3}9)[^0-9]{0,3}1(?:[^0-9]{0,3}9){2}[^0-9]{0,3}1(?:[^0-9]{0,3}[0-9]){4}"
)
_OLD = re.compile(r"(?<![0-9])110105[0-9]{9}(?![0-9])")


@dataclass
class Values:
    """Draws values, each once, and remembers them."""

    drawn: list[str] = field(default_factory=list)

    def draw(self, kind: str) -> str:
        n = len(self.drawn)
        born = date(1951, 3, 1) + timedelta(days=37 * n)
        value = {
            "id": checked(f"110105{born:%Y%m%d}{n % 900 + 100}"),
            "old id": f"110105{born:%y%m%d}{n % 900 + 100}",
            "mobile": f"1991991{n:04d}",
            "name": f"司徒{SIGNS[n % len(SIGNS)]}{SIGNS[(n // len(SIGNS)) % len(SIGNS)]}",
        }[kind]
        self.drawn.append(value)
        return value

    def found_in(self, text: str) -> set[str]:
        """Which of them a text holds: spaced, wide, escaped, rounded to fifteen digits, or as they are."""
        text = unicodedata.normalize("NFKC", unquote(html.unescape(_unescaped(text))))
        numbers = {re.sub(r"[^0-9]", "", m.group()) for p in (_ID, _MOBILE, _OLD) for m in p.finditer(text)}
        starts = {v[:14]: v for v in self.drawn if len(v) == 18} | {
            v: v for v in self.drawn if len(v) in (11, 15)
        }
        return {starts[n] for n in numbers if n in starts} | {
            v for v in self.drawn if v.startswith("司徒") and (v in text or f"司徒 {v[2:]}" in text)
        }


def _unescaped(text: str) -> str:
    return re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)


def texts_of(content: bytes, name: str = "") -> Iterator[str]:
    """All texts that bytes may be read as: in several encodings, unpacked, Parquet as its rows."""
    if content.startswith(b"PAR1"):
        import pyarrow.parquet as pq

        table = pq.ParquetFile(io.BytesIO(content)).read()
        yield json.dumps(table.to_pylist(), default=str, ensure_ascii=False) + str(table.schema)
        return
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.namelist():
                yield entry
                yield from texts_of(archive.read(entry))
        return
    if content.startswith(b"\x1f\x8b"):
        yield from texts_of(gzip.decompress(content))
    yield name
    yield re.sub(r"<[^<>]*>", "", content.decode("utf-8", "ignore"))  # a text in pieces of different looks
    for encoding in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"):
        yield content.decode(encoding, "ignore")


# --- workbooks -----------------------------------------------------------------------------------------


def rows_of(rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
    """A header and the rows."""
    return [
        list(rows[0]),
        *(["是" if v is True else "否" if v is False else v for v in r.values()] for r in rows),
    ]


def workbook(rows: Sequence[Sequence[Any]], title: str, change: Callable[[Any], None]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(list(row))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_parts(content: bytes, parts: dict[str, str], relations: str = "") -> bytes:
    """The archive with further members, which the first sheet is related to by `relations`."""
    out, at = io.BytesIO(), "xl/worksheets/_rels/sheet1.xml.rels"
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        for name, text in parts.items():
            new.writestr(name, text)
        if relations:
            uri = "http://schemas.openxmlformats.org/package/2006/relationships"
            new.writestr(at, f'<Relationships xmlns="{uri}">{relations}</Relationships>')
    return out.getvalue()


def _related(target: str) -> str:
    return f'<Relationship Id="rId9" Type="http://x/{target.split("/")[1]}" Target="{target}"/>'


def _hidden_sheet(book: Any, value: str) -> None:
    sheet = book.create_sheet("字典")
    sheet.append(["备注", value])
    sheet.sheet_state = "hidden"


def _row(book: Any, value: object, *, hidden: bool = False) -> None:
    sheet = book.active
    sheet.cell(3, sheet.max_column).value = value
    sheet.row_dimensions[3].hidden = hidden


def _column(book: Any, header: str, value: Any) -> None:
    sheet = book.active
    at = sheet.max_column + 1
    sheet.cell(1, at).value, sheet.cell(3, at).value = header, value
    sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].hidden = True


def _validation(book: Any, value: str) -> None:
    rule = DataValidation(type="whole", operator="greaterThan", formula1="0", prompt=f"有疑问请致电{value}")
    book.active.add_data_validation(rule)
    rule.add("C2")


def _custom(book: Any, value: str) -> None:
    book.custom_doc_props.append(StringProperty(name="证件", value=value))


def _set(path: str) -> Callable[[Any, str], None]:
    def change(book: Any, value: str) -> None:
        target = book
        *folders, name = path.split(".")
        for each in folders:
            target = getattr(target, each)
        setattr(target, name, value)

    return change


IN_FORM: dict[str, tuple[str, Callable[[Any, str], None]]] = {
    "cell": ("id", _row),
    "cell, full width": ("id", lambda b, v: _row(b, wide(v))),
    "cell, broken over lines": ("id", lambda b, v: _row(b, f"{v[:8]}\n{v[8:]}")),
    "cell, rounded number": ("id", lambda b, v: _row(b, float(v[:17] + "0"))),
    "cell, number": ("old id", lambda b, v: _row(b, int(v))),
    "hidden row": ("mobile", lambda b, v: _row(b, f"请联系{v}", hidden=True)),
    "hidden column": ("mobile", lambda b, v: _column(b, "备注", v)),
    "column of names": ("name", lambda b, v: _column(b, "书记姓名", v)),
    "column of explanations": ("id", lambda b, v: _column(b, "核查说明", f"本人身份证{v}")),
    "name behind a word": ("name", lambda b, v: _column(b, "备注", f"填表人：{v}")),
    "header": ("mobile", lambda b, v: _column(b, f"电话{v}", 1)),
    "sheet's name": ("mobile", _set("active.title")),
    "comment": ("id", lambda b, v: setattr(b.active["C3"], "comment", Comment(f"核对：{v}", "x"))),
    "comment with a name": (
        "name",
        lambda b, v: setattr(b.active["C3"], "comment", Comment(f"联系人：{v}", "x")),
    ),
    "comment's author": ("mobile", lambda b, v: setattr(b.active["C3"], "comment", Comment("已核", v))),
    "footer": ("name", lambda b, v: setattr(b.active.oddFooter.center, "text", f"制表人：{v}")),
    "prompt": ("mobile", _validation),
    "link": ("mobile", lambda b, v: setattr(b.active["C3"], "hyperlink", f"https://example.org/?tel={v}")),
}
BESIDE: dict[str, tuple[str, Callable[[Any, str], None]]] = {
    "hidden sheet": ("id", _hidden_sheet),
    "sheet of no form, its name": (
        "mobile",
        lambda b, v: setattr(b.create_sheet(v), "sheet_state", "hidden"),
    ),
    "defined name": ("mobile", lambda b, v: b.defined_names.add(DefinedName("tel", attr_text=f'"{v}"'))),
    "property: author": ("mobile", _set("properties.creator")),
    "property: description": ("id", _set("properties.description")),
    "custom property": ("id", _custom),
    "number format": ("mobile", lambda b, v: setattr(b.active["C3"], "number_format", f'"{v}"0')),
}
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DRAWN = '<d xmlns:a="http://a"><a:p><a:r><a:t>{0}</a:t></a:r><a:r><a:t>{1}</a:t></a:r></a:p></d>'


def with_special_part(content: bytes, place: str, value: str) -> bytes:
    """Parts that openpyxl does not write."""
    half = value[:7], value[7:]
    parts: dict[str, tuple[dict[str, str], str]] = {
        "threaded comment": (
            {
                "xl/threadedComments/threadedComment1.xml": '<T xmlns="http://t"><threadedComment ref="C3"><text>'
                f"{half[0]} {half[1]}</text></threadedComment></T>"
            },
            _related("../threadedComments/threadedComment1.xml"),
        ),
        "text of a shape": (
            {"xl/drawings/drawing1.xml": _DRAWN.format(*half)},
            _related("../drawings/drawing1.xml"),
        ),
        "string of no cell": (
            {"xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>{half[0]}</t><t>{half[1]}</t></si></sst>'},
            "",
        ),
        "cached values of a link": ({"xl/externalLinks/externalLink1.xml": f"<x><v>{value}</v></x>"}, ""),
        "picture": ({"xl/media/image1.png": f"\x89PNG tEXt {value}"}, ""),
    }
    return with_parts(content, *parts[place])


SPECIAL_IN_FORM = {"threaded comment": "id", "text of a shape": "mobile"}
SPECIAL_BESIDE = {"string of no cell": "id", "cached values of a link": "mobile", "picture": "mobile"}

# --- texts ---------------------------------------------------------------------------------------------


def csv_of(rows: Sequence[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _instead(rows: list[list[Any]], value: str) -> str:
    rows[2][-1] = value
    return csv_of(rows)


def _further(rows: list[list[Any]], header: str, value: str) -> str:
    return csv_of([[*row, header if i == 0 else value if i == 2 else ""] for i, row in enumerate(rows)])


IN_CSV: dict[str, tuple[str, Callable[[list[list[Any]], str], bytes]]] = {
    "cell": ("id", lambda r, v: _instead(r, f"2（{v}）").encode()),
    "cell in gb18030": ("mobile", lambda r, v: _instead(r, f"请电{v}").encode("gb18030")),
    "cell with an exponent": ("id", lambda r, v: _instead(r, f"{float(v[:17] + '0'):.14E}").encode()),
    "cell of several lines": ("id", lambda r, v: _instead(r, f"身份证\n{v[:6]}\n{v[6:]}").encode()),
    "zero-width blanks": ("mobile", lambda r, v: _instead(r, "\u200b".join(v)).encode()),
    "lines before the header": ("name", lambda r, v: f"村情报表,,\n负责人：{v},,\n{csv_of(r)}".encode()),
    "lines behind the rows": ("name", lambda r, v: f"{csv_of(r)}联系人,{v},\n".encode()),
    "header": ("mobile", lambda r, v: _further(r, v, "1").encode()),
    "column of names": ("name", lambda r, v: _further(r, "组长姓名", v).encode()),
    "column of explanations": ("mobile", lambda r, v: _further(r, "核查说明", f"手机{v}").encode()),
    "another encoding": ("mobile", lambda r, v: f"{csv_of(r)}电话 {v[:3]} {v[3:7]} {v[7:]}".encode("utf-16")),
    "a file cut off": ("id", lambda r, v: (csv_of(r) + f'"{v[:6]} {v[6:14]} {v[14:]}').encode()),
}  # fmt: skip


def _changed(rows: Sequence[dict[str, Any]], at: int, more: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | more if i == at else dict(row) for i, row in enumerate(rows)]


IN_JSON: dict[str, tuple[str, Callable[[Sequence[dict[str, Any]], str], list[dict[str, Any]]]]] = {
    "value": ("id", lambda r, v: _changed(r, 1, {next(iter(r[1])): f"{v[:6]} {v[6:14]} {v[14:]}"})),
    "number": ("old id", lambda r, v: _changed(r, 1, {"remark": int(v)})),
    "rounded number": ("id", lambda r, v: _changed(r, 1, {"remark": float(v[:17] + "0")})),
    "key": ("mobile", lambda r, v: _changed(r, 1, {v: 1})),
    "nested object": ("mobile", lambda r, v: _changed(r, 1, {"remark": {"tel": [v]}})),
    "nested key": ("mobile", lambda r, v: _changed(r, 1, {"remark": {v: None}})),
    "nested name": ("name", lambda r, v: _changed(r, 1, {"remark": {"contact": {"name": v}}})),
    "name under its key": ("name", lambda r, v: _changed(r, 1, {"contact_name": v})),
}


# --- a county system of few lines ----------------------------------------------------------------------


class Web:
    """Answers what it was told: path -> (status, headers, body)."""

    def __init__(self) -> None:
        web = self
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                status, headers, body = web.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: this is the county's side."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def put(self, path: str, body: object, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[path] = status, {k.replace("_", "-"): v for k, v in headers.items()}, content

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
