"""The board in real Chromium: languages x themes x widths, without a complaint; what a keyboard reaches; dialogs.

Every page of `pages.PAGES` is looked at. `--screenshots FOLDER` keeps a picture of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import fastapi
import pytest
from selenium.webdriver.common.keys import Keys

from qiangji.board import Viewer, pages, web
from qiangji.board.rendering import after
from qiangji.board.state import LANGUAGES, THEMES
from qiangji.catalogue.tree import LEVELS
from qiangji.figures import Choice
from qiangji.pipeline import read_catalogue
from tests.integration.boards import COUNTIES, INDICATOR, Key, Lived, Site, assert_equal, board, served, shown
from tests.integration.browsing import AXE, PAPER, SERIOUS, SIZES, Browser, chromium, serving

AXE_HASH = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""SHA-256 of axe.min.js of the npm package axe-core 4.14.1."""
VIEWS = {page.name: address for address, page in pages.PAGES.items()}
"""Name of a page -> its address."""
DUTY = Viewer("li.lei", may_decide=True, may_see_workbooks=True)
WRONG = """<!doctype html><html><head><title>wrong</title><link rel="stylesheet" href="wrong.css"></head><body><main>
<script>window.ran = true</script><img src="data:,"><div style="color: red">inline</div><p class="pale">pale</p>
<div class="wide"><button class="bare">x</button></div><a href="/x" tabindex="-1">out of reach</a>
<data hidden data-figure="a/b/c/d">1</data><div class="scroll"><table><tr>
<th class="broad">broad</th></tr></table></div></main></body></html>"""
EVERY_RULE = "axe.run(document).then((found) => arguments[0](found.violations.map((v) => [v.impact, v.id])))"
WRONG_CSS = """.wide { width: 3000px } .bare:focus { outline: none } .pale { color: #ccc; background: #fff }
.scroll { overflow-x: auto; width: 400px } .broad { position: sticky; left: 0; min-width: 800px }"""


