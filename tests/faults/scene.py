"""The scene of the faults: a small world's night, from arrival to publication, and its expected content.

In: two counties that send files, a month built before. Out: the states between the night's commands, to start from, and
`Outcome`: rows and files lost, doubled or left over after a fault and a rerun, compared with the undisturbed command.
The night has new reports, a rejected row, a held report, an unchanged report, and a correction of a built month.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_workplace
from tests.faults.victim import Ended, Victims
from tests.golden import world
from tests.integration.nights import Night, clone, forget

TREE = {"Z": {"A": {"T": ["V1", "V2", "V3", "V4"]}, "B": {"U": ["W1", "W2"]}}}
FORMS: dict[str, Any] = {
    "v": {"fields": {"n": {"critical_max": 90, "warn_above": 8}, "d": {}, "r": {"no_fall": True}}},
    "q": {"grain": "town", "period_type": "quarter", "fields": {"t": {}}},
}
INDICATORS: list[dict[str, Any]] = [
    {"code": "share", "persons": True, "numerator": {"form": "v", "sum": "n"},
     "denominator": {"form": "v", "sum": "d"}},
    {"code": "towns", "headline": "quarter", "numerator": {"form": "q", "sum": "t"},
     "denominator": {"form": "q", "count": "rows"}},
]  # fmt: skip
MONTHS = ("2026-01", "2026-02", "2026-03")
COMMANDS: dict[str, tuple[str, ...]] = {
    "collect": ("collect", "--period", "2026-01..2026-03"),
    "release": ("release", "{held}", "--reason", "asked the county"),
    "build": ("build",),
    "feedback": ("feedback",),
    "dispose": ("dispose", "{finding}", "--as", "confirmed", "--reason", "counted again"),
    "publish": ("publish", "2026-02", "--name", "审定版", "--by", "组织二科"),
    "lock": ("lock", "2026-02", "--reason", "审定"),
}
"""The night's commands in order, people's decisions included."""
DONE = (0, 3)
"""Exit codes of success: 3 means that something was returned."""
KEPT = ("raw", "reports", "rejected", "repeated", "definitions")
Content = Counter[str]
_INSTANT = re.compile(r'"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)?"')
"""As the server writes it in a row."""


@dataclass(frozen=True)
class Counties:
    """The part of county systems that `Night` uses."""

    months: tuple[str, ...] = MONTHS


@dataclass
class Outcome:
    """The content after a fault and a rerun, compared with a run without: lost, doubled, left over."""

    fault: str
    detail: str
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    times: int = 1

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.doubled or self.left)

    def __str__(self) -> str:
        said = {"lost": self.lost, "doubled": self.doubled, "left over": self.left}
        found = [f"{len(v)} {k}: {'; '.join(x[:300] for x in v[:4])}" for k, v in said.items() if v]
        return f"{self.fault}: {self.detail}: " + ("; ".join(found) or "well")


@dataclass
class Scene:
    """By command: `states`, the workplace before it; `expected`, the content after it; `steps`, its undisturbed steps
    in order, and how often it passes each.
    """

    folder: Path
    postgres: Any
    victims: Victims
    made: world.World
    states: dict[str, Night] = field(default_factory=dict)
    expected: dict[str, Content] = field(default_factory=dict)
    steps: dict[str, Counter[str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def copy(self, of: Night) -> Iterator[Night]:
        """A copy of a workplace, removed at the end."""
        folder = self.folder / f"copy {next(self._numbers)}"
        folder.mkdir()
        with clone(of, folder / "home", self.postgres) as one:
            yield one
        shutil.rmtree(folder)

    def run(self, one: Night, command: str, **what: Any) -> Ended:
        """Run a command of the night (or another one) on that workplace, in a process of its own."""
        return self.victims.run(one.place.home.parent, *self.words(one, command), **what)

    def words(self, one: Night, command: str) -> list[str]:
        """The command's arguments, with ids taken from the ledger."""
        ids = {}
        if command == "release":
            (row,) = one.query("SELECT DISTINCT delivery_id FROM ops.submission WHERE held_reason IS NOT NULL"
                               " AND status = 'held' OR verdict = 'accepted' AND delivery_id IN"
                               " (SELECT delivery_id FROM ops.decision)")  # fmt: skip
            ids["held"] = row["delivery_id"]
        elif command == "dispose":
            ids["finding"] = one.query("SELECT min(finding_id) AS id FROM ops.finding")[0]["id"]
        return [w.format(**ids) for w in COMMANDS.get(command, (command, "--json"))]

    def finish(self, one: Night, command: str, *also: int) -> None:
        """Run the command again, as an operator would. It must succeed, or (`also`) say that it was done already."""
        ended = self.run(one, command)
        assert ended.code in (*DONE, *also), (command, ended.code, ended.err[-2000:])

    def outcome(self, one: Night, after: str, fault: str, detail: str, times: int = 1) -> Outcome:
        """Compare the present content with the expected content after that command."""
        expected, found = self.expected[after], content_of(one)
        if after == "feedback":
            found += self.sent_back()
        return Outcome(
            fault, detail, sorted((expected - found).elements()), sorted((found - expected).elements()),
            self.left_over(one), times,
        )  # fmt: skip

    def left_over(self, one: Night) -> list[str]:
        """Temporary files, and the complaints of `qiangji verify`."""
        tmp = [str(p.relative_to(one.lake)) for p in (one.lake / "tmp").glob("*")]
        said = self.run(one, "verify")
        faults = said.json["faults"] if said.out else [{"code": said.code, "where": said.err, "what": ""}]
        return tmp + [f"{f['code']} {f['where']} {f['what']}" for f in faults]

    # ---- the counties' folders, shared by all copies

    def sent_back(self) -> Content:
        """Workbooks in the counties' folders, temporary ones too."""
        folder = self.made.catalogue / "incoming"
        return Counter(str(p.relative_to(folder)) for p in folder.glob("*/feedback/*"))

    def take_back(self) -> None:
        """Remove everything that was sent back."""
        for folder in (self.made.catalogue / "incoming").glob("*/feedback"):
            shutil.rmtree(folder)


