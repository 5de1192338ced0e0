"""What puts back what a run did, and what doesn't go back: decided on two records, without a server."""

from __future__ import annotations

import copy

from hypothesis import given, settings

from cgr.core.changes import ANY_VERSION, Kind
from cgr.core.plan_words import NO_NAMES
from cgr.core.undoing import Done, UndoneRun, undo

from .planner.test_laws import circles_in, worlds
from .planner.worlds import (
    ALL_FACILITIES,
    BEDS,
    OWNER,
    changes,
    notes,
    point,
    problem,
    problems,
    sent,
    small_country,
    uid,
)

law = settings(max_examples=60)


def undo_in(world, planned, *, close=None, done=None, in_groups=True):
    """Plan the undoing of a plan that was carried out in a world."""
    made = planned.changes if done is None else [changes(planned)[code] for code in done]
    existing = sum(Kind.CREATE not in change.kinds for change in planned.changes)
    run = UndoneRun("7", planned.mapping, planned.counts.unchanged + existing, NO_NAMES)
    return undo(
        [Done(change, in_groups) for change in made],
        world.theirs(),
        world.shape,
        run=run,
        as_of="2026-11-24",
        close=close,
    )


def seen(owner):
    """Give a unit without what makes no difference: the order of values, and "nothing" said or left out."""
    lists = {name: sorted(map(repr, owner.get(name) or ())) for name in ("attributeValues", "translations")}
    dates = {name: (owner.get(name) or "")[:10] for name in ("openingDate", "closedDate")}
    return {key: value for key, value in {**owner, **lists, **dates}.items() if value is not None}


def state_of(world):
    return {one: seen(unit) for one, unit in copy.deepcopy(world.owners).items()}


@law
@given(worlds())
def test_a_run_and_its_undoing_leave_every_unit_as_it_was(world):
    before = state_of(world)
    circular = circles_in(world)
    planned = world.plan()
    world.apply(planned)
    undone = undo_in(world, planned)
    world.apply(undone)
    after = state_of(world)
    created = {change.uid for change in planned.changes if Kind.CREATE in change.kinds}
    assert after.keys() - before.keys() == created
    reasons = {one.uid: one.code.value for one in undone.problems}
    # An orphan isn't made one again, nor is a circle that DHIS2 held.
    assert set(reasons.values()) <= ({"second-root", "cycle"} if circular else {"second-root"})
    for one, unit in before.items():
        if one in reasons:
            assert {**after[one], "parent": None} == {**unit, "parent": None}
        else:
            assert after[one] == unit
    assert not undo_in(world, planned).changes


@law
@given(worlds())
def test_an_undoing_that_is_undone_leaves_what_the_run_made(world):
    planned = world.plan()
    world.apply(planned)
    made = state_of(world)
    undone = undo_in(world, planned, close="2030-01-01")
    world.apply(undone)
    world.apply(undo_in(world, undone))
    assert state_of(world) == made


@law
@given(worlds())
def test_no_undoing_makes_a_circle_or_a_root_not_even_half_way(world):
    planned = world.plan()
    world.apply(planned)
    known = circles_in(world)
    roots = {one for one, unit in world.owners.items() if not unit.get("parent")}
    for change in undo_in(world, planned).changes:
        assert set(change.needs) <= {one.uid for one in planned.changes}
        world.owners[change.uid] = {**world.owners[change.uid], **_parent(change)}
        assert circles_in(world) <= known
    assert {one for one, unit in world.owners.items() if not unit.get("parent")} <= roots


def _parent(change):
    return {"parent": {"id": change.fields["parent"].after}} if "parent" in change.fields else {}


def rich_country():
    world = small_country()
    world.level(
        "facility",
        groups=[ALL_FACILITIES],
        attributes=[
            {"from": "beds", "to": BEDS, "clear": True},
            {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}},
        ],
    )
    for code in ("F1", "F2", "F3"):
        world.members[ALL_FACILITIES].add(uid(code))
    return world


