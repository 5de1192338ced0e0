"""Two who make something under one name: the second waits, and then finds what the first has made."""

from __future__ import annotations

from django.db import connection


def lock_name(kind: str, name: str) -> None:
    """Wait for whoever makes or changes what has this name; the lock goes with the transaction that must be open here.

    Taken before the look whether it is there: a row that isn't there can't be locked. `kind` as in the audit log.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cgr.names'), hashtext(%s))", [f"{kind} {name}"])
