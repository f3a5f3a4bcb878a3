"""Killed, done again, and then the warehouse is lost: what was never committed must not come back with the journal.

In: the scene. Out: an `Outcome` of what the lake alone brings back.
"""

from __future__ import annotations

from tests.faults.kills import ALREADY
from tests.faults.scene import Outcome, Scene
from tests.integration.test_restore import lose

KILLS = (
    ("collect", "renamed event of delivery", 3), ("collect", "before commit of add_delivery", 2),
    ("collect", "renamed event of submission", 3), ("collect", "before commit of publish", 2),
    ("release", "before commit of decide", 1), ("build", "renamed builds", 1), ("build", "before commit of build", 1),
    ("dispose", "before commit of dispose", 1), ("publish", "before commit of publish", 1),
    ("lock", "before commit of decide", 1),
)  # fmt: skip


def lost_afterwards(scene: Scene) -> Outcome:
    with scene.copy(scene.states["collect"]) as one:
        scene.take_back()
        for command in dict.fromkeys(c for c, *_ in KILLS):
            if command == "dispose":
                scene.finish(one, "feedback")
            for _, step, n in [k for k in KILLS if k[0] == command]:
                ended = scene.run(one, command, kill=(step, n))
                assert ended.was_killed, (command, step, ended.code, ended.err[-2000:])
            scene.finish(one, command, ALREADY)
        one.pipeline.ledger.engine.dispose()
        lose(one.place.url)
        restored = scene.run(one, "rebuild-ledger")
        assert restored.code == 0, restored.err
        scene.finish(one, "collect")
        return scene.outcome(
            one,
            "lock",
            "kill -9 before the commit, and the warehouse lost afterwards",
            "the night",
            len(KILLS),
        )
