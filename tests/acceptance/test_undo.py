"""A run that is undone leaves DHIS2 as it was before it; an undoing is a plan like any other (R9.5)."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cgr.audit.models import AuditEntry
from cgr.core.errors import BadInput, NeedsConsent, TryLater
from cgr.runs import queries as runs
from cgr.sandbox.faults import Fault
from cgr.sync import actions, reports, undoing

from .country import ID_OF, changed, errors, facility, outcomes, problems_of, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
VERSIONS = ["2.31", "2.36", "2.42", "2.43"]
SQUARE = [[[-1, 3], [1, 3], [1, 5], [-1, 5], [-1, 3]]]
BEDS = {"attributes": [{"from": "beds", "to": "AtBeds00001", "clear": True}]}


def undo(country: Country, run: dict[str, Any], *, close: date | None = None) -> dict[str, Any]:
    made = undoing.undo(country.actor, runs.sync_run(country.actor, run["id"]), close=close, wait=country.pause)
    return whole(reports.plan_of(made))


def state(country: Country) -> dict[str, Any]:
    """Give every unit as DHIS2 keeps it, but for when and by whom it was written, and the order of values."""
    units = deepcopy(country.world.units())
    for unit in units.values():
        unit.pop("lastUpdated", None)
        unit.pop("lastUpdatedBy", None)
        for name in ("attributeValues", "translations"):
            rows = [_without_stamps(row) for row in unit.pop(name, None) or ()]
            unit[name] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
        if "coordinates" in unit:
            unit["coordinates"] = json.loads(unit["coordinates"] or "null")
    return {uid: {key: value for key, value in unit.items() if value is not None} for uid, unit in units.items()}


def _without_stamps(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in {"created", "lastUpdated"}}


def change_everything(country: Country) -> None:
    """Change names, values, places and parents of units that hold much that isn't mapped."""
    country.world.load(
        {"metadata": {"organisationUnits": [_with_beds(country.unit("F2")), _with_french(country.unit("F3"))]}}
    )
    country.edit("F1", label={"default": "Bo Hospital", "fr": "Hôpital de Bo"}, values={"beds": 12})
    country.edit("F2", geometry={"type": "Point", "coordinates": [-1.5, 5.5]}, values={"beds": None})
    country.edit("F3", label={"default": "Moa Clinic", "fr": "Clinique de la Moa"}, parents={"admin": "D"})
    country.edit("A", parents={"admin": "S"}, geometry={"type": "Polygon", "coordinates": SQUARE})


def _with_beds(unit: dict[str, Any]) -> dict[str, Any]:
    values = [{"attribute": {"id": "AtBeds00001"}, "value": "7"}, *unit["attributeValues"]]
    return {**unit, "attributeValues": values}


def _with_french(unit: dict[str, Any]) -> dict[str, Any]:
    return {**unit, "translations": [{"property": "NAME", "locale": "fr", "value": "Moa"}, *unit["translations"]]}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_run_that_is_undone_leaves_all_units_as_they_were(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version, facility={"sync": "both", **BEDS})
    if version == "2.31":  # any area that we write there is a MULTI_POLYGON (verified fact O4)
        rings = [json.loads(country.unit("A")["coordinates"])]
        area = {"featureType": "MULTI_POLYGON", "coordinates": json.dumps(rings)}
        country.world.load({"metadata": {"organisationUnits": [{**country.unit("A"), **area}]}})
    change_everything(country)
    before = state(country)
    run = country.sync()
    assert outcomes(run) == dict.fromkeys(("A", "F1", "F2", "F3"), "done")
    assert state(country) != before
    plan = undo(country, run)
    assert plan["undoes"] == run["id"]
    assert changed(plan)["F2"]["attribute:AtBeds00001"] == {"from": None, "to": "7"}
    assert changed(plan)["F3"]["parent"] == {"from": ID_OF["D"], "to": ID_OF["B"]}
    assert (plan["problems"], plan["notes"]) == ([], [])
    undone = country.apply(plan)
    assert undone["state"] == "success"
    assert undone["undoes"] == run["id"]
    assert state(country) == before


