"""Plain fields, short names and translations of a unit (R5.8)."""

from __future__ import annotations

import pytest

from cgr.core.changes import Kind
from cgr.core.records import Existence

from .worlds import changes, notes, problem, problems, sent, small_country, uid


def test_a_renamed_object_updates_its_unit_and_shows_before_and_after():
    world = small_country()
    world.rename("F1", "Bo Clinic")
    (change,) = world.plan().changes
    assert (change.kinds, change.uid, change.level) == ((Kind.UPDATE,), uid("F1"), 4)
    assert (change.fields["name"].before, change.fields["name"].after) == ("Place F1", "Bo Clinic")
    assert change.basis


@pytest.mark.parametrize(
    ("field", "theirs"),
    [
        ("name", "Place  F1 "),
        ("code", " F1"),
        ("openingDate", "2001-01-01"),
        ("closedDate", None),
        ("closedDate", ""),
        ("description", "theirs"),
    ],
)
def test_spelling_that_is_no_difference_for_dhis2_is_none(field, theirs):
    world = small_country()
    world.unit("F1")[field] = theirs
    assert not world.plan().changes


def test_dates_compare_by_day():
    world = small_country()
    world.change("F1", starts="2002-02-02")
    assert sent(world.plan()) == {"F1": {"openingDate": "2002-02-02"}}


def test_a_field_that_is_not_mapped_is_never_in_the_plan():
    world = small_country()
    world.level("facility", fields={"name": None, "shortName": None, "openingDate": None})
    world.change("F1", label={"default": "Changed"}, starts="2002-02-02", code="F1x")
    assert sent(world.plan()) == {"F1x": {"code": "F1x"}}


def test_fields_come_from_attributes_in_the_locale_of_the_level():
    world = small_country()
    world.level("facility", fields={"description": "attribute:remarks", "phoneNumber": "attribute:phone"}, locale="fr")
    world.give("F1", remarks={"default": "Open", "fr": "Ouvert"}, phone="076 123 456")
    assert sent(world.plan())["F1"] == {
        "description": "Ouvert",
        "phoneNumber": "076 123 456",
    }


def test_nothing_of_ours_is_nothing_said_and_noted():
    world = small_country()
    world.level("facility", fields={"description": "attribute:remarks"})
    world.unit("F1").update(closedDate="2020-01-01T00:00:00.000", description="theirs")
    planned = world.plan()
    assert not planned.changes
    assert notes(planned) == [("not-cleared", "F1")]
    assert "closedDate and description" in planned.notes[0].message


def test_nothing_of_ours_clears_where_the_mapping_says_so():
    world = small_country()
    world.level("facility", fields={"closedDate": {"from": "exists.end", "clear": True}})
    world.unit("F1")["closedDate"] = "2020-01-01T00:00:00.000"
    planned = world.plan()
    assert sent(planned) == {"F1": {"closedDate": None}}
    assert not planned.notes


@pytest.mark.parametrize(
    ("field", "source", "value", "fits"),
    [
        ("name", "label", "x" * 230, True),
        ("name", "label", "x" * 231, False),
        ("description", "attribute:phone", "x" * 5000, True),
        ("address", "attribute:phone", "x" * 255, True),
        ("address", "attribute:phone", "x" * 256, False),
        ("phoneNumber", "attribute:phone", "1" * 151, False),
        ("shortName", "attribute:phone", "x" * 51, False),
        ("shortName", "attribute:phone", "x" * 50, True),
        ("url", "attribute:phone", "example", False),
        ("url", "attribute:phone", "https://example.org", True),
    ],
)
def test_values_that_dhis2_would_refuse_are_problems_before_anything_is_sent(field, source, value, fits):
    world = small_country()
    world.level("facility", fields={field: source})
    if source == "label":
        world.rename("F1", value)
    else:
        world.give("F1", phone=value)
    planned = world.plan()
    assert problems(planned) == ({} if fits else {"F1": ["value-refused"]})
    assert ("F1" in sent(planned)) is fits
    if not fits:
        assert field in problem(planned, "F1").message


def test_a_code_longer_than_dhis2_takes_is_refused():
    world = small_country()
    world.change("F1", code="F" * 51)
    assert problems(world.plan()) == {"F" * 51: ["value-refused"]}


