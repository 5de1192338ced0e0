"""The pages of synchronizations, with a DHIS2 on a real port: what the form shows, keeps, refuses and saves."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from django.test import Client
from django.utils import translation

from cgr.accounts.actions import add_user
from cgr.accounts.models import User
from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, Limits, SyncMapping, SyncType
from cgr.core.mapping_rules import candidates, check_mapping
from cgr.registry.queries import type_shapes
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.models import SyncConfig
from cgr.sync.offers import refresh
from cgr.systems.models import ExternalSystem, ReadShape
from cgr.systems.shapes import kept
from cgr.web.sentences import in_reader_words
from cgr.web.syncs.words import said

from .ministry import (
    BEDS,
    CLINICS,
    HOTLINE,
    METADATA,
    OPERATOR,
    OWNER,
    PRIVATE,
    PUBLIC,
    SYNC,
    configure,
    write_objects,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse
    from pytest_django import DjangoAssertNumQueries

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


ADD = "/synchronization/add/"


def press(client: Client, page: str, answer: HttpResponse, do: str, **changed: str | list[str]) -> HttpResponse:
    """Press a button of the form as a browser without scripts does, after somebody changed fields."""
    given = {name.replace("__", "-"): value for name, value in changed.items()}
    return client.post(page, {**fields_of(answer), **given, "do": do})


def test_without_scripts_a_synchronization_is_registered_button_by_button(registry: SandboxServer) -> None:
    client = browser_of("ada")
    page = press(client, ADD, client.get(ADD), "refresh", label="To the HMIS", code="all")
    for _ in range(3):
        page = press(client, ADD, page, "add-level")
    assert "DHIS2 has 4 levels" in text_of(page)
    assert fields_of(press(client, ADD, page, "add-level"))["levels"] == ["4"]  # DHIS2 has no fifth
    page = press(client, ADD, page, "show", **{"level-4-type": "facility", "level-4-add_group": "clinics"})
    rows = fields_of(page)
    owner = next(name.removesuffix("source") for name, value in rows.items() if value == ["owner"])
    page = press(client, ADD, page, "show", **{f"{owner}to": OWNER})
    assert not any(fields_of(page).get(f"{owner}term-{code}") != [""] for code in ("PUB", "PRI", "NGO"))
    page = press(client, ADD, page, f"accept-4-{owner.split('-')[3]}")
    answer = press(client, ADD, page, "preview")

    run = Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.config, run.goal, run.state) == ("all", "plan", "queued")
    facility = SyncConfig.objects.get().settings["levels"][3]
    assert facility == {
        "type": "facility",
        "sync": "both",
        "groups": [CLINICS],
        "attributes": [{"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}}],
    }
    assert registry.url in ExternalSystem.objects.get().url


def test_what_is_wrong_stands_at_its_field_and_on_top_and_nothing_typed_is_lost(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    before = SyncConfig.objects.values().get()
    client = browser_of("ada")
    wrong = {"level-4-type": "region", "level-2-locale": "xx yy", "label": "Typed", "min_units": "-3"}
    answer = press(client, EDIT, client.get(EDIT), "save", **wrong)

    text = text_of(answer)
    assert '<a href="#level-4-type">Level 4 (region), type: region is not directly below district' in text
    assert '<a href="#level-2-locale">' in text
    assert '<a href="#min_units">Only from so many units on: -3 is not a number of units.</a>' in text
    assert "✗</span> Region is not directly below district" in text
    assert {name: fields_of(answer)[name] for name in wrong} == {name: [value] for name, value in wrong.items()}
    assert SyncConfig.objects.values().get() == before
    # Back to the former type, its attributes are matched as they were.
    again = press(client, EDIT, answer, "save", **{"level-4-type": "facility", "level-2-locale": "", "min_units": "12"})
    assert again.status_code == 302
    assert SyncConfig.objects.get().settings == before["settings"]


def test_registering_never_takes_over_one_that_is_there(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    before = SyncConfig.objects.values().get()
    client = browser_of("ada")
    page = press(client, ADD, client.get(ADD), "show", label="Another", code="all")
    answer = press(client, ADD, page, "save")
    assert '<a href="#code">' in text_of(answer)
    assert "is taken by another synchronization configuration" in text_of(answer)
    assert SyncConfig.objects.values().get() == before


def test_what_dhis2_lost_can_be_kept_and_what_it_never_had_cannot_be_chosen(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    del registry.world.objects["organisationUnitGroups"][CLINICS]
    page = press(client, EDIT, client.get(EDIT), "refresh")
    assert "DHIS2 has no organisation unit group GrClinics01" in text_of(page)
    assert press(client, EDIT, page, "save").status_code == 302
    answer = press(client, EDIT, page, "save", **{"level-3-add_group": "GrNowhere01"})
    assert '<a href="#level-3-add_group">' in text_of(answer)
    assert CLINICS in SyncConfig.objects.get().settings["levels"][3]["groups"]


def test_a_dhis2_that_is_away_is_a_banner_over_the_lists_read_before(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    press(client, EDIT, client.get(EDIT), "refresh")
    registry.world.faults.add(Fault("status", status=503, times=0))

    page = press(client, EDIT, client.get(EDIT), "refresh")
    assert "The DHIS2 is away." in text_of(page)
    assert "Bed count" in text_of(page)
    beside = client.post("/synchronization/lists/?system=hmis")
    assert "The DHIS2 is away." in text_of(beside)
    assert "HX-Trigger" not in beside
    checked = client.post("/synchronization/id/all/", {"do": "check"})
    assert "The DHIS2 is away." in text_of(checked)
    assert "these terms have no option" in text_of(checked)
    registry.world.faults.clear()
    assert client.post("/synchronization/lists/?system=hmis")["HX-Trigger"] == "lists-read"
    assert press(client, EDIT, page, "save").status_code == 302


def test_the_page_says_in_words_what_goes_where_and_starts_runs(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    press(client, EDIT, client.get(EDIT), "refresh")
    text = text_of(client.get("/synchronization/id/all/"))
    for words in ("Beds → Bed count", "Owner → 2 groups", "only units already in: Clinics, Public", "without geometry"):
        assert words in text
    assert "every 3s" not in text
    answer = client.post("/synchronization/id/all/run/")
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.goal, run.request["consents"]) == ("run", [])
    assert 'hx-trigger="every 3s"' in text_of(client.get("/synchronization/id/all/"))
    assert "queued" in text_of(client.get("/synchronization/id/all/runs/"))


def test_deleting_waits_for_a_run_and_keeps_the_runs(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    client.post("/synchronization/id/all/run/")
    assert "waiting or under way" in text_of(client.post("/synchronization/id/all/delete/"))
    Run.objects.update(state="cancelled")
    assert "its runs with their reports" in text_of(client.get("/synchronization/id/all/delete/"))
    assert client.post("/synchronization/id/all/delete/")["Location"] == "/synchronization/"
    assert (SyncConfig.objects.count(), Run.objects.count()) == (0, 1)


def test_a_schedule_is_laid_down_paused_continued_and_removed(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    page = "/synchronization/id/all/schedule/"
    for asked, schedule in (
        ({"cron": "0  20 * * 5", "time_zone": "Africa/Lusaka", "apply": "plan"}, ("0 20 * * 5", False, False)),
        ({"do": "pause"}, ("0 20 * * 5", False, True)),
        ({"do": "continue"}, ("0 20 * * 5", False, False)),
    ):
        assert client.post(page, asked).status_code == 302
        saved = SyncConfig.objects.get()
        assert saved.schedule is not None
        assert (saved.schedule["cron"], saved.schedule["apply"], saved.schedule["paused"]) == schedule
        assert (saved.next_at is None) is schedule[2]
    refused = client.post(page, {"cron": "x", "time_zone": "Mars/Base"})
    assert "There is no time zone" in text_of(refused)
    assert 'value="Mars/Base"' in text_of(refused)
    assert client.post(page, {"do": "remove"}).status_code == 302
    assert SyncConfig.objects.get().schedule is None


def test_who_is_told_is_said_on_the_page_and_the_secret_never_shown(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    page = "/synchronization/id/all/notices/"
    hook = "https://hooks.example.org/cgr"
    sent = {"email": "ada@example.org\nbo@example.org", "url": hook, "on": ["failure", "success"]}
    refused = client.post(page, {**sent, "email": "ada"})
    assert "an e-mail address" in text_of(refused)
    assert f'value="{hook}"' in text_of(refused)  # what was typed stays
    assert "needs a secret" in text_of(client.post(page, sent))
    assert SyncConfig.objects.get().notify == {}
    assert client.post(page, {**sent, "secret": "between-us-0123456789"}).status_code == 302
    assert SyncConfig.objects.get().notify == {
        "email": ["ada@example.org", "bo@example.org"],
        "webhook": {"url": hook},
        "on": ["success", "failure"],
    }
    shown = text_of(client.get(page))
    assert "bo@example.org" in shown
    assert "between-us" not in shown
    said_there = text_of(client.get("/synchronization/id/all/"))
    assert "ada@example.org, bo@example.org, a webhook · success, failure" in said_there
    # The secret goes on with the same address only.
    assert client.post(page, sent).status_code == 302
    assert "secret is needed again" in text_of(client.post(page, {**sent, "url": "https://other.example.org/"}))
    # The form of the mapping leaves all that alone; telling nobody ends it.
    assert client.post(page, {"do": "nobody"}).status_code == 302
    assert SyncConfig.objects.get().notify == {}
    assert not bytes(SyncConfig.objects.get().sealed_webhook_secret)


@pytest.mark.usefixtures("registry")
def test_objects_with_an_unmapped_term_are_counted_as_of_today() -> None:
    def periods(*values: tuple[str | None, str | None, str]) -> list[dict[str, str | None]]:
        return [{"from": start, "to": end, "value": value} for start, end, value in values]

    for code, owner, invalid in (
        ("F1", "NGO", False),
        ("F2", periods(("2001-01-01", "2010-01-01", "PUB"), ("2010-01-01", None, "NGO")), False),
        ("F3", periods(("2001-01-01", "2010-01-01", "PRI"), ("2010-01-01", "2012-01-01", "NGO")), False),
        ("F4", periods(("2001-01-01", None, "PUB")), False),
        ("F5", periods(("2999-01-01", None, "NGO")), False),
        ("F6", "NGO", True),
    ):
        exists = [{"from": "2000-01-01", "to": None}]
        line = {"type": "facility", "code": code, "label": code, "exists": exists, "values": {"owner": owner}}
        write_objects({**line, "invalid": invalid})
    answer = browser_of("ada").get("/synchronization/terms/?type=facility&attribute=owner&term=NGO&term=PRI")
    assert "3 objects have a term that isn't mapped and will not be exported:" in text_of(answer)
    assert "NGO 3" in text_of(answer)


def test_no_page_asks_more_of_the_database_for_more_rows(
    registry: SandboxServer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    configure(registry.url, SYNC)
    client = browser_of("ada")
    press(client, EDIT, client.get(EDIT), "refresh")
    row, system = SyncConfig.objects.get(), ExternalSystem.objects.get()
    asked = {"kind": "sync", "organization": row.organization, "system": system, "as_of": "2026-11-23", "actor": "ada"}
    for number in range(30):
        Run.objects.create(config="all", state="warning", **asked)
        SyncConfig.objects.create(
            code=f"more-{number}",
            organization=row.organization,
            system=system,
            hierarchy=row.hierarchy,
            label=row.label,
            settings=row.settings,
        )
    for address, most in (
        ("/synchronization/", 8),
        ("/synchronization/id/all/", 18),
        ("/synchronization/id/all/runs/", 8),
        (EDIT, 17),
    ):
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
    text = text_of(client.get("/synchronization/id/all/"))
    newest = Run.objects.order_by("-pk")
    assert text.count("<td class=") == 20
    assert f'href="/runs/{newest[19].pk}/"' in text
    older = text_of(client.get(f"/synchronization/id/all/?before={newest[19].pk}"))
    assert older.count("<td class=") == 10


BAD = LevelMapping(
    "facility",
    SyncType.BOTH,
    groups=("x", "GrNowhere01", "GrNowhere01", PRIVATE),
    fields={
        "nonsense": "label",
        "name": None,
        "shortName": FieldSource("derived", clear=True),
        "code": "derived",
        "url": "attribute:nix",
        "openingDate": "label",
    },
    where={"nix": ("x",), "owner": ("NO",), "beds": ()},
    attributes=(
        AttributeMapping("nix", to=BEDS),
        AttributeMapping("beds", to=BEDS, terms={"A": "1"}),
        AttributeMapping("beds", to="x"),
        AttributeMapping("beds", to="AtNowhere01"),
        AttributeMapping("hotline", to=BEDS),
        AttributeMapping("opened", to=OWNER),
        AttributeMapping("owner", to=HOTLINE),
        AttributeMapping("owner", to=OWNER, terms={"PUB": "9", "NO": "1"}, groups={"PUB": PUBLIC}),
        AttributeMapping("owner", groups={"PUB": "GrNowhere01"}, clear=True),
    ),
    locale="PT-br",
)
MAPPINGS = (
    SyncMapping(levels=(), locale="xx yy"),
    SyncMapping(levels=(BAD,) * 5, limits=Limits(changed_share=2, min_units=-1)),
    SyncMapping(
        levels=(
            LevelMapping("country", SyncType.NONE, only_in_groups=True, geometry=True),
            LevelMapping("district", SyncType.RELATIONSHIPS),
            LevelMapping("nonsense", SyncType.BOTH),
        )
    ),
)


def test_all_that_the_rules_say_about_a_mapping_is_said_in_french(registry: SandboxServer) -> None:
    configure(registry.url, SYNC)
    refresh(OPERATOR, "hmis")
    shape = kept(ExternalSystem.objects.get()).shape
    shape = msgspec.structs.replace(
        shape,
        authorities=frozenset(),
        groups={**shape.groups, PRIVATE: msgspec.structs.replace(shape.groups[PRIVATE], writable=False)},
        attributes={**shape.attributes, HOTLINE: msgspec.structs.replace(shape.attributes[HOTLINE], mandatory=True)},
    )
    types = type_shapes("admin")
    found = {one for mapping in MAPPINGS for known in (None, shape) for one in check_mapping(mapping, types, known)}
    assert len(found) > 60
    with translation.override("fr"):
        assert [text for one in found for text in (one.message, one.next_step) if in_reader_words(text) == text] == []
        told = {said(one)["message"] for one in found}
        why = {
            in_reader_words(reason)
            for one in types.values()
            for a in one.attributes.values()
            for _, reason in candidates(a, shape)[1]
        }
    assert not [text for text in told | why if re.search(r"\b(the|is|has|with|of|it|no)\b", text)]
