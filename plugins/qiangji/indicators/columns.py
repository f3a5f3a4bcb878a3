"""Indicators as SQL: the pieces that the placeholders of sql/models stand for.

In: a base. Out: lists of columns. Nothing is computed here and nothing divided: the engine emits exact sums,
`mart.ratio` divides. Three steps, in models:

1. `operands`: per unit, each term is reduced over the period (how: `qiangji.catalogue.terms`). Numerator terms first.
   `operands_of_one`: the same where no unit has a second report in sight.
2. `sides`: the rule `missing` decides what a side is worth at a unit that lacks an operand.
3. `sums`, `results`: units are summed up to the lowest level with figures, and up the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.terms import OneReport, Reports, Term
from qiangji.indicators import Base
from qiangji.rendering import rendered


def pieces(model: str, base: Base, form: Form | None = None, period_type: str = "") -> dict[str, str]:
    """The placeholders of a model, filled; operands and `corrected` are run for one form and period type."""
    if form is not None and model == "operands":
        return {"operands": operand_columns(base, form, period_type, Reports())}
    if form is not None and model == "operands_of_one":
        return {"operands": operand_columns(base, form, period_type, OneReport())}
    if form is not None and model == "corrected":
        return {
            "counted": counted_columns(base, form),
            "corrected": corrected_columns(base, form, period_type),
        }
    match model:
        case "units":
            return {"summed": summed_operands(base)}
        case "warned":
            return {"warned": warned_columns(base)}
        case "sides":
            return {"sides": side_columns(base, period_type), "warnings": warning_columns(base)}
        case "sums":
            columns = base.result_columns()
            touched = [n for n in columns if n.startswith("c__")]
            return {
                "sums": sum_columns({n: t for n, t in columns.items() if n not in touched}),
                "touched": sum_columns({n: columns[n] for n in touched}),
                "columns": _listed(columns),
            }
        case "results":
            return {"sums": sum_columns(base.result_columns())}
        case "restated":
            return {"shared_sums": shared_sum_columns(base), "lowest": base.level}
    return {}


@dataclass(frozen=True)
class Statement:
    """A model with its placeholders filled."""

    title: str
    sql: str


def statements(models: Path, catalogue: Catalogue, code: str) -> Iterator[Statement]:
    """The models as a build runs them for one indicator, as it is defined now, and its headline period type.

    Raises UsageError for an unknown indicator.
    """
    catalogue.require_indicators([code])
    indicator = catalogue.indicators[code]
    base = Base(tuple(catalogue.forms[f] for f in indicator.forms), indicator.definitions[-1:])
    steps: list[tuple[str, Form | None]] = [("operands", form) for form in base.forms]
    steps += [("units", None)] if len(base.forms) > 1 else []
    steps += [("sides", None), ("sums", None), ("results", None)]
    for model, form in steps:
        path = models / f"{model}.sql"
        filled = pieces(model, base, form, indicator.headline)
        title = (
            f"sql/models/{path.name} for {code}, {indicator.headline}{f', form {form.form}' if form else ''}"
        )
        yield Statement(title, rendered(path.read_text(encoding="utf-8"), str(path), filled).strip())


def operand_columns(base: Base, form: Form, period_type: str, of: Reports) -> str:
    """For models `operands` and `operands_of_one`: one column a term, `<indicator>__<i>`.

    It is NULL for terms of the base's other forms, so the rows of all forms of a base have the same columns and can be
    put beneath each other.
    """
    forms = {f.form: f for f in base.forms}
    columns = []
    for x in base.indicators:
        for i, t in enumerate(x.terms):
            operand = f"CAST(NULL AS {'decimal(18, 4)' if t.is_decimal(forms[t.form]) else 'bigint'})"
            if t.form == form.form:
                operand = t.operand(form, period_type, _together(x, form), of)
            columns.append(f"{operand} AS {x.code}__{i}")
    return _listed(columns)


def summed_operands(base: Base) -> str:
    """For model `units`: the operands of finer forms, summed up to the unit that all forms share."""
    return _listed(
        f"sum({x.code}__{i}) AS {x.code}__{i}" for x in base.indicators for i in range(len(x.terms))
    )


def side_columns(base: Base, period_type: str) -> str:
    """For model `sides`: numerator, denominator and whether a side is lacking at a unit, by the rule `missing`.

    Where a side cannot exist in such a period, nothing is lacking: that column is NULL.
    """
    forms = {f.form: f for f in base.forms}
    columns = []
    for indicator in base.indicators:
        split = len(indicator.numerator)
        n = _side(indicator, indicator.numerator, 0)
        d = _side(indicator, indicator.denominator, split)
        code = indicator.code
        if indicator.missing == "matched":
            both = f"({n}) IS NOT NULL AND ({d}) IS NOT NULL"
            columns += [
                f"CASE WHEN {both} THEN {n} END AS n__{code}",
                f"CASE WHEN {both} THEN {d} END AS d__{code}",
            ]
        else:
            columns += [f"{n} AS n__{code}", f"{d} AS d__{code}"]
        lacking = f"CASE WHEN ({n}) IS NULL OR ({d}) IS NULL THEN 1 ELSE 0 END"
        if not _has_sides(indicator, forms, period_type):
            lacking = "CAST(NULL AS bigint)"
        columns.append(f"{lacking} AS k__{code}")
    return _listed(columns)


def warned_columns(base: Base) -> str:
    """For model `warned`: whether a unit's findings concern a field that the indicator reads."""
    columns = []
    for indicator in base.indicators:
        fields = sorted({f"'{t.form}.{f}'" for t in indicator.terms for f in t.fields})
        condition = f"field IN ({', '.join(fields)})" if fields else "FALSE"
        columns.append(f"max(CASE WHEN {condition} THEN 1 ELSE 0 END) AS w__{indicator.code}")
    return _listed(columns)