@pytest.fixture(scope="module")
def browser(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.fixture(scope="module")
def site(
    browser: Browser, board_night: Lived, tmp_path_factory: pytest.TempPathFactory, postgres: Any
) -> Iterator[Site]:
    """Where something is held, and may be decided on."""
    with board(board_night, tmp_path_factory.mktemp("board"), postgres, DUTY) as one:
        yield one


@pytest.fixture(scope="module")
def home(site: Site) -> Iterator[str]:
    """The address of the board."""
    application = served(site.warehouse, lambda: DUTY)

    def wrong() -> Any:
        return fastapi.Response(WRONG, headers=web.HEADERS, media_type="text/html")

    def wrong_css() -> Any:
        return fastapi.Response(WRONG_CSS, headers=web.HEADERS, media_type="text/css")

    application.get("/wrong")(wrong)
    application.get("/wrong.css")(wrong_css)

    with serving(application) as address:
        yield f"{address}/qiangji/board/"


@pytest.fixture(scope="module")
def figures(site: Site) -> dict[Key, Any]:
    """Every figure there is, as `qiangji values` prints it."""
    found: dict[Key, Any] = {}
    for period in (*site.night.months, *site.night.systems.manifest["quarters"]):
        for level in LEVELS[:-1]:
            found |= site.values(choice=Choice(level=level), period=period)
    return found


@dataclass
class Look:
    """Opens a page of the board and tells what is wrong with it. `pictures`: where a picture of it is kept.

    `of_colours`: axe-core looks at the colours alone.
    """

    browser: Browser
    home: str
    month: str
    pictures: Path | None

    def __call__(
        self, address: str, width: int, name: str = "", *, of_colours: bool = False, **query: str
    ) -> list[str]:
        self.browser.open(joined(self.home + address, **query), width)
        return self.problems(width, name, of_colours=of_colours)

    def problems(self, width: int, name: str = "", *, of_colours: bool = False) -> list[str]:
        if self.pictures and name:
            self.browser.picture(self.pictures / f"{name}.png")
        found = self.browser.findings(of_colours=of_colours) + self.browser.complaints()
        if (more := self.browser.overflow(width)) > 0:
            found.append(f"the page is {more} px wider than the window")
        found += [f"a heading that leaves no room: {text}" for text in self.browser.broad_headings(width)]
        return [f"{width}: {one}" for one in found]


@pytest.fixture(scope="module")
def look(browser: Browser, site: Site, home: str, request: pytest.FixtureRequest) -> Look:
    folder = request.config.getoption("--screenshots")
    return Look(browser, home, site.night.months[-1], Path(folder) if folder else None)


def joined(address: str, **query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


# --- every page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_wrong_with_a_page(
    look: Look, figures: dict[Key, Any], name: str, lang: str, theme: str
) -> None:
    """A theme changes colours alone, so of a dark page axe-core looks at those: the rest it has seen in the light one.
    A dark page is loaded once, and becomes narrow as a window does; a light one is loaded at each width.

    Slides and dialogs are looked at as a whole in the dark.
    """
    wrong: list[str] = []
    is_dark, is_open = theme == "dark", False
    for width in SIZES:
        if is_dark and is_open:
            look.browser.resize(width)
        else:
            look.browser.open(joined(look.home + VIEWS[name], lang=lang, theme=theme), width)
            is_open = True
            found = shown(look.browser.text)
            assert_equal(found, {key: figures[key] for key in found})
            assert look.browser.run("return document.documentElement.lang.slice(0, 2)") == lang
        wrong += look.problems(width, f"{name}-{lang}-{theme}-{width}", of_colours=is_dark)
    assert wrong == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_returned_report_leads_to_what_to_do_about_it(look: Look, lang: str) -> None:
    browser = look.browser
    for width in SIZES:
        browser.open(joined(look.home + "today", lang=lang, theme="light"), width)
        folded = "[...document.querySelectorAll('details.rest')]"
        assert browser.run(f"return {folded}.length") > 2
        browser.run(f"{folded}.forEach((e) => e.open = true)")
        assert look.problems(width, f"today-open-{lang}-{width}") == []
        link = "document.querySelector('a[href*=\"#r-\"]')"
        name = browser.run(f"return {link}.innerText")
        browser.run(f"{link}.click()")
        assert look.problems(width, f"county-back-{lang}-{width}") == []
        row = browser.run("return document.querySelector('tr:target').innerText")
        assert {"zh": "怎么办：", "en": "To do: "}[lang] in row
        assert name in browser.run("return document.querySelector('h1').innerText")


def test_every_figure_of_the_overview_is_seen(look: Look, site: Site) -> None:
    look.browser.open(look.home)
    assert_equal(shown(look.browser.text), site.values())
    assert look.browser.hidden_figures() == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_overview_has_room_for_all_counties_on_a_desk(look: Look, lang: str) -> None:
    look.browser.open(joined(look.home, lang=lang))
    assert look.browser.scrolled("table.figures") == []
    assert look.browser.scrolled("table.heat") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_county_is_to_do_is_seen_on_a_small_screen(look: Look, lang: str) -> None:
    for county in COUNTIES:
        look.browser.open(joined(look.home + "county", lang=lang, county=county), 1024)
        assert look.browser.scrolled("table.wrapped") == [], county


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_fits_its_paper(look: Look, name: str, lang: str) -> None:
    browser = look.browser
    try:
        browser.command("Emulation.setEmulatedMedia", media="print")
        with browser.unseen():
            browser.open(joined(look.home + VIEWS[name], lang=lang, theme="dark"), PAPER)
        assert browser.overflow(PAPER) <= 0
        assert browser.scrolled("table") == []
        shown_ = "filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 80))"
        what = "nav, button, select, input:not([type=hidden]), .button, .downloads, .switch"
        assert browser.run(f"return [...document.querySelectorAll('{what}')].{shown_}") == []
        assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        heads = "return [...document.querySelectorAll('thead')].map((e) => getComputedStyle(e).display)"
        assert set(browser.run(heads)) <= {"table-header-group"}, "repeated on each sheet"
    finally:
        browser.command("Emulation.setEmulatedMedia", media="")


def test_a_chart_that_is_printed_has_the_width_of_its_place_there(look: Look) -> None:
    address = f"indicator?indicator={INDICATOR}&period={look.month}&type=month&theme=dark"
    look.browser.open(look.home + address)
    wide = "return [...document.querySelectorAll('[data-chart] svg')].map((e) => e.getBoundingClientRect().width)"
    before = look.browser.run(wide)
    look.browser.run("dispatchEvent(new Event('beforeprint'))")
    assert max(look.browser.run(wide)) <= PAPER * 0.55 < min(before)
    assert look.browser.run("return document.documentElement.dataset.theme") == "light"
    look.browser.run("dispatchEvent(new Event('afterprint'))")
    assert look.browser.run(wide) == before
    assert look.browser.run("return document.documentElement.dataset.theme") == "dark"


def test_a_unit_without_units_beneath_has_no_empty_card(look: Look) -> None:
    village = next(u.code for u in read_catalogue().org if u.level == "village")
    for org, cards in (("440700", {"map", "beneath"}), (village, set())):
        look.browser.open(joined(look.home + "indicator", indicator=INDICATOR, org=org))
        ids = look.browser.run(
            "return [...document.querySelectorAll('section.card')].map((e) => e.ariaLabelledByElements[0].id)"
        )
        assert {"map", "beneath"} & set(ids) == cards, org


def test_the_charts_of_an_indicator_are_drawn_and_its_villages_are_true(
    look: Look, figures: dict[Key, Any]
) -> None:
    address = f"indicator?indicator={INDICATOR}&period={look.month}&type=month&level=village"
    assert look(address, 1440, "villages", lang="zh", theme="light") == []
    found = shown(look.browser.text)
    assert len([org for _, org, _, _ in found if len(org) == 12]) > 10
    assert_equal(found, {key: figures[key] for key in found})
    drawn = look.browser.run(
        "return [...document.querySelectorAll('[data-chart]')]"
        ".map((e) => [e.dataset.chart, e.querySelectorAll('svg path').length > 3])"
    )
    assert sorted(drawn) == [["trend", True], ["waterfall", True]]


def test_the_slides_turn(look: Look) -> None:
    assert look("?show=slides", 1440, "slides", lang="en", theme="dark") == []
    visible = "return [...document.querySelectorAll('.slide')].map((e) => e.checkVisibility()).indexOf(true)"
    count = "return [...document.querySelectorAll('.slide')].filter((e) => e.checkVisibility()).length"
    assert (look.browser.run(visible), look.browser.run(count)) == (0, 1)
    look.browser.press(Keys.ARROW_RIGHT)
    assert (look.browser.run(visible), look.browser.run(count)) == (1, 1)


def test_without_a_choice_the_theme_is_the_machine_s(look: Look) -> None:
    browser = look.browser
    ground = "return getComputedStyle(document.body).backgroundColor"
    found = {}
    for theme in THEMES:
        browser.open(joined(look.home, theme=theme))
        found[theme] = browser.run(ground)
    assert len(set(found.values())) == 2
    try:
        for theme in THEMES:
            media = [{"name": "prefers-color-scheme", "value": theme}]
            browser.command("Emulation.setEmulatedMedia", features=media)
            browser.open(look.home)
            assert browser.run(ground) == found[theme]
            other = browser.driver.find_element(
                "css selector", f".to-{'light' if theme == 'dark' else 'dark'}"
            )
            other.click()
            assert browser.run(ground) != found[theme], "the switch goes to the other one"
    finally:
        browser.command("Emulation.setEmulatedMedia", features=[])


# --- the keyboard -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWS)
def test_the_keyboard_reaches_everything(look: Look, name: str) -> None:
    look.browser.open(look.home + VIEWS[name])
    for width in SIZES:
        look.browser.resize(width)
        assert look.browser.out_of_reach() == [], width


def test_the_first_link_leads_past_the_head(look: Look) -> None:
    look.browser.open(look.home)
    look.browser.press(Keys.TAB, Keys.ENTER)
    assert look.browser.run("return document.activeElement.id") == "content"


# --- dialogs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize(
    ("page", "asks", "key"),
    [("today", "decide=void", Keys.ENTER), ("quality", "dispose=confirmed", Keys.SPACE)],
)
def test_a_dialog_opens_and_closes_by_the_keyboard(
    look: Look, page: str, asks: str, key: str, width: int
) -> None:
    browser = look.browser
    browser.open(joined(look.home + page, lang="en", theme="dark"), width)
    before = len(browser.driver.find_elements("css selector", "dialog"))
    browser.run(f"document.querySelector('a[href*=\"{asks}\"]').focus()")
    browser.press(key)
    assert before == 0
    browser.wait_for("dialog:modal")
    assert browser.run("return document.activeElement.name") == "reason"
    assert look.problems(width, f"dialog-{page}-{width}") == []
    browser.press(Keys.ESCAPE)
    browser.wait_until_gone("dialog")
    assert asks not in browser.driver.current_url


