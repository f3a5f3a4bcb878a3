"""What is said to whom: a county its own things and nothing else, the city everything, nobody what is nothing."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from qiangji.letters import compose
from qiangji.letters.city import city
from qiangji.letters.county import county
from qiangji.letters.document import Cell, Grid, Letter, Paragraph, shortened
from qiangji.letters.reasons import reason
from qiangji.letters.situation import todo, working_days
from qiangji.letters.words import Words
from qiangji.settings import Settings
from tests.unit.letters.made import EN, NAMES, SECRET, ZH, A, B, C, busy, row, situation, workbook


def test_a_county_with_nothing_to_do_gets_no_letter(catalogue: Any) -> None:
    s = situation(row(A, "village", "accepted"), row(B, "village", "late"))
    assert county(s, catalogue, A, 2, ZH) is None
    assert county(s, catalogue, B, 2, ZH) is not None
    assert county(situation(row(A, "village", "failed")), catalogue, A, 2, ZH) is None, "that is ours to mend"
    locked = row(A, "village", "held", reason_code="period_locked")
    assert county(situation(locked), catalogue, A, 2, ZH) is None, "a lock is no question to the county"


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("late", row(A, "village", "late", due_date=date(2026, 11, 1))),
        ("overdue", row(A, "village", "late", due_date=date(2026, 11, 4))),
        ("due", row(A, "village", "awaited")),
        ("back", row(A, "village", "returned")),
        ("back", row(A, "village", "withheld")),
        ("back", row(A, "village", "held", reason_code="in_yuan")),
        ("partial", row(A, "village", "partial", rows_rejected=3)),
        ("partial", row(A, "village", "partial", rows_accepted=7, rows_rejected=3)),
        ("short", row(A, "village", "accepted", rows_accepted=2)),
        ("workbooks", None),
    ],
)
def test_each_thing_to_do_is_told(catalogue: Any, kind: str, found: Any) -> None:
    s = situation(*filter(None, [found]), workbooks=[] if found else [workbook(A, "v.xlsx", "kept")])
    told = todo(s, catalogue.calendar, A, 2)
    assert [name for name, rows in vars(told).items() if rows] == [kind]
    letter = county(s, catalogue, A, 2, ZH)
    assert letter is not None
    assert (catalogue.forms["village"].title.zh if found else "v.xlsx") in letter.text


def test_a_county_is_reminded_within_so_many_working_days(catalogue: Any) -> None:
    """Thursday: Monday is two working days away, Tuesday three."""
    monday, tuesday = (row(A, "village", "awaited", due_date=date(2026, 11, day)) for day in (9, 10))
    assert county(situation(tuesday), catalogue, A, 2, ZH) is None
    letter = county(situation(monday), catalogue, A, 2, ZH)
    assert letter is not None
    assert letter.subject == "【到期提醒】强基报送 蓬江区 2026-11-05：即将到期1"
    assert county(situation(monday), catalogue, A, 0, ZH) is None
    assert working_days(catalogue.calendar, date(2026, 9, 30), date(2026, 10, 8)) == 1, (
        "the holidays are not worked"
    )


def test_the_day_after_the_due_day_it_is_a_notice(catalogue: Any) -> None:
    new = county(situation(row(A, "village", "late", due_date=date(2026, 11, 4))), catalogue, A, 2, EN)
    old = county(situation(row(A, "village", "late", due_date=date(2026, 11, 3))), catalogue, A, 2, EN)
    assert new is not None
    assert old is not None
    assert new.subject.startswith("[Notice] ")
    assert "new today" in new.text
    assert not old.subject.startswith("[")
    assert "new today" not in old.text


def test_a_letter_to_a_county_holds_that_countys_things_alone(catalogue: Any) -> None:
    s = busy()
    for code in (A, C):
        letter = county(s, catalogue, code, 2, ZH)
        assert letter is not None
        for text in (letter.text, letter.html, letter.brief, letter.subject):
            for other in set(NAMES) - {code}:
                assert other not in text
                assert NAMES[other] not in text
    a, c = (county(s, catalogue, code, 2, ZH) for code in (A, C))
    assert a is not None
    assert c is not None
    said = "“网格数”无法识别"
    assert said in c.text
    assert said not in a.text
    assert "放行" not in c.text, "that is said to the person who decides"
    assert "是否以元填报？请核实" in c.text
    assert "d-440705" not in c.text
    assert county(s, catalogue, B, 2, ZH) is None


def test_no_letter_quotes_a_value_that_was_rejected(catalogue: Any) -> None:
    s = busy()
    assert SECRET in str(s.rejections)
    for w in (ZH, EN):
        for letter in (county(s, catalogue, C, 2, w), city(s, catalogue, w)):
            assert letter is not None
            assert SECRET not in letter.text + letter.html + letter.brief


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_row_accepted", "所有记录均未通过核查，原因见下表"),
        ("totals_agree", "合计（小计）与各行之和不符，应为合计等于各行之和。请改正后重报"),
    ],
)
def test_no_report_that_went_back_whole_quotes_its_value(catalogue: Any, code: str, said: str) -> None:
    """mart's message of these has the first cell and what stood there."""
    message = f"1条不符合，如C7：“户数”无法识别：{SECRET}"
    s = situation(row(A, "village", "returned", reason_code=code, message_zh=message, message_en=message))
    for w in (ZH, EN):
        letter = county(s, catalogue, A, 2, w)
        assert letter is not None
        assert SECRET not in letter.text + letter.html + letter.brief
    assert (letter := county(s, catalogue, A, 2, ZH)) is not None
    assert said in letter.text


