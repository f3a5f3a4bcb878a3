"""The board's pages of the daily work: each number is that of the command line's functions.

On a copy of the night of `boards.live`: a county came late, so that its reports of a locked month are held.
"""

from __future__ import annotations

import html
import re
from collections import Counter

import pytest

from qiangji.board import Viewer, rules
from qiangji.figures import OVERVIEW, explaining, morning, reading
from qiangji.ledger import dispositions
from tests.integration.board_of_work import MAY, MAY_NOT, Site, site
from tests.integration.boards import LATE, LOCKED

__all__ = ["site"]


# --- the numbers --------------------------------------------------------------------------------------


def test_the_morning_is_that_of_today(site: Site) -> None:
    for query in ("", f"as_of={site.then.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"):
        page = site.data("today", query)
        told = morning.morning(site.engine, site.night.pipeline.catalogue, page.at, None if query else ())
        assert page.night == told.night
        assert page.counties == told.counties
        assert (page.ahead, page.then) == (list(told.ahead), list(told.then))
        assert Counter(r for own in (*page.late, *page.back) for r in own) == Counter(told.open_reports)
        new = sum(r.is_new for r in told.open_reports)
        text = html.unescape(site.page(f"today?{query}&lang=en".replace("?&", "?")))
        assert text.count("<strong>new</strong>") == new == page.new_back
        assert (f"{new} came back since the night began" in text) == (new > 0)
        assert page.locked == told.locked
        assert [r["delivery_id"] for r in page.held] == [
            w.delivery_id for w in told.waiting if w.what == "held"
        ]
        assert list(page.waiting) == [w for w in told.waiting if w.what != "held"]
    assert len(site.held()) >= 3
    assert {r["period"] for r in site.held()} >= {LOCKED}


def test_what_moved_is_what_changes_says(site: Site) -> None:
    page = site.data("today")
    told = morning.moved(site.engine, page.night.started_at, page.at)
    assert told is not None
    assert (page.moves.figures, page.moves.first_shown) == (told.figures, told.first_shown)
    assert page.moves.closed == told.closed
    assert len(page.moves.largest) == len(told.largest) > 5
    names = ("value_before", "value", "change", "causes", "name_zh", "unit", "org_name")
    every = explaining.changes(site.engine, page.night.started_at, page.at, OVERVIEW)
    by_key = {(r["indicator_code"], r["org_code"], r["period"], r["period_type"]): r for r in every}
    weights = [morning._weight(r) for r in page.moves.largest]
    assert weights == [morning._weight(r) for r in told.largest], "the largest, in their order"
    for r in page.moves.largest:
        mine = by_key[r["indicator_code"], r["org_code"], r["period"], r["period_type"]]
        assert [r[n] for n in names] == [mine[n] for n in names]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_today_s_tree_the_pages_of_work_are_as_they_are(site: Site, lang: str) -> None:
    """The head of a page that is restated leads to them."""
    for page in ("today", "reporting", "quality", f"county?county={LATE}"):
        joined = "&" if "?" in page else "?"
        text = site.page(f"{page}{joined}tree=restated&lang={lang}")
        leading = re.findall(r'href="(indicator[^"]*period=[^"]*)"', text.split("<main")[1])
        assert not [link for link in leading if "restated" in link], "the figures beside them are not"
    moved = site.data("today").moves.largest
    assert moved
    assert site.data("today", "tree=restated").moves.largest == moved


def test_the_grid_is_that_of_status(site: Site) -> None:
    for query, period in (("", None), ("period=2026-10", "2026-10"), ("period=2026Q3", "2026Q3")):
        rows = reading.status(site.engine, period)
        page = site.data("reporting", query)
        cells = [c for lines in page.blocks.values() for line in lines for c in line.cells if c]
        keys = ("county_code", "form", "period", "status", "revision", "rows_accepted", "due_date")
        assert Counter(tuple(c[k] for k in keys) for c in cells) == Counter(
            tuple(r[k] for k in keys) for r in rows
        )
        assert page.counts == {s: n for s, n in Counter(r["status"] for r in rows).items() if n}
    told = site.lines("reporting?format=csv")
    assert Counter(r["status"] for r in told) == Counter(r["status"] for r in reading.status(site.engine))


def test_the_grid_is_filtered_by_its_address(site: Site) -> None:
    rows = reading.status(site.engine)
    assert len(site.lines("reporting?status=held&format=csv")) == len(site.held())
    assert len(site.lines(f"reporting?county={LATE}&form=village&format=csv")) == sum(
        (r["county_code"], r["form"]) == (LATE, "village") for r in rows
    )
    then = f"as_of={site.then.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
    past = Counter(r["status"] for r in reading.status(site.engine, as_of=site.then))
    assert site.data("reporting", then).counts == dict(past)


