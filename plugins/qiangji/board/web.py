"""The routes of the board, without a login of its own.

In: the library `fastapi`, which comes with Airflow; who looks (a dependency that gives a `Viewer`, or refuses). Out:
the application. A page is a function of the state of its address and of one snapshot of the warehouse. Whatever goes
wrong is a page too, in the reader's language: an address that names what there is not (400, 404), an account that may
not (403), a warehouse that does not answer (503), a fault of the program's (500).
"""

from __future__ import annotations

import functools
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from sqlalchemy.engine import Engine

from qiangji import pipeline
from qiangji.board import Viewer, described, pages, posting, rendering, tables
from qiangji.board.asking import Asked, Warehouse
from qiangji.board.choosing import NothingThere
from qiangji.board.state import State, language_of, parse
from qiangji.board.words import Words
from qiangji.errors import QiangjiError, UsageError, WarehouseError
from qiangji.settings import settings

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every answer. Figures of a named unit stay in no cache. Other sites are told no address; our own are, as a
form that is sent without a referrer names no origin (`posting.is_own`).
"""
FOREVER = "private, max-age=31536000, immutable"
"""Of static files: another content has another address."""
Show = Callable[[Any, Viewer], Any]


def application(
    fastapi: Any,
    viewer: Callable[..., Viewer],
    warehouse: Warehouse | None = None,
    key: bytes = posting.KEY,
    noted: posting.Noted = posting.nowhere,
) -> Any:
    """The board: each page of `pages.PAGES` at its name, static files at `static/`, decisions at `decide`.

    `key`: a secret that all processes of the site share; `noted` is told who decided what.
    """
    own = warehouse or Warehouse(settings())
    web = fastapi.FastAPI(
        dependencies=[fastapi.Depends(viewer)], docs_url=None, redoc_url=None, openapi_url=None
    )

    def route(page: str) -> None:
        def shown(request: Any, who: Viewer) -> Any:
            token = posting.token(key, who.name) if who.may_decide else ""
            return _answer(fastapi, own, page, request, (who, token))

        # names that are not known where FastAPI looks for them
        shown.__annotations__ |= {
            "request": fastapi.Request,
            "who": Annotated[Viewer, fastapi.Depends(viewer)],
        }
        web.get(f"/{page}", response_model=None)(shown)

    for name in pages.PAGES:
        route(name)

    posting.add(web, fastapi, viewer, key, functools.partial(_problem, fastapi), noted)

    def openapi() -> Any:
        return fastapi.responses.JSONResponse(described.description(), headers=HEADERS)

    def static(name: str) -> Any:
        path, media = rendering.static_files().get(name, (None, ""))
        if path is None:
            raise fastapi.HTTPException(404)
        return fastapi.Response(
            path.read_bytes(), headers=HEADERS | {"Cache-Control": FOREVER}, media_type=media
        )

    web.get("/openapi.json", response_model=None)(openapi)
    web.get("/static/{name}", response_model=None)(static)
    for status, problem in ((404, _nothing_here), (405, _nothing_here), (401, _log_in), (403, _refused)):
        web.add_exception_handler(status, functools.partial(problem, fastapi))
    return web


def _answer(fastapi: Any, warehouse: Warehouse, page: str, request: Any, who: tuple[Viewer, str]) -> Any:
    """A page, its table as a file, or what is wrong. `who`: with the token of the account's forms."""
    began = time.perf_counter()
    asked = Asked()
    state = None
    try:
        state = parse(
            page,
            request.query_params.multi_items(),
            request.headers.get("accept-language", ""),
            settings().timezone,
        )
        with warehouse.snapshot() as (engine, asked):
            content, headers, media = _content(pages.PAGES[page], engine, state, who)
    except UsageError as e:
        kept = state if isinstance(e, NothingThere) else None
        return _problem(fastapi, request, 400, "cannot", said=e, state=kept)
    except WarehouseError as e:
        return _problem(fastapi, request, 503, "down", said=e)
    except Exception:
        number = secrets.token_hex(4)
        log.exception("a page of the board failed, %s: %s", number, page)
        return _problem(fastapi, request, 500, "failed", Words(_language(request))("failed_said", n=number))
    took = 1000 * (time.perf_counter() - began)
    timing = f'db;dur={1000 * asked.seconds:.1f};desc="{asked.statements}", total;dur={took:.1f}'
    return fastapi.Response(content, headers=HEADERS | headers | {"Server-Timing": timing}, media_type=media)


def _content(
    page: pages.Page, engine: Engine, state: State, who: tuple[Viewer, str]
) -> tuple[Any, dict[str, str], str]:
    catalogue = pipeline.read_catalogue()
    found = page.data(engine, catalogue, state)
    if state.format:
        table = page.table(found, state)
        name = f"{table.name}.{state.format}"
        saved = f"attachment; filename=\"board.{state.format}\"; filename*=UTF-8''{quote(name, safe='')}"
        return (
            tables.written(table, state.format, settings().timezone),
            {"Content-Disposition": saved},
            tables.MEDIA[state.format],
        )
    return (
        rendering.page(page.name, state, pages.HEADS, page=found, viewer=who[0], token=who[1]),
        {},
        "text/html",
    )


def warm(warehouse: Warehouse) -> None:
    """Make each page once, for nobody: the first reader of a process then waits for no import, template or connection.

    A page that has nothing to show yet has been made ready all the same.
    """
    for name, page in pages.PAGES.items():
        try:
            with warehouse.snapshot() as (engine, _):
                _content(page, engine, State(page=name), (Viewer(""), ""))
        except QiangjiError as e:  # a reader is told the same
            log.info("the page %s was not made ready: %s", page.name, e)


def _problem(
    fastapi: Any,
    request: Any,
    status: int,
    title: str,
    text: str = "",
    said: QiangjiError | None = None,
    **more: Any,
) -> Any:
    """A page that says what is wrong, and what there is.

    `more`: `back`, the address of the form that was refused; `state` of the page, where its links keep what is chosen.
    """
    language = _language(request)
    if said is not None:
        text = said.zh or said.en if language == "zh" else said.en
    plain = State(lang=language if "lang" in request.query_params else None, accepted=language)
    state = more.get("state")
    shown = {
        "title": title,
        "text": text,
        "depth": _depth(request),
        "back": more.get("back", ""),
        "current": state.page if state else None,
        "choices": getattr(said, "choices", None) if state else None,
    }
    content = rendering.page("problem", state or plain, pages.HEADS, **shown)
    return fastapi.Response(content, status_code=status, headers=HEADERS, media_type="text/html")


def _nothing_here(fastapi: Any, request: Any, error: Any) -> Any:
    return _problem(fastapi, request, error.status_code, "nothing_here")


def _log_in(fastapi: Any, request: Any, error: Any) -> Any:
    return _problem(fastapi, request, error.status_code, "log_in", Words(_language(request))("log_in_said"))


def _refused(fastapi: Any, request: Any, error: Any) -> Any:
    """What an account may not. Words in no two languages are the login's own, which does not know the account, as after
    Airflow's secret changed.
    """
    said = error.detail
    if isinstance(said, Mapping):
        return _problem(fastapi, request, 403, "refused", said[_language(request)])
    return _log_in(fastapi, request, error)


def _depth(request: Any) -> int:
    """How many folders below the board's own address the wrong one lies: its links lead up again."""
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    return max(path.lstrip("/").count("/"), 0)


def _language(request: Any) -> str:
    return language_of(request.query_params, request.headers.get("accept-language", ""))
