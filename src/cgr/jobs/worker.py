"""One worker process: takes up jobs until it is asked to stop, then brings what it has in hand to a good place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import django.db
from msgspec import Struct
from procrastinate import BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.contrib.django import DjangoApp, connector_params

from cgr.jobs.queue import HOUSEKEEPING, STALLED_S, WORK
from cgr.jobs.stopping import HandedBack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procrastinate.jobs import Job

    from cgr.jobs.stopping import Stopping

_POLL_S = 2.0
_SIGN_OF_LIFE_S = 10.0
_AGAIN_S = 5
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
_THERE_AGAIN_S = 60.0
_log = logging.getLogger("cgr.worker")


class Work(Struct, frozen=True):
    """Something that can be enqueued under a name. `later_after`: exceptions after which it is tried again later."""

    name: str
    do: Callable[[int], None]
    later_after: tuple[type[Exception], ...] = ()


class Chore(Struct, frozen=True):
    """Something that one worker of all does now and then; `cron` has seconds as its sixth field."""

    name: str
    do: Callable[[], object]
    cron: str


class _Later(BaseRetryStrategy):
    """When a job is to be delivered again: at once when it was handed back, in some seconds when something is away."""

    def __init__(self, exceptions: tuple[type[Exception], ...]) -> None:
        self._exceptions = (*exceptions, django.db.OperationalError, django.db.InterfaceError)

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        del job
        if isinstance(exception, HandedBack):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, self._exceptions):
            return RetryDecision(retry_in={"seconds": _AGAIN_S})
        return None


class Pauses:
    """How long to wait for a lost database: longer each time, as at first again once it was there for a minute.

    All times are those of one clock that only goes forward, in seconds.
    """

    def __init__(self) -> None:
        """Begin with the shortest pause."""
        self._losses = 0
        self._there_since: float | None = None

    def found(self, now: float) -> None:
        """Remember since when the database is there."""
        self._there_since = now

    def lost(self, now: float) -> float:
        """Give how many seconds to wait before it is tried again."""
        if self._there_since is not None and now - self._there_since >= _THERE_AGAIN_S:
            self._losses = 0
        self._there_since = None
        pause = _PAUSES_S[min(self._losses, len(_PAUSES_S) - 1)]
        self._losses += 1
        return pause


def run_worker(work: Sequence[Work], chores: Sequence[Chore], *, concurrency: int, stopping: Stopping) -> None:
    """Work until SIGTERM or Ctrl-C. `concurrency`: jobs at the same time, chores apart.

    When the database goes away, it is waited for: the jobs in hand have lost their sessions and are delivered again.
    """
    asyncio.run(_run(work, chores, concurrency=concurrency, stopping=stopping))


async def _run(work: Sequence[Work], chores: Sequence[Chore], *, concurrency: int, stopping: Stopping) -> None:
    asked = asyncio.Event()

    def stop() -> None:
        stopping.ask()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    pauses, clock = Pauses(), asyncio.get_running_loop().time
    while not asked.is_set():
        workers = asyncio.create_task(_until_it_ends(work, chores, concurrency, lambda: pauses.found(clock())))
        waiting = asyncio.create_task(asked.wait())
        await asyncio.wait({workers, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not workers.done():
            workers.cancel()
        (ended,) = await asyncio.gather(workers, return_exceptions=True)
        if asked.is_set():
            return
        _log.warning("The worker lost its database (%s); it goes on when the database is back.", ended or "no reason")
        await wait_for(asked, pauses.lost(clock()))


async def wait_for(asked: asyncio.Event, at_most_s: float) -> None:
    """Wait until it is asked for, or for so long; nothing goes on waiting afterwards."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await asked.wait()


async def _until_it_ends(
    work: Sequence[Work], chores: Sequence[Chore], concurrency: int, found: Callable[[], None]
) -> None:
    """Serve both queues; a chore never waits for a long job, so a rescue happens while all hands are busy.

    `found` is called once the database is there.
    """
    app = _app(work, chores)
    async with app.open_async():
        found()
        halves = [
            asyncio.create_task(_serve(app, WORK, concurrency)),
            asyncio.create_task(_serve(app, HOUSEKEEPING, 1)),
        ]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
    for half in halves:
        if not half.cancelled() and (error := half.exception()):
            raise error


async def _serve(app: DjangoApp, queue: str, concurrency: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        install_signal_handlers=False,
        fetch_job_polling_interval=_POLL_S,
        update_heartbeat_interval=_SIGN_OF_LIFE_S,
        stalled_worker_timeout=STALLED_S,
        delete_jobs="always",  # what became of a run is kept with the run
    )


def _app(work: Sequence[Work], chores: Sequence[Chore]) -> DjangoApp:
    app = DjangoApp(connector=PsycopgConnector(kwargs=connector_params()))
    for one in work:
        app.task(name=one.name, queue=WORK, retry=_Later(one.later_after))(_for_run(one.do))
    for chore in chores:
        task = app.task(name=chore.name, queue=HOUSEKEEPING, queueing_lock=chore.name)(_at_any_time(chore.do))
        app.periodic(cron=chore.cron)(task)
    return app


def _for_run(do: Callable[[int], None]) -> Callable[[int], None]:
    def work(run: int) -> None:
        do(run)

    return work


def _at_any_time(do: Callable[[], object]) -> Callable[[int], None]:
    def chore(timestamp: int) -> None:
        del timestamp  # when it was due, which is now
        do()

    return chore
