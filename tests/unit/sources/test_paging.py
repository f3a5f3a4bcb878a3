"""Each way of paging does what its docstring shows, and refuses a page that lacks what it needs."""

from __future__ import annotations

import doctest
from typing import get_args

import pytest

from qiangji.catalogue.models import Paging
from qiangji.sources import paging
from qiangji.sources.paging import WAYS, Cursor, Numbered, PageError, Whole


def test_the_examples_run() -> None:
    tests = doctest.DocTestFinder(exclude_empty=False).find(paging)
    assert {way.__name__ for way in WAYS.values()} <= {t.name.rpartition(".")[2] for t in tests if t.examples}
    failed, attempted = doctest.testmod(paging)
    assert attempted
    assert not failed


def test_every_style_of_the_catalogue_has_its_way() -> None:
    assert set(WAYS) == set(get_args(Paging.model_fields["style"].annotation))


@pytest.mark.parametrize("body", [{}, [], {"n": None}, {"n": "many"}, {"n": float("inf")}])
def test_a_count_that_is_no_number_is_refused_without_its_text(body: object) -> None:
    for way in (
        Whole(Paging(total="n")),
        Numbered(Paging(style="page", next="n")),
        Cursor(Paging(style="cursor", total="n")),
    ):
        with pytest.raises(PageError) as error:
            way.announced(body)
        assert error.value.args == ("no number under 'n'", "'n' beside the records")
        assert error.value.__context__ is None


@pytest.mark.parametrize("cursor", [[], {}, 1.5, "\ud800"])
def test_a_cursor_is_text_or_a_number(cursor: object) -> None:
    way = Cursor(Paging(style="cursor", next="next"))
    assert way.following({"next": 0}, {}) is None
    assert way.following({"next": 7}, {}) == "7"
    with pytest.raises(PageError):
        way.following({"next": cursor}, {})
    with pytest.raises(PageError):
        way.following({}, {})
