"""The trail of changes."""

from __future__ import annotations

import pytest

from cgr.audit import actions, queries
from cgr.audit.saving import difference, record_saved

pytestmark = pytest.mark.django_db


class Somebody:
    name = "banda"


def test_an_entry_keeps_who_what_and_both_sides() -> None:
    actions.record("system:import", "change", kind="system", subject="hmis", before={"url": "a"}, after={"url": "b"})

    entry = queries.entries(kind="system").get()
    assert (entry.actor, entry.action, entry.subject) == ("system:import", "change", "hmis")
    assert (entry.before, entry.after) == ({"url": "a"}, {"url": "b"})
    assert entry.at is not None


def test_many_entries_are_kept_in_order_with_all_their_characters() -> None:
    labels = ["tab\there", "line\nbreak", "back\\slash", "\\N", "Côte d’Ivoire", '{"json": "in text"}']
    actions.record_many(
        Somebody(),
        (
            actions.Entry("change", "object", f"facility:F{number}", "MOH", before=None, after={"label": label})
            for number, label in enumerate(labels)
        ),
    )

    kept = list(queries.entries(kind="object").order_by("id"))
    assert [entry.after for entry in kept] == [{"label": label} for label in labels]
    assert [entry.subject for entry in kept] == [f"facility:F{number}" for number in range(len(labels))]
    assert {(entry.actor, entry.before) for entry in kept} == {("banda", None)}


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": {"from": 2, "to": 3}}),
        ({}, {"a": 1}, {"a": {"from": None, "to": 1}}),
        ({"a": 1}, {}, {"a": {"from": 1, "to": None}}),
    ],
)
def test_the_difference_names_what_differs(
    before: dict[str, object], after: dict[str, object], fields: dict[str, object]
) -> None:
    assert difference(before, after) == fields


def test_a_change_is_logged_with_only_the_fields_that_changed() -> None:
    saved = record_saved(
        Somebody(), kind="system", subject="hmis", organization="MOH", before={"a": 1, "b": 2}, after={"a": 1, "b": 3}
    )

    assert not saved.created
    entry = queries.entries().get()
    assert (entry.before, entry.after) == ({"b": 2}, {"b": 3})


def test_what_did_not_change_is_not_logged() -> None:
    assert record_saved(
        Somebody(), kind="system", subject="hmis", organization="MOH", before={"a": 1}, after={"a": 1}
    ).unchanged
    assert not queries.entries().exists()
