"""A ministry to synchronize: a registry with four levels and attributes of every kind, and a DHIS2 to map it to."""

from __future__ import annotations

import json
from typing import Any

import yaml

from cgr.accounts.actors import Actor
from cgr.configuration.applying import apply as apply_configuration
from cgr.registry.actions import apply_objects

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
        {"id": BEDS, "name": "Bed count", "valueType": "INTEGER_POSITIVE", "organisationUnitAttribute": True},
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


def configure(url: str, *syncs: dict[str, Any]) -> Any:
    """Apply the configuration file of the ministry; the password of its DHIS2 stands in TEST_PASSWORD."""
    system = {
        "code": "hmis",
        "organization": "MOH",
        "label": {"default": "National HMIS", "fr": "SNIS national"},
        "url": url,
        "auth": {"kind": "basic", "username": "admin", "password": {"env": "TEST_PASSWORD"}},
    }
    document = {**DEFINITIONS, "systems": [system], "syncs": list(syncs)}
    return apply_configuration(OPERATOR, yaml.safe_dump(document).encode())


def write_objects(*lines: dict[str, Any]) -> None:
    """Apply lines of an objects file; all of them have to be taken."""
    assert apply_objects(OPERATOR, [json.dumps(line).encode() for line in lines], preview=False).errors == ()
