"""What was sent for a refused object and what DHIS2 answered is kept: bounded, without secrets, for a time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.cli.sync_words import object_words
from cgr.core.errors import NotAllowed
from cgr.runs.evidence import forget_old_evidence
from cgr.runs.models import Evidence
from cgr.runs.selection import which
from cgr.sandbox.faults import Fault
from cgr.sync.reports import report_of

from .country import ID_OF, SQUARE, district, facility

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
TOO_LONG = {"name": "x" * 300}


def change_of(report: dict[str, Any], code: str) -> dict[str, Any]:
    return next(change for change in report["changes"] if change["object"]["code"] == code)


def test_a_refused_update_keeps_the_whole_body_and_dhis2_s_own_reports(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.spoil(OuFacility1=TOO_LONG)
    report = country.apply(plan)
    refused = change_of(report, "F1")
    assert refused["outcome"] == "failed"
    assert refused["sent"]["id"] == ID_OF["F1"]
    assert refused["sent"]["name"] == "Bo Hospital"
    assert refused["sent"]["comment"] == "kept by hand"  # whole, as it has to be sent back
    (said,) = refused["answer"]["errorReports"]
    assert said["errorCode"] == refused["error"]["dhis2_code"] == "E4001"
    assert set(said) > {"message", "errorCode"}  # as it came, also what we don't read
    assert report["evidence"] == {"kept": 1, "most": 1000}
    assert "sent" not in change_of(report, "F2")


def test_what_dhis2_refuses_on_validation_is_kept_with_the_problem(country: Country) -> None:
    country.write(district("X", "N"), facility("F8", "X"))
    uid = change_of(country.plan(), "X")["uid"]
    country.spoil(**{uid: TOO_LONG})
    problems = {problem["object"]["code"]: problem for problem in country.report(country.plan())["problems"]}
    assert problems["X"]["sent"]["code"] == "X"
    assert problems["X"]["answer"]["errorReports"][0]["errorCode"] == "E4001"
    assert problems["F8"]["code"] == "blocked"
    assert "sent" not in problems["F8"]


def test_a_refusal_without_a_name_keeps_what_dhis2_said_to_the_request(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.spoil(OuFacility1={"openingDate": "not a date"})
    refused = change_of(country.apply(plan), "F1")
    assert refused["answer"]["errorReports"] == []
    assert refused["answer"]["message"]
    assert refused["answer"]["message"] in refused["error"]["message"]
    assert refused["sent"]["name"] == "Bo Hospital"


def test_a_group_that_refuses_a_unit_keeps_its_addition(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    plan = country.plan()
    country.world.faults.add(Fault("status", path="/organisationUnitGroups/GrPublic001", status=403, times=0))
    refused = change_of(country.apply(plan), "F1")
    assert refused["sent"] == {"organisationUnitGroup": "GrPublic001", "additions": [{"id": ID_OF["F1"]}]}
    assert "403" in refused["answer"]["message"]


def test_a_large_body_is_kept_without_its_geometry_and_says_so(country: Country) -> None:
    ring = [[-2 + step / 10_000, 4] for step in range(9_000)] + SQUARE["coordinates"][0][1:]
    country.edit("A", geometry={"type": "Polygon", "coordinates": [ring]}, label={"default": "Abo Town"})
    plan = country.plan()
    country.spoil(OuDistrictA=TOO_LONG)
    refused = change_of(country.apply(plan), "A")
    assert refused["sent"]["name"] == "Abo Town"
    assert refused["sent"]["geometry"].endswith("bytes, not kept")
    assert len(json.dumps(refused["sent"])) < 64_000


def test_the_password_is_never_kept_although_the_answer_repeats_it(country: Country) -> None:
    country.write(facility("the-district", "A"))
    plan = country.plan()
    stranger = {**country.unit("F3"), "id": "OuStranger1", "code": "the-district"}
    country.world.load({"metadata": {"organisationUnits": [stranger]}})  # after the plan was made
    refused = change_of(country.apply(plan), "the-district")
    assert refused["error"]["dhis2_code"] == "E5003"
    assert "the-…" in refused["answer"]["errorReports"][0]["message"]
    assert refused["sent"]["code"] == "the-…"
    row = Evidence.objects.get()
    assert "district" not in row.answer + row.sent


def test_a_run_that_is_refused_a_thousandfold_keeps_a_bounded_number(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cgr.runs.evidence.MOST_KEPT", 3)
    monkeypatch.setattr("cgr.sync.reports.MOST_KEPT", 3)
    country.write(*(facility(f"N{number}", "A") for number in range(8)))
    plan = country.plan()
    country.spoil(**{change["uid"]: TOO_LONG for change in plan["changes"]})
    report = country.apply(plan)
    assert [change["outcome"] for change in report["changes"]] == ["failed"] * 8
    assert ["sent" in change for change in report["changes"]] == [True] * 3 + [False] * 5
    assert report["evidence"] == {"kept": 3, "most": 3}


def test_one_object_is_shown_with_all_that_was_sent_and_answered(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.spoil(OuFacility1=TOO_LONG)
    country.apply(plan)
    shown = "\n".join(object_words(report_of(country.run(plan), which(object="facility:F1"))))
    assert "outcome: failed" in shown
    assert '"comment": "kept by hand"' in shown
    assert '"errorCode": "E4001"' in shown
    assert "Kono" not in shown


def test_old_evidence_is_forgotten_and_the_outcome_stays(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.spoil(OuFacility1=TOO_LONG)
    country.apply(plan)
    assert forget_old_evidence(country.actor) == 0
    Evidence.objects.update(kept=timezone.now() - timedelta(days=91))
    with pytest.raises(NotAllowed):
        forget_old_evidence(Actor("ada", 9, memberships=(Grant("MOH", "registry-administrator"),)))
    assert forget_old_evidence(country.actor, days=92) == 0
    assert forget_old_evidence(country.actor) == 1
    refused = change_of(country.report(plan), "F1")
    assert refused["error"]["dhis2_code"] == "E4001"
    assert "sent" not in refused
    assert entries(kind="evidence")[0].after == {"objects": 1, "older_than_days": 90}
