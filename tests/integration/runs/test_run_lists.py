"""Lists of runs: newest first, in the contract's shape, of the actor's organizations only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, Grant
from cgr.accounts.models import Organization
from cgr.core.errors import BadInput, NotAllowed
from cgr.runs import queries
from cgr.runs.models import Run
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

OPERATOR = Actor("cli:test", is_system_administrator=True)


def administrator(organization: str) -> Actor:
    return Actor("ada", 1, memberships=(Grant(organization, "registry-administrator"),))


@pytest.fixture
def ids(db: None) -> list[int]:  # noqa: ARG001 - asks for the database
    """Give the ids of three runs: two of MOH, then one of NMCP."""
    made = []
    for organization, config in (("MOH", "a"), ("MOH", "b"), ("NMCP", "c")):
        save_organization(OPERATOR, organization, label={"default": organization})
        save_system(
            OPERATOR,
            f"{organization}-hmis",
            organization=organization,
            label={"default": "HMIS"},
            url="https://hmis.example.org",
            sign_in=SignIn("basic", "cgr", "s3cret"),
        )
        run = Run.objects.create(
            kind=Run.Kind.SYNC,
            organization=Organization.objects.get(code=organization),
            system=ExternalSystem.objects.get(code=f"{organization}-hmis"),
            config=config,
            as_of=date(2026, 11, 23),
            summary={"counts": {"create": 1}},
            started=datetime(2026, 11, 23, 10, 51, tzinfo=UTC) if config == "b" else None,
            actor="ada",
        )
        made.append(run.pk)
    return made


def test_the_newest_comes_first_and_a_configuration_can_be_chosen(ids: list[int]) -> None:
    assert [run.pk for run in queries.runs(OPERATOR)] == ids[::-1]
    assert [run.pk for run in queries.runs(OPERATOR, config="a")] == ids[:1]
    assert not queries.runs(OPERATOR, config="").exists()


def test_runs_of_other_organizations_are_invisible(ids: list[int]) -> None:
    assert [run.pk for run in queries.runs(administrator("MOH"))] == [ids[1], ids[0]]
    assert queries.run(administrator("MOH"), str(ids[0])).config == "a"
    with pytest.raises(NotAllowed):
        queries.run(administrator("MOH"), str(ids[2]))


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "\u0661", "9" * 30, "9" * 5000, "999999999", " 1"])
def test_an_id_that_does_not_exist_is_refused_in_words(text: str) -> None:
    with pytest.raises(NotAllowed):
        queries.run(OPERATOR, text)


def test_the_list_has_the_shape_of_the_contract(ids: list[int]) -> None:
    first = queries.runs_json(queries.runs(OPERATOR, config="b"))
    assert first == [
        {
            "id": str(ids[1]),
            "kind": "sync",
            "config": "b",
            "system": "MOH-hmis",
            "state": "new",
            "started": "2026-11-23T10:51:00+00:00",
            "ended": None,
            "counts": {"create": 1},
        }
    ]


def test_a_list_asks_no_more_of_the_database_for_more_runs_that_wait(
    ids: list[int], django_assert_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    waiting = Run.objects.get(pk=ids[0])
    Run.objects.filter(pk=ids[0]).update(state=Run.State.QUEUED)
    for _ in range(5):
        waiting.pk, waiting.state = None, Run.State.QUEUED
        waiting.save()
    with django_assert_num_queries(2):
        found = queries.runs_json(queries.runs(OPERATOR, config="a"))
    assert [row.get("behind") for row in found] == [str(ids[0])] * 5 + [None]
    assert list(queries.stream_json(queries.runs(OPERATOR))) == queries.runs_json(queries.runs(OPERATOR))


def test_an_import_is_no_synchronization(ids: list[int]) -> None:
    Run.objects.filter(pk=ids[0]).update(kind=Run.Kind.IMPORT)
    with pytest.raises(BadInput, match="is an import") as refused:
        queries.sync_run(OPERATOR, str(ids[0]))
    assert refused.value.code == "not-a-synchronization"
    assert queries.sync_run(OPERATOR, str(ids[1])).config == "b"
    with pytest.raises(NotAllowed):
        queries.sync_run(administrator("MOH"), str(ids[2]))
