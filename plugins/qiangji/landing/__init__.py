"""Pull: what a county system has, screened for personal data, into the lake and the ledger.

In: counties of the catalogue and the (form, period) pairs wanted. Out: deliveries recorded, and an outcome row for each
county (`pulled`). An item whose version is unchanged is not fetched again, unless that may hide a change (`rereading`);
one whose bytes are unchanged is not recorded again, unless a county went back to it. Of items that report the same the
latest counts (`side_by_side`); files under other names than those expected are told (`other_names`), and so are
sheets in another period's workbook (`other_sheets`) and voided files (`voided`).

A sheet that holds personal data outside the declared sign-off zone is not stored; `withheld` says what may become of
its bytes.

| what was sent | what is kept |
| --- | --- |
| a clean file | its bytes |
| a workbook with personal data in it | its other forms, each as a workbook of its cells and how they look |
| a workbook with parts that cannot be inspected (pictures, macros) | its forms, each in that way |
| text that cannot be read as a file | its bytes, if no line of it holds personal data |
| a broken workbook | nothing but its sha256; the county is asked for it again |
| an item whose name holds personal data | nothing; it is not fetched, and its name is recorded nowhere |
| an item whose version holds personal data | as above by its content, without the version |
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County, FileKind
from qiangji.errors import CollectError, ReturnedError
from qiangji.lake import Lake
from qiangji.landing import other_names, other_sheets, side_by_side, voided, withheld
from qiangji.landing.pulled import Pulled, in_groups, record
from qiangji.landing.rereading import is_read_again
from qiangji.landing.side_by_side import Taken
from qiangji.ledger import Delivery, Known, Listed, Part, Pending, Seen
from qiangji.parsing import cage, cage_clean
from qiangji.parsing.archive import too_large
from qiangji.parsing.clean import workbook_of
from qiangji.parsing.handed import Handed
from qiangji.parsing.screening import Hit, Read, find_everywhere
from qiangji.periods import Period
from qiangji.personal_data import KINDS_ZH, Things, is_suspect, kind_of, masked
from qiangji.pipeline import Pipeline
from qiangji.sources import Fetched, Item, Limits, Source, open_source

__all__ = ["Pulled", "is_optional", "land", "preview", "pull", "recorded", "screen", "wanted_periods"]
log = logging.getLogger(__name__)
AT_ONCE = 16
"""Counties that are asked at a time: most of a county's time is waiting, and small files are read together."""
GONE = ("unreachable", "timeout", "login_refused", "unknown_host_key", "bad_certificate", "too_much")
"""Codes of failures that concern the whole county, whichever item they were met at."""
_SUSPECT = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|1[3-9][0-9]{9})(?![0-9A-Za-z])")


def wanted_periods(catalogue: Catalogue, county: str, months: Sequence[Period]) -> list[tuple[str, Period]]:
    """The (form, period) pairs that a county may report in these months: those at whose end it is there."""
    return [
        (form.form, due)
        for month in months
        for form in catalogue.forms_of(county)
        if (due := catalogue.asked_of(county, form, month)) is not None
    ]


def is_optional(catalogue: Catalogue, form: str, period: Period) -> bool:
    """Whether a county may be without a form in a period: it is asked for, and required later."""
    return catalogue.forms[form].is_optional_in(str(period.last_month))


def pull(
    p: Pipeline,
    counties: Sequence[str],
    months: Sequence[Period],
    run_id: str,
    handed: Handed | None = None,
    landed: Callable[[], None] = lambda: None,
) -> Iterator[list[Pulled]]:
    """Pull counties side by side; one that fails or hangs delays no other.

    Gives those that are done and in the ledger, together; none where nothing was done for a moment. The others go on
    while the taker works. `handed` gets what was read on the way; `landed` is called after each county that had
    anything new. An error of ours is raised after all the others.
    """

    def one(county: str) -> Pulled:
        pulled = _pull_county(p, county, months, run_id, known[county], handed)
        if pulled.arrived:
            landed()
        return pulled

    withheld.sweep(p.settings)
    if not counties:
        return
    known = p.ledger.known(counties)
    pool = ThreadPoolExecutor(max_workers=min(AT_ONCE, len(counties)))
    try:
        for group in in_groups([pool.submit(one, county) for county in counties]):
            if group:
                record(p.ledger, group, months, run_id)
            for each in group:
                each.tell(p.catalogue)
            yield group
    finally:
        pool.shutdown(cancel_futures=True)


