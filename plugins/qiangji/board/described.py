"""What programs can ask of the board: its pages as JSON, described as OpenAPI 3.1.

In: the pages and what their addresses may name. Out: the description, which is written from these alone.
"""

from __future__ import annotations

from typing import Any

from qiangji.board.pages import PAGES, Page
from qiangji.board.state import FILTERS, LANGUAGES, TREES, VALUES
from qiangji.board.words import Words
from qiangji.catalogue.tree import LEVELS
from qiangji.periods import PERIOD_TYPES

_SHARED: dict[str, dict[str, Any]] = {
    "period": {"description": "2026-10, 2026Q3, 2026H1 or 2026; without it the last month with figures"},
    "type": {"enum": list(PERIOD_TYPES), "description": "without it each indicator's headline"},
    "as_of": {"format": "date-time", "description": "as it was shown then"},
    "tree": {"enum": list(TREES), "description": "history on the tree of then, or of today"},
    "lang": {"enum": list(LANGUAGES)},
}
_OWN: dict[str, dict[str, Any]] = {"level": {"enum": list(LEVELS[:-1])}}
_DIALOGS = ("show", "decide", "report", "decided", "dispose", "finding", "groups", "disposed", "left")
"""Parts of an address that open something on a page and change no rows."""
_NOW_ONLY = {"explain": ("as_of", "tree")}
"""Page -> what it refuses, as it tells of the figure that is shown now alone."""
_ANSWER = {
    "type": "object",
    "required": ["name", "notes", "columns", "rows"],
    "properties": {
        "name": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "heading"],
                "properties": {"key": {"type": "string"}, "heading": {"type": "string"}},
            },
        },
        "rows": {
            "type": "array",
            "items": {"type": "object"},
            "description": "by key; decimals are texts, which keep their digits; null: no number, see obs_status",
        },
    },
}


def description() -> dict[str, Any]:
    """The OpenAPI document. Addresses are relative to where it lies."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "强基看板 Qiangji board",
            "version": "1",
            "description": "Read only. Each page of the board as JSON, behind Airflow's login. Ratios are never to be"
            " added up or averaged: take numerator and denominator.",
        },
        "servers": [{"url": "."}],
        "paths": {f"/{address}": {"get": _operation(address, page)} for address, page in PAGES.items()},
        "components": {"schemas": {"Table": _ANSWER}},
    }


def _operation(address: str, page: Page) -> dict[str, Any]:
    own = {n: _OWN.get(n, {}) for n in FILTERS.get(address, ()) if n not in _DIALOGS}
    closed = {n: {"enum": list(VALUES[address, n])} for n in own if (address, n) in VALUES}
    refused = _NOW_ONLY.get(address, ())
    names = {name: more for name, more in {**_SHARED, **own, **closed}.items() if name not in refused}
    asked = [_parameter(name, dict(more)) for name, more in names.items()]
    table = {"application/json": {"schema": {"$ref": "#/components/schemas/Table"}}}
    return {
        "operationId": page.name,
        "summary": f"{Words('zh')(page.name)} {Words('en')(page.name)}",
        "parameters": [
            {"name": "format", "in": "query", "required": True, "schema": {"const": "json"}},
            *asked,
        ],
        "responses": {
            "200": {"description": "the page's table", "content": table},
            **{
                code: {"description": said, "content": {"text/html": {}}}
                for code, said in (
                    ("400", "the address names what there is not; the page says what there is"),
                    ("401", "no login"),
                    ("403", "the account may not"),
                    ("503", "the warehouse does not answer"),
                )
            },
        },
    }


def _parameter(name: str, more: dict[str, Any]) -> dict[str, Any]:
    said = {"description": more.pop("description")} if "description" in more else {}
    return {"name": name, "in": "query", **said, "schema": {"type": "string", **more}}