def test_a_county_s_page_is_what_mart_holds_of_it(site: Site) -> None:
    page = site.data("county", f"county={LATE}")
    rows = reading.status(site.engine, counties=[LATE])
    assert Counter(r["status"] for r in page.grid) == Counter(r["status"] for r in rows)
    assert len(page.grid) == len(rows)
    sent = site.night.query("SELECT * FROM mart.submission WHERE county_code = :c", c=LATE)
    assert len(page.sent) == len(sent) > 10
    back = {(r["form"], r["period"], r["rule"], r["rows"], r["example"]) for r in page.rejected}
    told = [r for r in reading.rejections(site.engine, rows) if r["county_code"] == LATE]
    assert back == {(r["form"], r["period"], r["rule"], r["rows"], r["example"]) for r in told}
    assert back
    text = site.page(f"county?county={LATE}")
    values = [m[0] for r in told if (m := re.search(r"：(.+)，应为", r["message_zh"]))]
    assert values
    assert not [v for v in values if v in text], "no value of a row that went back"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_county_s_page_says_what_to_do_about_each_report(site: Site, lang: str) -> None:
    said = {"zh": "怎么办：", "en": "To do: "}[lang]
    text = site.page(f"county?county={LATE}&lang={lang}").replace("&#39;", "'")
    for r in site.data("county", f"county={LATE}").grid:
        (line,) = re.findall(rf'<tr id="r-{r["form"]}-{r["period"]}">.*?</tr>', text, re.DOTALL)
        catalogue = site.night.pipeline.catalogue
        todo = rules.to_do(catalogue, r["reason_code"], r["form"]) if r["status"] != "accepted" else None
        assert (said in line) == (todo is not None)
        if todo:
            assert said + {"zh": todo.zh, "en": todo.en}[lang] in line
    assert {r["status"] for r in site.held() if r["county_code"] == LATE} == {"held"}
    assert said in text.split('id="back"')[1], "of rows, too"


def test_only_who_may_open_workbooks_is_led_to_them(site: Site) -> None:
    workbooks = Viewer("li.lei", may_see_workbooks=True)
    assert 'href="../feedback/"' in site.page(f"county?county={LATE}", workbooks)
    assert 'href="../feedback/"' not in site.page(f"county?county={LATE}", MAY_NOT)


def test_findings_are_those_of_findings(site: Site) -> None:
    for query, asked in (
        ("", {}),
        ("severity=warning", {"severity": "warning"}),
        ("period=2026Q3", {"period": "2026Q3"}),
        (f"county={LATE}&form=village", {"counties": [LATE], "forms": ["village"]}),
        ("disposition=all", {"is_all": True}),
    ):
        rows = dispositions.findings(site.engine, **asked)
        page = site.data("quality", query)
        assert [r["finding_id"] for r in page.rows] == [r["finding_id"] for r in rows]
        assert [c.rule for c in page.rules] == dispositions.summed_up(rows)
        for counted in page.rules:
            mine = [
                r for r in rows if (r["rule"], r["severity"]) == (counted.rule.rule, counted.rule.severity)
            ]
            assert counted.by_county == Counter(r["county_code"] for r in mine)
            assert counted.by_period == Counter(r["period"] for r in mine)
    assert len(site.data("quality").rows) > 5
    rule = site.data("quality").rows[0]["rule"]
    assert {r["rule"] for r in site.lines(f"quality?rule={rule}&format=csv")} == {rule}


def test_what_people_decided_is_listed(site: Site) -> None:
    assert ("wang.fang", "lock", LOCKED) in [
        (d["decided_by"], d["action"], d["period"]) for d in site.data("quality").decisions
    ]
    assert "wang.fang" in site.page("quality")


# --- how it is asked ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["today", "today?table=moved&format=csv", "reporting", "reporting?period=2026Q3", f"county?county={LATE}",
     "quality", "quality?table=rules&format=xlsx"],
)  # fmt: skip
def test_a_page_asks_the_warehouse_five_times_at_most(site: Site, address: str) -> None:
    found = re.search(r'desc="(\d+)"', site.get(address).headers["server-timing"])
    assert found
    assert 1 <= int(found[1]) <= 5


@pytest.mark.parametrize(
    "address",
    ["today?{}", "today?table=moved&{}", "today?table=waiting&{}", "reporting?{}", "county?{}", "county?table=sent&{}",
     "county?table=rejected&{}", "county?table=explained&{}", "county?table=workbooks&{}", "quality?{}",
     "quality?table=rules&{}", "quality?table=decisions&{}", "quality?table=outliers&{}"],
)  # fmt: skip
def test_every_table_comes_as_a_file(site: Site, address: str) -> None:
    for format_ in ("csv", "xlsx"):
        answer = site.get(address.format(f"format={format_}"))
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("reporting?county=449999", "449999"),
        ("reporting?form=villages", "village"),
        ("reporting?status=lost", "no status lost"),
        ("reporting?period=2031-01", "2026"),
        ("county?county=0", "440703"),
        ("quality?severity=bad", "warning"),
        ("quality?disposition=done", "confirmed"),
        ("quality?rules=x", "disposition"),
    ],
)
def test_a_wrong_address_is_a_page_that_says_what_there_is(site: Site, address: str, words: str) -> None:
    answer = site.get(address, MAY, **{"accept-language": "en"})
    assert answer.status_code == 400
    assert words in answer.text


def test_a_county_s_page_as_of_a_moment_shows_nothing_of_later(site: Site) -> None:
    at = f"as_of={site.then.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"
    for county in (LATE, "440703"):
        now, then = site.data("county", f"county={county}"), site.data("county", f"county={county}&{at}")
        came = [r for r in now.sent if max(r["received_at"], r["checked_at"]) <= site.then]
        keys = ("delivery_id", "form", "period", "checked_at")
        assert [[r[k] for k in keys] for r in then.sent] == [[r[k] for k in keys] for r in came]
        assert bool(came) == (county != LATE)
        assert (then.rejected, then.explained, then.workbooks) == ([], [], [])
        assert not any(r["status"] or r["revision"] or r["is_current"] for r in then.sent)
        text = site.page(f"county?county={county}&{at}&lang=en")
        assert "are known as they stand now alone" in text
        assert 'id="back"' not in text
        assert 'id="back"' in site.page(f"county?county={county}")
    assert site.data("county", f"county={LATE}&as_of=2000-01-01").sent == []
    refused = site.get(f"county?county={LATE}&{at}&table=rejected&format=csv")
    assert refused.status_code == 400
    assert site.get(f"county?county={LATE}&{at}&table=sent&format=csv").status_code == 200
