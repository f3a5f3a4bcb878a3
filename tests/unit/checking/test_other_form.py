"""A title that is another form's: the report goes back; its own title, and words around another's, say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked, other_form
from qiangji.errors import ReturnedError
from qiangji.parsing.facts import SheetFacts
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.test_counties import checked

KAIPING = "440783"
PLACES = ("江门市", "开平市")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (("社区党建月报表",), "community"),
        (("社区党建月报表（2026年10月）",), "community"),
        (("2026年10月社区党建月报表", "单位：万元"), "community"),
        (("二〇二六年十月份社区党建月报表",), "community"),
        (("附件2：江门市开平市 社区 党建月报表",), "community"),
        (("开平市“两企三新”党建季报表",), "county_emerging"),
        (("行政村党建月报表", "社区党建月报表"), ""),
        (("行政村党建月报表（2026年10月）",), ""),
        (("社区党建月报表填报说明",), ""),
        (("社区",), ""),
        (("党建月报表",), ""),
        (("行政村、社区党建月报表",), ""),
        ((), ""),
    ],
)
def test_the_form_that_a_title_names(catalogue: Catalogue, texts: tuple[str, ...], form: str) -> None:
    assert other_form.other_form(texts, catalogue, catalogue.forms["village"], PLACES) == form


def test_no_form_takes_its_own_title_for_anothers(catalogue: Catalogue) -> None:
    for form in catalogue.forms.values():
        assert other_form.other_form((form.title.zh,), catalogue, form) == ""


def held(catalogue: Catalogue, sheet: SheetFacts) -> None:
    one: Checked = checked(catalogue, "", [KAIPING])
    assert one.parsed is not None
    one.parsed = replace(one.parsed, sheet=sheet)
    other_form.hold_against_title(one, catalogue, catalogue.forms["village"])


@pytest.mark.parametrize(
    "sheet",
    [SheetFacts(title_texts=("开平市社区党建月报表（2026-10）",)), SheetFacts(sheet="社区党建月报表")],
)
def test_a_report_under_another_forms_title_goes_back(catalogue: Catalogue, sheet: SheetFacts) -> None:
    with pytest.raises(ReturnedError) as e:
        held(catalogue, sheet)
    assert e.value.code == "wrong_form"
    assert "“社区党建月报表”，应为“行政村党建月报表”" in e.value.zh
    held(catalogue, replace(sheet, title_texts=(*sheet.title_texts, "行政村党建月报表")))
