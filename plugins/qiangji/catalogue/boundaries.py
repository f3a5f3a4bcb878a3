"""Outlines of units for a sketch map: boundaries.geojson, optional and replaceable.

In: a GeoJSON FeatureCollection; each feature is a Polygon or MultiPolygon in degrees, with the unit's code as property
`code`. Out: code -> rings. A unit without an outline is shown as a tile. The file is for orientation on the board only;
a map that is shown to the public in China needs a number of approval (审图号) of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from qiangji.errors import CatalogueError, Problems

Point = tuple[float, float]
Ring = tuple[Point, ...]
Outlines = Mapping[str, tuple[Ring, ...]]
MOST_BYTES = 5_000_000
_DEPTH = {"Polygon": 1, "MultiPolygon": 2}
"""Shape -> how deep its rings lie."""


def read(path: Path, units: Collection[str]) -> Outlines:
    """Code -> rings, longitude and latitude; empty without the file.

    Raises CatalogueError: not_readable, bad_outline, unknown_unit; and no_outline where the file fits no unit.
    """
    if not path.is_file():
        return {}
    if path.stat().st_size > MOST_BYTES:
        raise CatalogueError(
            f"{path.stat().st_size:,} bytes",
            where=path,
            expected=f"at most {MOST_BYTES:,}: fewer points",
            zh=f"边界文件{path.name}有{path.stat().st_size:,}字节，超过{MOST_BYTES:,}：请减少图形的点。",
            code="too_large",
        )
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
    except (ValueError, KeyError, TypeError, OSError) as e:
        raise CatalogueError(
            "no GeoJSON",
            where=path,
            expected='{"type": "FeatureCollection", "features": [...]}',
            zh=f"边界文件{path.name}读不出，不是GeoJSON（FeatureCollection）：请换一份，或删去该文件。",
            code="not_readable",
        ) from e
    problems = Problems()
    found: dict[str, tuple[Ring, ...]] = {}
    for i, feature in enumerate(features, 1):
        with problems.noting():
            code, rings = _outline(feature, path, i)
            if code not in units:
                raise CatalogueError(
                    f"{code!r} is no unit of org_units.csv",
                    where=f"{path}: feature {i}",
                    expected="properties.code: the code of a unit",
                    zh=f"边界文件{path.name}第{i}个图形的code（{code}）不是org_units.csv中的单位：请改正，或删去该图形。",
                    code="unknown_unit",
                )
            found[code] = rings
    problems.tell()
    if not found:
        raise CatalogueError(
            "holds no outline",
            where=path,
            expected="an outline for at least one unit, or no file",
            zh=f"边界文件{path.name}没有任何单位的图形：请补上，或删去该文件。",
            code="no_outline",
        )
    return found


def _outline(feature: Any, path: Path, i: int) -> tuple[str, tuple[Ring, ...]]:
    try:
        code, shape = str(feature["properties"]["code"]), feature["geometry"]
        polygons = [shape["coordinates"]] if _DEPTH[shape["type"]] == 1 else shape["coordinates"]
        rings = tuple(tuple(_points(ring)) for polygon in polygons for ring in polygon)
    except (KeyError, TypeError, ValueError, IndexError) as e:
        raise CatalogueError(
            "no outline of a unit",
            where=f"{path}: feature {i}",
            expected="properties.code, and a Polygon or MultiPolygon of points in degrees",
            zh=f"边界文件{path.name}第{i}个图形不完整：应有properties.code，和以度为单位的Polygon或MultiPolygon；"
            "请改正，或删去该图形。",
            code="bad_outline",
        ) from e
    return code, rings


def _points(ring: Any) -> Iterator[Point]:
    for longitude, latitude, *_ in ring:
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise ValueError("not in degrees")
        yield float(longitude), float(latitude)
