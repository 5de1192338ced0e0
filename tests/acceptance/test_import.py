"""Importing from DHIS2: what becomes of units, what a second import finds, what synchronising then has to do (R3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from .country import POINT, SQUARE
from .dhis2_to_import import MAPPING, TWO_AREAS, UNITS, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dhis2_to_import import Importing

pytestmark = pytest.mark.django_db
VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
IMPORTED = len(UNITS) - 1
F1 = next(unit for unit in UNITS if unit.get("code") == "F1")


def today() -> str:
    return timezone.localdate().isoformat()


def counts(**others: int) -> dict[str, int]:
    return {"new": 0, "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0} | others


def changes(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {change["uid"]: change["fields"] for change in document["changes"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_imported_is_unchanged_and_leaves_nothing_to_synchronise(
    make_importing: Callable[[str], Importing], version: str
) -> None:
    importing = make_importing(version)
    first = importing.read(mapping=MAPPING)
    assert first["problems"] == {}
    assert first["counts"] == counts(new=IMPORTED)
    again = importing.read(mapping=MAPPING)
    assert again["changes"] == []
    assert again["counts"] == counts(unchanged=IMPORTED)
    plan = importing.plan()
    assert plan["changes"] == []
    assert plan["problems"] == []
    assert plan["guards"] == []


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_a_unit_becomes_an_object_with_all_that_is_mapped(
    make_importing: Callable[[str], Importing], version: str
) -> None:
    importing = make_importing(version)
    importing.read(mapping=MAPPING)
    objects = importing.objects()
    assert objects["F1"] == {
        "type": "facility",
        "code": "F1",
        "label": {"default": "Bo  Clinic of  two blanks", "fr": "Clinique de Bo", "pt_BR": "Clínica"},
        "exists": [{"from": "2000-01-01", "to": "2040-01-01"}],
        "values": {
            "beds": 12,
            "owner": "PUB",
            "area": "12.50",
            "power": True,
            "checked": "2020-02-29",
            "kind": "CLINIC",
            "remarks": {"default": "First line\nsecond  line", "fr": "Première ligne"},
        },
        "geometry": {"type": "Point", "coordinates": POINT["coordinates"]},
        "parents": {"admin": "N"},
        "external_ids": {"hmis": "OuFacility1"},
        "invalid": False,
    }
    assert objects["C"]["geometry"] == TWO_AREAS
    assert objects["OuFacility2"]["external_ids"] == {"hmis": "OuFacility2"}
    assert objects["F3"]["exists"] == [{"from": "1990-01-01", "to": "2010-05-05"}]
    assert "P1" not in objects


def test_short_names_and_attributes_are_left_out_unless_they_are_mapped(importing: Importing) -> None:
    importing.read()
    assert importing.objects()["F1"].get("values", {}) == {}


def test_a_field_mapped_over_a_default_takes_its_place(importing: Importing) -> None:
    importing.read(mapping={"fields": {"shortName": "label", "code": None, "comment": "attribute:note"}})
    found = importing.objects()["OuFacility1"]
    assert found["label"] == {"default": "Bo  Clinic of  two blanks", "fr": "Bo"}
    assert found["values"] == {"note": "not mapped"}


def test_a_preview_says_what_the_import_then_does_and_writes_nothing(importing: Importing) -> None:
    preview = importing.read(preview=True, mapping=MAPPING)
    assert importing.objects() == {}
    done = importing.read(mapping=MAPPING)
    assert preview["run"] is None
    assert done["run"] is not None
    assert {**preview, "run": 0} == {**done, "run": 0}


def test_counts_are_told_per_level_and_levels_without_a_type_in_a_note(importing: Importing) -> None:
    document = importing.read()
    assert [(row["level"], row["type"], row["counts"]["new"]) for row in document["levels"]] == [
        (1, "country", 1),
        (2, "region", 2),
        (3, "facility", 5),
    ]
    assert document["notes"] == ["level-not-mapped"]


def test_days_of_attributes_that_may_be_of_another_calendar_are_noted(importing: Importing) -> None:
    importing.world.settings["keyCalendar"] = "ethiopian"
    assert importing.read(mapping=MAPPING, preview=True)["notes"] == ["level-not-mapped", "other-calendar"]
    assert importing.read(preview=True)["notes"] == ["level-not-mapped"]


def test_values_can_hold_from_a_day_on(importing: Importing) -> None:
    importing.read(start="2015-01-01")
    found = importing.objects()["F3"]
    assert found["exists"] == [{"from": "1990-01-01", "to": "2010-05-05"}]
    assert found["label"] == [{"from": "2015-01-01", "to": None, "value": {"default": "Closed"}}]
    assert found["parents"] == {"admin": [{"parent": "S", "from": "2015-01-01", "to": None}]}


def test_values_that_hold_from_a_coming_day_on_are_known_again(importing: Importing) -> None:
    importing.read(start="2080-01-01")
    assert importing.read(start="2080-01-01")["counts"] == counts(unchanged=IMPORTED)


def test_what_changed_in_dhis2_is_recorded_from_today_on(importing: Importing) -> None:
    importing.read(mapping=MAPPING)
    importing.change("OuFacility3", name="Closed for good", closedDate="2011-01-01", parent={"id": "OuRegionNor"})
    importing.change(
        "OuFacility1",
        attributeValues=[{"attribute": {"id": "AtBeds00001"}, "value": "14"}, *F1["attributeValues"][1:]],
        translations=[*F1["translations"][:2], *F1["translations"][5:]],  # DHIS2 itself refuses the broken ones
    )
    importing.change("OuRegionSou", code="SOUTH", geometry=SQUARE)
    document = importing.read(mapping=MAPPING)
    assert document["counts"] == counts(changed=3, unchanged=IMPORTED - 3)
    assert changes(document) == {
        "OuFacility1": {"attribute:beds": {"from": 12, "to": 14}},
        "OuFacility3": {
            "label": {"from": {"default": "Closed"}, "to": {"default": "Closed for good"}},
            "exists.end": {"from": "2010-05-05", "to": "2011-01-01"},
            "parent": {"from": "S", "to": "N"},
        },
        "OuRegionSou": {
            "code": {"from": "S", "to": "SOUTH"},
            "geometry": {"from": None, "to": SQUARE},
        },
    }
    objects = importing.objects()
    assert objects["F3"]["label"] == [
        {"from": "1990-01-01", "to": today(), "value": {"default": "Closed"}},
        {"from": today(), "to": None, "value": {"default": "Closed for good"}},
    ]
    assert objects["F3"]["parents"]["admin"] == [
        {"parent": "SOUTH", "from": "1990-01-01", "to": today()},
        {"parent": "N", "from": today(), "to": None},
    ]
    assert objects["F1"]["values"]["beds"] == [
        {"from": "2000-01-01", "to": today(), "value": 12},
        {"from": today(), "to": None, "value": 14},
    ]
    assert importing.read(mapping=MAPPING)["counts"] == counts(unchanged=IMPORTED)
    assert importing.plan()["changes"] == []


def test_a_value_taken_away_in_dhis2_stays_here(importing: Importing) -> None:
    importing.read(mapping=MAPPING)
    importing.change("OuFacility1", attributeValues=[], translations=[], geometry=None, description=None)
    assert importing.read(mapping=MAPPING)["counts"] == counts(unchanged=IMPORTED)


def test_a_unit_that_is_open_again_exists_again(importing: Importing) -> None:
    importing.read()
    importing.change("OuFacility3", closedDate=None)
    importing.read()
    assert importing.objects()["F3"]["exists"] == [{"from": "1990-01-01", "to": None}]


def test_an_earlier_life_of_an_object_stays_when_its_unit_is_closed(importing: Importing) -> None:
    importing.read()
    lives = [{"from": "1950-01-01", "to": "1960-01-01"}, {"from": "2000-01-01", "to": None}]
    importing.write({"type": "facility", "code": "OuFacility2", "exists": lives})
    importing.change("OuFacility2", closedDate="2020-01-01")
    importing.read()
    assert importing.objects()["OuFacility2"]["exists"] == [lives[0], {"from": "2000-01-01", "to": "2020-01-01"}]


def test_names_in_languages_that_dhis2_does_not_have_stay(importing: Importing) -> None:
    importing.read()
    importing.write({"type": "region", "code": "N", "label": {"default": "North", "de": "Nord"}})
    importing.change("OuRegionNor", name="The North")
    importing.read()
    assert importing.objects()["N"]["label"][-1]["value"] == {"default": "The North", "de": "Nord"}


def test_an_object_linked_by_hand_keeps_its_code_where_the_unit_has_none(importing: Importing) -> None:
    importing.write({"type": "facility", "code": "BY-HAND", "external_ids": {"hmis": "OuFacility2"}})
    document = importing.read()
    assert document["problems"] == {}
    assert importing.objects()["BY-HAND"]["label"] == [{"from": today(), "to": None, "value": {"default": "No code"}}]


def test_objects_whose_units_vanished_are_listed_and_kept(importing: Importing) -> None:
    importing.read()
    importing.delete("OuFacility3")
    document = importing.read()
    assert document["counts"] == counts(unchanged=IMPORTED - 1, vanished=1)
    assert [(change["kind"], change["object"]["code"]) for change in document["changes"]] == [("vanished", "F3")]
    assert "F3" in importing.objects()


def test_two_units_exchange_their_codes(importing: Importing) -> None:
    importing.read()
    importing.load(
        unit("OuRegionNor", "North", "OuCountry01", code="S", geometry=SQUARE),
        unit("OuRegionSou", "South", "OuCountry01", code="N"),
    )
    document = importing.read()
    assert document["problems"] == {}
    objects = importing.objects()
    assert (objects["S"]["external_ids"], objects["N"]["external_ids"]) == (
        {"hmis": "OuRegionNor"},
        {"hmis": "OuRegionSou"},
    )
    assert objects["F1"]["parents"] == {"admin": "S"}


def test_a_code_that_is_given_up_in_the_same_import_is_free_for_the_next(importing: Importing) -> None:
    importing.read()
    importing.load(unit("OuFacility3", "Closed", "OuRegionSou", code="F3-OLD", openingDate="1990-01-01"))
    importing.load(unit("OuFacility9", "New owner of a code", "OuRegionSou", code="F3"))
    document = importing.read()
    assert document["problems"]["OuFacility9"].code == "code-taken"
    assert "once more" in document["problems"]["OuFacility9"].next_step
    assert importing.read()["counts"]["new"] == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_sub_tree_hangs_below_the_parent_that_the_registry_knows(
    make_importing: Callable[[str], Importing], version: str
) -> None:
    importing = make_importing(version)
    importing.write({"type": "country", "code": "MINE", "external_ids": {"hmis": "OuCountry01"}})
    document = importing.read(levels={2: "region", 3: "facility"}, root="OuRegionSou")
    assert document["counts"] == counts(new=4)
    objects = importing.objects()
    assert set(objects) == {"MINE", "S", "F3", "F4", "F5"}
    assert objects["S"]["parents"] == {"admin": "MINE"}
    assert objects["F3"]["parents"] == {"admin": "S"}


def test_a_sub_tree_has_no_parent_where_the_registry_does_not_know_it(importing: Importing) -> None:
    importing.read(levels={2: "region", 3: "facility"}, root="OuRegionNor")
    assert importing.objects()["N"].get("parents", {}) == {}


def test_importing_a_sub_tree_says_nothing_about_the_rest(importing: Importing) -> None:
    importing.read()
    importing.delete("OuFacility3")
    importing.delete("OuFacility2")
    document = importing.read(root="OuRegionNor")  # with the levels of the whole tree
    assert document["counts"] == counts(unchanged=2, vanished=1)
    assert [row["level"] for row in document["levels"]] == [2, 3]


def test_types_and_hierarchy_are_proposed_from_the_names_of_the_levels(importing: Importing) -> None:
    document = importing.read(hierarchy="proposed", levels=None)
    assert document["problems"] == {}
    assert [row["type"] for row in document["levels"]] == ["country", "region-sanitaire", "facility", "level-4"]
    objects = importing.objects()
    assert objects["P1"]["parents"] == {"proposed": "F1"}
    assert importing.read(hierarchy="proposed", levels=None)["counts"] == counts(unchanged=len(UNITS))


def test_levels_of_one_name_or_of_none_get_types_of_their_own(importing: Importing) -> None:
    levels = importing.world.objects["organisationUnitLevels"].values()
    for level, name in zip(sorted(levels, key=lambda one: one["level"]), ("Area", "Area 3", "Area", "  "), strict=True):
        level["name"] = name
    document = importing.read(hierarchy="proposed", levels=None, preview=True)
    assert document["counts"] == counts(new=len(UNITS))
    assert [row["type"] for row in document["levels"]] == ["area", "area-3", "area-3-3", "level-4"]


def test_units_as_odd_as_dhis2_lets_them_be_are_imported_or_named(make_importing: Callable[[str], Importing]) -> None:
    importing = make_importing("2.36")
    importing.load(
        unit("OuRootTwo02", "  ", None, openingDate="0001-01-01"),
        unit("OuRegion002", "R2", "OuRootTwo02", geometry={"type": "MultiPolygon", "coordinates": []}),
        unit("1u-acility1", "An id that nobody can change", "OuRegion002", openingDate="9999-12-31"),
        unit("OuFacilit02", "Never open", "OuRegion002", closedDate="2000-01-01"),
        unit("OuFacilit03", "Far ahead", "OuRegion002", openingDate="12001-02-03"),
        unit("OuFacilit04", "Nowhere", "OuRegion002", geometry={"type": "Point", "coordinates": [1.5, 95.5]}),
    )
    document = importing.read()
    assert document["counts"] == counts(new=IMPORTED + 3, conflict=3)
    told = {uid: problem.message for uid, problem in document["problems"].items()}
    assert "ends on 2000-01-01, not after its beginning" in told["OuFacilit02"]
    assert "'12001-02-03' is not a date" in told["OuFacilit03"]
    assert told["OuFacilit04"].endswith(
        "kept: the latitude 95.5 is outside of -90 to 90 (first longitude, then latitude)."
    )
    assert importing.read()["counts"] == counts(unchanged=IMPORTED + 3, conflict=3)
    assert importing.plan()["changes"] == []


def test_a_previewed_proposal_leaves_no_types_behind(importing: Importing) -> None:
    before = importing.read(preview=True, hierarchy="proposed", levels=None)
    assert before["counts"] == counts(new=len(UNITS))
    assert importing.read(preview=True, hierarchy="proposed", levels=None)["counts"] == before["counts"]
