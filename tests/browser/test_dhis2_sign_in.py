"""Sign in with DHIS2 as a browser sees it: of both generations, with a second factor, and for who isn't linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.models import User
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems.linking import link_account

from ..integration.systems.oauth_stage import OPERATOR, Stage  # noqa: TID252 - tests are no installed package
from .test_accounts import one_time_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("dhis2", ["2.36", "2.42"], indirect=True)


@pytest.fixture
def dhis2(request: pytest.FixtureRequest, live_server: LiveServer, settings: SettingsWrapper) -> Iterator[Stage]:
    """A DHIS2 that people may sign in with, where Ada has an account; an administrator made one for her here, too."""
    settings.BROWSER_URL = live_server.url
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health"})
    add_user(OPERATOR, "ada", password="sun-and-rain-9", role="registry-maintainer", organization="MOH")
    with serve(World(request.param)) as server:
        stage = Stage(server)
        stage.register(people_sign_in=True)
        stage.add_user("ada.there", "UsAdaThere1")
        yield stage


def sign_in_with(page: Page, live_server: LiveServer, stage: Stage, *, consent: bool = True) -> None:
    """Sign in at DHIS2, follow the offer of the sign-in page, and answer there."""
    page.route(f"{stage.server.url}/favicon.ico", lambda route: route.fulfill(status=204))
    if stage.legacy:
        # The session that the form of DHIS2's own page begins; the sandbox has no such page.
        form = {"j_username": "ada.there", "j_password": "Another-9"}
        page.request.post(f"{stage.server.url}/dhis-web-commons-security/login.action", form=form, max_redirects=0)
    else:
        page.request.post(f"{stage.server.url}/api/auth/login", data={"username": "ada.there", "password": "Another-9"})
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_role("link", name="HMIS").click()
    page.wait_for_url(f"{stage.server.url}/**")
    if stage.legacy:
        page.get_by_role("button", name="Authorize" if consent else "Deny").click()
        return
    if consent:
        page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Submit Consent").click()


@BOTH
def test_a_linked_person_comes_back_signed_in(page: Page, live_server: LiveServer, dhis2: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")

    sign_in_with(page, live_server, dhis2)

    page.get_by_role("heading", name="Systems and runs").wait_for()
    assert page.url == f"{live_server.url}/"
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("ada", exact=True).first).to_be_visible()


@BOTH
def test_who_has_a_second_factor_is_asked_for_it(page: Page, live_server: LiveServer, dhis2: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    secret = generate_totp_secret()
    TOTP.activate(User.objects.get(username="ada"), secret)

    sign_in_with(page, live_server, dhis2)

    page.get_by_role("heading", name="One-time code").wait_for()
    page.goto(f"{live_server.url}/settings/account/")
    page.get_by_role("heading", name="One-time code").wait_for()  # the account of DHIS2 alone opens nothing
    page.get_by_label("Code").fill(one_time_code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Settings").wait_for()


@BOTH
@pytest.mark.parametrize(
    ("consent", "words"), [(True, "Nobody here is linked to the account"), (False, "it was refused there")]
)
def test_who_is_not_linked_or_does_not_consent_is_told_so(
    page: Page,
    live_server: LiveServer,
    dhis2: Stage,
    consent: bool,  # noqa: FBT001 - a test's parameter
    words: str,
) -> None:
    assert page.context.browser is not None
    # A page of its own: that the browser complains of the answer's status is right.
    refused = page.context.browser.new_context(locale="en-GB").new_page()

    sign_in_with(refused, live_server, dhis2, consent=consent)

    expect(refused.get_by_role("alert")).to_contain_text(words)
    assert refused.url.startswith(f"{live_server.url}/oauth/callback/")
    refused.goto(live_server.url)
    refused.get_by_role("heading", name="Sign in", exact=True).wait_for()
