"""Ways of paging: what a page of a listing says about the whole, and how the next page is asked for.

In: a county's `paging` and each page's JSON. Out: the parameters of the requests. Nothing is fetched here. A new way is
a class of two methods here and a `style` in catalogue/models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiangji.catalogue.models import Paging
from qiangji.sources.files import is_text


class PageError(Exception):
    """A page lacks what its way of paging needs. `args`: what is wrong, what was expected."""


class Whole:
    """The listing in one answer. `first`: the parameters of the first request.

    >>> way = Whole(Paging(total="count"))
    >>> way.first, way.announced({"count": 2, "data": [{}, {}]}), way.following({"count": 2}, {})
    ({}, {'total': 2}, None)
    """

    def __init__(self, paging: Paging) -> None:
        self._paging = paging
        self.first: dict[str, str | int] = {paging.size_param: paging.size} if paging.size_param else {}
        self._counts = {"total": paging.total} if paging.total else {}

    def announced(self, body: Any) -> dict[str, int]:
        """Counts of the whole listing (`pages`, `total`), the same on every page. Raises PageError."""
        try:
            return {what: int(body[key]) for what, key in self._counts.items()}
        except (TypeError, ValueError, KeyError, OverflowError):
            pass  # raised below, without the cause: its text may hold what was received
        names = " and ".join(map(repr, self._counts.values()))
        raise PageError(f"no number under {names}", f"{names} beside the records")

    def following(self, body: Any, asked: Mapping[str, str | int]) -> str | None:
        """The value of `paging.param` for the next page, None after the last. `asked`: this page's parameters.

        Raises PageError.
        """
        return None


class Numbered(Whole):
    """Pages by number, counted from 1. Each page says how many there are.

    >>> way = Numbered(Paging(style="page", param="page", next="pages", size_param="size", size=50))
    >>> way.first, way.announced({"pages": 2})
    ({'size': 50, 'page': 1}, {'pages': 2})
    >>> way.following({"pages": 2}, {"page": 1}), way.following({"pages": 2}, {"page": "2"})
    ('2', None)
    """

    def __init__(self, paging: Paging) -> None:
        super().__init__(paging)
        self.first |= {paging.param: 1}
        self._counts = {"pages": paging.next} | self._counts

    def following(self, body: Any, asked: Mapping[str, str | int]) -> str | None:
        page = int(asked[self._paging.param])
        return str(page + 1) if page < int(body[self._paging.next]) else None


class Cursor(Whole):
    """Each page names the next by a cursor, which is a parameter and never an address.

    >>> way = Cursor(Paging(style="cursor", param="cursor", next="next"))
    >>> way.first, way.following({"next": "a7"}, {}), way.following({"next": None}, {"cursor": "a7"})
    ({}, 'a7', None)
    """

    def following(self, body: Any, asked: Mapping[str, str | int]) -> str | None:
        key = self._paging.next
        if not isinstance(body, dict) or key not in body:
            raise PageError(f"no {key!r} in the answer", f"{key!r} beside the records")
        cursor = body[key]
        if cursor in (None, "", False):
            return None
        if not isinstance(cursor, (str, int)) or not is_text(str(cursor)):
            raise PageError(f"{key!r} is no cursor", "text or a number")
        return str(cursor)


WAYS = {"none": Whole, "page": Numbered, "cursor": Cursor}
"""`paging.style` -> its class."""
