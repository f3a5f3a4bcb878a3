"""The morning in a terminal: whole at any width, what is wrong first, and one screen even for a nation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from qiangji.cli.printing_morning import COUNTIES_SHOWN, MOVES_SHOWN
from qiangji.cli.printing_open import RARE_LINES, REASONS_SHOWN
from qiangji.cli.printing_waiting import HELD_SHOWN, _one_command
from qiangji.figures.deciding import Open, Waiting
from qiangji.figures.morning import Moves
from tests.unit.cli.mornings import AT, MOVE, NAMES, back, busy, county, late, morning, shown


def test_what_went_back_since_the_night_is_marked_and_told_in_both_languages() -> None:
    new = replace(back("江海区", "村表"), is_new=True)
    one = replace(morning([county("440704", returned=2)]), open_reports=(back("江海区", "组表"), new))
    text, full = shown(one), shown(one, 120, is_all=True)
    assert "昨夜以来新增 new since the night: 1" in text
    assert "村表 2026-10 新 new" in text
    assert "组表 2026-10 新" not in text
    assert full.count("江海区 lacks a column") == full.count("江海区缺列“户数”") == 2
    news = tuple(replace(new, form=f"f{i}") for i in range(4))
    assert "• 缺少报表的列 missing_column 5份，新 new 4：" in shown(
        replace(one, open_reports=(back("江海区", "组表"), *news))
    )
    assert "• 缺少报表的列 missing_column 4份：" in shown(replace(one, open_reports=news)), (
        "all are, as is told above"
    )


def test_a_red_night_says_who_was_not_reached_and_why() -> None:
    bad = county("440704", is_reached=False, reason_code="login_refused")
    text = shown(morning([county("440703"), bad], (("440704", "江海区", "login_refused"),)))
    assert "2个县（市、区）采到1个" in text
    assert "1分15秒" in text
    assert "1 min 15 s" in text
    assert "未采到 not reached: 江海区 拒绝登录" in text
    assert text.startswith("● 异常 red ")
    assert "✗ 县440704" in text
    assert "无事 nothing to do: 县440703" in text


def test_what_another_run_of_the_day_did_is_told_beside_the_night() -> None:
    found = morning([county("440703", is_reached=False, reason_code="timeout")])
    assert found.night is not None
    one = (("440703", "蓬江区", "login_refused"),)
    text = shown(replace(found, night=replace(found.night, lost_else=one, reached_since=("江海区",))))
    assert "另一次采集失败 another run failed: 蓬江区 拒绝登录" in text
    assert "此后已采到 reached since: 江海区" in text
    assert "✗ 县440703" in text
    assert "✓ " not in text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_nothing_is_cut_at_any_width(width: int) -> None:
    counties = [
        county(f"44070{i}", late=i, late_days=44, returned=i, withheld=1, held=2, rows_sent_back=1234)
        for i in range(3)
    ]
    text = shown(morning(counties, waiting=2), width)
    assert "…" not in text.replace('"…"', "")
    for part in ("1,234", "2 (44天)", "qiangji release d1 ", "41.50", "+1.50", "2026-09"):
        assert part in text, part
    assert all(f"县44070{i}" in text for i in range(3))


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
def test_a_nation_s_morning_is_one_screen_and_begins_with_the_worst() -> None:
    counties = [county(f"{i:06d}", returned=i % 7) for i in range(2967)]
    counties[2900] = county("999999", is_reached=False, reason_code="timeout")
    text = shown(morning(counties, waiting=50))
    assert len(text.splitlines()) < 70
    assert text.index("县999999") < text.index("县000006")
    assert text.count("✓ 县") == COUNTIES_SHOWN - 1
    assert f"其余 the other {50 - HELD_SHOWN}: " in text
    assert shown(morning(counties), is_all=True).count("✓ 县") == 2966


def test_what_is_held_is_a_line_each_with_its_delivery_and_one_command() -> None:
    found = morning([county("440703")], waiting=HELD_SHOWN + 2)
    text = shown(found, 80)
    assert text.count("qiangji release") == 1
    assert f"待审 {HELD_SHOWN + 2}份 held, 放行或作废 release or void → " in text
    assert 'qiangji release ID --reason "…"\n' in text, "the command stands last"
    assert "  d0 县 表0 2026-10 整列未填\n" in text
    assert f"其余 the other 2: 县440703 d{HELD_SHOWN} 县440703 d{HELD_SHOWN + 1} (--all)" in text
    assert "  d0 县 表0 2026-10 blank_column" not in text
    long_ = tuple(replace(one, brief_zh="整" * 40) for one in found.waiting)
    narrow = [line.rstrip() for line in shown(replace(found, waiting=long_), 80).splitlines()]
    at = narrow.index("  d0 县 表0 2026-10")
    assert narrow[at + 1 : at + 3] == ["    " + "整" * 38, "    整整"], "in words, beneath"
    assert not any("blank_column" in line for line in narrow)
    assert shown(found, is_all=True).count("qiangji release d") == HELD_SHOWN + 2


def test_what_waits_in_many_counties_is_one_thing_with_one_command() -> None:
    waits = tuple(
        Waiting(
            "hand_over",
            f"线下转交县{c}",
            f"hand over to {c}",
            "",
            county_code=c,
            count=14,
            page="qiangji/feedback/",
        )
        for c in ("440703", "440704", "440705")
    )
    text = shown(replace(morning([county(w.county_code) for w in waits]), waiting=waits))
    assert "• 线下转交退回工作簿 42个：县440703 14、县440704 14、县440705 14 hand over\n" in text
    assert "  Airflow页面 page: qiangji/feedback/\n" in text
    stale = tuple(
        replace(
            w, what="stale_correction", command=f"qiangji status --county {w.county_code}", count=1, page=""
        )
        for w in waits
    )
    text = shown(replace(morning([county(w.county_code) for w in waits]), waiting=stale))
    assert "  qiangji status --county ID\n  ID: 440703 440704 440705\n" in text
    assert _one_command(["a 1 x", "b 2 x"]) == ("a 1 x\nb 2 x", "")
    assert _one_command(["a 1", "a 1 2"]) == ("a 1\na 1 2", "")
    assert _one_command(["a 1", "a 1"]) == ("a 1", "")
    assert _one_command(["a 1 x", "a 2 x"]) == ("a ID x", "1 2")


def test_a_command_ends_its_line_and_no_text_follows_it() -> None:
    one = Waiting("unbuilt", "2026-08有新报送未计算", "2026-08: not in the figures", "qiangji build")
    for width in (50, 100):
        text = shown(replace(morning([county("440703")]), waiting=(one,)), width)
        (line,) = [line for line in text.splitlines() if "qiangji build" in line]
        assert line.endswith("qiangji build")


def test_reports_of_one_delivery_are_named_by_form() -> None:
    found = morning([county("440703")], waiting=HELD_SHOWN + 2)
    waits = tuple(replace(one, argument=f"d --form f{i}") for i, one in enumerate(found.waiting))
    waits = (replace(waits[0], command='qiangji release d --form f0 --reason "…"', beside=("e",)), *waits[1:])
    waits = (*waits[:1], replace(waits[1], counts="c9"), *waits[2:])
    text = shown(replace(found, waiting=waits))
    assert "    已计入 counts: c9：放行则取代，作废则不变" in text
    assert 'qiangji release ID --reason "…"\n' in text
    assert "  d --form f1 县 表1 2026-10 整列未填\n" in text
    assert "    或 or e：放行一份，作废另一份" in text
    assert f"县440703 d --form f{HELD_SHOWN} 县440703 d --form f{HELD_SHOWN + 1} (--all)" in text


def test_reports_of_few_units_are_one_line() -> None:
    waits = tuple(
        Waiting(
            "few_units", f"应报单位不足 县 表{i}：{i}/15", f"{i} of 15 units", "qiangji status --county 440703",
            county_code="440703", about=f"县 表{i} 2026-10", brief_zh=f"{i}/15",
        )
        for i in range(12)
    )  # fmt: skip
    text = shown(replace(morning([county("440703")]), waiting=waits[:3]))
    command = "qiangji status --county COUNTY\n"
    assert f"• 应报单位不足 3份：县440703 0/15 1/15 2/15 units missing → {command}" in text
    text = shown(replace(morning([county("440703")]), waiting=waits), 80)
    assert f"• 应报单位不足 12份：县440703 12 → {command}" in text, "in numbers, where shares have no room"
    narrow = shown(replace(morning([county("440703")]), waiting=waits), 40)
    assert f"• 应报单位不足 12份：县440703 12\n  {command}" in narrow


def test_who_is_late_and_what_went_back_and_why_are_told_in_a_line_each() -> None:
    reports = [late("江海区", f"表{i}", 20 + i) for i in range(5)]
    reports += [back("新会区", f"表{i}") for i in range(2)] + [back("台山市", "表9", "no_rows")]
    found = replace(morning([county("440703")]), open_reports=tuple(reports))
    text = shown(found, 160)
    assert "逾期未报 5份 Late：2026-10 (20–24天) 江海区：表0、表1等5种报表 forms\n" in text
    assert "退回、扣留 3份及原因" in text
    assert "• 缺少报表的列 missing_column：新会区 表0 2026-10、新会区 表1 2026-10" in text
    assert "新会区缺列“户数”" not in text
    whole = shown(found, 160, is_all=True)
    assert whole.count("新会区缺列“户数”") == 2
    assert "表4 2026-10 (24天)" in whole


def test_counties_that_lack_the_same_are_told_together() -> None:
    def lacks(code: str, name: str, *forms: str) -> list[Open]:
        return [replace(late(name, form, 7), county_code=code) for form in forms]

    reports = (
        lacks("1", "江海区", "表0", "表1") + lacks("2", "新会区", "表1", "表0") + lacks("3", "台山市", "表1")
    )
    text = shown(replace(morning([county("440703")]), open_reports=tuple(reports)), 160)
    assert "逾期未报 5份" in text
    assert "• 2026-10 (7天) 江海区、新会区：表0、表1\n" in text
    assert "• 2026-10 (7天) 台山市：表1\n" in text
    nation = [one for i in range(3000) for one in lacks(str(i), f"县{i}", "表0")]
    text = shown(replace(morning([county("440703")]), open_reports=tuple(nation)), 160)
    assert "逾期未报 3000份 Late：2026-10 (7天) 县0、县1等3000县 counties：表0\n" in text


def test_of_rare_reasons_it_is_told_who_has_them() -> None:
    found = tuple(back("新会区", "表", f"code_{i}") for i in range(40))
    found = tuple(replace(one, brief_zh=f"原因{i}号") for i, one in enumerate(found))
    for width in (40, 80, 160):
        text = shown(replace(morning([county("440703")]), open_reports=found), width)
        told = text[text.index("• 其他 others 40份：") : text.index("没有等待决定")]
        assert len(told.splitlines()) <= RARE_LINES, width
        rare = "".join(told.split())
        assert rare.startswith("•其他others40份：原因0号新会区；原因1号新会区；")
        assert rare.endswith("…共40种kinds(--all)") is (width < 160), "or all of them"
    few = "".join(shown(replace(morning([county("440703")]), open_reports=found[:12]), 160).split())
    assert all(f"原因{i}号" in few for i in range(12)), "none is left out where all have room"
    assert "12份" in few
    assert "种kinds" not in few
    common = replace(morning([county("440703")]), open_reports=(*found[:12], *[found[3]] * 2))
    assert "• 原因3号 code_3 3份：新会区3 (2026-10)\n• 其他 others 11份：" in shown(common, 160)
    each = shown(replace(common, open_reports=found[:REASONS_SHOWN]), 160)
    assert each.count("：新会区 表 2026-10\n") == REASONS_SHOWN, "of few reasons each has its line"


def test_a_code_gives_way_where_a_line_has_no_room() -> None:
    one = replace(
        back("新会区", "村民小组基本情况月报表", "duplicate_cell"), brief_zh="工作簿中同一单元格出现两次"
    )
    found = replace(morning([county("440703")]), open_reports=(one,))
    assert "• 工作簿中同一单元格出现两次：新会区 村民小组基本情况月报表 2026-10\n" in shown(found, 80)
    assert "两次 duplicate_cell：" in shown(found, 100)
    two = replace(one, county_name="江海区")
    counted = "• 工作簿中同一单元格出现两次 2份：新会区、江海区 (2026-10)\n"
    assert counted in shown(replace(found, open_reports=(one, two)), 80), "whose, where forms have no room"


def test_contacts_are_a_column_or_a_line_or_in_the_whole() -> None:
    bad = county("440704", returned=1, contact_zh="江海区委组织部")
    for width in (80, 100):
        text = shown(morning([bad]), width)
        assert any(line.startswith("县") and line.rstrip().endswith("联系") for line in text.splitlines())
        assert "江海区委组织部\n" in text
    assert "联系 contacts: 江海区委组织部" in shown(morning([bad]), 36)
    many = [county(f"44070{i}", returned=1, contact_zh="江海区委组织部组织二科" * 3) for i in range(5)]
    assert "联系 contacts: --all" in shown(morning(many), 80)
    few = "".join(shown(morning(many[:2]), 80).split())
    assert f"联系contacts:{'江海区委组织部组织二科' * 6}" in few, "whole, where a few lines take them"
    assert "".join(shown(morning(many), 80, is_all=True).split()).count("组织二科") == 15


@pytest.mark.parametrize("width", [80, 100, 160])
def test_headings_are_in_both_languages(width: int) -> None:
    busy: dict[str, Any] = dict.fromkeys(
        ("awaited", "late", "late_days", "returned", "withheld", "held", "rows_sent_back", "feedback_sent"), 4
    )
    text = shown(morning([county("440704", to_hand_over=1, contact_zh="县委组织部", **busy)]), width)
    for zh, en in (
        ("待报", "awaited"),
        ("退回记录", "rows back"),
        ("最新有效期", "latest good"),
        ("待转交", "by hand"),
    ):
        assert zh in text
        assert en in text
    assert text.count("县440704") == 1, "one block"


def test_what_is_due_next_is_told_where_nothing_is_soon() -> None:
    found = morning([county("440703")])
    text = shown(replace(found, ahead=(), then=found.ahead))
    assert "近五个工作日没有到期的报表" in text
    assert "12-05 截止 due 2026-11，未收齐的县 counties to come 8/8：行政村党建月报表" in text


def test_of_what_is_all_in_that_is_told() -> None:
    found = morning([county("440703")])
    in_ = replace(found.ahead[0], missing=0)
    assert "12-05 截止 due 2026-11，已收齐 all in：行政村党建月报表\n" in shown(replace(found, ahead=(in_,)))


def test_why_a_file_was_not_taken_is_told_in_chinese() -> None:
    one = Waiting(
        "not_taken", "未采用 县 表 2026-10", "not taken: other_name", "qiangji status", brief_zh="文件名不符"
    )
    text = shown(replace(morning([county("440703")]), waiting=(one,)), 60)
    assert "• 未采用 县 表 2026-10：文件名不符 → qiangji status\n" in text


def test_a_morning_that_was_says_what_is_not_on_record() -> None:
    found = morning([county("440703")])
    assert "没有留存，未列" in shown(replace(found, is_past=True), 160)
    assert "没有留存，未列" not in shown(found, 160)


def test_what_changed_in_a_closed_period_is_told() -> None:
    found = morning([county("440703")])
    assert "已锁定或审定的报告期有指标值变化：2026-09 4个" in shown(found)
    assert "changed: `qiangji diff`" in shown(found, 200), "it is locked, and no edition is there"
    assert found.moves is not None
    published = replace(found, moves=replace(found.moves, editions={"2026-09": "审定版"}))
    assert "`qiangji diff --edition '审定版' --period 2026-09`" in shown(published, 200)


def test_that_nothing_moved_is_no_news_where_what_came_is_not_built() -> None:
    found = replace(morning([county("440703")]), moves=Moves(AT, 0, 0, {}, [], {}))
    assert "没有变化 No figure moved。" in shown(found)
    waits = Waiting("unbuilt", "2026-10有新报送未计算", "2026-10: not in the figures", "qiangji build")
    assert "尚未计算 as what came is not built yet: `qiangji build`" in shown(
        replace(found, waiting=(waits,))
    )


def test_a_year_to_date_and_its_month_are_told_apart() -> None:
    found = morning([county("440703")])
    assert found.moves is not None
    found.moves.largest[:] = [MOVE, MOVE | {"period_type": "ytd"}]
    text = shown(found, 160)
    assert "开平市 2026-10 40.00→" in text
    assert "开平市 2026-10 累计ytd 40.00→" in text


def test_a_night_that_did_not_run_is_red() -> None:
    """The last one was well, and a day old: nothing else would say that the scheduler stands still."""
    found = morning([county("440703")])
    assert found.night is not None
    text = shown(replace(found, night=replace(found.night, missed_at=AT - timedelta(hours=5))))
    assert "● 异常 red" in text
    assert "11-24 03:05的夜间采集没有运行 the night due then did not run" in text


def test_collections_after_the_night_are_told() -> None:
    found = morning([county("440703")])
    assert found.night is not None
    text = shown(replace(found, night=replace(found.night, later_runs=1, later_deliveries=3)))
    assert "此后又采集1次，新来件3 1 later collection, 3 new deliveries" in text
    assert "此后又采集" not in shown(found)


def test_what_moved_is_told_by_its_units_where_that_can_be_said() -> None:
    found = morning([county("440703")])
    assert found.moves is not None
    line = "• 村民小组长党员比例 开平市 2026-10 40.00→41.50 P (+1.50) 重报"
    said = "主要因长沙街道自身水平上升 +1.20 mainly 长沙街道's own rate up +1.20"
    assert f"{line}\n" in shown(found, 160)
    assert f"{line} {said}" in " ".join(shown(found, 160).split())
    assert shown(found, 160).count("主要因") == 1
    found.moves.largest[:] = [MOVE | {"because_zh": "", "because_en": ""}] * 3
    assert "主要因" not in shown(found, is_all=True)
    found.moves.largest[:] = [MOVE] * 10
    assert shown(found).count("40.00→41.50") == MOVES_SHOWN
    assert shown(found, is_all=True).count("主要因") == 10


def test_a_quiet_morning_says_so() -> None:
    text = shown(morning([county("440703")]))
    assert "没有等待决定的事项" in text
    assert "无事 nothing to do: 县440703\n" in text
    assert len(shown(morning([county(f"44070{i}") for i in range(8)]), 80).splitlines()) <= 14


@pytest.mark.parametrize(("width", "usual", "most"), [(80, 48, 57), (100, 40, 50), (160, 40, 48)])
def test_the_worst_morning_of_eight_counties_is_one_screen(width: int, usual: int, most: int) -> None:
    worst = busy()
    assert worst.moves is not None
    one = replace(worst, decided=[], moves=replace(worst.moves, largest=[], closed={}))
    assert len(shown(one, width).splitlines()) <= usual
    text = shown(worst, width)
    assert len(text.splitlines()) <= most, text
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert all(name in text for name in NAMES), "no county is lost"
    for command in (
        "qiangji release ID",
        "qiangji build",
        "qiangji feedback",
        "qiangji findings --severity warning",
    ):
        assert command in text, command
