"""The child process of `cage`: reads files for its parent, one after the other, within limits that it sets itself.

In: frames on standard input (see `wire`): an `Ask` and a file's bytes. Out: frames on standard output. It has no
credentials, no connection and no other file, and ends when its input does. A ReturnedError is an answer; any other
exception ends the process, and the next file gets a new one.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa
import python_calamine  # noqa: F401, TID253 - imported now, once for all files

from qiangji.catalogue.models import County, Form
from qiangji.errors import ReturnedError
from qiangji.parsing import (  # noqa: F401 - the same
    beside,
    csv_file,
    jointly,
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


class _NoPandas:
    """Says that there is no pandas. Arrow looks for it at its first list, which takes as long as reading many files."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("a reader needs no pandas", name=name)


def main() -> None:
    """Serve until the input ends."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    sys.meta_path.insert(0, _NoPandas())
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
    try:
        try:
            return _OPERATIONS[ask.op](ask, content)
        except MemoryError:
            raise too_large("reading it takes more memory than a file may", "less", ask.where) from None
    except ReturnedError as e:
        return {"error": wire.error_head(e)}, []


def _read(ask: wire.Ask, county: County, content: bytes) -> screening.Read:
    grids = read_scanned(content, ask.kind, county, ask.titles, ask.where)
    others = other_grids(content, ask.kind, grids)
    said = beside.read(content, (*grids.values(), *others)) if ask.kind == "xlsx" else beside.Beside()
    return screening.Read(grids, others, said)


def _sheets(ask: wire.Ask, content: bytes) -> tuple[wire.Head, wire.Parts]:
    read = _read(ask, _county(ask.county), content)
    heads: list[wire.Head] = []
    parts: wire.Parts = []
    for grid in (*read.grids.values(), *read.others):
        head, own = wire.grid_parts(grid)
        heads.append(head)
        parts += own
    head, texts = wire.beside_parts(read.beside)
    return {"grids": heads, "forms": len(read.grids), "beside": head}, [*parts, texts]


def _clean(ask: wire.Ask, content: bytes) -> tuple[wire.Head, wire.Parts]:
    """Which files are without personal data, and their submissions. Of the others nothing is said, not even why."""
    asks = [wire.Ask(**one) for one in ask.asks]
    forms = [_form(text) for text in ask.texts]
    ends = list(itertools.accumulate(ask.sizes))
    read: dict[int, screening.Read] = {}
    for i, (one, end) in enumerate(zip(asks, ends, strict=True)):
        with contextlib.suppress(ReturnedError, MemoryError):
            read[i] = _read(one, _county(one.county), content[end - ask.sizes[i] : end])
    found: list[wire.Head] = []
    parts: wire.Parts = []
    for alike in _alike(asks, forms, read):
        if len(alike) > 1 and (joint := _jointly(alike, asks, forms, read)):
            found.append(joint[0])
            parts += joint[1]
            continue
        for i in alike:
            with contextlib.suppress(MemoryError):
                if alone := _alone(asks[i], forms, read[i]):
                    found.append({"of": [i], "sizes": [], **alone[0]})
                    parts += alone[1]
    return {"clean": found}, parts


def _alike(
    asks: Sequence[wire.Ask], forms: Sequence[Form], read: Mapping[int, screening.Read]
) -> list[list[int]]:
    """The files that were read, those together that may be read as one."""
    groups: dict[object, list[int]] = {}
    for i, found in read.items():
        one, alike = asks[i], None
        if one.kind == "csv" and len(one.forms) == 1 >= len(one.targets) and not one.crosswalk:
            ((code, place),) = one.forms.items()
            layout = _county(one.county).layout_of(code)
            if jointly.may_be(found.grids[code], forms[place], layout):
                alike = (code, place, str(one.targets), layout)
        groups.setdefault(alike or i, []).append(i)
    return list(groups.values())


def _jointly(
    alike: list[int],
    asks: Sequence[wire.Ask],
    forms: Sequence[Form],
    read: Mapping[int, screening.Read],
) -> tuple[wire.Head, wire.Parts] | None:
    """What there is to say of all of them at once, if they can be read as one."""
    ask = asks[alike[0]]
    ((code, place),), county = ask.forms.items(), _county(ask.county)
    form, grids = forms[place], [read[i].grids[code] for i in alike]
    said: wire.Head = {"of": alike, "sizes": jointly.rows_of(grids, form, county), "missing": []}
    with contextlib.suppress(MemoryError):
        if not ask.targets:
            return ({**said, "parsed": []}, []) if jointly.clean(grids, form, county) else None
        ((_, period),) = ask.targets
        if parsed := jointly.read_clean(grids, form, county, Period.parse(period)):
            head, parts = wire.parsed_parts(parsed)
            return {**said, "parsed": [head]}, parts
    return None


def _alone(ask: wire.Ask, forms: Sequence[Form], read: screening.Read) -> tuple[wire.Head, wire.Parts] | None:
    county, own = _county(ask.county), {code: forms[place] for code, place in ask.forms.items()}
    if read.beside.is_opaque or any(screening.find_everywhere(read, county, own).values()):
        return None
    heads: list[wire.Head | None] = []
    parts: wire.Parts = []
    for code, period in ask.targets:
        try:
            parsed = read_form(read.grids[code], own[code], county, Period.parse(period), ask.crosswalk)
        except ReturnedError:  # the check says which
            heads.append(None)
            continue
        head, three = wire.parsed_parts(parsed)
        heads.append(head)
        parts += three
    missing = [code for code, g in read.grids.items() if g.error and g.error.code == "missing_sheet"]
    return {"missing": missing, "parsed": heads}, parts


def _submission(ask: wire.Ask, content: bytes) -> tuple[wire.Head, wire.Parts]:
    form, county = _form(ask.form), _county(ask.county)
    grids = read_scanned(content, ask.kind, county, ask.titles, ask.where)
    parsed = read_form(grids[form.form], form, county, Period.parse(ask.period), ask.crosswalk)
    head, parts = wire.parsed_parts(parsed)
    return {"parsed": head}, parts


def _sheet(ask: wire.Ask, content: bytes) -> tuple[wire.Head, wire.Parts]:
    ((form, title),), county = ask.titles.items(), _county(ask.county)
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
