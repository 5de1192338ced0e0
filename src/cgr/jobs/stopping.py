"""How a worker that shall stop asks the work in hand to come to a good place."""

from __future__ import annotations

import threading


class HandedBack(Exception):
    """The process stops before its work is done; the engine delivers the work again."""


class Stopping:
    """Whether this process was asked to stop. The work in hand looks at it where it can be interrupted."""

    def __init__(self) -> None:
        """Begin without a request."""
        self._asked = threading.Event()

    def ask(self) -> None:
        """Ask the work to stop at the next good place."""
        self._asked.set()

    def __call__(self) -> bool:
        """Say whether somebody asked."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> None:
        """Pause for seconds; raises `HandedBack` as soon as somebody asks to stop."""
        if self._asked.wait(seconds):
            raise HandedBack
