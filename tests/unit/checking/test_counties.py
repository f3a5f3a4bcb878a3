"""A title that names another county: refused with the other's units, asked about with one's own, else nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import Checked, counties
from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, read_form, read_grids
from qiangji.parsing.facts import SheetFacts
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.unit.checking.reports import part_of

KAIPING, TAISHAN = "440783", "440781"
OCTOBER = Period.parse("2026-10")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(CATALOGUE, EXPECTATIONS)


def named(catalogue: Catalogue, *texts: str) -> str:
    return counties.other_county(texts, catalogue, catalogue.forms["village"], KAIPING, OCTOBER)


@pytest.mark.parametrize(
    "text",
    [
        "台山市行政村党建月报表（2026年10月）",
        "江门市台山市行政村党建月报表",
        "台 山 市 强基报表",
        "填报单位：台山市委组织部",
        "440781 台山市",
        "440781",
        "台山2026年10月行政村党建月报表",
        "江门台山行政村党建月报表",
        "新会区",
    ],
)
def test_another_county_is_told(catalogue: Catalogue, text: str) -> None:
    assert named(catalogue, text) == ("440705" if "新会" in text else TAISHAN)


@pytest.mark.parametrize(
    "texts",
    [
        ("行政村党建月报表（2026年10月）",),
        ("江门市行政村党建月报表", "单位：万元"),
        ("开平市行政村党建月报表",),
        ("江门市开平市行政村党建月报表", "440783 开平市"),
        ("开平市、台山市联合报表",),
        ("台山市行政村党建月报表", "填报单位：开平市"),
        ("开平2026年10月（样式同台山市）",),
        ("参照台山市样表填报",),
        ("抄送：台山市委组织部",),
        ("对口帮扶台山市情况",),
        ("台山市样表",),
        ("新会陈皮村情况表",),
        ("台城街道", "鹤山茶叶统计"),
        ("蓬江水库移民村", "江海一色村"),
        ("表号：强基02表　制表机关：中共江门市委组织部（示意）",),
        ("440783001",),
        ("4407810012",),
        (),
    ],
)
def test_honest_titles_are_left_alone(catalogue: Catalogue, texts: tuple[str, ...]) -> None:
    assert named(catalogue, *texts) == ""


def test_a_town_whose_name_has_another_countys_in_it(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = next(u for u in catalogue.org if u.level == "town")
    towns = [replace(town, name="台山市场镇")]
    monkeypatch.setattr(type(catalogue.org), "towns_of", lambda *_: towns)
    assert named(catalogue, "台山市场镇行政村党建月报表") == ""
    assert named(catalogue, "台山市场镇（台山市）行政村党建月报表") == TAISHAN


def checked(catalogue: Catalogue, title: str, of: list[str]) -> Checked:
    """A report of 开平 with rows of these counties, a village each."""
    form, county = catalogue.forms["village"], catalogue.counties[KAIPING]
    codes = {
        c: catalogue.org.expected_codes(OCTOBER, form.filled_in_by, c).to_pylist() for c in (KAIPING, TAISHAN)
    }
    head = ["village_code", *form.fields_in("2026-10")]
    lines = [",".join([codes[c][i], "1", *[""] * (len(head) - 2)]) for i, c in enumerate(of)]
    text = "\n".join([",".join(head), *lines]) + "\n"
    own = county.model_copy(update={"encoding": "utf-8"})
    parsed: Parsed = read_form(
        read_grids(text.encode(), "csv", own, ["village"])["village"], form, own, OCTOBER
    )
    part = part_of(KAIPING, "village")
    return Checked(replace(part, period="2026-10"), replace(parsed, sheet=SheetFacts(title_texts=(title,))))


def test_with_the_others_units_it_goes_back(catalogue: Catalogue) -> None:
    one = checked(catalogue, "台山市行政村党建月报表", [TAISHAN, TAISHAN, KAIPING])
    with pytest.raises(ReturnedError) as e:
        counties.hold_against_title(one, catalogue, catalogue.forms["village"])
    assert e.value.code == "wrong_county"
    assert "3行中有2行是台山市的单位" in e.value.zh
    assert "2 of 3 rows" in str(e.value)


def test_with_ones_own_units_it_is_asked_about(catalogue: Catalogue) -> None:
    one = checked(catalogue, "台山市行政村党建月报表", [KAIPING, KAIPING, TAISHAN])
    counties.hold_against_title(one, catalogue, catalogue.forms["village"])
    (finding,) = counties.findings(one, catalogue, catalogue.forms["village"])
    assert (finding.rule, finding.severity) == ("village.village_code.another_county", "warning")
    assert "是否误用了台山市的表" in finding.words.message_zh


def test_an_honest_report_is_asked_nothing(catalogue: Catalogue) -> None:
    one = checked(catalogue, "开平市行政村党建月报表", [TAISHAN, TAISHAN])
    counties.hold_against_title(one, catalogue, catalogue.forms["village"])
    assert list(counties.findings(one, catalogue, catalogue.forms["village"])) == []