def test_what_dhis2_demands_of_a_new_unit_is_named():
    world = small_country()
    world.add("F9", "D1", linked=False, label=None, starts=None)
    planned = world.plan()
    assert problems(planned) == {"F9": ["required-missing"]}
    assert "name, shortName and openingDate" in problem(planned, "F9").message


def test_what_dhis2_demands_and_nobody_maps_is_named_too():
    world = small_country()
    world.level("facility", fields={"openingDate": None})
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert problems(planned) == {"F9": ["required-missing"]}
    assert "openingDate" in problem(planned, "F9").message


def test_a_required_value_is_never_cleared():
    world = small_country()
    world.level("facility", fields={"openingDate": {"from": "exists.start", "clear": True}})
    world.change("F1", starts=None)
    assert problems(world.plan()) == {"F1": ["required-missing"]}


def test_a_unit_without_a_required_value_can_not_be_updated_when_we_have_none_either():
    world = small_country()
    world.unit("F1")["openingDate"] = None
    world.change("F1", starts=None)
    assert world.plan().counts.unchanged == 8
    world.rename("F1", "Changed")
    assert problems(world.plan()) == {"F1": ["required-missing"]}


@pytest.mark.parametrize(
    ("starts", "ends", "theirs_closed", "refused"),
    [
        ("2010-01-01", "2009-01-01", None, True),
        ("2010-01-01", "2010-01-01", None, False),
        ("2010-01-01", None, "2005-01-01T00:00:00.000", True),
        ("2001-01-01", None, "2005-01-01T00:00:00.000", False),
    ],
)
def test_a_unit_never_closes_before_it_opens_also_by_a_date_that_dhis2_keeps(starts, ends, theirs_closed, refused):
    world = small_country()
    world.unit("F1")["closedDate"] = theirs_closed
    world.change("F1", starts=starts, ends=ends)
    assert problems(world.plan()) == ({"F1": ["value-refused"]} if refused else {})


def test_an_ended_object_that_closes_before_dhis2_opened_it_is_refused():
    world = small_country()
    world.change("F1", existence=Existence.ENDED, ends="2000-01-01")
    assert problems(world.plan()) == {"F1": ["value-refused"]}


LONG = "Community Health Post of the Upper Bambara Chiefdom near Gerihun"


def test_a_short_name_is_derived_from_a_long_label_at_a_word():
    world = small_country()
    world.add("F9", "D1", linked=False, label={"default": LONG})
    short = sent(world.plan())["F9"]["shortName"]
    assert len(short) <= 50
    assert LONG.startswith(short + " ")


def test_derived_short_names_are_unique_among_siblings_there_and_in_the_plan():
    world = small_country()
    world.unit("F1")["shortName"] = "HEALTH POST"
    for code, parent in (("F7", "D1"), ("F8", "D1"), ("F9", "D2")):
        world.add(code, parent, linked=False, label={"default": "Health Post"})
    shorts = {code: fields["shortName"] for code, fields in sent(world.plan()).items()}
    assert shorts == {"F7": "Health Post 2", "F8": "Health Post 3", "F9": "Health Post"}


def test_siblings_are_those_of_the_tree_that_results():
    world = small_country()
    world.add("D9", "R1", linked=False)
    world.unit("F1")["shortName"] = "Post"
    world.move("F1", "D9")
    for code, parent in (("F7", "D9"), ("F8", "D1")):
        world.add(code, parent, linked=False, label={"default": "Post"})
    planned = world.plan()
    assert sent(planned)["F7"]["shortName"] == "Post 2"
    assert sent(planned)["F8"]["shortName"] == "Post"


def test_a_short_name_that_follows_the_name_goes_on_following_it():
    world = small_country()
    world.rename("F1", LONG)
    assert sent(world.plan())["F1"]["shortName"].startswith("Community Health Post")


def test_a_short_name_made_by_hand_stays():
    world = small_country()
    world.unit("F1")["shortName"] = "CHP Bo"
    world.rename("F1", LONG)
    assert sent(world.plan())["F1"] == {"name": LONG}


def test_a_numbered_short_name_stays_as_long_as_the_name_does():
    world = small_country()
    world.unit("F1")["shortName"] = "Place F1 2"
    assert world.plan().counts.unchanged == 8


