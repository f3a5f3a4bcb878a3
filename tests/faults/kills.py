"""kill -9 at every step of every command: one kill at a time, or all in one night that then loses the ledger.

In: the scene and its counted steps. Out: an `Outcome` for each, after the same command ran again.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scene import COMMANDS, Outcome, Scene
from tests.integration.drill import lose

NAMES = (
    (("made raw", "written raw"), "kill -9 before a raw file has its name"),
    (("renamed raw",), "kill -9 after a raw file's publication, before the ledger knows"),
    (("written workbook", "renamed workbook"), "kill -9 while a workbook is sent back"),
    (("made", "written"), "kill -9 before rows or an event have their name"),
    (("renamed",), "kill -9 after rows or an event, before the commit"),
    (("half copied",), "kill -9 in the middle of a COPY"),
    (("before commit",), "kill -9 before a commit"),
    (("after commit",), "kill -9 after a commit, before the command says so"),
)
ALREADY = 2
"""Exit code of a person's decision given a second time: it was done already."""


def name_of(step: str) -> str:
    """A step's name in the table."""
    return next(name for starts, name in NAMES if step.startswith(starts))


def one_by_one(scene: Scene, times: int) -> Iterator[Outcome]:
    """Kill each command at each step, at `times` of its passes, spread over all of them."""
    for command in COMMANDS:
        for step, count in scene.steps[command].items():
            for n in sorted({1 + i * (count - 1) // max(1, times - 1) for i in range(times)}):
                yield killed(scene, command, step, n)


def killed(scene: Scene, command: str, step: str, n: int = 1) -> Outcome:
    with scene.copy(scene.states[command]) as one:
        scene.take_back()
        ended = scene.run(one, command, kill=(step, n))
        assert ended.was_killed, (command, step, n, ended.code, ended.err[-2000:])
        scene.finish(one, command, ALREADY)
        return scene.outcome(one, command, name_of(step), f"{command}: {step} ({n})")


def whole_night(scene: Scene) -> Iterator[Outcome]:
    """Kill each command at each of its steps in order, then let it through. In the end the warehouse is lost, and
    nothing uncommitted may come back from the lake.
    """
    fault, times = "kill -9 at one step after the other", 0
    with scene.copy(scene.states["collect"]) as one:
        scene.take_back()
        for command in COMMANDS:
            killed = sum(scene.run(one, command, kill=(step, 1)).was_killed for step in scene.steps[command])
            scene.finish(one, command, ALREADY)
            yield scene.outcome(one, command, fault, f"{command}, {killed} times", killed)
            times += killed
        one.pipeline.ledger.engine.dispose()
        lose(one.place.url)
        restored = scene.run(one, "rebuild-ledger")
        assert restored.code == 0, restored.err
        scene.finish(one, "collect")
        yield scene.outcome(one, "lock", "the same, and then the warehouse is lost", "the night", times)
