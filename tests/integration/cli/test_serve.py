"""The socket that `cgr serve` answers on."""

from __future__ import annotations

import socket
from dataclasses import replace

from cgr.cli.serve import listen
from cgr.project.environment import read_environment


def test_an_answer_of_several_pieces_leaves_without_waiting_for_the_first_to_be_confirmed() -> None:
    environment = replace(read_environment({"CGR_SECRET_KEYS": "key"}), port=0)
    with listen(environment) as listener, socket.create_connection(listener.getsockname()[:2]):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
