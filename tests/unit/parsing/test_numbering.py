"""Numbers of columns in headers: where the columns count on they are no part of what is counted."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from qiangji.catalogue.models import County, Form, Layout
from qiangji.checking.spans import other_spans
from qiangji.errors import ReturnedError
from qiangji.parsing.grid import grid_of
from qiangji.parsing.headers import Columns, find_columns
from qiangji.parsing.numbering import without_numbers
from qiangji.parsing.reading import Reading
from tests.unit.parsing.wordings import MONTH, QUARTER, catalogue

FORMS = catalogue().forms


def read(form: Form, headers: list[str]) -> Columns:
    """The columns of a sheet with these headers beside those of the code and the name."""
    period = QUARTER if form.period_type == "quarter" else MONTH
    county = County(county="440705", transport="folder", path="x", files="x", layout=Layout(ignore=("备注",)))
    head = [form.key_headers[0], form.name_headers[1], *headers]
    grid = grid_of([pa.array([text, "1"]) for text in head], "x")
    return find_columns(grid, Reading.of(county, form, period, {}, ""))


def letter(n: int) -> str:
    return chr(ord("A") + n - 1) if n <= 26 else "A" + chr(ord("A") + n - 27)


STYLES: dict[str, Callable[[int, str], str]] = {
    "（1）": lambda n, text: f"{text}（{n}）",
    "blank": lambda n, text: f"{text} {n}",
    "newline": lambda n, text: f"{text}\n({n})",
    "[1]": lambda n, text: f"[{n}]{text}",
    "1 ": lambda n, text: f"{n} {text}",
    "1": lambda n, text: f"{n}{text}",
    "1.": lambda n, text: f"{n}.{text}",
    "1、": lambda n, text: f"{n}、{text}",
    "（1）before": lambda n, text: f"（{n}）{text}",
    "from 3 on": lambda n, text: f"{n + 2}.{text}",
    "★": lambda n, text: f"★{n}.{text}",
    "（A）": lambda n, text: f"{text}（{letter(n)}）",
    "（B01）": lambda n, text: f"{text}（B{n:02d}）",
    "A1": lambda n, text: f"A{n} {text}",
    "（1栏）": lambda n, text: f"{text}（{n}栏）",
    "第1栏": lambda n, text: f"{text} 第{n}栏",
    "指标1：": lambda n, text: f"指标{n}：{text}",
    "sum": lambda n, text: f"{text}（{n}={n + 1}+{n + 2}）" if n == 1 else f"{text}（{n}）",
    "how": lambda n, text: f"{text}（{n}）（必填）",
}


@pytest.mark.parametrize("style", STYLES)
def test_columns_of_every_form_may_be_numbered(style: str) -> None:
    for form in FORMS.values():
        for wording in (lambda f: f.label.zh, lambda f: f.headers[-1] if f.headers else f.label.zh):
            labels = {name: wording(field) for name, field in form.fields.items()}
            numbered = [STYLES[style](n, text) for n, text in enumerate(labels.values(), start=1)]
            plain, read_ = read(form, [*labels.values()]), read(form, numbered)
            assert read_.fields == plain.fields, form.form
            assert read_.units == plain.units
            remarks = read(form, [*numbered, STYLES[style](len(labels) + 1, "备注")])
            assert remarks.ignored == (len(labels) + 2,)
            assert (
                other_spans(read_.headers, form.fields, MONTH if form.period_type == "month" else QUARTER)
                == []
            )


@pytest.mark.parametrize(
    "changed",
    [
        {"党员人数": "党员人数（6）"},
        {"党员人数": "党员人数 2"},
        {"党员人数": "党员人数（A）"},
        {"党员人数": "党员人数（1）", "女党员": "女党员（2）"},
        {"党员人数": "党员人数（3）", "女党员": "女党员（7）", "预备党员": "预备党员（2）"},
        {"35岁以下党员": "4.35岁以下党员"},
    ],
)
def test_a_number_alone_may_be_part_of_what_is_counted(changed: dict[str, str]) -> None:
    form = FORMS["village"]
    headers = [changed.get(f.label.zh, f.label.zh) for f in form.fields.values()]
    with pytest.raises(ReturnedError) as e:
        read(form, headers)
    assert e.value.code == "unknown_header"


def test_what_is_no_field_without_its_number_stays_unknown() -> None:
    form = FORMS["village"]
    headers = [f"{n}.{f.label.zh}" for n, f in enumerate(form.fields.values(), start=1)]
    with pytest.raises(ReturnedError) as e:
        read(form, [*headers, "23.困难党员"])
    assert e.value.code == "unknown_header"


@pytest.mark.parametrize(
    ("headers", "plain"),
    [
        (("编码", "甲 1", "乙 2", "丙 3"), ("编码", "甲", "乙", "丙")),
        (("1.甲", "2.乙", "", "3.丙"), ("甲", "乙", "", "丙")),
        (("编码", "1甲", "23岁以下", "3乙"), ("编码", "甲", "3岁以下", "乙")),
        (("甲 1", "乙 3", "丙 5"), ("甲 1", "乙 3", "丙 5")),
        (("甲 1", "乙 2"), ("甲 1", "乙 2")),
        (("1", "2", "3"), ("1", "2", "3")),
        (("A类", "B类", "C类"), ("类", "类", "类")),
        (("", "", ""), ("", "", "")),
    ],
)
def test_the_columns_count_on(headers: tuple[str, ...], plain: tuple[str, ...]) -> None:
    assert without_numbers(headers) == plain


@pytest.mark.parametrize(
    ("text", "is_ignored"),
    [
        ("备注（选填）", True),
        ("★备注", True),
        ("备注：", True),
        ("23.备注（限50字）（必填）", True),
        ("备注（党员）", False),
        ("备注人数", False),
    ],
)
def test_a_column_without_a_field_may_say_how_to_fill_it_in(text: str, *, is_ignored: bool) -> None:
    form = FORMS["village"]
    headers = [*(f.label.zh for f in form.fields.values()), text]
    if is_ignored:
        assert read(form, headers).ignored == (len(headers) + 1,)
    else:
        with pytest.raises(ReturnedError):
            read(form, headers)
