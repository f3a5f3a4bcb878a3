"""The catalogue, read at import: the scheduler imports this before it forks its workers, so that no task has to read.

A task whose files have changed since then reads them anew (`catalogue.kept`). A wrong catalogue is told by each task.
"""

from __future__ import annotations

import contextlib

from qiangji.errors import QiangjiError
from qiangji.pipeline import read_catalogue

with contextlib.suppress(QiangjiError):
    read_catalogue()
