"""The DHIS2 of the demo: the same country as it was known some years earlier.

Some facilities are missing, some carry a name that was corrected since, some hang below the wrong district, some lack
their ownership or their group; and every unit has things of its own that the registry doesn't manage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.core.ids import derive_uid

if TYPE_CHECKING:
    from collections.abc import Iterable

MISSING_EVERY = 21
RENAMED_EVERY = 17
MISPLACED_EVERY = 29
WITHOUT_OWNERSHIP_EVERY = 13
WITHOUT_GROUP_EVERY = 11

GROUP_OF_KIND = {
    "HEALTH-POST": ("GrHealthPos", "Health posts"),
    "CLINIC": ("GrClinics01", "Clinics"),
    "HEALTH-CENTRE": ("GrHealthCen", "Health centres"),
    "RURAL-HEALTH-CENTRE": ("GrRuralHeal", "Rural health centres"),
    "LEVEL-1-HOSPITAL": ("GrHospital1", "Level 1 hospitals"),
    "LEVEL-2-HOSPITAL": ("GrHospital2", "Level 2 hospitals"),
    "LEVEL-3-HOSPITAL": ("GrHospital3", "Level 3 hospitals"),
}
FACILITIES_GROUP = "GrFacility1"
_OPTIONS = {"MOH": "Ministry of Health", "GOV": "Other government", "FBO": "Faith-based", "NGO": "Faith-based or NGO"}
_LEVELS = ("Country", "Province", "District", "Facility")


def older_copy(objects: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Give the content of a DHIS2, as `cgr sandbox serve --load` takes it, from the demo's Geo-Objects."""
    records = list(objects)
    districts = sorted(record["code"] for record in records if record["type"] == "district")
    units: list[dict[str, Any]] = []
    members: dict[str, list[dict[str, str]]] = {group: [] for group, _ in GROUP_OF_KIND.values()}
    members[FACILITIES_GROUP] = []
    number = 0
    for record in records:
        if record["type"] != "facility":
            units.append(_unit(record))
            continue
        number += 1
        if number % MISSING_EVERY == 0:
            continue
        unit = _older_facility(record, number, districts)
        units.append(unit)
        if number % WITHOUT_GROUP_EVERY:
            members[GROUP_OF_KIND[record["values"]["kind"]][0]].append({"id": unit["id"]})
            members[FACILITIES_GROUP].append({"id": unit["id"]})
    return {"version": "2.42", "metadata": {"organisationUnits": units, **_surroundings(members)}}


def uid_of(code: str) -> str:
    """Give the id that a place has in the demo's DHIS2."""
    return derive_uid("demo", code, 0)


def _unit(record: dict[str, Any]) -> dict[str, Any]:
    name = record["label"]["default"]
    parent = record.get("parents", {}).get("admin")
    return {
        "id": uid_of(record["code"]),
        "code": record["code"],
        "name": name,
        "shortName": name[:50],
        "openingDate": record["exists"][0]["from"],
        "geometry": record["geometry"],
        "comment": "Kept by the district health office",
        **({"parent": {"id": uid_of(parent)}} if parent else {}),
        **_french(record),
    }


def _french(record: dict[str, Any]) -> dict[str, Any]:
    french = record["label"].get("fr")
    return {"translations": [{"property": "NAME", "locale": "fr", "value": french}]} if french else {}


def _older_facility(record: dict[str, Any], number: int, districts: list[str]) -> dict[str, Any]:
    unit = _unit(record)
    unit["phoneNumber"] = f"+260 {number:06}"
    values = {"AtListRow01": str(record["values"]["list_row"]), "AtOwnership": record["values"]["ownership"]}
    if number % WITHOUT_OWNERSHIP_EVERY == 0:
        del values["AtOwnership"]
    if number % RENAMED_EVERY == 0:
        unit["name"] = unit["shortName"] = _older_name(unit["name"])
    if number % MISPLACED_EVERY == 0:
        place = districts.index(record["parents"]["admin"])
        unit["parent"] = {"id": uid_of(districts[(place + 1) % len(districts)])}
    unit["attributeValues"] = [{"attribute": {"id": key}, "value": value} for key, value in values.items()]
    return unit


def _older_name(name: str) -> str:
    """Write the kind of facility in short, as older lists did."""
    for long, short in (("Health Post", "HP"), ("Rural Health Centre", "RHC"), ("Health Centre", "HC")):
        if name.endswith(long):
            return name.removesuffix(long) + short
    return f"{name} (old)"


def _surroundings(members: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    names = {**dict(GROUP_OF_KIND.values()), FACILITIES_GROUP: "Public health facilities"}
    return {
        "organisationUnitLevels": [
            {"id": f"LvDemo0000{level}", "level": level, "name": name} for level, name in enumerate(_LEVELS, start=1)
        ],
        "organisationUnitGroups": [
            {"id": group, "name": names[group], "shortName": names[group], "organisationUnits": units}
            for group, units in members.items()
        ],
        "optionSets": [
            {
                "id": "OsOwnership",
                "name": "Ownership",
                "valueType": "TEXT",
                "options": [{"id": f"OpOwner{code}1"} for code in _OPTIONS],
            }
        ],
        "options": [
            {"id": f"OpOwner{code}1", "code": code, "name": name, "optionSet": {"id": "OsOwnership"}}
            for code, name in _OPTIONS.items()
        ],
        "attributes": [
            {
                "id": "AtOwnership",
                "name": "Ownership",
                "valueType": "TEXT",
                "organisationUnitAttribute": True,
                "optionSet": {"id": "OsOwnership"},
            },
            {
                "id": "AtListRow01",
                "name": "Row in the WHO list",
                "valueType": "INTEGER",
                "organisationUnitAttribute": True,
            },
        ],
    }
