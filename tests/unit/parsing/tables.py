"""A table of four villages as text and as a workbook, read or refused: what tests of its structure share."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

from qiangji.catalogue.models import County, Layout
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.periods import Period
from tests.unit.parsing.villages import village_form

FORM = village_form({"members": "党员", "women": "女", "young": "青年", "old": "老年"}, title="行政村")
HEADER = "村编码,村名,党员,女,青年,老年"
CODE = "4407031000"
ROWS = [f"{CODE}{i:02},{name}村,{10 + i},{i},{i},{i}" for i, name in enumerate("甲乙丙丁", 1)]


def read(content: bytes | str, kind: Any = "csv", **layout: Any) -> Parsed:
    sheets = layout.pop("sheets", {})
    county = County(
        county="440703", transport="folder", path="x", files="x", layout=Layout(**layout), sheets=sheets
    )
    content = content.encode() if isinstance(content, str) else content
    grid = read_grids(content, kind, county, ["village"], titles={"village": "行政村"})["village"]
    return read_form(grid, FORM, county, Period.parse("2026-10"))


def refused(content: bytes | str, kind: Any = "csv", **layout: Any) -> ReturnedError:
    with pytest.raises(ReturnedError) as caught:
        read(content, kind, **layout)
    assert re.search("[\u4e00-\u9fff]", caught.value.zh)
    assert caught.value.expected
    assert caught.value.do
    return caught.value


def csv(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def book(*rows: str, sheet: str = "Sheet1") -> Workbook:
    made = Workbook()
    made.active.title = sheet
    for row in (HEADER, *rows):
        made.active.append([int(c) if c.isdigit() and len(c) < 5 else c or None for c in row.split(",")])
    return made


def content(made: Workbook) -> bytes:
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def changed(data: bytes, member: str, change: Any) -> bytes:
    """The workbook with one member changed, or added."""
    sink, old = io.BytesIO(), zipfile.ZipFile(io.BytesIO(data))
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == member else old.read(name))
        if member not in old.namelist():
            new.writestr(member, change(b""))
    return sink.getvalue()
