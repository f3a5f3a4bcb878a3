"""Cells merged above headers: those that only group, and those that may change what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from qiangji.catalogue.load import load
from qiangji.checking.above import other_above
from qiangji.periods import Period
from simulator import headers

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = load(ROOT / "catalogue", ROOT / "expectations")
FORMS = CATALOGUE.forms
MEMBERS = (
    "party_members",
    "members_probationary",
    "members_women",
    "members_under_35",
    "members_away",
)
INCOME = ("collective_income", "operating_income", "group_income")


def _words(text: str) -> list[str]:
    return text.split()


def asked(form: str, above: dict[str, str]) -> list[str]:
    """What is asked about, once each. `above`: field -> the cells above its header, a comma between them."""
    period = Period.parse("2026-10" if FORMS[form].period_type == "month" else "2026Q3")
    texts = {name: (above.get(name, ""), each.label.zh) for name, each in FORMS[form].fields.items()}
    return sorted({one.said for one in other_above(texts, FORMS[form], period)})


@pytest.mark.parametrize(
    "said",
    _words(
        """
        转出 转入 本月转入 新发展 死亡 缺口 不含预备 正式 流动 困难党员 更正前 修正前 原数 核减 社区 村民小组 镇级 企业
        应有 未 除外 预备党员 女党员 发展党员 转出党员 35岁以下
        """
    ),
)
def test_words_above_members_that_nobody_can_hold_against_them(said: str) -> None:
    assert asked("village", dict.fromkeys(MEMBERS, said)) == [said]
    assert asked("village", {"party_members": said}) == [said]
    assert asked("village", {"party_members": f"党员情况,{said}"}) == [said]
    assert asked("village", {"party_members": f"党员情况({said})"}) == [said]


@pytest.mark.parametrize(
    "said",
    _words("未收 应收未收 欠收 利润 净 差额 合同 结转 税后 平均每村 减少 镇级 净增 组级收入 村民小组"),
)
def test_words_above_income_that_nobody_can_hold_against_it(said: str) -> None:
    assert asked("village", dict.fromkeys(INCOME, said)) == [said]


@pytest.mark.parametrize("form", FORMS)
def test_what_groups_the_columns_of_a_form(form: str) -> None:
    """The groups of a county, the form's title, the plan's aspects, words for any column, times, units, numbers."""
    assert asked(form, headers.parents("440705", form)) == []
    title = FORMS[form].title.zh
    texts = [title, f"新会区{title}", f"{title}（2026年10月）", *(a.name.zh for a in CATALOGUE.plan.aspects)]
    texts += _words(
        """
        基本情况 党建情况 一、组织建设 二、党建工作 集体经济 其中 其中： 指标 填报项 单位：个 主要指标 10月末 完成情况
        （必填） 数据 A、基本情况 第一部分基本情况 基本信息 各项指标 填报内容 填报单位：新会区 报告期：2026年10月 村 1 ①
        党员情况PartyMembers 本年（1-10月） 人居环境整治 乡村振兴
        """
    )

    for text in texts:
        assert asked(form, dict.fromkeys(FORMS[form].fields, text)) == [], text


@pytest.mark.parametrize("form", FORMS)
def test_a_field_s_own_wordings_above_it(form: str) -> None:
    for name, each in FORMS[form].fields.items():
        notes = [each.note.zh] if each.note else []
        for text in (each.label.zh, *each.headers, *notes):
            assert asked(form, {name: text}) == [], text


@pytest.mark.parametrize(
    ("form", "above"),
    [
        ("village", "党员人数：党员 村级集体总收入：集体经济 强村公司：经营 镇村联营：联营"),
        ("village", "党员人数：党员队伍 书记档次：村书记 村级集体总收入：经济 镇村联营：项目"),
        ("village", "村级集体总收入：经营收入"),
        (
            "village_group",
            "户籍户数：户籍 现任村民小组长数：村民小组长 党组织设置：党建 重大事项决策数：重大事项",
        ),
        (
            "village_group",
            "户籍户数：基本情况 现任村民小组长数：负责人 党组织设置：组织 重大事项决策数：决策",
        ),
        ("community", "物业项目：物业 网格数：网格 专职网格员：网格员 社区工作者：社工"),
        ("community", "社区工作者：人员"),
        ("town_training", "应训党员数：应训 应训村民小组长数：组长 应训年轻干部数：年轻干部"),
        ("county_secretaries", "村书记职数：职数 在职村书记数：书记 招聘为事业编制人数：发展"),
        ("county_secretaries", "招聘为事业编制人数：成长"),
        (
            "county_emerging",
            "应建党组织非公企业数：非公企业 行业党委工作人员数：人员 年初未解决困难件数：困难",
        ),
        ("town_overseas", "侨村数：侨村 “侨支书”数：书记 “侨村长”数：村长 侨企助村资金：资金"),
    ],
)
def test_groups_that_counties_write(form: str, above: str) -> None:
    """A cell covers the columns to its right, up to the next one, where nothing is merged."""
    starts = dict(each.split("：") for each in above.split())
    now, texts = "", dict[str, str]()
    for name, each in FORMS[form].fields.items():
        texts[name] = now = starts.get(each.label.zh, now)
    assert asked(form, texts) == []


def test_a_person_above_a_column_is_not_quoted() -> None:
    assert asked("village", {"party_members": "林佩仪"}) == ["(3 字 characters)"]


def test_what_is_asked_about_elsewhere_is_asked_about_once() -> None:
    for text in ("上月", "年初", "计划", "单位：元", "人均", "占比"):
        assert asked("village", dict.fromkeys(INCOME, text)) == []
