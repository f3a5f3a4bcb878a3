"""What the stages work with: settings, catalogue and ledger (with its lake), opened and closed in one place.

In: the settings. Out: a `Pipeline` on a warehouse that is up to date with the catalogue.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from qiangji.catalogue.load import Catalogue, load
from qiangji.ledger import Ledger
from qiangji.settings import Settings, settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pipeline:
    """Settings, catalogue and an open ledger, for every function that needs them together."""

    settings: Settings
    catalogue: Catalogue
    ledger: Ledger


def read_catalogue() -> Catalogue:
    """The catalogue that the settings name."""
    return load(settings().catalogue, settings().expectations)


@contextmanager
def open_pipeline() -> Iterator[Pipeline]:
    """A pipeline on a warehouse that is migrated and up to date with the catalogue; closed at the end."""
    from qiangji.lake import Lake
    from qiangji.warehouse import open_warehouse

    s, catalogue = settings(), read_catalogue()
    lake = Lake(s.lake)
    if left := lake.sweep():
        log.info("removed %d temporary files of processes that were killed", left)
    with open_warehouse(s, catalogue) as engine:
        yield Pipeline(s, catalogue, Ledger(engine, lake, s.shrink_share))
