"""Patterns that are compiled at first use."""

from __future__ import annotations

import re

import pytest

from qiangji.patterns import at_first_use


def test_it_is_compiled_when_it_is_used_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def compile_(pattern: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(pattern)
        return compile_as_ever(pattern, flags)

    compile_as_ever = re.compile
    monkeypatch.setattr(re, "compile", compile_)
    found = at_first_use("书记|Party", re.IGNORECASE)
    assert compiled == []
    assert found.search("a party")
    assert found.sub("-", "书记, party") == "-, -"
    assert not found.fullmatch("书记 party")
    assert compiled == ["书记|Party"]


def test_what_does_not_compile_says_so() -> None:
    with pytest.raises(re.error):
        at_first_use("(").search("")


def test_what_a_pattern_does_not_have_this_has_not_either() -> None:
    with pytest.raises(AttributeError):
        at_first_use("a").no_method  # type: ignore[attr-defined]  # noqa: B018
