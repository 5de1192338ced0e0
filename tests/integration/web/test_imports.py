"""The pages of imports: the draft that is kept, a hierarchy that is proposed, few queries however much there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.imports.answers import answers_of
from cgr.imports.background import continue_import, request_of
from cgr.registry.actions import apply_objects, save_hierarchy, save_type
from cgr.registry.models import GeoObject, Hierarchy
from cgr.runs.models import Run
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from cgr.sandbox.server import SandboxServer

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor("cli:test", is_system_administrator=True)
FACILITIES = 60


def unit(uid: str, name: str, parent: str | None, **more: Any) -> dict[str, Any]:
    above = {"parent": {"id": parent}} if parent else {}
    return {"id": uid, "name": name, "shortName": name, "openingDate": "2000-01-01", **above, **more}


def facilities(count: int) -> list[dict[str, Any]]:
    place = {"type": "Point", "coordinates": [-11.7, 7.9]}
    return [
        unit(f"OuPlace{n:04}", f"Place {n}", "OuCountry01", code=f"F{n}", geometry=place) for n in range(1, count + 1)
    ]


@pytest.fixture
def dhis2() -> Iterator[SandboxServer]:
    world = World("2.42")
    levels = [
        {"id": f"LvTest0000{n}", "level": n, "name": name} for n, name in ((1, "National"), (2, "Poste de santé"))
    ]
    units = [unit("OuCountry01", "Country", None, code="C"), *facilities(FACILITIES)]
    world.load({"version": "2.42", "metadata": {"organisationUnits": units, "organisationUnitLevels": levels}})
    with serve(world) as server:
        save_organization(OPERATOR, "MOH", label={"default": "Ministry"})
        label = {"default": "HMIS"}
        sign_in = SignIn("basic", "admin", "district")
        save_system(OPERATOR, "hmis", organization="MOH", label=label, url=server.url, sign_in=sign_in)
        add_user(OPERATOR, "ada", password="sun-and-rain-9", role="registry-administrator", organization="MOH")
        yield server


@pytest.fixture
def ada(dhis2: SandboxServer) -> Client:
    assert dhis2.url
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    client.post("/import/", {"system": "hmis"})
    return client


@pytest.fixture
def types(dhis2: SandboxServer) -> None:
    assert dhis2.url
    save_type(OPERATOR, TypeDefinition("country", "MOH", "Country", geometry="mixed"))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", geometry="point"))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"country": {"facility": {}}}))


LEVELS = {"hierarchy": "admin", "level-1": "country", "level-2": "facility", "root": "", "do": "next"}
PLAIN = {
    "plain-label": "name",
    "plain-code": "code",
    "plain-exists.start": "openingDate",
    "plain-exists.end": "closedDate",
}


def preview(client: Client) -> Run:
    answer = client.post("/import/fields/", {**PLAIN, "do": "preview"})
    run = Run.objects.latest("pk")
    assert answer["Location"] == f"/import/{run.pk}/"
    return worked(run)


def worked(run: Run) -> Run:
    continue_import(run.pk, lambda: False)
    run.refresh_from_db()
    return run


def text(answer: HttpResponse) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_was_typed_is_there_again_after_what_is_refused_and_on_another_day(ada: Client) -> None:
    ada.post(
        "/import/levels/", {"hierarchy": "", "proposed": "", "start": "2021-05-06", "find": "place 7", "do": "next"}
    )
    shown = text(ada.get("/import/levels/"))
    assert "Choose a hierarchy, or give the new one a code." in shown
    assert 'value="2021-05-06"' in shown
    ada.post("/import/levels/", {"proposed": "new", "start": "2021-05-06", "find": "Place 7", "do": "find"})
    shown = text(ada.get("/import/levels/"))
    assert "OuPlace0007" in shown
    assert "OuPlace0017" not in shown
    ada.post("/import/levels/", {"proposed": "new", "root": "OuPlace0007", "start": "2021-05-06", "do": "next"})
    ada.post("/import/levels/", {"proposed": "new", "root": "made-up", "start": "tomorrow", "do": "next"})
    answer = ada.post("/import/fields/", {**PLAIN, "do": "preview"}, follow=True)
    assert "tomorrow" in text(answer)
    assert not Run.objects.exists()


def test_types_and_hierarchy_are_proposed_previewed_and_made_by_the_run_alone(ada: Client) -> None:
    ada.post("/import/levels/", {"hierarchy": "", "proposed": "proposed", "root": "", "do": "next"})
    run = preview(ada)
    assert not Hierarchy.objects.exists()
    shown = text(ada.get(f"/import/{run.pk}/"))
    assert "Create 61 Geo-Objects" in shown
    assert "poste-de-sante" in shown
    assert "Tell me by e-mail" not in shown
    ada.post(f"/import/{run.pk}/", {"do": "run", "notify": "1"})
    assert worked(run).state == Run.State.SUCCESS
    assert run.notices == []
    assert Hierarchy.objects.get().code == "proposed"
    assert len(json.loads(b"".join([ada.get(f"/import/{run.pk}/places/").content]))["features"]) == FACILITIES


@pytest.mark.usefixtures("types")
def test_who_carries_it_out_may_ask_to_be_told_how_it_ended(ada: Client, settings: Any) -> None:
    settings.EMAIL_CONFIGURED = True
    User.objects.filter(username="ada").update(email="ada@example.org")
    ada.post("/import/levels/", LEVELS)
    run = preview(ada)
    page = f"/import/{run.pk}/"
    assert "Tell me by e-mail when it ends (ada@example.org)" in text(ada.get(page))
    ada.post(page, {"do": "preview", "notify": "1"})
    assert 'name="notify" value="1" form="do" checked' in text(ada.get(f"/import/{worked(run).pk}/"))
    ada.post(page, {"do": "run", "notify": "1"})
    (told,) = worked(run).notices
    assert (told["to"], told["state"]) == ("ada@example.org", "failed")  # these settings name no mail server
    assert "this installation has no mail server" in text(ada.get(page))


@pytest.mark.usefixtures("types")
def test_fields_can_be_left_out_or_filled_otherwise(ada: Client) -> None:
    ada.post("/import/levels/", LEVELS)
    ada.post("/import/fields/", {**PLAIN, "plain-label": "shortName", "plain-code": "", "do": "preview"})
    asked = request_of(Run.objects.get())
    assert asked.mapping.fields == {"name": None, "shortName": "label", "code": None}
    assert asked.levels == {1: "country", 2: "facility"}
    ada.post(f"/import/{Run.objects.get().pk}/", {"do": "cancel"})
    assert Run.objects.get().state == Run.State.CANCELLED


@pytest.mark.usefixtures("types")
def test_pages_ask_the_database_as_often_for_sixty_units_as_for_few(
    ada: Client, django_assert_max_num_queries: Any
) -> None:
    lines = [
        json.dumps({"type": "facility", "code": f"F{n}", "label": f"Place {n}"}).encode()
        for n in range(1, FACILITIES + 1)
    ]
    assert not apply_objects(OPERATOR, lines, preview=False).errors
    ada.post("/import/levels/", LEVELS)
    run = preview(ada)
    assert run.summary["counts"]["conflict"] == FACILITIES
    for path in (
        "", "levels/", "fields/", f"{run.pk}/", f"{run.pk}/places/", f"{run.pk}/problems/",
        f"{run.pk}/problems/?show=suggestions", f"{run.pk}/problems/above/?above=0.7",
    ):  # fmt: skip
        with django_assert_max_num_queries(32):
            text(ada.get(f"/import/{path}"))
    shown = text(ada.get(f"/import/{run.pk}/problems/"))
    assert shown.count('<section class="item') == 50
    after = shown.rpartition("after=")[2].partition('"')[0]
    assert text(ada.get(f"/import/{run.pk}/problems/?after={after}")).count('<section class="item') == FACILITIES - 50

    # More than was seen isn't accepted.
    ada.post(f"/import/{run.pk}/problems/above/", {"above": "0.7", "expected": "3"})
    assert not answers_of(run)
    for above in ("7", "-1", "x", "nan"):
        text(ada.get(f"/import/{run.pk}/problems/above/?above={above}"))
    ada.post(f"/import/{run.pk}/problems/above/", {"above": "0.7", "expected": str(FACILITIES)})
    assert len(answers_of(run)) == FACILITIES
    ada.post(f"/import/{run.pk}/", {"do": "preview"})
    assert worked(run).summary["counts"]["conflict"] == 0


@pytest.mark.usefixtures("types")
def test_a_parent_is_searched_and_chosen_for_a_unit_whose_own_has_no_object(ada: Client) -> None:
    lines = [json.dumps({"type": "country", "code": code, "label": f"Land {code}"}).encode() for code in ("C", "D")]
    assert not apply_objects(OPERATOR, lines, preview=False).errors
    ada.post("/import/levels/", LEVELS)
    run = preview(ada)
    page = f"/import/{run.pk}/problems/"
    assert "Put it into another Country: code or label" in text(ada.get(page))
    found = text(ada.get(page, {"for": "OuPlace0001", "find": "land"}))
    assert found.count('value="under"') == 2
    assert "No object is found" in text(ada.get(page, {"for": "OuPlace0001", "find": "nowhere"}))
    ada.post(page, {"item": "OuPlace0001", "code": "D", "as": "under"})
    assert "Inside · D" in text(ada.get(page))
    ada.post(f"/import/{run.pk}/", {"do": "run"})
    worked(run)
    assert GeoObject.objects.get(type__code="facility").code == "F1"
