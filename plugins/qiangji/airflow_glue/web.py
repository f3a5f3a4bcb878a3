"""What the project adds to Airflow's pages: alerts on the home page, pages of its own, lines of the audit log.

In: Airflow's database and login. Out: alerts, and an ASGI application.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from qiangji.airflow_glue.names import DAGS
from qiangji.settings import settings

if TYPE_CHECKING:
    from qiangji.board.asking import Warehouse

_NO_WORKBOOKS = {"zh": "仅限值班员和管理员。", "en": "For duty operators and administrators."}
_NO_FIGURES = {"zh": "该账号无权查看指标。", "en": "This account may not see figures."}


def alerts() -> list[Any]:
    """For the top of Airflow's home page: each of the DAGs whose last run that ended is red.

    The page's own count of failed DAGs leaves out runs without a logical date, and so all runs of partitions.
    """
    from airflow.api_fastapi.common.types import UIAlert
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    ended = select(DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.end_date).where(
        DagRun.dag_id.in_(DAGS), DagRun.state.in_(["success", "failed"])
    )
    latest = ended.distinct(DagRun.dag_id).order_by(DagRun.dag_id, DagRun.end_date.desc())
    with create_session() as session:
        red = [r for r in session.execute(latest) if r.state == "failed"]
    zone = ZoneInfo(settings().timezone)
    return [
        UIAlert(
            text=f"{DAGS[r.dag_id]} {r.end_date.astimezone(zone):%Y-%m-%d %H:%M} 失败 failed:"
            f" [{r.dag_id}](dags/{r.dag_id}/runs/{quote(r.run_id, safe='')})",
            category="error",
        )
        for r in red
    ]


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The project's pages among Airflow's, as an ASGI application.

    It is made where Airflow starts to serve (`made_ready`): every process imports this module, and few serve pages.
    """
    await _web()(scope, receive, send)


def made_ready(app: Any) -> Any:
    """Airflow's application as it is, while a thread makes the pages ready.

    Airflow builds its middlewares once in each process that serves pages, before the first request, and nowhere else.
    """
    threading.Thread(target=_make_ready, name="qiangji-pages", daemon=True).start()
    return app


def _make_ready() -> None:
    from qiangji.board import web as board

    _web()
    board.warm(_warehouse())


@functools.cache
def _warehouse() -> Warehouse:
    from qiangji.board.asking import Warehouse

    return Warehouse(settings())


@functools.cache
def _web() -> Any:
    """The pages, behind Airflow's login: the board at `board/`, workbooks that wait at `feedback/`."""
    import fastapi
    from airflow.api_fastapi.core_api.security import get_user

    from qiangji.board import Viewer
    from qiangji.board import web as board
    from qiangji.feedback import web as feedback

    def may_hand_over(user: Any = fastapi.Depends(get_user)) -> str:
        """The account's name: of an administrator or a duty operator. Workbooks may name persons."""
        if not _may("POST", "watch_reporting", user):
            raise fastapi.HTTPException(403, _NO_WORKBOOKS)
        return str(user.get_name())

    def viewer(user: Any = fastapi.Depends(get_user)) -> Viewer:
        """An account that may read the figures' DAG may see the figures."""
        if not _may("GET", "build_indicators", user):
            raise fastapi.HTTPException(403, _NO_FIGURES)
        return Viewer(
            name=str(user.get_name()),
            may_decide=_may("POST", "build_indicators", user),
            may_see_workbooks=_may("POST", "watch_reporting", user),
        )

    taken = functools.partial(_in_audit_log, event="qiangji_workbook_taken")
    decided = functools.partial(_in_audit_log, event="qiangji_decided")
    login = [fastapi.Depends(get_user)]
    web = fastapi.FastAPI(dependencies=login, docs_url=None, redoc_url=None, openapi_url=None)
    web.add_api_route("/board", lambda: fastapi.responses.RedirectResponse("board/"))
    web.mount("/board", board.application(fastapi, viewer, _warehouse(), _key(), decided))
    web.mount("/", feedback.application(fastapi, may_hand_over, taken))
    return web


def _key() -> bytes:
    """The secret that all processes of Airflow's API server share: tokens of the board's forms are made with it."""
    from airflow.configuration import conf

    return hashlib.sha256(b"qiangji board " + conf.get_mandatory_value("api", "secret_key").encode()).digest()


def _may(method: Literal["GET", "POST"], dag: str, user: Any) -> bool:
    """Whether an account may read a DAG's runs (GET), or start one (POST)."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

    return bool(
        get_auth_manager().is_authorized_dag(
            method=method, access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag), user=user
        )
    )


def _in_audit_log(who: str, what: dict[str, str], event: str) -> None:
    """Add a line to Airflow's audit log: what one of the project's pages gave to an account."""
    from airflow.models.log import Log
    from airflow.utils.session import create_session

    with create_session() as session:
        extra = json.dumps(what, ensure_ascii=False)
        session.add(Log(event, owner=who, owner_display_name=who, extra=extra, dag_id="watch_reporting"))
