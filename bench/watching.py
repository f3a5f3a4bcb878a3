"""Where a process and its server spend time and memory, seen from outside.

In: a command that writes a timeline (`Timeline`), and the process id of a PostgreSQL. Out: `Watched`: wall and
processor seconds by stage, and the largest memory. Processor time and memory are sampled ten times a second, of the
command's process and all beneath it, and of the server's processes apart; a stage's share follows from the samples.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

SECONDS = 0.1
AROUND = "around them"


@dataclass
class Timeline:
    """Stages with their begin and end by the system's monotonic clock, which all processes share."""

    stages: list[tuple[str, float, float]] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self.stages.append((stage, start, time.monotonic()))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.stages), encoding="utf-8")


@dataclass(frozen=True)
class Spent:
    """Seconds: by the clock, of the processor for the command and its children, and for the server."""

    wall: float
    processor: float
    server: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            round(self.wall + other.wall, 2),
            round(self.processor + other.processor, 2),
            round(self.server + other.server, 2),
        )


@dataclass(frozen=True)
class Watched:
    """What a command took in all and by stage; bytes at the peak of itself with its children, and of the server."""

    whole: Spent
    stages: dict[str, Spent]
    peak_bytes: int
    server_peak_bytes: int
    returncode: int
    output: str

    def told(self) -> dict[str, Any]:
        return {
            **vars(self.whole),
            "peak_mb": self.peak_bytes >> 20,
            "server_peak_mb": self.server_peak_bytes >> 20,
            "stages": {name: vars(spent) for name, spent in self.stages.items()},
        }


def watch(command: Sequence[str], environment: Mapping[str, str], server: int, timeline: Path) -> Watched:
    """Run a command to its end. What it prints is kept, what it says of errors too where it fails."""
    timeline.unlink(missing_ok=True)
    start = time.monotonic()
    with subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, text=True) as process:
        samples = _Samples(process.pid, server)
        output = process.stdout.read() if process.stdout else ""
        process.wait()
        end = time.monotonic()
        samples.stop()
    stages: dict[str, Spent] = {}
    found = json.loads(timeline.read_text(encoding="utf-8")) if timeline.is_file() else []
    for stage, begin, finish in found:
        stages[stage] = stages.get(stage, Spent(0, 0, 0)) + samples.between(begin, finish)
    whole = samples.between(start, end)
    inside = sum(stages.values(), Spent(0, 0, 0))
    stages[AROUND] = Spent(
        round(whole.wall - inside.wall, 2),
        round(whole.processor - inside.processor, 2),
        round(whole.server - inside.server, 2),
    )
    return Watched(
        whole + Spent(0, 0, 0), stages, samples.peak, samples.server_peak, process.returncode, output
    )


class _Samples:
    """Processor seconds of two groups of processes over time, and the most memory that each held."""

    def __init__(self, command: int, server: int) -> None:
        self._roots = (command, server)
        self._known: tuple[dict[int, float], dict[int, float]] = ({}, {})
        self._times: list[float] = []
        self._seconds: tuple[list[float], list[float]] = ([], [])
        self.peak = self.server_peak = 0
        self._first = 0.0
        self._sample()
        self._first = self._seconds[1][0]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        self._sample()

    def between(self, begin: float, end: float) -> Spent:
        own, server = (self._at(s, end) - self._at(s, begin) for s in self._seconds)
        return Spent(end - begin, own, server)

    def _at(self, seconds: list[float], moment: float) -> float:
        i = bisect_left(self._times, moment)
        if i in (0, len(self._times)):
            return seconds[min(i, len(seconds) - 1)]
        before, after = self._times[i - 1], self._times[i]
        share = (moment - before) / (after - before)
        return seconds[i - 1] + share * (seconds[i] - seconds[i - 1])

    def _run(self) -> None:
        while not self._ended.wait(SECONDS):
            self._sample()

    def _sample(self) -> None:
        held = []
        for root, known in zip(self._roots, self._known, strict=True):
            private, shared = [0], [0]
            for process in _tree(root):
                try:
                    with process.oneshot():
                        times, memory = process.cpu_times(), process.memory_info()
                except psutil.Error:
                    continue
                known[process.pid] = max(known.get(process.pid, 0.0), times.user + times.system)
                private.append(memory.rss - memory.shared)
                shared.append(memory.shared)
            held.append(
                sum(private) + max(shared)
            )  # of what is shared, the largest: mapped files, shared buffers
        self._times.append(time.monotonic())
        for known, seconds in zip(self._known, self._seconds, strict=True):
            seconds.append(sum(known.values()))
        self.peak, self.server_peak = max(self.peak, held[0]), max(self.server_peak, held[1])


def _tree(root: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
