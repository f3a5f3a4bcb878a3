"""How each county labels its columns and its units.

In: headers.yaml, data/crosswalk_<county>.csv. Out: lookups.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parent / "headers.yaml"
DATA = Path(__file__).parent / "data"


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    return table


def headers(county: str, form: str) -> dict[str, str]:
    """Field name -> header text, in column order, key and name first."""
    found: dict[str, str] = _table()[county][form]
    return found


def required(form: str) -> list[str]:
    """Fields that a county must never leave blank."""
    found: list[str] = _table()["required"][form]
    return found


def parents(county: str, form: str) -> dict[str, str]:
    """Field name -> text of the merged cell above it; empty where a county writes one header row."""
    found: dict[str, str] = _table()["parents"].get(county, {}).get(form, {})
    return found


def trailing(county: str) -> list[str]:
    """Columns after the last field that hold no field."""
    found: list[str] = _table()["extra"].get(county, {}).get("trailing", [])
    return found


def sheet(county: str, form: str) -> str:
    """The name of the sheet that holds the form."""
    found: str = _table()["sheets"].get(county, {}).get(form, "Sheet1")
    return found


def title(form: str) -> str:
    """The form's title, as written above its table."""
    found: str = _table()["titles"][form]
    return found


@cache
def _own_codes(county: str) -> dict[str, str]:
    path = DATA / f"crosswalk_{county}.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["org_code"]: row["county_unit_code"] for row in csv.DictReader(lines)}


def own_code(county: str, code: str) -> str:
    """The county's code of a unit: the tree's, unless the county has its own."""
    return _own_codes(county).get(code, code)
