"""The county systems of Jiangmen as real servers on loopback. Every figure that they serve is simulated.

In: the real tree of units (`data/`), a seed and a date. Out: HTTP, SFTP and PostgreSQL servers and a folder. They hold
the monthly and quarterly reports of each county, written as that county would, with planted faults. The truth and a
manifest of the planted faults lie beside them. The simulator shares no code with the package that collects from it.

    python -m simulator serve --dir DIR
"""

from __future__ import annotations

from simulator.simulation import Simulator

__all__ = ["Simulator"]
