"""Chromium as a reader of pages: what it complains about, what axe-core finds, what Tab reaches, pictures.

In: the programs `chromium` and `chromedriver`, a folder for what they write. Out: a `Browser`. One is enough for all
tests of a file: each page is loaded anew. `serving` gives it an application on loopback.
"""

from __future__ import annotations

import base64
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(__file__).resolve().parents[1] / "outside" / "axe-core" / "axe.min.js"
SIZES = {1440: 900, 390: 844}
"""Width -> height: a desk and a phone."""
PAPER = 1032
"""Width of what a page has on A4 across, within its margins."""
PROGRAMS = ("chromium", "chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--in-process-gpu", "--js-flags=--no-turbofan",  # less processor: a page lives too briefly for the last compiler
)  # fmt: skip
SERIOUS = ("serious", "critical")
_FINDINGS = """
const [chosen, grave, done] = arguments;
const others = axe._audit.rules.filter((rule) => rule.impact && !grave.includes(rule.impact));
const rules = {...Object.fromEntries(others.map((rule) => [rule.id, {enabled: false}])), ...chosen.rules};
axe.run(document, {resultTypes: ["violations"], ...chosen, rules}).then(
  (found) => done(found.violations.map((v) => [
    v.impact, v.id, v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.html)])),
  (error) => done([["critical", "axe", [String(error)]]]));
"""
"""Rules that find nothing grave are left out. What a rule finds is as grave as the rule says, whatever its checks do:
`test_rules_that_are_left_out_find_nothing_grave` holds that.
"""
_COLOURS = {
    "runOnly": {"type": "tag", "values": ["cat.color"]},
    "rules": {"color-contrast-enhanced": {"enabled": False}},
}
"""The rules about colours that are among those of a whole look: a contrast of 7:1 is not."""
_WATCH_FOCUS = """
window.reached = new Set(); window.unmarked = new Set();
document.activeElement.blur(); window.scrollTo(0, 0);
document.addEventListener("focusin", ({target}) => {
  reached.add(target);
  const style = getComputedStyle(target);
  const isMarked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  if (!isMarked) unmarked.add(target.outerHTML.slice(0, 120));
}, true);
"""
_STOPS = """
const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
return [...document.querySelectorAll(kinds)].filter((e) => e.checkVisibility({visibilityProperty: true}))
"""
_BROAD = """
return [...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth + 1)
  .flatMap((e) => [...e.querySelectorAll("th")])
  .filter((e) => getComputedStyle(e).position === "sticky" && e.offsetWidth > arguments[0] / 2)
  .map((e) => e.innerText).slice(0, 3)
"""


class Browser:
    """One Chromium, without a window."""

    def __init__(self, folder: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.command("Page.addScriptToEvaluateOnNewDocument", source=AXE.read_text("utf-8"))

    def command(self, name: str, **values: Any) -> Any:
        """A command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, values)

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def open(self, address: str, width: int = 1440) -> None:
        """Load a page at a width; what was complained about before is forgotten."""
        self.resize(width)
        self.complaints()
        self.driver.get(address)

    def resize(self, width: int) -> None:
        """Give the page that is open this width."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=SIZES.get(width, PAPER),
            deviceScaleFactor=1,
            mobile=width < 720,
        )

    @property
    def text(self) -> str:
        """The page as it stands after its scripts ran."""
        return str(self.driver.page_source)

    def complaints(self) -> list[str]:
        """Errors and warnings in the console since this was asked last; what the policy of a page forbids is one."""
        told = self.driver.get_log("browser")
        return [entry["message"] for entry in told if entry["level"] in ("SEVERE", "WARNING")]

    def findings(self, *, of_colours: bool = False) -> list[str]:
        """What axe-core finds serious or critical. `of_colours`: by the rules about colours alone."""
        found = self.driver.execute_async_script(_FINDINGS, _COLOURS if of_colours else {}, SERIOUS)
        return [
            f"{impact} {rule}: {node}" for impact, rule, nodes in found if impact in SERIOUS for node in nodes
        ]

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """In a window that is put away, Chromium lays pages out and paints none: a third less for a key or a load.

        Scripts take longer there, so axe-core looks at what is seen.
        """
        window = self.command("Browser.getWindowForTarget")["windowId"]
        self.command("Browser.setWindowBounds", windowId=window, bounds={"windowState": "minimized"})
        try:
            yield
        finally:
            self.command("Browser.setWindowBounds", windowId=window, bounds={"windowState": "normal"})

    def overflow(self, width: int) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.run("return document.documentElement.scrollWidth")) - width

    def scrolled(self, selector: str) -> list[str]:
        """Tables of a kind that are wider than the place that they have."""
        wide = f"[...document.querySelectorAll('.scroll:has({selector})')].filter((e) => e.scrollWidth > e.clientWidth)"
        return list(self.run(f"return {wide}.map((e) => e.innerText.slice(0, 60))"))

    def broad_headings(self, width: int) -> list[str]:
        """Headings of rows that stay in place while a table is scrolled, and leave it less than half of the window."""
        return list(self.run(_BROAD, width))

    def hidden_figures(self) -> list[str]:
        """Figures that nobody sees without opening something."""
        return list(
            self.run(
                "return [...document.querySelectorAll('main data[data-figure]')]"
                ".filter((e) => !e.checkVisibility()).map((e) => e.dataset.figure)"
            )
        )

    def wait_until_gone(self, selector: str) -> None:
        """Until the page has no such element: after a key that leads to another page."""
        WebDriverWait(self.driver, 10).until(lambda d: not d.find_elements("css selector", selector))

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Until something holds: after a click that leads to a page of the same kind."""
        WebDriverWait(self.driver, 10).until(lambda _: holds())

    def wait_for(self, selector: str) -> None:
        """Until the page has such an element: after a click that leads to another page. Fails where it never has."""
        WebDriverWait(self.driver, 10).until(lambda d: d.find_elements("css selector", selector))

    def press(self, *keys: str) -> None:
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def out_of_reach(self) -> list[str]:
        """Links, buttons and fields that Tab never comes to, and those that do not show that they have the focus."""
        self.run(_WATCH_FOCUS)
        stops = int(self.run(f"{_STOPS}.length"))
        dates = len(self.driver.find_elements("css selector", "input[type=datetime-local]"))
        with self.unseen():
            self.press(Keys.TAB * (stops + 8 * dates + 2))
        missed = self.run(f"{_STOPS}.filter((e) => !reached.has(e)).map((e) => e.outerHTML.slice(0, 120))")
        return [*missed, *(f"no mark: {html}" for html in self.run("return [...unmarked]"))]

    def picture(self, path: Path, *, is_whole: bool = True) -> None:
        """The whole page, or what fits into the window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        clip = {}
        if is_whole:
            size = self.command("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True}
        path.write_bytes(
            base64.b64decode(self.command("Page.captureScreenshot", format="png", **clip)["data"])
        )


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile; the test is skipped where there is none."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(missing)}: apt-get install chromium chromium-driver fonts-noto-cjk")
    browser = Browser(folder)
    try:
        yield browser
    finally:
        browser.driver.quit()


@contextmanager
def serving(application: Any) -> Iterator[str]:
    """An application on loopback, in a thread; its address."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
