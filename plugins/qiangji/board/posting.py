"""The one route of the board that writes: a decision, sent by a form of a page of the board's own.

In: a request, the account that sent it, a key that all processes of the site share. Out: the page that shows the
outcome (303), or a page that says why nothing was recorded. A request counts only from a page of the same origin, with
a token that such a page had for this account: a page of another site has neither.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from qiangji.board import Viewer, deciding
from qiangji.board.state import language_of
from qiangji.board.words import Words
from qiangji.errors import QiangjiError, UsageError

log = logging.getLogger(__name__)

MOST = 20_000
"""Bytes that a form may send."""
KEY = secrets.token_bytes(32)
"""Of this process, where the site gives none."""
TOLD = ("action", "delivery", "form", "of", "finding", "findings")
"""What of a decision a site's own log is told."""
Problem = Callable[..., Any]
Noted = Callable[[str, dict[str, str]], None]


def token(key: bytes, account: str, day: date | None = None) -> str:
    """What a form of this account carries: another tomorrow, and good for a day more."""
    day = day or datetime.now(UTC).date()
    return hmac.new(key, f"{day}\n{account}".encode(), hashlib.sha256).hexdigest()


def is_token(key: bytes, account: str, given: str) -> bool:
    """Whether a form had its token for this account, today or yesterday."""
    today = datetime.now(UTC).date()
    days = (today, today - timedelta(days=1))
    return any(hmac.compare_digest(token(key, account, day).encode(), given.encode()) for day in days)


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether a page of the same origin sent a request, by what its browser says of it.

    `Sec-Fetch-Site` is what browsers say and no page can change. `Origin` names the page's own address (`null` where
    its policy tells no referrer). One of the two there has to be, and neither may name another site.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None or origin == "null":
        return site is not None
    hosts = (headers.get("host"), headers.get("x-forwarded-host"))
    return urlsplit(origin).netloc in filter(None, hosts)


def nowhere(_who: str, _what: dict[str, str]) -> None:
    """Where a site has no log of its own: the journal has every decision."""


def add(
    web: Any, fastapi: Any, viewer: Callable[..., Viewer], key: bytes, problem: Problem, noted: Noted
) -> None:
    """Add the route to the board. `problem(request, status, title, text, said, back=…)` makes a page of what is wrong;
    `noted(account, what)` is told what was decided.
    """

    async def sent(request: Any) -> dict[str, str]:
        """The fields of the form; nothing of a body that is too large."""
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST:
                return {}
        return dict(parse_qsl(body.decode("utf-8", "replace"))) if body else {}

    def decided(request: Any, who: Viewer, given: dict[str, str]) -> Any:
        given = {**given, **{n: v for n, v in request.query_params.items() if n in ("lang", "theme")}}
        fields = {name: value for name, value in given.items() if name in deciding.FIELDS}
        if not who.may_decide:
            return problem(request, 403, "not_recorded", "", _may_not())
        if not is_own(request.headers) or not is_token(key, who.name, fields.get("token", "")):
            return problem(request, 403, "not_recorded", "", _foreign())
        answer = _outcome(fastapi, request, fields, who, problem)
        if answer.status_code == 303:
            noted(who.name, {n: fields[n] for n in TOLD if fields.get(n)})
        return answer

    sent.__annotations__["request"] = fastapi.Request
    decided.__annotations__ |= {
        "request": fastapi.Request,
        "who": Annotated[Viewer, fastapi.Depends(viewer)],
        "given": Annotated[dict[str, str], fastapi.Depends(sent)],
    }
    web.post("/decide", response_model=None)(decided)


def _outcome(fastapi: Any, request: Any, fields: dict[str, str], who: Viewer, problem: Problem) -> Any:
    back = deciding.asked_at(fields)
    try:
        address = deciding.decide(fields, who)
    except deciding.DecidedAlready as e:
        return problem(request, 409, "decided_before", "", e)
    except UsageError as e:
        return problem(request, 400, "not_decided", "", e, back=back)
    except QiangjiError as e:
        return problem(request, 503, "not_decided", "", e, back=back)
    except Exception:
        number = secrets.token_hex(4)
        language = language_of(request.query_params, request.headers.get("accept-language", ""))
        log.exception("a decision failed, %s", number)
        return problem(request, 500, "failed", Words(language)("failed_said", n=number), back=back)
    return fastapi.Response(status_code=303, headers={"Location": address, "Cache-Control": "no-store"})


def _may_not() -> UsageError:
    return UsageError(
        "this account may look and not decide",
        expected="an administrator or a duty operator",
        zh="该账号可以查看，不能作决定：请由管理员或值班员办理。",
        code="may_not_decide",
    )


def _foreign() -> UsageError:
    return UsageError(
        "the form was not sent by a page of this board, or the page is older than a day",
        expected="a decision from the page itself",
        do="Open the page anew and decide again.",
        zh="不是由本看板页面提交的，或页面打开已超过一天：请重新打开页面再作决定。",
        code="foreign_form",
    )
