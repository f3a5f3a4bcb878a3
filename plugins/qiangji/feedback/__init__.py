"""The way back to the county: an annotated workbook for each delivery of which something was returned.

In: the ledger's latest submissions that are returned, withheld or partly rejected, or have a finding that a person sent
back; and their bytes in the lake. Out: a workbook at the county's own place, once for each delivery and what is wrong
with it, and a line for it in `ops.feedback` and the journal. The workbook shows the sign-off zone, so it is written for
that county alone and kept in no lake. It goes again once its correction was accepted (`closing`). A county whose place
takes nothing is an outcome: it is tried again with the next run, and the others get theirs.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County, Form
from qiangji.checking import Checked, examine
from qiangji.checking.coverage import Coverage, coverage
from qiangji.errors import CollectError, ReturnedError
from qiangji.feedback import closing, sent, writing
from qiangji.feedback.problems import Problem, problems_of
from qiangji.feedback.sent import Sent
from qiangji.feedback.workbook import Cover, Page, render
from qiangji.lake import Lake
from qiangji.landing import GONE
from qiangji.ledger import Ledger, Pending
from qiangji.ledger.statuses import STATUSES
from qiangji.parsing import cage
from qiangji.parsing.sheets import Sheet
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.warehouse.queries import query

__all__ = ["Cover", "Page", "Problem", "Sent", "page_of", "problems_of", "render", "send"]

log = logging.getLogger(__name__)
_LAYOUT = "1"
"""Part of every digest. Raise it when workbooks change so much that all of them should be sent again."""


@dataclass(frozen=True)
class Outstanding:
    """A delivery of which something was returned; `submissions`: (form, period, status).

    `basis`: what its workbook follows from, beside its bytes. Where that was told before, nothing is read again.
    """

    county_code: str
    delivery_id: str
    name: str
    received_at: datetime
    submissions: tuple[tuple[str, str, str], ...] = ()
    basis: str = _LAYOUT


def send(
    p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = (), *, dry_run: bool = False
) -> list[Sent]:
    """Write what is outstanding and was not written yet, and take back what is done with; a dry run says what that is.

    A county's workbooks are recorded when all are written, and the list of what is open with them: a run that is killed
    between is made up for by the next.
    """
    chosen = p.catalogue.select_counties(list(counties))
    with p.ledger.engine.connect() as c:
        every = _outstanding(c, p.catalogue.forms, chosen, [])
        deliveries = _outstanding(c, p.catalogue.forms, chosen, [str(x) for x in periods])
        waiting = [d.delivery_id for d in every]
        known = sent.known(c, waiting)
        done = sent.answered(c, chosen, waiting)
        new = [d.delivery_id for d in deliveries if (d.delivery_id, d.basis) not in known]
    pending = p.ledger.parts_of(new)
    checked: dict[str, list[Checked]] = defaultdict(list)
    for one in examine(p.catalogue, p.ledger.lake, [x for x in pending if x.form in p.catalogue.forms]):
        checked[one.part.delivery_id].append(one)
    found, lost = [], dict[str, CollectError]()
    for county in chosen:
        mine = []
        for delivery in (d for d in deliveries if d.county_code == county):
            if told := known.get((delivery.delivery_id, delivery.basis)):
                mine.append(replace(told, status="known", submissions=delivery.submissions))
            else:
                mine.append(_send_one(p, delivery, checked[delivery.delivery_id], known, lost, dry_run))
        closed = [one for one in done if one.county_code == county]
        if dry_run:
            found += [*mine, *(replace(one, status="answered") for one in closed)]
        else:
            found += _settle(p, county, mine, closed, [d for d in every if d.county_code == county], lost)
    return found


def _settle(
    p: Pipeline,
    county: str,
    mine: list[Sent],
    closed: list[Sent],
    every: list[Outstanding],
    lost: dict[str, CollectError],
) -> list[Sent]:
    """Take back what is done with, write the list of what is open if it changed, and record all that happened."""
    written = [one for one in mine if one.status in ("sent", "failed")]
    if not written and not closed:
        return mine
    with p.ledger.engine.connect() as c:
        known = sent.known(c, [d.delivery_id for d in every])
    told = {one.delivery_id: one for one in (*known.values(), *(s for s in mine if s.status == "sent"))}
    waiting = [
        replace(told[d.delivery_id], submissions=d.submissions) for d in every if d.delivery_id in told
    ]
    declared = p.catalogue.counties[county]
    gone = closing.take_back(p, declared, closed, [one.name for one in waiting], lost)
    if county not in lost and (gone or any(one.status == "sent" for one in written)):
        closing.write_list(p, declared, waiting)
    for one in written:
        sent.record(p.ledger, one)
    for one in gone:
        sent.record(p.ledger, replace(one, status="sent"))
    return [*mine, *gone]


def _outstanding(
    c: Connection, forms: Collection[str], counties: list[str], periods: list[str]
) -> list[Outstanding]:
    """Deliveries of which something was returned, each with its submissions."""
    found: dict[str, Outstanding] = {}
    for r in c.execute(query("feedback/outstanding"), {"counties": counties, "periods": periods}):
        if r.form not in forms:
            continue
        one = found.get(r.delivery_id) or Outstanding(r.county_code, r.delivery_id, r.name, r.received_at)
        said = "|".join((one.basis, r.form, r.period, r.status, r.catalogue_hash, r.suite_hash))
        found[r.delivery_id] = replace(
            one,
            submissions=(*one.submissions, (r.form, r.period, r.status)),
            basis=hashlib.sha256(said.encode()).hexdigest(),
        )
    return list(found.values())


def _send_one(
    p: Pipeline,
    delivery: Outstanding,
    parts: list[Checked],
    known: Mapping[tuple[str, str], Sent],
    lost: dict[str, CollectError],
    dry_run: bool,
) -> Sent:
    """Render and write one delivery's workbook; nothing is recorded yet. `lost`: counties that were not reached before
    in this run.
    """
    county = p.catalogue.counties[delivery.county_code]
    pages = [page_of(p.catalogue, p.ledger.lake, one, _revision(p.ledger, one)) for one in parts]
    planned = Sent(
        county_code=county.county,
        name=_file_name(county, pages, delivery.delivery_id),
        delivery_id=delivery.delivery_id,
        digest=_digest(pages),
        basis=delivery.basis,
        problems=sum(len(page.problems) for page in pages),
        transport=writing.place_of(county),
        status="planned",
        submissions=delivery.submissions,
    )
    if (planned.delivery_id, planned.digest) in known:
        if not dry_run:
            sent.note_basis(p.ledger, planned)
        return replace(planned, status="known")
    if dry_run:
        return planned
    cover = Cover(
        county.county,
        p.catalogue.name_of(county.county),
        delivery.name,
        delivery.received_at.astimezone(ZoneInfo(p.settings.timezone)),
        delivery.delivery_id,
    )
    content = render(cover, pages)
    written = replace(planned, status="sent", sha256=hashlib.sha256(content).hexdigest())
    try:
        if county.county in lost:
            raise lost[county.county]
        writing.write(p, county, written.name, content)
    except CollectError as e:
        if county.county not in lost:
            log.warning("%s: feedback %s could not be written: %s", county.county, written.name, e)
        if e.code in GONE:
            lost[county.county] = e
        return replace(written, status="failed", reason_code=e.code, message=str(e))
    return written


def _revision(ledger: Ledger, one: Checked) -> int | None:
    with ledger.engine.connect() as c:
        found: int | None = c.scalar(
            sa.text(
                "SELECT revision FROM ops.submission WHERE (delivery_id, form, period) = (:d, :f, :p)"
                " ORDER BY checked_at DESC LIMIT 1"
            ),
            {"d": one.part.delivery_id, "f": one.part.form, "p": one.part.period},
        )
        return found


def page_of(catalogue: Catalogue, lake: Lake, one: Checked, revision: int | None = None) -> Page:
    """One form of a delivery, its sheet read again from the bytes as received, in the cage."""
    form, county, part = catalogue.forms[one.part.form], catalogue.counties[one.part.county_code], one.part
    sheet, header = None, (0, 1)
    if part.sha256 is not None:
        sheet = _sheet(county, lake.get_raw(part.sha256), part, form)
    if sheet is not None:
        layout = county.layout_of(form.form)
        header = (layout.title_rows, layout.header_rows)
        if sheet.header_rows is not None:
            header = (0, sheet.header_rows)
    rejected = one.rejected.num_rows if one.rejected is not None else 0
    received = one.parsed.rows.num_rows if one.parsed else 0
    accepted = one.accepted.num_rows if one.accepted is not None else 0
    return Page(
        form=form.form,
        title=form.title.zh,
        period=part.period,
        status="待审" if one.doubts else STATUSES[one.verdict],
        revision=revision,
        received=received,
        accepted=accepted,
        rejected=rejected if one.verdict == "partial" else received - accepted,
        problems=problems_of(one, form),
        sheet=sheet,
        header=header,
        coverage=_coverage(catalogue, one, form),
    )


def _coverage(catalogue: Catalogue, one: Checked, form: Form) -> Coverage | None:
    if one.accepted is None:
        return None
    keys = one.accepted.column(form.key).to_pylist()
    return coverage(catalogue, form, one.period, one.part.county_code, keys)


def _sheet(county: County, content: bytes, part: Pending, form: Form) -> Sheet | None:
    """The sheet of the form; None where there is none, or the file cannot be read."""
    try:
        sheet = cage.read_sheet(content, part.kind, county, form, part.period)
    except ReturnedError:
        return None
    return sheet if sheet.width else None


def _file_name(county: County, pages: Sequence[Page], delivery_id: str) -> str:
    targets = [(page.form, Period.parse(page.period)) for page in pages]
    return writing.file_name(county, targets) or f"{delivery_id}.xlsx"


def _digest(pages: Sequence[Page]) -> str:
    said: list[object] = [_LAYOUT]
    for page in pages:
        said.append((page.form, page.period, page.status, [tuple(vars(x).values()) for x in page.problems]))
    return hashlib.sha256(repr(said).encode()).hexdigest()
