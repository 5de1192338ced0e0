"""What a facility of the country can carry beyond its built-in fields, and what its DHIS2 offers to map it to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .country import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.sandbox.world import LoggedRequest, World

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")

OWNERSHIP = {
    "code": "ownership",
    "label": "Ownership",
    "terms": [
        {"code": "PUB", "label": "Public"},
        {"code": "PRI", "label": "Private"},
        {"code": "NGO", "label": "Non-governmental"},
    ],
}
OWNER = {"code": "owner", "label": "Owner", "kind": "term", "terms": "ownership"}
REMARKS = {"code": "remarks", "label": "Remarks", "kind": "localized_text"}
HOTLINE = {"code": "hotline", "label": "Hotline", "kind": "text"}

PUBLIC, PRIVATE, CLINICS = "GrPublic001", "GrPrivate01", "GrClinics01"
OWNERSHIP_IN_DHIS2 = "AtOwner0001"
BEDS_IN_DHIS2 = "AtBeds00001"
HOTLINE_IN_DHIS2 = "AtHotline01"


def definitions_with(*attributes: dict[str, Any], types: Iterable[dict[str, Any]] = (), tree: Any = None) -> Any:
    """Give the registry's definitions with more attributes of a facility, more types, another hierarchy."""
    *others, facility = DEFINITIONS["types"]
    (hierarchy,) = DEFINITIONS["hierarchies"]
    return {
        **DEFINITIONS,
        "terms": [OWNERSHIP],
        "types": [*others, {**facility, "attributes": [*facility["attributes"], *attributes]}, *types],
        "hierarchies": [{**hierarchy, "tree": tree or hierarchy["tree"]}],
    }


def attribute(uid: str, name: str, value_type: str, **more: Any) -> dict[str, Any]:
    """Give a DHIS2 attribute that is assigned to organisation units."""
    return {"id": uid, "name": name, "valueType": value_type, "organisationUnitAttribute": True, **more}


def option_set(uid: str, name: str, codes: dict[str, str], *, value_type: str = "TEXT") -> dict[str, list[Any]]:
    """Give an option set with its options, by code."""
    options = [
        {"id": f"Op{uid[-6:]}{place:03}", "code": code, "name": label, "optionSet": {"id": uid}}
        for place, (code, label) in enumerate(codes.items())
    ]
    refs = [{"id": option["id"]} for option in options]
    return {"optionSets": [{"id": uid, "name": name, "valueType": value_type, "options": refs}], "options": options}


def offer(world: World, **metadata: Any) -> None:
    """Put metadata into the DHIS2, as its administrator would in the Maintenance app."""
    world.load({"metadata": metadata})


def offer_ownership(world: World) -> None:
    """Give the DHIS2 of the manual page: an attribute with an option set, and groups of one set."""
    offer(
        world,
        **option_set("OsOwner0001", "Ownership", {"1": "Public", "2": "Private"}),
        attributes=[
            attribute(OWNERSHIP_IN_DHIS2, "Ownership", "TEXT", optionSet={"id": "OsOwner0001"}),
            attribute(HOTLINE_IN_DHIS2, "Hotline", "PHONE_NUMBER"),
        ],
        organisationUnitGroups=[{"id": PRIVATE, "name": "Private", "shortName": "Private", "organisationUnits": []}],
        organisationUnitGroupSets=[
            {
                "id": "GsOwner0001",
                "name": "Ownership",
                "shortName": "Ownership",
                "organisationUnitGroups": [{"id": PUBLIC}, {"id": PRIVATE}],
            }
        ],
    )


def value_in(unit: dict[str, Any], uid: str) -> str | None:
    """Give the value of an attribute as DHIS2 keeps it; None when it isn't set."""
    values = [one["value"] for one in unit.get("attributeValues", ()) if one["attribute"]["id"] == uid]
    assert len(values) <= 1
    return values[0] if values else None


def imports(world: World) -> Iterator[LoggedRequest]:
    """Give every import that wrote or was only to be validated."""
    return (one for one in world.log if (one.method, one.path) == ("POST", "/api/metadata"))


def bodies_sent(world: World) -> list[dict[str, Any]]:
    """Give every unit that was sent, to be validated or to be stored."""
    return [unit for one in imports(world) for unit in json.loads(one.body)["organisationUnits"]]


def additions(world: World, group: str) -> list[list[str]]:
    """Give the ids of each additions call to a group."""
    path = f"/api/organisationUnitGroups/{group}/organisationUnits"
    calls = (one for one in world.log if (one.method, one.path) == ("POST", path))
    return [[unit["id"] for unit in json.loads(one.body)["additions"]] for one in calls]
