"""What stood where the recorder wrote `<token>`, `<code>`, `<password>` …: the live secrets of the replay."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cgr.sandbox.recordings.recording import Exchange

PASSWORD: Final = "district"  # noqa: S105 - the sandbox's public password
CLIENT_SECRET: Final = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"  # noqa: S105 - a text of the length DHIS2 asks for
_BCRYPT: Final = "$2a$10$" + "abcdefghijklmnopqrstuv" + "abcdefghijklmnopqrstuvwxyz01234"
_UNSIGNED: Final = "nonsense"
_SESSION: Final = re.compile(r"JSESSIONID=([^;]+)")
_CONSENT: Final = re.compile(r'name="state" value="([^"]+)"')
_CODE: Final = re.compile(r"[?&]code=([^&]+)")

# Requests whose secret isn't the newest one of its kind: (scenario, exchange) → header or replacement.
_AUTHORIZATION: Final = {
    ("04-login-failure", "5"): "Basic not-base64-of-name-and-password",
    ("28-oauth2-legacy", "6"): ("registry", "wrong"),
    ("28-oauth2-legacy", "9"): "Bearer nonsense",
    ("28-oauth2-legacy", "15"): ("nosuch", CLIENT_SECRET),
    ("28-oauth2-flow", "20"): "Bearer nonsense",
}
# How many access tokens back: the token from before the refreshes, the one that a refresh superseded.
_OLDER_ACCESS: Final = {
    ("28-oauth2-legacy-code", "11"): 2,
    ("28-oauth2-flow", "10"): 0,
    ("28-oauth2-flow", "16"): 1,
}
_PATS: Final = {"3": (0, "changed"), "4": (0, "made up"), "9": (1, ""), "10": (1, ""), "11": (1, ""), "13": (2, "")}
_WRONG_PASSWORD: Final = {("04-login-failure", "0"), ("04-login-failure", "1")}


@dataclass(slots=True)
class Credentials:
    """Collects the secrets that replies hand out and puts them into the requests that follow."""

    scenario: str
    access: list[str] = field(default_factory=list)
    refresh: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    pats: list[str] = field(default_factory=list)
    session: str = ""
    consent: str = ""

    def headers(self, name: str, exchange: Exchange) -> dict[str, str]:
        """Give the request's headers with live credentials."""
        headers = {"user-agent": "registry/1.0", **exchange.headers}
        scheme, _, user = exchange.auth.partition(" ")
        if scheme == "basic":
            wrong = (self.scenario, name) in _WRONG_PASSWORD
            headers["authorization"] = _basic(user, "wrong" if wrong else PASSWORD)
        elif "authorization" in headers:
            headers["authorization"] = self._authorization(name, headers["authorization"].split(" ")[0])
        if "cookie" in headers:
            headers["cookie"] = f"JSESSIONID={self.session}"
        return headers

    def filled(self, name: str, text: str, *, now_ms: int) -> str:
        """Put live secrets into a body or a query value."""
        older = _OLDER_ACCESS.get((self.scenario, name), 0)
        replacements = {
            "<bcrypt of the secret>": _BCRYPT,
            '"<now + 1.5 s, ms>"': str(now_ms + 1500),
            "<password>": PASSWORD,
            "<secret>": CLIENT_SECRET,
            "<consent-state>": self.consent,
            "<access_token>": _newest(self.access, older),
            "<refresh_token>": _newest(self.refresh),
            "<code>": _newest(self.codes),
            "<code-1>": _newest(self.codes),
            "<code-2>": _newest(self.codes),
        }
        for placeholder, secret in replacements.items():
            text = text.replace(placeholder, secret)
        return text

    def learn(self, exchange: Exchange, body: str, location: str, cookies: tuple[str, ...]) -> None:
        """Take the secrets out of a live reply."""
        signs_in = "login" in exchange.path or exchange.auth.startswith("basic")
        for cookie in cookies:
            if signs_in and (match := _SESSION.match(cookie)):
                self.session = match[1]
        if match := _CODE.search(location):
            self.codes.append(match[1])
        if match := _CONSENT.search(body):
            self.consent = match[1]
        if body.startswith("<DefaultOAuth2AccessToken>"):
            self.access += re.findall(r"<access_token>([^<]+)<", body)
            self.refresh += re.findall(r"<refresh_token>([^<]+)<", body)
        elif body.startswith("{") and ('_token"' in body or '"key"' in body):
            document = json.loads(body)
            self.access += [document["access_token"]] if "access_token" in document else []
            self.refresh += [document["refresh_token"]] if "refresh_token" in document else []
            key = (document.get("response") or {}).get("key")
            self.pats += [key] if isinstance(key, str) else []

    def _authorization(self, name: str, scheme: str) -> str:
        match _AUTHORIZATION.get((self.scenario, name)):
            case str(header):
                return header
            case (user, secret):
                return _basic(user, secret)
        if scheme == "Basic":
            return _basic("registry", CLIENT_SECRET)
        if self.scenario == "27-pat":
            return f"{scheme} {self._pat(name)}"
        return f"Bearer {_newest(self.access, _OLDER_ACCESS.get((self.scenario, name), 0))}"

    def _pat(self, name: str) -> str:
        number, change = _PATS.get(name, (0, ""))
        token = self.pats[number] if number < len(self.pats) else "d2pat_" + "A" * 32 + "0123456789"
        if change == "changed":
            return token[:-1] + ("0" if token[-1] != "0" else "1")
        return "d2pat_" + "A" * 32 + "0123456789" if change else token


def _newest(secrets: list[str], back: int = 0) -> str:
    return secrets[-1 - back] if len(secrets) > back else _UNSIGNED


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
