"""How long we wait for a DHIS2 that is away, and that we don't wait for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cgr.core.errors import NeedsPerson, TryLater
from cgr.sync.patience import PAUSES, patiently


def away(retry_after: timedelta | None = None) -> TryLater:
    return TryLater("away", code="server-away", next_step="Wait.", retry_after=retry_after)


class Server:
    """Answers after so many failures."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.waited: list[float] = []

    def ask(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def test_it_asks_again_after_growing_pauses() -> None:
    server = Server(away(), away(), away())
    assert patiently(server.ask, server.waited.append) == "answer"
    assert server.waited == list(PAUSES[:3])


def test_it_waits_as_long_as_the_server_asks() -> None:
    server = Server(away(timedelta(seconds=90)))
    patiently(server.ask, server.waited.append)
    assert server.waited == [90]


def test_a_server_that_asks_for_no_pause_is_not_asked_faster() -> None:
    server = Server(*(away(timedelta()) for _ in range(3)))
    patiently(server.ask, server.waited.append)
    assert server.waited == list(PAUSES[:3])


def test_patience_ends() -> None:
    server = Server(*(away() for _ in range(100)))
    with pytest.raises(TryLater):
        patiently(server.ask, server.waited.append)
    assert server.waited == list(PAUSES)


def test_nobody_waits_for_a_day() -> None:
    server = Server(away(timedelta(days=1)))
    with pytest.raises(TryLater):
        patiently(server.ask, server.waited.append)
    assert server.waited == []


def test_what_waiting_cannot_mend_is_not_waited_for() -> None:
    server = Server(NeedsPerson("no", code="wrong-credentials", next_step="Correct them."))
    with pytest.raises(NeedsPerson):
        patiently(server.ask, server.waited.append)
    assert server.waited == []
