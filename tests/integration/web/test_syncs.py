"""The pages of synchronizations, with a DHIS2 on a real port: what the form shows, keeps, refuses and saves."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import translation

from cgr.accounts.actions import add_user
from cgr.accounts.models import User
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.models import SyncConfig
from cgr.systems.models import ReadShape

from .ministry import METADATA, OPERATOR, SYNC, configure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from cgr.sandbox.server import SandboxServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def dhis2(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    monkeypatch.setenv("TEST_PASSWORD", "district")
    world = World("2.42")
    world.load({"metadata": METADATA})
    with serve(world) as server:
        yield server


@pytest.fixture
def registry(dhis2: SandboxServer) -> SandboxServer:
    """The registry with its types, the system and somebody of each kind; no configuration yet."""
    configure(dhis2.url)
    add_user(OPERATOR, "ada", password="sun-and-rain-9", role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "mo", password="sun-and-rain-9", role="registry-maintainer", organization="MOH")
    return dhis2


def browser_of(name: str) -> Client:
    client = Client()
    user = User.objects.get(username=name)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


class Form(HTMLParser):
    """Reads the one form of a page as a browser would send it when nobody touches anything."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._inside = False
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = given.get("id") == "sync-form"
        if not self._inside:
            return
        name = given.get("name") or ""
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.setdefault(name, []).append(given.get("value") or "")
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = [given.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        if tag == "form":
            self._inside = False


def fields_of(answer: HttpResponse) -> dict[str, list[str]]:
    assert answer.status_code == 200, answer
    return Form(answer.content.decode()).fields


def text_of(answer: HttpResponse) -> str:
    assert answer.status_code == 200, answer
    return " ".join(answer.content.decode().split())


EDIT = "/synchronization/id/all/edit/"


@pytest.mark.parametrize("read", [True, False], ids=["lists read", "nothing ever read"])
def test_every_configuration_of_a_file_is_shown_and_saved_unchanged(registry: SandboxServer, *, read: bool) -> None:
    configure(registry.url, SYNC)
    before = SyncConfig.objects.values().get()
    client = browser_of("ada")
    form = fields_of(client.post(EDIT, {**fields_of(client.get(EDIT)), "do": "refresh"}) if read else client.get(EDIT))
    assert ReadShape.objects.exists() is read

    answer = client.post(EDIT, {**form, "do": "save"})

    assert (answer.status_code, answer["Location"]) == (302, "/synchronization/id/all/")
    assert SyncConfig.objects.values().get() == before
    assert configure(registry.url, SYNC).unchanged == 10
