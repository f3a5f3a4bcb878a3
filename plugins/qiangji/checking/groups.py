"""Villager groups: rows of a village that were appended once more, names that slipped against the codes' serials.

In: the accepted rows of a form of groups (a village's code and a serial) in the sheet's order. Out: findings. The tree
knows no groups, so a village's rows are held against each other, and a name against the serial where it says a number:
`第3村民小组`, `三组`.

| last word | what |
| --- | --- |
| `copied_rows` | a block of a village's rows has the names and all numbers of other rows: it was appended twice |
| `names_moved` | names say the serials of other rows of the village, or of the row some places above or below |

Groups may be equal by chance where counts are small, and a village may number its groups in its own way. So a block has
LEAST rows that differ from each other in their numbers (UNNAMED, where names do not tell them apart), and most of the
village's rows are in it. Names that skip a number, or that follow the order of texts (1, 10, 2), say nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.checking.verdict import Checked
from qiangji.ledger.findings import Finding, org_code_of
from qiangji.text import in_arabic, squeezed

COPIED, MOVED = "copied_rows", "names_moved"
LEAST, UNNAMED = 3, 5
"""Rows of a block that were copied: with names, and without."""
MANY = 20
"""Rows of a report of which it is asked whether all names are some rows off."""
CROSSINGS = 3
"""Rows that would have a name of the village before or after: within a village an offset may be its own numbering."""
OFF = (1, -1, 2, -2, 3, -3)
SHARE = 0.9
_A_GROUP = "(?:村民|居民)?小?[组队社]$"
_MIXING, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
"""The golden ratio in 64 bits, by which marks of rows are mixed."""
_NUMBER = re.compile(f"第?([0-9]{{1,2}}|[一二三四五六七八九十]{{1,3}}){_A_GROUP}")
_IN_DIGITS = f"(?P<said>[0-9]{{1,2}}){_A_GROUP}"
_LONGEST_END = len("12村民小组")
"""Characters of what `_IN_DIGITS` finds: a nation's groups have few ends of names, and each a name of its own."""
_NUMERAL = re.compile("[0-9]+|(?:[二三四五六七八九]?十)?[一二三四五六七八九]?")


@dataclass(frozen=True)
class _Row:
    """A group as it was sent. `numbers`: all of its row; `said`: the number in its name."""

    key: str
    village: str
    serial: int
    name: str
    numbers: tuple[Any, ...]
    said: int | None


def findings(one: Checked, catalogue: Catalogue, form: Form, kept: Sequence[int]) -> list[Finding]:
    """What is found in a report of groups. `kept`: positions of its accepted rows."""
    assert one.parsed is not None
    if form.grain != "group":
        return []
    rows = one.parsed.rows
    rows = rows if len(kept) == len(rows) else rows.take(pa.array(kept, pa.int64()))
    return [*_copied(one, catalogue, form, rows), *_moved(one, catalogue, form, rows)]


def number_in(name: str) -> int | None:
    """The number that a group's name ends with, in digits or Chinese numerals up to 99."""
    found = _NUMBER.search(squeezed(name))
    return int(in_arabic(found[1])) if found and _NUMERAL.fullmatch(found[1]) else None


# ---- rows that were appended once more


def _copied(one: Checked, catalogue: Catalogue, form: Form, rows: pa.Table) -> Iterator[Finding]:
    for code, mine in _of_villages(rows, form, _with_doubles(rows, form)).items():
        if not (copies := _copies(mine)):
            continue
        village = catalogue.name_of(code)
        first, last = copies[0].key, copies[-1].key
        names_zh, names_en = ("名称和", "the names and ") if any(row.name for row in copies) else ("", "")
        words = Words(
            str(len(copies)),
            f"{village}有{len(copies)}条记录（{first}至{last}）与本村其他记录的{names_zh}全部数字逐条相同：是否把同一批小组重复报了一遍",
            f"{len(copies)} rows of {village} ({first} to {last}) have {names_en}all numbers of other rows of the"
            " village: were the same groups reported twice",
            "每个小组一条记录：请删除重复的记录；确是不同小组请予以确认",
            "one row for each group: delete those that are repeated; confirm it if they are other groups",
        )
        yield _finding(one, form, copies[0], COPIED, words)


