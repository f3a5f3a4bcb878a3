"""Corrections in the catalogue: what an entry must hold, else an error that names file, entry and rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiangji.catalogue.load import load
from qiangji.errors import CatalogueError
from tests.golden import world

TREE = {"Z": {"A": {"T": ["V1", "V2", "closed!"]}, "B": {"U": ["W1"]}}}
FORMS: dict[str, Any] = {
    "v": {
        "fields": {
            "n": {}, "money": {"type": "decimal"}, "is_on": {"type": "boolean"}, "day": {"type": "date"},
            "kind": {"type": "enum", "values": ["a", "b"]}, "note": {"type": "text"}, "late": {"since": "2026-02"},
        }
    },
    "g": {"grain": "group", "fields": {"m": {}}},
    "q": {"grain": "town", "period_type": "quarter", "fields": {"t": {}}},
}  # fmt: skip
SHARE = {
    "code": "share",
    "numerator": {"form": "v", "sum": "n"},
    "denominator": {"form": "v", "count": "rows"},
}
V1, V2 = "990001001001", "990001001002"
ENTRY: dict[str, Any] = {
    "unit": V1, "period": "2026-01", "field": "n", "was": 40, "action": "set", "now": 4, "reason": "agreed by phone",
    "by": "the city", "date": date(2026, 2, 3), "status": "active",
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> world.World:
    return world.make(tmp_path, TREE, FORMS, [SHARE], {"closed": {"W1": date(2026, 1, 31)}})


def write(made: world.World, *entries: Any, form: str = "v") -> Any:
    path = made.catalogue / "corrections" / f"{form}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(list(entries), allow_unicode=True), encoding="utf-8")
    load.look()
    return load(made.catalogue, made.expectations).corrections


def test_no_folder_and_an_empty_file_are_no_corrections(made: world.World) -> None:
    assert load(made.catalogue, made.expectations).corrections == ()
    assert write(made) == ()
    (made.catalogue / "corrections" / "v.yaml").write_text("# nothing yet\n", encoding="utf-8")
    load.look()
    assert load(made.catalogue, made.expectations).corrections == ()


@pytest.mark.parametrize(
    ("change", "was", "now"),
    [
        ({}, 40, 4),
        ({"was": None}, None, 4),
        ({"was": 40, "action": "missing", "now": None}, 40, None),
        ({"field": "money", "was": 12.5, "now": 13}, Decimal("12.5000"), Decimal("13.0000")),
        ({"field": "is_on", "was": True, "now": False}, True, False),
        ({"field": "day", "was": date(2026, 1, 2), "now": "2026-01-03"}, "2026-01-02", "2026-01-03"),
        ({"field": "kind", "was": "a", "now": "b"}, "a", "b"),
        ({"field": "note", "was": "old", "now": "new"}, "old", "new"),
        ({"action": "leave_out", "now": None}, 40, None),
    ],
)
def test_values_are_of_the_field_s_type(
    made: world.World, change: dict[str, Any], was: Any, now: Any
) -> None:
    (found,) = write(made, {k: v for k, v in (ENTRY | change).items() if (k, v) != ("now", None)})
    assert (found.was, found.now) == (was, now)
    assert type(found.was) is type(was)
    assert (found.key, found.org_code, found.where) == (
        ("v", "2026-01", "990001"), V1, "corrections/v.yaml[0]",
    )  # fmt: skip


def test_a_group_s_correction_stands_at_its_village_and_a_quarter_s_at_its_quarter(made: world.World) -> None:
    (found,) = write(made, ENTRY | {"unit": f"{V1}07", "field": "m"}, form="g")
    assert (found.org_code, found.county) == (V1, "990001")
    found = write(made, ENTRY | {"unit": "990001001", "field": "t", "period": "2026Q1"}, form="q")[-1]
    assert found.key == ("q", "2026Q1", "990001")


def test_a_unit_closed_at_the_period_s_end_is_none_of_it(made: world.World) -> None:
    assert write(made, ENTRY | {"unit": "990002001001"})[0].county == "990002"
    with pytest.raises(CatalogueError, match="no unit 990002001001 that reports form v for 2026-02"):
        write(made, ENTRY | {"unit": "990002001001", "period": "2026-02"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": ...}, "reason: Field required"),
        ({"reason": " "}, "reason: "),
        ({"by": ...}, "by: Field required"),
        ({"was": ...}, "was: Field required"),
        ({"status": "on"}, "status: "),
        ({"status": ...}, "status: Field required"),
        ({"action": "add"}, "action: "),
        ({"colour": "red"}, "colour: "),
        ({"now": ...}, "`now` belongs to action set, which needs it"),
        ({"action": "missing"}, "`now` belongs to action set"),
        ({"action": "leave_out"}, "`now` belongs to action set"),
        ({"field": "nothing"}, "form v of 2026-01 has no field 'nothing' (expected n, money"),
        ({"field": "late"}, "form v of 2026-01 has no field 'late'"),
        ({"field": "unit_code"}, "has no field 'unit_code'"),
        ({"unit": "990001001009"}, "no unit 990001001009 that reports form v"),
        ({"unit": "990001001003"}, "no unit 990001001003 that reports form v"),
        ({"unit": "990001001"}, "is no key of form v"),
        ({"period": "2026Q1"}, "form v is reported by the month"),
        ({"period": "2026-13"}, "'2026-13' is not a period"),
        ({"was": "40"}, "was is no integer"),
        ({"was": 4.5}, "was is no integer"),
        ({"now": True}, "now is no integer"),
        ({"field": "money", "was": "12"}, "was is no decimal"),
        ({"field": "money", "was": 0.00001}, "was has too many digits"),
        ({"now": 10**10}, "now is too large (expected at most 10 digits"),
        ({"field": "money", "was": 1, "now": -(10**12)}, "now is too large (expected at most 12 digits"),
        ({"field": "is_on", "was": 1}, "was is no boolean"),
        ({"field": "day", "was": "2026-02-30", "now": "2026-02-01"}, "was is no date"),
        ({"field": "kind", "was": "a", "now": "c"}, "now is no enum (expected a, b)"),
        ({"field": "note", "was": 1, "now": "x"}, "was is no text"),
        ({"was": 4}, "changes nothing"),
        ({"was": None, "action": "missing", "now": ...}, "changes nothing"),
        ({"reason": "call 13800138000"}, "reason holds a mobile number"),
        ({"field": "note", "was": "11010519491231002X", "now": "x"}, "was holds a resident id number"),
    ],
)
def test_what_does_not_hold_names_file_entry_and_rule(
    made: world.World, change: dict[str, Any], said: str
) -> None:
    entry = {k: v for k, v in (ENTRY | change).items() if v is not ...}
    with pytest.raises(CatalogueError) as e:
        write(made, ENTRY | {"unit": V2}, entry)
    path = made.catalogue / "corrections" / "v.yaml"
    line = int(str(e.value.problems[0]).removeprefix(f"{path}, line ").partition(":")[0])
    assert line > len(ENTRY)  # in the second entry
    assert said in str(e.value)
    assert "13800138000" not in str(e.value)
    assert "11010519491231002X" not in str(e.value)


def test_two_for_one_cell_or_row_are_refused_unless_one_is_retired(made: world.World) -> None:
    other = ENTRY | {"field": "late", "was": 1, "now": 2}
    out = {k: v for k, v in ENTRY.items() if k != "now"} | {
        "action": "leave_out",
        "field": "note",
        "was": "x",
    }
    for two in ([ENTRY, ENTRY | {"now": 5}], [ENTRY, ENTRY | {"status": "proposed", "now": 5}]):
        with pytest.raises(
            CatalogueError, match=r"v.yaml, line \d+.*two corrections of one cell.*v.yaml\[0\]"
        ):
            write(made, *two)
    for two in ([ENTRY, out], [out, ENTRY]):
        with pytest.raises(CatalogueError, match="two corrections of one row"):
            write(made, *two)
    assert len(write(made, ENTRY | {"status": "retired"}, ENTRY)) == 2
    assert len(write(made, ENTRY | {"period": "2026-02"}, other | {"period": "2026-02"}, ENTRY)) == 3


def test_a_file_of_no_form_is_refused(made: world.World) -> None:
    with pytest.raises(CatalogueError, match="no form 'w'"):
        write(made, ENTRY, form="w")
    (made.catalogue / "corrections" / "w.yaml").unlink()
    (made.catalogue / "corrections" / "v.yaml").write_text("unit: x", encoding="utf-8")
    load.look()
    with pytest.raises(CatalogueError, match="a list of entries"):
        load(made.catalogue, made.expectations)
