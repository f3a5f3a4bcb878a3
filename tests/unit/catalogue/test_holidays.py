"""holidays/<year>.yaml: read as the notice says, and refused with file, line and key where it cannot be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qiangji.catalogue.load import _calendar
from qiangji.errors import Problems
from qiangji.workdays import Calendar

YEAR = """\
year: 2026
source: 国务院办公厅关于2026年部分节假日安排的通知
holidays:
  - {holiday: 元旦, from: 2026-01-01, to: 2026-01-03, worked: [2026-01-04]}
  - {holiday: 春节, from: 2026-02-15, to: 2026-02-23, worked: [2026-02-14, 2026-02-28]}
  - {holiday: 清明节, from: 2026-04-04, to: 2026-04-06}
  - {holiday: 劳动节, from: 2026-05-01, to: 2026-05-05, worked: [2026-05-09]}
  - {holiday: 端午节, from: 2026-06-19, to: 2026-06-21}
  - {holiday: 中秋节, from: 2026-09-25, to: 2026-09-27}
  - {holiday: 国庆节, from: 2026-10-01, to: 2026-10-07, worked: [2026-09-20, 2026-10-10]}
"""


def read(folder: Path, text: str, name: str = "2026.yaml") -> tuple[Calendar, list[str]]:
    (folder / name).write_text(text, encoding="utf-8")
    problems = Problems()
    calendar = _calendar(folder, problems)
    return calendar, [str(p) for p in problems.found]


def test_a_year_as_the_notice_says(tmp_path: Path) -> None:
    calendar, problems = read(tmp_path, YEAR)
    assert not problems
    assert calendar.differing() == [], "the package knows 2026, too"
    assert not calendar.is_working_day(date(2026, 10, 1))
    assert calendar.is_working_day(date(2026, 10, 10))


def test_without_files_nothing_is_declared(tmp_path: Path) -> None:
    assert _calendar(tmp_path / "none", Problems()) == Calendar()


@pytest.mark.parametrize(
    ("before", "after", "found", "expected"),
    [
        pytest.param("to: 2026-01-03", "to: 2027-01-03", "has 368 days", "at most 12 days", id="a year too long"),
        pytest.param(
            "from: 2026-01-01, to: 2026-01-03", "from: 2025-12-31, to: 2026-01-03",
            "2025-12-31 is not in 2026", "Write that day into 2025.yaml", id="a day of another year",
        ),
        pytest.param(
            "worked: [2026-01-04]", "worked: [2026-01-04, 2026-01-04]", "2026-01-04 appears twice", "each day once",
            id="worked twice",
        ),
        pytest.param(
            "to: 2026-09-27", "to: 2026-10-01", "2026-10-01 appears twice, for 中秋节 and 国庆节", "each day once",
            id="off twice",
        ),
        pytest.param(
            "from: 2026-09-25, to: 2026-09-27", "from: 2026-09-26, to: 2026-09-27", "is a weekend", "a working day",
            id="a weekend is off anyway",
        ),
        pytest.param(
            "worked: [2026-05-09]", "worked: [2026-05-08]", "2026-05-08 is a Friday", "a Saturday or Sunday",
            id="a weekday is worked anyway",
        ),
        pytest.param(
            "worked: [2026-05-09]", "worked: [2026-05-03]", "2026-05-03 is off (劳动节) and worked (劳动节)",
            "one of the two", id="off and worked",
        ),
        pytest.param("to: 2026-06-21", "to: 2026-06-12", "before it begins", "2026-06-19 or later", id="ends first"),
        pytest.param(": 端午节", ": 端午", "no line for 端午节", "the whole notice", id="a holiday is missing"),
        pytest.param(
            "from: 2026-05-01, to: 2026-05-05", "from: 2026-05-04, to: 2026-05-05", "劳动节: 2026-05-01 is not off",
            "within its first and last", id="not on its day",
        ),
        pytest.param("year: 2026", "year: 2027", "year 2027 in 2026.yaml", "year: 2026", id="another year's"),
        pytest.param(
            "source: 国务院办公厅关于2026年部分节假日安排的通知\n", "", "source", "keys: year, source", id="no source"
        ),
        pytest.param("to: 2026-06-21", "to: 2026-06-31", "holidays.4.to", "", id="no such day"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    tmp_path: Path, before: str, after: str, found: str, expected: str
) -> None:
    assert before in YEAR
    _, problems = read(tmp_path, YEAR.replace(before, after))
    text = "\n".join(problems)
    assert "2026.yaml, line " in text or ("2026.yaml" in text and "Field required" in text)
    assert found in text or found.replace(".4.", "[4].") in text
    assert expected in text


def test_two_holidays_in_one_line_are_both_named(tmp_path: Path) -> None:
    one = "  - {holiday: 国庆节、中秋节, from: 2026-10-01, to: 2026-10-07}\n"
    lines = [x for x in YEAR.splitlines(keepends=True) if "中秋节" not in x and "国庆节" not in x]
    assert not read(tmp_path, "".join([*lines, one]))[1]
