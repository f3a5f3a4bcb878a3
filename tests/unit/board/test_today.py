"""This morning as it is shown: what stands in its tables and lists, in both languages, of a page that is made up."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html import unescape

import pytest

from qiangji.board import reporting
from qiangji.board import today as this_morning
from qiangji.board.state import State
from qiangji.board.today import Held
from qiangji.catalogue.load import Catalogue
from qiangji.figures import deciding
from qiangji.ledger.statuses import STATUSES
from qiangji.pipeline import read_catalogue
from tests.unit.board import made

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


def text(html: str) -> str:
    """What a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def section(html: str, name: str) -> str:
    """One card of the page."""
    (found,) = re.findall(rf'<section class="card" aria-labelledby="{name}">.*?</section>', html, re.DOTALL)
    return str(found)


@pytest.mark.parametrize(("language", "heading"), [("zh", "变化"), ("en", "Change")])
def test_what_moved_is_headed_as_a_change_since_the_night(language: str, heading: str) -> None:
    page = made.today(moves=made.moves())
    moved = section(made.shown(language, page), "moved")
    heads = [text(h) for h in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", moved)]
    assert heads[3] == heading
    file = this_morning.table(page, State(page="today", lang=language, filters=(("table", "moved"),)))
    assert dict(zip(file.keys, file.headings, strict=True))["change"] == f"{heading} change"


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_two_deliveries_of_one_report_the_one_that_counts_is_not_offered(language: str) -> None:
    for in_force, offered in ((None, 2), ("d-2", 0)):
        page = made.today(held=(made.held(1, others=["d-2"], in_force=in_force),))
        waiting = section(made.shown(language, page), "waiting")
        assert waiting.count("report=d-2.village.2026-10") == offered
        assert waiting.count("report=d-1.village.2026-10") == 2
        assert ({"zh": "现采用的就是它", "en": "it counts now"}[language] in waiting) == (not offered)
        chosen = State(page="today", filters=(("decide", "release"), ("report", "d-2.village.2026-10")))
        assert (this_morning._chosen(page.held, chosen) is None) == (not offered)


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "此后又采集2次，新来件68。"), ("en", "Collected 2 times since")]
)
def test_what_was_collected_since_the_night_is_told(language: str, said: str) -> None:
    night = made.today().night
    assert night is not None
    later = replace(night, later_runs=2, later_deliveries=68)
    assert said in text(made.shown(language, made.today(night=later)))
    assert said not in text(made.shown(language, made.today()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_turns_no_other_words_round(language: str) -> None:
    """One of before it was refused."""
    reason = "行二\u202ecba"
    page = made.today(decided=[made.decision(1) | {"reason": reason}])
    assert f"<bdi>{reason}</bdi>" in made.shown(language, page)


NOTHING = {"zh": "目前没有可用的报送", "en": "nothing counts at present"}
FIRST = {"zh": "第1版有效", "en": "revision 1 counts"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_held_report_says_what_counts_now(language: str) -> None:
    for revision, said, not_said in ((None, NOTHING, FIRST), (1, FIRST, NOTHING)):
        seen = text(section(made.shown(language, made.today(held=(made.held(revision),))), "waiting")).lower()
        assert said[language] in seen
        assert not_said[language] not in seen
        assert "上一版本" not in seen
        assert "revision before" not in seen


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("action", "revision", "others", "zh", "en"),
    [
        ("release", None, None, "此前没有可用的；下一次计算后进入指标", "where nothing did"),
        ("release", 3, None, "代替第3版；", "takes the place of revision 3"),
        ("release", 3, ["d-0"], "以后收到的为准", "the one received later counts"),
        ("void", 3, None, "第3版仍然有效", "revision 3 counts as before"),
        (
            "void",
            None,
            None,
            "没有可用的报送，请县（市、区）重报",
            "nothing counts: the county has to send it",
        ),
        ("void", None, ["d-0"], "同一报表的另一份仍待审", "the other delivery of it is held still"),
    ],
)
def test_what_a_decision_will_do_is_told_by_what_counts(
    language: str, action: str, revision: int | None, others: list[str] | None, zh: str, en: str
) -> None:
    row = made.held(revision, others=others)
    html = made.shown(language, made.today(held=(row,), chosen=Held(action, row)))
    dialog = text(html[html.index("<dialog") :])
    assert {"zh": zh, "en": en}[language] in dialog


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("revision", "status", "zh", "en"),
    [
        (2, "accepted", "此后：第2版有效。", "Afterwards: revision 2 counts."),
        (1, "held", "第1版有效；最近一件：待审。", "revision 1 counts; the latest delivery: held."),
        (
            None,
            "late",
            "目前没有可用的报送（逾期未报），请县",
            "nothing counts at present (late): ask the county",
        ),
        (None, "held", "目前没有可用的报送，另有一件待审。", "at present; another delivery of it is held."),
    ],
)
def test_after_a_decision_the_page_says_what_counts(
    language: str, revision: int | None, status: str, zh: str, en: str
) -> None:
    row = made.held(revision, status=status, status_zh=STATUSES[status], status_en=status)
    for action in ("void", "release"):
        done = made.decision(1) | {"action": action}
        html = made.shown(language, made.today(done=done, done_report=row))
        (seen,) = re.findall(r'<p class="done".*?</p>', html, re.DOTALL)
        assert {"zh": zh, "en": en}[language] in text(seen)
        is_told = {"zh": "下一次计算后", "en": "The next build"}[language] in text(seen)
        assert is_told == (action == "release")


SEEN = {"zh": "见到文件 行政村 (1).xlsx，应名为 2026-10.xlsx。", "en": "Seen: 行政村 (1).xlsx; rename it"}
AGAIN = {"zh": "行政村.xlsx 与作废的来件内容相同。", "en": "行政村.xlsx has the bytes of a delivery"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("code", "said"), [("other_name", SEEN), ("voided_again", AGAIN)])
def test_a_file_that_was_not_taken_is_told_in_the_page_s_language(
    language: str, code: str, said: dict[str, str], catalogue: Catalogue
) -> None:
    both = f"{said['zh']} {said['en']}"
    row = made.held(None, status="late", reason_code=code, message_zh=both, message_en=both)
    waits = tuple(deciding._not_taken(catalogue, [row]))
    seen = text(section(made.shown(language, made.today(waiting=waits)), "waiting"))
    other = "en" if language == "zh" else "zh"
    assert said[language] in seen
    assert said[other] not in seen
    assert made.NAME in seen, "whose it is"
    shown = reporting._without_values(row)
    assert (shown["message_zh"], shown["message_en"]) == (said["zh"], said["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_does_not_fit_into_a_list_stands_below_it(language: str) -> None:
    months = [f"2026-{m:02d}" for m in range(1, 7)]
    page = made.today(
        back=[[made.back(f"c{i}", m) for m in months] for i in range(11)],
        late=[[made.late(m) for m in months]],
        decided=[made.decision(i) for i in range(15)],
    )
    html = made.shown(language, page)
    open_, coming = section(html, "open"), section(html, "coming")
    summaries = [text(s) for s in re.findall(r"<summary>(.*?)</summary>", open_ + coming)]
    reports, reasons, decisions = {
        "zh": ("其他报表：3份", "其他原因：3项", "其他决定：3项"),
        "en": ("Other reports: 3", "Other reasons: 3", "Other decisions: 3"),
    }[language]
    assert Counter(summaries) == {reports: 12, reasons: 1, decisions: 1}
    for i in range(11):
        assert open_.count({"zh": f"原因c{i}<", "en": f"reason c{i}<"}[language]) == 1
    assert [text(open_).count(m) for m in months] == [12] * 6
    for month in months:
        to = f'href="county?lang={language}&amp;county={made.COUNTY}#r-village-{month}"'
        assert open_.count(to) == 11, "each leads to the report on its county's page"
    assert [coming.count(f"wang.{i} ") for i in range(15)] == [1] * 15


@pytest.mark.parametrize(("language", "said"), [("zh", "新"), ("en", "new")])
def test_what_went_back_since_the_night_is_marked(language: str, said: str) -> None:
    page = made.today(back=[[replace(made.back("c"), is_new=True), made.back("c", "2026-09")]])
    open_ = section(made.shown(language, page), "open")
    assert re.findall(r"2026-(\d\d) <strong>(\w+)</strong>", open_) == [("10", said)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_night_that_did_not_run_is_red(language: str) -> None:
    night = made.today().night
    assert night is not None
    html = made.shown(language, made.today(night=replace(night, missed_at=made.AT)))
    said = {"zh": "的夜间采集没有运行", "en": "did not run"}[language]
    chip = re.findall(r'<span class="chip band-red">.*?</span>.*?</span>', html)
    assert [said in one for one in chip] == [True]


def test_a_list_that_fits_has_nothing_below_it() -> None:
    page = made.today(back=[[made.back("c")] * 3] * 8, late=[[made.late("2026-10")] * 3])
    assert "<details" not in made.shown("zh", page)
