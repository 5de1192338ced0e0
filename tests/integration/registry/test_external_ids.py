"""External ids (R0.5): reserved, confirmed, released by synchronisation; set and cleared by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.drafts import ObjectDraft
from cgr.core.errors import BadInput, NotAllowed
from cgr.registry import queries
from cgr.registry.actions import (
    confirm_external_ids,
    release_external_ids,
    reserve_external_ids,
    write_objects,
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


def give(actor: Actor, code: str, value: str | None, *, of: str = "facility") -> bool:
    """Whether it changes anything that an object is called so in the HMIS from now on."""
    draft = ObjectDraft(type=of, code=code, line=1, external_ids={"hmis": value})
    return write_objects(actor, [draft], source="a test").changed == 1


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


@pytest.mark.usefixtures("keys")
def test_an_id_is_set_and_cleared(registry: Actor) -> None:
    assert give(registry, "F1", FIRST)
    assert not give(registry, "F1", FIRST)
    assert ids() == {"F1": (FIRST, "confirmed")}
    assert GeoObject.objects.get(code="F1").version == 2

    assert give(registry, "F1", None)
    assert ids() == {}
    change = entries(kind="geo-object")[0]
    assert (change.before, change.after) == ({"external_ids.hmis": FIRST}, {"external_ids.hmis": None})


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("value", "words"), [("12", "eleven letters or digits"), (SECOND, 'belongs to facility "F2"')])
def test_an_id_that_cannot_be_is_refused(registry: Actor, value: str, words: str) -> None:
    give(registry, "F2", SECOND)

    with pytest.raises(BadInput, match=words):
        give(registry, "F1", value)

    assert ids() == {"F2": (SECOND, "confirmed")}


def test_only_who_edits_the_type_sets_an_id_and_only_administrators_reserve(keys: dict[str, int]) -> None:
    maintainer = Actor(
        name="mo", user_id=1, memberships=(Grant("MOH", "registry-maintainer", frozenset({"facility"})),)
    )
    stranger = Actor(name="eve", user_id=2, memberships=(Grant("LANDS", "registry-administrator"),))

    assert give(maintainer, "F1", FIRST)
    for actor, code, of in ((maintainer, "D", "district"), (stranger, "F1", "facility")):
        with pytest.raises(BadInput):
            give(actor, code, SECOND, of=of)
    for actor in (maintainer, stranger):
        with pytest.raises(NotAllowed):
            reserve_external_ids(actor, "hmis", [(keys["F2"], SECOND)])
    assert ids() == {"F1": (FIRST, "confirmed")}


def test_confirmed_ids_are_told_from_reserved_ones(registry: Actor, keys: dict[str, int]) -> None:
    give(registry, "F1", FIRST)
    reserve_external_ids(registry, "hmis", [(keys["F2"], SECOND)])

    assert queries.confirmed_ids("hmis", [keys["F1"], keys["F2"]]) == {keys["F1"]: FIRST}
    assert queries.confirmed_ids("lmis", [keys["F1"]]) == {}


@pytest.mark.usefixtures("keys")
def test_a_system_that_ids_refer_to_cannot_be_deleted(registry: Actor) -> None:
    give(registry, "F1", FIRST)

    with pytest.raises(BadInput, match="in use"):
        delete_system(registry, "hmis")

    assert ids() == {"F1": (FIRST, "confirmed")}
