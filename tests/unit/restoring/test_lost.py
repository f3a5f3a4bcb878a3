"""Files under a final name that no event names, and builds that the others refer to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from qiangji.errors import LakeError
from qiangji.lake import Lake
from qiangji.restoring import lost
from qiangji.restoring.journal import Journal

PLACE = ("v", "2026-01", "440781")
ROWS = pa.table({"n": [1, 2]})


def _journal(**events: Any) -> Journal:
    return Journal(events, Counter())


def test_what_an_event_names_is_named_and_what_none_does_is_told(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    accepted, rejected = (lake.put_rows(area, *PLACE, ROWS) for area in ("reports", "rejected"))
    edition, due = lake.put_edition("2026-01", ROWS), lake.put_definitions(ROWS)
    lake.put_build("b1", "v", ROWS)
    sha256 = lake.put_raw(b"1")
    lake.put_carried("b1", "x", ROWS)
    (tmp_path / "tmp" / "torn").write_text("{")
    place = dict(zip(("form", "period", "county_code"), PLACE, strict=True))
    whole: dict[str, Any] = {
        "submission": [place | {"rows_hash": accepted, "rejected_hash": rejected}],
        "edition": [{"period": "2026-01", "rows_hash": edition}],
        "definitions": [{"due": due}],
        "build": [{"build_id": "b1", "previous": None}],
        "delivery": [{"parts": [{"sha256": sha256}, {"sha256": None}]}],
    }
    assert list(lost.unnamed(lake, _journal(**whole))) == []
    for kind, areas in {
        "submission": {"reports", "rejected"},
        "edition": {"editions"},
        "definitions": {"definitions"},
        "build": {"builds"},
        "delivery": {"raw"},
    }.items():
        found = lost.unnamed(lake, _journal(**(whole | {kind: []})))
        assert {path.relative_to(tmp_path).parts[0] for path, _ in found} == areas


def test_a_build_that_another_followed_has_to_be_there() -> None:
    first: dict[str, Any] = {"build_id": "b1", "previous": None}
    last = {"build_id": "b3", "previous": "b2"}
    assert list(lost.builds(_journal(build=[first, {"build_id": "b2", "previous": "b1"}, last]))) == []
    assert ["b2" in str(where) for where, _ in lost.builds(_journal(build=[first, last]))] == [True]
    assert list(lost.builds(_journal(build=[{"build_id": "old"}]))) == [], "older builds name none"


def test_rows_are_held_against_the_hash_that_names_them(tmp_path: Path) -> None:
    lake = lost.Kept(tmp_path)
    digest = lake.put_rows("reports", *PLACE, ROWS)
    path = lake.rows_path("reports", *PLACE, digest)
    assert lake.get_rows("reports", *PLACE, digest) == ROWS
    path.rename(path.with_name("other.parquet"))
    with pytest.raises(LakeError, match=r"reports.*other") as told:
        lake.get_rows("reports", *PLACE, "other")
    assert told.value.code == "altered"
    with pytest.raises(LakeError, match="reports") as told:
        lake.get_rows("reports", *PLACE, digest)
    assert told.value.code == "missing"
    path.write_bytes(b"PAR1")
    with pytest.raises(LakeError, match="Parquet") as told:
        lake.get_rows("reports", *PLACE, digest)
    assert "备份" in told.value.zh
