"""The board's pages of the daily work: each number is that of the command line's functions; decisions by those who may.

On a copy of the night of `boards.live`: a county came late, so that its reports of a locked month are held.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import fastapi
import pytest
from fastapi.testclient import TestClient

from qiangji.board import Viewer, pages, posting, quality, rules, today, web
from qiangji.board.asking import Warehouse
from qiangji.board.state import parse
from qiangji.figures import OVERVIEW, deliveries, explaining, morning, reading
from qiangji.ledger import dispositions
from qiangji.settings import settings
from tests.integration.boards import LATE, LOCKED, Lived
from tests.integration.nights import Night, reopened

MAY, MAY_NOT = Viewer("li.lei", may_decide=True), Viewer("han.mei")
KEY = b"a key of a test"
OWN = {"sec-fetch-site": "same-origin"}


@dataclass
class Site:
    """The board of a night, as one who may decide and as one who may not; `then`: between the two builds."""

    night: Night
    warehouse: Warehouse
    then: datetime
    noted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """What a site's own log was told."""

    def client(self, who: Viewer = MAY) -> TestClient:
        outer = fastapi.FastAPI()
        outer.mount("/qiangji/board", self._application(who))
        return TestClient(outer, base_url="http://airflow", follow_redirects=False)

    def _application(self, who: Viewer) -> Any:
        def noted(account: str, what: dict[str, str]) -> None:
            self.noted.append((account, what))

        return web.application(fastapi, lambda: who, self.warehouse, KEY, noted)

    def get(self, address: str, who: Viewer = MAY, **headers: str) -> Any:
        return self.client(who).get(f"/qiangji/board/{address}", headers=headers)

    def page(self, address: str, who: Viewer = MAY) -> str:
        answer = self.get(address, who)
        assert answer.status_code == 200, answer.text[-600:]
        return str(answer.text)

    def data(self, page: str, query: str = "") -> Any:
        pairs = [tuple(part.split("=", 1)) for part in query.split("&") if part]
        state = parse(page, pairs, "zh", settings().timezone)  # type: ignore[arg-type]
        with self.warehouse.snapshot() as (engine, _):
            return pages.PAGES[page].data(engine, self.night.pipeline.catalogue, state)

    def lines(self, address: str) -> list[dict[str, str]]:
        """A table as CSV, by the keys in its headings."""
        rows = csv.reader(io.StringIO(self.get(address).content.decode("utf-8-sig")))
        keys = [heading.rsplit(" ", 1)[1] for heading in next(rows)]
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def send(self, who: Viewer = MAY, headers: dict[str, str] | None = None, **fields: str) -> Any:
        given = {"token": posting.token(KEY, who.name), "reason": "核实过 checked"} | fields
        sent = OWN if headers is None else headers
        return self.client(who).post("/qiangji/board/decide?lang=en", data=given, headers=sent)

    @property
    def engine(self) -> Any:
        return self.night.pipeline.ledger.engine

    def held(self) -> list[dict[str, Any]]:
        return [r for r in reading.status(self.engine) if r["status"] == "held"]

    def status(self, one: dict[str, Any]) -> dict[str, Any]:
        """How a report stands now."""
        return self.night.status(one["county_code"], one["form"], one["period"])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What the journal holds of a kind."""
        found = []
        for file in (self.night.lake / "journal").glob("*/*.json"):
            told = json.loads(file.read_text(encoding="utf-8"))
            found += [e for e in (told if isinstance(told, list) else [told]) if e.get("event") == kind]
        return found


@pytest.fixture(scope="module")
def site(board_night: Lived, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Site]:
    with reopened(board_night.kept, tmp_path_factory.mktemp("board work") / "home", postgres) as one:
        warehouse = Warehouse(settings())
        yield Site(one, warehouse, board_night.then)
        warehouse.close()


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


# --- decisions ----------------------------------------------------------------------------------------


def test_only_who_may_decide_sees_a_button_or_is_heard(site: Site) -> None:
    one, finding = site.held()[0], site.data("quality").rows[0]["finding_id"]
    named = f"{one['delivery_id']}.{one['form']}.{one['period']}"
    for address in (f"today?decide=void&report={named}", f"quality?dispose=confirmed&finding={finding}"):
        assert '<dialog open class="ask"' in site.page(address)
        text = site.page(address, MAY_NOT)
        assert "<dialog" not in text
        assert "decide=" not in text.replace("&amp;", "&").split("<main", 1)[1]
        assert "dispose=" not in text.split("<main", 1)[1]
    answer = site.send(
        MAY_NOT, action="void", delivery=one["delivery_id"], form=one["form"], of=one["period"]
    )
    assert answer.status_code == 403
    assert "may look and not decide" in answer.text
    assert site.events("decision") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere"},
        {"sec-fetch-site": "cross-site", "origin": "http://elsewhere"},
        {"sec-fetch-site": "same-site", "origin": "http://airflow"},
        {"origin": "null"},
        {},
    ],
)
def test_a_form_of_another_site_is_refused(site: Site, headers: dict[str, str]) -> None:
    one = site.held()[0]
    fields = {"action": "void", "delivery": one["delivery_id"], "form": one["form"], "of": one["period"]}
    answer = site.send(headers=headers, **fields)
    assert answer.status_code == 403
    assert "was not sent by a page of this board" in answer.text
    for token in ("", "0" * 64, posting.token(KEY, MAY_NOT.name)):
        assert site.send(**fields, token=token).status_code == 403
    assert site.events("decision") == []
    assert site.client().get("/qiangji/board/decide").status_code in (404, 405)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": " "}, "no reason given"),
        ({"reason": "x" * 501}, "501 characters"),
        ({"reason": "已电话核实 13800138000"}, "personal data (mobile)"),
        ({"reason": "a\0b"}, "cannot be kept (U+0000)"),
        ({"reason": "行二\u202ecba"}, "cannot be kept (U+202E)"),
        ({"delivery": "a\0b"}, "cannot be kept"),
        ({"action": "confirmed", "finding": "\0", "seen": "open"}, "cannot be kept"),
        ({"action": "confirmed", "findings": "x,\0", "seen": "open"}, "cannot be kept"),
        ({"action": "burn"}, "release, void"),
        ({"delivery": "nothing"}, "no delivery nothing"),
        ({"form": "nothing"}, "holds no nothing"),
        ({"of": "yesterday"}, "not a period"),
        ({"action": "confirmed", "finding": "nothing", "seen": "open"}, "no finding nothing stands"),
    ],
)
def test_what_makes_no_sense_is_told_and_not_recorded(site: Site, fields: dict[str, str], words: str) -> None:
    one = site.held()[0]
    whole = {"action": "void", "delivery": one["delivery_id"], "form": one["form"], "of": one["period"]}
    answer = site.send(**(whole | fields))
    assert answer.status_code == 400
    assert words in answer.text.replace("&#39;", "'")
    assert site.events("decision") == site.events("disposition") == []
    assert f'href="{"quality" if "finding" in fields or "findings" in fields else "today"}' in answer.text
    large = site.send(**(whole | {"reason": "x" * 30_000}))
    assert large.status_code == 403, "a body that is too large is not read"


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("quality", {"period": "xx"}), ("quality", {"county": "0"}), ("quality", {"form": "none_such"}),
        ("quality", {"severity": "bad"}), ("quality", {"disposition": "gone"}), ("quality", {"theme": "blue"}),
        ("quality", {"lang": "fr"}), ("today", {"theme": "blue"}), ("today", {"lang": "fr"}), ("today", {"of": "xx"}),
    ],
)  # fmt: skip
def test_all_of_a_form_is_read_before_anything_is_recorded(
    site: Site, page: str, kept: dict[str, str]
) -> None:
    """What only the page after it needs, too: it said that nothing was recorded."""
    one = site.held()[0]
    finding = site.data("quality").rows[0]
    of = {
        "today": {"action": "void", "delivery": one["delivery_id"], "form": one["form"], "of": one["period"]},
        "quality": {"action": "confirmed", "finding": finding["finding_id"], "seen": finding["disposition"]},
    }
    given = {"token": posting.token(KEY, MAY.name), "reason": "核实过"} | of[page] | kept
    answer = site.client(MAY).post("/qiangji/board/decide", data=given, headers=OWN)
    assert answer.status_code == 400
    assert site.events("decision") == site.events("disposition") == site.noted == []
    assert site.status(one)["status"] == "held"


def test_an_address_that_only_takes_forms_is_a_page(site: Site) -> None:
    answer = site.get("decide?lang=en")
    assert answer.status_code == 405
    assert "There is no such page" in answer.text
    assert 'aria-current="page"' not in answer.text


def test_of_two_deliveries_of_one_report_the_other_may_be_released_too(site: Site) -> None:
    (pair,) = [r for r in site.held() if r["reason_code"] == "side_by_side"]
    beside = deliveries.of_same_report(site.engine, [pair], datetime.now(UTC))
    ids = beside[pair["county_code"], pair["form"], pair["period"]].ids
    (other,) = set(ids) - {pair["delivery_id"]}
    assert f"<code>{other}</code>" in site.page("today")
    assert f"<code>{other}</code>" in site.page("today", MAY_NOT)
    report = f"{other}.{pair['form']}.{pair['period']}"
    assert f"report={report}" in site.page("today")
    assert f"report={report}" not in site.page("today", MAY_NOT)
    asked = site.page(f"today?decide=release&report={report}")
    assert re.findall(r'name="delivery" value="([^"]+)"', asked) == [other]
    assert 'name="delivery"' not in site.page(
        f"today?decide=release&report=x.{pair['form']}.{pair['period']}"
    )


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


def test_a_held_report_is_released_once_by_the_account(site: Site) -> None:
    one = next(r for r in site.held() if r["form"] == "village")
    fields = {"action": "release", "delivery": one["delivery_id"], "form": one["form"], "of": one["period"]}
    answer = site.send(**fields)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"today?lang=en&decided={one['delivery_id']}"
    (event,) = site.events("decision")
    assert (event["decided_by"], event["action"], event["reason"]) == ("li.lei", "release", "核实过 checked")
    assert (event["form"], event["period"]) == (one["form"], one["period"])
    assert site.noted == [("li.lei", fields)]
    assert site.night.status(LATE, "village", one["period"])["status"] in ("accepted", "partial")
    text = site.page(answer.headers["location"])
    assert 'class="done"' in text
    assert "li.lei" in text
    assert f"Afterwards: revision {site.status(one)['revision']} counts." in text
    assert one["delivery_id"] not in [
        r["delivery_id"] for r in site.data("today").held if r["form"] == "village"
    ]
    assert site.data("today").unbuilt > 0, "what counts and is not built is told"

    for action in ("release", "void"):  # a second time, from a page that is old by now
        again = site.send(**(fields | {"action": action}))
        assert again.status_code == 409
        assert "li.lei decided on" in again.text
        asked = f"today?lang=en&decide={action}&report={today.report(one)}"
        late = site.page(asked)  # a button of such a page
        assert "<dialog" not in late
        assert "Nothing was recorded" in late
        assert "li.lei decided at" in late.split("</section>")[0]
        assert "Nothing was recorded" not in site.page(asked, MAY_NOT)
    assert len(site.events("decision")) == len(site.noted) == 1


def test_a_finding_is_disposed_of_once_by_the_account(site: Site) -> None:
    row = site.data("quality", "severity=warning").rows[0]
    fields = {"action": "confirmed", "finding": row["finding_id"], "seen": "open", "severity": "warning"}
    answer = site.send(**fields)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"quality?lang=en&severity=warning&disposed={row['finding_id']}"
    (event,) = site.events("disposition")
    assert (event["disposed_by"], event["disposition"]) == ("li.lei", "confirmed")
    text = site.page(answer.headers["location"])
    assert 'class="done"' in text
    assert "li.lei" in text
    for again in (fields, fields | {"action": "resubmit"}):
        told = site.send(**again)
        assert told.status_code == 409
        assert "li.lei decided on" in told.text
    late = site.page(f"quality?lang=en&dispose=confirmed&finding={row['finding_id']}")
    assert "<dialog" not in late
    assert "This finding was decided on" in late
    assert len(site.events("disposition")) == 1
    back = site.send(**(fields | {"action": "open", "seen": "confirmed"}))
    assert back.status_code == 303
    assert len(site.events("disposition")) == 2
    assert row["finding_id"] in [r["finding_id"] for r in site.data("quality").rows]


def test_many_findings_are_decided_on_at_once(site: Site) -> None:
    rows = [r for r in site.data("quality").rows if r["disposition"] == "open"]
    rule, county = rows[0]["rule"], rows[0]["county_code"]
    others = {r["rule"] for r in rows} - {rule}
    groups = f"groups={rule}%40{county}" + "".join(f"&groups={other}%40" for other in sorted(others))
    wanted = [
        r["finding_id"]
        for r in rows
        if (r["rule"], r["county_code"]) == (rule, county) or r["rule"] in others
    ]
    assert 3 <= len(wanted) < quality.AT_ONCE
    text = site.page(f"quality?{groups}&dispose=resubmit")
    ids = re.findall(r'name="findings" value="([^"]+)"', text)
    assert [i.split(",") for i in ids] == [wanted]
    assert "<dialog" not in site.page(f"quality?{groups}&dispose=resubmit", MAY_NOT)
    assert 'type="checkbox"' not in site.page("quality", MAY_NOT)
    assert "Tick rules" in site.page("quality?dispose=resubmit&lang=en"), "nothing was ticked"

    before = {e["disposition_id"] for e in site.events("disposition")}
    sent = {"action": "resubmit", "findings": ids[0], "seen": "open", "reason": "县里已改 corrected"}
    assert site.send(MAY_NOT, **sent).status_code == 403
    assert site.send(action="confirmed", finding=wanted[0], seen="open").status_code == 303  # somebody else's
    answer = site.send(**(sent | {"findings": f"{ids[0]},nothing"}))
    assert answer.status_code == 303
    events = [e for e in site.events("disposition") if e["disposition_id"] not in before]
    assert len(events) == len(wanted), "one of somebody else's, and the rest at once"
    assert {e["finding_id"] for e in events if e["disposition"] == "resubmit"} == set(wanted[1:])
    text = site.page(answer.headers["location"])
    assert f"Decided on {len(wanted) - 1}: to be sent again" in text
    assert "somebody decided meanwhile: 1" in text
    assert "<code>nothing</code>" in text
    again = site.send(**sent)
    assert again.status_code == 409
    assert len(site.events("disposition")) == len(before) + len(wanted)
    many = site.send(**(sent | {"findings": ",".join(f"{i:016x}" for i in range(quality.AT_ONCE + 1))}))
    assert many.status_code == 400
    assert f"at most {quality.AT_ONCE}" in many.text


def test_of_two_that_are_sent_at_once_one_counts(site: Site) -> None:
    from concurrent.futures import ThreadPoolExecutor

    one = next(r for r in site.held() if r["period"] == LOCKED and r["reason_code"] == "period_locked")
    fields = {"action": "void", "delivery": one["delivery_id"], "form": one["form"], "of": one["period"]}
    before = len(site.events("decision"))
    with ThreadPoolExecutor(2) as pool:
        answers = [f.result().status_code for f in [pool.submit(site.send, **fields) for _ in range(2)]]
    assert sorted(answers) == [303, 409]
    assert len(site.events("decision")) == before + 1
    now = site.status(one)
    assert (now["status"], now["revision"]) == ("late", None), (
        "the county sent nothing else of the locked month"
    )
    text = site.page(f"today?lang=zh&decided={one['delivery_id']}")
    assert "此后：目前没有可用的报送（逾期未报），请县（市、区）重报。" in text


def test_a_void_that_is_not_built_is_told(site: Site) -> None:
    (one, *_) = site.night.query(
        "SELECT s.* FROM mart.submission AS s JOIN ops.fact_load AS f USING (form, period, county_code)"
        " WHERE s.is_current AND s.form = 'village' AND s.revision = 1 AND s.county_code = '440703'"
        " ORDER BY s.period DESC"
    )
    before = site.data("today").unbuilt
    site.night.pipeline.ledger.decide(
        one["delivery_id"], "void", "错表", one["form"], one["period"], "li.lei"
    )
    assert site.data("today").unbuilt == before + 1
    assert "份报送的采用或作废尚未进入指标" in site.page("today?lang=zh")


def test_nothing_is_decided_at_a_moment_that_was(site: Site) -> None:
    text = site.page(f"today?as_of={site.then.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}")
    assert "decide=" not in text.split("<main", 1)[1]


def test_a_list_of_the_quality_page_says_where_it_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("DECISIONS", "OUTLIERS"):
        monkeypatch.setattr(quality, most, 100_000)
    assert "只列" not in site.page("quality?lang=zh").split('id="decisions"')[1]
    for most in ("DECISIONS", "OUTLIERS"):
        monkeypatch.setattr(quality, most, 1)
    page = site.data("quality")
    assert len(page.decisions) == 1
    assert "只列最近1项；全部见qiangji decisions。" in site.page("quality?lang=zh")
    assert page.has_more_outliers == ("只列1个：期次最近" in site.page("quality?lang=zh"))
