"""What somebody changes in DHIS2 after both sides agreed is shown, field by field, with who did it (R9.5)."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from django.db import connection

from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sync import actions, drift, undoing
from cgr.sync.background import continue_look, queue_look
from cgr.sync.configs import delete_config

from .country import ID_OF, PLACES, changed, district, facility

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sync.drift import DriftFound

    from .conftest import Terminal
    from .country import Country

pytestmark = pytest.mark.django_db
VERSIONS = ["2.31", "2.36", "2.42", "2.43"]


def look(country: Country) -> DriftFound:
    return drift.look(country.actor, "all")


def drifted(country: Country) -> dict[str, dict[str, Any]]:
    """Give code of the object → fields that drifted, each with what was agreed and what is."""
    return {
        one.object["code"]: {key: (field["from"], field["to"]) for key, field in one.fields.items()}
        for one in look(country).drift
    }


def edit_there(country: Country, code: str, **fields: Any) -> None:
    """Change a unit as somebody with DHIS2's Maintenance app would."""
    body = {**country.unit(code), **fields}
    body.pop("path", None)
    body["attributeValues"] = fields.get("attributeValues", [])
    reply = httpx2.post(
        f"{country.url}/api/metadata?importStrategy=UPDATE",
        json={"organisationUnits": [body]},
        auth=("admin", "district"),
    )
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize("version", VERSIONS)
def test_edits_there_are_shown_with_what_was_agreed_and_by_whom(
    make_country: Callable[..., Country], version: str
) -> None:
    mapped = {"attributes": [{"from": "beds", "to": "AtBeds00001"}]}
    country = make_country(version, facility={"sync": "both", **mapped})
    country.edit("F1", label={"default": "Bo Hospital"}, values={"beds": 4})
    country.sync()
    assert drifted(country) == {}
    beds = [{"attribute": {"id": "AtBeds00001"}, "value": "5"}]
    edit_there(country, "F1", name="Bo", attributeValues=beds)
    edit_there(country, "F2", parent={"id": ID_OF["B"]})
    assert drifted(country) == {
        "F1": {"name": ("Bo Hospital", "Bo"), "attribute:AtBeds00001": ("4", "5")},
        "F2": {"parent": (ID_OF["A"], ID_OF["B"])},
    }
    found = look(country)
    assert found.counts == {"changed": 2, "deleted": 0}
    assert found.agreed == len(PLACES)
    (_, moved) = found.drift
    assert moved.fields["parent"]["words"] == f"{ID_OF['A']} → {ID_OF['B']} (Abo → Bo)"
    by = country.world.user_named("admin")
    assert by is not None
    # Before 2.36 the reference to a user holds no user name.
    assert moved.last_updated_by == (by.name if version == "2.31" else "admin")
    assert moved.last_updated == country.unit("F2")["lastUpdated"]


@pytest.mark.parametrize("version", VERSIONS)
def test_outlines_and_points_drift(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version)
    rings = [[[-1, 3], [1, 3], [1, 5], [-1, 5], [-1, 3]]]
    country.edit("A", geometry={"type": "Polygon", "coordinates": rings})
    country.sync()
    assert drifted(country) == {}
    legacy = version == "2.31"
    point = {"featureType": "POINT", "coordinates": "[2, 3]"} if legacy else {"geometry": _point(2, 3)}
    rings[0][1] = [1, 2]
    area = {"type": "MultiPolygon", "coordinates": [rings]}
    shape = {"featureType": "MULTI_POLYGON", "coordinates": str([rings])} if legacy else {"geometry": area}
    edit_there(country, "F1", **point)
    edit_there(country, "A", **shape)
    found = drifted(country)
    assert found["F1"] == {"geometry": (_point(-1.25, 5.125), _point(2, 3))}
    assert found["A"]["geometry"][0]["digest"] != found["A"]["geometry"][1]["digest"]


def _point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def test_what_a_plan_finds_to_need_nothing_is_agreed_on(country: Country) -> None:
    assert look(country).agreed == 0
    country.plan()
    edit_there(country, "F3", name="Edited there")
    assert drifted(country) == {"F3": {"name": ("Moa Clinic", "Edited there")}}


def test_what_is_not_mapped_or_no_longer_mapped_never_drifts(country: Country) -> None:
    country.plan()
    edit_there(country, "F1", comment="edited", description="edited", phoneNumber="+2")
    assert drifted(country) == {}
    edit_there(country, "F1", openingDate="2001-01-01", geometry=_point(2, 3))
    assert drifted(country)["F1"].keys() == {"openingDate", "geometry"}
    country.configure(facility={"sync": "both", "geometry": False, "fields": {"openingDate": None}})
    assert drifted(country) == {}


def test_an_edit_here_that_was_not_sent_yet_is_no_drift(country: Country) -> None:
    country.plan()
    country.edit("F1", label={"default": "Bo Hospital"})
    country.plan()
    assert drifted(country) == {}


def test_what_differs_only_in_spelling_is_no_drift(country: Country) -> None:
    country.plan()
    edit_there(country, "F1", name="Bo   Clinic", geometry=_point(-1.2500000001, 5.125))
    assert drifted(country) == {}


