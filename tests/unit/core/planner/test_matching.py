"""Which unit an object is, and what happens to those that have none (R5.1 to R5.3, R5.10, R6.2)."""

from __future__ import annotations

import pytest

from cgr.core.changes import Kind
from cgr.core.ids import derive_uid
from cgr.core.records import Existence

from .worlds import ALL_FACILITIES, SYSTEM, changes, notes, problem, problems, sent, small_country, uid


def test_two_sides_that_agree_need_nothing():
    planned = small_country().plan()
    assert planned.changes == planned.problems == planned.notes == planned.guards == ()
    assert planned.counts.unchanged == planned.units == 8


def test_a_unit_is_matched_by_its_id_and_never_by_code_or_name():
    world = small_country()
    world.level("facility", fields={"code": None})
    world.change("F1", external_id=uid("F2"))
    world.change("F2", external_id=uid("F1"))
    planned = world.plan()
    assert changes(planned)["F1"].uid == uid("F2")
    assert sent(planned)["F1"]["name"] == "Place F1"


def test_a_new_object_is_created_whole_with_an_id_that_follows_from_its_own():
    world = small_country()
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    (change,) = planned.changes
    assert change.kinds == (Kind.CREATE,)
    assert change.uid == derive_uid(SYSTEM, "uid-F9", 0)
    assert (change.level, change.depth, change.basis) == (4, 4, "")
    assert sent(planned)["F9"] == {
        "name": "Place F9",
        "shortName": "Place F9",
        "code": "F9",
        "openingDate": "2001-01-01",
        "parent": uid("D1"),
    }
    assert all(field.before is None for field in change.fields.values())


@pytest.mark.parametrize("sync", ["org_units", "relationships"])
def test_a_new_object_is_not_creatable_under_the_other_types(sync):
    world = small_country()
    world.level("facility", sync=sync)
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert problems(planned) == {"F9": ["new-not-creatable"]}
    assert problem(planned, "F9").uid is None
    assert not planned.changes


@pytest.mark.parametrize("sync", ["org_units", "relationships", "both"])
def test_an_id_without_a_unit_is_a_problem_under_every_type_and_creates_nothing(sync):
    world = small_country()
    world.level("facility", sync=sync)
    del world.owners[uid("F2")]
    planned = world.plan()
    assert problems(planned) == {"F2": ["external-id-not-found"]}
    assert problem(planned, "F2").uid == uid("F2")
    assert not planned.changes


def test_a_level_without_synchronisation_raises_nothing_and_anchors_what_is_below():
    world = small_country()
    world.level("district", sync="none")
    world.rename("D1", "Other")
    world.change("D2", external_id="gone1234567", parents=())
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert sent(planned)["F9"]["parent"] == uid("D1")
    assert problems(planned) == {"F3": ["parent-not-in-dhis2"]}
    assert planned.counts.unchanged + planned.counts.create + planned.counts.problem == 7


def test_a_reserved_id_that_is_a_unit_was_created_before_the_crash_and_is_linked():
    world = small_country()
    world.change("F1", reserved=True)
    world.rename("F1", "Renamed")
    (change,) = world.plan().changes
    assert change.kinds == (Kind.UPDATE,)


def test_a_reserved_id_that_is_no_unit_yet_is_created_with_that_same_id():
    world = small_country()
    world.add("F9", "D1", linked=False, external_id="reserved001", reserved=True)
    (change,) = world.plan().changes
    assert (change.kinds, change.uid) == ((Kind.CREATE,), "reserved001")


@pytest.mark.parametrize("sync", ["org_units", "both"])
def test_the_same_id_on_two_objects_is_a_problem_of_both_and_nothing_of_either_is_sent(sync):
    world = small_country()
    world.level("facility", sync=sync)
    world.rename("F1", "Changed")
    world.change("F2", external_id=uid("F1"))
    planned = world.plan()
    assert problems(planned) == {"F1": ["duplicate-external-id"], "F2": ["duplicate-external-id"]}
    assert "F2" in problem(planned, "F1").message
    assert not planned.changes
    assert planned.counts.unchanged == 6


def test_an_id_that_only_objects_outside_of_the_run_share_is_no_concern_of_the_run():
    world = small_country()
    world.level("facility", where={"owner": ["PUB"]})
    world.change("F2", external_id=uid("F1"))
    assert not world.plan().problems


def test_nothing_moves_below_a_unit_that_two_objects_claim_but_what_is_there_stays():
    world = small_country()
    world.change("D2", external_id=uid("D1"))
    world.move("F3", "D1")
    planned = world.plan()
    assert problems(planned) == {
        "D1": ["duplicate-external-id"],
        "D2": ["duplicate-external-id"],
        "F3": ["blocked"],
    }
    assert problem(planned, "F3").blocked_by.code == "D1"


