"""What makes every built month be built again: a new version of figures, and data that figures follow from."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qiangji.building import signatures
from qiangji.catalogue.load import load
from qiangji.periods import local_day
from tests.frozen import paths as frozen

PROJECT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def p(tmp_path: Path) -> Any:
    """A pipeline's data: copies of the catalogue and of the models that may be changed."""
    shutil.copytree(frozen.CATALOGUE, tmp_path / "catalogue")
    shutil.copytree(PROJECT / "sql" / "models", tmp_path / "sql" / "models")
    read = load(frozen.CATALOGUE, frozen.EXPECTATIONS)
    restating = read.restating(local_day(NOW, "Asia/Shanghai"))
    catalogue = SimpleNamespace(path=tmp_path / "catalogue", restating=lambda day: restating)
    return SimpleNamespace(
        catalogue=catalogue, settings=SimpleNamespace(sql=tmp_path / "sql", timezone="Asia/Shanghai")
    )


@pytest.mark.parametrize(
    "name",
    [
        "sql/models/sides.sql",
        "catalogue/indicators/rural.yaml",
        "catalogue/forms/village.yaml",
        "catalogue/suppression.yaml",
    ],
)
def test_data_that_figures_follow_from_changes_the_definitions(p: Any, tmp_path: Path, name: str) -> None:
    before = signatures.definitions_hash(p)
    assert signatures.definitions_hash(p) == before
    path = tmp_path / name
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert signatures.definitions_hash(p) != before


def test_a_new_version_of_figures_changes_the_definitions(p: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signatures.definitions_hash(p)
    monkeypatch.setattr(signatures, "FIGURES_VERSION", signatures.FIGURES_VERSION + 1)
    assert signatures.definitions_hash(p) != before


def test_other_data_does_not(p: Any, tmp_path: Path) -> None:
    before, tree = signatures.definitions_hash(p), signatures.tree_hash(p, NOW)
    for name in ("counties.yaml", "plan.yaml", "corrections/village.yaml"):
        (tmp_path / "catalogue" / name).write_text("", encoding="utf-8")
    assert signatures.definitions_hash(p) == before
    assert signatures.tree_hash(p, NOW) == tree


@pytest.mark.parametrize("name", ["org_units.csv", "org_lineage.csv"])
def test_the_tree_has_a_hash_of_its_own(p: Any, tmp_path: Path, name: str) -> None:
    before, tree = signatures.definitions_hash(p), signatures.tree_hash(p, NOW)
    (tmp_path / "catalogue" / name).write_text("", encoding="utf-8")
    assert signatures.definitions_hash(p) == before
    assert signatures.tree_hash(p, NOW) != tree