def test_an_undoing_can_be_undone(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("A", parents={"admin": "S"})
    run = country.sync()
    made = state(country)
    undone = country.apply(undo(country, run))
    assert state(country) != made
    redone = undo(country, undone)
    assert redone["undoes"] == undone["id"]
    assert country.apply(redone)["state"] == "success"
    assert state(country) == made
    assert country.plan()["changes"] == []


def test_what_was_undone_is_planned_again_as_the_registry_still_says_it(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.sync()
    country.apply(undo(country, run))
    assert changed(country.plan())["F1"]["name"] == {"from": "Bo Clinic", "to": "Bo Hospital"}


def test_an_edit_in_the_registry_does_not_make_an_undoing_stale(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.sync()
    plan = undo(country, run)
    country.edit("F1", label={"default": "Bo Infirmary"})
    assert outcomes(country.apply(plan)) == {"F1": "done"}
    assert country.unit("F1")["name"] == "Bo Clinic"


def test_a_unit_that_somebody_changes_before_the_undoing_is_applied_is_left_alone(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    run = country.sync()
    plan = undo(country, run)
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "name": "Edited there"}]}})
    report = country.apply(plan)
    assert outcomes(report) == {"F1": "skipped", "F2": "done"}
    assert errors(report)["F1"]["code"] == "changed-in-dhis2"
    assert country.unit("F1")["name"] == "Edited there"


def test_what_somebody_changed_since_the_run_is_a_problem_and_stays(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    run = country.sync()
    edited = {**country.unit("F1"), "name": "Edited there", "shortName": "There", "comment": "of theirs"}
    country.world.load({"metadata": {"organisationUnits": [edited]}})
    plan = undo(country, run)
    assert problems_of(plan) == {"F1": "changed-in-dhis2"}
    assert plan["problems"][0]["next_step"]
    assert changed(plan).keys() == {"F2"}
    assert country.apply(plan)["state"] == "warning"
    assert (country.unit("F1")["name"], country.unit("F1")["comment"]) == ("Edited there", "of theirs")


def test_what_is_no_longer_mapped_is_undone_all_the_same(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", **BEDS})
    before = state(country)
    country.edit("F1", label={"default": "Bo Hospital"}, values={"beds": 12})
    run = country.sync()
    country.configure(facility={"sync": "relationships"})
    assert country.apply(undo(country, run))["state"] == "success"
    assert state(country) == before


def test_created_units_and_group_additions_are_noted_and_stay(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    country.write(facility("F9", "A"))
    run = country.sync()
    plan = undo(country, run)
    assert plan["changes"] == []
    told = {(note["code"], note["object"]["code"]): note["message"] for note in plan["notes"]}
    assert country.unit_by_code("F9")["id"] in told["created-stays", "F9"]
    assert "--close" in told["created-stays", "F9"]
    assert "Public" in told["stays-in-group", "F1"]
    assert country.apply(plan)["state"] == "success"
    assert country.unit_by_code("F9")
    assert len(country.world.group_members("GrPublic001")) == 5


@pytest.mark.parametrize("version", VERSIONS)
def test_created_units_are_closed_when_a_day_is_given(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version, facility={"sync": "both", "fields": {"closedDate": None}})
    country.write(facility("F9", "A"))
    run = country.sync()
    plan = undo(country, run, close=date(2026, 1, 31))
    assert plan["close"] == "2026-01-31"
    assert changed(plan) == {"F9": {"closedDate": {"from": None, "to": "2026-01-31"}}}
    assert country.apply(plan)["state"] == "success"
    assert country.unit_by_code("F9")["closedDate"].startswith("2026-01-31")
    reopened = undo(country, plan)
    assert changed(reopened) == {"F9": {"closedDate": {"from": "2026-01-31", "to": None}}}
    assert country.apply(reopened)["state"] == "success"
    assert not country.unit_by_code("F9").get("closedDate")


def test_a_created_unit_that_somebody_closes_meanwhile_is_left_alone(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", "fields": {"closedDate": None}})
    country.write(facility("F9", "A"))
    plan = undo(country, country.sync(), close=date(2026, 1, 31))
    closed = {**country.unit_by_code("F9"), "closedDate": "2025-06-30"}
    country.world.load({"metadata": {"organisationUnits": [closed]}})
    assert outcomes(country.apply(plan)) == {"F9": "skipped"}
    assert country.unit_by_code("F9")["closedDate"].startswith("2025-06-30")


@pytest.mark.parametrize("kind", ["cut-before", "cut-after"])
def test_an_undoing_that_had_to_stop_is_resumed(country: Country, kind: str) -> None:
    before = state(country)
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("A", parents={"admin": "S"})
    run = country.sync()
    plan = undo(country, run)
    country.world.faults.add(Fault(kind, method="POST", path="/api/metadata", times=1))
    country.world.faults.add(Fault("status", path="/api/organisationUnits$", status=503, times=0, after=1))
    with pytest.raises(TryLater):
        country.apply(plan)
    country.world.faults.clear()
    assert country.resume(plan)["state"] == "success"
    assert state(country) == before


def test_only_what_a_run_did_before_it_had_to_stop_is_undone(country: Country) -> None:
    before = state(country)
    country.edit("A", label={"default": "Abo District"})
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    stranger = country.spoil(**{ID_OF["F1"]: {"name": "x" * 300}})
    run = country.apply(plan)
    assert outcomes(run) == {"A": "done", "F1": "failed"}
    country.world.faults.planned.remove(stranger)
    undone = undo(country, run)
    assert changed(undone).keys() == {"A"}
    country.apply(undone)
    assert state(country) == before


def test_what_was_sent_without_an_answer_is_undone_if_it_arrived(country: Country) -> None:
    before = state(country)
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.faults.add(Fault("cut-after", method="POST", path="/api/metadata", times=1))
    country.world.faults.add(Fault("status", path="/api/organisationUnits$", status=503, times=0, after=1))
    with pytest.raises(TryLater):
        country.apply(plan)
    country.world.faults.clear()
    assert outcomes(country.report(plan)) == {"F1": "unknown"}
    assert country.unit("F1")["name"] == "Bo Hospital"
    country.apply(undo(country, plan))
    assert state(country) == before


def test_what_dhis2_refuses_now_is_a_problem_of_the_undoing(country: Country) -> None:
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "code": "OLD"}]}})
    run = country.sync()
    assert changed(run) == {"F1": {"code": {"from": "OLD", "to": "F1"}}}
    country.world.load(
        {"metadata": {"organisationUnits": [{**country.unit("F4"), "id": "OuOther0001", "code": "OLD"}]}}
    )
    assert problems_of(undo(country, run)) == {"F1": "code-taken"}


