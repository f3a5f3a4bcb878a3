"""A small catalogue made of data: a tree, forms and indicators in; a folder county system and its files out.

What the golden cases need of the world and nothing of what they say. The catalogue is a real one (read and held by
`qiangji.catalogue.load`); counties report by folder, one CSV a form and period. How a case is written: README.md.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from qiangji.periods import Period, parse_range

KEY = "unit_code"
SOON = date(2026, 4, 25)
"""A day soon after the months of worlds of early 2026."""
_RANGE = re.compile(r"(.*)\[(\d+)-(\d+)\](.*)")


@dataclass
class World:
    """A catalogue on disk; `codes` maps the names of a case's units to their codes in the tree."""

    folder: Path
    forms: dict[str, dict[str, Any]]
    codes: dict[str, str] = field(default_factory=dict)
    moves: list[dict[str, Any]] = field(default_factory=list)

    @property
    def catalogue(self) -> Path:
        return self.folder / "catalogue"

    @property
    def expectations(self) -> Path:
        return self.folder / "expectations"

    def code(self, name: str) -> str:
        """A unit's code; a villager group is written `village/07`, a task `county/-07`."""
        village, _, serial = name.partition("/")
        return self.codes[village] + serial

    def county(self, code: str, period: str) -> str:
        """The county in which a unit lies at the end of a period: that of its code, until its town moves."""
        for move in self.moves:
            if code.startswith(self.codes[move["unit"]]) and move["day"] <= Period.parse(period).end:
                return self.codes[move["to"]][:6]
        return code[:6]

    def put(self, form: str, period: str, table: str | list[dict[str, Any]] | dict[str, Any]) -> None:
        """Write what each county of the tree reports. The table's first column is `unit`; `.` is an empty cell.

        `{rows: the table, unchanged: [county]}` has counties that say 无变动.
        """
        said: Any = table
        if isinstance(table, dict):
            for county in table.get("unchanged", ()):
                self._write(form, period, self.codes[county], [["无变动"]])
            said = table.get("rows", [])
        rows: list[dict[str, Any]] = list(read_table(said)) if isinstance(said, str) else said
        columns = [self.forms[form].get("key", KEY), *self.forms[form]["fields"]]
        by_county: dict[str, list[list[str]]] = {}
        for row in rows:
            for unit in spread(str(row["unit"])):
                code = self.code(unit)
                cells = [code, *("" if row.get(c) in (None, ".") else str(row[c]) for c in columns[1:])]
                by_county.setdefault(self.county(code, period), []).append(cells)
        for county, lines in by_county.items():
            self._write(form, period, county, lines)

    def _write(self, form: str, period: str, county: str, lines: list[list[str]]) -> None:
        columns = [self.forms[form].get("key", KEY), *self.forms[form]["fields"]]
        path = self.catalogue / "incoming" / county / f"{form}_{period}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows([columns, *lines])


