"""The pages of synchronizations, with a DHIS2 on a real port: what the form shows, keeps, refuses and saves."""

from __future__ import annotations

import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.test import Client
from django.utils import translation

from cgr.accounts.actions import add_user
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.configuration.applying import apply as apply_configuration
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.models import SyncConfig
from cgr.systems.models import ReadShape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from cgr.sandbox.server import SandboxServer

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
OWNER, BEDS, HOTLINE = "AtOwner0001", "AtBeds00001", "AtHotline01"
PUBLIC, PRIVATE, CLINICS = "GrPublic001", "GrPrivate01", "GrClinics01"

METADATA = {
    "organisationUnits": [
        {"id": "OuCountry01", "name": "Country", "shortName": "Country", "code": "C", "openingDate": "2000-01-01"}
    ],
    "organisationUnitLevels": [
        {"id": f"LvTest0000{level}", "level": level, "name": name}
        for level, name in enumerate(("Country", "Region", "District", "Facility"), start=1)
    ],
    "organisationUnitGroups": [
        {"id": uid, "name": name, "shortName": name, "organisationUnits": []}
        for uid, name in ((CLINICS, "Clinics"), (PUBLIC, "Public"), (PRIVATE, "Private"))
    ],
    "optionSets": [
        {
            "id": "OsOwner0001",
            "name": "Ownership",
            "valueType": "TEXT",
            "options": [{"id": f"OpOwner000{one}"} for one in "12"],
        }
    ],
    "options": [
        {"id": f"OpOwner000{code}", "code": code, "name": name, "optionSet": {"id": "OsOwner0001"}}
        for code, name in (("1", "Public"), ("2", "Private"))
    ],
    "attributes": [
        {"id": BEDS, "name": "Number of beds", "valueType": "INTEGER_POSITIVE", "organisationUnitAttribute": True},
        {"id": HOTLINE, "name": "Hotline", "valueType": "PHONE_NUMBER", "organisationUnitAttribute": True},
        {
            "id": OWNER,
            "name": "Ownership",
            "valueType": "TEXT",
            "organisationUnitAttribute": True,
            "optionSet": {"id": "OsOwner0001"},
        },
    ],
}
DEFINITIONS: dict[str, Any] = {
    "version": 1,
    "organizations": [{"code": "MOH", "label": {"default": "Ministry of Health", "fr": "Ministère de la Santé"}}],
    "terms": [
        {
            "code": "ownership",
            "label": "Ownership",
            "terms": [
                {"code": "PUB", "label": "Public"},
                {"code": "PRI", "label": "Private"},
                {"code": "NGO", "label": "Non-governmental"},
            ],
        }
    ],
    "types": [
        {"code": "country", "organization": "MOH", "label": "Country"},
        {"code": "region", "organization": "MOH", "label": "Region"},
        {"code": "district", "organization": "MOH", "label": "District", "geometry": "multipolygon"},
        {
            "code": "facility",
            "organization": "MOH",
            "label": "Facility",
            "geometry": "point",
            "attributes": [
                {"code": "beds", "label": "Beds", "kind": "integer"},
                {"code": "opened", "label": "Opened", "kind": "date"},
                {"code": "remarks", "label": "Remarks", "kind": "localized_text"},
                {"code": "owner", "label": "Owner", "kind": "term", "terms": "ownership"},
                {"code": "hotline", "label": "Hotline", "kind": "text"},
            ],
        },
        {"code": "ward", "organization": "MOH", "label": "Ward"},
    ],
    "hierarchies": [
        {
            "code": "admin",
            "organization": "MOH",
            "label": "Administrative",
            "tree": {"country": {"region": {"district": {"facility": {}, "ward": {}}}}},
        }
    ],
}
SYNC: dict[str, Any] = {
    "code": "all",
    "organization": "MOH",
    "label": {"default": "To the HMIS", "fr": "Vers le SNIS", "pt": "Para o SNIS"},
    "hierarchy": "admin",
    "system": "hmis",
    "allow_new_root": True,
    "locale": "fr",
    "limits": {"changed_share": 0.333, "moved_share": 0.07, "vanished_share": 0.1, "min_units": 12},
    "schedule": {"cron": "0 3 * * *"},
    "levels": [
        {"type": "country", "sync": "none"},
        {"type": "region", "sync": "relationships"},
        {"type": "district", "sync": "org_units", "geometry": False},
        {
            "type": "facility",
            "sync": "both",
            "groups": [CLINICS, PUBLIC],
            "only_in_groups": True,
            "locale": "pt_BR",
            "geometry": True,
            "fields": {
                "description": "attribute:remarks",
                "shortName": "label",
                "code": None,
                "closedDate": {"from": "exists.end", "clear": True},
                "comment": {"from": "code", "clear": False},
            },
            "where": {"owner": ["PUB", "NGO"], "hotline": ["two  blanks ", "x, y"], "beds": ["12"]},
            "attributes": [
                {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}},
                {"from": "beds", "to": BEDS, "clear": True},
                {"from": "owner", "to": OWNER, "terms": {"PUB": "1"}},
                {"from": "opened"},
            ],
        },
    ],
}


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


def configure(url: str, *syncs: dict[str, Any]) -> Any:
    system = {
        "code": "hmis",
        "organization": "MOH",
        "label": "National HMIS",
        "url": url,
        "auth": {"kind": "basic", "username": "admin", "password": {"env": "TEST_PASSWORD"}},
    }
    document = {**DEFINITIONS, "systems": [system], "syncs": list(syncs)}
    return apply_configuration(OPERATOR, yaml.safe_dump(document).encode())


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
