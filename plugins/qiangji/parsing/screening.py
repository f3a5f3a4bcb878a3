"""Personal data in what a county sent, found before anything is stored: resident ID numbers, mobile numbers, names.

In: a `Grid` and the county's layout; texts of a workbook beside its cells. Out: `Hit`s with a place and the kind; the
value itself is in no hit, log or message. Every cell outside the declared sign-off zone is searched, also the header,
the cells above it and the sheet's name. `personal_data` says what counts as a number or a name.

A header asks for its column. A label above a header asks for what is right of it, and beneath it above the header. In a
unit's row it asks for what is right of it, if it says nothing more than who; elsewhere in the data, as a header does.

A reader of the cage looks through a delivery that it has read; where it finds anything, or cannot say, the process that
asked gets the cells and looks through them itself.

Cost on clean files: two regular expressions per distinct text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import County, Form, Layout
from qiangji.parsing.beside import Beside
from qiangji.parsing.glance import COMMON, Characters, Words, is_ascii, lengths, points
from qiangji.parsing.grid import Grid, address, combined, shown_sheet, sign_off_start
from qiangji.parsing.headers import values_in
from qiangji.parsing.wording import known_headers
from qiangji.personal_data import WORDS, Kind, Things, kind_of
from qiangji.personal_data.names import (
    BEHIND,
    CALLED,
    HELD,
    LABEL,
    MAY_ASK,
    asks_as_a_header,
    asks_for_a_person,
    is_label_alone,
    is_name,
    is_name_for_a_value,
    is_name_with_office,
    name_behind_a_word,
)
from qiangji.personal_data.numbers import OTHER_DIGITS, SUSPECT, number_in
from qiangji.text import squeezed

_CODES = r"^[1-9](?:[0-9]{11}|[0-9]{13})$"
"""Codes of villages and of villager groups: of a length that no personal number has."""

_NUMBER = r"^[0-9]+(?:\.[0-9]+)?$"

_WORD = r"\p{Han}[\s\p{Z}]*\p{Han}"

_PLAIN, _ASKING = Characters(COMMON), Words(CALLED)


@dataclass(frozen=True)
class Read:
    """`grids`: form -> its grid; `others`: sheets of no form; `beside`: a workbook's texts beside its cells."""

    grids: Mapping[str, Grid]
    others: Sequence[Grid]
    beside: Beside


@dataclass(frozen=True)
class Hit:
    """Where personal data stands (`village!W17`; `village!sheet name`) and its kind; never the value."""

    address: str
    kind: Kind


def find_everywhere(
    read: Read, county: County, forms: Mapping[str, Form], things: Things = WORDS
) -> dict[str, list[Hit]]:
    """Form -> what was found in its sheet; under '' what was found in places that are no form's.

    `things`: what is no name where things stand as well. Without the county's units, more may be found, never less.
    """
    hits = {
        form: find_personal_data(grid, county.layout_of(form), forms[form], things)
        for form, grid in read.grids.items()
    }
    hits[""] = [hit for grid in read.others for hit in find_personal_data(grid, Layout(), None, things)]
    sheets = {grid.sheet: form for form, grid in read.grids.items() if grid.sheet}
    for form, hit in find_beside(read.beside, sheets, things):
        hits[form].append(hit)
    return hits


def find_personal_data(
    grid: Grid, layout: Layout, form: Form | None = None, things: Things = WORDS
) -> list[Hit]:
    """All cells with personal data, by row and column. The form's own headers are not taken to ask for a person."""
    hits: list[Hit] = []
    if grid.sheet and (kind := kind_of(grid.sheet, things)):
        hits.append(Hit(f"{grid.form}!sheet name", kind))
    end = sign_off_start(grid, layout)
    columns = [combined(column).slice(0, end) for column in grid.cells.columns]
    head = grid.data_start(layout)
    plain = [is_ascii(column.slice(head)) for column in columns]
    area = _Area(columns, grid.title_and_header(layout)[0], min(head, grid.cells.num_rows), form)
    names = _names(area, plain, known_headers(form) if form else (), things)
    if form and not all(plain):
        names += _names_among_values(grid, columns, plain, layout, form, things)
    found: dict[tuple[int, int], Kind] = dict.fromkeys(names, "name")
    for index, column in enumerate(columns):
        found |= {(row, index): kind for row, kind in _numbers(column)}
    return hits + [
        Hit(address(grid.shown, column, grid.first_row + row), kind)
        for (row, column), kind in sorted(found.items())
    ]


def find_beside(beside: Beside, forms: Mapping[str, str], things: Things = WORDS) -> list[tuple[str, Hit]]:
    """(form, hit) of a workbook's texts beside its cells; form '' for a sheet of no form. `forms`: sheet -> form."""
    found: dict[tuple[str, Hit], None] = {}
    for said in beside.texts:
        if kind := kind_of(said.text, things):
            form = forms.get(said.sheet, "")
            found[
                form,
                Hit(f"{shown_sheet(said.sheet, form)}!{said.cell} {said.place}".replace("! ", "!"), kind),
            ] = None
    return list(found)