def test_a_short_name_from_the_label_always_follows():
    world = small_country()
    world.level("facility", fields={"shortName": "label"})
    world.unit("F1")["shortName"] = "By hand"
    world.rename("F2", LONG)
    planned = world.plan()
    assert sent(planned)["F1"] == {"shortName": "Place F1"}
    assert len(sent(planned)["F2"]["shortName"]) <= 50


def test_other_locales_become_translations_beside_those_of_dhis2():
    world = small_country()
    world.unit("F1")["translations"] = [
        {"property": "NAME", "locale": "pt", "value": "Posto"},
        {"property": "NAME", "locale": "fr", "value": "Poste"},
        {"property": "SHORT_NAME", "locale": "es", "value": "Puesto"},
    ]
    world.rename("F1", "Place F1", fr="Clinique", pt="Posto", sw="Zahanati")
    planned = world.plan()
    assert sent(planned) == {"F1": {"translation:NAME:fr": "Clinique", "translation:NAME:sw": "Zahanati"}}
    assert changes(planned)["F1"].fields["translation:NAME:fr"].before == "Poste"


def test_a_translation_that_only_dhis2_has_stays_and_is_noted_or_goes_when_told():
    world = small_country()
    world.unit("F1")["translations"] = [{"property": "NAME", "locale": "pt", "value": "Posto"}]
    assert notes(world.plan()) == [("not-cleared", "F1")]
    world.level("facility", fields={"name": {"from": "label", "clear": True}})
    assert sent(world.plan()) == {"F1": {"translation:NAME:pt": None}}


def test_with_another_main_locale_its_text_is_the_name_and_a_stale_translation_of_it_is_renewed():
    world = small_country(options={"locale": "fr"})
    world.unit("F1")["translations"] = [{"property": "NAME", "locale": "fr", "value": "Ancien"}]
    world.rename("F1", "Clinic", fr="Clinique", pt="Posto")
    assert sent(world.plan())["F1"] == {
        "name": "Clinique",
        "shortName": "Clinique",
        "translation:NAME:fr": "Clinique",
        "translation:NAME:pt": "Posto",
    }


def test_descriptions_and_short_names_are_translated_where_they_are_localized():
    world = small_country()
    world.level("facility", fields={"description": "attribute:remarks", "shortName": "label"})
    world.rename("F1", "Place F1", fr="Lieu F1")
    world.give("F1", remarks={"default": "Open", "fr": "Ouvert"})
    assert sent(world.plan())["F1"] == {
        "description": "Open",
        "translation:DESCRIPTION:fr": "Ouvert",
        "translation:NAME:fr": "Lieu F1",
        "translation:SHORT_NAME:fr": "Lieu F1",
    }


@pytest.mark.parametrize(
    ("source", "cleared"),
    [
        ("remarks", {"description": None, "translation:DESCRIPTION:fr": None}),
        ("licence", {"description": None}),
    ],
    ids=["of several languages", "of one"],
)
def test_a_field_that_is_cleared_goes_in_every_language_that_is_mapped(source, cleared):
    world = small_country()
    world.level("facility", fields={"description": {"from": f"attribute:{source}", "clear": True}})
    world.unit("F1")["description"] = "Old"
    world.unit("F1")["translations"] = [
        {"property": "DESCRIPTION", "locale": "fr", "value": "Ancien"},
        {"property": "SHORT_NAME", "locale": "fr", "value": "F"},
    ]
    assert sent(world.plan()) == {"F1": cleared}


def test_a_translation_that_dhis2_would_refuse_is_a_problem():
    world = small_country()
    world.rename("F1", "Place F1", fr="x" * 231)
    planned = world.plan()
    assert problems(planned) == {"F1": ["value-refused"]}
    assert "name (fr)" in problem(planned, "F1").message


def test_a_corrupt_translation_in_dhis2_harms_nobody():
    world = small_country()
    world.unit("F1")["translations"] = [{"property": "NAME"}, None, {"property": "NAME", "locale": "fr", "value": "x"}]
    world.rename("F1", "Changed", fr="x")
    assert sent(world.plan())["F1"] == {"name": "Changed", "shortName": "Changed"}
