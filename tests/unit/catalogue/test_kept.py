"""What was read from folders is kept while no file in them changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qiangji.catalogue import kept
from qiangji.catalogue.kept import WhileUnchanged


class Reading:
    """Reads the texts of a folder, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, *folders: Path) -> list[str]:
        self.times += 1
        return sorted(p.read_text() for f in folders for p in f.rglob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a file; every look is at the disk."""
    monkeypatch.setattr(kept, "_LOOKED", 0.0)
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "village.yaml").write_text("one")
    return tmp_path


def test_it_is_read_once_for_as_long_as_nothing_changes(folder: Path) -> None:
    read = Reading()
    keeps = WhileUnchanged(read)
    assert keeps(folder) is keeps(folder)
    assert read.times == 1


def test_a_file_that_is_changed_replaced_added_or_removed_is_seen(folder: Path) -> None:
    keeps, file = WhileUnchanged(Reading()), folder / "forms" / "village.yaml"
    assert keeps(folder) == ["one"]
    file.write_text("another")
    assert keeps(folder) == ["another"]
    made = folder / "new"
    made.write_text("replace")  # as long as the one before, and as old
    os.utime(made, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    made.replace(file)
    assert keeps(folder) == ["replace"]
    (folder / "added.yaml").write_text("a second")
    assert keeps(folder) == ["a second", "replace"]
    file.unlink()
    assert keeps(folder) == ["a second"]


def test_a_link_to_nothing_is_no_file(folder: Path) -> None:
    (folder / ".#village.yaml").symlink_to("who@where.1234")  # as an editor leaves beside what it has open
    assert WhileUnchanged(lambda f: f.name)(folder) == folder.name


def test_an_error_is_not_kept(folder: Path) -> None:
    file = folder / "forms" / "village.yaml"
    keeps = WhileUnchanged(lambda f: {"one": 1}[(f / "forms" / "village.yaml").read_text()])
    assert keeps(folder) == 1
    file.write_text("wrong")
    for _ in range(2):
        with pytest.raises(KeyError):
            keeps(folder)
    file.write_text("one")
    assert keeps(folder) == 1


def test_few_are_kept(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    keeps = WhileUnchanged(Reading())
    for _ in range(3 * kept._MOST):
        keeps(tmp_path_factory.mktemp("other"))
    assert len(keeps._kept) <= kept._MOST
    assert keeps(folder) == ["one"]


def test_between_two_looks_a_second_may_pass(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_LOOKED", 3600.0)
    keeps = WhileUnchanged(Reading())
    assert keeps(folder) == ["one"]
    (folder / "forms" / "village.yaml").write_text("another")
    assert keeps(folder) == ["one"]
    keeps.look()
    assert keeps(folder) == ["another"]
