"""A configuration that makes no sense is refused in words for a district officer: which row, what, and what is right.

What the registry alone can tell is refused by `config apply`, before anything is stored. What only the live DHIS2 can
tell is said by `sync check` and with every plan, and stops only what depends on it (R4.2, R4.4, R7.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.errors import BadInput
from cgr.sync import actions

from .country import changed, problems_of
from .mappable import (
    BEDS_IN_DHIS2,
    CLINICS,
    HOTLINE,
    HOTLINE_IN_DHIS2,
    OWNER,
    OWNERSHIP_IN_DHIS2,
    PUBLIC,
    attribute,
    definitions_with,
    offer,
    offer_ownership,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
SHOP = {"code": "shop", "organization": "MOH", "label": "Shop"}
WARD = {"code": "ward", "organization": "MOH", "label": "Ward"}
TREE: Any = {"country": {"region": {"district": {"facility": {"ward": {}}}, "shop": {}}}}
DEFINITIONS = definitions_with(OWNER, HOTLINE, types=[SHOP, WARD], tree=TREE)


@pytest.fixture
def country(make_country: Callable[..., Country]) -> Country:
    """The country with two more types: a shop below the region, a ward below the facility."""
    country = make_country(definitions=DEFINITIONS)
    offer_ownership(country.world)
    return country


def level(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "sync": "both", **more}


FOUR = [level(kind) for kind in ("country", "region", "district", "facility")]


def facility_with(*attributes: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [*FOUR[:3], level("facility", attributes=list(attributes), **more)]


def refusal(country: Country, levels: list[dict[str, Any]]) -> BadInput:
    """Apply the configuration file with these levels; give why it is refused."""
    document = country.document(definitions=DEFINITIONS)
    document["syncs"][0]["levels"] = levels
    with pytest.raises(BadInput) as refused:
        country.apply_document(document)
    return refused.value


def findings(country: Country, levels: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Apply the configuration file with these levels and hold it against DHIS2; give each error with its next step."""
    document = country.document(definitions=DEFINITIONS)
    document["syncs"][0]["levels"] = levels
    country.apply_document(document)
    found = actions.check(country.actor, "all")
    return [(finding.message, finding.next_step) for finding in found if finding.severity == "error"]


BEDS = {"from": "beds", "to": BEDS_IN_DHIS2}
WITHOUT_DHIS2 = [
    pytest.param(
        [*FOUR[:2], {"sync": "both"}, FOUR[3]],
        'syncs[0].levels[2]: the key "type" is missing.',
        "Correct the file; nothing of it was applied.",
        id="a level without a type",
    ),
    pytest.param(
        [*FOUR[:2], level("shop"), level("facility")],
        "Level 4 (facility), type: facility is not directly below shop, the type of level 3; in the hierarchy it is "
        "directly below district",
        "Use a type directly below shop (none), or change the level before.",
        id="a type that is no direct child",
    ),
    pytest.param(
        [*FOUR[:2], level("facility")],
        "Level 3 (facility), type: facility is not directly below region, the type of level 2; in the hierarchy it is "
        "directly below district",
        "Use a type directly below region (district, shop), or change the level before.",
        id="a level left out in between",
    ),
    pytest.param(
        [*FOUR[:3], level("pharmacy")],
        "Level 4 (pharmacy), type: the hierarchy has no such type",
        "Use one of the types of the hierarchy: ",
        id="a type that is not in the hierarchy",
    ),
    pytest.param(
        facility_with(BEDS, {"from": "hotline", "to": BEDS_IN_DHIS2}),
        f"Level 4 (facility), DHIS2 attribute {BEDS_IN_DHIS2}: 2 attributes are mapped to it, and it holds one value",
        "Map only one of them to it.",
        id="the same target twice",
    ),
    pytest.param(
        facility_with(groups=[PUBLIC, PUBLIC]),
        f"Level 4 (facility), group {PUBLIC}: it is named twice",
        "Name it once.",
        id="the same group twice",
    ),
    pytest.param(
        facility_with({"from": "beds", "groups": {"PUB": PUBLIC}}),
        "Level 4 (facility), attribute beds: it is of kind integer; only term attributes have options or groups",
        "Leave `terms` and `groups` out, or choose a term attribute.",
        id="groups for a number",
    ),
    pytest.param(
        facility_with({"from": "owner", "groups": {"STATE": PUBLIC}}),
        "Level 4 (facility), attribute owner, term STATE: the attribute has no such term",
        "Use the code of one of its terms: PUB, PRI, NGO.",
        id="a term of another tree",
    ),
    pytest.param(
        facility_with({"from": "bedz", "to": BEDS_IN_DHIS2}),
        "Level 4 (facility), attribute bedz: the type facility has no attribute of this code",
        "Use one of its attributes: beds, hotline, owner.",
        id="an attribute that the type does not have",
    ),
    pytest.param(
        facility_with(groups=["Clinics"]),
        "Level 4 (facility), group Clinics: `Clinics` is not the id of a DHIS2 group",
        "Give the id (eleven letters and digits) that DHIS2 shows for the group, not its name or code.",
        id="the name of a group",
    ),
    pytest.param(
        facility_with(only_in_groups=True),
        "Level 4 (facility), only_in_groups: only units already in a group of the level are to be selected, but the "
        "level names no group",
        "Name at least one group, or leave `only_in_groups` out.",
        id="a selection from no group",
    ),
    pytest.param(
        facility_with(where={"owner": ["STATE"]}),
        "Level 4 (facility), filter owner: no object can have the value STATE",
        "Use one of: PUB, PRI, NGO.",
        id="a filter that nobody passes",
    ),
    pytest.param(
        facility_with(fields={"shortName": {"from": "derived", "clear": True}}),
        "Level 4 (facility), field shortName: DHIS2 demands it of every unit, so it can't be cleared",
        "Leave `clear` out for this field.",
        id="a required field that is to be cleared",
    ),
    pytest.param(
        facility_with(fields={"openingDate": "attribute:hotline"}),
        "Level 4 (facility), field openingDate: `attribute:hotline` is of kind text, the field takes date",
        "Choose a source of kind date, or map the attribute to a DHIS2 attribute instead.",
        id="a text for a date",
    ),
    pytest.param(
        [*FOUR[:3], {"type": "facility", "sync": "everything"}],
        "syncs[0].levels[3].sync: 'everything' can't stand here; use none, org_units, relationships, both.",
        "Correct the file; nothing of it was applied.",
        id="a synchronization type that there is not",
    ),
]