def _numbers(column: pa.Array) -> list[tuple[int, Kind]]:
    """(row, kind) of personal numbers. Only cells with eleven digits that are no code are looked at closely."""
    rows = pa.array(np.flatnonzero(lengths(column) >= 11))  # bytes: digits in another form have more than one
    long = column if len(rows) == len(column) else column.take(rows)
    if not len(rows) or pc.max(pc.utf8_length(long)).as_py() < 11:
        return []
    odd = pc.fill_null(pc.invert(pc.match_substring_regex(long, _CODES)), False)
    if not odd.true_count:
        return []
    rest, encoded = rows.filter(odd), long.filter(odd).dictionary_encode()
    texts = encoded.dictionary
    wide = pc.any(pc.match_substring_regex(texts, OTHER_DIGITS)).as_py()
    suspect = pc.match_substring_regex(pc.utf8_normalize(texts, "NFKC") if wide else texts, SUSPECT)
    if not pc.any(suspect).as_py():
        return []
    kinds = {i: k for i in pc.indices_nonzero(suspect).to_pylist() if (k := number_in(texts[i].as_py()))}
    return [(rest[i].as_py(), kinds[texts_at]) for i, texts_at in _places(encoded, kinds)]


@dataclass(frozen=True)
class _Area:
    """Rows above `titles` stand above the header, those above `head` above the data. Of the others, some are units'."""

    columns: list[pa.Array]
    titles: int
    head: int
    form: Form | None

    @cached_property
    def of_units(self) -> np.ndarray:
        """Rows of data with a unit's code, or with two numbers."""
        codes = f"^(?:{self.form.key_pattern})$" if self.form else _CODES
        numbers, are = np.zeros(len(self.columns[0]), np.int32), np.zeros(len(self.columns[0]), np.bool_)
        for column in self.columns:
            for of_one, sums in ((codes, are), (_NUMBER, numbers)):
                sums += pc.fill_null(pc.match_substring_regex(column, of_one), False).to_numpy(False)
        are |= numbers > 1
        are[: self.head] = False
        return are

    def asks(self, row: int, text: str) -> bool:
        """Whether a label asks in this row. In a unit's row it stands alone; else it is a remark: `更换负责人`."""
        return row < self.head or is_label_alone(text) or not self.of_units[row]

    def asked_below(self, column: int, asking: Sequence[int]) -> list[tuple[int, int]]:
        """The rows below these labels that they ask for, (first, last + 1). A label above a column's own header ends
        there, and one in a unit's row asks for none.
        """
        has_header = any(self.columns[column][row].as_py() for row in range(self.titles, self.head))
        ended = [(row, self.titles) for row in asking if has_header and row < self.titles]
        open_end = (row for row in asking[len(ended) :] if row < self.head or not self.of_units[row])
        return [*ended, *((row, len(self.columns[column])) for row in islice(open_end, 1))]

    def header_that_asks(self, column: int, headers: Collection[str]) -> dict[int, str]:
        """Row -> header of an undeclared column that asks for a person by its ending: `举报人`, `包村领导`."""
        texts = {row: self.columns[column][row].as_py() for row in range(self.titles, self.head)}
        return {r: t for r, t in texts.items() if t and asks_as_a_header(t) and squeezed(t) not in headers}


def _names(
    area: _Area, plain: Sequence[bool], headers: Collection[str], things: Things
) -> list[tuple[int, int]]:
    """(row, column) of names below or to the right of a label that asks for one, and of texts with label and name.

    `plain`: columns with nothing but ASCII below the header, which hold no name.
    """
    found: list[tuple[int, int]] = []
    columns, head = area.columns, area.head
    if _may_name([column for column, is_plain in zip(columns, plain, strict=True) if not is_plain]):
        suspects = [not is_plain and _may_name([c]) for c, is_plain in zip(columns, plain, strict=True)]
    else:
        suspects = [False] * len(columns)
    for index, column in enumerate(columns):
        if plain[index]:
            texts = column.slice(0, head).to_pylist()
            asking = [row for row, text in enumerate(texts) if text and _asks(text, headers)]
            found += [
                (row, index) for row, text in enumerate(texts) if text and name_behind_a_word(text, things)
            ]
        elif (by_ending := area.header_that_asks(index, headers)) or suspects[index]:
            own, asking = _names_in(area, index, by_ending, headers, things)
            found += [(row, index) for row in own]
        else:
            continue
        found += [place for row in asking if (place := _right_of(columns, row, index, things))]
    return found


