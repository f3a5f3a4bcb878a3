"""Brings the warehouse in line with the catalogue: dimensions, tables, views, comments and grants.

In: the catalogue and the files of sql/. Out: everything that follows from them, in the caller's transaction. It works
only when something that the definitions come from has changed; one hash tells. Views are made anew.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.hashing import short
from qiangji.lake import Lake
from qiangji.settings import Settings
from qiangji.warehouse import comments, definitions, dimensions, grants, hidden_past, tables, views

_ROOMS = ("catalogue", "indicators", "warehouse")
"""Rooms whose code says what the warehouse's columns and words are."""


def synchronise(connection: Connection, settings: Settings, catalogue: Catalogue, wanted: str) -> None:
    """Bring everything that the catalogue defines up to date, unless it is; `wanted` is its `definitions_hash`."""
    if definitions.found(connection, "catalogue") == wanted:
        return
    views.drop(connection)
    dimensions.fill(connection, settings, catalogue)
    tables.make(connection, catalogue)
    hidden_past.hide(connection, catalogue, Lake(settings.lake))
    views.create(connection, settings.sql, catalogue, settings.timezone)
    comments.write(connection, settings.sql / "dictionary.yaml", catalogue)
    grants.grant(connection)
    grants.set_zone(connection, settings.timezone)
    definitions.note(connection, "catalogue", wanted)


def definitions_hash(settings: Settings, catalogue: Catalogue) -> str:
    """Changes with anything that the warehouse's definitions come from."""
    sources = [
        # corrections define nothing here: builds keep them; what counties send may lie in folders beneath
        *(p for p in catalogue.path.glob("*/*.yaml") if p.parent.name != "corrections"),
        *(p for kind in ("yaml", "csv") for p in catalogue.path.glob(f"*.{kind}")),
        *(p for kind in ("sql", "yaml", "py") for p in settings.sql.rglob(f"*.{kind}")),
        *(p for room in _ROOMS for p in (Path(__file__).parents[1] / room).glob("*.py")),
    ]
    today = date.today()  # dim.period reaches into the next year; dim.org_unit is the tree of the day
    return short(
        str(today.year),
        str(catalogue.org.changes_until(today)),
        settings.timezone,
        repr(dimensions.rule_fields(catalogue)),  # all that the warehouse holds of the suites
        *(p.name + p.read_text("utf-8", errors="replace") for p in sorted(sources)),
    )
