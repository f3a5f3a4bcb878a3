"""What made a figure move: its change between two periods, or two moments, as contributions of the units beneath.

In: an engine that reads mart and dim, which figures. Out: a `Change` each, as plain data that adds up; the words are in
`contributing_words.py`, the arithmetic in `decomposing.py`. Only what mart shows is read, so that nothing hidden can
be computed from it: units whose figure is hidden on either side are one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from sqlalchemy.engine import Engine

from qiangji.figures import Row, Rows, read
from qiangji.figures.decomposing import EFFECTS, NONE, Effects, Sums, Unit, effects_of, rounded
from qiangji.warehouse.queries import query

Kind = Literal["unit", "hidden", "elsewhere", "itself"]
Presence = Literal["both", "came", "went", "moved_in", "moved_out", "opened", "closed"]
SHOWN_DIGITS = 2
"""Digits after the point of what people see; `value` of mart has six."""
_HIDDEN = "Q"
_DEFINITION = ("version", "factor", "missing", "numerator_en", "denominator_en")
"""Columns by which two figures are of one definition."""


@dataclass(frozen=True)
class At:
    """A period, as it was shown at a moment; without one as it is shown now."""

    period: str
    moment: datetime | None = None


@dataclass(frozen=True)
class Move:
    """A figure of one unit, before and after."""

    indicator_code: str
    org_code: str
    period_type: str
    before: At
    after: At


@dataclass(frozen=True)
class Figure:
    """A unit's figure on one side, as mart shows it."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: Decimal | None
    expected_units: int
    reported_units: int
    obs_status: str


@dataclass(frozen=True)
class Part:
    """What one unit beneath did to the change, or what is not told apart by units.

    | kind | what it is |
    | --- | --- |
    | unit | a unit beneath; `before` and `after` are its figures, None where it has none |
    | hidden | the units (`units`: how many) whose figure is hidden on either side, together; no figures |
    | elsewhere | what the units beneath leave of the figure's sums, such as units that lay elsewhere then |
    | itself | the figure itself, which has nothing beneath it, or nothing that may be shown |

    `effects` add up to the change of the ratio exactly, `shown` (of two digits) to the change that is shown. `presence`
    says why a unit counts on one side alone; it is `both` for all others.
    """

    kind: Kind
    presence: Presence
    org_code: str
    org_name: str
    org_level: str
    parent_code: str
    units: int
    before: Figure | None
    after: Figure | None
    effects: Effects[Fraction]
    shown: Effects[Decimal]

    @property
    def reporting_rates(self) -> tuple[int, int] | None:
        """How many of 100 reports were there on each side; None where a side expects none."""
        first, last = self.before, self.after
        if not (first and last and first.expected_units and last.expected_units):
            return None
        return (
            round(100 * first.reported_units / first.expected_units),
            round(100 * last.reported_units / last.expected_units),
        )


@dataclass(frozen=True)
class Change:
    """A figure's change. `parts`: the largest first. `is_restricted`: beneath a county its figures are not shown."""

    move: Move
    name_zh: str
    name_en: str
    unit: str
    org_name: str
    org_level: str
    is_restricted: bool
    before: Figure
    after: Figure
    parts: tuple[Part, ...]

    @property
    def value_before(self) -> Decimal:
        assert self.before.value is not None
        return self.before.value

    @property
    def value_after(self) -> Decimal:
        assert self.after.value is not None
        return self.after.value

    @property
    def change(self) -> Decimal:
        """The change of the values as mart shows them."""
        return self.value_after - self.value_before

    @property
    def shown(self) -> Effects[Decimal]:
        """What each effect did, of all parts, as it is shown."""
        return Effects(*(sum((p.shown.of(e) for p in self.parts), Decimal(0)) for e in EFFECTS))

    def in_digits(self, digits: int) -> list[Effects[Decimal]]:
        """The effects of each part in so many digits, so that they add up to the change in as many."""
        return rounded([p.effects for p in self.parts], self.change, digits)


@dataclass(frozen=True)
class Ends:
    """The rows of a move, by unit and side: the figure itself, and the units beneath."""

    move: Move
    figure: Mapping[int, Row]
    beneath: Mapping[str, Mapping[int, Row]]

    @property
    def is_defined_anew(self) -> bool:
        """Whether the two figures are of different definitions, and so cannot be compared."""
        return any(self.figure[0][k] != self.figure[1][k] for k in _DEFINITION)

    @property
    def has_values(self) -> bool:
        return all(side in self.figure and self.figure[side]["value"] is not None for side in (0, 1))


def contributions(engine: Engine, moves: Sequence[Move], levels: int = 1) -> list[Change | None]:
    """What made each figure move, by one statement for all; None where there is no change that can be split.

    That is where a side has no value, or the two sides are defined differently. `levels`: how many levels down the
    units lie; one that has nothing beneath it stands for itself.
    """
    return [
        change_of(ends, levels) if ends.has_values and not ends.is_defined_anew else None
        for ends in ends_of(engine, moves, levels)
    ]


def ends_of(engine: Engine, moves: Sequence[Move], levels: int = 1) -> list[Ends]:
    """The rows of each move, by one statement."""
    if not moves:
        return []
    sides = [(n, side, m, at) for n, m in enumerate(moves) for side, at in enumerate((m.before, m.after))]
    rows = read(
        engine,
        query("figures/contributions"),
        {
            "asks": [n for n, _, _, _ in sides],
            "sides": [side for _, side, _, _ in sides],
            "indicators": [m.indicator_code for _, _, m, _ in sides],
            "orgs": [m.org_code for _, _, m, _ in sides],
            "types": [m.period_type for _, _, m, _ in sides],
            "periods": [at.period for _, _, _, at in sides],
            "moments": [at.moment for _, _, _, at in sides],
            "with_past": any(at.moment for _, _, _, at in sides),
            "levels": levels,
        },
    )
    of_move: dict[int, Rows] = {n: [] for n in range(len(moves))}
    for row in rows:
        of_move[row["ask"]].append(row)
    return [_ends(move, of_move[n]) for n, move in enumerate(moves)]


