"""Ports for commands that have to be told one."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 15_000, 30_000
_random = random.SystemRandom()


def free_port() -> int:
    """Give a port that nobody listens on.

    Below those that a system gives to whoever asks for any (Linux: from 32768 on), so that no connection of another
    test takes it before the command does.
    """
    while True:
        port = _random.randint(_FIRST, _LAST)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
