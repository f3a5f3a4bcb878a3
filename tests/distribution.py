"""How files are given to the workers of `make test`: each file to one worker, the long ones first.

A file's tests follow each other and share what its fixtures made, so it stays whole. Long files first let both
workers end together; xdist's own order, most tests first, leaves the longest (which have few tests) to the end.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

LONG = {
    "integration/test_airflow_night.py": 150,
    "integration/test_demo.py": 110,
    "integration/test_board_in_browser.py": 60,
    "integration/test_replay.py": 50,
    "faults/test_faults.py": 50,
    "integration/test_stack.py": 40,
    "hostile/test_cage.py": 30,
    "hostile/test_cage_clean.py": 10,
    "integration/test_embedded.py": 30,
    "integration/test_night.py": 30,
    "integration/test_bad_input.py": 25,
    "integration/test_feedback.py": 25,
    "property/test_builds.py": 25,
    "property/test_as_of.py": 20,
    "golden/test_indicators.py": 20,
    "integration/test_production.py": 30,
    "integration/test_cli.py": 20,
    "dags/test_cli_connections.py": 15,
    "integration/test_secrets.py": 20,
    "integration/test_restore.py": 20,
    "integration/test_corrections.py": 15,
    "integration/test_editions.py": 15,
    "integration/test_restore_night.py": 15,
    "integration/test_privacy.py": 15,
    "integration/test_suppression.py": 15,
    "integration/test_transport.py": 15,
    "integration/test_sources_databases.py": 15,
    "integration/test_sources_http.py": 12,
    "integration/test_readers.py": 15,
    "integration/test_rollout.py": 15,
    "faults/test_network.py": 15,
    "integration/test_letters.py": 15,
    "integration/test_letters_enclosed.py": 12,
    "integration/test_findings.py": 10,
    "integration/test_roles.py": 10,
    "integration/test_doors.py": 10,
    "integration/test_explaining.py": 10,
    "integration/test_transport_files.py": 10,
    "integration/test_hostile_night.py": 10,
    "hostile/test_hostile_files.py": 10,
    "live/test_suites.py": 10,
    "unit/feedback/test_templates.py": 15,
    "unit/warehouse/test_changed_catalogue.py": 10,
    "unit/checking/test_critical_rules.py": 10,
    "unit/test_without_airflow.py": 10,
    "unit/catalogue/test_suites.py": 10,
    "integration/test_asking.py": 8,
    "golden/test_comparisons.py": 8,
    "integration/test_files_and_time.py": 8,
    "integration/test_unchanged.py": 5,
    "integration/test_bi.py": 5,
    "integration/test_bounds.py": 5,
    "dags/test_plugin.py": 5,
    "dags/test_dags.py": 5,
    "test_audit.py": 5,
}
"""Seconds on an idle machine, roughly: only their order counts. Files that are not named here come last."""


TOGETHER = (
    (
        "tests/unit/checking/",
        "tests/unit/catalogue/test_suites.py",
        "tests/unit/feedback/test_templates.py",
        "tests/unit/test_rehearse.py",
        "tests/hostile/test_hostile_files.py",
        "tests/hostile/test_fuzz.py",
    ),  # loading Great Expectations takes longer
    ("tests/integration/test_board",),  # the night that they look at
)
"""Files that one worker gets, by how their paths begin: they share what takes longer than most of their tests."""


class LongFirst(LoadScopeScheduling):
    """Files whole, in the order of `seconds_of`."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (paths[0] for paths in TOGETHER if nodeid.startswith(paths))
        return next(shared, nodeid.split("::", 1)[0])

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
