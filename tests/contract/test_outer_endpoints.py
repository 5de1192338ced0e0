"""What the outer endpoints do in each version, from the verified facts; guards a clone without the recordings."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from cgr.sandbox.http import Request, Response
from cgr.sandbox.world import World

BASIC = "Basic " + base64.b64encode(b"admin:district").decode()
CALLBACK = "https://registry.example.org/cb"
SECRET = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
CLIENT = "Basic " + base64.b64encode(f"registry:{SECRET}".encode()).decode()
VERIFIER = "a-verifier-of-the-registry-0123456789-abcdefghijk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = "application/x-www-form-urlencoded"
OLD, LEGACY, NEW = ["2.31", "2.34", "2.36"], ["2.31", "2.36", "2.40"], ["2.42", "2.43"]


@dataclass
class Server:
    world: World

    def ask(self, method, target, body=None, **headers):
        parts = urlsplit(target)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": BASIC} | {name.replace("_", "-"): value for name, value in headers.items()}
        given = {name: value for name, value in headers.items() if value}
        return self.world.dispatch(Request(method, parts.path, parse_qs(parts.query), given, raw))

    def form(self, target, fields, **headers):
        return self.ask("POST", target, urlencode(fields).encode(), content_type=FORM, **headers)


def server(version: str) -> Server:
    world = World(version)
    units = [
        {"id": "OuRegion001", "name": "Region", "shortName": "Region", "openingDate": "2000-01-01"},
        {"id": "OuClinic001", "name": "Clinic", "shortName": "Clinic", "openingDate": "2000-01-01", "code": "C1"},
    ]
    units[1]["parent"] = {"id": "OuRegion001"}
    attribute = {"id": "AtBeds00001", "name": "Beds", "valueType": "INTEGER", "organisationUnitAttribute": True}
    made = Server(world)
    made.ask(
        "POST",
        "/api/metadata",
        {"organisationUnits": units, "attributes": [attribute]},
        content_type="application/json",
    )
    assert world.unit("OuClinic001") is not None
    return made


def read(response: Response):
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    return json.loads(body)


def session_of(response: Response) -> str:
    return response.cookies[0].partition(";")[0]


def patch(made: Server, *operations):
    return made.ask(
        "PATCH", "/api/organisationUnits/OuClinic001", [*operations], content_type="application/json-patch+json"
    )


# Patches


@pytest.mark.parametrize(("version", "status"), [("2.34", 500), ("2.36", 400), ("2.38", 200), ("2.42", 200)])
def test_json_patch_exists_from_2_38_on(version, status):
    made = server(version)
    assert patch(made, {"op": "replace", "path": "/name", "value": "New"}).status == status
    assert made.world.unit("OuClinic001")["name"] == ("New" if status == 200 else "Clinic")


@pytest.mark.parametrize(("version", "status"), [("2.38", 200), ("2.40", 200), ("2.42", 400), ("2.43", 400)])
def test_appending_an_attribute_value_works_only_up_to_2_40(version, status):
    value = {"attribute": {"id": "AtBeds00001"}, "value": "3"}
    made = server(version)
    assert patch(made, {"op": "add", "path": "/attributeValues/-", "value": value}).status == status
    assert len(made.world.unit("OuClinic001")["attributeValues"]) == (status == 200)


@pytest.mark.parametrize("version", OLD)
def test_a_plain_patch_of_the_parent_renames_the_present_parent(version):
    made = server(version)
    body = {"parent": {"id": "OuNotThere1"}}
    assert made.ask("PATCH", "/api/organisationUnits/OuClinic001", body, content_type="application/json").status == 204
    assert set(made.world.units()) == {"OuNotThere1", "OuClinic001"}
    assert made.world.unit("OuClinic001")["parent"] == {"id": "OuNotThere1"}


# Personal access tokens


@pytest.mark.parametrize(("version", "wrong"), [("2.38", 401), ("2.40", 401), ("2.42", 400), ("2.43", 400)])
def test_a_token_signs_in_and_a_changed_one_does_not(version, wrong):
    made = server(version)
    key = read(made.ask("POST", "/api/apiToken", {}))["response"]["key"]
    assert made.ask("GET", "/api/me", authorization=f"ApiToken {key}").status == 200
    changed = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert made.ask("GET", "/api/me", authorization=f"ApiToken {changed}").status == wrong


@pytest.mark.parametrize(("version", "status"), [("2.40", 200), ("2.42", 401)])
def test_a_deleted_token_lives_on_in_the_cache_of_older_versions(version, status):
    made = server(version)
    created = read(made.ask("POST", "/api/apiToken", {}))["response"]
    token = f"ApiToken {created['key']}"
    made.ask("GET", "/api/me", authorization=token)
    assert made.ask("DELETE", f"/api/apiToken/{created['uid']}").status == 200
    assert made.ask("GET", "/api/me", authorization=token).status == status


def test_a_token_that_allows_get_refuses_to_write():
    made = server("2.42")
    rule = {"attributes": [{"type": "MethodAllowedList", "allowedMethods": ["GET"]}]}
    token = f"ApiToken {read(made.ask('POST', '/api/apiToken', rule))['response']['key']}"
    assert made.ask("GET", "/api/me", authorization=token).status == 200
    assert made.ask("POST", "/api/metadata", {}, authorization=token).status == 401


# OAuth2, both generations


def legacy(version: str) -> Server:
    made = server(version)
    grants = ["password", "refresh_token", "authorization_code"]
    client = {"name": "registry", "cid": "registry", "secret": SECRET, "grantTypes": grants, "redirectUris": [CALLBACK]}
    assert made.ask("POST", "/api/oAuth2Clients", client).status == 201
    return made


def legacy_token(made: Server, **fields):
    return made.form("/uaa/oauth/token", fields, authorization=CLIENT, accept="application/json")


@pytest.mark.parametrize("version", LEGACY)
def test_a_legacy_refresh_ends_the_earlier_access_token_and_keeps_the_refresh_token(version):
    made = legacy(version)
    first = read(legacy_token(made, grant_type="password", username="admin", password="district"))
    second = read(legacy_token(made, grant_type="refresh_token", refresh_token=first["refresh_token"]))
    assert second["refresh_token"] == first["refresh_token"]
    assert made.ask("GET", "/api/me", authorization=f"Bearer {first['access_token']}").status == 401
    assert made.ask("GET", "/api/me", authorization=f"Bearer {second['access_token']}").status == 200


@pytest.mark.parametrize("version", LEGACY)
def test_a_legacy_code_is_used_up_by_a_wrong_redirect(version):
    made = legacy(version)
    login = made.form("/dhis-web-commons-security/login.action", {"j_username": "admin", "j_password": "district"})
    cookie = session_of(login)
    wish = urlencode({"client_id": "registry", "redirect_uri": CALLBACK, "response_type": "code"})
    page = f"/uaa/oauth/authorize?{wish}"
    assert made.ask("GET", page, authorization=None, cookie=cookie).status == 200
    approved = made.form("/uaa/oauth/authorize", {"user_oauth_approval": "true"}, authorization=None, cookie=cookie)
    code = parse_qs(urlsplit(approved.headers["location"]).query)["code"][0]
    wrong = legacy_token(made, grant_type="authorization_code", code=code, redirect_uri="https://other.example.org")
    right = legacy_token(made, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert (wrong.status, right.status) == (400, 400)


@pytest.mark.parametrize("version", ["2.35.0", "2.35.1"])
def test_the_authorization_page_is_missing_in_2_35_0_and_2_35_1(version):
    assert legacy(version).ask("GET", "/uaa/oauth/authorize?client_id=registry").status == 404


def authorized(version: str, **client) -> tuple[Server, str]:
    """Register a client, sign in, consent; gives the code."""
    made = server(version)
    registration = {
        "name": "registry", "clientId": "registry", "clientSecret": "$2a$10$" + "x" * 53, "redirectUris": CALLBACK,
        "authorizationGrantTypes": "authorization_code,refresh_token", "scopes": "openid,username",
    } | client  # fmt: skip
    assert made.ask("POST", "/api/oAuth2Clients", registration).status == 201
    cookie = session_of(
        made.ask("POST", "/api/auth/login", {"username": "admin", "password": "district"}, authorization=None)
    )
    wish = {"response_type": "code", "client_id": "registry", "redirect_uri": CALLBACK, "scope": "openid username"}
    wish |= {"state": "s", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    page = made.ask("GET", f"/oauth2/authorize?{urlencode(wish)}", authorization=None, cookie=cookie)
    state = page.body.decode().partition('name="state" value="')[2].partition('"')[0]
    fields = {"client_id": "registry", "state": state, "scope": "username"}
    back = made.form("/oauth2/authorize", fields, authorization=None, cookie=cookie)
    return made, parse_qs(urlsplit(back.headers["location"]).query)["code"][0]


def new_token(made: Server, **fields):
    return made.form("/oauth2/token", {"redirect_uri": CALLBACK, **fields}, authorization=CLIENT)


@pytest.mark.parametrize("version", NEW)
def test_a_code_gives_a_token_that_names_its_user_and_refreshing_rotates_nothing(version):
    made, code = authorized(version)
    first = read(new_token(made, grant_type="authorization_code", code=code, code_verifier=VERIFIER))
    claims = json.loads(base64.urlsafe_b64decode(first["access_token"].split(".")[1] + "=="))
    assert (claims["username"], claims["aud"], "id_token" in first) == ("admin", "registry", True)
    second = read(new_token(made, grant_type="refresh_token", refresh_token=first["refresh_token"]))
    assert second["refresh_token"] == first["refresh_token"]
    for token in (first["access_token"], second["access_token"]):
        assert made.ask("GET", "/api/me", authorization=f"Bearer {token}").status == 200


def test_a_wrong_verifier_gets_no_token():
    made, code = authorized("2.42")
    refused = new_token(made, grant_type="authorization_code", code=code, code_verifier="guessed")
    assert (refused.status, read(refused)) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(("secret", "status"), [("$2a$08$" + "x" * 53, 500), (SECRET, 401)])
def test_a_client_secret_must_be_bcrypt_of_strength_ten(secret, status):
    made, code = authorized("2.42", clientSecret=secret)
    assert new_token(made, grant_type="authorization_code", code=code, code_verifier=VERIFIER).status == status


def test_a_token_of_another_key_is_refused():
    made, code = authorized("2.42")
    token = read(new_token(made, grant_type="authorization_code", code=code, code_verifier=VERIFIER))["access_token"]
    head, claims, signature = token.split(".")
    forged = f"{head}.{claims}.{signature[:-4]}AAAA"
    assert made.ask("GET", "/api/me", authorization=f"Bearer {forged}").status == 401


# Apps


def upload(made: Server, **manifest):
    stream = io.BytesIO()
    whole = {
        "name": "CGR link",
        "short_name": "cgr",
        "version": "1",
        "launch_path": "index.html",
        "activities": {"dhis": {}},
    }
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("manifest.webapp", json.dumps(whole | manifest))
        archive.writestr("index.html", "<html><head></head><body>to the registry</body></html>")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="cgr.zip"\r\n\r\n'
    body = head + stream.getvalue() + b"\r\n--b--\r\n"
    return made.ask("POST", "/api/apps", body, content_type="multipart/form-data; boundary=b")


@pytest.mark.parametrize(
    ("version", "status", "key"), [("2.31", 204, "CGR-link"), ("2.36", 204, "cgr"), ("2.43", 201, "cgr")]
)
def test_an_app_gets_its_key_from_the_name_up_to_2_34_and_from_the_short_name_later(version, status, key):
    made = server(version)
    assert upload(made).status == status
    assert [app["key"] for app in read(made.ask("GET", "/api/apps"))] == [key]


@pytest.mark.parametrize(("version", "status"), [("2.40", 200), ("2.42", 302)])
def test_the_index_page_leads_to_the_shell_from_2_42_on_unless_asked_not_to(version, status):
    made = server(version)
    upload(made)
    assert made.ask("GET", "/api/apps/cgr/index.html").status == status
    assert b"to the registry" in made.ask("GET", "/api/apps/cgr/index.html?shell=false").body


def test_an_app_that_is_being_deleted_cannot_be_installed_again_at_once_in_2_40():
    made = server("2.40")
    upload(made)
    assert made.ask("DELETE", "/api/apps/cgr").status == 204
    assert upload(made).status == 409


# Asynchronous imports


def async_import(made: Server, *units):
    reply = read(
        made.ask("POST", "/api/metadata?async=true", {"organisationUnits": [*units]}, content_type="application/json")
    )
    uid = reply["response"]["id"]
    tasks, summary = f"/api/system/tasks/METADATA_IMPORT/{uid}", f"/api/system/taskSummaries/METADATA_IMPORT/{uid}"
    return tasks, summary


@pytest.mark.parametrize(
    ("version", "level"), [("2.36", "INFO"), ("2.40", "INFO"), ("2.42", "ERROR"), ("2.43", "ERROR")]
)
def test_a_refused_import_looks_done_up_to_2_40_and_only_the_summary_tells(version, level):
    made = server(version)
    tasks, summary = async_import(made, {"id": "OuNewUnit01", "name": "x" * 300})
    newest = read(made.ask("GET", tasks))[0]
    assert (newest["completed"], newest["level"]) == (True, level)
    assert read(made.ask("GET", summary))["status"] == "ERROR"


@pytest.mark.parametrize(
    ("version", "first", "again"),
    [("2.31", False, False), ("2.36", True, True), ("2.42", True, None), ("2.43", True, True)],
)
def test_a_crashed_import_never_completes_in_2_31_and_is_forgotten_in_2_42(version, first, again):
    made = server(version)
    broken = {"id": "OuNewUnit01", "name": "x", "shortName": "x", "closedDate": "2020-01-01"}
    tasks, summary = async_import(made, broken)
    shown = [read(made.ask("GET", tasks)) for _ in range(2)]
    assert shown[0][0]["completed"] is first
    assert (shown[1][0]["completed"] if shown[1] else None) is again
    assert made.ask("GET", summary).body == b""
