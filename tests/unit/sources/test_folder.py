"""A county's folder: what lies beside and beneath the reports is seen, and nothing of it is read."""

from __future__ import annotations

from pathlib import Path

from qiangji.catalogue.models import County
from qiangji.periods import Period
from qiangji.sources.folder import FolderSource
from qiangji.sources.limits import Limits


def test_files_in_folders_just_beneath_are_seen(tmp_path: Path) -> None:
    for name in (
        "village_2026-10.xlsx",
        "10月/village_2026-10.xlsx",
        "10月/旧/a.xlsx",
        ".git/a.xlsx",
        "x/~$a.xlsx",
        "feedback/village_2026-10.xlsx",  # what went back to the county
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "10月")
    county = County(county="440705", transport="folder", path=str(tmp_path), files="{form}_{period}.xlsx")
    source = FolderSource(county, tmp_path, Limits("440705", 60, 2**20))
    items = source.list([("village", Period.parse("2026-10"))])
    assert [i.name for i in items] == ["village_2026-10.xlsx"]
    assert [s.name for s in source.others] == ["10月/village_2026-10.xlsx"]
