"""The state of a page and its address: one gives the other, and an address that is wrong says what there is."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiangji.board import rendering
from qiangji.board import state as states
from qiangji.board.state import State, parse
from qiangji.errors import UsageError
from qiangji.figures import reading
from qiangji.periods import Period

ZONE = "Asia/Shanghai"
PERIODS = st.one_of(
    st.none(),
    st.builds(Period, st.just("month"), st.integers(2020 * 12, 2030 * 12)),
    st.builds(Period, st.just("quarter"), st.integers(2020 * 4, 2030 * 4)),
)
MOMENTS = st.none() | st.integers(1_600_000_000, 1_700_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=9).filter(
    lambda t: t.strip() == t
)


@given(
    page=st.sampled_from(sorted(states.FILTERS)),
    period=PERIODS,
    type_=st.sampled_from([None, "month", "quarter", "year", "ytd"]),
    at=MOMENTS,
    lang=st.sampled_from([None, *states.LANGUAGES]),
    theme=st.sampled_from([None, *states.THEMES]),
    org=st.none() | TEXT,
    format_=st.sampled_from([None, *states.FORMATS]),
)
def test_the_address_of_a_state_names_it(
    page: str, period: Period | None, type_: str | None, at: datetime | None, lang: str | None, theme: str | None,
    org: str | None, format_: str | None,
) -> None:  # fmt: skip
    chosen = State(page, period, type_, at, False, lang, theme, format=format_)
    free = next(name for name in states.FILTERS[page] if (page, name) not in states.VALUES)
    chosen = chosen.with_(**{free: org})
    address = urlsplit(chosen.url)
    assert address.path == (page or "./")
    assert parse(page, parse_qsl(address.query), "", ZONE) == chosen


def test_addresses_are_relative() -> None:
    chosen = State("indicator").with_(indicator="x", org="440700", period="2026-10", period_type="month")
    assert chosen.url == "indicator?period=2026-10&type=month&indicator=x&org=440700"
    assert chosen.link("") == "./?period=2026-10&type=month&org=440700", "what the other page knows stays"
    assert chosen.link(org=None, lang="en") == "indicator?period=2026-10&type=month&lang=en&indicator=x"
    assert chosen.with_(format="csv").to("").format is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"periode": "2026-10"}, "unknown_part"),
        ({"indicator": "x"}, "unknown_part"),  # not of the overview
        ({"period": "2026-13"}, "bad_period"),
        ({"type": "week"}, "unknown_type"),
        ({"as_of": "yesterday"}, "no_time"),
        ({"as_of": "2999-01-01"}, "no_time"),
        ({"tree": "later"}, "unknown_value"),
        ({"lang": "fr"}, "unknown_value"),
        ({"theme": "blue"}, "unknown_value"),
        ({"format": "pdf"}, "unknown_value"),
        ({"as_of": "2026-01-01", "tree": "restated"}, "as_of_restated"),
    ],
)
def test_an_address_that_is_wrong_says_what_there_is(query: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse("", query.items(), "", ZONE)
    assert raised.value.code == code
    assert raised.value.zh
    assert raised.value.en


def test_empty_values_are_none_as_a_form_sends_them() -> None:
    assert parse("", {"period": "", "as_of": " ", "tree": "as_was"}.items(), "", ZONE) == State()


def test_a_time_without_an_offset_is_the_counties() -> None:
    found = parse("", {"as_of": "2026-01-02T08:00"}.items(), "", ZONE)
    assert found.as_of == datetime(2026, 1, 2, 0, 0, tzinfo=UTC)
    assert parse("", {"as_of": "2026-01-02T08:00 08:00"}.items(), "", ZONE) == found, (
        "a plus that became a space"
    )


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ("2026-01-02", "2026-01-02T00:00:00", "2026-01-02 00:00:00"),
        ("2026-01-02T08:00", "2026-01-02T08:00:00", "2026-01-02 08:00:00"),
        ("2026-01-02T14:39:24+08:00", "2026-01-02T14:39:24", "2026-01-02 14:39:24"),
        ("2026-01-02T06:39:24Z", "2026-01-02T14:39:24", "2026-01-02 14:39:24"),
        ("2026-01-02T01:39:24-05:00", "2026-01-02T14:39:24", "2026-01-02 14:39:24"),
        ("2026-01-02T14:39:24.5", "2026-01-02T14:39:24.500", "2026-01-02 14:39:24.500"),
        ("2026-01-02T14:39:24.000001", "2026-01-02T14:39:24.001", "2026-01-02 14:39:24.001"),
        ("2026-01-02T14:39:59.999999", "2026-01-02T14:40:00", "2026-01-02 14:40:00"),
        ("0900-01-02T14:39:24", "0900-01-02T14:39:24", "0900-01-02 14:39:24"),
    ],
)
def test_a_form_that_is_sent_again_keeps_the_moment(given: str, field: str, said: str) -> None:
    found = parse("", {"as_of": given}.items(), "", ZONE)
    assert found.as_of is not None
    assert found.as_of >= reading.moment(given, ZONE), "what was shown from that moment on is shown"
    assert rendering.field(found.as_of) == field
    assert rendering.instant(found.as_of) == said
    assert parse("", {"as_of": field}.items(), "", ZONE) == found
    assert parse("", parse_qsl(urlsplit(found.url).query), "", ZONE) == found


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "zh"),
        ("fr-FR", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr,en;q=0.3,zh-TW;q=0.7", "zh"),
        ("en;q=x,en;q=0.5", "en"),
    ],
)
def test_the_language_is_the_browser_s_first_of_two(accept: str, language: str) -> None:
    assert states.preferred(accept) == language
    assert State(accepted=language).language == language
    assert State(accepted=language, lang="zh").language == "zh"


@pytest.mark.parametrize(("page", "name"), list(states.VALUES))
def test_a_value_that_there_is_not_is_refused_with_those_that_there_are(page: str, name: str) -> None:
    """A file under a wrong name, or another table than the one asked for, would mislead."""
    for value in states.VALUES[page, name]:
        assert parse(page, [(name, value)], "", ZONE).get(name) == value
    with pytest.raises(UsageError) as error:
        parse(page, [(name, "nope")], "", ZONE)
    assert states.VALUES[page, name][0] in str(error.value)


def test_a_time_outside_the_calendar_is_no_time() -> None:
    with pytest.raises(UsageError) as error:
        parse("", [("as_of", "0001-01-01T00:00:00+23:59")], "", ZONE)
    assert error.value.code == "no_time"


def test_the_page_speaks_of_its_own_address() -> None:
    with pytest.raises(UsageError) as error:
        parse("", [("as_of", "2026-01-01"), ("tree", "restated")], "", ZONE)
    assert error.value.code == "as_of_restated"
    assert "--" not in str(error.value)
