"""The DHIS2 app in a real browser: opened inside a DHIS2, it ends in the registry, which refuses to be framed.

The DHIS2 is the sandbox, under the headers that real servers send (recordings 26-apps); the shell of 2.42 and later,
which the sandbox has not, is a page with the app in an iframe.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from cgr.dhis2.plugin import APP_KEY, FILE_NAME, app_zip
from cgr.sandbox.http import Request
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

DHIS2 = "https://dhis2.example.org"
BASIC = "Basic " + base64.b64encode(b"admin:district").decode()
LABEL = {"default": 'National HMIS "</script><script>document.title = "taken over"</script>'}
SHELL = f"""<!doctype html><title>DHIS2</title><h1>The shell</h1>
<iframe title="app" src="/api/apps/{APP_KEY}/index.html?redirect=false"></iframe>"""
OLD_HEADERS = {"x-frame-options": "SAMEORIGIN", "x-content-type-options": "nosniff"}
NEW_HEADERS = {"content-security-policy": "frame-ancestors 'self';", "x-content-type-options": "nosniff"}
# What a careful proxy before DHIS2 may add: nothing inline, nothing from elsewhere.
STRICT_HEADERS = {"content-security-policy": "default-src 'self'; frame-ancestors 'self'"}


def put_dhis2_before(context: BrowserContext, version: str, headers: dict[str, str], registry: str) -> None:
    """Have the browser find a DHIS2 with the app installed."""
    world = World(version)
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{FILE_NAME}"\r\n\r\n'.encode()
    body = head + app_zip(LABEL, registry_url=registry) + b"\r\n--b--\r\n"
    signed_in = {"authorization": BASIC}
    upload = signed_in | {"content-type": "multipart/form-data; boundary=b"}
    assert world.dispatch(Request("POST", "/api/apps", {}, upload, body)).status in {201, 204}

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.path == f"/apps/{APP_KEY}":
            route.fulfill(body=SHELL, content_type="text/html", headers=headers)
            return
        reply = world.dispatch(Request("GET", parts.path, parse_qs(parts.query), dict(signed_in), b""))
        assert isinstance(reply.body, bytes)
        route.fulfill(
            status=reply.status,
            body=reply.body,
            headers=headers | reply.headers | {"content-type": reply.content_type},
        )

    context.route(f"{DHIS2}/**", answer)


@pytest.mark.parametrize(
    ("version", "path", "headers"),
    [
        ("2.31", f"/api/apps/{APP_KEY}/index.html", OLD_HEADERS),
        ("2.40", f"/api/apps/{APP_KEY}/index.html", NEW_HEADERS),
        ("2.42", f"/apps/{APP_KEY}", NEW_HEADERS),
        ("2.43", f"/apps/{APP_KEY}", NEW_HEADERS),
        ("2.43", f"/apps/{APP_KEY}", STRICT_HEADERS),
    ],
)
def test_opening_the_app_ends_at_the_sign_in_of_the_registry(
    page: Page, live_server: LiveServer, version: str, path: str, headers: dict[str, str]
) -> None:
    put_dhis2_before(page.context, version, headers, live_server.url)
    page.goto(f"{DHIS2}{path}", wait_until="commit")
    page.wait_for_url(f"{live_server.url}/**")
    expect(page.get_by_label("Sign-in name")).to_be_visible()
    assert urlsplit(page.url).path == "/sign-in/"
    assert len(page.frames) == 1


def test_without_scripts_a_link_leads_out_of_the_frame(page: Page, live_server: LiveServer) -> None:
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False)
    put_dhis2_before(context, "2.43", NEW_HEADERS, live_server.url)
    still = context.new_page()
    still.goto(f"{DHIS2}/apps/{APP_KEY}")
    app = still.frame_locator("iframe")
    expect(app.get_by_text(LABEL["default"]).first).to_be_visible()
    app.get_by_role("link", name="Open the Common Geo-Registry").click()
    still.wait_for_url(f"{live_server.url}/sign-in/**")
    expect(still.get_by_label("Sign-in name")).to_be_visible()


def test_the_registry_refuses_to_be_shown_in_a_frame(page: Page, live_server: LiveServer) -> None:
    assert page.context.browser is not None
    # A page of its own: that the browser complains is what is wanted here. Even the registry itself may not frame it.
    framing = page.context.browser.new_context().new_page()
    framing.goto(f"{live_server.url}/sign-in/")
    with framing.expect_event("requestfailed") as refused:
        framing.evaluate("document.body.append(Object.assign(document.createElement('iframe'), {src: '/sign-in/'}))")
    assert refused.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"
    expect(framing.frame_locator("iframe").get_by_label("Sign-in name")).to_have_count(0)
    answer = framing.request.get(f"{live_server.url}/sign-in/")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
