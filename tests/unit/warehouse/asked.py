"""What a warehouse answers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine


def ask(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.connect() as c:
        return list(c.execute(sa.text(statement), values))
