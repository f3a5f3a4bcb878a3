"""Listings of HTTP systems as systems keep them: versions side by side, labels for names, forms under other names.

And records that came twice, by a key or by a page that moved.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.parsing import read_grids
from qiangji.sources import Item, Seen
from tests.integration.servers import Api, ok
from tests.integration.transports import (
    CURSOR,
    LISTED,
    OCTOBER,
    PAGE,
    SEPTEMBER,
    WANTED,
    Connect,
    collected,
    http_county,
    opened,
    refused,
)

FIRST, SECOND, AHEAD = "2026-11-01T08:13:00", "2026-11-03T08:13:00", "2099-01-01T00:00:00"


def entry(form: str = "village", period: str = "2026-10", at: str = FIRST, **more: str) -> dict[str, str]:
    return {"form": form, "period": period, "updated_at": at, **more}


def listed(api: Api, *entries: dict[str, str], **http: Any) -> list[Item]:
    api.routes["/reports"] = ok({"data": list(entries)})
    with opened(http_county(**http)) as source:
        return list(source.list(WANTED))


@pytest.mark.parametrize("names", [("", ""), ("一稿", "二稿")])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_of_a_report_the_later_is_taken_and_the_others_are_too(
    api: Api, connect: Connect, order: int, names: tuple[str, str]
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    two = [entry(at=at, name=name) for at, name in zip((FIRST, SECOND), names, strict=True)][::order]
    items = listed(api, *two, entry("community"))
    assert [(i.name, i.version) for i in items] == [
        (names[1] or "village/2026-10", SECOND), ("community/2026-10", FIRST),
    ]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [("v1", "v2"), (FIRST, AHEAD), ("", FIRST)])
def test_of_versions_without_an_order_none_is_known(api: Api, connect: Connect, one: str, other: str) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    (item,) = listed(api, entry(at=one), entry(at=other))
    assert (item.name, item.version, item.changed_at) == ("village/2026-10", "", None)


def test_a_label_for_a_name_is_no_name(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    label = {"name": "行政村党建月报表"}
    months = [entry(period=p, **label) for p in ("2026-08", "2026-09", "2026-10")]
    items = listed(api, *months, entry("community", **label))
    assert [(i.name, i.targets) for i in items] == [
        ("village/2026-09", (("village", SEPTEMBER),)), ("village/2026-10", (("village", OCTOBER),)),
        ("community/2026-10", (("community", OCTOBER),)),
    ]  # fmt: skip
    assert [i.name for i in listed(api, entry(name="a"), entry("community", name="b"))] == ["a", "b"]


def test_a_shared_name_that_says_what_to_download_costs_those_reports_alone(
    api: Api, connect: Connect
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok({"data": [
        entry(name="x.csv"), entry(period="2026-09", name="x.csv"), entry("community", name="y.csv"),
    ]})  # fmt: skip
    api.routes["/files/y.csv"] = ok(b"a,b\r\n")
    with opened(http_county(fetch={"path": "/files/{name}"}, format="csv")) as source:
        village, before, community = source.list(WANTED)
        for item in (village, before):
            with pytest.raises(PermanentError, match="is given to other reports too") as shared:
                source.fetch(item)
            assert shared.value.code == "bad_response"
        assert source.fetch(community).content == b"a,b\r\n"


@pytest.mark.parametrize("odd", ["a\0", "名" * 90, "村\u202e", "月报\n.xlsx"])
def test_a_name_or_version_that_cannot_be_kept_costs_no_other_report(
    api: Api, connect: Connect, odd: str
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    rows = entry(name=odd), entry("community", at=odd, name="y.csv")
    assert [(i.name, i.version) for i in listed(api, *rows)] == [("village/2026-10", FIRST), ("y.csv", "")]
    api.routes["/files/y.csv"] = ok(b"a,b\r\n")
    with opened(http_county(fetch={"path": "/files/{name}"}, format="csv")) as source:
        village, community = source.list(WANTED)
        with pytest.raises(PermanentError, match=r"the name of village 2026-10 cannot be kept") as refused:
            source.fetch(village)
        assert refused.value.code == "bad_response"
        assert odd not in str(refused.value)
        assert source.fetch(community).content == b"a,b\r\n"


def test_forms_under_other_names_are_seen(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok({"data": [
        entry("VILLAGE"), entry(), entry("VILLAGE", "2026-01"), entry("village", "第十期"), entry("F1", "第十期"),
    ]})  # fmt: skip
    with opened(http_county()) as source:
        assert [i.name for i in source.list(WANTED)] == ["village/2026-10"]
        assert [(s.name, s.form, s.period) for s in source.others] == [
            ("VILLAGE 2026-10", "VILLAGE", "2026-10"), ("village 第十期", "village", "第十期"),
        ]  # fmt: skip
        assert all(isinstance(s, Seen) and s.changed_at for s in source.others)


# ---- what comes twice


RECORDS = [{"村编码": str(n), "n": n} for n in range(6)]


def shifted(api: Api, first: list[Any], then: list[Any]) -> None:
    api.routes["/reports"] = ok({"data": LISTED})
    api.routes["/reports/village/2026-10"] = lambda q, h: (
        (200, {}, {"data": then, "pages": 2, "next": None, "all": len(first + then)})
        if {"page": "2", "cursor": "b"}.items() & q.items()
        else (200, {}, {"data": first, "pages": 2, "next": "b", "all": len(first + then)})
    )


@pytest.mark.parametrize("paging", [PAGE | {"total": "all"}, CURSOR], ids=["numbered", "cursor"])
def test_a_record_on_two_pages_tells_that_they_moved(
    api: Api, connect: Connect, paging: dict[str, Any]
) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    county = http_county(fetch={"path": "/reports/{form}/{period}", "items": "data", "paging": paging})
    shifted(api, RECORDS[:3], [dict(reversed(RECORDS[2].items())), *RECORDS[3:5]])
    error = refused(county, fetch=True)
    assert (type(error), error.code) == (TransientError, "count_differs")
    # what the county itself has twice is told by its rows
    shifted(api, [*RECORDS[:3], RECORDS[2]], [RECORDS[3] | {"n": 0}, RECORDS[3]])
    assert len(collected(county).splitlines()) == 6


def test_a_key_twice_in_a_record_is_told_as_in_a_file(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    twice = b'{"\xe6\x9d\x91\xe7\xbc\x96\xe7\xa0\x81":"1","n":77,"n":"127"}'
    api.routes["/reports"] = ok({"data": LISTED})
    for record in (twice, b'{"n":1,"m":{"a":1,"a":2}}'):
        api.routes["/reports/village/2026-10"] = ok(b'{"data": [{"n":1}, ' + record + b"]}")
        content = collected(http_county())
        assert record in content.splitlines()
        with pytest.raises(QiangjiError) as file:
            read_grids(content, "ndjson", http_county(), ["village"])
        assert file.value.code == "duplicate_header"


def test_records_twice_in_an_answer_are_no_answer(api: Api, connect: Connect) -> None:
    connect(f"http://127.0.0.1:{api.port}")
    api.routes["/reports"] = ok({"data": LISTED})
    api.routes["/reports/village/2026-10"] = ok(
        b'{"data": ' + json.dumps(RECORDS).encode() + b', "data": []}'
    )
    error = refused(http_county(), fetch=True)
    assert (type(error), error.code) == (PermanentError, "bad_response")
