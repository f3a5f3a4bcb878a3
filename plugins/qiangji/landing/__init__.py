"""Pull: what a county system has, screened for personal data, into the lake and the ledger.

In: a county of the catalogue and the (form, period) pairs wanted. Out: deliveries recorded, and one outcome row a
county. Each item is fetched once per content: not at all while the county system states the same version, and
not recorded again while the bytes are the same.

What holds personal data outside the declared sign-off zone is not stored (`withheld` says what may become of it): of a
workbook the other forms are kept, each as the cells of its own sheet. So it is where something beside the cells cannot
be looked into. What cannot be read cannot be screened cell by cell: text is then screened line by line and kept if
clean; a broken workbook is not kept, only its sha256, and the county is asked for it again. A name or a version that
holds personal data is asked of no system, and recorded nowhere.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from qiangji.catalogue import Catalogue, County, Layout
from qiangji.catalogue.models import FileKind
from qiangji.errors import CollectError, PermanentError, ReturnedError, TransientError
from qiangji.lake import Lake
from qiangji.landing import withheld
from qiangji.landing.screening import Hit, find_beside, find_personal_data
from qiangji.ledger import Delivery, Ledger, Part, Pending
from qiangji.parsing import Grid, cage
from qiangji.periods import Period
from qiangji.personal_data import KINDS_ZH, is_suspect, kind_of, masked
from qiangji.settings import Settings
from qiangji.sources import Fetched, Item, Limits, open_source

log = logging.getLogger(__name__)
GONE = ("unreachable", "timeout", "login_refused", "unknown_host_key", "bad_certificate", "too_much")
"""Codes of failures that are the whole county's, whichever item they were met at."""
_SUSPECT = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9})(?![0-9A-Za-z])")


@dataclass
class Pulled:
    """What came of one county: `failures` are its items (or, with form None, the whole of it) that failed."""

    county: str
    found: int = 0
    deliveries: list[str] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0
    failures: list[tuple[str | None, Period | None, CollectError]] = field(default_factory=list)

    def fail(self, form: str | None, period: Period | None, error: CollectError) -> None:
        """Note a failure; what a county system says may hold anything."""
        if kind_of(str(error)):
            kind = TransientError if isinstance(error, TransientError) else PermanentError
            error = kind(masked(error.what), where=masked(error.where), code=error.code)
        self.failures.append((form, period, error))

    @property
    def is_transient(self) -> bool:
        """Whether another try may help: every failure may pass by itself."""
        return bool(self.failures) and all(isinstance(e, TransientError) for _, _, e in self.failures)


def wanted_periods(catalogue: Catalogue, county: str, months: Sequence[Period]) -> list[tuple[str, Period]]:
    """The (form, period) pairs that a county may report in these months."""
    return [
        (form.form, due)
        for month in months
        for form in catalogue.forms_of(county)
        if (due := catalogue.due(form, month)) is not None
    ]


def pull(
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    counties: Sequence[str],
    months: Sequence[Period],
    run_id: str,
) -> list[Pulled]:
    """Pull counties side by side; one that fails or hangs costs no other anything. Outcomes are in the ledger."""
    withheld.sweep(settings)
    with ThreadPoolExecutor(max_workers=max(1, min(8, len(counties)))) as pool:
        return list(pool.map(lambda c: pull_county(catalogue, settings, ledger, c, months, run_id), counties))


