"""Restore: the ledger, the facts and the figures again, from the lake alone.

In: the lake (journal, rows, results of builds, editions) and the catalogue. Out: an empty warehouse filled as the lost
one was, down to what was shown on any day, in one transaction. What can be restored and what cannot:
docs/decisions/0023-restoring-the-ledger.md; the drill: docs/runbooks/restore.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.errors import WarehouseError
from qiangji.ledger import Ledger
from qiangji.pipeline import Pipeline
from qiangji.restoring import derived, journal, lost, records
from qiangji.restoring.journal import Watch, unwatched
from qiangji.settings import Settings
from qiangji.warehouse import definitions, engine_of, prepare, sync, urls
from qiangji.warehouse.locks import BUILD_LOCK, hold
from qiangji.warehouse.roles import OWNER


@dataclass
class Rebuilt:
    """What came back: rows of each table of the ledger; and what the journal lacks.

    | field | counts |
    | --- | --- |
    | without_reasons | verdicts whose rejections and findings are not in the journal |
    | without_rows | builds whose figures are not in the lake |
    | unknown | events of kinds that this version does not know |

    `refused`: files of decisions that no ledger could take, so that nobody's decision is missing. `lost`: what facts
    and builds refer to and no event tells of. `unnamed`: files of the lake that no event names.
    """

    events: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    without_reasons: int = 0
    without_rows: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not (self.without_reasons or self.without_rows or self.unknown or self.lost or self.unnamed)


def rebuild(
    catalogue: Catalogue, settings: Settings, *, force: bool = False, watch: Watch = unwatched
) -> Rebuilt:
    """Fill the ledger from the journal, and the warehouse from what the ledger says.

    Raises JournalError for a journal that is missing or broken, LakeError (missing, altered) for rows that are not as
    they were kept, and WarehouseError (ledger_not_empty) for a ledger that holds something. With `force` that is
    replaced.
    """
    lake = lost.Kept(settings.lake)
    journal.read(lake, watch)  # a broken journal stops here, before anything is made
    with urls(settings) as url, engine_of(url[OWNER]) as engine:
        prepare(engine, settings, catalogue)
        found = journal.read(lake)  # with what making the warehouse has just added
        pipeline = Pipeline(settings, catalogue, Ledger(engine, lake, settings.shrink_share))
        result = _rebuild(pipeline, lake, found, force, watch)
    named = lost.unnamed(lake, found)
    result.unnamed = tuple(f"{path.relative_to(lake.root)}: {what}" for path, what in named)
    return result


def _rebuild(
    pipeline: Pipeline, lake: lost.Kept, found: journal.Journal, force: bool, watch: Watch
) -> Rebuilt:
    catalogue, settings, ledger = pipeline.catalogue, pipeline.settings, pipeline.ledger
    builds = found.builds()
    result = Rebuilt(events=len(found), unknown=dict(found.unknown), refused=found.refused)
    with ledger.engine.begin() as c:
        hold(c, BUILD_LOCK)
        # collecting and deciding wait meanwhile; readers do not
        c.execute(sa.text(f"LOCK TABLE {', '.join(records.EMPTIED)} IN EXCLUSIVE MODE"))
        _empty(c, ledger, force)
        result.without_reasons = records.fill(c, ledger, found, watch)
        records.fill_builds(c, ledger, builds, watch)
        derived.fill_definitions(c, lake, found)
        result.without_rows = derived.fill_figures(c, lake, found, builds, watch)
        # columns that came back need their views, and today's catalogue may differ from the last recorded definition
        definitions.forget(c, "catalogue")
        sync.synchronise(c, settings, catalogue, sync.definitions_hash(settings, catalogue))
        derived.fill_facts(c, pipeline, watch)
        traces = (*lost.facts(c), *lost.deliveries(found), *lost.builds(found))
        result.lost = tuple(f"{where}: {what}" for where, what in traces)
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
            zh="台账不是空的，未作改动：请先用qiangji verify查看；--force会以日志重建并替换其中全部内容。",
            code="ledger_not_empty",
        )
    for table in records.EMPTIED:
        c.execute(sa.text(f"DELETE FROM {table}"))
    derived.clear(c)
