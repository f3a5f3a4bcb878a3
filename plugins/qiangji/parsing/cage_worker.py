"""The child process of `cage`: reads files for its parent, one after the other, within limits that it sets itself.

In: frames on standard input (see `wire`): an `Ask` and a file's bytes. Out: frames on standard output. It has no
credentials, no connection and no other file, and ends when its input does. A ReturnedError is an answer; any other
exception ends the process, and the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import resource
import sys
from typing import BinaryIO

import pyarrow as pa
import python_calamine  # noqa: F401, TID253 - imported now, once for all files

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import (  # noqa: F401 - the same
    beside,
    csv_file,
    ndjson_file,
    other_grids,
    read_form,
    read_scanned,
    screening,
    sheets,
    wire,
    xlsx_file,
)
from qiangji.parsing.archive import too_large
from qiangji.periods import Period


def main() -> None:
    """Serve until the input ends."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # so that a library's prints do not become part of an answer
    with contextlib.suppress(ValueError, OSError):  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _send(sink, {"ready": True}, [])
    while request := _receive(source):
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime) + (request[0].seconds or seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        head, parts = _answer(*request)
        del request
        _send(sink, {**head, "peak": _peak()}, parts)


def _peak() -> int:
    """The most bytes this process has held. On Linux `ru_maxrss` would include its parent's, so VmHWM is read."""
    with contextlib.suppress(FileNotFoundError), open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (0 if sys.platform == "darwin" else 10)


def _receive(source: BinaryIO) -> tuple[wire.Ask, bytes] | None:
    prefix = source.read(wire.PREFIX.size)
    if len(prefix) < wire.PREFIX.size:
        return None
    size, _ = wire.PREFIX.unpack(prefix)
    ask = wire.Ask(**json.loads(source.read(size)))
    (length,) = wire.SIZE.unpack(source.read(wire.SIZE.size))
    return ask, source.read(length)


def _send(sink: BinaryIO, head: wire.Head, parts: wire.Parts) -> None:
    for piece in wire.frame(head, parts):
        sink.write(piece)
    sink.flush()


def _answer(ask: wire.Ask, content: bytes) -> tuple[wire.Head, wire.Parts]:
    """The answer to one request: a result, or the error that goes back to the county."""
    county = _county(ask.county)
    try:
        try:
            return _OPERATIONS[ask.op](ask, county, content)
        except MemoryError:
            raise too_large("reading it takes more memory than a file may", "less", ask.where) from None
    except ReturnedError as e:
        return {"error": wire.error_head(e)}, []


def _read(ask: wire.Ask, county: County, content: bytes) -> screening.Read:
    grids = read_scanned(content, ask.kind, county, ask.titles, ask.where)
    others = other_grids(content, ask.kind, grids)
    said = beside.read(content, (*grids.values(), *others)) if ask.kind == "xlsx" else beside.Beside()
    return screening.Read(grids, others, said)


def _sheets(ask: wire.Ask, county: County, content: bytes) -> tuple[wire.Head, wire.Parts]:
    read = _read(ask, county, content)
    heads: list[wire.Head] = []
    parts: wire.Parts = []
    for grid in (*read.grids.values(), *read.others):
        head, own = wire.grid_parts(grid)
        heads.append(head)
        parts += own
    head, texts = wire.beside_parts(read.beside)
    return {"grids": heads, "forms": len(read.grids), "beside": head}, [*parts, texts]


def _clean(ask: wire.Ask, county: County, content: bytes) -> tuple[wire.Head, wire.Parts]:
    """Whether nothing personal is in a delivery, and its submissions then. Whoever asks cannot tell why it is not."""
    forms = {code: _form(text) for code, text in ask.forms.items()}
    read = _read(ask, county, content)
    if read.beside.is_opaque or any(screening.find_everywhere(read, county, forms).values()):
        return {"is_clean": False}, []
    heads: list[wire.Head | None] = []
    parts: wire.Parts = []
    for code, period in ask.targets:
        try:
            parsed = read_form(read.grids[code], forms[code], county, Period.parse(period), ask.crosswalk)
        except (ReturnedError, MemoryError):  # the check says which
            heads.append(None)
            continue
        head, own = wire.parsed_parts(parsed)
        heads.append(head)
        parts += own
    missing = [code for code, g in read.grids.items() if g.error and g.error.code == "missing_sheet"]
    return {"is_clean": True, "missing": missing, "parsed": heads}, parts


def _submission(ask: wire.Ask, county: County, content: bytes) -> tuple[wire.Head, wire.Parts]:
    form = _form(ask.form)
    grids = read_scanned(content, ask.kind, county, ask.titles, ask.where)
    parsed = read_form(grids[form.form], form, county, Period.parse(ask.period), ask.crosswalk)
    head, parts = wire.parsed_parts(parsed)
    return {"parsed": head}, parts


def _sheet(ask: wire.Ask, county: County, content: bytes) -> tuple[wire.Head, wire.Parts]:
    ((form, title),) = ask.titles.items()
    grid = read_scanned(content, ask.kind, county, ask.titles, ask.where)[form]
    if grid.error:
        raise grid.error
    sheet = sheets.sheet_of(content, ask.kind, grid, county.sheets.get(form) or title)
    head, part = wire.sheet_parts(sheet)
    return {"sheet": head}, [part]


_OPERATIONS = {"clean": _clean, "sheets": _sheets, "submission": _submission, "sheet": _sheet}


@functools.lru_cache(64)
def _county(text: str) -> County:
    return County.model_validate_json(text)


@functools.lru_cache(64)
def _form(text: str) -> Form:
    return Form.model_validate_json(text)


if __name__ == "__main__":
    main()