def test_what_was_absent_before_is_absent_again_and_what_was_cleared_is_back():
    world = rich_country()
    world.unit("F1").update(
        attributeValues=[{"attribute": {"id": BEDS}, "value": "12"}],
        translations=[{"property": "NAME", "locale": "pt", "value": "Posto"}],
    )
    before = state_of(world)
    world.rename("F1", "Bo", fr="Bô")
    world.give("F1", owner="PRI")
    world.change("F1", geometry=point(1, 2), parents=(world.objects["D2"].key,))
    planned = world.plan()
    world.apply(planned)
    undone = undo_in(world, planned)
    (change,) = undone.changes
    assert change.kinds == (Kind.UPDATE, Kind.MOVE)
    assert change.version == ANY_VERSION
    assert sent(undone)["F1"] == {
        "name": "Place F1",
        "shortName": "Place F1",
        "geometry": None,
        "parent": uid("D1"),
        f"attribute:{OWNER}": None,
        f"attribute:{BEDS}": "12",
        "translation:NAME:fr": None,
    }
    world.apply(undone)
    assert state_of(world) == before


def test_a_field_that_somebody_changed_since_is_left_alone_and_the_others_go_back():
    world = rich_country()
    world.rename("F1", "Bo")
    world.give("F1", beds=4)
    planned = world.plan()
    world.apply(planned)
    world.unit("F1")["name"] = "Renamed there"
    undone = undo_in(world, planned)
    assert sent(undone)["F1"] == {"shortName": "Place F1", f"attribute:{BEDS}": None}
    found = problem(undone, "F1")
    assert found.code == "changed-in-dhis2"
    assert "(Name)" in found.message
    assert found.next_step


def test_what_differs_only_in_spelling_is_what_the_run_wrote():
    world = rich_country()
    world.rename("F1", "Bo Clinic")
    world.give("F1", beds=4)
    world.change("F1", geometry=point(1, 2), starts="2002-02-02")
    planned = world.plan()
    world.apply(planned)
    world.unit("F1").update(
        name="Bo  Clinic ",
        openingDate="2002-02-02T00:00:00.000",
        geometry={"coordinates": [1.0000000001, 2], "type": "Point"},
        attributeValues=[{"attribute": {"id": BEDS}, "value": "04"}],
    )
    undone = undo_in(world, planned)
    assert not undone.problems
    assert sent(undone)["F1"]["name"] == "Place F1"
    assert sent(undone)["F1"].keys() == {"name", "shortName", "openingDate", "geometry", f"attribute:{BEDS}"}


def test_what_somebody_put_back_already_is_neither_a_change_nor_a_problem():
    world = rich_country()
    world.rename("F1", "Bo")
    planned = world.plan()
    undone = undo_in(world, planned)
    assert (undone.changes, undone.problems) == ((), ())
    assert undone.counts.unchanged == 1


def test_a_unit_that_is_gone_is_a_problem_and_never_made_again():
    world = rich_country()
    world.rename("F1", "Bo")
    planned = world.plan()
    world.apply(planned)
    del world.owners[uid("F1")]
    undone = undo_in(world, planned)
    assert problems(undone) == {"F1": ["external-id-not-found"]}
    assert not undone.changes


def test_created_units_are_noted_and_closed_only_when_a_day_is_given():
    world = rich_country()
    world.add("F4", "D1", linked=False)
    planned = world.plan()
    world.apply(planned)
    assert notes(undo_in(world, planned)) == [("created-stays", "F4"), ("stays-in-group", "F4")]
    assert not undo_in(world, planned).changes
    closing = undo_in(world, planned, close="2026-11-24")
    assert sent(closing) == {"F4": {"closedDate": "2026-11-24"}}
    world.apply(closing)
    again = undo_in(world, planned, close="2026-11-24")
    assert not again.changes
    assert "closed since 2026-11-24" in again.notes[0].message


def test_nothing_is_closed_before_it_opens():
    world = rich_country()
    world.add("F4", "D1", linked=False, starts="2020-01-01")
    planned = world.plan()
    world.apply(planned)
    refused = undo_in(world, planned, close="2019-12-31")
    assert problems(refused) == {"F4": ["value-refused"]}
    assert "--close 2020-01-01" in problem(refused, "F4").next_step
    assert not refused.changes


