"""A run that signs in by OAuth2: a token that ends in the middle, a sign-in that ends, a system that is disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connections

from cgr.core.errors import BadInput, NeedsPerson
from cgr.imports.actions import Request, import_units
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sandbox.routes.oauth_legacy import LegacyGrants
from cgr.systems import queries
from cgr.systems.actions import disable_system, enable_system
from cgr.systems.connection import open_client
from cgr.systems.models import SystemTokens

from ..integration.systems.oauth_stage import Stage, make_due  # noqa: TID252 - tests are no installed package
from .country import facility, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.http import Request as Sent
    from cgr.sandbox.world import World

    from .country import Country

IMPORT = "/api/metadata"


def signed_in(country: Country) -> Stage:
    """Have the registry sign in to the country's DHIS2 by OAuth2 and a person's consent."""
    stage = Stage(country)
    stage.register()
    stage.connect()
    return stage


def end_token(world: World, _sent: Sent) -> None:
    for grant in world.state(LegacyGrants).grants:
        grant.access = "ended"


def end_sign_in(world: World, _sent: Sent) -> None:
    for grant in world.state(LegacyGrants).grants:
        grant.access = grant.refresh = "ended"
        grant.expires = 0


@pytest.mark.django_db
def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed_and_nobody_notices(
    make_country: Callable[..., Country],
) -> None:
    country = make_country("2.40")
    signed_in(country)
    country.write(facility("F9", "A"))
    plan = country.plan()
    ended = country.world.faults.add(Fault("call", method="POST", path=IMPORT, call=end_token))

    report = country.apply(plan)

    assert ended.done == 1
    assert report["state"] == "success"
    assert outcomes(report) == {"F9": "done"}
    assert country.unit_by_code("F9")["name"] == "Facility F9"


@pytest.mark.django_db
def test_a_sign_in_that_ends_stops_the_run_and_after_signing_in_again_it_is_resumed(
    make_country: Callable[..., Country],
) -> None:
    country = make_country("2.40")
    stage = signed_in(country)
    country.write(facility("F9", "A"), facility("F8", "A"))
    plan = country.plan()
    # The first import is the validation of the plan; it is over.
    country.world.faults.add(Fault("call", method="POST", path=IMPORT, call=end_sign_in))

    with pytest.raises(NeedsPerson) as caught:
        country.apply(plan)

    assert caught.value.code == "sign-in-again"
    run = country.run(plan)
    assert run.state == Run.State.FAILURE
    assert run.error["code"] == "sign-in-again"
    with pytest.raises(NeedsPerson):
        country.resume(plan)

    stage.connect()
    report = country.resume(plan)
    assert report["state"] == "success"
    assert set(outcomes(report).values()) == {"done"}
    codes = [unit.get("code") for unit in country.world.units().values()]
    assert (codes.count("F8"), codes.count("F9")) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_thread_that_reads_ahead_may_be_the_one_that_renews(make_country: Callable[..., Country]) -> None:
    country = make_country("2.40")
    signed_in(country)
    before = bytes(SystemTokens.objects.get().sealed)
    system = queries.system(country.actor, "hmis")

    with open_client(system) as client:
        pages = client.stream_units(page_size=1)
        next(pages)
        country.world.faults.add(Fault("call", path="/api/organisationUnits", call=end_token))
        assert len(list(pages)) > 1

    assert bytes(SystemTokens.objects.get().sealed) != before
    connections.close_all()


@pytest.mark.django_db
def test_a_token_that_is_due_is_renewed_before_the_plan(make_country: Callable[..., Country]) -> None:
    country = make_country("2.42")
    signed_in(country)
    make_due()
    country.write(facility("F9", "A"))
    assert country.sync()["state"] == "success"


@pytest.mark.django_db
def test_a_disabled_system_is_neither_planned_for_nor_written_to_nor_read(country: Country) -> None:
    country.write(facility("F9", "A"))
    plan = country.plan()
    disable_system(country.actor, "hmis")
    sent = len(country.world.units())

    for ask in (
        country.plan,
        lambda: country.apply(plan),
        lambda: import_units(
            country.actor, Request(system="hmis", hierarchy="admin", levels={1: "country", 2: "region"})
        ),
    ):
        with pytest.raises(BadInput) as caught:
            ask()
        assert caught.value.code == "system-disabled"
        assert "disabled" in caught.value.message
    assert len(country.world.units()) == sent
    assert country.run(plan).state == Run.State.NEW

    enable_system(country.actor, "hmis")
    assert outcomes(country.apply(plan)) == {"F9": "done"}