def test_an_undoing_is_guarded_like_the_run(make_country: Callable[..., Country]) -> None:
    country = make_country(limits={"changed_share": 0.1, "min_units": 5})
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    run = country.apply(country.plan(), consents=["changed_share"], why="new names")
    plan = undo(country, run)
    assert plan["guards"] == run["guards"]
    with pytest.raises(NeedsConsent):
        country.apply(plan)
    assert country.apply(plan, consents=["changed_share"], why="a mistake")["state"] == "success"


def test_an_undoing_and_its_undoing_are_measured_by_what_the_run_looked_at(
    make_country: Callable[..., Country],
) -> None:
    country = make_country(limits={"changed_share": 0.35, "moved_share": 0.35, "min_units": 3})
    for code in ("F1", "F2", "F3"):
        country.edit(code, parents={"admin": "D"})
    undone = country.apply(undo(country, country.sync()))
    redone = undo(country, undone)
    assert (undone["guards"], redone["guards"]) == ([], [])
    assert country.apply(redone)["state"] == "success"
    assert country.unit("F1")["parent"]["id"] == ID_OF["D"]


def test_a_plan_that_was_never_applied_has_nothing_to_undo(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    with pytest.raises(BadInput) as refused:
        undo(country, plan)
    assert refused.value.code == "run-not-applied"
    actions.cancel(country.actor, country.run(plan))
    with pytest.raises(BadInput) as refused:
        undo(country, plan)
    assert refused.value.code == "run-not-applied"


@pytest.mark.parametrize("now", ["queued", "running"])
def test_a_run_that_goes_on_is_not_undone(country: Country, now: str) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.run(country.sync())
    run.state = now
    run.save()
    with pytest.raises(BadInput) as refused:
        undo(country, {"id": str(run.pk)})
    assert refused.value.code == "run-not-ended"
    assert f"cgr sync cancel {run.pk}" in refused.value.next_step


def test_what_is_left_of_an_undoing_is_not_planned_from_the_registry(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.sync()
    undone = country.apply(undo(country, run))
    with pytest.raises(BadInput) as refused:
        country.plan(only=f"failed-of:{undone['id']}")
    assert refused.value.next_step == f"Undo it again: cgr sync undo {run['id']}"


def test_who_planned_and_applied_an_undoing_is_in_the_audit_log(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.sync()
    plan = undo(country, run)
    country.apply(plan)
    entries = AuditEntry.objects.filter(kind="sync run", subject=plan["id"]).order_by("id")
    assert [(entry.actor, entry.action) for entry in entries] == [
        (country.actor.name, "plan"),
        (country.actor.name, "apply"),
    ]
    assert entries[0].after == {"undoes": run["id"]}
