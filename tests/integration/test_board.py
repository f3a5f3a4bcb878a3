"""The board on a real warehouse: each number is that of `qiangji values`, and few statements are asked.

One simulated night, built twice: in the first build a county is missing, so that there is a time before.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import sqlalchemy as sa

from qiangji.board import explained, pages, rules
from qiangji.board.words import Words
from qiangji.errors import WarehouseError
from qiangji.figures import Choice, comparison, contributing_words, explaining, moving, reading
from qiangji.settings import settings
from qiangji.warehouse.roles import BOARD
from tests.integration.boards import COUNTIES, INDICATOR, LATE, Key, Site, assert_equal, by_key, shown, site

__all__ = ["site"]

MOST = 5
"""Statements that a page may ask."""


# --- the numbers --------------------------------------------------------------------------------------


def test_the_overview_shows_what_values_prints_in_every_month(site: Site) -> None:
    for month in site.night.months:
        found = shown(site.page(f"?period={month}"))
        assert len(found) > 100
        assert_equal(found, site.values(period=month))


@pytest.mark.parametrize("type_", ["month", "quarter", "ytd"])
def test_a_kind_of_period_is_that_of_values(site: Site, type_: str) -> None:
    assert_equal(
        shown(site.page(f"?period=2026-09&type={type_}")), site.values(period="2026-09", period_type=type_)
    )


@pytest.mark.parametrize("type_", ["month", "quarter", "year", "ytd"])
def test_the_kind_that_is_asked_for_is_the_chosen_one(site: Site, type_: str) -> None:
    for page in ("", "indicator"):
        text = site.get(f"{page}?period=2026-10&type={type_}").text
        assert f'<option value="{type_}" selected>' in text


def test_a_month_without_figures_of_a_kind_leads_to_a_period_that_has_some(site: Site) -> None:
    """As the head of an indicator's page does, where a quarter was chosen and the month stayed."""
    for query in ("period=2026-10&type=quarter", "type=quarter"):
        (link,) = re.findall(r'href="([^"]+)">2026Q3', html.unescape(site.page(f"?{query}")))
        assert len(shown(site.page(link.removeprefix("./")))) > 20
    assert re.findall(r'<a href="[^"]+">20', site.page("?type=year")) == []


def test_a_quarter_is_that_of_values(site: Site) -> None:
    assert_equal(shown(site.page("?period=2026Q3")), site.values(period="2026Q3"))


def test_without_a_period_it_is_the_last_with_reports(site: Site) -> None:
    assert_equal(shown(site.page()), site.values())


def test_as_of_a_moment_it_is_what_was_shown_then(site: Site) -> None:
    then, now = shown(site.page(f"?as_of={site.at}")), shown(site.page())
    assert_equal(then, site.values(state=reading.State(as_of=site.then)))
    assert then != now


@pytest.mark.parametrize("page", ["", "indicator"])
def test_the_form_of_a_page_keeps_its_moment(site: Site, page: str) -> None:
    """Sent again with nothing changed it shows the same: a build may lie within the same minute."""
    zone = ZoneInfo(settings().timezone)
    for at in (site.then, datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)):
        text = site.page(f"{page}?as_of={quote(at.isoformat())}&lang=en")
        (field,) = re.findall(
            r'<input type="datetime-local" name="as_of" step="[\d.]+" value="([^"]*)"', text
        )
        sent = datetime.fromisoformat(field).replace(tzinfo=zone)
        assert timedelta() <= sent - at < timedelta(milliseconds=1)
        assert f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" in text
        again = site.page(f"{page}?as_of={field}&lang=en")
        assert (shown(again), again.split("<main")[1]) == (shown(text), text.split("<main")[1])


