"""A sketch map of units: their outlines as paths of an SVG.

In: outlines in degrees. Out: a `Sketch` on a canvas of `WIDTH` units; a unit without an outline is not on it and is
shown as a tile. Degrees are laid out flat, longitude shrunk by the cosine of the middle latitude: true enough here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qiangji.catalogue.boundaries import Outlines, Point, Ring

WIDTH = 640
_MARGIN = 6


@dataclass(frozen=True)
class Shape:
    """A unit's outline (`d` of an SVG path) and where its label stands."""

    code: str
    d: str
    x: float
    y: float


@dataclass(frozen=True)
class Sketch:
    """Shapes on a canvas."""

    height: int
    shapes: tuple[Shape, ...]


def sketch(outlines: Outlines, units: Sequence[str]) -> Sketch | None:
    """The map of those of the units that have an outline; None if fewer than two have one."""
    drawn = [code for code in units if code in outlines]
    if len(drawn) < 2:
        return None
    points = [p for code in drawn for ring in outlines[code] for p in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    shrink = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 2 * _MARGIN) / ((east - west) * shrink or 1)

    def place(point: Point) -> Point:
        longitude, latitude = point
        return _MARGIN + (longitude - west) * shrink * scale, _MARGIN + (north - latitude) * scale

    shapes = []
    for code in drawn:
        rings = [tuple(place(p) for p in ring) for ring in outlines[code]]
        x, y = _middle(max(rings, key=_area))
        shapes.append(Shape(code, "".join(_path(ring) for ring in rings), round(x, 1), round(y, 1)))
    return Sketch(round((north - south) * scale + 2 * _MARGIN), tuple(shapes))


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"


def _area(ring: Ring) -> float:
    return abs(sum(_cross(a, b) for a, b in zip(ring, (*ring[1:], ring[0]), strict=True))) / 2


def _cross(a: Point, b: Point) -> float:
    return a[0] * b[1] - b[0] * a[1]


def _middle(ring: Ring) -> Point:
    """The centre of gravity of a ring."""
    pairs = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    total = sum(_cross(a, b) for a, b in pairs)
    if not total:
        return ring[0]
    x = sum((a[0] + b[0]) * _cross(a, b) for a, b in pairs) / (3 * total)
    y = sum((a[1] + b[1]) * _cross(a, b) for a, b in pairs) / (3 * total)
    return x, y
