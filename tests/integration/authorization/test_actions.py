"""Every function that takes an actor × every role × the own and another organization, against the table in the docs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from cgr.accounts.actors import actor_of
from cgr.core.errors import CgrError, NotAllowed
from cgr.core.schedule import Schedule
from cgr.sync.configs import save_config

from .calls import CALLS, functions_of_actors
from .world import ROLES, Place, take_away

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor

    from .calls import Call

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "authorization.md").read_text("utf-8")
SHARED_BY_ALL = {
    "registry.actions.deleting.delete_term_tree",
    "configuration.deleting.breaking_term",
    "configuration.deleting.breaking_term_tree",
    "configuration.deleting.delete_term_tree",
    "configuration.deleting.remove_term",
    "registry.actions.terms.save_term_tree",
    "registry.actions.terms.save_term",
    "registry.actions.terms.place_term",
    "registry.actions.terms.remove_term",
    "registry.queries.definitions.export_term_trees",
    # A DHIS2 that is open to people is offered on the sign-in page, to everybody.
    "systems.linking.begin_link",
    "systems.linking.complete_link",
}


def table(title: str) -> dict[str, list[str]]:
    """The rows below a heading of the page, by what stands in their first cell."""
    below = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in below.splitlines() if line[:3] == "| `"]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


ACTIONS = table("Actions and questions")
STEPS = table("Steps of an action")


def let_through(call: Call, actor: Actor, place: Place) -> bool:
    """Try it, and undo it."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                answer = call(actor, place)
        except NotAllowed:
            answer = False
        except CgrError:  # it got as far as to find something else wrong
            answer = True
        transaction.set_rollback(True)
    return answer is not False


def refusal(call: Call, actor: Actor, place: Place) -> str:
    """What it says to somebody who isn't let through, "" if nothing; and undo it."""
    words = ""
    with transaction.atomic():
        try:
            with transaction.atomic():
                call(actor, place)
        except CgrError as error:
            words = f"{error.code}: {error}"
        transaction.set_rollback(True)
    return words


def test_every_function_that_takes_an_actor_has_a_row_and_a_call_and_there_are_no_others() -> None:
    assert ACTIONS.keys() | STEPS.keys() == functions_of_actors()
    assert ACTIONS.keys() == CALLS.keys()
    assert {cells[0].strip("`") for cells in STEPS.values()} <= ACTIONS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_it_is_let_through_for_the_roles_that_the_table_says_and_in_their_own_organization_only(
    name: str, own: Place, other: Place, cast: dict[str, Actor]
) -> None:
    found = [let_through(CALLS[name], cast[role], own) for role in ROLES]
    assert dict(zip(ROLES, found, strict=True)) == {
        role: cell == "✓" for role, cell in zip(ROLES, ACTIONS[name], strict=True)
    }
    if name not in SHARED_BY_ALL:
        elsewhere = {role for role in ROLES if let_through(CALLS[name], cast[role], other)}
        assert elsewhere <= {"system-administrator"}


@pytest.mark.parametrize("name", [name for name in CALLS if name not in SHARED_BY_ALL])
def test_what_is_of_another_organization_is_refused_in_the_words_for_what_is_not_there(
    name: str, other: Place, cast: dict[str, Actor]
) -> None:
    strangers = [cast[role] for role in ROLES if role != "system-administrator"]
    foreign = [refusal(CALLS[name], actor, other) for actor in strangers]
    with transaction.atomic():
        take_away(other)
        absent = [refusal(CALLS[name], actor, other) for actor in strangers]
        transaction.set_rollback(True)
    assert foreign == absent


def test_a_token_neither_links_nor_unlinks_the_own_account(own: Place, cast: dict[str, Actor]) -> None:
    program = replace(cast["registry-administrator"], scopes=frozenset({"read", "write", "sync", "admin"}))
    for name in ("systems.linking.begin_link", "systems.linking.complete_link"):
        assert refusal(CALLS[name], program, own).startswith("not-signed-in")
    person = actor_of(own.member)
    assert let_through(CALLS["systems.linking.unlink_account"], person, own)
    assert not let_through(CALLS["systems.linking.unlink_account"], replace(person, scopes=frozenset({"read"})), own)


def test_a_token_without_the_scope_sync_sets_no_schedule_by_changing_a_configuration(
    own: Place, cast: dict[str, Actor]
) -> None:
    person = cast["registry-administrator"]

    def schedules(actor: Actor, place: Place) -> None:
        save_config(
            actor,
            code=f"{place.word}-sync",
            organization=place.code,
            label={"default": "Other"},
            hierarchy=f"{place.word}-tree",
            system=place.system.code,
            settings=place.mapping,
            schedule=Schedule("0 3 * * *"),
        )

    assert let_through(schedules, person, own)
    assert let_through(schedules, replace(person, scopes=frozenset({"write", "sync"})), own)
    assert not let_through(schedules, replace(person, scopes=frozenset({"write"})), own)


def test_the_table_says_only_yes_and_no() -> None:
    cells = {cell for row in ACTIONS.values() for cell in row}
    assert cells == {"✓", "–"}
    assert all(re.fullmatch(r"[a-z_.0-9]+", name) for name in ACTIONS)