def test_without_an_indicator_it_is_the_first_that_has_a_figure(site: Site) -> None:
    units = [u.code for u in site.night.pipeline.catalogue.org if u.level in ("city", "county")]
    for unit in units:
        for address in (
            f"indicator?org={unit}",
            f"indicator?org={unit}&as_of={site.at}",
            f"explain?org={unit}",
        ):
            answer = site.get(address)
            if shown(site.get(f"?org={unit}").text) and (unit != LATE or "as_of" not in address):
                assert answer.status_code == 200, address
                assert shown(answer.text), address


def test_where_there_is_no_figure_the_choices_stay(site: Site) -> None:
    codes = site.night.pipeline.catalogue.indicators
    of_city = set(re.findall(r'<option value="(\w+)"', _indicators(site.page("indicator"))))
    assert INDICATOR in of_city
    assert of_city <= codes.keys()
    for address in (
        f"indicator?indicator={INDICATOR}&period=2019-01&org=440703&lang=en",
        f"indicator?indicator={INDICATOR}&type=year&period=2026-10&lang=en",
        f"indicator?indicator={INDICATOR}&as_of=2000-01-01T10:20:30&lang=en",
        "indicator?as_of=2000-01-01T10:20:30&lang=en",
        "?as_of=2000-01-01T10:20:30&lang=en",
        "?period=2019-01&org=440703&lang=en",
    ):
        answer = site.get(address)
        assert answer.status_code == 400
        page = address.split("?")[0]
        assert f'<form class="controls" method="get" action="{page or "./"}"' in answer.text
        if INDICATOR in address:
            assert f'<option value="{INDICATOR}" selected>' in answer.text
        kept = [part for part in ("as_of=2000", "org=440703") if part in address]
        for _, link in re.findall(r"<(li)><a href=\"([^\"]+)\"", answer.text)[:2]:
            assert all(part in link for part in kept), link
        for part in kept:
            name, value = part.split("=")
            assert re.search(rf'name="{name}"[^>]* value="{value}', answer.text)


def _indicators(text: str) -> str:
    return text.split('<select name="indicator">')[1].split("</select>")[0]


def test_restated_is_that_of_values(site: Site) -> None:
    assert_equal(shown(site.page("?tree=restated")), site.values(state=reading.State(is_restated=True)))


def test_a_county_s_overview_shows_it_and_its_towns(site: Site) -> None:
    towns = [u.code for u in site.night.pipeline.catalogue.org if u.parent_code == COUNTIES[0]]
    found = shown(site.page(f"?org={COUNTIES[0]}"))
    assert_equal(found, site.values(choice=Choice(orgs=[COUNTIES[0], *towns])))
    assert {org for _, org, _, _ in found} > {COUNTIES[0]}


def test_changes_paths_and_bands_are_those_of_the_views(site: Site) -> None:
    p = site.night.pipeline
    rows = list(
        csv.DictReader(io.StringIO(site.get("?period=2026-10&format=csv").content.decode("utf-8-sig")))
    )
    keys = {name: heading for heading in rows[0] for name in [heading.rsplit(" ", 1)[1]]}
    found = {tuple(r[keys[k]] for k in comparison.KEYS): r for r in rows}
    expected = by_key(comparison.compare(p.ledger.engine, list(site.values(period="2026-10").values())))
    assert found.keys() == expected.keys()
    changed = 0
    for key, row in expected.items():
        for name in ("value", "numerator", "path", "gap", "previous_value", "change", "target"):
            text = found[key][keys[name]]
            assert (Decimal(text) if text else None) == row[name], (key, name)
        assert found[key][keys["previous_period"]] == (row["previous_period"] or "")
        assert found[key][keys["band"]] == (row["band"] or "none"), key
        changed += row["change"] is not None
    assert changed > 50