@pytest.mark.parametrize(("levels", "sentence", "next_step"), WITHOUT_DHIS2)
def test_what_the_registry_can_tell_is_refused_before_anything_is_stored(
    country: Country, levels: list[dict[str, Any]], sentence: str, next_step: str
) -> None:
    refused = refusal(country, levels)
    assert sentence.rstrip(".") + "." in refused.message
    assert next_step in refused.next_step
    assert country.plan()["changes"] == []  # the configuration is as it was


def test_every_mistake_of_a_file_is_told_at_once_and_each_names_its_row_once(country: Country) -> None:
    refused = refusal(country, [*FOUR[:2], level("shop", groups=["Shops"]), level("facility", groups=["Clinics"])])
    assert refused.message.count("Level 3 (shop)") == 1
    assert refused.message.count("evel 4 (facility)") == 2
    assert refused.message.count("evel 3 (shop)") == 1


WITH_DHIS2 = [
    pytest.param(
        facility_with({"from": "beds", "to": HOTLINE_IN_DHIS2}),
        f"Level 4 (facility), attribute beds: it can't go to “Hotline” ({HOTLINE_IN_DHIS2}): its values are of type "
        "PHONE_NUMBER; kind integer goes to INTEGER, INTEGER_POSITIVE, INTEGER_NEGATIVE, INTEGER_ZERO_OR_POSITIVE",
        f"Valid selections: Beds ({BEDS_IN_DHIS2}).",
        id="an attribute of an incompatible type",
    ),
    pytest.param(
        facility_with({"from": "hotline", "to": OWNERSHIP_IN_DHIS2}),
        f"Level 4 (facility), attribute hotline: it can't go to “Ownership” ({OWNERSHIP_IN_DHIS2}): it has an option "
        "set, and only term attributes go to options",
        f"Valid selections: Hotline ({HOTLINE_IN_DHIS2}), Theirs (AtUnmapped1).",
        id="a text to an option set",
    ),
    pytest.param(
        facility_with(
            {"from": "owner", "to": HOTLINE_IN_DHIS2, "terms": {"PUB": "1", "PRI": "2", "NGO": "2"}},
        ),
        f"Level 4 (facility), attribute owner: it can't go to “Hotline” ({HOTLINE_IN_DHIS2}): it has no option set, "
        "and terms go to the options of one",
        f"Valid selections: Ownership ({OWNERSHIP_IN_DHIS2}).",
        id="terms to an attribute without options",
    ),
    pytest.param(
        facility_with({"from": "hotline", "to": "AtElement01"}),
        "Level 4 (facility), attribute hotline: it can't go to “Of data elements” (AtElement01): it is not assigned to "
        "organisation units in DHIS2",
        f"Valid selections: Hotline ({HOTLINE_IN_DHIS2}), Theirs (AtUnmapped1).",
        id="an attribute that organisation units do not have",
    ),
    pytest.param(
        facility_with(
            {"from": "owner", "to": OWNERSHIP_IN_DHIS2, "terms": {"PUB": "1", "PRI": "2", "NGO": "hospital"}}
        ),
        "Level 4 (facility), attribute owner, term NGO: the option set of “Ownership” has no option with code hospital",
        "Use the code (not the name) of one of its options: 1, 2.",
        id="an option of another set",
    ),
    pytest.param(
        facility_with({"from": "beds", "to": "AtNoSuchOne"}),
        "Level 4 (facility), attribute beds: DHIS2 has no attribute AtNoSuchOne for organisation units; it was "
        "deleted, or admin may not see it",
        "Choose another attribute, or leave the entry unmatched.",
        id="an attribute that does not exist",
    ),
    pytest.param(
        facility_with(groups=[CLINICS, "GrNoSuchOne"]),
        "Level 4 (facility), group GrNoSuchOne: DHIS2 has no organisation unit group GrNoSuchOne; it was deleted, or "
        "admin may not see it",
        "Choose another group, or leave this one out.",
        id="a group that does not exist",
    ),
    pytest.param(
        facility_with({"from": "owner", "groups": {"PUB": PUBLIC, "PRI": "GrNoSuchOne", "NGO": CLINICS}}),
        "Level 4 (facility), attribute owner, term PRI: DHIS2 has no organisation unit group GrNoSuchOne; it was "
        "deleted, or admin may not see it",
        "Choose another group, or leave this one out.",
        id="a term to a group that does not exist",
    ),
    pytest.param(
        [*FOUR, level("ward")],
        "Level 5 (ward): DHIS2 has only 4 levels (1 Country, 2 Region, 3 District, 4 Facility)",
        "Remove this level, or first add organisation units of that level in DHIS2.",
        id="more levels than DHIS2 has",
    ),
]


