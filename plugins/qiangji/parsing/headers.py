"""Which column of a sheet is which field: headers by name, label or alias, over one or more header rows.

In: a grid, a form as it stood in a period, a layout. Out: `Columns`. Raises ReturnedError: unknown_header,
missing_column, duplicate_header. In several header rows the lowest text of a column is its header; the text
of a merged cell above it is its parent, and an alias may name parent and leaf together (`联营项目镇村`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qiangji.catalogue.models import Field, Form, Layout
from qiangji.errors import CatalogueError, ReturnedError
from qiangji.parsing.grid import Grid, address
from qiangji.parsing.returned import EXPLANATION_HEADER, RETURNED_HEADERS
from qiangji.text import squeezed

PERIOD = "period"
PERIOD_HEADERS = ("period", "报告期", "报告期别", "统计期", "所属期", "期间")
"""A column of these says for which period a row is; read_form holds it against the period asked for."""


MAX_SHOWN = 40
"""Characters of a header that a message quotes; a longer text is no header, and may be anything."""
UNCHANGED_HEADERS = ("is_unchanged", "无变动")
"""A column of these says of a report that nothing changed (see `unchanged`); it carries nothing of the form."""


@dataclass(frozen=True)
class Columns:
    """Positions in the grid. `fields` are in the form's order; `ignored` carry nothing of the form.

    `is_returned`: the sheet went back to the county once; `explanation` is where it may say something about a row.
    """

    key: int
    fields: Mapping[str, int]
    name: int | None = None
    period: int | None = None
    ignored: tuple[int, ...] = ()
    explanation: int | None = None
    is_returned: bool = False

    @property
    def labels(self) -> tuple[int, ...]:
        """Where the label of a totals row may stand: the key, the name, and columns before the key."""
        return (
            self.key,
            *([] if self.name is None else [self.name]),
            *(i for i in self.ignored if i < self.key),
        )


@dataclass
class _Names:
    """Header text -> what it stands for."""

    targets: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, target: str, texts: tuple[str, ...], where: str) -> None:
        for text in texts:
            held = self.targets.setdefault(squeezed(text), target)
            if held != target and target != "":
                raise CatalogueError(
                    f"header {text!r} stands for {held} and {target}",
                    where=where,
                    expected="one field a header",
                )


def find_columns(grid: Grid, form: Form, fields: Mapping[str, Field], layout: Layout, where: str) -> Columns:
    """Match every column with a header to the key, the name, a field of the period, or nothing (declared)."""
    names = _known(form)
    ignored_texts = {squeezed(t) for t in layout.ignore}
    found: dict[str, int] = {}
    ignored: list[int] = []
    explanation, is_returned = None, False
    title_rows, header_rows = grid.title_and_header(layout)
    for i, (leaf, full) in enumerate(_header_texts(grid, title_rows, header_rows)):
        if not leaf:
            continue
        target = names.targets.get(full) or names.targets.get(leaf)
        if target is None and leaf in RETURNED_HEADERS:
            is_returned = True
            explanation = i if leaf == EXPLANATION_HEADER else explanation
        elif target is None and {leaf, full} & (ignored_texts | set(UNCHANGED_HEADERS)):
            ignored.append(i)
        elif target is None:
            raise _unknown(leaf, i, grid, form, title_rows + header_rows, fields, where)
        elif target in found:
            raise _duplicate(target, (found[target], i), form, title_rows + header_rows, where)
        elif target in form.fields and target not in fields:
            ignored.append(i)  # a field of the form in another time: nothing of this period's form
        else:
            found[target] = i
    missing = [n for n in (form.key, *fields) if n not in found]
    if missing:
        raise _missing(missing, form, where)
    return Columns(
        key=found[form.key],
        fields={n: found[n] for n in fields},
        name=found.get("unit_name"),
        period=found.get(PERIOD),
        ignored=tuple(ignored),
        explanation=explanation,
        is_returned=is_returned,
    )


def _known(form: Form) -> _Names:
    names = _Names()
    names.add(form.key, (form.key, *form.key_headers), form.form)
    names.add("unit_name", ("unit_name", *form.name_headers), form.form)
    for name, f in form.fields.items():
        names.add(name, (name, f.label.zh, f.label.en, *f.headers), form.form)
    for text in PERIOD_HEADERS:
        names.targets.setdefault(squeezed(text), PERIOD)
    return names


def _header_texts(grid: Grid, title_rows: int, header_rows: int) -> list[tuple[str, str]]:
    """(leaf, parents + leaf) of each column; a parent's text stands over the columns to its right until the
    next.
    """
    rows = [
        [squeezed(t) for t in grid.row_text(i)]
        for i in range(title_rows, min(title_rows + header_rows, grid.cells.num_rows))
    ]
    texts = []
    for column in range(grid.cells.num_columns):
        own = [r for r, row in enumerate(rows) if row[column]]
        if not own:
            texts.append(("", ""))
            continue
        leaf = rows[own[-1]][column]
        parents = [_parent(rows, r, column) for r in range(own[-1])]
        texts.append((leaf, "".join([*parents, leaf])))
    return texts


def _parent(rows: list[list[str]], row: int, column: int) -> str:
    """The nearest text at or left of the column that is itself a parent: a text with another below it."""
    for i in range(column, -1, -1):
        if rows[row][i]:
            return rows[row][i] if any(below[i] for below in rows[row + 1 :]) else ""
    return ""


def _zh_names(names: list[str], form: Form) -> str:
    return "、".join(form.fields[n].label.zh if n in form.fields else form.key_headers[0] for n in names)


def _unknown(
    text: str, column: int, grid: Grid, form: Form, row: int, fields: Mapping[str, Field], where: str
) -> ReturnedError:
    at = address(form.form, column, grid.first_row + row - 1)
    known = [form.key, *fields]
    shown = repr(text) if len(text) <= MAX_SHOWN else f"of {len(text)} characters"
    shown_zh = f"“{text}”" if len(text) <= MAX_SHOWN else f"（{len(text)}字）"
    return ReturnedError(
        f"unknown header {shown} in {at}",
        where=where,
        expected=", ".join(known),
        do="Rename or remove the column; if it is a new wording, add it to the form's headers.",
        code="unknown_header",
        zh=f"{at}:表头{shown_zh}不在报表中,可用表头:{_zh_names(known, form)};请更正或删除该列后重报",
    )


def _duplicate(target: str, columns: tuple[int, int], form: Form, row: int, where: str) -> ReturnedError:
    cells = " and ".join(address(form.form, c, row) for c in columns)
    label = form.fields[target].label.zh if target in form.fields else target
    return ReturnedError(
        f"two columns for {target}: {cells}",
        where=where,
        expected="one column a field",
        do="Remove one of them.",
        code="duplicate_header",
        zh=f"“{label}”出现两列({cells}),请只保留一列后重报",
    )


def _missing(missing: list[str], form: Form, where: str) -> ReturnedError:
    wording = "; ".join(
        f"{n}: {' / '.join(dict.fromkeys((form.fields[n].label.zh, *form.fields[n].headers)))}"
        if n in form.fields
        else f"{n}: {' / '.join(form.key_headers)}"
        for n in missing
    )
    return ReturnedError(
        f"no column for {', '.join(missing)}",
        where=where,
        expected=wording,
        do="Add the column, or check the declared header rows.",
        code="missing_column",
        zh=f"缺少列:{_zh_names(missing, form)},请补上后重报",
    )
