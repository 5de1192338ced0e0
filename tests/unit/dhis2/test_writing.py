"""What we send to change a DHIS2, and what we believe of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from cgr.core.errors import CgrError, NeedsPerson, ProtocolBroken, TryLater
from cgr.dhis2 import Additions

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stage

UNITS = [{"id": "OuA", "name": "A"}, {"id": "OuB", "name": "B"}]
GROUP = "organisationUnitGroups/GrClinics01"
ADDITIONS = f"{GROUP}/organisationUnits"


def ok(created: int = 0, updated: int = 2) -> dict[str, object]:
    stats = {"created": created, "updated": updated, "deleted": 0, "ignored": 0, "total": created + updated}
    return {
        "httpStatusCode": 200,
        "status": "OK",
        "response": {"responseType": "ImportReport", "status": "OK", "stats": stats},
    }


@pytest.mark.parametrize(("validate", "mode"), [(True, "VALIDATE"), (False, "COMMIT")])
def test_an_import_spells_its_parameters_exactly_because_others_mean_the_default(
    stage: Stage, *, validate: bool, mode: str
) -> None:
    stage.on("POST", "metadata", ok())
    with stage.client() as client:
        report = client.import_units(UNITS, strategy="UPDATE", validate=validate)
    assert report.ok
    assert stage.queries("POST", "metadata") == [
        {"importMode": mode, "importStrategy": "UPDATE", "atomicMode": "ALL", "importReportMode": "ERRORS"}
    ]


def test_an_import_is_sent_packed(stage: Stage) -> None:
    stage.on("POST", "metadata", ok())
    with stage.client() as client:
        client.import_units(UNITS, strategy="CREATE_AND_UPDATE", validate=False)
    request = stage.asked[-1]
    assert (request.headers["content-type"], request.headers["content-encoding"]) == ("application/json", "gzip")
    assert stage.bodies("POST", "metadata") == [{"organisationUnits": UNITS}]


def test_an_import_of_nothing_sends_nothing(stage: Stage) -> None:
    with stage.client() as client:
        assert client.import_units([], strategy="UPDATE", validate=False).ok
        assert client.requests == 0


def test_the_same_unit_twice_is_never_sent(stage: Stage) -> None:
    with stage.client() as client, pytest.raises(ValueError, match="twice"):
        client.import_units([UNITS[0], UNITS[0]], strategy="UPDATE", validate=False)
    assert not stage.asked


# DHIS2 refuses a request as a whole without blaming a unit: nothing was written, halving finds it (H23).
WHOLE = [
    httpx2.Response(409, json={"httpStatusCode": 409, "status": "ERROR", "message": "Column has Z dimension"}),
    httpx2.Response(500, json={"httpStatusCode": 500, "status": "ERROR", "message": "could not execute statement"}),
    httpx2.Response(500, json={"httpStatusCode": 500, "status": "ERROR"}),
    httpx2.Response(
        400, json={"httpStatusCode": 400, "status": "ERROR", "message": "Invalid date format '2001-02-30'"}
    ),
    httpx2.Response(400, text="<html><title>HTTP Status 400</title>Invalid request parameters.</html>"),
]


@pytest.mark.parametrize("answer", WHOLE)
def test_a_request_refused_as_a_whole_blames_nobody(stage: Stage, answer: httpx2.Response) -> None:
    stage.on("POST", "metadata", answer)
    with stage.client() as client:
        report = client.import_units(UNITS, strategy="UPDATE", validate=False)
    assert not report.ok
    assert report.refusals == ()
    assert report.message
    assert not report.certain


@pytest.mark.parametrize("scenario", ["16-closed-without-open", "16-geometry-z", "16-date-feb30", "16-self-parent"])
@pytest.mark.parametrize("version", ["2.31", "2.34", "2.38", "2.40", "2.42"])
def test_recorded_requests_refused_as_a_whole_blame_nobody(
    stage: Stage, recorded: Callable[[str, str], dict[str, Any]], version: str, scenario: str
) -> None:
    refused = 0
    for exchange in recorded(version, scenario)["exchanges"]:
        response = exchange["response"]
        if exchange["request"]["method"] != "POST" or response["status"] not in {400, 409, 500}:
            continue
        stage.on("POST", "metadata", httpx2.Response(response["status"], json=response["body"]))
        with stage.client() as client:
            report = client.import_units(UNITS, strategy="UPDATE", validate=False)
        assert (report.ok, report.refusals) == (False, ())
        refused += 1
    assert refused or (version, scenario) == ("2.31", "16-geometry-z")


UNKNOWN = [
    httpx2.ReadTimeout("slow"),
    httpx2.RemoteProtocolError("Server disconnected without sending a response."),
    httpx2.Response(502, text="<html>Bad Gateway</html>"),
    httpx2.Response(504),
    httpx2.Response(503),
    httpx2.Response(500, text="<html>HTTP Status 500</html>"),
    httpx2.Response(500, json={"httpStatusCode": 500, "status": "ERROR", "message": "ERROR: deadlock detected"}),
    httpx2.Response(409, json={"httpStatusCode": 409, "status": "ERROR", "message": "could not serialize access"}),
    httpx2.Response(200, text='{"httpStatusCode": 200, "status": "OK", "resp'),
    httpx2.Response(200, text="<html>Please wait</html>"),
    httpx2.Response(200),
    httpx2.Response(200, json={"status": "OK"}),
    httpx2.Response(200, json=ok(updated=1)),
]


@pytest.mark.parametrize("answer", UNKNOWN)
def test_an_outcome_that_is_not_known_says_so_and_is_never_sent_again(stage: Stage, answer: object) -> None:
    stage.on("POST", "metadata", answer)
    with stage.client() as client, pytest.raises(TryLater) as caught:
        client.import_units(UNITS, strategy="UPDATE", validate=False)
    assert caught.value.sent
    assert client.requests == 1


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (
            httpx2.Response(401, json={"httpStatusCode": 401, "message": "Unauthorized"}),
            "wrong-credentials",
            NeedsPerson,
        ),
        (httpx2.Response(403, json={"httpStatusCode": 403, "message": "Access is denied"}), "forbidden", NeedsPerson),
        (httpx2.Response(413), "request-too-large", NeedsPerson),
        (httpx2.Response(415, json={"httpStatusCode": 415, "message": "no"}), "request-refused", ProtocolBroken),
        (httpx2.Response(302, headers={"location": "/login/"}), "redirect-to-login", NeedsPerson),
        (httpx2.Response(429), "busy", TryLater),
        (httpx2.ConnectError("refused"), "no-connection", TryLater),
    ],
)
def test_an_import_that_did_not_take_place_is_told_from_an_unknown_outcome(
    stage: Stage, answer: object, code: str, kind: type[CgrError]
) -> None:
    stage.on("POST", "metadata", answer)
    with stage.client() as client, pytest.raises(kind) as caught:
        client.import_units(UNITS, strategy="UPDATE", validate=False)
    assert caught.value.code == code
    assert not getattr(caught.value, "sent", False)
    assert client.requests == 1


def test_ok_with_nothing_taken_in_is_not_believed(stage: Stage) -> None:
    stage.on("POST", "metadata", ok(0, 0))
    with stage.client() as client, pytest.raises(CgrError) as caught:
        client.import_units(UNITS, strategy="UPDATE", validate=True)
    assert caught.value.code == "import-ignored"


def test_paths_are_rebuilt_by_the_maintenance_call(stage: Stage) -> None:
    stage.on("POST", "maintenance", [httpx2.Response(204), httpx2.Response(200, json={"status": "OK"})])
    with stage.client() as client:
        client.rebuild_paths()
        client.rebuild_paths()
    assert stage.queries("POST", "maintenance") == [{"ouPathsUpdate": "true"}] * 2


def test_paths_that_may_not_be_rebuilt_need_a_person(stage: Stage) -> None:
    stage.on("POST", "maintenance", httpx2.Response(403, json={"httpStatusCode": 403, "message": "Access is denied"}))
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.rebuild_paths()
    assert caught.value.code == "forbidden"


def added(updated: int, ignored: int = 0) -> dict[str, object]:
    stats = {"created": 0, "updated": updated, "deleted": 0, "ignored": ignored, "total": updated + ignored}
    return {
        "httpStatusCode": 200,
        "status": "OK",
        "response": {"responseType": "TypeReport", "status": "OK", "stats": stats},
    }


HTML_500 = httpx2.Response(
    500,
    text="<!doctype html><title>HTTP Status 500</title>Could not resolve view with name",
    headers={"content-type": "text/html"},
)
NO_GROUP_500 = httpx2.Response(
    500, json={"httpStatusCode": 500, "status": "ERROR", "message": "Index 0 out of bounds for length 0"}
)

# One row per way in which a version answers additions (O3, H10): reply, members afterwards, who is missing, re-read?
REPLIES = [
    ("2.42.5.2", httpx2.Response(200, json=added(2)), {"OuA", "OuB"}, (), False),
    ("2.42.5.2", httpx2.Response(200, json=added(1, 1)), {"OuA", "OuB"}, (), False),
    ("2.42.5.2", httpx2.Response(200, json=added(1)), {"OuA"}, ("OuB",), True),
    ("2.38.7", httpx2.Response(200, json=added(0)), set(), ("OuA", "OuB"), True),
    ("2.38.7", httpx2.Response(409, json={"httpStatusCode": 409, "message": "E1108"}), {"OuA"}, ("OuB",), True),
    ("2.36.13", httpx2.Response(204), {"OuA", "OuB"}, (), True),
    ("2.36.13", httpx2.Response(204), {"OuA"}, ("OuB",), True),
    ("2.34.2", HTML_500, {"OuA", "OuB"}, (), True),
    ("2.31.9", HTML_500, {"OuA"}, ("OuB",), True),
    ("2.33.5", httpx2.Response(404, text="<html>not found</html>"), {"OuA", "OuB"}, (), True),
]


@pytest.mark.parametrize(("version", "reply", "members", "missing", "read_again"), REPLIES)
def test_members_are_what_the_group_holds_afterwards(
    stage: Stage, version: str, reply: httpx2.Response, members: set[str], missing: tuple[str, ...], *, read_again: bool
) -> None:
    stage.version = version
    stage.on("POST", ADDITIONS, reply)
    stage.on("GET", GROUP, {"organisationUnits": [{"id": uid} for uid in {*members, "OuOther"}]})
    with stage.client() as client:
        found = client.add_to_group("GrClinics01", ["OuA", "OuB", "OuA"])
    assert (set(found.members), found.missing) == (members, missing)
    assert stage.bodies("POST", ADDITIONS) == [{"additions": [{"id": "OuA"}, {"id": "OuB"}]}]
    assert bool(stage.queries("GET", GROUP)) is read_again


def test_additions_are_sent_plain_because_only_the_importer_unpacks(stage: Stage) -> None:
    stage.on("POST", ADDITIONS, added(1))
    with stage.client() as client:
        client.add_to_group("GrClinics01", ["OuA"])
    assert "content-encoding" not in stage.asked[-1].headers
    assert stage.asked[-1].content == b'{"additions":[{"id":"OuA"}]}'


def test_the_reason_of_missing_members_is_passed_on(stage: Stage) -> None:
    stage.on("POST", ADDITIONS, httpx2.Response(409, json={"httpStatusCode": 409, "message": "Could not add item"}))
    stage.on("GET", GROUP, {"organisationUnits": []})
    with stage.client() as client:
        assert client.add_to_group("GrClinics01", ["OuA"]) == Additions(frozenset(), ("OuA",), "Could not add item")


@pytest.mark.parametrize("answer", [NO_GROUP_500, httpx2.Response(404, json={"httpStatusCode": 404, "message": "no"})])
def test_a_group_that_does_not_exist_needs_a_person(stage: Stage, answer: httpx2.Response) -> None:
    stage.on("POST", ADDITIONS, answer)
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.add_to_group("GrClinics01", ["OuA"])
    assert caught.value.code == "not-found"


def test_a_group_that_may_not_be_changed_needs_a_person(stage: Stage) -> None:
    stage.on(
        "POST",
        ADDITIONS,
        httpx2.Response(403, json={"httpStatusCode": 403, "message": "You don't have the permissions"}),
    )
    with stage.client() as client, pytest.raises(NeedsPerson) as caught:
        client.add_to_group("GrClinics01", ["OuA"])
    assert caught.value.code == "forbidden"


def test_many_members_are_sent_in_pieces(stage: Stage) -> None:
    uids = [f"Ou{number:09}" for number in range(12_000)]
    stage.on("POST", ADDITIONS, lambda _: httpx2.Response(200, json=added(5_000 if len(stage.asked) < 4 else 2_000)))
    with stage.client() as client:
        assert client.add_to_group("GrClinics01", uids).missing == ()
    assert [len(body["additions"]) for body in stage.bodies("POST", ADDITIONS)] == [5_000, 5_000, 2_000]


def test_nobody_to_add_costs_no_request(stage: Stage) -> None:
    with stage.client() as client:
        _ = client.features
        asked = client.requests
        assert client.add_to_group("GrClinics01", []) == Additions(frozenset(), ())
        assert client.requests == asked
