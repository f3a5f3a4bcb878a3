"""`qiangji reprocess --dry-run`: what a changed catalogue would make of reports that were accepted, nothing recorded.

Six counties, as in the field. The ledger is one in memory; tests/integration/test_rollout.py does it for real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qiangji import checking, cli, pipeline, stages
from qiangji.catalogue.load import Catalogue, load
from qiangji.lake import Lake
from qiangji.ledger import Pending, Submission
from qiangji.pipeline import Pipeline
from qiangji.settings import Settings
from tests.golden import world

COUNTIES = "ABCDEF"
CODES = [f"9900{i:02d}" for i in range(1, 7)]
OCTOBER = "2026-10"
AT = datetime(2026, 11, 2, tzinfo=UTC)


class Ledger:
    """What `rehearse` asks of one: the leading parts, how they stand, and what would come."""

    def __init__(self, lake: Lake, parts: list[Pending]) -> None:
        self.lake, self.parts, self.standing = lake, parts, dict[str, Submission]()

    def leading(self, forms: list[str], periods: list[str]) -> list[Pending]:
        return [
            p for p in self.parts if (not forms or p.form in forms) and (not periods or p.period in periods)
        ]

    def latest(self, one: Submission) -> Submission | None:
        return self.standing.get(one.county_code)

    def foreseen(self, one: Submission) -> Submission:
        return replace(one, status="held" if one.doubt else one.verdict, held_reason=one.doubt)


def made(folder: Path, **of_new: Any) -> tuple[Catalogue, world.World]:
    fields: dict[str, Any] = {"n": {}} | ({"new": {"since": OCTOBER} | of_new} if of_new else {})
    tree = {"Z": {c: {f"T{c}": [f"{c}[1-4]"]} for c in COUNTIES}}
    indicators = [{"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}]
    small = world.make(folder, tree, {"f": {"fields": fields}}, indicators)
    return load(small.catalogue, small.expectations), small


def over(catalogue: Catalogue, ledger: Any) -> Pipeline:
    return Pipeline(Settings(), catalogue, ledger)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Each county has reported October, and was accepted by the catalogue as it was."""
    before, small = made(tmp_path / "before")
    lake = Lake(tmp_path / "lake")
    parts = []
    for letter, code in zip(COUNTIES, CODES, strict=True):
        lines = ["unit_code,n", *(f"{small.codes[f'{letter}{i}']},{i}" for i in range(1, 5))]
        sha256 = lake.put_raw("\n".join(lines).encode())
        parts.append(
            Pending("f", OCTOBER, "csv", sha256, delivery_id=f"d{code}", county_code=code, received_at=AT)
        )
    held: Any = Ledger(lake, parts)
    for one in checking.check(before, held, parts, record=False):
        held.standing[one.county_code] = replace(one, status=one.verdict)
    assert {s.status for s in held.standing.values()} == {"accepted"}
    return held


def dry_run(
    ledger: Ledger, catalogue: Catalogue, patch: pytest.MonkeyPatch, *options: str
) -> tuple[int, str]:
    @contextmanager
    def opened() -> Iterator[Pipeline]:
        yield over(catalogue, ledger)

    patch.setattr(pipeline, "open_pipeline", opened)
    ran = CliRunner().invoke(cli.app, ["reprocess", "--dry-run", *options])
    return ran.exit_code, ran.output


def test_a_required_field_would_turn_six_counties(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after, _ = made(tmp_path / "after", type="integer")
    kept = sorted(tmp_path.rglob("*"))
    code, out = dry_run(ledger, after, monkeypatch, "--json")
    said = json.loads(out)
    assert (code, said["checked"], said["counts"]) == (3, 6, {"accepted -> returned": 6})
    assert [c["county_code"] for c in said["changes"]] == CODES
    assert {(c["before"], c["after"], c["reason_code"]) for c in said["changes"]} == {
        ("accepted", "returned", "missing_column")
    }
    assert {(c["rows_accepted_before"], c["rows_accepted"]) for c in said["changes"]} == {(4, 0)}
    shown = dry_run(ledger, after, monkeypatch)[1]
    assert "6 已收 accepted → 退回重报 returned" in shown
    assert "nothing was recorded" in " ".join(shown.split())
    assert sorted(tmp_path.rglob("*")) == kept


def test_an_optional_one_would_turn_none(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after, _ = made(tmp_path / "after", optional_until="2027-01")
    code, out = dry_run(ledger, after, monkeypatch, "--json")
    assert code == 0
    assert json.loads(out) == {"checked": 6, "counts": {}, "changes": []}
    assert "6 would stay as they are" in " ".join(dry_run(ledger, after, monkeypatch)[1].split())


def test_what_stands_badly_already_is_no_news(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after, _ = made(tmp_path / "after", type="integer")
    (first, *_) = stages.rehearse(over(after, ledger))
    ledger.standing = {c: replace(first.after, county_code=c) for c in CODES}
    assert dry_run(ledger, after, monkeypatch, "--json")[0] == 0


def test_other_rows_are_a_change(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same, _ = made(tmp_path / "after")
    ledger.standing[CODES[0]] = replace(ledger.standing[CODES[0]], rows_hash="others")
    del ledger.standing[CODES[1]]
    code, out = dry_run(ledger, same, monkeypatch, "--json")
    assert json.loads(out)["counts"] == {"accepted -> accepted": 1, "unchecked -> accepted": 1}
    assert code == 0


def test_what_the_catalogue_no_longer_has_waits(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same, _ = made(tmp_path / "after")
    ledger.parts += [replace(ledger.parts[0], form="gone"), replace(ledger.parts[0], county_code="999999")]
    assert json.loads(dry_run(ledger, same, monkeypatch, "--json")[1])["checked"] == 6
