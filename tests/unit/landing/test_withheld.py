"""A delivery withheld for personal data is kept nowhere, or apart for some days; no message names a person."""

from __future__ import annotations

import io
import os
import stat
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from qiangji import landing
from qiangji.catalogue.load import load
from qiangji.errors import PermanentError
from qiangji.lake import Lake
from qiangji.landing import withheld
from qiangji.parsing import cage, cage_clean
from qiangji.parsing.screening import find_beside
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.settings import Settings
from qiangji.sources import Fetched, Item
from tests.frozen import paths as frozen
from tests.hostile.files import book, county

ID, MOBILE = "11010519491231002X", "13800138000"
HOLDS = f"village_code,village_name,members\n440703101201,甲 {ID},1\n".encode()


@pytest.fixture(scope="module")
def catalogue() -> Any:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


def landed(
    catalogue: Any,
    home: Path,
    content: bytes = HOLDS,
    name: str = "a.csv",
    county: str = "440781",
    **how: Any,
) -> tuple[Any, str]:
    ledger: Any = SimpleNamespace(lake=Lake(home / "lake"))
    pipeline = Pipeline(Settings(home=home, **how), catalogue, ledger)
    fetched = Fetched(Item(name, (("village", Period.parse("2026-10")),), "1"), content, "csv")
    one = replace_county(catalogue, county)
    return landing.land(pipeline, one, fetched, "sha", "run"), landing.recorded(fetched.item).version


def replace_county(catalogue: Any, code: str = "440781") -> Any:
    return catalogue.counties[code].model_copy(update={"encoding": "utf-8"})


def test_by_default_nothing_of_it_is_kept(catalogue: Any, tmp_path: Path) -> None:
    delivery, _ = landed(catalogue, tmp_path)
    assert [p.reason_code for p in delivery.parts] == ["personal_data"]
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


@pytest.mark.parametrize("line", ["经办人 李雷", "制表　李雷", "复核（李雷）", "统计员：李雷", ",签发,李雷"])
def test_who_signed_below_the_table_is_kept_nowhere(catalogue: Any, tmp_path: Path, line: str) -> None:
    content = f"村编码,村名,党员数\n440781001201,甲村,1\n,,\n,{line}".encode()
    delivery, _ = landed(catalogue, tmp_path, content)
    assert [p.reason_code for p in delivery.parts] == ["personal_data"]
    assert "李雷" not in str(delivery)
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


@pytest.mark.parametrize("who", ["司前", "古井镇", "干部科", "江门"])
def test_an_office_or_a_unit_of_the_county_withholds_nothing(
    catalogue: Any, tmp_path: Path, who: str
) -> None:
    """司前 is a town of this county: its name alone would do for a person's."""
    assert "司前镇" in catalogue.org.names_in("440705")
    content = f"村编码,村名,党员数\n440705101201,甲村,1\n,填报：{who},\n".encode()
    delivery, _ = landed(catalogue, tmp_path, content, county="440705")
    assert [p.reason_code for p in delivery.parts] == [None]
    delivery, _ = landed(
        catalogue, tmp_path, content.replace(who.encode(), "林佩仪".encode()), county="440705"
    )
    assert [p.reason_code for p in delivery.parts] == ["personal_data"]