def _pull_county(
    p: Pipeline, code: str, months: Sequence[Period], run_id: str, known: Known, handed: Handed | None
) -> Pulled:
    """Pull one county, for the record. The county's errors are outcomes; our own are raised."""
    county, pulled = p.catalogue.counties[code], Pulled(code)
    try:
        for taken in _fetch(p, county, months, known, pulled):
            fetched = taken.fetched
            item = recorded(fetched.item)
            if taken.is_new:
                delivery = land(p, county, fetched, taken.sha256, run_id, taken.beside, handed)
                pulled.arrived.append((delivery, item.version))
                if taken.is_dated_anew:
                    pulled.again.add(delivery.delivery_id)
            else:
                pulled.seen.append(Seen(code, item.name, item.version, taken.sha256))
    except CollectError as e:
        pulled.fail(None, None, e)
    pulled.ended_at = datetime.now(UTC)
    return pulled


def _fetch(
    p: Pipeline, county: County, months: Sequence[Period], known: Known, pulled: Pulled
) -> Iterator[Taken]:
    """What the county has and the ledger has not; of items that report the same, the later ones come later.

    An item that fails is noted in `pulled`, and the others go on; a county that is gone raises.
    """
    wanted = wanted_periods(p.catalogue, county.county, months)
    if not wanted:  # it reports none of the forms that end in these months
        return
    limits = Limits.of(county, p.settings)
    with open_source(county, p.catalogue.forms, p.catalogue.path, limits) as source:
        items = source.list(wanted)
        pulled.found += len(items)
        pulled.periods |= {period for item in items for _, period in item.targets}
        pulled.notes += other_names.notes(p.catalogue, county, wanted, items, source.others)
        was_voided, fetched = voided.by_bytes(known.voided), dict[str, str]()
        for group in side_by_side.groups(items):
            found = [
                one for item in group if (one := _take(p, source, item, known.items, max(months), pulled))
            ]
            for one in found:
                pulled.notes += other_sheets.notes(p.catalogue, county, wanted, items, one.fetched)
            taken = voided.refused(was_voided, found)
            fetched |= {recorded(one.fetched.item).name: one.sha256 for one in taken}
            taken = side_by_side.sent_again(group, taken, lambda of: p.ledger.counting(county.county, of))
            yield from side_by_side.asked(group, taken)
        pulled.notes += voided.notes(was_voided, map(recorded, items), known.items, fetched)


def _take(
    p: Pipeline, source: Source, item: Item, known: Mapping[str, Listed], last: Period, pulled: Pulled
) -> Taken | None:
    """Fetch an item, unless it is known, fails, or is optional and not there. `last`: the last month looked at."""
    shown = recorded(item)
    before = known.get(shown.name)
    is_known = before is not None and shown.version and before.version == shown.version
    if is_known and not is_read_again(item, last):
        return None
    try:
        fetched = source.fetch(item) if shown.name == item.name else Fetched(item, b"", "csv")
    except CollectError as e:
        if e.code in GONE:
            raise
        if e.code == "not_found" and all(is_optional(p.catalogue, *target) for target in item.targets):
            log.info("%s: %s is optional as yet, and not there", pulled.county, shown.name)
            return None
        for form, period in item.targets:
            pulled.fail(form, period, e)
        return None
    sha256 = hashlib.sha256(fetched.content).hexdigest()
    if before is None or before.sha256 != sha256:
        return Taken(fetched, sha256, is_new=True)
    is_dated_anew = shown.name == item.name and bool(shown.version) and before.version != shown.version
    return Taken(fetched, sha256, is_new=False, is_dated_anew=is_dated_anew)


def recorded(item: Item) -> Item:
    """An item as it may be recorded: a name or a version that holds personal data is replaced."""
    if _is_personal(item.version):
        item = replace(item, version="")
    if _is_personal(item.name):
        form, period = item.targets[0]
        item = replace(item, name=f"{form}/{period} ***")
    return item


@lru_cache(maxsize=1024)
def _is_personal(text: str) -> bool:
    """Whether there is personal data in a name or a version: each is asked about several times."""
    return kind_of(text) is not None


def land(
    p: Pipeline,
    county: County,
    fetched: Fetched,
    sha256: str,
    run_id: str,
    beside: Item | None = None,
    handed: Handed | None = None,
) -> Delivery:
    """Screen one delivery, and keep what may be kept.

    `beside`: another report of the same, because of which this one is held. `handed`: for the check that follows.
    """
    item = recorded(fetched.item)
    delivery = Delivery(
        county_code=county.county,
        name=item.name,
        kind=fetched.kind,
        sha256=sha256,
        bytes=len(fetched.content),
        received_at=datetime.now(UTC),
        run_id=run_id,
        parts=tuple(_screened(p.catalogue, p.ledger.lake, county, fetched, beside, handed)),
    )
    if any(part.reason_code == "personal_data" for part in delivery.parts):
        withheld.keep(p.settings, fetched.content)
    return delivery


def _screened(
    catalogue: Catalogue,
    lake: Lake,
    county: County,
    fetched: Fetched,
    beside: Item | None,
    handed: Handed | None = None,
) -> list[Part]:
    """The parts of a delivery, each with the question that is asked about it."""
    other = recorded(beside) if beside else None
    parts = screen(catalogue, lake, county, fetched, handed)
    return [side_by_side.held(part, recorded(fetched.item), other) for part in parts]


