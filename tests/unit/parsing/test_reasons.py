"""The list of reason codes holds every code of a ReturnedError, and no other; the page shows the list."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from qiangji.parsing import reasons, reasons_page

PROJECT = Path(__file__).resolve().parents[3]
PACKAGE = PROJECT / "plugins" / "qiangji"


def codes_of(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value)


@functools.cache
def raised() -> set[str]:
    """Codes of ReturnedErrors in the package's source."""
    found: set[str] = set()
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ReturnedError":
                found.update(codes_of(node))
    return found


def told() -> set[str]:
    """Codes of verdicts without an error."""
    found = set()
    for path in (
        *PACKAGE.glob("checking/*.py"),
        *PACKAGE.glob("landing/*.py"),
        PACKAGE / "parsing/ndjson_file.py",
        PACKAGE / "ledger/records.py",
    ):
        source = path.read_text(encoding="utf-8")
        found |= {code for code in reasons.REASONS if f'"{code}"' in source}
    return found


def test_the_list_has_every_code_and_no_other() -> None:
    assert len(raised()) > 15
    assert raised() <= set(reasons.REASONS)
    assert set(reasons.REASONS) == raised() | told()


def test_every_code_is_told_in_both_languages() -> None:
    for reason in reasons.REASONS.values():
        assert all((reason.trigger_zh, reason.trigger_en, reason.do_zh, reason.do_en)), reason.code
        assert any("一" <= c <= "鿿" for c in reason.trigger_zh + reason.do_zh), reason.code
    assert {r.stage for r in reasons.REASONS.values()} == set(reasons.STAGES)


def test_the_page_is_current() -> None:
    page = (PROJECT / reasons_page.PAGE).read_text(encoding="utf-8")
    assert page == reasons_page.page(), "run `make docs`"
    assert all(f"| `{code}` |" in page for code in reasons.REASONS)


def test_every_reason_has_a_few_words_of_chinese() -> None:
    """As lists of the morning name it: without examples and brackets."""
    for code, one in reasons.REASONS.items():
        assert 4 <= len(one.brief_zh) <= 24, (code, one.brief_zh)
        assert not set("：；，（）") & set(one.brief_zh), code
    assert reasons.in_brief("The totals are not the sums (of rows): {value}") == "The totals are not the sums"
    assert reasons.in_brief("合计（小计）与各行之和不符：{value}") == "合计与各行之和不符"
