"""What a person corrects, from the file in the catalogue to the figure: applied, explained, and an error once stale.

A small world: two counties report one form; a value is wrong, a correction is declared, the county then sends it anew.
Asked of the commands as people do, and of the warehouse as a BI tool does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.cli import common
from tests.conftest import Workplace, _forget, make_workplace
from tests.golden import world
from tests.integration.test_cli import run

TREE = {"Z": {"A": {"T": ["V1", "V2"]}, "B": {"U": ["W1"]}}}
FORMS: dict[str, Any] = {
    "v": {"fields": {"n": {}, "d": {}, "r": {"restricted": True}, "note": {"type": "text"}}},
    "g": {"grain": "group", "fields": {"m": {}}},
}
SHARE = {"code": "share", "numerator": {"form": "v", "sum": "n"}, "denominator": {"form": "v", "sum": "d"}}
GROUPS = {
    "code": "groups",
    "numerator": {"form": "g", "sum": "m"},
    "denominator": {"form": "g", "count": "rows"},
}
JANUARY = ["--period", "2026-01"]
A, B, CITY, V1 = "990001", "990002", "990000", "990001001001"
WRONG = {"unit": "V1", "period": "2026-01", "field": "n", "was": 40, "now": 4, "reason": "agreed by phone"}
FIRST = "unit n d r note\nV1 40 10 1 a\nV2 9 20 2 b"


@dataclass
class Place:
    place: Workplace
    made: world.World

    def ask(self, statement: str, **values: Any) -> list[Any]:
        return self.place.ask(statement, **values)

    def report(self, table: str, form: str = "v", period: str = "2026-01") -> None:
        self.made.put(form, period, table)
        assert run("collect", "--period", period).code in (0, 3)

    def declare(self, *entries: dict[str, Any], form: str = "v") -> None:
        world.correct(self.made, form, entries)
        _forget()

    def now(self) -> datetime:
        found: datetime = self.ask("SELECT clock_timestamp()")[0][0]
        return found

    def figure(self, org: str = CITY, indicator: str = "share", period: str = "2026-01") -> tuple[Any, ...]:
        (row,) = self.ask(
            "SELECT numerator, denominator, is_corrected FROM mart.indicator_value"
            " WHERE (indicator_code, org_code, period, period_type) = (:i, :o, :p, 'month')",
            i=indicator, o=org, p=period,
        )  # fmt: skip
        return tuple(row)


@pytest.fixture
def place(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(common.console, "width", 200)
    made = world.make(tmp_path, TREE, FORMS, [SHARE, GROUPS])
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    world.stay_soon(monkeypatch.setattr)
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as found:
        found.prepare()
        yield Place(found, made)
    monkeypatch.undo()
    _forget()


def files(place: Place, area: str) -> set[str]:
    return {f.name for f in (place.place.home / "lake" / area).rglob("*.parquet")}


def test_a_correction_from_its_declaration_to_its_end(place: Place) -> None:
    place.report(FIRST)
    place.report("unit n d r note\nW1 1 10 3 c")
    place.report("unit n d r note\nV1 4 10 1 a\nV2 9 20 2 b", period="2025-12")
    assert run("build").code == 0
    before, sent, earlier = place.now(), files(place, "reports"), place.figure(period="2025-12")
    assert place.figure() == (50, 40, False)

    place.declare(WRONG)
    ran = run("build", "--json")
    assert (ran.code, ran.json["stale_corrections"]) == (0, [])
    assert "2025-12" not in ran.json["months"]  # what it cannot touch is not built
    assert ran.json["facts_replaced"] == 1
    after = place.now()
    assert place.figure() == (14, 40, True)
    assert place.figure(A) == (13, 30, True)
    assert place.figure(V1) == (4, 10, True)
    assert place.figure(B) == (1, 10, False)
    assert place.figure(period="2025-12") == earlier
    assert files(place, "reports") == sent  # what was sent stays as it was sent
    assert run("build", "--json").json["months"] == []

    (line,) = place.ask("SELECT * FROM mart.correction")
    said = line._mapping
    assert (said["value_sent"], said["value_corrected"], said["state"]) == ("40", "4", "applied")
    assert (said["reason"], said["declared_by"], said["place"]) == (
        "agreed by phone", "the city", "corrections/v.yaml[0]",
    )  # fmt: skip
    facts = sa.create_engine(place.place.url)
    with facts.connect() as c:
        assert set(
            c.execute(
                sa.text("SELECT n FROM fact.v WHERE v.unit_code = :u AND period = '2026-01'"), {"u": V1}
            ).scalars()
        ) == {4}
    facts.dispose()

    changed = run(
        "diff", "--from", before.isoformat(), "--to", after.isoformat(), "--json", "--org", CITY
    ).json
    assert {(r["period_type"], tuple(r["causes"])) for r in changed} == {
        ("month", ("correction",)), ("quarter", ("correction",)), ("ytd", ("correction",)),
    }  # fmt: skip
    explained = run("explain", "share", "--org", CITY, *JANUARY, "--json").json
    assert [(x["field"], x["value_sent"], x["value_corrected"]) for x in explained["corrections"]] == [
        ("n", "40", "4")
    ]
    assert [r["cause"] for r in explained["history"][-1]["reasons"]] == ["correction"]
    printed = " ".join(run("explain", "share", "--org", CITY, *JANUARY).out.split())
    for text in ("含人工更正 corrected", "人工更正 Corrections", "agreed by phone", "已更正 applied"):
        assert text in printed, text
    assert run("explain", "share", "--org", B, *JANUARY, "--json").json["corrections"] == []
    as_of = run(
        "values", "--as-of", before.isoformat(), *JANUARY, "--org", CITY, "--indicator", "share", "--json"
    ).json
    assert [(r["numerator"], r["is_corrected"]) for r in as_of] == [("50", False)]

    # the county sends another value: the correction is not applied, everything else is built, and it is an error
    place.report("unit n d r note\nV1 5 10 1 a\nV2 8 20 2 b")
    ran = run("build")
    assert ran.code == 1
    for text in ("stale_correction", "corrections/v.yaml[0]", "990001 v 2026-01", V1, "expected 40", "has 5"):
        assert text in ran.err, text
    assert place.figure() == (14, 40, False)
    assert place.figure(V1) == (5, 10, False)
    assert run("build").code == 1  # as long as it stands
    listed = run("status", *JANUARY)
    assert listed.code == 3
    assert "已失效" in listed.out
    assert "corrections/v.yaml[0]" in listed.out
    doctor = run("doctor", "--json")
    assert doctor.code == 1
    (finding,) = (f for f in doctor.json if f["what"] == "corrections")
    assert (finding["is_well"], "corrections/v.yaml[0]" in finding["detail"]) == (False, True)

    place.declare(WRONG | {"status": "retired"})
    assert run("build").code == 0
    assert place.ask("SELECT * FROM mart.correction") == []
    assert place.figure() == (14, 40, False)
    assert run("doctor", "--json").json[
        [f["what"] for f in run("doctor", "--json").json].index("corrections")
    ]["is_well"]


def test_the_build_task_is_red_after_its_commit(place: Place, tmp_path: Path) -> None:
    """In a process of its own, as it imports Airflow."""
    place.report(FIRST)
    place.declare(WRONG | {"was": 44})
    program = (
        "from qiangji import airflow_glue as glue, errors\n"
        "from collections import defaultdict\nfrom types import SimpleNamespace as A\n"
        "glue.period_of_run = lambda: '2026-01'\n"
        "events = defaultdict(lambda: A(add_partitions=print))\n"
        "glue.get_current_context = lambda: {'outlet_events': events}\n"
        "try:\n    glue.build.function()\n"
        "except errors.CatalogueError as e:\n    print('red', e.code)\n"
    )
    home = tmp_path / "airflow"
    environment = os.environ | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert "red stale_correction" in ran.stdout, ran.stderr[-2000:]
    assert place.figure(V1) == (40, 10, False)  # everything is built


def test_the_right_value_in_the_end_and_a_row_that_is_gone(place: Place) -> None:
    place.report(FIRST)
    place.declare(WRONG)
    assert run("build").code == 0
    place.report("unit n d r note\nV1 4 10 1 a\nV2 9 20 2 b")
    ran = run("build")
    assert (ran.code, "the county has sent the right value" in ran.err) == (1, True)
    place.report("unit n d r note\nV2 9 20 2 b")
    ran = run("build")
    assert (ran.code, "no such row" in ran.err) == (1, True)
    place.report(FIRST)  # and wrong again: it applies again
    assert run("build").code == 0
    assert place.figure(V1) == (4, 10, True)


def test_a_correction_waits_for_its_report_and_goes_with_it(place: Place) -> None:
    place.declare(WRONG)
    place.report("unit n d r note\nW1 1 10 3 c")
    assert run("build").code == 0
    assert [r.state for r in place.ask("SELECT state FROM mart.correction")] == ["waiting"]
    place.report(FIRST)
    assert run("build").code == 0
    assert place.figure(V1) == (4, 10, True)
    delivery = place.ask("SELECT delivery_id FROM mart.submission WHERE is_current AND county_code = :a", a=A)
    assert run("void", delivery[0][0], "--reason", "wrong month").code == 0
    assert run("build").code == 0
    assert [r.state for r in place.ask("SELECT state FROM mart.correction")] == ["waiting"]


def test_a_correction_beside_a_new_revision_is_named_with_it(place: Place) -> None:
    place.report(FIRST)
    assert run("build").code == 0
    since = place.now()
    place.report("unit n d r note\nV1 40 10 1 a\nV2 10 20 2 b")
    place.declare(WRONG)
    assert run("build").code == 0
    rows = run(
        "diff", "--from", since.isoformat(), "--to", place.now().isoformat(), "--org", A, "--json"
    ).json  # fmt: skip
    assert {tuple(r["causes"]) for r in rows} == {("correction", "revision")}


def test_values_of_groups_and_restricted_fields_and_texts_are_not_told(place: Place) -> None:
    place.report(FIRST)
    place.report("unit m\nV1/01 77\nV1/02 5", form="g")
    place.declare(
        {"unit": "V1", "period": "2026-01", "field": "r", "was": 1, "now": 6},
        {"unit": "V2", "period": "2026-01", "field": "note", "was": "x", "now": "y"},
    )
    place.declare({"unit": "V1/01", "period": "2026-01", "field": "m", "was": 77, "now": 7}, form="g")
    ran = run("build")
    assert ran.code == 1
    assert "the report has another text" in ran.err
    rows = {r.field: r for r in place.ask("SELECT * FROM mart.correction")}
    assert (rows["r"].state, rows["r"].value_sent, rows["r"].value_corrected) == ("applied", None, None)
    assert (rows["m"].state, rows["m"].value_sent, rows["m"].org_code) == ("applied", None, V1)
    assert "V1/01" not in str(rows)
    assert "99000100100101" not in str(rows)
    assert place.figure(V1, "groups") == (12, 2, True)
    printed = run("explain", "groups", "--org", V1, *JANUARY).out
    assert not re.search(r"\b77\b", printed), "the whole number: a key drawn at random may hold its digits"