def _with_doubles(rows: pa.Table, form: Form) -> set[str]:
    """The villages of which several rows have the same numbers: few or none, and only these are looked at.

    Rows are told apart by a mark of 64 bits: a village too many may be looked at, and none too few. Each column looks
    only at rows that had the same numbers as others so far.
    """
    numbers = _numbers(form, rows)
    if not numbers or len(rows) < 2 * LEAST:
        return set()
    villages = parents(rows.column(form.key), form).combine_chunks().dictionary_encode()
    at = np.arange(len(rows))
    marks = villages.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64)
    for name in numbers:
        marks = (marks * _MIXING) ^ (_floats(rows.column(name), at) + 0.0).view(np.uint64)
        marks ^= marks >> _HALF
        order = np.argsort(marks)
        at, marks = at[order], marks[order]
        is_same = marks[1:] == marks[:-1]
        is_double = np.append(is_same, False) | np.append(False, is_same)
        if not is_double.any():
            return set()
        at, marks = at[is_double], marks[is_double]
    is_first = np.append(True, marks[1:] != marks[:-1])  # of rows with the same mark one, for each mark
    found = villages.take(pa.array(at[is_first]))
    return {village for village, n in Counter(found.to_pylist()).items() if village and n >= LEAST}


def _floats(column: pa.ChunkedArray, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The numbers of these rows, without a number NaN."""
    if not column.null_count and pa.types.is_integer(column.type):  # the usual case
        plain: npt.NDArray[np.float64] = column.to_numpy()[at].astype(np.float64)
        return plain
    numbers: npt.NDArray[np.float64] = pc.fill_null(
        column.take(pa.array(at)).cast(pa.float64()), np.nan
    ).to_numpy()
    return numbers


def _copies(rows: Sequence[_Row]) -> list[_Row]:
    """The later rows of a block that stands in the village twice; none where it is too small to tell."""
    alike: dict[tuple[str, tuple[Any, ...]], list[_Row]] = {}
    for row in rows:
        if any(row.numbers):
            alike.setdefault((row.name, row.numbers), []).append(row)
    blocks = {what: same for what, same in alike.items() if len(same) > 1}
    is_named = all(name for name, _ in blocks) and len({name for name, _ in blocks}) >= LEAST
    differing = len({numbers for _, numbers in blocks})
    if differing < (LEAST if is_named else UNNAMED) or 2 * sum(map(len, blocks.values())) < len(rows):
        return []
    return [row for same in blocks.values() for row in same[1:]]


# ---- names beside other serials


def _moved(one: Checked, catalogue: Catalogue, form: Form, rows: pa.Table) -> Iterator[Finding]:
    if "unit_name" not in rows.column_names:
        return
    keys = rows.column(form.key)
    differs = pc.invert(pc.fill_null(_says_its_serial(keys, rows.column("unit_name"), form), False))
    if not pc.any(differs).as_py():
        return
    villages = set(parents(keys, form).filter(differs).to_pylist())
    found = _of_villages(rows, form, villages)
    if 2 * pc.sum(differs).as_py() > len(rows):
        every = [row for mine in _of_villages(rows, form).values() for row in mine]
        if off := _off(every):
            yield _report_moved(one, form, every, off)
            return
    for code, mine in found.items():
        if (other := _at_others(mine)) is None:
            continue
        village = catalogue.name_of(code)
        words = Words(
            other.key,
            f"{village}多数小组的名称与编码的顺序号不符，如{other.key}的名称是第{other.said}组：名称是否错行",
            f"in {village} the names of most groups say other rows' serials, such as that of group {other.said}"
            f" beside {other.key}: have names slipped against the codes",
            "与编码相符的名称；小组的编号本来与编码不同请予以确认",
            "names that agree with the codes; confirm it if the groups are numbered otherwise",
        )
        yield _finding(one, form, other, MOVED, words)


def _says_its_serial(keys: pa.ChunkedArray, names: pa.ChunkedArray, form: Form) -> pa.ChunkedArray:
    """Whether a name says in digits the serial beside it; mostly all do, and nothing more is looked at."""
    ends = pc.utf8_slice_codeunits(names.combine_chunks(), -_LONGEST_END).dictionary_encode()
    said = pc.struct_field(pc.extract_regex(ends.dictionary, _IN_DIGITS), "said")
    said = pc.utf8_lpad(said, 2, "0").take(ends.indices)
    return pc.equal(said, pc.utf8_slice_codeunits(keys, form.parent_digits))


def _off(rows: Sequence[_Row]) -> int:
    """By how many rows all names are off, across villages too; 0: they are not."""
    told = [row for row in rows if row.said is not None]
    own = sum(row.said == row.serial for row in told)
    if len(told) < MANY or 2 * own >= len(told):
        return 0
    for off in OFF:
        pairs = [(row, rows[i - off]) for i, row in enumerate(rows) if 0 <= i - off < len(rows)]
        pairs = [(row, other) for row, other in pairs if row.said is not None]
        across = [(row, other) for row, other in pairs if row.village != other.village]
        if len(across) >= CROSSINGS and all(_agree(some) >= SHARE * len(some) for some in (pairs, across)):
            return off
    return 0


def _agree(pairs: Sequence[tuple[_Row, _Row]]) -> int:
    return sum(row.said == other.serial for row, other in pairs)


def _at_others(rows: Sequence[_Row]) -> _Row | None:
    """The first row that has another's name, where most have, and the names' numbers are those of the serials."""
    rows = sorted(rows, key=lambda row: row.serial)
    others = [row for row in rows if row.said != row.serial]
    if len(rows) < LEAST or 2 * len(others) <= len(rows):
        return None
    if sorted(row.said or 0 for row in rows) != [row.serial for row in rows]:
        return None
    in_order_of_texts = (
        [row.name for row in rows],
        [str(row.said) for row in rows],
    )
    return None if any(texts == sorted(texts) for texts in in_order_of_texts) else others[0]


def _report_moved(one: Checked, form: Form, rows: Sequence[_Row], off: int) -> Finding:
    first = next(row for row in rows if row.said is not None and row.said != row.serial)
    side_zh, side_en = ("下", "low") if off > 0 else ("上", "high")
    words = Words(
        str(off),
        f"小组名称整体{side_zh}移了{abs(off)}行，如{first.key}的名称是第{first.said}组：名称与编码、数据是否错行",
        f"the names of groups are {abs(off)} row{'s' if abs(off) > 1 else ''} too {side_en}, such as that of group"
        f" {first.said} beside {first.key}: have they slipped against codes and numbers",
        "每行各自小组的编码、名称和数据",
        "in each row the code, the name and the numbers of one group",
    )
    fields = tuple(form.fields_in(str(one.period.last_month)))
    return Finding.of_report(one.place, f"{form.form}.{form.key}.{MOVED}", words, fields)


# ---- both


def _numbers(form: Form, rows: pa.Table) -> list[str]:
    """The fields that are numbers, of those that were sent."""
    sent = set(rows.column_names)
    return [name for name, field in form.fields.items() if field.is_number and name in sent]


def _of_villages(rows: pa.Table, form: Form, villages: set[str] | None = None) -> Mapping[str, list[_Row]]:
    """Village -> its rows; of these villages, or of all."""
    if villages is not None:
        if not villages:
            return {}
        rows = rows.filter(pc.is_in(parents(rows.column(form.key), form), pa.array(villages, pa.string())))
    keys = rows.column(form.key).to_pylist()
    names = rows.column("unit_name").to_pylist() if "unit_name" in rows.column_names else [""] * len(keys)
    numbers = zip(*(rows.column(n).to_pylist() for n in _numbers(form, rows)), strict=True)
    found: dict[str, list[_Row]] = {}
    for key, name, cells in zip(keys, names, numbers, strict=True):
        village, serial, plain = org_code_of(key, form), key[form.parent_digits :], squeezed(name)
        at = int(serial) if serial.isdecimal() else 0
        found.setdefault(village, []).append(_Row(key, village, at, plain, cells, number_in(plain)))
    return found


def _finding(one: Checked, form: Form, row: _Row, what: str, words: Words) -> Finding:
    """A finding on a village, told at one of its rows; all its numbers are in doubt."""
    fields = tuple(form.fields_in(str(one.period.last_month)))
    at = (one.part.county_code, form.form, str(one.period), row.key, row.village)
    return Finding(*at, f"{form.form}.{form.key}.{what}", "warning", fields, words)