def _ends(move: Move, rows: Rows) -> Ends:
    beneath: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row["depth"]:
            beneath.setdefault(row["org_code"], {})[row["side"]] = row
    figure = {r["side"]: r for r in rows if not r["depth"] and r["obs_status"] is not None}
    return Ends(move, figure, beneath)


def change_of(ends: Ends, levels: int = 1) -> Change:
    """The change of a figure that has a value on both sides, by the units that many levels beneath it."""
    pieces = list(_pieces(ends, levels))
    first, last = ends.figure[0], ends.figure[1]
    exact = effects_of(Fraction(last["factor"]), [p.unit for p in pieces])
    shown = rounded(exact, last["value"] - first["value"], SHOWN_DIGITS)
    parts = [_part(ends, *found) for found in zip(pieces, exact, shown, strict=True)]
    return Change(
        move=ends.move,
        name_zh=last["name_zh"],
        name_en=last["name_en"],
        unit=last["unit"],
        org_name=last["org_name"],
        org_level=last["org_level"] or "",
        is_restricted=last["is_restricted"],
        before=_shown(first),
        after=_shown(last),
        parts=tuple(sorted(parts, key=lambda p: -abs(p.effects.total))),
    )


@dataclass(frozen=True)
class _Piece:
    """What becomes a part. `code`: the unit's, none where it is not one unit; `units`: how many it stands for."""

    kind: Kind
    code: str
    unit: Unit
    presence: Presence = "both"
    units: int = 1


def _pieces(ends: Ends, levels: int) -> Iterator[_Piece]:
    """The units beneath, each by itself unless it is hidden, then what they leave of the figure's sums."""
    children: dict[str, dict[str, None]] = {}
    for code, sides in ends.beneath.items():
        for row in sides.values():
            children.setdefault(row["parent_code"], {})[code] = None
    codes = list(dict.fromkeys(_lowest(ends, children, ends.move.org_code, levels)))
    hidden = {c for c in codes if any(r["obs_status"] == _HIDDEN for r in ends.beneath[c].values())}
    left = [_sums(ends.figure[side]) or NONE for side in (0, 1)]
    for code in codes:
        if code not in hidden:
            before, after = (_sums(ends.beneath[code].get(side)) for side in (0, 1))
            left = [left[0] - (before or NONE), left[1] - (after or NONE)]
            presence = _presence(ends.beneath[code], before, after)
            is_boundary = presence not in ("both", "came", "went")
            yield _Piece(
                "unit", code, Unit(before, after, "boundary" if is_boundary else "reporting"), presence
            )
    before, after = (side if side != NONE else None for side in left)
    if hidden:
        yield _Piece("hidden", "", Unit(before, after), units=len(hidden))
    elif not codes:
        yield _Piece("itself", ends.move.org_code, Unit(before, after))
    elif before or after:
        yield _Piece("elsewhere", "", Unit(before, after, is_rest=True), units=0)


def _lowest(ends: Ends, children: Mapping[str, Iterable[str]], above: str, levels: int) -> Iterator[str]:
    """The units with figures that many levels beneath a unit; one with nothing beneath it stands for itself."""
    for code in children.get(above, ()):
        deeper = list(_lowest(ends, children, code, levels - 1)) if levels > 1 else []
        if deeper:
            yield from deeper
        elif any(r["obs_status"] is not None for r in ends.beneath[code].values()):
            yield code


def _sums(row: Row | None) -> Sums | None:
    """What a unit counts with; None where it did not report, or nothing that counts."""
    if row is None or not row["reported_units"] or (row["numerator"], row["denominator"]) == (None, None):
        return None
    return Sums(Fraction(row["numerator"] or 0), Fraction(row["denominator"] or 0))


def _presence(sides: Mapping[int, Row], before: Sums | None, after: Sums | None) -> Presence:
    """Why a unit counts on one side alone."""
    if (before is None) == (after is None):
        return "both"
    other = sides.get(0 if before is None else 1)
    if other is None:
        return "moved_in" if before is None else "moved_out"
    if not other["is_open"]:
        return "opened" if before is None else "closed"
    return "came" if before is None else "went"


def _part(ends: Ends, piece: _Piece, effects: Effects[Fraction], shown: Effects[Decimal]) -> Part:
    sides = ends.figure if piece.kind == "itself" else ends.beneath.get(piece.code, {})
    last: Row = sides.get(1) or sides.get(0) or {}
    return Part(
        kind=piece.kind,
        presence=piece.presence,
        org_code=piece.code,
        org_name=last.get("org_name", ""),
        org_level=last.get("org_level") or "",
        parent_code=last.get("parent_code") or "",
        units=piece.units,
        before=_figure(sides.get(0)),
        after=_figure(sides.get(1)),
        effects=effects,
        shown=shown,
    )


def _figure(row: Row | None) -> Figure | None:
    """The figure of a row; None where it has none."""
    return None if row is None or row["obs_status"] is None else _shown(row)


def _shown(row: Row) -> Figure:
    return Figure(*(row[f.name] for f in fields(Figure)))
