"""Every wrong answer at every request of a run: what was said to be done is done, and going on ends as undisturbed.

The same edits as in the matrix of dying workers (test_fault_matrix.py), here in one process and without waiting.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from cgr.core.errors import CgrError
from cgr.dhis2.connection import Timeouts
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve

from .country import ID_OF, Country, errors, outcomes
from .mappable import OWNER, OWNERSHIP_IN_DHIS2, PUBLIC, definitions_with
from .thorough import CHANGED, EDITS, FACILITY, REFUSED, country_in, seen_from_outside, troubled_world, what

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.world import World

pytestmark = pytest.mark.django_db
PATIENCE_S = 0.5
TOO_LATE = {"silence beyond the time-out", "done after the time-out"}

ANSWERS: dict[str, Callable[[], Fault]] = {
    "401, the token has expired": lambda: Fault("refuse-auth"),
    "403": lambda: Fault("status", status=403),
    "409 without a report": lambda: Fault("status", status=409),
    "429 with Retry-After": lambda: Fault("status", status=429, retry_after="7"),
    "429 that asks for an hour": lambda: Fault("status", status=429, retry_after="3600"),
    "500": lambda: Fault("status", status=500),
    "502 with a proxy's page": lambda: Fault("status", status=502),
    "504 though it was done": lambda: Fault("status-after", status=504),
    "truncated body": lambda: Fault("truncated"),
    "cut before": lambda: Fault("cut-before"),
    "cut after": lambda: Fault("cut-after"),
    "silence beyond the time-out": lambda: Fault("hang"),
    "done after the time-out": lambda: Fault("slow", seconds=2 * PATIENCE_S),
    "redirect to a login page": lambda: Fault("redirect"),
    "a login page": lambda: Fault("html"),
}
REQUESTS = [("owners", 1), ("commit", 1), ("commit", 2), ("commit", 5), ("members", 1), ("group", 2), ("paths", 1)]


def edited_country(world: World) -> Iterator[Country]:
    server = serve(world)
    country = Country(server)
    country.configure(definitions=definitions_with(OWNER), facility=FACILITY)
    country.write(*country_in(["hmis"]))
    country.write(*EDITS)
    yield country
    server.close()


@pytest.fixture
def country(monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    """The country with all edits to be sent."""
    monkeypatch.setenv("TEST_PASSWORD", "district")
    yield from edited_country(troubled_world())


@pytest.fixture(scope="module")
def undisturbed(request: pytest.FixtureRequest, django_db_blocker: Any) -> dict[str, Any]:
    """What the DHIS2 looks like after a run that nothing disturbs."""
    request.getfixturevalue("django_db_setup")
    with pytest.MonkeyPatch.context() as monkeypatch, django_db_blocker.unblock(), transaction.atomic():
        monkeypatch.setenv("TEST_PASSWORD", "district")
        for country in edited_country(troubled_world()):
            country.sync()
            seen = seen_from_outside(country.world)
        transaction.set_rollback(True)
    return seen


@contextlib.contextmanager
def patience(answer: str) -> Iterator[None]:
    """Have somebody with little patience ask, where the answer is about that."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        if answer in TOO_LATE:
            impatient = Timeouts(read=PATIENCE_S, slow_read=PATIENCE_S)
            monkeypatch.setattr("cgr.systems.connection.Timeouts", lambda: impatient)
        yield


def aim(fault: Fault, request: str, nth: int) -> Fault:
    """Have a fault happen to the nth request of a kind only."""
    fault.only = lambda asked: what(asked) == request
    fault.after = nth - 1
    return fault


def at(country: Country, request: str, nth: int, happen: Callable[[], object]) -> None:
    """Have something happen before DHIS2 handles the nth request of a kind."""
    country.world.faults.add(aim(Fault("call", call=lambda *_: happen()), request, nth))


@pytest.mark.parametrize(("request_kind", "nth"), REQUESTS, ids=[f"{kind} {nth}" for kind, nth in REQUESTS])
@pytest.mark.parametrize("answer", ANSWERS)
def test_after_a_wrong_answer_the_run_goes_on_to_the_same_end(
    country: Country, undisturbed: dict[str, Any], answer: str, request_kind: str, nth: int
) -> None:
    plan = country.plan()
    fault = country.world.faults.add(aim(ANSWERS[answer](), request_kind, nth))
    with patience(answer), contextlib.suppress(CgrError):
        country.apply(plan)
    report = country.report(plan)
    if report["state"] == "failure":
        assert report["error"]["next_step"]
        assert set(outcomes(report).values()) <= {"done", "failed", "skipped", "unknown"}
        report = country.resume(plan)
    assert fault.done == 1
    assert set(outcomes(report)) == CHANGED
    assert None not in outcomes(report).values()
    if set(errors(report)) != {REFUSED}:  # what DHIS2 refused for good, as a group we may not change, is told
        country.sync()
    assert seen_from_outside(country.world) == undisturbed
    assert [change["object"]["code"] for change in country.plan()["changes"]] == [REFUSED]


def test_an_attribute_removed_while_a_run_goes_on_stops_only_what_needs_it(country: Country) -> None:
    plan = country.plan()
    at(country, "commit", 1, partial(forget, country, "attributes", OWNERSHIP_IN_DHIS2))
    report = country.apply(plan)
    assert report["state"] == "warning"
    assert {code for code, outcome in outcomes(report).items() if outcome == "done"} == {"X", "A", "F2", "F4"}
    assert all(error["next_step"] for error in errors(report).values())
    later = country.plan()
    assert any(OWNERSHIP_IN_DHIS2 in finding["message"] for finding in later["findings"])
    assert {"X1", "X2", "F1"} <= set(outcomes(country.apply(later)))
    assert {"X1", "X2"} <= {unit["code"] for unit in country.world.units().values()}


def test_a_group_removed_while_a_run_goes_on_stops_only_itself(country: Country, undisturbed: dict[str, Any]) -> None:
    plan = country.plan()
    at(country, "commit", 1, partial(forget, country, "organisationUnitGroups", PUBLIC))
    report = country.apply(plan)
    assert set(errors(report)) == {REFUSED, "X1"}
    assert errors(report)["X1"]["property"] == "groups"
    seen = seen_from_outside(country.world)
    assert seen["units"] == undisturbed["units"]
    assert {**seen["groups"], PUBLIC: undisturbed["groups"][PUBLIC]} == undisturbed["groups"]
    assert any(PUBLIC in finding["message"] for finding in country.plan()["findings"])


def test_a_unit_deleted_between_reading_and_writing_it_is_not_made_again(country: Country) -> None:
    plan = country.plan()
    at(country, "commit", 4, partial(country.delete_unit, "F2"))
    report = country.apply(plan)
    assert {code for code, outcome in outcomes(report).items() if outcome != "done"} == {"F2", REFUSED}
    assert country.world.unit(ID_OF["F2"]) is None
    assert [problem["object"]["code"] for problem in country.plan()["problems"]] == ["F2"]


def forget(country: Country, plural: str, uid: str) -> None:
    """Remove an object as an administrator of the DHIS2 would."""
    del country.world.objects[plural][uid]
    country.world.objects_version += 1
