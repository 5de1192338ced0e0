"""One server for all who use a data folder: started by the first, stopped by the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from cgr.embedded_postgres import stop_unused

if TYPE_CHECKING:
    from conftest import Place


def test_it_starts_a_server_that_knows_upper_and_lower_case_of_accented_letters(place: Place) -> None:
    with place.start() as cluster, psycopg.connect(cluster.url("postgres")) as connection:
        row = connection.execute("select upper('é'), 'È' ilike 'è', current_setting('server_encoding')").fetchone()

    assert row == ("É", True, "UTF8")


def test_it_listens_on_no_network(used_place: Place) -> None:
    with used_place.start():
        assert used_place.ask("show listen_addresses") == ""


def test_it_makes_a_database_once_and_keeps_what_is_in_it(used_place: Place) -> None:
    with used_place.start() as cluster:
        cluster.ensure_database("The registry/1")
        with psycopg.connect(cluster.url("The registry/1")) as connection:
            connection.execute("create table place (name text)")
        cluster.ensure_database("The registry/1")
        with psycopg.connect(cluster.url("The registry/1")) as connection:
            assert connection.execute("select count(*) from place").fetchone() == (0,)


def test_it_stops_with_its_last_user_and_not_before(used_place: Place) -> None:
    first, second = used_place.start(), used_place.start()

    first.release()
    assert used_place.answers()
    second.release()
    assert not used_place.answers()


def test_releasing_twice_takes_nothing_from_others(used_place: Place) -> None:
    first, second = used_place.start(), used_place.start()

    first.release()
    first.release()
    assert used_place.answers()
    second.release()


def test_what_was_saved_is_there_after_a_stop(used_place: Place) -> None:
    with used_place.start():
        used_place.run("create table kept as select 42 as n")

    with used_place.start():
        assert used_place.ask("select n from kept") == 42


def test_several_processes_that_start_at_once_share_one_server(place: Place) -> None:
    users = [place.other_user() for _ in range(4)]
    for user in users:
        user.wait_until_ready()

    assert place.ask("select count(*) from pg_database where datname = 'registry'") == 1

    for user in users:
        assert place.answers()
        user.leave()
    assert not place.answers()


def test_a_server_in_use_is_not_stopped_as_unused(used_place: Place) -> None:

    with used_place.start():
        stop_unused(used_place.data_dir)
        assert used_place.answers()
