"""The page of `page.py` as a web application, without a login of its own.

In: the library `fastapi`, which comes with Airflow; who may look (a dependency that gives the account's name, or
refuses); what notes that an account took a workbook. Out: the application, which `airflow_glue` puts among Airflow's
pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qiangji import pipeline
from qiangji.feedback import page
from qiangji.settings import settings


def application(
    fastapi: Any, may_look: Callable[..., str], taken: Callable[[str, dict[str, str]], None]
) -> Any:
    """The list of workbooks at `feedback/`, and each by its key."""
    web = fastapi.FastAPI(
        dependencies=[fastapi.Depends(may_look)], docs_url=None, redoc_url=None, openapi_url=None
    )

    def found() -> list[page.Kept]:
        return page.kept(settings().home, pipeline.read_catalogue(), settings().timezone)

    @web.get("/feedback/", response_model=None)  # type: ignore[untyped-decorator]
    def workbooks() -> Any:
        content = page.html(found(), pipeline.read_catalogue())
        return fastapi.Response(content, headers=page.HEADERS, media_type="text/html")

    @web.get("/feedback/{key}", response_model=None)  # type: ignore[untyped-decorator]
    def workbook(key: str, who: str = fastapi.Depends(may_look)) -> Any:
        one = next((k for k in found() if k.key == key), None)
        content = page.content(settings().home, one) if one else None
        if one is None or content is None:
            raise fastapi.HTTPException(404, "没有该工作簿 no such workbook")
        taken(who, {"county": one.county_code, "file": one.name})
        headers = page.HEADERS | {"Content-Disposition": page.attachment(one)}
        return fastapi.Response(content, headers=headers, media_type=page.WORKBOOK)

    return web
