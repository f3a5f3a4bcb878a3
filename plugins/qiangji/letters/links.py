"""Where the city's letter leads: pages of the board and of Airflow, beneath the setting's address.

In: what waits, the letter's language. Out: addresses, '' where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from qiangji.board.state import State
from qiangji.figures.deciding import Waiting
from qiangji.letters.document import Point
from qiangji.letters.words import Words

_BOARD = "qiangji/board/"
_PAGES = {
    "hand_over": "qiangji/feedback/",
    "not_sent": "dags/watch_reporting",
    "unbuilt": "dags/build_indicators",
}
"""What waits -> the page among Airflow's where it can be seen to; all else: a page of the board."""


def page(url: str, path: str) -> str:
    """The address of a page beneath the setting's; '' without one."""
    return f"{url.rstrip('/')}/{path}" if url else ""


def board(w: Words, name: str, **chosen: str) -> str:
    """A page of the board beneath Airflow's, in the letter's language."""
    return _BOARD + State(page=name, lang=w.language).with_(**chosen).url.removeprefix("./")


def page_of(x: Waiting, w: Words) -> str:
    """Where somebody sees to what waits; '' where no page shows it."""
    if x.what in _PAGES:
        return _PAGES[x.what]
    if x.what == "held":
        return board(w, "today")
    if x.what == "findings":
        return board(w, "quality", severity="warning")
    return board(w, "county", county=x.county_code) if x.county_code else ""


def linked_once(points: Iterable[Point]) -> Iterator[Point]:
    """The points, with each address at the last of those in a row that lead there."""
    before: Point | None = None
    for point in points:
        if before is not None:
            yield replace(before, link="") if before.link == point.link else before
        before = point
    if before is not None:
        yield before