def pull_county(
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    code: str,
    months: Sequence[Period],
    run_id: str,
) -> Pulled:
    """Pull one county and record its outcome. Errors of the county's are outcomes; those of ours are raised."""
    county, started, outcome = catalogue.counties[code], datetime.now(UTC), Pulled(code)
    clock = time.monotonic()
    try:
        for fetched, sha256, is_new in _fetch(catalogue, settings, ledger, county, months, outcome):
            if is_new and (delivery := land(catalogue, settings, ledger, county, fetched, sha256, run_id)):
                outcome.deliveries.append(delivery.delivery_id)
                outcome.bytes += delivery.bytes
            else:
                item = recorded(fetched.item)
                ledger.saw(code, item.name, item.version, sha256)
    except CollectError as e:
        outcome.fail(None, None, e)
    outcome.seconds = time.monotonic() - clock
    row = {
        "run_id": run_id,
        "county_code": code,
        "first_month": str(min(months)),
        "last_month": str(max(months)),
        "started_at": started,
        "ended_at": datetime.now(UTC),
    }
    whole = next((error for form, _, error in outcome.failures if form is None), None)
    items = [
        _outcome_row(row, form, str(period), error)
        for form, period, error in outcome.failures
        if form is not None
    ]
    new = {"deliveries": len(outcome.deliveries), "bytes": outcome.bytes}
    ledger.add_collection([_outcome_row(row, None, None, whole) | new, *items])
    for _, _, error in outcome.failures:
        log.error("%s %s: %s", code, catalogue.name_of(code), error)
    log.info(
        "%s: %d items, %d new deliveries, %.1f s",
        code,
        outcome.found,
        len(outcome.deliveries),
        outcome.seconds,
    )
    return outcome


def _outcome_row(
    row: dict[str, object], form: str | None, period: str | None, error: CollectError | None
) -> dict[str, object]:
    return row | {
        "form": form,
        "period": period,
        "status": "failed" if error else "done",
        "reason_code": error.code if error else None,
        "message": str(error) if error else None,
        "deliveries": 0,
        "bytes": 0,
    }


def _fetch(
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    county: County,
    months: Sequence[Period],
    outcome: Pulled,
) -> Iterator[tuple[Fetched, str, bool]]:
    """What the county has and the ledger has not: an item, its sha256, whether its content is new.

    An item that fails is put into `outcome`, and the others go on; a county that is gone raises.
    """
    wanted = wanted_periods(catalogue, county.county, months)
    if not wanted:  # it reports none of the forms that end in these months
        return
    known = ledger.known_items(county.county)
    limits = Limits.of(county, settings)
    with open_source(county, catalogue.forms, catalogue.path, limits) as source:
        for item in source.list(wanted):
            outcome.found += 1
            shown = recorded(item)
            before = known.get(shown.name)
            if before and shown.version and before.version == shown.version:
                continue
            try:
                fetched = source.fetch(item) if shown.name == item.name else Fetched(item, b"", "csv")
            except CollectError as e:
                if e.code in GONE:
                    raise
                for form, period in item.targets:
                    outcome.fail(form, period, e)
                continue
            sha256 = hashlib.sha256(fetched.content).hexdigest()
            yield fetched, sha256, before is None or before.sha256 != sha256


def recorded(item: Item) -> Item:
    """An item as it may be recorded: a name or a version that holds personal data is replaced."""
    if kind_of(item.version):
        item = replace(item, version="")
    if kind_of(item.name):
        form, period = item.targets[0]
        item = replace(item, name=f"{form}/{period} ***")
    return item


def land(
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    county: County,
    fetched: Fetched,
    sha256: str,
    run_id: str,
) -> Delivery | None:
    """Screen one delivery, keep what may be kept, and record it; None if another night has just done so."""
    item = recorded(fetched.item)
    delivery = Delivery(
        county_code=county.county,
        name=item.name,
        kind=fetched.kind,
        sha256=sha256,
        bytes=len(fetched.content),
        received_at=datetime.now(UTC),
        run_id=run_id,
        parts=tuple(screen(catalogue, ledger.lake, county, fetched)),
    )
    if any(part.reason_code == "personal_data" for part in delivery.parts):
        withheld.keep(settings, fetched.content)
    return delivery if ledger.add_delivery(delivery, item.version) else None