def test_an_invalid_object_neither_claims_its_id_nor_is_looked_at():
    world = small_country()
    world.change("F1", invalid=True, label={"default": "Changed"})
    world.change("F2", external_id=uid("F1"), label={"default": "Place F1"}, code="F1b")
    planned = world.plan()
    assert not planned.problems
    assert planned.counts.not_selected == 1


def test_an_invalid_or_filtered_object_still_is_a_parent_when_it_has_a_unit():
    world = small_country()
    world.change("D1", invalid=True)
    world.level("region", where={"owner": ["PUB"]})
    world.move("D2", "R1")
    world.move("F3", "D1")
    planned = world.plan()
    assert {code: fields["parent"] for code, fields in sent(planned).items()} == {"D2": uid("R1"), "F3": uid("D1")}
    assert planned.counts.not_selected == 3


def test_an_invalid_object_without_a_unit_is_no_parent():
    world = small_country()
    world.add("D9", "R1", linked=False, invalid=True)
    world.add("F9", "D9", linked=False)
    planned = world.plan()
    assert problems(planned) == {"F9": ["parent-not-in-dhis2"]}


@pytest.mark.parametrize(
    ("values", "selected"),
    [({"owner": "PUB"}, True), ({"owner": "PRI"}, True), ({"owner": "NGO"}, False), ({}, False)],
)
def test_a_filter_selects_objects_by_their_values(values, selected):
    world = small_country()
    world.level("facility", where={"owner": ["PUB", "PRI"]})
    for code in ("F2", "F3"):
        world.give(code, owner="PUB")
    world.change("F1", values=values, label={"default": "Changed"})
    planned = world.plan()
    assert ("F1" in sent(planned)) is selected
    assert planned.counts.not_selected == (0 if selected else 1)


@pytest.mark.parametrize(("value", "named"), [(True, "true"), (7, "7"), ({"default": "x", "fr": "y"}, "x")])
def test_a_filter_names_values_as_a_configuration_writes_them(value, named):
    world = small_country()
    world.level("facility", where={"beds": [named]})
    world.give("F1", beds=value)
    world.rename("F1", "Changed")
    assert set(sent(world.plan())) == {"F1"}


def test_only_units_already_in_the_group_are_touched_and_none_is_created():
    world = small_country()
    world.level("facility", groups=[ALL_FACILITIES], only_in_groups=True)
    world.members[ALL_FACILITIES] = {uid("F1")}
    for code in ("F1", "F2"):
        world.rename(code, f"Changed {code}")
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert set(sent(planned)) == {"F1"}
    assert not planned.problems
    assert planned.counts.not_selected == 3


@pytest.mark.parametrize(
    ("existence", "starts", "ends"),
    [(Existence.NOT_YET, "2030-01-01", None), (Existence.ENDED, "2001-01-01", "2020-01-01")],
)
def test_what_does_not_exist_at_the_date_is_not_created(existence, starts, ends):
    world = small_country()
    world.add("F9", "D1", linked=False, existence=existence, starts=starts, ends=ends)
    planned = world.plan()
    assert not planned.changes
    assert not planned.problems
    assert notes(planned) == [("not-in-existence", "F9")]
    assert planned.counts.not_selected == 1


def test_a_closed_facility_gets_its_closing_date_and_nothing_else():
    world = small_country()
    world.change("F1", existence=Existence.ENDED, ends="2020-05-01", label={"default": "Other"}, parents=())
    planned = world.plan()
    assert sent(planned) == {"F1": {"closedDate": "2020-05-01"}}
    assert not planned.problems


def test_a_closed_facility_is_left_alone_when_the_date_is_not_mapped():
    world = small_country()
    world.level("facility", fields={"closedDate": None})
    world.change("F1", existence=Existence.ENDED, ends="2020-05-01", label={"default": "Other"}, parents=())
    planned = world.plan()
    assert not planned.changes
    assert planned.counts.unchanged == 8


def test_an_id_that_is_taken_is_counted_on_and_told():
    world = small_country()
    world.add("F9", "D1", linked=False)
    first = derive_uid(SYSTEM, "uid-F9", 0)
    world.owners[first] = {**world.unit("F1"), "id": first, "code": None}
    planned = world.plan()
    assert changes(planned)["F9"].uid == derive_uid(SYSTEM, "uid-F9", 1)
    assert notes(planned) == [("possibly-created-before", "F9")]


def test_a_new_id_never_is_one_that_another_object_of_ours_carries():
    world = small_country()
    first = derive_uid(SYSTEM, "uid-F9", 0)
    world.change("F1", external_id=first)
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert changes(planned)["F9"].uid == derive_uid(SYSTEM, "uid-F9", 1)


def test_objects_of_types_that_no_level_names_are_none_of_the_runs_business():
    world = small_country()
    world.levels.pop()
    world.rename("F1", "Changed")
    planned = world.plan()
    assert not planned.changes
    assert planned.counts.unchanged == planned.units == 5