def test_what_is_too_much_to_look_through_goes_back_and_is_kept_nowhere(
    catalogue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scarce(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(
        cage_clean, "read_clean", lambda *_, **__: None
    )  # memory did not suffice in the reader either
    monkeypatch.setattr(landing, "find_everywhere", scarce)
    delivery, _ = landed(catalogue, tmp_path, HOLDS.replace(ID.encode(), b""))
    assert [(p.reason_code, p.sha256) for p in delivery.parts] == [("too_large", None)]
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []


def test_kept_bytes_lie_outside_the_lake_for_their_owner_alone(catalogue: Any, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        landed(catalogue, tmp_path, withheld="keep")
    finally:
        os.umask(old)
    (kept,) = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert kept.read_bytes() == HOLDS
    assert kept.parent == withheld.area(Settings(home=tmp_path))
    assert tmp_path / "lake" not in kept.parents
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_what_is_clean_is_not_kept_there(catalogue: Any, tmp_path: Path) -> None:
    landed(catalogue, tmp_path, HOLDS.replace(ID.encode(), b""), withheld="keep")
    assert not withheld.area(Settings(home=tmp_path)).exists()


def test_each_pull_removes_what_has_lain_too_long(catalogue: Any, tmp_path: Path) -> None:
    keep = Settings(home=tmp_path, withheld="keep", withheld_days=3)
    old, new = withheld.keep(keep, b"old"), withheld.keep(keep, b"new")
    assert old is not None
    assert new is not None
    days_ago = time.time() - 3.1 * 86_400
    os.utime(old, (days_ago, days_ago))
    no_ledger: Any = None
    list(landing.pull(Pipeline(keep, catalogue, no_ledger), [], [], "run"))
    assert (old.exists(), new.exists()) == (False, True)
    list(landing.pull(Pipeline(Settings(home=tmp_path), catalogue, no_ledger), [], [], "run"))
    assert not new.exists(), "where nothing is to be kept, what was kept before goes"


@pytest.mark.parametrize(
    "name", [f"村情{ID}.csv", f"{MOBILE[:3]}%20{MOBILE[3:7]}%20{MOBILE[7:]}.csv", "填报人：林佩仪.csv"]
)
def test_a_files_name_with_personal_data_is_not_recorded(name: str, catalogue: Any, tmp_path: Path) -> None:
    clean = HOLDS.replace(ID.encode(), b"")
    delivery, _ = landed(catalogue, tmp_path, clean, name)
    assert delivery.name == "village/2026-10 ***"
    (part,) = delivery.parts
    assert (part.reason_code, part.sha256) == ("personal_data", None)
    assert "file name" in part.message_en
    assert not (tmp_path / "lake" / "raw").exists()


def test_a_version_with_personal_data_is_not_recorded(catalogue: Any, tmp_path: Path) -> None:
    item = Item("a.csv", (("village", Period.parse("2026-10")),), f"by {MOBILE}")
    assert landing.recorded(item) == replace(item, version="")


def test_a_failure_that_quotes_a_county_says_no_number() -> None:
    outcome = landing.Pulled("440703")
    outcome.fail(
        None, None, PermanentError(f"/files/{MOBILE} is damaged", where="440703", code="bad_response")
    )
    ((_, _, error),) = outcome.failures
    assert MOBILE not in str(error)
    assert (error.code, type(error)) == ("bad_response", PermanentError)


def test_a_missing_sheets_message_masks_the_names_of_the_others(catalogue: Any, tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = f"表{MOBILE}"
    made.create_sheet("另一表")
    out = io.BytesIO()
    made.save(out)
    one = catalogue.counties["440784"]
    fetched = Fetched(Item("a.xlsx", (("village", Period.parse("2026-10")),)), out.getvalue(), "xlsx")
    (part,) = landing.screen(catalogue, Lake(tmp_path), one, fetched)
    assert (part.reason_code, part.sha256) == ("missing_sheet", None)
    assert part.message_zh
    assert part.message_en
    assert MOBILE not in part.message_zh + part.message_en
    assert "***" in part.message_zh


# --- texts beside a workbook's cells -------------------------------------------------------------


def beside(content: bytes) -> Any:
    return cage.read_sheets(content, "xlsx", county(), {"village": "行政村"}).beside


def with_member(content: bytes, name: str, data: bytes) -> bytes:
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def test_a_clean_workbook_has_nothing_beside_its_cells_and_nothing_hidden() -> None:
    found = beside(book())
    assert not found.is_opaque
    assert find_beside(found, {"行政村": "village"}) == []


def test_strings_of_cells_are_looked_at_where_they_stand() -> None:
    """A cell's text is looked at in its cell, as the sign-off zone may hold it, and not among the shared strings."""
    strings = f'<sst xmlns="http://x"><si><t>{MOBILE}</t></si><si><r><t>{ID[:9]}</t></r><r><t>{ID[9:]}</t></r></si></sst>'
    made = book([["编码", "党员数"], ["440703101201", MOBILE]])
    found = beside(with_member(made, "xl/sharedStrings.xml", strings.encode()))
    hits = find_beside(found, {"行政村": "village"})
    assert [(form, hit.address, hit.kind) for form, hit in hits] == [("", "!text", "resident_id")]


@pytest.mark.parametrize(
    "name",
    ["xl/media/image1.png", "xl/embeddings/oleObject1.bin", "xl/vbaProject.bin", "docProps/thumbnail.jpeg"],
)
def test_what_cannot_be_looked_into_is_said_to_be_there(name: str) -> None:
    assert beside(with_member(book(), name, b"\x89PNG\r\n")).is_opaque


def test_settings_of_a_printer_are_looked_into() -> None:
    at = "xl/printerSettings/printerSettings1.bin"
    found = beside(with_member(book(), at, b"\0\1" + f"PRN {MOBILE}".encode("utf-16-le")))
    assert not found.is_opaque
    assert len(find_beside(found, {})) == 1


def test_a_part_that_is_no_xml_is_not_passed_over() -> None:
    assert beside(with_member(book(), "customXml/item1.xml", b"<a><b></a>")).is_opaque
    drawing = f"<xml><div>tel<br>{MOBILE}</div></xml>".encode()
    found = beside(with_member(book(), "xl/drawings/vmlDrawing1.vml", drawing))
    assert not found.is_opaque
    assert len(find_beside(found, {})) == 1


def test_ids_of_programs_are_no_numbers_of_persons() -> None:
    guid = '<a uid="{AB12C138-0013-8000-9999-0123456789AB}" at="2026-10-13T13:45:00Z" id="4294967295"/>'
    assert (
        find_beside(beside(with_member(book(), "customXml/item1.xml", f"<x>{guid}</x>".encode())), {}) == []
    )


def test_comments_are_read_in_the_cage_and_named_by_their_cell() -> None:
    def comment(made: Any) -> None:
        made.active["B3"].comment = openpyxl.comments.Comment(f"请核对 {ID}", "x")

    found = beside(book(change=comment))
    hits = find_beside(found, {"行政村": "village"})
    form, hit = hits[0]
    assert (form, hit.address, hit.kind) == ("village", "行政村!B3 comment", "resident_id")
