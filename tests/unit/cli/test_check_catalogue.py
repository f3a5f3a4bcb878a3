"""`qiangji check-catalogue`, and what `qiangji doctor` says of years that are not known."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qiangji import cli, stages
from qiangji.catalogue.load import load
from qiangji.cli import doctor
from qiangji.settings import settings
from tests.frozen import paths as frozen

ROOT = Path(__file__).resolve().parents[3]
SPRING, AUTUMN = date(2026, 3, 1), date(2026, 11, 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the frozen catalogue, which the settings name."""
    shutil.copytree(frozen.CATALOGUE, tmp_path / "catalogue")
    shutil.copytree(frozen.EXPECTATIONS, tmp_path / "expectations")
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(tmp_path / "catalogue"))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(tmp_path / "expectations"))
    settings.cache_clear()
    monkeypatch.setattr(stages, "local_today", lambda: SPRING)
    yield tmp_path / "catalogue"
    settings.cache_clear()
    load.look()


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(before, text)) >= 1
    path.write_text(re.sub(before, after, text, count=1), encoding="utf-8")
    load.look()


def check(*options: str) -> tuple[int, str]:
    ran = CliRunner().invoke(cli.app, ["check-catalogue", *options])
    return ran.exit_code, ran.output


def codes() -> list[str]:
    return [said["code"] for said in json.loads(check("--json")[1])]


def test_one_that_holds(folder: Path) -> None:
    code, said = check()
    assert code == 0
    assert "11 张报表 forms" in said
    assert codes() == []


def test_every_error_is_named_with_file_line_and_what_was_expected(folder: Path) -> None:
    change(folder / "holidays/2026.yaml", "worked: \\[2026-05-09\\]", "worked: [2026-05-08]")
    change(folder / "indicators/rural.yaml", "initiative: \\w+", "initiative: none_such")
    code, said = check()
    assert code == 1
    assert "holidays/2026.yaml, line 10" in said
    assert "2026-05-08 is a Friday" in said
    assert "none_such" in said
    assert "11 forms" not in said
    assert len(codes()) == 2


def _add_a_county_without_units(folder: Path) -> None:
    change(folder / "org_units.csv", "\\Z", "440798,空县,county,county,440700,false,,\n")
    entry = '- {county: "440798", transport: folder, path: x, files: "{form}.csv"}'
    change(folder / "counties.yaml", "\\Z", f"\n{entry}\n")


WARNINGS: dict[str, Callable[[Path], None]] = {
    "calendar_differs": lambda f: change(
        f / "holidays/2026.yaml", "to: 2026-05-05, worked: .2026-05-09.", "to: 2026-05-04"
    ),
    "required_at_once": lambda f: change(
        f / "forms/town_service.yaml", "  attendances:\n", "  attendances:\n    since: 2026-02\n"
    ),
    "unnamed_sheet": lambda f: change(f / "counties.yaml", "    town_overseas: 镇街党建带侨建\n", ""),
    "reports_nothing": _add_a_county_without_units,
}  # fmt: skip


@pytest.mark.parametrize("code", WARNINGS)
def test_what_holds_and_is_to_be_thought_of(folder: Path, code: str) -> None:
    WARNINGS[code](folder)
    assert codes() == [code]
    assert check()[0] == 0


def test_what_is_optional_is_not_required_at_once(folder: Path) -> None:
    optional = "  attendances:\n    since: 2026-02\n    optional_until: 2026-06\n"
    change(folder / "forms/town_service.yaml", "  attendances:\n", optional)
    assert codes() == []


def test_an_indicator_older_than_the_field_that_it_reads_is_an_error(folder: Path) -> None:
    change(folder / "forms/village_group.yaml", "  leaders:\n", "  leaders:\n    since: 2026-02\n")
    code, said = check()
    assert code == 1
    assert "not_asked_yet" in said
    assert "since: 2026-02" in said


@pytest.mark.parametrize(
    ("today", "states"), [(SPRING, ["ok"]), (AUTUMN, ["warning"]), (date(2027, 1, 4), ["bad"])]
)
def test_a_year_that_is_not_known_is_named_before_it_begins(
    folder: Path, monkeypatch: pytest.MonkeyPatch, today: date, states: list[str]
) -> None:
    monkeypatch.setattr(stages, "local_today", lambda: today)
    found = doctor._holidays()
    assert ["warning" if f.is_warning else "ok" if f.is_well else "bad" for f in found] == states
    assert codes() == ([] if today == SPRING else ["unknown_year"])
    said: Any = " ".join(f.detail for f in found)
    assert ("2027.yaml" in said) == (today != SPRING)


def test_a_rule_without_a_golden_case_and_a_case_without_its_rule_are_told(folder: Path) -> None:
    cases = folder.parent / "tests" / "golden" / "suites"
    shutil.copytree(ROOT / "tests" / "golden" / "suites", cases)
    (cases / "village.yaml").unlink()
    known = codes()
    assert known.count("no_golden_case") >= 1
    community = cases / "community.yaml"
    text = community.read_text(encoding="utf-8")
    first = re.search(r"^  (community[.]\S+):", text, re.M)
    assert first
    community.write_text(text.replace(f"  {first[1]}:", "  community.gone.rule:", 1), encoding="utf-8")
    said = check()[1]
    assert f"no_golden_case: {first[1]}: expectations/community.json has the rule" in said
    assert "case_left_over: community.gone.rule:" in said
    assert "tests/golden/suites/village.yaml" in said
    assert check()[0] == 0
