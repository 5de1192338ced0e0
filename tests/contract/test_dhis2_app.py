"""The DHIS2 app is installed, found, served, replaced and deleted in every recorded version, by its rules."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import pytest

from cgr.dhis2.plugin import APP_KEY, FILE_NAME, app_zip
from cgr.sandbox.http import Request, Response
from cgr.sandbox.world import World

VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]
# What a version answers to an upload that it accepts (verified fact S10; the recordings are asked below).
INSTALLED = {version: 201 if version in ("2.42", "2.43") else 204 for version in VERSIONS}
BASIC = "Basic " + base64.b64encode(b"admin:district").decode()
LABEL = {"default": 'HMIS "</script>', "fr": "Système national d'information"}


def app(changes: int = 1) -> bytes:
    return app_zip(LABEL, registry_url="https://registry.example.org", changes=changes)


def ask(world: World, method: str, path: str, body: bytes = b"", content_type: str = "", **query: str) -> Response:
    headers = {"authorization": BASIC} | ({"content-type": content_type} if content_type else {})
    return world.dispatch(Request(method, path, {name: [text] for name, text in query.items()}, headers, body))


def install(world: World, content: bytes) -> Response:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{FILE_NAME}"\r\n\r\n'
    return ask(
        world, "POST", "/api/apps", head.encode() + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
    )


def installed(world: World) -> list[dict]:
    return json.loads(body_of(ask(world, "GET", "/api/apps")))


def body_of(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_app_is_installed_and_found_by_its_key_with_an_address_to_open(version: str) -> None:
    world = World(version)
    assert install(world, app()).status == INSTALLED[version]
    (found,) = installed(world)
    assert (found["key"], found["version"], found["appState"]) == (APP_KEY, "1.0.1", "OK")
    assert found["launchUrl"].endswith(f"/api/apps/{APP_KEY}/index.html")
    assert LABEL["default"] in found["description"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_of_the_app_is_served_and_its_page_keeps_script_and_link(version: str) -> None:
    world = World(version)
    install(world, app())
    with zipfile.ZipFile(io.BytesIO(app())) as archive:
        for name in set(archive.namelist()) - {"index.html", "manifest.webapp"}:
            served = ask(world, "GET", f"/api/apps/{APP_KEY}/{name}")
            assert (served.status, body_of(served)) == (200, archive.read(name))
    page = ask(world, "GET", f"/api/apps/{APP_KEY}/index.html", redirect="false")
    assert (page.status, page.content_type) == (200, "text/html;charset=UTF-8")
    for part in (b'<script src="redirect.js"></script>', b'href="https://registry.example.org/" target="_top"'):
        assert part in body_of(page)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_later_app_takes_the_place_of_the_former(version: str) -> None:
    world = World(version)
    install(world, app(1))
    assert install(world, app(2)).status == INSTALLED[version]
    assert [(found["key"], found["version"]) for found in installed(world)] == [(APP_KEY, "1.0.2")]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_app_can_be_deleted(version: str) -> None:
    world = World(version)
    install(world, app())
    assert ask(world, "DELETE", f"/api/apps/{APP_KEY}").status == 204
    assert installed(world) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_our_manifest_has_all_that_the_real_server_of_that_version_was_given(version: str, shared) -> None:
    recorded = json.loads((shared / "dhis2" / "recordings" / version / "26-apps.json").read_text("utf-8"))
    upload = recorded["exchanges"][0]
    accepted = json.loads(upload["request"]["body"]["_multipart"]["file"]["zip_entries"]["manifest.webapp"])
    with zipfile.ZipFile(io.BytesIO(app())) as archive:
        ours = json.loads(archive.read("manifest.webapp"))
    assert upload["response"]["status"] == INSTALLED[version]
    assert {name: type(ours.get(name)) for name in accepted} == {name: type(text) for name, text in accepted.items()}
    assert ours["activities"] == accepted["activities"]
    # What beyond that ours has is described for every version in api.md §7, and unknown keys are ignored.
    assert ours.keys() - accepted.keys() == {"appType"}
