"""An indicator is no older than the fields and forms that it reads, in each of its definitions.

A field that is asked for since some month is refused in an older indicator, and the message says what to write.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.load import Catalogue, load
from qiangji.errors import CatalogueError
from tests.unit.catalogue.editing import EXPECTATIONS, GROUPS, PATH, RURAL, edit, indicator


def _asked_since(folder: Path, changes: dict[str, Callable[[Any], object]]) -> Catalogue:
    shutil.copytree(PATH, folder)
    edit(folder / GROUPS, lambda f: f["fields"]["party_member_leaders"].update(since="2026-10"))
    for name, change in changes.items():
        edit(folder / name, change)
    return load(folder, EXPECTATIONS)


def test_an_indicator_older_than_a_field_that_it_reads_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as e:
        _asked_since(tmp_path / "catalogue", {})
    (problem,) = e.value.problems
    assert problem.code == "not_asked_yet"
    for words in ("indicators/rural.yaml, line", "group_leader_party_share", "village_group.party_member_leaders",
                  "2024-01 to 2026-09", "`since: 2026-10`"):  # fmt: skip
        assert words in str(problem)


@pytest.mark.parametrize("since", ["2026-10", "2027-01"])
def test_an_indicator_as_new_as_the_field_that_it_reads_holds(tmp_path: Path, since: str) -> None:
    read = _asked_since(tmp_path / "catalogue", {RURAL: indicator(since=since)})
    assert read.indicators["group_leader_party_share"].since == since


def test_a_field_as_old_as_the_plan_asks_for_nothing(tmp_path: Path) -> None:
    as_old = {GROUPS: lambda f: f["fields"]["party_member_leaders"].update(since="2024-01")}
    assert _asked_since(tmp_path / "catalogue", as_old)


def test_each_definition_is_held_against_the_fields_that_it_reads(tmp_path: Path) -> None:
    """What the indicator meant before reads an older field; it must hold until the newer one is asked for."""
    side = {"form": "village_group", "sum": "leaders"}

    def meant(until: str) -> Callable[[Any], object]:
        words = {"zh": "以前", "en": "before"}
        earlier = {"until": until, "definition": words, "numerator": side, "denominator": side}
        return indicator(earlier=[earlier])

    assert _asked_since(tmp_path / "right", {RURAL: meant("2026-09")})
    with pytest.raises(CatalogueError, match="`until: 2026-09` or later"):
        _asked_since(tmp_path / "early", {RURAL: meant("2026-08")})


def test_an_indicator_older_than_the_form_that_it_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="village_group, which is asked for since 2026-11") as e:
        _asked_since(
            tmp_path / "catalogue",
            {RURAL: indicator(since="2026-10"), GROUPS: lambda f: f.update(since="2026-11")},
        )
    assert {p.code for p in e.value.problems} == {"not_asked_yet"}