def screen(
    catalogue: Catalogue, lake: Lake, county: County, fetched: Fetched, handed: Handed | None = None
) -> list[Part]:
    """The parts of a delivery, each with its bytes in the lake or the reason why they are not.

    What the reader that screened it read is put into `handed`, as far as that has room.
    """
    item, content, kind = fetched.item, fetched.content, fetched.kind
    if named := kind_of(item.name):
        return [_withheld(form, period, kind, [Hit("file name", named)]) for form, period in item.targets]
    forms = {form: catalogue.forms[form] for form, _ in item.targets}
    titles = {code: form.title.zh for code, form in forms.items()}
    try:
        wanted = item.targets if handed and handed.has_room else ()
        crosswalk = catalogue.crosswalks.get(county.county)
        if clean := cage_clean.read_clean(content, kind, county, forms, wanted, crosswalk=crosswalk):
            sha256 = lake.put_raw(content)
            if handed:
                handed.put(sha256, kind, county.county, clean.parsed)
            return [
                Part(form, str(period), kind, sha256)
                for form, period in item.targets
                if not _is_left_out(catalogue, clean.missing, item, form, period)
            ]
        read = cage.read_sheets(content, kind, county, titles)
        hits = _hits(catalogue, county, read)
    except ReturnedError as e:
        return _unreadable(lake, county, item, content, kind, e)
    except MemoryError:  # nothing of it was screened, so nothing is kept; the other files are taken
        what = "looking through it takes more memory than there is"
        heavy = too_large(what, "a smaller file", county.county)
        return [_returned(form, period, kind, None, heavy) for form, period in item.targets]
    missing = {form for form, g in read.grids.items() if g.error and g.error.code == "missing_sheet"}
    targets = [t for t in item.targets if not _is_left_out(catalogue, missing, item, *t)]
    if not any(hits.values()) and not read.beside.is_opaque:
        sha256 = lake.put_raw(content)
        return [Part(form, str(period), kind, sha256) for form, period in targets]
    parts = []
    for form, period in targets:
        if found := hits[form]:
            parts.append(_withheld(form, period, kind, found))
        elif error := read.grids[form].error:
            parts.append(_returned(form, period, kind, None, error))
        elif kind == "xlsx":
            parts.append(Part(form, str(period), kind, lake.put_raw(workbook_of(read.grids[form]))))
    return parts


def _is_left_out(
    catalogue: Catalogue, missing: Collection[str], item: Item, form: str, period: Period
) -> bool:
    """Whether a workbook of several forms has no sheet of one that is optional as yet."""
    return form in missing and len(item.targets) > 1 and is_optional(catalogue, form, period)


def _hits(catalogue: Catalogue, county: County, read: Read) -> dict[str, list[Hit]]:
    """Form -> what was found in its sheet; under '' what was found in places that are no form's."""
    hits = find_everywhere(read, county, catalogue.forms)
    if any(hit.kind == "name" for found in hits.values() for hit in found):
        units = Things(catalogue.org.names_in(county.county))
        hits = find_everywhere(read, county, catalogue.forms, units)
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
    """A part that goes back. Its message is masked, as it may quote names of sheets that were not screened."""
    zh, en = masked(error.zh or str(error)), masked(str(error))
    return Part(form, str(period), kind, sha256, error.code, zh, en)


def _unreadable(
    lake: Lake, county: County, item: Item, content: bytes, kind: FileKind, error: ReturnedError
) -> list[Part]:
    encodings = dict.fromkeys((county.encoding, "utf-8", "gb18030", "utf-16-le"))
    keep = kind != "xlsx" and not _SUSPECT.search(content) and not is_suspect(content, encodings)
    sha256 = lake.put_raw(content) if keep else None
    return [_returned(form, period, kind, sha256, error) for form, period in item.targets]


def preview(p: Pipeline, code: str, months: Sequence[Period], lake: Lake) -> tuple[list[Pending], Pulled]:
    """What a pull would fetch from one county, screened into `lake` (a passing one), with nothing recorded."""
    county, found, pulled = p.catalogue.counties[code], list[Pending](), Pulled(code)
    try:
        known = p.ledger.known([code])[code]
        for taken in _fetch(p, county, months, known, pulled):
            if taken.is_new:
                now = datetime.now(UTC)
                found += [
                    Pending(
                        **vars(part),
                        delivery_id=f"dry-run-{taken.sha256[:12]}",
                        county_code=code,
                        received_at=now,
                    )
                    for part in _screened(p.catalogue, lake, county, taken.fetched, taken.beside)
                ]
    except CollectError as e:
        pulled.fail(None, None, e)
    return found, pulled