def test_json_says_what_the_csv_says(site: Site) -> None:
    answer = site.get("?period=2026-10&format=json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith("attachment")
    found = answer.json()
    lines = list(csv.reader(io.StringIO(site.get("?period=2026-10&format=csv").content.decode("utf-8-sig"))))
    assert [c["heading"] for c in found["columns"]] == lines[0]
    value = [c["key"] for c in found["columns"]].index("value")
    assert [r["value"] or "" for r in found["rows"]] == [line[value] for line in lines[1:]]
    described = site.get("openapi.json").json()
    assert described["paths"]["/"]["get"]["operationId"] == "overview"
    assert site.get("?format=xml").status_code == 400


def test_all_that_is_described_for_programs_is_answered(site: Site) -> None:
    paths = site.get("openapi.json").json()["paths"]
    asked = [
        (f"{path[1:]}?format=json&{one['name']}={quote(value)}")
        for path, of in paths.items()
        for one in of["get"]["parameters"]
        if one["name"] != "type"  # not every kind of period has a figure
        for value in ([site.at] if one["name"] == "as_of" else one["schema"].get("enum", ()))
    ]
    assert len(asked) > 30
    assert [address for address in asked if site.get(address).status_code != 200] == []


def test_one_indicator_over_time_and_by_unit_is_that_of_values(site: Site) -> None:
    text = site.page(f"indicator?indicator={INDICATOR}&level=village")
    found = shown(text)
    last = site.night.months[-1]
    expected: dict[Key, Any] = {}
    for month in site.night.months:
        expected |= site.values(choice=Choice([INDICATOR], orgs=["440700"]), period=month)
    for level in ("county", "village"):
        expected |= site.values(choice=Choice([INDICATOR], level=level), period=last)
    assert found.keys() <= expected.keys()
    assert {k for k in expected if k[1].startswith("4407") and len(k[1]) == 6} <= found.keys()
    assert len([k for k in found if len(k[1]) == 12]) > 10
    assert_equal(found, {k: expected[k] for k in found})
    assert any(expected[k]["obs_status"] == "Q" and exact == "" for k, (_, exact) in found.items()), (
        "hidden stays so"
    )


def test_one_indicator_as_of_a_moment_and_restated(site: Site) -> None:
    for address, state in (
        (f"as_of={site.at}", reading.State(as_of=site.then)),
        ("tree=restated", reading.State(is_restated=True)),
    ):
        found = shown(site.page(f"indicator?indicator={INDICATOR}&level=town&{address}"))
        expected: dict[Key, Any] = {}
        for month in site.night.months:
            for level in ("city", "county", "town"):
                expected |= site.values(choice=Choice([INDICATOR], level=level), period=month, state=state)
        assert_equal(found, {k: expected[k] for k in found})
        assert len(found) > 20


def test_an_explanation_is_that_of_explain(site: Site) -> None:
    p = site.night.pipeline
    told = explaining.explain(p.ledger.engine, p.catalogue, INDICATOR, "440700", "2026-10", "month")
    text = site.page(f"explain?indicator={INDICATOR}&period=2026-10&type=month&lang=en")
    assert_equal(shown(text), site.values(choice=Choice([INDICATOR], orgs=["440700"]), period="2026-10"))
    assert told["submissions"]
    for row in told["submissions"]:
        assert row["sha256"][:12] in text
        assert row["file_name"] in text
    for row in told["rejections"]:
        assert row["rule"] in text
        assert rules.said(p.catalogue, row["rule"]).en in html.unescape(text)
    assert f"FROM mart.indicator_value\nWHERE indicator_code = &#39;{INDICATOR}&#39;" in text
    assert "sql/models/sums.sql" in text
    for name in ("", *explained.LISTS):
        address = f"explain?indicator={INDICATOR}&period=2026-10&type=month&table={name}&format=csv"
        heads, *lines = csv.reader(io.StringIO(site.get(address).content.decode("utf-8-sig")))
        rows = told[name or "children"]
        assert len(lines) == len(rows)
        columns = list(rows[0]) if rows else list(explained.COLUMNS[name])
        assert [head.rsplit(" ", 1)[1] for head in heads] == columns, "an empty list has headings too"
    assert not told["corrections"]
    with p.ledger.engine.connect() as c:
        views = {"submission": ("is_subtracted",), "rejection": (), "finding": (), "correction": ()}
        for view, more in views.items():
            there = (*c.execute(sa.text(f"SELECT * FROM mart.{view} LIMIT 0")).keys(), *more)
            assert there == explained.COLUMNS[f"{view}s"]
    answer = site.get(f"explain?indicator={INDICATOR}&as_of={site.at}", **{"accept-language": "en"})
    assert answer.status_code == 400
    assert "only the figure that is shown now" in answer.text


def test_what_made_it_move_is_told_and_adds_up(site: Site) -> None:
    p = site.night.pipeline
    for month in ("2026-09", "2026-10"):
        told = moving.change(p.ledger.engine, moving.Asked(INDICATOR, "440700", month, "month"))
        text = html.unescape(site.page(f"indicator?indicator={INDICATOR}&period={month}&type=month&lang=en"))
        assert contributing_words.sentence(told, "en") in text
        (block,) = re.findall(r'id="moved-data">(.*?)</script>', text)
        chart = json.loads(block)["chart"]
        assert chart["before"] + sum(chart["steps"]) == pytest.approx(float(told.value_after), abs=0.01)
    told = moving.change(p.ledger.engine, moving.Asked(INDICATOR, "440781", "2026-10", "month"))
    card = site.page(f"indicator?indicator={INDICATOR}&period=2026-10&type=month&org=440781")
    card = card.split('id="moved"')[1].split("</section>")[0]
    assert len(told.parts) > 5
    assert card.count('scope="row"') == len(told.parts) + 1, "no file has more"
    then = site.page(f"indicator?indicator={INDICATOR}&period=2026-10&type=month&as_of={site.at}")
    assert 'id="moved"' in then
    assert 'id="moved"' not in site.page(f"indicator?indicator={INDICATOR}&tree=restated")


def test_rank_and_changes_of_one_indicator_are_those_of_the_view(site: Site) -> None:
    p = site.night.pipeline
    answer = site.get(f"indicator?indicator={INDICATOR}&period=2026-10&type=month&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    keys = {heading.rsplit(" ", 1)[1]: heading for heading in rows[0]}
    choice = Choice([INDICATOR])
    expected = by_key(
        comparison.compare(p.ledger.engine, list(site.values(choice=choice, period="2026-10").values()))
    )
    for row in rows:
        indicator, org, period, type_ = (row[keys[k]] for k in comparison.KEYS)
        mine = expected[indicator, org, period, type_]
        for name in ("change", "previous_value", "path", "rank"):
            text = row[keys[name]]
            assert (Decimal(text) if text else None) == mine[name], name
    assert len(rows) == len(expected)
    assert sum(row[keys["rank"]] != "" for row in rows) >= 1
    for county in COUNTIES:
        text = site.page(f"indicator?indicator={INDICATOR}&org={county}&period=2026-10&type=month&lang=en")
        place = expected[INDICATOR, county, "2026-10", "month"]
        assert (f"{place['rank']} of {place['ranked_units']}" in text) == (place["rank"] is not None)


# --- how it is asked ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "",
        "?org=440703",
        "?tree=restated",
        "?show=slides",
        "?format=csv",
        "indicator",
        f"indicator?indicator={INDICATOR}&level=village",
        f"indicator?indicator={INDICATOR}&org=440703&level=village",
        "explain",
        f"explain?indicator={INDICATOR}&org=440703",
    ],
)
def test_a_page_asks_the_warehouse_five_times_at_most(site: Site, address: str) -> None:
    timing = site.get(address).headers["server-timing"]
    found = re.search(r'desc="(\d+)"', timing)
    assert found
    assert 1 <= int(found[1]) <= MOST


