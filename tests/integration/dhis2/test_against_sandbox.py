"""The client against a behaving DHIS2 of each version, looking at what is stored there afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stamina

from cgr.core.errors import CgrError, NeedsPerson, ProtocolBroken, TryLater
from cgr.core.refusals import STOP_THE_RUN
from cgr.dhis2 import Basic, Dhis2, attribute_refusals, check_system, payload_unit, read_shape
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]
POINT = {"type": "Point", "coordinates": [-11.75, 7.9]}
DATE = "2000-01-01T00:00:00.000"


def unit(uid: str, parent: str | None = None, **rest: object) -> dict[str, object]:
    place = {"parent": {"id": parent}} if parent else {}
    return {"id": uid, "name": f"Unit {uid}", "shortName": uid, "openingDate": DATE, **place, **rest}


METADATA: dict[str, list[dict[str, object]]] = {
    "organisationUnits": [
        unit("OuCountry01"),
        unit("OuRegionNor", "OuCountry01"),
        unit("OuRegionSou", "OuCountry01"),
        unit("OuDistrictA", "OuRegionNor"),
        unit("OuFacility1", "OuDistrictA", code="F-1"),
        unit("OuFacility2", "OuDistrictA", code="F-2"),
        unit("OuFacility3", "OuDistrictA", code="F-3"),
    ],
    "organisationUnitLevels": [{"id": "OuLevelOne1", "name": "Country", "level": 1}],
    "optionSets": [
        {
            "id": "OsOwner0001",
            "name": "Owner",
            "valueType": "TEXT",
            "options": [{"id": "OpPublic001"}, {"id": "OpPrivate01"}],
        }
    ],
    "options": [
        {"id": "OpPublic001", "code": "PUB", "name": "Public", "sortOrder": 1, "optionSet": {"id": "OsOwner0001"}},
        {"id": "OpPrivate01", "code": "PRIV", "name": "Private", "sortOrder": 2, "optionSet": {"id": "OsOwner0001"}},
    ],
    "attributes": [
        {
            "id": "AtOwner0001",
            "name": "Owner",
            "shortName": "Owner",
            "valueType": "TEXT",
            "organisationUnitAttribute": True,
            "optionSet": {"id": "OsOwner0001"},
        },
        {
            "id": "AtBeds00001",
            "name": "Beds",
            "shortName": "Beds",
            "valueType": "INTEGER",
            "organisationUnitAttribute": True,
        },
    ],
    "organisationUnitGroups": [
        {"id": "GrClinics01", "name": "Clinics", "shortName": "Clinics", "organisationUnits": [{"id": "OuFacility1"}]}
    ],
}


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(params=VERSIONS)
def world(request: pytest.FixtureRequest) -> World:
    found = World(request.param)
    found.load({"metadata": METADATA})
    return found


@pytest.fixture
def client(world: World) -> Iterator[Dhis2]:
    with serve(world) as server, Dhis2(server.url, Basic("admin", "district")) as found:
        yield found


def change(client: Dhis2, uid: str, **fields: object) -> dict[str, object]:
    return payload_unit(client.owners([uid])[uid] | fields, client.features)


def stored(world: World, uid: str) -> dict[str, Any]:
    found = world.unit(uid)
    assert found is not None
    return found


def test_it_reads_the_shape_of_the_server(client: Dhis2, world: World) -> None:
    shape = read_shape(client)
    assert shape.version == world.version
    assert shape.user == "admin"
    assert [level.name for level in shape.levels] == ["Country", "Level 2", "Level 3", "Level 4"]
    assert shape.groups["GrClinics01"].writable
    owner = shape.attributes["AtOwner0001"]
    assert [option.code for option in owner.options or ()] == ["PUB", "PRIV"]
    assert shape.attributes["AtBeds00001"].options is None


def test_the_check_finds_nothing_wrong_with_a_superuser(client: Dhis2) -> None:
    found = check_system(client)
    assert (found.user, found.units, found.missing_authorities, found.warnings) == ("admin", 7, (), ())


def test_a_session_ended_for_younger_ones_of_the_account_stops_neither_reading_nor_writing(
    client: Dhis2, world: World
) -> None:
    admin = world.user_named("admin")
    assert admin is not None

    def sign_in_elsewhere() -> None:
        for _ in range(10):
            world.open_session(admin)

    before = client.levels()
    sign_in_elsewhere()
    assert client.levels() == before
    renamed = change(client, "OuFacility1", name="Renamed")
    sign_in_elsewhere()
    client.import_units([renamed], strategy="UPDATE", validate=False)
    assert stored(world, "OuFacility1")["name"] == "Renamed"


def test_every_unit_is_read_once_with_its_level(client: Dhis2) -> None:
    units = {unit.uid: unit for page in client.stream_units(page_size=2) for unit in page}
    assert len(units) == 7
    assert units["OuFacility1"].level == 4
    assert units["OuFacility1"].parent == "OuDistrictA"
    assert units["OuFacility1"].opening_date == "2000-01-01"


def test_a_change_by_whole_units_loses_nothing(client: Dhis2, world: World) -> None:
    before = stored(world, "OuFacility1")
    values = [{"attribute": {"id": "AtBeds00001"}, "value": "12"}]
    body = change(client, "OuFacility1", name="Renamed", geometry=POINT, attributeValues=values)
    assert client.import_units([body], strategy="UPDATE", validate=True).ok
    assert stored(world, "OuFacility1")["name"] == before["name"]
    report = client.import_units([body], strategy="UPDATE", validate=False)
    assert (report.ok, report.updated, report.total) == (True, 1, 1)
    after = stored(world, "OuFacility1")
    changed = {"name", "geometry", "featureType", "coordinates", "attributeValues", "lastUpdated", "lastUpdatedBy"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    (read,) = (unit for page in client.stream_units() for unit in page if unit.uid == "OuFacility1")
    assert read.name == "Renamed"
    assert read.geometry is not None
    assert b"-11.75" in read.geometry
    assert read.attribute_values == {"AtBeds00001": "12"}


def test_a_new_unit_is_created_and_an_unknown_one_is_not_by_an_update(client: Dhis2, world: World) -> None:
    new = payload_unit(unit("OuFacilityN", "OuDistrictA", geometry=POINT), client.features)
    refused = client.import_units([new], strategy="UPDATE", validate=False)
    assert [(refusal.uid, refusal.dhis2_code) for refusal in refused.refusals] == [("OuFacilityN", "E5001")]
    assert world.unit("OuFacilityN") is None
    assert client.import_units([new], strategy="CREATE_AND_UPDATE", validate=False).created == 1
    assert stored(world, "OuFacilityN")["parent"] == {"id": "OuDistrictA"}


def test_a_batch_is_refused_whole_and_each_faulty_unit_is_named(client: Dhis2, world: World) -> None:
    batch = [
        change(client, "OuFacility1", shortName="x" * 51),
        change(client, "OuFacility2", parent={"id": "OuNotThere1"}),
        change(client, "OuFacility3", code="F-1"),
        change(client, "OuDistrictA", name="Fine"),
    ]
    report = client.import_units(batch, strategy="UPDATE", validate=False)
    found = {(r.uid, r.dhis2_code, r.property) for r in attribute_refusals(report, batch).refusals}
    assert not report.ok
    assert found == {
        ("OuFacility1", "E4001", "shortName"),
        ("OuFacility2", "E5002", "parent"),
        ("OuFacility3", "E5003", "code"),
    }
    assert stored(world, "OuDistrictA")["name"] == "Unit OuDistrictA"


def test_members_are_added_and_nobody_is_removed(client: Dhis2, world: World) -> None:
    found = client.add_to_group("GrClinics01", ["OuFacility1", "OuFacility2", "OuNotThere1"])
    assert (set(found.members), found.missing) == ({"OuFacility1", "OuFacility2"}, ("OuNotThere1",))
    assert world.group_members("GrClinics01") == {"OuFacility1", "OuFacility2"}
    again = client.add_to_group("GrClinics01", ["OuFacility1", "OuFacility3"])
    assert again.missing == ()
    assert client.group_members("GrClinics01") == {"OuFacility1", "OuFacility2", "OuFacility3"}


def test_a_group_that_is_not_there_needs_a_person(client: Dhis2) -> None:
    with pytest.raises(NeedsPerson) as caught:
        client.add_to_group("GrNotThere1", ["OuFacility1"])
    assert caught.value.code == "not-found"


def test_levels_are_right_after_a_move_though_stored_ones_are_stale_until_rebuilt(client: Dhis2, world: World) -> None:
    body = change(client, "OuDistrictA", parent={"id": "OuCountry01"})
    assert client.import_units([body], strategy="UPDATE", validate=False).ok
    levels = {unit.uid: unit.level for page in client.stream_units(()) for unit in page}
    assert (levels["OuDistrictA"], levels["OuFacility1"]) == (2, 3)
    stale = stored(world, "OuFacility1")["path"] != "/OuCountry01/OuDistrictA/OuFacility1"
    assert stale is client.features.moves_leave_paths_stale
    client.rebuild_paths()
    assert stored(world, "OuFacility1")["path"] == "/OuCountry01/OuDistrictA/OuFacility1"


def test_a_wrong_password_is_tried_once(world: World) -> None:
    with serve(world) as server, Dhis2(server.url, Basic("admin", "wrong")) as client:
        with pytest.raises(NeedsPerson) as caught:
            client.system_info()
        assert caught.value.code == "wrong-credentials"
        assert client.requests == 1


def test_a_user_without_authority_is_told_before_and_when_writing(world: World) -> None:
    role = {"id": "RoReader001", "name": "Reader", "authorities": ["F_VIEW"]}
    user = {"id": "UsReader001", "username": "reader", "password": "reader-pw", "userRoles": [{"id": "RoReader001"}]}
    world.objects["userRoles"]["RoReader001"] = role
    world.objects["users"]["UsReader001"] = user | {"organisationUnits": []}
    with serve(world) as server, Dhis2(server.url, Basic("reader", "reader-pw")) as client:
        assert "F_ORGANISATIONUNIT_ADD" in check_system(client).missing_authorities
        report = client.import_units([change(client, "OuFacility1", name="x")], strategy="UPDATE", validate=True)
        assert STOP_THE_RUN & {refusal.dhis2_code for refusal in report.refusals}
        with pytest.raises(NeedsPerson) as caught:
            client.rebuild_paths()
        assert caught.value.code == "forbidden"


def test_one_run_is_one_session(client: Dhis2, world: World) -> None:
    check_system(client)
    list(client.stream_units(page_size=2))
    assert len(world.sessions) == 1


@pytest.mark.parametrize("world", ["2.43"], indirect=True)
def test_a_unit_that_is_its_own_parent_cuts_lists_short_and_is_noticed(client: Dhis2) -> None:
    body = change(client, "OuFacility2", parent={"id": "OuFacility2"})
    assert client.import_units([body], strategy="UPDATE", validate=False).ok
    with pytest.raises(CgrError) as caught:
        list(client.stream_units())
    assert isinstance(caught.value, ProtocolBroken | TryLater)
    assert caught.value.code in {"list-cut-short", "connection-cut"}


FAULTS = [
    (Fault("cut-before", path="metadata"), "connection-cut", False),
    (Fault("cut-after", path="metadata"), "connection-cut", True),
    (Fault("status", path="metadata", status=502), "server-away", False),
    (Fault("truncated", path="metadata"), None, True),
    (Fault("html", path="metadata"), "not-json", False),
]


@pytest.mark.parametrize("world", ["2.31", "2.42"], indirect=True)
@pytest.mark.parametrize(("fault", "code", "written"), FAULTS, ids=[fault.kind for fault, _, _ in FAULTS])
def test_an_import_that_breaks_off_is_unknown_and_is_not_repeated(
    client: Dhis2, world: World, fault: Fault, code: str | None, *, written: bool
) -> None:
    body = change(client, "OuFacility1", name="Renamed")
    world.faults.add(Fault(fault.kind, path=fault.path, status=fault.status))
    before = client.requests
    with pytest.raises(TryLater) as caught:
        client.import_units([body], strategy="UPDATE", validate=False)
    assert caught.value.sent
    assert code is None or caught.value.code == code
    assert client.requests == before + 1
    assert (stored(world, "OuFacility1")["name"] == "Renamed") is written


@pytest.mark.parametrize("world", ["2.31", "2.42"], indirect=True)
def test_reading_goes_on_after_a_moment_of_trouble(client: Dhis2, world: World) -> None:
    assert client.count_units() == 7
    world.faults.add(Fault("status", path="organisationUnits", status=503, retry_after="1"))
    world.faults.add(Fault("cut-before", path="organisationUnits", after=1))
    assert sum(len(page) for page in client.stream_units(page_size=2)) == 7
    assert client.seconds_waited > 0


@pytest.mark.parametrize("world", ["2.42"], indirect=True)
def test_a_session_that_ends_at_a_login_page_is_not_followed(client: Dhis2, world: World) -> None:
    world.faults.add(Fault("redirect", path="filledOrganisationUnitLevels"))
    with pytest.raises(NeedsPerson) as caught:
        client.levels()
    assert caught.value.code == "redirect-to-login"
