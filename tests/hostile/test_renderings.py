"""Numbers, words and dates read back as meant, in every style and layout that counties use.

In: values drawn by Hypothesis. They are written as a county would (each cell in a style, each file in a layout and
kind), read in the cage, and must come back the same, with no unreadable cell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qiangji.parsing import cage
from qiangji.periods import Period
from tests.hostile.files import FORM, HEADER, PERIOD, book, county

WIDE = str.maketrans("0123456789,.-%", "０１２３４５６７８９，．－％")
MISSING = ["", "—", "——", "-", "/", "／", "－", " ", "\u3000"]
SPACED: list[Callable[[str], str]] = [
    lambda t: t,
    lambda t: f" {t}",
    lambda t: f"{t}\u3000",
    lambda t: f"\u200b{t}\xa0",
]

INTEGERS: list[Callable[[int], str]] = [
    str, lambda n: f"{n:,}", lambda n: f"{n}.0", lambda n: f"{n}.00", lambda n: f"+{n}" if n >= 0 else str(n),
    lambda n: str(n).translate(WIDE), lambda n: f"{n:,}".translate(WIDE), lambda n: f"{n:05d}" if n >= 0 else str(n),
]  # fmt: skip
DECIMALS: list[Callable[[Decimal], str]] = [
    lambda d: format(d, "f"), lambda d: f"{d:,f}", lambda d: format(d, "f").translate(WIDE), lambda d: f"{d:f}00",
    lambda d: f"{d * 100:f}%", lambda d: f"{d * 100:f}%".translate(WIDE),
]  # fmt: skip
TRUE = ["是", "有", "true", "TRUE", "Yes", "y", "1", "√", "✔", " 是 "]
FALSE = ["否", "无", "false", "FALSE", "No", "n", "0", "×", "✘"]
DAYS: list[Callable[[date], str]] = [
    date.isoformat, lambda d: f"{d.year}年{d.month}月{d.day}日", lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}.{d.month:02d}.{d.day:02d}", lambda d: f"{d:%Y%m%d}",
    lambda d: str((d - date(1899, 12, 30)).days), lambda d: d.isoformat().translate(WIDE),
    lambda d: f"{d.year}/{d.month}/{d.day} 0:00", lambda d: f"{d.isoformat()} 00:00:00",
]  # fmt: skip
HEADERS = [
    ["编码", "名称", "党员数", "收入", "是否", "日期"],
    ["village_code", "unit_name", "members", "income", "ok", "day"],
    [" 编码", "名 称", "党员数\u3000", "收\n入", "是否 ", "ｄａｙ"],
]
AMOUNT = st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False)


def spaced(style: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(style, st.sampled_from(SPACED)).map(lambda p: p[1](p[0]))


def written(
    values: st.SearchStrategy[Any], styles: list[Callable[[Any], str]]
) -> st.SearchStrategy[tuple[Any, str]]:
    """(the value, how it is written); now and then a missing one."""
    some = st.tuples(values, st.sampled_from(styles), st.sampled_from(SPACED)).map(
        lambda p: (p[0], p[2](p[1](p[0])))
    )
    return st.one_of(some, some, some, st.sampled_from(MISSING).map(lambda t: (None, t)))


ROW = st.tuples(
    st.text(st.sampled_from("甲乙丙村东西,\"'（）"), min_size=1, max_size=6).map(lambda t: (t, t)),
    written(st.integers(1 - 10**10, 10**10 - 1), INTEGERS),
    st.one_of(written(AMOUNT, DECIMALS), st.just((Decimal(0), "无"))),
    st.one_of(
        st.sampled_from(TRUE).map(lambda t: (True, t)),
        st.sampled_from(FALSE).map(lambda t: (False, t)),
        st.sampled_from(MISSING).map(lambda t: (None, t)),
    ),
    written(st.dates(date(2000, 1, 1), date(2099, 12, 31)), DAYS),
)
LAYOUT = st.fixed_dictionaries(
    {
        "title": st.integers(0, 2),
        "serial": st.booleans(),
        "total": st.booleans(),
        "sign_off": st.booleans(),
        "blanks": st.booleans(),
        "header": st.sampled_from(HEADERS),
        "quote": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "newline": st.sampled_from(["\n", "\r\n"]),
        "mark": st.booleans(),
        "delimiter": st.sampled_from([",", ";", "\t"]),
    }
)


def sheet(rows: list[tuple[Any, ...]], look: dict[str, Any]) -> list[list[str]]:
    serial = ["序号"] if look["serial"] else []
    lines = [*([["行政村月报表"]] * look["title"]), [*serial, *look["header"]]]
    for i, row in enumerate(rows):
        code = f"4407031012{i:02d}"
        lines.append([*([str(i + 1)] if serial else []), code, *(text for _, text in row)])
        if look["blanks"] and i == 0:
            lines.append([])
    if look["total"]:
        amount = sum((row[2][0] or Decimal(0) for row in rows), Decimal(0))
        count = sum(row[1][0] or 0 for row in rows)
        lines.append([*([""] if serial else []), "合 计", "", f"{count:,}", format(amount, "f")])
    if look["sign_off"]:
        lines += [["填表人：某某", "", "联系电话：1"], ["审核人：某某"]]
    return lines


def layout_of(look: dict[str, Any]) -> dict[str, Any]:
    return {
        "title_rows": look["title"], "totals": ["合计"], "sign_off": ["填表人", "审核人"], "ignore": ["序号"],
        "delimiter": look["delimiter"],
    }  # fmt: skip


def assert_read(content: bytes, kind: Any, rows: list[tuple[Any, ...]], **more: Any) -> None:
    parsed = cage.read_submission(content, kind, county(**more), FORM, Period.parse(PERIOD))
    assert [cell for cell in parsed.unreadable if not cell.is_asked] == []
    assert parsed.totals_agree in (None, True)
    read = [tuple(r[n] for n in ("members", "income", "ok", "day")) for r in parsed.rows.to_pylist()]
    assert read == [tuple(meant for meant, _ in row[1:]) for row in rows]
    assert parsed.rows["village_code"].to_pylist() == [f"4407031012{i:02d}" for i in range(len(rows))]


ROWS = st.lists(ROW, min_size=1, max_size=8).filter(
    lambda rows: any(meant is not None for row in rows for meant, _ in row[1:])
)
"""Something is filled in: what is not is returned as an empty form."""


@settings(deadline=None)
@given(ROWS, LAYOUT, st.sampled_from(["utf-8", "gb18030"]))
def test_csv(rows: list[tuple[Any, ...]], look: dict[str, Any], encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=look["delimiter"], quoting=look["quote"], lineterminator=look["newline"]
    )
    lines = sheet(rows, look)
    width = max(map(len, lines))
    writer.writerows(line + [""] * (width - len(line)) if line else line for line in lines)
    mark = b"\xef\xbb\xbf" if look["mark"] and encoding == "utf-8" else b""
    assert_read(
        mark + out.getvalue().encode(encoding), "csv", rows, encoding=encoding, layout=layout_of(look)
    )


@settings(deadline=None)
@given(ROWS, LAYOUT)
def test_workbooks_of_text(rows: list[tuple[Any, ...]], look: dict[str, Any]) -> None:
    def hide(made: Any) -> None:
        other = made.create_sheet("字典", 0)
        other.append(["x"])
        other.sheet_state = "hidden"

    content = book([[c or None for c in line] for line in sheet(rows, look)], hide if look["mark"] else None)
    assert_read(content, "xlsx", rows, layout=layout_of(look))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.just(("村", "村")),
            st.integers(1 - 10**10, 10**10 - 1),
            st.decimals(-(10**9), 10**9, places=4, allow_nan=False, allow_infinity=False),
            st.booleans(),
            st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_workbooks_of_numbers(rows: list[tuple[Any, ...]], as_serial: bool) -> None:
    lines: list[list[Any]] = [HEADER]
    for i, (_, count, amount, ok, day) in enumerate(rows):
        serial = (day - date(1899, 12, 30)) / timedelta(days=1)
        lines.append([f"4407031012{i:02d}", "村", count, float(amount), ok, serial if as_serial else day])
    meant = [(r[0], (r[1], ""), (r[2], ""), (r[3], ""), (r[4], "")) for r in rows]
    assert_read(book(lines), "xlsx", meant)


@settings(deadline=None)
@given(
    ROWS,
    st.booleans(),
    st.decimals(1 - 10**12, 10**12 - 1, places=4, allow_nan=False, allow_infinity=False),
)
def test_json(rows: list[tuple[Any, ...]], ascii: bool, amount: Decimal) -> None:
    lines = [
        json.dumps(
            dict(zip(HEADER, (f"4407031012{i:02d}", name[1], count[1], income[1], ok[1], day[1]), strict=True)),
            ensure_ascii=ascii,
        )
        for i, (name, count, income, ok, day) in enumerate(rows)
    ]  # fmt: skip
    i = len(rows)
    lines.append(f'{{"编码":"4407031012{i:02d}","党员数":{i},"收入":{amount:f},"是否":true,"日期":null}}')
    more = (("", ""), (i, ""), (amount, ""), (True, ""), (None, ""))
    assert_read("\n".join(lines).encode(), "ndjson", [*rows, more])
