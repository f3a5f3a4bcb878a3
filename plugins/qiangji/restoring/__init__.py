"""Restore: the ledger, the facts and the figures again, from the lake alone.

In: the lake (journal, rows, what builds and editions left) and the catalogue. Out: an empty warehouse filled as the
lost one was, down to what was shown on any day, in one transaction: before it nothing has happened. What can be
restored and what cannot: docs/decisions/0023-restoring-the-ledger.md; the drill: docs/runbooks/restore.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from qiangji.catalogue import Catalogue
from qiangji.errors import WarehouseError
from qiangji.lake import Lake
from qiangji.ledger import Ledger
from qiangji.restoring import derived, journal, records
from qiangji.restoring.journal import Watch, unwatched
from qiangji.settings import Settings
from qiangji.warehouse import engine_of, prepare, sync, urls
from qiangji.warehouse.roles import OWNER


@dataclass
class Rebuilt:
    """What came back: rows of each table of the ledger; and what the journal could not say.

    `without_reasons`: verdicts whose rejections and findings were not in the journal; `without_rows`: builds whose
    figures were not in the lake; `unknown`: events of kinds that this version does not know.
    """

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    without_reasons: int = 0
    without_rows: int = 0
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return not (self.without_reasons or self.without_rows or self.unknown)


def rebuild(
    catalogue: Catalogue, settings: Settings, *, force: bool = False, watch: Watch = unwatched
) -> Rebuilt:
    """Fill the ledger from the journal, and the warehouse from what the ledger says.

    Raises JournalError for a journal that is missing or broken, WarehouseError (ledger_not_empty) for a ledger that
    holds something, unless `force`: then that is replaced.
    """
    lake = Lake(settings.lake)
    found = journal.read(lake, watch)
    with urls(settings) as url, engine_of(url[OWNER]) as engine:
        prepare(engine, settings, catalogue)
        found = journal.read(lake)  # with what making the warehouse has just added
        ledger = Ledger(engine, lake, settings.shrink_share)
        return _rebuild(engine, catalogue, settings, ledger, found, force, watch)


def _rebuild(
    engine: Engine,
    catalogue: Catalogue,
    settings: Settings,
    ledger: Ledger,
    found: journal.Journal,
    force: bool,
    watch: Watch,
) -> Rebuilt:
    from qiangji.warehouse.locks import BUILD_LOCK

    builds = found.builds()
    result = Rebuilt(events=len(found), unknown=dict(found.unknown))
    with engine.begin() as c:
        c.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": BUILD_LOCK})
        # who collects or decides meanwhile waits; who reads does not
        c.execute(sa.text(f"LOCK TABLE {', '.join(records.EMPTIED)} IN EXCLUSIVE MODE"))
        _empty(c, ledger, force)
        result.without_reasons = records.fill(c, ledger, found, watch)
        records.fill_builds(c, ledger, builds, watch)
        derived.fill_definitions(c, ledger.lake, found)
        result.without_rows = derived.fill_figures(c, ledger.lake, found, builds, watch)
        # columns that came back need their views, and today's catalogue may say other than the last definition did
        c.execute(sa.text("DELETE FROM ops.definition WHERE name = 'catalogue'"))
        sync.synchronise(c, settings, catalogue, sync.definitions_hash(settings, catalogue))
        derived.fill_facts(c, catalogue, settings, ledger.lake, watch)
        result.rows = {t: c.scalar(sa.text(f"SELECT count(*) FROM {t}")) or 0 for t in records.EMPTIED}
        derived.analyze(c)
    return result


def _empty(c: Connection, ledger: Ledger, force: bool) -> None:
    holding = [t for t in records.EMPTIED if c.scalar(sa.text(f"SELECT EXISTS (SELECT FROM {t})"))]
    if holding and not force:
        raise WarehouseError(
            f"the ledger is not empty: {', '.join(holding)}",
            where=f"warehouse {ledger.engine.url.render_as_string(hide_password=True)}",
            expected="an empty warehouse",
            do="Look with `qiangji verify` what is wrong with it. --force replaces all that it holds by what the"
            " journal says; nothing was changed.",
            code="ledger_not_empty",
        )
    for table in records.EMPTIED:
        c.execute(sa.text(f"DELETE FROM {table}"))
    derived.clear(c)
