"""What rows of a submission break: rules of its suite, and that cells can be read; and in which words.

In: a submission as read, and the rules of its suite that its rows break. Out: its `Breach`es. `verdict` decides by
them; `feedback.problems` tells them to the county, cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.models import Form, Label
from qiangji.catalogue.suites import SEVERITIES, Rule, Severity, Words
from qiangji.checking.expectations import Broken
from qiangji.parsing import Parsed, strays
from qiangji.parsing.cells import FORMULA, TOO_LARGE
from qiangji.personal_data import quoted
from qiangji.text import quoted_zh

Shown = Callable[[str], str]
"""How a cell that cannot be read is shown: `quoted` for everybody, `str` (as it is) for its county alone."""
Cause = Callable[[str], Label | None]
"""Why the unit of a key is not expected, where the tree knows it; None where it does not."""
NOT_FILLED = "not_filled"
"""The last word of the rule that a unit's row holds something."""


@dataclass(frozen=True)
class Unreadable:
    """The rule that a cell can be read, as one cell breaks it. A dash that may be a zero is asked about: a warning."""

    id: str
    fields: tuple[str]
    label: Label
    written: str
    expected: Label
    is_asked: bool = False
    scope = "row"

    @property
    def is_critical(self) -> bool:
        return not self.is_asked

    @property
    def severity(self) -> Severity:
        return "warning" if self.is_asked else "critical"

    def words(self, shown: Shown) -> Words:
        if self.id.endswith(f".{TOO_LARGE}"):  # perhaps a card's number: only its county sees it
            text = self.written if shown is str else f"({len(self.written)} 字 characters)"
            too_large = (
                f"{quoted_zh(self.label.zh)}的数字过大：{text}",
                f"{self.label.en} is too large a number: {text}",
            )
            return Words(text, *too_large, self.expected.zh, self.expected.en)
        if self.id.endswith(f".{FORMULA}"):
            said_zh = f"{quoted_zh(self.label.zh)}是公式，但没有计算结果"
            said_en = f"{self.label.en} is a formula without its result"
            return Words(None, said_zh, said_en, self.expected.zh, self.expected.en)
        text = shown(self.written)
        if said := strays.WORDS.get(self.id.rpartition(".")[2]):
            zh, en = (w.replace("{text}", text) for w in said)
            return Words(text, zh, en, self.expected.zh, self.expected.en)
        if self.is_asked:
            return Words(
                text.strip(),
                f"{quoted_zh(self.label.zh)}只填了短横线，暂按未填处理：是否为零？",
                f"{self.label.en} is a dash alone, and counts as missing until you say: is it zero?",
                self.expected.zh,
                self.expected.en,
            )
        return Words(
            text,
            f"{quoted_zh(self.label.zh)}无法识别：{text}",
            f"{self.label.en} cannot be read: {text}",
            self.expected.zh,
            self.expected.en,
        )


@dataclass(frozen=True)
class NotFilled:
    """The rule that a unit's row holds something, as a row without any value breaks it.

    `of`: the rules on single fields that it stands for. It weighs as much as the heaviest of them. Without `has_code`
    the row has nothing but a name.
    """

    id: str
    fields: tuple[str]
    of: tuple[Rule, ...]
    has_code: bool = True
    scope = "row"

    @property
    def severity(self) -> Severity:
        return min((rule.severity for rule in self.of), key=SEVERITIES.index)

    @property
    def is_critical(self) -> bool:
        return self.severity == "critical"

    @property
    def lacking(self) -> tuple[str, ...]:
        """The fields that should hold something."""
        return tuple(dict.fromkeys(name for rule in self.of for name in rule.fields))

    def words(self) -> Words:
        if not self.has_code:
            return Words(
                None,
                "该行只有名称，没有编码和数据",
                "this row has a name, and neither a code nor values",
                "单位的数据行：请删除该行；是某单位的请补上编码和数据",
                "a unit's row: delete this one, or add the code and the values of the unit that it is of",
            )
        return Words(
            None,
            "该行未填写",
            "this row is not filled in",
            "各项数据，没有的填0",
            "its values, 0 where there is none",
        )


