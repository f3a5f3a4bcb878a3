"""Readers of the warehouse while it is built again and again: the old figures or the new, never none, never a mix."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.integration.nights import Night, night

COUNTY, PERIOD, REBUILDS = "440785", "2026-09", 12
READS = {
    # one statement each: what it finds is one moment's
    "mart.indicator_value": (
        "SELECT indicator_code, org_code, numerator, denominator, value, obs_status FROM mart.indicator_value"
        f" WHERE period = '{PERIOD}' AND period_type = 'month' AND org_code LIKE '{COUNTY}%' ORDER BY 1, 2"
    ),
    "mart.v_county_month": f"SELECT * FROM mart.v_county_month WHERE period = '{PERIOD}' ORDER BY org_code",
    "fact.village_group": (
        "SELECT group_code, leaders, party_member_leaders, revision FROM fact.village_group"
        f" WHERE (county_code, period) = ('{COUNTY}', '{PERIOD}') ORDER BY 1"
    ),
    "fact.village": (
        "SELECT village_code, professional_managers, revision FROM fact.village"
        f" WHERE (county_code, period) = ('{COUNTY}', '{PERIOD}') ORDER BY 1"
    ),
}


@dataclass
class Reader:
    """Reads everything over and over, in transactions of one isolation level."""

    url: str
    level: psycopg.IsolationLevel
    stop: threading.Event
    seen: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in READS})
    together: Counter[tuple[str, ...]] = field(default_factory=Counter)
    error: BaseException | None = None

    def run(self) -> None:
        try:
            with psycopg.connect(self.url) as connection:
                connection.isolation_level = self.level
                while not self.stop.is_set():
                    with connection.transaction():
                        states = []
                        for name, statement in READS.items():
                            rows = repr(connection.execute(statement).fetchall())
                            self.seen[name][rows] += 1
                            states.append(rows)
                        self.together[tuple(states)] += 1
                    self.stop.wait(0.03)
        except BaseException as e:
            self.error = e


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """A county with three revisions of one month: as it was, corrected, withdrawn."""
    folder = tmp_path_factory.mktemp("readers")
    with night(folder, postgres, scale=0.05, months=2, faults="none", counties=[COUNTY]) as it:
        it.collect(months=[PERIOD])
        it.build(PERIOD)
        yield it


def _states(one: Night) -> dict[str, str]:
    url = sa.make_url(one.place.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        return {name: repr(connection.execute(statement).fetchall()) for name, statement in READS.items()}


def test_readers_never_see_an_empty_or_mixed_period(one: Night) -> None:
    url = sa.make_url(one.place.url).set(drivername="postgresql").render_as_string(hide_password=False)
    before = _states(one)
    one.systems.apply("correction")
    one.collect(months=[PERIOD])
    deliveries = {
        r["delivery_id"]
        for r in one.query(
            "SELECT delivery_id FROM ops.submission WHERE is_current AND period = :p AND revision = 2",
            p=PERIOD,
        )
    }
    assert len(deliveries) == 2
    one.build(PERIOD)
    after = _states(one)
    assert all(before[name] != after[name] for name in READS)

    stop = threading.Event()
    levels = (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ)
    readers = [Reader(url, level, stop) for level in levels]
    threads = [threading.Thread(target=r.run) for r in readers]
    for thread in threads:
        thread.start()
    try:
        for number in range(REBUILDS):
            for delivery in deliveries:
                one.pipeline.ledger.decide(delivery, "release" if number % 2 else "void", "to and fro")
            assert one.build(PERIOD).rows_inserted > 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for reader in readers:
        assert reader.error is None
        for name, seen in reader.seen.items():
            assert set(seen) == {before[name], after[name]}, f"{name} at {reader.level}"
            assert sum(seen.values()) > REBUILDS
    # within one transaction of REPEATABLE READ all of it is of one moment
    assert set(readers[1].together) == {tuple(before.values()), tuple(after.values())}
