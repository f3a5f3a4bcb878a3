"""Names beside codes: which are held, which only warn, and what is no other name."""

from __future__ import annotations

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.checking import doubts, names
from qiangji.feedback.problems import problems_of
from qiangji.periods import Period
from tests.frozen.paths import CATALOGUE, EXPECTATIONS
from tests.golden import world
from tests.unit.checking.six_villages import VILLAGES, catalogue, codes, judged, rows_of, small

__all__ = ["catalogue", "small"]


def test_names_that_slipped_by_a_row_are_held(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([5] * 6, names=[*VILLAGES[1:], VILLAGES[0]]))
    assert codes(one) == ["names_of_other_units"]
    assert len(one.findings) == 6
    assert {f.rule for f in one.findings} == {"f.unit_code.another_name"}
    told = [p for p in problems_of(one, catalogue.forms["f"]) if p.row]
    assert [p.address for p in told] == [f"f!A{n}" for n in range(2, 8)]


def test_two_names_exchanged_only_warn(catalogue: Catalogue, small: world.World) -> None:
    one = judged(catalogue, small, rows_of([5] * 6, names=[VILLAGES[1], VILLAGES[0], *VILLAGES[2:]]))
    assert codes(one) == []
    assert [f.unit_code for f in one.findings] == [small.codes[v] for v in VILLAGES[:2]]
    assert all(set(f.fields) == {"income", "people"} for f in one.findings)  # none of its figures is unmarked


def test_other_ways_to_write_a_name_warn_nobody(catalogue: Catalogue, small: world.World) -> None:
    ways = ["永安村", "仁义村民委员会", "江咀村委", "司前镇奇榜村委会", "沙岗村（行政村）", "都 会"]
    one = judged(catalogue, small, rows_of([5] * 6, names=ways))
    assert (codes(one), one.findings) == ([], [])
    unknown = judged(catalogue, small, rows_of([5] * 6, names=["甲", "仁和", "", "第3村", "-", "新村"]))
    assert (codes(unknown), unknown.findings) == ([], [])


@pytest.mark.parametrize(
    "name",
    ["张三李四村", "石溪村委会", "村头", "欧阳建国", "山前里村民委员会"],
)
def test_a_name_unlike_any_of_the_unit_is_asked_about_and_not_shown(
    catalogue: Catalogue, small: world.World, name: str
) -> None:
    one = judged(catalogue, small, rows_of([5] * 6, names=[*VILLAGES[:4], name, VILLAGES[5]]))
    assert (codes(one), one.verdict) == ([], "accepted")
    (finding,) = one.findings
    assert (finding.rule, finding.severity, finding.fields) == ("f.unit_code.unlike_name", "warning", ())
    assert "沙岗村委会" in finding.words.message_zh
    assert "f!A6" in finding.words.message_en
    assert name not in repr(finding)


@pytest.mark.parametrize(
    "name",
    ["永", "永安", "永安里", "安永", "新会區司前鎮永安村", "永安党支部", "村委会", "本村", "同上", "1", "Yong'an",
     "永安（原光明）", "榮華富貴", "大滘村委会", "光明村"],
)  # fmt: skip
def test_other_spellings_former_names_and_what_is_no_name_are_not_asked_about(
    catalogue: Catalogue, small: world.World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = {small.codes[VILLAGES[0]]: frozenset({"光明"})}
    monkeypatch.setattr(names, "_former", lambda _: former)
    one = judged(catalogue, small, rows_of([5] * 6, names=[name, *VILLAGES[1:]]))
    assert one.findings == []


def test_a_county_that_calls_its_villages_otherwise_is_asked_once(
    catalogue: Catalogue, small: world.World
) -> None:
    one = judged(catalogue, small, rows_of([5] * 6, names=[f"别称{c}" for c in "子丑寅卯辰巳"]))
    assert [f.words.value for f in one.findings] == ["6"]
    assert codes(one) == []


def test_a_group_may_be_called_as_some_village(catalogue: Catalogue, small: world.World) -> None:
    code = small.codes[VILLAGES[0]]
    rows = [
        (f"{code}0{i}", name, 1) for i, name in enumerate(["仁义", "仁义村民小组", "仁义村委会", "一组"], 1)
    ]
    one = judged(catalogue, small, rows, form="g")
    assert [f.unit_code for f in one.findings] == [f"{code}03"]


@pytest.mark.parametrize(("by", "told", "held"), [(1, 12, True), (0, 0, False)])
def test_names_of_tasks_that_slipped_are_held(by: int, told: int, held: bool) -> None:
    """Tasks have the names of the form's list; in other words a name says nothing."""
    catalogue = load(CATALOGUE, EXPECTATIONS)
    form = catalogue.forms["county_milestones"]
    listed = [serial.name.zh for serial in form.serials.values()]
    said = [*listed[by:], *listed[:by]]
    rows = [names.Named(f"440781-{code}", f"{name}。") for code, name in zip(form.serials, said, strict=True)]
    found, _ = names.look(
        catalogue, form, [*rows, names.Named("440781-01", "其他")], Period.parse("2026Q3"), "440781"
    )
    assert len(found) == told
    assert bool(list(doubts._of_names(found, 12))) == held
    assert not found or (found[0].unit_code, found[0].words.value) == ("440781-01", "440781-02")
