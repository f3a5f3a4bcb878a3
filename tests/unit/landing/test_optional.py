"""A form that is optional as yet: a county without it loses nothing and is red nowhere."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from qiangji import landing
from qiangji.catalogue.load import Catalogue, load
from qiangji.errors import PermanentError
from qiangji.lake import Lake
from qiangji.ledger import Known
from qiangji.periods import Period
from qiangji.settings import Settings
from qiangji.sources import Fetched, Item
from tests.frozen import paths as frozen

OCTOBER, NOVEMBER = Period.parse("2026-10"), Period.parse("2026-11")
NEW = "town_service"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """`town_service` is asked for since October, and required from November on."""
    read = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    form = read.forms[NEW].model_copy(update={"since": "2026-10", "optional_until": "2026-10"})
    return replace(read, forms={**read.forms, NEW: form})


def workbook(*sheets: str) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for title in sheets:
        sheet = book.create_sheet(title)
        sheet.append(["村编码", "党员数"])
        sheet.append(["440784100201", 1])
    del book["Sheet"]
    book.save(sink)
    return sink.getvalue()


def parts(catalogue: Catalogue, folder: Path, period: Period, forms: list[str], *sheets: str) -> list[str]:
    item = Item(f"{period}.xlsx", tuple((form, period) for form in forms), "1")
    fetched = Fetched(item, workbook(*sheets), "xlsx")
    found = landing.screen(catalogue, Lake(folder / "lake"), catalogue.counties["440784"], fetched)
    return [p.form for p in found]


def test_a_workbook_of_all_forms_need_not_have_its_sheet(catalogue: Catalogue, tmp_path: Path) -> None:
    sheets = ("行政村", "社区")
    assert parts(catalogue, tmp_path, OCTOBER, ["village", NEW], *sheets) == ["village"]
    assert parts(catalogue, tmp_path, NOVEMBER, ["village", NEW], *sheets) == ["village", NEW], (
        "required by then"
    )
    assert parts(catalogue, tmp_path, OCTOBER, ["village", NEW], "镇街联系服务", *sheets) == ["village", NEW]
    assert parts(catalogue, tmp_path, OCTOBER, ["village", "community"], "行政村", "镇街联系服务") == [
        "village",
        "community",
    ]


def test_a_workbook_of_that_form_alone_goes_back(catalogue: Catalogue, tmp_path: Path) -> None:
    """A sheet under another name is not taken for a form that nobody sent."""
    assert parts(catalogue, tmp_path, OCTOBER, [NEW], "行政村", "社区") == [NEW]


def test_a_system_that_has_it_not_is_no_failure(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Source:
        others: tuple[Any, ...] = ()

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def list(self, wanted: Any) -> list[Item]:
            return [Item(f"{form}/{period}", ((form, period),), "") for form, period in wanted if form == NEW]

        def fetch(self, item: Item) -> Fetched:
            raise PermanentError("not there", code="not_found")

    monkeypatch.setattr(landing, "open_source", lambda *_: Source())
    pipeline: Any = SimpleNamespace(
        settings=Settings(home=tmp_path), catalogue=catalogue,
        ledger=SimpleNamespace(lake=Lake(tmp_path / "lake")),
    )  # fmt: skip
    pulled = landing.Pulled("440703")
    list(landing._fetch(pipeline, catalogue.counties["440703"], [OCTOBER, NOVEMBER], Known(), pulled))
    assert [(form, str(period)) for form, period, _ in pulled.failures] == [(NEW, "2026-11")]
