"""The sketch map: outlines as read from a file, and as drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qiangji.board.sketch import WIDTH, sketch
from qiangji.catalogue import boundaries
from qiangji.errors import CatalogueError

SQUARE = [[112.0, 22.0], [112.5, 22.0], [112.5, 22.5], [112.0, 22.5], [112.0, 22.0]]
OTHER = [[112.5, 22.0], [113.0, 22.0], [113.0, 22.5], [112.5, 22.5], [112.5, 22.0]]


def feature(code: object, coordinates: Any, kind: str = "Polygon") -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def write(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_outlines_are_read_by_code_and_drawn_in_their_places(tmp_path: Path) -> None:
    path = write(tmp_path / "b.geojson", feature("a", [SQUARE]), feature("b", [[OTHER]], "MultiPolygon"))
    outlines = boundaries.read(path, {"a", "b", "c"})
    assert {code: len(rings) for code, rings in outlines.items()} == {"a": 1, "b": 1}
    drawn = sketch(outlines, ["a", "b", "c"])
    assert drawn is not None
    assert [s.code for s in drawn.shapes] == ["a", "b"], "c is a tile"
    west, east = drawn.shapes
    assert 0 < west.x < WIDTH / 2 < east.x < WIDTH
    assert west.y == pytest.approx(drawn.height / 2, abs=1)
    assert west.d.startswith("M")


def test_without_a_file_all_are_tiles(tmp_path: Path) -> None:
    assert boundaries.read(tmp_path / "none.geojson", {"a"}) == {}
    assert sketch({}, ["a", "b"]) is None
    assert sketch({"a": (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),)}, ["a", "b"]) is None, "one shape is no map"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "not_readable"),
        ("[]", "not_readable"),
        ('{"features": []}', "no_outline"),
        (json.dumps({"features": [feature("x", [SQUARE])]}), "unknown_unit"),
        (json.dumps({"features": [feature("a", [[[500, 0]]])]}), "bad_outline"),
        (json.dumps({"features": [feature("a", [SQUARE], "Point")]}), "bad_outline"),
        (json.dumps({"features": [{}]}), "bad_outline"),
    ],
)
def test_a_file_that_fits_no_unit_is_an_error_of_the_catalogue(
    tmp_path: Path, content: str, code: str
) -> None:
    path = tmp_path / "boundaries.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError) as raised:
        boundaries.read(path, {"a"})
    assert raised.value.code == code
    assert str(path) in str(raised.value)
    assert "边界文件" in str(raised.value), "in both languages"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boundaries, "MOST_BYTES", 10)
    with pytest.raises(CatalogueError) as raised:
        boundaries.read(write(tmp_path / "b.geojson", feature("a", [SQUARE])), {"a"})
    assert raised.value.code == "too_large"
    assert "边界文件" in str(raised.value)
