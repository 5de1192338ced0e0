"""The documents in a real browser: under the app's policy, on a telephone too, searched without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.web import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_who_cannot_sign_in_finds_the_page_that_helps(
    page: Page, look: Callable[[str], None], live_server: LiveServer
) -> None:
    if not documents.BUILT.is_dir():
        pytest.skip("the documents aren't built (make docs)")
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_role("link", name="Help").click()
    page.get_by_role("heading", name="Documents", level=1).wait_for()
    look("documents")

    page.get_by_role("searchbox").fill("lost telephone")
    page.keyboard.press("Enter")
    page.locator("#search-results").get_by_role("link", name="People").first.click()
    page.get_by_role("heading", name="A forgotten password, a lost telephone").wait_for()
    look("document")

    page.get_by_role("link", name="Command line").first.click()
    page.get_by_role("heading", name="Command line", level=1).wait_for()
    page.get_by_role("link", name="← To the registry").click()
    page.get_by_role("heading", name="Sign in").wait_for()
