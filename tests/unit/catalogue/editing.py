"""What tests of a changed catalogue share: the frozen one's files, and how to change an entry of one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.frozen import paths as frozen

PATH, EXPECTATIONS = frozen.CATALOGUE, frozen.EXPECTATIONS


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    change(content)
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def by(entries: list[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    return next(e for e in entries if e[key] == value)


def indicator(**new: Any) -> Callable[[Any], object]:
    return lambda es: by(es, "code", "group_leader_party_share").update(new)


def condition(**test: Any) -> Callable[[Any], object]:
    return indicator(numerator={"form": "village_group", "count_where": test})


RURAL, GROUPS, TASKS, COUNTIES, PLAN = (
    "indicators/rural.yaml",
    "forms/village_group.yaml",
    "forms/county_milestones.yaml",
    "counties.yaml",
    "plan.yaml",
)
SUPPRESSION = "suppression.yaml"
