"""External ids (R0.5): reserved, confirmed, released by synchronisation; set and cleared by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed
from cgr.registry import queries
from cgr.registry.actions import (
    confirm_external_ids,
    release_external_ids,
    reserve_external_ids,
    set_external_id,
)
from cgr.registry.models import ExternalId, GeoObject
from cgr.systems.actions import delete_system

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.registry.actions import Applied

FIRST, SECOND = "DiszpKrYNg8", "oRVt7g429ZO"


@pytest.fixture
def keys(apply: Callable[..., Applied]) -> dict[str, int]:
    """Two facilities and a district without ids: code → key."""
    apply(
        {"type": "facility", "code": "F1"},
        {"type": "facility", "code": "F2"},
        {"type": "district", "code": "D"},
    )
    return dict(GeoObject.objects.values_list("code", "pk"))


def ids() -> dict[str, tuple[str, str]]:
    rows = ExternalId.objects.values_list("object__code", "value", "state")
    return {code: (value, state) for code, value, state in rows}


def test_ids_are_reserved_then_confirmed_or_released(registry: Actor, keys: dict[str, int]) -> None:
    reserve_external_ids(registry, "hmis", [(keys["F1"], FIRST), (keys["F2"], SECOND)])
    assert ids() == {"F1": (FIRST, "reserved"), "F2": (SECOND, "reserved")}

    assert confirm_external_ids(registry, "hmis", [keys["F1"]]) == 1
    assert release_external_ids(registry, "hmis", [keys["F1"], keys["F2"]]) == 1

    assert ids() == {"F1": (FIRST, "confirmed")}
    assert GeoObject.objects.get(code="F1").version == 1
    assert [entry.action for entry in entries(kind="external-ids")] == ["release", "confirm", "reserve"]


def test_reserving_the_same_again_after_a_crash_is_fine(registry: Actor, keys: dict[str, int]) -> None:
    for _ in range(2):
        reserve_external_ids(registry, "hmis", [(keys["F1"], FIRST)])

    assert ids() == {"F1": (FIRST, "reserved")}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("F1", SECOND),  # the object has another id
        ("F2", FIRST),  # another facility has the id
    ],
)
def test_a_reservation_that_clashes_reserves_nothing(
    registry: Actor, keys: dict[str, int], code: str, value: str
) -> None:
    reserve_external_ids(registry, "hmis", [(keys["F1"], FIRST)])

    with pytest.raises(BadInput, match=f'facility "{code}"') as refused:
        reserve_external_ids(registry, "hmis", [(keys["D"], FIRST), (keys[code], value)])

    assert refused.value.code == "external-id-taken"
    assert ids() == {"F1": (FIRST, "reserved")}


def test_an_object_that_is_gone_cannot_get_an_id(registry: Actor, keys: dict[str, int]) -> None:  # noqa: ARG001 - objects have to be there
    with pytest.raises(BadInput, match="gone"):
        reserve_external_ids(registry, "hmis", [(-1, FIRST)])


def test_a_person_sets_and_clears_an_id(registry: Actor, keys: dict[str, int]) -> None:
    assert set_external_id(registry, keys["F1"], system="hmis", value=FIRST)
    assert not set_external_id(registry, keys["F1"], system="hmis", value=FIRST)
    assert ids() == {"F1": (FIRST, "confirmed")}
    assert GeoObject.objects.get(code="F1").version == 2

    assert set_external_id(registry, keys["F1"], system="hmis", value=None)
    assert ids() == {}
    change = entries(kind="geo-object")[0]
    assert (change.before, change.after) == ({"external_ids.hmis": FIRST}, {"external_ids.hmis": None})


@pytest.mark.parametrize(("value", "words"), [("12", "eleven letters or digits"), (SECOND, 'belongs to facility "F2"')])
def test_an_id_that_cannot_be_is_refused(registry: Actor, keys: dict[str, int], value: str, words: str) -> None:
    set_external_id(registry, keys["F2"], system="hmis", value=SECOND)

    with pytest.raises(BadInput, match=words):
        set_external_id(registry, keys["F1"], system="hmis", value=value)

    assert ids() == {"F2": (SECOND, "confirmed")}


def test_only_who_edits_the_type_sets_an_id_and_only_administrators_reserve(keys: dict[str, int]) -> None:
    maintainer = Actor(
        name="mo", user_id=1, memberships=(Grant("MOH", "registry-maintainer", frozenset({"facility"})),)
    )
    stranger = Actor(name="eve", user_id=2, memberships=(Grant("LANDS", "registry-administrator"),))

    assert set_external_id(maintainer, keys["F1"], system="hmis", value=FIRST)
    for actor, key in ((maintainer, keys["D"]), (stranger, keys["F1"])):
        with pytest.raises(NotAllowed):
            set_external_id(actor, key, system="hmis", value=SECOND)
    for actor in (maintainer, stranger):
        with pytest.raises(NotAllowed):
            reserve_external_ids(actor, "hmis", [(keys["F2"], SECOND)])
    assert ids() == {"F1": (FIRST, "confirmed")}


def test_ids_are_listed(registry: Actor, keys: dict[str, int]) -> None:
    set_external_id(registry, keys["F1"], system="hmis", value=FIRST)
    reserve_external_ids(registry, "hmis", [(keys["F2"], SECOND)])

    assert list(queries.external_ids("hmis")) == [(FIRST, keys["F1"], False), (SECOND, keys["F2"], True)]
    assert queries.confirmed_ids("hmis", [keys["F1"], keys["F2"]]) == {keys["F1"]: FIRST}
    assert list(queries.external_ids("lmis")) == []


def test_a_system_that_ids_refer_to_cannot_be_deleted(registry: Actor, keys: dict[str, int]) -> None:
    set_external_id(registry, keys["F1"], system="hmis", value=FIRST)

    with pytest.raises(BadInput, match="in use"):
        delete_system(registry, "hmis")

    assert ids() == {"F1": (FIRST, "confirmed")}
