"""Frames between the cage and its caller: JSON heads, and tables as Arrow streams; no pickle either way.

In and out: frames. A request is an `Ask` and the file's bytes; an answer is a head and the streams of its tables. The
answering side has read a county's file, so none of its answer is trusted. Lengths are checked against a cap before
anything is read, tables against the expected schema, reason codes against the list.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import FileKind, Form
from qiangji.errors import ReturnedError
from qiangji.parsing.beside import Beside, Said
from qiangji.parsing.facts import MAX_TITLE, MAX_TITLES, ScaledColumn, SheetFacts
from qiangji.parsing.form import Parsed, unchanged_submission
from qiangji.parsing.grid import MAX_COLUMNS, Grid
from qiangji.parsing.normalise import TYPES
from qiangji.parsing.problems import PROBLEMS
from qiangji.parsing.reasons import REASONS
from qiangji.parsing.returned import MAX_EXPLANATION
from qiangji.parsing.sheets import MAX_MERGES, Sheet, as_rows, as_texts, safe_name
from qiangji.parsing.signing import ROLES
from qiangji.parsing.totals import TotalsProblem
from qiangji.parsing.wire_look import look_head, look_of_head

Head = Mapping[str, object]
Parts = list[bytes | memoryview]
Received = Sequence[bytes | bytearray]
PREFIX = struct.Struct(">II")
"""Before each frame: bytes of the head, number of parts. Before each part: its bytes."""
SIZE = struct.Struct(">Q")
MAX_HEAD = 4 * 2**20
_RAGGED = pa.schema([("row", pa.int64()), ("cells", pa.int64())])
_SAID = pa.schema([(n, pa.string()) for n in ("sheet", "place", "cell", "text")])
_TEXTS = 4000
"""Characters of a message that are kept."""
_TOTALS = 1000
"""Problems of totals that are kept."""


class GarbledError(Exception):
    """An answer that does not fit. The process that sent it must be ended."""


@dataclass(frozen=True)
class Ask:
    """A request: what a file is to be read as. `county` and `form` are the catalogue's models as JSON.

    `titles`: form -> its zh title. `where`: how messages name the file. `seconds`: of processor time that the answer
    may take, if less than a file may. Of several files at once `asks` has each one's own, where the values of `forms`
    are places in `texts`, and `sizes` its bytes.
    """

    op: Literal["clean", "sheets", "submission", "sheet"]
    kind: FileKind = "csv"
    county: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    where: str = ""
    form: str = ""
    period: str = ""
    crosswalk: dict[str, str] = field(default_factory=dict)
    forms: dict[str, int] = field(default_factory=dict)
    targets: list[tuple[str, str]] = field(default_factory=list)
    seconds: int = 0
    asks: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def frame(head: Head, parts: Parts) -> Parts:
    """A frame as the pieces to be written one after the other."""
    text = json.dumps(head, ensure_ascii=False).encode()
    pieces: Parts = [PREFIX.pack(len(text), len(parts)), text]
    for part in parts:
        pieces += [SIZE.pack(len(part)), part]
    return pieces


def stream(table: pa.Table) -> memoryview:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _table(part: bytes | bytearray, schema: pa.Schema | None = None) -> pa.Table:
    """A table from an Arrow stream, fully validated. Without a schema, all columns must be strings."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(part)) as reader:
            if schema is None:
                wide = len(reader.schema)
                if wide > MAX_COLUMNS:
                    raise GarbledError("too many columns")
                schema = pa.schema([(str(i), pa.string()) for i in range(wide)])
            if not reader.schema.equals(schema):
                raise GarbledError("another schema")
            table = reader.read_all()
        table.validate(full=True)
        for column in table.columns:
            if pa.types.is_date32(column.type):
                _check_days(column)
    except (pa.ArrowException, OSError, ValueError) as e:
        raise GarbledError(type(e).__name__) from None
    return table.replace_schema_metadata().combine_chunks()