def test_a_report_is_told_once_with_what_it_lacks(catalogue: Any) -> None:
    parts = {"rows_accepted": 2, "rows_rejected": 1, "expected_units": 10}
    letter = county(situation(row(A, "village", "partial", **parts)), catalogue, A, 2, ZH)
    assert letter is not None
    assert "应报10个单位，计入2，缺7：请补报。" in letter.text
    assert letter.text.count("2026-10 — ") == 1
    assert "行政村党建月报表 2026-10 1条" in letter.text
    enough = {"rows_accepted": 2, "rows_rejected": 8, "expected_units": 10}
    letter = county(situation(row(A, "village", "partial", **enough)), catalogue, A, 2, ZH)
    assert letter is not None
    assert "请补报" not in letter.text
    assert "行政村党建月报表 2026-10 8条" in letter.text


def test_nothing_new_is_not_nothing(catalogue: Any) -> None:
    unchanged = row(A, "village", "accepted", rows_accepted=0, is_unchanged=True)
    letter = county(situation(unchanged, row(A, "community", "late")), catalogue, A, 2, ZH)
    assert letter is not None
    assert "接收/应报: 无变动" in letter.text


def test_a_wide_table_keeps_the_text_around_it_on_the_screen(catalogue: Any) -> None:
    letter = city(busy(), catalogue, ZH)
    assert letter is not None
    assert letter.html.count("table-layout:fixed") == 2
    assert letter.html.count('<div style="overflow-x:auto"><table') == letter.html.count("border-collapse")
    assert 'white-space:nowrap">新会区' in letter.html
    own = county(busy(), catalogue, A, 2, ZH)
    assert own is not None
    assert 'white-space:nowrap">2026-10' in own.html
    assert f'white-space:nowrap">{catalogue.forms["village"].title.zh}' not in own.html


def test_every_rule_can_be_told_without_its_value(catalogue: Any) -> None:
    """As mart tells it, the value is quoted: the reason has the rest of it."""
    for form, suite in catalogue.suites.items():
        for rule in suite.rules:
            told = {"form": form, "rule": rule.id}
            zh, en = reason(told, catalogue, ZH), reason(told, catalogue, EN)
            assert not set("{}") & set(zh + en), rule.id
            assert len(zh) > 4, rule.id
            assert not re.search(r"[：:，,(（ ]$|：，|:  |，，", zh + "|" + en), (zh, en)
    for kind, said in (
        ("trees_planted.type", "无法识别，应为整数"),
        ("village_code.shortened", "科学计数"),
        ("village_code.total", "合计行"),
    ):
        zh, en = (reason({"form": "village", "rule": f"village.{kind}"}, catalogue, w) for w in (ZH, EN))
        assert said in zh
        assert "{" not in zh + en
    assert reason({"form": "gone", "rule": "gone.x.y"}, catalogue, EN) == "x does not hold"


