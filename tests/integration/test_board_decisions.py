"""Decisions on the board: by those who may, once, each with what the page and the journal then say.

On a copy of the night of `boards.live`. A test goes on from what the tests before it decided.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from qiangji.board import posting, quality, today
from qiangji.figures import deliveries
from tests.integration.board_of_work import KEY, MAY, MAY_NOT, OWN, Site, site
from tests.integration.boards import LATE, LOCKED

__all__ = ["site"]


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
