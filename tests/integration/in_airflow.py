"""The board where people have it: behind Airflow's own login, in the frame of Airflow's pages.

In: a browser, the address of a running Airflow, an account. Out: the browser, in that frame.
"""

from __future__ import annotations

from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.integration.browsing import Browser

SECONDS = 60
"""Airflow's pages are large, and the machine may be busy."""
SANDBOX = {"allow-scripts", "allow-same-origin", "allow-forms", "allow-downloads"}
"""What Airflow lets the frame do: no dialogs of the browser's own (`confirm`), no windows."""


def log_in(browser: Browser, url: str, user: str, word: str) -> None:
    """As a person does, on the page of the login; whoever was logged in is no longer."""
    browser.driver.get(f"{url}/auth/login/")
    browser.driver.delete_all_cookies()
    browser.open(f"{url}/auth/login/")
    browser.driver.find_element("name", "username").send_keys(user)
    browser.driver.find_element("name", "password").send_keys(word)
    browser.driver.find_element("css selector", "input[type=submit]").click()
    seen(browser, "a[href$='/plugin/qiangji-board']")


def enter_board(browser: Browser) -> None:
    """By 看板 in Airflow's bar; what is asked of the browser from then on is asked within the frame."""
    seen(browser, "a[href$='/plugin/qiangji-board']").click()
    frame = seen(browser, "iframe")
    assert set(str(frame.get_attribute("sandbox")).split()) == SANDBOX
    browser.driver.switch_to.frame(frame)
    seen(browser, "main h1")


def seen(browser: Browser, selector: str) -> WebElement:
    """The element, as soon as it is there."""
    element = WebDriverWait(browser.driver, SECONDS).until(
        lambda d: next(iter(d.find_elements("css selector", selector)), None)
    )
    assert element is not None
    return element
