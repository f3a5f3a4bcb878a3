"""Who may send a decision: a page of the board's own, with a token of the account, not older than a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qiangji.board import posting

KEY = b"a key of a test"


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        (
            {"sec-fetch-site": "same-origin", "origin": "null", "host": "a:1"},
            True,
        ),  # a page without a referrer
        ({"sec-fetch-site": "same-origin", "origin": "http://a:1", "host": "a:1"}, True),
        ({"origin": "http://a:1", "host": "a:1"}, True),  # a browser of before
        ({"origin": "https://a", "host": "inside:8080", "x-forwarded-host": "a"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://a:1", "host": "a:1"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "http://b", "host": "a:1"}, False),
        ({"origin": "http://a:2", "host": "a:1"}, False),
        ({"origin": "null", "host": "a:1"}, False),
        ({"origin": "", "host": ""}, False),
        ({"host": "a:1"}, False),
        ({}, False),
    ],
)
def test_a_request_is_from_the_same_origin_or_refused(headers: dict[str, str], is_own: bool) -> None:
    assert posting.is_own(headers) is is_own


def test_a_token_is_of_one_account_one_key_and_two_days() -> None:
    today = datetime.now(UTC).date()
    mine = posting.token(KEY, "li.lei")
    assert posting.is_token(KEY, "li.lei", mine)
    assert not posting.is_token(KEY, "han.mei", mine)
    assert not posting.is_token(b"another", "li.lei", mine)
    assert not posting.is_token(KEY, "li.lei", "")
    assert not posting.is_token(KEY, "li.lei", "ü")
    assert posting.is_token(KEY, "li.lei", posting.token(KEY, "li.lei", today - timedelta(days=1)))
    assert not posting.is_token(KEY, "li.lei", posting.token(KEY, "li.lei", today - timedelta(days=2)))
