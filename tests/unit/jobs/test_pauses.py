"""How a worker waits for a database that went away."""

from __future__ import annotations

import asyncio

from cgr.jobs.worker import Pauses, wait_for


def test_a_database_that_stays_away_is_waited_for_longer_and_longer() -> None:
    pauses = Pauses()

    assert [pauses.lost(float(now)) for now in range(7)] == [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 30.0]


def test_a_database_that_was_there_for_a_minute_is_soon_tried_again_however_often_it_was_lost_before() -> None:
    pauses = Pauses()
    for now in range(7):
        pauses.lost(float(now))

    pauses.found(100.0)
    assert pauses.lost(159.0) == 30.0, "it only came back for some seconds"
    pauses.found(200.0)
    assert [pauses.lost(260.0), pauses.lost(300.0)] == [1.0, 2.0]


def test_a_pause_leaves_nothing_behind_that_goes_on_waiting() -> None:
    async def left() -> set[asyncio.Task[None]]:
        await wait_for(asyncio.Event(), 0.0)
        return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type] # there is one here

    assert asyncio.run(left()) == set()
