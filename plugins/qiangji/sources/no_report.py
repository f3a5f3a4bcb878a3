"""Answers with status 200 that are no report and no listing: what a system says when it fails without saying so.

In: a body and its headers. Out: what it is, in words, or None for an answer that may be what was asked for. A county's
own empty report stays one: a table of a header, or no records with a word that all went well (`says_well`).

| answer | is |
| --- | --- |
| a web page (maintenance, login, firewall) | no report, unless it holds a table and is declared as a file |
| JSON without records, and with a sign of failure such as `code: 500`, `success: false`, `msg: 系统繁忙` | no report |
| a JSON object, or nothing at all, for a file to download | no report |
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

_BLANK = b" \t\r\n\x0b\x0c"
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|meta|title)\b", re.I)
_HEAD = 2048
"""Bytes within which a web page says that it is one."""
MOST = 65_536
"""Bytes of a failure told as JSON: a longer answer has something in it."""
_CODES = {
    "code", "errcode", "errorcode", "retcode", "resultcode", "returncode", "rspcode", "status", "statuscode", "ret",
    "success", "issuccess", "ok",
}  # fmt: skip
_ERRORS = {"error", "errors", "exception"}
_WORDS = {"msg", "message", "errmsg", "errormsg", "errormessage", "retmsg", "resultmsg"}
_WELL = {"0", "00", "000", "0000", "00000", "000000", "200", "20000", "ok", "success", "succeed", "succeeded",
         "successful", "true", "成功", "操作成功"}  # fmt: skip
_NOTHING = {"", "0", "false", "null", "none"}
_BAD_CODE = re.compile(
    r"-\d+|[459]\d{2,}|[a-z]0*[1-9]\d*|false|.*(?:fail|error|exception|失败|错误|异常).*", re.S
)
_BAD_WORD = re.compile(
    r"繁忙|维护|升级中|异常|失败|错误|出错|超时|未登录|重新登录|请登录|已过期|失效|无权|稍[后候]"
    r"|busy|maintenance|fail|error|exception|time[d ]?-?out|expired|unauthori[sz]ed|try again",
    re.I,
)


def page(body: bytes, headers: Mapping[str, str]) -> str | None:
    """A web page that a system answers with. A file declared as one may be a table that somebody saved as a page."""
    head = body[:_HEAD].removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    if not head.startswith(b"<") or not _PAGE.search(head):
        return None
    kind = headers.get("content-type", "").lower()
    is_file = bool(kind) and "html" not in kind
    return None if is_file and b"<table" in body.lower() else "a web page"


def failure(body: bytes, items: str) -> str | None:
    """A failure told as JSON instead of records. `items`: the key that holds the records, if one does."""
    found = _object(body)
    if found is None or (items and found.get(items)) or says_well(found) is not False:
        return None
    return "a failure instead of records"


def no_file(body: bytes) -> str | None:
    """What comes instead of a file to download."""
    if not body.removeprefix(codecs.BOM_UTF8).strip(_BLANK):
        return "nothing at all"
    return "a JSON object" if _object(body) is not None else None


def says_well(answer: Any) -> bool | None:
    """Whether an answer says of itself that all went well; None if it says neither.

    >>> [says_well(a) for a in ({"code": 0, "data": []}, {"code": "500"}, {"data": []}, {"msg": "系统繁忙"})]
    [True, False, None, False]
    """
    if not isinstance(answer, dict):
        return None
    plain = {re.sub(r"[_\-]", "", str(key)).casefold(): value for key, value in answer.items()}
    signs = [sign for key in plain.keys() & _CODES if (sign := _sign(plain[key])) is not None]
    errors = (plain[key] for key in plain.keys() & _ERRORS)
    if False in signs or any(e and str(e).strip().casefold() not in _NOTHING for e in errors):
        return False
    if signs:
        return True
    words = [value for key in plain.keys() & _WORDS if isinstance(value := plain[key], str)]
    return False if any(map(_BAD_WORD.search, words)) else None


def _sign(value: Any) -> bool | None:
    if not isinstance(value, (bool, int, str)):
        return None
    text = str(value).strip().casefold()
    if text in _WELL:
        return True
    return False if _BAD_CODE.fullmatch(text) else None


def _object(body: bytes) -> dict[str, Any] | None:
    """The body as a JSON object, if it is a short one."""
    if len(body) > MOST or not body.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK).startswith(b"{"):
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
