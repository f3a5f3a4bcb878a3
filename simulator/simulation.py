"""The simulator as a whole: draws, plants, writes the records, serves, and lets events happen.

In: a folder, a seed, a date. Out: servers on loopback, `connections`, `manifest`, `truth`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from simulator import faults as planting
from simulator import records
from simulator.control import Control
from simulator.drawing import SHANGHAI, draw
from simulator.events import EventError, Events
from simulator.forms import FORMS
from simulator.periods import served_months, served_periods
from simulator.population import Population
from simulator.submissions import Key, Submission
from simulator.systems import ALL_COUNTIES, DATABASE_COUNTY, SYSTEMS, CountySystem
from simulator.systems.database import Database
from simulator.tree import Tree

log = logging.getLogger("simulator")
DEFAULT_SEED = 20240904
DOOR_EVENTS = ("down", "up", "hang", "wrong_token", "change_host_key")


class Simulator:
    """The county systems of one city. As a context manager, it serves inside and leaves nothing running.

    | argument | what |
    | --- | --- |
    | `counties` | codes to serve, all by default |
    | `postgres_url` | for 440783: the URL of a role that may create roles and databases |
    | `scale` | a share of each county's villages and communities, for quick tests |
    | `host`, `advertise` | where servers listen, and how connections name that |

    Raises ValueError if an argument does not fit.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        seed: int = DEFAULT_SEED,
        today: date | str | None = None,
        months: int = 4,
        counties: Sequence[str] | None = None,
        postgres_url: str | None = None,
        faults: Literal["default", "none"] = "default",
        scale: float = 1.0,
        host: str = "127.0.0.1",
        advertise: str | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.seed, self.scale = seed, scale
        self.today = (
            date.fromisoformat(today) if isinstance(today, str) else today or datetime.now(SHANGHAI).date()
        )
        self.months = served_months(self.today, months)
        self.counties = sorted(counties or ALL_COUNTIES)
        if unknown := set(self.counties) - set(ALL_COUNTIES):
            raise ValueError(
                f"no county system {', '.join(sorted(unknown))}; there are {', '.join(ALL_COUNTIES)}"
            )
        if faults not in ("default", "none"):
            raise ValueError(f"faults {faults!r}: default or none")
        if DATABASE_COUNTY in self.counties and not postgres_url:
            log.warning("%s is left out: it needs a PostgreSQL (postgres_url)", DATABASE_COUNTY)
            self.counties.remove(DATABASE_COUNTY)
        self._faults, self._postgres_url = faults, postgres_url
        self._host, self._advertise = host, advertise or host
        self._held: dict[Key, Submission] = {}
        self._in_force: dict[Key, Submission] = {}
        self._earlier: dict[Key, Submission] = {}
        self._systems: dict[str, CountySystem] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._control: Control | None = None
        self._facts: dict[str, Any] = {}
        self._happened: list[dict[str, Any]] = []
        self.connections: dict[str, str] = {}

    # --- data ------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Draw the data, plant the faults, write truth and manifest; `start` calls it. Serves nothing."""
        tree = Tree()
        kept = tree.thinned(self.scale, self.seed)
        population = Population(tree, self.seed, kept)
        drawn = draw(population, self.months, self.counties, self.today)
        planted = (
            planting.plant(population, drawn.submissions, self.months) if self._faults == "default" else []
        )
        self._held = drawn.submissions
        self._in_force, self._earlier = dict(self._held), drawn.earlier
        self._events = Events(self._held, self.months)
        places = [place for place in tree.places if place.code in kept and place.county in self.counties]
        newest = {key: each for key, each in self._held.items() if each.period == self.months[-1]}
        self._facts = {
            "simulated": "Every figure is simulated; only the codes and names of units are real.",
            "seed": self.seed,
            "today": self.today.isoformat(),
            "months": self.months,
            "quarters": served_periods(self.months, "quarter"),
            "reporting_month": self.months[-1],
            "counties": self.counties,
            "scale": self.scale,
            "units": {
                "villages": sum(place.is_village for place in places),
                "communities": sum(not place.is_village for place in places),
                "groups": sum(len(each.rows) for key, each in newest.items() if key[1] == "village_group"),
            },
            "rural_communities": drawn.rural_communities,
            "opened_units": drawn.opened_units,
            "missing_units": [
                each
                for each in drawn.missing_units
                if not self._held[each["county"], each["form"], each["period"]].is_unchanged
            ],
            "faults": planted,
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        records.write_units(self.directory, places)
        for submission in self._held.values():
            records.write_truth(self.directory, submission)
        records.write_manifest(self.directory, self.manifest)

    @property
    def manifest(self) -> dict[str, Any]:
        """Planted faults, the expected outcome of each submission now, and the events since the start."""
        outcomes = [self._held[key].outcome() for key in sorted(self._held)]
        return {**self._facts, "submissions": outcomes, "events": list(self._happened)}

    def truth(self, county: str, form: str, period: str) -> list[dict[str, Any]]:
        """The rows in force, as the county means them: those of its latest submission that can be accepted.

        It includes the quarters of the year before the first one served, none of which is accepted.
        """
        key = county, form, period
        return list((self._earlier if key in self._earlier else self._in_force)[key].truth())

    # --- servers ---------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Prepare, then serve; returns when every server answers."""
        if self._thread:
            raise RuntimeError("the simulator is running already")
        self.prepare()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="county-systems", daemon=True)
        self._thread.start()
        try:
            self._run(self._start_servers())
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End every server, if any runs. The files stay."""
        if self._loop is None or self._thread is None:
            return
        try:
            self._run(self._stop_servers())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None
            self._systems = {}
            (self.directory / "control.json").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def apply(self, event: str, **arguments: Any) -> dict[str, Any]:
        """Let an event happen; returns its entry in the manifest. Raises EventError if it cannot."""
        with self._lock:
            if event in DOOR_EVENTS:
                self._run(self._at_the_door(event, **arguments))
                noted: dict[str, Any] = {}
            else:
                noted = self._replace(*self._events.run(event, arguments))
            number = len(self._happened) + 1
            entry = {"number": number, "event": event, **arguments, **noted}
            self._happened.append(entry)
            records.write_manifest(self.directory, self.manifest)
            return entry

    def _replace(self, changed: list[Submission], noted: dict[str, Any]) -> dict[str, Any]:
        """Publish an event's submissions, with a later time than any before."""
        moment = datetime.combine(self.today, time(2), SHANGHAI) + timedelta(minutes=len(self._happened))
        changed = [replace(submission, updated_at=moment) for submission in changed]
        for submission in changed:
            self._held[submission.key] = submission
            if submission.status in ("accepted", "partial"):
                self._in_force[submission.key] = submission
                records.write_truth(self.directory, submission)
        for county in {submission.county for submission in changed} & set(self._systems):
            self._run(self._systems[county].refresh([each for each in changed if each.county == county]))
        return {"updated_at": moment.isoformat(), **noted}

    async def _at_the_door(self, event: str, county: str = "") -> None:
        system = self._systems.get(str(county))
        if system is None:
            raise EventError(
                f"{event}: no county system {county!r} is served; there are {', '.join(self._systems)}"
            )
        try:
            if event == "wrong_token":
                await system.refuse_credentials()
            elif event == "change_host_key":
                await system.change_host_key()
            else:
                await system.set_state(event)  # type: ignore[arg-type]  # down, up and hang are its states
        except ValueError as error:
            raise EventError(str(error)) from error

    async def _start_servers(self) -> None:
        for county in self.counties:
            arguments = (county, self._held, self.directory, self._host, self._advertise)
            if county == DATABASE_COUNTY:
                assert self._postgres_url is not None
                system: CountySystem = Database(*arguments, self._postgres_url)
            else:
                system = SYSTEMS[county](*arguments)
            self._systems[county] = system
            await system.start()
            self.connections[county] = system.uri
        records.write_connections(self.directory, self.connections)
        self._control = Control(self._host, self.apply, lambda: self.manifest)
        await self._control.start(self.directory)

    async def _stop_servers(self) -> None:
        if self._control:
            await self._control.stop()
        stopped = await asyncio.gather(
            *(each.stop() for each in self._systems.values()), return_exceptions=True
        )
        for county, problem in zip(self._systems, stopped, strict=True):
            if isinstance(problem, BaseException):
                log.warning("%s did not end cleanly: %s", county, problem)
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("the simulator is not running")
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


__all__ = ["DEFAULT_SEED", "DOOR_EVENTS", "FORMS", "Simulator"]
