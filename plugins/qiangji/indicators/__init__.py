"""Indicators as SQL: what the catalogue's expressions mean, as columns for the models in sql/models.

In: the catalogue. Out: for each set of forms that indicators read together (a `Base`) its result table and the
column lists that the models' placeholders stand for. Nothing is computed here and nothing divided: the engine
emits exact sums, `mart.ratio` divides.

An indicator's operands are its terms, numerator first. Over time, per base unit: a flow is summed, as is a stock of
which a term wants `each_report` (what a flow of every month is held against); any other stock is the
unit's own last report (under `matched`: its last report that has both sides); a year-to-date field is its last
report, or for a month or quarter the difference from the report just before (January: its own value); a distinct
field exists in its own period only; a condition is met or not in the last report; max and min are over the reports.
Then `missing` decides per unit what a side without an operand is worth, and units are summed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qiangji.catalogue import Catalogue, Condition, Definition, Form, Indicator, Term, shortest_of
from qiangji.catalogue.tree import LEVELS
from qiangji.periods import Period

RESTATED = "__restated"
"""What the name of a base's result table on today's tree ends in."""
PARTS = ("n", "d", "k", "w", "c")
"""Of a result column's name: numerator, denominator, units that lacked a side, with a warning, with a correction."""
HIDDEN = "h"
"""Of the name of a column that says whether a figure is hidden."""


@dataclass(frozen=True)
class Base:
    """The indicators that read one set of forms, and the result table `calc.<name>` that they share."""

    forms: tuple[Form, ...]
    definitions: tuple[Definition, ...]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators as their definitions say; twice of one if two of its definitions read these forms."""
        return tuple(d.indicator for d in self.definitions)

    def at(self, month: Period) -> Base:
        """With the definitions alone that are in force for periods that end in the month."""
        return Base(self.forms, tuple(d for d in self.definitions if d.holds_in(str(month))))

    @property
    def name(self) -> str:
        return "__".join(f.form for f in self.forms)

    @property
    def table(self) -> str:
        return f"calc.{self.name}"

    @property
    def restated_table(self) -> str:
        """What the table of the same columns on today's tree is called."""
        return self.table + RESTATED

    @property
    def level(self) -> str:
        """The lowest level of its results: the coarsest of its forms' base levels."""
        return min((f.base_level for f in self.forms), key=LEVELS.index)

    @property
    def shortest_period(self) -> str:
        """The shortest period that it has figures for: the longest of its forms' own."""
        return shortest_of(self.forms)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of its results, from the top down."""
        return LEVELS[: LEVELS.index(self.level) + 1]

    def result_columns(self) -> dict[str, str]:
        """Column -> SQL type of the result table's own columns, in order."""
        columns: dict[str, str] = {}
        for indicator in self.indicators:
            decimal = {p: self._is_decimal(side) for p, side in _sides(indicator).items()}
            for part in PARTS:
                name = f"{part}__{indicator.code}"
                wide = decimal.get(part) or columns.get(name, "bigint") != "bigint"
                columns[name] = "numeric(38,4)" if wide else "bigint"
        return columns

    @property
    def persons(self) -> tuple[Indicator, ...]:
        """Those of which small numbers at village level are hidden: they have a column that says where."""
        counted = {i.code: i for i in self.indicators if i.persons}
        return tuple(counted.values()) if self.level == "village" else ()

    def flag_columns(self) -> dict[str, str]:
        """Column -> SQL type of what says that a figure is hidden; no model has them, the build adds them."""
        return {f"{HIDDEN}__{i.code}": "boolean" for i in self.persons}

    def _is_decimal(self, side: Iterable[Term]) -> bool:
        forms = {f.form: f for f in self.forms}
        fields = [forms[t.form].fields[f] for t in side for f in (t.sum, t.max, t.min) if f]
        return any(f.type == "decimal" for f in fields)


def bases(catalogue: Catalogue) -> list[Base]:
    """Every set of forms that some indicator reads or read, in the catalogue's order."""
    found: dict[tuple[str, ...], list[Definition]] = {}
    for indicator in catalogue.indicators.values():
        for definition in indicator.definitions:
            found.setdefault(definition.indicator.forms, []).append(definition)
    return [
        Base(tuple(catalogue.forms[f] for f in forms), tuple(members))
        for forms, members in sorted(found.items())
    ]