def test_a_closing_date_that_contradicts_what_was_changed_since_is_not_put_back():
    world = rich_country()
    world.unit("F1")["closedDate"] = "2010-01-01"
    world.change("F1", ends="2020-01-01")
    planned = world.plan()
    world.apply(planned)
    world.unit("F1")["openingDate"] = "2015-01-01"
    undone = undo_in(world, planned)
    assert problems(undone) == {"F1": ["value-refused"]}
    assert not undone.changes


def test_an_option_that_is_gone_is_not_put_back():
    world = rich_country()
    world.unit("F1")["attributeValues"] = [{"attribute": {"id": OWNER}, "value": "9"}]
    world.give("F1", owner="PRI")
    world.rename("F1", "Bo")
    planned = world.plan()
    world.apply(planned)
    undone = undo_in(world, planned)
    assert problems(undone) == {"F1": ["value-refused"]}
    assert sent(undone)["F1"].keys() == {"name", "shortName"}


def test_a_parent_that_is_gone_keeps_only_the_move_back():
    world = rich_country()
    for code in ("F1", "F2"):
        world.move(code, "D2")
    world.rename("F1", "Bo")
    planned = world.plan()
    world.apply(planned)
    del world.owners[uid("D1")]
    undone = undo_in(world, planned)
    assert problems(undone) == {"F1": ["parent-not-in-dhis2"], "F2": ["parent-not-in-dhis2"]}
    assert sent(undone) == {"F1": {"name": "Place F1", "shortName": "Place F1"}}


def test_a_root_that_the_run_put_below_a_parent_is_not_made_a_root_again():
    world = rich_country()
    world.unit("F1")["parent"] = None
    planned = world.plan()
    world.apply(planned)
    undone = undo_in(world, planned)
    assert problems(undone) == {"F1": ["second-root"]}
    assert not undone.changes


def test_a_move_back_below_what_is_below_the_unit_by_now_is_a_cycle():
    world = rich_country()
    world.move("D1", "R2")
    planned = world.plan()
    world.apply(planned)
    world.unit("R1")["parent"] = {"id": uid("D1")}
    undone = undo_in(world, planned)
    assert problems(undone) == {"D1": ["cycle"]}
    assert not undone.changes


def test_moves_go_back_with_the_one_first_that_makes_room_for_the_other():
    world = rich_country()
    world.unit("D1")["parent"] = {"id": uid("R1")}
    world.level("region", sync="both")
    world.change("R1", parents=(world.objects["D2"].key,))
    world.change("D2", parents=(world.objects["C1"].key,))
    before = state_of(world)
    planned = world.plan()
    world.apply(planned)
    undone = undo_in(world, planned)
    assert [change.object.code for change in undone.changes] == ["R1", "D2"]
    world.apply(undone)
    assert state_of(world) == before


def test_only_what_was_done_is_undone():
    world = rich_country()
    world.rename("F1", "Bo")
    world.rename("F2", "Kono")
    planned = world.plan()
    world.apply(planned)
    assert sent(undo_in(world, planned, done=["F2"])).keys() == {"F2"}


def test_a_guard_stops_an_undoing_of_much_as_it_stopped_the_run():
    world = rich_country()
    world.options["limits"] = {"changed_share": 0.2, "min_units": 5}
    for code in ("F1", "F2", "F3"):
        world.rename(code, f"New {code}")
    planned = world.plan()
    world.apply(planned)
    (guard,) = undo_in(world, planned).guards
    assert (guard.code, guard.value) == ("changed_share", planned.guards[0].value)


def test_a_dhis2_in_which_none_of_the_units_is_found_is_guarded():
    world = rich_country()
    for code in ("F1", "F2"):
        world.rename(code, f"New {code}")
    planned = world.plan()
    for code in ("F1", "F2"):
        del world.owners[uid(code)]
    assert [guard.code for guard in undo_in(world, planned).guards] == ["vanished_share"]
