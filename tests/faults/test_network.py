"""A short run of the network's faults, and the files that a killed process leaves at a county."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qiangji.sources.limits import Limits
from qiangji.sources.sftp import SftpSource
from tests.faults import network
from tests.integration.nights import night

SFTP = "440781"


def test_the_network_is_cut_in_a_download(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> None:
    with network.wired(tmp_path_factory.mktemp("wired"), postgres) as wired:
        by_itself, again = wired.cut(1500, cuts=1), wired.cut(100, cuts=99)
    for outcome, how in ((by_itself, "by itself"), (again, "collected again")):
        assert outcome.is_well, str(outcome)
        assert how in outcome.fault
        assert outcome.times >= len(network.COUNTIES)


def test_what_was_left_at_a_county_is_removed_a_day_later(
    tmp_path: Path, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Over SFTP nobody holds a lock: a file that may still be written is left alone."""
    with night(tmp_path_factory.mktemp("sftp"), postgres, months=1, scale=0.03, counties=[SFTP]) as one:
        county = one.pipeline.catalogue.counties[SFTP]
        folder = one.systems.directory / "sftp" / SFTP / "outgoing" / "feedback"
        with closing(SftpSource(county, Limits(SFTP, 30, 10**6))) as system:
            system.put("feedback", "first.xlsx", b"1")
            old, new, other = (
                folder / n for n in (f".{'a' * 16}.tmp", f".{'b' * 16}.tmp", ".of the county.tmp")
            )
            for path in (old, new, other):
                path.write_bytes(b"half")
            for path in (old, other):
                os.utime(path, (time.time() - 90_000, time.time() - 90_000))
            system.put("feedback", "second.xlsx", b"2")
        assert {p.name for p in folder.iterdir()} == {"first.xlsx", "second.xlsx", new.name, other.name}
