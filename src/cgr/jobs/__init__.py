"""Job plumbing: what has to be done is handed to the engine in the transaction that decides it, workers take it up.

The engine (Procrastinate, on the same PostgreSQL) only delivers "go on with run X", perhaps twice, perhaps late. That
nothing is lost or doubled rests on what the runs themselves write down (docs/explanation/crash-safety.md).
"""

from __future__ import annotations

from cgr.jobs.queue import enqueue, forgotten, rescue
from cgr.jobs.stopping import HandedBack, Stopping

__all__ = ["HandedBack", "Stopping", "enqueue", "forgotten", "rescue"]
