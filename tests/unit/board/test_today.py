"""This morning as it is shown: what stands in its tables and lists, in both languages, of a page that is made up."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from qiangji.board import today as this_morning
from qiangji.board.state import State
from tests.unit.board import made

LANGUAGES = ("zh", "en")


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
