"""PostgreSQL stops at once (`pg_ctl stop -m immediate`) during a command; the same command then starts it again.

In: the scene's lake and expected content, in an embedded server with its own home. Out: an `Outcome`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence

import pytest

from qiangji import pipeline
from qiangji.embedded import EmbeddedPostgres
from qiangji.embedded.install import as_user, locate
from tests.conftest import Workplace
from tests.faults.scene import Counties, Outcome, Scene
from tests.faults.steps import Where
from tests.faults.victim import Ended
from tests.integration.nights import Night, forget

Moments = Mapping[str, Sequence[Where]]
MOMENTS: Moments = {
    "collect": (("before commit of add_collected", 1), ("after commit of publish", 1)),
    "release": (("before commit of decide", 1),),
    "build": (("half copied fact.v", 1), ("half copied fresh", 2), ("before commit of build", 1),
              ("after commit of build", 1)),
}  # fmt: skip
"""Command -> the step at which the server stops, for each try."""


def stopped(scene: Scene, moments: Moments = MOMENTS) -> Outcome:
    """The night, with a server that stops again and again."""
    home = scene.folder / "a home with a server" / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_HOME", str(home))
        patch.delenv("QIANGJI_WAREHOUSE_URL")
        forget()
        server = EmbeddedPostgres(home)
        try:
            shutil.copytree(scene.states["collect"].lake, home / "lake")
            with pipeline.open_pipeline() as p:  # the server is up, unless it was stopped
                one = Night(Workplace(home, ""), Counties(), p)
                restored = scene.run(one, "rebuild-ledger")
                assert restored.code == 0, restored.err
                times = sum(_stop_in(scene, one, command, steps) for command, steps in moments.items())
                return scene.outcome(one, "build", "PostgreSQL stopped at once", "the night", times)
        finally:
            server.destroy()
            forget()


def _stop_in(scene: Scene, one: Night, command: str, steps: Sequence[Where]) -> int:
    """Run the command with the server stopped at each of these steps, then once more. Returns the number of stops."""
    place = locate(one.place.home)
    stop = [place.program("pg_ctl"), "stop", "-m", "immediate", "-D", str(place.data)]
    for step in steps:
        _told(scene.run(one, command, stop=step, by=stop, like=as_user(place)))
        one.pipeline.ledger.engine.dispose()
        if command == "release":  # the delivery is looked up in the ledger
            EmbeddedPostgres(one.place.home).start()
    scene.finish(one, command)
    return len(steps)


def _told(ended: Ended) -> None:
    """Whether the command printed one line that says what to do, and no traceback."""
    assert ended.code == 1, (ended.code, ended.err)
    assert ended.err.startswith("warehouse: "), ended.err
    assert "do the same again" in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
