"""What can go wrong, as types: every error says what, where, what was expected and what to do next.

The class decides whether a failure is worth another try. A `TransientError` (the network, a busy server) may pass by
itself; every other error comes again until a person or a county does something.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from qiangji.masking import masked

FAILURES = {
    "unreachable": "连不上县（市、区）系统：会自动重试，仍不通请联系该县（市、区）。",
    "timeout": "县（市、区）系统未在时限内答复：会自动重试，仍不行请联系该县（市、区）。",
    "short_body": "文件没有传完，或仍在写入：本次不取，下次自动重试。",
    "count_differs": "实际条数与系统所报的不一致：可能读取期间有变动，下次自动重试；仍如此请联系该县（市、区）。",
    "no_report": "县（市、区）系统答的不是报表（维护页、登录页、报错或空数据）：会自动重试，仍不行请联系该县。",
    "login_refused": "县（市、区）系统拒绝登录：请更新该县（市、区）的连接。",
    "no_connection": "没有该连接：请在Airflow中添加，或设置环境变量QIANGJI_CONN_<编号>。",
    "bad_connection": "连接的写法不对，或无法读取：请改正该连接。",
    "unknown_host_key": "服务器的主机密钥与登记的不同，或没有登记：未发送任何内容，请电话核实后再改host_key。",
    "host_not_allowed": "连接指向未登记的主机：未发送任何内容，请查明是谁改的；确已搬迁则改counties.yaml的hosts。",
    "bad_certificate": "服务器证书不受信任：未发送任何内容，请联系该县（市、区）；自建机构的证书填入连接的ca。",
    "too_much": "一次采集的总量超过上限：已收到的保留，其余下次再取；确实这么多请调高QIANGJI_MAX_COLLECTION_BYTES。",
    "too_large": "一份来件或一页过大：请核实；确实这么大请调高QIANGJI_MAX_DELIVERY_BYTES，或改counties.yaml的paging。",
    "not_found": "县（市、区）系统没有所要的路径、视图或文件：请核对counties.yaml和连接，或联系该县（市、区）。",
    "not_readable": "文件夹或文件无法读取：请核对路径和权限，或联系该县（市、区）。",
    "bad_response": "县（市、区）系统的答复不符合约定：请核对counties.yaml，或联系该县（市、区）。",
    "page_loop": "县（市、区）系统的分页有误（重复或没有尽头）：请该县（市、区）改正。",
    "unknown_kind": "文件的扩展名不在可读之列：请改正counties.yaml的files。",
    "feedback_refused": "退回的工作簿无法写入县（市、区）的文件夹：请开放写入权限，下次自动重试。",
    "airflow_unreachable": "Airflow的数据库没有答复，无法取得连接：请先恢复它。",
    "refused": "采集被拒绝：请按消息处理。",
    "crash": "该县（市、区）的答复使采集程序出错：不影响其他县（市、区），请连同所示位置报告给开发者。",
}
"""Reason code of what could not be collected -> what is said in Chinese: what it is, and what to do."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class QiangjiError(Exception):
    """An error with a reason code and a message, in Chinese and English, for the person who has to act on it.

    `code` is a stable snake_case word that tests, tables and alerts can rely on; the message is for people. `zh` is
    all of it in Chinese: what, what was expected, what to do. As a text an error is both, the Chinese first.
    """

    code = "error"

    def __init__(
        self,
        what: str,
        *,
        where: object = "",
        expected: str = "",
        do: str = "",
        code: str | None = None,
        zh: str = "",
    ) -> None:
        self.what, self.where, self.expected, self.do = what, str(where), expected, do
        if code:
            self.code = code
        self.zh = masked(zh or self._usual_zh())
        super().__init__(str(self))

    def _usual_zh(self) -> str:
        """What is said in Chinese where the error itself says nothing."""
        return ""

    @property
    def en(self) -> str:
        """The message in English."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            text += f" (expected {self.expected})"
        if self.do:
            text += f". {self.do}"
        return masked(text)

    def __str__(self) -> str:
        return f"{self.zh} {self.en}" if self.zh else self.en

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword fields when a process pool or Airflow pickles the error."""
        return (_rebuild, (type(self), self.what, self.where, self.expected, self.do, self.code, self.zh))


def _rebuild(
    cls: type[QiangjiError], what: str, where: str, expected: str, do: str, code: str, zh: str
) -> QiangjiError:
    return cls(what, where=where, expected=expected, do=do, code=code, zh=zh)


class UsageError(QiangjiError):
    """The command, setting or argument is wrong; exit code 2."""

    code = "usage"


_THINGS = {
    "indicator": "指标",
    "org unit": "单位",
    "form": "报表",
    "county": "县（市、区）",
    "level": "层级",
    "period type": "报告期类型",
    "severity": "级别",
    "disposition": "处置",
    "decision": "决定",
    "status": "状态",
    "role": "角色",
    "finding": "核查发现",
    "delivery": "来件",
}
"""What a code may be of -> its word in Chinese."""
_FEW, _MANY, _NEAR, _ALIKE = 12, 40, 5, 0.65
"""Up to `_FEW` codes are listed whole, up to `_MANY` where none is near: where none is the same by `_ALIKE`."""


