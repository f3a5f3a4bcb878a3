"""The way back to the county: an annotated workbook for each delivery of which something was returned.

In: the ledger's latest submissions that are returned, withheld or partly rejected, or have a finding that a person sent
back; and their bytes in the lake. Out: a workbook at the county's own place, once for each delivery and what is wrong
with it, and a line for it in `ops.feedback` and the journal. The workbook shows the sign-off zone, so it is written for
that county alone and kept in no lake. A county whose place takes nothing is an outcome: it is tried again with the next
run, and the others get theirs.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.catalogue import Catalogue, County, Form
from qiangji.checking import Checked, examine
from qiangji.checking.coverage import Coverage, coverage
from qiangji.errors import CollectError, ReturnedError
from qiangji.feedback import writing
from qiangji.feedback.problems import Problem, problems_of
from qiangji.feedback.workbook import Cover, Page, render
from qiangji.lake import Lake
from qiangji.landing import GONE
from qiangji.ledger import Ledger, Pending
from qiangji.ledger.statuses import STATUSES
from qiangji.parsing import cage
from qiangji.parsing.sheets import Sheet
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.sources.files import expected_names
from qiangji.warehouse.queries import query
from qiangji.warehouse.rows import fetch, insert

__all__ = ["Cover", "Page", "Problem", "Sent", "page_of", "problems_of", "render", "send"]

log = logging.getLogger(__name__)
_LAYOUT = "1"
"""Part of every digest. Raise it when workbooks change so much that all of them should be sent again."""


@dataclass(frozen=True)
class Sent:
    """What became of one delivery's feedback. `status`: sent, failed, known (was sent before), planned (dry run).

    `digest`: of all that its workbook says is wrong. `basis`: see `Outstanding`.
    """

    county_code: str
    name: str
    delivery_id: str
    digest: str
    basis: str
    problems: int
    transport: str
    status: str
    submissions: tuple[tuple[str, str, str], ...] = ()
    reason_code: str | None = None
    message: str | None = None
    sha256: str = ""


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
    """Write what is outstanding and was not written yet; a dry run says what that is."""
    chosen = p.catalogue.select_counties(list(counties))
    with p.ledger.engine.connect() as c:
        deliveries = _outstanding(c, p.catalogue.forms, chosen, [str(x) for x in periods])
        known = _known(c, [d.delivery_id for d in deliveries])
        new = [d.delivery_id for d in deliveries if (d.delivery_id, d.basis) not in known]
    pending = p.ledger.parts_of(new)
    checked: dict[str, list[Checked]] = defaultdict(list)
    for one in examine(p.catalogue, p.ledger.lake, [x for x in pending if x.form in p.catalogue.forms]):
        checked[one.part.delivery_id].append(one)
    found, lost = [], dict[str, CollectError]()
    for delivery in deliveries:
        if told := known.get((delivery.delivery_id, delivery.basis)):
            found.append(replace(told, status="known", submissions=delivery.submissions))
        else:
            found.append(_send_one(p, delivery, checked[delivery.delivery_id], known, lost, dry_run))
    return found


def _known(c: Connection, deliveries: list[str]) -> dict[tuple[str, str], Sent]:
    """(delivery, digest) and (delivery, basis) -> what was sent."""
    found = {}
    statement = "SELECT * FROM ops.feedback WHERE status = 'sent' AND delivery_id = ANY(CAST(:d AS text[]))"
    for row in fetch(c, statement, {"d": deliveries}):
        sent = Sent(**{name: value for name, value in row.items() if name != "sent_at"})
        found[sent.delivery_id, sent.digest] = found[sent.delivery_id, sent.basis] = sent
    return found


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
    """Render and write one delivery's workbook. `lost`: counties that were not reached before in this run."""
    county = p.catalogue.counties[delivery.county_code]
    pages = [page_of(p.catalogue, p.ledger.lake, one, _revision(p.ledger, one)) for one in parts]
    sent = Sent(
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
    if (sent.delivery_id, sent.digest) in known:
        if not dry_run:
            _note_basis(p.ledger, sent)
        return replace(sent, status="known")
    if dry_run:
        return sent
    cover = Cover(
        county.county,
        p.catalogue.name_of(county.county),
        delivery.name,
        delivery.received_at.astimezone(ZoneInfo(p.settings.timezone)),
        sent.delivery_id,
    )
    content = render(cover, pages)
    sent = replace(sent, status="sent", sha256=hashlib.sha256(content).hexdigest())
    try:
        if county.county in lost:
            raise lost[county.county]
        writing.write(p, county, sent.name, content)
    except CollectError as e:
        if county.county not in lost:
            log.warning("%s: feedback %s could not be written: %s", county.county, sent.name, e)
        if e.code in GONE:
            lost[county.county] = e
        sent = replace(sent, status="failed", reason_code=e.code, message=str(e))
    _record(p.ledger, sent)
    return sent


def _record(ledger: Ledger, sent: Sent) -> None:
    at = datetime.now(UTC)
    event = {n: v for n, v in vars(sent).items() if n != "submissions"} | {"sent_at": at}
    ledger.lake.record(f"feedback-{sent.delivery_id}-{sent.digest[:16]}", at, {"event": "feedback", **event})
    news = ", ".join(f"{n} = excluded.{n}" for n in event if n not in ("delivery_id", "digest"))
    with ledger.engine.begin() as c:
        insert(c, "ops.feedback", [event], f"ON CONFLICT (delivery_id, digest) DO UPDATE SET {news}")


def _note_basis(ledger: Ledger, sent: Sent) -> None:
    """Another form or suite found the same. The journal need not know: the delivery is only read once more."""
    with ledger.engine.begin() as c:
        c.execute(
            sa.text("UPDATE ops.feedback SET basis = :b WHERE (delivery_id, digest) = (:d, :g)"),
            {"b": sent.basis, "d": sent.delivery_id, "g": sent.digest},
        )


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
    """The name that the county's file is declared to have, so that it can be sent back as it is.

    Never the name that it came under: that may be anything.
    """
    targets = [(page.form, Period.parse(page.period)) for page in pages]
    if county.files and targets:
        name = next(iter(expected_names(county.files, targets)))
        return name.rpartition(".")[0] + ".xlsx"
    if len(targets) == 1:
        return f"{targets[0][0]}_{targets[0][1]}.xlsx"
    return f"{delivery_id}.xlsx"


def _digest(pages: Sequence[Page]) -> str:
    said: list[object] = [_LAYOUT]
    for page in pages:
        said.append((page.form, page.period, page.status, [tuple(vars(x).values()) for x in page.problems]))
    return hashlib.sha256(repr(said).encode()).hexdigest()