@contextmanager
def scene(folder: Path, postgres: Any) -> Iterator[Scene]:
    """Run the night undisturbed: states, contents and steps."""
    made = world.make(folder, TREE, FORMS, INDICATORS)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        place = stack.enter_context(make_workplace(folder / "home", postgres, patch.setenv))
        one = Night(place, Counties(), stack.enter_context(place.pipeline()))
        victims = stack.enter_context(Victims())
        found = Scene(folder, postgres, victims, made)
        _first_month(made)
        for command in ("collect", "build"):
            found.finish(one, command)
        _the_night(made)
        for command in COMMANDS:
            found.states[command] = one
            one = stack.enter_context(found.copy(one))
            ended = found.run(one, command)
            assert ended.code in DONE, (command, ended.err)
            found.steps[command] = ended.counts
            found.expected[command] = content_of(one)
            if command == "feedback":
                found.expected[command] += found.sent_back()
        assert not (left := found.left_over(one)), left
        yield found
    forget()


def _first_month(made: world.World) -> None:
    made.put("v", "2026-01", "unit n d r\nV1 3 10 1\nV2 9 20 2\nV3 9 20 1\nV4 1 9 1")
    made.put("v", "2026-01", "unit n d r\nW1 1 10 3\nW2 2 10 1")


def _the_night(made: world.World) -> None:
    """A row is rejected (V2), a figure falls (W1), a report is far shorter than the one before (V, January)."""
    made.put("v", "2026-02", "unit n d r\nV1 5 10 1\nV2 99 20 2\nV3 9 20 1\nV4 7 9 1")
    made.put("v", "2026-02", "unit n d r\nW1 1 10 2\nW2 2 10 1")
    made.put("v", "2026-03", "unit n d r\nV1 4 10 1\nV2 9 20 4\nV3 9 20 1\nV4 2 9 1")
    made.put("v", "2026-03", {"unchanged": ["B"]})
    made.put("v", "2026-01", "unit n d r\nV1 4 10 1")  # held
    made.put("v", "2026-01", "unit n d r\nW1 1 10 4\nW2 2 10 1")
    made.put("q", "2026Q1", "unit t\nT 5\nU 7")


def content_of(one: Night) -> Content:
    """Every row of facts, figures (closed ones too) and ledger, and every file of the lake, by content: without
    instants and ids made of instants.
    """
    found: Content = Counter()
    for relation, rows in one.snapshot().items():
        found.update(f"{relation} {_INSTANT.sub('then', row)}" for row in rows)
    for name, text in _LEDGER.items():
        found.update(f"{name} {tuple(row.values())}" for row in one.query(text))
    for row in one.query("SELECT tablename FROM pg_tables WHERE schemaname = 'calc' ORDER BY 1"):
        table = row["tablename"]
        rows = one.query(
            "SELECT (to_jsonb(t) - 'built_from' - 'built_to')::text AS row, built_to IS NULL AS is_open"
            f" FROM calc.{table} t"
        )
        found.update(f"calc.{table} {tuple(r.values())}" for r in rows)
    found.update(one.lake_files(*[area for area in KEPT if (one.lake / area).exists()]))
    return found


_LEDGER = {
    "delivery": "SELECT county_code, name, sha256, bytes FROM ops.delivery",
    "part": "SELECT d.county_code, d.name, d.sha256 AS content, form, period, p.sha256, reason_code"
    " FROM ops.delivery_part p JOIN ops.delivery d USING (delivery_id)",
    "submission": "SELECT s.county_code, form, period, d.sha256, verdict, reason_code, status, revision, is_current,"
    " rows_hash, rejected_hash, held_reason FROM ops.submission s JOIN ops.delivery d USING (delivery_id)",
    "source item": "SELECT county_code, name, version, sha256 FROM ops.source_item",
    "rejection": "SELECT county_code, form, period, rule, rows, example FROM ops.rejection",
    "finding": "SELECT finding_id, delivery_id IS NULL AS is_of_a_build FROM ops.finding",
    "context": "SELECT form, period, county_code, signature FROM ops.context_check",
    "facts": "SELECT form, period, county_code, rows_hash, revision, rows FROM ops.fact_load",
    "change": "SELECT form, period, county_code, revision_before, revision FROM ops.fact_change",
    "built": "SELECT month, signature FROM ops.built_month",
    "feedback": "SELECT county_code, name, status, problems, transport FROM ops.feedback",
    "decided": "SELECT DISTINCT action, reason FROM ops.decision",
    "disposed": "SELECT DISTINCT finding_id, disposition, reason FROM ops.disposition",
    "locked": "SELECT period, action, reason FROM ops.period_lock",
    "edition": "SELECT period, edition, figures FROM ops.edition",
}  # fmt: skip
"""The ledger by content: a delivery counts by its bytes; the same decision made twice counts once."""
