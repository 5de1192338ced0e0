"""The right to write to one DHIS2: held by one process at a time, and lost by one that no longer gives signs of life.

The right is a lock of the database session over which a run writes its outcomes. So it ends with the process, and
whoever has lost it can't write any more either: a process that was stopped, whose right was taken over and that wakes
up later finds its session gone (R9.4). Nothing has to compare numbers at every write, and nothing can forget to.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from django.db import connection

from cgr.core.errors import BadInput
from cgr.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.systems.models import ExternalSystem

SIGN_OF_LIFE_S = 30.0
"""A process that wrote no progress for so long has died, hangs or was stopped; it writes once a second."""

_END_SESSION_MS = 10_000
_NO_SYSTEM = 0


class SystemBusy(BadInput):
    """Another run writes to this DHIS2: wait for its end."""


@contextmanager
def sole_writer(system: ExternalSystem | None) -> Iterator[None]:
    """Hold the right to write to one DHIS2 while the block runs; it ends with the session, so a crash frees it.

    None: the right to import a file, which concerns no DHIS2; of those, too, one goes on at a time.

    Raises `SystemBusy`, naming the run that has it. Parallel imports gain nothing on a DHIS2 and can dead-lock there
    (verified facts, section 7).
    """
    key = system.pk if system else _NO_SYSTEM
    if not _try_lock(key):
        _end_silent_holder(key)
        if not _try_lock(key):
            raise _busy(system)
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('cgr.runs'), %s)", [key])


def require_right(run: Run) -> None:
    """Refuse to go on unless this very session holds the right to write to the run's DHIS2.

    To be asked right before a request is sent, and before the end of a run is written down: only then can a session
    that replaced a lost one do harm. Raises `SystemBusy`, or what the database raises when the session is gone.

    The question itself is a sign of life, so nobody takes the right over for `SIGN_OF_LIFE_S` after it: an answer that
    arrives later than that, because the process was stopped meanwhile, says nothing and is asked for again.
    """
    answered_in_time = False
    while not answered_in_time:
        asked = monotonic()
        with connection.cursor() as cursor:
            cursor.execute(_HOLDER, {"system": run.system_id or _NO_SYSTEM, "silence": SIGN_OF_LIFE_S})
            holds = any(pid == own for pid, own, _ in cursor.fetchall())
        if not holds:
            raise SystemBusy(
                f"Run {run.pk} was taken over by another process; nothing more is sent from here.",
                code="run-taken-over",
                next_step=f"See what it does: cgr sync report {run.pk}",
            )
        answered_in_time = monotonic() - asked < SIGN_OF_LIFE_S / 2


# Whoever holds the lock of a system (an "advisory" one with two numbers), who asks, and whether the holder is silent:
# no sign of life, and no statement either, since a session that just begins may have given its last sign long ago.
_HOLDER = (
    "SELECT pid, pg_backend_pid(),"
    " coalesce((SELECT max(seen) < now() - %(silence)s * interval '1 second' FROM runs_runprogress"
    " WHERE session = pid), true) AND EXISTS (SELECT FROM pg_stat_activity AS session WHERE session.pid = pg_locks.pid"
    " AND session.state_change < now() - %(silence)s * interval '1 second')"
    " FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = hashtext('cgr.runs')::bigint & 4294967295 AND objid::bigint = %(system)s"
)


def _try_lock(system: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('cgr.runs'), %s)", [system])
        row = cursor.fetchone()
    return bool(row and row[0])


def _end_silent_holder(system: int) -> None:
    """End the session of whoever holds the right without a sign of life; it can't write to the database again."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDER, {"system": system, "silence": SIGN_OF_LIFE_S})
        for pid, _, silent in cursor.fetchall():
            if silent:
                cursor.execute("SELECT pg_terminate_backend(%s, %s)", [pid, _END_SESSION_MS])


def _busy(system: ExternalSystem | None) -> SystemBusy:
    ahead = Run.objects.filter(system=system, state=Run.State.RUNNING).order_by("started").first()
    by = f"run {ahead.pk} of {ahead.actor}" if ahead else "another process"
    return SystemBusy(
        f'"{system.code}" is being written to by {by} at the moment.' if system else f"A file is imported by {by}.",
        code="system-busy",
        next_step="Wait until it has ended: cgr sync runs shows it.",
    )


def is_abandoned(run: Run) -> bool:
    """Say whether nobody works on a run any more: its session has ended, or gave no sign of life for too long."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM runs_runprogress WHERE run_id = %s AND seen > now() - %s * interval '1 second'"
            " AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = session)",
            [run.pk, SIGN_OF_LIFE_S],
        )
        return cursor.fetchone() is None
