"""A DHIS2 with an OAuth2 client for this registry, and the browser of a person who signs in and consents there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

import httpx2

from cgr.accounts.actors import Actor
from cgr.systems.actions import save_system
from cgr.systems.authorization import begin_authorization, complete_authorization, read_answer
from cgr.systems.models import SystemTokens
from cgr.systems.registering import client_registration
from cgr.systems.sealing import seal, unseal
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from cgr.sandbox.world import World

OPERATOR = Actor("cli:test", is_system_administrator=True)
LEGACY = ("2.31", "2.34", "2.36", "2.38", "2.40")
NEWER = ("2.42", "2.43")


class Server(Protocol):
    """Whatever has a sandbox at an address."""

    url: str
    world: World


@dataclass
class Stage:
    """A server, the system `hmis` registered for it, and what a person does with a browser."""

    server: Server
    client_id: str = "registry"
    password: str = "district"

    @property
    def legacy(self) -> bool:
        return self.server.world.version < (2, 42)

    def post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        return httpx2.post(self.server.url + path, json=body, auth=("admin", self.password))

    def register(self, *, grant: str = "code", **sign_in: Any) -> None:
        """Register system and client in both, as an administrator does with what `oauth-client` shows."""
        given = SignIn("oauth2", client_id=self.client_id, grant=grant, **sign_in)
        self.save(given)
        shown = client_registration(OPERATOR, "hmis")
        made = self.post(shown.path, shown.body)
        assert made.status_code == 201, made.text
        if self.legacy:
            uid = made.json()["response"]["uid"]
            secret = httpx2.get(f"{self.server.url}/api/oAuth2Clients/{uid}", auth=("admin", self.password)).json()[
                "secret"
            ]
            self.save(SignIn("oauth2", client_id=self.client_id, grant=grant, secret=secret, **sign_in))

    def save(self, sign_in: SignIn, **changes: Any) -> None:
        fields: dict[str, Any] = {"label": {"default": "HMIS"}, "url": self.server.url, "organization": "MOH"}
        save_system(OPERATOR, "hmis", sign_in=sign_in, **{**fields, **changes})

    def connect(self) -> str:
        url, pending = begin_authorization(OPERATOR, "hmis")
        return complete_authorization(OPERATOR, pending, read_answer(self.consent(url)))

    def consent(self, url: str, *, username: str = "admin", password: str | None = None, refuse: bool = False) -> str:
        """Open the address, sign in, consent (or not), and give the address that the browser ends at."""
        assert url.startswith(self.server.url)
        password = self.password if password is None else password
        with httpx2.Client(base_url=self.server.url, follow_redirects=False) as browser:
            if self.legacy:
                form = {"j_username": username, "j_password": password}
                browser.post("/dhis-web-commons-security/login.action", data=form)
                page = browser.get(url)
                assert page.status_code == 200, page.text
                answer = {"user_oauth_approval": "false" if refuse else "true"}
                return browser.post("/uaa/oauth/authorize", data=answer).headers["location"]
            browser.post("/api/auth/login", json={"username": username, "password": password})
            page = browser.get(url)
            if page.status_code == 302:
                return page.headers["location"]
            assert page.status_code == 200, page.text
            (state,) = re.findall(r'name="state" value="([^"]+)"', page.text)
            form = {"client_id": self.client_id, "state": state, **({} if refuse else {"scope": "username"})}
            return browser.post("/oauth2/authorize", data=form).headers["location"]

    def add_user(self, username: str, uid: str) -> None:
        world = self.server.world
        admin = next(iter(world.objects["users"].values()))
        world.objects["users"][uid] = {**admin, "id": uid, "username": username, "password": "Another-9"}


def fields_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def make_due() -> None:
    """Let the time come at which the tokens are to be renewed."""
    for row in SystemTokens.objects.all():
        row.sealed = seal(json.dumps({**json.loads(unseal(bytes(row.sealed))), "renew_at": 0}))
        row.save()
