"""Readers of the warehouse while it is built again and again: the old figures or the new, never none, never a mix."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.conftest import make_workplace
from tests.golden import world
from tests.integration.nights import Night, forget

REBUILDS = 20
PERIOD, COUNTY = "2026-01", "990001"
VILLAGES = [f"V{i:02d}" for i in range(1, 41)]
TREE = {"Z": {"A": {"T": VILLAGES[:20], "S": VILLAGES[20:]}}}
FORMS: dict[str, Any] = {
    "v": {"fields": {"n": {}, "d": {}}},
    "g": {"grain": "group", "fields": {"m": {}}},
}
INDICATORS: list[dict[str, Any]] = [
    {"code": "share", "numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "sum": "d"}},
    {"code": "groups", "numerator": {"form": "g", "sum": "m"}, "denominator": {"form": "g", "count": "rows"}},
    {"code": "both", "numerator": {"form": "g", "sum": "m"}, "denominator": {"form": "v", "sum": "d"}},
]
READS = {
    # one statement each: what it finds is one moment's
    "mart.indicator_value": (
        "SELECT indicator_code, org_code, numerator, denominator, value, obs_status FROM mart.indicator_value"
        f" WHERE period = '{PERIOD}' AND period_type = 'month' AND org_code LIKE '{COUNTY}%' ORDER BY 1, 2"
    ),
    "mart.v_county_month": f"SELECT * FROM mart.v_county_month WHERE period = '{PERIOD}' ORDER BY org_code",
    "fact.g": f"SELECT unit_code, m, revision FROM fact.g WHERE period = '{PERIOD}' ORDER BY 1",
    "fact.v": f"SELECT unit_code, n, d, revision FROM fact.v WHERE period = '{PERIOD}' ORDER BY 1",
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
                    self.stop.wait(0.01)
        except BaseException as e:
            self.error = e


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[tuple[Night, world.World]]:
    """A county with one month of two forms, collected and built."""
    folder: Path = tmp_path_factory.mktemp("readers")
    made = world.make(folder, TREE, FORMS, INDICATORS)
    with (
        pytest.MonkeyPatch.context() as patch,
        make_workplace(folder / "home", postgres, patch.setenv) as place,
    ):
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        forget()
        with place.pipeline() as p:
            it = Night(place, None, p)
            report(it, made, 1)
            it.build(PERIOD)
            yield it, made
    forget()


def report(one: Night, made: world.World, more: int) -> None:
    """The county reports both forms, every value of them by so much larger."""
    made.put("v", PERIOD, [{"unit": v, "n": i + more, "d": 90 + more} for i, v in enumerate(VILLAGES)])
    made.put(
        "g",
        PERIOD,
        [{"unit": f"{v}/0{k}", "m": i + k + more} for i, v in enumerate(VILLAGES) for k in (1, 2)],
    )
    collected = one.collect([COUNTY], [PERIOD])
    assert [s.status for s in collected.submissions] == ["accepted", "accepted"]


def _url(one: Night) -> str:
    url = sa.make_url(one.place.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _states(one: Night) -> dict[str, str]:
    with psycopg.connect(_url(one)) as connection:
        return {name: repr(connection.execute(statement).fetchall()) for name, statement in READS.items()}


def test_readers_never_see_an_empty_or_mixed_period(one: tuple[Night, world.World]) -> None:
    night, made = one
    before = _states(night)
    report(night, made, 3)
    deliveries = {
        r["delivery_id"]
        for r in night.query("SELECT delivery_id FROM ops.submission WHERE is_current AND revision = 2")
    }
    assert len(deliveries) == 2
    night.build(PERIOD)
    after = _states(night)
    assert all(before[name] != after[name] for name in READS)
    for name in READS:
        assert len(before[name]) > 500 or name == "mart.v_county_month", "rows of which some could be missing"

    stop = threading.Event()
    levels = (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ)
    readers = [Reader(_url(night), level, stop) for level in levels]
    threads = [threading.Thread(target=r.run) for r in readers]
    for thread in threads:
        thread.start()
    try:
        for number in range(REBUILDS):
            for delivery in deliveries:
                night.pipeline.ledger.decide(delivery, "release" if number % 2 else "void", "to and fro")
            assert night.build(PERIOD).rows_inserted > 0
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
