"""Files under other names than the ones expected: which report each looks like, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from qiangji.catalogue.load import Catalogue
from qiangji.landing import other_names
from qiangji.periods import Period
from qiangji.pipeline import read_catalogue
from qiangji.sources import Item, Seen, Target
from qiangji.sources.files import is_report_like

OCTOBER, SEPTEMBER, THIRD = Period.parse("2026-10"), Period.parse("2026-09"), Period.parse("2026Q3")
WANTED: list[Target] = [
    ("village", OCTOBER), ("village", SEPTEMBER), ("village_group", OCTOBER), ("county_milestones", THIRD),
]  # fmt: skip
FIRST, SECOND = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


def looks_like(
    catalogue: Catalogue, name: str, county: str = "440705", items: list[Item] | None = None
) -> list[str]:
    assert is_report_like(name.rpartition("/")[2]), name
    found = other_names.notes(
        catalogue, catalogue.counties[county], WANTED, items or [], [Seen(name, SECOND)]
    )
    assert all(name in note.message and note.code == "other_name" for note in found)
    return [f"{note.form} {note.period}" for note in found]


@pytest.mark.parametrize(
    "name",
    [
        "village_2026-10 (1).xlsx", "village_2026-10.XLSX", "副本village_2026-10.xlsx", "village_2026-10.xls",
        "village_2026-10（终稿）.xlsx", "Copy of village_2026-10.xlsx", "village_2026-10 - 副本.xlsx",
        "VILLAGE_202610.xlsx", "village 2026年10月.xlsx", "行政村2026年10月.xlsx", "village_2026-10.et",
        "village_2026_10.csv", "ｖｉｌｌａｇｅ_2026-10.xlsx", "village_2026-10.xlsx.xlsx", "2026年10月份village.xlsx",
    ],
)  # fmt: skip
def test_it_looks_like_the_villages_of_october(catalogue: Catalogue, name: str) -> None:
    assert looks_like(catalogue, name) == ["village 2026-10"]


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("village_group_2026-10 (1).xlsx", ["village_group 2026-10"]),
        ("village_2026-09(2).xlsx", ["village 2026-09"]),
        ("county_milestones_2026Q3(1).xlsx", ["county_milestones 2026Q3"]),
        ("county_milestones 2026年第三季度.xlsx", ["county_milestones 2026Q3"]),
        ("county_milestones_2026-09.xlsx", ["county_milestones 2026Q3"]),
        ("county_milestones_2026-07.csv", ["county_milestones 2026Q3"]),
        ("county_milestones_2026-06.csv", []),
        ("village_2026Q4.xlsx", []),
        ("新会区行政村党建月报表.xlsx", ["village 2026-10"]),
        ("行政村党建月报表（模板）.xlsx", []),
        ("行政村党建月报表2026-08.xlsx", []),
        ("村情况.xlsx", []),
        ("10月/village_2026-10.xlsx", ["village 2026-10"]),
        ("village_2026-11.xlsx", []),
        ("2026-10工作总结.xlsx", []),
        ("village.xlsx", []),
    ],
)
def test_which_report(catalogue: Catalogue, name: str, report: list[str]) -> None:
    assert looks_like(catalogue, name) == report


def test_a_workbook_a_period_is_told_by_its_period(catalogue: Catalogue) -> None:
    assert looks_like(catalogue, "2026年10月报表.xlsx", "440784") == [
        "village 2026-10",
        "village_group 2026-10",
    ]


@pytest.mark.parametrize("name", ["~$village_2026-10.xlsx", ".village_2026-10.xlsx", "village_2026-10.docx"])
def test_a_lock_file_or_a_text_is_no_report(name: str) -> None:
    assert not is_report_like(name)


def test_a_report_that_is_there_is_told_only_of_what_is_later(catalogue: Catalogue) -> None:
    item = Item("village_2026-10.xlsx", (("village", OCTOBER),), "1", True, FIRST)
    assert looks_like(catalogue, "village_2026-10 (1).xlsx", items=[item]) == ["village 2026-10"]
    later = Item("village_2026-10.xlsx", (("village", OCTOBER),), "1", True, SECOND)
    assert looks_like(catalogue, "village_2026-10 (1).xlsx", items=[later]) == []
    clock = replace(later, changed_at=datetime.now(UTC) + timedelta(days=400))
    assert looks_like(catalogue, "village_2026-10 (1).xlsx", items=[clock]) == ["village 2026-10"]


def test_the_message_names_what_was_seen_and_what_was_expected(catalogue: Catalogue) -> None:
    others = [Seen("village_2026-10 (1).xlsx"), Seen("village_2026-10.XLSX")]
    (note,) = other_names.notes(catalogue, catalogue.counties["440705"], WANTED, [], others)
    assert "village_2026-10 (1).xlsx, village_2026-10.XLSX" in note.message
    assert "应名为 village_2026-10.xlsx" in note.message
    assert "expected: village_2026-10.xlsx" in note.message


def test_a_file_in_a_folder_beneath_is_told_where_it_belongs(catalogue: Catalogue) -> None:
    others = [Seen("10月/village_2026-10.xlsx")]
    (note,) = other_names.notes(catalogue, catalogue.counties["440705"], WANTED, [], others)
    assert "应名为 village_2026-10.xlsx（不在子文件夹中）" in note.message


def test_a_number_of_a_person_in_a_name_is_not_repeated(catalogue: Catalogue) -> None:
    others = [Seen("village_2026-10 13800138000.xlsx")]
    (note,) = other_names.notes(catalogue, catalogue.counties["440705"], WANTED, [], others)
    assert "13800138000" not in note.message


# ---- entries of a listing


def listed(
    catalogue: Catalogue, *entries: tuple[str, str], items: list[Item] | None = None, county: str = "440703"
) -> dict[str, str]:
    others = [Seen(f"{form} {said}", SECOND, form, said) for form, said in entries]
    found = other_names.notes(catalogue, catalogue.counties[county], WANTED, items or [], others)
    assert all(note.code == "other_name" for note in found)
    return {f"{note.form} {note.period}": note.message for note in found}


COMMUNITY = Item("community/2026-10", (("community", OCTOBER),), "1")


@pytest.mark.parametrize(
    ("entry", "reports"),
    [
        (("VILLAGE", "2026-10"), {"village 2026-10"}),
        (("VILLAGE_GROUP", "2026-10"), {"village_group 2026-10"}),
        (("行政村党建月报表", "2026年9月"), {"village 2026-09"}),
        (("county-milestones", "2026Q3"), {"county_milestones 2026Q3"}),
        (("village", "第十期"), {"village 2026-10"}),
        (("finance", "2026-10"), set()),
        (("VILLAGE", "2026-08"), set()),
    ],
)
def test_which_report_an_entry_of_a_listing_is(
    catalogue: Catalogue, entry: tuple[str, str], reports: set[str]
) -> None:
    assert set(listed(catalogue, entry, items=[COMMUNITY])) == reports


def test_a_listing_of_unknown_forms_alone_is_told(catalogue: Catalogue) -> None:
    found = listed(catalogue, ("F01", "2026-10"), ("F02", "2026-10"))
    assert set(found) == {"village 2026-10", "village_group 2026-10"}
    (message,) = set(found.values())
    assert "F01 2026-10, F02 2026-10，应为 village 2026-10, village_group 2026-10" in message
    assert "expected: village 2026-10, village_group 2026-10. It was not collected" in message


def test_a_report_that_is_listed_as_wanted_is_told_of_nothing(catalogue: Catalogue) -> None:
    item = Item("village/2026-10", (("village", OCTOBER),), "1")
    assert listed(catalogue, ("VILLAGE", "2026-10"), items=[item]) == {}