def _check_days(days: pa.ChunkedArray) -> None:
    """Refuse days that Python's calendar lacks: they would raise only when somebody looks at them."""
    bounds = pc.min_max(days.cast(pa.int32())).as_py()
    if bounds["min"] is not None and not -719_162 <= bounds["min"] <= bounds["max"] <= 2_932_896:
        raise GarbledError("no day")


# ---- errors


def error_head(error: ReturnedError) -> dict[str, str]:
    e = error
    return {"what": e.what, "where": e.where, "expected": e.expected, "do": e.do, "code": e.code, "zh": e.zh}


def error_of(head: object) -> ReturnedError:
    """The reverse of `error_head`. The code must be in the list."""
    keys = ("what", "where", "expected", "do", "code", "zh")
    if not isinstance(head, dict) or not all(isinstance(head.get(k), str) for k in keys):
        raise GarbledError("no error")
    if head["code"] not in REASONS:
        raise GarbledError("an unknown code")
    return ReturnedError(head["what"][:_TEXTS], **{k: head[k][:_TEXTS] for k in keys[1:]})


# ---- grids


def grid_parts(grid: Grid) -> tuple[Head, Parts]:
    """A grid as its head and two streams: the cells, and the lengths of shorter rows."""
    ragged = pa.table([[r for r, _ in grid.ragged], [n for _, n in grid.ragged]], schema=_RAGGED)
    head = {
        "form": grid.form,
        "sheet": grid.sheet,
        "first_row": grid.first_row,
        "header_rows": grid.header_rows,
        "error": error_head(grid.error) if grid.error else None,
        "look": look_head(grid.look) if grid.look else None,
    }
    return head, [stream(grid.cells), stream(ragged)]


def grid_of_parts(head: object, cells: bytes | bytearray, ragged: bytes | bytearray) -> Grid:
    if not isinstance(head, dict):
        raise GarbledError("no grid")
    rows = _table(ragged, _RAGGED).to_pydict()
    grid = Grid(
        _table(cells),
        _number(head.get("first_row")),
        _text(head.get("sheet")),
        _text(head.get("form")),
        _number_or_none(head.get("header_rows")),
        tuple(zip(rows["row"], rows["cells"], strict=True)),
    )
    if head.get("look"):
        try:
            grid = replace(grid, look=look_of_head(head["look"], grid.cells.num_rows + grid.first_row))
        except (KeyError, TypeError, ValueError):
            raise GarbledError("no look") from None
    return replace(grid, error=error_of(head["error"])) if head.get("error") else grid


def beside_parts(beside: Beside) -> tuple[Head, memoryview]:
    columns = [[getattr(t, n) for t in beside.texts] for n in _SAID.names]
    return {"is_opaque": beside.is_opaque}, stream(pa.table(columns, schema=_SAID))


def beside_of_parts(head: object, texts: bytes | bytearray) -> Beside:
    if not isinstance(head, dict) or not isinstance(head.get("is_opaque"), bool):
        raise GarbledError("nothing beside")
    rows = [{n: _text(v) for n, v in row.items()} for row in _table(texts, _SAID).to_pylist()]
    if not all(
        re.fullmatch(r"[a-z]{0,12}", r["place"]) and re.fullmatch(r"(?:[A-Z]{1,3}[0-9]{1,7})?", r["cell"])
        for r in rows
    ):
        raise GarbledError("a place of none")
    return Beside([Said(**row) for row in rows], head["is_opaque"])


# ---- a sheet as it came


def sheet_parts(sheet: Sheet) -> tuple[Head, memoryview]:
    """A sheet as its head and a stream of its cells."""
    head = {"name": sheet.name, "merges": sheet.merges, "header_rows": sheet.header_rows}
    return head, stream(as_texts(sheet))