def test_a_file_of_another_name_is_told_beside_what_is_late(catalogue: Any) -> None:
    both = "见到文件 李雷.xlsx，应名为 x.xlsx。 Seen: 李雷.xlsx; expected: x.xlsx"
    late = row(A, "village", "late", reason_code="other_name", message_zh=both, message_en=both)
    told = todo(situation(late), catalogue.calendar, A, 2)
    assert [name for name, rows in vars(told).items() if rows] == ["overdue"]
    counted = row(A, "village", "accepted", last_attempt_reason="other_name", last_attempt_message=both)
    for found in (late, counted):
        letter = county(situation(found), catalogue, A, 2, ZH)
        assert letter is not None
        assert "未采用" in letter.text
        assert "李雷" not in letter.text, "a name of a file may be anything"


def test_a_message_in_both_languages_is_taken_apart() -> None:
    both = "见到文件 a (1).xlsx，未采集：请改名。 Seen: a (1).xlsx; rename it"
    assert ZH.one_of_both(both, both) == "见到文件 a (1).xlsx，未采集：请改名。"
    assert EN.one_of_both(both, both) == "Seen: a (1).xlsx; rename it"
    assert EN.one_of_both("中", "two\nlines") == "two lines"
    of_a_name = "村.xlsx 与来件 d 内容相同。 村.xlsx has the bytes of d"
    assert EN.one_of_both(of_a_name, of_a_name) == "村.xlsx has the bytes of d"
    assert EN.one_of_both("甲。 乙 A B", "甲。 乙 A") == "甲。 乙 A"


def test_another_countys_numbers_change_no_letter(catalogue: Any) -> None:
    s = busy()
    fewer = dataclasses.replace(s, grid=[r for r in s.grid if r["county_code"] == C],
                                rejections=[r for r in s.rejections if r["county_code"] == C],
                                workbooks=[r for r in s.workbooks if r["county_code"] == C])  # fmt: skip
    assert county(s, catalogue, C, 2, EN) == county(fewer, catalogue, C, 2, EN)


@pytest.mark.parametrize("w", [ZH, EN])
def test_a_letter_is_in_one_language(catalogue: Any, w: Words) -> None:
    """Names aside, English has no Chinese, but for a message that names a header of the county's own."""
    letter = city(busy(), catalogue, w, "https://air.example.cn")
    own = county(busy(), catalogue, A, 2, w)
    assert letter is not None
    assert own is not None
    for text in (letter.text, own.text):
        words = re.sub("|".join(["户数", *NAMES.values(), *catalogue.org.units]), "", text)
        if w.language == "en":
            assert not re.findall(r"[一-鿿]+", words)
        else:
            assert not re.findall(r"\b(?:the|late|returned|due|county|reached)\b", words)


def test_simulated_data_is_called_so(catalogue: Any) -> None:
    for is_simulated in (True, False):
        s = dataclasses.replace(busy(), is_simulated=is_simulated)
        for letter in (city(s, catalogue, ZH), county(s, catalogue, A, 2, ZH)):
            assert letter is not None
            assert ("模拟数据" in letter.text) == is_simulated


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("w", [ZH, EN])
def test_html_is_what_mail_programs_show_and_says_what_the_text_says(catalogue: Any, w: Words) -> None:
    for letter in (
        city(busy(), catalogue, w),
        county(busy(), catalogue, A, 2, w),
        county(busy(), catalogue, C, 2, w),
    ):
        assert letter is not None
        page = Tags()
        page.feed(letter.html)
        assert page.open == []
        assert page.seen <= {
            "html",
            "head",
            "meta",
            "title",
            "body",
            "table",
            "tr",
            "td",
            "th",
            "div",
            "br",
            "a",
        }
        assert not {a for a in page.attributes if a.startswith("on") or a in ("src", "background")}
        assert "url(" not in letter.html
        shown = " ".join(page.text)
        for block in letter.blocks:
            if isinstance(block, Paragraph):
                said = [block.text]
            elif isinstance(block, Grid):
                said = [block.title, block.note, *(c.text for r in block.rows for c in r)]
            else:
                said = [block.title, *(t for p in block.points for t in (p.text, *p.more, p.command))]
            for text in said:
                assert text in letter.text, text
                assert text in shown, text


