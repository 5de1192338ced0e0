"""A place and its people, made once for all tests of a module: hundreds of them try what each role may, and undo it."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from cgr.accounts.models import User
from cgr.core.definitions import TermDefinition, TermTreeDefinition
from cgr.registry.actions import save_term_tree

from .world import OPERATOR, make_cast, make_place, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

    from cgr.accounts.actors import Actor

    from .world import Place


@pytest.fixture(scope="module")
def _stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[Place, dict[str, Actor]]]:  # noqa: ARG001 - asks for the database
    # The transaction of each test lies in this one.
    with django_db_blocker.unblock(), transaction.atomic():
        save_term_tree(OPERATOR, TermTreeDefinition("shared", "Shared", (TermDefinition("one", "One"),)))
        place = make_place("own")
        cast = make_cast(place)
        for actor in cast.values():
            session_of(User.objects.get(pk=actor.user_id))
        yield place, cast
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def _another_place(_stage: object) -> Place:
    return make_place("other")


@pytest.fixture
def own(_stage: tuple[Place, dict[str, Actor]]) -> Place:
    """The place; what a test changes of it is its own."""
    return deepcopy(_stage[0])


@pytest.fixture
def cast(_stage: tuple[Place, dict[str, Actor]]) -> dict[str, Actor]:
    """Somebody of each role there, signed in."""
    return dict(_stage[1])


@pytest.fixture
def other(_another_place: Place) -> Place:
    """Another organization with the same things."""
    return deepcopy(_another_place)
