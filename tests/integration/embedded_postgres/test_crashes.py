"""Processes that are killed leave nothing that stops the next one."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from cgr.embedded_postgres import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Place


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_server_whose_user_was_killed_is_found_again(place: Place) -> None:
    user = place.other_user()
    user.wait_until_ready()
    place.run("create table kept as select 42 as n")
    pid = place.server_pid()

    user.kill()

    assert place.answers()
    with place.start():
        assert place.server_pid() == pid
        assert place.ask("select n from kept") == 42


def test_a_killed_user_does_not_keep_the_server_alive(place: Place) -> None:
    user = place.other_user()
    user.wait_until_ready()
    ours = place.start()

    user.kill()
    ours.release()

    assert not place.answers()


def test_a_killed_server_is_started_again_with_all_that_was_committed(place: Place) -> None:
    with place.start():
        place.run("create table kept as select 42 as n")
        os.kill(place.server_pid(), signal.SIGKILL)
        _wait_until(lambda: not place.answers())

        with place.start():
            assert place.ask("select n from kept") == 42


def test_a_pid_file_whose_number_another_process_has_now_is_no_obstacle(place: Place) -> None:
    place.start().release()
    stale = f"{os.getpid()}\n{place.postgres / 'data'}\n1700000000\n5432\n../socket\n\n  1 1\nready   \n"
    (place.postgres / "data" / "postmaster.pid").write_text(stale)

    with place.start():
        assert place.answers()
        assert place.server_pid() != os.getpid()


def test_a_start_waits_for_a_new_database_that_a_killed_process_left_half_made(place: Place) -> None:
    user = place.other_user()
    unfinished = place.postgres / "data.new"
    _wait_until((unfinished / "PG_VERSION").exists)
    user.kill()

    with place.start():
        assert place.answers()
    assert not unfinished.exists()


def test_it_waits_for_a_process_that_is_stopping_the_server(place: Place) -> None:
    place.start().release()
    stopping = FileLock(place.data_dir / "postgres.users")
    assert stopping.alone()

    user = place.other_user()
    time.sleep(0.5)
    assert not place.answers()
    stopping.close()
    user.wait_until_ready()

    assert place.answers()