def test_a_unit_that_was_deleted_there_is_shown_until_its_id_is_corrected(country: Country) -> None:
    country.plan()
    country.delete_unit("F4")
    found = look(country)
    assert [(one.kind, one.object["code"], one.fields) for one in found.drift] == [("deleted", "F4", {})]
    assert found.counts == {"changed": 0, "deleted": 1}
    country.edit("F4", external_ids={"hmis": None})
    assert look(country).drift == []


def test_an_object_that_was_deleted_here_has_no_drift(country: Country) -> None:
    country.write(facility("F9", "A"))
    country.sync()
    uid = country.external_ids()["F9"]
    edit_there(country, uid, name="Edited there")
    assert drifted(country).keys() == {"F9"}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM registry_externalid WHERE value = %s", [uid])
    assert drifted(country) == {}


def test_the_plan_notes_what_it_would_overwrite_and_the_run_settles_it(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.sync()
    edit_there(country, "F1", name="Edited there")
    look(country)
    plan = country.plan()
    assert changed(plan)["F1"]["name"] == {"from": "Edited there", "to": "Bo Hospital"}
    told = [note for note in plan["notes"] if note["code"] == "changed-there-since"]
    assert [note["object"]["code"] for note in told] == ["F1"]
    assert "Name: Bo Hospital → Edited there" in told[0]["message"]
    assert drift.known(country.actor, "all").drift != []
    country.apply(plan)
    assert drift.known(country.actor, "all").drift == []
    assert drifted(country) == {}


def test_what_the_registry_says_nothing_about_drifts_once_and_is_settled_by_the_next_plan(country: Country) -> None:
    country.plan()
    edit_there(country, "F1", closedDate="2025-12-31")
    assert drifted(country) == {"F1": {"closedDate": (None, "2025-12-31")}}
    assert country.plan()["changes"] == []
    assert drifted(country) == {}


def test_a_look_remembers_what_it_found_for_pages(country: Country) -> None:
    country.plan()
    edit_there(country, "F1", name="Edited there")
    assert drift.known(country.actor, "all").drift == []
    edit_there(country, "D", closedDate="2025-12-31")
    found = look(country)
    assert [one.object["code"] for one in found.drift] == ["D", "F1"]
    assert drift.known(country.actor, "all") == found
    page = drift.known(country.actor, "all", start=1, limit=1)
    assert (page.drift, page.counts) == (found.drift[1:], {"changed": 2, "deleted": 0})
    edit_there(country, "D", closedDate=None)
    edit_there(country, "F1", name="Bo Clinic")
    assert look(country).drift == []
    assert drift.known(country.actor, "all").drift == []


def test_new_units_are_agreed_on_and_an_undoing_is_no_drift(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.sync()
    assert look(country).agreed == len(PLACES) + 2
    made = undoing.undo(country.actor, country.run(run))
    country.apply({"id": str(made.pk), "digest": made.digest})
    assert country.unit("F1")["name"] == "Bo Clinic"
    assert drifted(country) == {}


def test_a_plan_of_another_day_settles_nothing(country: Country) -> None:
    actions.plan(country.actor, "all", as_of=date(2024, 1, 1), wait=country.pause)
    assert look(country).agreed == 0


def test_a_plan_with_nothing_to_do_writes_no_agreement_anew(country: Country) -> None:
    country.plan()
    rows = _row_versions()
    assert len(rows) == len(PLACES)
    country.plan()
    assert _row_versions() == rows
    country.configure(facility={"sync": "both", "fields": {"closedDate": None}})
    country.plan()
    assert sum(before != after for before, after in zip(rows, _row_versions(), strict=True)) == 4


def _row_versions() -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT object_key, ctid::text, xmin::text FROM sync_agreement ORDER BY object_key")
        return cursor.fetchall()


def test_objects_that_are_not_selected_have_nothing_agreed(country: Country) -> None:
    country.edit("F1", invalid=True)
    country.plan()
    edit_there(country, "F1", name="Edited there")
    assert drifted(country) == {}


def test_deleting_a_configuration_forgets_what_was_agreed(country: Country) -> None:
    country.plan()
    delete_config(country.actor, "all")
    assert _row_versions() == []


def test_a_look_by_the_workers_is_cancelled_begun_again_and_reported_in_a_terminal(
    country: Country, cgr: Terminal
) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.sync()
    edit_there(country, "F1", name="Bo")
    queued = json.loads(cgr("sync", "drift", "all", "--background", "--json")[1])
    assert json.loads(cgr("sync", "drift", "all", "--background", "--json")[1]) == queued
    assert cgr("sync", "cancel", queued["id"])[0] == 0
    assert Run.objects.get(pk=queued["id"]).state == "cancelled"

    look = queue_look(country.actor, "all")
    away = country.world.faults.add(Fault("refuse-auth", times=0))
    continue_look(look.pk, Stopping())
    country.world.faults.planned.remove(away)
    assert "answered 401" in cgr("sync", "report", str(look.pk))[1]
    status, out = cgr("sync", "resume", str(look.pk))
    assert (status, "1 changed" in out) == (1, True)
    assert cgr("sync", "follow", str(look.pk))[0] == 1
    assert json.loads(cgr("sync", "report", str(look.pk), "--json")[1])["counts"]["changed"] == 1
    assert drift.known(country.actor, "all").counts["changed"] == 1
    for refused in (("report", "--outcome", "failed"), ("undo",)):
        assert cgr("sync", refused[0], str(look.pk), *refused[1:])[0] == 2