def test_many_are_ticked_and_decided_on(look: Look, site: Site) -> None:
    browser = look.browser
    browser.open(joined(look.home + "quality", lang="zh"))
    boxes = browser.driver.find_elements("css selector", "tbody th input[name=groups]")
    for box in boxes[:2]:
        box.click()
    browser.driver.find_element("css selector", "button[name=dispose][value=confirmed]").click()
    browser.wait_for("dialog:modal")
    count = len(str(browser.driver.find_element("name", "findings").get_attribute("value")).split(","))
    assert count > 1
    assert look.problems(1440, "dialog-many") == []
    browser.press("已逐一核实")
    browser.driver.find_element("css selector", "dialog button[type=submit]").click()
    browser.wait_until_gone("dialog")
    assert f"已决定{count}条" in browser.driver.find_element("css selector", ".done").text
    assert look.problems(1440, "outcome") == []
    taken = site.night.query("SELECT decided_by, reason FROM mart.decision WHERE action = 'confirmed'")
    assert taken == [{"decided_by": "li.lei", "reason": "已逐一核实"}] * count


@pytest.mark.parametrize("way", ["the browser's", "the page's"])
def test_a_decision_that_was_refused_is_mended_and_sent_again(look: Look, site: Site, way: str) -> None:
    """Whichever way leads back, what was typed is there, and the button sends it. Of a finding: the reports stay."""
    browser, driver = look.browser, look.browser.driver
    browser.open(joined(look.home + "quality", lang="zh"))
    driver.find_element("css selector", "a[href*='dispose=confirmed']").click()
    browser.wait_for("dialog:modal")
    browser.press("电话13800138000核实过")
    driver.find_element("css selector", "dialog button[type=submit]").click()
    browser.wait_for("section.problem")
    assert "理由里有手机号" in browser.text
    if way == "the browser's":
        driver.back()
    else:
        assert "dispose=confirmed" in str(
            driver.find_element("css selector", "[data-back]").get_attribute("href")
        )
        driver.find_element("css selector", "[data-back]").click()
    browser.wait_for("dialog:modal")
    field = driver.find_element("name", "reason")
    assert field.get_attribute("value") == "电话13800138000核实过"
    field.clear()
    field.send_keys(f"电话核实过，{way}")
    driver.find_element("css selector", "dialog button[type=submit]").click()
    browser.wait_for(".done")
    taken = site.night.query("SELECT decided_by FROM mart.decision WHERE reason = :r", r=f"电话核实过，{way}")
    assert taken == [{"decided_by": "li.lei"}]


