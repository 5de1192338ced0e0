"""What a DHIS2 offers, as every recorded version shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from cgr.core.errors import NeedsPerson, ProtocolBroken
from cgr.core.records import RemoteAttribute, RemoteGroup, RemoteLevel, RemoteOption
from cgr.dhis2 import check_system, read_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stage

VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]
AUTHORITIES = [
    "F_ORGANISATIONUNIT_ADD",
    "F_ORGANISATIONUNIT_MOVE",
    "F_ORGUNITGROUP_PUBLIC_ADD",
    "F_PERFORM_MAINTENANCE",
]


def lay(stage: Stage, *, authorities: list[str] | None = None, **info: object) -> None:
    """Lay down a small server."""
    stage.on("GET", "system/info", {"version": stage.version, **info})
    stage.on("GET", "me", {"id": "M5zQapPyTZI", "username": "cgr", "organisationUnits": [{"id": "OuCountry01"}]})
    stage.on("GET", "me/authorities", AUTHORITIES if authorities is None else authorities)
    stage.on("GET", "filledOrganisationUnitLevels", [{"level": 2, "name": "Region"}, {"level": 1, "name": "Country"}])
    stage.on("GET", "organisationUnits", {"pager": {"total": 1332}, "organisationUnits": [{"id": "OuCountry01"}]})
    stage.on("GET", "attributes", {"attributes": []})
    stage.on("GET", "organisationUnitGroups", {"organisationUnitGroups": []})


def replay(stage: Stage, scenario: dict[str, Any]) -> None:
    """Lay down the recorded replies to reading, the latest of each path and set of query names."""
    for exchange in scenario["exchanges"]:
        request, response = exchange["request"], exchange["response"]
        if request["method"] == "GET" and request["auth"].startswith("basic") and response["status"] == 200:
            stage.on("GET", request["path"].removeprefix("/api/"), response["body"])


@pytest.mark.parametrize("version", VERSIONS)
def test_it_learns_who_it_is_in_every_version(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    scenario = recorded(version, "03-me")
    stage.version = scenario["dhis2"] if "." in str(scenario.get("dhis2")) else version
    replay(stage, scenario)
    answers = {
        exchange["request"]["query"]["fields"]: exchange["response"]["body"]
        for exchange in scenario["exchanges"]
        if exchange["request"]["path"] == "/api/me"
    }

    def me(request: httpx2.Request) -> httpx2.Response:
        old = "userCredentials" in request.url.params["fields"]
        return httpx2.Response(
            200, json=next(body for fields, body in answers.items() if ("userCredentials" in fields) is old)
        )

    stage.on("GET", "me", me)
    with stage.client() as client:
        who = client.me()
    assert (who.id, who.username) == ("M5zQapPyTZI", "admin")
    assert who.may("F_ORGANISATIONUNIT_ADD")
    assert "ALL" in who.authorities
    assert who.may("F_NEVER_HEARD_OF")


@pytest.mark.parametrize("body", [{"username": "cgr"}, {"userCredentials": {"username": "cgr"}}])
def test_the_user_name_is_found_wherever_2_37_has_it(stage: Stage, body: dict[str, object]) -> None:
    # Not recorded: 2.36 has it under userCredentials, 2.38 beside the id.
    stage.version = "2.37.10"
    stage.on("GET", "me/authorities", AUTHORITIES)

    def me(request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params["fields"]
        return httpx2.Response(200, json={"id": "M5zQapPyTZI"} | (body if all(name in asked for name in body) else {}))

    stage.on("GET", "me", me)
    with stage.client() as client:
        assert client.me().username == "cgr"


@pytest.mark.parametrize("version", VERSIONS)
def test_levels_without_a_name_are_there_in_every_version(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    replay(stage, recorded(version, "07-levels"))
    with stage.client() as client:
        assert client.levels() == (
            RemoteLevel(1, "Country"),
            RemoteLevel(2, "Region"),
            RemoteLevel(3, "District"),
            RemoteLevel(4, "Level 4"),
        )


def test_levels_fall_back_to_the_named_ones(stage: Stage) -> None:
    rows = [{"level": 1, "name": "Country"}, {"level": 2, "name": "  "}]
    stage.on("GET", "organisationUnitLevels", {"organisationUnitLevels": rows})
    with stage.client() as client:
        assert client.levels() == (RemoteLevel(1, "Country"), RemoteLevel(2, "Level 2"))


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_come_with_their_sets_in_every_version(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    scenario = recorded(version, "09-groups")
    body = next(
        e["response"]["body"] for e in scenario["exchanges"] if "groupSets[id]" in str(e["request"].get("query"))
    )
    stage.on("GET", "organisationUnitGroups", body)
    with stage.client() as client:
        groups = client.groups()
    assert groups["GrClinics01"] == RemoteGroup("GrClinics01", "Clinics", ("GsType00001",), writable=True, code="CLIN")
    assert groups["GrRural0001"].sets == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_that_may_not_be_changed_is_known_before(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    exchanges = recorded(version, "29-group-write-needs")["exchanges"]
    expected = {"usgpub": [True, True, True], "usgpriv": [True, False, False], "usgnone": [False, False, False]}
    found = {}
    for exchange in exchanges:
        if exchange["request"]["path"] == "/api/organisationUnitGroups" and exchange["request"]["method"] == "GET":
            stage.on("GET", "organisationUnitGroups", exchange["response"]["body"])
            with stage.client() as client:
                found[exchange["request"]["auth"].split()[1]] = [group.writable for group in client.groups().values()]
    assert found == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_attributes_read_alike_in_every_version(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    exchanges = recorded(version, "10-attributes")["exchanges"]
    stage.on(
        "GET",
        "attributes",
        next(e["response"]["body"] for e in exchanges if "unique," in str(e["request"].get("query"))),
    )
    with stage.client() as client:
        attributes = client.attributes()
    assert attributes["Av00Text000"] == RemoteAttribute("Av00Text000", "Attr text", "TEXT", for_units=True)
    assert attributes["AtUnique001"].unique
    assert attributes["AtMandat001"].mandatory
    assert attributes["Av06Boolean"].value_type == "BOOLEAN"


def test_an_attribute_comes_with_the_options_of_its_set(stage: Stage) -> None:
    row = {
        "id": "A",
        "name": "Owner",
        "valueType": "TEXT",
        "organisationUnitAttribute": True,
        "optionSet": {"id": "Os1"},
    }
    options = [{"id": "Op1", "code": "PUB", "name": "Public"}, {"id": "Op2", "code": "PRI", "name": "Private"}]
    stage.on("GET", "attributes", {"attributes": [row]})
    stage.on("GET", "optionSets", {"optionSets": [{"id": "Os1", "options": options}]})
    with stage.client() as client:
        found = client.attributes()["A"]
        assert client.requests == 2
    assert found.option_set == "Os1"
    assert found.options == (RemoteOption("Op1", "PUB", "Public"), RemoteOption("Op2", "PRI", "Private"))
    assert stage.queries("GET", "optionSets")[0]["filter"] == "id:in:[Os1]"


def test_an_attribute_for_units_is_known_by_its_object_types_too(stage: Stage) -> None:
    rows = [{"id": "A", "objectTypes": ["ORGANISATION_UNIT"]}, {"id": "B", "objectTypes": ["PROGRAM"]}]
    stage.on("GET", "attributes", {"attributes": rows})
    with stage.client() as client:
        assert [attribute.for_units for attribute in client.attributes().values()] == [True, False]


def test_options_of_other_objects_are_not_read(stage: Stage) -> None:
    row = {"id": "A", "organisationUnitAttribute": False, "optionSet": {"id": "Os1"}}
    stage.on("GET", "attributes", {"attributes": [row]})
    with stage.client() as client:
        client.attributes()
        assert client.requests == 1


def test_a_hole_between_options_is_passed_over(stage: Stage) -> None:
    row = {"id": "A", "organisationUnitAttribute": True, "optionSet": {"id": "Os1"}}
    stage.on("GET", "attributes", {"attributes": [row]})
    stage.on(
        "GET",
        "optionSets",
        {"optionSets": [{"id": "Os1", "options": [None, {"id": "Op1", "code": "PUB", "name": "Public"}]}]},
    )
    with stage.client() as client:
        assert client.attributes()["A"].options == (RemoteOption("Op1", "PUB", "Public"),)


def test_the_members_of_a_group_are_a_set_of_ids(stage: Stage) -> None:
    stage.on("GET", "organisationUnitGroups/GrClinics01", {"organisationUnits": [{"id": "OuA"}, {"id": "OuB"}]})
    with stage.client() as client:
        assert client.group_members("GrClinics01") == {"OuA", "OuB"}


def test_a_group_that_is_gone_is_told(stage: Stage) -> None:
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.group_members("GrNotThere1")
    assert caught.value.code == "not-found"
    assert "GrNotThere1" in caught.value.message


class Owners:
    """Answers `id:in` with whole units, or with ids alone."""

    def __init__(self, *uids: str, cut_at: str | None = None) -> None:
        self.uids = uids
        self.cut_at = cut_at
        self.weight = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        query = request.url.params
        asked = query["filter"].removeprefix("id:in:[").removesuffix("]").split(",")
        rows = [{"id": uid, "name": f"Unit {uid}", "created": "2001"} for uid in self.uids if uid in asked]
        if query["fields"] == "id":
            return httpx2.Response(200, json={"organisationUnits": [{"id": row["id"]} for row in rows]})
        if self.cut_at is not None:
            rows = [row for row in rows if row["id"] < self.cut_at]
        for row in rows:
            row["geometry"] = "x" * self.weight
        return httpx2.Response(200, json={"organisationUnits": rows})


def test_whole_units_are_asked_for_in_pieces_that_fit_an_address(stage: Stage) -> None:
    uids = [f"Ou{number:09}" for number in range(700)]
    stage.on("GET", "organisationUnits", Owners(*uids))
    with stage.client() as client:
        found = client.owners(uids)
        assert client.requests == 3
    assert list(found) == uids
    assert found["Ou000000001"] == {
        "id": "Ou000000001",
        "name": "Unit Ou000000001",
        "created": "2001",
        "geometry": "",
    }
    assert max(len(str(request.url)) for request in stage.asked) < 8_000


def test_whole_units_with_large_outlines_come_in_replies_that_fit(stage: Stage) -> None:
    uids = [f"Ou{number:09}" for number in range(5)]
    owners = Owners(*uids)
    owners.weight = 80_000
    stage.on("GET", "organisationUnits", owners)
    with stage.client(max_reply_bytes=200_000) as client:
        assert list(client.owners(uids)) == uids
        owners.weight = 250_000
        with pytest.raises(ProtocolBroken) as caught:
            client.owners(uids)
    assert caught.value.code == "reply-too-large"


def test_a_unit_that_does_not_exist_is_absent(stage: Stage) -> None:
    stage.on("GET", "organisationUnits", Owners("OuA"))
    with stage.client() as client:
        assert set(client.owners(["OuA", "OuGone"])) == {"OuA"}


def test_a_unit_left_out_by_a_cut_list_is_not_taken_for_deleted(stage: Stage) -> None:
    stage.on("GET", "organisationUnits", Owners("OuA", "OuB", "OuC", cut_at="OuB"))
    with stage.client() as client, pytest.raises(ProtocolBroken) as caught:
        client.owners(["OuA", "OuB", "OuC"])
    assert caught.value.code == "list-cut-short"


def test_no_ids_cost_no_request(stage: Stage) -> None:
    with stage.client() as client:
        assert client.owners([]) == {}
        assert client.requests == 0


def test_the_check_has_the_shape_of_the_contract(stage: Stage) -> None:
    lay(stage, serverDate="2026-11-23T10:00:00.000", serverTimeZoneId="Africa/Nairobi", calendar="iso8601")
    with stage.client() as client:
        found = check_system(client)
    assert (found.version, found.user, found.units) == ("2.42.5.2", "cgr", 1332)
    assert found.levels == (RemoteLevel(1, "Country"), RemoteLevel(2, "Region"))
    assert found.missing_authorities == ()
    assert isinstance(found.clock_skew_s, int)


@pytest.mark.parametrize(
    ("version", "authorities", "missing"),
    [
        (
            "2.42.5.2",
            ["F_METADATA_IMPORT"],
            ("F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE", "F_ORGUNITGROUP_PUBLIC_ADD"),
        ),
        ("2.42.5.2", ["ALL"], ()),
        ("2.40.12", AUTHORITIES[:1], ("F_ORGANISATIONUNIT_MOVE", "F_ORGUNITGROUP_PUBLIC_ADD")),
        ("2.36.13", AUTHORITIES[:1], ("F_ORGUNITGROUP_PUBLIC_ADD",)),
    ],
)
def test_the_check_names_the_least_authorities_that_are_missing(
    stage: Stage, version: str, authorities: list[str], missing: tuple[str, ...]
) -> None:
    stage.version = version
    lay(stage, authorities=authorities)
    stage.on("GET", "me/authorization", authorities)
    with stage.client() as client:
        assert check_system(client).missing_authorities == missing


def test_the_skew_is_taken_from_the_date_header_where_the_zone_is_unknown(stage: Stage) -> None:
    lay(stage)
    headers = {"date": "Mon, 01 Jan 2001 00:00:00 GMT"}
    stage.on("GET", "system/info", httpx2.Response(200, json={"version": "2.34.2"}, headers=headers))
    stage.on("GET", "me/authorization", AUTHORITIES)
    with stage.client() as client:
        found = check_system(client)
    assert found.clock_skew_s is not None
    assert found.clock_skew_s < -86_400 * 365 * 20
    assert any("clock" in warning for warning in found.warnings)


def test_a_clock_that_is_not_shown_is_not_invented(stage: Stage) -> None:
    lay(stage, serverDate="2026-11-23T10:00:00.000", serverTimeZoneId="Mars/Olympus")
    with stage.client() as client:
        assert check_system(client).clock_skew_s is None


# One row per warning: what the server is like, the address, a word of the warning.
@pytest.mark.parametrize(
    ("version", "url", "info", "authorities", "word"),
    [
        ("2.44.0", "https://h.example.org", {}, AUTHORITIES, "newer"),
        ("2.35.1", "https://h.example.org", {}, AUTHORITIES, "OAuth2"),
        ("2.42.5.2", "http://h.example.org", {}, AUTHORITIES, "https"),
        ("2.42.5.2", "https://h.example.org", {"calendar": "nepali"}, AUTHORITIES, "nepali"),
        ("2.42.5.2", "https://h.example.org", {}, AUTHORITIES[:3], "F_PERFORM_MAINTENANCE"),
    ],
)
def test_the_check_warns(
    stage: Stage, version: str, url: str, info: dict[str, object], authorities: list[str], word: str
) -> None:
    stage.version = version
    lay(stage, authorities=authorities, **info)
    stage.on("GET", "me/authorization", authorities)
    with stage.client(url) as client:
        (warning,) = check_system(client).warnings
    assert word in warning


def test_a_dhis2_older_than_2_31_is_refused_before_anything_but_its_version_is_asked(stage: Stage) -> None:
    stage.version = "2.30.1"
    lay(stage)
    with stage.client() as client, pytest.raises(NeedsPerson, match="is older than") as refused:
        client.me()
    assert (refused.value.code, len(stage.asked)) == ("version-too-old", 1)


def test_an_account_without_units_is_told_that_it_cannot_move_any(stage: Stage) -> None:
    lay(stage)
    stage.on("GET", "me", {"id": "M5zQapPyTZI", "username": "cgr", "organisationUnits": []})
    with stage.client() as client:
        (warning,) = check_system(client).warnings
    assert "move" in warning


def test_a_sound_server_gives_no_warning(stage: Stage) -> None:
    lay(stage)
    with stage.client("http://localhost:8080") as client:
        assert check_system(client).warnings == ()


def test_the_shape_is_all_that_a_mapping_is_checked_against(stage: Stage) -> None:
    lay(stage)
    stage.on(
        "GET",
        "attributes",
        {"attributes": [{"id": "A", "name": "Beds", "valueType": "INTEGER", "organisationUnitAttribute": True}]},
    )
    stage.on("GET", "organisationUnitGroups", {"organisationUnitGroups": [{"id": "G", "name": "Clinics"}]})
    sets = [{"id": "S", "name": "Facility type"}, {"id": "T"}]
    stage.on("GET", "organisationUnitGroupSets", {"organisationUnitGroupSets": sets})
    stage.on("GET", "locales/db", [{"locale": "fr", "name": "French"}])
    named = [{"level": 2, "name": "Region"}, {"level": 3, "name": "No units yet"}]
    stage.on("GET", "organisationUnitLevels", {"organisationUnitLevels": named})
    with stage.client() as client:
        shape = read_shape(client)
        assert client.requests == 9
    assert shape.version == (2, 42, 5, 2)
    assert shape.user == "cgr"
    assert shape.authorities == set(AUTHORITIES)
    assert [level.name for level in shape.levels] == ["Country", "Region", "No units yet"]
    assert shape.attributes["A"].value_type == "INTEGER"
    assert shape.groups["G"].name == "Clinics"
    assert shape.group_sets == {"S": "Facility type", "T": "T"}
    assert shape.locales == {"fr": "French"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_languages_of_the_database_have_english_names_in_every_version(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    exchanges = recorded(version, "30-locales")["exchanges"]
    body = next(e["response"]["body"] for e in exchanges if e["request"]["path"] == "/api/locales/db")
    stage.on("GET", "locales/db", body)
    with stage.client() as client:
        assert client.locales()["am"] == "Amharic"


@pytest.mark.parametrize(
    "reply", [httpx2.Response(403, json={"message": "no"}), httpx2.Response(500), [{"name": "French"}]]
)
def test_a_server_that_keeps_its_languages_to_itself_stops_nothing(stage: Stage, reply: object) -> None:
    stage.on("GET", "locales/db", reply)
    with stage.client() as client:
        assert client.locales() == {}


def test_a_unit_is_found_by_a_name_that_could_be_an_id(stage: Stage) -> None:
    asked: list[tuple[str, str]] = []

    def search(request: httpx2.Request) -> httpx2.Response:
        asked.extend(request.url.params.multi_items())
        return httpx2.Response(200, json={"organisationUnits": [{"id": "OuRegionNor", "name": "Kilimanjaro"}]})

    stage.on("GET", "organisationUnits", search)
    with stage.client() as client:
        (found,) = client.find_units("Kilimanjaro", limit=5)
    assert found.name == "Kilimanjaro"
    assert {("filter", "name:ilike:Kilimanjaro"), ("filter", "id:eq:Kilimanjaro"), ("rootJunction", "OR")} <= set(asked)


def test_an_address_that_is_redirected_to_https_is_warned_of_like_any_without(stage: Stage) -> None:
    # Every session begins with a request that anybody on the way can read, the password in it.
    lay(stage)
    moved = httpx2.Response(301, headers={"location": "https://h.example.org/api/system/info"})
    stage.on("GET", "system/info", [moved, httpx2.Response(200, json={"version": "2.42.5.2"})])
    with stage.client("http://h.example.org") as client:
        (warning,) = check_system(client).warnings
    assert "https" in warning
