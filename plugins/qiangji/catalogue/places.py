"""Where in a catalogue file something stands: file, line and key, as an error names it.

In: a YAML or JSON file and the keys that lead to the place. Out: its text, `forms/village.yaml, line 12: fields.x`.
Files are read again for it: they hold no lines once they are values, and only an error wants to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

_NAMES = ("code", "county", "unit")
"""Keys by which an entry of a list is known, the first that it has."""


@dataclass(frozen=True)
class Place:
    """A key of a file; `place / "fields" / 0` is one beneath it."""

    path: Path
    keys: tuple[str | int, ...] = ()

    def __truediv__(self, key: str | int) -> Place:
        return Place(self.path, (*self.keys, key))

    def __str__(self) -> str:
        node, shown = _read(self.path), ""
        line = None
        for key in self.keys:
            node, at = _child(node, key)
            line = at or line
            name = _name(node) if isinstance(key, int) else ""
            shown = name or shown + (f"[{key}]" if isinstance(key, int) else f".{key}")
        named = shown.removeprefix(".")
        return f"{self.path}{f', line {line}' if line else ''}{f': {named}' if named else ''}"


def _read(path: Path) -> yaml.Node | None:
    try:
        # JSON is YAML; the C loader where there is one
        return yaml.compose(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except (OSError, yaml.YAMLError):
        return None


def _child(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node | None, int | None]:
    """The node beneath a key and its line; a single entry where a list may stand is the list's first."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == str(key):
                return value, name.start_mark.line + 1
        return (node if isinstance(key, int) else None), None
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found = node.value[key]
        return found, found.start_mark.line + 1
    return None, None


def _name(node: yaml.Node | None) -> str:
    """What an entry of a list is called: its code, or an expectation's rule."""
    if not isinstance(node, yaml.MappingNode):
        return ""
    found = {key.value: value for key, value in node.value}
    names = [found[n].value for n in _NAMES if isinstance(found.get(n), yaml.ScalarNode)]
    meta = found.get("meta")
    if not names and isinstance(meta, yaml.MappingNode):
        names = [value.value for key, value in meta.value if key.value == "rule"]
    return str(names[0]) if names else ""
