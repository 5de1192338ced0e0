"""One writer of the registry at a time: what a bulk write checked as a whole only holds while nobody else writes."""

from __future__ import annotations

from django.db import connection

# Any number will do, as long as nobody else uses it in this database.
_REGISTRY_LOCK = 0x6367_7272


def lock_registry() -> None:
    """Wait for the other writer to finish; the lock goes with the transaction that must be open here."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_REGISTRY_LOCK])