@pytest.mark.parametrize("page", ["", "indicator"])
def test_a_moment_stays_when_its_page_is_asked_again(look: Look, site: Site, page: str) -> None:
    browser, driver = look.browser, look.browser.driver
    at = after(site.then)
    assert look(page, 1440, f"moment-{page}", lang="zh", as_of=at.isoformat()) == []
    before = shown(browser.text)
    said = f"所示为{at:%Y-%m-%d %H:%M:%S}当时显示的数"
    assert said in driver.find_element("css selector", ".lead").text
    first = driver.current_url
    driver.find_element("css selector", "form.controls button").click()
    browser.wait_until(lambda: driver.current_url != first)
    assert shown(browser.text) == before
    assert said in driver.find_element("css selector", ".lead").text


def test_a_long_word_of_an_address_widens_no_page(look: Look) -> None:
    for address in ("?period=", "indicator?indicator=", "quality?rule=", "reporting?county="):
        look.browser.open(look.home + address + "9" * 500, 390)
        assert look.browser.overflow(390) <= 0, address


def test_where_nothing_is_there_the_choices_are(look: Look) -> None:
    address = joined("indicator", indicator=INDICATOR, period="2019-01", lang="zh")
    for width in SIZES:
        found = look(address, width, f"nothing-there-{width}")
        assert [one for one in found if "400 (Bad Request)" not in one] == []
    look.browser.driver.find_element("css selector", "select[name=period] option:nth-child(2)").click()
    look.browser.wait_for(".hero")