def operand_columns(base: Base, form: Form, period_type: str) -> str:
    """For model `operands`: one column a term, reduced over the period, as `<indicator>__<i>`; NULL for terms of
    other forms, so that the forms of a base can be put beneath each other.

    The model's input holds, beside the period's own reports (`in_period`), those of the month just before it
    (`is_before`), from which a year-to-date field's difference is taken; `starts_year` says there is none to take.
    """
    return ",\n    ".join(
        f"{_operand(t, x, form, period_type) if t.form == form.form else 'NULL'} AS {x.code}__{i}"
        for x in base.indicators
        for i, t in enumerate(x.terms)
    )


def summed_operands(base: Base) -> str:
    """For model `units`: the operands of finer forms summed up to the unit that all forms share."""
    return ",\n    ".join(
        f"sum({x.code}__{i}) AS {x.code}__{i}" for x in base.indicators for i in range(len(x.terms))
    )


def side_columns(base: Base) -> str:
    """For model `sides`: numerator, denominator and whether a side is lacking, per unit, by `missing`."""
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
        lacking = f"({n}) IS NULL OR ({d}) IS NULL"
        columns.append(f"CASE WHEN {lacking} THEN 1 ELSE 0 END AS k__{code}")
    return ",\n    ".join(columns)


def warned_columns(base: Base) -> str:
    """For model `warned`: whether a finding on a unit concerns a field that the indicator reads."""
    columns = []
    for indicator in base.indicators:
        fields = sorted({f"'{t.form}.{f}'" for t in indicator.terms for f in t.fields})
        condition = f"field IN ({', '.join(fields)})" if fields else "FALSE"
        columns.append(f"max(CASE WHEN {condition} THEN 1 ELSE 0 END) AS w__{indicator.code}")
    return ",\n    ".join(columns)


def warning_columns(base: Base) -> str:
    """For model `sides`: the columns of `warned`, 0 for a unit without findings."""
    return ",\n    ".join(f"coalesce(warned.w__{i.code}, 0) AS w__{i.code}" for i in base.indicators)


def counted_columns(base: Base, form: Form) -> str:
    """For model `corrected`: of each operand that takes a unit's last report, that report's month."""
    columns = [
        f"max(month) FILTER (WHERE {_counted(t, x, form)}) AS m__{x.code}__{i}"
        for x in base.indicators
        for i, t in enumerate(x.terms)
        if t.form == form.form and _takes_last(t, form)
    ]
    return ",\n        ".join(columns or ["max(month) AS last_month"])


def corrected_columns(base: Base, form: Form, period_type: str) -> str:
    """For model `corrected`: whether a correction touches the indicator."""
    return ",\n    ".join(
        f"max(CASE WHEN {_is_corrected(x, form, period_type)} THEN 1 ELSE 0 END) AS c__{x.code}"
        for x in base.indicators
    )


def sum_columns(base: Base) -> str:
    """For model `results`: the sums over all units beneath, in the result table's types."""
    return ",\n    ".join(
        f"CAST(sum({column}) AS {'decimal(38,4)' if type_ != 'bigint' else 'bigint'}) AS {column}"
        for column, type_ in base.result_columns().items()
    )


def shared_sum_columns(base: Base) -> str:
    """For model `restated`: the sums of shares; exact, as a share has twelve decimals and a sum four."""
    return ",\n    ".join(
        f"CAST(sum(CAST({column} AS decimal(20, 4)) * share) AS decimal(38, 16)) AS {column}"
        for column in base.result_columns()
    )


def in_words(side: Iterable[Term], catalogue: Catalogue, language: str = "zh") -> str:
    """A side as people read it, for the dictionary: `党员组长`, `count(组长 = 0)`."""
    return " ".join(
        ("- " if term.minus else "+ " if i else "")
        + _term_in_words(term, catalogue.forms[term.form], language)
        for i, term in enumerate(side)
    )


