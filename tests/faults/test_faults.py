"""A short run of the faults (`make faults` does many), and a test that it notices.

Whatever breaks in a night, the same command run again repairs it: no row lost, none doubled, no file left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import disk, kills, server, together
from tests.faults.__main__ import table
from tests.faults.scene import COMMANDS, Outcome, Scene, scene


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("scene"), postgres) as one:
        yield one


def test_the_night_passes_every_kind_of_step(night: Scene) -> None:
    """The kills cover every kind of step: a new kind of file or commit would show here."""
    steps = {c: set(night.steps[c]) for c in COMMANDS}
    collected = {
        "raw",
        "reports",
        "rejected",
        "event of submission",
        "event of collection",
    }
    assert {f"{step} {what}" for step in ("made", "written", "renamed") for what in collected} <= steps[
        "collect"
    ]
    assert {"before commit of add_collected", "after commit of publish"} <= steps["collect"]
    assert {"half copied fact.v", "half copied fresh", "renamed builds", "renamed repeated"} <= steps["build"]
    assert {"before commit of build", "after commit of build", "renamed event of build"} <= steps["build"]
    assert {"written workbook here", "renamed workbook here"} <= steps["feedback"]
    for command, step in (
        ("release", "decide"),
        ("dispose", "dispose"),
        ("publish", "publish"),
        ("lock", "decide"),
    ):
        assert f"before commit of {step}" in steps[command]
    assert {kills.name_of(step) for c in COMMANDS for step in steps[c]} == {name for _, name in kills.NAMES}


def test_a_night_killed_at_every_step_and_a_warehouse_lost_in_the_end(night: Scene) -> None:
    found = list(kills.whole_night(night))
    assert [str(o) for o in found if not o.is_well] == []
    assert sum(o.times for o in found[:-1]) > 60


def test_the_server_stops_at_once(night: Scene) -> None:
    outcome = server.stopped(night, {c: moments[:1] for c, moments in server.MOMENTS.items()})
    assert outcome.is_well, str(outcome)
    assert outcome.times == len(server.MOMENTS)


def test_the_disk_is_full(night: Scene) -> None:
    """By a limit on file sizes, and, for root, by a full file system."""
    found = [disk.by_a_limit(night, "collect", 30)]
    if disk.can_mount():
        found.append(disk.by_a_file_system(night, "build", 0))
    assert [str(o) for o in found if not o.is_well] == []


def test_two_nights_at_once(night: Scene) -> None:
    outcome = together.at_once(night, ("before commit of add_collected", "before commit of build"))
    assert outcome.is_well, str(outcome)


def test_it_would_notice(night: Scene) -> None:
    """A row too many, a row missing, a file left over."""
    with night.copy(night.states["feedback"]) as one:  # as after the build
        assert night.outcome(one, "build", "none", "").is_well
        assert night.outcome(one, "collect", "none", "").doubled
        assert night.outcome(one, "lock", "none", "").lost
        (one.lake / "raw" / "aa").mkdir(exist_ok=True)
        (one.lake / "raw" / "aa" / ("a" * 64)).write_bytes(b"x")
        (one.lake / "builds" / "killed").mkdir()
        (one.lake / "tmp" / "left").write_bytes(b"x")
        left = " ".join(night.outcome(one, "build", "none", "").left)
        assert "altered" in left
        assert left.count("unnamed") == 2
        assert "tmp/left" in left


def test_the_table() -> None:
    found = [
        Outcome("one", "a", lost=["x"]),
        Outcome("one", "b", doubled=["x", "y"], times=3),
        Outcome("other", "c"),
    ]
    assert [line.split() for line in table(found).splitlines()[1:]] == [
        ["one", "4", "1", "2", "0"], ["other", "1", "0", "0", "0"],
    ]  # fmt: skip