def test_a_decision_is_taken(look: Look, site: Site) -> None:
    """Last: the reports change."""
    browser = look.browser
    browser.open(joined(look.home + "today", lang="zh"))
    link = browser.driver.find_element("css selector", ".held-do a[href*='decide=void']")
    report = browser.run("return arguments[0].closest('li').id", link)
    link.click()
    browser.wait_for("dialog:modal")
    browser.press("已电话核实")
    browser.driver.find_element("css selector", "dialog button[type=submit]").click()
    browser.wait_until_gone("dialog")
    assert "li.lei" in browser.driver.find_element("css selector", ".done").text
    assert browser.run("return document.getElementById(arguments[0])", report) is None
    assert browser.complaints() == []
    (taken,) = site.night.query("SELECT decided_by, reason FROM mart.decision WHERE action = 'void'")
    assert taken == {"decided_by": "li.lei", "reason": "已电话核实"}


# --- the checks themselves ----------------------------------------------------------------------------


def test_axe_is_the_published_file_with_its_licence() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_HASH
    assert "Mozilla Public License" in (AXE.parent / "LICENSE").read_text("utf-8")
    assert (AXE.parent / "LICENSE-3RD-PARTY.txt").exists()


def test_rules_that_are_left_out_find_nothing_grave(look: Look) -> None:
    """Of a page that breaks many rules, and of a whole one."""
    browser = look.browser
    for address in (look.home.replace("qiangji/board/", "wrong"), look.home + "quality"):
        browser.open(address)
        every = browser.driver.execute_async_script(EVERY_RULE)
        grave = {f"{impact} {rule}" for impact, rule in every if impact in SERIOUS}
        assert {one.split(":")[0] for one in browser.findings()} == grave
        assert len(every) > len(grave) or address.endswith("quality")
    impacts = browser.run("return axe._audit.rules.map((rule) => rule.impact ?? null)")
    assert set(impacts) == {"minor", "moderate", "serious", "critical"}, "each rule says how grave it is"


def test_what_is_wrong_is_told(look: Look) -> None:
    browser, address = look.browser, look.home.replace("qiangji/board/", "wrong")
    browser.open(address)
    told = "\n".join(browser.complaints())
    assert "inline script" in told
    assert "inline style" in told
    assert browser.run("return window.ran") is None
    rules = {finding.split(":")[0] for finding in browser.findings()}
    assert rules >= {"critical image-alt", "serious html-has-lang", "serious color-contrast"}
    of_colours = browser.findings(of_colours=True)
    assert [one.split(":")[0] for one in of_colours] == ["serious color-contrast"]
    assert browser.overflow(1440) > 1000
    assert browser.broad_headings(1440) == ["broad"]
    missed = browser.out_of_reach()
    assert [html for html in missed if html.startswith("<a")]
    assert [html for html in missed if html.startswith("no mark: <button")]
    assert browser.hidden_figures() == ["a/b/c/d"]
