"""Telling the world how far a run is: a thread with a database connection of its own writes it down once a second.

What it writes can be seen at once, also while the run's own connection is in the middle of a transaction, and it is the
sign of life that the right to write to a DHIS2 depends on (`runs/ownership.py`).
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection, connections

from cgr.runs.models import Run, RunProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.core.progress import Meter

_EVERY_S = 1.0
_JOIN_S = 10.0

_WRITE = (
    "INSERT INTO runs_runprogress (run_id, step, steps_done, done, total, since, requests, waited_s, worked_s, process,"
    " session, seen) SELECT %s, %s, %s, %s, %s, now() - %s * interval '1 second', %s, %s, %s, %s, pid, now()"
    " FROM pg_stat_activity WHERE pid = %s"
    " ON CONFLICT (run_id) DO UPDATE SET step = excluded.step, steps_done = excluded.steps_done, done = excluded.done,"
    " total = excluded.total, since = excluded.since, requests = excluded.requests, waited_s = excluded.waited_s,"
    " worked_s = excluded.worked_s, process = excluded.process, session = excluded.session, seen = excluded.seen"
    # Somebody who only tries to take over a run that is alive doesn't speak for it.
    " WHERE runs_runprogress.session = excluded.session OR runs_runprogress.seen < now() - interval '3 seconds'"
    " OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = runs_runprogress.session)"
)


class Recorder:
    """Follows `cgr.core.progress.Progress` and keeps what a run's page shows; used from the thread that works."""

    def __init__(self, run: int) -> None:
        """Begin at nothing; nothing is written before the thread starts."""
        self._run = run
        self._lock = threading.Lock()
        self._began = monotonic()
        self._step = ""
        self._steps_done: list[str] = []
        self._done = 0
        self._total: int | None = None
        self._since = monotonic()
        self._meter: Meter | None = None
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (self._session,) = cursor.fetchone()

    def step(self, name: str, total: int | None = None) -> None:
        """Begin a step; `total` is the number of units it will go through, when known."""
        with self._lock:
            if self._step and self._step not in self._steps_done:
                self._steps_done.append(self._step)
            self._step, self._done, self._total, self._since = name, 0, total, monotonic()

    def advance(self, units: int) -> None:
        """Count units done in the present step."""
        with self._lock:
            self._done += units

    def measure(self, meter: Meter) -> None:
        """Take the count of requests and the seconds spent on them from here on from this meter."""
        with self._lock:
            self._meter = meter

    def write(self) -> None:
        """Write down the present state, over the connection of the thread that calls.

        Not when the session that does the run has ended: then the run is another process's.
        """
        now = monotonic()
        with self._lock:
            meter = self._meter
            values = [
                self._run,
                self._step,
                list(self._steps_done),
                self._done,
                self._total,
                now - self._since,
                meter.requests if meter else 0,
                meter.seconds_in_requests if meter else 0.0,
                now - self._began,
                self._process,
                self._session,
            ]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, values)


@contextmanager
def recording(run: Run) -> Iterator[Recorder]:
    """Give a progress that is written down about once a second while the block runs, and once more at its end."""
    recorder = Recorder(run.pk)
    ended = threading.Event()
    thread = threading.Thread(target=_keep_writing, args=(recorder.write, ended), name=f"progress of run {run.pk}")
    thread.start()
    try:
        yield recorder
    finally:
        ended.set()
        thread.join(_JOIN_S)


def _keep_writing(write: Callable[[], None], ended: threading.Event) -> None:
    try:
        while True:
            last = ended.is_set()
            try:
                write()
            except (DatabaseError, InterfaceError):
                # Whether the run goes on is for its own connection to find out; here only the news is missing.
                connection.close()
            if last:
                return
            ended.wait(_EVERY_S)
    finally:
        connections.close_all()


def progress_json(run: Run) -> dict[str, object] | None:
    """Give how far a run is, for report and page; None where nothing was written yet. Times in seconds.

    `per_second` and `left_s` speak of the present step. `waiting_share` is the part of the run's time that was spent on
    waiting for DHIS2.
    """
    row = RunProgress.objects.filter(run=run).first()
    if row is None:
        return None
    elapsed = (row.seen - row.since).total_seconds()
    rate = row.done / elapsed if elapsed > 0 else 0.0
    left = (row.total - row.done) / rate if row.total is not None and rate > 0 else None
    return {
        "step": row.step,
        "steps_done": row.steps_done,
        "done": row.done,
        "total": row.total,
        "per_second": round(rate, 1),
        "left_s": None if left is None else round(max(left, 0.0), 1),
        "requests": row.requests,
        "waited_s": round(row.waited_s, 1),
        "waiting_share": round(min(row.waited_s / row.worked_s, 1.0), 2) if row.worked_s else 0.0,
        "process": row.process,
        "seen": row.seen.isoformat(),
    }