def sheet_of_parts(head: object, cells: bytes | bytearray) -> Sheet:
    """The reverse of `sheet_parts`. The name is made safe; merges must lie within the cells."""
    if not isinstance(head, dict):
        raise GarbledError("no sheet")
    try:
        rows = as_rows(_table(cells))
        corners = [tuple(map(_number, corner)) for corner in _list(head.get("merges"))]
        merges = [(top, left, bottom, right) for top, left, bottom, right in corners[:MAX_MERGES]]
    except (TypeError, ValueError, OverflowError):
        raise GarbledError("no cells") from None
    header_rows = _number_or_none(head.get("header_rows"))
    sheet = Sheet(safe_name(_text(head.get("name"))), rows, merges, header_rows)
    for top, left, bottom, right in merges:
        if not (1 <= top <= bottom <= len(rows) and 1 <= left <= right <= sheet.width):
            raise GarbledError("a merge of no cells")
    return sheet


# ---- a submission as read


def parsed_parts(parsed: Parsed) -> tuple[Head, Parts]:
    """A submission as its head and three streams: rows, raw, problems."""
    head = {
        "totals_agree": parsed.totals_agree,
        "totals_problems": [
            [p.field, p.address, p.written, p.sum, p.hidden, p.texts, p.part]
            for p in parsed.totals_problems[:_TOTALS]
        ],
        "columns": dict(parsed.columns),
        "is_unchanged": parsed.is_unchanged,
        "explanations": [[i, text] for i, text in parsed.explanations.items()],
        "sheet": vars(parsed.sheet) | {"scaled_columns": [vars(c) for c in parsed.sheet.scaled_columns]},
    }
    return head, [stream(t) for t in (parsed.rows, parsed.raw, parsed.problems)]


def parsed_of_parts(head: Head, parts: Received, form: Form, month: str) -> Parsed:
    """The reverse of `parsed_parts`. The columns must be the form's in that month, with their types."""
    rows, raw, problems = parts
    if head.get("is_unchanged") is True:
        return unchanged_submission()
    fields = form.fields_in(month)
    named = _has_name(rows)
    names = [form.key, *(["unit_name"] if named else []), *fields]
    typed = pa.schema(
        [(n, TYPES[fields[n].type] if n in fields else pa.string()) for n in names] + [("_row", pa.int32())]
    )
    texts = pa.schema([(n, pa.string()) for n in names] + [("_row", pa.int32())])
    columns = head.get("columns")
    needed = {form.key, *fields} - set(form.optional_in(month))
    if not isinstance(columns, dict) or not needed <= set(columns) <= {form.key, *fields}:
        raise GarbledError("other columns")
    agree = head.get("totals_agree")
    if not (agree is None or isinstance(agree, bool)):
        raise GarbledError("no answer on totals")
    parsed = Parsed(
        _table(rows, typed),
        _table(raw, texts),
        _table(problems, PROBLEMS),
        agree,
        _totals_problems(head),
        {n: _number(i) for n, i in columns.items()},
    )
    if any(parsed.rows.column(n).null_count < parsed.rows.num_rows for n in fields if n not in columns):
        raise GarbledError("values without a column")
    _check_problems(parsed, set(columns))
    facts = _facts(head.get("sheet"), set(columns))
    return replace(parsed, explanations=_explanations(head, parsed.rows.num_rows), sheet=facts)


