"""The Explorer's pages: what is found, what a tile holds, what an edit refuses, and that none of it grows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import mapbox_vector_tile
import pytest
from django.db import connection
from django.test import Client

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import Membership, Organization, User
from cgr.audit.models import AuditEntry
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.core.search_words import search_words
from cgr.project.environment import Basemap
from cgr.registry.actions import apply_objects, save_hierarchy, save_term_tree, save_type
from cgr.registry.models import GeoObject
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
SQUARE = {"type": "Polygon", "coordinates": [[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]]]}


def put(*objects: dict[str, Any]) -> None:
    assert not apply_objects(OPERATOR, [json.dumps(one).encode() for one in objects], preview=False).errors


def facility(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "facility",
        "code": f"F{number}",
        "label": f"Clinic {number:04}",
        "parents": {"admin": "D1"},
        "geometry": {"type": "Point", "coordinates": [1 + (number % 90) / 10, 1 + (number // 90) / 10]},
        **more,
    }


@pytest.fixture
def country() -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health"})
    terms = TermTreeDefinition(
        "owner", "Ownership", (TermDefinition("PUB", "Public"), TermDefinition("PRI", "Private"))
    )
    save_term_tree(OPERATOR, terms)
    save_type(OPERATOR, TypeDefinition("district", "MOH", "District", "multipolygon"))
    attributes = (
        AttributeDefinition("beds", "Beds", "integer"),
        AttributeDefinition("owner", "Ownership", "term", "owner"),
        AttributeDefinition("motto", "Motto", "localized_text"),
    )
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point", attributes))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"district": {"facility": {}}}))
    for code in ("hmis", "lmis"):
        sign_in = SignIn("basic", "cgr", "district")
        label = {"default": code.upper()}
        save_system(OPERATOR, code, organization="MOH", label=label, url=f"https://{code}.example.org", sign_in=sign_in)
    put(
        {"type": "district", "code": "D1", "label": {"default": "Bo", "fr": "Bô"}, "geometry": SQUARE},
        {"type": "district", "code": "D2", "label": "Kenema"},
        facility(
            1,
            label={"default": "Saint-Louis Hospital", "fr": "Hôpital Saint-Louis"},
            values={"beds": [{"from": None, "to": "2020-01-01", "value": 10}, {"from": "2020-01-01", "value": 25}]},
            external_ids={"hmis": "aaaaaaaaaaa"},
        ),
        facility(2, external_ids={"hmis": "bbbbbbbbbbb"}, exists=[{"from": "2015-01-01", "to": "2022-01-01"}]),
        facility(3),
    )


@pytest.fixture
def banda(country: None) -> Client:  # noqa: ARG001 - it has to be there
    return signed_in("banda", "registry-maintainer")


def signed_in(name: str, role: str, **more: Any) -> Client:
    user = User.objects.create(username=name)
    Membership.objects.create(user=user, organization=Organization.objects.get(), role=role, **more)
    client = Client()
    client.force_login(user)
    return client


def page_of(code: str) -> str:
    return f"/explorer/objects/{GeoObject.objects.get(code=code).uid}/"


def found(client: Client, text: str) -> str:
    return client.get("/explorer/search/", {"q": text}).content.decode()


def tile(client: Client, kind: str, place: str = "0/0/0", **asked: str) -> dict[str, Any]:
    answer = client.get(f"/explorer/tiles/admin/{kind}/{place}.mvt", asked)
    assert answer["Content-Type"] == "application/vnd.mapbox-vector-tile"
    return mapbox_vector_tile.decode(answer.content)  # type: ignore[no-any-return]


def labels(drawn: dict[str, Any], layer: str = "places") -> set[str]:
    return {feature["properties"].get("label", "") for feature in drawn.get(layer, {"features": []})["features"]}


def changed(client: Client, code: str, what: str, **given: str) -> HttpResponse:
    version = str(GeoObject.objects.get(code=code).version)
    return client.post(f"{page_of(code)}change/{what}/", {"version": version, "way": "since", **given})


def test_an_object_is_found_by_code_external_id_and_the_words_of_its_labels_without_accents(banda: Client) -> None:
    for text in ("f1", "F1", "\x00f1", "aaaaa", "hopital", "Hôpital", "saint louis", "louis HOSP"):
        assert "Saint-Louis Hospital" in found(banda, text), text
    for text in ("St-Louis", "ouis", "%", "_", "\\", "' & | :* !", "   "):
        assert "Saint-Louis" not in found(banda, text), text


def test_labels_are_folded_in_the_database_as_searches_are() -> None:
    for text in ("Hôpital de l’Œuvre", "Ñandú/Ćevap", "CSU n°3 (Kafue-Est)", "plain Label 2"):
        with connection.cursor() as cursor:
            cursor.execute(
                "select registry_words(%s::jsonb) @@ to_tsquery('simple', %s)",
                [json.dumps([{"from": None, "to": None, "value": {"default": text}}]), " & ".join(search_words(text))],
            )
            assert cursor.fetchone()[0], text


def test_the_tree_opens_a_page_at_a_time_in_the_order_of_labels(banda: Client) -> None:
    put(*(facility(number) for number in range(10, 160)))
    district = GeoObject.objects.get(code="D1").uid
    first = banda.get(f"/explorer/tree/admin/{district}/").content.decode()
    assert first.index("Clinic 0003") < first.index("Clinic 0010") < first.index("Clinic 0100")
    assert first.count('role="treeitem"') == 101
    address = first.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    rest = banda.get(address).content.decode()
    assert "Clinic 0159" in rest
    assert "Saint-Louis" in rest
    assert "more…" not in rest
    assert not set(first.split('data-uid="')[1:]) & set(rest.split('data-uid="')[1:])


def test_a_day_in_the_past_shows_what_was_then_in_tree_card_and_map(banda: Client) -> None:
    district = GeoObject.objects.get(code="D1").uid
    then, now = ({"on": "2018-05-01"}, {})
    assert "Clinic 0002" in banda.get(f"/explorer/tree/admin/{district}/", then).content.decode()
    assert "Clinic 0002" not in banda.get(f"/explorer/tree/admin/{district}/", now).content.decode()
    assert "Clinic 0002" in labels(tile(banda, "facility", "8/128/127", **then))
    assert "Clinic 0002" not in labels(tile(banda, "facility", "8/128/127", **now))
    assert "doesn’t exist at this date" in banda.get(page_of("F2"), now).content.decode()
    card = banda.get(page_of("F1"), then, headers={"HX-Target": "section#card"}).content.decode()
    beds = card.split("<dt>Beds")[1].split("<dd>")[1].split("<ol")[0]  # without the link, whose address is random
    assert "10" in beds
    assert "25" not in beds
    assert "2020-01-01" in card


def test_what_can_t_be_read_of_an_address_is_told(banda: Client) -> None:
    assert "is not a day" in banda.get("/explorer/", {"on": "31.12.2020"}).content.decode()
    assert banda.get("/explorer/tiles/admin/facility/0/0/0.mvt", {"on": "x"}).status_code == 400
    assert banda.get("/explorer/tiles/admin/facility/1/2/0.mvt").status_code == 400
    assert banda.get("/explorer/tiles/admin/nothing/0/0/0.mvt").status_code == 404
    assert banda.get("/explorer/", {"hierarchy": "nothing"}).status_code == 404
    for number in ("x", "9" * 30, "9" * 5000):
        assert banda.get("/explorer/tree/admin/", {"after": f"{number} a"}).status_code == 200


def test_an_object_known_by_its_code_is_shown_in_a_hierarchy_that_has_its_type(banda: Client) -> None:
    save_type(OPERATOR, TypeDefinition("ward", "MOH", "Ward", "point"))
    save_hierarchy(OPERATOR, HierarchyDefinition("wards", "MOH", "Wards", {"ward": {}}))
    put({"type": "ward", "code": "W1"})
    assert banda.get("/explorer/object/", {"type": "ward", "code": "W1"})["Location"].endswith("?hierarchy=wards")
    assert banda.get("/explorer/object/", {"type": "facility", "code": "F1"})["Location"].endswith("?hierarchy=admin")


def test_a_tile_holds_places_and_the_boundaries_above_and_is_kept_until_something_is_written(banda: Client) -> None:
    drawn = tile(banda, "facility", "5/16/15")
    assert labels(drawn) == {"Saint-Louis Hospital", "Clinic 0003"}
    assert [one["geometry"]["type"] for one in drawn["boundaries"]["features"]] == ["Polygon"]
    assert labels(tile(banda, "facility", "5/0/0")) == set()
    address = "/explorer/tiles/admin/facility/5/16/15.mvt"
    tag = banda.get(address)["ETag"]
    again = banda.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    put(facility(3, label="New Hope"))
    after = banda.get(address, headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert "New Hope" in labels(mapbox_vector_tile.decode(after.content))


def test_a_tile_is_thinned_out_to_what_can_be_told_apart(banda: Client) -> None:
    spot = {"type": "Point", "coordinates": [5.0, 5.0]}
    put(*(facility(number, geometry=spot) for number in range(10, 60)))
    assert len(tile(banda, "facility")["places"]["features"]) <= 10


def test_few_places_come_as_geojson_and_many_as_tiles(banda: Client) -> None:
    assert "data-src=" in banda.get("/explorer/", {"type": "facility"}).content.decode()
    places = json.loads(banda.get("/explorer/places/admin/facility.geojson").content)
    kinds = sorted(one["properties"]["kind"] for one in places["features"])
    assert kinds == ["boundary", "changed", "changed"]
    put(*(facility(number) for number in range(10, 320)))
    assert "data-tiles=" in banda.get("/explorer/", {"type": "facility"}).content.decode()


def test_a_value_changes_from_a_day_on_and_the_log_says_who_did_it(banda: Client) -> None:
    answer = changed(banda, "F1", "value.beds", **{"since-value": "40", "since-start": "2024-03-01"})
    assert answer.status_code == 302
    assert GeoObject.objects.get(code="F1").values["beds"] == [
        {"from": None, "to": "2020-01-01", "value": 10},
        {"from": "2020-01-01", "to": "2024-03-01", "value": 25},
        {"from": "2024-03-01", "to": None, "value": 40},
    ]
    entry = AuditEntry.objects.filter(kind="geo-object").first()
    assert entry is not None
    assert (entry.actor, entry.action, entry.subject) == ("banda", "change", "facility:F1")


def test_the_whole_history_is_corrected_or_refused_at_the_form(banda: Client) -> None:
    rows = {"way": "history", "rows": "2", "period-0-value": "10", "period-0-ends": "2021-01-01"}
    overlapping = {**rows, "period-1-value": "30", "period-1-starts": "2020-06-01"}
    refused = changed(banda, "F1", "value.beds", **overlapping).content.decode()
    assert "Two periods overlap" in refused
    assert 'value="30"' in refused
    assert GeoObject.objects.get(code="F1").version == 1
    good = {**rows, "period-1-value": "30", "period-1-starts": "2021-01-01"}
    assert changed(banda, "F1", "value.beds", **good).status_code == 302
    assert [one["value"] for one in GeoObject.objects.get(code="F1").values["beds"]] == [10, 30]


def test_what_can_t_be_is_told_at_the_form_and_nothing_is_written(banda: Client) -> None:
    day = {"since-start": "2024-01-01"}
    for what, given, told in (
        ("value.beds", {"since-value": "many", **day}, "whole number"),
        ("value.owner", {"since-value": "XXX", **day}, "Select a valid choice"),
        ("value.beds", {"since-value": "4", "since-start": ""}, "This field is required."),
        ("label", {"since-value_fr": "Seul", **day}, "Give the main text, too."),
        ("label", {"since-value_default": "", **day}, "There has to be a value."),
        ("geometry", {"since-value_latitude": "95", "since-value_longitude": "1", **day}, "90"),
        ("geometry", {"since-value_latitude": "5", **day}, "a latitude and a longitude"),
        ("parent.admin", {"since-value": "D9", **day}, "There is no object of the parent"),
        ("id.hmis", {"value": "short"}, "A DHIS2 ID has eleven letters or digits."),
        ("id.hmis", {"value": "bbbbbbbbbbb"}, "belongs to another object already: facility “F2”"),
        ("exists", {"rows": "1", "period-0-starts": "2022-01-01", "period-0-ends": "2020-01-01"}, "not after its beg"),
        ("exists", {"rows": "0"}, "at least one period"),
    ):
        answer = changed(banda, "F1", what, **given)
        assert told in answer.content.decode().replace("&#x27;", "'"), (what, given)
        assert answer.status_code == 200
    assert GeoObject.objects.get(code="F1").version == 1


def test_everything_on_the_card_can_be_changed(banda: Client) -> None:
    day = {"since-start": "2024-01-01"}
    for what, given in (
        ("label", {"since-value_default": "New", "since-value_fr": "Neuf", **day}),
        ("geometry", {"since-value_latitude": "5", "since-value_longitude": "6", **day}),
        ("parent.admin", {"since-value": "D2", **day}),
        ("value.owner", {"since-value": "PRI", **day}),
        ("value.motto", {"since-value_default": "Care", **day}),
        ("exists", {"rows": "1", "period-0-starts": "2001-01-01"}),
        ("id.hmis", {"value": "ccccccccccc"}),
        ("id.hmis", {"value": ""}),
        ("id.lmis", {"value": "ccccccccccc"}),
        ("invalid", {"invalid": "on"}),
    ):
        version = GeoObject.objects.get(code="F1").version
        assert banda.get(f"{page_of('F1')}change/{what}/").status_code == 200
        assert changed(banda, "F1", what, **given).status_code == 302, what
        assert GeoObject.objects.get(code="F1").version == version + 1, what
        assert banda.get(page_of("F1")).status_code == 200


def test_somebody_else_s_edit_since_the_form_was_opened_is_not_overwritten(banda: Client) -> None:
    stale = {"since-value": "99", "since-start": "2024-01-01", "version": "1"}
    put(facility(1, values={"beds": 77}))
    answer = banda.post(f"{page_of('F1')}change/value.beds/", {"way": "since", **stale})
    assert "Somebody else changed this object" in answer.content.decode()
    assert 'value="99"' in answer.content.decode()
    unreadable = {"way": "since", **stale, "version": "9" * 5000}
    assert "Somebody else changed" in banda.post(f"{page_of('F1')}change/value.beds/", unreadable).content.decode()
    assert GeoObject.objects.get(code="F1").values["beds"][0]["value"] == 77


def test_a_new_object_is_added_below_another_and_a_code_counts_once(banda: Client) -> None:
    address = f"/explorer/add/facility/?below={GeoObject.objects.get(code='D1').uid}"
    given = {"code": "F77", "value_default": "New Hope", "start": "2024-01-01"}
    place = {"geometry_value_latitude": "2.5", "geometry_value_longitude": "3.5"}
    answer = banda.post(address, {**given, **place})
    assert answer["Location"] == page_of("F77")
    assert "New Hope" in labels(tile(banda, "facility", "5/16/15"))
    assert "with this code already" in banda.post(address, given).content.decode()
    assert banda.get("/explorer/add/facility/").status_code == 404
    assert banda.post("/explorer/add/district/", {"code": "D7", "value_default": "Pujehun"}).status_code == 302


def test_who_may_not_edit_gets_no_buttons_and_no_forms(country: None) -> None:  # noqa: ARG001 - it has to be there
    district = GeoObject.objects.get(code="D1").uid
    for client in (
        signed_in("reader", "api-consumer"),
        signed_in("districts", "registry-maintainer", types=["district"]),
    ):
        card = client.get(page_of("F1")).content.decode()
        assert "Saint-Louis" in card
        assert "/change/" not in card
        assert "<h3>History" not in card
        for what in ("label", "id.hmis", "invalid"):
            assert client.get(f"{page_of('F1')}change/{what}/").status_code == 404
            assert changed(client, "F1", what, invalid="on", value="").status_code == 404
        assert client.get(f"/explorer/add/facility/?below={district}").status_code == 404
    assert GeoObject.objects.get(code="F1").version == 1


def test_the_log_is_on_the_card_of_who_may_see_it(country: None) -> None:  # noqa: ARG001 - it has to be there
    put(facility(1, invalid=True))
    card = signed_in("chief", "registry-administrator").get(page_of("F1")).content.decode()
    assert "cli:test" in card.split("<h3>History")[1]


def test_pages_ask_the_database_as_often_with_many_objects_as_with_few(
    banda: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def walk() -> None:
        district = GeoObject.objects.get(code="D1").uid
        for address, most in {
            "/explorer/": 23,
            "/explorer/search/?q=clinic": 18,
            page_of("F1"): 45,
            f"/explorer/tree/admin/{district}/": 24,
            "/explorer/tiles/admin/facility/5/16/15.mvt": 16,
        }.items():
            with django_assert_max_num_queries(most):
                assert banda.get(address).status_code == 200

    walk()
    put(*(facility(number) for number in range(10, 400)))
    walk()


def test_nothing_of_a_basemap_is_allowed_unless_an_administrator_sets_one(
    banda: Client, settings: SettingsWrapper
) -> None:
    assert "connect-src" not in banda.get("/explorer/")["Content-Security-Policy"]
    settings.BASEMAP = Basemap("https://tiles.example.org/{z}/{x}/{y}.png", "© Example")
    answer = banda.get("/explorer/")
    assert "connect-src 'self' https://tiles.example.org" in answer["Content-Security-Policy"]
    assert "© Example" in answer.content.decode()
