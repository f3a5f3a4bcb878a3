"""JSON Schemas of the catalogue's files, so that an editor completes and checks them while one types.

In: the models. Out: catalogue/schemas/<file>.json. Run `python -m qiangji.catalogue.schemas` after a change
to them; a test holds the files current. What a schema cannot say (a field that no form has), `load` says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from qiangji.catalogue.corrections import Entry
from qiangji.catalogue.holidays import HolidayYear
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.models import County, Form, Plan, Suppression
from qiangji.settings import settings

FILES: dict[str, Any] = {
    "plan": Plan,
    "form": Form,
    "indicators": list[Indicator],
    "counties": list[County],
    "suppression": Suppression,
    "corrections": list[Entry],
    "holidays": HolidayYear,
}
"""Schema name -> what a file of that kind holds."""


def schemas() -> dict[str, str]:
    """Schema name -> JSON text, as written to catalogue/schemas/<name>.json."""
    return {name: _text(TypeAdapter(model).json_schema(by_alias=True), name) for name, model in FILES.items()}


def write(folder: Path) -> list[Path]:
    """Write every schema into the folder; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in schemas().items():
        path = folder / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _text(schema: dict[str, Any], name: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    return (
        json.dumps(
            {**head, **{k: v for k, v in schema.items() if k != "title"}}, ensure_ascii=False, indent=2
        )
        + "\n"
    )


if __name__ == "__main__":
    for written in write(settings().catalogue / "schemas"):
        print(written)
