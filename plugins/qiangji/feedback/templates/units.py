"""The rows that a template begins with: the county's own units, as the tree or its last report has them.

In: the catalogue, a county, a form and a period; for groups, which lie beneath the tree, the ledger. Out: `Line`s, with
the county's own codes where it has some. Tasks are all those of the city's list, under its names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.errors import ReturnedError
from qiangji.ledger import Ledger
from qiangji.ledger.records import Current
from qiangji.parsing import cage
from qiangji.periods import Period


@dataclass(frozen=True)
class Line:
    """One row: its code as the county writes it, and its name ('' where it is not known)."""

    code: str
    name: str = ""


def lines_of(
    catalogue: Catalogue, form: Form, county: str, period: Period, known: Sequence[Line] = ()
) -> list[Line]:
    """The rows of the county's units that report the form. `known`: those of its last report, for groups."""
    expected = catalogue.org.expected(form.filled_in_by, period, county)
    if form.serials:
        found = [
            Line(f"{u.code}-{serial}", task.name.zh)
            for u in expected
            for serial, task in form.serials.items()
        ]
    elif form.is_registered:
        units = {u.code for u in expected}
        mine = [line for line in known if line.code[: form.parent_digits] in units]
        found = sorted(mine, key=lambda line: line.code)
    else:
        found = [Line(u.code, u.name) for u in expected]
    own = own_codes(catalogue, county)
    return [Line(own.get(line.code, line.code), line.name) for line in found]


def is_from_reports(form: Form) -> bool:
    """Whether the form's rows are known by what was reported alone."""
    return form.is_registered and not form.serials


def own_codes(catalogue: Catalogue, county: str) -> dict[str, str]:
    """The tree's code -> the county's own; the first where it has several."""
    found: dict[str, str] = {}
    for own, code in catalogue.crosswalks.get(county, {}).items():
        found.setdefault(code, own)
    return found


def last_reported(
    ledger: Ledger,
    catalogue: Catalogue,
    form: Form,
    counties: Sequence[str],
    until: Period,
    *,
    with_names: bool,
) -> dict[str, list[Line]]:
    """County -> the rows that it last reported for a period up to this one, with the names that it gave them."""
    with ledger.engine.connect() as c:
        current = ledger.current(c)
    latest: dict[str, tuple[Period, Current]] = {}
    for (code, text, county), one in current.items():
        period = Period.parse(text)
        if code != form.form or county not in counties or period > until or not one.rows_hash:
            continue
        if county not in latest or latest[county][0] < period:
            latest[county] = period, one
    found = {}
    for county, (period, one) in latest.items():
        rows = ledger.lake.get_rows("reports", form.form, str(period), county, one.rows_hash, [form.key])
        names = _names(ledger, catalogue, form, (county, period), one.delivery_id) if with_names else {}
        found[county] = [Line(key, names.get(key, "")) for key in rows.column(form.key).to_pylist()]
    return found


def _names(
    ledger: Ledger, catalogue: Catalogue, form: Form, at: tuple[str, Period], delivery_id: str
) -> Mapping[str, str]:
    """Code -> name, read again from the bytes as received; empty where they cannot be read any more.

    They were screened before they were kept. Reports in the lake hold no names.
    """
    county, period = at
    parts = ledger.parts_of([delivery_id])
    part = next((p for p in parts if (p.form, p.period) == (form.form, str(period)) and p.sha256), None)
    if part is None or part.sha256 is None or not ledger.lake.raw_path(part.sha256).is_file():
        return {}
    try:
        parsed = cage.read_submission(
            ledger.lake.get_raw(part.sha256),
            part.kind,
            catalogue.counties[county],
            form,
            period,
            crosswalk=catalogue.crosswalks.get(county),
        )
    except ReturnedError:
        return {}
    if "unit_name" not in parsed.rows.column_names:
        return {}
    keys, names = (parsed.rows.column(n).to_pylist() for n in (form.key, "unit_name"))
    return {key: name for key, name in zip(keys, names, strict=True) if key and name}
