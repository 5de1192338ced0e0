"""What GeoPrism Registry gives as JSON becomes a configuration that can be applied; what can't come along is named.

The documents have the shape that its published source gives them; the content is ours.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from cgr.accounts.actors import Actor
from cgr.cli import main
from cgr.configuration.applying import apply
from cgr.configuration.geoprism import carry_over
from cgr.configuration.yaml_writing import written
from cgr.sync import configs

OPERATOR = Actor("cli:test", is_system_administrator=True)
STRATEGY = "net.geoprism.registry.etl.DHIS2"


def label(text: str, **others: str) -> dict[str, Any]:
    texts = [{"locale": "defaultLocale", "value": text}, *({"locale": one, "value": it} for one, it in others.items())]
    return {"localizedValue": text, "localeValues": texts}


def kind_of_place(code: str, geometry: str, *attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    built_in = [{"code": "displayLabel", "type": "local", "isDefault": True}, {"code": "exists", "type": "boolean"}]
    return {
        "code": code,
        "label": label(code.title(), fr=f"{code} (fr)"),
        "geometryType": geometry,
        "organizationCode": "MOH",
        "attributes": [*built_in, *attributes],
        **more,
    }


OWNERSHIP = {
    "code": "ownership",
    "label": label("Ownership"),
    "children": [
        {"code": "PUB", "label": label("Public", fr="Public"), "children": []},
        {"code": "PRI", "label": label("Private"), "children": [{"code": "FBO", "label": label("Faith-based")}]},
    ],
}
TYPES = [
    kind_of_place("Province", "MULTIPOLYGON"),
    kind_of_place(
        "Facility",
        "POINT",
        {"code": "beds", "type": "integer", "label": label("Beds")},
        {"code": "owner", "type": "term", "label": label("Owner"), "rootTerm": OWNERSHIP},
        {"code": "picture", "type": "file", "label": label("Picture")},
        superTypeCode="Place",
    ),
]
HIERARCHY = {
    "code": "Admin",
    "label": label("Administrative"),
    "organizationCode": "MOH",
    "rootGeoObjectTypes": [{"geoObjectType": "Province", "children": [{"geoObjectType": "Facility", "children": []}]}],
}
SYNC = {
    "oid": "0f9c",
    "organization": "MOH",
    "system": "7d1a",
    "systemLabel": "National HMIS",
    "type": "DHIS2ExternalSystem",
    "label": label("To the HMIS", fr="Vers le SNIS"),
    "isImport": False,
    "configuration": {
        "hierarchyCode": "Admin",
        "preferredLocale": "fr",
        "syncNonExistent": True,
        "date": "2024-01-01",
        "levels": [
            {
                "geoObjectType": "Facility",
                "type": "ALL",
                "level": 1,
                "orgUnitGroupId": "GrFacility1",
                "mappings": [
                    {"cgrAttrName": "displayLabel", "dhis2AttrName": "name", "externalId": None},
                    {"cgrAttrName": "exists", "dhis2AttrName": "openingDate"}
                    | {"attributeMappingStrategy": f"{STRATEGY}StartDateAttributeMapping"},
                    {"cgrAttrName": "beds", "dhis2AttrName": "Beds", "externalId": "AtBeds00001"},
                    {"cgrAttrName": "owner", "dhis2AttrName": "Ownership", "externalId": "AtOwnership"}
                    | {"terms": {"PUB": "1", "PRI": "2", "FBO": None}},
                    {"cgrAttrName": "owner", "terms": {"PUB": "GrPublic001"}}
                    | {"attributeMappingStrategy": f"{STRATEGY}OrgUnitGroupAttributeMapping"},
                ],
            },
            {"geoObjectType": "Province", "type": "NONE", "level": 0, "orgUnitGroupId": None, "mappings": []},
        ],
    },
}

SAID = [
    'attribute "picture" is of a kind that has no like here (file)',
    'it belonged to the group of types "Place"',
    "was run for the date 2024-01-01",
    "included places that don't exist at the date",
    'term "FBO" of "owner" was left unmapped',
    'system "National HMIS": its address, user name and password',
]


@pytest.mark.django_db
def test_types_hierarchies_and_synchronizations_become_a_configuration_that_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NATIONAL_HMIS_PASSWORD", "district")

    carried = carry_over({"types": {"types": TYPES}, "h": HIERARCHY, "s": {"resultSet": [SYNC]}}, organization="MOH")
    apply(OPERATOR, written(carried.document()).encode())

    assert [line for line in carried.left_out if any(said in line for said in SAID)] == carried.left_out
    assert len(carried.left_out) == len(SAID)
    (row,) = configs.configs(OPERATOR)
    assert (row.code, row.system.code, row.settings["locale"]) == ("to-the-hmis", "national-hmis", "fr")
    province, facility = row.settings["levels"]
    assert province == {"type": "Province", "sync": "none"}
    assert (facility["sync"], facility["groups"]) == ("both", ["GrFacility1"])
    assert facility["fields"] == {"name": "label", "openingDate": "exists.start"}
    assert facility["attributes"] == [
        {"from": "beds", "to": "AtBeds00001"},
        {"from": "owner", "to": "AtOwnership", "terms": {"PUB": "1", "PRI": "2"}},
        {"from": "owner", "groups": {"PUB": "GrPublic001"}},
    ]


def test_a_synchronization_alone_names_what_no_file_says() -> None:
    carried = carry_over({"s": SYNC}, organization="MOH")

    assert {one["code"]: [it["kind"] for it in one.get("attributes", [])] for one in carried.document()["types"]} == {
        "Province": [],
        "Facility": ["text", "term"],
    }
    assert sum("no file describes the type" in line for line in carried.left_out) == 2
    assert sum("no file says the kind" in line for line in carried.left_out) == 2


@pytest.mark.parametrize("content", [1, None, [], {}, [[]], {"system": 1, "configuration": 2}, {"code": "x"}, [TYPES]])
def test_what_is_none_of_its_documents_is_named_or_makes_nothing(content: Any) -> None:
    carried = carry_over({"other.json": content}, organization="MOH")

    assert carried.document() == {"version": 1}
    assert all(line.startswith("other.json: ") for line in carried.left_out)


def test_the_command_writes_a_file_that_begins_with_what_to_look_at(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"types.json": TYPES, "admin.json": HIERARCHY, "sync.json": SYNC}.items():
        (tmp_path / name).write_text(json.dumps(content))
    files = [str(tmp_path / name) for name in ("types.json", "admin.json", "sync.json")]

    assert main.run(["config", "import-gpr", *files, "--organization", "MOH", "-o", str(tmp_path / "c.yaml")]) == 1

    text = (tmp_path / "c.yaml").read_text("utf-8")
    assert [line for line in capsys.readouterr().err.splitlines() if f"# {line}\n" not in text] == []
    assert [one["code"] for one in yaml.safe_load(text)["types"]] == ["Province", "Facility"]

    (tmp_path / "list.xlsx").write_bytes(b"PK\x03\x04")
    assert main.run(["config", "import-gpr", str(tmp_path / "list.xlsx"), "--organization", "MOH"]) == 2
    assert "cgr import file" in capsys.readouterr().err