@pytest.mark.parametrize(("levels", "sentence", "next_step"), WITH_DHIS2)
def test_what_only_dhis2_can_tell_is_said_by_the_check_and_with_the_plan_and_stops_only_itself(
    country: Country, levels: list[dict[str, Any]], sentence: str, next_step: str
) -> None:
    offer(
        country.world,
        attributes=[
            {"id": "AtElement01", "name": "Of data elements", "valueType": "TEXT", "dataElementAttribute": True}
        ],
    )
    said = (f"{sentence}.", next_step)
    assert findings(country, levels) == [said]
    country.edit("B", label={"default": "Bo District"})
    plan = country.plan()
    assert [(finding["message"], finding["next_step"]) for finding in plan["findings"]] == [said]
    assert "B" in changed(plan)
    assert plan["problems"] == []


def test_objects_with_a_term_whose_option_is_of_another_set_are_not_exported(country: Country) -> None:
    terms = {"PUB": "1", "PRI": "2", "NGO": "hospital"}
    findings(country, facility_with({"from": "owner", "to": OWNERSHIP_IN_DHIS2, "terms": terms}))
    country.edit("F1", values={"owner": "NGO"}, label={"default": "Changed"})
    country.edit("F2", values={"owner": "PUB"})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "term-unmapped"}
    assert set(changed(plan)) == {"F2"}


def test_a_mandatory_attribute_that_is_not_mapped_is_a_warning_of_the_check(country: Country) -> None:
    offer(country.world, attributes=[attribute("AtLicence01", "Licence", "TEXT", mandatory=True)])
    warnings = [f for f in actions.check(country.actor, "all") if f.severity == "warning" and "AtLicence01" in f.where]
    assert [finding.where for finding in warnings] == [
        f"level {number} ({kind}), DHIS2 attribute AtLicence01"
        for number, kind in enumerate(("country", "region", "district", "facility"), start=1)
    ]
    assert "“Licence” isn't mapped, and DHIS2 demands a value for it" in warnings[0].message


def test_a_configuration_that_dhis2_can_serve_has_nothing_to_be_said(country: Country) -> None:
    entries = [BEDS, {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": CLINICS, "NGO": CLINICS}}]
    assert findings(country, facility_with(*entries)) == []
