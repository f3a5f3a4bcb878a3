"""The way back to the county: an annotated workbook for each delivery of which something was returned.

In: the ledger's latest submissions that are returned, withheld or partly rejected (or have a finding that a person
sent back), and their bytes in the lake. Out: a workbook at the county's own place, once for each delivery and what is
wrong with it, and a line for it in `ops.feedback` and the journal. The workbook shows the sign-off zone, so it is
written for that county alone and kept in no lake. That a county's place takes nothing is an outcome, tried again with
the next run; it fails nobody else.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.catalogue import Catalogue, County, Form
from qiangji.checking import Checked, examine
from qiangji.errors import CollectError, ReturnedError
from qiangji.feedback import writing
from qiangji.feedback.problems import Problem, problems_of
from qiangji.feedback.workbook import Cover, Page, render
from qiangji.lake import Lake
from qiangji.landing import GONE
from qiangji.ledger import Ledger, Pending
from qiangji.parsing import cage
from qiangji.parsing.sheets import Sheet
from qiangji.periods import Period
from qiangji.pipeline import Pipeline
from qiangji.sources.files import expected_names
from qiangji.warehouse.rows import insert

log = logging.getLogger(__name__)
_LAYOUT = "1"
"""Part of every digest: raised when what a workbook looks like changes so that all should be sent again."""

# the latest report of each submission, where the county has something to do
_OUTSTANDING = """
    SELECT s.* FROM (
        SELECT DISTINCT ON (county_code, form, period) * FROM ops.submission WHERE status <> 'void'
        ORDER BY county_code, form, period, received_at DESC, delivery_id DESC, checked_at DESC) AS s
    WHERE (s.status IN ('returned', 'withheld', 'partial')
        OR EXISTS (SELECT FROM ops.finding AS f JOIN ops.last_disposition AS d USING (finding_id)
            WHERE (f.delivery_id, f.form, f.period) = (s.delivery_id, s.form, s.period)
                AND d.disposition = 'resubmit'))
        AND s.county_code = ANY(:counties) AND (cardinality(:periods) = 0 OR s.period = ANY(:periods))"""


@dataclass(frozen=True)
class Sent:
    """What became of one delivery's feedback. `status`: sent, failed, known (was sent before), planned (dry run)."""

    county_code: str
    name: str
    delivery_id: str
    digest: str
    basis: str
    problems: int
    transport: str
    status: str
    submissions: tuple[tuple[str, str, str], ...]
    reason_code: str | None = None
    message: str | None = None
    sha256: str = ""


def send(
    p: Pipeline, counties: Sequence[str] = (), periods: Sequence[Period] = (), *, dry_run: bool = False
) -> list[Sent]:
    """Write what is outstanding and was not written yet; a dry run says what that is."""
    chosen = p.catalogue.select_counties(list(counties))
    with p.ledger.engine.connect() as c:
        deliveries = _outstanding(c, p.catalogue, chosen, [str(x) for x in periods])
        known = _known(c, list(deliveries))
        new = [d for d, row in deliveries.items() if (d, row["basis"]) not in known]
        parts = [x for x in _parts(c, new) if x.form in p.catalogue.forms]
    checked: dict[str, list[Checked]] = defaultdict(list)
    for one in examine(p.catalogue, p.ledger.lake, parts):
        checked[one.part.delivery_id].append(one)
    found, lost = [], dict[str, CollectError]()
    for delivery_id, row in deliveries.items():
        if told := known.get((delivery_id, row["basis"])):
            found.append(Sent(**{**told, "status": "known", "submissions": tuple(row["submissions"])}))
        else:
            found.append(_send_one(p, row, checked[delivery_id], known, lost, dry_run))
    return found


