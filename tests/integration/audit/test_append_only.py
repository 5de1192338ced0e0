"""What stands in the audit log stays: the database itself refuses to change or delete it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from cgr.audit import actions, queries
from cgr.audit.origin import originating


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditentry SET actor = 'somebody else'",
        "UPDATE audit_auditentry SET actor = 'somebody else' WHERE false",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        "TRUNCATE audit_auditentry CASCADE",
    ],
)
def test_an_entry_can_neither_be_changed_nor_deleted(statement: str) -> None:
    actions.record("banda", "create", kind="system", subject="hmis")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert [entry.actor for entry in queries.entries()] == ["banda"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_log_is_empty_again_for_the_next_test_with_transactions_of_its_own(turn: int) -> None:
    actions.record("banda", "create", kind="system", subject=f"hmis {turn}")
    assert queries.entries().count() == 1


@pytest.mark.django_db
def test_all_that_one_command_did_carries_one_mark_and_the_next_another() -> None:
    with originating("command") as first:
        actions.record("banda", "create", kind="system", subject="one")
        actions.record_many("banda", [actions.Entry("create", "object", "two")])
    with originating("run", "7"):
        actions.record("banda", "create", kind="system", subject="three")
    actions.record("banda", "create", kind="system", subject="four")

    marks = {entry.subject: entry.origin for entry in queries.entries()}
    assert marks == {"one": first, "two": first, "three": "run:7", "four": ""}
    assert first.startswith("command:")