def test_it_reads_as_its_own_role_and_nothing_else(site: Site) -> None:
    with site.warehouse.snapshot() as (engine, asked), engine.connect() as c:
        assert c.scalar(sa.text("SELECT current_user")) == BOARD
        assert c.scalar(sa.text("SHOW transaction_read_only")) == "on"
        assert c.scalar(sa.text("SHOW statement_timeout")) == "5s"
        assert asked.statements == 3
    listed = site.night.query(
        "SELECT DISTINCT ON (table_schema) table_schema || '.' || quote_ident(table_name) AS name"
        " FROM information_schema.tables WHERE table_schema IN ('fact', 'calc', 'ops')"
    )
    assert len(listed) == 3

    def look(name: str) -> None:
        with site.warehouse.snapshot() as (engine, _), engine.connect() as c:
            c.execute(sa.text(f"SELECT 1 FROM {name}"))

    for row in listed:
        with pytest.raises(WarehouseError) as raised:
            look(row["name"])
        assert raised.value.code == "board_empty"
        assert "permission denied" in str(raised.value.__cause__)


def test_all_of_a_page_is_of_one_moment(site: Site) -> None:
    with site.warehouse.snapshot() as (engine, _), engine.connect() as c:
        before = c.scalar(sa.text("SELECT count(*) FROM mart.period_lock"))
        with site.night.pipeline.ledger.engine.begin() as other:
            other.execute(sa.text("CREATE TABLE public.later (n int)"))
        try:
            assert c.scalar(sa.text("SELECT count(*) FROM mart.period_lock")) == before
            assert c.scalar(sa.text("SELECT count(*) FROM pg_class WHERE relname = 'later'")) == 0
        finally:
            with site.night.pipeline.ledger.engine.begin() as other:
                other.execute(sa.text("DROP TABLE public.later"))


