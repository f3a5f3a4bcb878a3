"""The files that the simulator writes: truth, manifest, units and connections.

In: the submissions held. Out: files.

    DIR/connections.env                       credentials, 0600
    DIR/manifest.json                         planted faults, the expected outcome of each submission, events
    DIR/truth/<county>/<form>/<period>.jsonl  each row as the county means it
    DIR/units.csv                             the villages and communities that report (all, unless thinned)
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.submissions import Submission
from simulator.tree import Place


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, without a moment in which others can."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(
        os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as out:
        out.write(text)
    temporary.replace(path)


def write(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_connections(path: Path, connections: Mapping[str, str]) -> None:
    """A line for each county, as environment variables."""
    lines = [f"QIANGJI_CONN_COUNTY_{county}={uri}\n" for county, uri in sorted(connections.items())]
    write_private(path / "connections.env", "".join(lines))


def write_truth(path: Path, submission: Submission) -> None:
    """A JSON object for each row, in key order."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    text = "".join(encode(row) + "\n" for row in submission.truth())
    county, form, period = submission.key
    write(path / "truth" / county / form / f"{period}.jsonl", text)


def write_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """The manifest, each entry on a line, so that two can be compared by eye."""
    parts = []
    for key, value in manifest.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            entries = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in value)
            parts.append(f'"{key}": [\n  {entries}\n]')
        else:
            parts.append(f'"{key}": {json.dumps(value, ensure_ascii=False)}')
    write(path / "manifest.json", "{\n" + ",\n".join(parts) + "\n}\n")


def write_units(path: Path, places: Iterable[Place]) -> None:
    """The places that report, in the tree's columns."""
    with (path / "units.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["code", "name", "level", "parent_code"])
        for place in places:
            writer.writerow(
                [place.code, place.name, "village" if place.is_village else "community", place.town]
            )