def _names_in(
    area: _Area, index: int, by_ending: Mapping[int, str], headers: Collection[str], things: Things
) -> tuple[list[int], list[int]]:
    """Rows of a column with names, and rows with a label that asks for one. `by_ending`: its `header_that_asks`."""
    column = area.columns[index].dictionary_encode()
    texts = column.dictionary
    behind = [i for i in _matching(texts, BEHIND) if name_behind_a_word(texts[i].as_py(), things)]
    rows = [row for row, _ in _places(column, behind)]
    labels = {i: text for i in _matching(texts, LABEL) if _asks(text := texts[i].as_py(), headers)}
    asking = {row: labels[i] for row, i in _places(column, labels) if area.asks(row, labels[i])}
    if spans := area.asked_below(index, sorted({*asking, *by_ending})):
        none = things.beside(*{*asking.values(), *by_ending.values()})
        names = [i for i, text in enumerate(texts.to_pylist()) if text and is_name(text, none)]
        rows += [row for row, _ in _places(column, names) if any(a < row < b for a, b in spans)]
    return rows, list(asking)


def _names_among_values(
    grid: Grid, columns: Sequence[pa.Array], plain: Sequence[bool], layout: Layout, form: Form, things: Things
) -> list[tuple[int, int]]:
    """(row, column) of names below a header of the form: of a text the whole cell is one, else a word in it."""
    head, found = grid.data_start(layout), list[tuple[int, int]]()
    # a header once more, on a second page, is none of the values
    known = {squeezed(t) for row in range(head) for t in grid.row_text(row) if t} | known_headers(form).keys()
    others = [index for index, is_plain in enumerate(plain) if not is_plain]
    for index, field in values_in(grid, layout, form, others).items():
        encoded = columns[index].slice(head).dictionary_encode()
        words = _matching(encoded.dictionary, _WORD)
        texts = [(i, encoded.dictionary[i].as_py()) for i in words]
        names = [
            i
            for i, t in texts
            if squeezed(t) not in known
            and (is_name(t, things) if field.type == "text" else is_name_for_a_value(t, field.values, things))
        ]
        found += [(head + row, index) for row, _ in _places(encoded, names)]
    return found + _names_of_no_unit(grid, columns, head, form, things)


def _names_of_no_unit(
    grid: Grid, columns: Sequence[pa.Array], head: int, form: Form, things: Things
) -> list[tuple[int, int]]:
    """(row, column) of persons with an office or a telephone below the header of the units' names."""
    found, headers = list[tuple[int, int]](), {squeezed(h) for h in ("unit_name", *form.name_headers)}
    for index in {
        i for row in range(head) for i, t in enumerate(grid.row_text(row)) if squeezed(t) in headers
    }:
        encoded = columns[index].slice(head).dictionary_encode()
        held = ((i, encoded.dictionary[i].as_py()) for i in _matching(encoded.dictionary, HELD))
        names = [i for i, text in held if is_name_with_office(text, things)]
        found += [(head + row, index) for row, _ in _places(encoded, names)]
    return found


def _asks(text: str, headers: Collection[str]) -> bool:
    return asks_for_a_person(text) and squeezed(text) not in headers


def _may_name(columns: Sequence[pa.Array]) -> bool:
    """Whether any text of these columns asks for a person: one regular expression on all distinct texts."""
    texts = [column.dictionary_encode().dictionary for column in columns if may_ask(column)]
    return bool(texts) and bool(pc.any(pc.match_substring_regex(pa.concat_arrays(texts), MAY_ASK)).as_py())


def may_ask(column: pa.Array) -> bool:
    """Whether anything in a column can be what `MAY_ASK` finds; it costs a fifth of that."""
    characters = points(column)
    return not _PLAIN.of(characters).all() or _ASKING.may_be_in(characters)


def _right_of(columns: list[pa.Array], row: int, index: int, things: Things) -> tuple[int, int] | None:
    """The next cell of the row that is not empty, at most three columns on, if it is a name."""
    for right in range(index + 1, min(index + 4, len(columns))):
        if (text := columns[right][row].as_py()) is not None:
            none = things.beside(columns[index][row].as_py())
            return (row, right) if is_name(text, none) else None
    return None


def _matching(texts: pa.Array, pattern: str) -> list[int]:
    matches: list[int] = pc.indices_nonzero(pc.match_substring_regex(texts, pattern)).to_pylist()
    return matches


def _places(encoded: pa.DictionaryArray, kinds: Collection[int]) -> list[tuple[int, int]]:
    """(row, position in the dictionary) of the cells that hold one of these."""
    if not kinds:
        return []
    held = pc.is_in(encoded.indices, value_set=pa.array(list(kinds), encoded.indices.type))
    return [(i, encoded.indices[i].as_py()) for i in pc.indices_nonzero(held).to_pylist()]
