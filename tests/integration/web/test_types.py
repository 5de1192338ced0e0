"""The pages of Types & Hierarchies without scripts, for who edits and who only reads, and how much they ask."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.core.mapping import AttributeMapping, LevelMapping, SyncMapping, SyncType
from cgr.registry import queries
from cgr.registry.actions import apply_objects, save_hierarchy, save_term_tree, save_type
from cgr.sync.configs import save_config
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "sun-and-rain-9"


@pytest.fixture(autouse=True)
def _country() -> None:
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": f"{code} label"})
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "mo", password=PASSWORD, role="registry-maintainer", organization="MOH")
    add_user(OPERATOR, "xi", password=PASSWORD, role="registry-administrator", organization="NMCP")
    save_term_tree(OPERATOR, TermTreeDefinition("ownership", "Ownership", (TermDefinition("pub", "Public"),)))
    attributes = (
        AttributeDefinition("beds", "Beds", "integer"),
        AttributeDefinition("owner", {"default": "Owner", "pt": "Dono"}, "term", "ownership"),
    )
    save_type(OPERATOR, TypeDefinition("region", "MOH", "Region"))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point", attributes))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"region": {"facility": {}}}))


def browser_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text_of(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def attributes_of(code: str) -> dict[str, Any]:
    (row,) = (row for row in queries.export_types(OPERATOR) if row["code"] == code)
    return {one["code"]: one for one in row["attributes"]}


def maps_owner(*, organization: str) -> None:
    """Have a configuration of an organization map the attribute of ownership and its term."""
    label = {"default": "To the HMIS"}
    save_system(
        OPERATOR,
        "hmis",
        organization=organization,
        label=label,
        url="https://hmis.example.org",
        sign_in=SignIn("basic", "cgr", "secret"),
    )
    owner = AttributeMapping("owner", groups={"pub": "GrPublic001"})
    levels = (LevelMapping("region", SyncType.NONE), LevelMapping("facility", SyncType.BOTH, attributes=(owner,)))
    save_config(
        OPERATOR,
        code="to-hmis",
        organization=organization,
        label=label,
        hierarchy="admin",
        system="hmis",
        settings=SyncMapping(levels=levels),
    )


def test_who_only_reads_sees_everything_and_no_button() -> None:
    mo = browser_of("mo")
    for path in ("", "id/facility/", "terms/", "terms/id/ownership/", "hierarchies/", "hierarchies/id/admin/"):
        text = text_of(mo.get(f"/types/{path}"))
        assert "+ " not in text
        assert "Edit" not in text
        assert "<button name" not in text.split("<main")[1]
    assert "Owner" in text_of(mo.get("/types/id/facility/"))
    assert mo.post("/types/hierarchies/id/admin/", {"take-out": "facility"}).status_code == 404
    assert mo.post("/types/terms/id/ownership/", {"up": "pub"}).status_code == 404


def test_another_organization_sees_neither_types_nor_hierarchies() -> None:
    xi = browser_of("xi")
    assert "Facility" not in text_of(xi.get("/types/"))
    assert "Facility" not in text_of(xi.get("/types/terms/id/ownership/"))
    for path in ("id/facility/", "id/facility/edit/", "id/facility/attribute/", "hierarchies/id/admin/"):
        assert xi.get(f"/types/{path}").status_code == 404


def test_without_scripts_a_type_gets_an_attribute_and_what_is_typed_wrong_is_told_at_its_field() -> None:
    ada = browser_of("ada")
    page = "/types/id/facility/attribute/"
    typed = {"code": "b e d", "label": "Staff", "label_fr": "Personnel", "kind": "integer", "do": "save"}
    text = text_of(ada.post(page, typed))
    assert 'value="Personnel"' in text
    assert 'id="id_code_error"' in text
    assert 'id="id_code_error"' in text_of(ada.post(page, {**typed, "code": "beds"}))
    assert 'id="id_terms_error"' in text_of(ada.post(page, {**typed, "kind": "term"}))
    assert ada.post(page, {**typed, "code": "staff"})["Location"] == "/types/id/facility/"
    assert attributes_of("facility")["staff"]["label"] == {"default": "Staff", "fr": "Personnel"}


def test_a_code_that_is_taken_is_refused_instead_of_changing_what_has_it() -> None:
    ada = browser_of("ada")
    typed = {"code": "region", "label": "Other", "organization": "MOH", "geometry": "point", "do": "save"}
    assert "This code is taken." in text_of(ada.post("/types/add/", typed))
    assert "This code is taken." in text_of(ada.post("/types/terms/add/", {"code": "ownership", "label": "Other"}))
    typed = {"code": "admin", "label": "Other", "organization": "MOH"}
    assert "This code is taken." in text_of(ada.post("/types/hierarchies/add/", typed))
    save_type(OPERATOR, TypeDefinition("zone", "NMCP", "Zone"))
    typed = {"code": "zone", "label": "Other", "organization": "MOH", "geometry": "point"}
    text = text_of(ada.post("/types/add/", typed))
    assert 'id="id_code_error"' in text
    assert "NMCP" not in text


def test_a_label_in_a_language_that_the_form_does_not_show_stays() -> None:
    typed = {"label": "Owned by", "label_fr": "", "kind": "term", "terms": "ownership", "do": "save"}
    browser_of("ada").post("/types/id/facility/attribute/?code=owner", typed)
    assert attributes_of("facility")["owner"]["label"] == {"default": "Owned by", "pt": "Dono"}


def test_a_mapped_attribute_goes_only_with_consent_and_one_with_values_not_at_all() -> None:
    maps_owner(organization="MOH")
    ada, page = browser_of("ada"), "/types/id/facility/attribute/?code=owner"
    asked = text_of(ada.post(page, {"do": "remove"}))
    assert "1 synchronization configuration uses it: to-hmis." in asked
    assert "owner" in attributes_of("facility")
    line = {"type": "facility", "code": "F1", "label": "Bo", "values": {"owner": "pub"}}
    assert not apply_objects(OPERATOR, [json.dumps(line).encode()], preview=False).errors
    refused = text_of(ada.post(page, {"do": "remove", "confirmed": "1"}))
    assert "1 object has a value for it." in refused
    assert 'name="confirmed"' not in refused
    assert "owner" in attributes_of("facility")
    typed = {"label": "Owner", "kind": "text", "do": "save", "confirmed": "1"}
    assert "1 object has a value for it." in text_of(ada.post(page, typed))
    assert attributes_of("facility")["owner"]["kind"] == "term"


def test_a_kind_is_changed_with_consent_and_what_was_typed_is_kept_on_the_way_there_and_back() -> None:
    maps_owner(organization="MOH")
    ada, page = browser_of("ada"), "/types/id/facility/attribute/?code=owner"
    typed = {"label": "Owner's name", "label_fr": "Nom", "kind": "text", "terms": "", "do": "save"}
    asked = text_of(ada.post(page, typed))
    assert 'name="label" value="Owner\'s name"' in asked
    back = text_of(ada.post(page, {**typed, "again": "1"}))
    assert 'value="Nom"' in back
    assert attributes_of("facility")["owner"]["kind"] == "term"
    ada.post(page, {**typed, "confirmed": "1"})
    assert attributes_of("facility")["owner"]["kind"] == "text"


def test_of_the_configurations_of_others_no_more_is_told_than_that_there_are_some() -> None:
    maps_owner(organization="NMCP")
    text = text_of(browser_of("ada").post("/types/terms/id/ownership/term/?code=pub", {"do": "remove"}))
    assert "Synchronization configurations of another organization use it." in text
    assert "to-hmis" not in text


def test_a_type_is_placed_moved_and_taken_out_without_scripts() -> None:
    ada, page = browser_of("ada"), "/types/hierarchies/id/admin/"
    ada.post("/types/add/", {"code": "ward", "label": "Ward", "organization": "MOH", "geometry": "none"})
    ada.post(f"{page}place/?below=facility", {"type": "ward"})

    def tree() -> object:
        (row,) = (row for row in queries.export_hierarchies(OPERATOR) if row["code"] == "admin")
        return row["tree"]

    assert tree() == {"region": {"facility": {"ward": {}}}}
    assert "Types stand below it: ward." in text_of(ada.post(page, {"take-out": "facility"}))
    ada.post(page, {"out": "ward"})
    assert tree() == {"region": {"facility": {}, "ward": {}}}
    ada.post(page, {"in": "ward"})
    ada.post(page, {"take-out": "ward"})
    assert tree() == {"region": {"facility": {}}}
    for nonsense in ({"up": "facility"}, {"in": "nobody"}, {"code": "region", "below": "facility"}, {}):
        ada.post(page, nonsense)
    assert tree() == {"region": {"facility": {}}}


def test_what_is_in_use_is_named_instead_of_deleted_and_the_rest_is_deleted_once_confirmed() -> None:
    maps_owner(organization="MOH")
    ada = browser_of("ada")
    for page, told in (
        ("id/facility/edit/", "It has a place in hierarchies: admin."),
        ("hierarchies/id/admin/edit/", "1 synchronization configuration uses it: to-hmis."),
        ("terms/id/ownership/edit/", "Attributes draw from it: facility.owner."),
    ):
        refused = text_of(ada.post(f"/types/{page}", {"do": "remove", "confirmed": "1"}))
        assert told in refused
        assert 'name="confirmed"' not in refused
    save_type(OPERATOR, TypeDefinition("ward", "MOH", "Ward"))
    save_hierarchy(OPERATOR, HierarchyDefinition("health", "MOH", "Health", {"facility": {}}))
    save_term_tree(OPERATOR, TermTreeDefinition("colours", "Colours"))
    for page, back in (
        ("id/ward/", "/types/"),
        ("hierarchies/id/health/", "/types/hierarchies/"),
        ("terms/id/colours/", "/types/terms/"),
    ):
        asked = text_of(ada.post(f"/types/{page}edit/", {"do": "remove"}))
        assert "Nothing depends on it." in asked
        assert ada.get(f"/types/{page}").status_code == 200
        assert ada.post(f"/types/{page}edit/", {"do": "remove", "confirmed": "1"})["Location"] == back
        assert ada.get(f"/types/{page}").status_code == 404
    assert browser_of("xi").post("/types/id/facility/edit/", {"do": "remove"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["", "id/facility/", "terms/", "terms/id/ownership/", "hierarchies/", "hierarchies/id/admin/"]
)
def test_a_page_asks_no_more_when_there_is_more_to_show(path: str, django_assert_max_num_queries: Any) -> None:
    ada = browser_of("ada")
    ada.get("/types/")
    for number in range(12):
        terms = tuple(TermDefinition(f"t{one}", "Term") for one in range(5))
        save_term_tree(OPERATOR, TermTreeDefinition(f"tree{number}", "Tree", terms))
        attribute = AttributeDefinition("a", "A", "term", f"tree{number}")
        save_type(OPERATOR, TypeDefinition(f"type{number}", "MOH", "Type", attributes=(attribute,)))
        save_hierarchy(OPERATOR, HierarchyDefinition(f"tree{number}", "MOH", "Tree", {f"type{number}": {}}))
    with django_assert_max_num_queries(20):
        assert ada.get(f"/types/{path}").status_code == 200
