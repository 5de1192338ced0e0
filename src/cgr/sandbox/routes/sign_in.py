"""Signing in as a browser does: the form of the older versions, the JSON of the newer ones."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_FORM: Final = "/dhis-web-commons-security/login.action"
_PAGE: Final = "/dhis-web-commons/security/login.action"
_SETTINGS: Final = {
    "applicationTitle": "", "applicationDescription": "", "applicationNotification": "",
    "applicationLeftSideFooter": "", "applicationRightSideFooter": "", "countryFlag": "dhis2", "uiLocale": "en",
    "loginPopup": "", "loginPageLayout": "DEFAULT", "loginPageTemplate": "", "recaptchaSite": "",
    "minPasswordLength": "8", "maxPasswordLength": "72", "emailConfigured": False, "selfRegistrationEnabled": False,
    "selfRegistrationNoRecaptcha": False, "allowAccountRecovery": False, "useCustomLogoFront": False,
    "oidcProviders": [],
}  # fmt: skip


class Credentials(msgspec.Struct):
    """The body of a JSON sign-in."""

    username: str = ""
    password: str = ""


class FormSessions(msgspec.Struct):
    """Sessions that began with a form; from 2.37 on the OAuth pages know only these (verified fact S13)."""

    tokens: set[str] = msgspec.field(default_factory=set)


@ROUTER.route("POST", _FORM, anonymous=True)
def sign_in_by_form(world: World, request: Request) -> Response:
    """Sign in with the form of the login page."""
    form = parse_qs(request.body.decode())
    user = _user(world, form.get("j_username", [""])[0], form.get("j_password", [""])[0])
    if user is None:
        return Response(302, b"", "", {"location": f"{_PAGE}?failed=true"})
    cookie = world.open_session(user)
    world.state(FormSessions).tokens.add(cookie.partition(";")[0].removeprefix("JSESSIONID="))
    return Response(302, b"", "", {"location": "/"}, (cookie,))


@ROUTER.route("POST", "/api/auth/login", anonymous=True)
def sign_in_by_json(world: World, request: Request) -> Response:
    """Sign in with a JSON body; before 2.41 there is no such path, so it asks to sign in."""
    if world.version < (2, 41):
        return messages.sign_in_wanted(world, request)
    try:
        given = msgspec.json.decode(request.body, type=Credentials)
    except msgspec.DecodeError as wrong:
        return messages.problem(world, 400, str(wrong))
    user = _user(world, given.username, given.password)
    if user is None:
        return messages.unauthorized(world, "Bad credentials")
    response = json_response({"loginStatus": "SUCCESS", "redirectUrl": "/"})
    response.cookies = (world.open_session(user),)
    return response


@ROUTER.route("GET", "/api/loginConfig", anonymous=True)
def login_configuration(world: World, request: Request) -> Response:
    """Give what the login app of 2.41 and later shows."""
    if world.version < (2, 41):
        return messages.sign_in_wanted(world, request)
    return json_response({"apiVersion": world.release, **_SETTINGS})


def _user(world: World, username: str, password: str) -> User | None:
    user = world.user_named(username)
    if user is None or user.disabled or not secrets.compare_digest(user.password, password):
        return None
    return user