def unknown(
    thing: str, given: Sequence[str], known: Iterable[str], hint: tuple[str, str] = ("", "")
) -> UsageError:
    """The error `unknown_<last word of thing>` for codes that there are not. It names the nearest that there are.

    `known` begins each with its code; words may follow. `hint`: where codes are looked up, in zh and en.
    """
    names = {k.split(" ")[0]: k for k in known}
    near = dict.fromkeys(n for g in given for n in difflib.get_close_matches(g, names, _NEAR, _ALIKE))
    asked = ", ".join(given)
    zh, en = hint
    if near and len(names) > _FEW:
        listed = [names[n] for n in near][:_NEAR]
        zh, en = f"相近的有：{'、'.join(listed)}", f"one of {len(names):,}; the nearest: {', '.join(listed)}"
    elif len(names) <= _MANY:
        zh, en = f"可选：{'、'.join(names.values())}", ", ".join(names.values())
    elif not zh:
        first = list(names.values())[:_NEAR]
        zh, en = (
            f"共{len(names):,}个，如{'、'.join(first)}",
            f"one of {len(names):,}, such as {', '.join(first)}",
        )
    return UsageError(
        f"no {thing} {asked}",
        expected=en,
        zh=f"没有{_THINGS[thing]}{asked}" + (f"；{zh}。" if zh else "。"),
        code=f"unknown_{thing.split()[-1]}",
    )


class CatalogueError(QiangjiError):
    """A file under catalogue/ or expectations/ is wrong; the message names file, line, key and what was allowed.

    One error may stand for several: `problems` lists them, and only the error itself where it stands for one.
    """

    code = "catalogue"
    several: tuple[CatalogueError, ...] = ()

    @property
    def problems(self) -> tuple[CatalogueError, ...]:
        return self.several or (self,)


class Problems:
    """Gathers the errors of a catalogue, so that they are reported together and not one after the other."""

    SHOWN = 20

    def __init__(self) -> None:
        self.found: list[CatalogueError] = []

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an error that the block raises; the rest of the block is skipped."""
        try:
            yield
        except CatalogueError as e:
            self.found += e.problems

    def tell(self) -> None:
        """Raise what was noted as one error, if anything was."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise together(self.found)


def together(problems: Sequence[CatalogueError]) -> CatalogueError:
    """Several errors as one, whose message has a line for each."""
    lines = [str(p) for p in problems[: Problems.SHOWN]]
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    error = CatalogueError("\n".join((f"{len(problems)} things do not hold", *lines)))
    error.several = tuple(problems)
    return error


class CollectError(QiangjiError):
    """A county could not be collected (status `failed`). What it says in Chinese follows from its code: `FAILURES`."""

    code = "failed"

    def _usual_zh(self) -> str:
        return FAILURES.get(self.code, "")


class TransientError(CollectError):
    """May pass by itself: worth another try, with backoff and jitter."""

    code = "unreachable"


class PermanentError(CollectError):
    """Will fail again until somebody changes something: not retried."""

    code = "refused"


class ReturnedError(QiangjiError):
    """A submission that cannot be read as its form: the county gets it back (status `returned`).

    Tables have a column for each language: as a text it is its English alone.
    """

    code = "returned"

    def __str__(self) -> str:
        return self.en


class EngineError(QiangjiError):
    """A model could not be computed over its inputs, such as a sum that is larger than its column holds."""

    code = "not_computed"


class WarehouseError(QiangjiError):
    """The warehouse is not as the package needs it: not reachable, not migrated, wrong role."""

    code = "warehouse"


class LakeError(QiangjiError):
    """The lake has no room, or may not be written (`not_writable`): the file was not written."""

    code = "disk_full"


def of_the_disk(error: BaseException, where: object = "") -> LakeError | None:
    """An error of the system's about a disk, as one that says what to do; None if it is another.

    Both libraries that write and DuckDB give the system's words in their own.
    """
    number = error.errno if isinstance(error, OSError) else None
    place = where or getattr(error, "filename", None) or ""
    if number in _FULL or "No space left on device" in str(error):
        return LakeError(
            f"cannot be written: {os.strerror(number or errno.ENOSPC)}",
            where=place,
            expected="room for what comes",
            do="Make room, then do the same again: what was recorded stands, the rest is done then.",
            zh="磁盘已满：请清理后重试，已记录的不受影响。",
        )
    if number in _CLOSED or "Read-only file system" in str(error):
        return LakeError(
            f"cannot be written: {os.strerror(number or errno.EROFS)}",
            where=place,
            expected="a folder that the present user may write",
            do="Mount it for writing, or give it to the pipeline's user, then do the same again; reading (`qiangji"
            " values`, `status`) goes on.",
            zh="目录不可写：请改为可写或更换用户后重试；查询（qiangji values、status）不受影响。",
            code="not_writable",
        )
    return None


def summed_up(errors: Sequence[CollectError]) -> CollectError:
    """One error for a batch of counties. It is transient, and so tried again, if one of theirs is."""
    text = "; ".join(f"{e.code}: {e.en}" for e in errors)
    zh = "".join(dict.fromkeys(e.zh for e in errors))
    kind = TransientError if any(isinstance(e, TransientError) for e in errors) else PermanentError
    return kind(text, code=errors[0].code, zh=zh)


def failure_in_brief(code: str | None) -> str:
    """What a failure is, in a few words of Chinese: its sentence in `FAILURES` up to the colon, without whose it is."""
    code = code or "failed"
    said = FAILURES.get(code, code).partition("：")[0]
    return said.removeprefix("县（市、区）系统").removeprefix("县（市、区）的") or code
