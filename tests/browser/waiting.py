"""What a page handed to the background, for a story that is its own worker."""

from __future__ import annotations

import time

from cgr.runs.models import Run

_LONGEST_S = 60


def queued_run() -> Run:
    """Give the run that waits for a worker; a click is over before the server has answered it."""
    deadline = time.monotonic() + _LONGEST_S
    while not (found := Run.objects.filter(state=Run.State.QUEUED)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found.get()
