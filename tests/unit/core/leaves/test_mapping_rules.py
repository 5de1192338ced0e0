"""What a synchronisation configuration may say: each rule refused by row and field, in words (R4.2, R6, R7.1, R8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from cgr.core.errors import BadInput
from cgr.core.mapping import FieldSource, SyncMapping, SyncType
from cgr.core.mapping_rules import Finding, Severity, candidates, check_mapping, field_sources, parse_mapping, usable
from cgr.core.records import (
    Localized,
    OurAttribute,
    OurType,
    RemoteAttribute,
    RemoteGroup,
    RemoteLevel,
    RemoteOption,
    RemoteShape,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNER_TERMS = {"PUB": {"default": "Public"}, "PRI": {"default": "Private"}}
BEDS, OWNER, REMARKS, SINCE, OPEN = "n2xYlNbsfko", "l1VmqIHKk6t", "remarksAttr", "sinceAttr00", "openAttr000"
CLINICS, PUBLIC, PRIVATE, LOCKED = "oRVt7g429ZO", "MAs88nJc9nL", "PVLOW4bCshG", "lockedGroup"


def our_attribute(code: str, kind: str, terms: dict[str, Localized] | None = None) -> OurAttribute:
    return OurAttribute(code, kind, {"default": code.title()}, terms)


FACILITY_ATTRIBUTES = [
    our_attribute("beds", "integer"),
    our_attribute("cots", "integer"),
    our_attribute("owner", "term", OWNER_TERMS),
    our_attribute("remarks", "localized_text"),
    our_attribute("since", "date"),
    our_attribute("open", "boolean"),
    our_attribute("size", "decimal"),
]


def our_type(code: str, parent: str | None, geometry: str = "none", attributes: Sequence[OurAttribute] = ()) -> OurType:
    return OurType(code, {"default": code.title()}, geometry, parent, {a.code: a for a in attributes})


TYPES = {
    "country": our_type("country", None),
    "region": our_type("region", "country", "multipolygon"),
    "district": our_type("district", "region", "multipolygon"),
    "facility": our_type("facility", "district", "point", FACILITY_ATTRIBUTES),
    "ward": our_type("ward", "district"),
}


def remote(uid: str, value_type: str, name: str, **more: object) -> RemoteAttribute:
    return replace(RemoteAttribute(uid, name, value_type, for_units=True), **more)


OPTIONS = (RemoteOption("o1", "1", "Public"), RemoteOption("o2", "2", "Private"))
ATTRIBUTES = [
    remote(BEDS, "INTEGER", "Beds"),
    remote(OWNER, "TEXT", "Ownership", option_set="ownerSet000", options=OPTIONS),
    remote(REMARKS, "LONG_TEXT", "Remarks"),
    remote(SINCE, "DATE", "Since"),
    remote("elsewhere00", "INTEGER", "Of data elements", for_units=False),
    remote("aPlaceAttr0", "COORDINATE", "Place"),
    remote("aTracker000", "TRACKER_ASSOCIATE", "Tracker"),
    remote("aFutureType", "HOLOGRAM", "Hologram"),
]
SHAPE = RemoteShape(
    version=(2, 42, 5),
    user="cgr",
    authorities=frozenset({"F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE"}),
    levels=tuple(RemoteLevel(n, name) for n, name in enumerate(("Country", "Region", "District", "Facility"), start=1)),
    attributes={attribute.id: attribute for attribute in ATTRIBUTES},
    groups={
        CLINICS: RemoteGroup(CLINICS, "Clinics"),
        PUBLIC: RemoteGroup(PUBLIC, "Public"),
        PRIVATE: RemoteGroup(PRIVATE, "Private"),
        LOCKED: RemoteGroup(LOCKED, "Locked", writable=False),
    },
)

UPPER = [
    {"type": "country", "sync": "none"},
    {"type": "region", "sync": "relationships"},
    {"type": "district", "sync": "org_units"},
]


def mapping_of(facility: dict[str, Any] | None = None, **more: object) -> SyncMapping:
    level = {"type": "facility", "sync": "org_units", **(facility or {})}
    return parse_mapping({"levels": [*UPPER, level], **more})


def findings_of(
    facility: dict[str, Any] | None = None, shape: RemoteShape | None = SHAPE, **more: object
) -> list[Finding]:
    return check_mapping(mapping_of(facility, **more), TYPES, shape)


FULL = {
    "sync": "both",
    "groups": [CLINICS],
    "only_in_groups": False,
    "fields": {
        "description": "attribute:remarks",
        "closedDate": None,
        "code": {"from": "code", "clear": True},
        "openingDate": "attribute:since",
        "phoneNumber": "attribute:beds",
    },
    "geometry": True,
    "where": {"owner": ["PUB"], "open": ["true"]},
    "locale": "pt_BR",
    "attributes": [
        {"from": "beds", "to": BEDS},
        {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}},
        {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}},
        {"from": "remarks", "to": REMARKS},
        {"from": "since"},
    ],
}


@pytest.mark.parametrize("shape", [None, SHAPE], ids=["offline", "live"])
def test_a_full_configuration_has_no_findings(shape: RemoteShape | None) -> None:
    assert findings_of(FULL, shape, locale="fr", allow_new_root=True, limits={"changed_share": 1}) == []


STATIC: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"fields": {"nickname": "label"}}, "field nickname", "no such field"),
    "unknown source": ({"fields": {"name": "title"}}, "field name", "no source `title`"),
    "unknown attribute as source": ({"fields": {"name": "attribute:x"}}, "field name", "no source `attribute:x`"),
    "derived name": ({"fields": {"name": "derived"}}, "field name", "only shortName"),
    "date from label": ({"fields": {"openingDate": "label"}}, "field openingDate", "of kind localized_text"),
    "name from date": ({"fields": {"name": "exists.start"}}, "field name", "of kind date"),
    "comment from term": ({"fields": {"comment": "attribute:owner"}}, "field comment", "of kind term"),
    "required cleared": ({"fields": {"name": {"from": "label", "clear": True}}}, "field name", "can't be cleared"),
    "attribute unknown": ({"attributes": [{"from": "x", "to": BEDS}]}, "attribute x", "no attribute of this code"),
    "both targets": (
        {"attributes": [{"from": "owner", "to": OWNER, "terms": {}, "groups": {}}]},
        "attribute owner",
        "in one entry",
    ),
    "terms of a number": ({"attributes": [{"from": "beds", "to": BEDS, "terms": {}}]}, "attribute beds", "only term"),
    "groups of a number": ({"attributes": [{"from": "beds", "groups": {}}]}, "attribute beds", "only term"),
    "target no id": ({"attributes": [{"from": "beds", "to": "Beds"}]}, "attribute beds", "`Beds` is not the id"),
    "one target twice": (
        {"attributes": [{"from": "beds", "to": BEDS}, {"from": "cots", "to": BEDS}]},
        f"DHIS2 attribute {BEDS}",
        "2 attributes are mapped to it",
    ),
    "unknown term to option": (
        {"attributes": [{"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2", "X": "1"}}]},
        "attribute owner, term X",
        "no such term",
    ),
    "unknown term to group": (
        {"attributes": [{"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE, "X": PUBLIC}}]},
        "attribute owner, term X",
        "no such term",
    ),
    "clearing groups": (
        {"attributes": [{"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}, "clear": True}]},
        "attribute owner",
        "only ever added",
    ),
    "term group no id": (
        {"attributes": [{"from": "owner", "groups": {"PUB": "Public", "PRI": PRIVATE}}]},
        "attribute owner, term PUB",
        "not the id of a DHIS2 group",
    ),
    "group no id": ({"groups": ["Clinics"]}, "group Clinics", "not the id of a DHIS2 group"),
    "group twice": ({"groups": [CLINICS, CLINICS]}, f"group {CLINICS}", "named twice"),
    "only in no group": ({"only_in_groups": True}, "only_in_groups", "names no group"),
    "filter unknown": ({"where": {"x": ["1"]}}, "filter x", "no attribute x that can be a filter"),
    "filter of a kind that can't": ({"where": {"remarks": ["1"]}}, "filter remarks", "can be a filter"),
    "filter empty": ({"where": {"owner": []}}, "filter owner", "nothing is selected"),
    "filter term unknown": ({"where": {"owner": ["PUB", "X"]}}, "filter owner", "the value X"),
    "filter boolean": ({"where": {"open": ["yes"]}}, "filter open", "the value yes"),
    "locale": ({"locale": "pt-br"}, "locale", "not a language as DHIS2 writes it"),
}


@pytest.mark.parametrize("case", STATIC)
@pytest.mark.parametrize("shape", [None, SHAPE], ids=["offline", "live"])
def test_what_can_never_work_is_refused_naming_row_and_field(case: str, shape: RemoteShape | None) -> None:
    facility, part, words = STATIC[case]
    errors = [finding for finding in findings_of(facility, shape) if finding.severity is Severity.ERROR]
    assert [error.where for error in errors] == [f"level 4 (facility), {part}"]
    assert errors[0].message.startswith("Level 4 (facility), ")
    assert words in errors[0].message
    assert errors[0].next_step.endswith(".")
    assert not errors[0].partial


LIVE: dict[str, tuple[dict[str, Any], str, str]] = {
    "group gone": ({"groups": ["deletedGrp0"]}, "group deletedGrp0", "has no organisation unit group"),
    "group not ours": ({"groups": [LOCKED]}, f"group {LOCKED}", "may not change the group “Locked”"),
    "term group gone": (
        {"attributes": [{"from": "owner", "groups": {"PUB": "deletedGrp0", "PRI": PRIVATE}}]},
        "attribute owner, term PUB",
        "has no organisation unit group",
    ),
    "attribute gone": ({"attributes": [{"from": "beds", "to": "deletedAttr"}]}, "attribute beds", "has no attribute"),
    "attribute not of units": (
        {"attributes": [{"from": "beds", "to": "elsewhere00"}]},
        "attribute beds",
        "not assigned to organisation units",
    ),
    "wrong value type": ({"attributes": [{"from": "beds", "to": REMARKS}]}, "attribute beds", "of type LONG_TEXT"),
    "never": ({"attributes": [{"from": "remarks", "to": "aPlaceAttr0"}]}, "attribute remarks", "never synchronised"),
    "text to option set": ({"attributes": [{"from": "remarks", "to": OWNER}]}, "attribute remarks", "an option set"),
    "term without option set": (
        {"attributes": [{"from": "owner", "to": REMARKS, "terms": {"PUB": "1", "PRI": "2"}}]},
        "attribute owner",
        "has no option set",
    ),
    "option gone": (
        {"attributes": [{"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "3"}}]},
        "attribute owner, term PRI",
        "no option with code 3",
    ),
    "option by name": (
        {"attributes": [{"from": "owner", "to": OWNER, "terms": {"PUB": "Public", "PRI": "2"}}]},
        "attribute owner, term PUB",
        "no option with code Public",
    ),
}


@pytest.mark.parametrize("case", LIVE)
def test_what_dhis2_does_not_offer_is_named_and_leaves_the_rest_running(case: str) -> None:
    facility, part, words = LIVE[case]
    assert findings_of(facility, None) == []
    errors = findings_of(facility)
    assert [(error.where, error.severity, error.partial) for error in errors] == [
        (f"level 4 (facility), {part}", Severity.ERROR, True)
    ]
    assert words in errors[0].message


@pytest.mark.parametrize(
    ("facility", "words"),
    [
        ({"attributes": [{"from": "owner", "to": OWNER, "terms": {"PUB": "1"}}]}, "no option, so objects"),
        ({"attributes": [{"from": "owner", "to": OWNER}]}, "PUB, PRI"),
        ({"attributes": [{"from": "owner", "groups": {"PRI": PRIVATE}}]}, "no group, so objects"),
        ({"sync": "both", "fields": {"name": None}}, "no unit can be created"),
        ({"sync": "both", "fields": {"shortName": None}}, "no unit can be created"),
    ],
)
def test_what_works_and_may_surprise_is_a_warning(facility: dict[str, object], words: str) -> None:
    findings = findings_of(facility)
    assert [finding.severity for finding in findings] == [Severity.WARNING]
    assert words in findings[0].message


def test_a_mandatory_attribute_that_is_not_mapped_is_a_warning_where_units_are_created() -> None:
    mandatory = remote("mandatory00", "TEXT", "Licence number", mandatory=True)
    shape = RemoteShape(
        SHAPE.version, "cgr", SHAPE.authorities, SHAPE.levels, {**SHAPE.attributes, mandatory.id: mandatory}, {}
    )
    assert findings_of({"sync": "org_units"}, shape) == []
    findings = findings_of({"sync": "both"}, shape)
    assert [finding.severity for finding in findings] == [Severity.WARNING]
    assert "Licence number" in findings[0].message


@pytest.mark.parametrize(
    ("types", "row", "words"),
    [
        (["country", "district"], "level 2 (district)", "district is not directly below country"),
        (["country", "region", "region"], "level 3 (region)", "region is not directly below region"),
        (["region", "country"], "level 2 (country)", "it is at the top"),
        (["country", "planet"], "level 2 (planet)", "no such type"),
        (["country", "region", "district", "ward", "facility"], "level 5 (facility)", "directly below ward"),
    ],
)
def test_a_level_must_be_directly_below_the_one_before(types: list[str], row: str, words: str) -> None:
    mapping = parse_mapping({"levels": [{"type": code, "sync": "none"} for code in types]})
    findings = check_mapping(mapping, TYPES, None)
    assert findings[0].where.startswith(row)
    assert words in findings[0].message
    assert not findings[0].partial


def test_a_hierarchy_may_be_mapped_from_any_type_downwards() -> None:
    mapping = parse_mapping({"levels": [{"type": "region", "sync": "none"}, {"type": "district", "sync": "both"}]})
    assert check_mapping(mapping, TYPES, SHAPE) == []


def test_more_levels_than_dhis2_has_are_refused_naming_the_first_row_too_many() -> None:
    shape = RemoteShape(SHAPE.version, "cgr", SHAPE.authorities, SHAPE.levels[:3], {}, {})
    findings = findings_of({}, shape)
    assert [(finding.where, finding.partial) for finding in findings] == [("level 4 (facility)", True)]
    assert "has only 3 levels (1 Country, 2 Region, 3 District)" in findings[0].message


def test_a_geometry_is_refused_where_the_type_has_none() -> None:
    mapping = parse_mapping({"levels": [{"type": "country", "sync": "org_units", "geometry": True}]})
    findings = check_mapping(mapping, TYPES, None)
    assert [finding.where for finding in findings] == ["level 1 (country), geometry"]


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"limits": {"changed_share": 1.1}}, "limits, changed_share"),
        ({"limits": {"moved_share": -0.1}}, "limits, moved_share"),
        ({"limits": {"vanished_share": 30}}, "limits, vanished_share"),
        ({"limits": {"vanished_share": float("nan")}}, "limits, vanished_share"),
        ({"limits": {"min_units": -1}}, "limits, min_units"),
        ({"locale": "English"}, "locale"),
        ({"levels": []}, "levels"),
    ],
)
def test_the_configurations_own_settings_are_checked(more: dict[str, object], where: str) -> None:
    mapping = parse_mapping({"levels": [{"type": "country", "sync": "none"}], **more})
    findings = check_mapping(mapping, TYPES, None)
    assert [finding.where for finding in findings] == [where]
    assert findings[0].severity is Severity.ERROR


@pytest.mark.parametrize("name", ["changed_share", "moved_share", "vanished_share"])
@pytest.mark.parametrize("share", [0, 1, 0.5])
def test_a_share_from_nothing_to_all_is_accepted(name: str, share: float) -> None:
    assert findings_of({}, None, limits={name: share}) == []


def test_the_defaults_of_the_fields_are_the_contracts_and_a_level_lays_its_own_over_them() -> None:
    fields = {"description": "attribute:remarks", "closedDate": None, "code": {"from": "code", "clear": True}}
    level = mapping_of({"fields": fields}).levels[3]
    assert field_sources(level) == {
        "name": FieldSource("label"),
        "shortName": FieldSource("derived"),
        "code": FieldSource("code", clear=True),
        "openingDate": FieldSource("exists.start"),
        "description": FieldSource("attribute:remarks"),
    }
    assert field_sources(mapping_of().levels[3])["closedDate"] == FieldSource("exists.end")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("beds", ["Beds"]),
        ("owner", ["Ownership"]),
        ("remarks", ["Remarks"]),
        ("since", ["Since"]),
        ("open", []),
        ("size", []),
    ],
)
def test_only_compatible_attributes_are_candidates_and_every_other_one_says_why_not(
    code: str, expected: list[str]
) -> None:
    valid, others = candidates(TYPES["facility"].attributes[code], SHAPE)
    assert [attribute.name for attribute in valid] == expected
    assert len(others) == len(ATTRIBUTES) - len(valid)
    assert all(reason for _, reason in others)
    assert [attribute.name.casefold() for attribute, _ in others] == sorted(
        attribute.name.casefold() for attribute, _ in others
    )


@pytest.mark.parametrize(
    ("raw", "words", "next_step"),
    [
        (None, "expected keys with values, got nothing", "Known keys here: levels"),
        ([], "expected keys with values, got a list", "Known keys here"),
        ({}, "`levels` is missing", "Known keys here: levels"),
        ({"levels": 3}, "levels: expected a list, got a whole number", ""),
        ({"levels": [], "level": []}, "`level` is not a known key", "allow_new_root"),
        ({"levels": [{"sync": "none"}]}, "level 1: `type` is missing", "Known keys here: type, sync"),
        ({"levels": [*UPPER, {"type": "facility"}]}, "level 4 (facility): `sync` is missing", ""),
        (
            {"levels": [{"type": "country", "sync": "all"}]},
            "level 1 (country), sync: 'all' is not a synchronisation type",
            "none, org_units, relationships, both",
        ),
        (
            {"levels": [{"type": "country", "sync": "none", "attributes": [{"form": "beds"}]}]},
            "level 1 (country), attribute mapping 1: ",
            "Known keys here: from, to",
        ),
        (
            {"levels": [{"type": "country", "sync": "none", "attributes": [{"from": "o", "terms": {"PUB": 1}}]}]},
            "level 1 (country), attribute mapping 1, terms: expected a text, got a whole number",
            "quotes",
        ),
        (
            {"levels": [{"type": "country", "sync": "none", "fields": {"name": {"source": "label"}}}]},
            "level 1 (country), fields: ",
            "Known keys here: from, clear",
        ),
        (
            {"levels": [{"type": "country", "sync": "none", "where": {"owner": "PUB"}}]},
            "expected a list, got a text",
            "",
        ),
        ({"levels": [], "limits": {"min_units": "many"}}, "limits, min_units: expected a whole number", ""),
        ({"levels": [], "limits": {"moved": 1}}, "`moved` is not a known key", "moved_share"),
        ({"levels": [], "allow_new_root": "yes"}, "allow_new_root: expected true or false, got a text", ""),
    ],
)
def test_a_configuration_of_the_wrong_shape_is_refused_by_row_and_key(raw: object, words: str, next_step: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_mapping(raw)
    assert words in refused.value.message
    assert next_step in refused.value.next_step
    assert refused.value.code == "bad-mapping"


def test_a_configuration_loses_only_what_dhis2_no_longer_has() -> None:
    attributes = [
        {"from": "beds", "to": "deletedAttr"},
        {"from": "remarks", "to": REMARKS},
        {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "3"}},
        {"from": "owner", "groups": {"PUB": "deletedGrp0", "PRI": PRIVATE}},
        {"from": "since"},
    ]
    mapping, findings = usable(mapping_of({"groups": [CLINICS, "deletedGrp0"], "attributes": attributes}), TYPES, SHAPE)
    level = mapping.levels[3]
    assert level.groups == (CLINICS,)
    assert [entry.source for entry in level.attributes] == ["remarks", "owner", "owner", "since"]
    assert level.attributes[1].terms == {"PUB": "1"}
    assert level.attributes[2].groups == {"PRI": PRIVATE}
    assert level.sync is SyncType.ORG_UNITS
    assert len(findings) == 4
    assert all(finding.partial for finding in findings)


def test_a_configuration_that_dhis2_can_serve_stays_as_it_is() -> None:
    mapping = mapping_of(FULL)
    assert usable(mapping, TYPES, SHAPE) == (mapping, [])


def test_a_level_that_selects_from_groups_which_are_gone_exports_nobody() -> None:
    mapping, findings = usable(mapping_of({"groups": ["deletedGrp0"], "only_in_groups": True}), TYPES, SHAPE)
    assert mapping.levels[3].sync is SyncType.NONE
    assert len(findings) == 1


def test_a_level_that_dhis2_does_not_have_only_anchors() -> None:
    shape = RemoteShape(SHAPE.version, "cgr", SHAPE.authorities, SHAPE.levels[:3], {}, {})
    mapping, findings = usable(mapping_of({"sync": "both"}), TYPES, shape)
    assert [level.sync for level in mapping.levels] == ["none", "relationships", "org_units", "none"]
    assert [finding.where for finding in findings] == ["level 4 (facility)"]


def test_an_attribute_that_no_longer_fits_stops_only_itself() -> None:
    now_an_option_set = replace(SHAPE.attributes[BEDS], value_type="BOOLEAN")
    without_its_options = replace(SHAPE.attributes[OWNER], option_set=None, options=None)
    shape = replace(SHAPE, attributes={**SHAPE.attributes, BEDS: now_an_option_set, OWNER: without_its_options})
    attributes = [
        {"from": "beds", "to": BEDS},
        {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}},
        {"from": "remarks", "to": REMARKS},
    ]
    mapping, findings = usable(mapping_of({"attributes": attributes}), TYPES, shape)
    assert [entry.source for entry in mapping.levels[3].attributes] == ["remarks"]
    assert ["are of type BOOLEAN" in findings[0].message, "has no option set" in findings[1].message] == [True, True]


@pytest.mark.parametrize(
    ("version", "authorities", "sync", "missing"),
    [
        ((2, 42), {"F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE"}, "both", []),
        ((2, 42), {"ALL"}, "both", []),
        ((2, 42), {"F_ORGANISATIONUNIT_ADD"}, "both", ["F_ORGANISATIONUNIT_MOVE"]),
        ((2, 42), {"F_ORGANISATIONUNIT_ADD"}, "relationships", ["F_ORGANISATIONUNIT_MOVE"]),
        ((2, 42), {"F_ORGANISATIONUNIT_ADD"}, "org_units", []),
        ((2, 36), {"F_ORGANISATIONUNIT_ADD"}, "both", []),
        ((2, 42), set(), "org_units", ["F_ORGANISATIONUNIT_ADD"]),
        ((2, 42), set(), "both", ["F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE"]),
        ((2, 42), set(), "none", []),
    ],
)
def test_an_authority_that_the_mapped_parts_need_is_named(
    version: tuple[int, ...], authorities: set[str], sync: str, missing: list[str]
) -> None:
    shape = replace(SHAPE, version=version, authorities=frozenset(authorities))
    levels = [{"type": code, "sync": "none"} for code in ("country", "region", "district")]
    mapping = parse_mapping({"levels": [*levels, {"type": "facility", "sync": sync}]})
    found = [finding for finding in check_mapping(mapping, TYPES, shape) if finding.where.startswith("authority")]
    assert [finding.where.removeprefix("authority ") for finding in found] == missing
    assert all(finding.partial and finding.severity is Severity.ERROR for finding in found)
    assert all("level 4 facility" in finding.message for finding in found)