def _known(c: Connection, deliveries: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """(delivery, digest) and (delivery, basis) -> what was sent."""
    found = {}
    rows = c.execute(
        sa.text("SELECT * FROM ops.feedback WHERE status = 'sent' AND delivery_id = ANY(:d)").bindparams(
            sa.bindparam("d", type_=sa.ARRAY(sa.Text))
        ),
        {"d": deliveries},
    )
    for r in rows:
        told = {n: v for n, v in r._mapping.items() if n != "sent_at"}
        found[r.delivery_id, r.digest] = found[r.delivery_id, r.basis] = told
    return found


def _outstanding(
    c: Connection, catalogue: Catalogue, counties: list[str], periods: list[str]
) -> dict[str, dict[str, Any]]:
    """Delivery -> what is known of it, with its submissions' statuses.

    `basis`: what its workbook follows from, beside its bytes: where that was told before, nothing is read again.
    """
    found: dict[str, dict[str, Any]] = {}
    rows = c.execute(
        sa.text(
            "SELECT o.county_code, o.form, o.period, o.status, d.delivery_id, d.name, d.received_at,"
            " o.catalogue_hash, o.suite_hash"
            f" FROM ({_OUTSTANDING}) AS o"
            " JOIN ops.delivery AS d USING (delivery_id) ORDER BY o.county_code, o.period, o.form"
        ).bindparams(
            sa.bindparam("counties", type_=sa.ARRAY(sa.Text)),
            sa.bindparam("periods", type_=sa.ARRAY(sa.Text)),
        ),
        {"counties": counties, "periods": periods},
    )
    for r in rows:
        if r.form in catalogue.forms:
            one = found.setdefault(r.delivery_id, {**r._mapping, "submissions": [], "basis": _LAYOUT})
            one["submissions"].append((r.form, r.period, r.status))
            said = "|".join((one["basis"], r.form, r.period, r.status, r.catalogue_hash, r.suite_hash))
            one["basis"] = hashlib.sha256(said.encode()).hexdigest()
    return found


def _parts(c: Connection, deliveries: list[str]) -> list[Pending]:
    rows = c.execute(
        sa.text(
            "SELECT d.delivery_id, d.county_code, d.received_at, p.form, p.period, p.kind, p.sha256,"
            " p.reason_code, p.message_zh, p.message_en"
            " FROM ops.delivery_part AS p JOIN ops.delivery AS d USING (delivery_id) WHERE delivery_id = ANY(:d)"
            " ORDER BY d.received_at, d.delivery_id, p.form, p.period"
        ).bindparams(sa.bindparam("d", type_=sa.ARRAY(sa.Text))),
        {"d": deliveries},
    )
    return [Pending(**r._mapping) for r in rows]


def _send_one(
    p: Pipeline,
    row: dict[str, Any],
    parts: list[Checked],
    known: Mapping[tuple[str, str], object],
    lost: dict[str, CollectError],
    dry_run: bool,
) -> Sent:
    """Render and write one delivery's workbook. A county in `lost` was not reached before in this run."""
    county = p.catalogue.counties[row["county_code"]]
    pages = [page_of(p.catalogue, p.ledger.lake, one, _revision(p.ledger, one)) for one in parts]
    sent = Sent(
        county_code=county.county,
        name=_file_name(p.catalogue, county.county, pages, row["delivery_id"]),
        delivery_id=row["delivery_id"],
        digest=_digest(pages),
        basis=row["basis"],
        problems=sum(len(page.problems) for page in pages),
        transport=writing.place_of(county),
        status="planned",
        submissions=tuple(row["submissions"]),
    )
    if (sent.delivery_id, sent.digest) in known:
        if not dry_run:
            _note_basis(p.ledger, sent)
        return Sent(**{**vars(sent), "status": "known"})
    if dry_run:
        return sent
    cover = Cover(
        county.county,
        p.catalogue.name_of(county.county),
        row["name"],
        row["received_at"].astimezone(ZoneInfo(p.settings.timezone)),
        sent.delivery_id,
    )
    content = render(cover, pages)
    outcome: dict[str, Any] = {"status": "sent", "sha256": hashlib.sha256(content).hexdigest()}
    try:
        if county.county in lost:
            raise lost[county.county]
        writing.write(p.catalogue, p.settings, county, sent.name, content)
    except CollectError as e:
        if e.code in GONE:
            lost[county.county] = e
        outcome |= {"status": "failed", "reason_code": e.code, "message": str(e)}
        log.warning("%s: feedback %s could not be written: %s", county.county, sent.name, e)
    sent = Sent(**{**vars(sent), **outcome})
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
    """The same was found by another form or suite. Not in the journal: without it the delivery is read once more."""
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
    if (
        part.sha256 is not None
        and (sheet := _sheet(county, lake.get_raw(part.sha256), part, form)) is not None
    ):
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
        status=STATUSES[one.verdict],
        revision=revision,
        received=received,
        accepted=accepted,
        rejected=rejected if one.verdict == "partial" else received - accepted,
        problems=problems_of(one, form),
        sheet=sheet,
        header=header,
    )


STATUSES = {
    "accepted": "已收",
    "partial": "部分记录退回",
    "returned": "退回重报",
    "withheld": "涉个人信息扣留",
}


def _sheet(county: County, content: bytes, part: Pending, form: Form) -> Sheet | None:
    """The sheet of the form; None where there is none, or the file cannot be read."""
    try:
        sheet = cage.read_sheet(content, part.kind, county, form, part.period)
    except ReturnedError:
        return None
    return sheet if sheet.width else None


def _file_name(catalogue: Catalogue, county: str, pages: Sequence[Page], delivery_id: str) -> str:
    """As the county's own file is called, so that it can be sent back as it is; never the name that it came under."""
    declared = catalogue.counties[county]
    targets = [(page.form, Period.parse(page.period)) for page in pages]
    if declared.files and targets:
        name = next(iter(expected_names(declared.files, targets)))
        return name.rpartition(".")[0] + ".xlsx"
    if len(targets) == 1:
        return f"{targets[0][0]}_{targets[0][1]}.xlsx"
    return f"{delivery_id}.xlsx"


def _digest(pages: Sequence[Page]) -> str:
    said: list[object] = [_LAYOUT]
    for page in pages:
        said.append((page.form, page.period, page.status, [tuple(vars(x).values()) for x in page.problems]))
    return hashlib.sha256(repr(said).encode()).hexdigest()


__all__ = ["Cover", "Page", "Problem", "Sent", "page_of", "problems_of", "render", "send"]