def correct(world: World, form: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write a form's corrections; `unit` by the case's name, what an entry leaves out by what is usual."""
    usual = {"action": "set", "reason": "agreed", "by": "the city", "date": "2017-06-01", "status": "active"}
    listed = [usual | dict(e) | {"unit": world.code(str(e["unit"]))} for e in entries]
    _dump(world.catalogue / "corrections" / f"{form}.yaml", listed)


def make(
    folder: Path,
    tree: Mapping[str, Any],
    forms: Mapping[str, Mapping[str, Any]],
    indicators: list[dict[str, Any]],
    dated: Mapping[str, Any] | None = None,
    suppression: Mapping[str, Any] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> World:
    """Write a catalogue and its suites under `folder`; `dated` says what opens, closes, moves and becomes of units."""
    dated = dated or {}
    world = World(folder, {name: dict(form) for name, form in forms.items()})
    world.catalogue.mkdir(parents=True)
    world.expectations.mkdir()
    world.moves = list(dated.get("moves", ()))
    counties = _write_tree(world, tree, dated)
    _write_lineage(world, dated.get("lineage", ()))
    _write_groups(world, groups or {})
    _dump(
        world.catalogue / "plan.yaml",
        {
            "source": "golden cases",
            "years": [2015, 2030],
            "aspects": [
                {"code": "x", "name": _label("x"), "initiatives": [{"code": "y", "name": _label("y")}]}
            ],
        },
    )
    if suppression:
        _dump(world.catalogue / "suppression.yaml", dict(suppression))
    only = next(iter(forms)) if len(forms) == 1 else None
    measured = [indicator_of(i, only) for i in indicators]
    _dump(world.catalogue / "indicators" / "x.yaml", measured)
    for name, form in world.forms.items():
        _dump(world.catalogue / "forms" / f"{name}.yaml", form_of(name, form))
        suite = json.dumps(_suite(name, form, _read_of(name, measured)), ensure_ascii=False)
        (world.expectations / f"{name}.json").write_text(suite, encoding="utf-8")
    entries = [
        {"county": c, "transport": "folder", "path": f"incoming/{c}", "files": "{form}_{period}.csv"}
        for c in counties
    ]
    _dump(world.catalogue / "counties.yaml", entries)
    for county in counties:
        (world.catalogue / "incoming" / county).mkdir(parents=True)
    return world


def stay_soon(setattr: Callable[[Any, str, Any], None]) -> None:
    """Let the night's day be `SOON`: a build without periods covers the months until then, not all until today, of
    which there are more each month.
    """
    from qiangji import stages

    setattr(stages, "local_today", lambda: SOON)


def spread(text: str) -> list[str]:
    """`V[01-03]` -> V01, V02, V03; any other name is itself."""
    found = _RANGE.fullmatch(text)
    if not found:
        return [text]
    before, first, last, after = found.groups()
    return [f"{before}{i:0{len(first)}d}{after}" for i in range(int(first), int(last) + 1)]


def read_table(text: str) -> Iterator[dict[str, str]]:
    """Lines of cells parted by spaces, the first one the header; `#` begins a comment."""
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    lines = [cells for cells in lines if cells]
    for cells in lines[1:]:
        yield dict(zip(lines[0], cells, strict=True))


def periods(text: str) -> list[str]:
    """`2017-01..2017-03` -> its months."""
    return [str(p) for p in parse_range(text)]


def months_until_last(texts: list[str]) -> list[Period]:
    """Every month from the first of these periods' to the last's."""
    months = [m for t in texts for m in Period.parse(t).months]
    first, last = min(months), max(months)
    return [Period("month", i) for i in range(first.index, last.index + 1)]


def _write_tree(world: World, tree: Mapping[str, Any], dated: Mapping[str, Any]) -> list[str]:
    """city -> county -> town -> villages; a name that ends in ! reports nothing, counties of '' are their own city."""
    rows: list[list[str]] = []

    def add(name: str, code: str, level: str, parent: str) -> None:
        reports = not name.endswith("!")
        world.codes[name.rstrip("!")] = code
        rows.append([code, name.rstrip("!"), level, level, parent, str(reports).lower(), "", ""])

    counties = []
    for n, (city, below) in enumerate(tree.items()):
        above = f"99{n:02d}00"
        if city:
            add(city, above, "city", "")
        for i, (county, towns) in enumerate(below.items(), 1):
            counties.append(code := f"{above[:4]}{i:02d}")
            add(county, code, "county", above if city else "")
            for j, (town, villages) in enumerate(towns.items(), 1):
                add(town, f"{code}{j:03d}", "town", code)
                names = [name for v in villages for name in spread(str(v))]
                for k, village in enumerate(names, 1):
                    add(village, f"{code}{j:03d}{k:03d}", "village", f"{code}{j:03d}")
    with (world.catalogue / "org_units.csv").open("w", encoding="utf-8", newline="") as f:
        header = ["code", "name", "level", "kind", "parent_code", "reports", "valid_from", "valid_to"]
        csv.writer(f).writerows([header, *(line for row in rows for line in _in_time(world, row, dated))])
    return counties


def _in_time(world: World, row: list[str], dated: Mapping[str, Any]) -> Iterator[list[str]]:
    """A unit's line with the days on which it opens and closes, or its two lines where it moves."""
    row = [
        *row[:6],
        str(dated.get("opened", {}).get(row[1], "")),
        str(dated.get("closed", {}).get(row[1], "")),
    ]
    for move in (m for m in world.moves if m["unit"] == row[1]):
        yield [*row[:7], str(move["day"] - timedelta(days=1))]
        row = [*row[:4], world.codes[move["to"]], row[5], str(move["day"]), row[7]]
    yield row


def _write_lineage(world: World, links: Iterable[Mapping[str, Any]]) -> None:
    lines = [
        [x["kind"], world.codes[x["from"]], world.codes[x["to"]], str(x["day"]), str(x.get("share", ""))]
        for x in links
    ]
    if lines:
        with (world.catalogue / "org_lineage.csv").open("w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows([["kind", "from_code", "to_code", "on", "share"], *lines])


def _write_groups(world: World, groups: Mapping[str, Sequence[str]]) -> None:
    lines = [[code, code, code, world.codes[unit]] for code, units in groups.items() for unit in units]
    if lines:
        with (world.catalogue / "org_groups.csv").open("w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows([["group_code", "name_zh", "name_en", "org_code"], *lines])


def form_of(name: str, form: Mapping[str, Any]) -> dict[str, Any]:
    grain = form.get("grain", "village")
    pattern = {"county": "{6}", "town": "{9}", "village": "{12}", "group": "{14}", "task": "{6}-[0-9]{2}"}[
        grain
    ]
    beneath: dict[str, Any] = {
        "group": {"parent_digits": 12, "placeholder_kinds": ["village"]},
        "task": {"parent_digits": 6, "kinds": ["county"], "placeholder_kinds": ["county"]},
    }.get(grain, {})
    beneath |= {k: form[k] for k in ("placeholder_kinds", "serials", "since", "until") if k in form}
    fields = {
        n: {"label": {"zh": f"{name}_{n}", "en": f"{name} {n}"}, "type": "integer", "unit": "item"}
        | {"may_be_empty": True}  # a case leaves out what it is not about
        | {k: v for k, v in f.items() if k not in ("warn_above", "warn_below", "critical_max", "no_fall")}
        for n, f in form["fields"].items()
    }
    return {
        "form": name,
        "title": {"zh": f"报表{name}", "en": f"Form {name}"},
        "grain": grain,
        "period_type": form.get("period_type", "month"),
        "due_working_day": 5,
        "key": form.get("key", KEY),
        "key_headers": ["单位编码"],
        "key_pattern": f"[0-9]{pattern}",
        "fields": fields,
    } | beneath


def _read_of(form: str, entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """The fields of a form that indicators read, now or by an earlier definition."""
    defined = [d for e in entries for d in (e, *e.get("earlier", ()))]
    terms = [t for d in defined for s in ("numerator", "denominator") for t in d[s] if t["form"] == form]
    return {text for t in terms for text in _texts({k: v for k, v in t.items() if k != "form"})}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def _suite(name: str, form: Mapping[str, Any], read: Collection[str] = ()) -> dict[str, Any]:
    """The key present, known and unique; what the catalogue demands of every field, and what the case asks for.

    `read`: fields that indicators read, whose absence is a finding.
    """
    in_set, between = "expect_column_values_to_be_in_set", "expect_column_values_to_be_between"
    present = "expect_column_values_to_not_be_null"
    key = form.get("key", KEY)
    entries = [
        _expectation(name, key, "present", present, {"column": key}, "critical"),
        _expectation(name, key, "known", in_set, {"column": "_is_known", "value_set": [True]}, "critical"),
        _expectation(name, key, "unique", between, {"column": "_occurrences", "max_value": 1}, "critical"),
    ]
    for n, f in form["fields"].items():
        type_ = f.get("type", "integer")
        if type_ in ("integer", "decimal"):
            entries.append(
                _expectation(name, n, "number", between, {"column": n, "max_value": 10**15}, "critical")
            )
        elif type_ in ("text", "code", "date"):
            regex = {"column": n, "regex": "(?s).*"}
            entries.append(
                _expectation(name, n, "text", "expect_column_values_to_match_regex", regex, "info")
            )
        else:
            values = [True, False] if type_ == "boolean" else list(f["values"])
            entries.append(_expectation(name, n, "value", in_set, {"column": n, "value_set": values}, "info"))
        if n in read and not any(
            e["type"] == present and e["field"] == n for e in form.get("expectations", ())
        ):  # not called `present`: a case may leave out most of a field that it is not about
            entries.append(_expectation(name, n, "filled", present, {"column": n}, "warning"))
        for rule, limit, severity in (
            ("warn_above", "max_value", "warning"),
            ("warn_below", "min_value", "warning"),
            ("critical_max", "max_value", "critical"),
        ):
            if rule in f:
                entries.append(_expectation(name, n, rule, between, {"column": n, limit: f[rule]}, severity))
        if f.get("no_fall"):
            kwargs = {"column_A": n, "column_B": f"_last_{n}", "or_equal": True}
            kwargs["ignore_row_if"] = "either_value_is_missing"
            pair = "expect_column_pair_values_a_to_be_greater_than_b"
            entries.append(_expectation(name, n, "no_fall", pair, kwargs, "warning"))
    entries += [
        _expectation(
            name,
            e["field"],
            e["rule"],
            e["type"],
            e["kwargs"],
            e.get("severity", "warning"),
            e.get("scope", "row"),
        )
        for e in form.get("expectations", ())
    ]
    return {"name": name, "expectations": entries, "meta": {"form": name}}


def _expectation(
    form: str, column: str, rule: str, type_: str, kwargs: dict[str, Any], severity: str, scope: str = "row"
) -> dict[str, Any]:
    return {
        "type": type_,
        "kwargs": kwargs,
        "severity": severity,
        "meta": {
            "rule": f"{form}.{column}.{rule}",
            "fields": [column],
            "scope": scope,
            "message": {"zh": f"{column}不对：{{value}}", "en": f"{column} is wrong: {{value}}"},
            "expected": {"zh": rule, "en": rule},
        },
    }


def indicator_of(entry: dict[str, Any], only: str | None = None) -> dict[str, Any]:
    def side(terms: Any) -> Any:
        listed = terms if isinstance(terms, list) else [terms]
        return [({"form": only} if only else {}) | t for t in listed]

    defaults = {
        "name": _label(entry["code"]),
        "definition": _label(entry["code"]),
        "initiative": "y",
        "unit": "ratio",
        "direction": "none",
        "headline": "month",
    }

    def sides(of: dict[str, Any]) -> dict[str, Any]:
        return {s: side(of[s]) for s in ("numerator", "denominator")}

    before = [{"definition": defaults["definition"]} | e | sides(e) for e in entry.get("earlier", ())]
    return defaults | entry | sides(entry) | ({"earlier": before} if before else {})


def _label(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def _dump(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
