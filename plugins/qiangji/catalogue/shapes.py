"""A catalogue file's content as models: what is wrong is said with file, line and key.

In: a YAML file and the model of what it holds. Out: the model, or a CatalogueError with what was found and allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from qiangji.catalogue.places import Place
from qiangji.errors import CatalogueError, Problems
from qiangji.text import control_in

M = TypeVar("M", bound=BaseModel)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # YAML may lack its C part
    """Leaves a day that there is not (2026-06-31) as text, so that the model refuses it at its place."""


def _day(loader: Any, node: yaml.ScalarNode) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


def _text(_loader: Any, node: yaml.ScalarNode) -> Any:
    if odd := control_in(node.value):  # YAML has escapes for what the journal could not give back
        raise yaml.constructor.ConstructorError(problem=f"no text holds {odd}", problem_mark=node.start_mark)
    return node.value


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _day)
_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def read_yaml(path: Path) -> Any:
    """What a file holds. Raises CatalogueError if there is none, or it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as e:
        raise CatalogueError("no such file", where=path, expected="a file of the catalogue") from e
    except yaml.YAMLError as e:
        raise CatalogueError(f"not YAML: {e}", where=path, expected="YAML") from e


def _entries(path: Path, problems: Problems) -> Iterator[tuple[Place, Any]]:
    """The entries of a file that is a list, with their places."""
    content: list[Any] = []
    with problems.noting():
        found = read_yaml(path)
        found = [] if found is None else found  # nothing but comments
        if not isinstance(found, list):
            raise CatalogueError(f"holds a {type(found).__name__}", where=path, expected="a list of entries")
        content = found
    for i, entry in enumerate(content):
        yield Place(path) / i, entry


def shaped(model: type[M], paths: Iterable[Path], problems: Problems) -> list[tuple[Place, M]]:
    """The entries of files that are lists, with their places; an entry of another shape is a noted problem."""
    found = []
    for path in paths:
        for place, entry in _entries(path, problems):
            with problems.noting():
                found.append((place, as_model(model, entry, place)))
    return found


def as_model(model: type[M], content: Any, place: Place) -> M:
    """Content as a model. Raises CatalogueError for each key or value that it does not allow."""
    try:
        return model.model_validate(content)
    except ValidationError as e:
        problems = Problems()
        errors = e.errors()
        for found in errors:
            if found["type"] == "too_short" and any(
                _is_within(other["loc"], found["loc"]) for other in errors
            ):
                continue  # of a list whose entries are wrong pydantic counts the right ones
            at, keys = _located(model, found["loc"], place)
            with problems.noting():
                of_keys = found["type"] in ("extra_forbidden", "missing")
                of_whole = found["type"] == "value_error" and isinstance(found["input"], dict)
                raise CatalogueError(
                    found["msg"].removeprefix("Value error, ")
                    + ("" if of_whole else f", found {found['input']!r:.80}"),
                    where=at,
                    expected=f"keys: {keys}" if of_keys else "",
                ) from e
        problems.tell()
        raise


def _is_within(loc: tuple[str | int, ...], around: tuple[str | int, ...]) -> bool:
    return len(loc) > len(around) and loc[: len(around)] == around


def _located(model: type[BaseModel], loc: Iterable[str | int], place: Place) -> tuple[Place, str]:
    """Where pydantic found an error, as a place in the file, and the keys that are allowed there."""
    models = around = [model]
    for key in loc:
        if chosen := [
            m for m in models if m.__name__ == key
        ]:  # the tag of a term's class is no key of the file
            models = chosen
            continue
        place, around = place / key, models
        fields = [f.annotation for m in models for n, f in m.model_fields.items() if key in (n, f.alias)]
        models = [m for annotation in fields for m in _models_in(annotation)] or models
    return place, ", ".join(f.alias or n for m in around for n, f in m.model_fields.items())


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models_in(part)]
