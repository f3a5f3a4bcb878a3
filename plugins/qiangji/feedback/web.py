"""The page of `page.py` as a web application, without a login of its own.

In: the library `fastapi`, which comes with Airflow; who may look (a dependency that gives the account's name, or
refuses); what notes that an account took a workbook. Out: the application, which `airflow_glue` puts among Airflow's
pages.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from qiangji import pipeline
from qiangji.errors import QiangjiError
from qiangji.feedback import page, templates
from qiangji.periods import Period, local_day
from qiangji.settings import settings


def application(
    fastapi: Any, may_look: Callable[..., str], taken: Callable[[str, dict[str, str]], None]
) -> Any:
    """The list of workbooks at `feedback/`, each by its key, and forms to fill in."""
    web = fastapi.FastAPI(
        dependencies=[fastapi.Depends(may_look)], docs_url=None, redoc_url=None, openapi_url=None
    )
    for status in page.PROBLEMS:
        web.add_exception_handler(status, functools.partial(_refused, fastapi))

    def found() -> list[page.Kept]:
        return page.kept(settings().home, pipeline.read_catalogue(), settings().timezone)

    def blanks() -> list[page.Blank]:
        return page.blanks(pipeline.read_catalogue(), local_day(datetime.now(UTC), settings().timezone))

    def workbooks() -> Any:
        content = page.html(found(), pipeline.read_catalogue(), blanks())
        return fastapi.Response(content, headers=page.HEADERS, media_type="text/html")

    def workbook(key: str, who: str = fastapi.Depends(may_look)) -> Any:
        one = next((k for k in found() if k.key == key), None)
        content = page.content(settings().home, one) if one else None
        if one is None or content is None:
            raise fastapi.HTTPException(404, {"zh": "没有该工作簿。", "en": "No such workbook."})
        taken(who, {"county": one.county_code, "file": one.name})
        headers = page.HEADERS | {"Content-Disposition": page.attachment(one)}
        return fastapi.Response(content, headers=headers, media_type=page.WORKBOOK)

    def template(county: str, form: str, who: str = fastapi.Depends(may_look)) -> Any:
        one = next((b for b in blanks() if (b.county_code, b.form) == (county, form)), None)
        if one is None:
            raise fastapi.HTTPException(404, {"zh": "没有该报表。", "en": "No such form."})
        try:
            made = _made(one)
        except QiangjiError as e:
            raise fastapi.HTTPException(503, {"zh": e.zh or e.en, "en": e.en}) from e
        taken(who, {"county": one.county_code, "form": one.form, "period": one.period})
        headers = page.HEADERS | {"Content-Disposition": page.as_template(made.name)}
        return fastapi.Response(made.content, headers=headers, media_type=page.WORKBOOK)

    web.get("/feedback/", response_model=None)(workbooks)
    web.get("/feedback/{key}", response_model=None)(workbook)
    web.get("/feedback/template/{county}/{form}", response_model=None)(template)
    return web


async def _refused(fastapi: Any, request: Any, error: Any) -> Any:
    """What cannot be given: to a browser a page in words, to a program the same as JSON.

    A refusal without words in two languages is the login's, which knows the account no more, or never did.
    """
    said, status = error.detail, error.status_code
    if "text/html" not in request.headers.get("accept", ""):
        return fastapi.responses.JSONResponse({"detail": said}, status, page.HEADERS)
    known = isinstance(said, Mapping)
    path = str(request.scope["path"]).removeprefix(request.scope.get("root_path", ""))
    content = page.problem(
        401 if status == 403 and not known else status,
        f"{said['zh']} {said['en']}" if known else "",
        path.lstrip("/").count("/"),
    )
    return fastapi.Response(content, status, page.HEADERS, "text/html")


def _made(one: page.Blank) -> templates.Template:
    """The template; of groups and tasks, with the rows that the county last reported."""
    catalogue = pipeline.read_catalogue()
    form, period = catalogue.forms[one.form], Period.parse(one.period)
    if not templates.needs_ledger(catalogue, form, [one.county_code], period):
        return templates.make(catalogue, form, one.county_code, period, {})
    with pipeline.open_pipeline() as p:
        known = templates.known_rows(p.ledger, catalogue, form, [one.county_code], period)
    return templates.make(catalogue, form, one.county_code, period, known)