# --- what comes with it -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(pages.PAGES))
def test_every_page_is_in_both_languages_and_holds_no_inline_code(site: Site, name: str, lang: str) -> None:
    text = site.page(f"{name}?lang={lang}")
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in text
    assert Words(lang)("overview") in text
    assert not re.search(r"\sstyle=|\son\w+=|target=|href=\"(/|http)", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or "application/json" in tag
    assert text.count("<h1") == 1
    for table in re.findall(r"<table.*?</table>", text, re.DOTALL):
        assert "<caption" in table
        assert 'scope="col"' in table


def test_every_answer_has_the_headers(site: Site) -> None:
    (css,) = re.findall(r'href="(static/[^"]+\.css)"', site.page())
    for address in ("", "indicator", "?period=1", "nothing", css, "?format=csv"):
        headers = site.get(address).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert "immutable" in site.get(css).headers["cache-control"]
    assert site.get("").headers["cache-control"] == "no-store"


def test_every_link_of_a_page_leads_to_one(site: Site) -> None:
    for name in pages.PAGES:
        links = {
            link.replace("&amp;", "&").split("#")[0]
            for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', site.page(name))
            if not link.startswith(("data:", "../"))
        }
        kinds: dict[str, str] = {}
        for link in sorted(links):
            kinds.setdefault(re.sub(r"=[^&]*", "", link), link)  # one of each kind
        for link in kinds.values():
            assert site.get(link).status_code == 200, link


def test_tables_come_as_csv_and_as_a_workbook(site: Site) -> None:
    answer = site.get("?format=xlsx&lang=en")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert "attachment" in answer.headers["content-disposition"]
    data, notes = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    assert any("illustrative" in str(row[0].value) for row in notes.iter_rows())
    rows = list(data.iter_rows(values_only=True))
    column = {str(h).rsplit(" ", 1)[1]: i for i, h in enumerate(rows[0])}
    expected = site.values()
    assert len(rows) - 1 == len(expected)
    for row in rows[1:]:
        mine = expected[tuple(row[column[k]] for k in comparison.KEYS)]
        assert row[column["value"]] == (
            None if mine["value"] is None else pytest.approx(float(mine["value"]))
        )
    trend = site.get(f"indicator?indicator={INDICATOR}&table=trend&format=csv").content.decode("utf-8-sig")
    assert len(trend.splitlines()) == 1 + len(site.night.months)
