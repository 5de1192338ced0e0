"""A person's way in, from the printed link to a revoked session, as a browser sees it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import first_administrator_link
from cgr.accounts.actors import actor_of_token
from cgr.audit.queries import entries

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
PASSWORD = "a-long-Password-1"


def one_time_code(secret: str) -> str:
    """What an app on a telephone shows (RFC 6238), computed here and not by what is tested."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def sign_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("Sign-in name").fill("banda")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm(page: Page) -> None:
    page.get_by_role("heading", name="Is it you?").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


# One story, because each step stands on the one before it.
def test_the_first_administrator_gets_in_with_two_factors_makes_a_token_and_ends_a_session(  # noqa: PLR0915 - see above
    page: Page, live_server: LiveServer
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    # The printed link.
    page.goto(f"{live_server.url}/first-administrator/{first_administrator_link()}/")
    page.get_by_label("Sign-in name").fill("banda")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.screenshot(path=SCREENSHOTS / "first-administrator.png")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_text("The account is made.").wait_for()
    sign_in(page, live_server)

    # The second factor.
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="Set it up").click()
    confirm(page)
    page.get_by_role("img", name="QR code for the app").wait_for()
    secret = page.locator("#totp-secret").inner_text()
    page.screenshot(path=SCREENSHOTS / "second-factor.png", full_page=True)
    page.get_by_label("Authenticator code").fill(one_time_code(secret))
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes li").all_inner_texts()
    page.reload()
    expect(page.locator(".codes li")).to_have_count(0)

    # Out, and in with both.
    page.locator("header summary").click()
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, live_server)
    page.get_by_role("heading", name="One-time code").wait_for()
    page.goto(f"{live_server.url}/settings/account/")
    page.get_by_role("heading", name="One-time code").wait_for()  # the password alone opens nothing
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").first.wait_for()
    page.get_by_label("Code").fill(one_time_code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Settings").click()

    # A token, shown once.
    page.get_by_role("link", name="API tokens").click()
    confirm(page)
    page.get_by_label("Name: what will use it").fill("nightly sync")
    page.get_by_label("sync: also start").check()
    page.get_by_role("button", name="Make the token").click()
    token = page.locator("#new-token").inner_text()
    page.screenshot(path=SCREENSHOTS / "tokens.png", full_page=True)
    assert actor_of_token(token).scopes == {"read", "sync"}
    page.goto(f"{live_server.url}/settings/account/tokens/")
    page.get_by_role("row", name="nightly sync").wait_for()
    assert token not in page.content()

    # Another browser, whose session ends from here.
    other = page.context.browser.new_context(locale="en-GB").new_page()
    sign_in(other, live_server)
    other.get_by_label("Code").fill(codes[0])
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.get_by_role("heading", name="Systems and runs").wait_for()
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.screenshot(path=SCREENSHOTS / "sessions.png", full_page=True)
    page.get_by_role("button", name="End the session").click()
    page.get_by_text("The session is ended.").wait_for()
    expect(page.get_by_role("row")).to_have_count(2)
    other.reload()
    other.get_by_role("heading", name="Sign in").wait_for()

    # The audit log has it all, and no secret.
    page.get_by_role("link", name="Audit log").click()
    page.get_by_role("cell", name="create · token · banda: nightly sync").wait_for()
    page.screenshot(path=SCREENSHOTS / "audit.png", full_page=True)
    told = "".join(f"{entry} {entry.before} {entry.after}" for entry in entries())
    assert not [known for known in (PASSWORD, secret, token, *codes) if known in told]


def test_the_pages_about_oneself_can_be_used_by_keyboard_alone(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/first-administrator/{first_administrator_link()}/")
    page.get_by_label("Sign-in name").focus()
    for typed in ("banda", "", PASSWORD, PASSWORD):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Sign in").wait_for()
    page.get_by_label("Sign-in name").focus()
    page.keyboard.type("banda")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Systems and runs").wait_for()