@dataclass(frozen=True)
class Breach:
    """One row that breaks one rule.

    `index`: the row's position among the rows read. `number`: its row number in the sheet. `columns`: the columns of
    the cells concerned, counted from 0; `address` is the first of these cells. `because`: what the tree knows of a unit
    that is not expected.
    """

    rule: Rule | Unreadable | NotFilled
    index: int
    number: int
    columns: tuple[int, ...]
    address: str
    because: Label | None = None

    def words(self, frame: pa.Table, shown: Shown = quoted) -> Words:
        """What is said of it. `frame`: the rows of the submission with their context columns."""
        if isinstance(self.rule, Unreadable):
            return self.rule.words(shown)
        if isinstance(self.rule, NotFilled):
            return self.rule.words()
        read = {*self.rule.fields, *self.rule.columns, "county_code"}
        words = self.rule.words(
            {n: frame.column(n)[self.index].as_py() for n in frame.column_names if n in read}
        )
        if self.because is None:
            return words
        return replace(
            words,
            expected_zh=f"{words.expected_zh}，而该单位{self.because.zh}",
            expected_en=f"{words.expected_en}; this one {self.because.en}",
        )


def breaches_of(parsed: Parsed, broken: Sequence[Broken], form: Form, why: Cause) -> list[Breach]:
    """What rows break: first cells that cannot be read, then rules in the suite's order.

    A cell that cannot be read is told once: a rule on its field would be a second reason for the same cell. A code that
    is not well formed is not told as unknown, too; one that the tree knows is told with `why`. Of a row that is no
    unit's (`strays`), only that is told. A row without any value is told as such, not field by field.
    """
    numbers, found = parsed.rows.column("_row").to_numpy(), list[Breach]()

    keys, lacking = parsed.rows.column(form.key), dict[int, list[Rule]]()

    def note(rule: Rule | Unreadable | NotFilled, rows: Sequence[int]) -> None:
        is_strange = rule.id == f"{form.form}.{form.key}.known"
        columns = tuple(parsed.columns[f] for f in rule.fields if f in parsed.columns)
        columns = columns or (parsed.columns[form.key],)
        for index, number in zip(rows, numbers[rows].tolist(), strict=True):
            cell = parsed.address(form.form, columns[0], number)
            because = why(keys[index].as_py() or "") if is_strange else None
            found.append(Breach(rule, index, number, columns, cell, because))

    unreadable, asked = set[tuple[int, str]](), set[tuple[int, str]]()
    for cell in parsed.unreadable:
        expected = Label(zh=cell.expected_zh, en=cell.expected_en)
        label = form.fields[cell.field].label if cell.field in form.fields else _key_label(form)
        note(Unreadable(cell.rule, (cell.field,), label, cell.value, expected, cell.is_asked), [cell.index])
        (asked if cell.is_asked else unreadable).add((cell.index, cell.field))
    malformed, blank = set[int](), _blank_rows(parsed, form, unreadable | asked)
    codeless = {i for i in blank if not keys[i].as_py()}
    for one in (b for b in broken if not is_whole(b.rule)):
        told = unreadable if one.rule.is_critical else unreadable | asked
        rows = [i for i in one.rows if not any((i, f) in told for f in (form.key, *one.rule.fields))]
        if one.rule.id == f"{form.form}.{form.key}.format":
            malformed.update(rows)
        elif one.rule.id == f"{form.form}.{form.key}.known":
            rows = [i for i in rows if i not in malformed]
        if mine := blank if form.key not in one.rule.fields else codeless:
            for i in mine.intersection(rows):
                lacking.setdefault(i, []).append(one.rule)
            rows = [i for i in rows if i not in mine]
        note(one.rule, rows)
    for i in sorted(lacking):
        rule = f"{form.form}.{form.key}.{NOT_FILLED}"
        note(NotFilled(rule, (form.key,), tuple(lacking[i]), i not in codeless), [i])
    return found


def _blank_rows(parsed: Parsed, form: Form, told: Collection[tuple[int, str]]) -> set[int]:
    """Positions of the rows that have no value in any field. `told`: (row, field) of cells that cannot be read."""
    blank: pa.Array | None = None
    for name in form.fields.keys() & parsed.columns.keys():
        column = parsed.rows.column(name)
        if not column.null_count:
            return set()
        empty = pc.is_null(column)
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():
            return set()
    if blank is None:
        return set()
    return set(pc.indices_nonzero(blank).to_pylist()) - {i for i, _ in told}


def _key_label(form: Form) -> Label:
    return Label(zh=next(iter(form.key_headers), form.key), en=form.key)


def is_whole(rule: Rule) -> bool:
    """Whether the submission as a whole goes back for it."""
    return rule.is_critical and rule.scope == "submission"
