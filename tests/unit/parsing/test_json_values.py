"""Records of an interface: keys without any value, and values within objects or lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.periods import Period

LABEL = {"zh": "数", "en": "Number"}
FORM = Form.model_validate(
    {
        "form": "village", "title": LABEL, "grain": "village", "period_type": "month", "due_working_day": 5,
        "key": "village_code", "key_headers": ["编码"], "key_pattern": "[0-9]{12}",
        "fields": {
            "n": {"label": LABEL, "type": "integer", "kind": "stock"},
            "yes": {"label": {"zh": "是否", "en": "Yes"}, "type": "boolean", "kind": "stock"},
        },
    }
)  # fmt: skip
COUNTY = County(county="440703", transport="folder", path="x", files="{form}_{period}.ndjson")


def read(**more: list[Any]) -> Parsed:
    """Two records, and more keys: the value in each."""
    values = {"编码": ["440703001001", "440703001002"], "n": [1, 2], "yes": [True, False]} | more
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    grid = read_grids(content, "ndjson", COUNTY, ["village"])["village"]
    return read_form(grid, FORM, COUNTY, Period.parse("2026-10"))


@pytest.mark.parametrize("nothing", [None, "", {}, []])
def test_an_unknown_key_without_any_value_says_nothing(nothing: Any) -> None:
    assert read(extra=[nothing, None]).rows.column("n").to_pylist() == [1, 2]


@pytest.mark.parametrize("something", [0, "x", False, {"a": None}, [None]])
def test_an_unknown_key_with_a_value_returns_the_report(something: Any) -> None:
    with pytest.raises(ReturnedError, match="unknown header 'extra'"):
        read(extra=[None, something])


def test_a_field_without_any_value_is_still_a_column() -> None:
    assert read(n=[None, None]).rows.column("n").to_pylist() == [None, None]


@pytest.mark.parametrize("nested", [{"value": 3, "unit": "人"}, [3], {}, [[1], {"a": "b"}]])
@pytest.mark.parametrize("field", ["n", "yes"])
def test_a_nested_value_is_told_as_such(field: str, nested: Any) -> None:
    (cell,) = read(**{field: [nested, 1]}).unreadable
    assert cell.rule.endswith(".type")
    assert "嵌套" in cell.expected_zh
    assert "no object or list" in cell.expected_en


@pytest.mark.parametrize("plain", ["约3", "{3", "3]"])
def test_what_is_not_nested_is_told_otherwise(plain: str) -> None:
    (cell,) = read(n=[plain, 1]).unreadable
    assert "嵌套" not in cell.expected_zh