def dictionary(catalogue: Catalogue) -> list[dict[str, object]]:
    """One row an indicator, for dim.indicator."""
    rows: list[dict[str, object]] = []
    for order, x in enumerate(catalogue.indicators.values(), 1):
        aspect = next(a for a in catalogue.plan.aspects if any(i.code == x.initiative for i in a.initiatives))
        initiative = catalogue.plan.initiatives[x.initiative]
        rows.append(
            {
                "indicator_code": x.code,
                "name_zh": x.name.zh,
                "name_en": x.name.en,
                "definition_zh": x.definition.zh,
                "definition_en": x.definition.en,
                "aspect_code": aspect.code,
                "aspect_zh": aspect.name.zh,
                "aspect_en": aspect.name.en,
                "initiative_code": initiative.code,
                "initiative_zh": initiative.name.zh,
                "initiative_en": initiative.name.en,
                "numerator": in_words(x.numerator, catalogue),
                "denominator": in_words(x.denominator, catalogue),
                "factor": x.factor,
                "unit": x.unit,
                "direction": x.direction,
                "headline": x.headline,
                "missing": x.missing,
                "is_persons": x.persons,
                "is_restricted": catalogue.is_restricted(x),
                "shortest_period": catalogue.shortest_period(x),
                "forms": list(x.forms),
                "definition_version": len(x.definitions),
                "sort_order": order,
            }
        )
    return rows


def fields_read(catalogue: Catalogue) -> list[dict[str, object]]:
    """The fields of forms that each indicator reads, for dim.indicator_field."""
    definitions = [d for x in catalogue.indicators.values() for d in x.definitions]
    read = {(d.indicator.code, t.form, f) for d in definitions for t in d.indicator.terms for f in t.fields}
    return [dict(zip(("indicator_code", "form", "field"), key, strict=True)) for key in sorted(read)]


def condition_sql(condition: Condition, form: Form) -> str:
    """A condition as a three-valued SQL expression: unknown when what it needs is missing."""
    if condition.parts:
        word = " AND " if condition.all else " OR "
        return f"({word.join(condition_sql(part, form) for part in condition.parts)})"
    field = condition.field
    if condition.ends_with:
        tests = (f"{field} LIKE {_literal('%' + end)}" for end in condition.ends_with)
        return f"({' OR '.join(tests)})"
    if condition.is_ is not None:
        return f"{field} = {_literal(condition.is_)}"
    if condition.at_least is not None:
        return f"{field} >= {condition.at_least}"
    if condition.at_most is not None:
        return f"{field} <= {condition.at_most}"
    values = ", ".join(_literal(v) for v in condition.in_ or condition.not_in)
    return f"{field} {'IN' if condition.in_ else 'NOT IN'} ({values})"


def _sides(indicator: Indicator) -> dict[str, tuple[Term, ...]]:
    return {"n": indicator.numerator, "d": indicator.denominator}


def _value(term: Term, form: Form) -> str:
    """The term's value in one report."""
    if term.count_where:
        condition = condition_sql(term.count_where, form)
        return f"(CASE WHEN {condition} THEN 1 WHEN NOT ({condition}) THEN 0 END)"
    return term.sum or term.max or term.min or "1"


def _operand(term: Term, indicator: Indicator, form: Form, period_type: str) -> str:
    value = _value(term, form)
    here = f"in_period AND {value} IS NOT NULL"
    if term.count:
        return "max(CASE WHEN in_period THEN 1 END)"
    if term.max or term.min:
        return f"{'max' if term.max else 'min'}({value}) FILTER (WHERE in_period)"
    kind = form.fields[term.sum].kind if term.sum else "stock"
    if term.each_report:
        others = _others(indicator, form) if indicator.missing == "matched" else []
        here = " AND ".join(["in_period", *(f"{v} IS NOT NULL" for v in others)])
        return f"sum({value}) FILTER (WHERE {here})"
    if kind == "flow":
        return f"sum({value}) FILTER (WHERE in_period)"
    if kind == "distinct":
        return (
            f"max({value}) FILTER (WHERE in_period)"
            if period_type == form.period_type
            else "CAST(NULL AS bigint)"
        )
    if kind == "ytd":
        last = f"arg_max({value}, month) FILTER (WHERE {here})"
        if period_type in ("year", "ytd"):
            return last
        before = f"max({value}) FILTER (WHERE is_before)"
        return f"{last} - (CASE WHEN bool_or(starts_year) THEN 0 ELSE {before} END)"
    if indicator.missing == "matched":
        here = " AND ".join(["in_period", *(f"{v} IS NOT NULL" for v in _others(indicator, form))])
    return f"arg_max({value}, month) FILTER (WHERE {here})"


