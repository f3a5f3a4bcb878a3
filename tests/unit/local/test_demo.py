"""The demonstration's strings that no type checker sees."""

from __future__ import annotations

from importlib.util import find_spec

from qiangji.local import demo
from qiangji.settings import PROJECT


def test_what_the_scheduler_imports_before_it_forks_is_there() -> None:
    assert [name for name in demo.PRELOAD if find_spec(name) is None] == []


def test_its_dags_are_those_of_the_project() -> None:
    assert set(demo.DAGS) == {file.stem for file in (PROJECT / "dags").glob("*.py")}
