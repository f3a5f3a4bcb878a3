"""The page of `page.py` as a web application, without a login of its own.

In: who may look (a dependency of FastAPI that gives the account's name, or refuses), and what notes that an account
took a workbook. Out: the application, which `airflow_glue` puts among Airflow's pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Response

from qiangji import pipeline
from qiangji.feedback import page
from qiangji.settings import settings


def application(may_look: Callable[..., str], taken: Callable[[str, dict[str, str]], None]) -> Any:
    """The list of workbooks at `feedback/`, and each by its key."""
    web = FastAPI(dependencies=[Depends(may_look)], docs_url=None, redoc_url=None, openapi_url=None)

    def found() -> list[page.Kept]:
        return page.kept(settings().home, pipeline.read_catalogue(), settings().timezone)

    @web.get("/feedback/", response_model=None)
    def workbooks() -> Response:
        content = page.html(found(), pipeline.read_catalogue())
        return Response(content, headers=page.HEADERS, media_type="text/html")

    @web.get("/feedback/{key}", response_model=None)
    def workbook(key: str, who: str = Depends(may_look)) -> Response:
        one = next((k for k in found() if k.key == key), None)
        content = page.content(settings().home, one) if one else None
        if one is None or content is None:
            raise HTTPException(404, "没有该工作簿 no such workbook")
        taken(who, {"county": one.county_code, "file": one.name})
        headers = page.HEADERS | {"Content-Disposition": page.attachment(one)}
        return Response(content, headers=headers, media_type=page.WORKBOOK)

    return web