def test_what_a_county_wrote_stays_text(catalogue: Any) -> None:
    evil = '<script>alert(1)</script><img src="http://x/y">\r\nBcc: a@b.cn'
    s = situation(row(A, "village", "returned", message_zh=evil, message_en=evil))
    letter = county(s, catalogue, A, 2, ZH)
    assert letter is not None
    assert "<script" not in letter.html
    assert "<img" not in letter.html
    assert "\nBcc" not in letter.text


def test_a_robot_gets_whole_lines_within_its_limit(catalogue: Any) -> None:
    many = situation(*(row(A, "village", "late", period=f"{y}-{m:02}", due_date=date(2026, 11, 4))
                       for y in range(2020, 2030) for m in range(1, 13)))  # fmt: skip
    letter = county(many, catalogue, A, 2, ZH)
    assert letter is not None
    assert len(letter.brief.encode()) <= 1900
    lines = letter.brief.splitlines()
    assert lines[0] == letter.subject
    assert lines[-1] == "…"
    assert all(line in letter.short for line in lines[1:-1])
    assert len(shortened(["中" * 3000], 100).encode()) <= 100


def test_a_bar_is_as_long_as_its_share() -> None:
    letter = Letter("city", date(2026, 1, 1), "zh", "s", (), (Grid("t", ("a", "b"), (
        (Cell("x"), Cell("0", share=0.0)), (Cell("y"), Cell("1", share=0.001)), (Cell("z"), Cell("2", share=0.999)),
        (Cell("w"), Cell("3", share=1.0)),
    )),))  # fmt: skip
    bars = [line.split(": ")[1].split(" ")[0] for line in letter.text.splitlines() if line.startswith("- ")]
    assert [b.count("█") for b in bars] == [0, 1, 9, 10]


def test_counties_come_first_and_the_city_hears_who_has_no_address(catalogue: Any) -> None:
    letters = list(compose(busy(), catalogue, Settings(), lambda _: []))
    assert [one.reader for one in letters] == [A, C, "city"]
    assert "没有可用的连接letter_440703" in letters[-1].text
    assert [one.reader for one in compose(busy(), catalogue, Settings(), lambda _: [], [C])] == [C]
    assert [one.reader for one in compose(busy(), catalogue, Settings(), lambda _: [], ["city"])] == ["city"]
    assert [one.reader for one in compose(busy(), catalogue, Settings(), lambda _: [], ["city", A])] == [
        A,
        "city",
    ]
    english = list(compose(busy(), catalogue, Settings(letter_language="en"), lambda _: []))
    assert english[0].language == "en"
    assert (
        next(compose(busy(), catalogue, Settings(letter_language="en"), lambda _: [], language="zh")).language
        == "zh"
    )


@pytest.mark.parametrize(
    ("rule", "zh"),
    [
        ("village.village_code.not_filled", "该行未填写"),
        ("village.village_code.formula", "编码是公式，但没有计算结果"),
        ("village.party_members.formula", "“党员人数”是没有计算结果的公式，应为公式的计算结果"),
        ("village.party_members.in_words", "“党员人数”无法识别，应为用阿拉伯数字写全的数"),
    ],
)
def test_a_rule_of_reading_is_told_by_what_it_is_about(catalogue: Any, rule: str, zh: str) -> None:
    assert reason({"form": "village", "rule": rule}, catalogue, ZH).startswith(zh)
