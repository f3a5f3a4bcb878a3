"""A second header among the rows, and a header in two languages: what they say is held against the first."""

from __future__ import annotations

import pytest

from tests.unit.parsing.tables import HEADER, ROWS, csv, read, refused


@pytest.mark.parametrize(
    ("second", "told_zh", "told_en"),
    [
        ("村编码,村名,党员,青年,女,老年", "“青年”此处在D列，上面在E列", "young in D, above in E"),
        ("村名,村编码,党员,女,青年,老年", "“村名”此处在A列", "unit_name in A, above in B"),
        (
            "village_code,unit_name,women,members,young,old",
            "“女”此处在C列，上面在D列",
            "women in C, above in D",
        ),
    ],
)
def test_a_second_header_in_another_order_goes_back(second: str, told_zh: str, told_en: str) -> None:
    """The rows below it would be read by the first: two towns' sheets, one below the other."""
    error = refused("\n".join([HEADER, *ROWS[:2], second, *ROWS[2:]]) + "\n")
    assert error.code == "reordered_header"
    assert error.zh.startswith("第4行是另一个表头")
    assert told_zh in error.zh
    assert f"row 4 is a second header, in another order: {told_en}" in str(error)


@pytest.mark.parametrize(
    "second", ["village_code,unit_name,members,women,young,old", "村编码,村名,党员(人),女,青年,老年"]
)
def test_one_in_the_same_order_is_passed_over_in_whatever_words(second: str) -> None:
    read_ = read("\n".join([HEADER, *ROWS[:2], second, *ROWS[2:]]) + "\n")
    assert (read_.rows.num_rows, read_.unreadable, read_.sheet.repeated_headers) == (4, [], 1)


def test_a_note_that_names_a_field_or_two_is_no_header() -> None:
    read_ = read(csv(*ROWS[:2], "备注,青年,党员,,,", *ROWS[2:]))
    assert read_.rows.num_rows == 5
    assert read_.unreadable != []


@pytest.mark.parametrize(
    "other",
    ["last month", "last year (yuan)", "Sep", "Planned", "target", "2025", "average", "%", "September"],
)
def test_what_another_language_says_beside_a_header_is_not_dropped(other: str) -> None:
    error = refused(csv(*ROWS).replace("党员", f"党员 {other}", 1))
    assert error.code == "unknown_header"


@pytest.mark.parametrize(
    "other", ["Party members", "total members", "persons", "members", "MEMBERS (doctors)"]
)
def test_a_translation_of_a_header_is_that_header(other: str) -> None:
    assert read(csv(*ROWS).replace("党员", f"党员 {other}", 1)).rows.num_rows == 4


def test_a_number_that_a_program_wrapped_is_that_number() -> None:
    """`="33"`: as exports keep a text, so that a spreadsheet program does not change it."""
    read_ = read("\n".join([HEADER, f'{ROWS[0].rsplit(",", 1)[0]},"=""33"""']) + "\n")
    assert read_.rows.column("old").to_pylist() == [33]
    assert read_.unreadable == []


# ---- another table below the rows of units

SUMMARY = "镇街,青年,女,,,", "大泽镇,40,20,,,", "司前镇,50,30,,,"


@pytest.mark.parametrize(
    "below",
    [
        SUMMARY,
        ("镇街,女,青年,党员,,", "大泽镇,20,40,90,,", "合计,20,40,90,,"),
        ("各镇汇总,,,,,", *SUMMARY),
        (*SUMMARY, "440705100,1,2,3,,"),
        ("按镇汇总,女,党员,,,", "一,1,2,,,"),
    ],
)
def test_a_table_with_a_header_of_its_own_below_is_told_as_one(below: tuple[str, ...]) -> None:
    """Its rows go back as such, and the rows of units above are read."""
    parsed = read(csv(*ROWS, *below))
    told = [c.rule.rpartition(".")[2] for c in parsed.unreadable if c.rule.startswith("village.village_code")]
    header = next(i for i, line in enumerate(below) if line.count("女") and line.count(",女"))
    assert told[header - len(below) :] == ["table"] * (len(below) - header)
    assert parsed.rows.column("women").to_pylist()[:4] == read(csv(*ROWS)).rows.column("women").to_pylist()
    assert all("单独的工作表" in c.expected_zh for c in parsed.unreadable if c.rule.endswith(".table"))
    assert parsed.totals_problems == []


def test_another_table_whose_rows_have_codes_is_read_by_nobody() -> None:
    """A unit's row below a header in another order would be read by the first."""
    assert refused(csv(*ROWS[:2], "镇街,青年,女,党员,,", *ROWS[2:])).code == "reordered_header"
