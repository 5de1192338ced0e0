"""Handing work to the engine, and finding work that a dead worker left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORK = "work"
HOUSEKEEPING = "housekeeping"
STALLED_S = 30.0
"""A worker that gave no sign of life for so long is taken for dead; it gives one every ten seconds."""


def enqueue(task: str, *, lock: str, run: int) -> None:
    """Have a worker do `task(run)`, once the present transaction is committed; of one lock only one at a time."""
    try:
        app.configure_task(task, queue=WORK, lock=lock).defer(run=run)
    except ConnectorException as error:
        # Told as the database's own errors are elsewhere: then what was begun is taken up again.
        raise OperationalError(*(error.__cause__ or error).args) from error


@transaction.atomic
def rescue(abandoned: Sequence[int]) -> int:
    """Give jobs whose worker died to another, and those of runs that are known to be abandoned; returns how many.

    In SQL, because the engine's own way needs its asynchronous connector and a call for each job. The row lock keeps
    two rescuers apart; a worker that was only slow finds its run taken and does nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT job.id FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker"
            " ON worker.id = job.worker_id WHERE job.status = 'doing' AND job.queue_name = %s AND"
            " (worker.id IS NULL OR worker.last_heartbeat < now() - %s * interval '1 second'"
            " OR (job.args->>'run')::bigint = ANY(%s)) FOR UPDATE OF job SKIP LOCKED",
            [WORK, STALLED_S, list(abandoned)],
        )
        stalled = [job for (job,) in cursor.fetchall()]
        for job in stalled:
            cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job])
    return len(stalled)


def forgotten(runs: Iterable[int]) -> list[int]:
    """Give those of the runs that no job in the queue or in a worker's hands is about."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run FROM unnest(%s::bigint[]) AS run WHERE NOT EXISTS (SELECT FROM procrastinate_jobs"
            " WHERE status IN ('todo', 'doing') AND queue_name = %s AND (args->>'run')::bigint = run) ORDER BY run",
            [list(runs), WORK],
        )
        return [run for (run,) in cursor.fetchall()]
