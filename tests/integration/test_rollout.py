"""A new field, a new form: what `reprocess --dry-run` says of them, and that being optional hurts no county."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from qiangji import building, stages
from qiangji.catalogue.load import load
from qiangji.figures import reading
from qiangji.periods import Period
from qiangji.settings import settings
from tests.conftest import Workplace, make_workplace
from tests.golden import world
from tests.integration.test_cli import run

COUNTIES = "ABCDEF"
TREE = {"Z": {c: {f"T{c}": [f"{c}[1-4]"]} for c in COUNTIES}}
INDICATORS = [{"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}]
FORMS: dict[str, Any] = {"f": {"fields": {"n": {}}}}
SEPTEMBER, OCTOBER = "2026-09", "2026-10"
NEW = {"label": {"zh": "农家书屋数", "en": "Libraries"}, "type": "integer", "unit": "item", "since": OCTOBER}


class Place:
    """Six counties that report `f` for two months, accepted; afterwards the catalogue changes."""

    def __init__(self, made: world.World, workplace: Workplace) -> None:
        self.made, self._workplace = made, workplace

    def change(self, path: str, **changes: Any) -> None:
        """Change a YAML file of the catalogue at its top level, `fields` by field."""
        file = self.made.catalogue / path
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        fields = {**content.get("fields", {}), **changes.pop("fields", {})}
        file.write_text(
            yaml.safe_dump({**content, "fields": fields, **changes}, allow_unicode=True), encoding="utf-8"
        )
        load.look()

    def add_rule(self, form: str, rule: dict[str, Any]) -> None:
        file = self.made.expectations / f"{form}.json"
        suite = json.loads(file.read_text(encoding="utf-8"))
        suite["expectations"].append(rule)
        file.write_text(json.dumps(suite, ensure_ascii=False), encoding="utf-8")
        load.look()

    def statuses(self, form: str, period: str) -> dict[str, str]:
        with self._workplace.pipeline() as p:
            rows = reading.status(p.ledger.engine, period)
        return {r["county_code"]: r["status"] for r in rows if r["form"] == form}

    def recorded(self) -> list[Any]:
        """Everything that the ledger and the lake hold."""
        kept = sorted(str(f.relative_to(settings().lake)) for f in settings().lake.rglob("*") if f.is_file())
        with self._workplace.pipeline() as p, p.ledger.engine.connect() as c:
            tables = ("submission", "finding", "rejection", "delivery", "collection")
            rows = [
                tuple(r)
                for t in tables
                for r in c.execute(sa.text(f"SELECT * FROM ops.{t} ORDER BY 1, 2, 3"))
            ]
        return [kept, sorted(map(repr, rows))]


@pytest.fixture
def place(tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = world.make(tmp_path / "world", TREE, FORMS, INDICATORS)
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    lines = [f"{c}{i} {i}" for c in COUNTIES for i in range(1, 5)]
    with make_workplace(tmp_path / "home", postgres, monkeypatch.setenv) as workplace:
        for month, shift in ((SEPTEMBER, 0), (OCTOBER, 7)):
            moved = [f"{u} {int(n) + shift}" for u, n in map(str.split, lines)]
            made.put("f", month, "\n".join(["unit n", *moved]))
        with workplace.pipeline() as p:
            found = stages.collect(p, periods=[Period.parse(m) for m in (SEPTEMBER, OCTOBER)]).submissions
            assert {s.status for s in found} == {"accepted"}
            building.build(p, [Period.parse(OCTOBER)])
        yield Place(made, workplace)
    load.look()


def _rule(name: str, severity: str) -> dict[str, Any]:
    present, between = "expect_column_values_to_not_be_null", "expect_column_values_to_be_between"
    type_, kwargs = (present, {}) if name == "present" else (between, {"min_value": 0, "max_value": 10**6})
    return {
        "type": type_, "kwargs": {"column": "libraries", **kwargs}, "severity": severity,
        "meta": {
            "rule": f"f.libraries.{name}", "fields": ["libraries"], "scope": "row",
            "message": {"zh": f"{name}不对", "en": f"not {name}"}, "expected": {"zh": "有", "en": "some"},
        },
    }  # fmt: skip


def add_field(place: Place, present: str = "warning", **more: Any) -> None:
    place.change("forms/f.yaml", fields={"libraries": {**NEW, **more}})
    place.add_rule("f", _rule("possible", "critical"))
    place.add_rule("f", _rule("present", present))


def codes() -> list[str]:
    return [f"9900{i:02d}" for i in range(1, 7)]


def test_a_required_field_turns_six_counties_and_a_dry_run_says_so_first(place: Place) -> None:
    """The case of the field: nothing of it is recorded before somebody decides."""
    add_field(place)
    before = place.recorded()
    said = run("reprocess", "--dry-run", "--json")
    assert said.code == 3
    assert said.json["counts"] == {"accepted -> returned": 6}
    assert said.json["checked"] == 12
    assert [(c["county_code"], c["form"], c["period"]) for c in said.json["changes"]] == [
        (code, "f", OCTOBER) for code in codes()
    ]
    assert {c["reason_code"] for c in said.json["changes"]} == {"missing_column"}
    shown = run("reprocess", "--dry-run", "--form", "f").out
    assert "6 已收 accepted → 退回重报 returned" in " ".join(shown.split())
    assert "未作任何记录" in shown
    assert place.recorded() == before
    assert run("reprocess").code == 3
    assert place.statuses("f", OCTOBER) == dict.fromkeys(codes(), "returned")


@pytest.mark.parametrize("present", ["warning", "critical"])
def test_an_optional_field_turns_none_and_is_asked_for(place: Place, present: str) -> None:
    add_field(place, present, optional_until="2027-01")
    said = run("reprocess", "--dry-run", "--json")
    assert (said.code, said.json["counts"], said.json["checked"]) == (0, {}, 12)
    assert run("reprocess").code == 0
    assert place.statuses("f", OCTOBER) == dict.fromkeys(codes(), "accepted")
    findings = run("findings", "--period", OCTOBER, "--json").json
    assert [f["county_code"] for f in findings if f["rule"] == "f.libraries.absent_column"] == codes()
    (first, *_) = [f for f in findings if f["rule"] == "f.libraries.absent_column"]
    assert "2027-02" in first["message_zh"]
    assert "2027-02" in first["message_en"]
    assert "农家书屋数" in first["expected_zh"]
    rows = run("status", "--period", OCTOBER, "--json").json
    assert {r["revision"] for r in rows if r["form"] == "f"} == {1}, "the same report, no new revision"
    assert run("build").code == 0


def test_figures_are_built_before_the_reports_are_checked_again(place: Place) -> None:
    """A rule that compares a new field with the report before: reports that are older than the field have none."""
    add_field(place, kind="ytd", optional_until="2027-01")
    rule = _rule("starts_anew", "warning")
    rule["type"] = "expect_column_pair_values_a_to_be_greater_than_b"
    rule["kwargs"] = {"column_A": "libraries", "column_B": "_last_libraries", "or_equal": True,
                      "ignore_row_if": "either_value_is_missing"}  # fmt: skip
    place.add_rule("f", rule)
    assert run("build", "--again").code == 0


def test_a_column_that_comes_is_read_and_one_that_stays_empty_is_not_held(place: Place) -> None:
    add_field(place, optional_until="2027-01")
    place.change(
        "forms/f.yaml", fields={"libraries": {**NEW, "optional_until": "2027-01", "may_be_empty": False}}
    )
    measured = yaml.safe_load((place.made.catalogue / "indicators/x.yaml").read_text(encoding="utf-8"))
    measured.append(
        world.indicator_of(
            {"code": "y", "numerator": {"sum": "libraries"}, "denominator": {"count": "rows"}}, "f"
        )
        | {"since": OCTOBER}
    )
    (place.made.catalogue / "indicators/x.yaml").write_text(yaml.safe_dump(measured, allow_unicode=True))
    load.look()
    for county, cells in (("990001", "2"), ("990002", "")):
        path = place.made.catalogue / "incoming" / county / f"f_{OCTOBER}.csv"
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text(
            "\n".join([f"{head},农家书屋数", *(f"{x},{cells}" for x in lines)]) + "\n", encoding="utf-8"
        )
    assert run("collect", "--period", OCTOBER).code == 0
    assert place.statuses("f", OCTOBER) == dict.fromkeys(codes(), "accepted")
    found = {(f["county_code"], f["rule"]) for f in run("findings", "--period", OCTOBER, "--json").json}
    assert ("990002", "f.libraries.blank_column") in found
    assert "990001" not in {county for county, _ in found}
    run("build")
    shown = run("values", "--indicator", "y", "--level", "county", "--period", OCTOBER, "--json").json
    assert {v["org_code"]: v["value"] for v in shown}["990001"] == "2.000000"


def test_after_its_month_an_optional_field_is_required(place: Place) -> None:
    add_field(place, optional_until=SEPTEMBER, since="2026-01")
    assert run("reprocess", "--dry-run", "--json").json["counts"] == {"accepted -> returned": 6}
    assert run("reprocess").code == 3
    assert set(place.statuses("f", SEPTEMBER).values()) == {"accepted"}
    assert set(place.statuses("f", OCTOBER).values()) == {"returned"}


def test_a_new_form_is_late_nowhere_while_it_is_optional(place: Place) -> None:
    text = (place.made.catalogue / "forms/f.yaml").read_text(encoding="utf-8")
    new = {**yaml.safe_load(text), "form": "g", "since": SEPTEMBER}
    (place.made.catalogue / "forms/g.yaml").write_text(
        yaml.safe_dump(new, allow_unicode=True), encoding="utf-8"
    )
    suite = (place.made.expectations / "f.json").read_text(encoding="utf-8").replace('"f', '"g')
    suite = suite.replace('"gields', '"fields').replace('"gorm', '"form')
    (place.made.expectations / "g.json").write_text(suite, encoding="utf-8")
    load.look()
    assert set(place.statuses("g", SEPTEMBER).values()) == {"late"}
    place.change("forms/g.yaml", optional_until=SEPTEMBER)
    assert set(place.statuses("g", SEPTEMBER).values()) == {"optional"}
    assert set(place.statuses("g", OCTOBER).values()) == {"late"}
    place.change("forms/g.yaml", optional_until=OCTOBER)
    assert set(place.statuses("g", OCTOBER).values()) == {"optional"}
    assert run("status", "--period", OCTOBER).code == 0, "nothing needs attention"
    counties = yaml.safe_load((place.made.catalogue / "counties.yaml").read_text(encoding="utf-8"))
    for county in counties[1:]:
        county["forms"] = ["f"]
    (place.made.catalogue / "counties.yaml").write_text(yaml.safe_dump(counties), encoding="utf-8")
    load.look()
    assert place.statuses("g", OCTOBER) == {"990001": "optional"}, "the others were not asked"
