"""How files are given to the workers of `make test`: each file to one worker, the long ones first.

A file's tests follow each other and share what its fixtures made, so it stays whole. Long files first let both
workers end together; xdist's own order, most tests first, leaves the longest (which have few tests) to the end.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

LONG = {
    "integration/test_demo.py": 150,
    "integration/test_airflow_night.py": 140,
    "faults/test_faults.py": 120,
    "integration/test_replay.py": 110,
    "faults/test_scheduler.py": 90,
    "integration/test_bad_input.py": 50,
    "integration/test_stack.py": 45,
    "integration/test_feedback.py": 45,
    "property/test_as_of.py": 40,
    "property/test_builds.py": 40,
    "integration/test_night.py": 40,
    "golden/test_indicators.py": 40,
    "integration/test_suppression.py": 40,
    "integration/test_asking.py": 40,
    "integration/test_cli.py": 35,
    "integration/test_readers.py": 35,
    "integration/test_restore_night.py": 30,
    "integration/test_privacy.py": 30,
    "integration/test_secrets.py": 25,
    "integration/test_restore.py": 25,
    "hostile/test_cage.py": 20,
    "integration/test_transport.py": 20,
    "faults/test_network.py": 20,
    "integration/test_editions.py": 20,
    "integration/test_sources.py": 20,
    "integration/test_embedded.py": 20,
    "integration/test_rollout.py": 20,
    "live/test_suites.py": 20,
    "integration/test_unchanged.py": 20,
    "integration/test_transport_files.py": 15,
    "integration/test_hostile_night.py": 15,
    "golden/test_comparisons.py": 15,
    "test_audit.py": 15,
    "unit/catalogue/test_suites.py": 15,
    "unit/test_without_airflow.py": 15,
    "hostile/test_hostile_files.py": 10,
    "unit/checking/test_checking.py": 10,
}
"""Seconds on an idle machine, roughly: only their order counts. Files that are not named here come last."""


TOGETHER = ("tests/unit/checking/", "tests/unit/catalogue/test_suites.py")
"""Files that one worker gets: loading Great Expectations takes longer than most of their tests."""


class LongFirst(LoadScopeScheduling):
    """Files whole, in the order of `seconds_of`."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER[0] if nodeid.startswith(TOGETHER) else nodeid.split("::", 1)[0]

    def schedule(self) -> None:
        """Let each worker have sent the same tests in the same order, and order their files."""
        self.config.option.loadscopereorder = False
        super().schedule()


def seconds_of(path: str) -> int:
    """What a file takes; `path` ends in its folder and name."""
    return next((s for name, s in LONG.items() if f"/{path}".endswith(f"/{name}")), 0)


def in_order(items: list[Any]) -> list[Any]:
    """Tests in the order of their files' length; those of a file stay in theirs."""
    return sorted(items, key=lambda item: -seconds_of(item.path.as_posix()))
