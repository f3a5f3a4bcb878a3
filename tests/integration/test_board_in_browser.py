"""The board in real Chromium: languages x themes x widths, without a complaint; what a keyboard reaches; dialogs.

Every page of `pages.PAGES` is looked at. `--screenshots FOLDER` keeps a picture of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi
import pytest
from selenium.webdriver.common.keys import Keys

from qiangji.board import Viewer, pages, web
from qiangji.board.state import LANGUAGES, THEMES
from qiangji.catalogue.tree import LEVELS
from qiangji.figures import Choice
from tests.integration.boards import INDICATOR, Key, Site, assert_equal, board, served, shown
from tests.integration.browsing import AXE, SIZES, Browser, chromium, serving

AXE_HASH = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""SHA-256 of axe.min.js of the npm package axe-core 4.14.1."""
VIEWS = {
    **{page.name: address for address, page in pages.PAGES.items()},
    "slides": "?show=slides",
    "villages": f"indicator?indicator={INDICATOR}&level=village",
    "restated": f"indicator?indicator={INDICATOR}&tree=restated",
}
"""Name -> address, of the pages and of views of them that look different."""
DUTY = Viewer("li.lei", may_decide=True, may_see_workbooks=True)
LOCKED = "2026-09"
WRONG = """<!doctype html><html><head><title>wrong</title></head><body>
<script>window.ran = true</script><img src="data:,"><div style="color: red">inline</div>
<div class="wide"><button class="bare">x</button></div><a href="/x" tabindex="-1">out of reach</a>
<link rel="stylesheet" href="wrong.css"></body></html>"""
WRONG_CSS = ".wide { width: 3000px } .bare:focus { outline: none }"


@pytest.fixture(scope="module")
def browser(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Site]:
    """Where something is held, and may be decided on."""
    with board(tmp_path_factory.mktemp("board"), postgres, DUTY, LOCKED) as one:
        yield one


@pytest.fixture(scope="module")
def home(site: Site) -> Iterator[str]:
    """The address of the board."""
    application = served(site.warehouse, lambda: DUTY)

    @application.get("/wrong")
    def wrong() -> Any:
        return fastapi.Response(WRONG, headers=web.HEADERS, media_type="text/html")

    @application.get("/wrong.css")
    def wrong_css() -> Any:
        return fastapi.Response(WRONG_CSS, headers=web.HEADERS, media_type="text/css")

    with serving(application) as address:
        yield f"{address}/qiangji/board/"


@pytest.fixture(scope="module")
def figures(site: Site) -> dict[Key, Any]:
    """Every figure there is, as `qiangji values` prints it."""
    found: dict[Key, Any] = {}
    for period in (*site.night.months, *site.night.systems.manifest["quarters"]):
        for level in LEVELS:
            found |= site.values(choice=Choice(level=level), period=period)
    return found


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Where pictures of the pages are kept."""
    folder = request.config.getoption("--screenshots")
    return Path(folder) if folder else None


def joined(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"


# --- every page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_wrong_with_a_page(
    browser: Browser,
    home: str,
    figures: dict[Key, Any],
    pictures: Path | None,
    name: str,
    lang: str,
    theme: str,
) -> None:
    wrong: list[str] = []
    for width in SIZES:
        browser.open(joined(home + VIEWS[name], f"lang={lang}&theme={theme}"), width)
        if pictures:
            browser.picture(pictures / f"{name}-{lang}-{theme}-{width}.png")
        wrong += [f"{width}: {told}" for told in browser.findings() + browser.complaints()]
        if (more := browser.overflow(width)) > 0:
            wrong.append(f"{width}: the page is {more} px wider than the window")
        assert browser.run("return document.documentElement.lang.slice(0, 2)") == lang
        found = shown(browser.text)
        assert_equal(found, {key: figures[key] for key in found})
        if width == max(SIZES) and name != "slides":
            assert browser.hidden_figures() == []
        assert browser.run(
            "return [...document.querySelectorAll('[data-chart]')].every((e) => e.querySelector('svg path'))"
        )
    assert wrong == []
