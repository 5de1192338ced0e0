"""What a bulk write leaves in the tables: text as it was given, no reference to nothing, drafts checked as of now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db.models import Exists, ForeignKey, OuterRef

from cgr.audit.queries import entries
from cgr.core.definitions import TypeDefinition
from cgr.core.draft_rules import checked
from cgr.core.drafts import Always, ObjectDraft
from cgr.core.errors import BadInput
from cgr.core.geometry import from_geojson
from cgr.registry.actions import Applied, ObjectsRefused, save_type, write_objects
from cgr.registry.ahead import ahead
from cgr.registry.catalogue import catalogue
from cgr.registry.models import ExternalId, GeoObject
from cgr.runs.models import RunItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.accounts.actors import Actor

HARD_TO_WRITE = 'back\\slash \\N \\. "quoted"\ttab\nline\r é 中 😀'


def country(objects: int) -> list[dict[str, Any]]:
    """A country whose facilities come before it, more than are written at a time."""
    facilities = [
        {
            "type": "facility",
            "code": f"F{number}",
            "label": "Clinic",
            "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
            "parents": {"admin": "D"},
            "external_ids": {"hmis": f"Abcdef{number:05}"},
        }
        for number in range(objects)
    ]
    return [
        *facilities,
        {"type": "district", "code": "D", "parents": {"admin": "C"}},
        {"type": "country", "code": "C"},
    ]


def test_text_arrives_as_it_was_given(apply: Callable[..., Applied]) -> None:
    code = r"a\b\N"

    apply(
        {"type": "district", "code": code},
        {
            "type": "facility",
            "code": rf"\.{code}",
            "label": {"default": HARD_TO_WRITE},
            "values": {"remarks": HARD_TO_WRITE},
            "parents": {"admin": code},
        },
    )

    one = GeoObject.objects.get(type__code="facility")
    assert one.code == rf"\.{code}"
    assert one.label[0]["value"] == {"default": HARD_TO_WRITE}
    assert one.values["remarks"][0]["value"] == HARD_TO_WRITE
    assert one.parent_edges.get().parent.code == code
    assert entries().filter(action="create", subject=rf"facility:\.{code}").exists()


def test_a_change_of_text_arrives_as_it_was_given(apply: Callable[..., Applied]) -> None:
    apply({"type": "facility", "code": "F", "label": "Clinic"})

    apply({"type": "facility", "code": "F", "label": HARD_TO_WRITE})

    assert GeoObject.objects.get().label[0]["value"] == {"default": HARD_TO_WRITE}
    assert entries().get(action="change").after == {"label": {"default": HARD_TO_WRITE}}


def test_no_row_refers_to_nothing(apply: Callable[..., Applied]) -> None:
    assert apply(*country(2500)) == Applied(created=2502)

    unchecked = [
        (model, field)
        for app in ("registry", "runs")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()  # noqa: SLF001 - Django's documented way to a model's fields
        if isinstance(field, ForeignKey) and not field.db_constraint
    ]
    assert (ExternalId, ExternalId.system.field) not in unchecked
    assert (RunItem, RunItem.run.field) in unchecked
    for model, field in unchecked:
        target = field.related_model.objects.filter(pk=OuterRef(field.attname))
        assert not model.objects.filter(~Exists(target)).exists(), (model, field)
    assert ExternalId.objects.count() == 2500
    assert {one.parent.code for one in GeoObject.objects.get(code="D").parent_edges.all()} == {"C"}


def test_every_object_gets_a_uid_of_its_own_in_order_of_time(apply: Callable[..., Applied]) -> None:
    apply(*country(1500))

    uids = set(GeoObject.objects.values_list("uid", flat=True))
    assert len(uids) == 1502
    assert {(uid.version, uid.variant) for uid in uids} == {(7, "specified in RFC 4122")}


def test_a_draft_that_was_checked_before_the_type_changed_is_checked_again(registry: Actor) -> None:
    point = from_geojson({"type": "Point", "coordinates": [1, 2]})
    draft = ObjectDraft(type="facility", code="F", key=None, geometry=Always(point))
    passed = checked(draft, catalogue(registry).definitions)
    save_type(registry, TypeDefinition(code="facility", organization="MOH", label="Facility", geometry="polygon"))

    with pytest.raises(ObjectsRefused, match="it is a Point"):
        write_objects(registry, [passed], source="import 2")


def test_what_is_made_ahead_comes_in_order_from_another_thread() -> None:
    def made() -> Iterator[tuple[int, int]]:
        for number in range(3000):
            yield number, threading.get_ident()

    found = list(ahead(made()))

    assert [number for number, _ in found] == list(range(3000))
    assert threading.get_ident() not in {thread for _, thread in found}


def test_an_error_while_making_ahead_comes_through() -> None:
    def made() -> Iterator[int]:
        yield from range(700)
        raise BadInput("the file ends here", code="cut-short", next_step="Send it again.")

    with pytest.raises(BadInput, match="ends here"):
        list(ahead(made()))


def test_whoever_stops_listening_ends_the_making() -> None:
    numbers = ahead(iter(range(10**6)))

    assert next(numbers) == 0
    numbers.close()

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
