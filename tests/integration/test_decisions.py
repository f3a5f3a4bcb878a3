"""What people decide about reports is told wherever figures and reports are: a held report is released, voided, and
released once more, then the county sends another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from rich.cells import cell_len

from qiangji.cli import common
from tests.conftest import Workplace, make_workplace
from tests.golden import world
from tests.integration.causes import assert_each_has_its_own
from tests.integration.test_cli import run

TREE = {"Z": {"A": {"T": ["V[01-12]"]}, "B": {"U": ["W[1-3]"]}}}
FORMS: dict[str, Any] = {
    "f": {
        "fields": {"income": {"unit": "ten_thousand_yuan"}, "people": {"unit": "person"}},
        "expectations": [
            {"field": "income", "rule": "plausible", "type": "expect_column_values_to_be_between",
             "severity": "warning", "kwargs": {"column": "income", "max_value": 100}},
        ],
    },
}  # fmt: skip
SHARE = {"code": "share", "numerator": {"sum": "income"}, "denominator": {"sum": "people"}}
JANUARY = ["--period", "2026-01"]
A, B, CITY = "990001", "990002", "990000"
ZONE = ZoneInfo("Asia/Shanghai")
VILLAGES = [f"V{i:02d}" for i in range(1, 13)]
WHO, WHY, WRONG, AGAIN = "李晓云", "县里确认以万元填报", "盖错了章", "误作废"


@dataclass
class Told:
    """The instants between the chapters, by name; the delivery that was held; what was printed while it waited."""

    place: Workplace
    made: world.World
    at: dict[str, datetime] = field(default_factory=dict)
    held: str = ""
    waiting: dict[str, Any] = field(default_factory=dict)

    def ask(self, statement: str, **values: Any) -> list[Any]:
        return self.place.ask(statement, **values)

    def now(self, name: str) -> None:
        self.at[name] = self.ask("SELECT clock_timestamp()")[0][0]

    def send(self, incomes: dict[str, int]) -> None:
        lines = [f"{unit} {income} 2" for unit, income in incomes.items()]
        self.made.put("f", "2026-01", "\n".join(["unit income people", *lines]))
        assert run("collect", *JANUARY).code in (0, 3)

    def build(self, name: str) -> None:
        assert run("build").code == 0
        self.now(name)

    def decide(self, action: str, reason: str) -> str:
        """Returns what was printed."""
        ran = run(action, self.held, "--reason", reason, "--by", WHO)
        assert ran.code == 0
        return flat(ran.out)


@contextmanager
def opened(folder: Path, postgres: Any) -> Iterator[Told]:
    """A story that has not begun."""
    made = world.make(folder, TREE, FORMS, [SHARE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
        patch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
        world.stay_soon(patch.setattr)
        with make_workplace(folder / "home", postgres, patch.setenv) as place:
            yield Told(place, made)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Told]:
    with opened(tmp_path_factory.mktemp("decisions"), postgres) as story:
        story.send({"W1": 4, "W2": 5, "W3": 6})
        story.build("first")
        story.send(dict.fromkeys(VILLAGES, 500_000))  # a late report, which is held
        story.build("held")
        ((story.held,),) = story.ask("SELECT delivery_id FROM mart.submission WHERE status = 'held'")
        printed = {"released": story.decide("release", WHY)}
        story.waiting = {name: run(name).out for name in ("today", "status")}
        story.waiting |= {"json": run("today", "--json").json, "grid": run("status", "--json").json}
        story.build("released")
        printed["voided"] = story.decide("void", WRONG)
        story.waiting |= printed
        story.waiting["void"] = run("status").out
        story.build("void")
        story.decide("release", AGAIN)
        story.build("again")
        story.send(dict.fromkeys(VILLAGES, 50))
        story.build("revised")
        yield story


def causes(told: Told, since: str, until: str, *more: str) -> dict[str, list[str]]:
    moments = ("--from", told.at[since].isoformat(), "--to", told.at[until].isoformat())
    return {
        r["org_code"]: r["causes"]
        for r in run("diff", *moments, *more, "--json").json
        if (r["period_type"], r["period"]) == ("month", "2026-01")
    }


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("held", "released", ["released"]),
        ("released", "void", ["withdrawal"]),
        ("void", "again", ["released"]),
        ("again", "revised", ["revision"]),
        ("void", "revised", ["released", "revision"]),
    ],
)
def test_the_decision_is_the_cause_where_it_moved_the_figure(
    told: Told, since: str, until: str, why: list[str]
) -> None:
    assert causes(told, since, until) == {CITY: why, A: why}
    assert causes(told, since, until, "--level", "village", "--org", A) == {
        f"{A}001{i:03d}": why for i in range(1, 13)
    }


def test_an_older_report_that_counts_again_was_not_released(tmp_path: Path, postgres: Any) -> None:
    """It was released before, to no effect: what moved the figure is that the later one was taken away."""
    with opened(tmp_path, postgres) as story:
        for income in (4, 5):
            story.send({"W1": income, "W2": 5, "W3": 6})
            story.build(str(income))
        older, story.held = (
            r[0] for r in story.ask("SELECT delivery_id FROM mart.submission ORDER BY received_at")
        )
        for action in ("void", "release"):
            assert run(action, older, "--reason", WHY, "--by", WHO).code == 0
        story.build("released")
        story.decide("void", WRONG)
        story.build("void")
        assert causes(story, "5", "released") == {}
        assert causes(story, "released", "void") == {CITY: ["withdrawal"], B: ["withdrawal"]}


def test_the_first_report_s_cause_stays(told: Told) -> None:
    before = told.at["first"] - timedelta(days=1)
    found = run("diff", "--from", before.isoformat(), "--to", told.at["first"].isoformat(), "--json").json
    assert {tuple(r["causes"]) for r in found if r["org_code"] == B} == {("late_arrival",)}


@pytest.mark.parametrize("since", ["first", "held", "released", "void", "again"])
def test_each_figure_asked_alone_has_the_same_causes(told: Told, since: str) -> None:
    engine = sa.create_engine(told.place.url)
    try:
        with engine.connect() as c:
            assert_each_has_its_own(c, told.at[since], told.at["revised"])
    finally:
        engine.dispose()


def test_a_decision_says_what_counts_afterwards(told: Told) -> None:
    assert (
        f"此后 afterwards A {A} 2026-01 报表f f：第1版有效。 revision 1 counts." in told.waiting["released"]
    )
    nothing = "目前没有可用的报送（逾期未报），请县（市、区）重报。 nothing counts at present (late): ask the county"
    assert f"报表f f：{nothing} to send it again." in told.waiting["voided"]


def test_a_void_of_what_is_held_leaves_what_counted(tmp_path: Path, postgres: Any) -> None:
    with opened(tmp_path, postgres) as story:
        story.send(dict.fromkeys(VILLAGES, 50))
        story.send(dict.fromkeys(VILLAGES, 500_000))
        ((story.held,),) = story.ask("SELECT delivery_id FROM mart.submission WHERE status = 'held'")
        assert "报表f f：第1版有效。 revision 1 counts." in story.decide("void", WRONG)
        ran = run("release", story.held, "--reason", AGAIN, "--by", WHO, "--json")
        (one,) = ran.json["submissions"]
        assert (one["report_status"], one["revision"], one["revision_in_force"]) == ("accepted", 2, 2)
        ran = run("void", story.held, "--reason", AGAIN, "--by", WHO, "--json")
        (one,) = ran.json["submissions"]
        assert (one["status"], one["report_status"], one["revision_in_force"]) == ("void", "accepted", 1)


def test_the_morning_says_plainly_that_what_was_decided_is_not_built(told: Told) -> None:
    out = flat(told.waiting["today"])
    assert "2026-01有新报送或新决定未计算" in out
    assert out.index("qiangji build") < out.index("qiangji findings"), "it comes first"
    assert "昨夜以来的人工决定 Decided since the night: 1" in out
    assert f"放行 release A {A} 2026-01" in out
    assert f"{WHO}：{WHY}" in out
    assert told.waiting["json"]["decided"][0]["reason"] == WHY


def test_status_tells_a_release_as_it_tells_a_void(told: Told) -> None:
    out = flat(told.waiting["status"])
    assert "经放行 released" in out
    assert f"放行 release A {A} 2026-01" in out
    assert f"{WHO}：{WHY}" in out
    rows = {r["county_code"]: r for r in run("status", *JANUARY, "--json").json}
    assert rows[A]["decision"] is rows[B]["decision"] is None, "another report has come since"
    told_then = next(r for r in told.waiting["grid"] if r["county_code"] == A)
    assert (told_then["decision"], told_then["decided_by"], told_then["decision_reason"]) == (
        "release",
        WHO,
        WHY,
    )
    assert "经放行" not in run("status", *JANUARY).out
    assert flat(told.waiting["void"]).count("有作废 voided") == 1
    assert f"作废 void A {A} 2026-01" in flat(told.waiting["void"])
    assert f"{WHO}：{WRONG}" in flat(told.waiting["void"])


def test_explain_lists_every_decision_on_what_the_figure_is_made_of(told: Told) -> None:
    explained = ("explain", "share", "--org", A, *JANUARY)
    found = run(*explained, "--json").json
    assert [(d["action"], d["reason"]) for d in found["decisions"]] == [
        ("release", AGAIN), ("void", WRONG), ("release", WHY),
    ]  # fmt: skip
    assert [sorted({x["cause"] for x in h["reasons"]}) for h in found["history"] if h["value"]] == [
        ["released"], ["released"], ["revision"],
    ]  # fmt: skip
    out = flat(run(*explained).out)
    for reason in (AGAIN, WRONG, WHY):
        assert f"{WHO}：{reason}" in out
    assert "人工放行 released" in out


def test_diff_tells_what_was_decided_in_between(told: Told) -> None:
    moments = ("--from", told.at["held"].isoformat(), "--to", told.at["released"].isoformat())
    out = flat(run("diff", *moments).out)
    assert "人工放行 released" in out.split("指标变化")[0]
    assert "期间的人工决定 Decided in between: 1" in out
    assert f"{WHO}：{WHY}" in out
    assert WRONG not in out
    assert "Decided in between" not in run("diff", *moments, "--org", B).out, "another county's"


def test_decisions_are_listed_the_last_first(told: Told) -> None:
    rows = run("decisions", "--json").json
    assert [(r["action"], r["decided_by"], r["reason"]) for r in rows] == [
        ("release", WHO, AGAIN), ("void", WHO, WRONG), ("release", WHO, WHY),
    ]  # fmt: skip
    assert rows[0]["reports"] == ["f 2026-01"]
    assert run("decisions", *JANUARY, "--county", A, "--form", "f", "--json").json == rows
    assert run("decisions", "--period", "2026", "--json").json == rows
    assert run("decisions", "--county", B, "--json").json == []
    assert run("decisions", "--period", "2026-02", "--json").json == []
    assert "没有人工决定" in run("decisions", "--county", B).out
    assert "另有 and 2 more" in run("decisions", "--limit", "1").out


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_list_cuts_nothing_however_narrow(
    told: Told, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(common.console, "width", width)
    out = run("decisions").out
    assert "…" not in out
    assert all(cell_len(line) <= width for line in out.splitlines())
    cells = re.sub(r"[\s│┃]", "", out)
    for part in (WHO, told.held, "release", "void"):
        assert part in cells
    for reason in (WHY, WRONG, AGAIN):
        assert all(char in cells for char in reason)


def test_before_the_first_build_nothing_was_shown_and_that_is_said(told: Told) -> None:
    before = f"{told.at['first'] - timedelta(days=2):%Y-%m-%d}"
    out = flat(run("diff", "--from", before).out)
    assert "此前没有显示过任何指标值，所以都是首次显示" in out
    assert "Nothing was shown before" in out
    (later,) = re.findall(r"--from makes sense from (\S+) on", out)
    assert datetime.fromisoformat(later) - timedelta(minutes=1) <= told.at["first"].astimezone(ZONE).replace(
        tzinfo=None
    )
    assert "Nothing was shown" not in run("diff", "--from", told.at["first"].isoformat()).out


def test_without_a_time_it_is_what_the_last_build_changed(told: Told) -> None:
    ran = run("diff")
    assert "上次计算的变化" in ran.out
    last = run("diff", "--json").json
    assert last == run("diff", "--from", told.at["again"].isoformat(), "--json").json
    assert {tuple(r["causes"]) for r in last} == {("revision",)}
    wrong = run("diff", "--to", told.at["again"].isoformat())
    assert (wrong.code, "no_time" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [["today"], ["today", "--date", "2026-01-01"], ["today", "--json"], ["letter"], ["letter", "--dry-run"]],
)
def test_before_the_first_night_every_day_ends_alike(workplace: Workplace, words: list[str]) -> None:
    with workplace.pipeline():
        pass
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("not_collected: 尚未采集任何报表：请先运行qiangji collect")


def flat(out: str) -> str:
    """What was printed, without the breaks of lines."""
    return " ".join(out.split())


def test_status_of_a_county_and_a_period_prints_the_delivery_of_what_was_accepted(told: Told) -> None:
    ((delivery,),) = told.ask("SELECT delivery_id FROM mart.submission WHERE county_code = :b", b=B)
    one = run("status", *JANUARY, "--county", B)
    assert f"B {B} 2026-01 报表f f：已收 accepted {delivery}" in flat(one.out)
    assert delivery not in run("status", *JANUARY).out
    again = run("release", delivery[:10], "--reason", "once more")
    assert again.code == 2
    assert "没有待审" in again.err