def _facts(head: object, columns: set[str]) -> SheetFacts:
    """What the sheet says of itself; of the form's own columns."""
    if not isinstance(head, dict):
        raise GarbledError("no facts of the sheet")
    try:
        scaled = [
            ScaledColumn(_text(c["field"]), _number(c["divisor"], 10**18), _number(c["cells"]))
            for c in head["scaled_columns"]
        ]
        facts = SheetFacts(
            title_texts=tuple(_text(t)[:MAX_TITLE] for t in head["title_texts"][:MAX_TITLES]),
            hidden_rows=_number(head["hidden_rows"]),
            struck_rows=_number(head["struck_rows"]),
            hidden_columns=tuple(map(_text, head["hidden_columns"])),
            scaled_columns=tuple(scaled),
            units_in_headers={n: _text(unit)[:MAX_TITLE] for n, unit in head["units_in_headers"].items()},
            units_below={n: _text(unit)[:MAX_TITLE] for n, unit in head["units_below"].items()},
            units_in_formats={n: _text(unit)[:MAX_TITLE] for n, unit in head["units_in_formats"].items()},
            headers={n: _pair(texts) for n, texts in head["headers"].items()},
            unseen_cells={n: _number(cells) for n, cells in head["unseen_cells"].items()},
            merged_cells={n: _number(cells) for n, cells in head["merged_cells"].items()},
            covered_cells={n: _counted(cells) for n, cells in head["covered_cells"].items()},
            comments=_counted(head["comments"]),
            corrections=_counted(head["corrections"]),
            sheet=_text(head["sheet"])[:MAX_TITLE],
            alike_sheets=tuple(_text(t)[:MAX_TITLE] for t in head["alike_sheets"][:MAX_TITLES]),
            repeated_headers=_number(head["repeated_headers"]),
            unheaded_cells=_number(head["unheaded_cells"]),
            unheaded_numbers=_number(head["unheaded_numbers"]),
            unheaded_first=_text(head["unheaded_first"])[:MAX_TITLE],
            spaced_codes=_number(head["spaced_codes"]),
            signed=tuple(role for role in ROLES if role in head["signed"]),
            uncomputed_totals=tuple(_text(t)[:MAX_TITLE] for t in head["uncomputed_totals"][:_TOTALS]),
            uncomputed_names=_counted(head["uncomputed_names"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise GarbledError("no facts of the sheet") from None
    by_field = (
        facts.units_in_headers,
        facts.units_below,
        facts.units_in_formats,
        facts.headers,
        facts.unseen_cells,
        facts.merged_cells,
        facts.covered_cells,
    )
    told = {*facts.hidden_columns, *(c.field for c in scaled), *(n for said in by_field for n in said)}
    if not told <= columns:
        raise GarbledError("facts of other columns")
    return facts


def _pair(texts: object) -> tuple[str, str]:
    if not isinstance(texts, list):
        raise GarbledError("no header")
    parents, leaf = texts
    return _text(parents)[:MAX_TITLE], _text(leaf)[:MAX_TITLE]


def _counted(cells: object) -> tuple[int, str]:
    if not isinstance(cells, list):
        raise GarbledError("no cells")
    many, first = cells
    return _number(many), _text(first)[:MAX_TITLE]


def _totals_problems(head: Head) -> list[TotalsProblem]:
    try:
        return [TotalsProblem(*map(_text, p)) for p in _list(head.get("totals_problems"))]
    except TypeError:
        raise GarbledError("no totals") from None


def _explanations(head: Head, rows: int) -> dict[int, str]:
    try:
        said = {_number(i): _text(text)[:MAX_EXPLANATION] for i, text in _list(head.get("explanations"))}
    except (TypeError, ValueError):
        raise GarbledError("no explanations") from None
    if not all(0 <= i < rows for i in said):
        raise GarbledError("an explanation of no row")
    return said


def _check_problems(parsed: Parsed, fields: set[str]) -> None:
    n = parsed.rows.num_rows
    if parsed.raw.num_rows != n or parsed.rows.column("_row").null_count:
        raise GarbledError("rows and texts differ")
    if any(column.null_count for column in parsed.problems.columns):
        raise GarbledError("a problem without a text")
    if not all(cell.field in fields and 0 <= cell.index < n for cell in parsed.unreadable):
        raise GarbledError("a problem of no cell")


def _has_name(rows: bytes | bytearray) -> bool:
    try:
        with pa.ipc.open_stream(pa.py_buffer(rows)) as reader:
            return "unit_name" in reader.schema.names
    except (pa.ArrowException, OSError, ValueError) as e:
        raise GarbledError(type(e).__name__) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise GarbledError("no text")
    return value


def _list(value: object) -> list[list[object]]:
    if not isinstance(value, list) or not all(isinstance(v, list) for v in value):
        raise GarbledError("no list")
    return value


def _number_or_none(value: object) -> int | None:
    return None if value is None else _number(value)


def _number(value: object, most: int = 2**31 - 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise GarbledError("no number")
    return value
