"""`qiangji` as the command line runs it, with a timeline of its stages: staged.py TIMELINE.json collect --json ...

In: the command's arguments; `open` opens the warehouse, which migrates and fills it, and does nothing in it. Out: what
the command prints, and the begin and end of each stage of `qiangji.stopwatch`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.watching import Timeline
from qiangji.cli import main
from qiangji.pipeline import open_pipeline
from qiangji.stopwatch import Stopwatch

if __name__ == "__main__":
    timeline, path = Timeline(), Path(sys.argv[1])
    own = Stopwatch.timed

    @contextmanager
    def timed(self: Stopwatch, stage: str) -> Iterator[None]:
        with timeline.timed(stage), own(self, stage):
            yield

    Stopwatch.timed = timed  # type: ignore[method-assign]
    sys.argv = ["qiangji", *sys.argv[2:]]
    try:
        if sys.argv[1:] == ["open"]:
            with open_pipeline():
                pass
        else:
            main()
    finally:
        timeline.write(path)
