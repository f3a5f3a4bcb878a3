"""Two nights at once: each command runs twice, one standing still at a step while the other goes on.

In: the scene. Out: an `Outcome` for each: nothing is received, revised or built twice.
"""

from __future__ import annotations

import time

from tests.faults.scene import DONE, Outcome, Scene
from tests.faults.victim import SECONDS, Victims
from tests.integration.nights import Night

STEPS = {
    "collect": (
        "renamed raw", "before commit of add_collected", "after commit of add_collected", "renamed rejected",
        "before commit of publish",
    ),
    "build": ("half copied fact.v", "before commit of build", "after commit of build"),
}  # fmt: skip
HELD = 3.0
"""Seconds for which the first night holds a lock."""


def at_once(scene: Scene, steps: tuple[str, str]) -> Outcome:
    """Two nights; the first stands still at these steps (of its collection, of its build)."""
    with scene.copy(scene.states["collect"]) as one, Victims() as others:
        _both(scene, one, others, "collect", steps[0])
        scene.finish(one, "release")
        _both(scene, one, others, "build", steps[1])
        return scene.outcome(
            one, "build", "two nights at once", f"the first stands still at {', '.join(steps)}"
        )


def _both(scene: Scene, one: Night, others: Victims, command: str, step: str) -> None:
    folder, words = one.place.home.parent, scene.words(one, command)
    first = scene.victims.start(folder, *words, pause=(step, 1))
    deadline = time.monotonic() + SECONDS
    while step not in (first / "steps").read_text("utf-8").splitlines():
        assert time.monotonic() < deadline, step
        time.sleep(0.02)
    second = others.start(folder, *words)
    if step.startswith(("before commit", "half copied")):  # the other has to wait for its lock
        time.sleep(HELD)
        (first / "go").touch()
    ended = others.result(second)
    (first / "go").touch()
    for each in (ended, scene.victims.result(first)):
        assert each.code in DONE, (command, step, each.code, each.err[-2000:])
