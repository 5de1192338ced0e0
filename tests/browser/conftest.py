"""A real Chromium, the one the operating system brings; without it the browser tests are skipped, by name."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Give an empty page; anything the browser complains about on its console fails the test."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (Debian: apt-get install chromium)")
    # Playwright keeps an event loop in this thread, in which Django otherwise refuses to touch the database.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="en-GB")
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        yield page
        connections.close_all()  # inside Playwright's event loop Django has others than outside of it
        browser.close()
    assert complaints == []
