"""Where the frozen catalogue lies: what the mechanism is tested on, whatever becomes of the live one: README.md."""

from __future__ import annotations

from pathlib import Path

FROZEN = Path(__file__).resolve().parent
CATALOGUE, EXPECTATIONS = FROZEN / "catalogue", FROZEN / "expectations"
