"""Processes that are killed leave nothing that stops the next one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING

from cgr.embedded_postgres import FileLock, stop_unused

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Place


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_server_whose_user_was_killed_is_found_again(used_place: Place) -> None:
    user = used_place.other_user()
    user.wait_until_ready()
    used_place.run("create table outlives_user as select 42 as n")
    pid = used_place.server_pid()

    user.kill()

    assert used_place.answers()
    with used_place.start():
        assert used_place.server_pid() == pid
        assert used_place.ask("select n from outlives_user") == 42


def test_a_killed_user_does_not_keep_the_server_alive(used_place: Place) -> None:
    user = used_place.other_user()
    user.wait_until_ready()
    ours = used_place.start()

    user.kill()
    ours.release()

    assert not used_place.answers()


def test_a_killed_server_is_started_again_with_all_that_was_committed(used_place: Place) -> None:
    with used_place.start():
        used_place.run("create table outlives_server as select 42 as n")
        os.kill(used_place.server_pid(), signal.SIGKILL)
        _wait_until(lambda: not used_place.answers())

        with used_place.start():
            assert used_place.ask("select n from outlives_server") == 42


def test_a_pid_file_whose_number_another_process_has_now_is_no_obstacle(used_place: Place) -> None:
    used_place.start().release()
    stale = f"{os.getpid()}\n{used_place.postgres / 'data'}\n1700000000\n5432\n../socket\n\n  1 1\nready   \n"
    (used_place.postgres / "data" / "postmaster.pid").write_text(stale)

    with used_place.start():
        assert used_place.answers()
        assert used_place.server_pid() != os.getpid()


def test_a_start_waits_for_a_new_database_that_a_killed_process_left_half_made(place: Place) -> None:
    unfinished, finished = place.postgres / "data.new", place.postgres / "data"
    while not unfinished.exists() or finished.exists():
        user = place.other_user()
        _wait_until(lambda: (unfinished / "PG_VERSION").exists() or finished.exists())
        user.kill()
        if finished.exists():  # it was quicker than we looked
            stop_unused(place.data_dir)
            shutil.rmtree(place.postgres)

    with place.start():
        assert place.answers()
    assert not unfinished.exists()


def test_it_waits_for_a_process_that_is_stopping_the_server(used_place: Place) -> None:
    used_place.start().release()
    stopping = FileLock(used_place.data_dir / "postgres.users")
    assert stopping.alone()

    user = used_place.other_user()
    time.sleep(0.5)
    assert not used_place.answers()
    stopping.close()
    user.wait_until_ready()

    assert used_place.answers()
