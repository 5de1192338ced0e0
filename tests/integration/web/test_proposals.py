"""What contributors propose, and what becomes of it: on pages, and with what must not happen."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cgr.accounts.actions import create_token, save_organization
from cgr.accounts.actors import Actor, actor_of
from cgr.accounts.models import Membership, Organization, User
from cgr.audit.models import AuditEntry
from cgr.core.definitions import AttributeDefinition, HierarchyDefinition, TypeDefinition
from cgr.core.errors import BadInput
from cgr.registry.actions import accept, apply_objects, propose_line, save_hierarchy, save_type
from cgr.registry.models import GeoObject, Proposal

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)


def put(*objects: dict[str, Any]) -> None:
    assert not apply_objects(OPERATOR, [json.dumps(one).encode() for one in objects], preview=False).errors


@pytest.fixture(autouse=True)
def _country() -> None:
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": code})
    beds = AttributeDefinition("beds", "Beds", "integer")
    save_type(OPERATOR, TypeDefinition("district", "MOH", "District"))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point", (beds,)))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"district": {"facility": {}}}))
    point = {"type": "Point", "coordinates": [1.5, 2.5]}
    put(
        {"type": "district", "code": "D1", "label": "Bo"},
        {"type": "facility", "code": "F1", "label": "Clinic", "parents": {"admin": "D1"}, "geometry": point},
    )


def person(name: str, role: str, organization: str = "MOH", **more: Any) -> Actor:
    user = User.objects.create(username=name)
    place = Organization.objects.get(code=organization)
    Membership.objects.create(user=user, organization=place, role=role, **more)
    return actor_of(user)


def browser_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def cora() -> Client:
    return browser_of(person("cora", "registry-contributor"))


@pytest.fixture
def banda() -> Client:
    return browser_of(person("banda", "registry-maintainer"))


def text_of(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def page_of(code: str) -> str:
    return f"/explorer/objects/{GeoObject.objects.get(code=code).uid}/"


def beds(value: str = "12", **more: str) -> dict[str, str]:
    version = str(GeoObject.objects.get(code="F1").version)
    return {"way": "since", "since-start": "2024-01-01", "since-value": value, "version": version, **more}


def value_of(code: str) -> object:
    return GeoObject.objects.get(code=code).values


def test_a_contributor_proposes_and_nothing_changes_until_somebody_who_may_edit_accepts(
    cora: Client, banda: Client
) -> None:
    form = f"{page_of('F1')}change/value.beds/"
    assert "Propose a change: Beds" in text_of(cora.get(form))
    assert "Say why, in a sentence or two." in text_of(cora.post(form, beds()))
    assert cora.post(form, beds(why="Counted on Monday")).status_code == 302
    row = Proposal.objects.get()
    assert value_of("F1") == {}
    assert f"/proposals/{row.pk}/" in text_of(banda.get(page_of("F1")))
    assert "1 proposal waits" in text_of(banda.get("/"))
    shown = text_of(banda.get(f"/proposals/{row.pk}/"))
    assert "Counted on Monday" in shown
    assert "12 (2024-01-01 – …)" in shown
    answer = banda.post(f"/proposals/{row.pk}/", {"do": "accept", "version": "1"})
    assert answer["Location"] == f"/proposals/{row.pk}/"
    assert value_of("F1") == {"beds": [{"from": "2024-01-01", "to": None, "value": 12}]}
    entry = AuditEntry.objects.get(kind="geo-object", action="change")
    decision = AuditEntry.objects.get(kind="proposal", action="accept")
    assert (entry.actor, decision.actor, (decision.after or {})["by"]) == ("banda", "banda", "cora")
    assert "accepted" in text_of(cora.get("/proposals/?state=all"))
    assert "decided on already" in text_of(banda.post(f"/proposals/{row.pk}/", {"do": "accept", "version": "2"}))


def test_a_contributor_decides_on_nothing_not_even_their_own_but_takes_it_back(cora: Client) -> None:
    cora.post(f"{page_of('F1')}change/value.beds/", beds(why="Counted"))
    row = Proposal.objects.get()
    page = f"/proposals/{row.pk}/"
    assert 'value="accept"' not in text_of(cora.get(page))
    for does in ("accept", "reject"):
        assert cora.post(page, {"do": does, "version": "1", "answer": "no"}).status_code == 404
    assert cora.post(page, {"do": "withdraw"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, value_of("F1")) == ("withdrawn", {})


def test_a_rejection_says_why_and_what_was_typed_is_kept_without_a_reason(cora: Client, banda: Client) -> None:
    cora.post(f"{page_of('F1')}change/label/", {**beds(), "since-value_default": "Hospital", "why": "New sign"})
    row = Proposal.objects.get()
    page = f"/proposals/{row.pk}/"
    assert "Say why" in text_of(banda.post(page, {"do": "reject", "answer": " "}))
    assert banda.post(page, {"do": "reject", "answer": "The sign is wrong"}).status_code == 302
    assert "The sign is wrong" in text_of(cora.get(page))


def test_what_was_changed_since_is_shown_against_today_and_nobody_accepts_what_they_have_not_seen(
    cora: Client, banda: Client
) -> None:
    cora.post(f"{page_of('F1')}change/value.beds/", beds(why="Counted"))
    row = Proposal.objects.get()
    put({"type": "facility", "code": "F1", "values": {"beds": 7}})
    page = f"/proposals/{row.pk}/"
    told = text_of(banda.post(page, {"do": "accept", "version": "1"}))
    assert "Somebody else changed this object" in told
    assert "changed since" in told
    assert value_of("F1") == {"beds": [{"from": None, "to": None, "value": 7}]}
    banda.post(page, {"do": "accept", "version": "2"})
    assert value_of("F1") == {
        "beds": [{"from": None, "to": "2024-01-01", "value": 7}, {"from": "2024-01-01", "to": None, "value": 12}]
    }


def test_a_new_object_is_proposed_with_its_place_and_refused_once_its_code_is_taken(
    cora: Client, banda: Client
) -> None:
    district = GeoObject.objects.get(code="D1")
    form = f"/explorer/add/facility/?below={district.uid}"
    typed = {"code": "F2", "value_default": "New clinic", "start": "2026-01-01"}
    for code in ("F2", "F3"):
        assert cora.post(form, {**typed, "code": code, "why": "It opened"}).status_code == 302
    assert not GeoObject.objects.filter(code="F2").exists()
    second, first = Proposal.objects.all()
    banda.post(f"/proposals/{first.pk}/", {"do": "accept", "version": "0"})
    made = GeoObject.objects.get(code="F2")
    assert made.parent_edges.get().parent == district
    put({"type": "facility", "code": "F3", "label": "Made meanwhile"})
    told = text_of(banda.post(f"/proposals/{second.pk}/", {"do": "accept", "version": "0"}))
    assert "with this code already" in told
    second.refresh_from_db()
    assert second.state == "open"


def test_what_could_not_be_accepted_is_refused_when_it_is_proposed(cora: Client) -> None:
    form = f"{page_of('F1')}change/parent.admin/"
    told = text_of(cora.post(form, beds("D9", why="Moved")))
    assert "no object of the parent’s type" in told
    assert "Moved</textarea>" in told
    assert "Nothing would change." in text_of(cora.post(f"{page_of('F1')}change/invalid/", beds(why="Hm")))
    assert "Somebody else changed" in text_of(
        cora.post(f"{page_of('F1')}change/value.beds/", beds(why="x", version="9"))
    )
    assert not Proposal.objects.exists()
    assert not AuditEntry.objects.filter(actor="cora").exclude(kind="session").exists()


def test_who_may_decide_follows_organization_and_type(cora: Client) -> None:
    cora.post(f"{page_of('F1')}change/value.beds/", beds(why="Counted"))
    number = Proposal.objects.get().pk
    others = {
        "another organization": person("xi", "registry-administrator", "NMCP"),
        "another type": person("di", "registry-maintainer", types=["district"]),
        "another contributor": person("co", "registry-contributor"),
        "who only reads": person("ro", "api-consumer"),
    }
    for actor in others.values():
        assert browser_of(actor).get(f"/proposals/{number}/").status_code == 404
    fa = browser_of(person("fa", "registry-maintainer", types=["facility"]))
    assert 'value="accept"' in text_of(fa.get(f"/proposals/{number}/"))


def test_the_list_asks_no_more_when_there_is_more_to_show(banda: Client, django_assert_max_num_queries: Any) -> None:
    contributor = person("cora", "registry-contributor")
    for number in range(52):
        line = {"type": "facility", "code": f"N{number}", "label": f"New {number}"}
        propose_line(contributor, json.dumps(line).encode(), reason="It opened")
    banda.get("/proposals/")
    with django_assert_max_num_queries(15):
        text = text_of(banda.get("/proposals/"))
    assert "N51" in text
    assert "N1<" not in text
    older = text.split("?before=")[1].split('"')[0]
    assert "N1<" in text_of(banda.get(f"/proposals/?before={older}"))
    with django_assert_max_num_queries(20):
        banda.get(f"/proposals/{Proposal.objects.latest('pk').pk}/")


def test_over_the_api_a_program_proposes_and_another_one_decides() -> None:
    def token(actor: Actor) -> dict[str, str]:
        return {"Authorization": f"Bearer {create_token(actor, 'script', scopes=['write'], days=1)}"}

    cora, banda, client = (
        token(person("cora", "registry-contributor")),
        token(person("banda", "registry-maintainer")),
        Client(),
    )

    def post(path: str, body: object, headers: dict[str, str]) -> tuple[int, Any]:
        answer = client.post(f"/api/v1/proposals{path}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, answer.json()

    line = {"type": "facility", "code": "F1", "geometry": {"type": "Point", "coordinates": [3.0, 4.0]}}
    status, made = post("", {"object": line, "reason": "Measured"}, cora)
    assert (status, made["state"], list(made["fields"])) == (200, "open", ["geometry"])
    assert post(f"/{made['id']}/accept", {}, cora)[0] == 403
    assert [one["id"] for one in client.get("/api/v1/proposals", headers=banda).json()["proposals"]] == [made["id"]]
    assert post(f"/{made['id']}/accept", {"version": 9}, banda)[0] == 409
    assert post(f"/{made['id']}/accept", {"version": 1}, banda)[1]["decided_by"] == "banda (token script)"
    shown = client.get("/api/v1/objects/facility/F1", headers=banda).json()
    assert shown["geometry"]["coordinates"] == [3.0, 4.0]
    with pytest.raises(BadInput, match="accepted already"):
        accept(OPERATOR, int(made["id"]))