def _takes_last(term: Term, form: Form) -> bool:
    """Whether an operand is the unit's last report that counts, and not made of all of them."""
    if term.count or term.max or term.min or term.each_report:
        return False
    return not term.sum or form.fields[term.sum].kind in ("stock", "ytd")


def _counted(term: Term, indicator: Indicator, form: Form) -> str:
    """Which reports the operand's last one is chosen from; see `_operand`."""
    is_stock = not term.sum or form.fields[term.sum].kind == "stock"
    values = _others(indicator, form) if is_stock and indicator.missing == "matched" else [_value(term, form)]
    return " AND ".join(["in_period", *(f"{v} IS NOT NULL" for v in values)])


def _is_corrected(indicator: Indicator, form: Form, period_type: str) -> str:
    """Whether a corrected cell is one that the indicator's operands rest on."""
    tests = ["field = '*' AND in_period"]
    for i, term in enumerate(indicator.terms):
        if term.form != form.form or term.count:
            continue
        here = f"field IN ({', '.join(_literal(f) for f in sorted(term.fields))})"
        if _takes_last(term, form):
            tests.append(f"{here} AND in_period AND month >= coalesce(m__{indicator.code}__{i}, 0)")
        else:
            tests.append(f"{here} AND in_period")
        is_difference = (
            term.sum and form.fields[term.sum].kind == "ytd" and period_type in ("month", "quarter")
        )
        if is_difference:
            tests.append(f"({here} OR field = '*') AND is_before")
    return " OR ".join(tests)


def _others(indicator: Indicator, form: Form) -> list[str]:
    """The values that a report must have for its stocks to count under `matched`."""
    values = [_value(t, form) for t in indicator.terms if t.form == form.form and not t.count]
    return list(dict.fromkeys(values))


def _side(indicator: Indicator, side: tuple[Term, ...], first: int) -> str:
    """The side's value at one unit: its operands added up."""
    names = [f"{indicator.code}__{first + i}" for i in range(len(side))]
    signs = ["- " if t.minus else "+ " for t in side]
    if indicator.missing in ("matched", "any"):
        total = " ".join(f"{sign}{name}" for sign, name in zip(signs, names, strict=True))
        return total.removeprefix("+ ")
    total = " ".join(
        f"{sign}coalesce({name}, 0)" for sign, name in zip(signs, names, strict=True)
    ).removeprefix("+ ")
    if indicator.missing == "zero":
        return total
    return f"CASE WHEN {' OR '.join(f'{name} IS NOT NULL' for name in names)} THEN {total} END"


def _term_in_words(term: Term, form: Form, language: str) -> str:
    def label(field: str) -> str:
        if field == form.key:
            return form.key_headers[0] if language == "zh" else form.key
        return str(getattr(form.fields[field].label, language))

    if term.count:
        return f"count({getattr(form.title, language)})"
    if term.count_where:
        return f"count({_condition_in_words(term.count_where, label)})"
    if term.sum:
        return label(term.sum)
    return f"max({label(term.max)})" if term.max else f"min({label(term.min or '')})"


def _condition_in_words(condition: Condition, label: object) -> str:
    if condition.parts:
        word = " and " if condition.all else " or "
        return word.join(_condition_in_words(part, label) for part in condition.parts)
    name = label(condition.field) if callable(label) else ""
    if condition.ends_with:
        return f"{name} …{'/'.join(condition.ends_with)}"
    if condition.is_ is not None:
        return f"{name} = {condition.is_}"
    if condition.at_least is not None:
        return f"{name} >= {condition.at_least}"
    if condition.at_most is not None:
        return f"{name} <= {condition.at_most}"
    return f"{name} {'in' if condition.in_ else 'not in'} {'/'.join(condition.in_ or condition.not_in)}"


def _literal(value: int | bool | str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
