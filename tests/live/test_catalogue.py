"""The live catalogue: properties alone, so that a county more or a village that moves turns nothing red.

Each of them says what to do where it does not hold. `make check-catalogue` runs them after `qiangji check-catalogue`.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.schemas import schemas
from qiangji.catalogue.terms import CountWhere
from qiangji.cli import catalogue as command
from tests.frozen import paths as frozen

ROOT = Path(__file__).resolve().parents[2]
PATH, EXPECTATIONS = ROOT / "catalogue", ROOT / "expectations"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(PATH, EXPECTATIONS)


def test_it_holds_together(catalogue: Catalogue) -> None:
    """`load` refuses what does not; each county reports something."""
    assert command.counted(catalogue)
    assert [c for c in catalogue.counties if not catalogue.forms_of(c)] == []


def test_schemas_are_current() -> None:
    for name, text in schemas().items():
        path = PATH / "schemas" / f"{name}.json"
        assert path.read_text(encoding="utf-8") == text, "run: python -m qiangji.catalogue.schemas"


@pytest.mark.parametrize("path", sorted(PATH.rglob("*.yaml")), ids=lambda p: p.name)
def test_every_file_names_its_schema_and_holds_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = text.splitlines()[0]
    assert head.startswith("# yaml-language-server: $schema="), "the first line names the schema, for editors"
    schema = path.parent / head.partition("$schema=")[2]
    assert schema.resolve().is_relative_to(PATH)
    content = json.loads(
        json.dumps(yaml.load(text, Loader=yaml.CSafeLoader) or [], default=str)
    )  # an editor sees a day as text
    jsonschema.validate(content, json.loads(schema.read_text(encoding="utf-8")))


def test_every_initiative_of_the_plan_is_measured(catalogue: Catalogue) -> None:
    measured = {i.initiative for i in catalogue.indicators.values()}
    assert [code for code in catalogue.plan.initiatives if code not in measured] == []


def test_every_task_counts_in_the_indicator_of_its_initiative_and_no_other(catalogue: Catalogue) -> None:
    for form in (f for f in catalogue.forms.values() if f.serials):
        counted: dict[str, list[str]] = {}
        for indicator in catalogue.indicators.values():
            if indicator.forms == (form.form,):
                (term,) = indicator.denominator
                assert isinstance(term, CountWhere)
                for end in term.count_where.ends_with:
                    counted.setdefault(end.removeprefix("-"), []).append(indicator.initiative)
        assert counted == {serial: [task.initiative] for serial, task in form.serials.items()}


def test_headline_is_year_to_date_where_the_numerator_is(catalogue: Catalogue) -> None:
    for indicator in catalogue.indicators.values():
        kinds = {
            catalogue.forms[t.form].fields[f].kind
            for t in indicator.numerator
            for f in t.fields - {catalogue.forms[t.form].key}
        }
        assert ("ytd" in kinds) == (indicator.headline == "ytd"), indicator.code


def test_percent_is_a_hundredfold(catalogue: Catalogue) -> None:
    for indicator in catalogue.indicators.values():
        assert (indicator.factor == 100) == (indicator.unit in ("percent", "per_100")), indicator.code


def test_texts_are_in_both_languages(catalogue: Catalogue) -> None:
    labels = [
        *(i.name for i in catalogue.plan.initiatives.values()),
        *(x for i in catalogue.indicators.values() for x in (i.name, i.definition)),
        *(x for f in catalogue.forms.values() for d in f.fields.values() for x in (d.label, d.note) if x),
    ]
    for label in labels:
        assert any("\u4e00" <= c <= "\u9fff" for c in label.zh), label
        assert not any("\u4e00" <= c <= "\u9fff" for c in label.en), label


def test_every_field_has_a_note(catalogue: Catalogue) -> None:
    assert [
        f"{f.form}.{n}" for f in catalogue.forms.values() for n, d in f.fields.items() if not d.note
    ] == []


def test_everything_that_is_read_is_read_in_the_frozen_catalogue_too() -> None:
    """A kind of file that only the live catalogue has is tested by nothing."""
    kinds = {p.relative_to(PATH).parts[0] for p in PATH.glob("*") if p.name not in ("README.md", "schemas")}
    assert kinds == {p.name for p in frozen.CATALOGUE.glob("*")}
