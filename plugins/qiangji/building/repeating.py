"""Reports that say 无变动 repeat the rows of the county's last report, carried into their own period.

In: current revisions, some without rows of their own. Out: the same revisions with the rows that they repeat, written
to lake/repeated (lake/reports holds what counties sent). Facts, checks, figures and signatures then treat all alike.
Only what is current decides: a late or corrected report changes what later ones repeat, in whatever order they came.

| kind | carried |
| --- | --- |
| stock | yes |
| year to date | within the year, since nothing was added; missing in a new year |
| flow, distinct | missing: that nothing changed does not say how much there was |

Units that no longer report are left out, and so are fields that the form no longer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from qiangji.catalogue.keys import parents
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.suites import Words
from qiangji.lake import Lake
from qiangji.ledger import Current, Key
from qiangji.ledger.findings import Finding
from qiangji.parsing.normalise import TYPES
from qiangji.periods import Period

RULE = "repeats_nothing"


def filled(
    catalogue: Catalogue, lake: Lake, current: Mapping[Key, Current]
) -> tuple[dict[Key, Current], list[Key]]:
    """Current revisions, each with the hash of its rows; and the keys of those that have no report before to repeat."""
    own: dict[tuple[str, str], list[Period]] = {}
    for (name, text, county), revision in current.items():
        if not revision.is_unchanged:
            own.setdefault((name, county), []).append(Period.parse(text))
    found, lacking = dict(current), []
    for key, revision in current.items():
        name, text, county = key
        if not revision.is_unchanged or name not in catalogue.forms:
            continue
        form, period = catalogue.forms[name], Period.parse(text)
        last = max((p for p in own.get((name, county), ()) if p < period), default=None)
        if last is None:
            rows = _nothing(form, period)
            lacking.append(key)
        else:
            digest = current[name, str(last), county].rows_hash
            rows = _carried(
                lake.get_rows("reports", name, str(last), county, digest),
                catalogue,
                form,
                last,
                period,
                county,
            )
        found[key] = replace(revision, rows_hash=lake.put_rows("repeated", *key, rows))
    return found, lacking


def _carried(
    rows: pa.Table, catalogue: Catalogue, form: Form, last: Period, period: Period, county: str
) -> pa.Table:
    """The rows of the last report as they stand in a later period."""
    units = catalogue.org.expected_codes(period, form.filled_in_by, county)
    rows = rows.filter(pc.is_in(parents(rows.column(form.key), form), value_set=units))
    fields = form.fields_in(str(period.last_month))
    for i, name in enumerate(rows.column_names):
        if name in fields and not _stands(fields[name].kind, last, period):
            rows = rows.set_column(i, name, pa.nulls(len(rows), rows.column(name).type))
    gone = [n for n in rows.column_names if n in form.fields and n not in fields]
    return rows.drop_columns(gone).combine_chunks()


def _stands(kind: str, last: Period, period: Period) -> bool:
    return kind == "stock" or (kind == "ytd" and last.year == period.year)


def _nothing(form: Form, period: Period) -> pa.Table:
    fields = form.fields_in(str(period.last_month))
    columns = [(form.key, pa.string()), *((n, TYPES[f.type]) for n, f in fields.items())]
    return pa.schema(columns).empty_table()


def finding(form: Form, period: str, county: str) -> Finding:
    """That a county said that nothing changed and had reported nothing before."""
    words = Words(
        None,
        "填报“无变动”，但此前没有可沿用的报送",
        "says that nothing changed, and there is no report before to repeat",
        "本期之前已有采用的报送，或填报数据",
        "a report before this period that counts, or the rows themselves",
    )
    return Finding.of_report((county, form.form, period), f"{form.form}.{form.key}.{RULE}", words)