def screen(catalogue: Catalogue, lake: Lake, county: County, fetched: Fetched) -> list[Part]:
    """The parts of a delivery, each with its bytes in the lake or the reason why they are not."""
    item, content, kind = fetched.item, fetched.content, fetched.kind
    if named := kind_of(item.name):
        return [_withheld(form, period, kind, [Hit("file name", named)]) for form, period in item.targets]
    titles = {form: catalogue.forms[form].title.zh for form, _ in item.targets}
    try:
        read = cage.read_sheets(content, kind, county, titles)
    except ReturnedError as e:
        return _unreadable(lake, county, item, content, kind, e)
    hits = _hits(catalogue, county, read)
    if not any(hits.values()) and not read.beside.is_opaque:
        sha256 = lake.put_raw(content)
        return [Part(form, str(period), kind, sha256) for form, period in item.targets]
    parts = []
    for form, period in item.targets:
        if found := hits[form]:
            parts.append(_withheld(form, period, kind, found))
        elif error := read.grids[form].error:
            parts.append(_returned(form, period, kind, None, error))
        elif kind == "xlsx":
            sha256 = lake.put_raw(_as_csv(read.grids[form], county.encoding))
            parts.append(Part(form, str(period), "csv", sha256))
    return parts


def _hits(catalogue: Catalogue, county: County, read: cage.Read) -> dict[str, list[Hit]]:
    """Form -> what was found in its sheet; '' -> in what is no form's."""
    hits = {
        form: find_personal_data(grid, county.layout_of(form), catalogue.forms[form])
        for form, grid in read.grids.items()
    }
    hits[""] = [hit for grid in read.others for hit in find_personal_data(grid, Layout())]
    sheets = {grid.sheet: form for form, grid in read.grids.items() if grid.sheet}
    for form, hit in find_beside(read.beside, sheets):
        hits[form].append(hit)
    if hits[""]:
        log.warning(
            "%s: personal data in what is no form's (%s): only the cells of its forms are kept",
            county.county,
            hits[""][0].kind,
        )
    return hits


def _withheld(form: str, period: Period, kind: FileKind, hits: Sequence[Hit]) -> Part:
    zh = "、".join(f"{hit.address}（{KINDS_ZH[hit.kind]}）" for hit in hits[:5])
    en = ", ".join(f"{hit.address} ({hit.kind})" for hit in hits[:5])
    return Part(
        form,
        str(period),
        kind,
        None,
        "personal_data",
        f"含个人信息，已扣留，未入库：{zh}。本表只报数量，请删除后重报",
        f"holds personal data and was withheld: {en}. Only counts belong here; please send it again",
    )


def _returned(form: str, period: Period, kind: FileKind, sha256: str | None, error: ReturnedError) -> Part:
    """A part that goes back; what it says may quote names of sheets that nobody has looked at."""
    zh, en = masked(error.zh or str(error)), masked(str(error))
    return Part(form, str(period), kind, sha256, error.code, zh, en)


def _unreadable(
    lake: Lake, county: County, item: Item, content: bytes, kind: FileKind, error: ReturnedError
) -> list[Part]:
    encodings = dict.fromkeys((county.encoding, "utf-8", "gb18030", "utf-16-le"))
    keep = kind != "xlsx" and not _SUSPECT.search(content) and not is_suspect(content, encodings)
    sha256 = lake.put_raw(content) if keep else None
    return [_returned(form, period, kind, sha256, error) for form, period in item.targets]


def _as_csv(grid: Grid, encoding: str) -> bytes:
    """The cells of one sheet, in their places, as CSV."""
    import pyarrow as pa
    from pyarrow import csv

    sink = pa.BufferOutputStream()
    csv.write_csv(grid.cells, sink, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    return bytes(sink.getvalue().to_pybytes().decode().encode(encoding))


def preview(
    catalogue: Catalogue, settings: Settings, ledger: Ledger, code: str, months: Sequence[Period], lake: Lake
) -> tuple[list[Pending], list[CollectError]]:
    """What a pull would fetch from one county, screened into `lake` (a passing one), with nothing recorded."""
    county, found, outcome = catalogue.counties[code], list[Pending](), Pulled(code)
    try:
        for fetched, _, is_new in _fetch(catalogue, settings, ledger, county, months, outcome):
            if is_new:
                found += [
                    Pending(
                        **vars(part), delivery_id="dry-run", county_code=code, received_at=datetime.now(UTC)
                    )
                    for part in screen(catalogue, lake, county, fetched)
                ]
    except CollectError as e:
        outcome.fail(None, None, e)
    return found, [e for _, _, e in outcome.failures]