def warning_columns(base: Base) -> str:
    """For model `sides`: the columns of `warned`, 0 for a unit without findings."""
    return _listed(f"coalesce(warned.w__{i.code}, 0) AS w__{i.code}" for i in base.indicators)


def counted_columns(base: Base, form: Form) -> str:
    """For model `corrected`: the month of the report that each operand takes, where it takes a unit's last one."""
    columns = [
        f"max(month) FILTER (WHERE {last}) AS m__{x.code}__{i}"
        for x in base.indicators
        for i, t in enumerate(x.terms)
        if t.form == form.form and (last := t.last_report(form, _together(x, form)))
    ]
    return ",\n        ".join(columns or ["max(month) AS last_month"])


def corrected_columns(base: Base, form: Form, period_type: str) -> str:
    """For model `corrected`: whether a correction touches the indicator."""
    return _listed(
        f"max(CASE WHEN {_is_corrected(x, form, period_type)} THEN 1 ELSE 0 END) AS c__{x.code}"
        for x in base.indicators
    )


def sum_columns(columns: Mapping[str, str]) -> str:
    """For models `sums` and `results`: the sums over all units beneath, in the result table's types."""
    return _listed(
        f"CAST(sum({column}) AS {'decimal(38,4)' if type_ != 'bigint' else 'bigint'}) AS {column}"
        for column, type_ in columns.items()
    )


def shared_sum_columns(base: Base) -> str:
    """For model `restated`: the sums of shares. They are exact: a share has twelve decimals, a sum four.

    A sum has up to 21 digits before its point: a year of a nation's villager groups, each at the bound of a value.
    """
    return _listed(
        f"CAST(sum(CAST({column} AS decimal(25, 4)) * CAST(share AS decimal(13, 12))) AS decimal(38, 16)) AS {column}"
        for column in base.result_columns()
    )


def _is_corrected(indicator: Indicator, form: Form, period_type: str) -> str:
    """Whether a corrected cell (`*`: a row left out) is one that the indicator's operands rest on."""
    tests = ["field = '*' AND in_period"]
    for i, term in enumerate(indicator.terms):
        if term.form != form.form or not term.fields:
            continue
        names = ", ".join(f"'{f}'" for f in sorted(term.fields))
        here = f"field IN ({names})"
        if term.last_report(form, _together(indicator, form)):
            tests.append(f"{here} AND in_period AND month >= coalesce(m__{indicator.code}__{i}, 0)")
        else:
            tests.append(f"{here} AND in_period")
        if term.reads_before(form, period_type):
            tests.append(f"({here} OR field = '*') AND is_before")
    return " OR ".join(tests)


def _together(indicator: Indicator, form: Form) -> list[str]:
    """Under `matched`, the values that a report must have for its stocks to count; else none."""
    if indicator.missing != "matched":
        return []
    values = [t.value for t in indicator.terms if t.form == form.form and t.value is not None]
    return list(dict.fromkeys(values))


def _has_sides(indicator: Indicator, forms: Mapping[str, Form], period_type: str) -> bool:
    """Whether both sides can have a value in periods of this type."""
    enough = {"matched": all, "any": all, "all": any}.get(indicator.missing)
    sides = (indicator.numerator, indicator.denominator)
    return enough is None or all(
        enough(t.has_operand(forms[t.form], period_type) for t in side) for side in sides
    )


def _side(indicator: Indicator, side: tuple[Term, ...], first: int) -> str:
    """The side's value at one unit: its operands added up."""
    names = [f"{indicator.code}__{first + i}" for i in range(len(side))]
    is_needed = indicator.missing in ("matched", "any")
    total = " ".join(
        f"{'-' if t.minus else '+'} {name if is_needed else f'coalesce({name}, 0)'}"
        for t, name in zip(side, names, strict=True)
    ).removeprefix("+ ")
    if is_needed or indicator.missing == "zero":
        return total
    return f"CASE WHEN {' OR '.join(f'{name} IS NOT NULL' for name in names)} THEN {total} END"


def _listed(columns: Iterable[str]) -> str:
    return ",\n    ".join(columns)
