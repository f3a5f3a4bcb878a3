"""What the city is told of a morning, and where it is led to."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from qiangji.board import state
from qiangji.board.pages import PAGES
from qiangji.figures.deciding import Open, Waiting
from qiangji.letters.city import city
from qiangji.letters.document import Letter
from qiangji.letters.situation import Situation
from tests.unit.letters.made import EN, NAMES, SECRET, ZH, A, B, C, busy, of_county, row, situation


def test_the_city_hears_of_such_a_file_and_not_its_name(catalogue: Any) -> None:
    both = "见到文件 李雷.xlsx，未采集。 Seen: 李雷.xlsx"
    waits = Waiting(
        "not_taken", "未采用 蓬江区 village 2026-10", "not taken: other_name", "qiangji status", both, both
    )
    letter = city(situation(waiting=(waits,)), catalogue, ZH)
    assert letter is not None
    assert "未采用 蓬江区" in letter.text
    assert "李雷" not in letter.text + letter.html + letter.brief


def test_the_city_is_told_everything(catalogue: Any) -> None:
    letter = city(busy(), catalogue, ZH, untold={B: "没有可用的连接"})
    assert letter is not None
    assert letter.subject == "强基晨报 2026-11-05：逾期2、退回1、待审1"
    for said in (
        "采到3个", "蓬江区", "江海区", "2 (27)", "qiangji release", "是否以元填报？", "重报", "41.37 P", "5/7",
        "目标（示意）", "目标值均为示意", "2026-08有1个指标值变化", "已锁定：2026-08", "江海区: 没有可用的连接",
    ):  # fmt: skip
        assert said in letter.text, said
    assert "— Q" in letter.text, "a hidden figure has no value"
    assert "入户率 蓬江区 2026-10: 主要因江海区自身水平下降 -1.20" in letter.text
    english = city(busy(), catalogue, EN)
    assert english is not None
    assert "Visits 蓬江区 2026-10: mainly 江海区's own rate down -1.20" in english.text
    assert city(situation(night=None), catalogue, ZH) is None


def test_the_city_hears_which_reports_are_late_or_went_back_and_why(catalogue: Any) -> None:
    late = [Open("late", A, NAMES[A], "village", "行政村", "Villages", f"2026-0{n}", n) for n in range(1, 9)]
    why = f"如C7：{SECRET}"
    back = Open(
        "returned",
        C,
        NAMES[C],
        "village",
        "行政村",
        "Villages",
        "2026-10",
        0,
        "no_rows",
        "只有表头",
        "no rows",
        why,
        why,
    )
    s = situation(open_reports=(*late, back))
    zh, en = (city(s, catalogue, w) for w in (ZH, EN))
    assert zh is not None
    assert en is not None
    assert "逾期 蓬江区：行政村 2026-01（1天）；" in zh.text
    assert "等8份" in zh.text
    assert f"只有表头：{NAMES[C]} 行政村 2026-10" in zh.text
    assert f"no rows: {NAMES[C]} Villages 2026-10" in en.text
    assert SECRET not in zh.text + en.text, "a message may quote what stood there"
    linked = city(s, catalogue, EN, "https://air.example.cn")
    assert linked is not None
    assert f"https://air.example.cn/qiangji/board/county?lang=en&county={A}" in links_of(linked)


def test_a_well_night_is_told_too(catalogue: Any) -> None:
    letter = city(situation(row(A, "village", "accepted")), catalogue, EN)
    assert letter is not None
    assert "every county is well" in letter.subject
    assert "Nothing waits for a decision." in letter.text


def after_a_night(s: Situation, **night: Any) -> Situation:
    """The same, after such a night."""
    assert s.morning.night is not None
    own = dataclasses.replace(s.morning.night, **night)
    return dataclasses.replace(s, morning=dataclasses.replace(s.morning, night=own))


def test_a_county_that_was_not_reached_turns_it_red(catalogue: Any) -> None:
    s = situation(counties=(of_county(A, is_reached=False, reason_code="unreachable"),))
    s = after_a_night(s, lost=((A, NAMES[A], "unreachable"),))
    letter = city(s, catalogue, ZH)
    assert letter is not None
    assert "未采到1" in letter.subject
    assert "蓬江区（连不上" in letter.text
    assert "✗" in letter.html


def test_a_night_that_did_not_run_is_told_first(catalogue: Any) -> None:
    s = situation()
    s = after_a_night(s, missed_at=s.morning.at)
    zh, en = (city(s, catalogue, w) for w in (ZH, EN))
    assert zh is not None
    assert en is not None
    assert zh.subject == "强基晨报 2026-11-05：夜间采集未运行"
    assert "应于2026-11-05 08:30开始的夜间采集没有运行。" in zh.text
    assert "no night ran" in en.subject


def test_links_lead_to_the_settings_address_and_nowhere_without_one(catalogue: Any) -> None:
    without, with_url = (city(busy(), catalogue, EN, url) for url in ("", "https://air.example.cn/base/"))
    assert without is not None
    assert with_url is not None
    assert "http" not in without.text + without.html
    board = "https://air.example.cn/base/qiangji/board/"
    assert set(links_of(with_url)) == {
        "https://air.example.cn/base/", "https://air.example.cn/base/qiangji/feedback/", f"{board}?lang=en",
        f"{board}today?lang=en", f"{board}reporting?lang=en",
    }  # fmt: skip
    assert all(link in with_url.text for link in links_of(with_url)), "both texts lead to the same places"


def links_of(letter: Letter) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]*)"', letter.html)]


@pytest.mark.parametrize("what", ["held", "not_taken", "few_units", "stale_correction", "findings"])
def test_what_waits_leads_to_the_page_of_the_board_that_shows_it(catalogue: Any, what: str) -> None:
    """Each address is one that the board takes."""
    one = Waiting(what, "等待", "waits", "", county_code=C, form="village", period="2026-10")
    letter = city(situation(waiting=(one,)), catalogue, ZH, "https://air.example.cn")
    assert letter is not None
    board = [urlsplit(link) for link in links_of(letter) if "/board/" in link]
    pages = [link.path.removeprefix("/qiangji/board/") for link in board]
    states = [
        state.parse(page, parse_qsl(link.query), "", "Asia/Shanghai")
        for page, link in zip(pages, board, strict=True)
    ]
    assert set(pages) <= PAGES.keys()
    assert {one.lang for one in states} == {"zh"}
    page, county_code = {"held": ("today", ""), "findings": ("quality", "")}.get(what, ("county", C))
    assert (states[0].page, states[0].get("county")) == (page, county_code)


def test_things_that_wait_on_one_page_name_it_once(catalogue: Any) -> None:
    held = [Waiting("held", f"待审{i}", "held", f"qiangji release d{i}") for i in range(3)]
    letter = city(
        situation(waiting=(*held, Waiting("unbuilt", "x", "x", ""))), catalogue, ZH, "https://a.example"
    )
    assert letter is not None
    waiting = letter.text.partition("【等待处理")[2].partition("【")[0]
    assert waiting.count("/board/today") == 1
    assert waiting.index("待审2") < waiting.index("/board/today") < waiting.index("dags/build_indicators")


def test_collections_after_the_night_are_told(catalogue: Any) -> None:
    """What moved counts what they brought, so that the night's deliveries alone would not explain it."""
    s = situation()
    later = after_a_night(s, later_runs=3, later_deliveries=119)
    for w, said in ((ZH, "此后又采集3次，新来件119。"), (EN, "3 later collections, 119 new deliveries.")):
        before, after = city(s, catalogue, w), city(later, catalogue, w)
        assert before is not None
        assert after is not None
        assert said not in before.text
        assert said in after.text
