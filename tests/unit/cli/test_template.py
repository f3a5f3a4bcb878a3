"""`qiangji template`, for forms of which nothing has to be known of earlier reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qiangji.cli import app
from qiangji.errors import UsageError

runner = CliRunner()


def template(*arguments: str) -> str:
    return runner.invoke(app, ["template", *arguments], catch_exceptions=False, standalone_mode=False).output


def test_it_is_written_and_named_as_the_county_sends_it(tmp_path: Path) -> None:
    said = template("--form", "village", "--county", "440705", "--period", "2026-10", "--out", str(tmp_path))
    assert (tmp_path / "village_2026-10.xlsx").is_file()
    assert "截止 due 2026-11-06" in said
    with pytest.raises(UsageError) as e:  # somebody may have begun to fill it in
        template("--form", "village", "--county", "440705", "--period", "2026-10", "--out", str(tmp_path))
    assert e.value.code == "no_place"


def test_several_counties_have_a_folder_each(tmp_path: Path) -> None:
    said = template(
        "--form", "town_training", "--county", "440703", "--county", "440705", "--period", "2026Q3",
        "--out", str(tmp_path), "--json",
    )  # fmt: skip
    found = json.loads(said)
    name = "town_training_2026Q3.xlsx"
    assert [one["path"] for one in found] == [str(tmp_path / c / name) for c in ("440703", "440705")]
    assert all(Path(one["path"]).is_file() for one in found)
    assert found[0]["forms"] == ["town_training"]
    assert found[0]["laid"] is None


def test_a_county_may_be_given_by_its_name(tmp_path: Path) -> None:
    out = str(tmp_path)
    said = template(
        "--form", "town_training", "--county", "新会区", "--county", "440703", "--out", out, "--json"
    )
    assert [one["county_code"] for one in json.loads(said)] == ["440703", "440705"]


@pytest.mark.parametrize("place", ["nothing/here", "village.csv"])
def test_a_place_that_cannot_be_written_to_is_told_before(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError) as e:
        template("--form", "village", "--county", "440705", "--out", str(tmp_path / place))
    assert e.value.code == "no_place"
    assert list(tmp_path.iterdir()) == []
