"""A real Chromium, the one the operating system brings; without it the browser tests are skipped, by name.

`look` holds every page to what any page owes, and takes the pictures that a person looks at afterwards; where several
processes share the tests (`make test`) nobody looks at them, and none are taken.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

CHROMIUM = shutil.which("chromium")
ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
PICTURES = "PYTEST_XDIST_WORKER" not in os.environ
PATIENCE_MS = 60_000
"""How long a page may take to show what is expected of it: what is right comes at once, but the machine may be busy."""
expect.set_options(timeout=PATIENCE_MS)
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
ENGLISH = re.compile(
    r"\b(the|and|is|not|with|password|save|test|address|sign|saved|what|of|edit|people)\b", re.IGNORECASE
)
"""Words that give away a text nobody translated."""
_ABOUT_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe whose answer depends on the theme."""
_OURS = """() => {
    const main = document.querySelector("main").cloneNode(true);
    main.querySelectorAll('[lang="en"]').forEach(one => one.remove());
    const texts = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    let ours = "";
    while (texts.nextNode()) ours += texts.currentNode.data + "\\n";
    return ours;
}"""
"""What the page says itself, folded away or not: all but what DHIS2 or somebody else said in English."""


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Give an empty page; anything the browser complains about on its console fails the test."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (Debian: apt-get install chromium)")
    cache.clear()  # from a machine as quick as this one, more people sign in than in a real minute
    # Playwright keeps an event loop in this thread, in which Django otherwise refuses to touch the database.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="en-GB")
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        connections.close_all()  # inside Playwright's event loop Django has others than outside of it
        browser.close()
    assert complaints == []


@pytest.fixture
def look(page: Page) -> Callable[[str], None]:
    """Give a function that looks at the page: light, dark, and at 360 px, where nothing may be wider.

    It fails for what axe calls serious or critical, and for English on a French page.
    """
    SCREENSHOTS.mkdir(exist_ok=True)

    def look_at(name: str) -> None:
        for theme, rules in (("light", None), ("dark", _ABOUT_COLOURS)):
            page.emulate_media(color_scheme=theme)
            _picture(page, f"{name}-{theme}")
            assert _barriers(page, rules) == []
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 360, "height": 740})
        _picture(page, f"{name}-360")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.set_viewport_size({"width": 1366, "height": 768})
        if page.locator("html").get_attribute("lang") == "fr":
            assert ENGLISH.findall(page.evaluate(_OURS)) == []

    return look_at


def _picture(page: Page, name: str) -> None:
    if not PICTURES:
        return
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    # Playwright hides the caret and leaves empty style attributes, which our policy blocks when htmx copies them.
    page.evaluate("document.querySelectorAll('[style=\"\"]').forEach(element => element.removeAttribute('style'))")


def _barriers(page: Page, rules: list[str] | None) -> list[str]:
    """Say what keeps somebody out; with rules, of these alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    asked = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.fixture
def sign_in(page: Page, live_server: LiveServer) -> Callable[[str, str], None]:
    """Give a function that signs somebody in through the form."""

    def sign_in_as(name: str, password: str) -> None:
        page.goto(f"{live_server.url}/sign-in/")
        page.get_by_label("Sign-in name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator("header summary").wait_for()

    return sign_in_as
